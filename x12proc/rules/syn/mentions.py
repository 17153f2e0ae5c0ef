"""SYN12, SYN13: service lines off the guide's form, and codes that are in no service line."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from x12proc.claims.model import Claim, Oddity, ServiceLine, StrayCode, location_of
from x12proc.findings import REJECT, Hit
from x12proc.rules.base import claim_rule, line_rule
from x12proc.rules.context import Context
from x12proc.values import excerpt

_QUALIFIER_AND_CODE = len("HC:J359")


@line_rule(
    "SYN12",
    "service-line-off-form",
    severity=REJECT,
    sources=("PYX",),
    confidence="verified",
    where="2400 LX, SV1, SV2",
    status="A7:481",
    remittance=("16", "MA130"),
    summary="A service line can be read, but is not written in the form of the guide.",
    fix="Begin each service line with LX and its number, then one SV1 (837P) or SV2 (837I) before all other "
    "segments of the line. Write tags, the qualifier HC and the code in capitals, without blanks.",
)
def service_line_off_form(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Payers and clearinghouses refuse such a line, or skip it without notice, so that it is never paid. x12proc
    reads it as a person would and runs all rules on it."""
    for oddity in line.oddities:
        element = oddity.element or None
        message, fix = _oddity_texts(oddity, line, ctx)
        value = excerpt(_sent(oddity, ctx)) if element else None
        yield Hit(location_of(oddity.segment, element, oddity.component), message, value, fix=fix)


def _sent(oddity: Oddity, ctx: Context) -> str:
    components = oddity.segment.element(oddity.element).split(ctx.claim.delimiters.component.decode("latin-1"))
    position = (oddity.component or 1) - 1
    return components[position] if position < len(components) else ""


def _oddity_texts(oddity: Oddity, line: ServiceLine, ctx: Context) -> tuple[str, str | None]:
    tag = oddity.segment.tag
    service = "SV2" if ctx.claim.type == "I" else "SV1"
    sent = excerpt(_sent(oddity, ctx), 20) if oddity.element else ""
    texts: dict[str, tuple[str, str | None]] = {
        "tag": (f"The tag {tag} is written in small letters or with blanks", f"Write the tag as {tag}"),
        "no-lx": (f"{tag} has no LX before it", "Add an LX with the number of the line before it"),
        "second-service": (
            f"A second {tag} is in one service line",
            "Give it a line of its own: LX with the next number before it",
        ),
        "after-loop": (
            f"{tag} comes after a loop that belongs below it",
            f"Move {tag} to right after the LX of its line",
        ),
        "other-guide": (
            f"{tag} is not used in an 837{ctx.claim.type}; its service lines have {service}",
            f"Send the service in an {service}",
        ),
        "qualifier": (
            f'The qualifier is "{sent}", in small letters or with blanks',
            f"Send HC in {tag}{oddity.element:02d}-1",
        ),
        "code": (
            f'The code is "{sent}", in small letters or with blanks',
            f"Send {line.procedure} in {tag}{oddity.element:02d}-2",
        ),
    }
    return texts[oddity.kind]


@claim_rule(
    "SYN13",
    "code-in-no-service-line",
    severity=REJECT,
    sources=("PYX",),
    confidence="verified",
    without_targets=True,
    ack_999=("", "7"),  # SV101-1 or SV202-1 is no qualifier
    where="2300, 2400",
    status="A7:481",
    remittance=("16", "MA130"),
    summary="The claim has the drug code where it is neither in a service line nor in a text or number.",
    fix="Send the code in SV101-2 (837P) or SV202-2 (837I), with the qualifier HC in the component before it.",
)
def code_in_no_service_line(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """A code that no service line has is not billed, or billed as something else: the payer denies the line or
    doesn't see it. x12proc doesn't know what was meant, so that the drug was not checked."""
    for stray in claim.stray_codes:
        segment = stray.segment
        element = stray.element or None
        tag = excerpt(segment.tag, 10)
        location = location_of(segment, element, stray.component)
        if tag != segment.tag:  # no tag at all, but what was read as one up to the next separator
            location = msgspec.structs.replace(location, segment=tag, element=tag)
        sent = segment.element(stray.element) if element else ""
        message = f"{tag} has the drug code where no service line is read from it; the drug was not checked"
        fix = None
        if _has_other_separator(stray, sent):
            ours = claim.delimiters.component.decode("latin-1")
            location = location_of(segment, element, 1)
            message = (
                f'The components of {tag}{element:02d} are separated by "{sent[2]}", but ISA16 is "{ours}", so '
                "that no procedure code is read; the drug was not checked"
            )
            fix = f'Separate the components by "{ours}", or send "{sent[2]}" in ISA16 if the whole file has it'
        yield Hit(location, message, excerpt(sent, 40) if element else None, fix=fix)


def _has_other_separator(stray: StrayCode, sent: str) -> bool:
    """Return whether a service begins with HC and the code, which something else than ISA16 separates."""
    in_procedure = (stray.segment.tag, stray.element, stray.component) in (("SV1", 1, None), ("SV2", 2, None))
    begins = sent[:2].upper() == "HC" and sent[2:3].isprintable() and not sent[2:3].isalnum()
    code_follows = sent[3:4].isalnum() and len(sent) > _QUALIFIER_AND_CODE
    return in_procedure and begins and code_follows
