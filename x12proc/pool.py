"""Guide checks in this process or in several. The validator is loaded when the first batch comes, not before."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
from collections.abc import Iterator
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

from x12proc.judge.judge import Answer, Judge
from x12proc.judge.pieces import Batch, Verdict
from x12proc.wire.window import Buffer

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

Conformance: TypeAlias = Literal["off", "targets", "full"]
_NOWHERE = logging.NullHandler()


class GuideChecks:
    """What holds files against their guides, for as many files as a run has.

    ``jobs`` processes share the work; 0 stands for one a core, 1 for none besides our own. The answers are the
    same whatever the number. A process that dies raises BrokenProcessPool where its answer is waited for.
    """

    def __init__(self, conformance: Conformance, jobs: int = 1) -> None:
        self._conformance = conformance
        self._jobs = jobs or os.cpu_count() or 1
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=kind is None, cancel_futures=True)

    def judge(self, buffer: Buffer) -> Judge | None:
        """A judge for one file, or None when files are not held against their guides."""
        if self._conformance == "off":
            return None
        whole = self._conformance == "full"
        if self._jobs == 1:
            return Judge(buffer, _here, whole=whole)
        return Judge(buffer, self._elsewhere, whole=whole, in_flight=self._jobs + 1)

    def _elsewhere(self, batch: Batch) -> Answer:
        """Start on a batch in another process."""
        if self._pool is None:
            import multiprocessing  # noqa: PLC0415 - most runs need neither of them
            from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415

            # Not forked: a worker starts clean, on every system alike, and holds none of the file.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._jobs, mp_context=context, initializer=_make_ready)
        return self._pool.submit(_check, batch).result


def _here(batch: Batch) -> Answer:
    return partial(_check, batch)


def _check(batch: Batch) -> Verdict:
    from x12proc.conformance import check  # noqa: PLC0415 - pyx12 and its maps take a while to load

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


def _make_ready() -> None:
    """What a worker does first. An interrupt is for the parent to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(100_000, 50, 50)
