"""The loop over all feeds: take over orphaned files, scan the inboxes, process the files one by one."""

from __future__ import annotations

import contextlib
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from threading import Event

import msgspec
import structlog

from x12proc.errors import ConfigError
from x12proc.feed import disk
from x12proc.feed.feed_file import FOLDERS, Feed, FeedFile
from x12proc.feed.inbox import Candidate, Inbox
from x12proc.feed.ledger import FileRow, Ledger
from x12proc.feed.schedule import MissingFile, find_missing
from x12proc.feed.worker import INPUT_FOLDER, LeaseRenewer, Worker, no_op
from x12proc.feed.worker_id import is_dead, new_worker_id
from x12proc.record.database import DatabaseUnavailable
from x12proc.record.key_file import read_key
from x12proc.record.keys import RecordKeys
from x12proc.record.store import PredictionStore
from x12proc.runner.pool import GuideChecks

MAX_FILES_PER_PASS = 256  # files of one feed before the next feed is processed
_SHUFFLE_SIZE = 64  # files of similar age, taken in random order so that workers don't compete for the same file
_WORK_FOLDER_NAME = re.compile(r"[0-9a-f]{16}\Z")
_LOG = structlog.get_logger("x12proc.feed")


class Totals(msgspec.Struct, frozen=True):
    """The numbers of files of a run, by what became of them."""

    taken: int  # scrubbed
    skipped: int  # no input, by name or type
    failed: int  # quarantined
    deferred: int  # to the next run
    waiting: int  # still arriving

    @property
    def given(self) -> int:
        """Return the number of files that there were."""
        return self.taken + self.skipped + self.failed + self.deferred + self.waiting


class Watch:
    """Watch the feeds of a feed file. Setting ``stopping`` ends the watch after the current file.

    ``on_step`` is called with the name of each finished step of each file.
    """

    def __init__(self, file: FeedFile, stopping: Event, on_step: Callable[[str], None] = no_op) -> None:
        self._file = file
        self._stopping = stopping
        self._on_step = on_step
        self._make_folders()
        self._ledger = Ledger(file.ledger_url, new_worker_id(), file.lease_seconds)
        self._record_keys = _open_record(file)
        self._names = [feed.name for feed in file.feeds]
        self._inboxes = {feed.name: self._inbox(feed) for feed in file.feeds}
        self._workers: dict[str, Worker] = {}
        self._warned: set[tuple[str, datetime]] = set()
        self._has_other_workers = False  # whether other workers hold leases
        self.counts: Counter[str] = Counter()  # files of this run: accepted, rejected, failed, deferred

    def run(self, *, once: bool) -> None:
        """Process files until ``stopping`` is set; with ``once``, until no file can be processed.

        Raises ConfigError when the ledger can't be used at the start.
        """
        lease_renewer = LeaseRenewer(self._ledger)
        with contextlib.ExitStack() as stack:
            stack.callback(self._ledger.close)
            stack.callback(lease_renewer.stop)
            for feed in self._file.feeds:
                checks = stack.enter_context(GuideChecks(feed.settings.conformance))
                worker = Worker(feed, self._ledger, lease_renewer, checks, self._on_step, self._record_keys)
                self._workers[feed.name] = stack.enter_context(contextlib.closing(worker))
            _LOG.info("watch_started", feeds=len(self._names), once=once)
            self._loop(once=once)
            totals = self.totals()
            _LOG.info("watch_ended", **{**self.counts, **msgspec.structs.asdict(totals), "given": totals.given})

    def totals(self) -> Totals:
        """Return the numbers of files of this run, and of those that are left in the inboxes."""
        return Totals(
            taken=self.counts["accepted"] + self.counts["rejected"],
            failed=self.counts["failed"],
            deferred=self.counts["deferred"],
            skipped=sum(inbox.skipped for inbox in self._inboxes.values()),
            waiting=sum(inbox.waiting for inbox in self._inboxes.values()),
        )

    def _loop(self, *, once: bool) -> None:
        orphans_returned = False
        tried: set[str] = set()
        while not self._stopping.is_set():
            processed = 0
            try:
                if not orphans_returned:
                    self._return_orphans()
                    orphans_returned = True
                processed = self._pass(tried if once else set())
                self._warn_missing()
            except DatabaseUnavailable as error:
                _LOG.error("ledger_unavailable", error=str(error))
                if once:
                    self.counts["deferred"] += 1
                    return
            if once and not processed and not any(inbox.settling for inbox in self._inboxes.values()):
                return
            if not processed:
                self._stopping.wait(self._file.poll_seconds)

    # -- one pass ------------------------------------------------------------------------------------------

    def _pass(self, tried: set[str]) -> int:
        """Process the files that are ready, except the ``tried`` ones; return their number."""
        processed = 0
        for row in self._orphaned(tried):
            processed += self._process(row, tried)
        for feed in self._file.feeds:
            for candidate in self._candidates(feed):
                if self._stopping.is_set():
                    return processed
                acquired = self._acquire(feed, candidate)
                processed += self._process(acquired, tried) if acquired is not None else 0
        return processed

    def _orphaned(self, tried: set[str]) -> Iterator[FileRow]:
        """Take over files in progress whose lease has expired or whose worker is dead; yield their rows."""
        while not self._stopping.is_set():
            owners = self._ledger.owners()
            dead = [owner for owner in owners if is_dead(owner)]
            self._has_other_workers = len(owners) > len(dead)
            row = self._ledger.take_over(self._names, dead, tried)
            if row is None:
                return
            _LOG.warning("file_taken_over", id=row.id, state=row.state, crashes=row.crashes)
            yield row

    def _candidates(self, feed: Feed) -> list[Candidate]:
        try:
            found = self._inboxes[feed.name].scan()[:MAX_FILES_PER_PASS]
        except OSError as error:
            _LOG.error("inbox_unreadable", feed=feed.name, error=error.strerror)
            self.counts["deferred"] += 1
            return []
        if not self._has_other_workers:
            return found
        shuffled = []
        for start in range(0, len(found), _SHUFFLE_SIZE):
            batch = found[start : start + _SHUFFLE_SIZE]
            random.shuffle(batch)
            shuffled += batch
        return shuffled

    def _acquire(self, feed: Feed, candidate: Candidate) -> FileRow | None:
        """Take a file of the inbox and return its row; None when it has vanished, changed or is in progress."""
        try:
            status = (feed.inbox / candidate.name).lstat()
        except OSError:
            return None
        if (status.st_size, status.st_mtime_ns) != (candidate.size, candidate.mtime_ns):
            return None
        return self._ledger.acquire(feed.name, candidate.name, candidate.size, candidate.mtime_ns)

    def _process(self, row: FileRow, tried: set[str]) -> int:
        done = self._workers[row.feed].process(row)
        if done is None:
            tried.add(row.id)
            self.counts["deferred"] += self._still_in_progress(row.id)
        else:
            outcome = "failed" if done.state == "failed" else "rejected" if done.rejected else "accepted"
            self.counts[outcome] += 1
        return 1

    def _still_in_progress(self, file_id: str) -> bool:
        row = self._ledger.file(file_id)
        return row is not None and row.in_progress

    # -- folders and schedules -----------------------------------------------------------------------------

    def _make_folders(self) -> None:
        for feed in self._file.feeds:
            for name in FOLDERS:
                try:
                    getattr(feed, name).mkdir(parents=True, exist_ok=True)
                except OSError as error:
                    raise ConfigError(
                        f"feeds.{feed.name}.{name}: the folder can't be created: {error.strerror}"
                    ) from None

    def _inbox(self, feed: Feed) -> Inbox:
        def warn_skipped(kind: str) -> None:
            _LOG.warning("entry_skipped", feed=feed.name, kind=kind)

        return Inbox(feed.inbox, feed.names, feed.settle_seconds, feed.incomplete_after_seconds, warn_skipped)

    def _return_orphans(self) -> None:
        """Return inputs in work without a row, as after the loss or restore of a ledger, to the inbox."""
        for feed in self._file.feeds:
            for folder in sorted(feed.work.iterdir()):
                if _WORK_FOLDER_NAME.match(folder.name) and self._ledger.file(folder.name) is None:
                    _return_to_inbox(folder, feed)

    def _warn_missing(self) -> None:
        """Log a warning, once, for each expected file that did not arrive by its deadline today."""
        now = datetime.now()  # noqa: DTZ005 - expectations are local times
        for feed in self._file.feeds:
            if feed.expect is None:
                continue
            passed = [due for due in feed.expect.deadlines(now.date(), now.date()) if due <= now]
            if not passed or (feed.name, passed[0]) in self._warned:
                continue
            self._warned.add((feed.name, passed[0]))
            for late in missing_files(feed, self._ledger, now.date(), now.date(), now):
                _LOG.warning(
                    "expected_file_missing", feed=feed.name, due=late.due.isoformat(), late=bool(late.arrived)
                )


def missing_files(feed: Feed, ledger: Ledger, first: date, last: date, now: datetime) -> list[MissingFile]:
    """Return the deadlines of a feed that passed without a file that is, or will be, in the archive."""
    if feed.expect is None:
        return []
    known_since = datetime.fromtimestamp(ledger.created_at)  # noqa: DTZ006 - expectations are local times
    arrivals = [
        datetime.fromtimestamp(row.created)  # noqa: DTZ006 - likewise
        for row in ledger.files([feed.name], first, last)
        if row.outcome != "quarantine"
    ]
    due = find_missing(feed.name, feed.expect, arrivals, max(first, known_since.date()), last, now)
    return [late for late in due if late.due >= known_since]


def _return_to_inbox(work_folder: Path, feed: Feed) -> None:
    try:
        for path in sorted((work_folder / INPUT_FOLDER).iterdir()):
            disk.move(path, feed.inbox / path.name, work_folder.name)
        disk.remove(work_folder)
    except OSError as error:
        _LOG.error("orphan_not_returned", id=work_folder.name, error=error.strerror)
    else:
        _LOG.warning("orphan_returned", id=work_folder.name)


def _open_record(file: FeedFile) -> RecordKeys | None:
    """Create the tables of the record if absent, and return its keys; None without one. Raises ConfigError."""
    if file.record_key is None:
        return None
    keys = read_key(file.record_key)
    PredictionStore(file.ledger_url, keys).close()
    return keys
