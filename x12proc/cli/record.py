"""``x12proc record``: create the record of predictions, show what it holds, delete old entries."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from x12proc.errors import ConfigError

if TYPE_CHECKING:
    from x12proc.record.store import PredictionStore

NEEDS = "the record needs an extra: pip install 'x12proc[feed]', or 'x12proc[postgres]' for one in PostgreSQL"
_DAY = 86_400
_RECORD_OPTIONS = (
    click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path)),
    click.option(
        "-f",
        "--file",
        "feed_file",
        type=click.Path(path_type=Path),
        metavar="FEED.toml",
        help="In place of DIR: the record of watched folders.",
    ),
    click.option(
        "--record-key",
        "key",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The key file. Default: record.key in DIR.",
    ),
)


def _of_record(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add what names the record of a command."""
    for add in reversed(_RECORD_OPTIONS):
        function = add(function)
    return function


@click.group()
def command() -> None:
    """Keep a record of what was found on each target claim, to compare it with the payer's answer.

    Claims are kept under keyed hashes: without the key file nobody can find a claim in the record, and neither
    can you. Keep a copy of the key file, and keep it apart from the record.

    \b
    x12proc record init predictions/
    x12proc scrub claims.edi -o out/ --record predictions/
    """


def record_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --record and --record-key to a command."""
    function = click.option(
        "--record-key",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The key file of the record. Default: record.key in its folder.",
    )(function)
    return click.option(
        "--record",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="The record of predictions in this folder; 'x12proc record init DIR' creates one.",
    )(function)


def open_record(folder: Path, key: Path | None) -> PredictionStore:
    """Open the record in a folder. Raises ConfigError, also where its extra isn't installed."""
    _require_extra()
    from x12proc.record.store import open_folder  # noqa: PLC0415 - needs the extra

    return open_folder(folder, key)


@command.command("key")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
def new_key(path: Path) -> None:
    """Create a key file that only you can read, for the record of watched folders."""
    _require_extra()
    from x12proc.record.key_file import create_key  # noqa: PLC0415 - needs the extra

    create_key(path)
    click.echo(f"Keep a copy of {path}: without it the record is useless.")


@command.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--record-key",
    "key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The key file. Default: record.key in DIR.",
)
def init(folder: Path, key: Path | None) -> None:
    """Create a record in DIR, and its key file if there is none: only you can read both."""
    _require_extra()
    from x12proc.record.store import create_folder  # noqa: PLC0415 - needs the extra

    path = create_folder(folder, key)
    click.echo(f"The record is ready. Keep a copy of {path}: without it the record is useless.")


@command.command()
@_of_record
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def show(folder: Path | None, feed_file: Path | None, key: Path | None, as_json: bool) -> None:
    """Count what the record holds: files, target claims, and findings by rule and by what became of them."""
    with _opened(folder, feed_file, key) as store:
        from x12proc.record.summary import RecordSummary  # noqa: PLC0415 - needs the extra

        summary = RecordSummary()
        runs = store.runs()
        for claim in store.claims():
            summary.count(claim)
    first = min((run.first for run in runs), default=None)
    since = datetime.fromtimestamp(first).date().isoformat() if first else None  # noqa: DTZ006 - local dates
    if as_json:
        head = {"schema": "x12proc.record/1", "files": len(runs), "since": since}
        click.echo(json.dumps({**head, **summary.document()}, indent=2))
        return
    click.echo(f"{len(runs)} files since {since}" if runs else "The record is empty.")
    for line in summary.text_lines():
        click.echo(line)


@command.command()
@_of_record
@click.option(
    "--days", type=click.IntRange(min=1), required=True, help="Keep files recorded within this number of days."
)
@click.option("--dry-run", is_flag=True, help="Only show the numbers that would be deleted.")
def prune(folder: Path | None, feed_file: Path | None, key: Path | None, days: int, dry_run: bool) -> None:
    """Delete the entries of files that were last recorded more than a number of days ago."""
    with _opened(folder, feed_file, key) as store:
        files, claims = store.prune(time.time() - days * _DAY, dry_run=dry_run)
    click.echo(f"{files} files with {claims} claims {'would be ' if dry_run else ''}deleted")


def open_feed_record(feed_file: Path) -> PredictionStore:
    """Open the record of watched folders. Raises ConfigError where they keep none."""
    _require_extra()
    from x12proc.feed.feed_file import load_feed_file  # noqa: PLC0415 - needs the extra
    from x12proc.record.key_file import read_key  # noqa: PLC0415
    from x12proc.record.store import PredictionStore  # noqa: PLC0415

    feeds = load_feed_file(feed_file)
    if feeds.record_key is None:
        raise ConfigError(f"{feed_file}: these folders keep no record: there is no table [record]")
    return PredictionStore(feeds.ledger_url, read_key(feeds.record_key))


@contextmanager
def _opened(folder: Path | None, feed_file: Path | None, key: Path | None) -> Iterator[PredictionStore]:
    if (folder is None) == (feed_file is None):
        raise ConfigError("name the folder of the record, or a feed file with -f")
    store = open_record(folder, key) if folder is not None else open_feed_record(feed_file or Path())
    try:
        yield store
    finally:
        store.close()


def _require_extra() -> None:
    """Check that the libraries of the record are installed. Raises ConfigError."""
    try:
        import x12proc.record.store  # noqa: F401, PLC0415 - the extra is only needed here
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("x12proc"):
            raise
        raise ConfigError(NEEDS) from None
