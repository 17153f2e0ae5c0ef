"""DUP01 to DUP04: repeated lines and claims, and corrections."""

from __future__ import annotations

from collections.abc import Iterator

from x12proc.claims.model import Claim, DatePeriod, Party, ServiceLine, location_of, missing_location
from x12proc.findings import REJECT, WARN, Hit
from x12proc.rules.base import claim_rule, line_rule
from x12proc.rules.context import Context, per_claim
from x12proc.rules.shared.corrected_segments import changed_segment, changed_service, procedure_composite
from x12proc.rules.shared.guide_errors import EMPTY_REFERENCE
from x12proc.rules.shared.positions import reference_anchor
from x12proc.values import excerpt

_CORRECTIONS = {"7": "replacement", "8": "void"}
_ORIGINAL = "F8"
_REPEATED, _MOST_MODIFIERS = "76", 4
_NEW, _REPLACED = "1", "7"


def _with_frequency(claim: Claim, frequency: str) -> str:
    """Return the CLM of a claim with another CLM05-3."""
    composite = f"{claim.facility_code}:{claim.facility_qualifier}:{frequency}"
    return changed_segment(claim.clm, claim.delimiters, {5: composite})


@line_rule(
    "DUP01",
    "drug-line-repeated",
    severity=WARN,
    sources=("CSC", "X12C"),
    confidence="verified",
    drug_only=True,
    status="A3:54",
    remittance=("18",),
    where="2400, the whole line",
    summary="Two drug lines of the claim are identical.",
    fix="Delete one of the lines. If the drug was given twice that day, send the second line with modifier 76 or "
    "with its own dose and quantity.",
)
def drug_line_repeated(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Payers read two identical lines as one service billed twice. They pay one of them, or stop the claim for
    review."""
    if len(ctx.targets) < 2:
        return
    first = _repeated(ctx).get(line.lx.index)
    if first is not None:
        message = f"This line repeats line {excerpt(first)}: same NDC, date, modifiers, charge, units and text"
        yield Hit(location_of(line.sv_or_lx), message, fix=_as_repeated(line, ctx))


def _as_repeated(line: ServiceLine, ctx: Context) -> str | None:
    """Return the line with modifier 76."""
    given = line.modifiers_sent
    if _REPEATED in given or len(given) >= _MOST_MODIFIERS:
        return None
    corrected = changed_service(
        line, ctx.claim.delimiters, procedure_composite(line, modifiers=[*given, _REPEATED])
    )
    return f"Delete this line. If the drug was given twice that day, send {corrected}" if corrected else None


@per_claim
def _repeated(ctx: Context) -> dict[int, str]:
    """Return the LX of each target line that repeats an earlier one, with the number of that line."""
    first: dict[tuple[object, ...], str] = {}
    found = {}
    for line in ctx.targets:
        key = _line_key(line)
        if key in first:
            found[line.lx.index] = first[key]
        else:
            first[key] = line.number
    return found


def _line_key(line: ServiceLine) -> tuple[object, ...]:
    drug = line.drug
    return (
        line.procedure.upper(),
        line.modifiers_sent,
        line.charge,
        line.units,
        (drug.ndc, drug.quantity, drug.unit) if drug else None,
        _text(line.service_period),
        " ".join(line.description.upper().split()),
        tuple(note.text for note in line.notes),
    )


def _text(period: DatePeriod | None) -> str:
    return period.text if period else ""


@claim_rule(
    "DUP02",
    "claim-repeated-in-file",
    severity=REJECT,
    sources=("CSC",),
    confidence="verified",
    status="A3:54",
    remittance=("18",),
    where="2300 CLM",
    summary="The file has the same claim twice.",
    fix="Send the claim once. Send a correction as a replacement: 7 in CLM05-3, and the payer's claim number in "
    "REF*F8.",
)
def claim_repeated_in_file(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """A claim that arrives twice is denied once as a duplicate, and somebody has to work each denial. Often a
    batch was exported twice."""
    if ctx.seen_before(_claim_key(claim)):
        message = (
            f"Claim {excerpt(claim.id, 40)} is already in this file with the same charge, dates, patient,"
            " provider, payer and frequency"
        )
        yield Hit(location_of(claim.clm, 1), message, fix=_replacement_fix(claim))


def _replacement_fix(claim: Claim) -> str | None:
    """Return the CLM of a replacement, where the claim was sent as a new one."""
    corrected = _with_frequency(claim, _REPLACED) if claim.frequency == _NEW else ""
    if not corrected:
        return None
    return f"Delete this copy. If it is a correction, send {corrected} and the payer's claim number in REF*F8."


@claim_rule(
    "DUP04",
    "claim-sent-before",
    severity=WARN,
    sources=("CSC",),
    confidence="verified",
    status="A3:54",
    remittance=("18",),
    where="2300 CLM",
    suppressed_by=("DUP02",),
    summary="An earlier file of the same feed had the same claim, and it was accepted.",
    fix="Delete the claim. Send a correction with 7 (replacement) or 8 (void) in CLM05-3 and the payer's number "
    "of the original claim in REF*F8.",
)
def claim_sent_before(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Payers compare a claim with all claims they have, not only with its file, and deny the second as a
    duplicate. Only watched folders remember earlier files: elsewhere this rule finds nothing."""
    if ctx.sent_before():
        message = (
            f"Claim {excerpt(claim.id, 40)} was accepted in an earlier file with the same billing provider,"
            " service dates, charge and frequency"
        )
        yield Hit(location_of(claim.clm, 1), message, fix=_replacement_fix(claim))


def sent_key(claim: Claim) -> tuple[str, ...]:
    """Return what makes a claim the one of another file: CLM01, CLM02, CLM05-3, the billing provider and the
    dates."""
    provider = claim.billing_provider
    days = sorted([_text(line.service_period) for line in claim.lines])
    identity = (provider.id or provider.name) if provider else ""
    return (claim.id, claim.charge, claim.frequency, identity, _text(claim.statement_period), *days)


def _claim_key(claim: Claim) -> tuple[object, ...]:
    payer, provider = claim.payer, claim.billing_provider
    return (
        claim.id,
        claim.charge,
        claim.type,
        claim.facility_code,
        claim.frequency,
        _text(claim.statement_period),
        tuple(sorted([line.service_period.text if line.service_period else "" for line in claim.lines])),
        _patient(claim),
        (provider.id, provider.name) if provider else None,
        (payer.id, payer.name) if payer else None,
    )


def _patient(claim: Claim) -> tuple[tuple[str, ...], ...]:
    """Return member id, name and birth date; of a dependent's claim, the subscriber's as well."""
    people = [party for party in (*claim.subscriber, *claim.patient) if party.qualifier in ("IL", "QC")]
    return tuple([(person.id, person.name, _birth(person)) for person in people])


def _birth(person: Party) -> str:
    for segment in person.segments:
        if segment.tag == "DMG":
            return segment.element(2)
    return ""


@claim_rule(
    "DUP03",
    "correction-without-original-number",
    severity=REJECT,
    sources=("PYX", "X12C"),
    confidence="verified",
    status="A6:464",
    remittance=("16", "M47"),
    where="2300 REF*F8, REF02",
    same_as_guide=EMPTY_REFERENCE,
    summary="A replacement or void has no number of the claim it corrects.",
    fix="Add REF*F8 with the payer's number of the original claim: CLP07 of its 835, or REF*1K of its 277CA. For "
    "a new claim send 1 in CLM05-3.",
)
def correction_without_original_number(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Frequency 7 replaces and 8 cancels a claim that the payer has, and the payer finds it by its own number
    only. Without it the correction is refused or denied as a duplicate."""
    kind = _CORRECTIONS.get(claim.frequency)
    original = claim.reference(_ORIGINAL)
    if kind is None or (original is not None and original.value.strip()):
        return
    location = (
        location_of(original.segment, 2)
        if original
        else missing_location(reference_anchor(claim), "2300", "REF02")
    )
    message = f"CLM05-3 is {claim.frequency} ({kind}), but REF*F8 with the original claim number is missing"
    yield Hit(location, message)
