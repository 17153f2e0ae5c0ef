"""Advance one input file from the inbox to archive or quarantine, in steps that can all be repeated.

After a crash the next worker continues from the last state recorded in the ledger. A step that was finished but
not recorded is detected as done; files of an unfinished step are in the input's own folder in ``work`` and are
discarded. Every input therefore gets exactly one set of artifacts.
"""

from __future__ import annotations

import contextlib
import errno
import filecmp
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Final

import structlog

from x12proc.feed import disk
from x12proc.feed import quarantine_reason as reason
from x12proc.feed.feed_file import Feed
from x12proc.feed.filenames import fit_filename
from x12proc.feed.ledger import AlreadySeen, FileRow, Ledger, LostLease
from x12proc.feed.processing import OUT_FOLDER, REASON_FILE, Processed, Processor, stored_name
from x12proc.feed.quarantine_reason import Reason, make_reason
from x12proc.record.database import DatabaseUnavailable
from x12proc.record.keys import RecordKeys
from x12proc.runner.pool import GuideChecks

# The steps of an input file, in order. A worker may die after each of them.
STEPS: Final = (
    "taken",  # recorded: this worker owns the file
    "moved",  # the input is in its own folder in work
    "read",  # its bytes are hashed and compared with earlier files
    "written",  # its artifacts are complete in work
    "scrubbed",  # recorded: the result
    "delivered",  # its artifacts are in the outbox
    "published",  # recorded: the artifacts are in the outbox
    "reason_stored",  # for a quarantined file, its reason.json is in quarantine
    "stored",  # the input is in archive or quarantine
    "cleaned",  # its folder in work is removed
    "closed",  # recorded: archived or failed
)
INPUT_FOLDER = "input"
RETRY_SECONDS = 30.0  # after a disk error
_LOG = structlog.get_logger("x12proc.feed")


def no_op(step: str) -> None:
    """Ignore a step: the default for ``on_step``."""


class LeaseRenewer:
    """Renew the lease of the current file from a separate thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._file_id = ""
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="x12proc-lease", daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def renewing(self, file_id: str) -> Iterator[None]:
        """Renew the lease of a file until the context is left."""
        self._file_id = file_id
        try:
            yield
        finally:
            self._file_id = ""

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._ledger.lease_seconds / 3):
            if file_id := self._file_id:
                with contextlib.suppress(DatabaseUnavailable):  # retried, or the lease expires: both are safe
                    self._ledger.renew(file_id)


class Worker:
    """Process the input files of one feed. ``on_step`` is called with the name of each finished step."""

    def __init__(
        self,
        feed: Feed,
        ledger: Ledger,
        lease_renewer: LeaseRenewer,
        checks: GuideChecks,
        on_step: Callable[[str], None] = no_op,
        record_keys: RecordKeys | None = None,
    ) -> None:
        self._feed = feed
        self._ledger = ledger
        self._lease_renewer = lease_renewer
        self._on_step = on_step
        self._processor = Processor(feed, ledger, checks, on_step, record_keys)

    def close(self) -> None:
        """Drop what was kept of the last file."""
        self._processor.close()

    def process(self, row: FileRow) -> FileRow | None:
        """Advance a file that this worker owns to its final state and return its row.

        Returns None when the file is deferred, returned or lost to another worker. Raises DatabaseUnavailable.
        """
        self._on_step("taken")
        started = time.perf_counter()
        try:
            with self._lease_renewer.renewing(row.id):
                done = self._advance_file(row)
        except LostLease:
            _LOG.warning("lease_lost", id=row.id)
            return None
        except OSError as error:
            self._defer(row, error)
            return None
        if done is not None:
            _log_done(done, time.perf_counter() - started)
        return done

    def _advance_file(self, row: FileRow) -> FileRow | None:
        if row.state == "taken":
            scrubbed = self._scrub(row)
            if scrubbed is None:
                return None
            row = scrubbed
        if row.state == "scrubbed":
            row = self._publish(row)
        return self._store(row)

    def _defer(self, row: FileRow, error: OSError) -> None:
        """Leave a file where it is after a disk error, which is not the file's fault, to be retried later."""
        _LOG.error("disk_error", id=row.id, error=errno.errorcode.get(error.errno or 0, "OSError"))
        with contextlib.suppress(DatabaseUnavailable):
            self._ledger.defer(row.id, RETRY_SECONDS)

    # -- paths ---------------------------------------------------------------------------------------------

    def _work_folder(self, row: FileRow) -> Path:
        """Return the input's own folder in work."""
        return self._feed.work / row.id

    def _input(self, row: FileRow) -> Path:
        return self._work_folder(row) / INPUT_FOLDER / row.name

    # -- from taken to scrubbed: move the input to work and scrub it ---------------------------------------

    def _scrub(self, row: FileRow) -> FileRow | None:
        if not self._move_to_work(row):
            return None
        self._on_step("moved")
        forced: Reason | None = None
        while True:
            if not self._unchanged(row):
                if self._return_changed(row):
                    return None
                forced = make_reason(reason.CHANGED)
            self._clear_attempts(row)
            processed = self._run_attempt(row, forced)
            if forced is None and not self._unchanged(row):
                continue
            self._on_step("written")
            try:
                scrubbed = self._ledger.record_result(
                    row,
                    processed.result,
                    processed.keys,
                    self._feed.duplicate_days,
                    processed.override,
                    processed.also,
                )
            except AlreadySeen:
                continue  # another worker recorded the same first: now this file is the duplicate
            self._on_step("scrubbed")
            return scrubbed

    def _move_to_work(self, row: FileRow) -> bool:
        """Move the input from the inbox to its folder in work; return False when it has vanished."""
        source, target = self._feed.inbox / row.name, self._input(row)
        if disk.exists(target):
            _remove_copied_source(source, target)
            return True
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            disk.move(source, target, row.id)
        except FileNotFoundError:
            self._release(row, "file_vanished")
            return False
        return True

    def _unchanged(self, row: FileRow) -> bool:
        """Return whether the input is still the regular file that was seen in the inbox."""
        status = self._input(row).lstat()
        same = (status.st_size, status.st_mtime_ns) == (row.size, row.mtime_ns)
        return same and stat.S_ISREG(status.st_mode)

    def _return_changed(self, row: FileRow) -> bool:
        """Move an input that is still being written back to the inbox; return False if the name is in use."""
        target = self._feed.inbox / row.name
        if disk.exists(target):
            return False
        disk.move(self._input(row), target, row.id)
        self._release(row, "file_changed")
        return True

    def _release(self, row: FileRow, event: str) -> None:
        disk.remove(self._work_folder(row))
        self._ledger.release(row)
        _LOG.warning(event, id=row.id)

    def _clear_attempts(self, row: FileRow) -> None:
        for entry in list(self._work_folder(row).iterdir()):
            if entry.name != INPUT_FOLDER:
                disk.remove(entry)

    def _run_attempt(self, row: FileRow, forced: Reason | None) -> Processed:
        work_folder = self._work_folder(row)
        attempt = work_folder / secrets.token_hex(4)
        (attempt / OUT_FOLDER).mkdir(parents=True)
        try:
            processed = self._processor.process(row, self._input(row), attempt, forced)
        except OSError:
            with contextlib.suppress(OSError):  # frees space on a full disk; otherwise the next attempt removes it
                disk.remove(attempt)
            raise
        for folder in (attempt / OUT_FOLDER, attempt, work_folder / INPUT_FOLDER, work_folder, self._feed.work):
            disk.sync_folder(folder)
        disk.sync_folder(self._feed.inbox)
        return processed

    # -- from scrubbed to published: move the artifacts to the outbox --------------------------------------

    def _publish(self, row: FileRow) -> FileRow:
        if row.folder:
            row = self._publish_folder(row)
            disk.sync_folder(self._feed.outbox)
        self._on_step("delivered")
        row = self._ledger.advance(row, "published")
        self._on_step("published")
        return row

    def _publish_folder(self, row: FileRow) -> FileRow:
        source, target = self._work_folder(row) / row.attempt / OUT_FOLDER, self._feed.outbox / row.folder
        if not disk.exists(source):
            return row  # moved before, and perhaps already collected
        if disk.exists(target):
            if disk.hash_files(target) == row.artifacts:  # copied before, across file systems
                disk.remove(source)
                return row
            row = self._ledger.set_names(row, folder=fit_filename(row.name, f".{row.id}"))
            target = self._feed.outbox / row.folder
        disk.move_folder(source, target, row.id)
        return row

    # -- from published to archived or failed: move the input ----------------------------------------------

    def _store(self, row: FileRow) -> FileRow:
        quarantined = row.outcome == "quarantine"
        folder = self._feed.quarantine if quarantined else self._feed.archive
        if any(_is_occupied(source, target) for source, target in self._moves(row)):
            row = self._ledger.set_names(row, stored_as=stored_name(self._feed, row, quarantined))
        *before, last = self._moves(row)
        for source, target in before:
            _move_once(source, target, row.id)
        self._on_step("reason_stored")
        _move_once(*last, row.id)
        disk.sync_folder(folder)
        self._on_step("stored")
        disk.remove(self._work_folder(row))
        self._on_step("cleaned")
        row = self._ledger.advance(row, "failed" if quarantined else "archived")
        self._on_step("closed")
        return row

    def _moves(self, row: FileRow) -> list[tuple[Path, Path]]:
        """Return the moves (source, target) of an input; into quarantine the reason is moved first."""
        if row.outcome == "archive":
            return [(self._input(row), self._feed.archive / row.stored_as)]
        folder = self._feed.quarantine
        reason_move = (
            self._work_folder(row) / row.attempt / REASON_FILE,
            folder / fit_filename(row.stored_as, reason.SUFFIX),
        )
        return [reason_move, (self._input(row), folder / row.stored_as)]


def _is_occupied(source: Path, target: Path) -> bool:
    """Return whether the target of a move exists with other content."""
    return disk.exists(source) and disk.exists(target) and not _same_content(source, target)


def _move_once(source: Path, target: Path, file_id: str) -> None:
    """Move a file unless a worker that died has already moved it; remove the source of a finished copy."""
    if not disk.exists(source):
        return
    if disk.exists(target) and _same_content(source, target):
        source.unlink()
        return
    disk.move(source, target, file_id)


def _same_content(one: Path, other: Path) -> bool:
    regular = all(stat.S_ISREG(path.lstat().st_mode) for path in (one, other))
    return regular and filecmp.cmp(one, other, shallow=False)


def _remove_copied_source(source: Path, copy: Path) -> None:
    """Remove an input from the inbox that a worker copied across file systems and died before removing."""
    with contextlib.suppress(FileNotFoundError):
        original, copied = source.lstat(), copy.lstat()
        unchanged = (original.st_size, original.st_mtime_ns) == (copied.st_size, copied.st_mtime_ns)
        if original.st_dev != copied.st_dev and unchanged and _same_content(source, copy):
            source.unlink()


def _log_done(row: FileRow, seconds: float) -> None:
    _LOG.info(
        "file_done",
        id=row.id,
        feed=row.feed,
        state=row.state,
        code=row.code,
        sha256=row.sha256,
        claims=row.claims,
        accepted=row.accepted,
        rejected=row.rejected,
        failed=row.failed,
        seconds=round(seconds, 3),
    )
