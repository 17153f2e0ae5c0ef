"""The record as a database: claims are written with their file, found by keys, and deleted by age."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from msgspec.structs import asdict
from sqlalchemy.dialects import postgresql, sqlite

from x12proc.errors import ConfigError
from x12proc.record.claim_entry import RecordEntry
from x12proc.record.database import database_name, open_engine, unavailable
from x12proc.record.key_file import create_key, read_key
from x12proc.record.keys import RecordKeys
from x12proc.record.model import ClaimBody, RecordedClaim, RecordedRun
from x12proc.record.schema import CLAIMS, KEYS, RUNS, SETS, ensure_tables, first_id, run_of

DATABASE, KEY_FILE = "record.db", "record.key"  # in a record's folder
MOST_BY_LINE = 50  # claims that are returned for one line item control number
_BATCH = 500  # rows or keys per statement
_WHAT = "record"


class PredictionStore:
    """The record of one key file. Methods raise DatabaseUnavailable when the database fails."""

    def __init__(self, url: str, keys: RecordKeys) -> None:
        """Open a database, with tables created if absent. Raises ConfigError if it was made with another key."""
        self.keys = keys
        self._engine = open_engine(url, _WHAT)
        self._database = database_name(self._engine.url)
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._runs: dict[int, RecordedRun] = {}
        try:
            with self.begin() as connection:
                ensure_tables(connection, keys.check)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close all connections to the database."""
        self._engine.dispose()

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """Yield a connection in a transaction, which is committed at the end and rolled back on an exception."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except sa.exc.DBAPIError as error:
            raise unavailable(error, _WHAT, self._database) from None

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Yield a connection for queries that need no transaction."""
        try:
            with self._autocommit.connect() as connection:
                yield connection
        except sa.exc.DBAPIError as error:
            raise unavailable(error, _WHAT, self._database) from None

    # -- finding claims ------------------------------------------------------------------------------------

    def find_claims(self, numbers: Collection[str], provider: str = "") -> dict[str, tuple[RecordedClaim, ...]]:
        """Return the claims with these numbers (CLM01) by number; a number without a claim is left out.

        ``provider`` is the billing NPI, "" for any. Claims of one number are in the order of their recording.
        """
        return self._find(numbers, self.keys.claim, CLAIMS.c.claim_key, provider)

    def find_by_prefix(self, cuts: Collection[str], provider: str = "") -> dict[str, tuple[RecordedClaim, ...]]:
        """Return the claims whose number is longer and begins with these 15 to 20 characters, by these."""
        return self._find(cuts, self.keys.prefix, KEYS.c.key, provider)

    def find_by_line(self, controls: Collection[str], provider: str = "") -> dict[str, tuple[RecordedClaim, ...]]:
        """Return the claims that have a target line with these line item control numbers (REF*6R), by number.

        A number that is on many claims, such as 1, identifies none: of these no more than 50 are returned.
        """
        found: dict[str, tuple[RecordedClaim, ...]] = {}
        for control in controls:  # one by one, as each has a limit of its own
            found |= self._find([control], self.keys.line, KEYS.c.key, provider, MOST_BY_LINE)
        return found

    def find_by_control(
        self, interchange: str = "", group: str = "", transaction: str = ""
    ) -> Iterator[RecordedClaim]:
        """Yield the claims sent under these control numbers (ISA13, GS06, ST02); "" is any, but not all three."""
        wanted = [
            column == self.keys.control(number)
            for column, number in (
                (SETS.c.interchange_key, interchange),
                (SETS.c.group_key, group),
                (SETS.c.set_key, transaction),
            )
            if number.strip()
        ]
        if wanted:
            yield from self._pages(sa.and_(*wanted))

    def claims(self, since: float = 0.0, until: float | None = None) -> Iterator[RecordedClaim]:
        """Yield the claims of files that were recorded last in a period (seconds since 1970), by id."""
        period = RUNS.c.last >= since
        with self.reading() as connection:
            in_period = sa.select(RUNS.c.id).where(period if until is None else period & (RUNS.c.last <= until))
            run_ids = list(connection.execute(in_period.order_by(RUNS.c.id)).scalars())
        for run_id in run_ids:
            yield from self._pages(_of_run(CLAIMS.c.id, run_id))

    def runs(self) -> list[RecordedRun]:
        """Return the files that were recorded, by id."""
        with self.reading() as connection:
            return [_run(row) for row in connection.execute(sa.select(RUNS).order_by(RUNS.c.id))]

    def _find(
        self,
        texts: Collection[str],
        key_of: Callable[[str], bytes],
        column: sa.Column[Any],
        provider: str,
        most: int | None = None,
    ) -> dict[str, tuple[RecordedClaim, ...]]:
        by_key: dict[bytes, list[str]] = {}
        for text in dict.fromkeys(texts):
            if key := key_of(text):
                by_key.setdefault(key, []).append(text)
        found: dict[bytes, list[RecordedClaim]] = {}
        with self.reading() as connection:
            for batch in _batches(by_key):
                for row in connection.execute(self._query(column, batch, provider).limit(most)):
                    found.setdefault(bytes(row.found_by), []).append(self._claim(connection, row))
        return {text: tuple(claims) for key, claims in found.items() for text in by_key[key]}

    def _query(self, column: sa.Column[Any], keys: list[bytes], provider: str) -> sa.Select[Any]:
        query = _CLAIM.add_columns(column.label("found_by")).where(column.in_(keys))
        if column.table is KEYS:
            query = query.join(KEYS, KEYS.c.claim_id == CLAIMS.c.id)
        if provider.strip():
            query = query.where(CLAIMS.c.provider_key == self.keys.provider(provider))
        return query.order_by(CLAIMS.c.id)

    def _pages(self, wanted: sa.ColumnElement[bool]) -> Iterator[RecordedClaim]:
        """Yield claims by id in pages, each starting after the last one of the previous: no cursor stays open."""
        last = -1
        while True:
            query = _CLAIM.where(wanted, CLAIMS.c.id > last).order_by(CLAIMS.c.id).limit(_BATCH)
            with self.reading() as connection:
                page = [self._claim(connection, row) for row in connection.execute(query).all()]
            yield from page
            if len(page) < _BATCH:
                return
            last = page[-1].id

    def _claim(self, connection: sa.Connection, row: Any) -> RecordedClaim:
        run_id = run_of(row.id)
        run = self._runs.get(run_id)
        if run is None:
            found = connection.execute(sa.select(RUNS).where(RUNS.c.id == run_id)).one()
            run = self._runs[run_id] = _run(found)
        body = _BODY.decode(row.body)
        return RecordedClaim(
            id=row.id,
            run=run,
            claim_key=bytes(row.claim_key),
            provider_key=bytes(row.provider_key),
            interchange_key=bytes(row.interchange_key),
            group_key=bytes(row.group_key),
            set_key=bytes(row.set_key),
            **{name: getattr(body, name) for name in ClaimBody.__struct_fields__},
        )

    # -- deleting ------------------------------------------------------------------------------------------

    def prune(self, before: float, *, dry_run: bool = False) -> tuple[int, int]:
        """Delete the files recorded last before a time (seconds since 1970); return how many, and their claims.

        Each file is deleted in a transaction of its own. With ``dry_run`` nothing is deleted.
        """
        old = [run for run in self.runs() if run.last < before]
        for run in [] if dry_run else old:
            with self.begin() as connection:
                _delete_claims(connection, run.id)
                connection.execute(sa.delete(RUNS).where(RUNS.c.id == run.id))
            self._runs.pop(run.id, None)
        return len(old), sum(run.claims for run in old)


def create_folder(folder: Path, key: Path | None = None) -> Path:
    """Create a record in a folder, and its key file if absent; return the path of that. Raises ConfigError."""
    path = key or folder / KEY_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(f"{folder}: the folder can't be created: {error.strerror}") from None
    if not path.exists():
        if (folder / DATABASE).exists():
            raise ConfigError(f"{path}: the key file is missing; another one would make the record useless")
        create_key(path)
    open_folder(folder, key).close()
    return path


def open_folder(folder: Path, key: Path | None = None) -> PredictionStore:
    """Open the record in a folder. Raises ConfigError where there is none or the key file is another one."""
    keys = read_key(key or folder / KEY_FILE)
    if not folder.is_dir():
        raise ConfigError(f"{folder}: there is no such folder; 'x12proc record init' creates a record")
    path = folder / DATABASE
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))  # SQLite would let others read it
    except OSError as error:
        raise ConfigError(f"{path}: the record can't be opened: {error.strerror}") from None
    return PredictionStore(f"sqlite:///{path.absolute()}", keys)


# -- writing ---------------------------------------------------------------------------------------------------


def write_run(
    connection: sa.Connection, file_key: bytes, run: RecordedRun, entries: Iterable[RecordEntry]
) -> None:
    """Write a file and its claims in the caller's transaction, in place of what is recorded of the same file.

    The time at which the file was recorded first is kept.
    """
    run_id = _upsert_run(connection, file_key, run)
    _delete_claims(connection, run_id)
    set_id, envelope = first_id(run_id) - 1, None
    numbered = enumerate(entries, start=first_id(run_id))
    while batch := list(islice(numbered, _BATCH)):
        sets, claims, further = [], [], []
        for row_id, entry in batch:
            if entry.envelope != envelope:  # claims are in file order: those of a set follow each other
                set_id, envelope = set_id + 1, entry.envelope
                sets.append({"id": set_id, **asdict(envelope)})
            claims.append(_claim_row(row_id, entry, set_id))
            further += [{"key": key, "claim_id": row_id} for key in entry.further_keys]
        for table, rows in ((SETS, sets), (CLAIMS, claims), (KEYS, further)):
            if rows:
                connection.execute(sa.insert(table), rows)


def _upsert_run(connection: sa.Connection, file_key: bytes, run: RecordedRun) -> int:
    values: dict[str, Any] = asdict(run)
    del values["id"]
    values |= {
        "reference_editions": json.dumps(run.reference_editions, sort_keys=True),
        "fixed": int(run.fixed),
        "file_key": file_key,
    }
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    changed = {name: value for name, value in values.items() if name not in ("file_key", "first")}
    upsert = insert(RUNS).values(values).on_conflict_do_update(index_elements=[RUNS.c.file_key], set_=changed)
    return int(connection.execute(upsert.returning(RUNS.c.id)).scalar_one())


def _delete_claims(connection: sa.Connection, run_id: int) -> None:
    connection.execute(sa.delete(KEYS).where(_of_run(KEYS.c.claim_id, run_id)))
    connection.execute(sa.delete(CLAIMS).where(_of_run(CLAIMS.c.id, run_id)))
    connection.execute(sa.delete(SETS).where(_of_run(SETS.c.id, run_id)))


def _of_run(column: sa.Column[Any], run_id: int) -> sa.ColumnElement[bool]:
    return column.between(first_id(run_id), first_id(run_id + 1) - 1)


def _claim_row(row_id: int, entry: RecordEntry, set_id: int) -> dict[str, Any]:
    return {
        "id": row_id,
        "set_id": set_id,
        "claim_key": entry.claim_key,
        "provider_key": entry.provider_key,
        "body": _ENCODER.encode(entry.body),
    }


_BODY = msgspec.msgpack.Decoder(ClaimBody)
_ENCODER = msgspec.msgpack.Encoder()
_CLAIM = sa.select(
    CLAIMS.c.id,
    CLAIMS.c.claim_key,
    CLAIMS.c.provider_key,
    CLAIMS.c.body,
    SETS.c.interchange_key,
    SETS.c.group_key,
    SETS.c.set_key,
).join(SETS, SETS.c.id == CLAIMS.c.set_id)


def _run(row: sa.Row[Any]) -> RecordedRun:
    values = {name: getattr(row, name) for name in RecordedRun.__struct_fields__}
    return RecordedRun(
        **values | {"reference_editions": json.loads(row.reference_editions), "fixed": bool(row.fixed)}
    )


def _batches(keys: Iterable[bytes]) -> Iterator[list[bytes]]:
    remaining = iter(keys)
    while batch := list(islice(remaining, _BATCH)):
        yield batch
