"""SYN10, SYN11, SYN14: the guide edition of the claim, its number, and the line control numbers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from x12proc.claims.model import Claim, ServiceLine, location_of, missing_location
from x12proc.findings import REJECT, WARN, Hit
from x12proc.rules.base import claim_rule
from x12proc.rules.context import Context
from x12proc.rules.shared.corrected_segments import segment_text
from x12proc.values import excerpt
from x12proc.wire.segment import Segment
from x12proc.wire.versions import CURRENT

_CONTROL, _LONGEST_CONTROL = "6R", 30
_LONGEST_CLAIM_NUMBER = 38
_BEHIND_REFERENCES = frozenset(("AMT", "K3", "NTE", "PS1", "HCP"))  # in loop 2400


# -- claim ------------------------------------------------------------------------------------------------------


@claim_rule(
    "SYN10",
    "superseded-guide",
    severity=WARN,
    sources=("PYX", "MEM"),
    confidence="proposed",
    where="GS08, ST03",
    status="A3:493",
    summary="The claim uses an older edition of its implementation guide.",
    fix="Send 005010X222A1 (837P) or 005010X223A2 (837I) in GS08 and in ST03.",
)
def superseded_guide(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Payers accept the editions adopted under HIPAA. Many also read an older one, some refuse the whole
    group. Files of other guides (4010, dental) fail before this rule runs."""
    if claim.guide not in CURRENT:
        sent = excerpt(claim.guide, 20)
        wanted = "005010X223A2" if claim.type == "I" else "005010X222A1"
        message = f"GS08 is {sent or 'empty'}; the edition in force for this claim is {wanted}"
        yield Hit(location_of(claim.clm), message, sent or None, fix=f"Send {wanted} in GS08 and in ST03.")


@claim_rule(
    "SYN11",
    "line-control-number-missing-or-repeated",
    severity=WARN,
    sources=("PYX", "MEM"),
    confidence="proposed",
    where="2400 REF*6R",
    status="A7:584",
    summary="A drug line has no line item control number (REF*6R), or shares it with another line.",
    fix="Give every line of the claim its own number, for example REF*6R*7781-1~ and REF*6R*7781-2~.",
)
def line_control_number_missing_or_repeated(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """The payer answers line by line and names each line by this number. Without one, or with the same on two
    lines, a denial can't be matched to its drug."""
    numbers = {_number(line) for line in claim.lines}
    if len(numbers) == len(claim.lines) and "" not in numbers:
        return
    controls = [(line, *_control(line)) for line in claim.lines]
    targets = {line.end for line in ctx.targets}
    wanted = {number for line, number, _ in controls if number and line.end in targets}
    seen: set[str] = set()
    for line, number, ref in controls:
        if not number and line.end in targets:
            message = f"Line {excerpt(line.number, 20)} has no line item control number (REF*6R)"
            added = _own_number(line, claim, numbers)
            fix = f"Add after {_before_reference(line).tag}: {added}" if added else None
            yield Hit(missing_location(_before_reference(line), "2400", "REF02"), message, fix=fix)
        elif ref is not None and number in seen and number in wanted:
            message = f"REF*6R*{excerpt(number, 40)} is on more than one line of the claim"
            added = _own_number(line, claim, numbers)
            fix = f"Send on line {excerpt(line.number, 20)}: {added}" if added else None
            yield Hit(location_of(ref, 2), message, excerpt(number, 40), fix=fix)
        seen.add(number)


@claim_rule(
    "SYN14",
    "control-number-too-long",
    severity=REJECT,
    sources=("PYX",),
    confidence="verified",
    where="2300 CLM01; 2400 REF*6R",
    status="A7:481",
    remittance=("16", "MA130"),
    same_as_guide=(("CLM01", "5"),),
    summary="The claim's number (CLM01) or a line's number (REF*6R) is longer than the guide allows.",
    fix="Send at most 38 characters in CLM01 (payers need not return more than 20), and at most 30 in REF*6R.",
)
def control_number_too_long(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Payers return both numbers in their answers. A longer one is refused, or cut off, and then the answer finds
    no claim or line."""
    if len(claim.id) > _LONGEST_CLAIM_NUMBER:
        message = f"CLM01 has {len(claim.id)} characters; {_LONGEST_CLAIM_NUMBER} are allowed"
        yield Hit(location_of(claim.clm, 1), message, excerpt(claim.id, 50))
    for line in [line for line in ctx.targets if len(line.control) > _LONGEST_CONTROL]:
        number, ref = _control(line)
        if ref is not None:
            message = f"REF*6R has {len(number)} characters; {_LONGEST_CONTROL} are allowed"
            yield Hit(location_of(ref, 2), message, excerpt(number, 50), severity=WARN)


def _own_number(line: ServiceLine, claim: Claim, taken: set[str]) -> str:
    """Return a control number that no line has, made of the account number and the line's number; "" without
    those."""
    number = f"{claim.id.strip()}-{line.number.strip()}"
    usable = claim.id.strip() and line.number.strip() and number not in taken and len(number) <= _LONGEST_CONTROL
    return segment_text("REF", _CONTROL, number) if usable else ""


def _before_reference(line: ServiceLine) -> Segment:
    """Return the segment of loop 2400 after which a further REF belongs."""
    own = (segment for segment in line.segments if segment.loop == "2400")
    return list(takewhile(lambda segment: segment.tag not in _BEHIND_REFERENCES, own))[-1]


def _number(line: ServiceLine) -> str:
    """Return the number of REF*6R. Before a drug there is nothing but the line's own loop, whose first REF*6R
    counts."""
    return line.control if line.control.strip() and not line.drugs else _control(line)[0]


def _control(line: ServiceLine) -> tuple[str, Segment | None]:
    """Return REF*6R, also one that follows the NDC by mistake (SYN09 reports that)."""
    for segment in line.segments:
        if segment.tag == "REF" and segment.element(1) == _CONTROL and segment.element(2).strip():
            return segment.element(2), segment
    return "", None
