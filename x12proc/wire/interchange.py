"""The scan of one interchange: from its ISA to its IEA, or to where it breaks.

Claims are found by their CLM; a claim is reported only where one of the wanted codes occurs between its CLM and
the next CLM, HL or SE. No segments but envelopes and HL are split into elements here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile

from x12proc.errors import X12SyntaxError
from x12proc.wire import faults, mentions
from x12proc.wire.accelerated import find_boundaries
from x12proc.wire.boundaries import (
    CLAIMS,
    CLM,
    HL,
    PROVIDER,
    RUNS,
    ST,
    SUBSCRIBER,
    Boundaries,
    boundary_pattern,
    hl_level_at,
    last_claim_end,
)
from x12proc.wire.damage import Damage
from x12proc.wire.delimiters import Delimiters, IsaHeader
from x12proc.wire.envelopes import Envelopes, EnvelopeSegment
from x12proc.wire.events import ClaimRun, ClaimSpan, Event, Interchange, MentionCounts, OwnNote, SegmentRange
from x12proc.wire.parent_loops import PATIENT, ParentLoops
from x12proc.wire.segment import decode
from x12proc.wire.window import Buffer, Window, windows

_IN_TRANSACTION = (CLM, HL, b"")  # a boundary inside of a transaction set, or the end of a window
_HEAD = 4096  # bytes of an envelope segment that are read
_LONGEST_RANGE = 1024 * 1024  # bytes of a range outside of claims that are looked through for codes


class _OpenRange:
    """The range that is being read: from the boundary that opened it to the next one.

    ``offset`` and ``index`` are those of its first segment, ``level`` is HL03 of an HL; they are known once the
    range leaves the window that it began in. ``window_pos`` is -1 from then on.
    """

    __slots__ = ("claim_number", "has_code", "index", "level", "offset", "tag", "window_pos")

    def __init__(self) -> None:
        self.tag = b""
        self.window_pos = -1
        self.offset = 0
        self.index = -1
        self.level = b""
        self.has_code = False
        self.claim_number = 0  # CLM since the last HL or envelope

    def start(self, window: Window) -> int:
        """Return the offset of its first segment."""
        return window.offset(self.window_pos) if self.window_pos >= 0 else self.offset

    def start_index(self, window: Window) -> int:
        """Return the index of its first segment."""
        return window.index_at(self.window_pos) if self.window_pos >= 0 else self.index

    def leave_window(self, window: Window, delimiters: Delimiters) -> None:
        """Keep what the next window needs of the range."""
        if self.tag and self.window_pos >= 0:
            self.index = self.start_index(window)
            self.offset = window.offset(self.window_pos)
            if self.tag == HL:
                self.level = hl_level_at(window.text, self.window_pos, delimiters.segment, delimiters.element)
        self.window_pos = -1


class _RunFinder:
    """Finds what lies between two boundaries of a window: claims without a code, from ``start`` to ``_end``."""

    def __init__(self, delimiters: Delimiters, *, enabled: bool) -> None:
        self._delimiters = delimiters
        self._enabled = enabled
        self.start = -1
        self._end = 0
        self._tag = b""
        self.number = 0  # claims of the HL loop before it
        self.claims = 0

    def begin(self, position: int, tag: bytes, number: int) -> None:
        """Begin at a boundary."""
        self.start, self._tag, self.number = position, tag, number if tag == CLM else 0

    def has_claims(
        self, position: int, tag: bytes, opened: bytes, opened_at: int, has_code: bool, claims: int
    ) -> bool:
        """Return whether there are claims between the last boundary and this one. The last range is left out where
        it is a claim with a code, or goes on in the next window."""
        if not self._enabled or self._tag not in (CLM, HL):
            return False
        left_out = opened_at >= 0 and (not tag or (has_code and opened == CLM))
        self._end = opened_at if left_out else position
        self.claims = claims - (left_out and opened == CLM)
        return self.claims > 0

    def last_claim_end(self, text: bytes) -> int:
        """Return the end of the last claim; HL loops after it have none."""
        return last_claim_end(text, self.start, self._end, self._delimiters.segment, self._delimiters.element)


class InterchangeScan:
    """The scan of one interchange. ``end`` and ``end_index`` are where the next one may begin."""

    def __init__(
        self,
        buffer: Buffer,
        header: IsaHeader,
        index: int,
        codes: Sequence[str],
        reported: int,
        window: int,
    ) -> None:
        self.end = len(buffer)
        self.end_index = index + 1
        self._buffer = buffer
        self._interchange = Interchange(header, index)
        self._delimiters = header.delimiters
        self._codes = tuple(code.encode() for code in codes)
        self._asked_for = reported
        self._reported = reported  # of the current window
        self._window_size = window
        self._envelopes = Envelopes(self._interchange)
        self._loops = ParentLoops(buffer, header.delimiters)
        self._damage = Damage(header.delimiters)
        self._open = _OpenRange()
        self._done = False

    def run(self, progress: Callable[[int], None] | None) -> Iterator[Event]:
        """Yield the events of this interchange, in file order."""
        yield self._interchange
        yield from self._envelopes.header_faults()
        start, index = self._interchange.header.end, self._interchange.segment_index
        try:
            for window in windows(self._buffer, start, index, self._delimiters, self._window_size):
                yield from self._read(window)
                if progress is not None:
                    progress(window.end)
                if self._done:
                    return
        except X12SyntaxError as error:
            yield self._envelopes.unreadable(error, self.end_index)
        yield from self._truncated()

    def _read(self, window: Window) -> Iterator[Event]:
        """Read a window, boundary by boundary."""
        last = 0
        current, envelopes = self._open, self._envelopes
        boundaries, broken, odd_level, note = self._boundaries(window)
        runs = _RunFinder(self._delimiters, enabled=self._reported == RUNS)
        yield from self._oddities(window, broken, note)
        for position, tag, opened, start, has_code, claims, number, ended, open_loops in boundaries:
            current.tag, current.window_pos = opened, start
            current.has_code, current.claim_number = has_code, number
            if 0 <= odd_level < position:
                yield from self._odd_level(window, odd_level)
                odd_level = -1
            if envelopes.transaction is None:
                yield from self._orphan_segment(window, last)
            else:
                if runs.has_claims(position, tag, opened, start, has_code, claims):
                    yield from self._run(window, runs)
                envelopes.claims += claims
                self._loops.add(window, ended, open_loops, current.offset)
                if tag:
                    yield from self._end_range(window, position)
            if tag and has_code and opened != CLM and envelopes.reads_claims:
                yield from self._codes_outside_claims(window, position)
            if tag not in _IN_TRANSACTION:
                yield from self._envelope(window, tag, position)
            if self._done:
                return
            if tag not in _IN_TRANSACTION:
                last = position
            runs.begin(position, tag, number)
        current.leave_window(window, self._delimiters)
        self._loops.leave_window()
        self.end_index = window.last_index() + 1

    def _boundaries(self, window: Window) -> Boundaries:
        """Find the boundaries of a window. One with oddities is read claim by claim, for their faults come right
        before their claims."""
        self._reported = self._asked_for
        found = self._find_boundaries(window)
        if self._reported == RUNS and (window.is_folded or found[1] >= 0 or found[2] >= 0):
            self._reported = CLAIMS
            found = self._find_boundaries(window)
        return found

    def _find_boundaries(self, window: Window) -> Boundaries:
        current, delimiters = self._open, self._delimiters
        return find_boundaries(
            window.text,
            delimiters.segment,
            delimiters.element,
            self._codes,
            self._reported,
            current.tag,
            current.level,
            current.has_code,
            current.claim_number,
        )

    def _orphan_segment(self, window: Window, last: int) -> Iterator[Event]:
        """Report a claim or HL loop after the last envelope segment that is in no transaction set, once."""
        if self._open.tag not in (CLM, HL):
            return
        self._open.tag = b""
        if self._envelopes.missing_st_reported:
            return
        pattern = boundary_pattern(self._delimiters.segment, self._delimiters.element)
        stray = pattern.search(window.text, last)
        assert stray is not None, "each envelope is a boundary, and the open range begins after the last one"
        index = window.index_at(stray.start(1))
        offset = window.offset(stray.start(1))
        tag = stray[1].decode()
        yield from self._envelopes.missing_st(faults.SEGMENT_OUTSIDE_SET, offset, index, tag=tag)

    def _oddities(self, window: Window, broken: int, note: int) -> Iterator[Event]:
        """Report what a window shows as a whole: damage, and that the file was annotated before."""
        yield from self._damage_faults(window, broken, -1)
        if note >= 0:
            yield OwnNote(window.offset(note))

    def _odd_level(self, window: Window, position: int) -> Iterator[Event]:
        """Report an HL of an unknown level, where claims are read."""
        if self._envelopes.transaction is not None and self._envelopes.reads_claims:
            yield from self._damage_faults(window, -1, position)

    def _damage_faults(self, window: Window, broken: int, odd_level: int) -> Iterator[Event]:
        for kind, offset, segment_index in self._damage.find(window, broken, odd_level):
            head = self._buffer[offset : offset + 64]
            tag = "HL" if head[:2].upper() == HL else head[:3].upper().decode("latin-1")
            level = decode(hl_level_at(head, 0, self._delimiters.segment, self._delimiters.element)) or "empty"
            yield self._envelopes.fault(kind, offset, segment_index, tag=tag, level=level)

    def _codes_outside_claims(self, window: Window, position: int) -> Iterator[Event]:
        """Count the codes in a range that is no claim; report the first in a segment that belongs to claims."""
        current, delimiters = self._open, self._delimiters
        start = current.start(window) if current.tag else self._interchange.header.end + 1
        raw = self._buffer[start : min(window.offset(position), start + _LONGEST_RANGE)]
        names, rest = mentions.outside_claims(raw, self._codes, delimiters)
        if rest is not None:
            index = current.start_index(window) if current.tag else self._interchange.segment_index + 1
            index += raw.count(delimiters.segment, 0, rest.offset)
            kind = faults.CODE_OUTSIDE_CLAIM
            yield self._envelopes.fault(kind, start + rest.offset, index, tag=rest.tag, code=rest.code)
        yield MentionCounts(identifiers=names, unexplained=int(rest is not None))

    # -- claims ------------------------------------------------------------------------------------------------

    def _end_range(self, window: Window, position: int) -> Iterator[Event]:
        """End the open range: keep a header, report a claim."""
        current = self._open
        if current.tag == ST:
            self._loops.header = SegmentRange(current.offset, window.offset(position), current.index)
        elif current.tag == CLM and (current.has_code or self._is_single_claim()):
            yield from self._claim(window, position)

    def _is_single_claim(self) -> bool:
        """Return whether the open claim is reported by itself, though it has no code."""
        return self._reported == CLAIMS or (self._reported == RUNS and self._open.window_pos < 0)

    def _run(self, window: Window, found: _RunFinder) -> Iterator[Event]:
        """Report the claims between the last two boundaries, which have no code."""
        transaction, group = self._envelopes.transaction, self._envelopes.group
        if transaction is None or transaction.guide is None or group is None:
            return
        loops, position = self._loops, found.start
        index, start = window.index_at(position), window.offset(position)
        end = found.last_claim_end(window.text)
        run = SegmentRange(start, window.offset(end), index)
        yield ClaimRun(
            start=start,
            end=run.end,
            segment_index=index,
            header=loops.header or SegmentRange(start, start, index),
            provider=loops.parent(PROVIDER, window, run, position),
            subscriber=loops.parent(SUBSCRIBER, window, run, position),
            patient=loops.parent(PATIENT, window, run, position),
            interchange=self._interchange,
            group=group,
            transaction=transaction,
            number=found.number,
            loops=loops.count,
            claims=found.claims,
        )

    def _claim(self, window: Window, position: int) -> Iterator[Event]:
        transaction, group = self._envelopes.transaction, self._envelopes.group
        if transaction is None or transaction.guide is None or group is None:
            return
        current, loops = self._open, self._loops
        index = current.start_index(window)
        start = current.start(window)
        claim = SegmentRange(start, window.offset(position), index)
        yield ClaimSpan(
            start,
            claim.end,
            index,
            loops.header or SegmentRange(start, start, index),
            loops.parent(PROVIDER, window, claim, current.window_pos),
            loops.parent(SUBSCRIBER, window, claim, current.window_pos),
            loops.parent(PATIENT, window, claim, current.window_pos),
            self._interchange,
            group,
            transaction,
            current.claim_number,
            current.has_code,
        )

    # -- envelopes ---------------------------------------------------------------------------------------------

    def _envelope(self, window: Window, tag: bytes, position: int) -> Iterator[Event]:
        """Read an envelope segment."""
        envelopes = self._envelopes
        segment = self._segment(window, position)
        self._open.tag, self._open.offset, self._open.index = tag, segment.offset, segment.index
        if tag == b"ST":
            self._loops.clear()
            yield from envelopes.open_transaction(segment)
        elif tag == b"SE":
            in_doubt = self._damage.has_stray_line_ends
            yield from envelopes.close_transaction(segment, self._count_empty, in_doubt=in_doubt)
        elif tag == b"GS":
            yield from envelopes.open_group(segment)
        elif tag == b"GE":
            yield from envelopes.close_group(segment)
        elif tag == b"IEA":
            yield from envelopes.close_interchange(segment)
            self._finish(min(segment.end + 1, len(self._buffer)), segment.index + 1)
        else:
            yield from envelopes.interrupt(segment)
            self._finish(segment.offset, segment.index)

    def _segment(self, window: Window, position: int) -> EnvelopeSegment:
        index = window.index_at(position)
        text = window.text
        end = text.find(self._delimiters.segment, position)
        body = text[position:end] if end >= 0 else text[position:]
        fields = tuple(decode(part.strip(b"\r\n ")) for part in body[:_HEAD].split(self._delimiters.element))
        last = window.offset(end) if end >= 0 else window.end
        terminated = end >= 0 or last < len(self._buffer)
        return EnvelopeSegment(fields, window.offset(position), index, last, terminated)

    def _count_empty(self, start: int, end: int) -> int:
        """Count the terminators between two segment heads that follow right after another one."""
        terminator, element = re.escape(self._delimiters.segment), re.escape(self._delimiters.element)
        layout = rb"[^0-9A-Za-z" + terminator + element + rb"]*+"
        # The terminator after a window is no part of it.
        empty = terminator + layout + rb"(?=" + terminator + rb"|\Z)"
        single, row = re.compile(empty), re.compile(b"(?:" + empty + b")++")
        found = 0
        pieces = windows(self._buffer, start, 0, self._delimiters, self._window_size)
        for window in pieces:  # pragma: no branch - the set's SE is at its end, so one of them reaches it
            if window.end >= end:
                offsets = (window.offset(match.start()) for match in single.finditer(window.text))
                return found + sum(1 for _ in takewhile(lambda offset: offset < end, offsets))
            # Offsets of single terminators take a hundred times as long, which a file of nothing else would show.
            found += sum(match[0].count(self._delimiters.segment) for match in row.finditer(window.text))
        return found

    def _truncated(self) -> Iterator[Event]:
        """End where the bytes ended before the IEA. The claim that was being read is not reported: it may be
        incomplete."""
        end = len(self._buffer)
        cut_claim = self._open.index if self._open.tag == CLM else None
        yield from self._envelopes.truncate(end, max(self.end_index - 1, 0), cut_claim)
        self._finish(end, self.end_index)

    def _finish(self, end: int, index: int) -> None:
        self.end = end
        self.end_index = index
        self._done = True
