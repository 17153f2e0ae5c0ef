"""Diagnoses that don't carry an unlisted biologic: symptoms and circumstances only, or codes of another year."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from x12proc.claims.model import Claim, HealthCode, ServiceLine, at, days
from x12proc.findings import WARN, Hit
from x12proc.rules.base import claim_rule, line_rule
from x12proc.rules.context import Context
from x12proc.values import excerpt

_NO_DISEASE = ("R", "Z")
# Z codes that are reason enough for a biologic: contact with a disease, vaccination, prophylaxis, transplants.
_REASON_ENOUGH = ("Z20", "Z23", "Z29", "Z94")
_SHORTEST, _LONGEST, _SIGNS = 3, 7, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # of an ICD-10-CM code
_MOST_SHOWN = 6  # codes that a fix names
_ICD10_QUALIFIERS = frozenset(("ABK", "ABF"))


@line_rule(
    "DX04",
    "only-symptoms-or-circumstances",
    severity=WARN,
    sources=("X12C", "SEED"),
    confidence="P",
    since="0.1.0",
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
    codes = [code for code in claim.pointed_diagnoses(line) if code.bare]
    if not codes or not all(map(_is_no_disease, codes)):
        return
    named = excerpt(", ".join([code.bare for code in codes]))
    place = codes[0].location if claim.type == "I" else at(line.head, 7)
    yield Hit(place, f"The drug's only diagnosis codes are {named}, symptoms or circumstances", named)


def _is_no_disease(code: HealthCode) -> bool:
    bare = code.bare
    return bare.startswith(_NO_DISEASE) and not bare.startswith(_REASON_ENOUGH)


@claim_rule(
    "DX08",
    "diagnosis-not-valid-on-service-date",
    severity=WARN,
    sources=("MEM",),
    confidence="M",
    since="0.1.0",
    status="A7:255",
    second_status="A7:700",
    remittance=("16", "M76"),
    where="2300 HI, the composites with ABK and ABF",
    suppressed_by=("DX01", "DX03"),
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
        bare = code.bare
        if code.qualifier not in _ICD10_QUALIFIERS or not bare or len(bare) > _LONGEST or not bare.isascii():
            continue
        if ctx.reference.diagnosis(bare, span[0]) is False and ctx.reference.diagnosis(bare, span[1]) is False:
            message = f"{excerpt(bare)} is not a billable ICD-10-CM code on {span[0]}"
            billable = _billable(bare, span[0], ctx)
            fix = f"Send the code that the record supports, such as {billable}." if billable else None
            yield Hit(code.location, message, excerpt(code.code), fix=fix)


def _billable(bare: str, day: date, ctx: Context) -> str:
    """Codes of that day with one character more or less than one that is not billable, a few of them."""
    longer = [f"{bare}{sign}" for sign in _SIGNS] if len(bare) < _LONGEST else []
    shorter = [bare[:-1]] if len(bare) > _SHORTEST else []
    found = [code for code in (*longer, *shorter) if ctx.reference.diagnosis(code, day)]
    return ", ".join(found[:_MOST_SHOWN])


def _service_span(claim: Claim) -> tuple[date, date] | None:
    """The first and the last day of the services, else of the statement."""
    known = {line.served for line in claim.lines if line.served}
    if len(known) == 1:
        return known.pop()
    if known:
        return min([first for first, _ in known]), max([last for _, last in known])
    return days(claim.statement)
