"""Which rules help: what came of what each of them said, and how many claims were rejected day by day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import and_, func, select

from x12proc.service.db.store import Store
from x12proc.service.db.tables import BYPASSED, DONE, MENDED, OPEN, ClaimRow, FindingRow, Run
from x12proc.values import format_dollars


class RuleWork(msgspec.Struct, frozen=True):
    """What came of a rule's findings in files of a period: how many claims it was heard on when they came, and
    where those stand now. ``at_risk`` is charged by claims on which it still rejects."""

    rule: str
    heard: int
    open: int
    bypassed: int
    mended: int
    at_risk: str


class Day(msgspec.Struct, frozen=True):
    """The target claims of the files of one day."""

    day: str
    claims: int
    rejected: int  # when they came


def rule_work(store: Store, since: date) -> list[RuleWork]:
    """The rules that were heard, those heard most first."""
    sums = [func.count(func.distinct(FindingRow.claim_id))]
    sums += [_count_state(state) for state in (OPEN, BYPASSED, MENDED)]
    risk = func.sum(func.iif(and_(FindingRow.state == OPEN, FindingRow.severity == "reject"), ClaimRow.cents, 0))
    told = (
        select(FindingRow.rule, *sums, risk)
        .join(ClaimRow, ClaimRow.id == FindingRow.claim_id)
        .join(Run, Run.id == ClaimRow.run_id)
        .where(FindingRow.came, Run.state == DONE, Run.created >= since.isoformat())
        .group_by(FindingRow.rule)
        .order_by(sums[0].desc(), risk.desc(), FindingRow.rule)
    )
    with store.reading() as session:
        rows = session.execute(told).all()
    return [RuleWork(*row[:5], format_dollars(Decimal(row[5] or 0) / 100)) for row in rows]


def _count_state(state: str) -> Any:
    return func.count(func.distinct(func.iif(FindingRow.state == state, FindingRow.claim_id, None)))


def days(store: Store, since: date) -> list[Day]:
    """The days on which files came, in order."""
    day = func.substr(Run.created, 1, 10)
    told = (
        select(day, func.count(), func.sum(func.iif(ClaimRow.came == "rejected", 1, 0)))
        .join(ClaimRow, ClaimRow.run_id == Run.id)
        .where(Run.state == DONE, Run.created >= since.isoformat())
        .group_by(day)
        .order_by(day)
    )
    with store.reading() as session:
        return [Day(*row) for row in session.execute(told)]
