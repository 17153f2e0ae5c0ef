"""What may mend a finding, rule by rule: proposals, of which a trial shows whether they do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import TypeAlias

from x12proc.claims.model import ServiceLine
from x12proc.engine import ScrubbedClaim
from x12proc.findings import SEVERITIES, Finding
from x12proc.fixes.model import Fix
from x12proc.fixes.spelling import joined, padded, put, sent, spot_of
from x12proc.reference.ndc import normalise
from x12proc.rules.arithmetic import quantity_of_the_text
from x12proc.rules.context import Context
from x12proc.rules.quantity import UNITS
from x12proc.values import parse_quantity, plain
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.edits import Edit
from x12proc.wire.segment import Segment, decode

MOST_PADDED = 16  # elements of one claim; a sender that pads them all is not mended one by one
_JOINED = re.compile(r"(?:NDC[\s:#]*)?N4[\s:]*([0-9]{11})\s*([A-Z][A-Z0-9])\s*([0-9.]{1,20})", re.IGNORECASE)

Found: TypeAlias = tuple[int | None, Finding]
Look: TypeAlias = Callable[[Sequence[Edit]], ScrubbedClaim | None]


def all_findings(scrubbed: ScrubbedClaim) -> list[Found]:
    """Every finding with the number of its target line, None for the claim's own."""
    own: list[Found] = [(None, finding) for finding in scrubbed.findings]
    return own + [(number, finding) for number, line in enumerate(scrubbed.lines) for finding in line.findings]


def _by_index(scrubbed: ScrubbedClaim) -> dict[int, Segment]:
    return {segment.index: segment for segment in scrubbed.claim.segments}


# -- another spelling of what was sent --------------------------------------------------------------------------


def respellings(scrubbed: ScrubbedClaim) -> Iterator[Fix]:
    """LIN02, LIN03 and CTP05-1 as they should be written."""
    delimiters, by_index = scrubbed.claim.delimiters, _by_index(scrubbed)
    for number, finding in all_findings(scrubbed):
        spell = _SPELLINGS.get(finding.rule)
        spot = (
            spot_of(finding.location, by_index.get(finding.location.segment_index))
            if spell and number is not None
            else None
        )
        found = sent(spot, delimiters) if spot else None
        if spell is None or number is None or spot is None or found is None:
            continue
        text = spell[0](decode(found[1]), scrubbed.lines[number].line, scrubbed.context)
        change = put(spot, text, delimiters) if text else None
        if text and change and change[0] != text:
            yield Fix(finding.rule, spell[1], change[0], text, finding.location, number, (change[1],))


def _unit(text: str, line: ServiceLine, ctx: Context) -> str | None:
    unit = text.strip().upper()
    return unit if unit in UNITS else None


def _qualifier(text: str, line: ServiceLine, ctx: Context) -> str | None:
    return "N4" if text.strip().upper() == "N4" else None


def _plain_ndc(text: str, line: ServiceLine, ctx: Context) -> str | None:
    """The 11 digits alone. The form of paper claims, N4...ML40, loses nothing only where the CTP says it too."""
    ndc = normalise(text)
    found = _JOINED.fullmatch(text.strip()[:60])
    if ndc is not None or found is None or line.drug is None:
        return ndc
    quantity, told = parse_quantity(line.drug.quantity), parse_quantity(found[3])
    repeated = found[2].upper() == line.drug.unit and quantity is not None and quantity == told
    return found[1] if repeated else None


def _only_known_reading(text: str, line: ServiceLine, ctx: Context) -> str | None:
    known = ctx.reference.candidates_known(text.strip())
    return known[0] if len(known) == 1 else None


# By rule: the right spelling of a text, and whether it means without doubt what was sent.
_SPELLINGS: dict[str, tuple[Callable[[str, ServiceLine, Context], str | None], bool]] = {
    "NDC05": (_plain_ndc, True),
    "NDC06": (_only_known_reading, False),
    "NDC07": (_qualifier, True),
    "QTY02": (_unit, True),
}


# -- blanks -----------------------------------------------------------------------------------------------------


def trims(scrubbed: ScrubbedClaim) -> Iterator[Fix]:
    """Blanks around an element, taken away in the segments in which something was found; the gravest first."""
    delimiters, by_index = scrubbed.claim.delimiters, _by_index(scrubbed)
    left = MOST_PADDED
    for number, finding in sorted(all_findings(scrubbed), key=lambda found: SEVERITIES.index(found[1].severity)):
        segment = by_index.get(finding.location.segment_index)
        for spot in padded(segment, delimiters) if segment and b" " in segment.raw else ():
            found = sent(spot, delimiters)
            if found is None or left == 0:
                return
            left -= 1
            start, old = found
            new = old.strip(b" ")
            edit = Edit(start, start + len(old), new)
            yield Fix(finding.rule, True, decode(old), decode(new), finding.location, number, (edit,))


# -- the NDC of the text ----------------------------------------------------------------------------------------


def from_the_text(scrubbed: ScrubbedClaim, look: Look) -> Iterator[Fix]:
    """The NDC that stands only in the text, put into loop 2410."""
    for number, finding in all_findings(scrubbed):
        if number is None or finding.rule not in ("NDC01", "NDC02"):
            continue
        line = scrubbed.lines[number].line
        ndc = _only_ndc_said(line, scrubbed.context)
        if ndc is None:
            continue
        maker = _new_loop if line.drug is None else _filled_loop
        fix = maker(finding, number, ndc, scrubbed, look)
        if fix is not None:
            yield fix


def _only_ndc_said(line: ServiceLine, ctx: Context) -> str | None:
    """The one NDC that the texts of a line give; None where they give several."""
    said = ctx.narrative(line)
    if said.ndc is None or said.ndc_text is None or said.compound:
        return None
    for _, text in ctx.spoken(line):
        if ctx.read((text.replace(said.ndc_text, " "),)).ndc not in (None, said.ndc):
            return None
    return said.ndc


def _new_loop(finding: Finding, number: int, ndc: str, scrubbed: ScrubbedClaim, look: Look) -> Fix | None:
    """Loop 2410 behind the line's own segments, if the text tells the quantity."""
    delimiters = scrubbed.claim.delimiters
    line = scrubbed.lines[number].line
    place = next((segment.offset for segment in line.segments if segment.loop != "2400"), line.end)
    lin = joined([b"LIN", b"", b"N4", ndc.encode()], delimiters)
    ctp = _quantity_segment(Edit(place, place, lin + delimiters.segment), number, delimiters, look)
    if ctp is None:
        return None
    edit = Edit(place, place, lin + delimiters.segment + ctp + delimiters.segment)
    return Fix(finding.rule, False, "", decode(lin + b" " + ctp), finding.location, number, (edit,), added=2)


def _filled_loop(finding: Finding, number: int, ndc: str, scrubbed: ScrubbedClaim, look: Look) -> Fix | None:
    """The NDC in a LIN that was sent without one, and the CTP where that is missing too."""
    delimiters, drug = scrubbed.claim.delimiters, scrubbed.lines[number].line.drug
    if drug is None or drug.qualifier.strip() not in ("", "N4"):
        return None
    parts = drug.lin.raw.split(delimiters.element)
    parts += [b""] * (4 - len(parts))
    parts[2:4] = [b"N4", ndc.encode()]
    lin, end = joined(parts, delimiters), drug.lin.offset + len(drug.lin.raw)
    filled = Edit(drug.lin.offset, end, lin)
    before = decode(drug.lin.raw)
    if drug.ctp is not None:
        return Fix(finding.rule, False, before, decode(lin), finding.location, number, (filled,))
    ctp = _quantity_segment(filled, number, delimiters, look)
    if ctp is None:
        return None
    place = _behind(drug.lin.index, scrubbed.lines[number].line)
    edits = (filled, Edit(place, place, ctp + delimiters.segment))
    after = decode(lin + b" " + ctp)
    return Fix(finding.rule, False, before, after, finding.location, number, edits, added=1)


def _behind(index: int, line: ServiceLine) -> int:
    return next((segment.offset for segment in line.segments if segment.index > index), line.end)


def _quantity_segment(edit: Edit, number: int, delimiters: Delimiters, look: Look) -> bytes | None:
    """The CTP that the text tells once the line has its NDC; None unless it tells one quantity."""
    seen = look((edit,))
    told = quantity_of_the_text(seen.lines[number].line, seen.context) if seen else None
    if told is None:
        return None
    quantity, unit = told
    return joined([b"CTP", b"", b"", b"", _digits(quantity), unit.encode()], delimiters)


def _digits(quantity: Decimal) -> bytes:
    return plain(quantity).encode("ascii")
