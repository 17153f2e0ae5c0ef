"""Summary of a claim for acknowledgements, read without opening the claim.

A claim without a target line is answered like any other, and there are many of them: so this reader doesn't split
a claim but looks for the few segments that it wants.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from x12proc.claims.builder import LARGEST_CLAIM, parse_date
from x12proc.wire.accelerated import has_stray_line_ends
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.events import ClaimSpan, SegmentRange, field
from x12proc.wire.line_ends import fold_line_ends
from x12proc.wire.segment import decode
from x12proc.wire.window import Buffer

Elements = tuple[str, ...]
_LOOPS_KEPT = 64
_DTP_KEPT = 64  # bytes; a longer one holds no date
_LOOP_REACH = 64 * 1024  # bytes; no real loop above claims comes near it


class ClaimSummary(msgspec.Struct, frozen=True, gc=False):
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


class SummaryReader:
    """Reads the heads of one buffer's claims, and single segments of their parent loops."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self._loops: dict[int, bytes] = {}

    def head(self, span: ClaimSpan) -> ClaimSummary:
        """The head of a claim."""
        delimiters = span.interchange.delimiters
        text = self._text(span.start, min(span.end, span.start + LARGEST_CLAIM), delimiters)
        clm = _elements(text[: _end(text, delimiters)], delimiters)
        facility = field(clm, 5).split(delimiters.component.decode("latin-1"))
        days = _days(text, delimiters)
        return ClaimSummary(
            id=field(clm, 1),
            charge=field(clm, 2),
            facility_code=facility[0],
            frequency=facility[2] if len(facility) > 2 else "",
            trace=_own_trace(text, delimiters) if b"D9" in text else "",
            first_day=min(days, default=""),
            last_day=max(days, default=""),
        )

    def first(
        self, stretch: SegmentRange | None, delimiters: Delimiters, tag: str, qualifier: str = ""
    ) -> Elements:
        """The first segment with this tag and first element in a loop above claims; () where there is none."""
        found = self.first_segment(stretch, delimiters, tag, qualifier)
        return _elements(found, delimiters) if found else ()

    def first_segment(
        self, stretch: SegmentRange | None, delimiters: Delimiters, tag: str, qualifier: str = ""
    ) -> bytes:
        """Return the bytes of that segment, none where there is none."""
        if stretch is None or stretch.start == stretch.end:
            return b""
        found = _wanted(delimiters, tag, qualifier).search(self._loop(stretch, delimiters))
        return found[1] if found else b""

    def _loop(self, stretch: SegmentRange, delimiters: Delimiters) -> bytes:
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
        return fold_line_ends(raw, delimiters)[0] if has_stray_line_ends(raw, delimiters.segment) else raw


def _own_trace(text: bytes, delimiters: Delimiters) -> str:
    """REF*D9 of the claim itself, which comes before its first loop."""
    for match in _traces(delimiters).finditer(text):
        if match.lastgroup == "loop":
            break
        return _elements(match["segment"], delimiters)[2]
    return ""


def _days(text: bytes, delimiters: Delimiters) -> list[str]:
    """The days of DTP*434, else those of all DTP*472."""
    days: dict[bytes, list[str]] = {b"434": [], b"472": []}
    for segment, qualifier in _dates(delimiters).findall(text):
        sent = _days_known if len(segment) <= _DTP_KEPT else _days_sent
        days[qualifier] += sent(segment, delimiters.element)
    return days[b"434"] or days[b"472"]


def _days_sent(dtp: bytes, element: bytes) -> tuple[str, ...]:
    """The day or the two days of a DTP that are days."""
    elements = tuple(decode(part) for part in dtp.split(element))
    first, _, last = field(elements, 3).partition("-")
    sent = (first, last) if field(elements, 2) == "RD8" else (field(elements, 3)[:8],)
    return tuple(day for day in sent if parse_date(day) is not None)


_days_known = lru_cache(maxsize=4096)(_days_sent)  # a file holds few dates, many times each


def _elements(segment: bytes, delimiters: Delimiters) -> Elements:
    if segment.isascii():
        return tuple(segment.decode("ascii").split(delimiters.element.decode("ascii")))
    return tuple(decode(part) for part in segment.split(delimiters.element))


def _end(text: bytes, delimiters: Delimiters) -> int:
    end = text.find(delimiters.segment)
    return end if end >= 0 else len(text)


@lru_cache(maxsize=32)
def _dates(delimiters: Delimiters) -> re.Pattern[bytes]:
    """Finds DTP*434 and DTP*472; the groups are the segment and its qualifier."""
    element, terminator = re.escape(delimiters.element), re.escape(delimiters.segment)
    return re.compile(_head(delimiters) + rb"(DTP%b(434|472)%b[^%b]*+)" % (element, element, terminator))


@lru_cache(maxsize=32)
def _traces(delimiters: Delimiters) -> re.Pattern[bytes]:
    """Finds REF*D9, and what begins a loop below the claim."""
    element, terminator = re.escape(delimiters.element), re.escape(delimiters.segment)
    trace = rb"REF%bD9%b[^%b]*+" % (element, element, terminator)
    return re.compile(_head(delimiters) + rb"(?:(?P<segment>%b)|(?P<loop>NM1|SBR|LX)%b)" % (trace, element))


@lru_cache(maxsize=256)
def _wanted(delimiters: Delimiters, tag: str, qualifier: str) -> re.Pattern[bytes]:
    element, terminator = re.escape(delimiters.element), re.escape(delimiters.segment)
    begin = tag.encode() + element + (qualifier.encode() + element if qualifier else b"")
    return re.compile(_head(delimiters) + rb"(%b[^%b]*+)" % (begin, terminator))


def _head(delimiters: Delimiters) -> bytes:
    """A terminator and what may come before a tag and means nothing."""
    element, terminator = re.escape(delimiters.element), re.escape(delimiters.segment)
    return terminator + rb"[^0-9A-Za-z" + terminator + element + rb"]*+"
