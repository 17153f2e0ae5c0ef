"""What an acknowledgement repeats of a claim, read without opening it.

A claim without a target line is answered like any other, and there are many of them: so this reader doesn't split
a claim but looks for the few segments that it wants.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from x12proc.claims.builder import LARGEST_CLAIM, parse_date
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.events import ClaimSpan, Stretch, field
from x12proc.wire.fast import is_ragged
from x12proc.wire.segment import decode
from x12proc.wire.tidy import tidy
from x12proc.wire.window import Buffer

Elements = tuple[str, ...]
_LOOPS_KEPT = 64
_LOOP_REACH = 64 * 1024  # bytes; no real loop above claims comes near it


class ClaimHead(msgspec.Struct, frozen=True, gc=False):
    """A claim's own identifiers as sent, and the days it is about.

    ``first_day`` and ``last_day`` are CCYYMMDD: the statement dates, else the earliest and latest service date of
    its lines, else empty.
    """

    id: str  # CLM01
    charge: str  # CLM02
    facility_code: str  # CLM05-1
    frequency: str  # CLM05-3
    trace: str  # REF*D9
    first_day: str
    last_day: str


class HeadReader:
    """Reads the heads of one buffer's claims, and single segments of the loops that they hang under."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self._loops: dict[int, bytes] = {}

    def head(self, span: ClaimSpan) -> ClaimHead:
        """The head of a claim."""
        delimiters = span.interchange.delimiters
        text = self._text(span.start, min(span.end, span.start + LARGEST_CLAIM), delimiters)
        clm = _elements(text[: _end(text, delimiters)], delimiters)
        place = field(clm, 5).split(delimiters.component.decode("latin-1"))
        trace, statement, service = _marked(text, delimiters)
        days = statement or service
        return ClaimHead(
            id=field(clm, 1),
            charge=field(clm, 2),
            facility_code=place[0],
            frequency=place[2] if len(place) > 2 else "",
            trace=trace,
            first_day=min(days, default=""),
            last_day=max(days, default=""),
        )

    def first(self, stretch: Stretch | None, delimiters: Delimiters, tag: str, qualifier: str = "") -> Elements:
        """The first segment with this tag and first element in a loop above claims; () where there is none."""
        if stretch is None or stretch.start == stretch.end:
            return ()
        found = _wanted(delimiters, tag, qualifier).search(self._loop(stretch, delimiters))
        return _elements(found[1], delimiters) if found else ()

    def _loop(self, stretch: Stretch, delimiters: Delimiters) -> bytes:
        """The text of a loop; the last few are kept, for claims mostly share them."""
        known = self._loops.get(stretch.start)
        if known is None:
            if len(self._loops) >= _LOOPS_KEPT:
                self._loops.clear()
            known = self._text(stretch.start, min(stretch.end, stretch.start + _LOOP_REACH), delimiters)
            self._loops[stretch.start] = known
        return known

    def _text(self, start: int, end: int, delimiters: Delimiters) -> bytes:
        """Bytes without line ends that mean nothing."""
        raw = self._buffer[start:end]
        return tidy(raw, delimiters)[0] if is_ragged(raw, delimiters.segment) else raw


def _marked(text: bytes, delimiters: Delimiters) -> tuple[str, list[str], list[str]]:
    """REF*D9 of the claim itself, the days of DTP*434, and those of all DTP*472."""
    trace = ""
    own = True
    days: dict[str, list[str]] = {"434": [], "472": []}
    for match in _marks(delimiters).finditer(text):
        if match.lastgroup == "loop":
            own = False
            continue
        elements = _elements(match["segment"], delimiters)
        if elements[0] == "DTP":
            days[elements[1]] += _days(elements)
        elif own:
            trace = trace or elements[2]
    return trace, days["434"], days["472"]


def _days(dtp: Elements) -> list[str]:
    """The day or the two days of a DTP that are days."""
    first, _, last = field(dtp, 3).partition("-")
    sent = (first, last) if field(dtp, 2) == "RD8" else (field(dtp, 3)[:8],)
    return [day for day in sent if parse_date(day) is not None]


def _elements(segment: bytes, delimiters: Delimiters) -> Elements:
    if segment.isascii():
        return tuple(segment.decode("ascii").split(delimiters.element.decode("ascii")))
    return tuple(decode(part) for part in segment.split(delimiters.element))


def _end(text: bytes, delimiters: Delimiters) -> int:
    end = text.find(delimiters.segment)
    return end if end >= 0 else len(text)


@lru_cache(maxsize=32)
def _marks(delimiters: Delimiters) -> re.Pattern[bytes]:
    """The segments that a head wants, and what begins a loop below the claim."""
    element, terminator = re.escape(delimiters.element), re.escape(delimiters.segment)
    wanted = rb"(?:DTP%b(?:434|472)|REF%bD9)%b[^%b]*+" % (element, element, element, terminator)
    return re.compile(_head(delimiters) + rb"(?:(?P<segment>%b)|(?P<loop>NM1|SBR|LX)%b)" % (wanted, element))


@lru_cache(maxsize=256)
def _wanted(delimiters: Delimiters, tag: str, qualifier: str) -> re.Pattern[bytes]:
    element, terminator = re.escape(delimiters.element), re.escape(delimiters.segment)
    begin = tag.encode() + element + (qualifier.encode() + element if qualifier else b"")
    return re.compile(_head(delimiters) + rb"(%b[^%b]*+)" % (begin, terminator))


def _head(delimiters: Delimiters) -> bytes:
    """A terminator and what may stand before a tag and means nothing."""
    element, terminator = re.escape(delimiters.element), re.escape(delimiters.segment)
    return terminator + rb"[^0-9A-Za-z" + terminator + element + rb"]*+"
