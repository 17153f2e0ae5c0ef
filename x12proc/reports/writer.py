"""The interfaces of artifact writers. Writers only write bytes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

from x12proc.engine.document import Document
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Outcome, Summary
from x12proc.wire.events import Fault

Write: TypeAlias = Callable[[bytes], object]


class ClaimRenderer(ABC):
    """Renders what one report holds of a claim, its part: a value that can be pickled.

    It knows nothing of claims that another process renders, so that claims can be shared among processes; what
    depends on all claims is left to the report's writer.
    """

    @abstractmethod
    def render(self, result: ClaimResult, document: Document) -> Any:
        """Return the part of a target claim; ``document`` is the dict of its result."""

    def finish(self, parts: list[Any]) -> list[Any]:
        """Do what is cheaper for several parts together. The writer takes unfinished parts as well."""
        return parts


class ReportWriter(Protocol):
    """Writes one artifact of one input."""

    def begin(self, source: Document) -> None:
        """Begin the report of an input: name, sha256, bytes."""

    def claim(self, result: ClaimResult, part: Any) -> None:
        """Write a target claim; ``part`` is what the report's renderer made of it."""

    def end(self, summary: Summary, faults: Sequence[Fault], program: Document) -> None:
        """Write the totals, the file's own faults, and the program and editions that made the report."""


class StreamWriter(Protocol):
    """Writes one artifact of one input from all its outcomes in file order: X12 made from X12."""

    def handle(self, outcome: Outcome) -> None:
        """Write an envelope, a claim or a fault."""

    def end(self, summary: Summary) -> None:
        """Write the rest: there are no more outcomes."""
