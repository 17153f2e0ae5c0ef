"""The pass over one interchange: its envelopes, its hierarchy and the claims that mention a code.

Claims are found by their CLM, and a claim is told only when one of the wanted codes occurs between it and the
next CLM, HL or SE. Nothing is split into elements here but envelope and HL segments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile

from x12proc.errors import X12SyntaxError
from x12proc.wire import guides
from x12proc.wire.delimiters import IsaHeader
from x12proc.wire.events import (
    ClaimSpan,
    Event,
    Fault,
    Group,
    GroupClosed,
    Interchange,
    InterchangeClosed,
    Stretch,
    TransactionClosed,
    TransactionSet,
    field,
)
from x12proc.wire.segment import decode
from x12proc.wire.window import Buffer, Window, count_terminators, windows

_PROVIDER, _SUBSCRIBER, _PATIENT = b"20", b"22", b"23"
_CLM, _HL = "CLM", "HL"
_LAST = (b"IEA", b"ISA")  # what ends an interchange, or shows that it never ended


class _Loop:
    """An HL loop that claims may hang under: its span in the file, its place in the window at hand or -1, and
    which HL of its set it is. Its segment index is counted, and the stretch made, when the first claim asks."""

    __slots__ = ("end", "number", "place", "start", "stretch")

    def __init__(self, start: int, end: int, place: int, number: int) -> None:
        self.start = start
        self.end = end
        self.place = place
        self.number = number
        self.stretch: Stretch | None = None


class InterchangeScan:
    """The pass over one interchange. ``end`` and ``end_index`` say where the next one may begin."""

    def __init__(
        self,
        buffer: Buffer,
        header: IsaHeader,
        index: int,
        codes: Sequence[str],
        every_claim: bool,
        window: int,
    ) -> None:
        self.end = len(buffer)
        self.end_index = index + 1
        self._buffer = buffer
        self._interchange = Interchange(header, index)
        self._delimiters = header.delimiters
        self._element = header.delimiters.element
        self._codes = [code.encode() for code in codes]
        self._every_claim = every_claim
        self._window_size = window
        terminator, element = re.escape(self._delimiters.segment), re.escape(self._element)
        # Whatever can't begin a tag is skipped before one: line ends and blanks, but form feeds and the like too.
        layout = rb"[^0-9A-Za-z" + terminator + element + rb"]*+"
        self._marks = re.compile(terminator + layout + rb"(HL|CLM|ST|SE|GS|GE|IEA|ISA)(?=" + element + rb")")
        # The terminator behind a window is no part of it.
        self._empty = re.compile(terminator + layout + rb"(?=" + terminator + rb"|\Z)")
        self._group: Group | None = None
        self._group_usable = False
        self._set: TransactionSet | None = None
        self._groups = 0
        self._sets = 0
        self._claims = 0
        self._done = False
        self._gs_missing_told = False
        self._st_missing_told = False
        # What was done to the bytes, each told once: line ends inside segments, tags in small letters, NULs.
        self._damage_told: set[str] = set()
        # The stretch being read: what opened it, its place in this window (-1: in an earlier one), and, once
        # they are known, its file offset, segment index and HL level; and whether a code occurs in it.
        self._open = ""
        self._open_place = -1
        self._open_at = 0
        self._open_index = -1
        self._open_level = b""
        self._open_hit = False
        self._header: Stretch | None = None
        # HL loops passed but not yet looked at (place, end), how many of the set have been looked at, and the last
        # one of each level; and how many claims have begun behind the last HL.
        self._loops: list[tuple[int, int]] = []
        self._loops_seen = 0
        self._levels: dict[bytes, _Loop] = {}
        self._claims_of_loop = 0
        self._envelopes: dict[str, Callable[[Window, int, int, tuple[str, ...]], Iterator[Event]]] = {
            "ISA": self._on_isa,
            "GS": self._on_gs,
            "ST": self._on_st,
            "SE": self._on_se,
            "GE": self._on_ge,
            "IEA": self._on_iea,
        }

    # -- the pass ------------------------------------------------------------------------------------------

    def run(self, progress: Callable[[int], None] | None) -> Iterator[Event]:
        """Tell this interchange from its ISA to its IEA, or to where it breaks."""
        yield self._interchange
        yield from self._header_remarks()
        header = self._interchange.header
        try:
            for window in windows(
                self._buffer,
                header.end,
                self._interchange.segment_index,
                self._delimiters,
                self._window_size,
            ):
                yield from self._read(window)
                if progress is not None:
                    progress(window.end)
                if self._done:
                    return
        except X12SyntaxError as error:
            yield self._say(error.code, error.message, "error", error.offset, self.end_index)
        yield from self._broken_off()

    def _read(self, window: Window) -> Iterator[Event]:
        """Walk the marks of a window. A claim that mentions no code costs little more than its place here, which
        is why this loop keeps its state in local names and puts off all it can."""
        yield from self._look_for_damage(window)
        text = window.text
        hits = self._hits(text)
        number, next_hit = 0, hits[0]
        opened, place, hit = self._open, self._open_place, self._open_hit
        every_claim, loops, claims = self._every_claim, self._loops, 0
        before_loop = -self._claims_of_loop  # the count of claims at the last HL
        for match in self._marks.finditer(text):
            at = match.start(1)
            while next_hit < at:
                hit = True
                number += 1
                next_hit = hits[number]
            if opened is _HL:
                loops.append((place, at))
            elif opened is _CLM:
                if hit or every_claim:
                    self._open_place = place
                    yield from self._claim(window, at, claims - before_loop, hit)
            elif opened == "ST":
                self._header = Stretch(self._open_at, window.offset(at), self._open_index)
            place, hit = at, False
            tag = match[1]
            if tag == b"CLM" and self._set is not None:
                opened = _CLM
                claims += 1
            elif tag == b"HL" and self._set is not None:
                opened = _HL
                before_loop = claims
            else:
                self._claims += claims
                claims = before_loop = 0
                yield from self._mark(window, tag.decode("ascii"), at)
                opened = self._open
                if self._done:
                    return
        self._claims += claims
        self._claims_of_loop = claims - before_loop
        self._open, self._open_place, self._open_hit = opened, place, hit or next_hit < len(text)
        self._settle_loops(window)
        self._carry_over(window)

    def _carry_over(self, window: Window) -> None:
        """Keep of the window what the open stretch needs, for it may end in another one."""
        if self._open and self._open_place >= 0:
            self._open_index = self._index(window)
            self._open_at = window.offset(self._open_place)
            if self._open is _HL:
                self._open_level = self._level(window.text, self._open_place)
        for loop in self._levels.values():
            loop.place = -1
        self._open_place = -1
        self.end_index = window.last_index() + 1

    def _index(self, window: Window) -> int:
        """The index of the segment that opened the stretch at hand."""
        return window.index_at(self._open_place) if self._open_place >= 0 else self._open_index

    def _level(self, text: bytes, place: int) -> bytes:
        """HL03 of the HL at ``place``."""
        fields = text[place : place + 48].split(self._element, 4)
        return fields[3][:2] if len(fields) > 3 else b""

    def _hits(self, text: bytes) -> list[int]:
        """Where the codes occur in a window, in order, with a last one behind its end."""
        places: list[int] = []
        for code in self._codes:
            found = text.find(code)
            while found >= 0:
                places.append(found)
                found = text.find(code, found + len(code))
        places.sort()
        places.append(len(text))
        return places

    def _mark(self, window: Window, tag: str, at: int) -> Iterator[Event]:
        """An envelope segment, or a claim or HL that stands outside of any set."""
        index = window.index_at(at)
        self._open, self._open_at, self._open_index = tag, window.offset(at), index
        if tag in (_CLM, _HL):
            self._open = ""
            yield from self._say_no_set(f"{tag} stands outside of any transaction set", index)
            return
        fields = self._fields(window.text, at)
        yield from self._envelopes[tag](window, at, index, fields)

    def _fields(self, text: bytes, at: int) -> tuple[str, ...]:
        end = text.find(self._delimiters.segment, at)
        body = text[at:end] if end >= 0 else text[at:]
        return tuple(decode(part.strip(b"\r\n ")) for part in body[:4096].split(self._element))

    # -- stretches -----------------------------------------------------------------------------------------

    def _settle_loops(self, window: Window) -> None:
        """Of the HL loops passed since the last call keep the last one of each level, looking backwards: what
        stands before a provider, and patients before a subscriber, hang under others."""
        last: dict[bytes, tuple[int, tuple[int, int]]] = {}
        number = self._loops_seen = self._loops_seen + len(self._loops)
        for loop in reversed(self._loops):
            level = self._level(window.text, loop[0]) if loop[0] >= 0 else self._open_level
            if level == _PROVIDER:
                last[_PROVIDER] = number, loop
                break
            if level == _SUBSCRIBER:
                if _SUBSCRIBER not in last:
                    last[_SUBSCRIBER] = number, loop
            elif not last:
                last[_PATIENT] = number, loop
            number -= 1
        self._loops.clear()
        if _PROVIDER in last:
            self._levels.clear()
        elif _SUBSCRIBER in last:
            self._levels.pop(_PATIENT, None)
        for kind, (number, (place, at)) in last.items():
            start = window.offset(place) if place >= 0 else self._open_at
            self._levels[kind] = _Loop(start, window.offset(at), place, number)

    def _claim(self, window: Window, at: int, number: int, mentioned: bool) -> Iterator[Event]:
        if self._set is None or self._set.guide is None or self._group is None:
            return
        self._settle_loops(window)
        index = self._index(window)
        start = window.offset(self._open_place) if self._open_place >= 0 else self._open_at
        yield ClaimSpan(
            start,
            window.offset(at),
            index,
            self._header or Stretch(start, start, index),
            self._parent(_PROVIDER, window, start, index),
            self._parent(_SUBSCRIBER, window, start, index),
            self._parent(_PATIENT, window, start, index),
            self._interchange,
            self._group,
            self._set,
            number,
            mentioned,
        )

    def _parent(self, level: bytes, window: Window, claim_start: int, claim_index: int) -> Stretch | None:
        """The HL loop of a level that the claim hangs under; placed by counting back from the claim."""
        loop = self._levels.get(level)
        if loop is None:
            return None
        if loop.stretch is None:
            if loop.place >= 0 and self._open_place >= 0:
                between = window.text.count(self._delimiters.segment, loop.place, self._open_place)
            else:
                between = count_terminators(self._buffer, loop.start, claim_start, self._delimiters)
            loop.stretch = Stretch(loop.start, loop.end, claim_index - between, loop.number)
        return loop.stretch

    # -- envelopes -----------------------------------------------------------------------------------------

    def _on_gs(self, window: Window, at: int, index: int, fields: tuple[str, ...]) -> Iterator[Event]:
        if self._set is not None:
            yield from self._drop_set("A GS begins inside a transaction set", self._open_at, index)
        elif self._group is not None:
            yield self._say("missing-ge", "A GS begins before the last group's GE", "error", self._open_at, index)
        group = self._group = Group(fields, self._open_at, index)
        self._groups += 1
        self._sets = 0
        yield group
        fault = guides.group_fault(fields)
        self._group_usable = fault is None
        if fault is not None:
            yield self._say(*fault, "error", self._open_at, index)

    def _on_ge(self, window: Window, at: int, index: int, fields: tuple[str, ...]) -> Iterator[Event]:
        if self._set is not None:
            yield from self._drop_set("A GE stands inside a transaction set", self._open_at, index)
        if self._group is None:
            yield from self._say_no_group("A GE stands outside of any group", index)
            return
        yield from self._trailer("ge", fields, self._group.control, self._sets, index)
        yield GroupClosed(self._group, self._span(window, at), self._sets)
        self._group = None

    def _on_st(self, window: Window, at: int, index: int, fields: tuple[str, ...]) -> Iterator[Event]:
        if self._set is not None:
            yield from self._drop_set("An ST begins before the last set's SE", self._open_at, index)
        if self._group is None:
            yield from self._say_no_group("An ST stands outside of any group", index)
        usable = self._group is not None and self._group_usable
        guide, remarks = guides.set_guide(fields, self._group.version) if self._group and usable else (None, [])
        self._st_missing_told = False
        self._set = TransactionSet(fields, guide, self._open_at, index)
        self._sets += 1
        self._claims = 0
        self._levels = {}
        self._loops.clear()
        self._loops_seen = self._claims_of_loop = 0
        yield self._set
        for code, message, severity in remarks:
            yield self._say(code, message, severity, self._open_at, index)

    def _empty_segments(self, start: int, end: int) -> int:
        """How many terminators between two segment heads stand right behind another one."""
        found = 0
        pieces = windows(self._buffer, start, 0, self._delimiters, self._window_size)
        for window in pieces:  # pragma: no branch - the set's SE stands at its end, so one of them reaches it
            places = (window.offset(match.start()) for match in self._empty.finditer(window.text))
            found += sum(1 for _ in takewhile(lambda place: place < end, places))
            if window.end >= end:
                break
        return found

    def _say_no_set(self, message: str, index: int) -> Iterator[Fault]:
        """That an ST is missing: once, though all that belongs to its set shows it again."""
        if not self._st_missing_told:
            self._st_missing_told = True
            yield self._say("missing-st", message, "error", self._open_at, index)

    def _say_no_group(self, message: str, index: int) -> Iterator[Fault]:
        """That a GS is missing: once, though every set and the GE behind it show it again."""
        if not self._gs_missing_told:
            self._gs_missing_told = True
            yield self._say("missing-gs", message, "error", self._open_at, index)

    def _on_se(self, window: Window, at: int, index: int, fields: tuple[str, ...]) -> Iterator[Event]:
        if self._set is None:
            yield from self._say_no_set("An SE stands outside of any transaction set", index)
            return
        segments = index - self._set.segment_index + 1
        if _count_said(fields) != segments:
            empty = self._empty_segments(self._set.start, self._open_at)
            if empty and _count_said(fields) == segments - empty:
                segments -= empty
                message = f"Empty segments (a terminator behind a terminator) stand in the set: {empty}; skipped"
                yield self._say("empty-segments", message, "warn", self._set.start, self._set.segment_index)
        yield from self._trailer("se", fields, self._set.control, segments, index)
        yield TransactionClosed(self._set, self._span(window, at), segments, self._claims)
        self._set = None

    def _on_iea(self, window: Window, at: int, index: int, fields: tuple[str, ...]) -> Iterator[Event]:
        yield from self._unclosed(index)
        yield from self._trailer("iea", fields, self._interchange.control, self._groups, index)
        span = self._span(window, at)
        if window.text.find(self._delimiters.segment, at) < 0 and span[1] >= len(self._buffer):
            yield self._say(
                "missing-terminator", "The last segment (IEA) has no terminator", "warn", span[1], index
            )
        yield InterchangeClosed(self._interchange, span, self._groups)
        self._finish(min(span[1] + 1, len(self._buffer)), index + 1)

    def _on_isa(self, window: Window, at: int, index: int, fields: tuple[str, ...]) -> Iterator[Event]:
        yield from self._unclosed(index)
        yield self._say(
            "missing-iea", "An ISA begins before the last interchange's IEA", "error", self._open_at, index
        )
        self._finish(self._open_at, index)

    def _unclosed(self, index: int) -> Iterator[Event]:
        """The interchange ends: tell the innermost envelope that is still open."""
        if self._set is not None:
            yield from self._drop_set("The interchange ends inside a transaction set", self._open_at, index)
        elif self._group is not None:
            yield self._say(
                "missing-ge", "The interchange ends inside a functional group", "error", self._open_at, index
            )
        self._group = None

    def _drop_set(self, message: str, offset: int, index: int, code: str = "missing-se") -> Iterator[Event]:
        """Give up a transaction set that has no SE; the claims it held are counted all the same."""
        assert self._set is not None
        yield self._say(code, message, "error", offset, index)
        yield TransactionClosed(self._set, None, index - self._set.segment_index, self._claims)
        self._set = None

    def _broken_off(self) -> Iterator[Event]:
        """The bytes ended before the IEA. A claim that was being read then is not told: it may be incomplete."""
        index = max(self.end_index - 1, 0)
        end = len(self._buffer)
        lost = f"; the claim at segment {self._open_index} is cut off" if self._open is _CLM else ""
        if self._set is not None:
            message = f"The file ends inside a transaction set{lost}"
            yield from self._drop_set(message, end, index, "truncated")
        else:
            where = "inside a functional group" if self._group is not None else "before the interchange's IEA"
            yield self._say("truncated", f"The file ends {where}", "error", end, index)
        self._finish(end, self.end_index)

    def _trailer(
        self, tag: str, fields: tuple[str, ...], control: str, counted: int, index: int
    ) -> Iterator[Event]:
        """Compare a trailer's count and control number with what was read.

        Where line ends were interpreted a wrong SE01 means that a claim's borders are in doubt: an error.
        """
        if _count_said(fields) != counted:
            said = field(fields, 1)
            yield self._say(
                f"{tag}01-count",
                f"{tag.upper()}01 says {said[:20] or 'nothing'}; {_COUNTED[tag]} read: {counted}",
                "error" if tag == "se" and "stray-line-ends" in self._damage_told else "warn",
                self._open_at,
                index,
            )
        closing = field(fields, 2)
        if closing != control:
            # The same number with its leading zeros lost is no sign of files spliced together.
            same = closing.isascii() and closing.isdigit() and closing.lstrip("0") == control.lstrip("0")
            yield self._say(
                f"{tag}02-control",
                f"The control number in {tag.upper()}02 is not written as in {_OPENED[tag]}"
                if same
                else f"The control number in {tag.upper()}02 differs from that in {_OPENED[tag]}",
                "warn" if same else "error",
                self._open_at,
                index,
            )

    def _span(self, window: Window, at: int) -> tuple[int, int]:
        """The span of the segment at ``at``, without terminator."""
        end = window.text.find(self._delimiters.segment, at)
        return window.offset(at), window.end if end < 0 else window.offset(end)

    def _finish(self, end: int, index: int) -> None:
        self.end = end
        self.end_index = index
        self._done = True

    # -- remarks -------------------------------------------------------------------------------------------

    def _header_remarks(self) -> Iterator[Fault]:
        header = self._interchange.header
        index = self._interchange.segment_index
        if not header.padded:
            yield self._say(
                "isa-padding",
                "The fields of ISA are not padded to their fixed widths; read by separators",
                "warn",
                header.start,
                index,
            )
        if header.repetition_unset:
            yield self._say(
                "isa11-repetition",
                "ISA11 gives no repetition separator; none was assumed",
                "warn",
                header.start,
                index,
            )

    def _look_for_damage(self, window: Window) -> Iterator[Fault]:
        """What was done to the bytes of a window, as far as they belong to this interchange, each told once."""
        found = [damage for damage in self._damage(window) if damage[2] not in self._damage_told]
        if not found:
            return
        last = next((mark.start(1) for mark in self._marks.finditer(window.text) if mark[1] in _LAST), None)
        for place, offset, code, message, severity in sorted(found):
            if last is None or place < last:
                self._damage_told.add(code)
                index = window.index + window.text.count(self._delimiters.segment, 0, place)
                yield self._say(code, message, severity, offset, index)

    def _damage(self, window: Window) -> Iterator[tuple[int, int, str, str, str]]:
        """The first place of each kind of damage and its offset in the file, with code, message and severity."""
        text = window.text
        stray = window.first_stray()
        if stray is not None and window.stray is not None:
            message = "Line ends stand inside segments or in place of terminators; read without them"
            yield stray, window.stray, "stray-line-ends", message, "warn"
        # Most files hold no small letter at all, which is seen much faster than a missing tag.
        small = text.find(b"clm" + self._element) if b"c" in text else -1
        if small > 0 and not text[small - 1 : small].isalnum():
            message = "Segment tags are written in small letters: no claim can be told from them"
            yield small, window.offset(small), "lower-case-tags", message, "error"
        null = text.find(b"\0")
        if null >= 0:
            message = "NUL bytes stand inside the interchange: the file was damaged on its way"
            yield null, window.offset(null), "nul-bytes", message, "error"

    def _say(self, code: str, message: str, severity: str, offset: int, index: int) -> Fault:
        return Fault(
            code=code,
            message=message,
            severity=severity,
            segment_index=index,
            byte_offset=offset,
            interchange_control=self._interchange.control,
            group_control=self._group.control if self._group else None,
            transaction_control=self._set.control if self._set else None,
        )


def _count_said(fields: tuple[str, ...]) -> int | None:
    """The count in a trailer's first element, None where there is no number."""
    said = field(fields, 1)
    return int(said[:18]) if said.isascii() and said.isdigit() else None


_COUNTED = {"se": "segments", "ge": "transaction sets", "iea": "functional groups"}
_OPENED = {"se": "ST02", "ge": "GS06", "iea": "ISA13"}
