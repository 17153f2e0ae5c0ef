"""The pass over one interchange: its envelopes, its hierarchy and the claims that mention a code.

Claims are found by their CLM, and a claim is told only when one of the wanted codes occurs between it and the
next CLM, HL or SE. Nothing is split into elements here but envelope and HL segments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile

from x12proc.errors import X12SyntaxError
from x12proc.wire import versions
from x12proc.wire.accelerated import count, find_boundaries
from x12proc.wire.boundaries import CLM, HL, PROVIDER, ST, SUBSCRIBER, OpenLoops, boundary_pattern, hl_level_at
from x12proc.wire.delimiters import IsaHeader
from x12proc.wire.events import (
    ClaimSpan,
    Event,
    Fault,
    Group,
    GroupClosed,
    Interchange,
    InterchangeClosed,
    SegmentRange,
    TransactionClosed,
    TransactionSet,
    field,
)
from x12proc.wire.segment import decode
from x12proc.wire.window import Buffer, Window, count_terminators, windows

_PATIENT = b"23"
_LEVELS = (PROVIDER, SUBSCRIBER, _PATIENT)
_IN_A_SET = (CLM, HL, b"")  # what belongs into a transaction set, or stands at a window's end
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
        self.stretch: SegmentRange | None = None


class InterchangeScan:
    """The pass over one interchange. ``end`` and ``end_index`` say where the next one may begin."""

    def __init__(
        self,
        buffer: Buffer,
        header: IsaHeader,
        index: int,
        codes: Sequence[str],
        all_claims: bool,
        window: int,
    ) -> None:
        self.end = len(buffer)
        self.end_index = index + 1
        self._buffer = buffer
        self._interchange = Interchange(header, index)
        self._delimiters = header.delimiters
        self._element = header.delimiters.element
        self._codes = tuple(code.encode() for code in codes)
        self._every_claim = all_claims
        self._window_size = window
        self._marks = boundary_pattern(self._delimiters.segment, self._element)
        # The terminator behind a window is no part of it.
        end = re.escape(self._delimiters.segment)
        layout = rb"[^0-9A-Za-z" + end + re.escape(self._element) + rb"]*+"
        self._empty = re.compile(end + layout + rb"(?=" + end + rb"|\Z)")
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
        # The stretch being read: the tag that opened it, its place in this window (-1: in an earlier one), and,
        # once they are known, its file offset, segment index and HL level; and whether a code occurs in it.
        self._open = b""
        self._open_place = -1
        self._open_at = 0
        self._open_index = -1
        self._open_level = b""
        self._open_hit = False
        self._header: SegmentRange | None = None
        # How many HL loops of the set have ended, and the last one of each level; and how many claims have begun
        # behind the last HL.
        self._loops_seen = 0
        self._levels: dict[bytes, _Loop] = {}
        self._claims_of_loop = 0
        self._envelopes: dict[bytes, Callable[[Window, int, int, tuple[str, ...]], Iterator[Event]]] = {
            b"ISA": self._on_isa,
            b"GS": self._on_gs,
            b"ST": self._on_st,
            b"SE": self._on_se,
            b"GE": self._on_ge,
            b"IEA": self._on_iea,
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
        """Go from stop to stop of a window."""
        yield from self._look_for_damage(window)
        last = 0
        for at, tag, opened, place, hit, claims, number, ended, levels in find_boundaries(
            window.text,
            self._delimiters.segment,
            self._element,
            self._codes,
            self._every_claim,
            self._open,
            self._open_level,
            self._open_hit,
            self._claims_of_loop,
        ):
            self._open, self._open_place, self._open_hit, self._claims_of_loop = opened, place, hit, number
            if self._set is None:
                yield from self._outside(window, last)
            else:
                self._claims += claims
                self._note_loops(window, ended, levels)
                if tag:
                    yield from self._end_stretch(window, at)
            if tag not in _IN_A_SET:
                yield from self._mark(window, tag, at)
            if self._done:
                return
            last = at
        self._carry_over(window)

    def _end_stretch(self, window: Window, at: int) -> Iterator[Event]:
        """Tell what is to be told of the stretch that ends here."""
        if self._open == ST:
            self._header = SegmentRange(self._open_at, window.offset(at), self._open_index)
        elif self._open == CLM and (self._open_hit or self._every_claim):
            yield from self._claim(window, at)

    def _outside(self, window: Window, last: int) -> Iterator[Event]:
        """Tell, once, of a claim or HL loop behind the last stop that no set holds."""
        if self._open not in (CLM, HL):
            return
        self._open = b""
        if not self._st_missing_told:
            stray = self._marks.search(window.text, last)
            assert stray is not None, "each envelope is a stop, and the open stretch begins behind the last one"
            index = window.index_at(stray.start(1))
            message = f"{stray[1].decode()} stands outside of any transaction set"
            yield from self._say_no_set(message, window.offset(stray.start(1)), index)

    def _carry_over(self, window: Window) -> None:
        """Keep of the window what the open stretch needs, for it may end in another one."""
        if self._open and self._open_place >= 0:
            self._open_index = self._index(window)
            self._open_at = window.offset(self._open_place)
            if self._open == HL:
                self._open_level = hl_level_at(window.text, self._open_place, self._element)
        for loop in self._levels.values():
            loop.place = -1
        self._open_place = -1
        self.end_index = window.last_index() + 1

    def _index(self, window: Window) -> int:
        """The index of the segment that opened the stretch at hand."""
        return window.index_at(self._open_place) if self._open_place >= 0 else self._open_index

    def _mark(self, window: Window, tag: bytes, at: int) -> Iterator[Event]:
        """An envelope segment."""
        index = window.index_at(at)
        self._open, self._open_at, self._open_index = tag, window.offset(at), index
        fields = self._fields(window.text, at)
        yield from self._envelopes[tag](window, at, index, fields)

    def _fields(self, text: bytes, at: int) -> tuple[str, ...]:
        end = text.find(self._delimiters.segment, at)
        body = text[at:end] if end >= 0 else text[at:]
        return tuple(decode(part.strip(b"\r\n ")) for part in body[:4096].split(self._element))

    # -- stretches -----------------------------------------------------------------------------------------

    def _note_loops(self, window: Window, ended: int, levels: OpenLoops) -> None:
        """Keep the last HL loop of each level that a claim can hang under: what stands before a provider, and
        patients before a subscriber, hang under others."""
        provider, subscriber, _ = levels
        if provider is not None:
            self._levels.clear()
        elif subscriber is not None:
            self._levels.pop(_PATIENT, None)
        for level, loop in zip(_LEVELS, levels, strict=True):
            if loop is not None:
                place, end, number = loop
                start = window.offset(place) if place >= 0 else self._open_at
                self._levels[level] = _Loop(start, window.offset(end), place, self._loops_seen + number)
        self._loops_seen += ended

    def _claim(self, window: Window, at: int) -> Iterator[Event]:
        if self._set is None or self._set.guide is None or self._group is None:
            return
        index = self._index(window)
        start = window.offset(self._open_place) if self._open_place >= 0 else self._open_at
        yield ClaimSpan(
            start,
            window.offset(at),
            index,
            self._header or SegmentRange(start, start, index),
            self._parent(PROVIDER, window, start, index),
            self._parent(SUBSCRIBER, window, start, index),
            self._parent(_PATIENT, window, start, index),
            self._interchange,
            self._group,
            self._set,
            self._claims_of_loop,
            self._open_hit,
        )

    def _parent(self, level: bytes, window: Window, claim_start: int, claim_index: int) -> SegmentRange | None:
        """The HL loop of a level that the claim hangs under; placed by counting back from the claim."""
        loop = self._levels.get(level)
        if loop is None:
            return None
        if loop.stretch is None:
            if loop.place >= 0 and self._open_place >= 0:
                between = count(window.text, self._delimiters.segment, loop.place, self._open_place)
            else:
                between = count_terminators(self._buffer, loop.start, claim_start, self._delimiters)
            loop.stretch = SegmentRange(loop.start, loop.end, claim_index - between, loop.number)
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
        fault = versions.check_group(fields)
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
        guide: str | None = None
        remarks: list[versions.Remark] = []
        if self._group and usable:
            guide, remarks = versions.check_transaction(fields, self._group.version)
        self._st_missing_told = False
        self._set = TransactionSet(fields, guide, self._open_at, index)
        self._sets += 1
        self._claims = 0
        self._levels = {}
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

    def _say_no_set(self, message: str, offset: int, index: int) -> Iterator[Fault]:
        """That an ST is missing: once, though all that belongs to its set shows it again."""
        if not self._st_missing_told:
            self._st_missing_told = True
            yield self._say("missing-st", message, "error", offset, index)

    def _say_no_group(self, message: str, index: int) -> Iterator[Fault]:
        """That a GS is missing: once, though every set and the GE behind it show it again."""
        if not self._gs_missing_told:
            self._gs_missing_told = True
            yield self._say("missing-gs", message, "error", self._open_at, index)

    def _on_se(self, window: Window, at: int, index: int, fields: tuple[str, ...]) -> Iterator[Event]:
        if self._set is None:
            yield from self._say_no_set("An SE stands outside of any transaction set", self._open_at, index)
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
        lost = f"; the claim at segment {self._open_index} is cut off" if self._open == CLM else ""
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
        stray = window.first_stray_line_end()
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
