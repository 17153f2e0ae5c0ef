"""Worker processes with a bounded queue, so that a large file never blocks a response."""

from __future__ import annotations

import asyncio
import gc
import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

import structlog

from x12proc.service.options import ServiceOptions

T = TypeVar("T")
_GRACE = 15  # seconds of CPU time beyond the limit, after which the system ends a worker
_MOST_CLAIM_JOBS = 64  # that may wait
_CLAIM_JOB_SECONDS = 30.0


class QueueFull(Exception):  # noqa: N818 - a state, no error
    """All slots are in use."""


class JobFailed(Exception):  # noqa: N818 - reported to the sender
    """A job took too long, or its worker died."""


class _TimeUp(BaseException):
    """The time limit. Not an Exception, so that handlers of rule errors don't catch it."""


class Jobs:
    """The worker processes: a pool for files and one for single claims, so that an edit never waits for a file."""

    def __init__(self, options: ServiceOptions) -> None:
        self._options = options
        self._files = _Pool(options.workers)
        self._claims = _Pool(1)
        self.slots = options.workers + options.queue
        self.slots_used = 0  # by files being received, waiting or in progress

    def start(self) -> None:
        """Start the workers ahead of the first file."""
        self._files.submit(_preload)
        self._claims.submit(_preload)

    def stop(self) -> None:
        """Stop the workers: running jobs are finished, waiting ones are not started."""
        self._files.stop()
        self._claims.stop()

    def acquire_slot(self) -> None:
        """Acquire a slot for one file, until :meth:`release_slot`. Raises QueueFull."""
        if self.slots_used >= self.slots:
            raise QueueFull
        self.slots_used += 1

    def release_slot(self) -> None:
        """Release the slot of a file."""
        self.slots_used -= 1

    async def run_file_job(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run a job on a file. Raises JobFailed."""
        return await self._files.run(self._options.job_seconds, function, *arguments)

    async def run_claim_job(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run a job on a claim. Raises QueueFull, JobFailed."""
        if self._claims.waiting >= _MOST_CLAIM_JOBS:
            raise QueueFull
        return await self._claims.run(_CLAIM_JOB_SECONDS, function, *arguments)


class _Pool:
    """A process pool that is replaced when a process dies."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._executor: ProcessPoolExecutor | None = None
        self.waiting = 0

    def submit(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        if self._executor is None:
            # Not forked: a worker must not inherit open files and connections.
            context = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(self._size, mp_context=context, initializer=_init_worker)
        return self._executor.submit(function, *arguments)

    async def run(self, seconds: float, function: Callable[..., T], *arguments: Any) -> T:
        self.waiting += 1
        executor = self._executor
        try:
            future = self.submit(_limited, seconds, function, *arguments)
            executor = self._executor
            return await asyncio.wrap_future(future)
        except BrokenProcessPool:
            if self._executor is executor:  # the first waiter drops the broken pool
                self._executor = None
            raise JobFailed("its worker process died") from None
        finally:
            self.waiting -= 1

    def stop(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None


# -- in a worker -----------------------------------------------------------------------------------------------


def _init_worker() -> None:
    """Set up a worker: ignore interrupts, which the parent handles, and exit when the parent dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(100_000, 50, 50)
    _log_warnings_only()
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _log_warnings_only() -> None:
    """Limit logging to warnings: the parent logs results, with the run's id."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _preload() -> None:
    """Load the settings, which every job needs."""
    from x12proc.service.api.scrub_options import ScrubOptions, settings_for  # noqa: PLC0415 - in the worker only

    settings_for(None, ScrubOptions())


def _limited(seconds: float, function: Callable[..., T], *arguments: Any) -> T:
    """Run a job with a time limit. Raises JobFailed when it is exceeded.

    SIGALRM can't interrupt C code, such as a regex search; then SIGPROF, left at its default, ends the process.
    """
    if not hasattr(signal, "setitimer"):  # without interval timers there is no limit
        return function(*arguments)
    signal.signal(signal.SIGALRM, _time_up)
    try:  # around all of it: the alarm may fire before the job starts or just after it ended
        try:
            signal.setitimer(signal.ITIMER_PROF, seconds + _GRACE)
            signal.setitimer(signal.ITIMER_REAL, seconds)
            return function(*arguments)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.setitimer(signal.ITIMER_PROF, 0)
    except _TimeUp:
        raise JobFailed(f"it took longer than {seconds:g} seconds") from None


def _time_up(_: int, __: object) -> None:
    raise _TimeUp
