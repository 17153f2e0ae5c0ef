"""Move, copy and remove files. Every call can be repeated after a crash; none overwrites or follows a link."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import stat
from io import BufferedReader
from pathlib import Path

_CHUNK_BYTES = 1024 * 1024


def exists(path: Path) -> bool:
    """Return whether an entry of any type has this name, including a dangling link."""
    return os.path.lexists(path)


def sync_folder(folder: Path) -> None:
    """Sync a folder, so that renames in it survive a loss of power."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # some network shares don't support fsync on a folder
            os.fsync(handle)
    finally:
        os.close(handle)


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file for reading, without blocking. Raises OSError for a link, pipe, folder or device."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "not a regular file")
    return os.fdopen(handle, "rb")


def move(source: Path, target: Path, file_id: str) -> None:
    """Rename a file; across file systems copy it to ``.<file_id>.part``, rename the copy and remove the source.

    Raises FileExistsError when the target exists.
    """
    if exists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy_file(source, target.parent / f".{file_id}.part", target)
        source.unlink()


def move_folder(source: Path, target: Path, file_id: str) -> None:
    """Move a folder of regular files as :func:`move` moves a file."""
    if exists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        partial = target.parent / f".{file_id}.part"
        remove(partial)
        partial.mkdir()
        for entry in sorted(source.iterdir()):
            _copy_file(entry, partial / f".{file_id}.part", partial / entry.name)
        sync_folder(partial)
        partial.rename(target)
        remove(source)


def _copy_file(source: Path, partial: Path, target: Path) -> None:
    with open_regular(source) as reader:
        remove(partial)
        with partial.open("xb") as writer:
            shutil.copyfileobj(reader, writer, _CHUNK_BYTES)
            writer.flush()
            os.fsync(writer.fileno())
    shutil.copystat(source, partial, follow_symlinks=False)
    partial.rename(target)


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with its content; do nothing when the path doesn't exist."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def hash_files(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file in a folder by name; empty when the folder doesn't exist."""
    found = {}
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            found[entry.name] = hash_file(Path(entry.path))
    return found


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file; empty for a link and anything else that is no regular file."""
    try:
        with open_regular(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ELOOP):  # a link or not a regular file, so not written by us
            return ""
        raise


def write_synced(path: Path, data: bytes) -> None:
    """Write a file and sync it to disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
