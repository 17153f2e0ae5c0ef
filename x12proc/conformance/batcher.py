"""Cuts a buffer into batches for a validator: claims with the loops that they hang under, or whole sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import msgspec

from x12proc.claims.builder import LARGEST_CLAIM, MOST_SEGMENTS
from x12proc.conformance.chunks import (
    CLAIM,
    HEADER,
    PATIENT,
    PROVIDER,
    SUBSCRIBER,
    TRAILER,
    Batch,
    Chunk,
    Item,
    version,
)
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.events import ClaimSpan
from x12proc.wire.segment import Segment, split_segments
from x12proc.wire.window import Buffer, count_terminators

BATCH_BYTES = 1024 * 1024
_HEAD = 256  # bytes; the head of any segment that can stand behind a piece
_LEVELS = {"20": PROVIDER, "22": SUBSCRIBER}


class Batcher(Protocol):
    """Turns items, in file order, into batches whose verdicts come in that order."""

    def cut(self, items: Iterable[Item]) -> Iterator[Batch]:
        """The batches of some items. Every item is under one of CHECKED_GUIDES."""


class ClaimBatcher:
    """Claims and what they hang under; everything else of the file is left alone."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer

    def cut(self, items: Iterable[Item]) -> Iterator[Batch]:
        """The batches of some claims; a new one wherever the guide or the delimiters change."""
        pieces: list[Chunk] = []
        under: tuple[str, Delimiters] | None = None
        opened: dict[int, int] = {}
        for claim in items:
            assert isinstance(claim, ClaimSpan), "ends of sets are judged with the whole set"
            key = (version(claim), claim.interchange.delimiters)
            if under is not None and key != under:
                yield Batch(*under, tuple(pieces))
                pieces, opened = [], {}
            under = key
            pieces += self._with_parents(claim, opened)
        if under is not None:
            yield Batch(*under, tuple(pieces))

    def _with_parents(self, claim: ClaimSpan, opened: dict[int, int]) -> Iterator[Chunk]:
        """The loops above a claim that are not those of the claim before, then the claim."""
        for level, loop in enumerate((claim.header, claim.provider, claim.subscriber, claim.patient)):
            if loop is not None and opened.get(level) != loop.start:
                for lower in [known for known in opened if known >= level]:
                    del opened[lower]
                opened[level] = loop.start
                yield Chunk(
                    self._buffer[loop.start : loop.end], loop.start, loop.segment_index, level, loop.number
                )
        yield claim_piece(self._buffer, claim)


def claim_piece(buffer: Buffer, claim: ClaimSpan) -> Chunk:
    """A claim, with the head of the segment behind it."""
    return Chunk(
        raw=_bounded(buffer, claim.start, claim.end, claim.interchange.delimiters),
        offset=claim.start,
        segment_index=claim.segment_index,
        level=CLAIM,
        number=claim.number,
        follower=buffer[claim.end : claim.end + _HEAD],
    )


class TransactionBatcher:
    """Whole sets, from ST to SE. Must be given every claim and the end of every set."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self._set = -1  # where the set at hand begins
        self._at = 0  # the byte, and the index of the segment, up to which it has been cut
        self._index = 0
        self._loops = 0
        self._delimiters = Delimiters(b"*", b":", b"~")
        self._opened: dict[int, Chunk] = {}
        self._pieces: list[Chunk] = []
        self._bytes = 0

    def cut(self, items: Iterable[Item]) -> Iterator[Batch]:
        """The batches of some items: a new one at every end of a set, and when there is enough in one."""
        guide = ""
        for item in items:
            if item.transaction.start != self._set:
                self._enter(item)
            guide = version(item)
            for piece in self._before(item):
                yield from self._add(piece, guide)
            if isinstance(item, ClaimSpan):
                yield from self._add(claim_piece(self._buffer, item), guide)
                self._at = item.end
                count = count_terminators(self._buffer, item.start, item.end, self._delimiters)
                self._index = item.segment_index + count
                self._opened = {
                    level: msgspec.structs.replace(piece, claimed=True) for level, piece in self._opened.items()
                }
            else:
                yield self._batch(guide, closes=True)
                self._opened = {}
        if self._pieces:
            yield self._batch(guide)

    def _enter(self, item: Item) -> None:
        self._set = self._at = item.transaction.start
        self._index = item.transaction.segment_index
        self._loops = 0
        self._delimiters = item.interchange.delimiters
        self._opened = {}
        self._pieces, self._bytes = [], 0

    def _before(self, item: Item) -> Iterator[Chunk]:
        """What lies between the item and what has been cut so far: the header, HL loops; the SE itself."""
        if isinstance(item, ClaimSpan):
            yield from self._between(item.start)
        elif item.trailer is not None:
            start, end = item.trailer
            yield from self._between(start)
            yield Chunk(self._buffer[start:end], start, self._index, TRAILER)

    def _between(self, end: int) -> Iterator[Chunk]:
        level, number, start, index = HEADER, 0, self._at, self._index
        for segment in self._segments(end):
            if segment.tag == "HL":
                if segment.offset > start:
                    yield self._loop(level, number, start, segment.offset, index)
                self._loops += 1
                level, number, start, index = _level(segment), self._loops, segment.offset, segment.index
        if start < end:
            yield self._loop(level, number, start, end, index)
        self._at = end

    def _segments(self, end: int) -> Iterator[Segment]:
        """The segments from where we are to ``end``, a stretch of bounded size at a time."""
        start = self._at
        while start < end:
            raw = self._buffer[start : min(start + BATCH_BYTES, end)]
            if start + len(raw) < end:
                raw = raw[: raw.rfind(self._delimiters.segment) + 1] or self._buffer[start:end]
            yield from split_segments(raw, start, self._index, self._delimiters)
            stop = start + len(raw)
            self._index += count_terminators(self._buffer, start, stop, self._delimiters)
            start = stop

    def _loop(self, level: int, number: int, start: int, end: int, index: int) -> Chunk:
        head = self._buffer[end : end + _HEAD]
        under = any(
            segment.tag == "CLM" or (segment.tag == "HL" and _level(segment) > level)
            for segment in split_segments(head, end, 0, self._delimiters)[:1]
        )
        raw = _bounded(self._buffer, start, end, self._delimiters)
        return Chunk(raw, start, index, level, number, b"" if under else head)

    def _add(self, piece: Chunk, guide: str) -> Iterator[Batch]:
        if self._bytes >= BATCH_BYTES:
            yield self._batch(guide)
        if not self._pieces:  # with all that is open: what is left now is told where it is left
            self._pieces = [known for _, known in sorted(self._opened.items())]
        self._pieces.append(piece)
        self._bytes += len(piece.raw)
        if piece.level < CLAIM:
            self._opened = {level: known for level, known in self._opened.items() if level < piece.level}
            self._opened[piece.level] = piece

    def _batch(self, guide: str, *, closes: bool = False) -> Batch:
        batch = Batch(guide, self._delimiters, tuple(self._pieces), closes)
        self._pieces, self._bytes = [], 0
        return batch


def _level(segment: Segment) -> int:
    """The level of an HL loop; one of no known level counts as the lowest, as the scanner has it."""
    return _LEVELS.get(segment.element(3)[:2], PATIENT)


def _bounded(buffer: Buffer, start: int, end: int, delimiters: Delimiters) -> bytes:
    """The bytes of a piece, or none where there is too much of it."""
    if end - start > LARGEST_CLAIM:
        return b""
    raw = buffer[start:end]
    return b"" if raw.count(delimiters.segment) > MOST_SEGMENTS else raw
