"""The interfaces of artifact writers, and of the renderers of their claims. Writers only write bytes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

import msgspec

from x12proc.engine.document import Document
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Outcome, Summary
from x12proc.engine.tally import ClaimTally
from x12proc.wire.events import ClaimSpan, Fault

Write: TypeAlias = Callable[[bytes], object]


class TargetClaim(msgspec.Struct, frozen=True):
    """A target claim as writers get it: where it is, and what totals count. The rest is in their parts."""

    span: ClaimSpan
    tally: ClaimTally

    @property
    def rejected(self) -> bool:
        """Return whether the claim is rejected."""
        return self.tally.rejected


class ClaimRenderer(ABC):
    """Renders what one artifact holds of a target claim, its part: a value that can be pickled.

    It knows nothing of claims that another process renders, so that claims can be shared among processes; what
    depends on all claims is left to the artifact's writer.
    """

    @abstractmethod
    def render(self, result: ClaimResult, document: Document) -> Any:
        """Return the part of a target claim. ``document`` is the dict of its result; for a stream it is empty."""

    def take_hint(self, hint: Any) -> None:  # noqa: B027 - most renderers need none
        """Take what the report's writer said last that later parts need not hold; see ReportWriter.hint."""

    def finish(self, parts: list[Any]) -> list[Any]:
        """Do what is cheaper for several parts together. The writer takes unfinished parts as well."""
        return parts


class ReportWriter(Protocol):
    """Writes one artifact of one input from its target claims."""

    def begin(self, source: Document) -> None:
        """Begin the report of an input: name, sha256, bytes."""

    def claim(self, claim: TargetClaim, part: Any) -> None:
        """Write a target claim; ``part`` is what the report's renderer made of it."""

    def hint(self) -> Any:
        """Return what parts that are rendered from now on need not hold, a value that can be pickled; None for
        nothing."""

    def end(self, summary: Summary, faults: Sequence[Fault], program: Document) -> None:
        """Write the totals, the file's own faults, and the program and editions that made the report."""


class StreamWriter(Protocol):
    """Writes one artifact of one input from all its outcomes in file order: X12 made from X12."""

    def handle(self, outcome: Outcome) -> None:
        """Write an envelope, a claim without a target line or a fault."""

    def claim(self, claim: TargetClaim, part: Any) -> None:
        """Write a target claim; ``part`` is what the artifact's renderer made of it, None where it has none."""

    def end(self, summary: Summary) -> None:
        """Write the rest: there are no more outcomes."""
