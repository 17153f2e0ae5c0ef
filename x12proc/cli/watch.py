"""``x12proc watch``: watched folders."""

from __future__ import annotations

import signal
from pathlib import Path
from threading import Event
from types import FrameType

import click

from x12proc.cli.app import ACCEPTED, FAILED, REJECTED
from x12proc.errors import ConfigError

NEEDS = "this needs an extra: pip install 'x12proc[feed]'"


@click.command()
@click.argument("feed_file", type=click.Path(path_type=Path), metavar="FEED.toml")
@click.option("--once", is_flag=True, help="Work on what lies in the inboxes, then end.")
def command(feed_file: Path, once: bool) -> None:
    """Watch folders: scrub what comes into an inbox, and lose nothing.

    An input is taken when its envelopes are complete and it has been still for settle_seconds. Its artifacts
    appear in the outbox, in a folder of its name; it ends in archive, or in quarantine with the reason beside it.
    Several processes may watch the same folders. SIGTERM ends the program behind the file at hand.

    Exit codes with --once: 0 no claim rejected, 1 at least one rejected, 3 at least one input went into quarantine
    or had to be left for the next time. Without it: 0 after SIGTERM. 2: FEED.toml is wrong, nothing was read.

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
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    watch.run(once=once)
    raise click.exceptions.Exit(exit_code(watch.counts) if once else ACCEPTED)


def exit_code(counts: dict[str, int]) -> int:
    """0, 1 or 3 by what became of the files."""
    if counts["failed"] or counts["left"]:
        return FAILED
    return REJECTED if counts["rejected"] else ACCEPTED
