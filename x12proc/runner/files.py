"""Inputs: found, opened, and read by position."""

from __future__ import annotations

import contextlib
import errno
import gzip
import hashlib
import io
import os
import zlib
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO, cast

from x12proc.runner.streams import scratch_file, standard_input
from x12proc.wire import faults
from x12proc.wire.window import Buffer

UTF_16 = "UTF-16 text"
ARCHIVES = ("a ZIP archive", "a PDF document")  # whatever is in them, they are read by other programs
GZIP_MAGIC = b"\x1f\x8b"
_FOREIGN = (
    (GZIP_MAGIC, "gzip without the ending .gz"),
    (b"PK\x03\x04", ARCHIVES[0]),
    (b"%PDF", ARCHIVES[1]),
    (b"\xff\xfe", UTF_16),
    (b"\xfe\xff", UTF_16),
    (b"I\0S\0A\0", UTF_16),
    (b"\0I\0S\0A", UTF_16),
)
_PIECE = 1024 * 1024
_KEPT = 64 * 1024  # bytes
# A gzip of EDI shrinks to a tenth or a twentieth; what unfolds to more than this is no claim file.
_GZIP_RATIO = 250
_GZIP_FREE = 64 * 1024 * 1024


class Input:
    """An input, not yet opened: a file by its path, bytes, or a stream that is read once; None is standard input.

    ``name`` is what reports call an input without a path, and its ``stem`` what its artifacts are called after.
    ``unfold`` says that bytes and streams are decompressed if they are gzip by their first bytes.
    ``folder`` is the folder below the given one, in which its artifacts are; ``label`` tells inputs apart on a
    terminal.
    """

    def __init__(
        self, source: Path | bytes | BinaryIO | None, name: str = "stdin", *, unfold: bool = False
    ) -> None:
        self.source = source
        self.unfold = unfold
        self.path = source if isinstance(source, Path) else None
        self.name = self.path.name if self.path else name
        self.stem = Path(self.name).stem
        self.folder = Path()
        self.label = ""

    @property
    def shown_name(self) -> str:
        """Return what it is called on a terminal."""
        return self.label or self.name


def foreign_format(head: bytes) -> str:
    """Return what a file is by its first bytes, where it is certainly no X12; else an empty text."""
    for magic, name in _FOREIGN:
        if head.startswith(magic):
            return name
    return ""


def _is_gzip(data: bytes) -> bool:
    return data.startswith(GZIP_MAGIC)


def _refuse_foreign(buffer: Buffer) -> None:
    if foreign := foreign_format(buffer[:8]):
        raise faults.FOREIGN_FORMAT.error(0, what=foreign)


class FileBuffer:
    """The bytes of an open file by position, read when they are asked for.

    The last large piece is kept: claims and loops of a window are asked for many times while it is scanned.
    Not mapped: pages of a mapping count as the program's memory and are costly to touch, and a file that shrinks
    while it is mapped ends the process. Here that raises OSError.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._length = file.seek(0, os.SEEK_END)
        self._kept = b""  # the last large piece, and where it begins
        self._kept_at = 0

    def __len__(self) -> int:
        """The file's length when it was opened."""
        return self._length

    def __getitem__(self, piece: slice, /) -> bytes:
        """The bytes of a slice with step 1."""
        start, stop, _ = piece.indices(self._length)
        if self._kept_at <= start <= stop <= self._kept_at + len(self._kept):
            return self._kept[start - self._kept_at : stop - self._kept_at]
        wanted = max(stop - start, 0)
        self._file.seek(start)
        data = self._file.read(wanted)
        while len(data) < wanted:
            more = self._file.read(wanted - len(data))
            if not more:
                raise OSError(errno.EIO, f"the file was cut off at byte {start + len(data)} while it was read")
            data += more
        if wanted >= _KEPT:
            self._kept, self._kept_at = data, start
        return data

    def keep(self, start: int, stop: int) -> None:
        """Read a stretch that is going to be asked for piece by piece."""
        self._kept, self._kept_at = self[start:stop], start


class OpenInput:
    """An input as a buffer that can be read again and again, its size and its SHA-256.

    A plain file is read where it lies; streams and ``.gz`` are spooled to a temporary file first. Raises
    X12SyntaxError for a gzip that can't be unfolded, OSError for a file that can't be read.
    """

    def __init__(self, source: Input) -> None:
        self._stack = contextlib.ExitStack()
        self.buffer: Buffer
        try:
            data = source.source if isinstance(source.source, bytes) else None
            is_packed = source.unfold and data is not None and _is_gzip(data)
            self.buffer = FileBuffer(self._file(source)) if data is None or is_packed else data
            _refuse_foreign(self.buffer)
        except BaseException:
            self._stack.close()
            raise
        self.size = len(self.buffer)

    def _file(self, source: Input) -> IO[bytes]:
        if isinstance(source.source, bytes):
            return self._unfold(io.BytesIO(source.source), len(source.source))
        if source.path is None:
            stream = standard_input() if source.source is None else cast(BinaryIO, source.source)
            return self._stream(stream, unfold=source.unfold)
        if source.path.suffix.lower() == ".gz":
            with source.path.open("rb") as packed:
                return self._unfold(packed, source.path.stat().st_size)
        file = self._stack.enter_context(source.path.open("rb", buffering=0))
        return file if file.seekable() else self._spool(file)

    def _scratch(self) -> IO[bytes]:
        return self._stack.enter_context(scratch_file())

    def _stream(self, stream: IO[bytes] | BinaryIO, *, unfold: bool) -> IO[bytes]:
        spooled = self._spool(stream)
        size = spooled.seek(0, os.SEEK_END)
        spooled.seek(0)
        is_packed = unfold and _is_gzip(spooled.read(len(GZIP_MAGIC)))
        spooled.seek(0)
        return self._unfold(spooled, size) if is_packed else spooled

    def _spool(self, stream: IO[bytes] | BinaryIO) -> IO[bytes]:
        spooled = self._scratch()
        while piece := stream.read(_PIECE):
            spooled.write(piece)
        spooled.flush()
        return spooled

    def _unfold(self, packed: IO[bytes], size: int) -> IO[bytes]:
        """Decompress a gzip of ``size`` bytes into a temporary file."""
        spooled = self._scratch()
        most = _GZIP_FREE + size * _GZIP_RATIO
        written = 0
        try:
            with gzip.open(packed, "rb") as stream:
                while piece := stream.read(_PIECE):
                    written += spooled.write(piece)
                    if written > most:
                        raise faults.GZIP_BOMB.error(written, ratio=_GZIP_RATIO)
        except (gzip.BadGzipFile, EOFError, zlib.error):
            raise faults.BAD_GZIP.error(written) from None
        spooled.flush()
        return spooled

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of its bytes in hexadecimal, for which it is read once more."""
        digest = hashlib.sha256()
        for start in range(0, self.size, _PIECE):
            digest.update(self.buffer[start : start + _PIECE])
        return digest.hexdigest()

    def __enter__(self) -> OpenInput:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
