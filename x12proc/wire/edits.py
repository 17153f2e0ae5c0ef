"""Edits of a file's bytes: what is put where, everything else left as it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from x12proc.wire.window import WINDOW, Buffer

_LINE_ENDS = b"\r\n"


class Edit(msgspec.Struct, frozen=True):
    """Replace the bytes from ``start`` up to ``end`` with ``new``."""

    start: int
    end: int
    new: bytes


def apply(buffer: Buffer, edits: Iterable[Edit]) -> Iterator[bytes]:
    """The buffer with edits in file order made, in pieces of at most a window."""
    position = 0
    for edit in edits:
        yield from pieces(buffer, position, edit.start)
        yield edit.new
        position = edit.end
    yield from pieces(buffer, position, len(buffer))


def pieces(buffer: Buffer, start: int, end: int) -> Iterator[bytes]:
    """The bytes between two places, a window at a time."""
    while start < end:
        stop = min(start + WINDOW, end)
        yield buffer[start:stop]
        start = stop


def line_ends_before(buffer: Buffer, place: int) -> bytes:
    """The line ends that stand right before a place: a segment put in there gets the same behind it."""
    ends = buffer[max(place - 64, 0) : place]
    return ends[len(ends.rstrip(_LINE_ENDS)) :]
