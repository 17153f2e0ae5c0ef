"""A segment: its elements as text, its index and its offset in the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Protocol

import msgspec

from x12proc.wire.accelerated import has_stray_line_ends, split_ascii
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.line_ends import fold_line_ends

# The largest segment of the 837 has 16 elements. What follows after so many stays in one piece: a text for each of
# a million elements would take two hundred times the memory of their bytes.
MOST_ELEMENTS = 1000


class Segment(msgspec.Struct, frozen=True, gc=False):
    """One segment of a transaction set.

    ``elements[0]`` is the tag again, so that ``elements[3]`` of a CTP is what the guide calls CTP03; after
    MOST_ELEMENTS the rest is one element. ``index`` is the number of segments before it in the file, ``offset``
    the byte of its first letter, ``raw`` its bytes as sent without the terminator, ``loop`` its loop (``2400``).
    """

    tag: str
    elements: tuple[str, ...]
    index: int
    offset: int
    raw: bytes
    loop: str = ""

    def element(self, position: int) -> str:
        """Return element ``position``, empty where it was not sent."""
        try:
            return self.elements[position]
        except IndexError:
            return ""

    def element_offset(self, position: int) -> int:
        """Return the file offset of element ``position``, or of the segment's end where it was not sent."""
        separator = self.raw[len(self.tag) : len(self.tag) + 1]
        start = 0
        for _ in range(position):
            found = self.raw.find(separator, start) if separator else -1
            if found < 0:
                return self.offset + len(self.raw)
            start = found + 1
        return self.offset + start


class Loops(Protocol):
    """Assigns loops to segments, in file order. A segment is in the loop of the one before it, unless its tag is
    one of ``loop_starts`` or that loop one of ``open_loops``: only then :meth:`loop_of` is called."""

    @property
    def loop(self) -> str:
        """The loop of the last segment."""

    @property
    def loop_starts(self) -> frozenset[str]:
        """Tags that can begin a loop."""

    @property
    def open_loops(self) -> frozenset[str]:
        """Loops that more tags than ``loop_starts`` can end."""

    def loop_of(self, elements: tuple[str, ...]) -> str:
        """Return the loop of the next segment, by its elements."""


class _NoLoops:
    """No loops, for segments that are used without them."""

    loop = ""
    loop_starts: frozenset[str] = frozenset()
    open_loops: frozenset[str] = frozenset()

    def loop_of(self, elements: tuple[str, ...]) -> str:
        """Return no loop."""
        return ""


def split_segments(
    raw: bytes, offset: int, index: int, delimiters: Delimiters, loops: Loops | None = None
) -> list[Segment]:
    """Split a range of whole segments.

    ``offset`` and ``index`` are those of the first segment; ``loops`` assigns their loops, and without it a
    segment's loop is "".
    Text that is not ASCII is read as UTF-8 where it is UTF-8, else as Latin-1.
    """
    loops = loops or _NoLoops()
    if has_stray_line_ends(raw, delimiters.segment):
        return list(_split_with_stray_line_ends(raw, offset, index, delimiters, loops.loop_of))
    if split_ascii is None or not raw.isascii():
        return split_plain_py(raw, offset, index, delimiters, loops)
    return split_ascii(
        raw,
        offset,
        index,
        delimiters.segment,
        delimiters.element,
        delimiters.layout.encode("latin-1"),
        MOST_ELEMENTS,
        Segment,
        loops.loop_starts,
        loops.open_loops,
        loops.loop,
        loops.loop_of,
    )


def split_plain_py(raw: bytes, offset: int, index: int, delimiters: Delimiters, loops: Loops) -> list[Segment]:
    """Split whole segments without stray line ends, with the arguments of :func:`split_segments`."""
    # One character is one byte here, whatever the text's encoding: positions in it are positions in the bytes.
    text = raw.decode("latin-1")
    separator, terminator = delimiters.element.decode("latin-1"), delimiters.segment.decode("latin-1")
    plain = raw.isascii()
    layout, line_ends = _layout(delimiters)
    segments = []
    loop_starts, open_loops, loop = loops.loop_starts, loops.open_loops, loops.loop
    position = 0
    for number, piece in enumerate(text.split(terminator), index):
        body = piece.lstrip(line_ends)
        if body and body[0] in layout:
            body = body.lstrip(layout)
        end = position + len(piece)
        if body:
            start = end - len(body)
            elements = tuple(body.split(separator, MOST_ELEMENTS))
            if not plain:
                elements = tuple([decode(part.encode("latin-1")) for part in elements])
            tag = elements[0]
            if tag in loop_starts or loop in open_loops:
                loop = loops.loop_of(elements)
            segments.append(Segment(tag, elements, number, offset + start, raw[start:end], loop))
        position = end + 1
    return segments


def _split_with_stray_line_ends(
    raw: bytes, offset: int, index: int, delimiters: Delimiters, loop_of: Callable[[tuple[str, ...]], str]
) -> Iterator[Segment]:
    text, shifts = fold_line_ends(raw, delimiters)
    layout = delimiters.layout.encode("latin-1")
    position = 0
    entry = 0
    for number, piece in enumerate(text.split(delimiters.segment), index):
        body = piece.lstrip(layout)
        head = position + len(piece) - len(body)
        position += len(piece) + 1
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
    """Return the characters that can precede a tag and mean nothing, and the line ends among them, which are
    stripped far faster."""
    return delimiters.layout, "".join([end for end in "\r\n" if end in delimiters.layout])


def decode(data: bytes) -> str:
    """Decode the bytes of an element: UTF-8 where they are UTF-8, else Latin-1, which never fails."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
