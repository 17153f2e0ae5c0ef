"""Annotated EDI: one NTE*TPO a faulty target line, and the way back to the file as it came.

Notes are put in and taken out as edits of byte spans, so that every other byte stays as it was.
"""

from __future__ import annotations

import re

from x12proc.claims.model import ServiceLine
from x12proc.engine.annotation_text import NOTE_PREFIX, cannot_hold, line_findings, note_text
from x12proc.engine.document import Document
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Outcome, Summary
from x12proc.reports.edi.edits import Edit, EditedCopy, Edits, adjust_se_count, trailing_line_ends
from x12proc.reports.writer import ClaimRenderer, TargetClaim, Write
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.events import Interchange, OwnNote, TransactionClosed
from x12proc.wire.scanner import scan
from x12proc.wire.window import WINDOW, Buffer

# What may follow NTE*TPO in a 2400 loop, by claim type (pyx12 maps of both guides).
_AFTER_NOTE = {"P": frozenset(("PS1", "HCP")), "I": frozenset(("HCP",))}


# -- putting in ------------------------------------------------------------------------------------------------


class AnnotatedClaims(ClaimRenderer):
    """Renders the notes of claims as edits."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer

    def render(self, result: ClaimResult, document: Document) -> tuple[Edit, ...]:
        """Return an edit for each line with a note."""
        return tuple(self._notes(result))

    def _notes(self, scrubbed: ClaimResult) -> Edits:
        claim = scrubbed.claim
        for line in scrubbed.lines:
            text = note_text(line_findings(line, scrubbed), claim.delimiters)
            if not text or cannot_hold(line, text, claim.delimiters):
                continue
            offset = _note_offset(line.line, claim.type)
            ends = trailing_line_ends(self._buffer, offset, claim.delimiters.segment)
            yield Edit(offset, offset, _segment(text, claim.delimiters) + ends)


class AnnotatedEdi:
    """The annotated copy of a file (a stream writer)."""

    def __init__(self, buffer: Buffer, write: Write) -> None:
        self._buffer = buffer
        self._copy = EditedCopy(buffer, write)
        self._added = 0  # notes of the open set
        self._annotated_before = False
        self.earlier_note: int | None = None  # once ended: where the input has a note that restore takes out

    def handle(self, outcome: Outcome) -> None:
        """Raise SE01 by the notes of a set."""
        if isinstance(outcome, OwnNote):
            self._annotated_before = True
        elif isinstance(outcome, TransactionClosed):
            if self._added and outcome.trailer is not None:
                self._copy.make(adjust_se_count(self._buffer, outcome.trailer, self._added))
            self._added = 0

    def claim(self, claim: TargetClaim, part: tuple[Edit, ...]) -> None:
        """Put in the notes of a claim."""
        self._added += len(part)
        self._copy.make(part)

    def end(self, summary: Summary) -> None:
        """Copy the rest."""
        self._copy.finish()
        if self._annotated_before:
            self.earlier_note = first_earlier_note(self._buffer)


def first_earlier_note(buffer: Buffer) -> int | None:
    """Return where a source holds the first X12PROC note, or None.

    Restore can't tell such a note from those that are put in now, so there is no annotated copy that gives the
    source back.
    """
    return next((edit.start for edit in restore_edits(buffer)), None)


def _note_offset(line: ServiceLine, claim_type: str) -> int:
    """Return where NTE*TPO legally goes: before PS1 and HCP, and before loops 2410, 2420, 2430 and 2440."""
    after_note = _AFTER_NOTE[claim_type]
    for segment in line.segments:
        if segment.loop != "2400" or segment.tag in after_note:
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
            # Notes in front of this set are in one that was never closed, whose SE nobody raised.
            yield from _found_notes(buffer, position, event.transaction.start, delimiters)
            position = max(position, event.transaction.start)
            taken = 0
            for edit in _found_notes(buffer, position, event.trailer[0], delimiters):
                taken += 1
                yield edit
            if taken:
                yield from adjust_se_count(buffer, event.trailer, -taken)
            position = event.trailer[1]
    if delimiters is not None:
        yield from _found_notes(buffer, position, len(buffer), delimiters)


def _found_notes(buffer: Buffer, start: int, end: int, delimiters: Delimiters) -> Edits:
    """The notes between two places. A note never ends at a window's border: it is shorter than the overlap."""
    element, terminator = re.escape(delimiters.element), re.escape(delimiters.segment)
    note = re.compile(
        rb"(?<![0-9A-Za-z" + element + rb"])NTE" + element + rb"TPO" + element + NOTE_PREFIX.encode()
        + rb" [RW][:=][^" + element + terminator + rb"]{1,80}" + terminator + rb"[\r\n]*"
    )  # fmt: skip
    overlap = 1024
    while start < end:
        stop = min(start + WINDOW, end)
        chunk = buffer[max(start - 1, 0) : min(stop + overlap, end)]
        shift = max(start - 1, 0)
        for match in note.finditer(chunk, start - shift):  # the byte before tells whether a segment begins there
            if shift + match.start() >= stop:
                break
            yield Edit(shift + match.start(), shift + match.end(), b"")
        start = stop
