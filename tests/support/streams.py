"""Passes outcomes to a writer as a run does, in one process."""

from __future__ import annotations

from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Outcome
from x12proc.engine.tally import tally_of
from x12proc.reports.writer import ClaimRenderer, StreamWriter, TargetClaim


def target_claim(result: ClaimResult) -> TargetClaim:
    """A target claim as writers get it."""
    return TargetClaim(result.span, tally_of(result))


def pass_to(writer: StreamWriter, outcome: Outcome, renderer: ClaimRenderer | None = None) -> None:
    """Pass an outcome to a writer, with its part by the renderer of the artifact."""
    if isinstance(outcome, ClaimResult):
        writer.claim(target_claim(outcome), renderer.render(outcome, {}) if renderer else None)
    else:
        writer.handle(outcome)
