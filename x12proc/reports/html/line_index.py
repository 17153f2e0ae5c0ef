"""On which line and column of its file a byte stands, as editors count: both from 1, lines end at a line feed."""

from __future__ import annotations

from array import array

from x12proc.wire.window import Buffer

_STEP = 16 * 1024  # bytes that are read at a time; the line of the first of them is remembered


class LineIndex:
    """Counts the line feeds of a buffer once, from its beginning and no further than it is asked."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        # For each multiple of _STEP: the line feeds before it, and where the line that it stands on begins.
        self._feeds = array("Q", [0])
        self._begins = array("Q", [0])
        self._piece = buffer[0:_STEP]
        self._step = 0  # which piece this is
        self._last = (0, 0, 0)  # the last answer in it: offset, line feeds before it, begin of its line

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of a byte."""
        step = offset // _STEP
        while step >= len(self._feeds):
            self._count(len(self._feeds) - 1)
        self._read(step)
        start = step * _STEP
        near, feeds, begin = self._last
        if offset < near:
            near, feeds, begin = start, self._feeds[step], self._begins[step]
        found = self._piece.count(b"\n", near - start, offset - start)
        if found:
            feeds, begin = feeds + found, start + self._piece.rfind(b"\n", 0, offset - start) + 1
        self._last = (offset, feeds, begin)
        return feeds + 1, offset - begin + 1

    def line(self, offset: int) -> int:
        """Line of a byte."""
        return self.place(offset)[0]

    def _read(self, step: int) -> None:
        if step != self._step:
            self._piece = self._buffer[step * _STEP : (step + 1) * _STEP]
            self._step = step
            self._last = (step * _STEP, self._feeds[step], self._begins[step])

    def _count(self, step: int) -> None:
        """Count a piece, so that the next one's first line is known."""
        self._read(step)
        last = self._piece.rfind(b"\n")
        self._feeds.append(self._feeds[step] + self._piece.count(b"\n"))
        self._begins.append(self._begins[step] if last < 0 else step * _STEP + last + 1)
