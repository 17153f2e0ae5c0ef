"""What reports hold of a claim, rendered in this process or in the one that scrubbed the claim."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import msgspec

from x12proc.engine.result import ClaimResult
from x12proc.reports.writer import ClaimRenderer
from x12proc.runner.artifacts import ARTIFACTS, RendererContext
from x12proc.wire.window import Buffer

Parts: TypeAlias = Sequence[Any]  # of a claim: one for each report


class RenderedClaim(msgspec.Struct, frozen=True):
    """A target claim whose parts were rendered in another process."""

    result: ClaimResult
    parts: Parts


class ClaimRenderers:
    """Renders the parts of claims for the reports among ``emit``, in that order.

    ``name`` is that of the input; ``patient`` is whether reports hold the patient's name and member id,
    ``processes`` the number of processes that render claims of the input.
    """

    def __init__(
        self, emit: Iterable[str], buffer: Buffer, name: str, *, patient: bool, processes: int = 1
    ) -> None:
        context = RendererContext(buffer, name, processes)
        kinds = [ARTIFACTS[kind] for kind in emit]
        self._renderers: list[ClaimRenderer] = [
            kind.report.renderer(context) for kind in kinds if kind.report is not None
        ]
        self._patient = patient

    def render(self, result: ClaimResult) -> Parts:
        """Return the parts of a claim."""
        if not self._renderers:
            return ()
        document = result.to_dict(patient=self._patient)
        return [renderer.render(result, document) for renderer in self._renderers]

    def finish(self, claims: Sequence[Parts]) -> list[Parts]:
        """Do for several claims what is cheaper for them together."""
        if not claims or not self._renderers:
            return list(claims)
        by_report = zip(self._renderers, zip(*claims, strict=True), strict=True)
        return list(zip(*[renderer.finish(list(parts)) for renderer, parts in by_report], strict=True))
