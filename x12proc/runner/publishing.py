"""Publishes artifacts: each appears whole or not at all, and those of one input together.

The artifacts of an input are written in a hidden folder beside their final names. When all are on the disk,
the folder is renamed, and that decides: ``.x12proc-<hash>.ready`` is the journal of what remains to be moved.
A run that ends before leaves nothing visible; what a run leaves that ends after is finished by the next one.
Renaming a folder is the cheapest journal: it needs no sync of its own.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, BinaryIO

from x12proc.runner.streams import buffered_writer

_PREFIX, _WRITING, _READY = ".x12proc-", ".part", ".ready"
_OBSOLETE = ".x12proc-obsolete"  # after the name of a file that is to be deleted
_LAST = ".accepted.edi"  # whoever finds it finds the other artifacts as well
_SETTLED_SECONDS = 60  # after which a folder that nobody has locked is left over
_ALREADY_THERE = (errno.EEXIST, errno.ENOTEMPTY)


class Artifact:
    """A file under a temporary name until it is complete; it has :meth:`sync` and :meth:`discard` in common with
    an artifact of a set."""

    def __init__(self, path: Path, temporary: Path, file: BinaryIO) -> None:
        self.path = path
        self.temporary = temporary
        self.file = file

    def reopen(self) -> IO[bytes]:
        """Open what has been written so far, to be read from its beginning."""
        self.file.flush()
        return self.temporary.open("rb")

    def sync(self) -> None:
        """Write everything to the disk."""
        try:
            self.file.flush()
            os.fsync(self.file.fileno())
            self.file.close()
        except OSError as error:
            error.filename = str(self.path)
            raise

    def discard(self) -> None:
        """Delete what was written. Harmless after it has been published."""
        with contextlib.suppress(OSError):  # closing writes what is left, which a full disk refuses again
            self.file.close()
        self.temporary.unlink(missing_ok=True)


class SingleArtifact(Artifact):
    """A file that appears whole or not at all: written beside its final name, synced, then renamed.

    Call :meth:`publish` when everything is written; left without it, nothing remains.
    """

    def __init__(self, path: Path) -> None:
        handle, name = tempfile.mkstemp(prefix=_PREFIX, suffix=_WRITING, dir=path.parent)
        super().__init__(path, Path(name), buffered_writer(handle, str(path)))

    def publish(self) -> None:
        """Make the artifact appear."""
        self.sync()
        self.temporary.chmod(0o666 & ~_umask())
        self.temporary.replace(self.path)


class ArtifactSet:
    """The artifacts of one input. Call :meth:`publish` when all are written; left without it, nothing remains."""

    def __init__(self, folder: Path, stem: str) -> None:
        self._folder = folder
        # A stem may be as long as a name can be.
        self._ready = folder / f"{_PREFIX}{hashlib.sha256(os.fsencode(stem)).hexdigest()[:16]}{_READY}"
        self._writing: Path | None = None
        self._lock = -1  # held while the run lives, so that the next one can tell what is left over
        self._artifacts: list[Artifact] = []

    def open(self, name: str) -> Artifact:
        """Open an artifact of the set for writing."""
        temporary, path = self._aside() / name, self._folder / name
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        artifact = Artifact(path, temporary, buffered_writer(handle, str(path)))
        self._artifacts.append(artifact)
        return artifact

    def _aside(self) -> Path:
        if self._writing is None:
            self._writing = Path(tempfile.mkdtemp(prefix=_PREFIX, suffix=_WRITING, dir=self._folder))
            self._lock = _locked(self._writing, wait=False)
        return self._writing

    def publish(self, finished: Sequence[Artifact], obsolete: Iterable[str]) -> None:
        """Make the finished artifacts appear and delete ``obsolete`` files, by name, of an earlier run.

        Raises OSError. Before all artifacts are on the disk nothing has changed then; afterwards the next run
        into the folder finishes what is left.
        """
        finish_set(self._ready)
        for artifact in finished:
            artifact.sync()
        for artifact in self._artifacts:
            if artifact not in finished:
                artifact.discard()
        old = [name for name in obsolete if os.path.lexists(self._folder / name)]
        _refuse_folders([*(artifact.path for artifact in finished), *(self._folder / name for name in old)])
        if len(finished) + len(old) == 1:  # a single step needs no journal
            self._publish_one(finished, old)
            return
        if finished or old:
            for name in old:
                (self._aside() / (name + _OBSOLETE)).touch()
            self._decide(self._aside())
            self._release()
            finish_set(self._ready)

    def _publish_one(self, finished: Sequence[Artifact], old: Sequence[str]) -> None:
        for artifact in finished:
            artifact.temporary.replace(artifact.path)
        for name in old:
            (self._folder / name).unlink(missing_ok=True)

    def _decide(self, writing: Path) -> None:
        try:
            writing.rename(self._ready)
        except OSError as error:
            if error.errno not in _ALREADY_THERE:
                raise
            finish_set(self._ready)  # another run of the same input has decided meanwhile
            writing.rename(self._ready)

    def _release(self) -> None:
        _unlock(self._lock)
        self._lock = -1

    def discard(self) -> None:
        """Delete what was not published."""
        for artifact in self._artifacts:
            with contextlib.suppress(OSError):  # closing writes what is left, which a full disk refuses again
                artifact.file.close()
        if self._writing is not None:
            shutil.rmtree(self._writing, ignore_errors=True)
        self._release()


def _refuse_folders(paths: Iterable[Path]) -> None:
    """A folder of the same name can't be replaced, which must be known before anything is decided."""
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))


def finish_interrupted(folder: Path) -> None:
    """Finish what earlier runs into the folder had decided, and delete what they had not. Raises OSError."""
    with os.scandir(folder) as entries:
        left = [Path(entry.path) for entry in entries if entry.name.startswith(_PREFIX) and entry.is_dir()]
    for path in left:
        if path.name.endswith(_READY):
            finish_set(path)
        elif path.name.endswith(_WRITING) and time.time() - path.stat().st_mtime > _SETTLED_SECONDS:
            _delete_left_over(path)


def discard_unfinished(folder: Path) -> None:
    """Delete what a run that was killed left unfinished in a folder in which no other run works."""
    for path in folder.glob(f"{_PREFIX}*{_WRITING}"):
        shutil.rmtree(path, ignore_errors=True)


def _delete_left_over(writing: Path) -> None:
    """Delete the folder of a run that has ended: one that lives holds a lock on it."""
    lock = _locked(writing, wait=False)
    if lock >= 0:
        shutil.rmtree(writing, ignore_errors=True)
    _unlock(lock)


def _locked(folder: Path, *, wait: bool) -> int:
    """Lock a folder and return a descriptor of it, for :func:`_unlock`.

    It is -1 when another process has locked it, or where there are no locks. Raises FileNotFoundError.
    """
    import fcntl  # noqa: PLC0415 - not on every system, and not needed for streams

    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return -1
    return handle


def _unlock(handle: int) -> None:
    import fcntl  # noqa: PLC0415 - likewise

    if handle >= 0:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_UN)  # closing would not be enough: processes of a pool have it as well
        os.close(handle)


def finish_set(ready: Path) -> None:
    """Move the artifacts of a decided set to their final names; nothing if there is no such set. Raises OSError.

    The files that they replace are deleted first: when this is interrupted, no new artifact is beside an old one.
    The folder is locked and used by its descriptor: another process that finishes the same set finds it empty.
    """
    try:
        lock = _locked(ready, wait=True)
        handle = os.open(ready, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC) if lock < 0 else lock
    except FileNotFoundError:
        return
    try:
        _move_all(handle, ready.parent)
    finally:
        _unlock(handle)
    try:
        ready.rmdir()
    except OSError as error:
        if error.errno not in (errno.ENOENT, *_ALREADY_THERE):  # the next set of the same input is there already
            raise


def _move_all(handle: int, folder: Path) -> None:
    names = sorted(os.listdir(handle), key=lambda name: (name.endswith(_LAST), name))
    for name in names:
        (folder / name.removesuffix(_OBSOLETE)).unlink(missing_ok=True)
    for name in names:
        try:
            if name.endswith(_OBSOLETE):
                os.unlink(name, dir_fd=handle)
            else:
                os.replace(name, folder / name, src_dir_fd=handle)
        except OSError as error:
            error.filename = str(folder / name)
            raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
