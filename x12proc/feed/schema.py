"""The tables of the ledger. Times are seconds since 1970 (UTC); file names are bytes, maybe invalid UTF-8."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    func,
    insert,
    inspect,
    select,
    text,
)

from x12proc.errors import ConfigError

VERSION = 2  # of these tables; a ledger of another version is refused
_LOCK = 0x78_31_32_70  # "x12p": the advisory lock held while PostgreSQL's tables are created
METADATA = MetaData()

SCHEMA_VERSION = Table(
    "schema_version",
    METADATA,
    Column("version", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("secret", LargeBinary, nullable=False),  # HMAC key of claim hashes, so that nobody can guess values
)

FILES = Table(
    "files",
    METADATA,
    Column("id", String(16), primary_key=True),
    Column("feed", String(64), nullable=False),
    Column("name", LargeBinary, nullable=False),
    Column(
        "active_key", String(64), unique=True
    ),  # hash of feed and name while the file is in progress, else NULL
    Column("state", String(16), nullable=False),
    Column(
        "owner", String(120), nullable=False
    ),  # id of the worker that holds the lease; empty when there is none
    Column("lease_until", Float, nullable=False),
    Column("crashes", Integer, nullable=False),  # number of workers that died while they owned the file
    Column("created", Float, nullable=False),
    Column("updated", Float, nullable=False),
    Column("day", String(10), nullable=False),  # local date on which the file was taken
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    # The result, set in state "scrubbed":
    Column("outcome", String(16), nullable=False),  # archive or quarantine
    Column("code", String(64), nullable=False),  # reason code of a quarantined file
    Column("stem", LargeBinary, nullable=False),  # common part of the artifact names
    Column("attempt", String(16), nullable=False),  # folder in work/<id>/ with the recorded artifacts
    Column("folder", LargeBinary, nullable=False),  # in the outbox; empty when there is no artifact
    Column("stored_as", LargeBinary, nullable=False),  # name in archive or quarantine
    Column("artifacts", Text, nullable=False),  # JSON: SHA-256 by name
    Column("claims", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("by_rule", Text, nullable=False),  # JSON: number of findings by rule
    Column("program", Text, nullable=False),  # JSON: version, rules edition, date and profile
    Column("pruned", Float),  # time when input and artifacts were removed
    Index("files_feed_day", "feed", "day"),
)

TRANSITIONS = Table(
    "transitions",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("file_id", String(16), ForeignKey("files.id"), nullable=False, index=True),
    Column("at", Float, nullable=False),
    Column("state", String(16), nullable=False),
    Column("owner", String(120), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("counts", Text, nullable=False),  # JSON
)

# Hashed keys of earlier files, by kind: "bytes", "interchange" or "claim".
SEEN = Table(
    "seen",
    METADATA,
    Column("feed", String(64), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("file_id", String(16), nullable=False, index=True),
    Column("at", Float, nullable=False),
)

OVERRIDES = Table(
    "overrides",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("feed", String(64), nullable=False),
    Column("file_id", String(16), ForeignKey("files.id"), nullable=False),  # the refused file
    Column("sha256", String(64), nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("used_by", String(16)),  # the file that was accepted with this override
)


def ensure_tables(connection: Connection, now: float, secret: bytes) -> None:
    """Create the tables if absent. Raises ConfigError for tables of another schema version."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    if not inspect(connection).has_table(SCHEMA_VERSION.name):
        METADATA.create_all(connection)
        connection.execute(insert(SCHEMA_VERSION).values(version=VERSION, created_at=now, secret=secret))
    version = connection.execute(text("SELECT version FROM schema_version")).scalar_one()
    if version != VERSION:
        age = "a newer" if version > VERSION else "an older"
        raise ConfigError(
            f"the ledger has schema {version}, created by {age} x12proc; this one requires schema {VERSION}"
        )
