"""The worker's job for one file: write its artifacts, and its claims to the database."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from x12proc.record.recorder import Recorder
from x12proc.record.store import open_folder
from x12proc.reports.document import fault_document, summary_document
from x12proc.runner.artifacts import ARTIFACTS
from x12proc.runner.files import Input
from x12proc.runner.runner import FileRun, Result, RunOptions
from x12proc.service.api.scrub_options import ScrubOptions, settings_for
from x12proc.service.db.store import INPUT, Store, record_folder
from x12proc.service.jobs.claim_index import ClaimIndex

_STEM = Path(INPUT).stem
_MOST_FAULTS = 20  # shown with a run; the report has all


class FileJob(msgspec.Struct, frozen=True, kw_only=True):
    """A file to scrub. ``run_id`` is None for a dry run, of which nothing is stored."""

    folder: Path  # of the file and its artifacts
    config: Path | None
    options: ScrubOptions
    emit: tuple[str, ...]
    data: Path
    run_id: str | None


class FileResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of scrubbing a file."""

    status: str
    readable: bool  # it has an interchange
    crashed: bool
    summary: dict[str, Any]
    faults: list[dict[str, Any]]
    withheld: dict[str, str]
    seconds: float = 0


def scrub_file(job: FileJob) -> FileResult:
    """Scrub a file and write its artifacts. Raises ConfigError when the configuration has become invalid."""
    settings = settings_for(job.config, job.options)
    source = Input(job.folder / INPUT)
    if job.run_id is None:
        return _to_file_result(FileRun(source, settings, RunOptions(emit=job.emit, destination=job.folder)).run())
    with (
        closing(Store(job.data)) as store,
        closing(Recorder(open_folder(record_folder(job.data)), settings)) as own,
    ):
        index = ClaimIndex(store, job.run_id)
        options = RunOptions(emit=job.emit, destination=job.folder, on_claim=index.add, recorder=own)
        result = FileRun(source, settings, options).run()
        index.flush()
    return _to_file_result(result)


def _to_file_result(result: Result) -> FileResult:
    return FileResult(
        status=result.summary.status,
        readable=result.summary.interchanges > 0,
        crashed=result.crashed,
        summary=summary_document(result.summary),
        faults=[fault_document(fault) for fault in result.faults[:_MOST_FAULTS]],
        withheld=result.withheld,
    )


def artifact_path(folder: Path, kind: str) -> Path:
    """Return the path of an artifact of a run."""
    return folder / (_STEM + ARTIFACTS[kind].suffix)
