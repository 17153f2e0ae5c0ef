"""A segment: its elements as text, and where it stands in the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Protocol

import msgspec

from x12proc.wire.accelerated import is_ragged
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.line_ends import tidy

# The largest segment of the 837 has 16 elements. What stands behind so many stays in one piece: a text for each of
# a million elements would take two hundred times the room of their bytes.
MOST_ELEMENTS = 1000


class Segment(msgspec.Struct, frozen=True, gc=False):
    """One segment of a transaction set.

    ``elements[0]`` is the tag again, so that ``elements[3]`` of a CTP is what the guide calls CTP03; behind
    MOST_ELEMENTS the rest stands in one. ``index``
    is the number of segments before it in the file, ``offset`` the byte of its first letter, ``raw`` its bytes
    as they stand without the terminator, ``loop`` the loop it belongs to (``2400``).
    """

    tag: str
    elements: tuple[str, ...]
    index: int
    offset: int
    raw: bytes
    loop: str = ""

    def element(self, position: int) -> str:
        """Element ``position``, empty when it was not sent."""
        try:
            return self.elements[position]
        except IndexError:
            return ""

    def element_offset(self, position: int) -> int:
        """The file offset of element ``position``, or of the segment's end when it was not sent."""
        separator = self.raw[len(self.tag) : len(self.tag) + 1]
        place = 0
        for _ in range(position):
            found = self.raw.find(separator, place) if separator else -1
            if found < 0:
                return self.offset + len(self.raw)
            place = found + 1
        return self.offset + place


class Loops(Protocol):
    """Says which loop one segment after another belongs to. A segment is of the loop of the one before it, unless
    its tag is one of ``heads`` or that loop one of ``loose``: then :meth:`place` is asked."""

    @property
    def loop(self) -> str:
        """The loop of the last segment."""

    @property
    def heads(self) -> frozenset[str]:
        """Tags that can begin a loop."""

    @property
    def loose(self) -> frozenset[str]:
        """Loops that more tags than ``heads`` can end."""

    def place(self, elements: tuple[str, ...]) -> str:
        """The loop of the next segment, by its elements."""


class _NoLoops:
    """For segments whose loops nobody asks for."""

    loop = ""
    heads: frozenset[str] = frozenset()
    loose: frozenset[str] = frozenset()

    def place(self, elements: tuple[str, ...]) -> str:
        """No loop."""
        return ""


def split_segments(
    raw: bytes, offset: int, index: int, delimiters: Delimiters, loops: Loops | None = None
) -> list[Segment]:
    """The segments of a stretch of whole segments.

    ``offset`` and ``index`` are those of the first one; ``loops`` is asked of one after another, and without it
    a segment's loop is "".
    Text that is not ASCII is read as UTF-8 where it is UTF-8, else as Latin-1.
    """
    loops = loops or _NoLoops()
    if is_ragged(raw, delimiters.segment):
        return list(_split_ragged(raw, offset, index, delimiters, loops.place))
    # One character is one byte here, whatever the text's encoding: places in it are places in the bytes.
    text = raw.decode("latin-1")
    separator, terminator = delimiters.element.decode("latin-1"), delimiters.segment.decode("latin-1")
    plain = raw.isascii()
    layout, line_ends = _layout(delimiters)
    segments = []
    heads, loose, loop = loops.heads, loops.loose, loops.loop
    place = 0
    for number, piece in enumerate(text.split(terminator), index):
        body = piece.lstrip(line_ends)
        if body and body[0] in layout:
            body = body.lstrip(layout)
        end = place + len(piece)
        if body:
            start = end - len(body)
            elements = tuple(body.split(separator, MOST_ELEMENTS))
            if not plain:
                elements = tuple([decode(part.encode("latin-1")) for part in elements])
            tag = elements[0]
            if tag in heads or loop in loose:
                loop = loops.place(elements)
            segments.append(Segment(tag, elements, number, offset + start, raw[start:end], loop))
        place = end + 1
    return segments


def _split_ragged(
    raw: bytes, offset: int, index: int, delimiters: Delimiters, loop_of: Callable[[tuple[str, ...]], str]
) -> Iterator[Segment]:
    text, shifts = tidy(raw, delimiters)
    layout = delimiters.layout.encode("latin-1")
    place = 0
    entry = 0
    for number, piece in enumerate(text.split(delimiters.segment), index):
        body = piece.lstrip(layout)
        head = place + len(piece) - len(body)
        place += len(piece) + 1
        if not body:
            continue
        while entry + 1 < len(shifts) and shifts[entry + 1][0] <= head:
            entry += 1
        first = head + shifts[entry][1]
        last = entry
        while last + 1 < len(shifts) and shifts[last + 1][0] < head + len(body):
            last += 1
        end = head + len(body) + shifts[last][1]
        elements = tuple([decode(part) for part in body.split(delimiters.element, MOST_ELEMENTS)])
        yield Segment(elements[0], elements, number, offset + first, raw[first:end], loop_of(elements))


@lru_cache(maxsize=32)
def _layout(delimiters: Delimiters) -> tuple[str, str]:
    """What can stand before a tag and means nothing, and the line ends of it, which are stripped far faster."""
    return delimiters.layout, "".join([mark for mark in "\r\n" if mark in delimiters.layout])


def decode(data: bytes) -> str:
    """Text of an element: UTF-8 where it is UTF-8, else Latin-1, which never fails."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
