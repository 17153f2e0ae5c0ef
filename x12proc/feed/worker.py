"""Carries one input from the inbox to archive or quarantine, step by step; each step can be repeated.

Whatever dies, and where: the ledger says which step was entered last, and the next worker goes on from there. What
was done and not yet entered is found done; what was begun and not finished lies in the input's own folder in
``work`` and counts for nothing. So every input gets exactly one set of artifacts.
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
from x12proc.feed.filenames import fit
from x12proc.feed.ledger import AlreadySeen, FileRow, Ledger, LedgerUnavailable, LostLease
from x12proc.feed.processing import OUT, REASON, Judged, Judging, stored_name
from x12proc.feed.quarantine_reason import Reason, because
from x12proc.runner.pool import GuideChecks

# The steps of an input, in order. After each of them the worker may die.
STEPS: Final = (
    "claimed",  # the ledger knows that we work on it
    "moved",  # it lies in its own folder in work
    "read",  # its bytes are hashed and held against what came before
    "written",  # its artifacts lie whole beside it
    "scrubbed",  # the ledger knows what it came to
    "placed",  # its artifacts appeared in the outbox
    "published",  # the ledger knows
    "reasoned",  # of one for the quarantine: the reason lies there
    "stored",  # it lies in archive or quarantine
    "cleaned",  # its folder in work is gone
    "closed",  # the ledger knows, and is done with it
)
INPUT = "input"
RETRY_SECONDS = 30.0  # after trouble with a disk
_LOG = structlog.get_logger("x12proc.feed")


def nothing(step: str) -> None:
    """What is done after a step when nobody watches."""


class Renewal:
    """Renews the lease of the file at hand, from a thread of its own."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._held = ""
        self._ended = Event()
        self._thread = Thread(target=self._run, name="x12proc-lease", daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def held(self, file_id: str) -> Iterator[None]:
        """Hold a file as long as this lasts."""
        self._held = file_id
        try:
            yield
        finally:
            self._held = ""

    def end(self) -> None:
        """Renew nothing any more."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._ledger.lease_seconds / 3):
            if held := self._held:
                with contextlib.suppress(LedgerUnavailable):  # the next time, or the lease ends: both are safe
                    self._ledger.renew(held)


class Worker:
    """Works on the inputs of one feed. ``step`` is told every step that has been done."""

    def __init__(
        self,
        feed: Feed,
        ledger: Ledger,
        renewal: Renewal,
        checks: GuideChecks,
        step: Callable[[str], None] = nothing,
    ) -> None:
        self._feed = feed
        self._ledger = ledger
        self._renewal = renewal
        self._step = step
        self._judging = Judging(feed, ledger, checks, step)

    def process(self, row: FileRow) -> FileRow | None:
        """Carry an input that is ours as far as it goes. None when it is not done with.

        Raises LedgerUnavailable.
        """
        self._step("claimed")
        started = time.perf_counter()
        try:
            with self._renewal.held(row.id):
                done = self._carry(row)
        except LostLease:
            _LOG.warning("lease_lost", id=row.id)
            return None
        except OSError as error:
            self._put_off(row, error)
            return None
        if done is not None:
            _log_done(done, time.perf_counter() - started)
        return done

    def _carry(self, row: FileRow) -> FileRow | None:
        if row.state == "claimed":
            scrubbed = self._scrub(row)
            if scrubbed is None:
                return None
            row = scrubbed
        if row.state == "scrubbed":
            row = self._publish(row)
        return self._store(row)

    def _put_off(self, row: FileRow, error: OSError) -> None:
        """Trouble with a disk is not the file's fault: it stays where it is, and is tried again."""
        _LOG.error("disk_trouble", id=row.id, error=errno.errorcode.get(error.errno or 0, "OSError"))
        with contextlib.suppress(LedgerUnavailable):
            self._ledger.put_off(row.id, RETRY_SECONDS)

    # -- places --------------------------------------------------------------------------------------------

    def _home(self, row: FileRow) -> Path:
        """The input's own folder in work."""
        return self._feed.work / row.id

    def _input(self, row: FileRow) -> Path:
        return self._home(row) / INPUT / row.name

    # -- claimed: take it and scrub it ---------------------------------------------------------------------

    def _scrub(self, row: FileRow) -> FileRow | None:
        if not self._take(row):
            return None
        self._step("moved")
        forced: Reason | None = None
        while True:
            if not self._unchanged(row):
                if self._give_back(row):
                    return None
                forced = because(reason.CHANGED)
            self._clear_attempts(row)
            judged = self._judge(row, forced)
            if forced is None and not self._unchanged(row):
                continue
            self._step("written")
            try:
                entered = self._ledger.enter(
                    row, judged.judgment, judged.keys, self._feed.duplicate_days, judged.override
                )
            except AlreadySeen:
                continue  # another worker was faster with the same: now ours is the duplicate
            self._step("scrubbed")
            return entered

    def _take(self, row: FileRow) -> bool:
        """Move the input into its folder; False when it has gone."""
        source, place = self._feed.inbox / row.name, self._input(row)
        if disk.exists(place):
            _drop_copy(source, place)
            return True
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            disk.move(source, place, row.id)
        except FileNotFoundError:
            self._let_go(row, "file_vanished")
            return False
        return True

    def _unchanged(self, row: FileRow) -> bool:
        """Whether the input is the plain file that was looked at in the inbox."""
        status = self._input(row).lstat()
        same = (status.st_size, status.st_mtime_ns) == (row.size, row.mtime_ns)
        return same and stat.S_ISREG(status.st_mode)

    def _give_back(self, row: FileRow) -> bool:
        """Put an input back that somebody still writes to; False when its place is taken."""
        place = self._feed.inbox / row.name
        if disk.exists(place):
            return False
        disk.move(self._input(row), place, row.id)
        self._let_go(row, "file_changed")
        return True

    def _let_go(self, row: FileRow, why: str) -> None:
        disk.remove(self._home(row))
        self._ledger.forget(row)
        _LOG.warning(why, id=row.id)

    def _clear_attempts(self, row: FileRow) -> None:
        for entry in list(self._home(row).iterdir()):
            if entry.name != INPUT:
                disk.remove(entry)

    def _judge(self, row: FileRow, forced: Reason | None) -> Judged:
        attempt = self._home(row) / secrets.token_hex(4)
        (attempt / OUT).mkdir(parents=True)
        try:
            judged = self._judging.judge(row, self._input(row), attempt, forced)
        except OSError:
            with contextlib.suppress(OSError):  # a full disk needs the room; else the next attempt clears it
                disk.remove(attempt)
            raise
        for folder in (attempt / OUT, attempt, self._home(row) / INPUT, self._home(row), self._feed.work):
            disk.sync_folder(folder)
        disk.sync_folder(self._feed.inbox)
        return judged

    # -- scrubbed: put the artifacts into the outbox -------------------------------------------------------

    def _publish(self, row: FileRow) -> FileRow:
        if row.folder:
            row = self._place(row)
            disk.sync_folder(self._feed.outbox)
        self._step("placed")
        row = self._ledger.advance(row, "published")
        self._step("published")
        return row

    def _place(self, row: FileRow) -> FileRow:
        source, target = self._home(row) / row.attempt / OUT, self._feed.outbox / row.folder
        if not disk.exists(source):
            return row  # placed before, and perhaps taken away already
        if disk.exists(target):
            if disk.hashes(target) == row.artifacts:  # copied before, from another file system
                disk.remove(source)
                return row
            row = self._ledger.rename(row, folder=fit(row.name, f".{row.id}"))
            target = self._feed.outbox / row.folder
        disk.move_folder(source, target, row.id)
        return row

    # -- published: put the input where it belongs ---------------------------------------------------------

    def _store(self, row: FileRow) -> FileRow:
        quarantined = row.outcome == "quarantine"
        folder = self._feed.quarantine if quarantined else self._feed.archive
        if any(_blocked(source, target) for source, target in self._moves(row)):
            row = self._ledger.rename(row, stored_as=stored_name(self._feed, row, quarantined))
        *before, last = self._moves(row)
        for source, target in before:
            _settle(source, target, row.id)
        self._step("reasoned")
        _settle(*last, row.id)
        disk.sync_folder(folder)
        self._step("stored")
        disk.remove(self._home(row))
        self._step("cleaned")
        row = self._ledger.advance(row, "failed" if quarantined else "archived")
        self._step("closed")
        return row

    def _moves(self, row: FileRow) -> list[tuple[Path, Path]]:
        """What goes where: an input, and before it the reason of one for the quarantine."""
        if row.outcome == "archive":
            return [(self._input(row), self._feed.archive / row.stored_as)]
        folder = self._feed.quarantine
        why = self._home(row) / row.attempt / REASON, folder / fit(row.stored_as, reason.ENDING)
        return [why, (self._input(row), folder / row.stored_as)]


def _blocked(source: Path, target: Path) -> bool:
    """Whether something else lies where a file is to go."""
    return disk.exists(source) and disk.exists(target) and not _same(source, target)


def _settle(source: Path, target: Path, mark: str) -> None:
    """Move a file where it belongs, once: it may have been moved, or copied, by a worker that died."""
    if not disk.exists(source):
        return
    if disk.exists(target) and _same(source, target):
        source.unlink()
        return
    disk.move(source, target, mark)


def _same(one: Path, other: Path) -> bool:
    plain = all(stat.S_ISREG(path.lstat().st_mode) for path in (one, other))
    return plain and filecmp.cmp(one, other, shallow=False)


def _drop_copy(source: Path, place: Path) -> None:
    """A worker died between copying an input from another file system and unlinking it: unlink it now."""
    with contextlib.suppress(FileNotFoundError):
        status, ours = source.lstat(), place.lstat()
        alike = (status.st_size, status.st_mtime_ns) == (ours.st_size, ours.st_mtime_ns)
        if status.st_dev != ours.st_dev and alike and _same(source, place):
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
