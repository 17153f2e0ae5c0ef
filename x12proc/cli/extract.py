"""``x12proc extract``: target lines with their NDC segments, no checks."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Protocol

import click
import msgspec

from x12proc.cli import complete
from x12proc.cli.app import FAILED, comma_list
from x12proc.errors import ConfigError, X12SyntaxError
from x12proc.extract.extract import COLUMNS, extract_buffer, flat
from x12proc.reports.escape import clean
from x12proc.runner.files import Input, OpenInput
from x12proc.runner.inputs import Inputs, find_inputs, skipped_lines
from x12proc.runner.publishing import SingleArtifact
from x12proc.runner.settings import load_config, target_codes
from x12proc.runner.streams import standard_output
from x12proc.wire import faults
from x12proc.wire.events import Fault, unreadable_fault


class Writer(Protocol):
    """Writes target lines to an open file."""

    def write(self, document: dict[str, Any]) -> None:
        """One target line."""

    def close(self) -> None:
        """Return the text after the last one."""


class _JsonLines:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, document: dict[str, Any]) -> None:
        self._file.write(msgspec.json.encode(document) + b"\n")

    def close(self) -> None:
        """Return no text: nothing comes after the last line."""


class _CsvRows:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._row(list(COLUMNS))

    def write(self, document: dict[str, Any]) -> None:
        self._row(flat(document))

    def close(self) -> None:
        """Return no text: nothing comes after the last row."""

    def _row(self, cells: list[str]) -> None:
        out = io.StringIO()
        csv.writer(out).writerow(cells)
        self._file.write(out.getvalue().encode("utf-8", "replace"))


_WRITERS: dict[str, Callable[[IO[bytes]], Writer]] = {"jsonl": _JsonLines, "csv": _CsvRows}


def _parquet(output: str) -> Callable[[IO[bytes]], Writer]:
    """The writer of Parquet. Raises ConfigError without a file for it, or without its extra."""
    if output == "-":
        raise ConfigError("--format parquet is no text: name a file with -o")
    try:
        from x12proc.extract.parquet import ParquetLines  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError:
        raise ConfigError("--format parquet needs an extra: pip install 'x12proc[parquet]'") from None
    return ParquetLines


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...", shell_complete=complete.files)
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv", "parquet"]),
    default="jsonl",
    show_default=True,
    help="How to write.",
)
@click.option("-o", "--output", metavar="FILE", default="-", help="Where to write; standard output otherwise.")
@click.option("--codes", callback=comma_list, metavar="LIST", help="Procedure codes. Default: J3590.")
def command(inputs: tuple[str, ...], form: str, output: str, codes: tuple[str, ...] | None) -> None:
    """List every target line with its claim, payer, dates, notes and loop 2410 as sent.

    \b
    x12proc extract claims.edi | head -1
    x12proc extract inbox/ --format csv -o lines.csv
    x12proc extract inbox/ --format parquet -o lines.parquet     pip install 'x12proc[parquet]'
    """
    make_writer = _WRITERS[form] if form in _WRITERS else _parquet(output)
    wanted = target_codes(codes or load_config(None).codes)
    found = find_inputs(inputs)
    _report_left_out(found)
    failed = bool(found.unreadable)
    with _target(output) as file:
        writer = make_writer(file)
        for source in found.taken:
            for item in _lines(source, wanted):
                if isinstance(item, Fault):
                    failed = failed or item.severity == "error"
                    _report(item)
                else:
                    writer.write(item)
        writer.close()
    if failed:
        raise click.exceptions.Exit(FAILED)


def _lines(source: Input, codes: tuple[str, ...]) -> Iterator[dict[str, Any] | Fault]:
    try:
        with OpenInput(source) as opened:
            yield from extract_buffer(opened.buffer, source.name, codes)
    except X12SyntaxError as error:
        yield unreadable_fault(error)
    except OSError as error:
        yield unreadable_fault(faults.UNREADABLE.error(0, reason=error.strerror))


def _report_left_out(found: Inputs) -> None:
    for line in skipped_lines(found.skipped):
        click.echo(clean(line), err=True)
    for unreadable in found.unreadable:
        click.echo(f"error: {clean(unreadable.name)}: {clean(unreadable.reason)}", err=True)


def _report(fault: Fault) -> None:
    # Without the message: it may quote the file, and standard error never holds a value of it.
    click.echo(
        f"{fault.severity}: {fault.code} at segment {fault.segment_index}, byte {fault.byte_offset}", err=True
    )


@contextlib.contextmanager
def _target(output: str) -> Iterator[IO[bytes]]:
    if output == "-":
        yield standard_output()
        return
    artifact = SingleArtifact(Path(output))
    try:
        yield artifact.file
        artifact.publish()
    finally:
        artifact.discard()
