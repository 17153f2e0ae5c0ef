"""Accepted and rejected EDI: one input as two, each with whole interchanges that hold its claims and no others.

A claim's bytes are copied as they came, and so are the loops it hangs under, but for what tells the place in the
tree: HL01, HL02, HL04, and the counts SE01, GE01, IEA01. Loops, sets, groups and interchanges without a claim are
left out. What is copied is kept as a span of the input for as long as it goes on without a gap, so that a long run
of claims costs one copy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import BinaryIO

import msgspec

from x12proc.engine.engine import ClaimResult, RemoteClaimResult
from x12proc.engine.stream import Outcome, Summary, UntargetedClaim
from x12proc.wire import faults
from x12proc.wire.accelerated import has_stray_line_ends
from x12proc.wire.delimiters import Delimiters, IsaHeader, padded_isa
from x12proc.wire.events import (
    ClaimSpan,
    Fault,
    Group,
    GroupClosed,
    Interchange,
    InterchangeClosed,
    SegmentRange,
    Span,
    TransactionClosed,
    TransactionSet,
    fault_of,
)
from x12proc.wire.line_ends import fold_line_ends
from x12proc.wire.segment import split_segments
from x12proc.wire.window import WINDOW, Buffer

ACCEPTED, REJECTED = "accepted", "rejected"
_LINE_ENDS = b"\r\n"
_LAYOUT = b" \t\r\n"
_MOST_LAYOUT = 64  # bytes between two envelope segments
_HEAD = 512  # bytes in which an HL ends
_LONGEST_HEAD = 1024 * 1024
_LARGEST_SPAN = 64 * 1024 * 1024  # what is longer, which no claim is, is copied in parts
_HL_FIELDS = 5  # tag, HL01 number, HL02 parent, HL03 level, HL04 child code


def disposition(outcome: ClaimResult | RemoteClaimResult | UntargetedClaim) -> str:
    """Whether a claim is accepted or rejected."""
    return REJECTED if outcome.rejected else ACCEPTED


class Split:
    """Writes accepted claims to one file and rejected ones to another (a stream writer).

    ``files`` has one or both of the dispositions; each is an empty file that can be written at any place.
    """

    def __init__(self, buffer: Buffer, files: Mapping[str, BinaryIO]) -> None:
        self.contradiction: Fault | None = None  # why the claims' place in the tree can't be told for sure
        self._tree = _Tree(buffer)
        self._heads = _Heads()
        self._halves = {kind: _Half(_SpanCopy(buffer, file), self._heads) for kind, file in files.items()}
        self._failed = False

    def take(self, outcome: Outcome) -> None:
        """Write a claim to where it belongs, or close an envelope."""
        if self._failed:
            return
        if isinstance(outcome, UntargetedClaim):
            self._claim(outcome.span, disposition(outcome))
        elif isinstance(outcome, ClaimResult):
            self._claim(outcome.claim.span, disposition(outcome))
        elif isinstance(outcome, Fault):
            self._failed = outcome.severity == "error"  # nothing of the file will be published
        elif isinstance(outcome, Interchange | Group | TransactionSet):
            self._heads.open(outcome)
        elif isinstance(outcome, TransactionClosed | GroupClosed | InterchangeClosed):
            for half in self._halves.values():
                half.close(outcome)

    def told(self, claim: RemoteClaimResult) -> bool:
        """Write a claim that another process scrubbed."""
        if not self._failed:
            self._claim(claim.span, disposition(claim))
        return True

    def end(self, summary: Summary) -> None:
        """Everything has been told."""
        for half in self._halves.values():
            half.copy.flush()

    def _claim(self, span: ClaimSpan, kind: str) -> None:
        chain = self._tree.chain(span)
        self.contradiction = self.contradiction or self._tree.contradiction
        if kind in self._halves:
            self._halves[kind].claim(span, chain)


# -- the tree of loops -----------------------------------------------------------------------------------------


class _Loop(msgspec.Struct, frozen=True):
    """An HL loop as read: where it stands, its HL without the terminator, and that HL's fields."""

    stretch: SegmentRange
    head: bytes
    fields: tuple[bytes, ...]


class _Tree:
    """Reads the HL loops that claims hang under; each once, for those that share one are neighbors."""

    def __init__(self, buffer: Buffer) -> None:
        self.contradiction: Fault | None = None
        self._buffer = buffer
        self._chain: tuple[_Loop, ...] = ()

    def chain(self, span: ClaimSpan) -> tuple[_Loop, ...]:
        """The loops above a claim, from the provider down."""
        above = [stretch for stretch in (span.provider, span.subscriber, span.patient) if stretch is not None]
        if [stretch.start for stretch in above] != [loop.stretch.start for loop in self._chain]:
            known = {loop.stretch.start: loop for loop in self._chain}
            delimiters = span.interchange.delimiters
            self._chain = tuple(known.get(stretch.start) or self._read(stretch, delimiters) for stretch in above)
            self._compare(span)
        return self._chain

    def _read(self, stretch: SegmentRange, delimiters: Delimiters) -> _Loop:
        head = _first_segment(self._buffer, stretch, delimiters)
        fields = head.split(delimiters.element)
        return _Loop(stretch, head, (*fields, *[b""] * (_HL_FIELDS - len(fields))))

    def _compare(self, span: ClaimSpan) -> None:
        """Claims are read as hanging under the loops before them; an HL02 that names another loop contradicts
        that, and a guess might send a claim out under another provider."""
        for parent, loop in zip(self._chain, self._chain[1:], strict=False):
            said, number = _number(loop.fields[2]), _number(parent.fields[1])
            if said and said != number and self.contradiction is None:
                self.contradiction = fault_of(
                    faults.HL_PARENT,
                    segment_index=loop.stretch.segment_index,
                    byte_offset=loop.stretch.start,
                    interchange=span.interchange,
                    group=span.group,
                    transaction=span.transaction,
                )


def _first_segment(buffer: Buffer, stretch: SegmentRange, delimiters: Delimiters) -> bytes:
    """The bytes of the segment at the head of a stretch, without its terminator."""
    reach = _HEAD
    while True:
        chunk = buffer[stretch.start : min(stretch.start + reach, stretch.end)]
        head, terminator, _ = chunk.partition(delimiters.segment)
        if terminator and b"\n" not in head and b"\r" not in head:
            return head
        if terminator or len(chunk) < reach or reach >= _LONGEST_HEAD:
            break
        reach = _LONGEST_HEAD
    # Line ends stand in it, which may mean nothing or may stand for the terminator.
    segments = split_segments(chunk, 0, 0, delimiters)
    return segments[0].raw if segments else head


def _number(field: bytes) -> bytes:
    return field.translate(None, _LAYOUT).lstrip(b"0")


# -- one of the two files --------------------------------------------------------------------------------------


class _Heads:
    """Where the envelopes that are open begin, each up to the first one inside it."""

    def __init__(self) -> None:
        self.interchange: Interchange | None = None
        self.isa_end = 0
        self.group: Group | None = None
        self.gs_end = 0

    def open(self, opened: Interchange | Group | TransactionSet) -> None:
        if isinstance(opened, Interchange):
            self.interchange, self.isa_end = opened, 0
        elif isinstance(opened, Group):
            self.group, self.gs_end = opened, 0
            self.isa_end = self.isa_end or opened.start
        else:
            self.gs_end = self.gs_end or opened.start


class _Hung(msgspec.Struct):
    """An HL loop that was written and may get children: where its HL04 stands and what it says."""

    start: int
    number: int
    flag_place: int
    flag: bytes
    has_child: bool = False


class _Half:
    """The accepted or the rejected claims. An envelope is opened when its first claim comes."""

    def __init__(self, copy: _SpanCopy, heads: _Heads) -> None:
        self.copy = copy
        self._heads = heads
        self._interchange: Interchange | None = None
        self._group: Group | None = None
        self._set: TransactionSet | None = None
        self._groups = 0
        self._sets = 0
        self._hung: list[_Hung] = []
        self._loops = 0

    def claim(self, span: ClaimSpan, chain: tuple[_Loop, ...]) -> None:
        """Write a claim below the loops it hangs under, which are written unless the last claim shared them."""
        if self._set is not span.transaction:
            self._open(span)
        self._hang(chain, span.interchange.delimiters)
        self.copy.span(span.start, span.end)

    # -- envelopes -----------------------------------------------------------------------------------------

    def _open(self, span: ClaimSpan) -> None:
        heads = self._heads
        if self._interchange is not span.interchange:
            self._interchange = span.interchange
            self._groups = 0
            self._open_interchange(span.interchange.header, heads.isa_end)
        if self._group is not span.group:
            self._group = span.group
            self._groups += 1
            self._sets = 0
            self.copy.span(span.group.start, heads.gs_end)
        self._set = span.transaction
        self._sets += 1
        self._loops = 0
        self.copy.begin_count(span.interchange.delimiters)
        self.copy.span(span.header.start, span.header.end)

    def _open_interchange(self, header: IsaHeader, end: int) -> None:
        """The ISA; one that lost its padding gets it back, for most readers take its fields by their places."""
        padded = None if header.padded else padded_isa(header)
        if padded is None:
            self.copy.span(header.start, end)
        else:
            self.copy.put(padded)
            self.copy.span(header.end, end)

    def close(self, closed: TransactionClosed | GroupClosed | InterchangeClosed) -> None:
        """Write the trailer of an envelope that was opened here."""
        if isinstance(closed, TransactionClosed):
            if closed.transaction is self._set and closed.trailer is not None:
                self._close_loops(0)
                self._trailer(closed.trailer, self.copy.counted() + 1, _LAYOUT)
            self._set = None
        elif isinstance(closed, GroupClosed):
            if closed.group is self._group:
                self._trailer(closed.trailer, self._sets, _LAYOUT)
            self._group = None
        else:
            if closed.interchange is self._interchange:
                self._trailer(closed.trailer, self._groups, _LINE_ENDS)
            self._interchange = None

    def _trailer(self, trailer: Span, count: int, layout: bytes) -> None:
        """SE, GE or IEA with its count, its terminator (which the last one may lack) and the layout behind it."""
        assert self._interchange is not None
        delimiters = self._interchange.delimiters
        start, end = trailer
        raw = self.copy.buffer[start:end]
        fields = raw.split(delimiters.element)
        said = fields[1].translate(None, _LINE_ENDS)
        if not said.isdigit() or int(said[:18]) != count:
            fields[1] = str(count).encode()
        new = delimiters.element.join(fields).rstrip(_LINE_ENDS)
        behind = self.copy.buffer[end : end + _MOST_LAYOUT]
        closed = behind[:1] == delimiters.segment
        gap = len(behind) - len(behind[closed:].lstrip(layout)) - closed
        if new == raw and closed:
            self.copy.span(start, end + 1 + gap)
        else:
            self.copy.put(new + delimiters.segment)
            self.copy.span(end + closed, end + closed + gap)

    # -- loops ---------------------------------------------------------------------------------------------

    def _hang(self, chain: tuple[_Loop, ...], delimiters: Delimiters) -> None:
        """Write those loops of the chain that are not open, closing others."""
        shared = 0
        for hung, loop in zip(self._hung, chain, strict=False):
            if hung.start != loop.stretch.start:
                break
            shared += 1
        self._close_loops(shared)
        for loop in chain[shared:]:
            if self._hung:
                self._hung[-1].has_child = True
            self._write(loop, loop is chain[-1], delimiters)

    def _write(self, loop: _Loop, is_last: bool, delimiters: Delimiters) -> None:
        self._loops += 1
        parent = str(self._hung[-1].number).encode() if self._hung else b""
        level, flag, rest = loop.fields[3], loop.fields[4], loop.fields[5:]
        if flag not in (b"0", b"1") or not is_last:
            flag = b"0" if is_last else b"1"
        place = delimiters.element.join((loop.fields[0], str(self._loops).encode(), parent, level, b""))
        head = delimiters.element.join((place + flag, *rest))
        self._hung.append(
            _Hung(loop.stretch.start, self._loops, self.copy.place() + len(place), flag, not is_last)
        )
        start, end = loop.stretch.start, loop.stretch.end
        if head != loop.head:
            self.copy.put(head)
            start += len(loop.head)
        self.copy.span(start, end)

    def _close_loops(self, kept: int) -> None:
        """Nothing more comes below these loops: now HL04 is known, which until here was taken as it came."""
        for hung in self._hung[kept:]:
            flag = b"1" if hung.has_child else b"0"
            if flag != hung.flag:
                self.copy.patch(hung.flag_place, flag)
        del self._hung[kept:]


class _SpanCopy:
    """Writes spans of a buffer, joined while one begins where the last one ended, and new bytes between them."""

    def __init__(self, buffer: Buffer, file: BinaryIO) -> None:
        self.buffer = buffer
        self._file = file
        self._start = 0  # the span that may still grow
        self._end = 0
        self._pieces: list[bytes] = []  # what comes before it and is not in the file yet
        self._held = 0
        self._written = 0
        self._segments = 0
        self._delimiters: Delimiters | None = None

    def span(self, start: int, end: int) -> None:
        """Copy from ``start`` up to ``end``: whole segments, or the rest of one with the segments behind it."""
        if start != self._end:
            self._take_span()
            self._start = self._end = start
        while end - self._end > _LARGEST_SPAN:
            self._end += WINDOW
            self.flush()
        self._end = end
        if self._held + end - self._start >= WINDOW:  # here and nowhere else what is gathered ends with a segment
            self.flush()

    def put(self, new: bytes) -> None:
        """Write new bytes."""
        self._take_span()
        self._pieces.append(new)
        self._held += len(new)

    def place(self) -> int:
        """Where in the file the next byte will stand."""
        return self._written + self._held + self._end - self._start

    def patch(self, place: int, new: bytes) -> None:
        """Write over bytes that have been written before."""
        self.flush()
        self._file.seek(place)
        self._file.write(new)
        self._file.seek(self._written)

    def begin_count(self, delimiters: Delimiters) -> None:
        """Count segments from here on."""
        self.flush()
        self._segments = 0
        self._delimiters = delimiters

    def counted(self) -> int:
        """How many segments have been written since then."""
        self.flush()
        return self._segments

    def flush(self) -> None:
        """Write what has been gathered."""
        self._take_span()
        text = b"".join(self._pieces)
        if self._delimiters is not None:
            self._segments += _count(text, self._delimiters)
        self._file.write(text)
        self._written += len(text)
        self._pieces.clear()
        self._held = 0

    def _take_span(self) -> None:
        if self._start == self._end:
            return
        self._pieces.append(self.buffer[self._start : self._end])
        self._held += self._end - self._start
        self._start = self._end


def _count(text: bytes, delimiters: Delimiters) -> int:
    """How many segments a stretch of whole segments holds; a terminator right behind another one ends none.

    Where a line end stands for the last terminator, what follows it makes it one: an HL, a CLM or an SE, in the
    input as in the copy.
    """
    open_end = False
    if has_stray_line_ends(text, delimiters.segment):
        text, _ = fold_line_ends(text, delimiters)
        last = text.rstrip(delimiters.layout.encode("latin-1"))
        open_end = bool(last) and not last.endswith(delimiters.segment)
    empty = sum(1 for _ in _empty_segments(delimiters).finditer(text))
    return text.count(delimiters.segment) - empty + open_end


@lru_cache(maxsize=32)
def _empty_segments(delimiters: Delimiters) -> re.Pattern[bytes]:
    terminator = re.escape(delimiters.segment)
    layout = re.escape(delimiters.layout.encode("latin-1"))
    return re.compile(terminator + rb"[" + layout + rb"]*+(?=" + terminator + rb")")
