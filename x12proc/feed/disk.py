"""Moves that survive whatever dies: every one can be repeated, none overwrites, none follows a link."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import stat
from io import BufferedReader
from pathlib import Path

_PIECE = 1024 * 1024


def exists(path: Path) -> bool:
    """Whether anything at all has this name, a dangling link included."""
    return os.path.lexists(path)


def sync_folder(folder: Path) -> None:
    """Make a folder's entries last: after this a rename in it is there even when the power fails."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # some network shares know no fsync of a folder
            os.fsync(handle)
    finally:
        os.close(handle)


def open_plain(path: Path) -> BufferedReader:
    """Open a plain file for reading. Raises OSError for a link, a pipe, a folder or a device, and never waits."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "not a plain file")
    return os.fdopen(handle, "rb")


def move(source: Path, target: Path, mark: str) -> None:
    """Rename a file; to another file system copy it aside as ``.<mark>.part``, then rename and unlink.

    Raises FileExistsError when the target is there.
    """
    if exists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy_file(source, target.parent / f".{mark}.part", target)
        source.unlink()


def move_folder(source: Path, target: Path, mark: str) -> None:
    """The same for a folder of plain files."""
    if exists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        aside = target.parent / f".{mark}.part"
        remove(aside)
        aside.mkdir()
        for entry in sorted(source.iterdir()):
            _copy_file(entry, aside / f".{mark}.part", aside / entry.name)
        sync_folder(aside)
        aside.rename(target)
        remove(source)


def _copy_file(source: Path, aside: Path, target: Path) -> None:
    with open_plain(source) as reader:
        remove(aside)
        with aside.open("xb") as writer:
            shutil.copyfileobj(reader, writer, _PIECE)
            writer.flush()
            os.fsync(writer.fileno())
    shutil.copystat(source, aside, follow_symlinks=False)
    aside.rename(target)


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with all it holds; nothing when there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def hashes(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file in a folder by its name; empty when there is no such folder."""
    found = {}
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            found[entry.name] = _hash(Path(entry.path))
    return found


def _hash(path: Path) -> str:
    try:
        with open_plain(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ELOOP):  # no file of ours
            return ""
        raise


def write_whole(path: Path, data: bytes) -> None:
    """Write a new file and see to it that it lasts."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
