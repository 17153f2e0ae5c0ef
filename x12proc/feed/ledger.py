"""The ledger: what was taken, who works on it, what became of it. What it says is what counts."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from x12proc.errors import ConfigError, X12ProcError
from x12proc.feed import schema
from x12proc.feed.schema import FILES, OVERRIDES, SCHEMA_VERSION, SEEN, TRANSITIONS

State: TypeAlias = Literal["claimed", "scrubbed", "published", "archived", "failed"]
Kind: TypeAlias = Literal["bytes", "interchange", "claim"]
AT_WORK = ("claimed", "scrubbed", "published")
_DAY = 86_400.0
_BUSY_MS = 60_000  # how long SQLite waits for another worker's transaction
_AT_ONCE = 500  # rows in one statement


class LedgerUnavailable(X12ProcError):  # noqa: N818 - a state of the world, which may pass
    """The database can't be reached or written. Nothing is lost: what it said last still counts."""


class LostLease(X12ProcError):  # noqa: N818 - likewise
    """Somebody else works on the file now; whoever reads this has no say in it any more."""


class AlreadySeen(X12ProcError):  # noqa: N818 - likewise
    """Another worker entered the same bytes or interchange while this one scrubbed its own."""


class FileRow(msgspec.Struct, frozen=True, kw_only=True):
    """An input as the ledger knows it. See :mod:`x12proc.feed.schema` for the columns."""

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
    def at_work(self) -> bool:
        """Whether it is not yet in the archive or in quarantine."""
        return self.state in AT_WORK

    @property
    def difference(self) -> int:
        """Claims that are neither accepted nor rejected nor failed: none, or something is wrong."""
        return self.claims - self.accepted - self.rejected - self.failed


_NAMES = ("name", "stem", "folder", "stored_as")  # columns that hold bytes of file names
_JSON = ("artifacts", "by_rule", "program")


class Judgment(msgspec.Struct, frozen=True, kw_only=True):
    """What is entered when an input has been scrubbed."""

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


class Seen(msgspec.Struct, frozen=True):
    """An earlier file with the same bytes or the same interchange."""

    kind: Kind
    key: str
    file_id: str


class Ledger:
    """All that is asked of the database, each call a transaction of its own.

    ``owner`` marks the worker that calls. Raises LedgerUnavailable where the database fails.
    """

    def __init__(self, url: str, owner: str = "", lease_seconds: float = 60) -> None:
        self.owner = owner
        self.lease_seconds = lease_seconds
        self._engine = _engine(url)
        self._reading = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        with self._writing() as connection:
            schema.ensure(connection, time.time(), secrets.token_bytes(32))
            made = connection.execute(sa.select(SCHEMA_VERSION.c.made_at, SCHEMA_VERSION.c.secret)).one()
        self.made_at = float(made.made_at)
        self._secret = bytes(made.secret)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    # -- taking and holding --------------------------------------------------------------------------------

    def claim(self, feed: str, name: str, size: int, mtime_ns: int) -> FileRow | None:
        """Enter an input that lies in the inbox as ours; None when somebody works on one of this name."""
        file_id = secrets.token_hex(8)
        now = time.time()
        row: dict[str, Any] = dict.fromkeys((column.name for column in FILES.c), "")
        row |= dict.fromkeys(("crashes", "claims", "accepted", "rejected", "failed"), 0)
        row |= dict.fromkeys(_NAMES, b"") | dict.fromkeys(_JSON, "{}")
        row |= {
            "id": file_id,
            "feed": feed,
            "name": os.fsencode(name),
            "taken": _taken(feed, name),
            "state": "claimed",
            "owner": self.owner,
            "lease_until": self._clock() + self.lease_seconds,
            "created": now,
            "updated": now,
            "day": _local_day(now),
            "size": size,
            "mtime_ns": mtime_ns,
            "pruned": None,
        }
        with self._writing() as connection:
            unless_taken = self._insert(FILES).values(row).on_conflict_do_nothing(index_elements=[FILES.c.taken])
            if connection.execute(unless_taken.returning(FILES.c.id)).first() is None:
                return None
            self._record(connection, file_id, "claimed", "", {"size": size})
            return _row(connection.execute(sa.select(FILES).where(FILES.c.id == file_id)).one())

    def owners(self) -> list[str]:
        """Who works on something now."""
        found = sa.select(FILES.c.owner).where(FILES.c.taken.is_not(None), FILES.c.owner != "").distinct()
        with self._looking() as connection:
            return list(connection.execute(found).scalars())

    def take_over(self, feeds: Iterable[str], dead: Iterable[str], without: Iterable[str]) -> FileRow | None:
        """Make a file ours whose lease has ended, whose worker is known to be dead, or on which nobody works.

        ``without`` are ids that the caller has tried. On PostgreSQL rows that others are about to take are
        skipped; SQLite lets one writer in at a time.
        """
        free = sa.or_(FILES.c.lease_until < self._clock(), FILES.c.owner.in_([*dead]))
        chosen = (
            sa.select(FILES)
            .where(FILES.c.taken.is_not(None), FILES.c.feed.in_([*feeds]), FILES.c.id.not_in([*without]), free)
            .order_by(FILES.c.created)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        with self._writing() as connection:
            found = connection.execute(chosen).one_or_none()
            if found is None:
                return None
            crashes = found.crashes + bool(found.owner)
            values = {"owner": self.owner, "lease_until": self._clock() + self.lease_seconds, "crashes": crashes}
            connection.execute(sa.update(FILES).where(FILES.c.id == found.id).values(values))
            self._record(connection, found.id, found.state, found.sha256, {"taken_over": True})
            return msgspec.structs.replace(_row(found), owner=self.owner, crashes=crashes)

    def renew(self, file_id: str) -> bool:
        """Hold a file for another while; False when it is not ours any more."""
        values = {"lease_until": self._clock() + self.lease_seconds}
        with self._writing() as connection:
            return connection.execute(sa.update(FILES).where(self._ours(file_id)).values(values)).rowcount == 1

    def put_off(self, file_id: str, seconds: float) -> None:
        """Leave a file at work as it is; whoever comes after so long goes on with it."""
        values = {"owner": "", "lease_until": self._clock() + seconds}
        with self._writing() as connection:
            connection.execute(sa.update(FILES).where(self._ours(file_id)).values(values))

    def forget(self, row: FileRow) -> None:
        """Strike a claim on an input that never was ours: it had gone, or it is back in the inbox."""
        with self._writing() as connection:
            held = sa.select(FILES.c.id).where(self._ours(row.id), FILES.c.state == "claimed")
            connection.execute(sa.delete(TRANSITIONS).where(TRANSITIONS.c.file_id.in_(held)))
            connection.execute(sa.delete(FILES).where(self._ours(row.id), FILES.c.state == "claimed"))

    # -- going on ------------------------------------------------------------------------------------------

    def enter(
        self,
        row: FileRow,
        judgment: Judgment,
        keys: Mapping[Kind, Iterable[str]],
        duplicate_days: int,
        override: int | None,
    ) -> FileRow:
        """Enter what an input came to. ``keys`` are what later files are held against.

        Raises LostLease, and AlreadySeen when one of the keys came in meanwhile and no ``override`` allows it.
        """
        values: dict[str, Any] = msgspec.structs.asdict(judgment)
        for name in _NAMES:
            if name in values:
                values[name] = os.fsencode(values[name])
        for name in _JSON:
            values[name] = json.dumps(values[name], sort_keys=True)
        counts = {name: values[name] for name in ("claims", "accepted", "rejected", "failed")}
        with self._writing() as connection:
            entered = self._advance(connection, row, "claimed", "scrubbed", values, counts)
            for kind, found in keys.items():
                self._reserve(connection, row, kind, [*found], duplicate_days, override)
            if override is not None:
                used = sa.update(OVERRIDES).where(OVERRIDES.c.number == override).values(used_by=row.id)
                connection.execute(used)
            return entered

    def advance(self, row: FileRow, state: State, **values: Any) -> FileRow:
        """Enter that a file has reached its next state. Raises LostLease when it is not ours any more."""
        final = state not in AT_WORK
        if final:
            values |= {"taken": None, "owner": "", "lease_until": 0.0}
        with self._writing() as connection:
            return self._advance(connection, row, row.state, state, values, {"outcome": row.outcome})

    def rename(self, row: FileRow, **names: str) -> FileRow:
        """Enter another name for what is about to be put somewhere, before it is put there."""
        with self._writing() as connection:
            values = {name: os.fsencode(value) for name, value in names.items()}
            changed = connection.execute(sa.update(FILES).where(self._ours(row.id)).values(values))
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
        mine = sa.and_(self._ours(row.id), FILES.c.state == old)
        if connection.execute(sa.update(FILES).where(mine).values(values)).rowcount != 1:
            raise LostLease(row.id)
        found = connection.execute(sa.select(FILES).where(FILES.c.id == row.id)).one()
        self._record(connection, row.id, new, found.sha256, counts)
        return _row(found)

    def _ours(self, file_id: str) -> sa.ColumnElement[bool]:
        return sa.and_(FILES.c.id == file_id, FILES.c.owner == self.owner, FILES.c.taken.is_not(None))

    def _record(
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

    # -- what came before ----------------------------------------------------------------------------------

    def seen(self, feed: str, kind: Kind, keys: Iterable[str], days: int | None, besides: str) -> list[Seen]:
        """Earlier files with one of these keys, within so many days; ``besides`` the file with this id."""
        since = 0.0 if days is None else time.time() - days * _DAY
        found = []
        with self._looking() as connection:
            for some in _in_portions(keys):
                known = sa.select(SEEN.c.key, SEEN.c.file_id).where(
                    SEEN.c.feed == feed,
                    SEEN.c.kind == kind,
                    SEEN.c.key.in_(some),
                    SEEN.c.at >= since,
                    SEEN.c.file_id != besides,
                )
                found += [Seen(kind, row.key, row.file_id) for row in connection.execute(known)]
        return found

    def claim_key(self, identity: Iterable[str]) -> str:
        """How a claim stands in the ledger: hashed under the ledger's secret, so that nobody can try it out."""
        return hmac.new(self._secret, "\0".join(identity).encode(), hashlib.sha256).hexdigest()

    def _reserve(
        self, connection: sa.Connection, row: FileRow, kind: Kind, keys: list[str], days: int, override: int | None
    ) -> None:
        """Enter keys as seen. A bytes or interchange key that another file holds is refused."""
        now = time.time()
        since = 0.0 if kind == "bytes" else now - days * _DAY
        free = sa.or_(SEEN.c.file_id == row.id, SEEN.c.at < since)
        anyway = kind == "claim" or override is not None
        for some in _in_portions(dict.fromkeys(keys)):
            rows = [{"feed": row.feed, "kind": kind, "key": key, "file_id": row.id, "at": now} for key in some]
            insert = self._insert(SEEN).values(rows)
            upsert = insert.on_conflict_do_update(
                index_elements=[SEEN.c.feed, SEEN.c.kind, SEEN.c.key],
                set_={"file_id": row.id, "at": now},
                where=sa.true() if anyway else free,
            )
            if len(connection.execute(upsert.returning(SEEN.c.key)).all()) != len(rows):
                raise AlreadySeen(row.id)

    # -- overrides -----------------------------------------------------------------------------------------

    def override_for(self, feed: str, sha256: str, file_id: str) -> int | None:
        """The number of an override for these bytes that nobody but this file has used."""
        mine = sa.or_(OVERRIDES.c.used_by.is_(None), OVERRIDES.c.used_by == file_id)
        found = sa.select(OVERRIDES.c.number).where(OVERRIDES.c.feed == feed, OVERRIDES.c.sha256 == sha256, mine)
        with self._looking() as connection:
            return connection.execute(found.order_by(OVERRIDES.c.number)).scalars().first()

    def override(self, row: FileRow, reason: str, by: str) -> None:
        """Enter that a refused input shall be taken the next time, once; the same again changes nothing."""
        with self._writing() as connection:
            known = sa.select(OVERRIDES.c.number).where(
                OVERRIDES.c.file_id == row.id, OVERRIDES.c.used_by.is_(None)
            )
            if connection.execute(known).first() is None:
                connection.execute(
                    sa.insert(OVERRIDES).values(
                        feed=row.feed, file_id=row.id, sha256=row.sha256, reason=reason, by=by, at=time.time()
                    )
                )

    def overrides(self) -> list[dict[str, Any]]:
        """All overrides, with who allowed what and why."""
        with self._looking() as connection:
            return [dict(row._mapping) for row in connection.execute(sa.select(OVERRIDES).order_by("number"))]

    # -- looking -------------------------------------------------------------------------------------------

    def file(self, file_id: str) -> FileRow | None:
        """The file with this id."""
        with self._looking() as connection:
            found = connection.execute(sa.select(FILES).where(FILES.c.id == file_id)).one_or_none()
            return _row(found) if found is not None else None

    def files(
        self, feeds: Iterable[str], since: date | None = None, until: date | None = None
    ) -> Iterator[FileRow]:
        """The files taken from one day to another, both included, in the order in which they were taken."""
        query = sa.select(FILES).where(FILES.c.feed.in_([*feeds])).order_by(FILES.c.created, FILES.c.id)
        if since is not None:
            query = query.where(FILES.c.day >= since.isoformat())
        if until is not None:
            query = query.where(FILES.c.day <= until.isoformat())
        last: FileRow | None = None
        while True:  # in portions, each found by where the one before ended: no cursor is held meanwhile
            more = query.limit(_AT_ONCE)
            if last is not None:
                more = more.where(sa.tuple_(FILES.c.created, FILES.c.id) > sa.tuple_(last.created, last.id))
            with self._looking() as connection:
                some = [_row(found) for found in connection.execute(more)]
            yield from some
            if len(some) < _AT_ONCE:
                return
            last = some[-1]

    def transitions(self, file_id: str) -> list[dict[str, Any]]:
        """What was entered of a file, in order."""
        query = sa.select(TRANSITIONS).where(TRANSITIONS.c.file_id == file_id).order_by(TRANSITIONS.c.number)
        with self._looking() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def prune(self, row: FileRow) -> None:
        """Enter that a file's artifacts and bytes were removed."""
        with self._writing() as connection:
            connection.execute(sa.update(FILES).where(FILES.c.id == row.id).values(pruned=time.time()))

    def prune_seen(self, feed: str, before: float) -> int:
        """Forget interchanges and claims that came before a time; how many those were."""
        old = sa.delete(SEEN).where(SEEN.c.feed == feed, SEEN.c.kind != "bytes", SEEN.c.at < before)
        with self._writing() as connection:
            return connection.execute(old).rowcount

    # -- the database --------------------------------------------------------------------------------------

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except sa.exc.DBAPIError as error:
            raise _unavailable(error) from None

    @contextmanager
    def _looking(self) -> Iterator[sa.Connection]:
        try:
            with self._reading.connect() as connection:
                yield connection
        except sa.exc.DBAPIError as error:
            raise _unavailable(error) from None

    def _clock(self) -> sa.ColumnElement[float]:
        """Now, as all workers see it: the server's clock, or for SQLite this machine's."""
        if self._engine.dialect.name == "postgresql":
            return sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Float)
        return sa.literal(time.time(), sa.Float)

    def _insert(self, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
        return postgresql.insert(table) if self._engine.dialect.name == "postgresql" else sqlite.insert(table)


def _engine(url: str) -> sa.Engine:
    """The database behind a URL. Raises ConfigError where its driver is missing, or its folder can't be made."""
    try:
        engine = sa.create_engine(url, pool_pre_ping=not url.startswith("sqlite"), hide_parameters=True)
    except ModuleNotFoundError:
        raise ConfigError("a PostgreSQL ledger needs an extra: pip install 'x12proc[postgres]'") from None
    if engine.dialect.name == "sqlite":
        try:
            Path(engine.url.database or "").parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"ledger.url: its folder can't be made: {error.strerror}") from None
        sa.event.listen(engine, "connect", _set_up_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # we say when a transaction begins
    for pragma in (
        f"busy_timeout = {_BUSY_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: sa.Connection) -> None:
    """Writers wait at the door: one that has read already could not wait any more."""
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _unavailable(error: sa.exc.DBAPIError) -> LedgerUnavailable:
    """What failed, in the driver's own class; its text could quote what we sent."""
    return LedgerUnavailable(f"the ledger can't be used: {type(error.orig).__name__}")


def _taken(feed: str, name: str) -> str:
    return hashlib.sha256(feed.encode() + b"\0" + os.fsencode(name)).hexdigest()


def _local_day(at: float) -> str:
    return datetime.fromtimestamp(at).date().isoformat()  # noqa: DTZ006 - days of work are local days


def _row(found: sa.Row[Any]) -> FileRow:
    values = {name: getattr(found, name) for name in FileRow.__struct_fields__}
    for name in _NAMES:
        values[name] = os.fsdecode(values[name])
    for name in _JSON:
        values[name] = json.loads(values[name])
    return FileRow(**values)


def _in_portions(keys: Iterable[str]) -> Iterator[list[str]]:
    waiting = list(keys)
    for start in range(0, len(waiting), _AT_ONCE):
        yield waiting[start : start + _AT_ONCE]
