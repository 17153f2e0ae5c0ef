"""Looks into an inbox: which files may be taken now, which are still coming, which will never come whole."""

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

from x12proc.feed.disk import open_plain
from x12proc.feed.envelope import HEAD, TAIL, looks_whole

UNFINISHED = (".tmp", ".part", ".filepart")
_GZIP_MOST = 1 << 32  # bytes; what unfolds to more is left for the run to refuse
_PIECE = 1024 * 1024
Signature: TypeAlias = tuple[int, int, int, int]  # device, inode, size, time of last change
Verdict: TypeAlias = Literal["ready", "settling", "incomplete"]


class Waiting(msgspec.Struct):
    """What is known of a file that lies in the inbox."""

    signature: Signature
    since: float  # on a clock that is never set back
    first: bool  # it has not changed since it was seen first
    whole: bool | None = None  # None: not yet looked at


class Candidate(msgspec.Struct, frozen=True):
    """A file that may be taken, as it was when it was looked at."""

    name: str
    size: int
    mtime_ns: int


class Inbox:
    """The files of one inbox, looked at again and again.

    ``tell`` is called once for each entry that is no plain file, with what it is; such an entry is left alone.
    """

    def __init__(
        self,
        folder: Path,
        names: tuple[str, ...],
        settle: float,
        incomplete_after: float,
        tell: Callable[[str], None] = lambda kind: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._names = names
        self._settle = settle
        self._incomplete_after = incomplete_after
        self._tell = tell
        self._clock = clock
        self._known: dict[str, Waiting] = {}
        self._told: set[str] = set()
        self.settling = 0  # files that are only waited for until they have been still long enough

    def look(self) -> list[Candidate]:
        """The files that may be taken now, oldest first. Raises OSError when the folder can't be read."""
        now = self._clock()
        found: dict[str, Waiting] = {}
        ready = []
        self.settling = 0
        for name, status in self._plain_files():
            seen = found[name] = self._seen(name, status, now)
            verdict = self._verdict(name, seen, status, now)
            self.settling += verdict == "settling" and seen.first
            if verdict == "ready":
                ready.append(Candidate(name, status.st_size, status.st_mtime_ns))
        self._known = found
        return sorted(ready, key=lambda candidate: (candidate.mtime_ns, candidate.name))

    def _plain_files(self) -> Iterator[tuple[str, os.stat_result]]:
        with os.scandir(self._folder) as entries:
            names = [entry.name for entry in entries if self._wanted(entry.name)]
        self._told.intersection_update(names)
        for name in names:
            try:
                status = (self._folder / name).lstat()
            except OSError:  # gone, or not ours to see
                continue
            if stat.S_ISREG(status.st_mode):
                yield name, status
            elif name not in self._told:
                self._told.add(name)
                self._tell(_kind(status.st_mode))

    def _wanted(self, name: str) -> bool:
        if name.startswith(".") or name.lower().endswith(UNFINISHED):
            return False
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self._names)

    def _seen(self, name: str, status: os.stat_result, now: float) -> Waiting:
        signature = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        known = self._known.get(name)
        if known is None:
            return Waiting(signature, now, first=True)
        return known if known.signature == signature else Waiting(signature, now, first=False)

    def _verdict(self, name: str, seen: Waiting, status: os.stat_result, now: float) -> Verdict:
        still = now - seen.since
        if still < self._settle:
            return "settling"
        if seen.whole is None:
            seen.whole = is_whole(self._folder / name)
        age = max(still, time.time() - status.st_mtime)  # the second one counts for those who come by now and then
        return "ready" if seen.whole or age >= self._incomplete_after else "incomplete"


def is_whole(path: Path) -> bool:
    """Whether a file's two ends say that nothing more will come; of a .gz, the ends of what is in it.

    A file that can't be opened counts as whole: waiting won't help, and whoever takes it will say why.
    """
    try:
        with open_plain(path) as file:
            if path.suffix.lower() == ".gz":
                return _gzip_is_whole(file)
            head = file.read(HEAD)
            file.seek(max(os.fstat(file.fileno()).st_size - TAIL, 0))
            return looks_whole(head, file.read(TAIL))
    except OSError:
        return True


def _gzip_is_whole(file: BufferedReader) -> bool:
    if not file.peek(1):
        return False
    head = tail = b""
    size = 0
    try:
        with gzip.open(file) as unfolded:
            while piece := unfolded.read(_PIECE):
                head = head or piece[:HEAD]
                tail = (tail + piece)[-TAIL:]
                size += len(piece)
                if size > _GZIP_MOST:
                    return True
    except EOFError:
        return False
    except (gzip.BadGzipFile, zlib.error):
        return True  # it will not become better
    return looks_whole(head, tail)


def _kind(mode: int) -> str:
    kinds = {"link": stat.S_ISLNK, "folder": stat.S_ISDIR, "pipe": stat.S_ISFIFO, "socket": stat.S_ISSOCK}
    return next((kind for kind, is_kind in kinds.items() if is_kind(mode)), "device")
