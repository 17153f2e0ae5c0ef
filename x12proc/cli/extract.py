"""``x12proc extract``: target lines with their NDC segments, no checks."""

from __future__ import annotations

import contextlib
import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import click
import msgspec

from x12proc.cli.app import FAILED, comma_list
from x12proc.errors import X12SyntaxError
from x12proc.extract import COLUMNS, extract_buffer, flat
from x12proc.files import Artefact, Input, OpenInput, find_inputs
from x12proc.settings import load_config, target_codes
from x12proc.wire.events import Fault


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv"]),
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
    """
    wanted = target_codes(codes or load_config(None).codes)
    failed = False
    with _target(output) as file:
        if form == "csv":
            _row(file, list(COLUMNS))
        for source in find_inputs(inputs):
            for item in _lines(source, wanted):
                if isinstance(item, Fault):
                    failed = failed or item.severity == "error"
                    _report(item)
                elif form == "csv":
                    _row(file, flat(item))
                else:
                    file.write(msgspec.json.encode(item) + b"\n")
    if failed:
        raise click.exceptions.Exit(FAILED)


def _lines(source: Input, codes: tuple[str, ...]) -> Iterator[dict[str, Any] | Fault]:
    try:
        with OpenInput(source) as opened:
            yield from extract_buffer(opened.buffer, source.name, codes)
    except X12SyntaxError as error:
        yield Fault(
            code=error.code, message=error.message, severity="error", segment_index=0, byte_offset=error.offset
        )


def _report(fault: Fault) -> None:
    click.echo(
        f"{fault.severity}: {fault.code} at segment {fault.segment_index}, byte {fault.byte_offset}: "
        f"{fault.message}",
        err=True,
    )


def _row(file: IO[bytes], cells: list[str]) -> None:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    file.write(out.getvalue().encode("utf-8", "replace"))


@contextlib.contextmanager
def _target(output: str) -> Iterator[IO[bytes]]:
    if output == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    artefact = Artefact(Path(output))
    try:
        yield artefact.file
        artefact.publish()
    finally:
        artefact.discard()
