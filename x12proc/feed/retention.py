"""What somebody decides about an input that is done with: taken after all, or removed when its time is over."""

from __future__ import annotations

from x12proc.errors import ConfigError
from x12proc.feed import disk
from x12proc.feed import quarantine_reason as reason
from x12proc.feed.feed_file import Feed
from x12proc.feed.filenames import fit
from x12proc.feed.ledger import FileRow, Ledger

_DAY = 86_400.0


def override(feed: Feed, ledger: Ledger, row: FileRow, why: str, by: str) -> None:
    """Enter that a refused duplicate shall be taken, and put it back into the inbox.

    May be repeated when it was interrupted. Raises ConfigError for what was not refused as a duplicate, OSError.
    """
    if row.state != "failed" or row.code not in reason.DUPLICATES:
        raise ConfigError(
            f"{row.id}: only what was refused as {' or '.join(reason.DUPLICATES)} can be overridden;"
            f" this is {row.state} {row.code}".rstrip()
        )
    ledger.override(row, why, by)
    stored = feed.quarantine / row.stored_as
    if not disk.exists(stored):
        raise ConfigError(f"{row.id}: entered, but its bytes are not in quarantine; put the file into the inbox")
    try:
        disk.move(stored, feed.inbox / row.name, row.id)
    except FileExistsError:
        raise ConfigError(
            f"{row.id}: entered, but a file of its name lies in the inbox; repeat this later"
        ) from None
    disk.remove(feed.quarantine / fit(row.stored_as, reason.ENDING))  # the ledger keeps what it said


def prune(feed: Feed, ledger: Ledger, before: float, *, pretend: bool) -> list[FileRow]:
    """Remove the files of inputs that were done with before a time; their rows in the ledger stay.

    With ``pretend`` nothing is removed. Raises OSError.
    """
    old = [
        row for row in ledger.files([feed.name]) if not row.at_work and row.pruned is None and row.updated < before
    ]
    if not pretend:
        for row in old:
            _remove(feed, row)
            ledger.prune(row)
        ledger.prune_seen(feed.name, before - feed.duplicate_days * _DAY)
    return old


def _remove(feed: Feed, row: FileRow) -> None:
    folder = feed.quarantine if row.state == "failed" else feed.archive
    disk.remove(folder / row.stored_as)
    if row.state == "failed":
        disk.remove(folder / fit(row.stored_as, reason.ENDING))
    if row.folder and disk.hashes(feed.outbox / row.folder) == row.artifacts:  # else it is another's by now
        disk.remove(feed.outbox / row.folder)
