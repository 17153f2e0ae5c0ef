"""Split a buffer into batches for the guide check: claims with the loops above them, or whole sets."""

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
    CheckItem,
    Chunk,
    version,
)
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.events import ClaimSpan
from x12proc.wire.segment import Segment, split_segments
from x12proc.wire.window import Buffer, count_terminators

BATCH_BYTES = 1024 * 1024
_HEAD = 256  # bytes; the head of any segment that can follow a chunk
_LEVELS = {"20": PROVIDER, "22": SUBSCRIBER}


class Batcher(Protocol):
    """Turns items, in file order, into batches whose results have the same order."""

    def batches(self, items: Iterable[CheckItem]) -> Iterator[Batch]:
        """Yield the batches of some items. Every item is under one of CHECKED_GUIDES."""


class ClaimBatcher:
    """Batches of claims with the loops above them; everything else of the file is left out."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer

    def batches(self, items: Iterable[CheckItem]) -> Iterator[Batch]:
        """Yield the batches of some claims; a new one wherever the guide or the delimiters change."""
        chunks: list[Chunk] = []
        current: tuple[str, Delimiters] | None = None
        opened: dict[int, int] = {}
        for claim in items:
            assert isinstance(claim, ClaimSpan), "ends of sets are checked with the whole set"
            key = (version(claim), claim.interchange.delimiters)
            if current is not None and key != current:
                yield Batch(*current, tuple(chunks))
                chunks, opened = [], {}
            current = key
            chunks += self._with_parents(claim, opened)
        if current is not None:
            yield Batch(*current, tuple(chunks))

    def _with_parents(self, claim: ClaimSpan, opened: dict[int, int]) -> Iterator[Chunk]:
        """Yield the loops above a claim that are not those of the claim before, then the claim."""
        for level, loop in enumerate((claim.header, claim.provider, claim.subscriber, claim.patient)):
            if loop is not None and opened.get(level) != loop.start:
                for lower in [known for known in opened if known >= level]:
                    del opened[lower]
                opened[level] = loop.start
                yield Chunk(
                    self._buffer[loop.start : loop.end], loop.start, loop.segment_index, level, loop.number
                )
        yield claim_chunk(self._buffer, claim)


def claim_chunk(buffer: Buffer, claim: ClaimSpan) -> Chunk:
    """Return a claim, with the head of the segment after it."""
    return Chunk(
        raw=_bounded(buffer, claim.start, claim.end, claim.interchange.delimiters),
        offset=claim.start,
        segment_index=claim.segment_index,
        level=CLAIM,
        number=claim.number,
        next_head=buffer[claim.end : claim.end + _HEAD],
    )


class TransactionBatcher:
    """Batches of whole sets, from ST to SE. Needs every claim and the end of every set."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self._set = -1  # the offset of the current set
        self._at = 0  # the offset, and the segment index, up to which it has been split
        self._index = 0
        self._loops = 0
        self._delimiters = Delimiters(b"*", b":", b"~")
        self._opened: dict[int, Chunk] = {}
        self._chunks: list[Chunk] = []
        self._bytes = 0

    def batches(self, items: Iterable[CheckItem]) -> Iterator[Batch]:
        """Yield the batches of some items: a new one at every end of a set, and where one is full."""
        guide = ""
        for item in items:
            if item.transaction.start != self._set:
                self._enter(item)
            guide = version(item)
            for chunk in self._before(item):
                yield from self._add(chunk, guide)
            if isinstance(item, ClaimSpan):
                yield from self._add(claim_chunk(self._buffer, item), guide)
                self._at = item.end
                count = count_terminators(self._buffer, item.start, item.end, self._delimiters)
                self._index = item.segment_index + count
                self._opened = {
                    level: msgspec.structs.replace(chunk, has_claim=True) for level, chunk in self._opened.items()
                }
            else:
                yield self._batch(guide, ends_transaction=True)
                self._opened = {}
        if self._chunks:
            yield self._batch(guide)

    def _enter(self, item: CheckItem) -> None:
        self._set = self._at = item.transaction.start
        self._index = item.transaction.segment_index
        self._loops = 0
        self._delimiters = item.interchange.delimiters
        self._opened = {}
        self._chunks, self._bytes = [], 0

    def _before(self, item: CheckItem) -> Iterator[Chunk]:
        """Yield the chunks between the last item and this one: the header, HL loops; the SE itself."""
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
        """Yield the segments up to ``end``, a range of bounded size at a time."""
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
        has_child = any(
            segment.tag == "CLM" or (segment.tag == "HL" and _level(segment) > level)
            for segment in split_segments(head, end, 0, self._delimiters)[:1]
        )
        raw = _bounded(self._buffer, start, end, self._delimiters)
        return Chunk(raw, start, index, level, number, b"" if has_child else head)

    def _add(self, chunk: Chunk, guide: str) -> Iterator[Batch]:
        if self._bytes >= BATCH_BYTES:
            yield self._batch(guide)
        if not self._chunks:  # with all open loops: their errors are reported with the batch that ends them
            self._chunks = [known for _, known in sorted(self._opened.items())]
        self._chunks.append(chunk)
        self._bytes += len(chunk.raw)
        if chunk.level < CLAIM:
            self._opened = {level: known for level, known in self._opened.items() if level < chunk.level}
            self._opened[chunk.level] = chunk

    def _batch(self, guide: str, *, ends_transaction: bool = False) -> Batch:
        batch = Batch(guide, self._delimiters, tuple(self._chunks), ends_transaction)
        self._chunks, self._bytes = [], 0
        return batch


def _level(segment: Segment) -> int:
    """Return the level of an HL loop; an unknown one counts as the lowest, as in the scanner."""
    return _LEVELS.get(segment.element(3)[:2], PATIENT)


def _bounded(buffer: Buffer, start: int, end: int, delimiters: Delimiters) -> bytes:
    """Return the bytes of a chunk, or none where there are too many."""
    if end - start > LARGEST_CLAIM:
        return b""
    raw = buffer[start:end]
    return b"" if raw.count(delimiters.segment) > MOST_SEGMENTS else raw
