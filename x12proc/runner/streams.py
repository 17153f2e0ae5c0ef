"""Writes to streams: whole or not at all, and errors that name the file.

An unbuffered stream, as standard output is with PYTHONUNBUFFERED=1, may write less than it was given.
It says so only by the number that it returns.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any, BinaryIO

from x12proc.errors import ConfigError

STANDARD_OUTPUT = "standard output"


def write_whole(stream: BinaryIO | io.RawIOBase, data: bytes | memoryview) -> None:
    """Write all of ``data``, in several writes if the stream takes less at a time.

    Raises OSError when the stream takes nothing more. A stream of the caller's own class that returns nothing from
    ``write`` has taken everything.
    """
    rest = memoryview(data).cast("B")
    while rest:
        written = stream.write(rest)
        if written is None and not isinstance(stream, io.RawIOBase):
            return
        if not written or written > len(rest):
            raise OSError(errno.EIO, f"the stream took {written or 0} of {len(rest)} bytes")
        rest = rest[written:]


def copy_pieces(pieces: Iterator[bytes], target: BinaryIO) -> None:
    """Write pieces one after another, each whole."""
    for piece in pieces:
        write_whole(target, piece)


class NamedFile(io.FileIO):
    """An unbuffered file whose errors name it: the system doesn't say which file the full disk was to take."""

    def __init__(self, handle: int, mode: str, label: str, *, closefd: bool = True) -> None:
        super().__init__(handle, mode, closefd=closefd)
        self._label = label

    def write(self, data: Any, /) -> int:
        """Write, perhaps less than all."""
        try:
            written = super().write(data)
        except OSError as error:
            error.filename = self._label
            raise
        if written == 0 and len(data):  # a buffer would try for ever
            raise OSError(errno.EIO, "the file takes nothing more", self._label)
        return written


def buffered_writer(handle: int, label: str) -> BinaryIO:
    """Open a file descriptor for writing; errors are reported under ``label``."""
    return io.BufferedWriter(NamedFile(handle, "wb", label), 256 * 1024)


def scratch_file() -> BinaryIO:
    """Open an empty file that is deleted when it is closed; its errors name the folder that it is in."""
    with tempfile.TemporaryFile(prefix="x12proc-", buffering=0) as file:
        raw = NamedFile(os.dup(file.fileno()), "r+b", tempfile.gettempdir())
    return io.BufferedRandom(raw)


class _WholeWriter(io.RawIOBase):
    """An unbuffered stream that writes whole."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw = raw

    def write(self, data: Any, /) -> int:
        """Write all of the data."""
        write_whole(self._raw, data)
        return len(data)

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._raw.isatty()

    def fileno(self) -> int:
        return self._raw.fileno()


def secure_standard_output() -> None:
    """Make standard output write whole, buffered or not, and report its errors under its name."""
    given = sys.stdout
    buffer = getattr(given, "buffer", None)
    unbuffered = isinstance(buffer, io.RawIOBase)
    if given is sys.__stdout__ and isinstance(given, io.TextIOWrapper):
        raw: io.RawIOBase = NamedFile(given.fileno(), "wb", STANDARD_OUTPUT, closefd=False)
    elif isinstance(buffer, io.RawIOBase):
        raw = buffer
    else:  # a stream that a program has put there
        return
    whole: Any = _WholeWriter(raw) if unbuffered else io.BufferedWriter(raw)
    sys.stdout = io.TextIOWrapper(
        whole, given.encoding, given.errors, line_buffering=bool(given.line_buffering), write_through=unbuffered
    )


def standard_output() -> BinaryIO:
    """Return standard output for bytes. Raises ConfigError when it is closed."""
    if sys.stdout is None:
        raise ConfigError(f"{STANDARD_OUTPUT} is closed")
    return sys.stdout.buffer


def standard_input() -> BinaryIO:
    """Return standard input for bytes. Raises ConfigError when it is closed."""
    if sys.stdin is None:
        raise ConfigError("standard input is closed")
    return sys.stdin.buffer


def write_output(data: bytes) -> None:
    """Write bytes to standard output, whole."""
    write_whole(standard_output(), data)


def flush_output() -> None:
    """Write what standard output still holds. Raises OSError under its name."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError as error:
        error.filename = error.filename or STANDARD_OUTPUT
        raise


def abandon_output() -> None:
    """Drop what standard output still holds, which the interpreter would try to write once more at its end."""
    if sys.stdout is None:
        return
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
    except (OSError, ValueError):  # a stream of a test, which has no descriptor
        return
