"""Guide conformance: batches of a file's pieces held against the implementation guides.

A piece that the quick walk knows to be sound is done with; every other one goes to pyx12, whose maps the tables of
the quick walk are made of and who alone says what is wrong. Before each piece a walk is set back to where the
piece's parent ended, so that a claim is judged as it would be behind its own loops, whatever stands beside it.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import metadata

import msgspec

from x12proc.conformance.chunks import CLAIM, Batch, BatchResult, Chunk, GuideErrors
from x12proc.conformance.fast.walk import sound_guide, walk_soundly
from x12proc.conformance.state import WalkState
from x12proc.findings import GuideError


def check(batch: Batch, *, quick: bool = True) -> BatchResult:
    """Hold a batch against its guide. The guide must be one of CHECKED_GUIDES; never raises on input.

    Not ``quick``, pyx12 is asked of every piece; the verdict is the same.
    """
    return _Course(batch, quick=quick).run()


@lru_cache(maxsize=4)
def _are_of_this_pyx12(source: str) -> bool:
    """Whether tables were made of the maps that are installed; maps of another pyx12 may say something else."""
    return source.startswith(f"pyx12 {metadata.version('pyx12')} ")


def check_quickly(batch: Batch) -> BatchResult | None:
    """The same without pyx12; None unless all of the batch is known to be sound."""
    try:
        return _Course(batch, quick=True, ask=False).run()
    except _AskPyx12:
        return None


class _AskPyx12(Exception):  # noqa: N818 - no fault: who is asked was told not to
    """A piece may be faulty."""


class _Course:
    """The walk through one batch: pieces quickly where that may be, by pyx12 where it may be asked."""

    def __init__(self, batch: Batch, *, quick: bool, ask: bool = True) -> None:
        self._batch = batch
        self._ask = ask
        self._guide = sound_guide(batch.guide)
        self._quick = quick and _are_of_this_pyx12(self._guide.guide.source)
        table = self._guide.guide
        counted = dict.fromkeys(table.envelope, 1)
        self._stack = [WalkState(-1, table.start, counted, None, frozenset(), claimed=True)]
        self._loose: list[GuideError] = []

    def run(self) -> BatchResult:
        """Walk all pieces."""
        claims: list[GuideErrors] = []
        for piece in self._batch.pieces:
            self._back_to(piece.level)
            self._stack.append(self._walk(piece))
            if piece.level == CLAIM:
                for above in self._stack:
                    above.claimed = True
                claims.append(tuple(error for above in self._stack for error in above.errors.values()))
        if self._batch.closes:
            self._back_to(0)
        return BatchResult(tuple(claims), tuple(self._loose))

    def _walk(self, piece: Chunk) -> WalkState:
        parent = self._stack[-1]
        if parent.stopped:
            return msgspec.structs.replace(parent, level=piece.level, errors={})
        delimiters = self._batch.delimiters
        sound = walk_soundly(self._guide, delimiters, parent, piece) if self._quick else None
        if sound is not None:
            return sound
        if not self._ask:
            raise _AskPyx12
        from x12proc.conformance.pyx12_walk import walk_with_pyx12  # noqa: PLC0415 - its maps take a while to load

        return walk_with_pyx12(self._batch.guide, delimiters, parent, piece)

    def _back_to(self, level: int) -> None:
        """Leave the loops that the next piece doesn't hang under."""
        while self._stack[-1].level >= level:
            left = self._stack.pop()
            if not left.claimed:
                self._loose += left.errors.values()
