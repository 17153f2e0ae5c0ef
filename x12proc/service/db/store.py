"""The data folder: the database, and a folder for every run."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, delete, event, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from x12proc.errors import ConfigError
from x12proc.service.db.tables import VERSION, BrowserSession, Event, Run, Table, stamp

INPUT = "input.edi"  # the name of every file that was sent; the sender's own name could tell of a patient
_OLDEST_EVENT = timedelta(days=6 * 366)  # how long the record of who did what is kept


class Store:
    """One data folder, for as many threads and processes as open it."""

    def __init__(self, folder: Path) -> None:
        """Open or make it. Raises ConfigError for a folder that can't be used."""
        self.folder = folder
        self._runs = folder / "runs"
        try:
            self._runs.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.chmod(0o700)
        except OSError as error:
            raise ConfigError(f"--data {folder}: can't be used: {error.strerror}") from None
        # Values stay out of error messages: they are claims.
        self._engine = create_engine(f"sqlite:///{folder / 'x12proc.db'}", hide_parameters=True)
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        try:
            self._make_tables()
        except ConfigError:
            self.close()
            raise
        except DatabaseError:
            self.close()
            raise ConfigError(f"--data {folder}: x12proc.db can't be read as a database of ours") from None

    def _make_tables(self) -> None:
        with self._engine.execution_options(writing=True).begin() as connection:
            found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            if found not in (0, VERSION):
                raise ConfigError(f"--data {self.folder}: the database is of version {found}, we know {VERSION}")
            Table.metadata.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that reads one state of the database."""
        with Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that writes; committed at the end, undone when something is raised."""
        engine = self._engine.execution_options(writing=True)
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    # -- folders -----------------------------------------------------------------------------------------------

    def new_folder(self) -> Path:
        """An empty folder for a run; its name is the run's id."""
        folder = self._runs / secrets.token_hex(8)
        folder.mkdir(mode=0o700)
        return folder

    def run_folder(self, run_id: str) -> Path:
        """Where a run keeps its files."""
        return self._runs / run_id

    def drop_strays(self) -> None:
        """Remove folders that no run owns: what was being sent when the service last ended."""
        with self.reading() as session:
            known = set(session.scalars(select(Run.id)))
        for folder in self._runs.iterdir():
            if folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)

    # -- deleting ----------------------------------------------------------------------------------------------

    def delete_run(self, run_id: str) -> bool:
        """Delete a run with its claims and files; whether there was one."""
        with self.writing() as session:
            found = session.execute(delete(Run).where(Run.id == run_id).returning(Run.id)).first()
        if found is not None:
            shutil.rmtree(self.run_folder(run_id), ignore_errors=True)
        return found is not None

    def purge(self, days: int) -> int:
        """Delete the runs that are older than some days, sessions that have ended and very old events; how many
        runs that were."""
        now = datetime.now(UTC)
        with self.writing() as session:
            session.execute(delete(BrowserSession).where(BrowserSession.expires < stamp(now)))
            session.execute(delete(Event).where(Event.at < stamp(now - _OLDEST_EVENT)))
            old = list(session.scalars(select(Run.id).where(Run.created < stamp(now - timedelta(days=days)))))
        for run_id in old:
            self.delete_run(run_id)
        self._shrink()
        return len(old)

    def _shrink(self) -> None:
        """Give the room of deleted rows back, in the log of writes as well."""
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _prepare(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions begin where we say it, below
    for setting in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",  # what is deleted is overwritten
        "busy_timeout = 30000",
    ):
        connection.execute(f"PRAGMA {setting}")


def _begin(connection: Connection) -> None:
    """Whoever means to write takes the lock at once: a reader that turns writer can be refused."""
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
