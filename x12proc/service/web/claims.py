"""Claims in the worklist: load, edit, bypass, and update what the lists show of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Literal, TypeAlias

import msgspec
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from x12proc.profiles.profiles import Entry
from x12proc.service.api.scrub_options import ScrubOptions
from x12proc.service.auth import Principal
from x12proc.service.db.store import INPUT
from x12proc.service.db.tables import (
    BYPASSED,
    DONE,
    FIXED,
    OPEN,
    BypassRow,
    Change,
    ClaimRow,
    Event,
    FindingRow,
    Party,
    Run,
    utc_now,
)
from x12proc.service.errors import HttpError
from x12proc.service.jobs.claim_job import ClaimJob, ClaimState, ClaimView, scrub_claim
from x12proc.service.jobs.pool import JobFailed, QueueFull
from x12proc.service.services import Services
from x12proc.service.web.editing import EditRejected

_MOST_EARLIER = 20  # claims with the same number that are checked for duplicates
_LONGEST_BYPASS = timedelta(days=366)
_LONGEST_TEXT = 2000  # characters of a change that are kept
ChangeKind: TypeAlias = Literal["replace", "insert", "delete", "fix", "undo"]


class StoredClaim(msgspec.Struct, frozen=True):
    """A claim's rows in the database."""

    row: ClaimRow
    run: Run
    payer: Party
    provider: Party
    changes: list[Change]
    bypasses: list[BypassRow]  # in effect today
    earlier: tuple[ClaimState, ...]

    @property
    def version(self) -> int:
        """The version of the claim's bytes; a form that was made for another version is rejected."""
        return len(self.changes)


class ClaimPage(msgspec.Struct, frozen=True):
    """A claim as stored, and the view of it after scrubbing its current bytes."""

    stored: StoredClaim
    view: ClaimView


def is_open(today: date) -> ColumnElement[bool]:
    """Return the condition for claims to work on: rejected, or accepted by a bypass that has ended."""
    undecided = or_(ClaimRow.disposition == "rejected", ClaimRow.bypass_until < today.isoformat())
    return and_(undecided, ClaimRow.release_id.is_(None))


class Claims:
    """The claims of a service."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def load(self, claim_id: int) -> ClaimPage:
        """Load a claim and scrub its current bytes. Raises HttpError."""
        stored = await run_in_threadpool(self._read, claim_id)
        try:
            return ClaimPage(stored, await self._scrub(stored, stored.row.edited))
        except EditRejected as problem:
            raise HttpError(409, "unreadable-claim", str(problem)) from None

    async def change(
        self,
        claim_id: int,
        principal: Principal,
        version: int,
        kind: ChangeKind,
        make: Callable[[ClaimView], tuple[bytes | None, str, str]],
    ) -> None:
        """Change a claim's bytes and scrub it again.

        ``make`` returns the new bytes (None: those of the file) and the changed text before and after. Raises
        EditRejected for a change that is not possible, HttpError.
        """
        loaded = await self.load(claim_id)
        if loaded.stored.version != version:
            raise EditRejected("The claim was changed meanwhile; this is its current version")
        data, before, after = make(loaded.view)
        if data == loaded.view.data:
            raise EditRejected("Nothing was changed: the claim is as it was")
        view = await self._scrub(loaded.stored, data)
        change = Change(
            claim_id=claim_id,
            at=utc_now(),
            by=principal.name,
            kind=kind,
            before=before[:_LONGEST_TEXT],
            after=after[:_LONGEST_TEXT],
        )
        await run_in_threadpool(self._save, loaded.stored, view, data, change)

    async def bypass(self, claim_id: int, principal: Principal, rule: str, reason: str, until: str) -> None:
        """Bypass a rule on a claim. Raises EditRejected, HttpError."""
        loaded = await self.load(claim_id)
        if rule not in {name for name, _ in loaded.view.rules_hit}:
            raise EditRejected("The rule is not reported on this claim")
        reason = " ".join(reason.split())[:500]
        if len(reason) < 5:
            raise EditRejected("A bypass needs a reason that others can follow")
        row = BypassRow(
            claim_id=claim_id,
            at=utc_now(),
            by=principal.name,
            rule=rule,
            reason=reason,
            until=_parse_until(until).isoformat(),
        )
        await run_in_threadpool(self._add, row, principal, "bypassed")
        await self._refresh(claim_id)

    async def withdraw(self, claim_id: int, principal: Principal, bypass_id: int) -> None:
        """Withdraw a bypass. Raises HttpError."""
        await run_in_threadpool(self._withdraw, claim_id, bypass_id, principal)
        await self._refresh(claim_id)

    # -- in the database ---------------------------------------------------------------------------------------

    def _read(self, claim_id: int) -> StoredClaim:
        with self._services.store.reading() as session:
            row = session.get(ClaimRow, claim_id)
            run = session.get(Run, row.run_id) if row else None
            if row is None or run is None or run.state != DONE:
                raise HttpError(404, "no-such-claim", "No such claim; its run may have been deleted")
            changes = select(Change).where(Change.claim_id == claim_id).order_by(Change.id)
            bypasses = select(BypassRow).where(BypassRow.claim_id == claim_id, BypassRow.withdrawn.is_(None))
            return StoredClaim(
                row,
                run,
                session.get_one(Party, row.payer_id),
                session.get_one(Party, row.provider_id),
                list(session.scalars(changes)),
                list(session.scalars(bypasses.where(BypassRow.until >= date.today().isoformat()))),  # noqa: DTZ011 - local
                _earlier_claims(session, row),
            )

    def _save(self, stored: StoredClaim, view: ClaimView, data: bytes | None, change: Change) -> None:
        with self._services.store.writing() as session:
            row = session.get(ClaimRow, stored.row.id)
            count = select(func.count()).where(Change.claim_id == stored.row.id)
            if row is None or session.scalar(count) != stored.version:
                raise EditRejected("The claim was changed meanwhile; this is its current version")
            _check_unreleased(row)
            row.edited = data
            session.add(change)
            event = Event(at=utc_now(), by=change.by, action=change.kind, run_id=row.run_id, claim_id=row.id)
            session.add(event)
            _update_rows(session, row, view)

    def _add(self, row: BypassRow, principal: Principal, action: str) -> None:
        with self._services.store.writing() as session:
            _check_unreleased(session.get_one(ClaimRow, row.claim_id))
            session.add(row)
            session.add(
                Event(at=utc_now(), by=principal.name, action=action, claim_id=row.claim_id, rule=row.rule)
            )

    def _withdraw(self, claim_id: int, bypass_id: int, principal: Principal) -> None:
        with self._services.store.writing() as session:
            row = session.get(BypassRow, bypass_id)
            if row is None or row.claim_id != claim_id:
                raise HttpError(404, "no-such-bypass", "No such bypass")
            _check_unreleased(session.get_one(ClaimRow, claim_id))
            row.withdrawn = row.withdrawn or utc_now()
            session.add(
                Event(at=utc_now(), by=principal.name, action="bypass-withdrawn", claim_id=claim_id, rule=row.rule)
            )

    async def _refresh(self, claim_id: int) -> None:
        """Scrub a claim and store its new disposition and findings."""
        loaded = await self.load(claim_id)
        await run_in_threadpool(self._store_view, claim_id, loaded.view)

    def _store_view(self, claim_id: int, view: ClaimView) -> None:
        with self._services.store.writing() as session:
            _update_rows(session, session.get_one(ClaimRow, claim_id), view)

    # -- the worker --------------------------------------------------------------------------------------------

    async def _scrub(self, stored: StoredClaim, data: bytes | None) -> ClaimView:
        job = ClaimJob(
            path=self._services.store.run_folder(stored.run.id) / INPUT,
            config=self._services.options.config,
            options=msgspec.convert(stored.run.options, ScrubOptions),
            state=ClaimState(stored.row.span, data),
            earlier=stored.earlier,
            bypasses=tuple(_profile_entry(row) for row in stored.bypasses),
        )
        try:
            view = await self._services.jobs.run_claim_job(scrub_claim, job)
        except (QueueFull, JobFailed):
            raise HttpError(503, "job-failed", "The service is busy; try again in a moment") from None
        except FileNotFoundError:
            raise HttpError(404, "no-such-claim", "The file of this claim was deleted") from None
        if isinstance(view, str):
            raise EditRejected(f"The claim would not be readable: {view}")
        return view


def _check_unreleased(row: ClaimRow) -> None:
    if row.release_id is not None:
        raise EditRejected("The claim was released; it can't be changed any more")


def _profile_entry(row: BypassRow) -> Entry:
    """Convert a bypass to the form of an entry in a profile."""
    return Entry(id=row.rule, enabled=False, reason=row.reason, by=row.by, until=date.fromisoformat(row.until))


def _parse_until(text: str) -> date:
    today = date.today()  # noqa: DTZ011 - days of claims are local
    try:
        until = date.fromisoformat(text)
    except ValueError:
        raise EditRejected("The last day of a bypass is a date") from None
    if not today <= until <= today + _LONGEST_BYPASS:
        raise EditRejected("A bypass ends today at the earliest, and within a year")
    return until


def _earlier_claims(session: Session, row: ClaimRow) -> tuple[ClaimState, ...]:
    """Return the last claims before this one in the file that have the same number."""
    same = select(ClaimRow.span, ClaimRow.edited).where(
        ClaimRow.run_id == row.run_id, ClaimRow.claim_number == row.claim_number, ClaimRow.ordinal < row.ordinal
    )
    rows = session.execute(same.order_by(ClaimRow.ordinal.desc()).limit(_MOST_EARLIER)).all()
    return tuple(ClaimState(span, edited) for span, edited in reversed(rows))


def _update_rows(session: Session, row: ClaimRow, view: ClaimView) -> None:
    """Write the result of scrubbing a claim to its row and its findings."""
    for name, value in view.columns.items():
        setattr(row, name, value)
    row.disposition = "rejected" if view.rejected else "accepted"
    bypasses = {bypass["rule"]: bypass["until"] for bypass in view.document["bypasses"]}
    row.bypass_until = min(bypasses.values(), default=None)
    hits = set(view.rules_hit)
    for finding in session.scalars(select(FindingRow).where(FindingRow.claim_id == row.id)):
        pair = (finding.rule, finding.severity)
        finding.state = OPEN if pair in hits else BYPASSED if finding.rule in bypasses else FIXED
        hits.discard(pair)
    for rule, severity in sorted(hits):
        session.add(FindingRow(claim_id=row.id, rule=rule, severity=severity, state=OPEN, initial=False))
