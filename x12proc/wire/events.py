"""What the scanner tells, in file order: envelopes opened and closed, claims, faults. All immutable values."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from x12proc.wire.delimiters import Delimiters, IsaHeader

Span: TypeAlias = tuple[int, int]  # first byte, byte after the last


class SegmentRange(msgspec.Struct, frozen=True):
    """A run of whole segments: first byte, byte after the last, index of the first segment in the file.

    ``number`` tells of an HL loop which HL of its set begins it, counted from 1; of anything else it is 0.
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
        """The separators that hold until its IEA."""
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


class ClaimSpan(msgspec.Struct, frozen=True):
    """Where a claim stands: from its CLM up to the next CLM, HL or SE, and the spans of what it hangs under.

    ``header`` runs from ST to the first HL; ``provider``, ``subscriber`` and ``patient`` from their HL to the
    next HL or CLM. ``segment_index`` is that of the CLM. ``number`` says which claim of its HL loop it is, from 1.
    ``mentioned`` tells whether one of the codes looked for occurs anywhere in the claim; if not, none of its lines
    bills one.
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


class TransactionClosed(msgspec.Struct, frozen=True):
    """The end of a set: its SE without the terminator (None where it has none), and what the set really holds."""

    transaction: TransactionSet
    trailer: Span | None
    segments: int
    claims: int


class GroupClosed(msgspec.Struct, frozen=True):
    """The GE of a group: its span without the terminator, and how many sets the group really has."""

    group: Group
    trailer: Span
    transactions: int


class InterchangeClosed(msgspec.Struct, frozen=True):
    """The IEA of an interchange: its span without the terminator, and how many groups it really has."""

    interchange: Interchange
    trailer: Span
    groups: int


Event: TypeAlias = (
    Interchange | Group | TransactionSet | ClaimSpan | TransactionClosed | GroupClosed | InterchangeClosed | Fault
)


def field(fields: tuple[str, ...], position: int) -> str:
    """Element ``position`` of a segment's fields, empty when the segment is shorter."""
    return fields[position] if position < len(fields) else ""
