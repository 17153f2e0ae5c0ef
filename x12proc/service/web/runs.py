"""The list of runs, with the number of claims that are still open in each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from x12proc.service.db.store import Store
from x12proc.service.db.tables import ClaimRow, Run
from x12proc.service.jobs.release import Which, releasable
from x12proc.service.web.claims import is_open
from x12proc.service.web.worklist import PAGE


class RunEntry(msgspec.Struct, frozen=True):
    """A run, and the numbers of its target claims that are open and that were edited."""

    run: Run
    open: int
    edited: int


def list_runs(store: Store, page: int) -> tuple[list[RunEntry], bool]:
    """Return a page of runs, the latest first, and whether there are more."""
    listed = select(Run).order_by(Run.created.desc(), Run.id.desc()).limit(PAGE + 1).offset((page - 1) * PAGE)
    with store.reading() as session:
        runs = list(session.scalars(listed))
        counts = _count_claims(session, [run.id for run in runs[:PAGE]])
    return [RunEntry(run, *counts.get(run.id, (0, 0))) for run in runs[:PAGE]], len(runs) > PAGE


def run_entry(store: Store, run_id: str) -> RunEntry | None:
    """Return one run, or None."""
    with store.reading() as session:
        run = session.get(Run, run_id)
        counts = _count_claims(session, [run_id])
    return RunEntry(run, *counts.get(run_id, (0, 0))) if run else None


def ready_claims(store: Store, run_id: str) -> tuple[int, int]:
    """Return the number of target claims that can be released, and of those among them that were fixed."""
    today = date.today()  # noqa: DTZ011 - days of claims are local
    kinds: tuple[Which, ...] = ("all", "fixed")
    with store.reading() as session:
        counts = [
            session.scalar(select(func.count()).where(releasable(run_id, today, which))) or 0 for which in kinds
        ]
    return counts[0], counts[1]


def _count_claims(session: Session, runs: Sequence[str]) -> dict[str, tuple[int, int]]:
    today = date.today()  # noqa: DTZ011 - days of claims are local
    counted = select(
        ClaimRow.run_id,
        func.sum(func.iif(is_open(today), 1, 0)),
        func.sum(func.iif(ClaimRow.edited.is_not(None), 1, 0)),
    )
    rows = session.execute(counted.where(ClaimRow.run_id.in_(runs)).group_by(ClaimRow.run_id))
    return {run_id: (still_open, edited) for run_id, still_open, edited in rows}
