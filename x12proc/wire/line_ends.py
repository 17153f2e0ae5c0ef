"""Line ends where they don't belong.

Some senders fold a file at a fixed column; some write a line end in place of a terminator. Both are read:
a line end right after a terminator is layout and always skipped; one elsewhere is dropped, unless
what follows is the head of an 837 segment and what precedes could end one: then it is a terminator.
The rule looks at the neighboring bytes only, so that it gives the same answer however a file is cut up; an
interchange that was seen to be folded has no such line ends at all.
"""

from __future__ import annotations

import re
from functools import lru_cache

from x12proc.wire import faults
from x12proc.wire.delimiters import Delimiters

MOST_LINE_ENDS = 250_000  # in one window or claim; folded at 80 columns, a claim of 12 MB has fewer
_TAGS = (
    *("ISA", "IEA", "GS", "GE", "ST", "SE", "BHT", "NM1", "N3", "N4", "PER", "PRV", "CUR", "HL", "SBR", "PAT"),
    *("DMG", "REF", "CLM", "DTP", "CL1", "PWK", "CN1", "AMT", "K3", "NTE", "CR1", "CR2", "CR3", "CRC", "HI"),
    *("HCP", "CAS", "OI", "MIA", "MOA", "LX", "SV1", "SV2", "SV5", "PS1", "QTY", "MEA", "LIN", "CTP", "SVD"),
    *("LQ", "FRM"),
)


def fold_line_ends(chunk: bytes, delimiters: Delimiters, offset: int = 0) -> tuple[bytes, list[tuple[int, int]]]:
    """The chunk with stray line ends dropped or turned into terminators, and how its offsets map back.

    The map is a list of ``(tidy offset, shift)`` in order: a byte at tidy offset ``t`` came from
    ``t + shift`` of the last entry whose offset is not greater than ``t``. Each stray line end costs memory many
    times its size: for more than MOST_LINE_ENDS, which no sender writes, X12SyntaxError is raised. ``offset`` is
    the chunk's in the file.
    """
    pieces: list[bytes] = []
    shifts: list[tuple[int, int]] = [(0, 0)]
    length = 0
    position = 0
    for match in _line_ends(delimiters).finditer(chunk):
        if match.start(1) < 0:
            continue  # layout after a terminator
        if len(shifts) > MOST_LINE_ENDS:
            raise faults.TOO_MANY_LINE_ENDS.error(offset + match.start(1), most=MOST_LINE_ENDS)
        piece = chunk[position : match.start(1)]
        pieces.append(piece)
        length += len(piece)
        if _is_terminator(chunk, match, delimiters):
            pieces.append(delimiters.segment)
            length += 1
        position = match.end(1)
        shifts.append((length, position - length))
    pieces.append(chunk[position:])
    return b"".join(pieces), shifts


def first_stray_line_end(chunk: bytes, delimiters: Delimiters) -> int | None:
    """Return the position of the first line end that :func:`tidy` takes out or turns into a terminator."""
    starts = (match.start(1) for match in _line_ends(delimiters).finditer(chunk))
    return next((start for start in starts if start >= 0), None)


def _is_terminator(chunk: bytes, match: re.Match[bytes], delimiters: Delimiters) -> bool:
    if delimiters.wrapped:
        return False
    before = chunk[match.start(1) - 1 : match.start(1)]
    if before in (b"", b" ", delimiters.element, delimiters.component):
        return False
    return _segment_head(delimiters).match(chunk, match.end(1)) is not None


@lru_cache(maxsize=32)
def _line_ends(delimiters: Delimiters) -> re.Pattern[bytes]:
    """Finds a terminator with the blanks and line ends after it, or, as group 1, line ends elsewhere. A line end
    that is the terminator itself is never taken for a part of those."""
    others = b"\r\n".replace(delimiters.segment, b"")
    return re.compile(re.escape(delimiters.segment) + rb"[\r\n\t ]*+|([" + others + rb"]+)")


@lru_cache(maxsize=32)
def _segment_head(delimiters: Delimiters) -> re.Pattern[bytes]:
    return re.compile(b"(?:" + "|".join(_TAGS).encode() + b")" + re.escape(delimiters.element))
