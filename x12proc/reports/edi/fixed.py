"""Fixed EDI: the input with its applied fixes, and every other byte unchanged."""

from __future__ import annotations

import msgspec

from x12proc.engine.document import Document
from x12proc.engine.fixes import Fix
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Outcome, Summary
from x12proc.reports.edi.edits import Edit, EditedCopy, adjust_se_count, trailing_line_ends
from x12proc.reports.writer import ClaimRenderer, TargetClaim, Write
from x12proc.wire.events import TransactionClosed
from x12proc.wire.window import Buffer


class ClaimFixes(msgspec.Struct, frozen=True):
    """The applied fixes of a claim as edits, and how many segments they put in."""

    edits: tuple[Edit, ...]
    added: int


class FixedClaims(ClaimRenderer):
    """Renders the applied fixes of claims."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer

    def render(self, result: ClaimResult, document: Document) -> ClaimFixes:
        """Return the edits of a claim."""
        terminator = result.claim.delimiters.segment
        fixes = [fix for fix in result.fixes if fix.applied]
        return ClaimFixes(
            tuple([self._edit(fix, terminator) for fix in fixes]), sum([len(fix.segments) for fix in fixes])
        )

    def _edit(self, fix: Fix, terminator: bytes) -> Edit:
        ends = trailing_line_ends(self._buffer, fix.start, terminator) if fix.segments else b""
        new = b"".join(segment + terminator + ends for segment in fix.segments)
        return Edit(fix.start, fix.end, fix.new + new)


class FixedEdi:
    """The fixed copy of a file (a stream writer)."""

    def __init__(self, buffer: Buffer, write: Write) -> None:
        self._buffer = buffer
        self._copy = EditedCopy(buffer, write)
        self._added = 0  # segments of the open set

    def handle(self, outcome: Outcome) -> None:
        """Raise SE01 by the segments that were put in."""
        if isinstance(outcome, TransactionClosed):
            if self._added and outcome.trailer is not None:
                self._copy.make(adjust_se_count(self._buffer, outcome.trailer, self._added))
            self._added = 0

    def claim(self, claim: TargetClaim, part: ClaimFixes) -> None:
        """Make the fixes of a claim."""
        self._added += part.added
        self._copy.make(part.edits)

    def end(self, summary: Summary) -> None:
        """Copy the rest."""
        self._copy.finish()
