"""``x12proc ledger``: report on files of watched folders, override refusals, prune old files."""

from __future__ import annotations

import getpass
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from x12proc.cli import complete
from x12proc.cli.app import day
from x12proc.cli.watch import NEEDS
from x12proc.errors import ConfigError
from x12proc.replay.run_changes import run_changes_document, run_changes_text
from x12proc.reports.escape import clean, one_line

if TYPE_CHECKING:
    from x12proc.feed.feed_file import Feed, FeedFile
    from x12proc.feed.ledger import FileRow, Ledger

DIFFERENT = 1
_REPORT_DAYS = 7
_FILE = click.option(
    "-f",
    "--file",
    "feed_file",
    type=click.Path(path_type=Path),
    default=Path("FEED.toml"),
    show_default=True,
    metavar="FEED.toml",
    help="The feed file, with the feeds and their ledger.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Write JSON.")


@click.group()
def command() -> None:
    """Report on the files of watched folders, replay one, override a refusal.

    \b
    x12proc ledger report -f FEED.toml --since 2026-11-01
    x12proc ledger replay 2bc129453181470a
    x12proc ledger override 2bc129453181470a --reason "sent again on purpose, ticket 4711"
    """


@command.command()
@_FILE
@click.option("--since", callback=day, metavar="DATE", help=f"First day. Default: the last {_REPORT_DAYS} days.")
@click.option("--until", callback=day, metavar="DATE", help="Last day. Default: today.")
@click.option("--feed", "only", metavar="NAME", shell_complete=complete.feeds, help="Report on one feed only.")
@click.option("--files", "with_files", is_flag=True, help="List every file.")
@_JSON
def report(
    feed_file: Path, since: date | None, until: date | None, only: str | None, with_files: bool, as_json: bool
) -> None:
    """Add up claims in, accepted, rejected and failed by feed and day; list expected files that are missing.

    Exit codes: 0 all claims are accounted for, 1 some are not or an expected file is missing.
    """
    _require_extra()
    from x12proc.feed.reconciliation import reconcile, reconciliation_document, reconciliation_text  # noqa: PLC0415 - needs the extra
    from x12proc.feed.watch import missing_files  # noqa: PLC0415

    now = datetime.now()  # noqa: DTZ005 - days are local dates
    last = until or now.date()
    first = since or last - timedelta(days=_REPORT_DAYS - 1)
    with _opened(feed_file) as (feeds, ledger):
        chosen = [_feed(feeds, only)] if only else list(feeds.feeds)
        late = [missing for feed in chosen for missing in missing_files(feed, ledger, first, last, now)]
        rows = ledger.files([feed.name for feed in chosen], first, last)
        found = reconcile(rows, late, ledger.overrides(), with_files=with_files)
    click.echo(reconciliation_document(found) if as_json else reconciliation_text(found), nl=False)
    raise click.exceptions.Exit(0 if found.reconciled else DIFFERENT)


@command.command()
@click.argument("file_id", metavar="ID")
@_FILE
def show(file_id: str, feed_file: Path) -> None:
    """Show a file of the ledger: its state transitions with times, its artifacts and its overrides."""
    with _opened(feed_file) as (_, ledger):
        row = _row(ledger, file_id)
        click.echo(f"{row.id}  {one_line(_printable(row.name))}")
        click.echo(f"feed {row.feed}, {row.size} bytes, SHA-256 {row.sha256 or 'unknown'}")
        for entry in ledger.transitions(row.id):
            at = datetime.fromtimestamp(entry["at"]).isoformat(" ", "milliseconds")  # noqa: DTZ006 - local time
            click.echo(f"{at}  {entry['state']:<10} {entry['counts']}")
        if row.code:
            click.echo(f"in quarantine: {row.code}")
        for name, digest in row.artifacts.items():
            click.echo(f"artifact {digest}  {one_line(_printable(row.folder))}/{one_line(_printable(name))}")
        for entry in ledger.overrides():
            if row.id in (entry["file_id"], entry["used_by"]):
                click.echo(f"override by {one_line(entry['by'])}: {one_line(entry['reason'])}")


@command.command()
@click.argument("file_id", metavar="ID")
@_FILE
@click.option("--as-of", callback=day, metavar="DATE", help="Date for the rules. Default: that of the first run.")
@_JSON
def replay(file_id: str, feed_file: Path, as_of: date | None, as_json: bool) -> None:
    """Scrub a stored input again under the current rules and show the changes. Nothing is written.

    The old report is read from the outbox; when it is no longer there, counts by rule are compared.
    Exit codes: 0 no change, 1 a change.
    """
    _require_extra()
    from x12proc.feed.rescrub import Recount, recount_text, rescrub  # noqa: PLC0415 - needs the extra

    with _opened(feed_file) as (feeds, ledger):
        row = _row(ledger, file_id)
        found = rescrub(_feed(feeds, row.feed), row, as_of)
    if isinstance(found, Recount):
        fields = {"id": found.file_id, "old": found.old, "new": found.new, "rejected": found.rejected}
        document = json.dumps({"schema": "x12proc.recount/1", **fields, "changed": found.changed}, indent=2)
        click.echo(document + "\n" if as_json else recount_text(found), nl=False)
    else:
        click.echo(run_changes_document(found) if as_json else clean(run_changes_text(found)), nl=False)
    raise click.exceptions.Exit(DIFFERENT if found.changed else 0)


@command.command()
@click.argument("file_id", metavar="ID")
@_FILE
@click.option("--reason", required=True, help="Why the file is accepted after all; kept in the ledger.")
@click.option("--by", metavar="NAME", help="Who decided. Default: the current user.")
def override(file_id: str, feed_file: Path, reason: str, by: str | None) -> None:
    """Accept a refused duplicate: return it to the inbox, where it is accepted once."""
    _require_extra()
    from x12proc.feed import retention  # noqa: PLC0415 - needs the extra

    if not reason.strip():
        raise ConfigError("--reason: must not be empty")
    with _opened(feed_file) as (feeds, ledger):
        row = _row(ledger, file_id)
        retention.override(_feed(feeds, row.feed), ledger, row, reason.strip(), by or getpass.getuser())
    click.echo(f"{file_id} is back in the inbox of {row.feed}")


@command.command()
@_FILE
def check(feed_file: Path) -> None:
    """Compare the ledger with the folders. Exit codes: 0 they agree, 1 they differ."""
    _require_extra()
    from x12proc.feed.audit import find_discrepancies  # noqa: PLC0415 - needs the extra

    with _opened(feed_file) as (feeds, ledger):
        found = [
            one_line(_printable(f"{feed.name}: {difference}"))
            for feed in feeds.feeds
            for difference in find_discrepancies(feed, ledger)
        ]
    click.echo(
        "".join(f"{difference}\n" for difference in found) or "The ledger and the folders agree.\n", nl=False
    )
    raise click.exceptions.Exit(DIFFERENT if found else 0)


@command.command()
@_FILE
@click.option(
    "--days",
    type=click.IntRange(min=1),
    required=True,
    help="Keep files that are younger than this number of days.",
)
@click.option("--dry-run", is_flag=True, help="Only show the number of files that would be removed.")
def prune(feed_file: Path, days: int, dry_run: bool) -> None:
    """Remove old inputs and artifacts from archive, quarantine and outbox. The ledger keeps its rows."""
    _require_extra()
    from x12proc.feed import retention  # noqa: PLC0415 - needs the extra

    before = time.time() - days * 86_400
    with _opened(feed_file) as (feeds, ledger):
        for feed in feeds.feeds:
            old = retention.prune(feed, ledger, before, dry_run=dry_run)
            click.echo(f"{feed.name}: {len(old)} inputs {'would be ' if dry_run else ''}removed")


def _require_extra() -> None:
    """Check that the libraries of watched folders are installed. Raises ConfigError."""
    try:
        import x12proc.feed.ledger  # noqa: F401, PLC0415 - the extra is only needed here
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("x12proc"):
            raise
        raise ConfigError(NEEDS) from None


@contextmanager
def _opened(feed_file: Path) -> Iterator[tuple[FeedFile, Ledger]]:
    _require_extra()
    from x12proc.feed.feed_file import load_feed_file  # noqa: PLC0415 - needs the extra
    from x12proc.feed.ledger import Ledger  # noqa: PLC0415

    feeds = load_feed_file(feed_file)
    ledger = Ledger(feeds.ledger_url)
    try:
        yield feeds, ledger
    finally:
        ledger.close()


def _feed(feeds: FeedFile, name: str) -> Feed:
    feed = feeds.feed(name)
    if feed is None:
        names = ", ".join(feed.name for feed in feeds.feeds)
        raise ConfigError(f"there is no feed {name!r} in the feed file; allowed are {names}")
    return feed


def _row(ledger: Ledger, file_id: str) -> FileRow:
    row = ledger.file(file_id)
    if row is None:
        raise ConfigError(f"the ledger has no file {file_id!r}; 'x12proc ledger report --files' lists them")
    return row


def _printable(name: str) -> str:
    from x12proc.feed.filenames import printable  # noqa: PLC0415 - needs the extra

    return printable(name)
