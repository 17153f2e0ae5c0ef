"""Release of a run's claims: those accepted now and not yet released, as one file of whole interchanges.

The file is written and synchronized first, then one transaction records it and marks its claims. A process that
dies before that transaction leaves a file that nothing refers to, which the next start deletes, and its claims
unreleased; one that dies after it leaves a release whose file is there. So no claim is released twice or lost.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

import msgspec
from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from x12proc.engine.stream import Outcome, Summary, UntargetedClaim
from x12proc.errors import InternalError
from x12proc.reports.edi.split import ACCEPTED, Split
from x12proc.reports.edi.split_check import SplitCheck
from x12proc.runner.files import FileBuffer
from x12proc.service.api.scrub_options import ScrubOptions, settings_for
from x12proc.service.db.store import INPUT, Store
from x12proc.service.db.tables import DONE, ClaimRow, Event, Release, Run, utc_now
from x12proc.service.jobs.corrected_file import write_edited
from x12proc.wire.events import ClaimSpan
from x12proc.wire.scanner import scan

Which: TypeAlias = Literal["all", "fixed"]
_PART = ".part"


class Refused(msgspec.Struct, frozen=True):
    """Why claims can't be released: a code for programs and a text."""

    code: str
    message: str


class ReleaseJob(msgspec.Struct, frozen=True, kw_only=True):
    """A release to make. ``which`` is ``fixed`` to leave out claims that were accepted when submitted."""

    data: Path
    config: Path | None
    run_id: str
    by: str
    which: Which


class _Chosen(msgspec.Struct, frozen=True):
    """The claims of a release by row id, as they were read."""

    starts: frozenset[int]  # where they begin in the submitted file
    targets: frozenset[int]  # where all target claims begin
    ids: list[int]
    edited: list[tuple[bytes, bytes]]  # the edits of all claims, so that the file stays one
    others: bool


def release_path(folder: Path, release_id: str) -> Path:
    """Return the path of the file of a release."""
    return folder / f"release-{release_id}.edi"


def releasable(run_id: str, today: date, which: Which = "all") -> ColumnElement[bool]:
    """Return the condition for target claims that can be released: accepted now, and not yet released."""
    conditions = [
        ClaimRow.run_id == run_id,
        ClaimRow.disposition == "accepted",
        or_(ClaimRow.bypass_until.is_(None), ClaimRow.bypass_until >= today.isoformat()),
        ClaimRow.release_id.is_(None),
    ]
    if which == "fixed":
        conditions.append(ClaimRow.initial_disposition == "rejected")
    return and_(*conditions)


def release_claims(job: ReleaseJob) -> str | Refused:
    """Release claims of a run; return the release's id, or why there is none. Raises OSError, InternalError."""
    store = Store(job.data)
    try:
        return _release(store, job, date.today())  # noqa: DTZ011 - days of claims are local
    finally:
        store.close()


def _release(store: Store, job: ReleaseJob, today: date) -> str | Refused:
    with store.reading() as session:
        chosen = _choose(session, job, today)
    if isinstance(chosen, Refused):
        return chosen
    release_id = secrets.token_hex(8)
    folder = store.run_folder(job.run_id)
    path = release_path(folder, release_id)
    others = _write(folder / INPUT, chosen, path)
    if isinstance(others, Refused) or not (others or chosen.ids):
        path.unlink(missing_ok=True)
        return others if isinstance(others, Refused) else _NOTHING
    try:
        with store.writing() as session:
            _record(session, job, chosen, release_id, others, today)
    except _ChangedError:
        path.unlink(missing_ok=True)
        return _CHANGED
    return release_id


class _ChangedError(Exception):
    """The claims are no longer as they were read."""


_CHANGED = Refused("changed", "Claims were changed or released meanwhile; nothing was released. Try again")
_NOTHING = Refused("nothing-to-release", "No claim of the file is accepted and not yet released")


def _choose(session: Session, job: ReleaseJob, today: date) -> _Chosen | Refused:
    run = session.get(Run, job.run_id)
    if run is None or run.state != DONE:
        return Refused("not-scrubbed", "The file has not been scrubbed")
    if run.status == "failed":
        return Refused("failed-file", "The file can't be read to its end, so none of its claims can be released")
    same = select(Release.run_id).join(Run, Run.id == Release.run_id)
    if session.scalar(same.where(Run.sha256 == run.sha256, Run.id != run.id).limit(1)) is not None:
        return Refused("released-before", "Claims of the same file, submitted before, were released there")
    settings = settings_for(job.config, msgspec.convert(run.options, ScrubOptions))
    if settings.conformance == "full" and settings.guide_errors == "reject":
        return Refused(
            "guide-errors", "Claims without a target code were rejected by the guide; they have no state"
        )
    rows = session.execute(
        select(ClaimRow.id, ClaimRow.span, ClaimRow.edited, releasable(job.run_id, today, job.which))
        .where(ClaimRow.run_id == job.run_id)
        .order_by(ClaimRow.ordinal)
    ).all()
    starts = {row[0]: msgspec.msgpack.decode(row[1], type=ClaimSpan).start for row in rows}
    ids = [row[0] for row in rows if row[3]]
    return _Chosen(
        starts=frozenset(starts[claim] for claim in ids),
        targets=frozenset(starts.values()),
        ids=ids,
        edited=[(span, new) for _, span, new, _ in rows if new is not None],
        others=job.which == "all" and not others_released(session, job.run_id),
    )


def others_released(session: Session, run_id: str) -> bool:
    """Return whether the claims without a target line were released."""
    found = select(func.count()).where(Release.run_id == run_id, Release.other_claims > 0)
    return bool(session.scalar(found))


def _write(source: Path, chosen: _Chosen, path: Path) -> int | Refused:
    """Write the chosen claims and return the number of those without a target line."""
    corrected = path.with_suffix(_PART)
    try:
        with source.open("rb", buffering=0) as file, corrected.open("xb+") as whole:
            original = FileBuffer(file)
            write_edited(original, chosen.edited, whole.write)
            whole.flush()
            with path.open("xb+") as out:
                others = _split(original, FileBuffer(whole), chosen, out)
                out.flush()
                os.fsync(out.fileno())
        _sync_folder(path.parent)
        return others
    finally:
        corrected.unlink(missing_ok=True)


def _split(original: FileBuffer, corrected: FileBuffer, chosen: _Chosen, out: BinaryIO) -> int | Refused:
    split = Split(corrected, {ACCEPTED: out})
    check = SplitCheck(corrected)
    starts = (event.start for event in scan(original, (), all_claims=True) if isinstance(event, ClaimSpan))
    targets = others = 0
    for event in scan(corrected, (), all_claims=True):
        outcome: Outcome
        if isinstance(event, ClaimSpan):
            start = next(starts, -1)
            target, other = start in chosen.starts, chosen.others and start not in chosen.targets
            targets, others = targets + target, others + other
            outcome = UntargetedClaim(event, refused=not (target or other))
        else:
            outcome = event
        split.handle(outcome)
        check.handle(outcome)
    split.end(Summary())
    out.flush()
    if targets != len(chosen.ids):
        raise InternalError(f"{len(chosen.ids)} claims were to be released, {targets} were written")
    if split.ambiguity is not None or (targets + others and check.check(ACCEPTED, FileBuffer(out)) is not None):
        return Refused("split-ambiguous", "The file's loops or line ends don't allow its claims to be divided")
    return others


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _record(session: Session, job: ReleaseJob, chosen: _Chosen, release_id: str, others: int, today: date) -> None:
    """Record the release and mark its claims, if they are still as they were read. Raises _ChangedError."""
    now = _choose(session, job, today)
    if now != chosen:
        raise _ChangedError
    release = Release(
        id=release_id,
        run_id=job.run_id,
        at=utc_now(),
        by=job.by,
        target_claims=len(chosen.ids),
        other_claims=others,
    )
    session.add(release)
    session.flush()
    for batch in _batches(chosen.ids):
        session.execute(update(ClaimRow).where(ClaimRow.id.in_(batch)).values(release_id=release_id))
    session.add(Event(at=utc_now(), by=job.by, action=f"released:{release_id}", run_id=job.run_id))


def _batches(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), 500):
        yield ids[start : start + 500]
