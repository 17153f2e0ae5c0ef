"""Annotated EDI: one NTE*TPO a faulty target line, and the way back to the file as it came.

Notes are put in and taken out as edits of byte spans, so that every other byte stays as it was. The text is
``X12PROC R:NDC01 NAR04 W:RTE01``; in an interchange whose component separator is the colon, where a colon would
make NTE02 an illegal composite, an equals sign stands in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import msgspec

from x12proc.claims.model import ServiceLine
from x12proc.engine import ScrubbedClaim, ScrubbedLine
from x12proc.findings import REJECT, WARN, Finding, Severity
from x12proc.scrub import Outcome
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.events import Interchange, TransactionClosed
from x12proc.wire.scanner import scan
from x12proc.wire.window import WINDOW, Buffer

LONGEST_NOTE = 80  # NTE02
MARK = "X12PROC"
_LINE_ENDS = b"\r\n"
# What may follow NTE*TPO in a 2400 loop, by claim type (pyx12 maps of both guides).
_BEHIND = {"P": frozenset(("PS1", "HCP")), "I": frozenset(("HCP",))}


class Edit(msgspec.Struct, frozen=True):
    """Replace the bytes from ``start`` up to ``end`` with ``new``."""

    start: int
    end: int
    new: bytes


Edits: TypeAlias = Iterator[Edit]


def apply(buffer: Buffer, edits: Iterable[Edit]) -> Iterator[bytes]:
    """The buffer with edits in file order made, in pieces of at most a window."""
    position = 0
    for edit in edits:
        yield from _pieces(buffer, position, edit.start)
        yield edit.new
        position = edit.end
    yield from _pieces(buffer, position, len(buffer))


def _pieces(buffer: Buffer, start: int, end: int) -> Iterator[bytes]:
    while start < end:
        stop = min(start + WINDOW, end)
        yield buffer[start:stop]
        start = stop


# -- putting in ------------------------------------------------------------------------------------------------


class Annotator:
    """Turns the outcomes of one file, taken in order, into edits."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self._added = 0

    def edits(self, outcome: Outcome) -> Edits:
        """The edits that an outcome brings: notes for a claim, a new SE01 for the end of a set."""
        if isinstance(outcome, ScrubbedClaim):
            yield from self._notes(outcome)
        elif isinstance(outcome, TransactionClosed):
            if self._added and outcome.trailer is not None:
                yield from _recount(self._buffer, outcome.trailer, self._added)
            self._added = 0

    def _notes(self, scrubbed: ScrubbedClaim) -> Edits:
        claim = scrubbed.claim
        for line in scrubbed.lines:
            text = note_text(line_findings(line, scrubbed), claim.delimiters)
            if not text or annotation_skipped(line.line, scrubbed):
                continue
            place = _place(line.line, claim.type)
            ends = self._buffer[max(place - 64, 0) : place]
            ends = ends[len(ends.rstrip(_LINE_ENDS)) :]
            self._added += 1
            yield Edit(place, place, _segment(text, claim.delimiters) + ends)


def line_findings(line: ScrubbedLine, scrubbed: ScrubbedClaim) -> tuple[Finding, ...]:
    """The findings told on a line: its own, and the claim's on the first target line."""
    first = line is scrubbed.lines[0]
    return (*scrubbed.findings, *line.findings) if first else line.findings


def annotation_skipped(line: ServiceLine, scrubbed: ScrubbedClaim) -> bool:
    """Whether a line that has something to tell can't be annotated: it holds an NTE*TPO already, or the
    delimiters of its interchange occur in what would be written."""
    delimiters = scrubbed.claim.delimiters
    entry = next(entry for entry in scrubbed.lines if entry.line is line)
    text = note_text(line_findings(entry, scrubbed), delimiters)
    if not text:
        return False
    marks = delimiters.element + delimiters.segment + delimiters.component + delimiters.repetition
    return any(note.code == "TPO" for note in line.notes) or any(chr(mark) in text for mark in marks)


def note_text(findings: Iterable[Finding], delimiters: Delimiters) -> str:
    """``X12PROC R:NDC01 NAR04 W:RTE01``, at most 80 characters with the rest counted; "" for nothing to tell."""
    told = list(findings)
    colon = "=" if delimiters.component == b":" else ":"
    tokens = [*_tokens("R" + colon, told, REJECT), *_tokens("W" + colon, told, WARN)]
    if not tokens:
        return ""
    text = f"{MARK} {' '.join(tokens)}"
    kept = len(tokens)
    while len(text) > LONGEST_NOTE:
        kept -= 1
        text = f"{MARK} {' '.join(tokens[:kept])} +{len(tokens) - kept}"
    return text


def _tokens(head: str, findings: list[Finding], severity: Severity) -> list[str]:
    ids = sorted({finding.rule for finding in findings if finding.severity == severity})
    return [head + ids[0], *ids[1:]] if ids else []


def _place(line: ServiceLine, claim_type: str) -> int:
    """Where NTE*TPO legally stands: before PS1 and HCP, and before loops 2410, 2420, 2430 and 2440."""
    behind = _BEHIND[claim_type]
    for segment in line.segments:
        if segment.loop != "2400" or segment.tag in behind:
            return segment.offset
    return line.end


def _segment(text: str, delimiters: Delimiters) -> bytes:
    return delimiters.element.join((b"NTE", b"TPO", text.encode("ascii"))) + delimiters.segment


# -- taking out ------------------------------------------------------------------------------------------------


def restore_edits(buffer: Buffer) -> Edits:
    """The edits that take every X12PROC note out of an annotated file and lower SE01 again."""
    position = 0
    delimiters: Delimiters | None = None
    for event in scan(buffer, ()):
        if isinstance(event, Interchange):
            if delimiters is not None:
                yield from _found_notes(buffer, position, event.header.start, delimiters)
            position, delimiters = event.header.start, event.delimiters
        elif isinstance(event, TransactionClosed) and event.trailer is not None and delimiters is not None:
            taken = 0
            for edit in _found_notes(buffer, position, event.trailer[0], delimiters):
                taken += 1
                yield edit
            if taken:
                yield from _recount(buffer, event.trailer, -taken)
            position = event.trailer[1]
    if delimiters is not None:
        yield from _found_notes(buffer, position, len(buffer), delimiters)


def _found_notes(buffer: Buffer, start: int, end: int, delimiters: Delimiters) -> Edits:
    """The notes between two places. A note never ends at a window's border: it is shorter than the overlap."""
    element, terminator = re.escape(delimiters.element), re.escape(delimiters.segment)
    note = re.compile(
        rb"(?<=[\r\n\t " + terminator + rb"])NTE" + element + rb"TPO" + element + MARK.encode() + rb" [RW][:=][^"
        + element + terminator + rb"]{1,80}" + terminator + rb"[\r\n]*"
    )  # fmt: skip
    overlap = 1024
    while start < end:
        stop = min(start + WINDOW, end)
        chunk = buffer[max(start - 1, 0) : min(stop + overlap, end)]
        shift = max(start - 1, 0)
        for match in note.finditer(chunk):
            if shift + match.start() >= stop:
                break
            yield Edit(shift + match.start(), shift + match.end(), b"")
        start = stop


# -- the segment count -----------------------------------------------------------------------------------------


def _recount(buffer: Buffer, trailer: tuple[int, int], difference: int) -> Edits:
    """Raise or lower SE01 by a difference; a count that is no number is left as it is."""
    start, end = trailer
    raw = buffer[start:end]
    separator = raw[2:3]
    said = raw.split(separator)[1]
    if said.isdigit() and int(said) + difference >= 0:
        place = start + 3
        yield Edit(place, place + len(said), shifted_count(said, difference))


def shifted_count(said: bytes, difference: int) -> bytes:
    """A count raised or lowered, its leading zeros kept: so the same step back gives the same bytes again."""
    number = said.lstrip(b"0") or b"0"
    zeros = len(said) - len(number)
    return b"0" * zeros + str(int(number) + difference).encode()
