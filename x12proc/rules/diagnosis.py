"""Diagnoses: whether they are there, readable, pointed to, and say why the drug was given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import takewhile

from x12proc.claims.model import Claim, HealthCode, Location, ServiceLine, at, missing
from x12proc.findings import REJECT, WARN, Hit
from x12proc.rules.base import claim_rule, line_rule
from x12proc.rules.context import Context
from x12proc.rules.dates import first_service_date
from x12proc.values import shorten

_PRINCIPAL = frozenset(("ABK", "BK"))
_ICD9_QUALIFIERS = frozenset(("BK", "BF"))
_ICD10_SINCE = date(2015, 10, 1)
_ICD10 = re.compile(r"[A-Z][0-9][0-9A-Z][0-9A-Z]{0,4}", re.ASCII | re.IGNORECASE)
_TRIAL = "Z006"
_ENCOUNTERS = ("Z5111", "Z5112", "Z79")  # why the patient came or what is taken for long, not the disease
_MOST_DIAGNOSES = 12
_MOST_POINTERS = 4


@claim_rule(
    "DX01",
    "diagnosis-missing",
    severity=REJECT,
    sources=("PYX",),
    confidence="V",
    since="0.1.0",
    status="A6:254",
    remittance=("16", "M76", "MA63"),
    where="2300 HI, the composite with ABK",
    summary="The claim has no principal diagnosis.",
    fix="Add the principal diagnosis to the claim, without a decimal point, for example HI*ABK:E7521.",
)
def diagnosis_missing(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """The diagnosis is why the drug was given. A payer that can't see it can't tell whether the drug is
    covered, and the implementation guide requires it."""
    principal = [code for code in claim.codes if code.qualifier in _PRINCIPAL]
    if [code for code in principal if code.code.strip()]:
        return
    place = principal[0].location if principal else _principal_place(claim)
    yield Hit(place, "The claim names no principal diagnosis (HI*ABK)")


def _principal_place(claim: Claim) -> Location:
    own = (segment for segment in claim.segments if segment.loop == "2300")
    before = list(takewhile(lambda segment: segment.tag not in ("HI", "HCP"), own))
    return missing(before[-1], "2300", "HI01-2")


@line_rule(
    "DX02",
    "diagnosis-pointer-invalid",
    severity=REJECT,
    sources=("PYX",),
    confidence="V",
    since="0.1.0",
    applies="P",
    status="A7:477",
    remittance=("16", "M76"),
    where="2400 SV107",
    summary="The line does not point to diagnoses of its claim, each of them once.",
    fix="Put the numbers of the diagnoses the drug was given for into SV107, the most important first: 1 is the"
    " first code of HI. Example: SV107 = 1:2.",
    suppressed_by=("DX01",),
)
def diagnosis_pointer_invalid(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The pointer tells the payer which diagnosis this drug treats. When it leads nowhere the line has no
    diagnosis at all, and the guide does not allow that."""
    wrong = _wrong_pointers([pointer for pointer in line.pointers if pointer], len(ctx.claim.diagnoses))
    if wrong:
        yield Hit(at(line.head, 7), f"SV107: {'; '.join(wrong)}", shorten(":".join(line.pointers)) or None)


def _wrong_pointers(pointers: list[str], diagnoses: int) -> list[str]:
    if pointers == ["1"] and diagnoses:
        return []
    if not pointers:
        return ["the line points to no diagnosis"]
    wrong = []
    if len(pointers) > _MOST_POINTERS:
        wrong.append(f"{len(pointers)} pointers, where {_MOST_POINTERS} are allowed")
    seen: set[int] = set()
    for pointer in pointers[:_MOST_POINTERS]:
        place = _place(pointer)
        if place is None:
            wrong.append(f"{shorten(pointer)} is not a number from 1 to {_MOST_DIAGNOSES}")
        elif place > diagnoses:
            wrong.append(f"pointer {place}, but the claim has {diagnoses} diagnosis code(s)")
        elif place in seen:
            wrong.append(f"pointer {place} is repeated")
        else:
            seen.add(place)
    return wrong


def _place(pointer: str) -> int | None:
    if len(pointer) > 2 or not (pointer.isascii() and pointer.isdigit()):
        return None
    place = int(pointer)
    return place if 1 <= place <= _MOST_DIAGNOSES else None


@claim_rule(
    "DX03",
    "diagnosis-code-malformed",
    severity=REJECT,
    sources=("PYX", "MEM"),
    confidence="P",
    since="0.1.0",
    status="A7:255",
    second_status="A7:700",
    remittance=("16", "M76"),
    where="2300 HI, the composites with ABK and ABF",
    summary="A diagnosis is not an ICD-10-CM code as an 837 carries it.",
    fix="Send the ICD-10-CM code of the service date without its decimal point and under ABK (principal) or ABF"
    " (others), for example HI*ABK:E7521.",
)
def diagnosis_code_malformed(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Diagnosis codes are compared letter by letter. A decimal point, a slip of the finger or a code of the
    old ICD-9 makes the diagnosis unknown, and the claim comes back."""
    for code in claim.diagnoses:
        if not code.code.strip() and code.qualifier in _PRINCIPAL:
            continue  # told by DX01
        if code.qualifier in _ICD9_QUALIFIERS:
            if _icd10_due(claim):
                yield _icd9_hit(code)
        elif not _ICD10.fullmatch(code.code):
            yield _malformed_hit(code)


def _icd10_due(claim: Claim) -> bool:
    served = first_service_date(claim)
    return served is not None and served >= _ICD10_SINCE


def _icd9_hit(code: HealthCode) -> Hit:
    place = at(code.segment, code.position, 1)
    message = (
        f"{place.element} is {code.qualifier}, which announces ICD-9: {shorten(code.code)};"
        " services since 2015-10-01 take ICD-10-CM"
    )
    return Hit(place, message, code.qualifier)


def _malformed_hit(code: HealthCode) -> Hit:
    place = code.location
    bare = code.code.replace(".", "").strip()
    if not bare:
        return Hit(place, f"{place.element} holds no diagnosis code behind {code.qualifier}")
    message = f"{place.element} is {shorten(code.code)}, which is not an ICD-10-CM code without decimal point"
    if _ICD10.fullmatch(bare):
        fix = f"Send {bare.upper()} instead of {shorten(code.code)}."
        return Hit(place, message, shorten(code.code), fix=fix)
    return Hit(place, message, shorten(code.code))


@claim_rule(
    "DX06",
    "trial-diagnosis-alone",
    severity=WARN,
    sources=("MM8401",),
    confidence="V",
    since="0.1.0",
    status="A7:255",
    remittance=("16", "M64"),
    where="2300 HI",
    summary="Z00.6, participant in a clinical trial, is the only diagnosis.",
    fix="Add the disease under study, for example HI*ABK:E7402*ABF:Z006; in a treatment trial the disease stands"
    " first and Z006 second.",
    suppressed_by=("DX01",),
)
def trial_diagnosis_alone(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Z00.6 says that the patient takes part in a trial, not what is treated. Payers ask for it beside the
    disease, never in place of it."""
    codes = {code.bare for code in claim.diagnoses if code.code.strip()}
    if codes == {_TRIAL}:
        first = next(code for code in claim.diagnoses if code.code.strip())
        yield Hit(first.location, "Z00.6 is the only diagnosis; the disease itself is not named", first.code)


@line_rule(
    "DX07",
    "encounter-code-without-disease",
    severity=WARN,
    sources=("MEM",),
    confidence="M",
    since="0.1.0",
    status="A7:488",
    remittance=("11",),
    where="2400 SV107 (837P), 2300 HI (837I)",
    summary="The drug is justified by encounter or long-term-use codes only, not by a disease.",
    fix="Point the line to the disease that the drug treats, and add its code to HI when it is not there.",
    suppressed_by=("DX01", "DX02"),
)
def encounter_code_without_disease(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Z51.11, Z51.12 and Z79 say that somebody came for treatment or takes a drug for long. Payers compare an
    unlisted drug with the disease; without one they deny it as not necessary."""
    claim = ctx.claim
    if claim.type == "I" and line is not ctx.targets[0]:
        return  # all lines share the claim's diagnoses: told once
    codes = [code for code in claim.pointed_diagnoses(line) if code.code.strip()]
    if not codes or [code for code in codes if not code.bare.startswith(_ENCOUNTERS)]:
        return
    named = shorten(", ".join([code.bare for code in codes]))
    place = codes[0].location if claim.type == "I" else at(line.head, 7)
    yield Hit(place, f"The only diagnoses given for the drug are {named}; none of them names a disease", named)
