"""Scrubs a buffer: yields its envelopes, faults and claim results in file order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TypeAlias

import msgspec

from x12proc.claims.builder import ClaimBuilder
from x12proc.claims.mentions import read_claim
from x12proc.engine.engine import Engine
from x12proc.engine.result import ClaimResult
from x12proc.engine.tally import ClaimTally, tally_of
from x12proc.errors import X12SyntaxError
from x12proc.findings import GuideError
from x12proc.values import add_exactly
from x12proc.wire import faults
from x12proc.wire.events import (
    ClaimRun,
    ClaimSpan,
    Fault,
    Group,
    GroupClosed,
    Interchange,
    InterchangeClosed,
    MentionCounts,
    OwnNote,
    TransactionClosed,
    TransactionSet,
    fault_of,
    unreadable_fault,
)
from x12proc.wire.faults import FaultKind
from x12proc.wire.scanner import scan
from x12proc.wire.segment import Segment
from x12proc.wire.window import WINDOW, Buffer


class UntargetedClaim(msgspec.Struct, frozen=True):
    """A claim without a target line: passed on untouched, and yielded only where all claims are needed.

    It is accepted unless the whole file is checked against its guide and errors against the guide reject
    (``refused``).
    """

    span: ClaimSpan
    guide_errors: tuple[GuideError, ...] = ()
    refused: bool = False

    @property
    def rejected(self) -> bool:
        """Return whether errors against the guide reject it: nothing else can."""
        return self.refused


class TransactionErrors(msgspec.Struct, frozen=True):
    """Errors of a transaction set against its guide that belong to no claim, yielded before the set's end."""

    interchange: Interchange
    group: Group
    transaction: TransactionSet
    guide_errors: tuple[GuideError, ...]


Outcome: TypeAlias = (
    Interchange
    | Group
    | TransactionSet
    | ClaimResult
    | UntargetedClaim
    | ClaimRun
    | TransactionErrors
    | TransactionClosed
    | GroupClosed
    | InterchangeClosed
    | MentionCounts
    | OwnNote
    | Fault
)
RULE_CRASH = faults.RULE_CRASH.code


class Summary(msgspec.Struct):
    """The totals of a file. ``status`` is accepted, rejected or failed."""

    interchanges: int = 0
    groups: int = 0
    transactions: int = 0
    claims: int = 0
    target_claims: int = 0
    target_lines: int = 0
    rejected_claims: int = 0
    warned_claims: int = 0
    findings: dict[str, int] = msgspec.field(default_factory=lambda: {"reject": 0, "warn": 0, "info": 0})
    fixes: dict[str, int] = msgspec.field(default_factory=lambda: {"applied": 0, "offered": 0})
    by_rule: dict[str, int] = {}
    unchecked_lines: int = 0  # target lines on which a rule could not decide
    unchecked: dict[str, int] = {}  # those lines by the table that does not cover them
    mentions: MentionCounts = MentionCounts()  # the places where a code is, by what they are
    guide_errors: int = 0
    failed: bool = False
    charges: Decimal = Decimal(0)  # CLM02 of the target claims, in dollars
    charges_at_risk: Decimal = Decimal(0)  # CLM02 of the rejected ones
    charges_unread: int = 0  # target claims whose CLM02 is no amount
    at_risk_unread: int = 0  # rejected ones among them

    @property
    def status(self) -> str:
        """The file's status (contract: failed before rejected before accepted)."""
        if self.failed:
            return "failed"
        return "rejected" if self.rejected_claims else "accepted"

    def count(self, outcome: Outcome) -> None:
        """Add one outcome to the totals."""
        if isinstance(outcome, ClaimResult):
            self.count_claim(tally_of(outcome))
        elif isinstance(outcome, UntargetedClaim):
            self.rejected_claims += outcome.rejected
            self.guide_errors += len(outcome.guide_errors)
        elif isinstance(outcome, TransactionErrors):
            self.guide_errors += len(outcome.guide_errors)
        elif isinstance(outcome, Fault):
            self.failed = self.failed or outcome.severity == "error"
        elif isinstance(outcome, TransactionClosed):
            self.claims += outcome.claims
        elif isinstance(outcome, TransactionSet):
            self.transactions += 1
        elif isinstance(outcome, Group):
            self.groups += 1
        elif isinstance(outcome, Interchange):
            self.interchanges += 1
        elif isinstance(outcome, MentionCounts):
            self.mentions = self.mentions.plus(outcome)

    def count_claim(self, tally: ClaimTally) -> None:
        """Add a target claim to the totals."""
        rejected = tally.rejected
        self._count_unchecked(tally)
        self.target_claims += bool(tally.lines)
        self.target_lines += len(tally.lines)
        self.rejected_claims += rejected
        self.guide_errors += tally.guide_errors
        warned = self.findings["warn"]
        for rule, severity in tally.all_findings:
            self.findings[severity] += 1
            self.by_rule[rule] = self.by_rule.get(rule, 0) + 1
        self.warned_claims += self.findings["warn"] > warned
        self.fixes["applied"] += len(tally.applied)
        self.fixes["offered"] += tally.offered
        self._count_charge(tally.charge, rejected)

    def _count_unchecked(self, tally: ClaimTally) -> None:
        for line in tally.lines:
            if line.unchecked:
                self.unchecked_lines += 1
                for table in {unchecked.table for unchecked in line.unchecked}:
                    self.unchecked[table] = self.unchecked.get(table, 0) + 1

    def _count_charge(self, charge: Decimal | None, rejected: bool) -> None:
        if charge is None:
            self.charges_unread += 1
            self.at_risk_unread += rejected
            return
        self.charges = add_exactly(self.charges, charge)
        if rejected:
            self.charges_at_risk = add_exactly(self.charges_at_risk, charge)


def scrub_buffer(
    buffer: Buffer,
    engine: Engine,
    codes: tuple[str, ...],
    *,
    all_claims: bool = False,
    runs: bool = False,
    window: int = WINDOW,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Outcome]:
    """Yield the outcomes of a file in file order. Never raises on input.

    Claims without a target line are yielded with ``all_claims`` only, those without a code as a ClaimRun where
    ``runs`` is set. A claim too large to open and a rule that
    crashed become faults of severity ``error``: the file fails, its other claims are still reported.
    """
    builder = ClaimBuilder(buffer)
    for event in scan(buffer, codes, all_claims=all_claims, runs=runs, window=window, progress=progress):
        if not isinstance(event, ClaimSpan):
            yield event
        elif not event.has_code:
            yield UntargetedClaim(event)
        else:
            yield from scrub_claim(builder, engine, codes, event, all_claims=all_claims)


def scrub_claim(
    builder: ClaimBuilder, engine: Engine, codes: tuple[str, ...], span: ClaimSpan, *, all_claims: bool
) -> Iterator[Fault | MentionCounts | ClaimResult | UntargetedClaim]:
    """Yield the outcomes of one claim that mentions a code: its faults, then its result where it can be opened."""
    try:
        reading = read_claim(builder, span, engine.codes)
    except X12SyntaxError as error:
        yield unreadable_fault(
            error,
            segment_index=span.segment_index,
            byte_offset=span.start,
            interchange=span.interchange,
            group=span.group,
            transaction=span.transaction,
        )
        return
    claim, targets, counts = reading.claim, reading.targets, reading.counts
    if counts is not None:
        yield msgspec.structs.replace(counts, target_lines=0)  # target lines are counted with their claim's result
    if targets or claim.stray_codes:
        scrubbed = engine.scrub(claim, targets)
        for crash in scrubbed.crashes:
            kind = faults.OWN_RULE_CRASH if crash.frames else faults.RULE_CRASH
            yield _claim_fault(span, kind, crash=crash)
        yield scrubbed
    elif all_claims:
        yield UntargetedClaim(span)


def _claim_fault(span: ClaimSpan, kind: FaultKind, segment: Segment | None = None, **values: object) -> Fault:
    """Return a fault of a claim, at one of its segments or else at its CLM."""
    return fault_of(
        kind,
        segment_index=segment.index if segment else span.segment_index,
        byte_offset=segment.offset if segment else span.start,
        interchange=span.interchange,
        group=span.group,
        transaction=span.transaction,
        **values,
    )
