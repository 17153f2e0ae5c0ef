"""Totals of a file's claims: by rule, by payer and by provider, with the charges at risk.

Fed claim by claim. A charge is CLM02; it is at risk when its claim is rejected. Charges that are no amount are
counted, never guessed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

import msgspec

from x12proc.engine.tally import ClaimTally, Graded, PartyName
from x12proc.findings import REJECT, WARN
from x12proc.reference.coverage import Unchecked
from x12proc.values import add_exactly

MOST_PARTIES = 10_000  # distinguished; a file with more has the rest counted together
MOST_GAPS = 10_000  # distinguished; the lines of more are not listed
_LONGEST_NAME = 100  # characters
Gap: TypeAlias = tuple[str, str, str, str]  # what was missing, its last day, the command that brings it, the rules


class RuleTotals(msgspec.Struct):
    """Totals of one rule."""

    findings: int = 0
    reject: int = 0  # findings that reject
    warn: int = 0  # findings that warn
    claims: int = 0
    lines: int = 0  # target lines; a finding about the claim as a whole is on none
    rejected: int = 0  # claims that it rejects
    at_risk: Decimal = Decimal(0)  # charges of the claims that it rejects
    alone: int = 0  # claims that no other rule rejects
    alone_at_risk: Decimal = Decimal(0)


class PartyTotals(msgspec.Struct):
    """Totals of the claims to one payer, or of one billing provider."""

    id: str
    name: str
    claims: int = 0
    rejected: int = 0
    charges: Decimal = Decimal(0)
    at_risk: Decimal = Decimal(0)
    unread: int = 0  # claims whose charge is no amount

    def count(self, rejected: bool, charge: Decimal | None) -> None:
        """One claim more."""
        self.claims += 1
        self.rejected += rejected
        if charge is None:
            self.unread += 1
            return
        self.charges = add_exactly(self.charges, charge)
        if rejected:
            self.at_risk = add_exactly(self.at_risk, charge)

    def add(self, other: PartyTotals) -> None:
        """The claims of another one more."""
        self.claims += other.claims
        self.rejected += other.rejected
        self.charges = add_exactly(self.charges, other.charges)
        self.at_risk = add_exactly(self.at_risk, other.at_risk)
        self.unread += other.unread


class Parties:
    """Totals by payer or by provider. The first MOST_PARTIES are distinguished, so that memory stays bounded."""

    def __init__(self, most: int = MOST_PARTIES) -> None:
        self._most = most
        self._known: dict[str, PartyTotals] = {}
        self._later = PartyTotals("", "")

    def count(self, party: PartyName | None, rejected: bool, charge: Decimal | None) -> None:
        """One claim more. Parties are distinguished by their id, or by their name where none was sent."""
        key = (party.id or party.name)[:_LONGEST_NAME] if party else ""
        totals = self._known.get(key)
        if totals is None:
            totals = self._later
            if len(self._known) < self._most:
                name = party.name[:_LONGEST_NAME] if party else ""
                identifier = party.id[:_LONGEST_NAME] if party else ""
                totals = self._known[key] = PartyTotals(identifier, name)
        totals.count(rejected, charge)

    def ranked(self, most: int) -> tuple[list[PartyTotals], PartyTotals, int]:
        """Those with the highest charges at risk first, at most ``most``; all others summed; how many these are.

        Those that were not distinguished count as none.
        """
        order = sorted(self._known.values(), key=_rank)
        rest = PartyTotals("", "")
        for party in (*order[most:], self._later):
            rest.add(party)
        return order[:most], rest, len(order[most:])


def _rank(party: PartyTotals) -> tuple[Decimal, int, int, str]:
    return -party.at_risk, -party.rejected, -party.claims, party.id


class Totals:
    """All of it, for one file."""

    def __init__(self) -> None:
        self.rules: dict[str, RuleTotals] = {}
        self.payers = Parties()
        self.providers = Parties()
        self.unchecked: dict[Gap, int] = {}  # lines by what the tables lacked

    def count(self, tally: ClaimTally) -> None:
        """One target claim more."""
        rejected = tally.rejected
        self.payers.count(tally.payer, rejected, tally.charge)
        self.providers.count(tally.provider, rejected, tally.charge)
        for line in tally.lines:
            if line.unchecked:
                self._count_unchecked(line.unchecked)
        found = tally.all_findings
        if found:
            self._count_findings(tally, found)
            self._count_claim(tally, found, tally.charge or Decimal(0))

    def _count_unchecked(self, unchecked: tuple[Unchecked, ...]) -> None:
        rules: dict[tuple[str, str, str], list[str]] = {}
        for one in unchecked:
            rules.setdefault((one.needs, str(one.until or ""), one.how), []).append(one.rule)
        for (needs, until, how), ids in rules.items():
            gap = (needs, until, how, ", ".join(ids))
            if gap in self.unchecked or len(self.unchecked) < MOST_GAPS:
                self.unchecked[gap] = self.unchecked.get(gap, 0) + 1

    def _count_findings(self, tally: ClaimTally, found: list[Graded]) -> None:
        for rule, severity in found:
            totals = self.rules.setdefault(rule, RuleTotals())
            totals.findings += 1
            totals.reject += severity == REJECT
            totals.warn += severity == WARN
        for line in tally.lines:
            for rule in {rule for rule, _ in line.findings}:
                self.rules[rule].lines += 1

    def _count_claim(self, tally: ClaimTally, found: list[Graded], charge: Decimal) -> None:
        rejecting = {rule for rule, severity in found if severity == REJECT}
        alone = len(rejecting) == 1 and not tally.unfit
        for rule in {rule for rule, _ in found}:
            self.rules[rule].claims += 1
        for rule in rejecting:
            totals = self.rules[rule]
            totals.rejected += 1
            totals.at_risk = add_exactly(totals.at_risk, charge)
            if alone:
                totals.alone += 1
                totals.alone_at_risk = add_exactly(totals.alone_at_risk, charge)
