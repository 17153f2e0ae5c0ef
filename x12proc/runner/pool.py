"""Other processes to work in, and guide checks in this process or in several."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Literal, Self, TypeAlias, TypeVar

from x12proc.conformance.checker import GuideChecker, PendingResult
from x12proc.conformance.chunks import Batch, BatchResult
from x12proc.wire.window import Buffer

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

Conformance: TypeAlias = Literal["off", "targets", "full"]
_Task = TypeVar("_Task")
_Answer = TypeVar("_Answer")
_NOWHERE = logging.NullHandler()


class Processes:
    """Processes that work for this one; they start with the first task. ``begin`` is called in each of them first.

    One that dies raises BrokenProcessPool where the answer of a task is waited for.
    """

    def __init__(self, jobs: int, begin: Callable[..., object], *given: object) -> None:
        self.jobs = jobs or os.cpu_count() or 1
        self._begin = (begin, given)
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """What is at work is finished, what waits is not begun."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, function: Callable[[_Task], _Answer], task: _Task) -> Future[_Answer]:
        """Start on a task."""
        if self._pool is None:
            import multiprocessing  # noqa: PLC0415 - most runs need neither of them
            from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415

            # Not forked: a process starts clean, on every system alike, and holds none of the file.
            context = multiprocessing.get_context("spawn")
            begin, given = self._begin
            self._pool = ProcessPoolExecutor(self.jobs, mp_context=context, initializer=begin, initargs=given)
        return self._pool.submit(function, task)


def make_ready() -> None:
    """What a process does first. An interrupt is for the parent to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(100_000, 50, 50)


class GuideChecks(Processes):
    """What holds files against their guides, for as many files as a run has.

    ``jobs`` processes share what pyx12 must be asked of; 0 stands for one a core, 1 for none besides our own. What
    the quick walk knows to be sound is done with here, so that no process is started for it. The answers are the
    same whatever the number.
    """

    def __init__(self, conformance: Conformance, jobs: int = 1) -> None:
        super().__init__(jobs, make_ready)
        self._conformance = conformance

    def checker(self, buffer: Buffer) -> GuideChecker | None:
        """A judge for one file, or None when files are not held against their guides."""
        if self._conformance == "off":
            return None
        whole = self._conformance == "full"
        if self.jobs == 1:
            return GuideChecker(buffer, _here, whole=whole)
        return GuideChecker(buffer, self._elsewhere, whole=whole, in_flight=self.jobs + 1)

    def _elsewhere(self, batch: Batch) -> PendingResult:
        """Start on a batch in another process, unless nothing is wrong with it."""
        from x12proc.conformance.check import check_fast  # noqa: PLC0415 - the tables take a while to load

        result = check_fast(batch)
        return self.submit(_check, batch).result if result is None else lambda: result


def _here(batch: Batch) -> PendingResult:
    return partial(_check, batch)


def _check(batch: Batch) -> BatchResult:
    from x12proc.conformance.check import check  # noqa: PLC0415 - the tables, and pyx12's maps, take a while to load

    with _silence():
        return check(batch)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """pyx12's log repeats element values, and so names and birth dates: meanwhile it is heard by no one."""
    log = logging.getLogger("pyx12")
    propagates, log.propagate = log.propagate, False
    log.addHandler(_NOWHERE)
    try:
        yield
    finally:
        log.removeHandler(_NOWHERE)
        log.propagate = propagates
