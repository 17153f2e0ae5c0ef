"""DX01 to DX04, DX06 to DX08: diagnosis codes and pointers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import takewhile

from x12proc.claims.model import (
    Claim,
    HealthCode,
    Location,
    ServiceLine,
    location_of,
    missing_location,
    period_days,
)
from x12proc.findings import REJECT, WARN, Hit
from x12proc.rules.base import claim_rule, line_rule
from x12proc.rules.context import Context
from x12proc.rules.shared.corrected_segments import changed_segment, segment_text
from x12proc.rules.shared.dates import first_service_date
from x12proc.rules.shared.guide_errors import SAME_ELEMENT
from x12proc.values import excerpt

_PRINCIPAL = frozenset(("ABK", "BK"))
_ICD9_QUALIFIERS = frozenset(("BK", "BF"))
_ICD10_SINCE = date(2015, 10, 1)
_ICD10 = re.compile(r"[A-Z][0-9][0-9A-Z][0-9A-Z]{0,4}", re.ASCII | re.IGNORECASE)
_TRIAL = "Z006"
_ENCOUNTERS = ("Z5111", "Z5112", "Z79")  # why the patient came or what is taken for long, not the disease
_MOST_DIAGNOSES = 12
_MOST_POINTERS = 4
_NO_DISEASE = ("R", "Z")
# Z codes that are reason enough for a biologic: contact with a disease, vaccination, prophylaxis, transplants.
_REASON_ENOUGH = ("Z20", "Z23", "Z29", "Z94")
_SHORTEST, _LONGEST, _SIGNS = 3, 7, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # of an ICD-10-CM code
_MOST_SHOWN = 6  # codes that a fix names
_ICD10_QUALIFIERS = frozenset(("ABK", "ABF"))


@claim_rule(
    "DX01",
    "diagnosis-missing",
    severity=REJECT,
    sources=("PYX",),
    confidence="verified",
    status="A6:254",
    remittance=("16", "M76", "MA63"),
    where="2300 HI, the composite with ABK",
    same_as_guide=(("HI01-2", "1"), ("HI", "3")),
    summary="The claim has no principal diagnosis.",
    fix="Add the principal diagnosis without a decimal point, for example HI*ABK:E7521~.",
)
def diagnosis_missing(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """The diagnosis is why the drug was given. Without it the payer can't decide whether the drug is covered,
    and the implementation guide requires it."""
    principal = [code for code in claim.health_codes if code.qualifier in _PRINCIPAL]
    if [code for code in principal if code.code.strip()]:
        return
    location = principal[0].location if principal else _principal_location(claim)
    other = next((code.normalized for code in claim.diagnoses if _ICD10.fullmatch(code.normalized)), "")
    first = segment_text("HI", f"ABK:{other}") if other else ""
    fix = f"If {other} is the principal diagnosis, send it first: {first}" if first else None
    message = "HI has no principal diagnosis (ABK)" if other else "The claim has no diagnosis: HI*ABK is missing"
    yield Hit(location, message, fix=fix)


def _principal_location(claim: Claim) -> Location:
    own = (segment for segment in claim.segments if segment.loop == "2300")
    before = list(takewhile(lambda segment: segment.tag not in ("HI", "HCP"), own))
    return missing_location(before[-1], "2300", "HI01-2")


@line_rule(
    "DX02",
    "diagnosis-pointer-invalid",
    severity=REJECT,
    sources=("PYX",),
    confidence="verified",
    claim_types=("P",),
    status="A7:477",
    remittance=("16", "M76"),
    where="2400 SV107",
    same_as_guide=((SAME_ELEMENT, "1 3 5 6 7"), ("SV1", "SEG1")),
    summary="SV107 doesn't point to diagnoses of the claim, each of them once.",
    fix="Put the numbers of the diagnoses the drug treats in SV107, the most important first. For example, 1:2 "
    "points to the first and second code of HI.",
    suppressed_by=("DX01",),
)
def diagnosis_pointer_invalid(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The pointer shows the payer which diagnosis this drug treats. A pointer to no code leaves the line
    without a diagnosis, which the guide does not allow."""
    wrong = _wrong_pointers([pointer for pointer in line.pointers if pointer], len(ctx.claim.diagnoses))
    if wrong:
        sent = excerpt(":".join(line.pointers), 30)
        message = f"SV107 is {sent or 'empty'}: {'; '.join(wrong)}"
        value = excerpt(":".join(line.pointers)) or None
        yield Hit(location_of(line.sv_or_lx, 7), message, value, fix=_pointer_fix(line, ctx))


def _pointer_fix(line: ServiceLine, ctx: Context) -> str | None:
    """Return SV1 with the pointers that lead to a diagnosis, or the numbers to choose from."""
    codes = [code.normalized for code in ctx.claim.diagnoses]
    numbers = [_diagnosis_number(pointer) for pointer in line.pointers]
    usable = list(dict.fromkeys(one for one in numbers if one is not None and one <= len(codes)))
    kept = usable[:_MOST_POINTERS] or ([1] if len(codes) == 1 else [])
    if kept and line.service is not None:
        corrected = changed_segment(line.service, ctx.claim.delimiters, {7: ":".join(map(str, kept))})
        return f"If the drug treats {codes[kept[0] - 1]}, send {corrected}" if corrected else None
    listed = ", ".join(f"{number} = {excerpt(code, 8)}" for number, code in enumerate(codes, 1))
    return f"Put the number of the disease that the drug treats in SV107: {listed}." if codes else None


def _wrong_pointers(pointers: list[str], diagnoses: int) -> list[str]:
    if pointers == ["1"] and diagnoses:
        return []
    if not pointers:
        return ["the line has no diagnosis"]
    wrong = []
    if len(pointers) > _MOST_POINTERS:
        wrong.append(f"{len(pointers)} pointers are sent, {_MOST_POINTERS} are allowed")
    seen: set[int] = set()
    for pointer in pointers[:_MOST_POINTERS]:
        number = _diagnosis_number(pointer)
        if number is None:
            wrong.append(f"{excerpt(pointer, 10)} is not a number from 1 to {_MOST_DIAGNOSES}")
        elif number > diagnoses:
            wrong.append(f"the claim has {diagnoses} diagnosis code{'' if diagnoses == 1 else 's'}, not {number}")
        elif number in seen:
            wrong.append(f"pointer {number} is repeated")
        else:
            seen.add(number)
    return wrong


def _diagnosis_number(pointer: str) -> int | None:
    if len(pointer) > 2 or not (pointer.isascii() and pointer.isdigit()):
        return None
    number = int(pointer)
    return number if 1 <= number <= _MOST_DIAGNOSES else None


@claim_rule(
    "DX03",
    "diagnosis-code-malformed",
    severity=REJECT,
    sources=("PYX", "MEM"),
    confidence="proposed",
    status="A7:255",
    second_status="A7:700",
    remittance=("16", "M76"),
    where="2300 HI, the composites with ABK and ABF",
    same_as_guide=((SAME_ELEMENT, "1 5 6"),),
    summary="A diagnosis is not an ICD-10-CM code in the form of an 837.",
    fix="Send the ICD-10-CM code of the service date without a decimal point, under ABK (principal) or ABF "
    "(others), for example HI*ABK:E7521~.",
)
def diagnosis_code_malformed(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Payers compare diagnosis codes letter by letter. With a decimal point, a typing error or an ICD-9 code
    the diagnosis is unknown, and the claim comes back."""
    for code in claim.diagnoses:
        if not code.code.strip() and code.qualifier in _PRINCIPAL:
            continue  # DX01 reports it
        if code.qualifier in _ICD9_QUALIFIERS:
            if _icd10_due(claim):
                yield _icd9_hit(code, claim)
        elif not _ICD10.fullmatch(code.code):
            yield _malformed_hit(code, claim)


def _icd10_due(claim: Claim) -> bool:
    served = first_service_date(claim)
    return served is not None and served >= _ICD10_SINCE


def _icd9_hit(code: HealthCode, claim: Claim) -> Hit:
    location = location_of(code.segment, code.position, 1)
    message = (
        f"{location.element} is {code.qualifier}, the qualifier of ICD-9, before {excerpt(code.code)};"
        " services since 2015-10-01 need ICD-10-CM"
    )
    return Hit(location, message, code.qualifier, fix=_with_code(code, code.normalized, claim))


def _with_code(code: HealthCode, bare: str, claim: Claim) -> str | None:
    """Return HI with an ICD-10-CM code in place of what was sent; None where that isn't one."""
    if not _ICD10.fullmatch(bare):
        return None
    qualifier = "ABK" if code.qualifier in _PRINCIPAL else "ABF"
    parts = code.segment.element(code.position).split(claim.delimiters.component.decode("latin-1"))
    texts = {code.position: ":".join([qualifier, bare.upper(), *parts[2:]])}
    for other in claim.diagnoses:  # the other codes of the segment without their decimal points
        if other.segment is code.segment and other is not code and "." in other.code:
            texts[other.position] = f"{other.qualifier}:{other.normalized}"
    corrected = changed_segment(code.segment, claim.delimiters, texts)
    return (
        f"Send {corrected}" if corrected else f"Send {qualifier}:{bare.upper()} instead of {excerpt(code.code)}."
    )


def _malformed_hit(code: HealthCode, claim: Claim) -> Hit:
    location = code.location
    bare = code.code.replace(".", "").strip()
    if not bare:
        return Hit(location, f"{location.element} is empty: no diagnosis code follows {code.qualifier}")
    dotted = "." in code.code and _ICD10.fullmatch(bare)
    wrong = "with a decimal point" if dotted else "not in the form of an ICD-10-CM code"
    message = f"{location.element} is {excerpt(code.code)}, {wrong}"
    return Hit(location, message, excerpt(code.code), fix=_with_code(code, bare, claim))


@claim_rule(
    "DX06",
    "trial-diagnosis-alone",
    severity=WARN,
    sources=("MM8401",),
    confidence="verified",
    status="A7:255",
    remittance=("16", "M64"),
    where="2300 HI",
    summary="Z00.6, participant in a clinical trial, is the only diagnosis.",
    fix="Add the disease under study. In a treatment trial it comes first and Z006 second, for example "
    "HI*ABK:E7402*ABF:Z006~.",
    suppressed_by=("DX01",),
)
def trial_diagnosis_alone(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Z00.6 says that the patient takes part in a trial, not what is treated. Payers ask for it in addition to
    the disease, never in its place."""
    codes = {code.normalized for code in claim.diagnoses if code.code.strip()}
    if codes == {_TRIAL}:
        first = next(code for code in claim.diagnoses if code.code.strip())
        yield Hit(first.location, "Z00.6 is the only diagnosis; the disease under study is missing", first.code)


@line_rule(
    "DX07",
    "encounter-code-without-disease",
    severity=WARN,
    sources=("MEM",),
    confidence="field",
    status="A7:488",
    remittance=("11",),
    where="2400 SV107 (837P), 2300 HI (837I)",
    summary="The line points only to encounter or long-term-use codes, not to a disease.",
    fix="Point the line to the disease that the drug treats. If HI doesn't have its code yet, add it there.",
    suppressed_by=("DX01", "DX02"),
)
def encounter_code_without_disease(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Z51.11, Z51.12 and Z79 say that the patient came for treatment or takes a drug for long. Payers compare
    an unlisted drug with the disease and deny it without one as not necessary."""
    claim = ctx.claim
    if claim.type == "I" and line is not ctx.targets[0]:
        return  # all lines share the claim's diagnoses: reported once
    codes = [code for code in claim.pointed_diagnoses(line) if code.code.strip()]
    if not codes or [code for code in codes if not code.normalized.startswith(_ENCOUNTERS)]:
        return
    named = excerpt(", ".join([code.normalized for code in codes]))
    location = codes[0].location if claim.type == "I" else location_of(line.sv_or_lx, 7)
    yield Hit(location, f"The drug's only diagnosis codes are {named}; none of them is a disease", named)


@line_rule(
    "DX04",
    "only-symptoms-or-circumstances",
    severity=WARN,
    sources=("X12C", "SEED"),
    confidence="proposed",
    status="A7:772",
    remittance=("16", "M81"),
    where="2400 SV107 (837P), 2300 HI (837I)",
    suppressed_by=("DX01", "DX02", "DX03", "DX06", "DX07"),
    biologics_only=True,
    summary="The only diagnoses of the drug are symptoms (R codes) or circumstances (Z codes).",
    fix="Add the disease that the drug treats to HI and point the line to it, for example HI*ABK:E7521*ABF:R509~ "
    "with SV107 = 1.",
)
def only_symptoms_or_circumstances(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Biologics are approved for named diseases. With only a symptom or a circumstance, the payer can't see
    why the drug was needed, and asks for records or denies."""
    claim = ctx.claim
    if claim.type == "I" and line is not ctx.targets[0]:
        return  # all lines share the claim's diagnoses: reported once
    codes = [code for code in claim.pointed_diagnoses(line) if code.normalized]
    if not codes or not all(map(_is_no_disease, codes)):
        return
    named = excerpt(", ".join([code.normalized for code in codes]))
    location = codes[0].location if claim.type == "I" else location_of(line.sv_or_lx, 7)
    yield Hit(location, f"The drug's only diagnosis codes are {named}, symptoms or circumstances", named)


def _is_no_disease(code: HealthCode) -> bool:
    bare = code.normalized
    return bare.startswith(_NO_DISEASE) and not bare.startswith(_REASON_ENOUGH)


@claim_rule(
    "DX08",
    "diagnosis-not-valid-on-service-date",
    severity=WARN,
    sources=("MEM",),
    confidence="field",
    status="A7:255",
    second_status="A7:700",
    remittance=("16", "M76"),
    where="2300 HI, the composites with ABK and ABF",
    suppressed_by=("DX01", "DX03"),
    needs=("diagnoses",),
    summary="A diagnosis is not a billable ICD-10-CM code on the service date.",
    fix="Look the code up in the ICD-10-CM edition of the service date; editions change every October. Send all "
    "its characters, for example G35A to G35D instead of G35 since 2025-10-01.",
)
def diagnosis_not_valid_on_service_date(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Payers check each diagnosis against the code set of the service date. A code that was split or lacks its
    last characters is unknown there, and the claim comes back."""
    span = _service_span(claim)
    if span is None:
        return
    for code in claim.diagnoses:
        bare = code.normalized
        if code.qualifier not in _ICD10_QUALIFIERS or not bare or len(bare) > _LONGEST or not bare.isascii():
            continue
        if ctx.reference.diagnosis(bare, span[0]) is False and ctx.reference.diagnosis(bare, span[1]) is False:
            message = f"{excerpt(bare)} is not a billable ICD-10-CM code on {span[0]}"
            billable = _billable(bare, span[0], ctx)
            fix = f"Send the code that the record supports, such as {billable}." if billable else None
            yield Hit(code.location, message, excerpt(code.code), fix=fix)


def _billable(bare: str, day: date, ctx: Context) -> str:
    """Return codes of that day with one character more or less than one that is not billable, a few of them."""
    longer = [f"{bare}{sign}" for sign in _SIGNS] if len(bare) < _LONGEST else []
    shorter = [bare[:-1]] if len(bare) > _SHORTEST else []
    found = [code for code in (*longer, *shorter) if ctx.reference.diagnosis(code, day)]
    return ", ".join(found[:_MOST_SHOWN])


def _service_span(claim: Claim) -> tuple[date, date] | None:
    """Return the first and the last day of the services, else of the statement."""
    known = {line.service_days for line in claim.lines if line.service_days}
    if len(known) == 1:
        return known.pop()
    if known:
        return min([first for first, _ in known]), max([last for _, last in known])
    return period_days(claim.statement_period)
