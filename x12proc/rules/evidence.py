"""What a claim refers to: the invoice of the drug, and the payer's authorization."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile

from x12proc.claims.model import Claim, Location, ServiceLine, at, missing
from x12proc.findings import INFO, WARN, Hit
from x12proc.rules.authorization import reference_anchor
from x12proc.rules.base import Option, claim_rule, line_rule
from x12proc.rules.context import Context
from x12proc.rules.narrative import line_texts
from x12proc.rules.paste import changed, pasted
from x12proc.rules.trial_drug import is_under_study
from x12proc.values import excerpt

_AUTHORIZATION, _EXCEPTION = "G1", "4N"
_BEFORE_PAPERWORK = frozenset(("CLM", "DTP", "CL1", "PWK"))
_ELSEWHERE = re.compile(r"\b(?:SEE|ATT|ATTCH|ATTACH(?:ED|MENT)?|ENCL(?:OSED)?|FAXED|MAILED|SENT)\b", re.IGNORECASE)


@claim_rule(
    "AUT01",
    "authorization-missing",
    severity=WARN,
    sources=("SEED", "X12C"),
    confidence="V",
    since="0.1.0",
    status="A6:252",
    remittance=("197", "M62"),
    where="2300 REF*G1 (837P: or 2400 REF*G1)",
    options={"required": Option(False, "the payer requires an authorization number for every unclassified drug")},
    summary="The payer requires prior authorization for unclassified drugs, and the claim has no number.",
    fix="Add REF*G1 with the number of the payer's approval, or REF*4N with the code of the reason why there is "
    "none.",
)
def authorization_missing(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """If a drug needs approval, a claim without the number is denied even when approval was given. Payers
    differ in which drugs need it, so only some profiles ask for it."""
    if not ctx.option("AUT01", "required") or claim.reference(_AUTHORIZATION) or claim.reference(_EXCEPTION):
        return
    bare = [line for line in ctx.targets if claim.type == "I" or not _has_authorization(line)]
    if bare:
        numbers = excerpt(", ".join(line.number for line in bare), 40)
        place = missing(reference_anchor(claim), "2300", "REF02")
        yield Hit(place, f"Drug line {numbers} has no prior authorization number (REF*G1)")


def _has_authorization(line: ServiceLine) -> bool:
    return any(reference.qualifier == _AUTHORIZATION for reference in line.references)


@line_rule(
    "AUT03",
    "line-authorization-repeats-claim",
    severity=INFO,
    sources=("PYX", "MEM"),
    confidence="P",
    since="0.1.0",
    applies="P",
    status="A7:252",
    where="2400 REF*G1, REF02",
    suppressed_by=("AUT02",),
    summary="The line repeats the claim's prior authorization number.",
    fix="Delete REF*G1 from the line. Send it there only if it differs from the claim's, with 2U and the payer's "
    "id in REF04 if it is another payer's.",
)
def line_authorization_repeats_claim(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The guide keeps the line's number for one that differs from the claim's. A repeated number makes the
    payer's system look for two approvals."""
    own = ctx.claim.reference(_AUTHORIZATION)
    if own is None or not own.value.strip():
        return
    for reference in line.references:
        if reference.qualifier != _AUTHORIZATION or reference.value != own.value:
            continue
        for_other_payer = bool(reference.segment.element(4))
        if not for_other_payer:
            number = excerpt(reference.value)
            message = f"REF*G1 of the line repeats the claim's number, {number}"
            repeated = changed(reference.segment, ctx.claim.delimiters, {})
            fix = f"On the line, delete {repeated}" if repeated else None
            yield Hit(at(reference.segment, 2), message, number, fix=fix)


@claim_rule(
    "AUT05",
    "invoice-not-announced",
    severity=WARN,
    sources=("NYM", "WV", "NOR", "X12C"),
    confidence="V",
    since="0.1.0",
    status="A6:294",
    second_status="A6:489",
    remittance=("252", "M23"),
    where="2300 and 2400 PWK; the text",
    options={
        "required": Option(False, "the payer prices unclassified drugs by their invoice: warn when none is sent")
    },
    summary="The text mentions an invoice, or the payer requires one, but no attachment is announced.",
    fix="Announce the invoice with a control number that is also printed on it, for example "
    "PWK*OZ*EL***AC*INV123~. If none is sent, write the cost in the text.",
)
def invoice_not_announced(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Several payers price an unclassified drug by its invoice. Without a PWK the invoice is not matched to
    the claim, and the line is denied for lack of it."""
    if claim.paperwork or [line for line in claim.lines if line.paperwork]:
        return
    for line in ctx.targets:
        said = ctx.narrative(line)
        if said.invoice and (said.invoice_amount is None or _points_elsewhere(line, ctx)):
            message = "The text mentions an invoice, but neither the claim nor its lines have a PWK"
            yield Hit(_paperwork_place(claim), message, fix=_announced(claim))
            return
    if ctx.option("AUT05", "required") and any(_wants_invoice(line, ctx) for line in ctx.targets):
        # The invoice may be on its way without a PWK, so this is never more than a warning.
        message = "The payer prices the drug by its invoice, but neither the claim nor its lines have a PWK"
        yield Hit(_paperwork_place(claim), message, severity=WARN, fix=_announced(claim))


def _announced(claim: Claim) -> str | None:
    """The PWK of an invoice, with a control number made of the account number."""
    control = f"{claim.id.strip()}-INV"
    paper = pasted("PWK", "OZ", "EL", "", "", "AC", control)
    if not paper or not claim.id.strip():
        return None
    return f"Add after the claim's dates: {paper}. Print {excerpt(control)} on the invoice and send it."


def _wants_invoice(line: ServiceLine, ctx: Context) -> bool:
    """Not where the text gives the cost itself, nor for a drug under study, which costs nothing."""
    return ctx.narrative(line).invoice_amount is None and not is_under_study(line, ctx)


def _points_elsewhere(line: ServiceLine, ctx: Context) -> bool:
    """Whether a text of a line that holds the word invoice says that something is sent apart."""
    return any("INV" in text.upper() and _ELSEWHERE.search(text) for _, text in line_texts(line, ctx))


def _paperwork_place(claim: Claim) -> Location:
    own = (segment for segment in claim.segments if segment.loop == "2300")
    return missing(list(takewhile(lambda segment: segment.tag in _BEFORE_PAPERWORK, own))[-1], "2300", "PWK06")
