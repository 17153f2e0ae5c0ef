"""Compare the ledger with the folders: every recorded file must exist unchanged, and no other may be there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from x12proc.feed import disk
from x12proc.feed import quarantine_reason as reason
from x12proc.feed.feed_file import Feed
from x12proc.feed.filenames import fit_filename
from x12proc.feed.ledger import FileRow, Ledger


def find_discrepancies(feed: Feed, ledger: Ledger) -> Iterator[str]:
    """Yield one line for each difference between the ledger and the folders; files in progress are skipped.

    An artifact that was collected from the outbox is no difference, one whose content differs is.
    """
    stored = _visible_names(feed.archive), _visible_names(feed.outbox)  # first: a new file has its row before it
    in_progress = set()
    known_inputs, known_folders = set(), set()
    overridden = {entry["file_id"] for entry in ledger.overrides()}  # their inputs were returned to the inbox
    for row in ledger.files([feed.name]):
        known_inputs.add(row.stored_as)
        known_folders.add(row.folder)
        if row.in_progress:
            in_progress.add(row.id)
        elif row.pruned is None and row.id not in overridden:
            yield from (f"{row.id}: {difference}" for difference in _file_discrepancies(feed, row))
    for entry in sorted(feed.work.iterdir()):
        if entry.name not in in_progress:
            yield f"{entry.name}: unexpected entry in work"
    yield from (f"{name}: unknown to the ledger, in the archive" for name in stored[0] if name not in known_inputs)
    yield from (f"{name}: unknown to the ledger, in the outbox" for name in stored[1] if name not in known_folders)


def _visible_names(folder: Path) -> list[str]:
    """Return the names in a folder; hidden ones are copies in progress."""
    return sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))


def _file_discrepancies(feed: Feed, row: FileRow) -> Iterator[str]:
    quarantined = row.state == "failed"
    folder = feed.quarantine if quarantined else feed.archive
    if not disk.exists(folder / row.stored_as):
        yield f"the input is not in {'quarantine' if quarantined else 'the archive'}"
    elif row.sha256 and disk.hash_file(folder / row.stored_as) != row.sha256:
        # A writer that keeps the file open can append to it after it was read.
        yield "the input differs from the one that was read: what was added or changed is not checked"
    if quarantined and not disk.exists(feed.quarantine / fit_filename(row.stored_as, reason.SUFFIX)):
        yield "reason.json is not in quarantine"
    found = disk.hash_files(feed.outbox / row.folder) if row.folder else {}
    if found and found != row.artifacts:
        yield "the artifacts in the outbox differ from the recorded ones"
    if row.difference:
        yield f"the claims don't add up: {row.difference} are not accounted for"
