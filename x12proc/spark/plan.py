"""Plan the tasks of a job: each reads several small files, or some of the claims of a large one."""

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
    """The input of one task: whole files, or claims of one file whose faults are known."""

    files: tuple[str, ...] = ()
    file: str = ""
    claims: tuple[ClaimSpan, ...] = ()
    faults: tuple[Fault, ...] = ()


def plan(options: Options) -> Iterator[Task]:
    """Yield the tasks for some files. A large file is scanned once here, without parsing its claims.

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
    """Yield the claims of a large file that have a code, in partitions; its faults go with the first one."""
    with path.open("rb", buffering=0) as file:
        buffer = FileBuffer(file)
        partitioner = Partitioner(buffer, options.partition_bytes)
        faults = partitioner.add_all(scan(buffer, options.settings().codes))
    partitions = partitioner.partitions or [[]]
    for number, claims in enumerate(partitions):
        yield Task(file=str(path), claims=tuple(claims), faults=tuple(faults) if number == 0 else ())


class Partitioner:
    """Divides a file's claims into partitions, at the end of a transaction set or within one twice the size.

    Claims with the same number and charge go into one partition, because one may be a duplicate of the other,
    which only a task that has both can find.
    """

    def __init__(self, buffer: Buffer, size: int) -> None:
        self.partitions: list[list[ClaimSpan]] = []
        self._buffer = buffer
        self._size = size
        self._start = 0
        self._last: ClaimSpan | None = None
        self._partition_of: dict[bytes, int] = {}  # index of the first partition with a hash of number and charge

    def add_all(self, events: Iterable[object]) -> list[Fault]:
        """Add the claims among the events of a scan and return the faults."""
        faults = []
        for event in events:
            if isinstance(event, ClaimSpan):
                self._add(event)
            elif isinstance(event, Fault):
                faults.append(event)
        return faults

    def _add(self, span: ClaimSpan) -> None:
        if self._is_full(span):
            self.partitions.append([])
            self._start = span.start
        self._last = span
        partition = self._partition_of.setdefault(self._digest(span), len(self.partitions) - 1)
        self.partitions[partition].append(span)

    def _is_full(self, span: ClaimSpan) -> bool:
        if self._last is None:
            return True
        long = span.start - self._start
        return long >= self._size and (span.transaction is not self._last.transaction or long >= 2 * self._size)

    def _digest(self, span: ClaimSpan) -> bytes:
        head = self._buffer[span.start : min(span.start + _HEAD, span.end)]
        elements = _LINE_ENDS.sub(b"", head).split(span.interchange.delimiters.element, 3)
        return hashlib.blake2b(b"\0".join(elements[1:3]), digest_size=8).digest()
