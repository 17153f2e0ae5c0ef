"""What the record knows of a claim: keys in place of its numbers and dates, and the findings on it."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

from x12proc.findings import Severity
from x12proc.values import parse_charge

#: What became of a finding: it was in the reports, it was also fixed, a bypass set its rule aside, or its rule is
#: in shadow.
State: TypeAlias = Literal["reported", "fixed", "bypassed", "shadowed"]


class RecordedFinding(msgspec.Struct, frozen=True, array_like=True):
    """One finding. ``severity`` of a finding that was bypassed or shadowed is the one it would have had."""

    rule: str
    severity: Severity
    state: State


class RecordedLine(msgspec.Struct, frozen=True, array_like=True):
    """One target line. Keys are those of :class:`x12proc.record.keys.RecordKeys`, empty for what was not sent."""

    control_key: bytes  # REF*6R
    number_key: bytes  # LX01
    procedure: str  # SV101-2 or SV202-2: one of the configured codes
    modifiers: tuple[str, ...]  # those that are two letters or digits
    ndc9: str  # labeler and product of LIN03; empty where it is no National Drug Code
    charge: str  # SV102 or SV203 in dollars, as sent; empty where it is no amount
    month: str  # of the first service day, as 2026-10; empty where there is none
    first_day: bytes  # DTP*472
    last_day: bytes
    findings: tuple[RecordedFinding, ...]

    @property
    def amount(self) -> Decimal | None:
        """The charge in dollars, or None where it was no amount."""
        return parse_charge(self.charge)


class ClaimBody(msgspec.Struct, frozen=True, array_like=True):
    """The part of a claim that is stored in one piece, as nothing is looked up in it."""

    payer_key: bytes  # 2010BB NM109
    original_key: bytes  # REF*F8: the payer's number of the claim that this one replaces
    type: Literal["P", "I"]
    frequency: str  # CLM05-3
    charge: str  # CLM02 in dollars, as sent; empty where it is no amount
    month: str
    first_day: bytes  # the first and last service day: of all target lines, or of the statement
    last_day: bytes
    rejected: bool
    profile: str
    findings: tuple[RecordedFinding, ...]  # claim-level
    lines: tuple[RecordedLine, ...]


class RecordedRun(msgspec.Struct, frozen=True, kw_only=True):
    """One input file that was recorded, and the program that made its findings."""

    id: int
    first: float  # when it was recorded first, in seconds since 1970
    last: float  # when it was recorded last
    feed: str  # empty outside of a feed
    version: str
    rules_edition: str
    reference_editions: dict[str, str]
    as_of: str  # the date for the rules
    fixed: bool  # fixes were written to an artifact
    claims: int


class RecordedClaim(msgspec.Struct, frozen=True, kw_only=True):
    """One target claim as it is read back."""

    id: int
    run: RecordedRun
    claim_key: bytes  # CLM01
    provider_key: bytes  # 2010AA NM109
    payer_key: bytes
    original_key: bytes
    interchange_key: bytes  # ISA13
    group_key: bytes  # GS06
    set_key: bytes  # ST02
    type: Literal["P", "I"]
    frequency: str
    charge: str
    month: str
    first_day: bytes
    last_day: bytes
    rejected: bool
    profile: str
    findings: tuple[RecordedFinding, ...]
    lines: tuple[RecordedLine, ...]

    @property
    def amount(self) -> Decimal | None:
        """The charge in dollars, or None where it was no amount."""
        return parse_charge(self.charge)
