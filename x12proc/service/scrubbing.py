"""The use case of the service: a file is received, becomes a run, and is scrubbed by a worker."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog
from sqlalchemy import delete, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from x12proc.errors import ConfigError
from x12proc.service.api.scrub_options import ScrubOptions, answer_settings
from x12proc.service.api.upload import HttpError, Received, receive
from x12proc.service.db.store import INPUT, Store
from x12proc.service.db.tables import BROKEN, DONE, WAITING, ClaimRow, Event, Run, Sending, stamp
from x12proc.service.jobs.file_job import FileDone, FileJob, scrub_file
from x12proc.service.jobs.pool import Full, JobFailed, Jobs
from x12proc.service.keys import Principal
from x12proc.service.metrics import Metrics
from x12proc.service.options import Options

_LOG = structlog.get_logger("x12proc.service")
_RETRY_SECONDS = 5


class Sent(msgspec.Struct, frozen=True):
    """A file as its sender wants it treated."""

    question: ScrubOptions
    emit: tuple[str, ...]
    dry_run: bool = False
    idempotency_key: str = ""
    later: bool = False  # answer before it is scrubbed


class Outcome(msgspec.Struct, frozen=True):
    """Where a run stands."""

    run_id: str
    folder: Path
    state: str
    status: str | None
    repeated: bool = False  # the same sending came before


class Scrubbing:
    """Takes files in."""

    def __init__(self, store: Store, jobs: Jobs, metrics: Metrics, options: Options) -> None:
        self._store = store
        self._jobs = jobs
        self._metrics = metrics
        self._options = options
        self._tasks: set[asyncio.Task[FileDone]] = set()

    async def take(self, request: Request, who: Principal, ask: Callable[[Received], Sent]) -> Outcome:
        """Receive the file of a request and scrub it; ``ask`` says how, once all of it is there.

        Raises Refused, and then nothing of the file stays. A dry run's folder is the caller's to remove.
        """
        try:
            self._jobs.enter()
        except Full:
            self._metrics.full()
            headers = {"Retry-After": str(_RETRY_SECONDS)}
            raise HttpError(429, "full", "There is no room for another file now", headers) from None
        try:
            outcome, sent = await self._receive(request, who, ask)
        except BaseException:
            self._jobs.leave()
            raise
        if outcome.repeated:
            self._jobs.leave()
            return outcome
        task = self._start(outcome, sent)
        if sent.later:
            return outcome
        done = await asyncio.shield(task)  # a sender who hangs up ends nothing
        return msgspec.structs.replace(outcome, state=DONE, status=done.status)

    async def resume(self) -> None:
        """Go on with the runs that were waiting when the service last ended."""
        with self._store.reading() as session:
            waiting = list(session.scalars(select(Run).where(Run.state == WAITING).order_by(Run.created)))
        for run in waiting:
            with self._store.writing() as session:
                session.execute(delete(ClaimRow).where(ClaimRow.run_id == run.id))
            self._jobs.taken += 1
            outcome = Outcome(run.id, self._store.run_folder(run.id), WAITING, None)
            question = msgspec.convert(run.question, ScrubOptions)
            self._start(outcome, Sent(question, tuple(run.emit), later=True))

    # -- receiving ---------------------------------------------------------------------------------------------

    async def _receive(
        self, request: Request, who: Principal, ask: Callable[[Received], Sent]
    ) -> tuple[Outcome, Sent]:
        folder = await run_in_threadpool(self._store.new_folder)
        try:
            limits = self._options.most_bytes, self._options.upload_seconds
            received = await receive(request, folder / INPUT, *limits)
            sent = ask(received)
            outcome = await run_in_threadpool(self._begin, folder, received, sent, who)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if outcome.repeated:
            shutil.rmtree(folder, ignore_errors=True)
        return outcome, sent

    def _begin(self, folder: Path, received: Received, sent: Sent, who: Principal) -> Outcome:
        try:
            answer_settings(self._options.config, sent.question)
        except ConfigError as error:
            raise HttpError(400, "bad-request", str(error)) from None
        if sent.dry_run:
            return Outcome(folder.name, folder, WAITING, None)
        with self._store.writing() as session:
            sending = _sending(folder.name, received, sent, who) if sent.idempotency_key else None
            known = session.get(Sending, sending.digest) if sending else None
            if sending and known:
                run = session.get_one(Run, known.run_id)
                return self._repeated(run, sent, same=known.fingerprint == sending.fingerprint)
            session.add(_new_run(folder.name, received, sent, who))
            session.flush()
            if sending:
                session.add(sending)
            session.add(Event(at=stamp(), by=who.name, action="sent", run_id=folder.name))
        return Outcome(folder.name, folder, WAITING, None)

    def _repeated(self, run: Run, sent: Sent, *, same: bool) -> Outcome:
        if not same:
            raise HttpError(
                409, "key-reused", "This Idempotency-Key came before with another file or other options"
            )
        if run.state == WAITING and not sent.later:
            headers = {"Retry-After": str(_RETRY_SECONDS)}
            raise HttpError(409, "in-progress", "The file of this Idempotency-Key is being scrubbed", headers)
        return Outcome(run.id, self._store.run_folder(run.id), run.state, run.status, repeated=True)

    # -- scrubbing ---------------------------------------------------------------------------------------------

    def _start(self, outcome: Outcome, sent: Sent) -> asyncio.Task[FileDone]:
        """Begin the work; the room that was taken is given back at its end."""
        task = asyncio.create_task(self._work(outcome, sent))
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[FileDone]) -> None:
        self._tasks.discard(task)
        self._jobs.leave()
        if not task.cancelled():
            task.exception()  # told to whoever waits; where nobody does it stands in the run

    async def _work(self, outcome: Outcome, sent: Sent) -> FileDone:
        started = time.perf_counter()
        job = FileJob(
            folder=outcome.folder,
            config=self._options.config,
            question=sent.question,
            emit=sent.emit,
            data=self._store.folder,
            run_id=None if sent.dry_run else outcome.run_id,
        )
        try:
            done = await self._jobs.file(scrub_file, job)
        except Exception as error:
            refused = _not_done(error)
            _LOG.error("run_broken", run=outcome.run_id, code=refused.code, error=type(error).__name__)
            await run_in_threadpool(self._drop, outcome, sent, refused)
            raise refused from None
        done = msgspec.structs.replace(done, seconds=time.perf_counter() - started)
        self._metrics.file(done)
        summary = {name: done.summary[name] for name in ("claims", "target_claims", "rejected_claims")}
        _LOG.info("scrubbed", run=outcome.run_id, status=done.status, seconds=round(done.seconds, 3), **summary)
        if not done.readable:
            refused = _unreadable(done)
            await run_in_threadpool(self._drop, outcome, sent, refused)
            raise refused
        if not sent.dry_run:
            await run_in_threadpool(self._finish, outcome.run_id, done)
        return done

    def _finish(self, run_id: str, done: FileDone) -> None:
        with self._store.writing() as session:
            run = session.get(Run, run_id)
            if run is None:  # deleted meanwhile
                shutil.rmtree(self._store.run_folder(run_id), ignore_errors=True)
                return
            run.state, run.status, run.finished = DONE, done.status, stamp()
            run.summary = {**done.summary, "faults": done.faults, "seconds": round(done.seconds, 3)}
            run.withheld = dict(done.withheld)

    def _drop(self, outcome: Outcome, sent: Sent, refused: HttpError) -> None:
        """Remove what came to nothing. Whoever left before it did must still find out."""
        shutil.rmtree(outcome.folder, ignore_errors=True)
        if not sent.later:
            self._store.delete_run(outcome.run_id)
            return
        with self._store.writing() as session:
            session.execute(delete(ClaimRow).where(ClaimRow.run_id == outcome.run_id))
            run = session.get(Run, outcome.run_id)
            if run is not None:
                run.state, run.finished, run.problem = BROKEN, stamp(), refused.message


def _new_run(run_id: str, received: Received, sent: Sent, who: Principal) -> Run:
    return Run(
        id=run_id,
        key_name=who.name,
        name=received.name,
        state=WAITING,
        created=stamp(),
        sha256=received.sha256,
        bytes=received.bytes,
        question=msgspec.to_builtins(sent.question),
        emit=list(sent.emit),
        summary={},
        withheld={},
    )


def _sending(run_id: str, received: Received, sent: Sent, who: Principal) -> Sending:
    """The sending of an Idempotency-Key, which is the sender's own: two keys may use the same."""
    asked = msgspec.json.encode((received.sha256, sent.question, sent.emit, sent.later))
    digest = hashlib.sha256(f"{who.key_id}:{sent.idempotency_key}".encode()).hexdigest()
    return Sending(digest=digest, fingerprint=hashlib.sha256(asked).hexdigest(), run_id=run_id)


def _not_done(error: Exception) -> HttpError:
    if isinstance(error, JobFailed):
        return HttpError(503, "not-done", f"The file could not be scrubbed: {error}")
    if isinstance(error, OSError):
        return HttpError(503, "storage", f"The file could not be scrubbed: {error.strerror or 'storage'}")
    if isinstance(error, ConfigError):
        return HttpError(
            503, "configuration", "The service's configuration is wrong; its log of the start says more"
        )
    return HttpError(500, "internal-fault", "An internal fault; nothing was accepted. Please report this")


def _unreadable(done: FileDone) -> HttpError:
    """No interchange could be read: not X12 at all."""
    if done.crashed:
        return HttpError(500, "internal-fault", "An internal fault; nothing was accepted. Please report this")
    fault = done.faults[0]
    return HttpError(400, fault["code"], f"{fault['message']} (byte {fault['byte_offset']})")
