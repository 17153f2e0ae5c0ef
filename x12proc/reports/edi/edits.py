"""A file's bytes with edits made: everything that is not edited stays as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import msgspec

from x12proc.wire.window import WINDOW, Buffer

_LINE_ENDS = b"\r\n"


class Edit(msgspec.Struct, frozen=True):
    """Replace the bytes from ``start`` up to ``end`` with ``new``."""

    start: int
    end: int
    new: bytes


Edits: TypeAlias = Iterator[Edit]


def apply(buffer: Buffer, edits: Iterable[Edit]) -> Iterator[bytes]:
    """The buffer with edits in file order made, in pieces of at most a window."""
    position = 0
    for edit in edits:
        yield from pieces(buffer, position, edit.start)
        yield edit.new
        position = edit.end
    yield from pieces(buffer, position, len(buffer))


def pieces(buffer: Buffer, start: int, end: int) -> Iterator[bytes]:
    while start < end:
        stop = min(start + WINDOW, end)
        yield buffer[start:stop]
        start = stop


class EditedCopy:
    """Writes a copy of a buffer with edits made as they come, in file order."""

    def __init__(self, buffer: Buffer, write: Callable[[bytes], object]) -> None:
        self._buffer = buffer
        self._write = write
        self._position = 0

    def make(self, edits: Iterable[Edit]) -> None:
        """Copy up to each edit, and write what it brings."""
        for edit in edits:
            self._copy(edit.start)
            self._write(edit.new)
            self._position = edit.end

    def finish(self) -> None:
        """Copy the rest."""
        self._copy(len(self._buffer))

    def _copy(self, end: int) -> None:
        for piece in pieces(self._buffer, self._position, end):
            self._write(piece)
        self._position = end


def trailing_line_ends(buffer: Buffer, place: int, terminator: bytes) -> bytes:
    """The line ends between the last terminator and a segment's head; a segment that is put in there needs them
    as well."""
    before = buffer[max(place - 64, 0) : place]
    return before[len(before.rstrip(_LINE_ENDS)) :].rpartition(terminator)[2]


def adjust_se_count(buffer: Buffer, trailer: tuple[int, int], difference: int) -> Edits:
    """Raise or lower SE01 by a difference; a count that is no number is left as it is."""
    start, end = trailer
    raw = buffer[start:end]
    separator = raw.translate(None, _LINE_ENDS)[2:3]
    said = raw.split(separator)[1]
    digits = said.translate(None, _LINE_ENDS)
    if digits.isdigit() and int(digits) + difference >= 0:
        place = end - len(raw.partition(separator)[2])
        yield Edit(place, place + len(said), _folded_like(said, shifted_count(digits, difference)))


def _folded_like(said: bytes, count: bytes) -> bytes:
    """A count with line ends where another one had them: the way back gives that one again."""
    folded = bytearray(count)
    for place, byte in enumerate(said):
        if byte in _LINE_ENDS:
            folded.insert(place, byte)
    return bytes(folded)


def shifted_count(said: bytes, difference: int) -> bytes:
    """A count raised or lowered, its leading zeros kept: so the same step back gives the same bytes again."""
    number = said.lstrip(b"0") or b"0"
    zeros = len(said) - len(number)
    return b"0" * zeros + str(int(number) + difference).encode()
