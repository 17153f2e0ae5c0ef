"""The tables of the record. Times are seconds since 1970 (UTC); keys are 16 bytes of an HMAC, or empty."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
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
)

from x12proc.errors import ConfigError

VERSION = 1  # of these tables; a record of another version is refused
_LOCK = 0x78_31_32_72  # "x12r": the advisory lock held while PostgreSQL's tables are created
METADATA = MetaData()
_ID = BigInteger().with_variant(Integer, "sqlite")

META = Table(
    "record_version",
    METADATA,
    Column("version", Integer, nullable=False),
    Column("key_check", LargeBinary, nullable=False),  # made with the key file, to know it again
)

RUNS = Table(
    "recorded_runs",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("file_key", LargeBinary, nullable=False, unique=True),  # of the file's SHA-256
    Column("first", Float, nullable=False),
    Column("last", Float, nullable=False, index=True),
    Column("feed", String(64), nullable=False),
    Column("version", String(64), nullable=False),
    Column("rules_edition", String(64), nullable=False),
    Column("reference_editions", Text, nullable=False),  # JSON
    Column("as_of", String(10), nullable=False),
    Column("fixed", Integer, nullable=False),
    Column("claims", BigInteger, nullable=False),
    sqlite_autoincrement=True,  # the id of a run that was pruned is not used again
)

# Transaction sets of a file; the id of a set is made of the run's id and the set's ordinal, as is a claim's.
SETS = Table(
    "recorded_sets",
    METADATA,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("interchange_key", LargeBinary, nullable=False),
    Column("group_key", LargeBinary, nullable=False),
    Column("set_key", LargeBinary, nullable=False),
    Index("recorded_sets_controls", "interchange_key", "group_key", "set_key"),
    Index("recorded_sets_groups", "group_key", "set_key"),
)

CLAIMS = Table(
    "recorded_claims",
    METADATA,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("set_id", _ID, nullable=False, index=True),
    Column("claim_key", LargeBinary, nullable=False),
    Column("provider_key", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),  # a ClaimBody as MessagePack
    Index("recorded_claims_keys", "claim_key", "provider_key"),
)

# Further keys by which a claim is found: the first 15 to 20 characters of its number, REF*6R of its lines.
KEYS = Table(
    "recorded_keys",
    METADATA,
    Column("key", LargeBinary, primary_key=True),
    Column("claim_id", _ID, primary_key=True, autoincrement=False, index=True),
    sqlite_with_rowid=False,
)

_IDS_PER_RUN = 2**32


def first_id(run_id: int) -> int:
    """Return the lowest id of a run's claims and sets."""
    return run_id * _IDS_PER_RUN


def run_of(row_id: int) -> int:
    """Return the id of the run that a claim or set belongs to."""
    return row_id // _IDS_PER_RUN


def ensure_tables(connection: Connection, key_check: bytes) -> None:
    """Create the tables if absent. Raises ConfigError for another schema version or another key file."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    if not inspect(connection).has_table(META.name):
        METADATA.create_all(connection)
        connection.execute(insert(META).values(version=VERSION, key_check=key_check))
    found = connection.execute(select(META.c.version, META.c.key_check)).one()
    if found.version != VERSION:
        raise ConfigError(f"the record has schema {found.version}; this x12proc requires schema {VERSION}")
    if bytes(found.key_check) != key_check:
        raise ConfigError("the record was made with another key file; without that file it can't be used")
