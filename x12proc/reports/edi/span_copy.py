"""Copies spans of an input to a file, with new bytes between them, and counts the segments."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import BinaryIO

from x12proc.wire.accelerated import has_stray_line_ends
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.line_ends import fold_line_ends
from x12proc.wire.window import WINDOW, Buffer

_LARGEST_SPAN = 64 * 1024 * 1024  # what is longer, which no claim is, is copied in parts


class SpanCopy:
    """Writes spans of a buffer, joined while one begins where the last one ended, and new bytes between them."""

    def __init__(self, buffer: Buffer, file: BinaryIO) -> None:
        self.buffer = buffer
        self._file = file
        self._start = 0  # the span that may still grow
        self._end = 0
        self._pieces: list[bytes] = []  # what comes before it and is not in the file yet
        self._held = 0
        self._written = 0
        self._segments = 0
        self._delimiters: Delimiters | None = None

    def span(self, start: int, end: int) -> None:
        """Copy from ``start`` up to ``end``: whole segments, or the rest of one with the segments after it."""
        if start != self._end:
            self._end_span()
            self._start = self._end = start
        while end - self._end > _LARGEST_SPAN:
            self._end += WINDOW
            self.flush()
        self._end = end
        if self._held + end - self._start >= WINDOW:  # here and nowhere else what is gathered ends with a segment
            self.flush()

    def put(self, new: bytes) -> None:
        """Write new bytes."""
        self._end_span()
        self._pieces.append(new)
        self._held += len(new)

    def put_segments(self, new: bytes) -> None:
        """Write whole segments."""
        self.put(new)
        if self._held >= WINDOW:
            self.flush()

    def position(self) -> int:
        """Return the position in the file of the next byte."""
        return self._written + self._held + self._end - self._start

    def patch(self, position: int, new: bytes) -> None:
        """Overwrite bytes that were written before."""
        self.flush()
        self._file.seek(position)
        self._file.write(new)
        self._file.seek(self._written)

    def begin_count(self, delimiters: Delimiters) -> None:
        """Count segments from here on."""
        self.flush()
        self._segments = 0
        self._delimiters = delimiters

    def counted(self) -> int:
        """Return how many segments were written since :meth:`begin_count`."""
        self.flush()
        return self._segments

    def flush(self) -> None:
        """Write the gathered pieces."""
        self._end_span()
        text = b"".join(self._pieces)
        if self._delimiters is not None:
            self._segments += _count(text, self._delimiters)
        self._file.write(text)
        self._written += len(text)
        self._pieces.clear()
        self._held = 0

    def _end_span(self) -> None:
        if self._start == self._end:
            return
        self._pieces.append(self.buffer[self._start : self._end])
        self._held += self._end - self._start
        self._start = self._end


def _count(text: bytes, delimiters: Delimiters) -> int:
    """Return how many segments a range of whole segments holds; a terminator right after another one ends none.

    Where a line end is the last terminator, what follows it makes it one: an HL, a CLM or an SE, in the
    input as in the copy.
    """
    open_end = False
    if has_stray_line_ends(text, delimiters.segment):
        text, _ = fold_line_ends(text, delimiters)
        last = text.rstrip(delimiters.layout.encode("latin-1"))
        open_end = bool(last) and not last.endswith(delimiters.segment)
    empty = sum(1 for _ in _empty_segments(delimiters).finditer(text))
    return text.count(delimiters.segment) - empty + open_end


@lru_cache(maxsize=32)
def _empty_segments(delimiters: Delimiters) -> re.Pattern[bytes]:
    terminator = re.escape(delimiters.segment)
    layout = re.escape(delimiters.layout.encode("latin-1"))
    return re.compile(terminator + rb"[" + layout + rb"]*+(?=" + terminator + rb")")
