"""Fixed EDI: the file with the fixes of its claims made, SE01 raised by the segments that were put in."""

from __future__ import annotations

from x12proc.engine import ScrubbedClaim
from x12proc.fixes import FixPlanner
from x12proc.reports.edits import EditedCopy, recount
from x12proc.reports.writer import Write
from x12proc.scrub import Outcome, Summary
from x12proc.wire.events import TransactionClosed
from x12proc.wire.window import Buffer


class FixedEdi:
    """The fixed copy of a file (a stream writer)."""

    def __init__(self, buffer: Buffer, write: Write, planner: FixPlanner) -> None:
        self._buffer = buffer
        self._copy = EditedCopy(buffer, write)
        self._planner = planner
        self._added = 0

    def take(self, outcome: Outcome) -> None:
        """Make the fixes of a claim, and count the segments of a set that ends."""
        if isinstance(outcome, ScrubbedClaim):
            self._make(outcome)
        elif isinstance(outcome, TransactionClosed):
            if self._added and outcome.trailer is not None:
                self._copy.make(recount(self._buffer, outcome.trailer, self._added))
            self._added = 0

    def _make(self, scrubbed: ScrubbedClaim) -> None:
        fixes = [fix for fix in self._planner.plan(scrubbed) if fix.applied]
        self._added += sum(fix.added for fix in fixes)
        self._copy.make(sorted((edit for fix in fixes for edit in fix.edits), key=lambda edit: edit.start))

    def end(self, summary: Summary) -> None:
        """Copy the rest."""
        self._copy.finish()
