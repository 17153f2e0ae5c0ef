"""The tables of the service's database. Times are UTC text such as ``2026-11-23T08:15:00Z``, which sorts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

VERSION = 3  # of this schema; a database of another version is refused

WAITING, DONE, BROKEN = "waiting", "done", "broken"  # states of a run
OPEN, FIXED, BYPASSED = "open", "fixed", "bypassed"  # states of a finding


class Table(DeclarativeBase):
    """The declarative base of all tables."""

    type_annotation_map = {dict[str, Any]: JSON, list[str]: JSON}  # noqa: RUF012 - SQLAlchemy reads it so


class Key(Table):
    """An API key: its name, the hash of its secret, its scopes."""

    __tablename__ = "keys"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    digest: Mapped[str]
    scopes: Mapped[list[str]]
    created: Mapped[str]
    revoked: Mapped[str | None]


class BrowserSession(Table):
    """A browser session, opened with a key. ``digest`` is the hash of its cookie."""

    __tablename__ = "sessions"
    digest: Mapped[str] = mapped_column(primary_key=True)
    key_id: Mapped[int] = mapped_column(ForeignKey("keys.id", ondelete="CASCADE"))
    csrf: Mapped[str]
    expires: Mapped[str]


class Run(Table):
    """A submitted file and its result."""

    __tablename__ = "runs"
    id: Mapped[str] = mapped_column(primary_key=True)
    key_name: Mapped[str]
    name: Mapped[str]  # the file name given by the sender
    state: Mapped[str]
    created: Mapped[str] = mapped_column(index=True)
    finished: Mapped[str | None]
    sha256: Mapped[str]
    bytes: Mapped[int] = mapped_column(BigInteger)
    options: Mapped[dict[str, Any]]  # ScrubOptions, as submitted
    emit: Mapped[list[str]]
    status: Mapped[str | None]  # accepted, rejected or failed
    summary: Mapped[dict[str, Any]]
    withheld: Mapped[dict[str, Any]]
    problem: Mapped[str | None]  # why there is no result


class IdempotencyRecord(Table):
    """The hash of an Idempotency-Key and of its request, and the run that they created."""

    __tablename__ = "idempotency_records"
    digest: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), index=True)


class Party(Table):
    """A payer or billing provider; URLs refer to it by its id, never by its name."""

    __tablename__ = "parties"
    __table_args__ = (UniqueConstraint("kind", "code", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]  # payer or provider
    code: Mapped[str]
    name: Mapped[str]


class ClaimRow(Table):
    """A target claim: the values that lists show, its span in the file, and its bytes once edited."""

    __tablename__ = "claims"
    __table_args__ = (Index("claims_by_number", "run_id", "claim_number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    ordinal: Mapped[int]  # of the target claim in its file, from 1
    claim_number: Mapped[str]  # CLM01
    patient: Mapped[str]  # NM103 and NM104 of the patient treated
    drug: Mapped[str]  # of the first target line, by its NDC or else its text; empty where neither names one
    search_text: Mapped[str]  # what a search looks in: see claim_index
    payer_id: Mapped[int] = mapped_column(ForeignKey("parties.id"), index=True)
    provider_id: Mapped[int] = mapped_column(ForeignKey("parties.id"), index=True)
    profile: Mapped[str]
    charge: Mapped[str]  # CLM02 as sent
    cents: Mapped[int | None] = mapped_column(BigInteger)  # the same as a number; None where it is no amount
    service_date: Mapped[str]  # of the first target line; empty where it can't be read
    initial_disposition: Mapped[str]  # of the file as submitted: accepted or rejected
    disposition: Mapped[str] = mapped_column(index=True)  # after edits and bypasses
    bypass_until: Mapped[str | None]  # the earliest end of the bypasses that it is accepted by
    span: Mapped[bytes]  # its ClaimSpan, as msgpack
    release_id: Mapped[str | None] = mapped_column(ForeignKey("releases.id"), index=True)  # None: not yet sent on
    edited: Mapped[bytes | None]  # its bytes after edits; None while they are those of the file


class Release(Table):
    """Claims of a run that were released together, as one file in the run's folder, to be sent on."""

    __tablename__ = "releases"
    id: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), index=True)
    at: Mapped[str]
    by: Mapped[str]
    target_claims: Mapped[int]
    other_claims: Mapped[int]  # those without a target line; they are released once, together


class FindingRow(Table):
    """A rule reported on a claim, one row per rule and severity."""

    __tablename__ = "findings"
    id: Mapped[int] = mapped_column(primary_key=True)
    claim_id: Mapped[int] = mapped_column(ForeignKey("claims.id", ondelete="CASCADE"), index=True)
    rule: Mapped[str] = mapped_column(index=True)
    severity: Mapped[str]
    state: Mapped[str]
    initial: Mapped[bool]  # reported on the file as submitted; else caused by an edit


class Change(Table):
    """One edit of a claim's bytes."""

    __tablename__ = "changes"
    id: Mapped[int] = mapped_column(primary_key=True)
    claim_id: Mapped[int] = mapped_column(ForeignKey("claims.id", ondelete="CASCADE"), index=True)
    at: Mapped[str]
    by: Mapped[str]
    kind: Mapped[str]
    before: Mapped[str]
    after: Mapped[str]


class BypassRow(Table):
    """A user's bypass of a rule on one claim."""

    __tablename__ = "bypasses"
    id: Mapped[int] = mapped_column(primary_key=True)
    claim_id: Mapped[int] = mapped_column(ForeignKey("claims.id", ondelete="CASCADE"), index=True)
    at: Mapped[str]
    by: Mapped[str]
    rule: Mapped[str]
    reason: Mapped[str]
    until: Mapped[str]
    withdrawn: Mapped[str | None]


class Search(Table):
    """The text of a search, so that URLs hold only its id. It is deleted after a day."""

    __tablename__ = "searches"
    id: Mapped[str] = mapped_column(primary_key=True)
    key_id: Mapped[int] = mapped_column(ForeignKey("keys.id", ondelete="CASCADE"))
    text: Mapped[str]
    created: Mapped[str]


class Event(Table):
    """An entry of the audit log. It holds ids only and no value of a claim: it outlives the runs."""

    __tablename__ = "events"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[str]
    by: Mapped[str]
    action: Mapped[str]
    run_id: Mapped[str | None]
    claim_id: Mapped[int | None]
    rule: Mapped[str | None]


def format_utc(moment: datetime) -> str:
    """Format a UTC time as the tables store it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_now() -> str:
    """Return the current time as the tables store it."""
    return format_utc(datetime.now(UTC))
