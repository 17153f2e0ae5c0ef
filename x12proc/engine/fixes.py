"""Fixes: changes of a claim's own bytes, each for the finding that it corrects.

A safe fix is certain and changes no meaning: the same number, unit or code in the spelling that X12 wants. An
unsafe one is likely: it decides what only the provider can know. docs/fixes.md lists them with the reasons.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Literal, TypeAlias

import msgspec

from x12proc.claims.builder import service_line
from x12proc.claims.model import Location, ServiceLine
from x12proc.findings import INFO, SEVERITIES, Finding
from x12proc.reference.ndc import normalize
from x12proc.rules import all_rules
from x12proc.rules.base import Fixer, Rule
from x12proc.rules.context import Context
from x12proc.rules.shared.measures import UNITS
from x12proc.rules.shared.ndc_quantity import quantity_of_text
from x12proc.rules.shared.ndc_text import repaired, without_leading_zero
from x12proc.values import format_number, parse_quantity
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.segment import Segment

FixLevel: TypeAlias = Literal["off", "safe", "unsafe"]  # which fixes are applied
_DRUG_LOOP = "2410"
_CONTRADICTING = frozenset(("NDC", "QTY"))  # families of rules that must have no hit after an unsafe fix
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


def find_fixes(
    line: ServiceLine, findings: Sequence[Finding], context: Context, level: FixLevel
) -> tuple[Fix, ...]:
    """Return the fixes of a line's findings in file order; those that the level admits are marked as applied."""
    if not findings:
        return ()
    return tuple(
        msgspec.structs.replace(fix, applied=level == "unsafe" or (level == "safe" and fix.safe))
        for fix in resolved(_found(line, findings, context))
    )


def resolved(found: list[Fix]) -> tuple[Fix, ...]:
    """Return the fixes without overlaps: a safe one wins over an unsafe one, then the lower rule id."""
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


class _Problem(msgspec.Struct, frozen=True):
    """A finding on a line, and what a fix may read."""

    finding: Finding
    line: ServiceLine
    segments: Mapping[int, Segment]  # those of the line by their index
    ctx: Context

    @property
    def delimiters(self) -> Delimiters:
        return self.ctx.claim.delimiters


class _Element(msgspec.Struct, frozen=True):
    """An element that was sent, or one of its components (from 1; 0 for the whole element), and its text."""

    segment: Segment
    element: int
    component: int
    text: str


# The text that an element should hold, and whether that is certain; None where it can't be known.
_Corrected: TypeAlias = tuple[str, bool] | None


def _found(line: ServiceLine, findings: Sequence[Finding], context: Context) -> list[Fix]:
    segments = {segment.index: segment for segment in line.segments}
    problems = [_Problem(finding, line, segments, context) for finding in findings]
    found: list[Fix] = []
    for problem in problems:
        rule = all_rules().get(problem.finding.rule)
        if rule is not None and rule.fixer == "drug-loop":
            found += _new_drug_loop(problem)
        elif rule is not None and rule.fixer:
            found += _element_fix(problem, _FIXERS[rule.fixer])
    problems.sort(key=lambda problem: SEVERITIES.index(problem.finding.severity))
    for problem in problems[:_MOST_TRIMMED]:
        found += [fix for fix in _trim(problem) if all(_apart(fix, other) for other in found)]
    return found


def _sent_element(problem: _Problem) -> _Element | None:
    """Return the element of a finding, sent or beyond the end of its segment; None for anything else."""
    location = problem.finding.location
    segment = problem.segments.get(location.segment_index)
    number, _, component = location.element.removeprefix(location.segment).partition("-")
    if segment is None or location.after is not None or not number.isdigit():
        return None
    text = segment.element(int(number))
    if not component:
        return _Element(segment, int(number), 0, text)
    parts = text.split(problem.delimiters.component.decode("latin-1"))
    if int(component) > len(parts):
        return None
    return _Element(segment, int(number), int(component), parts[int(component) - 1])


def _element_fix(problem: _Problem, correct: Callable[[str, _Problem], _Corrected]) -> Iterator[Fix]:
    """Yield the fix that gives the element of a finding another text."""
    sent = _sent_element(problem)
    corrected = correct(sent.text, problem) if sent else None
    if (
        sent is None
        or corrected is None
        or corrected[0] == sent.text
        or not _writable(corrected[0], problem.delimiters)
    ):
        return
    after, safe = corrected
    if safe or _adds_no_finding(problem, [_with_text(sent, after, problem.delimiters)]):
        yield _fix(problem, sent, after, safe)


def _trim(problem: _Problem) -> Iterator[Fix]:
    """Yield the fix that removes the blanks around a text, where they are all that the rule finds."""
    sent = _sent_element(problem)
    text = sent.text.strip(" ") if sent else ""
    if sent is None or not text or text == sent.text or not _writable(text, problem.delimiters):
        return
    rule = all_rules().get(problem.finding.rule)
    if rule is None or len(problem.ctx.claim.lines) > _MOST_LINES:
        return
    line, ctx = _with_segments(problem, [_with_text(sent, text, problem.delimiters)])
    before = _hit_elements(rule, problem.line, problem.ctx)
    if _hit_elements(rule, line, ctx) <= before - Counter((problem.finding.location.element,)):
        yield _fix(problem, sent, text, safe=True)


def _fix(problem: _Problem, sent: _Element, after: str, safe: bool) -> Fix:
    start, end, gap = _span(sent, problem.delimiters)
    new = gap + after.encode("ascii")
    return Fix(problem.finding.rule, safe, problem.finding.location, sent.text, after, start, end, new)


def _span(sent: _Element, delimiters: Delimiters) -> tuple[int, int, bytes]:
    """Return the bytes of an element or component in the file, and the separators to write before it where the
    segment ends before it."""
    segment = sent.segment
    parts = segment.raw.split(delimiters.element)
    if sent.element >= len(parts):
        end = segment.offset + len(segment.raw)
        return end, end, delimiters.element * (sent.element - len(parts) + 1)
    start = segment.offset + sum(len(part) + 1 for part in parts[: sent.element])
    text = parts[sent.element]
    pieces = text.split(delimiters.component) if sent.component else [text]
    at = max(sent.component - 1, 0)
    start += sum(len(piece) + 1 for piece in pieces[:at])
    return start, start + len(pieces[at]), b""


def _writable(text: str, delimiters: Delimiters) -> bool:
    """Return whether a text holds none of the interchange's delimiters."""
    separators = delimiters.element + delimiters.component + delimiters.segment + delimiters.repetition
    return text.isascii() and not any(chr(separator) in text for separator in separators)


# -- the text of an element ------------------------------------------------------------------------------------


def _ndc_of_text(text: str, problem: _Problem) -> _Corrected:
    """Return the NDC of the text for an empty LIN03."""
    stated = _stated_ndc(problem)
    return (stated, False) if stated is not None and not text.strip() else None


def _stated_ndc(problem: _Problem) -> str | None:
    """Return the NDC that the texts of a line state; None where they state several."""
    stated = problem.ctx.narrative(problem.line)
    for _, text in problem.ctx.texts(problem.line):
        rest = text.replace(stated.ndc_text or "", " ") if stated.ndc_text else ""
        if problem.ctx.read((rest,)).ndc not in (None, stated.ndc):
            return None
    return stated.ndc


def _ndc_without_ornament(text: str, problem: _Problem) -> _Corrected:
    """Return the digits of an NDC that was sent with hyphens, blanks or a prefix. The quantity of the paper form
    that follows it is removed as well, so that the CTP must hold it."""
    digits, drug = repaired(text), problem.line.drug
    if digits is None or drug is None:
        return None
    if normalize(text) is not None:
        return digits, True
    paper = _PAPER_QUANTITY.fullmatch(text.upper().partition(digits)[2])
    sent = (drug.unit, parse_quantity(drug.quantity))
    return digits, paper is not None and (paper[1], parse_quantity(paper[2])) == sent


def _ndc_that_is_known(text: str, problem: _Problem) -> _Corrected:
    """Return the only one of the three readings of ten digits that the tables know."""
    known = problem.ctx.reference.candidates_known(text.strip())
    return (known[0], False) if len(known) == 1 else None


def _ndc_of_eleven_digits(text: str, problem: _Problem) -> _Corrected:
    """Return the NDC of twelve digits that are a zero and an NDC that the tables know."""
    digits = without_leading_zero(text)
    return (digits, False) if digits and problem.ctx.reference.product(digits) is not None else None


def _qualifier(text: str, problem: _Problem) -> _Corrected:
    return ("N4", True) if text.strip().upper() == "N4" else None


def _unit_basis(text: str, problem: _Problem) -> _Corrected:
    return ("UN", True) if text.strip().upper() == "UN" else None


def _unit(text: str, problem: _Problem) -> _Corrected:
    unit = text.strip().upper()
    return (unit, True) if unit in UNITS else None


# By ``fixer`` of a rule's declaration.
_FIXERS: dict[Fixer, Callable[[str, _Problem], _Corrected]] = {
    "unit-basis": _unit_basis,
    "ndc-from-text": _ndc_of_text,
    "ndc-digits": _ndc_without_ornament,
    "known-ndc": _ndc_that_is_known,
    "qualifier": _qualifier,
    "eleven-digits": _ndc_of_eleven_digits,
    "unit": _unit,
}


# -- a loop 2410 that is missing -------------------------------------------------------------------------------


def _new_drug_loop(problem: _Problem) -> Iterator[Fix]:
    """Yield loop 2410 for an NDC that only the text holds, where the text and the tables give its quantity."""
    ndc = _stated_ndc(problem)
    if ndc is None or any(segment.tag in ("LIN", "CTP") for segment in problem.line.segments):
        return
    lin = ("LIN", "", "N4", ndc)
    if len(problem.ctx.claim.lines) > _MOST_LINES:
        return
    line, ctx = _with_segments(problem, [_new_segment(problem.line, lin)])
    known = quantity_of_text(line, ctx)
    if known is None:
        return
    ctp = ("CTP", "", "", "", format_number(known[0]), known[1])
    if not all(_writable(text, problem.delimiters) for text in (*lin, *ctp)):
        return
    if not _adds_no_finding(problem, [_new_segment(problem.line, lin), _new_segment(problem.line, ctp)]):
        return
    sent = _drug_loop_offset(problem.line)
    separator = problem.delimiters.element.decode("latin-1")
    yield Fix(
        rule=problem.finding.rule,
        safe=False,
        location=problem.finding.location,
        before="",
        after=f"{'*'.join(lin)} {'*'.join(ctp)}",
        start=sent,
        end=sent,
        segments=(separator.join(lin).encode("latin-1"), separator.join(ctp).encode("latin-1")),
    )


def _drug_loop_offset(line: ServiceLine) -> int:
    """Return the offset after the line's own segments, before loops 2420 to 2440, in both guides."""
    return next((segment.offset for segment in line.segments if segment.loop != "2400"), line.end)


# -- the line with a fix ---------------------------------------------------------------------------------------


def _with_text(sent: _Element, text: str, delimiters: Delimiters) -> Segment:
    """Return a segment with another text in an element."""
    elements = [*sent.segment.elements, *[""] * (sent.element + 1 - len(sent.segment.elements))]
    if sent.component:
        separator = delimiters.component.decode("latin-1")
        parts = elements[sent.element].split(separator)
        parts[sent.component - 1] = text
        text = separator.join(parts)
    elements[sent.element] = text
    return msgspec.structs.replace(sent.segment, elements=tuple(elements))


def _new_segment(line: ServiceLine, elements: tuple[str, ...]) -> Segment:
    """Return a segment of a new drug loop."""
    return Segment(elements[0], elements, line.lx.index, line.end, b"", _DRUG_LOOP)


def _with_segments(problem: _Problem, changed: list[Segment]) -> tuple[ServiceLine, Context]:
    """Return the line with segments that replace those of the same index and tag, or follow its own."""
    known = {(segment.index, segment.tag): segment for segment in changed}
    segments = [known.pop((old.index, old.tag), old) for old in problem.line.segments]
    own = [segment for segment in segments if segment.loop == "2400"]
    below = [segment for segment in segments if segment.loop != "2400"]
    component = problem.delimiters.component.decode("latin-1")
    line = service_line((*own, *known.values(), *below), component, problem.line.end)
    return line, problem.ctx.with_line(problem.line, line)


def _adds_no_finding(problem: _Problem, changed: list[Segment]) -> bool:
    """Return whether no rule on NDC or quantity has its first hit on the changed line: the rest of the claim must
    not contradict a likely fix."""
    if len(problem.ctx.claim.lines) > _MOST_LINES:
        return False
    line, ctx = _with_segments(problem, changed)
    return not any(
        _has_hit(rule, line, ctx) and not _has_hit(rule, problem.line, problem.ctx)
        for rule in _contradicting_rules(ctx.claim.type)
    )


@cache
def _contradicting_rules(claim_type: str) -> tuple[Rule, ...]:
    return tuple(
        rule
        for rule in all_rules().values()
        if rule.level == "line" and rule.family in _CONTRADICTING and rule.severity != INFO
        and claim_type in rule.claim_types
    )  # fmt: skip


def _has_hit(rule: Rule, line: ServiceLine, ctx: Context) -> bool:
    """Return whether a rule has a hit on a line. One that raises on a line that nobody sent counts as a hit."""
    try:
        return any(True for _ in rule.check(line, ctx))
    except Exception:
        return True


def _hit_elements(rule: Rule, line: ServiceLine, ctx: Context) -> Counter[str]:
    """Return the elements of a rule's hits on a line. One that raises on a line that nobody sent has one more."""
    try:
        return Counter(hit.location.element for hit in rule.check(line, ctx))
    except Exception:
        return Counter((_BROKEN,))
