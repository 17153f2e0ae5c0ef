"""``x12proc watch``: watched folders."""

from __future__ import annotations

import signal
from pathlib import Path
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING

import click

from x12proc.cli.app import ACCEPTED, FAILED, REJECTED
from x12proc.errors import ConfigError

if TYPE_CHECKING:
    from x12proc.feed.watch import Totals

NEEDS = "this needs an extra: pip install 'x12proc[feed]'"


@click.command()
@click.argument("feed_file", type=click.Path(path_type=Path), metavar="FEED.toml")
@click.option("--once", is_flag=True, help="Process the files in the inboxes, then exit.")
def command(feed_file: Path, once: bool) -> None:
    """Watch folders: scrub each file that arrives in an inbox, without losing any.

    A file is taken when its envelopes are complete and it has not changed for settle_seconds. Its artifacts appear
    in the outbox, in a folder of its name. The file moves to the archive, or to quarantine with its reason.json.
    Several processes may watch the same folders. SIGTERM ends the program after the current file.

    Exit codes with --once: 0 no claim rejected, 1 at least one rejected, 3 at least one file was quarantined or
    deferred to the next run. Without --once: 0 after SIGTERM. 2: FEED.toml is invalid, nothing was read.

    \b
    x12proc watch FEED.toml            until SIGTERM
    x12proc watch FEED.toml --once     from a timer
    """
    try:
        from x12proc.feed.feed_file import load_feed_file  # noqa: PLC0415 - the extra is only needed here
        from x12proc.feed.watch import Watch  # noqa: PLC0415
    except ModuleNotFoundError:
        raise ConfigError(NEEDS) from None
    stopping = Event()

    def stop(_: int, __: FrameType | None) -> None:
        stopping.set()

    watch = Watch(load_feed_file(feed_file), stopping)
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, stop)
    watch.run(once=once)
    if once:
        click.echo(_totals_text(watch.totals()))
    raise click.exceptions.Exit(exit_code(watch.counts) if once else ACCEPTED)


def _totals_text(totals: Totals) -> str:
    """Return the numbers of files, which add up to those given."""
    counts = [f"{totals.taken} taken", f"{totals.skipped} skipped", f"{totals.failed} failed"]
    counts += [f"{totals.deferred} deferred"] if totals.deferred else []
    counts += [f"{totals.waiting} still arriving"] if totals.waiting else []
    return f"Inputs: {totals.given} given, {', '.join(counts)}"


def exit_code(counts: dict[str, int]) -> int:
    """Return 0, 1 or 3 by the results of the files."""
    if counts["failed"] or counts["deferred"]:
        return FAILED
    return REJECTED if counts["rejected"] else ACCEPTED
