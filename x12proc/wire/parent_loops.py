"""The loops above the claims of a transaction set: its header, and the last HL loop of each level."""

from __future__ import annotations

from x12proc.wire.accelerated import count
from x12proc.wire.boundaries import PROVIDER, SUBSCRIBER, OpenLoops
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.events import SegmentRange
from x12proc.wire.window import Buffer, Window, count_terminators

PATIENT = b"23"
_LEVELS = (PROVIDER, SUBSCRIBER, PATIENT)


class _Loop:
    """An HL loop that can be the parent of claims: its span in the file, its position in the current window or -1,
    and its ordinal among the HL loops of its set. Its segment index is counted, and the range made, for the first
    claim below it."""

    __slots__ = ("end", "number", "range", "start", "window_pos")

    def __init__(self, start: int, end: int, window_pos: int, number: int) -> None:
        self.start = start
        self.end = end
        self.window_pos = window_pos
        self.number = number
        self.range: SegmentRange | None = None


class ParentLoops:
    """The header and the HL loops that the next claim of the set is a child of."""

    def __init__(self, buffer: Buffer, delimiters: Delimiters) -> None:
        self.header: SegmentRange | None = None
        self._buffer = buffer
        self._delimiters = delimiters
        self._ended = 0  # HL loops of the set
        self._loops: dict[bytes, _Loop] = {}

    def clear(self) -> None:
        """Begin a transaction set."""
        self.header = None
        self._ended = 0
        self._loops = {}

    def add(self, window: Window, ended: int, open_loops: OpenLoops, carried: int) -> None:
        """Keep the last HL loop of each level that can be the parent of a claim: what precedes a provider, and
        patients before a subscriber, are not. ``carried`` is the offset of a loop from an earlier window."""
        provider, subscriber, _ = open_loops
        if provider is not None:
            self._loops.clear()
        elif subscriber is not None:
            self._loops.pop(PATIENT, None)
        for level, loop in zip(_LEVELS, open_loops, strict=True):
            if loop is not None:
                position, end, number = loop
                start = window.offset(position) if position >= 0 else carried
                self._loops[level] = _Loop(start, window.offset(end), position, self._ended + number)
        self._ended += ended

    @property
    def count(self) -> int:
        """The number of HL loops of the set that have ended."""
        return self._ended

    def leave_window(self) -> None:
        """Forget the positions in the current window."""
        for loop in self._loops.values():
            loop.window_pos = -1

    def parent(self, level: bytes, window: Window, claim: SegmentRange, claim_pos: int) -> SegmentRange | None:
        """Return the HL loop of a level above a claim; its index is found by counting back from the claim."""
        loop = self._loops.get(level)
        if loop is None:
            return None
        if loop.range is None:
            if loop.window_pos >= 0 and claim_pos >= 0:
                between = count(window.text, self._delimiters.segment, loop.window_pos, claim_pos)
            else:
                between = count_terminators(self._buffer, loop.start, claim.start, self._delimiters)
            loop.range = SegmentRange(loop.start, loop.end, claim.segment_index - between, loop.number)
        return loop.range
