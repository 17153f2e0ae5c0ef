"""Accepted and rejected EDI: one input as two, each with whole interchanges that hold its claims and no others.

A claim's bytes are copied as they came, and so are its parent loops, but for their numbers in the tree (HL01,
HL02, HL04) and the counts SE01, GE01 and IEA01. Loops, sets, groups and interchanges without a claim are left out.
What is copied is kept as a span of the input for as long as it goes on without a gap, so that many claims one
after another cost one copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

import msgspec

from x12proc.engine.stream import Outcome, Summary, UntargetedClaim
from x12proc.reports.edi.renumber import Renumbered, renumber, subscriber_positions
from x12proc.reports.edi.span_copy import SpanCopy
from x12proc.reports.writer import TargetClaim
from x12proc.wire import faults
from x12proc.wire.delimiters import Delimiters, IsaHeader, padded_isa
from x12proc.wire.events import (
    ClaimRun,
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
from x12proc.wire.runs import claims_of
from x12proc.wire.segment import split_segments
from x12proc.wire.window import Buffer

ACCEPTED, REJECTED = "accepted", "rejected"
_LINE_ENDS = b"\r\n"
_LAYOUT = b" \t\r\n"
_MOST_LAYOUT = 64  # bytes between two envelope segments
_HEAD = 512  # bytes in which an HL ends
_LONGEST_HEAD = 1024 * 1024
_HL_FIELDS = 5  # tag, HL01 number, HL02 parent, HL03 level, HL04 child code


def disposition(outcome: TargetClaim | UntargetedClaim) -> str:
    """Return whether a claim is accepted or rejected."""
    return REJECTED if outcome.rejected else ACCEPTED


class Split:
    """Writes accepted claims to one file and rejected ones to another (a stream writer).

    ``files`` has one or both of the dispositions; each is an empty file that can be written at any place.
    """

    def __init__(self, buffer: Buffer, files: Mapping[str, BinaryIO]) -> None:
        self.ambiguity: Fault | None = None  # why the claims can't be split for certain
        self._buffer = buffer
        self._loop_reader = _LoopReader(buffer)
        self._heads = _EnvelopeHeads()
        self._files = {kind: _SplitFile(SpanCopy(buffer, file), self._heads) for kind, file in files.items()}
        self._failed = False

    def handle(self, outcome: Outcome) -> None:
        """Write claims without a target line to the file they belong to, or close an envelope."""
        if self._failed:
            return
        if isinstance(outcome, UntargetedClaim):
            self._claim(outcome.span, disposition(outcome))
        elif isinstance(outcome, ClaimRun):
            self._run(outcome)
        elif isinstance(outcome, Fault):
            self._failed = outcome.severity == "error"  # nothing of the file will be published
        elif isinstance(outcome, Interchange | Group | TransactionSet):
            self._heads.open(outcome)
        elif isinstance(outcome, TransactionClosed | GroupClosed | InterchangeClosed):
            for file in self._files.values():
                file.close(outcome)

    def claim(self, claim: TargetClaim, part: None) -> None:
        """Write a target claim to the file it belongs to."""
        if not self._failed:
            self._claim(claim.span, disposition(claim))

    def end(self, summary: Summary) -> None:
        """Write the rest: there are no more outcomes."""
        for file in self._files.values():
            file.copy.flush()

    def _claim(self, span: ClaimSpan, kind: str) -> None:
        chain = self._loop_reader.chain(span)
        self.ambiguity = self.ambiguity or self._loop_reader.ambiguity
        if kind in self._files:
            self._files[kind].claim(span, chain)

    def _run(self, run: ClaimRun) -> None:
        """Accept the claims of a run: those of its first subscriber one by one, the others at once."""
        text = self._buffer[run.start : run.end]
        delimiters = run.interchange.delimiters
        following = next((at for at in subscriber_positions(text, delimiters) if at), len(text))
        for claims, span in enumerate(claims_of(run, self._buffer)):
            if span.start > run.start + following:
                if self._accept_all(run, text[following:], run.claims - claims):
                    return
                following = len(text)
            self._claim(span, ACCEPTED)

    def _accept_all(self, run: ClaimRun, text: bytes, claims: int) -> bool:
        """Write the last claims of a run, if its loops are as the guides have them."""
        provider = self._loop_reader.provider
        if provider is None or run.provider is None or provider.loop_range.start != run.provider.start:
            return False
        file = self._files.get(ACCEPTED)
        new_provider, last = file.numbers if file is not None else (0, 0)
        delimiters = run.interchange.delimiters
        renumbered = renumber(text, claims, delimiters, provider.fields[1], new_provider, last)
        if renumbered is not None and file is not None:
            file.run(run.end - len(text), run.end, renumbered)
        return renumbered is not None


# -- the tree of loops -----------------------------------------------------------------------------------------


class _Loop(msgspec.Struct, frozen=True):
    """An HL loop as read: its bytes, its HL without the terminator, and that HL's fields."""

    loop_range: SegmentRange
    head: bytes
    fields: tuple[bytes, ...]


class _LoopReader:
    """Reads the HL loops above claims; each once, for claims that share a loop are neighbors."""

    def __init__(self, buffer: Buffer) -> None:
        self.ambiguity: Fault | None = None
        self._buffer = buffer
        self._chain: tuple[_Loop, ...] = ()

    @property
    def provider(self) -> _Loop | None:
        """Return the provider of the last claim."""
        return next(iter(self._chain), None)

    def chain(self, span: ClaimSpan) -> tuple[_Loop, ...]:
        """Return the loops above a claim, from the provider down."""
        above = [
            loop_range for loop_range in (span.provider, span.subscriber, span.patient) if loop_range is not None
        ]
        if [loop_range.start for loop_range in above] != [loop.loop_range.start for loop in self._chain]:
            known = {loop.loop_range.start: loop for loop in self._chain}
            delimiters = span.interchange.delimiters
            self._chain = tuple(
                known.get(loop_range.start) or self._read(loop_range, delimiters) for loop_range in above
            )
            self._compare(span)
        return self._chain

    def _read(self, loop_range: SegmentRange, delimiters: Delimiters) -> _Loop:
        head = _first_segment(self._buffer, loop_range, delimiters)
        fields = head.split(delimiters.element)
        return _Loop(loop_range, head, (*fields, *[b""] * (_HL_FIELDS - len(fields))))

    def _compare(self, span: ClaimSpan) -> None:
        """Record a fault where HL02 names another parent than the loop before it: a guess might send a claim out
        under another provider."""
        for parent, loop in zip(self._chain, self._chain[1:], strict=False):
            stated, number = _number(loop.fields[2]), _number(parent.fields[1])
            if stated and stated != number and self.ambiguity is None:
                self.ambiguity = fault_of(
                    faults.HL_PARENT,
                    segment_index=loop.loop_range.segment_index,
                    byte_offset=loop.loop_range.start,
                    interchange=span.interchange,
                    group=span.group,
                    transaction=span.transaction,
                )


def _first_segment(buffer: Buffer, loop_range: SegmentRange, delimiters: Delimiters) -> bytes:
    """Return the first segment of a range of segments, without its terminator."""
    reach = _HEAD
    while True:
        chunk = buffer[loop_range.start : min(loop_range.start + reach, loop_range.end)]
        head, terminator, _ = chunk.partition(delimiters.segment)
        if terminator and b"\n" not in head and b"\r" not in head:
            return head
        if terminator or len(chunk) < reach or reach >= _LONGEST_HEAD:
            break
        reach = _LONGEST_HEAD
    # It holds line ends, which may mean nothing or may be the terminator.
    segments = split_segments(chunk, 0, 0, delimiters)
    return segments[0].raw if segments else head


def _number(field: bytes) -> bytes:
    return field.translate(None, _LAYOUT).lstrip(b"0")


# -- one of the two files --------------------------------------------------------------------------------------


class _EnvelopeHeads:
    """The heads of the open envelopes, each up to the first envelope inside it."""

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


class _OpenLoop(msgspec.Struct):
    """An HL loop that was written and may get children: the position and value of its HL04."""

    start: int
    number: int
    flag_position: int
    flag: bytes
    has_child: bool = False


class _SplitFile:
    """The file of the accepted or of the rejected claims. An envelope is opened with its first claim."""

    def __init__(self, copy: SpanCopy, heads: _EnvelopeHeads) -> None:
        self.copy = copy
        self._heads = heads
        self._interchange: Interchange | None = None
        self._group: Group | None = None
        self._set: TransactionSet | None = None
        self._groups = 0
        self._sets = 0
        self._open_loops: list[_OpenLoop] = []
        self._loops = 0

    def claim(self, span: ClaimSpan, chain: tuple[_Loop, ...]) -> None:
        """Write a claim after its parent loops, which are written unless the last claim shared them."""
        if self._set is not span.transaction:
            self._open(span)
        self._write_parents(chain, span.interchange.delimiters)
        self.copy.span(span.start, span.end)

    @property
    def numbers(self) -> tuple[int, int]:
        """Return the numbers of the open provider's loop and of the last loop."""
        return self._open_loops[0].number, self._loops

    def run(self, start: int, end: int, renumbered: Renumbered) -> None:
        """Write the claims of a run with their loops; those of its provider are written."""
        self._close_loops(1)
        self._open_loops[0].has_child = True
        if renumbered.text is None:
            self.copy.span(start, end)
        else:
            self.copy.put_segments(renumbered.text)
        for loop in renumbered.open_loops:
            self._open_loops.append(
                _OpenLoop(
                    end - loop.start_from_end,
                    loop.number,
                    self.copy.position() - loop.flag_from_end,
                    loop.flag,
                    loop.has_child,
                )
            )
        self._loops = renumbered.last

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
        """Write SE, GE or IEA with its count, its terminator (the last one may lack it) and the layout."""
        assert self._interchange is not None
        delimiters = self._interchange.delimiters
        start, end = trailer
        raw = self.copy.buffer[start:end]
        fields = raw.split(delimiters.element)
        stated = fields[1].translate(None, _LINE_ENDS)
        if not stated.isdigit() or int(stated[:18]) != count:
            fields[1] = str(count).encode()
        new = delimiters.element.join(fields).rstrip(_LINE_ENDS)
        following = self.copy.buffer[end : end + _MOST_LAYOUT]
        closed = following[:1] == delimiters.segment
        gap = len(following) - len(following[closed:].lstrip(layout)) - closed
        if new == raw and closed:
            self.copy.span(start, end + 1 + gap)
        else:
            self.copy.put(new + delimiters.segment)
            self.copy.span(end + closed, end + closed + gap)

    # -- loops ---------------------------------------------------------------------------------------------

    def _write_parents(self, chain: tuple[_Loop, ...], delimiters: Delimiters) -> None:
        """Write the loops of the chain that are not open, and close others."""
        shared = 0
        for open_loop, loop in zip(self._open_loops, chain, strict=False):
            if open_loop.start != loop.loop_range.start:
                break
            shared += 1
        self._close_loops(shared)
        for loop in chain[shared:]:
            if self._open_loops:
                self._open_loops[-1].has_child = True
            self._write(loop, loop is chain[-1], delimiters)

    def _write(self, loop: _Loop, is_last: bool, delimiters: Delimiters) -> None:
        self._loops += 1
        parent = str(self._open_loops[-1].number).encode() if self._open_loops else b""
        level, flag, rest = loop.fields[3], loop.fields[4], loop.fields[5:]
        if flag not in (b"0", b"1") or not is_last:
            flag = b"0" if is_last else b"1"
        prefix = delimiters.element.join((loop.fields[0], str(self._loops).encode(), parent, level, b""))
        head = delimiters.element.join((prefix + flag, *rest))
        self._open_loops.append(
            _OpenLoop(loop.loop_range.start, self._loops, self.copy.position() + len(prefix), flag, not is_last)
        )
        start, end = loop.loop_range.start, loop.loop_range.end
        if head != loop.head:
            self.copy.put(head)
            start += len(loop.head)
        self.copy.span(start, end)

    def _close_loops(self, kept: int) -> None:
        """Close loops: now that all their children are written, correct HL04 where it was copied wrong."""
        for open_loop in self._open_loops[kept:]:
            flag = b"1" if open_loop.has_child else b"0"
            if flag != open_loop.flag:
                self.copy.patch(open_loop.flag_position, flag)
        del self._open_loops[kept:]
