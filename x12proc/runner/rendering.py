"""What artifacts hold of a target claim, rendered in this process or in the one that scrubbed the claim."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from x12proc.engine.result import ClaimResult
from x12proc.engine.tally import tally_of
from x12proc.reports.writer import ClaimRenderer, TargetClaim
from x12proc.runner.artifacts import ARTIFACTS, RendererContext
from x12proc.runner.settings import Settings
from x12proc.wire.window import Buffer

Parts: TypeAlias = Mapping[str, Any]  # of a claim: one for each artifact that has a renderer
Hints: TypeAlias = Mapping[str, Any]  # of the writers of reports


class RenderedClaim(msgspec.Struct, frozen=True):
    """A target claim with its parts, and its result where somebody takes it."""

    claim: TargetClaim
    parts: Parts
    result: ClaimResult | None = None


class ClaimRenderers:
    """Renders the parts of claims for the artifacts ``emit``; ``name`` is that of the input."""

    def __init__(self, emit: Iterable[str], buffer: Buffer, name: str, settings: Settings) -> None:
        context = RendererContext(buffer, name, settings.now)
        self._reports: dict[str, ClaimRenderer] = {}
        self._streams: dict[str, ClaimRenderer] = {}
        for kind in (ARTIFACTS[one] for one in emit):
            if kind.report is not None:
                self._reports[kind.name] = kind.report.renderer(context)
            elif kind.stream is not None and kind.stream.renderer is not None:
                self._streams[kind.name] = kind.stream.renderer(context)
        self._patient = settings.patient

    def render(self, result: ClaimResult) -> RenderedClaim:
        """Return a claim with its parts and its result."""
        parts = {name: renderer.render(result, {}) for name, renderer in self._streams.items()}
        if self._reports:
            document = result.to_dict(patient=self._patient)
            for name, renderer in self._reports.items():
                parts[name] = renderer.render(result, document)
        return RenderedClaim(TargetClaim(result.span, tally_of(result)), parts, result)

    def take_hints(self, hints: Hints) -> None:
        """Take what the writers of reports said last; see ClaimRenderer.take_hint."""
        for name, hint in hints.items():
            self._reports[name].take_hint(hint)

    def finish(self, claims: Sequence[RenderedClaim]) -> list[RenderedClaim]:
        """Do for several claims what is cheaper for them together."""
        finished = [dict(claim.parts) for claim in claims]
        for name, renderer in self._reports.items():
            parts = renderer.finish([claim.parts[name] for claim in claims])
            for own, part in zip(finished, parts, strict=True):
                own[name] = part
        return [msgspec.structs.replace(claim, parts=own) for claim, own in zip(claims, finished, strict=True)]
