"""The segments of a claim and of its parent loops, in the order of the 837P and 837I guides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from x12proc.testing.model import (
    Address,
    Adjudication,
    Adjustment,
    Claim,
    Drug,
    Line,
    OtherPayer,
    Paperwork,
    Payer,
    Period,
    Person,
    Provider,
    Reference,
)

Element: TypeAlias = str | list[str]  # a list is a composite, of its components
Segment: TypeAlias = tuple[Element, ...]

_STAYS = ("11", "18", "21")  # CLM05-1 of bills that have an admission date


def billing_provider(provider: Provider) -> Iterator[Segment]:
    """Return the segments of loop 2000A after its HL."""
    if provider.taxonomy:
        yield ("PRV", "BI", "PXC", provider.taxonomy)
    yield _provider_name("85", provider)
    yield from _address(provider.address)
    yield ("REF", "EI", provider.tax_id)


def subscriber(claim: Claim) -> Iterator[Segment]:
    """Return the segments of loop 2000B after its HL."""
    own = "" if claim.patient else "18"
    rank = "S" if any(other.responsibility == "P" for other in claim.other_payers) else "P"
    yield ("SBR", rank, own, claim.group_number, "", "", "", "", "", claim.payer.filing_indicator)
    yield _member("IL", claim.subscriber)
    if claim.patient is None:
        yield from _who_it_is(claim.subscriber)
    yield _payer_name(claim.payer)
    if claim.payer.address:
        yield from _address(claim.payer.address)


def dependent(claim: Claim, patient: Person) -> Iterator[Segment]:
    """Return the segments of loop 2000C after its HL."""
    yield ("PAT", claim.relationship)
    yield ("NM1", "QC", "1", patient.last, patient.first)
    yield from _who_it_is(patient)


def claim_loops(claim: Claim) -> Iterator[Segment]:
    """Loop 2300 and all below it."""
    yield from _claim_head(claim)
    yield from _parties(claim)
    for other in claim.other_payers:
        yield from _other_payer(other, claim)
    for number, line in enumerate(claim.lines, 1):
        yield from _line(number, line, claim)


# -- names ------------------------------------------------------------------------------------------------------


def _provider_name(qualifier: str, provider: Provider) -> Segment:
    kind = "1" if provider.first else "2"
    return ("NM1", qualifier, kind, provider.name, provider.first, "", "", "", "XX", provider.npi)


def _member(qualifier: str, person: Person) -> Segment:
    return ("NM1", qualifier, "1", person.last, person.first, "", "", "", "MI", person.member_id)


def _payer_name(payer: Payer) -> Segment:
    return ("NM1", "PR", "2", payer.name, "", "", "", "", "PI", payer.id)


def _address(address: Address) -> Iterator[Segment]:
    yield ("N3", address.street)
    yield ("N4", address.city, address.state, address.zip_code)


def _who_it_is(person: Person) -> Iterator[Segment]:
    if person.address:
        yield from _address(person.address)
    yield ("DMG", "D8", day_text(person.birth), person.sex)


def day_text(day: date) -> str:
    """A date as X12 writes it: CCYYMMDD."""
    return day.strftime("%Y%m%d")


# -- loop 2300 --------------------------------------------------------------------------------------------------


def _claim_head(claim: Claim) -> Iterator[Segment]:
    if claim.type == "P":
        location = [claim.facility or "11", "B", claim.frequency]
        yield ("CLM", claim.id, _total(claim), "", "", location, "Y", "A", "Y", "Y")
    else:
        facility = claim.facility or "13"
        yield ("CLM", claim.id, _total(claim), "", "", [facility, "A", claim.frequency], "", "A", "Y", "Y")
        yield from _stay(claim, facility)
    yield from _paperwork(claim.paperwork)
    yield from _references(claim.references)
    yield from (("NTE", note.code, note.text) for note in claim.notes)
    yield from _health_codes(claim)


def _total(claim: Claim) -> str:
    return claim.charge or format(sum((Decimal(line.charge) for line in claim.lines), Decimal(0)), "f")


def _stay(claim: Claim, facility: str) -> Iterator[Segment]:
    """Statement and admission of an institutional claim."""
    first, last = claim.statement or _days_of(claim)
    yield ("DTP", "434", "RD8", f"{day_text(first)}-{day_text(last)}")
    if facility.startswith(_STAYS):
        yield ("DTP", "435", "DT", f"{day_text(first)}0900")
    yield ("CL1", "3", "1", "01")


def _days_of(claim: Claim) -> Period:
    periods = [_period(line.day or claim.day) for line in claim.lines]
    return min(first for first, _ in periods), max(last for _, last in periods)


def _period(day: date | Period) -> Period:
    return day if isinstance(day, tuple) else (day, day)


def _paperwork(papers: Iterable[Paperwork]) -> Iterator[Segment]:
    for paper in papers:
        control = ("AC", paper.control) if paper.control else ()
        yield ("PWK", paper.report, paper.transmission, "", "", *control)


def _references(references: Iterable[Reference]) -> Iterator[Segment]:
    return (("REF", reference.qualifier, reference.value) for reference in references)


def _health_codes(claim: Claim) -> Iterator[Segment]:
    principal, others = claim.diagnoses[:1], claim.diagnoses[1:]
    if claim.type == "P":
        if claim.diagnoses:
            yield ("HI", *(["ABK", code] for code in principal), *(["ABF", code] for code in others))
        return
    yield from (("HI", ["ABK", code]) for code in principal)
    if not (claim.facility or "13").startswith(_STAYS):
        yield from (("HI", ["APR", code]) for code in principal)
    else:
        yield from (("HI", ["ABJ", code]) for code in principal)
    if others:
        yield ("HI", *(["ABF", code] for code in others))
    if claim.values:
        yield ("HI", *(["BE", code, "", "", amount] for code, amount in claim.values))
    if claim.conditions:
        yield ("HI", *(["BG", code] for code in claim.conditions))


def _parties(claim: Claim) -> Iterator[Segment]:
    if claim.type == "I":
        yield _provider_name("71", claim.attending)
        if claim.referring:
            yield _provider_name("DN", claim.referring)
        return
    if claim.referring:
        yield _provider_name("DN", claim.referring)
    if claim.rendering:
        yield _provider_name("82", claim.rendering)
        if claim.rendering.taxonomy:
            yield ("PRV", "PE", "PXC", claim.rendering.taxonomy)


def _other_payer(other: OtherPayer, claim: Claim) -> Iterator[Segment]:
    own = claim.relationship if claim.patient else "18"
    indicator = other.payer.filing_indicator
    yield ("SBR", other.responsibility, own, other.group_number, "", "", "", "", "", indicator)
    yield from _adjustments(other.adjustments)
    if other.paid:
        yield ("AMT", "D", other.paid)
    yield ("OI", "", "", "Y", "", "", "Y")
    yield _member("IL", other.subscriber)
    yield _payer_name(other.payer)


def _adjustments(adjustments: Iterable[Adjustment]) -> Iterator[Segment]:
    return (("CAS", one.group, one.reason, one.amount) for one in adjustments)


# -- loop 2400 --------------------------------------------------------------------------------------------------


def _line(number: int, line: Line, claim: Claim) -> Iterator[Segment]:
    yield ("LX", str(number))
    procedure = _procedure(line)
    if claim.type == "P":
        pointers = [str(pointer) for pointer in line.pointers]
        facility = line.place_of_service
        yield ("SV1", procedure, line.charge, line.unit, line.units, facility, "", pointers)
    else:
        yield ("SV2", line.revenue_code, procedure, line.charge, line.unit, line.units)
    yield from _paperwork(line.paperwork)
    if not line.undated:
        yield _service_date(line.day or claim.day)
    yield from _references(line.references)
    control = f"{claim.id}-{number:02d}" if line.control is None else line.control
    if control:
        yield ("REF", "6R", control)
    yield from (("NTE", note.code, note.text) for note in line.notes)
    for drug in (line.drug, *line.further_drugs):
        if drug is not None:
            yield from _drug(drug)
    for adjudication in line.adjudications:
        revenue_code = line.revenue_code if claim.type == "I" else ""
        yield from _adjudication(adjudication, procedure, revenue_code, line.units)


def _procedure(line: Line) -> list[str]:
    if not line.procedure:
        return []
    modifiers = [*line.modifiers, *[""] * (4 - len(line.modifiers))]
    return ["HC", line.procedure, *modifiers, line.description]


def _service_date(day: date | Period) -> Segment:
    if isinstance(day, tuple):
        return ("DTP", "472", "RD8", f"{day_text(day[0])}-{day_text(day[1])}")
    return ("DTP", "472", "D8", day_text(day))


def _drug(drug: Drug) -> Iterator[Segment]:
    yield ("LIN", "", drug.qualifier, drug.ndc)
    if drug.quantity or drug.unit:
        yield ("CTP", "", "", "", drug.quantity, drug.unit)
    if drug.reference:
        yield from _references((drug.reference,))


def _adjudication(decided: Adjudication, procedure: list[str], revenue_code: str, units: str) -> Iterator[Segment]:
    yield ("SVD", decided.payer_id, decided.paid, procedure, revenue_code, units)
    yield from _adjustments(decided.adjustments)
    yield ("DTP", "573", "D8", day_text(decided.day))
