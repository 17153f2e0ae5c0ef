"""``x12proc ledger``: what watched folders took, and decisions about it."""

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

from x12proc.cli.app import day
from x12proc.cli.watch import NEEDS
from x12proc.errors import ConfigError
from x12proc.replay.run_changes import upgrade_document, upgrade_text
from x12proc.reports.escape import clean, one_line

if TYPE_CHECKING:
    from x12proc.feed.feed_file import Feed, FeedFile
    from x12proc.feed.ledger import FileRow, Ledger

DIFFERENT = 1
_DAYS_SHOWN = 7
_FILE = click.option(
    "-f",
    "--file",
    "feed_file",
    type=click.Path(path_type=Path),
    default=Path("FEED.toml"),
    show_default=True,
    metavar="FEED.toml",
    help="The feeds and their ledger.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Write JSON.")


@click.group()
def command() -> None:
    """Show what watched folders took, replay it, override a refusal.

    \b
    x12proc ledger report -f FEED.toml --since 2026-11-01
    x12proc ledger replay 2bc129453181470a
    x12proc ledger override 2bc129453181470a --reason "sent again on purpose, ticket 4711"
    """


@command.command()
@_FILE
@click.option("--since", callback=day, metavar="DATE", help=f"From this day on. Default: {_DAYS_SHOWN} days.")
@click.option("--until", callback=day, metavar="DATE", help="Up to this day. Default: today.")
@click.option("--feed", "only", metavar="NAME", help="One feed only.")
@click.option("--files", "with_files", is_flag=True, help="List every file.")
@_JSON
def report(
    feed_file: Path, since: date | None, until: date | None, only: str | None, with_files: bool, as_json: bool
) -> None:
    """Add up claims in, accepted, rejected and failed by feed and day; tell which expected file did not come.

    Exit codes: 0 all is accounted for, 1 claims are not accounted for or an expected file is missing.
    """
    from x12proc.feed.reconciliation import balance, balance_document, balance_text  # noqa: PLC0415 - after the extra
    from x12proc.feed.watch import missing_files  # noqa: PLC0415

    now = datetime.now()  # noqa: DTZ005 - days of work are local days
    last = until or now.date()
    first = since or last - timedelta(days=_DAYS_SHOWN - 1)
    with _opened(feed_file) as (feeds, ledger):
        chosen = [_feed(feeds, only)] if only else list(feeds.feeds)
        late = [missing for feed in chosen for missing in missing_files(feed, ledger, first, last, now)]
        rows = ledger.files([feed.name for feed in chosen], first, last)
        found = balance(rows, late, ledger.overrides(), with_files=with_files)
    click.echo(balance_document(found) if as_json else balance_text(found), nl=False)
    raise click.exceptions.Exit(0 if found.sound else DIFFERENT)


@command.command()
@click.argument("file_id", metavar="ID")
@_FILE
def show(file_id: str, feed_file: Path) -> None:
    """Tell what the ledger knows of a file: every state it reached, when, and where it is now."""
    with _opened(feed_file) as (_, ledger):
        row = _row(ledger, file_id)
        click.echo(f"{row.id}  {one_line(_shown(row.name))}")
        click.echo(f"feed {row.feed}, {row.size} bytes, SHA-256 {row.sha256 or 'not known'}")
        for entry in ledger.transitions(row.id):
            at = datetime.fromtimestamp(entry["at"]).isoformat(" ", "milliseconds")  # noqa: DTZ006 - local time
            click.echo(f"{at}  {entry['state']:<10} {entry['counts']}")
        if row.code:
            click.echo(f"in quarantine: {row.code}")
        for name, digest in row.artifacts.items():
            click.echo(f"artifact {digest}  {one_line(_shown(row.folder))}/{one_line(_shown(name))}")
        for entry in ledger.overrides():
            if row.id in (entry["file_id"], entry["used_by"]):
                click.echo(f"override by {one_line(entry['by'])}: {one_line(entry['reason'])}")


@command.command()
@click.argument("file_id", metavar="ID")
@_FILE
@click.option("--as-of", callback=day, metavar="DATE", help="The rules' today. Default: that of the first run.")
@_JSON
def replay(file_id: str, feed_file: Path, as_of: date | None, as_json: bool) -> None:
    """Run an input of the past again under today's rules and show what changed. Nothing is written or entered.

    The old report is read from the outbox; where it has been taken away, counts by rule are compared.
    Exit codes: 0 nothing changed, 1 something did.
    """
    from x12proc.feed.rescrub import Recounted, again, recounted_text  # noqa: PLC0415 - after the extra

    with _opened(feed_file) as (feeds, ledger):
        row = _row(ledger, file_id)
        found = again(_feed(feeds, row.feed), row, as_of)
    if isinstance(found, Recounted):
        told = json.dumps({"schema": "x12proc.recount/1", "id": found.file_id, "old": found.old, "new": found.new,
                           "rejected": found.rejected, "changed": found.changed}, indent=2)  # fmt: skip
        click.echo(told + "\n" if as_json else recounted_text(found), nl=False)
    else:
        click.echo(upgrade_document(found) if as_json else clean(upgrade_text(found)), nl=False)
    raise click.exceptions.Exit(DIFFERENT if found.changed else 0)


@command.command()
@click.argument("file_id", metavar="ID")
@_FILE
@click.option("--reason", required=True, help="Why it is taken all the same; kept in the ledger.")
@click.option("--by", metavar="NAME", help="Who decided. Default: the user who calls.")
def override(file_id: str, feed_file: Path, reason: str, by: str | None) -> None:
    """Take a refused duplicate all the same: it goes back into the inbox and is not refused again."""
    from x12proc.feed import retention  # noqa: PLC0415 - after the extra

    if not reason.strip():
        raise ConfigError("--reason: say why")
    with _opened(feed_file) as (feeds, ledger):
        row = _row(ledger, file_id)
        retention.override(_feed(feeds, row.feed), ledger, row, reason.strip(), by or getpass.getuser())
    click.echo(f"{file_id} is back in the inbox of {row.feed}")


@command.command()
@_FILE
def check(feed_file: Path) -> None:
    """Hold the ledger against the folders. Exit codes: 0 they agree, 1 they don't."""
    from x12proc.feed.audit import contradictions  # noqa: PLC0415 - after the extra

    with _opened(feed_file) as (feeds, ledger):
        found = [f"{feed.name}: {what}" for feed in feeds.feeds for what in contradictions(feed, ledger)]
    click.echo("".join(f"{what}\n" for what in found) or "The ledger and the folders agree.\n", nl=False)
    raise click.exceptions.Exit(DIFFERENT if found else 0)


@command.command()
@_FILE
@click.option("--days", type=click.IntRange(min=1), required=True, help="Keep what is younger than so many days.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def prune(feed_file: Path, days: int, dry_run: bool) -> None:
    """Remove inputs and artifacts of long ago from archive, quarantine and outbox. The ledger keeps its rows."""
    from x12proc.feed import retention  # noqa: PLC0415 - after the extra

    before = time.time() - days * 86_400
    with _opened(feed_file) as (feeds, ledger):
        for feed in feeds.feeds:
            old = retention.prune(feed, ledger, before, pretend=dry_run)
            click.echo(f"{feed.name}: {len(old)} inputs {'would be ' if dry_run else ''}removed")


@contextmanager
def _opened(feed_file: Path) -> Iterator[tuple[FeedFile, Ledger]]:
    try:
        from x12proc.feed.feed_file import load_feed_file  # noqa: PLC0415 - the extra is only needed here
        from x12proc.feed.ledger import Ledger, LedgerUnavailable  # noqa: PLC0415
    except ModuleNotFoundError:
        raise ConfigError(NEEDS) from None
    feeds = load_feed_file(feed_file)
    try:
        ledger = Ledger(feeds.ledger_url)
        try:
            yield feeds, ledger
        finally:
            ledger.close()
    except LedgerUnavailable as error:
        raise ConfigError(str(error)) from None


def _feed(feeds: FeedFile, name: str) -> Feed:
    feed = feeds.feed(name)
    if feed is None:
        names = ", ".join(feed.name for feed in feeds.feeds)
        raise ConfigError(f"there is no feed {name!r} in the feed file; allowed are {names}")
    return feed


def _row(ledger: Ledger, file_id: str) -> FileRow:
    row = ledger.file(file_id)
    if row is None:
        raise ConfigError(f"the ledger knows no file {file_id!r}; 'x12proc ledger report --files' lists them")
    return row


def _shown(name: str) -> str:
    from x12proc.feed.filenames import shown  # noqa: PLC0415 - after the extra

    return shown(name)
