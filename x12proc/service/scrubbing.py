"""The service's main use case: receive a file, record it as a run, scrub it in a worker process."""

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

from x12proc.errors import ConfigError, UnavailableError
from x12proc.runner.publishing import discard_unfinished
from x12proc.service.api.scrub_options import ScrubOptions, settings_for
from x12proc.service.api.upload import Upload, receive_upload
from x12proc.service.auth import Principal
from x12proc.service.db.store import INPUT, Store
from x12proc.service.db.tables import BROKEN, DONE, WAITING, ClaimRow, Event, IdempotencyRecord, Run, utc_now
from x12proc.service.errors import HttpError
from x12proc.service.jobs.file_job import FileJob, FileResult, scrub_file
from x12proc.service.jobs.pool import JobFailed, Jobs, QueueFull
from x12proc.service.metrics import Metrics
from x12proc.service.options import ServiceOptions

_LOG = structlog.get_logger("x12proc.service")
_RETRY_SECONDS = 5
_INTERNAL_ERROR = "Internal error; nothing was accepted. Please report this"


class Submission(msgspec.Struct, frozen=True):
    """The options under which an uploaded file is scrubbed and answered."""

    options: ScrubOptions
    emit: tuple[str, ...]
    dry_run: bool = False
    idempotency_key: str = ""
    respond_async: bool = False  # respond before the file is scrubbed


class RunResult(msgspec.Struct, frozen=True):
    """The state of a run and the folder of its artifacts."""

    run_id: str
    folder: Path
    state: str
    status: str | None
    replayed: bool = False  # the run of an earlier request with the same Idempotency-Key


class Scrubbing:
    """Accepts uploads and scrubs them in worker processes."""

    def __init__(self, store: Store, jobs: Jobs, metrics: Metrics, options: ServiceOptions) -> None:
        self._store = store
        self._jobs = jobs
        self._metrics = metrics
        self._options = options
        self._tasks: set[asyncio.Task[FileResult]] = set()

    async def submit(
        self, request: Request, principal: Principal, to_submission: Callable[[Upload], Submission]
    ) -> RunResult:
        """Receive the file of a request and scrub it; ``to_submission`` is called once the whole file is there.

        Raises HttpError, and then nothing of the file is kept. The caller removes the folder of a dry run.
        """
        try:
            self._jobs.acquire_slot()
        except QueueFull:
            self._metrics.queue_full()
            headers = {"Retry-After": str(_RETRY_SECONDS)}
            raise HttpError(429, "queue-full", "The queue is full", headers) from None
        try:
            result, submission = await self._receive(request, principal, to_submission)
        except BaseException:
            self._jobs.release_slot()
            raise
        if result.replayed:
            self._jobs.release_slot()
            return result
        task = self._start(result, submission)
        if submission.respond_async:
            return result
        done = await asyncio.shield(task)  # a client that disconnects doesn't cancel the job
        return msgspec.structs.replace(result, state=DONE, status=done.status)

    async def resume(self) -> None:
        """Scrub the runs that were waiting when the service last stopped."""
        with self._store.reading() as session:
            waiting = list(session.scalars(select(Run).where(Run.state == WAITING).order_by(Run.created)))
        for run in waiting:
            with self._store.writing() as session:
                session.execute(delete(ClaimRow).where(ClaimRow.run_id == run.id))
            self._jobs.slots_used += 1
            result = RunResult(run.id, self._store.run_folder(run.id), WAITING, None)
            await run_in_threadpool(discard_unfinished, result.folder)
            options = msgspec.convert(run.options, ScrubOptions)
            self._start(result, Submission(options, tuple(run.emit), respond_async=True))

    # -- receiving ---------------------------------------------------------------------------------------------

    async def _receive(
        self, request: Request, principal: Principal, to_submission: Callable[[Upload], Submission]
    ) -> tuple[RunResult, Submission]:
        folder = await run_in_threadpool(self._store.new_folder)
        try:
            limits = self._options.most_bytes, self._options.upload_seconds
            upload = await receive_upload(request, folder / INPUT, *limits)
            submission = to_submission(upload)
            result = await run_in_threadpool(self._create_run, folder, upload, submission, principal)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if result.replayed:
            shutil.rmtree(folder, ignore_errors=True)
        return result, submission

    def _create_run(self, folder: Path, upload: Upload, submission: Submission, principal: Principal) -> RunResult:
        try:
            settings_for(self._options.config, submission.options)
        except ConfigError as error:
            raise HttpError(400, "bad-request", str(error)) from None
        if submission.dry_run:
            return RunResult(folder.name, folder, WAITING, None)
        with self._store.writing() as session:
            record = _idempotency_record(folder.name, upload, submission, principal)
            known = session.get(IdempotencyRecord, record.digest) if record else None
            if record and known:
                run = session.get_one(Run, known.run_id)
                return self._replay(run, submission, same=known.fingerprint == record.fingerprint)
            session.add(_new_run(folder.name, upload, submission, principal))
            session.flush()
            if record:
                session.add(record)
            session.add(Event(at=utc_now(), by=principal.name, action="submitted", run_id=folder.name))
        return RunResult(folder.name, folder, WAITING, None)

    def _replay(self, run: Run, submission: Submission, *, same: bool) -> RunResult:
        if not same:
            raise HttpError(409, "key-reused", "This Idempotency-Key was used with another file or other options")
        if run.state == WAITING and not submission.respond_async:
            headers = {"Retry-After": str(_RETRY_SECONDS)}
            raise HttpError(409, "in-progress", "The file of this Idempotency-Key is being scrubbed", headers)
        return RunResult(run.id, self._store.run_folder(run.id), run.state, run.status, replayed=True)

    # -- scrubbing ---------------------------------------------------------------------------------------------

    def _start(self, result: RunResult, submission: Submission) -> asyncio.Task[FileResult]:
        """Start the job; its slot is released when it ends."""
        task = asyncio.create_task(self._work(result, submission))
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[FileResult]) -> None:
        self._tasks.discard(task)
        self._jobs.release_slot()
        if not task.cancelled():
            task.exception()  # mark as retrieved: the waiting request raises it, else the run records it

    async def _work(self, result: RunResult, submission: Submission) -> FileResult:
        started = time.perf_counter()
        job = FileJob(
            folder=result.folder,
            config=self._options.config,
            options=submission.options,
            emit=submission.emit,
            data=self._store.folder,
            run_id=None if submission.dry_run else result.run_id,
        )
        try:
            done = await self._jobs.run_file_job(scrub_file, job)
        except Exception as failure:
            error = _job_error(failure)
            _LOG.error("run_broken", run=result.run_id, code=error.code, error=type(failure).__name__)
            await run_in_threadpool(self._discard, result, submission, error)
            raise error from None
        done = msgspec.structs.replace(done, seconds=time.perf_counter() - started)
        self._metrics.file_scrubbed(done)
        summary = {name: done.summary[name] for name in ("claims", "target_claims", "rejected_claims")}
        _LOG.info("scrubbed", run=result.run_id, status=done.status, seconds=round(done.seconds, 3), **summary)
        if not done.readable:
            error = _unreadable(done)
            await run_in_threadpool(self._discard, result, submission, error)
            raise error
        if not submission.dry_run:
            await run_in_threadpool(self._finish, result.run_id, done)
        return done

    def _finish(self, run_id: str, done: FileResult) -> None:
        with self._store.writing() as session:
            run = session.get(Run, run_id)
            if run is None:  # deleted meanwhile
                shutil.rmtree(self._store.run_folder(run_id), ignore_errors=True)
                return
            run.state, run.status, run.finished = DONE, done.status, utc_now()
            run.summary = {**done.summary, "faults": done.faults, "seconds": round(done.seconds, 3)}
            run.withheld = dict(done.withheld)

    def _discard(self, result: RunResult, submission: Submission, error: HttpError) -> None:
        """Delete a run that failed. A sender that got 202 still finds the run, with the reason."""
        shutil.rmtree(result.folder, ignore_errors=True)
        if not submission.respond_async:
            self._store.delete_run(result.run_id)
            return
        with self._store.writing() as session:
            session.execute(delete(ClaimRow).where(ClaimRow.run_id == result.run_id))
            run = session.get(Run, result.run_id)
            if run is not None:
                run.state, run.finished, run.problem = BROKEN, utc_now(), error.message


def _new_run(run_id: str, upload: Upload, submission: Submission, principal: Principal) -> Run:
    return Run(
        id=run_id,
        key_name=principal.name,
        name=upload.name,
        state=WAITING,
        created=utc_now(),
        sha256=upload.sha256,
        bytes=upload.bytes,
        options=msgspec.to_builtins(submission.options),
        emit=list(submission.emit),
        summary={},
        withheld={},
    )


def _idempotency_record(
    run_id: str, upload: Upload, submission: Submission, principal: Principal
) -> IdempotencyRecord | None:
    """Return the record of a submission's Idempotency-Key, which is scoped to the API key; None without one."""
    if not submission.idempotency_key:
        return None
    content = (upload.sha256, submission.options, submission.emit, submission.respond_async)
    fingerprint = hashlib.sha256(msgspec.json.encode(content)).hexdigest()
    digest = hashlib.sha256(f"{principal.key_id}:{submission.idempotency_key}".encode()).hexdigest()
    return IdempotencyRecord(digest=digest, fingerprint=fingerprint, run_id=run_id)


def _job_error(failure: Exception) -> HttpError:
    if isinstance(failure, JobFailed):
        return HttpError(503, "job-failed", f"The file could not be scrubbed: {failure}")
    if isinstance(failure, OSError):
        return HttpError(503, "storage", f"The file could not be scrubbed: {failure.strerror or 'storage'}")
    if isinstance(failure, UnavailableError):
        return HttpError(503, "storage", "The file could not be scrubbed: its record can't be written")
    if isinstance(failure, ConfigError):
        return HttpError(503, "configuration", "The service's configuration is invalid; see its log at startup")
    return HttpError(500, "internal-error", _INTERNAL_ERROR)


def _unreadable(done: FileResult) -> HttpError:
    """Return the error for a file without a readable interchange: not X12 at all."""
    if done.crashed:
        return HttpError(500, "internal-error", _INTERNAL_ERROR)
    fault = done.faults[0]
    return HttpError(400, fault["code"], f"{fault['message']} (byte {fault['byte_offset']})")
