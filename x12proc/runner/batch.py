"""Shares the inputs of a batch among processes, each input scrubbed by one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from x12proc.engine.fixes import FixLevel
from x12proc.runner.files import Input
from x12proc.runner.pool import GuideChecks, ProcessPool, init_worker
from x12proc.runner.recording import InputRecorder
from x12proc.runner.runner import FileRun, Result, RunOptions
from x12proc.runner.settings import Settings, load_settings


class BatchJob(msgspec.Struct, frozen=True):
    """The options of every input of a batch. ``options`` are arguments of load_settings; ``now`` is one time for
    all, as in a single run. ``begin`` is called in each process first, for instance to set up its log;
    ``recorder`` makes the recorder of a process."""

    options: Mapping[str, Any]
    now: datetime
    emit: tuple[str, ...]
    folder: Path
    fix_level: FixLevel = "off"
    begin: Callable[[], None] | None = None
    recorder: Callable[[Settings], InputRecorder] | None = None


class _Worker:
    """The state of a worker process between inputs."""

    settings: Settings
    run_options: RunOptions


def run_batch(sources: Sequence[Input], job: BatchJob, jobs: int) -> Iterator[Result]:
    """Yield the result of each input, in their order; the artifacts are those of a single run, byte for byte.

    Every input must be a file. Raises OSError when an artifact can't be written: inputs not begun are left.
    """
    with ProcessPool(min(jobs, len(sources)), _init_worker, job) as processes:
        running = [processes.submit(_scrub, source) for source in sources]
        for done in running:
            yield done.result()


def _init_worker(job: BatchJob) -> None:
    init_worker()
    if job.begin is not None:
        job.begin()
    _Worker.settings = msgspec.structs.replace(load_settings(**job.options), now=job.now)
    _Worker.run_options = RunOptions(
        emit=job.emit,
        destination=job.folder,
        fix_level=job.fix_level,
        checks=GuideChecks(_Worker.settings.conformance),
        recorder=job.recorder(_Worker.settings) if job.recorder is not None else None,
    )


def _scrub(source: Input) -> Result:
    return FileRun(source, _Worker.settings, _Worker.run_options).run()
