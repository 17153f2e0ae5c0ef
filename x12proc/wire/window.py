"""Reading an interchange in windows that begin and end at segment terminators.

A window is the only stretch of a file that is ever held in memory at once. Because it is cut at terminators,
no segment head and no procedure code can lie across the border of two windows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Protocol

from x12proc.wire import faults
from x12proc.wire.accelerated import count, has_stray_line_ends
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.line_ends import first_stray_line_end, fold_line_ends

WINDOW = 512 * 1024
FIRST_WINDOW = 16 * 1024
LONGEST_SEGMENT = 64 * 1024 * 1024
_HEAD = 4  # bytes of the longest tag and the separator after it


class Buffer(Protocol):
    """Bytes that can be sliced by position, such as ``bytes``."""

    def __getitem__(self, piece: slice, /) -> bytes:
        """The bytes of a slice."""

    def __len__(self) -> int:
        """Return the number of bytes."""


class Window:
    """A stretch of an interchange: ``text`` without stray line ends, with the way back to file offsets.

    ``text[0]`` is the terminator of the segment before; ``index`` is that segment's index in the file.
    """

    __slots__ = (
        "_counted",
        "_heads",
        "_indexed",
        "_shifts",
        "_terminator",
        "end",
        "index",
        "start",
        "stray",
        "text",
    )

    def __init__(self, chunk: bytes, start: int, index: int, delimiters: Delimiters) -> None:
        self.start = start
        self.end = start + len(chunk)
        self.index = index
        self.text = chunk
        self._terminator = delimiters.segment
        self._shifts: list[tuple[int, int]] = []
        self.stray: int | None = None  # the file offset of the first line end that is out of place
        if has_stray_line_ends(chunk, delimiters.segment):
            self.text, self._shifts = fold_line_ends(chunk, delimiters, start)
            found = first_stray_line_end(chunk, delimiters)
            self.stray = None if found is None else start + found
        self._heads = [entry[0] for entry in self._shifts]
        self._counted = 0
        self._indexed = index

    @property
    def is_folded(self) -> bool:
        """Return whether ``text`` is not what the file holds."""
        return bool(self._shifts)

    def first_stray_line_end(self) -> int | None:
        """The position in ``text`` where the first stray line end was taken out or turned into a terminator."""
        return self._heads[1] if len(self._heads) > 1 else None

    def offset(self, position: int) -> int:
        """The file offset of a position in ``text``."""
        if not self._shifts:
            return self.start + position
        return self.start + position + self._shifts[bisect_right(self._heads, position) - 1][1]

    def index_at(self, position: int) -> int:
        """The index of the segment that begins at ``position``; calls must come in rising order."""
        self._indexed += count(self.text, self._terminator, self._counted, position)
        self._counted = position
        return self._indexed

    def last_index(self) -> int:
        """The index of the segment that the terminator after this window ends."""
        return self.index_at(len(self.text))


def windows(
    buffer: Buffer, start: int, index: int, delimiters: Delimiters, size: int = WINDOW
) -> Iterator[Window]:
    """The windows from the terminator at ``start``, which ends segment ``index``, to the end of the buffer.

    The first ones are small, for many an interchange ends after a claim or two and the rest would be read in vain.
    Raises X12SyntaxError when no terminator is found for LONGEST_SEGMENT bytes.
    """
    total = len(buffer)
    reach = min(size, FIRST_WINDOW)
    while start < total:
        window = Window(_chunk(buffer, start, delimiters.segment, reach), start, index, delimiters)
        yield window
        start = window.end
        index = window.last_index()
        reach = min(size, reach * 4)


def count_terminators(buffer: Buffer, start: int, end: int, delimiters: Delimiters, size: int = WINDOW) -> int:
    """Return how many segments end between two segment heads at ``start`` and ``end``."""
    found = 0
    while start < end:
        chunk = buffer[start : min(start + size, end)]
        if start + len(chunk) < end:
            chunk = chunk[: chunk.rfind(delimiters.segment) + 1] or buffer[start:end]
        start += len(chunk)
        head = buffer[start : start + _HEAD]  # shows whether a line end before it is a terminator
        text = (
            fold_line_ends(chunk + head, delimiters)[0]
            if has_stray_line_ends(chunk, delimiters.segment)
            else chunk + head
        )
        found += count(text, delimiters.segment, 0, len(text)) - head.count(delimiters.segment)
    return found


def _chunk(buffer: Buffer, start: int, terminator: bytes, size: int) -> bytes:
    """The bytes from the terminator at ``start`` up to the last terminator within reach, or to the end."""
    total = len(buffer)
    reach = max(size, 2)
    while start + reach < total:
        chunk = buffer[start : start + reach]
        cut = chunk.rfind(terminator, 1)
        if cut > 0:
            return chunk[:cut]
        if reach >= LONGEST_SEGMENT:
            raise faults.SEGMENT_TOO_LONG.error(start, most=LONGEST_SEGMENT)
        reach *= 4
    return buffer[start:total]
