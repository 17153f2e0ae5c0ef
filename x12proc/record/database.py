"""Databases of watched folders and of the record: how they are opened, and how their errors are reported."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from x12proc.errors import ConfigError, UnavailableError

_BUSY_MS = 60_000  # time that SQLite waits for the transaction of another worker
_LONGEST_REASON = 400  # characters of a driver's message


class DatabaseUnavailable(UnavailableError):  # noqa: N818 - a condition, and usually temporary
    """The database can't be reached or written. Nothing is lost: its last committed state remains valid."""


def open_engine(url: str, what: str) -> sa.Engine:
    """Return the engine for a URL; ``what`` names the database in messages, such as ``ledger``.

    Raises ConfigError for a missing driver or a folder that can't be created.
    """
    if url.startswith("postgresql://"):  # for SQLAlchemy that is another driver, which is none of our extras
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    try:
        engine = sa.create_engine(url, pool_pre_ping=not url.startswith("sqlite"), hide_parameters=True)
    except ImportError:  # the driver itself, or the C library that it needs
        raise ConfigError(f"a PostgreSQL {what} needs an extra: pip install 'x12proc[postgres]'") from None
    if engine.dialect.name == "sqlite":
        try:
            Path(engine.url.database or "").parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"the folder of the {what} can't be created: {error.strerror}") from None
        sa.event.listen(engine, "connect", _set_up_sqlite)
        sa.event.listen(engine, "begin", partial(_check_file, what))
        sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _check_file(what: str, connection: sa.Connection) -> None:
    """Check that the file of the database is the one that was opened. Raises DatabaseUnavailable.

    An open file lives on after it was deleted: what is written to it then is lost.
    """
    path = Path(connection.engine.url.database or "")
    opened = connection.info.setdefault("inode", _inode(path))
    if _inode(path) != opened:
        connection.invalidate()
        raise DatabaseUnavailable(f"the {what}'s file was deleted or replaced while it was open: bring it back")


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _set_up_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions are begun explicitly, see _begin_sqlite
    for pragma in (
        f"busy_timeout = {_BUSY_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: sa.Connection) -> None:
    """Take the write lock at the start of a transaction; after a read SQLite can't wait for it."""
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def database_name(url: sa.URL) -> str:
    """Return where a database is, without user and password."""
    if url.host is None:
        return f"{url.get_backend_name()} {url.database}"
    return f"{url.get_backend_name()} at {url.host}:{url.port or 5432}, database {url.database}"


def unavailable(error: sa.exc.DBAPIError, what: str, database: str) -> DatabaseUnavailable:
    """Return the error with the driver's message where that can hold no values, as no statement had any."""
    reason = type(error.orig).__name__
    if not error.params:
        reason = " ".join(str(error.orig).split())[:_LONGEST_REASON] or reason
    return DatabaseUnavailable(f"the {what} can't be used ({database}): {reason}")
