"""Holds the ledger against the folders: what it says lies there, lies there, and nothing else is at work."""

from __future__ import annotations

from collections.abc import Iterator

from x12proc.feed import disk
from x12proc.feed import quarantine_reason as reason
from x12proc.feed.feed_file import Feed
from x12proc.feed.filenames import fit
from x12proc.feed.ledger import FileRow, Ledger


def contradictions(feed: Feed, ledger: Ledger) -> Iterator[str]:
    """What is otherwise than the ledger says, a line a file. Files at work are left out.

    An artifact that was taken from the outbox is no contradiction, one that is there and differs is.
    """
    homes = set()
    taken_back = {entry["file_id"] for entry in ledger.overrides()}  # their bytes went into the inbox again
    for row in ledger.files([feed.name]):
        if row.at_work:
            homes.add(row.id)
        elif row.pruned is None and row.id not in taken_back:
            yield from (f"{row.id}: {what}" for what in _of_file(feed, row))
    for entry in sorted(feed.work.iterdir()):
        if entry.name not in homes:
            yield f"{entry.name}: left in work"


def _of_file(feed: Feed, row: FileRow) -> Iterator[str]:
    quarantined = row.state == "failed"
    folder = feed.quarantine if quarantined else feed.archive
    if not disk.exists(folder / row.stored_as):
        yield f"its input is not in {'quarantine' if quarantined else 'the archive'}"
    if quarantined and not disk.exists(feed.quarantine / fit(row.stored_as, reason.ENDING)):
        yield "its reason is not in quarantine"
    found = disk.hashes(feed.outbox / row.folder) if row.folder else {}
    if found and found != row.artifacts:
        yield "its artifacts are not those that were written"
    if row.difference:
        yield f"its claims don't add up: {row.difference} are not accounted for"
