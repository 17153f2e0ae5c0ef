"""What the writers of artifacts are told, in order. Writers only write bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from x12proc.engine.document import Document
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Outcome, Summary
from x12proc.wire.events import Fault

Write: TypeAlias = Callable[[bytes], object]


class ReportWriter(Protocol):
    """Writes one artifact of one input."""

    def begin(self, source: Document) -> None:
        """The input: name, sha256, bytes."""

    def claim(self, scrubbed: ClaimResult, document: Document) -> None:
        """A target claim, with its document."""

    def end(self, summary: Summary, faults: Sequence[Fault], program: Document) -> None:
        """The totals, the file's own faults, and what program and editions made the report."""


class StreamWriter(Protocol):
    """Writes one artifact of one input from all that is told of it, in file order: X12 made from X12."""

    def take(self, outcome: Outcome) -> None:
        """An envelope, a claim or a fault."""

    def end(self, summary: Summary) -> None:
        """Everything has been told."""
