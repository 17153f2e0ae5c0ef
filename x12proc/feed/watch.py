"""The loop over all feeds: take over what was left, look into the inboxes, work on one file after another."""

from __future__ import annotations

import contextlib
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from threading import Event

import structlog

from x12proc.errors import ConfigError
from x12proc.feed import disk
from x12proc.feed.feed_file import FOLDERS, Feed, FeedFile
from x12proc.feed.inbox import Candidate, Inbox
from x12proc.feed.ledger import FileRow, Ledger, LedgerUnavailable
from x12proc.feed.schedule import Missing, missing
from x12proc.feed.worker import INPUT, Renewal, Worker, nothing
from x12proc.feed.worker_id import is_dead, new_owner
from x12proc.runner.pool import GuideChecks

MOST_AT_ONCE = 256  # files of one feed before the next one has its turn
_SHUFFLED = 64  # files of about the same age, taken in any order, so that workers don't race for each
_HOME = re.compile(r"[0-9a-f]{16}\Z")
_LOG = structlog.get_logger("x12proc.feed")


class Watch:
    """Watches the feeds of a file. ``stopping`` ends it behind the file at hand.

    ``step`` is told every step of every file that has been done.
    """

    def __init__(self, file: FeedFile, stopping: Event, step: Callable[[str], None] = nothing) -> None:
        self._file = file
        self._stopping = stopping
        self._step = step
        self._make_folders()
        self._ledger = Ledger(file.ledger_url, new_owner(), file.lease_seconds)
        self._names = [feed.name for feed in file.feeds]
        self._inboxes = {feed.name: self._inbox(feed) for feed in file.feeds}
        self._workers: dict[str, Worker] = {}
        self._told: set[tuple[str, datetime]] = set()
        self._others = False  # whether other workers are at work
        self.counts: Counter[str] = Counter()  # accepted, rejected, failed, left: files of this run

    def run(self, *, once: bool) -> None:
        """Work until told to stop; with ``once`` until nothing is left that can be worked on.

        Raises ConfigError for a ledger that can't be used from the start.
        """
        renewal = Renewal(self._ledger)
        with contextlib.ExitStack() as stack:
            stack.callback(self._ledger.close)
            stack.callback(renewal.end)
            for feed in self._file.feeds:
                checks = stack.enter_context(GuideChecks(feed.settings.conformance))
                self._workers[feed.name] = Worker(feed, self._ledger, renewal, checks, self._step)
            _LOG.info("watch_started", feeds=len(self._names), once=once)
            self._loop(once=once)
            _LOG.info("watch_ended", **self.counts)

    def _loop(self, *, once: bool) -> None:
        swept = False
        tried: set[str] = set()
        while not self._stopping.is_set():
            worked = 0
            try:
                if not swept:
                    self._sweep()
                    swept = True
                worked = self._pass(tried if once else set())
                self._tell_missing()
            except LedgerUnavailable as error:
                _LOG.error("ledger_unavailable", error=str(error))
                if once:
                    self.counts["left"] += 1
                    return
            if once and not worked and not any(inbox.settling for inbox in self._inboxes.values()):
                return
            if not worked:
                self._stopping.wait(self._file.poll_seconds)

    # -- one pass ------------------------------------------------------------------------------------------

    def _pass(self, tried: set[str]) -> int:
        """Work on what can be worked on now; how many files that were. ``tried`` ones are left alone."""
        worked = 0
        for row in self._left_behind(tried):
            worked += self._process(row, tried)
        for feed in self._file.feeds:
            for candidate in self._candidates(feed):
                if self._stopping.is_set():
                    return worked
                claimed = self._claimed(feed, candidate)
                worked += self._process(claimed, tried) if claimed is not None else 0
        return worked

    def _left_behind(self, tried: set[str]) -> Iterator[FileRow]:
        """Files at work whose worker is gone, one after another."""
        while not self._stopping.is_set():
            owners = self._ledger.owners()
            dead = [owner for owner in owners if is_dead(owner)]
            self._others = len(owners) > len(dead)
            row = self._ledger.take_over(self._names, dead, tried)
            if row is None:
                return
            _LOG.warning("file_taken_over", id=row.id, state=row.state, crashes=row.crashes)
            yield row

    def _candidates(self, feed: Feed) -> list[Candidate]:
        try:
            found = self._inboxes[feed.name].look()[:MOST_AT_ONCE]
        except OSError as error:
            _LOG.error("inbox_unreadable", feed=feed.name, error=error.strerror)
            self.counts["left"] += 1
            return []
        if not self._others:
            return found
        mixed = []
        for start in range(0, len(found), _SHUFFLED):
            some = found[start : start + _SHUFFLED]
            random.shuffle(some)
            mixed += some
        return mixed

    def _claimed(self, feed: Feed, candidate: Candidate) -> FileRow | None:
        """The ledger's row of a file that is ours now; None for one that has gone or changed, or is another's."""
        try:
            status = (feed.inbox / candidate.name).lstat()
        except OSError:
            return None
        if (status.st_size, status.st_mtime_ns) != (candidate.size, candidate.mtime_ns):
            return None
        return self._ledger.claim(feed.name, candidate.name, candidate.size, candidate.mtime_ns)

    def _process(self, row: FileRow, tried: set[str]) -> int:
        done = self._workers[row.feed].process(row)
        if done is None:
            tried.add(row.id)
            self.counts["left"] += self._is_left(row.id)
        else:
            outcome = "failed" if done.state == "failed" else "rejected" if done.rejected else "accepted"
            self.counts[outcome] += 1
        return 1

    def _is_left(self, file_id: str) -> bool:
        row = self._ledger.file(file_id)
        return row is not None and row.at_work

    # -- beside the files ----------------------------------------------------------------------------------

    def _make_folders(self) -> None:
        for feed in self._file.feeds:
            for name in FOLDERS:
                try:
                    getattr(feed, name).mkdir(parents=True, exist_ok=True)
                except OSError as error:
                    raise ConfigError(
                        f"feeds.{feed.name}.{name}: the folder can't be made: {error.strerror}"
                    ) from None

    def _inbox(self, feed: Feed) -> Inbox:
        def tell(kind: str) -> None:
            _LOG.warning("left_alone", feed=feed.name, kind=kind)

        return Inbox(feed.inbox, feed.names, feed.settle_seconds, feed.incomplete_after_seconds, tell)

    def _sweep(self) -> None:
        """Put inputs back that lie in work and that no ledger knows: it was lost, or replaced by an older one."""
        for feed in self._file.feeds:
            for home in sorted(feed.work.iterdir()):
                if _HOME.match(home.name) and self._ledger.file(home.name) is None:
                    _put_back(home, feed)

    def _tell_missing(self) -> None:
        """Warn once of each expected file that did not come by its time today."""
        now = datetime.now()  # noqa: DTZ005 - expectations are local times
        for feed in self._file.feeds:
            if feed.expect is None:
                continue
            passed = [due for due in feed.expect.deadlines(now.date(), now.date()) if due <= now]
            if not passed or (feed.name, passed[0]) in self._told:
                continue
            self._told.add((feed.name, passed[0]))
            for late in missing_files(feed, self._ledger, now.date(), now.date(), now):
                _LOG.warning(
                    "expected_file_missing", feed=feed.name, due=late.due.isoformat(), late=bool(late.came)
                )


def missing_files(feed: Feed, ledger: Ledger, first: date, last: date, now: datetime) -> list[Missing]:
    """The deadlines of a feed that passed without a file that went, or is on its way, to the archive."""
    if feed.expect is None:
        return []
    known_since = datetime.fromtimestamp(ledger.made_at)  # noqa: DTZ006 - expectations are local times
    arrivals = [
        datetime.fromtimestamp(row.created)  # noqa: DTZ006 - likewise
        for row in ledger.files([feed.name], first, last)
        if row.outcome != "quarantine"
    ]
    due = missing(feed.name, feed.expect, arrivals, max(first, known_since.date()), last, now)
    return [late for late in due if late.due >= known_since]


def _put_back(home: Path, feed: Feed) -> None:
    try:
        for path in sorted((home / INPUT).iterdir()):
            disk.move(path, feed.inbox / path.name, home.name)
        disk.remove(home)
    except OSError as error:
        _LOG.error("orphan_left", id=home.name, error=error.strerror)
    else:
        _LOG.warning("orphan_returned", id=home.name)
