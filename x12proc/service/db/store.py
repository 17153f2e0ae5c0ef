"""The data folder: the database, and a folder per run."""

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
from x12proc.service.db.tables import (
    VERSION,
    BrowserSession,
    ClaimRow,
    Event,
    Party,
    Release,
    Run,
    Search,
    Table,
    format_utc,
)

INPUT = "input.edi"  # the name of every stored file; the sender's file name may identify a patient
_OLDEST_SEARCH = timedelta(days=1)
_OLDEST_EVENT = timedelta(days=6 * 366)  # retention of the audit log


def record_folder(data: Path) -> Path:
    """Return the folder of the record of predictions, which outlives the runs."""
    return data / "record"


class Store:
    """A data folder; many threads and processes may open the same one."""

    def __init__(self, folder: Path) -> None:
        """Open or create the folder. Raises ConfigError when it can't be used."""
        self.folder = folder
        self._runs = folder / "runs"
        try:
            self._runs.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.chmod(0o700)
        except OSError as error:
            raise ConfigError(f"--data {folder}: can't be used: {error.strerror}") from None
        # Parameters are kept out of error messages: they hold claim data.
        self._engine = create_engine(f"sqlite:///{folder / 'x12proc.db'}", hide_parameters=True)
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        try:
            self._create_tables()
        except ConfigError:
            self.close()
            raise
        except DatabaseError:
            self.close()
            raise ConfigError(f"--data {folder}: x12proc.db is not a database of x12proc") from None

    def _create_tables(self) -> None:
        with self._engine.execution_options(writing=True).begin() as connection:
            found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            if found not in (0, VERSION):
                raise ConfigError(
                    f"--data {self.folder}: the database has version {found}, this program needs {VERSION}"
                )
            Table.metadata.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session that reads one snapshot of the database."""
        with Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Yield a session that writes: committed at the end, rolled back on an exception."""
        engine = self._engine.execution_options(writing=True)
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    # -- folders -----------------------------------------------------------------------------------------------

    def new_folder(self) -> Path:
        """Create an empty folder for a run and return it; its name is the run's id."""
        folder = self._runs / secrets.token_hex(8)
        folder.mkdir(mode=0o700)
        return folder

    def run_folder(self, run_id: str) -> Path:
        """Return the folder of a run."""
        return self._runs / run_id

    def delete_orphans(self) -> None:
        """Delete what was unfinished when the service last stopped: folders without a run, unrecorded releases."""
        with self.reading() as session:
            known = set(session.scalars(select(Run.id)))
            released = {f"release-{release}.edi" for release in session.scalars(select(Release.id))}
        for folder in self._runs.iterdir():
            if folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)
                continue
            for path in folder.glob("release-*"):
                if path.name not in released:
                    path.unlink(missing_ok=True)

    # -- deleting ----------------------------------------------------------------------------------------------

    def delete_run(self, run_id: str) -> bool:
        """Delete a run with its claims and files, also from the log; return whether it existed."""
        existed = self._delete_run(run_id)
        if existed:
            self._shrink()
        return existed

    def _delete_run(self, run_id: str) -> bool:
        with self.writing() as session:
            found = session.execute(delete(Run).where(Run.id == run_id).returning(Run.id)).first()
            _delete_unused_parties(session)
        if found is not None:
            shutil.rmtree(self.run_folder(run_id), ignore_errors=True)
        return found is not None

    def purge(self, days: int) -> int:
        """Delete runs older than ``days``, ended sessions and expired events; return the number of runs."""
        now = datetime.now(UTC)
        with self.writing() as session:
            session.execute(delete(BrowserSession).where(BrowserSession.expires < format_utc(now)))
            session.execute(delete(Search).where(Search.created < format_utc(now - _OLDEST_SEARCH)))
            session.execute(delete(Event).where(Event.at < format_utc(now - _OLDEST_EVENT)))
            old = list(session.scalars(select(Run.id).where(Run.created < format_utc(now - timedelta(days=days)))))
        for run_id in old:
            self._delete_run(run_id)
        self._shrink()  # once for all of them
        return len(old)

    def _shrink(self) -> None:
        """Truncate the write-ahead log, which still holds deleted rows."""
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _delete_unused_parties(session: Session) -> None:
    """Delete payers and providers without a claim. A run that is being written refers to its own by claims."""
    used = select(ClaimRow.payer_id).union(select(ClaimRow.provider_id))
    session.execute(delete(Party).where(Party.id.not_in(used)))


def _prepare(connection: Any, _: object) -> None:
    connection.isolation_level = None  # _begin starts transactions
    for setting in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",  # overwrite deleted content with zeros
        "busy_timeout = 30000",
    ):
        connection.execute(f"PRAGMA {setting}")


def _begin(connection: Connection) -> None:
    """Take the write lock at once: SQLite may refuse to upgrade a read transaction."""
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
