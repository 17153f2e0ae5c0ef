"""A file's bytes with edits made: everything that is not edited stays as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from x12proc.wire.edits import Edit, apply, pieces
from x12proc.wire.window import Buffer

__all__ = ["Edit", "EditedCopy", "Edits", "apply", "pieces", "recount", "shifted_count"]


Edits: TypeAlias = Iterator[Edit]


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


def recount(buffer: Buffer, trailer: tuple[int, int], difference: int) -> Edits:
    """Raise or lower SE01 by a difference; a count that is no number is left as it is."""
    start, end = trailer
    raw = buffer[start:end]
    separator = raw[2:3]
    said = raw.split(separator)[1]
    if said.isdigit() and int(said) + difference >= 0:
        place = start + 3
        yield Edit(place, place + len(said), shifted_count(said, difference))


def shifted_count(said: bytes, difference: int) -> bytes:
    """A count raised or lowered, its leading zeros kept: so the same step back gives the same bytes again."""
    number = said.lstrip(b"0") or b"0"
    zeros = len(said) - len(number)
    return b"0" * zeros + str(int(number) + difference).encode()
