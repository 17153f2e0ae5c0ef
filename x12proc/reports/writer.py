"""The interfaces of artifact writers. Writers only write bytes."""

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
        """Begin the report of an input: name, sha256, bytes."""

    def claim(self, result: ClaimResult, document: Document) -> None:
        """Write a target claim; ``document`` is the dict of its result."""

    def end(self, summary: Summary, faults: Sequence[Fault], program: Document) -> None:
        """Write the totals, the file's own faults, and the program and editions that made the report."""


class StreamWriter(Protocol):
    """Writes one artifact of one input from all its outcomes in file order: X12 made from X12."""

    def handle(self, outcome: Outcome) -> None:
        """Write an envelope, a claim or a fault."""

    def end(self, summary: Summary) -> None:
        """Write the rest: there are no more outcomes."""
