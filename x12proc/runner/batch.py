"""The inputs of a batch shared among processes, each input scrubbed by one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from x12proc.engine.fixes import FixLevel
from x12proc.runner.files import Input
from x12proc.runner.pool import GuideChecks, Processes, make_ready
from x12proc.runner.runner import FileRun, Result
from x12proc.runner.settings import Settings, load_settings


class BatchJob(msgspec.Struct, frozen=True):
    """What every input of a batch is run with. ``options`` are arguments of load_settings; ``now`` is one time for
    all, as in a run by itself. ``begin`` is called in each process first, for instance to set up its log."""

    options: Mapping[str, Any]
    now: datetime
    emit: tuple[str, ...]
    folder: Path
    fixing: FixLevel = "off"
    begin: Callable[[], None] | None = None


class _Worker:
    """What a process of the batch keeps between inputs."""

    order: BatchJob
    settings: Settings
    checks: GuideChecks


def run_batch(sources: Sequence[Input], order: BatchJob, jobs: int) -> Iterator[Result]:
    """What became of each input, in their order; the artifacts are those of a run by itself, byte for byte.

    Every input must be a file. Raises OSError when an artifact can't be written: what has not been begun is left.
    """
    with Processes(min(jobs, len(sources)), _begin, order) as processes:
        running = [processes.submit(_scrub, source.path) for source in sources]
        for done in running:
            yield done.result()


def _begin(order: BatchJob) -> None:
    make_ready()
    if order.begin is not None:
        order.begin()
    _Worker.order = order
    _Worker.settings = msgspec.structs.replace(load_settings(**order.options), now=order.now)
    _Worker.checks = GuideChecks(_Worker.settings.conformance)


def _scrub(path: Path | None) -> Result:
    order, settings = _Worker.order, _Worker.settings
    return FileRun(
        Input(path), settings, order.emit, order.folder, checks=_Worker.checks, fixing=order.fixing
    ).run()
