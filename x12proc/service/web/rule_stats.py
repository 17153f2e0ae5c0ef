"""Statistics of the rules page: the state of each rule's findings, and rejected claims by day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import and_, func, select

from x12proc.service.db.store import Store
from x12proc.service.db.tables import BYPASSED, DONE, FIXED, OPEN, ClaimRow, FindingRow, Run
from x12proc.values import format_dollars


class RuleStats(msgspec.Struct, frozen=True):
    """The claims that a rule was reported on when their files were submitted, and their current states.

    ``at_risk`` is the sum of the charges of claims that the rule still rejects.
    """

    rule: str
    claims: int
    open: int
    bypassed: int
    fixed: int
    at_risk: str


class DayStats(msgspec.Struct, frozen=True):
    """The target claims of the files of one day."""

    day: str
    claims: int
    rejected: int  # when submitted


def list_rule_stats(store: Store, since: date) -> list[RuleStats]:
    """Return the statistics of every reported rule, the most frequent first."""
    sums = [func.count(func.distinct(FindingRow.claim_id))]
    sums += [_count_state(state) for state in (OPEN, BYPASSED, FIXED)]
    risk = func.sum(func.iif(and_(FindingRow.state == OPEN, FindingRow.severity == "reject"), ClaimRow.cents, 0))
    by_rule = (
        select(FindingRow.rule, *sums, risk)
        .join(ClaimRow, ClaimRow.id == FindingRow.claim_id)
        .join(Run, Run.id == ClaimRow.run_id)
        .where(FindingRow.initial, Run.state == DONE, Run.created >= since.isoformat())
        .group_by(FindingRow.rule)
        .order_by(sums[0].desc(), risk.desc(), FindingRow.rule)
    )
    with store.reading() as session:
        rows = session.execute(by_rule).all()
    return [RuleStats(*row[:5], format_dollars(Decimal(row[5] or 0) / 100)) for row in rows]


def _count_state(state: str) -> Any:
    return func.count(func.distinct(func.iif(FindingRow.state == state, FindingRow.claim_id, None)))


def list_day_stats(store: Store, since: date) -> list[DayStats]:
    """Return the statistics of the days on which files were submitted, in order."""
    day = func.substr(Run.created, 1, 10)
    by_day = (
        select(day, func.count(), func.sum(func.iif(ClaimRow.initial_disposition == "rejected", 1, 0)))
        .join(ClaimRow, ClaimRow.run_id == Run.id)
        .where(Run.state == DONE, Run.created >= since.isoformat())
        .group_by(day)
        .order_by(day)
    )
    with store.reading() as session:
        return [DayStats(*row) for row in session.execute(by_day)]
