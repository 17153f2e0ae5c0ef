"""Authorization numbers, referrals and the paperwork a claim announces."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import takewhile

from x12proc.claims.model import Claim, Paperwork, Reference, at
from x12proc.findings import INFO, REJECT, WARN, Hit
from x12proc.rules.base import Option, claim_rule
from x12proc.rules.context import Context
from x12proc.rules.paste import changed, pasted
from x12proc.values import excerpt
from x12proc.wire.segment import Segment

_AUTHORIZATION = "G1"
_REFERRAL = "9F"
_SENT_APART = frozenset(("BM", "EL", "EM", "FX", "FT"))  # mail, electronic, e-mail, fax, file transfer
_SHORTEST_CONTROL, _LONGEST_CONTROL = 2, 80
_BEHIND_REFERENCES = frozenset(("K3", "NTE", "CR1", "CR2", "CRC", "HI", "HCP"))
_EXCEPTIONS = frozenset("1234567")
_PLACEHOLDERS = ("PENDING", "PEND", "NA", "NONE", "TBD", "UNKNOWN", "NOT REQUIRED")


def reference_anchor(claim: Claim) -> Segment:
    """The segment of loop 2300 behind which a further REF belongs."""
    own = (segment for segment in claim.segments if segment.loop == "2300")
    return list(takewhile(lambda segment: segment.tag not in _BEHIND_REFERENCES, own))[-1]


def _references(claim: Claim, ctx: Context, qualifier: str) -> list[Reference]:
    """The REFs of one kind on the claim and, where the guide allows them there (837P), on its target lines."""
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
    confidence="P",
    since="0.1.0",
    status="A7:252",
    remittance=("16", "M62"),
    where="2300 and 2400 REF*G1, REF02",
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
            yield Hit(at(reference.segment, 2), f"REF*G1 {wrong}", excerpt(reference.value) or None)


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
    confidence="P",
    since="0.1.0",
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
        moved = changed(referrals[0].segment, claim.delimiters, {1: _AUTHORIZATION})
        fix = f"If it is the payer's approval of the drug, send {moved}" if moved else None
        yield Hit(at(referrals[0].segment, 1), message, _REFERRAL, fix=fix)


@claim_rule(
    "AUT06",
    "attachment-control-number-missing",
    severity=REJECT,
    sources=("PYX",),
    confidence="V",
    since="0.1.0",
    status="A6:489",
    remittance=("16", "N706"),
    where="2300 and 2400 PWK06",
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
            yield Hit(at(paper.segment, 6), wrong, excerpt(paper.control) or None, fix=_control_fix(paper, claim))


def _control_fix(paper: Paperwork, claim: Claim) -> str | None:
    """The PWK with a control number made of the account number."""
    control = f"{claim.id.strip()}-A"
    corrected = changed(paper.segment, claim.delimiters, {5: "AC", 6: control})
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
    confidence="P",
    since="0.1.0",
    status="A7:642",
    where="2300 REF*4N, REF02",
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
            fix = f"Send {pasted('REF', '4N', code)}" if code in _EXCEPTIONS else None
            message = f"REF*4N is {shown or 'empty'}, none of the codes 1 to 7"
            yield Hit(at(reference.segment, 2), message, shown or None, fix=fix)
