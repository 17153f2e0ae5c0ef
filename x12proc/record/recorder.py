"""Collects the entries of one input at a time, and stores them in one transaction when its last claim is read."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from typing import BinaryIO

import msgspec
import sqlalchemy as sa

from x12proc.engine.result import ClaimResult
from x12proc.record.claim_entry import RecordEntry, claim_entry
from x12proc.record.keys import RecordKeys
from x12proc.record.model import RecordedRun
from x12proc.record.store import PredictionStore, write_run
from x12proc.runner.settings import RULES_EDITION, Settings
from x12proc.runner.streams import scratch_file
from x12proc.version import __version__

_LENGTH = struct.Struct("<I")


class Collector:
    """The entries of one input, kept in a scratch file until they are stored: it holds keys, codes and amounts.

    ``feed`` is the name of the watched folder, "" for none; ``fixed`` says whether fixes are written.
    """

    def __init__(self, keys: RecordKeys, *, feed: str = "", fixed: bool = False) -> None:
        self._keys = keys
        self._feed, self._fixed = feed, fixed
        self._encoder = msgspec.msgpack.Encoder()
        self._file: BinaryIO | None = None
        self._claims = 0

    def begin(self) -> None:
        """Forget the entries of an earlier input, or of an attempt that did not end."""
        self.close()
        self._claims = 0

    def claim(self, result: ClaimResult) -> None:
        """Add a target claim. Raises OSError when there is no room for it."""
        if not result.lines:
            return
        if self._file is None:
            self._file = scratch_file()
        entry = self._encoder.encode(claim_entry(result, self._keys))
        self._file.write(_LENGTH.pack(len(entry)) + entry)
        self._claims += 1

    def store(self, connection: sa.Connection, sha256: str, settings: Settings) -> None:
        """Store the entries of the file with this hash in the caller's transaction, in place of earlier ones.

        ``settings`` are those of the run. A file has entries for each feed that took it.
        """
        now = time.time()
        run = RecordedRun(
            id=0,
            first=now,
            last=now,
            feed=self._feed,
            version=__version__,
            rules_edition=RULES_EDITION,
            reference_editions=settings.reference.editions(),
            as_of=settings.as_of.isoformat(),
            fixed=self._fixed,
            claims=self._claims,
        )
        write_run(connection, self._keys.file(f"{sha256} {self._feed}"), run, self._entries())

    def close(self) -> None:
        """Delete the scratch file. May be called more than once."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _entries(self) -> Iterator[RecordEntry]:
        if self._file is None:
            return
        decoder = msgspec.msgpack.Decoder(RecordEntry)
        self._file.seek(0)
        while head := self._file.read(_LENGTH.size):
            yield decoder.decode(self._file.read(_LENGTH.unpack(head)[0]))


class Recorder:
    """Records the inputs of a run, one after the other; it is given to the run as ``RunOptions.recorder``."""

    def __init__(self, store: PredictionStore, settings: Settings, *, fixed: bool = False) -> None:
        self._store = store
        self._settings = settings
        self._collector = Collector(store.keys, fixed=fixed)

    def begin(self) -> None:
        """Begin an input."""
        self._collector.begin()

    def claim(self, result: ClaimResult) -> None:
        """Add a target claim of the input."""
        self._collector.claim(result)

    def commit(self, sha256: str) -> None:
        """Store the claims of the input, all or none. Raises UnavailableError."""
        with self._store.begin() as connection:
            self._collector.store(connection, sha256, self._settings)

    def end(self) -> None:
        """Drop what was not committed."""
        self._collector.close()

    def close(self) -> None:
        """End the last input and close the record."""
        self.end()
        self._store.close()
