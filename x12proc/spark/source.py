"""The Spark data source: the driver plans partitions, tasks read them."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition

from x12proc.claims.builder import ClaimBuilder
from x12proc.conformance.stream import with_guide_errors
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Outcome, scrub_claim
from x12proc.errors import X12ProcError, X12SyntaxError
from x12proc.runner.files import FileBuffer, Input, OpenInput
from x12proc.runner.pool import GuideChecks
from x12proc.runner.runner import outcomes
from x12proc.spark.options import Options, parse_options
from x12proc.spark.plan import Task, plan
from x12proc.spark.rows import Row, arrow_schema, batch, claim_rows, error_row, spark_schema
from x12proc.wire.events import Fault, unreadable_fault

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql.types import StructType

_ROWS = 2000  # of a batch


class X12Source(DataSource):
    """The format ``x12_837``."""

    @classmethod
    def name(cls) -> str:
        """Return its name in ``spark.read.format``."""
        return "x12_837"

    def schema(self) -> str:
        """Return the columns."""
        return spark_schema(parse_options(self.options).rows)

    def reader(self, schema: StructType) -> DataSourceReader:
        """Return a reader of the files that the options name."""
        return X12Reader(parse_options(self.options))


class X12Reader(DataSourceReader):
    """Reads 837 files."""

    def __init__(self, options: Options) -> None:
        self._options = options
        options.settings()  # raises for a wrong profile before anything is read

    def partitions(self) -> Sequence[InputPartition]:
        """Return the input of each task."""
        return [InputPartition(pickle.dumps(task)) for task in plan(self._options)]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Yield the rows of one task."""
        task: Task = pickle.loads(partition.value)  # noqa: S301 - made by partitions()
        schema = arrow_schema(self._options.rows)
        rows: list[Row] = []
        for row in _rows(task, self._options):
            rows.append(row)
            if len(rows) >= _ROWS:
                yield batch(rows, schema)
                rows = []
        if rows:
            yield batch(rows, schema)


class FileFailed(X12ProcError):  # noqa: N818 - the file did
    """A file can't be read to its end, and ``on_error`` is ``fail``."""


def _rows(task: Task, options: Options) -> Iterator[Row]:
    for file in task.files:
        yield from _file_rows(file, options)
    if task.file:
        for fault in task.faults:
            yield from _error(fault, task.file, options)
        with Path(task.file).open("rb", buffering=0) as opened:
            yield from _outcome_rows(_scrub_task(task, FileBuffer(opened), options), task.file, options)


def _file_rows(file: str, options: Options) -> Iterator[Row]:
    settings = options.settings()
    source = Input(Path(file))
    try:
        with OpenInput(source) as opened:
            found = outcomes(opened.buffer, settings, GuideChecks(settings.conformance))
            yield from _outcome_rows(found, file, options)
    except X12SyntaxError as error:  # a .gz that can't be decompressed
        yield from _error(unreadable_fault(error), file, options)


def _scrub_task(task: Task, buffer: FileBuffer, options: Options) -> Iterator[Outcome]:
    """Yield the outcomes that a run over the whole file would yield for these claims."""
    settings = options.settings()
    engine, builder = settings.engine(), ClaimBuilder(buffer)
    found = (
        outcome
        for span in task.claims
        for outcome in scrub_claim(builder, engine, settings.codes, span, all_claims=False)
    )
    checker = GuideChecks("off" if settings.conformance == "off" else "targets").checker(buffer)
    return with_guide_errors(found, checker, reject=settings.guide_errors == "reject") if checker else found


def _outcome_rows(found: Iterator[Outcome], file: str, options: Options) -> Iterator[Row]:
    for outcome in found:
        if isinstance(outcome, ClaimResult):
            yield from claim_rows(outcome, file, options.rows)
        elif isinstance(outcome, Fault):
            yield from _error(outcome, file, options)


def _error(fault: Fault, file: str, options: Options) -> Iterator[Row]:
    """Yield the row of a fault that makes its file fail. Raises FileFailed if ``on_error`` is ``fail``."""
    if fault.severity != "error":
        return
    if options.on_error == "fail":
        where = f"interchange {fault.interchange_control}, " if fault.interchange_control else ""
        location = f"{where}segment {fault.segment_index}, byte {fault.byte_offset}"
        raise FileFailed(f"{file}, {location}: {fault.message}")
    yield error_row(fault, file)
