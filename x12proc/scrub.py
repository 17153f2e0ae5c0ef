"""The one use case: a buffer, an engine and a clock go in; faults, envelopes and scrubbed claims come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import msgspec

from x12proc.claims.builder import ClaimBuilder
from x12proc.claims.model import Claim
from x12proc.engine import Engine, ScrubbedClaim
from x12proc.errors import RuleCrash, X12SyntaxError
from x12proc.wire.events import (
    ClaimSpan,
    Fault,
    Group,
    GroupClosed,
    Interchange,
    InterchangeClosed,
    TransactionClosed,
    TransactionSet,
)
from x12proc.wire.scanner import scan
from x12proc.wire.window import WINDOW, Buffer


class PassedClaim(msgspec.Struct, frozen=True):
    """A claim without a target line: accepted and passed on untouched. Told only to those who ask for all."""

    span: ClaimSpan


Outcome: TypeAlias = (
    Interchange
    | Group
    | TransactionSet
    | ScrubbedClaim
    | PassedClaim
    | TransactionClosed
    | GroupClosed
    | InterchangeClosed
    | Fault
)
RULE_CRASH = "rule-crash"
_OTHER_SEPARATOR = (
    "the procedure's components are not separated by the character in ISA16, so that its code can't be read"
)


class Summary(msgspec.Struct):
    """What a file came to. ``status`` is accepted, rejected or failed."""

    interchanges: int = 0
    groups: int = 0
    transactions: int = 0
    claims: int = 0
    target_claims: int = 0
    target_lines: int = 0
    rejected_claims: int = 0
    warned_claims: int = 0
    findings: dict[str, int] = msgspec.field(default_factory=lambda: {"reject": 0, "warn": 0, "info": 0})
    by_rule: dict[str, int] = {}
    failed: bool = False

    @property
    def status(self) -> str:
        """The file's status (contract: failed before rejected before accepted)."""
        if self.failed:
            return "failed"
        return "rejected" if self.rejected_claims else "accepted"

    def count(self, outcome: Outcome) -> None:
        """Take one outcome into account."""
        if isinstance(outcome, ScrubbedClaim):
            self._count_claim(outcome)
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

    def _count_claim(self, scrubbed: ScrubbedClaim) -> None:
        self.target_claims += 1
        self.target_lines += len(scrubbed.lines)
        self.rejected_claims += scrubbed.rejected
        warned = self.findings["warn"]
        for finding in scrubbed.all_findings:
            self.findings[finding.severity] += 1
            self.by_rule[finding.rule] = self.by_rule.get(finding.rule, 0) + 1
        self.warned_claims += self.findings["warn"] > warned


def scrub_buffer(
    buffer: Buffer,
    engine: Engine,
    codes: tuple[str, ...],
    *,
    every_claim: bool = False,
    window: int = WINDOW,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Outcome]:
    """Everything that is to be said of a file, in file order. Never raises on input.

    Claims without a target line are told with ``every_claim`` only. A claim too large to open and a rule that
    crashed become faults of severity ``error``: the file fails, its other claims are still told.
    """
    builder = ClaimBuilder(buffer)
    for event in scan(buffer, codes, every_claim=every_claim, window=window, progress=progress):
        if not isinstance(event, ClaimSpan):
            yield event
            continue
        if not event.mentioned:
            yield PassedClaim(event)
            continue
        try:
            claim = builder.build(event)
        except X12SyntaxError as error:
            yield _claim_fault(event, error.code, error.message)
            continue
        targets = engine.targets(claim)
        if not targets and (line := other_separator(claim, codes)) is not None:
            yield _claim_fault(event, "component-separator", f"Line {line[:10]}: {_OTHER_SEPARATOR}")
        if targets:
            scrubbed = engine.scrub(claim, targets)
            for crash in scrubbed.crashes:
                yield _claim_fault(event, RULE_CRASH, _crash_text(crash))
            yield scrubbed
        elif every_claim:
            yield PassedClaim(event)


def other_separator(claim: Claim, codes: tuple[str, ...]) -> str | None:
    """The number of a line that bills a code behind HC and a separator other than ISA16's, if there is one.

    Read by ISA16 such a line has no procedure code at all, and would pass as if it were no target.
    """
    for line in claim.lines:
        sent = line.qualifier
        if sent[:2] == "HC" and len(sent) > 7 and not sent[2].isalnum() and sent[3:8].upper() in codes:
            return line.number
    return None


def _crash_text(crash: RuleCrash) -> str:
    return f"Internal fault: {crash}. The claim is not accepted; please report this with the rule's id"


def _claim_fault(span: ClaimSpan, code: str, message: str) -> Fault:
    return Fault(
        code=code,
        message=message,
        severity="error",
        segment_index=span.segment_index,
        byte_offset=span.start,
        interchange_control=span.interchange.control,
        group_control=span.group.control,
        transaction_control=span.transaction.control,
    )
