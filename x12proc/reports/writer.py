"""What every report writer is told, in order: the file, each claim, the end. Writers only write bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from x12proc.engine import ScrubbedClaim
from x12proc.reports.document import Document
from x12proc.scrub import Summary
from x12proc.wire.events import Fault

Write: TypeAlias = Callable[[bytes], object]


class ReportWriter(Protocol):
    """Writes one artefact of one input."""

    def begin(self, source: Document) -> None:
        """The input: name, sha256, bytes."""

    def claim(self, scrubbed: ScrubbedClaim, document: Document) -> None:
        """A target claim, with its document."""

    def end(self, summary: Summary, faults: Sequence[Fault], program: Document) -> None:
        """The totals, the file's own faults, and what program and editions made the report."""
