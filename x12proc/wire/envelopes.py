"""The envelopes of one interchange: those that are open, their counts, and the faults of their structure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from x12proc.errors import X12SyntaxError
from x12proc.wire import faults, versions
from x12proc.wire.events import (
    Event,
    Fault,
    Group,
    GroupClosed,
    Interchange,
    InterchangeClosed,
    TransactionClosed,
    TransactionSet,
    fault_of,
    field,
    unreadable_fault,
)
from x12proc.wire.faults import FaultKind, TrailerKinds


class EnvelopeSegment(msgspec.Struct, frozen=True):
    """A segment that opens or closes an envelope: ``fields[n]`` is its element ``n``, ``end`` the byte of its
    terminator or the end of the file."""

    fields: tuple[str, ...]
    offset: int
    index: int
    end: int
    terminated: bool

    @property
    def span(self) -> tuple[int, int]:
        """The bytes without the terminator."""
        return self.offset, self.end


class Envelopes:
    """The state of one interchange. Each method yields the events and faults of one envelope segment."""

    def __init__(self, interchange: Interchange) -> None:
        self.interchange = interchange
        self.group: Group | None = None
        self.transaction: TransactionSet | None = None
        self.claims = 0  # of the open transaction set
        self._groups = 0  # of the interchange
        self._transactions = 0  # of the open group
        self._reads_group = False  # whether the open group can hold 837 claims
        self._missing_gs_reported = False
        self.missing_st_reported = False

    @property
    def reads_claims(self) -> bool:
        """Return whether a claim could be here: in an 837, between the sets of a group that holds 837s, or outside
        of any group, where nothing says what is held."""
        if self.missing_st_reported:
            return False
        if self.group is None and self.transaction is None:
            return True
        return self._reads_group if self.transaction is None else self.transaction.guide is not None

    # -- faults ------------------------------------------------------------------------------------------------

    def fault(self, kind: FaultKind, offset: int, index: int, **values: object) -> Fault:
        """Make a fault in the envelopes that are open."""
        return fault_of(
            kind,
            segment_index=index,
            byte_offset=offset,
            interchange=self.interchange,
            group=self.group,
            transaction=self.transaction,
            **values,
        )

    def unreadable(self, error: X12SyntaxError, index: int) -> Fault:
        """Make the fault of bytes at which reading stops."""
        return unreadable_fault(
            error,
            segment_index=index,
            interchange=self.interchange,
            group=self.group,
            transaction=self.transaction,
        )

    def header_faults(self) -> Iterator[Fault]:
        """Yield the faults of the ISA, which was read all the same."""
        header, index = self.interchange.header, self.interchange.segment_index
        if not header.padded:
            yield self.fault(faults.ISA_PADDING, header.start, index)
        if header.repetition_unset:
            yield self.fault(faults.ISA11_REPETITION, header.start, index)

    def missing_st(self, kind: FaultKind, offset: int, index: int, **values: object) -> Iterator[Fault]:
        """Report a missing ST: once, though every segment of its set shows it again."""
        if not self.missing_st_reported:
            self.missing_st_reported = True
            yield self.fault(kind, offset, index, **values)

    def _missing_gs(self, kind: FaultKind, segment: EnvelopeSegment) -> Iterator[Fault]:
        """Report a missing GS: once, though every set and the GE after it show it again."""
        if not self._missing_gs_reported:
            self._missing_gs_reported = True
            yield self.fault(kind, segment.offset, segment.index)

    # -- openings ----------------------------------------------------------------------------------------------

    def open_group(self, segment: EnvelopeSegment) -> Iterator[Event]:
        """Open the group of a GS."""
        offset, index = segment.offset, segment.index
        if self.transaction is not None:
            yield from self._abandon_transaction(faults.GS_INSIDE_SET, offset, index)
        elif self.group is not None:
            yield self.fault(faults.GS_INSIDE_GROUP, offset, index)
        group = self.group = Group(segment.fields, offset, index)
        self._groups += 1
        self._transactions = 0
        yield group
        remark = versions.check_group(segment.fields)
        self._reads_group = remark is None or remark.kind.severity != faults.ERROR
        if remark is not None:
            yield self.fault(remark.kind, offset, index, **remark.values)

    def open_transaction(self, segment: EnvelopeSegment) -> Iterator[Event]:
        """Open the transaction set of an ST."""
        offset, index = segment.offset, segment.index
        if self.transaction is not None:
            yield from self._abandon_transaction(faults.ST_INSIDE_SET, offset, index)
        if self.group is None:
            yield from self._missing_gs(faults.ST_OUTSIDE_GROUP, segment)
        guide: str | None = None
        remarks: list[versions.Remark] = []
        if self.group is not None and self._reads_group:
            guide, remarks = versions.check_transaction(segment.fields, self.group.version)
        self.missing_st_reported = False
        self.transaction = TransactionSet(segment.fields, guide, offset, index)
        self._transactions += 1
        self.claims = 0
        yield self.transaction
        for remark in remarks:
            yield self.fault(remark.kind, offset, index, **remark.values)

    # -- closings ----------------------------------------------------------------------------------------------

    def close_transaction(
        self, segment: EnvelopeSegment, count_empty: Callable[[int, int], int], *, in_doubt: bool
    ) -> Iterator[Event]:
        """Close the transaction set of an SE.

        ``count_empty`` counts the empty segments between two offsets. Where the borders of segments are
        ``in_doubt``, a wrong SE01 means that those of claims are, too: an error.
        """
        transaction = self.transaction
        if transaction is None:
            yield from self.missing_st(faults.SE_OUTSIDE_SET, segment.offset, segment.index)
            return
        segments = segment.index - transaction.segment_index + 1
        sent = _count_sent(segment.fields)
        if sent != segments:
            empty = count_empty(transaction.start, segment.offset)
            if empty and sent == segments - empty:
                segments -= empty
                yield self.fault(faults.EMPTY_SEGMENTS, transaction.start, transaction.segment_index, count=empty)
        count_kind = faults.SE_COUNT_IN_DOUBT if in_doubt else faults.SE.count
        yield from self._check_trailer(faults.SE, count_kind, segment, transaction.control, segments)
        if transaction.guide is not None and not self.claims:
            yield self.fault(faults.SET_WITHOUT_CLAIM, transaction.start, transaction.segment_index)
        yield TransactionClosed(transaction, segment.span, segments, self.claims)
        self.transaction = None

    def close_group(self, segment: EnvelopeSegment) -> Iterator[Event]:
        """Close the group of a GE."""
        if self.transaction is not None:
            yield from self._abandon_transaction(faults.GE_INSIDE_SET, segment.offset, segment.index)
        if self.group is None:
            yield from self._missing_gs(faults.GE_OUTSIDE_GROUP, segment)
            return
        yield from self._check_trailer(faults.GE, faults.GE.count, segment, self.group.control, self._transactions)
        yield GroupClosed(self.group, segment.span, self._transactions)
        self.group = None

    def close_interchange(self, segment: EnvelopeSegment) -> Iterator[Event]:
        """Close the interchange with its IEA."""
        yield from self._close_open(segment)
        yield from self._check_trailer(
            faults.IEA, faults.IEA.count, segment, self.interchange.control, self._groups
        )
        if not segment.terminated:
            yield self.fault(faults.MISSING_TERMINATOR, segment.end, segment.index)
        yield InterchangeClosed(self.interchange, segment.span, self._groups)

    def interrupt(self, segment: EnvelopeSegment) -> Iterator[Event]:
        """End the interchange at the ISA of another one."""
        yield from self._close_open(segment)
        yield self.fault(faults.MISSING_IEA, segment.offset, segment.index)

    def truncate(self, end: int, index: int, cut_claim: int | None) -> Iterator[Event]:
        """End the interchange where the bytes end. ``cut_claim`` is the index of the claim that was being read."""
        if self.transaction is not None:
            lost = "" if cut_claim is None else f"; the claim at segment {cut_claim} is cut off"
            yield from self._abandon_transaction(faults.TRUNCATED_SET, end, index, lost=lost)
        elif self.group is not None:
            yield self.fault(faults.TRUNCATED_GROUP, end, index)
        else:
            yield self.fault(faults.TRUNCATED_INTERCHANGE, end, index)

    def _close_open(self, segment: EnvelopeSegment) -> Iterator[Event]:
        """End the interchange: report the innermost envelope that is still open."""
        if self.transaction is not None:
            yield from self._abandon_transaction(faults.END_INSIDE_SET, segment.offset, segment.index)
        elif self.group is not None:
            yield self.fault(faults.END_INSIDE_GROUP, segment.offset, segment.index)
        self.group = None

    def _abandon_transaction(self, kind: FaultKind, offset: int, index: int, **values: object) -> Iterator[Event]:
        """Close a transaction set that has no SE; its claims are counted all the same."""
        transaction = self.transaction
        assert transaction is not None
        yield self.fault(kind, offset, index, **values)
        yield TransactionClosed(transaction, None, index - transaction.segment_index, self.claims)
        self.transaction = None

    def _check_trailer(
        self, kinds: TrailerKinds, count_kind: FaultKind, segment: EnvelopeSegment, control: str, counted: int
    ) -> Iterator[Event]:
        """Compare a trailer's count and control number with what was read."""
        if _count_sent(segment.fields) != counted:
            sent = field(segment.fields, 1)[:20] or "nothing"
            yield self.fault(count_kind, segment.offset, segment.index, sent=sent, counted=counted)
        closing = field(segment.fields, 2)
        if closing != control:
            # The same number with its leading zeros lost is no sign of files spliced together.
            same = closing.isascii() and closing.isdigit() and closing.lstrip("0") == control.lstrip("0")
            yield self.fault(kinds.control_form if same else kinds.control, segment.offset, segment.index)


def _count_sent(fields: tuple[str, ...]) -> int | None:
    """Return the count in a trailer's first element, None where there is no number."""
    sent = field(fields, 1)
    return int(sent[:18]) if sent.isascii() and sent.isdigit() else None
