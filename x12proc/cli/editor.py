"""What an editor shows of an open 837 file: diagnostics, facts about an element, an outline, and fixes.

Positions are byte offsets of the text in UTF-8; x12proc.cli.lsp converts them to lines and columns.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import cached_property

import msgspec

from x12proc.api import Scrubber, read
from x12proc.claims.model import Claim
from x12proc.engine.fixes import Fix
from x12proc.engine.result import ClaimResult
from x12proc.errors import X12SyntaxError
from x12proc.findings import Finding
from x12proc.reference.edition import Reference
from x12proc.reference.ndc import normalize
from x12proc.wire.events import Fault
from x12proc.wire.segment import Segment

_ISA_SEPARATOR, _ISA_TERMINATOR = 3, 105  # where an ISA has them


class Problem(msgspec.Struct, frozen=True):
    """A finding, or a fault of the file: its range, severity, code and text."""

    start: int
    end: int
    severity: str  # reject, warn, info, error
    code: str
    message: str


class OutlineEntry(msgspec.Struct, frozen=True):
    """A claim or a line in the outline, with the range of its segments."""

    name: str
    detail: str
    start: int
    end: int
    children: tuple[OutlineEntry, ...] = ()


class Change(msgspec.Struct, frozen=True):
    """A fix as a change of text."""

    title: str
    rule: str
    safe: bool
    start: int
    end: int
    new: str


class OpenFile:
    """An open file. Everything is computed when it is first asked for."""

    def __init__(self, text: str, scrubber: Scrubber, reference: Reference) -> None:
        self.data = text.encode("utf-8", "replace")
        self._scrubber = scrubber
        self._reference = reference
        separator = self.data[_ISA_SEPARATOR : _ISA_SEPARATOR + 1] or b"*"
        self._terminator = self.data[_ISA_TERMINATOR : _ISA_TERMINATOR + 1] or b"~"
        self._ends = separator + self._terminator + b"\r\n"

    @cached_property
    def _scrubbed(self) -> tuple[list[ClaimResult], list[Fault]]:
        run = self._scrubber.scrub(self.data)
        results: list[ClaimResult] = []
        with contextlib.suppress(X12SyntaxError):  # the fault is one of the result's
            results.extend(run)
        return results, list(run.result.faults) if run.result else []

    @cached_property
    def _claims(self) -> list[Claim]:
        claims: list[Claim] = []
        with contextlib.suppress(X12SyntaxError):  # what comes before it is shown
            claims.extend(read(self.data))
        return claims

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong, claim by claim, then the faults of the file."""
        results, faults = self._scrubbed
        for result in results:
            for finding in result.all_findings:
                start = finding.location.byte_offset
                text = f"{finding.message}. Fix: {finding.fix}"
                yield Problem(start, self._element_end(start), finding.severity, finding.rule, text)
        for fault in faults:
            end = self._element_end(fault.byte_offset)
            yield Problem(fault.byte_offset, end, fault.severity, fault.code, fault.message)

    def _element_end(self, start: int) -> int:
        end = start
        while end < len(self.data) and self.data[end] not in self._ends:
            end += 1
        return end

    def hover(self, offset: int) -> str | None:
        """Return loop, element, value and meaning of what is at an offset, in Markdown; None outside of claims."""
        segment = self._segment_at(offset)
        if segment is None:
            return None
        raw = segment.raw[: offset - segment.offset]
        number = raw.count(segment.raw[len(segment.tag) : len(segment.tag) + 1])
        name = f"{segment.tag}{number:02d}" if number else segment.tag
        value = segment.element(number)
        parts = [f"**{name}** in loop {segment.loop}", *self._meanings(value), *self._findings_at(segment, number)]
        return "\n\n".join(parts)

    def _meanings(self, value: str) -> Iterator[str]:
        for part in dict.fromkeys(value.replace(">", ":").split(":")):
            code = self._reference.code(part) if len(part) == 5 else None
            if code is not None:
                yield f"{part}: {code.short}"
            ndc = normalize(part) if len(part) >= 10 else None
            product = self._reference.product(ndc) if ndc else None
            if product is not None:
                yield f"{ndc}: {product.name}"

    def _findings_at(self, segment: Segment, number: int) -> Iterator[str]:
        for result in self._scrubbed[0]:
            for finding in result.all_findings:
                if _is_at(finding, segment, number):
                    yield f"{finding.rule} {finding.severity}: {finding.message}. Fix: {finding.fix}"

    def _segment_at(self, offset: int) -> Segment | None:
        for claim in self._claims:
            parties = [*claim.submitter_receiver, *claim.provider, *claim.subscriber, *claim.patient]
            for segment in [*claim.segments, *(one for party in parties for one in party.segments)]:
                if segment.offset <= offset <= segment.offset + len(segment.raw):
                    return segment
        return None

    def parent(self, offset: int) -> int | None:
        """Return the offset of the loop above: the CLM for a line, the subscriber for a claim; None above that."""
        for claim in self._claims:
            if claim.start < offset < claim.end:
                return claim.start
            if offset == claim.start and claim.subscriber:
                return claim.subscriber[0].segments[0].offset
        return None

    def outline(self) -> list[OutlineEntry]:
        """Return the claims with their service lines."""
        return [_entry(claim) for claim in self._claims]

    def changes(self, start: int, end: int) -> Iterator[Change]:
        """Yield the fixes of a range."""
        for result in self._scrubbed[0]:
            for fix in result.fixes:
                if fix.start <= end and start <= max(fix.end, self._element_end(fix.location.byte_offset)):
                    yield self._change(fix)

    def _change(self, fix: Fix) -> Change:
        line_end = b"\n" if self._terminator + b"\n" in self.data else b""
        inserted = b"".join(segment + self._terminator + line_end for segment in fix.segments)
        before = f"{fix.before} becomes {fix.after}" if fix.before else f"put in {fix.after}"
        sure = "" if fix.safe else " (compare with the package or record)"
        new = (fix.new or inserted).decode("utf-8", "replace")
        return Change(f"{fix.rule}: {before}{sure}", fix.rule, fix.safe, fix.start, fix.end, new)


def _is_at(finding: Finding, segment: Segment, number: int) -> bool:
    name = f"{segment.tag}{number:02d}"
    at = finding.location
    return at.segment_index == segment.index and at.after is None and at.element.partition("-")[0] == name


def _entry(claim: Claim) -> OutlineEntry:
    lines = [line for line in claim.lines if line.segments]
    children = tuple(
        OutlineEntry(f"Line {line.number}: {line.procedure}", line.charge, line.segments[0].offset, line.end)
        for line in lines
    )
    return OutlineEntry(f"Claim {claim.id}", claim.charge, claim.start, claim.end, children)
