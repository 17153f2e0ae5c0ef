"""Worker processes, and guide checks in this process or in several."""

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


class ProcessPool:
    """Worker processes, started with the first task; ``initializer`` is called in each of them first.

    One that dies raises BrokenProcessPool where the result of a task is waited for.
    """

    def __init__(self, jobs: int, initializer: Callable[..., object], *given: object) -> None:
        self.jobs = jobs or os.cpu_count() or 1
        self._initializer = (initializer, given)
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Finish the running tasks; cancel the others."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, function: Callable[[_Task], _Answer], task: _Task) -> Future[_Answer]:
        """Submit a task."""
        if self._pool is None:
            import multiprocessing  # noqa: PLC0415 - most runs need neither of them
            from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415

            # Not forked: a process starts clean, on every system alike, and holds none of the file.
            context = multiprocessing.get_context("spawn")
            initializer, given = self._initializer
            self._pool = ProcessPoolExecutor(
                self.jobs, mp_context=context, initializer=initializer, initargs=given
            )
        return self._pool.submit(function, task)


def init_worker() -> None:
    """Set up a worker process. An interrupt is for the parent to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(100_000, 50, 50)


class GuideChecks(ProcessPool):
    """Checks files against their implementation guides, for all files of a run.

    ``jobs`` processes share what pyx12 must check: 0 for one a core, 1 for none besides this one. What the fast
    walk finds valid is checked here, so that no process starts for it. The results do not depend on the number.
    """

    def __init__(self, conformance: Conformance, jobs: int = 1) -> None:
        super().__init__(jobs, init_worker)
        self._conformance = conformance

    def checker(self, buffer: Buffer) -> GuideChecker | None:
        """Return the checker of one file, or None where files are not checked against their guides."""
        if self._conformance == "off":
            return None
        whole = self._conformance == "full"
        if self.jobs == 1:
            return GuideChecker(buffer, _here, whole=whole)
        return GuideChecker(buffer, self._elsewhere, whole=whole, in_flight=self.jobs + 1)

    def _elsewhere(self, batch: Batch) -> PendingResult:
        """Check a batch in a worker process, unless the fast walk finds it valid."""
        from x12proc.conformance.check import check_fast  # noqa: PLC0415 - the tables take a while to load

        result = check_fast(batch)
        return self.submit(_check, batch).result if result is None else lambda: result


def _here(batch: Batch) -> PendingResult:
    return partial(_check, batch)


def _check(batch: Batch) -> BatchResult:
    from x12proc.conformance.check import check  # noqa: PLC0415 - the tables, and pyx12's maps, take a while to load

    with mute_pyx12_log():
        return check(batch)


@contextlib.contextmanager
def mute_pyx12_log() -> Iterator[None]:
    """Discard the log of pyx12, which repeats element values, and so names and birth dates."""
    log = logging.getLogger("pyx12")
    propagates, log.propagate = log.propagate, False
    log.addHandler(_NOWHERE)
    try:
        yield
    finally:
        log.removeHandler(_NOWHERE)
        log.propagate = propagates
