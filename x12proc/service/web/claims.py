"""Claims at the worklist: looked at as they stand, changed, bypassed, and what follows for the lists."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Literal, TypeAlias

import msgspec
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from x12proc.profiles.profiles import Entry
from x12proc.service.api.scrub_options import ScrubOptions
from x12proc.service.api.upload import HttpError
from x12proc.service.db.store import INPUT, Store
from x12proc.service.db.tables import (
    BYPASSED,
    DONE,
    MENDED,
    OPEN,
    BypassRow,
    Change,
    ClaimRow,
    Event,
    FindingRow,
    Party,
    Run,
    stamp,
)
from x12proc.service.jobs.claim_job import ClaimJob, ClaimState, ClaimView, scrub_claim
from x12proc.service.jobs.pool import Full, JobFailed
from x12proc.service.keys import Principal
from x12proc.service.services import Services
from x12proc.service.web.editing import EditRejected

_MOST_EARLIER = 20  # claims with the same number that are looked at
_LONGEST_BYPASS = timedelta(days=366)
_LONGEST_SHOWN = 2000  # characters of a change that are kept
ChangeKind: TypeAlias = Literal["replace", "insert", "delete", "fix", "undo"]


class Record(msgspec.Struct, frozen=True):
    """What the database knows of a claim."""

    row: ClaimRow
    run: Run
    payer: Party
    provider: Party
    changes: list[Change]
    bypasses: list[BypassRow]  # that hold
    earlier: tuple[ClaimState, ...]

    @property
    def version(self) -> int:
        """Of the claim's bytes; a form that was made from another one is refused."""
        return len(self.changes)


class ClaimPage(msgspec.Struct, frozen=True):
    """A claim as it is known and as it stands."""

    record: Record
    view: ClaimView


def is_open(today: date) -> ColumnElement[bool]:
    """Whether a claim is to be worked on: rejected, or accepted by a bypass that has ended."""
    return or_(ClaimRow.disposition == "rejected", ClaimRow.bypass_until < today.isoformat())


class Claims:
    """The claims of a service."""

    def __init__(self, desk: Services) -> None:
        self._desk = desk

    async def look(self, claim_id: int) -> ClaimPage:
        """A claim as it stands now. Raises Refused."""
        record = await run_in_threadpool(self._record, claim_id)
        try:
            return ClaimPage(record, await self._scrub(record, record.row.edited))
        except EditRejected as problem:
            raise HttpError(409, "unreadable-claim", str(problem)) from None

    async def change(
        self,
        claim_id: int,
        who: Principal,
        version: int,
        kind: ChangeKind,
        make: Callable[[ClaimView], tuple[bytes | None, str, str]],
    ) -> None:
        """Change a claim's bytes and scrub it again at once.

        ``make`` gives the new bytes (None: those of the file) and what the change was, before and after. Raises
        NotAllowed for what can't be done, Refused.
        """
        looked = await self.look(claim_id)
        if looked.record.version != version:
            raise EditRejected("The claim was changed meanwhile; this is how it stands now")
        data, before, after = make(looked.view)
        view = await self._scrub(looked.record, data)
        change = Change(
            claim_id=claim_id,
            at=stamp(),
            by=who.name,
            kind=kind,
            before=before[:_LONGEST_SHOWN],
            after=after[:_LONGEST_SHOWN],
        )
        await run_in_threadpool(self._save, looked.record, view, data, change)

    async def bypass(self, claim_id: int, who: Principal, rule: str, reason: str, until: str) -> None:
        """Set a rule aside on a claim. Raises NotAllowed, Refused."""
        looked = await self.look(claim_id)
        if rule not in {name for name, _ in looked.view.heard}:
            raise EditRejected("The rule is not heard on this claim")
        reason = " ".join(reason.split())[:500]
        if len(reason) < 5:
            raise EditRejected("A bypass needs a reason that somebody else can follow")
        row = BypassRow(
            claim_id=claim_id, at=stamp(), by=who.name, rule=rule, reason=reason, until=_until(until).isoformat()
        )
        await run_in_threadpool(self._add, row, who, "bypassed")
        await self._settle(claim_id)

    async def withdraw(self, claim_id: int, who: Principal, bypass_id: int) -> None:
        """Take a bypass back. Raises Refused."""
        await run_in_threadpool(self._withdraw, claim_id, bypass_id, who)
        await self._settle(claim_id)

    # -- in the database ---------------------------------------------------------------------------------------

    def _record(self, claim_id: int) -> Record:
        with self._desk.store.reading() as session:
            row = session.get(ClaimRow, claim_id)
            run = session.get(Run, row.run_id) if row else None
            if row is None or run is None or run.state != DONE:
                raise HttpError(404, "no-such-claim", "There is no such claim; perhaps its run was deleted")
            changes = select(Change).where(Change.claim_id == claim_id).order_by(Change.id)
            held = select(BypassRow).where(BypassRow.claim_id == claim_id, BypassRow.withdrawn.is_(None))
            return Record(
                row,
                run,
                session.get_one(Party, row.payer_id),
                session.get_one(Party, row.provider_id),
                list(session.scalars(changes)),
                list(session.scalars(held.where(BypassRow.until >= date.today().isoformat()))),  # noqa: DTZ011 - local
                _earlier(session, row),
            )

    def _save(self, record: Record, view: ClaimView, data: bytes | None, change: Change) -> None:
        with self._desk.store.writing() as session:
            row = session.get(ClaimRow, record.row.id)
            count = select(func.count()).where(Change.claim_id == record.row.id)
            if row is None or session.scalar(count) != record.version:
                raise EditRejected("The claim was changed meanwhile; this is how it stands now")
            row.edited = data
            session.add(change)
            session.add(Event(at=stamp(), by=change.by, action=change.kind, run_id=row.run_id, claim_id=row.id))
            _show(session, row, view)

    def _add(self, row: BypassRow, who: Principal, action: str) -> None:
        with self._desk.store.writing() as session:
            session.add(row)
            session.add(Event(at=stamp(), by=who.name, action=action, claim_id=row.claim_id, rule=row.rule))

    def _withdraw(self, claim_id: int, bypass_id: int, who: Principal) -> None:
        with self._desk.store.writing() as session:
            row = session.get(BypassRow, bypass_id)
            if row is None or row.claim_id != claim_id:
                raise HttpError(404, "no-such-bypass", "There is no such bypass")
            row.withdrawn = row.withdrawn or stamp()
            session.add(
                Event(at=stamp(), by=who.name, action="bypass-withdrawn", claim_id=claim_id, rule=row.rule)
            )

    async def _settle(self, claim_id: int) -> None:
        """Scrub a claim and let the lists know."""
        looked = await self.look(claim_id)
        await run_in_threadpool(self._settled, claim_id, looked.view)

    def _settled(self, claim_id: int, view: ClaimView) -> None:
        with self._desk.store.writing() as session:
            _show(session, session.get_one(ClaimRow, claim_id), view)

    # -- the worker --------------------------------------------------------------------------------------------

    async def _scrub(self, record: Record, data: bytes | None) -> ClaimView:
        job = ClaimJob(
            path=self._desk.store.run_folder(record.run.id) / INPUT,
            config=self._desk.options.config,
            question=msgspec.convert(record.run.question, ScrubOptions),
            state=ClaimState(record.row.span, data),
            earlier=record.earlier,
            bypasses=tuple(_entry(row) for row in record.bypasses),
        )
        try:
            view = await self._desk.jobs.claim(scrub_claim, job)
        except (Full, JobFailed):
            raise HttpError(503, "not-done", "Too much is going on; try again in a moment") from None
        except FileNotFoundError:
            raise HttpError(404, "no-such-claim", "The file of this claim was deleted") from None
        if isinstance(view, str):
            raise EditRejected(f"The claim could not be read then: {view}")
        return view


def next_open(store: Store, row: ClaimRow) -> int | None:
    """The next claim of the same file that is to be worked on."""
    today = date.today()  # noqa: DTZ011 - days of claims are local
    behind = select(ClaimRow.id).where(ClaimRow.run_id == row.run_id, ClaimRow.place > row.place, is_open(today))
    with store.reading() as session:
        return session.scalar(behind.order_by(ClaimRow.place).limit(1))


def _entry(row: BypassRow) -> Entry:
    """A bypass as a profile says it."""
    return Entry(id=row.rule, enabled=False, reason=row.reason, by=row.by, until=date.fromisoformat(row.until))


def _until(text: str) -> date:
    today = date.today()  # noqa: DTZ011 - days of claims are local
    try:
        until = date.fromisoformat(text)
    except ValueError:
        raise EditRejected("The last day of a bypass is a date") from None
    if not today <= until <= today + _LONGEST_BYPASS:
        raise EditRejected("A bypass ends today at the earliest, and within a year")
    return until


def _earlier(session: Session, row: ClaimRow) -> tuple[ClaimState, ...]:
    """The claims before this one with the same number, the last of them."""
    same = select(ClaimRow.span, ClaimRow.edited).where(
        ClaimRow.run_id == row.run_id, ClaimRow.claim_number == row.claim_number, ClaimRow.place < row.place
    )
    found = session.execute(same.order_by(ClaimRow.place.desc()).limit(_MOST_EARLIER)).all()
    return tuple(ClaimState(span, edited) for span, edited in reversed(found))


def _show(session: Session, row: ClaimRow, view: ClaimView) -> None:
    """Put what a claim has come to into its row and its findings."""
    for name, value in view.facts.items():
        setattr(row, name, value)
    row.disposition = "rejected" if view.rejected else "accepted"
    held = {bypass["rule"]: bypass["until"] for bypass in view.document["bypasses"]}
    row.bypass_until = min(held.values(), default=None)
    heard = set(view.heard)
    for finding in session.scalars(select(FindingRow).where(FindingRow.claim_id == row.id)):
        pair = (finding.rule, finding.severity)
        finding.state = OPEN if pair in heard else BYPASSED if finding.rule in held else MENDED
        heard.discard(pair)
    for rule, severity in sorted(heard):
        session.add(FindingRow(claim_id=row.id, rule=rule, severity=severity, state=OPEN, came=False))
