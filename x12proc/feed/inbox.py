"""Scan an inbox for files that are ready, still settling, or incomplete."""

from __future__ import annotations

import fnmatch
import gzip
import os
import stat
import time
import zlib
from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from x12proc.feed.disk import open_regular
from x12proc.feed.envelope import HEAD_BYTES, TAIL_BYTES, looks_complete

UNFINISHED = (".tmp", ".part", ".filepart")
_MAX_GZIP_BYTES = 1 << 32  # a .gz that decompresses to more counts as complete, and the scrub run refuses it
_CHUNK_BYTES = 1024 * 1024
Signature: TypeAlias = tuple[int, int, int, int]  # device, inode, size, time of last change
Readiness: TypeAlias = Literal["ready", "settling", "incomplete"]


class PendingFile(msgspec.Struct):
    """The state of a file in the inbox as of the last scan."""

    signature: Signature
    since: float  # monotonic time at which this signature was first seen
    unchanged: bool  # the signature has been the same in every scan
    complete: bool | None = None  # None: not checked yet


class Candidate(msgspec.Struct, frozen=True):
    """A file that is ready to be taken, with its size and time at the scan."""

    name: str
    size: int
    mtime_ns: int


class Inbox:
    """Scan one inbox repeatedly and remember its pending files.

    ``on_skipped`` is called once for each entry that is not a regular file, with its type.
    """

    def __init__(
        self,
        folder: Path,
        names: tuple[str, ...],
        settle: float,
        incomplete_after: float,
        on_skipped: Callable[[str], None] = lambda kind: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._names = names
        self._settle_seconds = settle
        self._incomplete_after = incomplete_after
        self._on_skipped = on_skipped
        self._clock = clock
        self._known: dict[str, PendingFile] = {}
        self._reported: set[str] = set()
        self.settling = 0  # number of new files whose settle time has not passed
        # Numbers of entries that the last scan left in the inbox.
        self.waiting = 0  # files that are still arriving
        self.skipped = 0  # names that are not taken, and what is not a regular file

    def scan(self) -> list[Candidate]:
        """Return the files that are ready to be taken, oldest first. Raises OSError for an unreadable folder."""
        now = self._clock()
        found: dict[str, PendingFile] = {}
        ready = []
        self.settling = self.waiting = self.skipped = 0
        for name, status in self._regular_files():
            pending = found[name] = self._pending(name, status, now)
            readiness = self._readiness(name, pending, status, now)
            self.settling += readiness == "settling" and pending.unchanged
            self.waiting += readiness != "ready"
            if readiness == "ready":
                ready.append(Candidate(name, status.st_size, status.st_mtime_ns))
        self._known = found
        return sorted(ready, key=lambda candidate: (candidate.mtime_ns, candidate.name))

    def _regular_files(self) -> Iterator[tuple[str, os.stat_result]]:
        with os.scandir(self._folder) as entries:
            all_names = [entry.name for entry in entries]
        names = [name for name in all_names if self._matches(name)]
        self.skipped = len(all_names) - len(names)
        self._reported.intersection_update(names)
        for name in names:
            try:
                status = (self._folder / name).lstat()
            except OSError:  # removed meanwhile, or not readable
                continue
            if stat.S_ISREG(status.st_mode):
                yield name, status
                continue
            self.skipped += 1
            if name not in self._reported:
                self._reported.add(name)
                self._on_skipped(_entry_type(status.st_mode))

    def _matches(self, name: str) -> bool:
        if name.startswith(".") or name.lower().endswith(UNFINISHED):
            return False
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self._names)

    def _pending(self, name: str, status: os.stat_result, now: float) -> PendingFile:
        signature = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        known = self._known.get(name)
        if known is None:
            return PendingFile(signature, now, unchanged=True)
        return known if known.signature == signature else PendingFile(signature, now, unchanged=False)

    def _readiness(self, name: str, pending: PendingFile, status: os.stat_result, now: float) -> Readiness:
        stable_for = now - pending.since
        if stable_for < self._settle_seconds:
            return "settling"
        if pending.complete is None:
            pending.complete = is_complete(self._folder / name)
        age = max(stable_for, time.time() - status.st_mtime)  # the latter for --once, which has no earlier scan
        return "ready" if pending.complete or age >= self._incomplete_after else "incomplete"


def is_complete(path: Path) -> bool:
    """Check a file's first and last bytes, of a .gz those of its content, and return whether it is complete.

    A file that can't be opened counts as complete: waiting doesn't help, and the scrub run reports the error.
    """
    try:
        with open_regular(path) as file:
            if path.suffix.lower() == ".gz":
                return _gzip_is_complete(file)
            head = file.read(HEAD_BYTES)
            file.seek(max(os.fstat(file.fileno()).st_size - TAIL_BYTES, 0))
            return looks_complete(head, file.read(TAIL_BYTES))
    except OSError:
        return True


def _gzip_is_complete(file: BufferedReader) -> bool:
    if not file.peek(1):
        return False
    head = tail = b""
    size = 0
    try:
        with gzip.open(file) as decompressed:
            while chunk := decompressed.read(_CHUNK_BYTES):
                head = head or chunk[:HEAD_BYTES]
                tail = (tail + chunk)[-TAIL_BYTES:]
                size += len(chunk)
                if size > _MAX_GZIP_BYTES:
                    return True
    except EOFError:
        return False
    except (gzip.BadGzipFile, zlib.error):
        return True  # waiting doesn't repair it
    return looks_complete(head, tail)


def _entry_type(mode: int) -> str:
    kinds = {"link": stat.S_ISLNK, "folder": stat.S_ISDIR, "pipe": stat.S_ISFIFO, "socket": stat.S_ISSOCK}
    return next((kind for kind, is_kind in kinds.items() if is_kind(mode)), "device")
