"""A claim in a biller's words: patient, dates and drug as they were read, each beside the element it came from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec

from x12proc.claims.form_fields import form_field
from x12proc.claims.model import Claim, DatePeriod, Party, location_of
from x12proc.engine.document import patient_document, truncated
from x12proc.engine.result import ClaimResult, LineResult
from x12proc.narrative.model import Amount, Strength
from x12proc.reports.html.view import money
from x12proc.wire.segment import Segment

_MOST_LINES = 100  # target lines whose facts are shown


class ClaimFact(msgspec.Struct, frozen=True):
    """A value as read. ``source`` is its element, with the box of the paper form where there is one.

    ``segment`` is the index of the element's segment in the claim; None in a loop above the claim, or where the
    value was read from several texts.
    """

    label: str
    value: str
    source: str
    segment: int | None = None


class ClaimFacts(msgspec.Struct, frozen=True):
    """The facts of a claim, and those of each target line under its heading."""

    claim: list[ClaimFact]
    lines: list[tuple[str, list[ClaimFact]]]


def claim_facts(result: ClaimResult) -> ClaimFacts:
    """Return the facts of a claim; what was not sent is left out."""
    lines = [
        (_heading(line), [fact for fact in _line_facts(result.claim, line) if fact.value])
        for line in result.lines[:_MOST_LINES]
    ]
    return ClaimFacts([fact for fact in _claim_facts(result.claim) if fact.value], lines)


def _claim_facts(claim: Claim) -> Iterator[ClaimFact]:
    patient = patient_document(claim)
    treated = claim.patient_party
    if treated is not None:
        head, birth = treated.segments[0], _segment_of(treated, "DMG")
        yield _fact(claim, "Patient", patient["name"], head, 3)
        if birth is not None:
            yield _fact(claim, "Birth date", _day(birth.element(2)), birth, 2)
    member = _member(claim)
    if member is not None:
        yield _fact(claim, "Member id", patient["member_id"], member.segments[0], 9)
    for label, party in (("Payer", claim.payer), ("Billing provider", claim.billing_provider)):
        if party is not None:
            yield _fact(claim, label, f"{party.name} {party.id}".strip(), party.segments[0], 3)
    yield _fact(claim, "Charge", money(claim.charge), claim.clm, 2)
    if claim.statement_period is not None:
        yield _period(claim, "Statement dates", claim.statement_period)
    authorization = claim.reference("G1")
    if authorization is not None:
        yield _fact(claim, "Prior authorization", authorization.value, authorization.segment, 2)
    if claim.diagnoses:
        codes = ", ".join(code.code for code in claim.diagnoses)
        yield _fact(claim, "Diagnoses", codes, claim.diagnoses[0].segment, None)


def _member(claim: Claim) -> Party | None:
    """Return the party whose member id counts: the patient, or the subscriber where a dependent has none."""
    if claim.patient_party is not None and claim.patient_party.id:
        return claim.patient_party
    return next((party for party in claim.subscriber if party.loop == "2010BA"), None)


def _heading(line: LineResult) -> str:
    return f"Line {line.line.number[:20]}: {line.line.procedure[:20]}"


def _line_facts(claim: Claim, result: LineResult) -> Iterator[ClaimFact]:
    line, text = result.line, result.narrative
    if line.service_period is not None:
        yield _period(claim, "Service date", line.service_period)
    service = line.sv_or_lx
    drug = line.drug
    texts = "read from the text" + (f" ({_element_of(service, 7)})" if line.description else " of the notes")
    if drug is not None:
        product = result.product
        yield _fact(claim, "NDC", line.ndc, drug.lin, 3)
        yield ClaimFact("Drug of the NDC", product.name if product else "not in the tables", "by the NDC")
    if drug is None or text.drug_name is not None:
        yield ClaimFact("Drug in the text", text.matched or text.drug_name or "none read", texts)
    yield ClaimFact("Dose", _amount(text.dose) or "none read", texts)
    yield ClaimFact("Strength", _strength(text.strength), texts)
    yield ClaimFact("Route", text.route or "", texts)
    yield ClaimFact("Discarded", _amount(text.discarded), texts)
    if drug is not None and drug.ctp is not None:
        yield _fact(claim, "Quantity of the NDC", f"{drug.quantity} {drug.unit}".strip(), drug.ctp, 4)
    if line.service is not None:
        first = 3 if service.tag == "SV2" else 2
        yield _fact(claim, "Modifiers", " ".join(line.modifiers_sent), service, first - 1, 3)
        yield _fact(claim, "Charge", money(line.charge), service, first)
        yield _fact(claim, "Units", f"{line.units} {line.unit}".strip(), service, first + 2)


def _amount(amount: Amount | None) -> str:
    return f"{amount.value} {amount.unit}" if amount else ""


def _strength(strength: Strength | None) -> str:
    if strength is None:
        return ""
    per = f" in {strength.per_value} {strength.per_unit}" if strength.per_unit else ""
    return f"{strength.value} {strength.unit}{per}"


def _segment_of(party: Party, tag: str) -> Segment | None:
    return next((segment for segment in party.segments if segment.tag == tag), None)


def _period(claim: Claim, label: str, period: DatePeriod) -> ClaimFact:
    days = [day.isoformat() for day in (period.first, period.last) if day is not None]
    value = " to ".join(dict.fromkeys(days)) or period.text
    return _fact(claim, label, value, period.segment, 3)


def _day(text: str) -> str:
    """Return an eight-digit date in ISO form; another text as sent."""
    try:
        return date.fromisoformat(text).isoformat() if len(text) == 8 else text
    except ValueError:
        return text


def _fact(
    claim: Claim, label: str, value: str, segment: Segment, element: int | None, component: int | None = None
) -> ClaimFact:
    location = location_of(segment, element, component)
    field = form_field(claim, location)
    source = f"{location.element}, {field}" if field else location.element
    inside = claim.start <= segment.offset < claim.end
    return ClaimFact(label, truncated(value), source, segment.index - claim.clm.index if inside else None)


def _element_of(service: Segment, component: int) -> str:
    return f"{service.tag}{'02' if service.tag == 'SV2' else '01'}-{component}"
