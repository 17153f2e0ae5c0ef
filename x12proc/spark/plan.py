"""Which task reads what: several small files, or some of the claims of a large one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from x12proc.runner.files import FileBuffer
from x12proc.spark.options import Options
from x12proc.wire.events import ClaimSpan, Fault
from x12proc.wire.scanner import scan
from x12proc.wire.window import Buffer

_HEAD = 200  # bytes of a CLM that hold its number and charge
_LINE_ENDS = re.compile(rb"[\r\n]")


class Task(msgspec.Struct, frozen=True):
    """What one task reads: files from beginning to end, or claims of one file whose faults are known."""

    files: tuple[str, ...] = ()
    file: str = ""
    claims: tuple[ClaimSpan, ...] = ()
    faults: tuple[Fault, ...] = ()


def plan(options: Options) -> Iterator[Task]:
    """The tasks for some files. A large file is read once here, without looking into its claims.

    Raises OSError for a file that can't be read.
    """
    small: list[str] = []
    room = options.partition_bytes
    for path in options.files():
        size = path.stat().st_size
        if size > options.partition_bytes and path.suffix.lower() != ".gz":
            yield from _claims_of(path, options)
            continue
        if small and size > room:
            yield Task(files=tuple(small))
            small, room = [], options.partition_bytes
        small.append(str(path))
        room -= size
    if small:
        yield Task(files=tuple(small))


def _claims_of(path: Path, options: Options) -> Iterator[Task]:
    """The claims of a large file that mention a code, in stretches; its faults go with the first one."""
    with path.open("rb", buffering=0) as file:
        buffer = FileBuffer(file)
        cut = _Cut(buffer, options.partition_bytes)
        faults = cut.all(scan(buffer, options.settings().codes))
    stretches = cut.stretches or [[]]
    for number, claims in enumerate(stretches):
        yield Task(file=str(path), claims=tuple(claims), faults=tuple(faults) if number == 0 else ())


class _Cut:
    """Cuts a file's claims into stretches: where a set ends, or within one that is larger than a stretch by far.

    Claims with the same number and charge go into one stretch, because one may be the other for the second time,
    and only whoever sees both can tell.
    """

    def __init__(self, buffer: Buffer, size: int) -> None:
        self.stretches: list[list[ClaimSpan]] = []
        self._buffer = buffer
        self._size = size
        self._start = 0
        self._last: ClaimSpan | None = None
        self._known: dict[bytes, int] = {}  # by a hash of number and charge: the first stretch that holds such

    def all(self, events: Iterable[object]) -> list[Fault]:
        """Take the events of a scan; the faults among them."""
        faults = []
        for event in events:
            if isinstance(event, ClaimSpan):
                self._take(event)
            elif isinstance(event, Fault):
                faults.append(event)
        return faults

    def _take(self, span: ClaimSpan) -> None:
        if self._is_full(span):
            self.stretches.append([])
            self._start = span.start
        self._last = span
        place = self._known.setdefault(self._mark(span), len(self.stretches) - 1)
        self.stretches[place].append(span)

    def _is_full(self, span: ClaimSpan) -> bool:
        if self._last is None:
            return True
        long = span.start - self._start
        return long >= self._size and (span.transaction is not self._last.transaction or long >= 2 * self._size)

    def _mark(self, span: ClaimSpan) -> bytes:
        head = self._buffer[span.start : min(span.start + _HEAD, span.end)]
        elements = _LINE_ENDS.sub(b"", head).split(span.interchange.delimiters.element, 3)
        return hashlib.blake2b(b"\0".join(elements[1:3]), digest_size=8).digest()
