"""The ledger's tables. Times are seconds since 1970 (UTC); file names are bytes, since they need be no text."""

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

VERSION = 1
_LOCK = 0x78_31_32_70  # "x12p": the advisory lock under which PostgreSQL's tables are made
METADATA = MetaData()

SCHEMA_VERSION = Table(
    "schema_version",
    METADATA,
    Column("version", Integer, nullable=False),
    Column("made_at", Float, nullable=False),
    Column("secret", LargeBinary, nullable=False),  # keys the hashes of claims, so that nobody can try them out
)

FILES = Table(
    "files",
    METADATA,
    Column("id", String(16), primary_key=True),
    Column("feed", String(64), nullable=False),
    Column("name", LargeBinary, nullable=False),
    Column("taken", String(64), unique=True),  # hash of feed and name while the input is at work, else NULL
    Column("state", String(16), nullable=False),
    Column("owner", String(120), nullable=False),  # who works on it; empty when nobody does
    Column("lease_until", Float, nullable=False),
    Column("crashes", Integer, nullable=False),  # how many workers died over it
    Column("created", Float, nullable=False),
    Column("updated", Float, nullable=False),
    Column("day", String(10), nullable=False),  # local date on which it was taken
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    # What became of it, from "scrubbed" on:
    Column("outcome", String(16), nullable=False),  # archive or quarantine
    Column("code", String(64), nullable=False),  # why it is in quarantine
    Column("stem", LargeBinary, nullable=False),  # what its artifacts are called
    Column("attempt", String(16), nullable=False),  # the folder in work/<id>/ that counts
    Column("folder", LargeBinary, nullable=False),  # in the outbox; empty when there is no artifact
    Column("stored_as", LargeBinary, nullable=False),  # in archive or quarantine
    Column("artifacts", Text, nullable=False),  # JSON: SHA-256 by name
    Column("claims", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("by_rule", Text, nullable=False),  # JSON: findings by rule
    Column("program", Text, nullable=False),  # JSON: version and editions
    Column("pruned", Float),  # when its files were removed
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

# What came before, by the hash of its key: "bytes", "interchange" or "claim".
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
    Column("file_id", String(16), ForeignKey("files.id"), nullable=False),  # the one that was refused
    Column("sha256", String(64), nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("used_by", String(16)),  # the file that was taken because of it
)


def ensure(connection: Connection, now: float, secret: bytes) -> None:
    """Make the tables when there are none. Raises ConfigError for tables of another version."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    if not inspect(connection).has_table(SCHEMA_VERSION.name):
        METADATA.create_all(connection)
        connection.execute(insert(SCHEMA_VERSION).values(version=VERSION, made_at=now, secret=secret))
    found = connection.execute(text("SELECT version FROM schema_version")).scalar_one()
    if found != VERSION:
        age = "a newer" if found > VERSION else "an older"
        raise ConfigError(
            f"the ledger has schema {found}, made by {age} x12proc; this one works with schema {VERSION}"
        )
