"""The events of a scan, in file order: envelopes opened and closed, claims, faults. All immutable values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from x12proc.errors import X12SyntaxError
from x12proc.wire.delimiters import Delimiters, IsaHeader
from x12proc.wire.faults import ERROR, FaultKind, Severity

Span: TypeAlias = tuple[int, int]  # first byte, byte after the last


class SegmentRange(msgspec.Struct, frozen=True):
    """A range of whole segments: first byte, byte after the last, index of the first segment in the file.

    ``number`` is the ordinal of an HL loop among those of its set, from 1; of anything else it is 0.
    """

    start: int
    end: int
    segment_index: int
    number: int = 0


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A fault of the file itself. ``warn`` was read all the same; ``error`` makes the file fail."""

    code: str
    message: str
    severity: str
    segment_index: int
    byte_offset: int
    interchange_control: str | None = None
    group_control: str | None = None
    transaction_control: str | None = None


class Interchange(msgspec.Struct, frozen=True):
    """An opened interchange (ISA)."""

    header: IsaHeader
    segment_index: int

    @property
    def control(self) -> str:
        """ISA13."""
        return self.header.control

    @property
    def delimiters(self) -> Delimiters:
        """The separators in use until its IEA."""
        return self.header.delimiters


class Group(msgspec.Struct, frozen=True):
    """An opened functional group (GS): ``fields[n]`` is GS``n``."""

    fields: tuple[str, ...]
    start: int
    segment_index: int

    @property
    def control(self) -> str:
        """GS06."""
        return field(self.fields, 6)

    @property
    def version(self) -> str:
        """GS08, the implementation guide."""
        return field(self.fields, 8)


class TransactionSet(msgspec.Struct, frozen=True):
    """An opened transaction set (ST). ``guide`` is the 837 guide it is read by, None when it is no 837."""

    fields: tuple[str, ...]
    guide: str | None
    start: int
    segment_index: int

    @property
    def control(self) -> str:
        """ST02."""
        return field(self.fields, 2)


def make_fault(
    code: str,
    message: str,
    severity: Severity,
    *,
    segment_index: int,
    byte_offset: int,
    interchange: Interchange | None = None,
    group: Group | None = None,
    transaction: TransactionSet | None = None,
) -> Fault:
    """Make a fault with the control numbers of the envelopes that it is in."""
    return Fault(
        code=code,
        message=message,
        severity=severity,
        segment_index=segment_index,
        byte_offset=byte_offset,
        interchange_control=interchange.control if interchange else None,
        group_control=group.control if group else None,
        transaction_control=transaction.control if transaction else None,
    )


def fault_of(
    kind: FaultKind,
    *,
    segment_index: int,
    byte_offset: int,
    interchange: Interchange | None = None,
    group: Group | None = None,
    transaction: TransactionSet | None = None,
    **values: object,
) -> Fault:
    """Make a fault of a kind in the catalog; ``values`` are those of its text."""
    return make_fault(
        kind.code,
        kind.message(**values),
        kind.severity,
        segment_index=segment_index,
        byte_offset=byte_offset,
        interchange=interchange,
        group=group,
        transaction=transaction,
    )


def unreadable_fault(
    error: X12SyntaxError,
    *,
    segment_index: int = 0,
    byte_offset: int | None = None,
    interchange: Interchange | None = None,
    group: Group | None = None,
    transaction: TransactionSet | None = None,
) -> Fault:
    """Make the fault of bytes that can't be read, at the error's own offset unless another is given."""
    return make_fault(
        error.code,
        error.message,
        ERROR,
        segment_index=segment_index,
        byte_offset=error.offset if byte_offset is None else byte_offset,
        interchange=interchange,
        group=group,
        transaction=transaction,
    )


def errors_first(found: Iterable[Fault]) -> list[Fault]:
    """Return faults with those that failed the file before those that were read all the same."""
    return sorted(found, key=lambda fault: fault.severity != ERROR)


class ClaimSpan(msgspec.Struct, frozen=True):
    """The span of a claim, from its CLM to the next CLM, HL or SE, and the ranges of the loops above it.

    ``header`` runs from ST to the first HL; ``provider``, ``subscriber`` and ``patient`` from their HL to the
    next HL or CLM. ``segment_index`` is that of the CLM. ``number`` is the ordinal of the claim in its HL loop,
    from 1. ``has_code`` is whether one of the codes looked for occurs anywhere in the claim; if not, none of its
    lines bills one.
    """

    start: int
    end: int
    segment_index: int
    header: SegmentRange
    provider: SegmentRange | None
    subscriber: SegmentRange | None
    patient: SegmentRange | None
    interchange: Interchange
    group: Group
    transaction: TransactionSet
    number: int
    has_code: bool


class ClaimRun(msgspec.Struct, frozen=True):
    """Consecutive claims of a set in which no code occurs, with the subscriber and patient loops between them.

    It runs from the CLM or HL of the first to the end of the last. The loops are those above its beginning;
    ``segment_index`` is that of its first segment, ``number`` how many claims of its HL loop and ``loops`` how
    many HL loops of its set come before it. All of its claims are children of ``provider``, and it holds no line
    ends but those after terminators.
    """

    start: int
    end: int
    segment_index: int
    header: SegmentRange
    provider: SegmentRange | None
    subscriber: SegmentRange | None
    patient: SegmentRange | None
    interchange: Interchange
    group: Group
    transaction: TransactionSet
    number: int
    loops: int
    claims: int


class TransactionClosed(msgspec.Struct, frozen=True):
    """The end of a set: its SE without the terminator (None where it has none), and its actual counts."""

    transaction: TransactionSet
    trailer: Span | None
    segments: int
    claims: int


class GroupClosed(msgspec.Struct, frozen=True):
    """The GE of a group: its span without the terminator, and the actual number of sets in the group."""

    group: Group
    trailer: Span
    transactions: int


class InterchangeClosed(msgspec.Struct, frozen=True):
    """The IEA of an interchange: its span without the terminator, and the actual number of groups in it."""

    interchange: Interchange
    trailer: Span
    groups: int


class OwnNote(msgspec.Struct, frozen=True):
    """The first note of x12proc in a window: the file was annotated before."""

    byte_offset: int


class MentionCounts(msgspec.Struct, frozen=True):
    """The places where a configured code is, in a claim or outside of claims, by what they are."""

    target_lines: int = 0
    notes: int = 0
    other_payer: int = 0  # adjudication by another payer: loops 2320, 2330, 2430
    identifiers: int = 0  # references, names, addresses, claim and account numbers
    other: int = 0  # under another qualifier, or in a segment that repeats the line's own code
    unexplained: int = 0  # each of these is reported: a fault of the file or a finding on its claim

    @property
    def count(self) -> int:
        """The number of places."""
        return sum(msgspec.structs.astuple(self))

    def plus(self, other: MentionCounts) -> MentionCounts:
        """Return the sums of two counts."""
        pairs = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)
        return MentionCounts(*[one + another for one, another in pairs])


Event: TypeAlias = (
    Interchange
    | Group
    | TransactionSet
    | ClaimSpan
    | ClaimRun
    | TransactionClosed
    | GroupClosed
    | InterchangeClosed
    | MentionCounts
    | OwnNote
    | Fault
)


def field(fields: tuple[str, ...], position: int) -> str:
    """Return element ``position`` of a segment's fields, empty where the segment is shorter."""
    return fields[position] if position < len(fields) else ""
