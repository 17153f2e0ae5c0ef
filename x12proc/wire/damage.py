"""Damage to the bytes of an interchange: stray line ends, heads of segments that can't be read, NUL bytes."""

from __future__ import annotations

from collections.abc import Iterator

from x12proc.wire import faults
from x12proc.wire.boundaries import boundary_pattern
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.faults import FaultKind
from x12proc.wire.window import Window

_ENDS = (b"IEA", b"ISA")  # ends an interchange, or shows that it never ended


class Damage:
    """The kinds of damage that were found in an interchange; each is reported once."""

    def __init__(self, delimiters: Delimiters) -> None:
        self._terminator = delimiters.segment
        self._boundaries = boundary_pattern(delimiters.segment, delimiters.element)
        self._reported: set[str] = set()

    @property
    def has_stray_line_ends(self) -> bool:
        """Return whether line ends were interpreted, so that the borders of segments are in doubt."""
        return faults.STRAY_LINE_ENDS.code in self._reported

    def find(self, window: Window, broken: int, odd_level: int) -> Iterator[tuple[FaultKind, int, int]]:
        """Yield the kinds that a window shows first, with file offset and segment index, as far as they belong to
        this interchange; ``broken`` and ``odd_level`` are the positions of the first head that
        can't be read and of the first HL of an unknown level, or -1."""
        found = [entry for entry in self._first(window, broken, odd_level) if entry[2].code not in self._reported]
        if not found:
            return
        heads = self._boundaries.finditer(window.text)
        end = next((head.start(1) for head in heads if head[1] in _ENDS), None)
        for position, offset, kind in sorted(found, key=lambda entry: (*entry[:2], entry[2].code)):
            if end is None or position < end:
                self._reported.add(kind.code)
                yield kind, offset, window.index + window.text.count(self._terminator, 0, position)

    def _first(self, window: Window, broken: int, odd_level: int) -> Iterator[tuple[int, int, FaultKind]]:
        """Yield the first position of each kind in a window, and its offset in the file."""
        text = window.text
        stray = window.first_stray_line_end()
        if stray is not None and window.stray is not None:
            yield stray, window.stray, faults.STRAY_LINE_ENDS
        if broken >= 0:
            small = text[broken : broken + 3] == b"clm"
            yield broken, window.offset(broken), faults.LOWER_CASE_TAGS if small else faults.BROKEN_TAG
        if odd_level >= 0:
            yield odd_level, window.offset(odd_level), faults.HL_LEVEL
        null = text.find(b"\0")
        if null >= 0:
            yield null, window.offset(null), faults.NUL_BYTES
