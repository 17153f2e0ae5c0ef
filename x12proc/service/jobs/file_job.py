"""What a worker process does with one file: all artifacts, and the claims into the database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from x12proc.reports.document import fault_document, summary_document
from x12proc.runner.artifacts import ARTIFACTS
from x12proc.runner.files import Input
from x12proc.runner.runner import FileRun, Result, RunOptions
from x12proc.service.api.scrub_options import ScrubOptions, answer_settings
from x12proc.service.db.store import INPUT, Store
from x12proc.service.jobs.claim_index import Index

_STEM = Path(INPUT).stem
_MOST_FAULTS = 20  # that are shown beside a run; the report tells the rest


class FileJob(msgspec.Struct, frozen=True, kw_only=True):
    """One file to be scrubbed. ``run_id`` is None for a dry run, of which nothing is kept."""

    folder: Path  # where the file lies, and where its artifacts go
    config: Path | None
    question: ScrubOptions
    emit: tuple[str, ...]
    data: Path
    run_id: str | None


class FileDone(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it."""

    status: str
    readable: bool  # there is an interchange in it
    crashed: bool
    summary: dict[str, Any]
    faults: list[dict[str, Any]]
    withheld: dict[str, str]
    seconds: float = 0


def scrub_file(job: FileJob) -> FileDone:
    """Scrub a file. Raises ConfigError when the configuration has become wrong meanwhile."""
    settings = answer_settings(job.config, job.question)
    source = Input(job.folder / INPUT)
    if job.run_id is None:
        return _done(FileRun(source, settings, RunOptions(emit=job.emit, destination=job.folder)).run())
    store = Store(job.data)
    try:
        index = Index(store, job.run_id)
        result = FileRun(
            source, settings, RunOptions(emit=job.emit, destination=job.folder, on_claim=index.take)
        ).run()
        index.finish()
    finally:
        store.close()
    return _done(result)


def _done(result: Result) -> FileDone:
    return FileDone(
        status=result.summary.status,
        readable=result.summary.interchanges > 0,
        crashed=result.crashed,
        summary=summary_document(result.summary),
        faults=[fault_document(fault) for fault in result.faults[:_MOST_FAULTS]],
        withheld=result.withheld,
    )


def artifact(folder: Path, kind: str) -> Path:
    """Where an artifact of a run lies."""
    return folder / (_STEM + ARTIFACTS[kind].suffix)
