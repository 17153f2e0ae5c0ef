"""Fixed EDI: the input with its applied fixes, and every other byte unchanged."""

from __future__ import annotations

from x12proc.engine.fixes import Fix
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Outcome, Summary
from x12proc.reports.edi.edits import Edit, EditedCopy, Edits, adjust_se_count, trailing_line_ends
from x12proc.reports.writer import Write
from x12proc.wire.events import TransactionClosed
from x12proc.wire.window import Buffer


class FixedEdi:
    """The fixed copy of a file (a stream writer)."""

    def __init__(self, buffer: Buffer, write: Write) -> None:
        self._buffer = buffer
        self._copy = EditedCopy(buffer, write)
        self._added = 0  # segments of the set at hand

    def handle(self, outcome: Outcome) -> None:
        """Make the fixes of a claim, or raise SE01 by the segments that were put in."""
        if isinstance(outcome, ClaimResult):
            terminator = outcome.claim.delimiters.segment
            fixes = [fix for fix in outcome.fixes if fix.applied]
            self._added += sum(len(fix.segments) for fix in fixes)
            self._copy.make(self._edit(fix, terminator) for fix in fixes)
        elif isinstance(outcome, TransactionClosed):
            self._copy.make(self._recount(outcome))
            self._added = 0

    def end(self, summary: Summary) -> None:
        """Copy the rest."""
        self._copy.finish()

    def _edit(self, fix: Fix, terminator: bytes) -> Edit:
        ends = trailing_line_ends(self._buffer, fix.start, terminator) if fix.segments else b""
        new = b"".join(segment + terminator + ends for segment in fix.segments)
        return Edit(fix.start, fix.end, fix.new + new)

    def _recount(self, closed: TransactionClosed) -> Edits:
        if self._added and closed.trailer is not None:
            yield from adjust_se_count(self._buffer, closed.trailer, self._added)
