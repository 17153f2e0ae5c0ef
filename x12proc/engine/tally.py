"""What totals count of a target claim, as plain values: a claim that another process scrubbed need not be opened
to be counted."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

import msgspec

from x12proc.claims.model import Party
from x12proc.engine.fixes import Fix
from x12proc.engine.result import ClaimResult
from x12proc.findings import REJECT, Finding
from x12proc.reference.coverage import Unchecked
from x12proc.values import parse_charge

Graded: TypeAlias = tuple[str, str]  # the rule and the severity of a finding


class PartyName(msgspec.Struct, frozen=True, gc=False):
    """A payer or billing provider, as sent."""

    id: str
    name: str


class LineTally(msgspec.Struct, frozen=True):
    """A target line: its findings, and what the tables do not cover."""

    findings: tuple[Graded, ...]
    unchecked: tuple[Unchecked, ...]


class ClaimTally(msgspec.Struct, frozen=True):
    """A target claim. ``charge`` is CLM02 in dollars, None where it is no amount; ``unfit`` is whether a crash or
    guide errors reject the claim; ``applied`` are the fixes that were made, ``offered`` is how many could be."""

    charge: Decimal | None
    payer: PartyName | None
    provider: PartyName | None
    findings: tuple[Graded, ...]  # claim-level
    lines: tuple[LineTally, ...]
    guide_errors: int
    bypasses: int
    unfit: bool
    applied: tuple[Fix, ...]
    offered: int

    @property
    def all_findings(self) -> list[Graded]:
        """Claim-level findings, then those of the lines."""
        found = [*self.findings]
        for line in self.lines:
            found += line.findings
        return found

    @property
    def rejected(self) -> bool:
        """Return whether a finding, a guide error or a crash rejects the claim."""
        return self.unfit or REJECT in [severity for _, severity in self.all_findings]


def tally_of(result: ClaimResult) -> ClaimTally:
    """Return what totals count of a result."""
    claim, fixes = result.claim, result.fixes
    applied = tuple([fix for fix in fixes if fix.applied]) if fixes else ()
    return ClaimTally(
        charge=parse_charge(claim.charge),
        payer=_name_of(claim.payer),
        provider=_name_of(claim.billing_provider),
        findings=_graded(result.findings),
        lines=tuple([LineTally(_graded(line.findings), line.unchecked) for line in result.lines]),
        guide_errors=len(result.guide_errors),
        bypasses=len(result.bypasses),
        unfit=result.refused or bool(result.crashes),
        applied=applied,
        offered=len(fixes) - len(applied),
    )


def _name_of(party: Party | None) -> PartyName | None:
    return PartyName(party.id, party.name) if party is not None else None


def _graded(findings: tuple[Finding, ...]) -> tuple[Graded, ...]:
    return tuple([(finding.rule, finding.severity) for finding in findings])
