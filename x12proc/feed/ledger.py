"""The ledger: a database of the input files that were taken, their owners, states and results.

One class in one file: each public method is one transaction on the same few tables, to be read side by side.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, Literal, TypeAlias

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from x12proc.errors import X12ProcError
from x12proc.feed import schema
from x12proc.feed.schema import FILES, OVERRIDES, SCHEMA_VERSION, SEEN, TRANSITIONS
from x12proc.record.database import database_name, open_engine, unavailable

State: TypeAlias = Literal["taken", "scrubbed", "published", "archived", "failed"]
Kind: TypeAlias = Literal["bytes", "interchange", "claim"]
IN_PROGRESS = ("taken", "scrubbed", "published")
_DAY = 86_400.0
_BATCH_SIZE = 500  # rows per statement


class LostLease(X12ProcError):  # noqa: N818 - likewise
    """The lease on the file has passed to another worker; this one must not change the file any more."""


class AlreadySeen(X12ProcError):  # noqa: N818 - likewise
    """Another worker recorded the same bytes or interchange while this worker was scrubbing its file."""


class FileRow(msgspec.Struct, frozen=True, kw_only=True):
    """One input file in the ledger. See :mod:`x12proc.feed.schema` for the columns."""

    id: str
    feed: str
    name: str
    state: str
    owner: str
    crashes: int
    created: float
    updated: float
    day: str
    size: int
    mtime_ns: int
    sha256: str
    outcome: str
    code: str
    stem: str
    attempt: str
    folder: str
    stored_as: str
    artifacts: dict[str, str]
    claims: int
    accepted: int
    rejected: int
    failed: int
    by_rule: dict[str, int]
    program: dict[str, Any]
    pruned: float | None

    @property
    def in_progress(self) -> bool:
        """Return whether the file has not yet reached the archive or quarantine."""
        return self.state in IN_PROGRESS

    @property
    def difference(self) -> int:
        """Return the number of claims that are not accepted, rejected or failed; anything but 0 is an error."""
        return self.claims - self.accepted - self.rejected - self.failed


_NAME_COLUMNS = ("name", "stem", "folder", "stored_as")  # columns that store file names as bytes
_JSON_COLUMNS = ("artifacts", "by_rule", "program")


class FileResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of processing one input file, as recorded in the ledger."""

    outcome: Literal["archive", "quarantine"]
    code: str
    sha256: str
    stem: str
    attempt: str
    folder: str
    stored_as: str
    artifacts: dict[str, str]
    claims: int
    accepted: int
    rejected: int
    failed: int
    by_rule: dict[str, int]
    program: dict[str, Any]


class EarlierFile(msgspec.Struct, frozen=True):
    """An earlier file with the same bytes, interchange or claim; ``key`` is the key they share."""

    kind: Kind
    key: str
    file_id: str


class Ledger:
    """Read and write the ledger; each method call is one transaction.

    ``owner`` is the id of the calling worker. Methods raise DatabaseUnavailable when the database fails.
    """

    def __init__(self, url: str, owner: str = "", lease_seconds: float = 60) -> None:
        self.owner = owner
        self.lease_seconds = lease_seconds
        self._engine = open_engine(url, "ledger")
        self._database = database_name(self._engine.url)
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        with self._transaction() as connection:
            schema.ensure_tables(connection, time.time(), secrets.token_bytes(32))
            version = connection.execute(sa.select(SCHEMA_VERSION.c.created_at, SCHEMA_VERSION.c.secret)).one()
        self.created_at = float(version.created_at)
        self._secret = bytes(version.secret)

    def close(self) -> None:
        """Close all connections to the database."""
        self._engine.dispose()

    # -- leases --------------------------------------------------------------------------------------------

    def acquire(self, feed: str, name: str, size: int, mtime_ns: int) -> FileRow | None:
        """Record an input file of the inbox as taken by this worker and return its row.

        Returns None when a file of this name is already in progress.
        """
        file_id = secrets.token_hex(8)
        now = time.time()
        row: dict[str, Any] = dict.fromkeys((column.name for column in FILES.c), "")
        row |= dict.fromkeys(("crashes", "claims", "accepted", "rejected", "failed"), 0)
        row |= dict.fromkeys(_NAME_COLUMNS, b"") | dict.fromkeys(_JSON_COLUMNS, "{}")
        row |= {
            "id": file_id,
            "feed": feed,
            "name": os.fsencode(name),
            "active_key": _active_key(feed, name),
            "state": "taken",
            "owner": self.owner,
            "lease_until": self._clock() + self.lease_seconds,
            "created": now,
            "updated": now,
            "day": _local_day(now),
            "size": size,
            "mtime_ns": mtime_ns,
            "pruned": None,
        }
        with self._transaction() as connection:
            insert_unless_active = (
                self._insert(FILES).values(row).on_conflict_do_nothing(index_elements=[FILES.c.active_key])
            )
            if connection.execute(insert_unless_active.returning(FILES.c.id)).first() is None:
                return None
            self._record_transition(connection, file_id, "taken", "", {"size": size})
            return _row(connection.execute(sa.select(FILES).where(FILES.c.id == file_id)).one())

    def owners(self) -> list[str]:
        """Return the ids of all workers that hold a lease."""
        query = sa.select(FILES.c.owner).where(FILES.c.active_key.is_not(None), FILES.c.owner != "").distinct()
        with self._reading() as connection:
            return list(connection.execute(query).scalars())

    def take_over(self, feeds: Iterable[str], dead: Iterable[str], except_ids: Iterable[str]) -> FileRow | None:
        """Lease the oldest file whose lease has expired, whose owner is in ``dead``, or that has no owner.

        ``except_ids`` are files that the caller has already tried. Returns None when there is no such file.
        PostgreSQL skips rows that another worker has locked; SQLite admits one writer at a time.
        """
        free = sa.or_(FILES.c.lease_until < self._clock(), FILES.c.owner.in_([*dead]))
        oldest = (
            sa.select(FILES)
            .where(
                FILES.c.active_key.is_not(None), FILES.c.feed.in_([*feeds]), FILES.c.id.not_in([*except_ids]), free
            )
            .order_by(FILES.c.created)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        with self._transaction() as connection:
            found = connection.execute(oldest).one_or_none()
            if found is None:
                return None
            crashes = found.crashes + bool(found.owner)
            values = {"owner": self.owner, "lease_until": self._clock() + self.lease_seconds, "crashes": crashes}
            connection.execute(sa.update(FILES).where(FILES.c.id == found.id).values(values))
            self._record_transition(connection, found.id, found.state, found.sha256, {"taken_over": True})
            return msgspec.structs.replace(_row(found), owner=self.owner, crashes=crashes)

    def renew(self, file_id: str) -> bool:
        """Extend the lease on a file; return False when this worker no longer owns it."""
        values = {"lease_until": self._clock() + self.lease_seconds}
        with self._transaction() as connection:
            return connection.execute(sa.update(FILES).where(self._owned(file_id)).values(values)).rowcount == 1

    def defer(self, file_id: str, seconds: float) -> None:
        """Give up the lease on a file in progress; any worker may take it over after ``seconds``."""
        values = {"owner": "", "lease_until": self._clock() + seconds}
        with self._transaction() as connection:
            connection.execute(sa.update(FILES).where(self._owned(file_id)).values(values))

    def release(self, row: FileRow) -> None:
        """Delete the row of a file in state ``taken`` that has vanished or was returned to the inbox."""
        with self._transaction() as connection:
            released = sa.select(FILES.c.id).where(self._owned(row.id), FILES.c.state == "taken")
            connection.execute(sa.delete(TRANSITIONS).where(TRANSITIONS.c.file_id.in_(released)))
            connection.execute(sa.delete(FILES).where(self._owned(row.id), FILES.c.state == "taken"))

    # -- state transitions ---------------------------------------------------------------------------------

    def record_result(
        self,
        row: FileRow,
        result: FileResult,
        keys: Mapping[Kind, Iterable[str]],
        duplicate_days: int,
        override: int | None,
        also: Callable[[sa.Connection], None] | None = None,
    ) -> FileRow:
        """Record the result of a file, which moves it from ``taken`` to ``scrubbed``, and return the new row.

        ``keys`` identify the file's bytes, interchanges and claims; later files are compared with them. ``also``
        writes to the same database in the same transaction.
        Raises LostLease, and AlreadySeen when another file has recorded one of the keys and there is no
        ``override``.
        """
        values: dict[str, Any] = msgspec.structs.asdict(result)
        for name in _NAME_COLUMNS:
            if name in values:
                values[name] = os.fsencode(values[name])
        for name in _JSON_COLUMNS:
            values[name] = json.dumps(values[name], sort_keys=True)
        counts = {name: values[name] for name in ("claims", "accepted", "rejected", "failed")}
        with self._transaction() as connection:
            scrubbed = self._advance(connection, row, "taken", "scrubbed", values, counts)
            for kind, its_keys in keys.items():
                self._reserve_keys(connection, row, kind, [*its_keys], duplicate_days, override)
            if override is not None:
                used = sa.update(OVERRIDES).where(OVERRIDES.c.number == override).values(used_by=row.id)
                connection.execute(used)
            if also is not None:
                also(connection)
            return scrubbed

    def advance(self, row: FileRow, state: State, **values: Any) -> FileRow:
        """Record the next state of a file and return the new row.

        Raises LostLease when this worker no longer owns the file.
        """
        final = state not in IN_PROGRESS
        if final:
            values |= {"active_key": None, "owner": "", "lease_until": 0.0}
        with self._transaction() as connection:
            return self._advance(connection, row, row.state, state, values, {"outcome": row.outcome})

    def set_names(self, row: FileRow, **names: str) -> FileRow:
        """Change name columns of a file before anything is moved to these names; return the new row.

        Raises LostLease when this worker no longer owns the file.
        """
        with self._transaction() as connection:
            values = {name: os.fsencode(value) for name, value in names.items()}
            changed = connection.execute(sa.update(FILES).where(self._owned(row.id)).values(values))
            if changed.rowcount != 1:
                raise LostLease(row.id)
        return msgspec.structs.replace(row, **names)

    def _advance(
        self,
        connection: sa.Connection,
        row: FileRow,
        old: str,
        new: State,
        values: dict[str, Any],
        counts: dict[str, Any],
    ) -> FileRow:
        values = {**values, "state": new, "updated": time.time()}
        expected = sa.and_(self._owned(row.id), FILES.c.state == old)
        if connection.execute(sa.update(FILES).where(expected).values(values)).rowcount != 1:
            raise LostLease(row.id)
        found = connection.execute(sa.select(FILES).where(FILES.c.id == row.id)).one()
        self._record_transition(connection, row.id, new, found.sha256, counts)
        return _row(found)

    def _owned(self, file_id: str) -> sa.ColumnElement[bool]:
        return sa.and_(FILES.c.id == file_id, FILES.c.owner == self.owner, FILES.c.active_key.is_not(None))

    def _record_transition(
        self, connection: sa.Connection, file_id: str, state: str, sha256: str, counts: dict[str, Any]
    ) -> None:
        connection.execute(
            sa.insert(TRANSITIONS).values(
                file_id=file_id,
                at=time.time(),
                state=state,
                owner=self.owner,
                sha256=sha256,
                counts=json.dumps(counts, sort_keys=True),
            )
        )

    # -- keys of earlier files -----------------------------------------------------------------------------

    def find_earlier(
        self, feed: str, kind: Kind, keys: Iterable[str], days: int | None, except_id: str
    ) -> list[EarlierFile]:
        """Return the earlier files that recorded one of these keys within ``days``, except ``except_id``."""
        since = 0.0 if days is None else time.time() - days * _DAY
        found = []
        with self._reading() as connection:
            for batch in _batches(keys):
                query = sa.select(SEEN.c.key, SEEN.c.file_id).where(
                    SEEN.c.feed == feed,
                    SEEN.c.kind == kind,
                    SEEN.c.key.in_(batch),
                    SEEN.c.at >= since,
                    SEEN.c.file_id != except_id,
                )
                found += [EarlierFile(kind, row.key, row.file_id) for row in connection.execute(query)]
        return found

    def claim_hash(self, identity: Iterable[str]) -> str:
        """Return an HMAC of a claim's identity under the ledger's secret, so that values can't be guessed."""
        return hmac.new(self._secret, "\0".join(identity).encode(), hashlib.sha256).hexdigest()

    def _reserve_keys(
        self, connection: sa.Connection, row: FileRow, kind: Kind, keys: list[str], days: int, override: int | None
    ) -> None:
        """Record keys of a file. Raises AlreadySeen when another file has a bytes or interchange key."""
        now = time.time()
        since = 0.0 if kind == "bytes" else now - days * _DAY
        free = sa.or_(SEEN.c.file_id == row.id, SEEN.c.at < since)
        allow_all = kind == "claim" or override is not None
        for batch in _batches(dict.fromkeys(keys)):
            rows = [{"feed": row.feed, "kind": kind, "key": key, "file_id": row.id, "at": now} for key in batch]
            insert = self._insert(SEEN).values(rows)
            upsert = insert.on_conflict_do_update(
                index_elements=[SEEN.c.feed, SEEN.c.kind, SEEN.c.key],
                set_={"file_id": row.id, "at": now},
                where=sa.true() if allow_all else free,
            )
            if len(connection.execute(upsert.returning(SEEN.c.key)).all()) != len(rows):
                raise AlreadySeen(row.id)

    # -- overrides -----------------------------------------------------------------------------------------

    def override_for(self, feed: str, sha256: str, file_id: str) -> int | None:
        """Return the number of an override for these bytes that no other file has used, or None."""
        unused = sa.or_(OVERRIDES.c.used_by.is_(None), OVERRIDES.c.used_by == file_id)
        query = sa.select(OVERRIDES.c.number).where(OVERRIDES.c.feed == feed, OVERRIDES.c.sha256 == sha256, unused)
        with self._reading() as connection:
            return connection.execute(query.order_by(OVERRIDES.c.number)).scalars().first()

    def add_override(self, row: FileRow, reason: str, by: str) -> None:
        """Record an override, which accepts a refused duplicate once. Repeating the call changes nothing."""
        with self._transaction() as connection:
            unused = sa.select(OVERRIDES.c.number).where(
                OVERRIDES.c.file_id == row.id, OVERRIDES.c.used_by.is_(None)
            )
            if connection.execute(unused).first() is None:
                connection.execute(
                    sa.insert(OVERRIDES).values(
                        feed=row.feed, file_id=row.id, sha256=row.sha256, reason=reason, by=by, at=time.time()
                    )
                )

    def overrides(self) -> list[dict[str, Any]]:
        """Return all overrides, each with its reason and the person who decided."""
        with self._reading() as connection:
            return [dict(row._mapping) for row in connection.execute(sa.select(OVERRIDES).order_by("number"))]

    # -- queries -------------------------------------------------------------------------------------------

    def file(self, file_id: str) -> FileRow | None:
        """Return the file with this id, or None."""
        with self._reading() as connection:
            found = connection.execute(sa.select(FILES).where(FILES.c.id == file_id)).one_or_none()
            return _row(found) if found is not None else None

    def files(
        self, feeds: Iterable[str], since: date | None = None, until: date | None = None
    ) -> Iterator[FileRow]:
        """Yield the files taken from ``since`` to ``until`` (inclusive, local dates), oldest first."""
        query = sa.select(FILES).where(FILES.c.feed.in_([*feeds])).order_by(FILES.c.created, FILES.c.id)
        if since is not None:
            query = query.where(FILES.c.day >= since.isoformat())
        if until is not None:
            query = query.where(FILES.c.day <= until.isoformat())
        last: FileRow | None = None
        while True:  # in pages, each starting after the last row of the previous one: no cursor stays open
            page_query = query.limit(_BATCH_SIZE)
            if last is not None:
                page_query = page_query.where(
                    sa.tuple_(FILES.c.created, FILES.c.id) > sa.tuple_(last.created, last.id)
                )
            with self._reading() as connection:
                page = [_row(found) for found in connection.execute(page_query)]
            yield from page
            if len(page) < _BATCH_SIZE:
                return
            last = page[-1]

    def transitions(self, file_id: str) -> list[dict[str, Any]]:
        """Return the state transitions of a file, oldest first."""
        query = sa.select(TRANSITIONS).where(TRANSITIONS.c.file_id == file_id).order_by(TRANSITIONS.c.number)
        with self._reading() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def record_pruned(self, row: FileRow) -> None:
        """Record that a file's input and artifacts were removed from disk."""
        with self._transaction() as connection:
            connection.execute(sa.update(FILES).where(FILES.c.id == row.id).values(pruned=time.time()))

    def prune_keys(self, feed: str, before: float) -> int:
        """Delete interchange and claim keys recorded before a time (seconds since 1970); return their number."""
        old = sa.delete(SEEN).where(SEEN.c.feed == feed, SEEN.c.kind != "bytes", SEEN.c.at < before)
        with self._transaction() as connection:
            return connection.execute(old).rowcount

    # -- the database --------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except sa.exc.DBAPIError as error:
            raise unavailable(error, "ledger", self._database) from None

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        try:
            with self._autocommit.connect() as connection:
                yield connection
        except sa.exc.DBAPIError as error:
            raise unavailable(error, "ledger", self._database) from None

    def _clock(self) -> sa.ColumnElement[float]:
        """Return the time on a clock common to all workers: the PostgreSQL server's, or this machine's."""
        if self._engine.dialect.name == "postgresql":
            return sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Float)
        return sa.literal(time.time(), sa.Float)

    def _insert(self, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
        return postgresql.insert(table) if self._engine.dialect.name == "postgresql" else sqlite.insert(table)


def _active_key(feed: str, name: str) -> str:
    return hashlib.sha256(feed.encode() + b"\0" + os.fsencode(name)).hexdigest()


def _local_day(at: float) -> str:
    return datetime.fromtimestamp(at).date().isoformat()  # noqa: DTZ006 - days are local dates


def _row(found: sa.Row[Any]) -> FileRow:
    values = {name: getattr(found, name) for name in FileRow.__struct_fields__}
    for name in _NAME_COLUMNS:
        values[name] = os.fsdecode(values[name])
    for name in _JSON_COLUMNS:
        values[name] = json.loads(values[name])
    return FileRow(**values)


def _batches(keys: Iterable[str]) -> Iterator[list[str]]:
    all_keys = list(keys)
    for start in range(0, len(all_keys), _BATCH_SIZE):
        yield all_keys[start : start + _BATCH_SIZE]
