"""The boundaries of a window at which the scanner has to stop: envelopes, and the ends of ranges with a code.

A boundary is the head of a segment that opens a claim (CLM), an HL loop or an envelope; a range runs from one
boundary to the next. Most claims have no code, so that they cost no more than passing their boundaries. A code
counts in any case and with blanks or line ends in it: a person would read it all the same.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeAlias

CLM, HL, ST = b"CLM", b"HL", b"ST"
WITH_CODE, CLAIMS, RUNS = 0, 1, 2  # which boundaries are reported
PROVIDER, SUBSCRIBER = b"20", b"22"  # HL03; what is neither counts as a patient
LEVELS = (PROVIDER, SUBSCRIBER, b"23")
BLANKS = b" \t\r\n"  # that can be in a code, as far as they are no delimiters

# An HL loop that ended: the position of its HL (-1: in an earlier window), its end, and its ordinal among those
# that ended since the last reported boundary, from 1.
Loop: TypeAlias = tuple[int, int, int]
# Of the loops that ended since the last reported boundary the last provider, the last subscriber after it, and the
# last patient after both: no others can be parents of a claim.
OpenLoops: TypeAlias = tuple[Loop | None, Loop | None, Loop | None]
Boundary: TypeAlias = tuple[
    int,  # the position of the boundary; the length of the text at its end
    bytes,  # the boundary's tag; empty at the end
    bytes,  # the tag that opened the range which ends here
    int,  # its position; -1 where it is in an earlier window
    bool,  # whether a code occurs in the range
    int,  # the number of CLM from the last reported boundary, that one included, up to this one
    int,  # the number of CLM since the last HL or envelope
    int,  # the number of HL loops that have ended since the last reported boundary
    OpenLoops,
]
# The boundaries of a window, and the positions of what is odd in it; see find_boundaries_py.
Boundaries: TypeAlias = tuple[list[Boundary], int, int, int]


def find_boundaries_py(
    text: bytes,
    terminator: bytes,
    element: bytes,
    codes: tuple[bytes, ...],
    reported: int,
    opened: bytes,
    level: bytes,
    has_code: bool,
    number: int,
    /,
) -> Boundaries:
    """Return the boundaries of a window that begins with a terminator: at each envelope, after each ST, and at the
    end of each range that has a code. ``reported`` is one of WITH_CODE, CLAIMS (at the end of each claim as well)
    and RUNS (at the first boundary of the window and at both ends of a provider's HL loop as well). The last one
    is the end of the text. Beside them, the positions of the first head that is broken (_broken_head_pattern), of
    the first HL of an unknown level, and of the first note of x12proc; -1 for none.

    The last four arguments describe the range that the window before left open: its tag, HL03 where that is an HL,
    whether a code occurred in it, and the number of CLM since the last HL or envelope.
    """
    boundaries: list[Boundary] = []
    positions = [len(text), *reversed(code_positions_py(text, terminator, element, codes))]
    next_code = positions.pop()
    position = odd_level = -1
    claims = 0
    loops: list[tuple[int, int]] = []
    for match in boundary_pattern(terminator, element).finditer(text):
        end = match.start(1)
        tag = match[1]
        while next_code < end:
            has_code = True
            next_code = positions.pop()
        if opened == HL:
            loops.append((position, end))
        wanted = has_code or opened == ST or (reported == CLAIMS and opened == CLM)
        if reported == RUNS and not wanted:
            ends_provider = opened == HL and hl_level_at(text, position, terminator, element) == PROVIDER
            begins_provider = tag == HL and hl_level_at(text, end, terminator, element) == PROVIDER
            wanted = position < 0 or ends_provider or begins_provider
        if wanted or (tag != CLM and tag != HL):
            open_loops = _open_loops(text, terminator, element, loops, level)
            boundaries.append((end, tag, opened, position, has_code, claims, number, len(loops), open_loops))
            claims = 0
            loops = []
        if tag == CLM:
            claims += 1
            number += 1
        else:
            number = 0
            if tag == HL and odd_level < 0 and hl_level_at(text, end, terminator, element) not in LEVELS:
                odd_level = end
        opened, position, has_code = tag, end, False
    has_code = has_code or next_code < len(text)
    open_loops = _open_loops(text, terminator, element, loops, level)
    boundaries.append((len(text), b"", opened, position, has_code, claims, number, len(loops), open_loops))
    broken = _broken_head_pattern(terminator, element).search(text)
    note = _own_note_pattern(terminator, element).search(text)
    return boundaries, broken.start(1) if broken else -1, odd_level, note.start(1) if note else -1


@lru_cache(maxsize=32)
def boundary_pattern(terminator: bytes, element: bytes) -> re.Pattern[bytes]:
    """Return the pattern of a boundary, whose tag is group 1. Before a tag it skips whatever can't begin one:
    line ends and blanks, but form feeds and the like too."""
    end, separator = re.escape(terminator), re.escape(element)
    layout = rb"[^0-9A-Za-z" + end + separator + rb"]*+"
    return re.compile(end + layout + rb"(HL|CLM|ST|SE|GS|GE|IEA|ISA)(?=" + separator + rb")")


def hl_level_at(text: bytes, position: int, terminator: bytes, element: bytes) -> bytes:
    """Return HL03 of the HL at a position, its first two letters."""
    head = text[position : position + 48].partition(terminator)[0]
    fields = head.split(element, 4)
    return fields[3][:2] if len(fields) > 3 else b""


def code_positions_py(text: bytes, terminator: bytes, element: bytes, codes: tuple[bytes, ...], /) -> list[int]:
    """Return the positions of all codes in file order, in any case and with blanks or line ends in them."""
    found: list[int] = []
    for code in codes:
        found += [match.start() for match in _code_pattern(code, terminator, element).finditer(text)]
    return sorted(found)


@lru_cache(maxsize=256)
def _code_pattern(code: bytes, terminator: bytes, element: bytes) -> re.Pattern[bytes]:
    blanks = bytes(byte for byte in BLANKS if byte not in terminator + element)
    gap = b"[" + re.escape(blanks) + b"]*+" if blanks else b""
    letters = [re.escape(code[at : at + 1]) for at in range(len(code))]
    return re.compile(b"(?=" + gap.join(letters) + b")", re.IGNORECASE)


@lru_cache(maxsize=32)
def _own_note_pattern(terminator: bytes, element: bytes) -> re.Pattern[bytes]:
    """Return the pattern of a note that x12proc once put in: NTE*TPO*X12PROC."""
    end, separator = re.escape(terminator), re.escape(element)
    layout = rb"[^0-9A-Za-z" + end + separator + rb"]*+"
    return re.compile(end + layout + rb"(NTE" + separator + rb"TPO" + separator + rb"X12PROC )")


@lru_cache(maxsize=32)
def _broken_head_pattern(terminator: bytes, element: bytes) -> re.Pattern[bytes]:
    """Return the pattern of a head that was meant to open a claim, an HL loop or an interchange and can't be read:
    in another case, with a blank before its separator, with another separator or with none."""
    end, separator = re.escape(terminator), re.escape(element)
    layout = rb"[^0-9A-Za-z" + end + separator + rb"]*+"
    blank = rb"[ \t]"
    rest = rb"[^" + end + separator + rb"]{0,40}+" + separator
    joined = rb"(?:CLM[0-9A-Za-z]|HL[0-9])" + rest
    other = rb"(?:CLM|HL|ISA)(?![0-9A-Za-z \t" + end + separator + rb"])[^\r\n]"
    ended = rb"(?i:CLM|HL)" + blank + rb"*+(?=" + end + rb"|" + separator + rb"|\Z)"
    exact = rb"(?:CLM|HL)" + separator
    return re.compile(end + layout + rb"(?!" + exact + rb")(" + ended + rb"|" + joined + rb"|" + other + rb")")


def _open_loops(
    text: bytes, terminator: bytes, element: bytes, loops: list[tuple[int, int]], carried: bytes
) -> OpenLoops:
    """Return the possible parents of a claim among the loops that ended. Backwards, because the search ends
    early."""
    subscriber: Loop | None = None
    patient: Loop | None = None
    number = len(loops)
    for position, end in reversed(loops):
        level = hl_level_at(text, position, terminator, element) if position >= 0 else carried
        if level == PROVIDER:
            return (position, end, number), subscriber, patient
        if level == SUBSCRIBER:
            subscriber = subscriber or (position, end, number)
        elif subscriber is None:
            patient = patient or (position, end, number)
        number -= 1
    return None, subscriber, patient


def last_claim_end(text: bytes, start: int, end: int, terminator: bytes, element: bytes) -> int:
    """Return the end of the last claim between two boundaries: the next boundary, or ``end``. There is one."""
    pattern = boundary_pattern(terminator, element)
    found = end
    while True:
        found = text.rindex(CLM + element, start, found)
        head = pattern.match(text, text.rindex(terminator, 0, found))
        if head is not None and head.start(1) == found:
            following = pattern.search(text, found)
            return min(following.start(1), end) if following else end
