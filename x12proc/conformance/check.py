"""Guide conformance: check batches of a file's chunks against the implementation guides.

A chunk that the fast walk finds sound needs no more; every other one goes to pyx12, which reports the errors, and
whose maps the tables of the fast walk are built from. Before each chunk the walk is reset to the state at the end
of the chunk's parent, so that a claim is checked as if it followed its own loops, whatever precedes it in the
file.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import metadata

import msgspec

from x12proc.conformance.chunks import CLAIM, Batch, BatchResult, Chunk, GuideErrors
from x12proc.conformance.fast.walk import fast_guide, fast_walk
from x12proc.conformance.state import WalkState
from x12proc.findings import GuideError


def check(batch: Batch, *, fast: bool = True) -> BatchResult:
    """Check a batch against its guide. The guide must be one of CHECKED_GUIDES; never raises on input.

    Without ``fast`` every chunk goes to pyx12; the result is the same.
    """
    return _BatchCheck(batch, fast=fast).run()


@lru_cache(maxsize=4)
def _are_of_this_pyx12(source: str) -> bool:
    """Return whether tables were built from the installed maps; those of another pyx12 may differ."""
    return source.startswith(f"pyx12 {metadata.version('pyx12')} ")


def check_fast(batch: Batch) -> BatchResult | None:
    """Check a batch without pyx12; None unless all of it is known to be sound."""
    try:
        return _BatchCheck(batch, fast=True, allow_pyx12=False).run()
    except _NeedsPyx12:
        return None


class _NeedsPyx12(Exception):  # noqa: N818 - no error: ends a check without pyx12
    """A chunk may be faulty."""


class _BatchCheck:
    """The check of one batch: with the fast walk where possible, with pyx12 where that is allowed."""

    def __init__(self, batch: Batch, *, fast: bool, allow_pyx12: bool = True) -> None:
        self._batch = batch
        self._allow_pyx12 = allow_pyx12
        self._guide = fast_guide(batch.guide)
        self._fast = fast and _are_of_this_pyx12(self._guide.guide.source)
        table = self._guide.guide
        counted = dict.fromkeys(table.envelope, 1)
        self._stack = [WalkState(-1, table.start, counted, None, frozenset(), has_claim=True)]
        self._unattached: list[GuideError] = []

    def run(self) -> BatchResult:
        """Walk all chunks."""
        claims: list[GuideErrors] = []
        for chunk in self._batch.chunks:
            self._back_to(chunk.level)
            self._stack.append(self._walk(chunk))
            if chunk.level == CLAIM:
                for above in self._stack:
                    above.has_claim = True
                claims.append(tuple(error for above in self._stack for error in above.errors.values()))
        if self._batch.ends_transaction:
            self._back_to(0)
        return BatchResult(tuple(claims), tuple(self._unattached))

    def _walk(self, chunk: Chunk) -> WalkState:
        parent = self._stack[-1]
        if parent.stopped:
            return msgspec.structs.replace(parent, level=chunk.level, errors={})
        delimiters = self._batch.delimiters
        sound = fast_walk(self._guide, delimiters, parent, chunk) if self._fast else None
        if sound is not None:
            return sound
        if not self._allow_pyx12:
            raise _NeedsPyx12
        from x12proc.conformance.pyx12_walk import walk_with_pyx12  # noqa: PLC0415 - its maps take a while to load

        return walk_with_pyx12(self._batch.guide, delimiters, parent, chunk)

    def _back_to(self, level: int) -> None:
        """Leave the loops that are not above the next chunk."""
        while self._stack[-1].level >= level:
            left = self._stack.pop()
            if not left.has_claim:
                self._unattached += left.errors.values()
