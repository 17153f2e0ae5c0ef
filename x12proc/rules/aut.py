"""AUT01 to AUT07: authorization, referral, and attachments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import takewhile

from x12proc.claims.model import Claim, Location, Paperwork, Reference, ServiceLine, location_of, missing_location
from x12proc.findings import INFO, REJECT, WARN, Hit
from x12proc.rules.base import Option, claim_rule, line_rule
from x12proc.rules.context import Context
from x12proc.rules.shared.corrected_segments import changed_segment, segment_text
from x12proc.rules.shared.guide_errors import EMPTY_REFERENCE, SAME_ELEMENT
from x12proc.rules.shared.positions import reference_anchor
from x12proc.rules.shared.trial_drug import is_under_study
from x12proc.values import excerpt

_AUTHORIZATION = "G1"
_REFERRAL = "9F"
_SENT_APART = frozenset(("BM", "EL", "EM", "FX", "FT"))  # mail, electronic, e-mail, fax, file transfer
_SHORTEST_CONTROL, _LONGEST_CONTROL = 2, 80
_EXCEPTIONS = frozenset("1234567")
_PLACEHOLDERS = ("PENDING", "PEND", "NA", "NONE", "TBD", "UNKNOWN", "NOT REQUIRED")
_EXCEPTION = "4N"
_BEFORE_PAPERWORK = frozenset(("CLM", "DTP", "CL1", "PWK"))
_ELSEWHERE = re.compile(r"\b(?:SEE|ATT|ATTCH|ATTACH(?:ED|MENT)?|ENCL(?:OSED)?|FAXED|MAILED|SENT)\b", re.IGNORECASE)


def _references(claim: Claim, ctx: Context, qualifier: str) -> list[Reference]:
    """Return the REFs of one kind on the claim and, in the 837P, on its target lines."""
    found = list(claim.references)
    if claim.type == "P":
        for line in ctx.targets:
            found += line.references
    return [reference for reference in found if reference.qualifier == qualifier]


@claim_rule(
    "AUT02",
    "authorization-is-placeholder",
    severity=WARN,
    sources=("MEM",),
    confidence="proposed",
    status="A7:252",
    remittance=("16", "M62"),
    where="2300 and 2400 REF*G1, REF02",
    same_as_guide=EMPTY_REFERENCE,
    summary="The prior authorization number is a filler, not a number from a payer.",
    fix="Send the number of the payer's approval in REF*G1, or delete REF*G1 if there is no approval.",
    options={
        "placeholders": Option(
            _PLACEHOLDERS, "Texts that are no authorization number; case, spaces and punctuation do not count."
        ),
        "least_length": Option(4, "How many characters an authorization number has at least."),
    },
)
def authorization_is_placeholder(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """The payer looks the number up. It never finds a filler, and treats the claim like one without approval,
    only later."""
    texts = ctx.option("AUT02", "placeholders")
    least = ctx.option("AUT02", "least_length")
    assert isinstance(texts, tuple)
    assert isinstance(least, int)
    placeholders = _placeholders(texts)
    for reference in _references(claim, ctx, _AUTHORIZATION):
        wrong = _why_no_number(reference.value, placeholders, least)
        if wrong:
            yield Hit(location_of(reference.segment, 2), f"REF*G1 {wrong}", excerpt(reference.value) or None)


def _why_no_number(value: str, placeholders: frozenset[str], least: int) -> str | None:
    bare = _bare(value)
    if not bare:
        return "has no letter or digit"
    if bare in placeholders:
        return f"is {excerpt(value)}, a filler instead of the authorization number"
    if not bare.strip("0"):
        return "is all zeros"
    if len(value.strip()) < least:
        return f"is {excerpt(value)}, shorter than {least} characters"
    return None


@lru_cache(maxsize=16)
def _placeholders(texts: tuple[str, ...]) -> frozenset[str]:
    return frozenset(_bare(text) for text in texts)


def _bare(text: str) -> str:
    bare = text.upper()
    return bare if bare.isalnum() else "".join(letter for letter in bare if letter.isalnum())


@claim_rule(
    "AUT04",
    "referral-number-without-authorization",
    severity=INFO,
    sources=("PYX", "CSC"),
    confidence="proposed",
    status="A7:761",
    where="2300 and 2400 REF*9F",
    summary="The claim has a referral number (9F), but no prior authorization number (G1).",
    fix="If the number is the payer's approval of the drug, send it as REF*G1. REF*9F is for referrals only.",
)
def referral_number_without_authorization(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Payers look for the approval of a drug under G1. They overlook one under 9F and deny the drug for lack
    of it."""
    referrals = _references(claim, ctx, _REFERRAL)
    if referrals and not _references(claim, ctx, _AUTHORIZATION):
        message = f"The claim has referral number {excerpt(referrals[0].value, 50)} (REF*9F), but no REF*G1"
        moved = changed_segment(referrals[0].segment, claim.delimiters, {1: _AUTHORIZATION})
        fix = f"If it is the payer's approval of the drug, send {moved}" if moved else None
        yield Hit(location_of(referrals[0].segment, 1), message, _REFERRAL, fix=fix)


@claim_rule(
    "AUT06",
    "attachment-control-number-missing",
    severity=REJECT,
    sources=("PYX",),
    confidence="verified",
    status="A6:489",
    remittance=("16", "N706"),
    where="2300 and 2400 PWK06",
    same_as_guide=((SAME_ELEMENT, "4 5"),),
    summary="An attachment sent apart from the claim has no usable control number.",
    fix="Print a control number of 2 to 80 characters on the attachment, and send it in PWK06, for example "
    "PWK*OZ*FX***AC*INV20240115~.",
)
def attachment_control_number_missing(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Only the control number matches a fax or an upload with its claim. Without it the invoice or the record
    is never found, and the guide refuses the segment."""
    papers = [*claim.paperwork, *(paper for line in ctx.targets for paper in line.paperwork)]
    for paper in papers:
        wrong = _wrong_control(paper)
        if wrong:
            yield Hit(
                location_of(paper.segment, 6),
                wrong,
                excerpt(paper.control) or None,
                fix=_control_fix(paper, claim),
            )


def _control_fix(paper: Paperwork, claim: Claim) -> str | None:
    """Return the PWK with a control number made of the account number."""
    control = f"{claim.id.strip()}-A"
    corrected = changed_segment(paper.segment, claim.delimiters, {5: "AC", 6: control})
    if not corrected or not claim.id.strip():
        return None
    return f"Print a control number on the attachment and send it, for example {corrected}"


def _wrong_control(paper: Paperwork) -> str | None:
    length = len(paper.control.strip())
    if not length:
        if paper.transmission in _SENT_APART:
            return (
                f"PWK06 is empty, but PWK02 is {paper.transmission}: the attachment is sent apart from the claim"
            )
        return None
    if length < _SHORTEST_CONTROL or length > _LONGEST_CONTROL:
        return f"PWK06 has {length} character{'' if length == 1 else 's'}; a control number has 2 to 80"
    return None


@claim_rule(
    "AUT07",
    "authorization-exception-unknown",
    severity=INFO,
    sources=("PYX",),
    confidence="proposed",
    status="A7:642",
    where="2300 REF*4N, REF02",
    same_as_guide=EMPTY_REFERENCE,
    summary="The reason for a missing authorization (REF*4N) is none of the codes 1 to 7.",
    fix="Send 1 urgent care, 2 retroactive period, 3 emergency, 4 temporary Medicaid, 5 second opinion for the "
    "county, 6 override requested or 7 special handling. Or delete REF*4N.",
)
def authorization_exception_unknown(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """REF*4N explains why a service was given without approval. An unknown code explains nothing."""
    for reference in claim.references:
        if reference.qualifier == "4N" and reference.value not in _EXCEPTIONS:
            shown = excerpt(reference.value)
            code = reference.value.strip().lstrip("0")
            fix = f"Send {segment_text('REF', '4N', code)}" if code in _EXCEPTIONS else None
            message = f"REF*4N is {shown or 'empty'}, none of the codes 1 to 7"
            yield Hit(location_of(reference.segment, 2), message, shown or None, fix=fix)


@claim_rule(
    "AUT01",
    "authorization-missing",
    severity=WARN,
    sources=("SEED", "X12C"),
    confidence="verified",
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
        location = missing_location(reference_anchor(claim), "2300", "REF02")
        yield Hit(location, f"Drug line {numbers} has no prior authorization number (REF*G1)")


def _has_authorization(line: ServiceLine) -> bool:
    return any(reference.qualifier == _AUTHORIZATION for reference in line.references)


@line_rule(
    "AUT03",
    "line-authorization-repeats-claim",
    severity=INFO,
    sources=("PYX", "MEM"),
    confidence="proposed",
    claim_types=("P",),
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
            repeated = changed_segment(reference.segment, ctx.claim.delimiters, {})
            fix = f"On the line, delete {repeated}" if repeated else None
            yield Hit(location_of(reference.segment, 2), message, number, fix=fix)


@claim_rule(
    "AUT05",
    "invoice-not-announced",
    severity=WARN,
    sources=("NYM", "WV", "NOR", "X12C"),
    confidence="verified",
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
        narrative = ctx.narrative(line)
        if narrative.invoice and (narrative.invoice_amount is None or _points_elsewhere(line, ctx)):
            message = "The text mentions an invoice, but neither the claim nor its lines have a PWK"
            yield Hit(_paperwork_location(claim), message, fix=_announced(claim))
            return
    if ctx.option("AUT05", "required") and any(_wants_invoice(line, ctx) for line in ctx.targets):
        # The invoice may be on its way without a PWK, so this is never more than a warning.
        message = "The payer prices the drug by its invoice, but neither the claim nor its lines have a PWK"
        yield Hit(_paperwork_location(claim), message, severity=WARN, fix=_announced(claim))


def _announced(claim: Claim) -> str | None:
    """Return the PWK of an invoice, with a control number made of the account number."""
    control = f"{claim.id.strip()}-INV"
    paper = segment_text("PWK", "OZ", "EL", "", "", "AC", control)
    if not paper or not claim.id.strip():
        return None
    return f"Add after the claim's dates: {paper}. Print {excerpt(control)} on the invoice and send it."


def _wants_invoice(line: ServiceLine, ctx: Context) -> bool:
    """Not where the text gives the cost itself, nor for a drug under study, which costs nothing."""
    return ctx.narrative(line).invoice_amount is None and not is_under_study(line, ctx)


def _points_elsewhere(line: ServiceLine, ctx: Context) -> bool:
    """Return whether a text of a line that holds the word invoice says that something is sent apart."""
    return any("INV" in text.upper() and _ELSEWHERE.search(text) for _, text in ctx.texts(line))


def _paperwork_location(claim: Claim) -> Location:
    own = (segment for segment in claim.segments if segment.loop == "2300")
    return missing_location(
        list(takewhile(lambda segment: segment.tag in _BEFORE_PAPERWORK, own))[-1], "2300", "PWK06"
    )
