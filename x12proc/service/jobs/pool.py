"""Work in processes of its own, so that a large file never holds up an answer: a few at work, a few that wait, and
whoever comes then is told to come back."""

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

from x12proc.service.options import Options

T = TypeVar("T")
_GRACE = 15  # seconds of processor time past the limit, after which a worker is ended by the system
_MOST_SMALL = 64  # small jobs that may wait
_SMALL_SECONDS = 30.0


class Full(Exception):  # noqa: N818 - not a fault
    """There is no room for another file."""


class JobFailed(Exception):  # noqa: N818 - told to whoever waits
    """A job took too long, or its worker died."""


class _TimeUp(BaseException):
    """Not an Exception: whoever catches those (a crash of a rule) must not catch this."""


class Jobs:
    """The worker processes. Files have a pool, and single claims another, so that nobody who mends a claim waits
    for a file."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._files = _Pool(options.workers)
        self._claims = _Pool(1)
        self.most = options.workers + options.queue
        self.taken = 0  # files that are being received, are waiting or at work

    def start(self) -> None:
        """Start the workers, so that the first file need not wait for it."""
        self._files.submit(_ready)
        self._claims.submit(_ready)

    def stop(self) -> None:
        """End them; what is at work is finished, what waits is not begun."""
        self._files.stop()
        self._claims.stop()

    def enter(self) -> None:
        """Take room for one file, until :meth:`leave`. Raises Full."""
        if self.taken >= self.most:
            raise Full
        self.taken += 1

    def leave(self) -> None:
        """Give the room of a file back."""
        self.taken -= 1

    async def file(self, function: Callable[..., T], *arguments: Any) -> T:
        """Do a job on a file. Raises NotDone."""
        return await self._files.run(self._options.job_seconds, function, *arguments)

    async def claim(self, function: Callable[..., T], *arguments: Any) -> T:
        """Do a small job. Raises Full, NotDone."""
        if self._claims.waiting >= _MOST_SMALL:
            raise Full
        return await self._claims.run(_SMALL_SECONDS, function, *arguments)


class _Pool:
    """Some processes, replaced when one of them dies."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._executor: ProcessPoolExecutor | None = None
        self.waiting = 0

    def submit(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        if self._executor is None:
            # Not forked: a worker starts clean and holds no file and no connection of ours.
            context = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(self._size, mp_context=context, initializer=_make_ready)
        return self._executor.submit(function, *arguments)

    async def run(self, seconds: float, function: Callable[..., T], *arguments: Any) -> T:
        self.waiting += 1
        executor = self._executor
        try:
            future = self.submit(_limited, seconds, function, *arguments)
            executor = self._executor
            return await asyncio.wrap_future(future)
        except BrokenProcessPool:
            if self._executor is executor:  # the first to notice makes room for a new one
                self._executor = None
            raise JobFailed("the process that worked on it ended") from None
        finally:
            self.waiting -= 1

    def stop(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None


# -- in a worker -----------------------------------------------------------------------------------------------


def _make_ready() -> None:
    """What a worker does first. An interrupt is for the parent to answer; without a parent it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(100_000, 50, 50)
    _log_warnings_only()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _log_warnings_only() -> None:
    """What became of a file is logged by the parent, with the run's id."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _ready() -> None:
    """Load what every job needs."""
    from x12proc.service.api.scrub_options import ScrubOptions, answer_settings  # noqa: PLC0415 - in the worker, ahead of need

    answer_settings(None, ScrubOptions())


def _limited(seconds: float, function: Callable[..., T], *arguments: Any) -> T:
    """Do a job within some seconds. Raises NotDone when they are over.

    Where Python itself hangs, in a search that never ends, the system's own clock ends the process.
    """
    if not hasattr(signal, "setitimer"):  # a system without such clocks has no limit
        return function(*arguments)
    signal.signal(signal.SIGALRM, _time_up)
    try:  # around all of it: the time may be up before the job begins, and when it has just been done
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
