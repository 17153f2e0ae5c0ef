"""Read FEED.toml: the watched folders, the scrub options of each feed, and the URL of the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from x12proc.errors import ConfigError
from x12proc.feed.schedule import Expectation, parse_expectation
from x12proc.runner.artifacts import ARTIFACTS
from x12proc.runner.pool import Conformance
from x12proc.runner.settings import AUTO, GuideErrorPolicy, Settings, load_settings, read_config
from x12proc.typed_toml import convert, decode

# Artifacts that a feed can write. A fixed file is excluded, because a person has to review it before it is sent.
EMITTED = tuple(kind for kind in ARTIFACTS if kind != "fixed")
FOLDERS = ("inbox", "outbox", "archive", "quarantine", "work")
_OWN_FOLDERS = FOLDERS[1:]  # an inbox may be shared by feeds with other name patterns
Seconds: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=31_536_000)]
Name: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]


class LedgerTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The table ``[ledger]``."""

    url: str = "sqlite:///ledger.db"
    lease_seconds: Annotated[float, msgspec.Meta(ge=1, le=86_400)] = (
        60  # then another worker may take over the file
    )


class RecordTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The table ``[record]``: keep a record of predictions in the ledger's database."""

    key: Annotated[str, msgspec.Meta(min_length=1)]  # path of the key file


class FeedTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table ``[feeds.NAME]``. Folders are relative to the file and created when absent."""

    inbox: str = "in"
    outbox: str = "out"
    archive: str = "archive"
    quarantine: str = "quarantine"
    work: str = "work"
    names: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = ("*",)  # patterns of file names to take
    profile: str = AUTO
    config: str = ""  # path of an x12proc.toml; empty for the shipped one
    codes: tuple[str, ...] = ()
    emit: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = ("json", "html", "annotated")
    ack_scope: Literal["all", "rejected"] | None = None
    conformance: Conformance | None = None
    guide_errors: GuideErrorPolicy | None = None
    settle_seconds: Seconds = 2
    incomplete_after_seconds: Seconds = 3600
    duplicate_days: Annotated[int, msgspec.Meta(ge=1, le=3660)] = 90
    expect: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    feeds: Annotated[dict[Name, dict[str, Any]], msgspec.Meta(min_length=1)]
    ledger: dict[str, Any] = {}
    record: dict[str, Any] | None = None
    poll_seconds: Annotated[float, msgspec.Meta(ge=0.05, le=3600)] = 1


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """One feed with absolute folder paths and loaded settings."""

    name: str
    inbox: Path
    outbox: Path
    archive: Path
    quarantine: Path
    work: Path
    names: tuple[str, ...]
    emit: tuple[str, ...]
    settings: Settings
    settle_seconds: float
    incomplete_after_seconds: float
    duplicate_days: int
    expect: Expectation | None


class FeedFile(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a FEED.toml. ``ledger_url`` is a URL for SQLAlchemy, ``record_key`` the record's key file."""

    ledger_url: str
    record_key: Path | None  # None: no record
    lease_seconds: float
    poll_seconds: float
    feeds: tuple[Feed, ...]

    def feed(self, name: str) -> Feed | None:
        """Return the feed of this name, or None."""
        return next((feed for feed in self.feeds if feed.name == name), None)


def load_feed_file(path: Path) -> FeedFile:
    """Read FEED.toml. Raises ConfigError, which names the file, the key and the allowed values."""
    file = decode(read_config(path), _File, str(path))
    base = path.absolute().parent
    ledger = convert(file.ledger, LedgerTable, f"{path}: ledger")
    tables = {
        name: convert(table, FeedTable, f"{path}: feeds.{name}") for name, table in sorted(file.feeds.items())
    }
    record = None if file.record is None else convert(file.record, RecordTable, f"{path}: record")
    feeds = tuple(
        _feed(name, table, base, f"{path}: feeds.{name}", hidden=record is not None)
        for name, table in tables.items()
    )
    _check_folders(feeds, path)
    return FeedFile(
        ledger_url=_absolute_url(ledger.url, base, f"{path}: ledger.url"),
        record_key=base / record.key if record is not None else None,
        lease_seconds=ledger.lease_seconds,
        poll_seconds=file.poll_seconds,
        feeds=feeds,
    )


def _feed(name: str, table: FeedTable, base: Path, where: str, *, hidden: bool) -> Feed:
    for kind in table.emit:
        if kind not in EMITTED:
            raise ConfigError(f"{where}.emit: {kind!r} can't be written; allowed are {', '.join(EMITTED)}")
    try:
        settings = load_settings(
            config=base / table.config if table.config else None,
            profile=table.profile,
            codes=table.codes,
            ack_scope=table.ack_scope,
            conformance=table.conformance,
            guide_errors=table.guide_errors,
            hidden=hidden,
        )
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
    return Feed(
        name=name,
        **{folder: (base / getattr(table, folder)).absolute() for folder in FOLDERS},
        names=table.names,
        emit=tuple(dict.fromkeys(table.emit)),
        settings=settings,
        settle_seconds=table.settle_seconds,
        incomplete_after_seconds=table.incomplete_after_seconds,
        duplicate_days=table.duplicate_days,
        expect=parse_expectation(table.expect, f"{where}.expect") if table.expect else None,
    )


def _check_folders(feeds: tuple[Feed, ...], path: Path) -> None:
    """Check that no folder has two uses, in which one feed would overwrite or read the files of another."""
    used: dict[Path, str] = {}
    for feed in feeds:
        for folder in _OWN_FOLDERS:
            folder_path = getattr(feed, folder).resolve()
            key = f"feeds.{feed.name}.{folder}"
            if folder_path in used:
                raise ConfigError(f"{path}: {key}: this folder is {used[folder_path]} already; give each its own")
            used[folder_path] = key
    for feed in feeds:
        if feed.inbox.resolve() in used:
            raise ConfigError(
                f"{path}: feeds.{feed.name}.inbox: this folder is {used[feed.inbox.resolve()]} already"
            )


def _absolute_url(url: str, base: Path, where: str) -> str:
    """Return the URL of the ledger for SQLAlchemy; a SQLite file is relative to FEED.toml."""
    kind, found, location = url.partition("://")
    if found and kind in ("postgresql", "postgresql+psycopg"):
        return f"postgresql+psycopg://{location}"
    if found and kind == "sqlite" and location.startswith("/") and location[1:] and ":memory:" not in location:
        return f"sqlite:///{base / location[1:]}"
    raise ConfigError(f"{where}: allowed are sqlite:///FILE and postgresql+psycopg://USER@HOST/DATABASE")
