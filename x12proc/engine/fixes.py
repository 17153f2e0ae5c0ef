"""Fixes: what can be put right in a claim's own bytes, each bound to the finding that it mends.

A safe fix is certain and changes no meaning: the same number, unit or code in the spelling that X12 wants. An
unsafe one is likely: it decides what nobody but the provider can know. docs/fixes.md lists them with the reasons.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Literal, TypeAlias

import msgspec

from x12proc.claims.builder import service_line
from x12proc.claims.model import Location, ServiceLine
from x12proc.engine.engine import ClaimResult, LineResult
from x12proc.findings import INFO, SEVERITIES, Finding
from x12proc.reference.ndc import normalize
from x12proc.rules import all_rules
from x12proc.rules.base import Fixer, Rule
from x12proc.rules.context import Context, per_claim
from x12proc.rules.shared.measures import UNITS
from x12proc.rules.shared.ndc_quantity import quantity_of_text
from x12proc.rules.shared.ndc_text import repaired, without_leading_zero
from x12proc.values import format_number, parse_quantity
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.segment import Segment

FixLevel: TypeAlias = Literal["off", "safe", "unsafe"]  # which fixes are applied
_DRUG_LOOP = "2410"
_CONTRADICTING = frozenset(("NDC", "QTY"))  # families of rules that an unsafe fix must not wake
_MOST_LINES = 999  # of a claim (837I; 50 in the 837P): in larger ones nothing is fixed that has to be tried
_MOST_TRIMMED = 16  # findings of a line that are looked at for blanks
_BROKEN = "?"  # no element is called so
_PAPER_QUANTITY = re.compile(r"\s*([A-Z][A-Z0-9])\s*([0-9.]+)\s*")


class Fix(msgspec.Struct, frozen=True):
    """One change: the bytes from ``start`` up to ``end`` become ``new``; or, where both are the same, ``segments``
    (without terminators) are put in there."""

    rule: str
    safe: bool
    location: Location
    before: str
    after: str
    start: int
    end: int
    new: bytes = b""
    segments: tuple[bytes, ...] = ()
    applied: bool = False


def claim_fixes(scrubbed: ClaimResult, level: FixLevel) -> tuple[Fix, ...]:
    """The fixes of all lines of a claim, in file order; see :func:`line_fixes`."""
    return tuple(fix for line in scrubbed.lines for fix in line_fixes(line, scrubbed, level))


def line_fixes(line: LineResult, scrubbed: ClaimResult, level: FixLevel) -> tuple[Fix, ...]:
    """What can be fixed on a line, in file order, those that the level admits marked as applied."""
    known = _offered(scrubbed.context)
    if line.line.end not in known:
        known[line.line.end] = resolved(_found(line, scrubbed))
    return tuple(
        msgspec.structs.replace(fix, applied=level == "unsafe" or (level == "safe" and fix.safe))
        for fix in known[line.line.end]
    )


@per_claim
def _offered(ctx: Context) -> dict[int, tuple[Fix, ...]]:
    """The fixes found so far, by where a line ends; several reports ask."""
    return {}


def resolved(found: list[Fix]) -> tuple[Fix, ...]:
    """Of fixes that touch the same bytes one: a safe one before an unsafe one, then by the rule's id."""
    kept: list[Fix] = []
    for fix in sorted(found, key=lambda fix: (not fix.safe, fix.rule, fix.start)):
        if all(_apart(fix, other) for other in kept):
            kept.append(fix)
    return tuple(sorted(kept, key=lambda fix: fix.start))


def _apart(one: Fix, other: Fix) -> bool:
    if one.start == other.start:
        return False
    return one.end <= other.start or other.end <= one.start


# -- from a finding to its fix ---------------------------------------------------------------------------------


class _Fault(msgspec.Struct, frozen=True):
    """A finding on a line, and what a fix may know."""

    finding: Finding
    line: ServiceLine
    segments: Mapping[int, Segment]  # those of the line by their index
    ctx: Context

    @property
    def delimiters(self) -> Delimiters:
        return self.ctx.claim.delimiters


class _Place(msgspec.Struct, frozen=True):
    """An element that was sent, or one of its components (from 1; 0 for the whole element), and its text."""

    segment: Segment
    element: int
    component: int
    text: str


# What an element's text should be, and whether that is certain; None where nobody knows.
_Mended: TypeAlias = tuple[str, bool] | None


def _found(scrubbed: LineResult, claim: ClaimResult) -> list[Fix]:
    if not scrubbed.findings:
        return []
    segments = {segment.index: segment for segment in scrubbed.line.segments}
    faults = [_Fault(finding, scrubbed.line, segments, claim.context) for finding in scrubbed.findings]
    found: list[Fix] = []
    for fault in faults:
        rule = all_rules().get(fault.finding.rule)
        if rule is not None and rule.fixer == "drug-loop":
            found += _new_drug_loop(fault)
        elif rule is not None and rule.fixer:
            found += _element_fix(fault, _FIXERS[rule.fixer])
    faults.sort(key=lambda fault: SEVERITIES.index(fault.finding.severity))
    for fault in faults[:_MOST_TRIMMED]:
        found += [fix for fix in _trim(fault) if all(_apart(fix, other) for other in found)]
    return found


def _place(fault: _Fault) -> _Place | None:
    """Where a finding stands, if it is an element that was sent or that its segment is too short for."""
    location = fault.finding.location
    segment = fault.segments.get(location.segment_index)
    number, _, component = location.element.removeprefix(location.segment).partition("-")
    if segment is None or location.after is not None or not number.isdigit():
        return None
    text = segment.element(int(number))
    if not component:
        return _Place(segment, int(number), 0, text)
    parts = text.split(fault.delimiters.component.decode("latin-1"))
    if int(component) > len(parts):
        return None
    return _Place(segment, int(number), int(component), parts[int(component) - 1])


def _element_fix(fault: _Fault, mender: Callable[[str, _Fault], _Mended]) -> Iterator[Fix]:
    """The fix that gives the element of a finding another text."""
    place = _place(fault)
    mended = mender(place.text, fault) if place else None
    if place is None or mended is None or mended[0] == place.text or not _writable(mended[0], fault.delimiters):
        return
    after, safe = mended
    if safe or _agrees(fault, [_with(place, after, fault.delimiters)]):
        yield _fix(fault, place, after, safe)


def _trim(fault: _Fault) -> Iterator[Fix]:
    """The same text without the blanks around it, where that is all that the rule stumbles over."""
    place = _place(fault)
    text = place.text.strip(" ") if place else ""
    if place is None or not text or text == place.text or not _writable(text, fault.delimiters):
        return
    rule = all_rules().get(fault.finding.rule)
    if rule is None or len(fault.ctx.claim.lines) > _MOST_LINES:
        return
    line, ctx = _supposed(fault, [_with(place, text, fault.delimiters)])
    before = _elements(rule, fault.line, fault.ctx)
    if _elements(rule, line, ctx) <= before - Counter((fault.finding.location.element,)):
        yield _fix(fault, place, text, safe=True)


def _fix(fault: _Fault, place: _Place, after: str, safe: bool) -> Fix:
    start, end, gap = _span(place, fault.delimiters)
    new = gap + after.encode("ascii")
    return Fix(fault.finding.rule, safe, fault.finding.location, place.text, after, start, end, new)


def _span(place: _Place, delimiters: Delimiters) -> tuple[int, int, bytes]:
    """The bytes of an element or component in the file, and the separators that it needs in front where the
    segment ends before it."""
    segment = place.segment
    parts = segment.raw.split(delimiters.element)
    if place.element >= len(parts):
        end = segment.offset + len(segment.raw)
        return end, end, delimiters.element * (place.element - len(parts) + 1)
    start = segment.offset + sum(len(part) + 1 for part in parts[: place.element])
    text = parts[place.element]
    pieces = text.split(delimiters.component) if place.component else [text]
    at = max(place.component - 1, 0)
    start += sum(len(piece) + 1 for piece in pieces[:at])
    return start, start + len(pieces[at]), b""


def _writable(text: str, delimiters: Delimiters) -> bool:
    """Whether a text holds none of the interchange's delimiters."""
    marks = delimiters.element + delimiters.component + delimiters.segment + delimiters.repetition
    return text.isascii() and not any(chr(mark) in text for mark in marks)


# -- what an element should say --------------------------------------------------------------------------------


def _ndc_of_text(text: str, fault: _Fault) -> _Mended:
    """An empty LIN03, and an NDC in the words."""
    said = _ndc_said(fault)
    return (said, False) if said is not None and not text.strip() else None


def _ndc_said(fault: _Fault) -> str | None:
    """The NDC that the texts of a line give; None where they give several."""
    said = fault.ctx.narrative(fault.line)
    for _, text in fault.ctx.texts(fault.line):
        rest = text.replace(said.ndc_text or "", " ") if said.ndc_text else ""
        if fault.ctx.read((rest,)).ndc not in (None, said.ndc):
            return None
    return said.ndc


def _ndc_without_ornament(text: str, fault: _Fault) -> _Mended:
    """The digits of an NDC that is sent with hyphens, blanks or a prefix. What the paper form says of the quantity
    besides is lost with it, so that it must stand in the CTP."""
    digits, drug = repaired(text), fault.line.drug
    if digits is None or drug is None:
        return None
    if normalize(text) is not None:
        return digits, True
    paper = _PAPER_QUANTITY.fullmatch(text.upper().partition(digits)[2])
    sent = (drug.unit, parse_quantity(drug.quantity))
    return digits, paper is not None and (paper[1], parse_quantity(paper[2])) == sent


def _ndc_that_is_known(text: str, fault: _Fault) -> _Mended:
    """The only one of the three readings of ten digits that the tables know."""
    known = fault.ctx.reference.candidates_known(text.strip())
    return (known[0], False) if len(known) == 1 else None


def _ndc_of_eleven_digits(text: str, fault: _Fault) -> _Mended:
    """Twelve digits that only have a zero in front of an NDC that the tables know."""
    digits = without_leading_zero(text)
    return (digits, False) if digits and fault.ctx.reference.product(digits) is not None else None


def _qualifier(text: str, fault: _Fault) -> _Mended:
    return ("N4", True) if text.strip().upper() == "N4" else None


def _unit_basis(text: str, fault: _Fault) -> _Mended:
    return ("UN", True) if text.strip().upper() == "UN" else None


def _unit(text: str, fault: _Fault) -> _Mended:
    unit = text.strip().upper()
    return (unit, True) if unit in UNITS else None


# By ``fixer`` of a rule's declaration.
_FIXERS: dict[Fixer, Callable[[str, _Fault], _Mended]] = {
    "unit-basis": _unit_basis,
    "ndc-from-text": _ndc_of_text,
    "ndc-digits": _ndc_without_ornament,
    "known-ndc": _ndc_that_is_known,
    "qualifier": _qualifier,
    "eleven-digits": _ndc_of_eleven_digits,
    "unit": _unit,
}


# -- a loop 2410 that is missing -------------------------------------------------------------------------------


def _new_drug_loop(fault: _Fault) -> Iterator[Fix]:
    """Loop 2410 for an NDC that stands only in the text, where the text and the tables give its quantity."""
    ndc = _ndc_said(fault)
    if ndc is None or any(segment.tag in ("LIN", "CTP") for segment in fault.line.segments):
        return
    lin = ("LIN", "", "N4", ndc)
    if len(fault.ctx.claim.lines) > _MOST_LINES:
        return
    line, ctx = _supposed(fault, [_like(fault.line, lin)])
    known = quantity_of_text(line, ctx)
    if known is None:
        return
    ctp = ("CTP", "", "", "", format_number(known[0]), known[1])
    if not all(_writable(text, fault.delimiters) for text in (*lin, *ctp)):
        return
    if not _agrees(fault, [_like(fault.line, lin), _like(fault.line, ctp)]):
        return
    place = _place_of_drug_loop(fault.line)
    separator = fault.delimiters.element.decode("latin-1")
    yield Fix(
        rule=fault.finding.rule,
        safe=False,
        location=fault.finding.location,
        before="",
        after=f"{'*'.join(lin)} {'*'.join(ctp)}",
        start=place,
        end=place,
        segments=(separator.join(lin).encode("latin-1"), separator.join(ctp).encode("latin-1")),
    )


def _place_of_drug_loop(line: ServiceLine) -> int:
    """Behind the line's own segments, before loops 2420, 2430 and 2440: the same in both guides."""
    return next((segment.offset for segment in line.segments if segment.loop != "2400"), line.end)


# -- the line as it would be -----------------------------------------------------------------------------------


def _with(place: _Place, text: str, delimiters: Delimiters) -> Segment:
    """A segment with another text at a place."""
    elements = [*place.segment.elements, *[""] * (place.element + 1 - len(place.segment.elements))]
    if place.component:
        separator = delimiters.component.decode("latin-1")
        parts = elements[place.element].split(separator)
        parts[place.component - 1] = text
        text = separator.join(parts)
    elements[place.element] = text
    return msgspec.structs.replace(place.segment, elements=tuple(elements))


def _like(line: ServiceLine, elements: tuple[str, ...]) -> Segment:
    """A segment of a new drug loop."""
    return Segment(elements[0], elements, line.lx.index, line.end, b"", _DRUG_LOOP)


def _supposed(fault: _Fault, changed: list[Segment]) -> tuple[ServiceLine, Context]:
    """The line with other segments in place of those of the same index and tag, or more of them behind its own."""
    known = {(segment.index, segment.tag): segment for segment in changed}
    segments = [known.pop((old.index, old.tag), old) for old in fault.line.segments]
    own = [segment for segment in segments if segment.loop == "2400"]
    below = [segment for segment in segments if segment.loop != "2400"]
    component = fault.delimiters.component.decode("latin-1")
    line = service_line((*own, *known.values(), *below), component, fault.line.end)
    return line, fault.ctx.with_line(fault.line, line)


def _agrees(fault: _Fault, changed: list[Segment]) -> bool:
    """Whether no rule on NDC or quantity speaks of the changed line that was silent before: what the claim says
    elsewhere must not contradict a likely fix."""
    if len(fault.ctx.claim.lines) > _MOST_LINES:
        return False
    line, ctx = _supposed(fault, changed)
    return not any(
        _speaks(rule, line, ctx) and not _speaks(rule, fault.line, fault.ctx)
        for rule in _contradicting(ctx.claim.type)
    )


@cache
def _contradicting(claim_type: str) -> tuple[Rule, ...]:
    return tuple(
        rule
        for rule in all_rules().values()
        if rule.level == "line" and rule.family in _CONTRADICTING and rule.severity != INFO
        and claim_type in rule.claim_types
    )  # fmt: skip


def _speaks(rule: Rule, line: ServiceLine, ctx: Context) -> bool:
    """Whether a rule has anything to say of a line. One that breaks down on a line that nobody sent speaks
    against the fix."""
    try:
        return any(True for _ in rule.check(line, ctx))
    except Exception:
        return True


def _elements(rule: Rule, line: ServiceLine, ctx: Context) -> Counter[str]:
    """Where a rule speaks of a line. One that breaks down on a line that nobody sent speaks against the fix."""
    try:
        return Counter(hit.location.element for hit in rule.check(line, ctx))
    except Exception:
        return Counter((_BROKEN,))
