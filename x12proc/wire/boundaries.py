"""Where the pass over a window has to stop: at envelopes, and where a claim ends that is to be told.

A mark is the head of a segment that opens a claim (CLM), an HL loop or an envelope. A stretch runs from one mark
to the next. Most claims mention no code, and what they cost is what it takes to pass their marks.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeAlias

CLM, HL, ST = b"CLM", b"HL", b"ST"
PROVIDER, SUBSCRIBER = b"20", b"22"  # HL03; what is neither counts as a patient

# An HL loop that ended: the place of its HL (-1: in an earlier window), its end, and which one it was of those
# that ended since the last stop, from 1.
Loop: TypeAlias = tuple[int, int, int]
# Of the loops that ended since the last stop the last provider, the last subscriber behind it, and the last
# patient behind both: a claim can hang under no others.
Levels: TypeAlias = tuple[Loop | None, Loop | None, Loop | None]
Stop: TypeAlias = tuple[
    int,  # the place of the mark; the length of the text at its end
    bytes,  # the mark's tag; empty at the end
    bytes,  # the tag that opened the stretch which ends here
    int,  # its place; -1 when it stands in an earlier window
    bool,  # whether a code occurs in the stretch
    int,  # how many CLM have been passed since the last stop, its own mark among them
    int,  # how many have been passed since the last HL or envelope
    int,  # how many HL loops have ended since the last stop
    Levels,
]


def stops_in_python(
    text: bytes,
    terminator: bytes,
    element: bytes,
    codes: tuple[bytes, ...],
    every_claim: bool,
    opened: bytes,
    level: bytes,
    hit: bool,
    number: int,
    /,
) -> list[Stop]:
    """The stops of a window that begins with a terminator: at each envelope, behind each ST, and at the end of
    each claim that mentions a code (with ``every_claim``: of each claim). The last one is the end of the text.

    The last four arguments are of the stretch that an earlier window left open: its tag, HL03 where that is an HL,
    whether a code occurred in it, and how many CLM have been passed since the last HL or envelope.
    """
    found: list[Stop] = []
    hits = _hits(text, codes)
    next_hit = hits.pop()
    place = -1
    claims = 0
    loops: list[tuple[int, int]] = []
    for match in marks(terminator, element).finditer(text):
        at = match.start(1)
        tag = match[1]
        while next_hit < at:
            hit = True
            next_hit = hits.pop()
        if opened == HL:
            loops.append((place, at))
        told = (hit or every_claim) if opened == CLM else opened == ST
        if told or (tag != CLM and tag != HL):
            levels = _levels(text, element, loops, level)
            found.append((at, tag, opened, place, hit, claims, number, len(loops), levels))
            claims = 0
            loops = []
        if tag == CLM:
            claims += 1
            number += 1
        else:
            number = 0
        opened, place, hit = tag, at, False
    hit = hit or next_hit < len(text)
    levels = _levels(text, element, loops, level)
    found.append((len(text), b"", opened, place, hit, claims, number, len(loops), levels))
    return found


@lru_cache(maxsize=32)
def marks(terminator: bytes, element: bytes) -> re.Pattern[bytes]:
    """Finds a mark, whose tag is group 1. Whatever can't begin a tag is skipped before one: line ends and blanks,
    but form feeds and the like too."""
    end, separator = re.escape(terminator), re.escape(element)
    layout = rb"[^0-9A-Za-z" + end + separator + rb"]*+"
    return re.compile(end + layout + rb"(HL|CLM|ST|SE|GS|GE|IEA|ISA)(?=" + separator + rb")")


def level_at(text: bytes, place: int, element: bytes) -> bytes:
    """HL03 of the HL at a place, its first two letters."""
    fields = text[place : place + 48].split(element, 4)
    return fields[3][:2] if len(fields) > 3 else b""


def _hits(text: bytes, codes: tuple[bytes, ...]) -> list[int]:
    """Where the codes occur, the first one last, and before all the length of the text."""
    places: list[int] = []
    for code in codes:
        found = text.find(code)
        while found >= 0:
            places.append(found)
            found = text.find(code, found + len(code))
    places.sort(reverse=True)
    return [len(text), *places]


def _levels(text: bytes, element: bytes, loops: list[tuple[int, int]], carried: bytes) -> Levels:
    """What counts of the loops that ended, looking backwards: most need not be looked at."""
    subscriber: Loop | None = None
    patient: Loop | None = None
    number = len(loops)
    for place, end in reversed(loops):
        level = level_at(text, place, element) if place >= 0 else carried
        if level == PROVIDER:
            return (place, end, number), subscriber, patient
        if level == SUBSCRIBER:
            subscriber = subscriber or (place, end, number)
        elif subscriber is None:
            patient = patient or (place, end, number)
        number -= 1
    return None, subscriber, patient
