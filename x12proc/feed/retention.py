"""Override a refused duplicate, and prune old inputs and artifacts."""

from __future__ import annotations

from x12proc.errors import ConfigError
from x12proc.feed import disk
from x12proc.feed import quarantine_reason as reason
from x12proc.feed.feed_file import Feed
from x12proc.feed.filenames import fit_filename
from x12proc.feed.ledger import FileRow, Ledger

_DAY = 86_400.0


def override(feed: Feed, ledger: Ledger, row: FileRow, text: str, by: str) -> None:
    """Record an override for a refused duplicate, with its reason as ``text``, and return the input to the inbox.

    Can be repeated after an interruption. Raises OSError, and ConfigError for a file that is no refused duplicate.
    """
    if row.state != "failed" or row.code not in reason.DUPLICATES:
        raise ConfigError(
            f"{row.id}: only a file refused as {' or '.join(reason.DUPLICATES)} can be overridden;"
            f" this one is {row.state} {row.code}".rstrip()
        )
    ledger.add_override(row, text, by)
    stored = feed.quarantine / row.stored_as
    if not disk.exists(stored):
        raise ConfigError(f"{row.id}: recorded, but the input is not in quarantine; copy the file into the inbox")
    try:
        disk.move(stored, feed.inbox / row.name, row.id)
    except FileExistsError:
        raise ConfigError(
            f"{row.id}: recorded, but the inbox has a file of the same name; repeat the command later"
        ) from None
    disk.remove(feed.quarantine / fit_filename(row.stored_as, reason.SUFFIX))  # the ledger keeps the code


def prune(feed: Feed, ledger: Ledger, before: float, *, dry_run: bool) -> list[FileRow]:
    """Remove input and artifacts of files closed before a time (seconds since 1970); return their rows.

    The ledger keeps the rows. With ``dry_run`` nothing is removed. Raises OSError.
    """
    old = [
        row
        for row in ledger.files([feed.name])
        if not row.in_progress and row.pruned is None and row.updated < before
    ]
    if not dry_run:
        for row in old:
            _remove(feed, row)
            ledger.record_pruned(row)
        ledger.prune_keys(feed.name, before - feed.duplicate_days * _DAY)
    return old


def _remove(feed: Feed, row: FileRow) -> None:
    folder = feed.quarantine if row.state == "failed" else feed.archive
    disk.remove(folder / row.stored_as)
    if row.state == "failed":
        disk.remove(folder / fit_filename(row.stored_as, reason.SUFFIX))
    # A folder with other content belongs to another file.
    if row.folder and disk.hash_files(feed.outbox / row.folder) == row.artifacts:
        disk.remove(feed.outbox / row.folder)
