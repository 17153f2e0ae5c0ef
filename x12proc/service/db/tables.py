"""The tables of the service's database. Times are UTC, written ``2026-11-23T08:15:00Z``, so that they sort."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

VERSION = 1  # of these tables; a database of another one is refused

WAITING, DONE, BROKEN = "waiting", "done", "broken"  # states of a run
OPEN, MENDED, BYPASSED = "open", "mended", "bypassed"  # states of a finding


class Table(DeclarativeBase):
    """What all tables have in common."""

    type_annotation_map = {dict[str, Any]: JSON, list[str]: JSON}  # noqa: RUF012 - SQLAlchemy reads it so


class Key(Table):
    """An API key: its name, the hash of its secret, what it may do."""

    __tablename__ = "keys"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    digest: Mapped[str]
    scopes: Mapped[list[str]]
    created: Mapped[str]
    revoked: Mapped[str | None]


class BrowserSession(Table):
    """A browser that signed in with a key. ``digest`` is the hash of what its cookie holds."""

    __tablename__ = "sessions"
    digest: Mapped[str] = mapped_column(primary_key=True)
    key_id: Mapped[int] = mapped_column(ForeignKey("keys.id", ondelete="CASCADE"))
    csrf: Mapped[str]
    expires: Mapped[str]


class Run(Table):
    """One file that was sent, and what it came to."""

    __tablename__ = "runs"
    id: Mapped[str] = mapped_column(primary_key=True)
    key_name: Mapped[str]
    name: Mapped[str]  # what the sender calls the file
    state: Mapped[str]
    created: Mapped[str] = mapped_column(index=True)
    finished: Mapped[str | None]
    sha256: Mapped[str]
    bytes: Mapped[int] = mapped_column(BigInteger)
    question: Mapped[dict[str, Any]]  # profile, codes and so on, as asked
    emit: Mapped[list[str]]
    status: Mapped[str | None]  # accepted, rejected or failed
    summary: Mapped[dict[str, Any]]
    withheld: Mapped[dict[str, Any]]
    problem: Mapped[str | None]  # why there is no result


class Sending(Table):
    """An Idempotency-Key that a file was sent with (as hash), and the run it became."""

    __tablename__ = "sendings"
    digest: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), index=True)


class Party(Table):
    """A payer or billing provider, so that addresses name it by number and never by name."""

    __tablename__ = "parties"
    __table_args__ = (UniqueConstraint("kind", "code", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]  # payer or provider
    code: Mapped[str]
    name: Mapped[str]


class ClaimRow(Table):
    """A target claim: what lists show of it, where it stands in its file, and its bytes once they were changed."""

    __tablename__ = "claims"
    __table_args__ = (Index("claims_by_number", "run_id", "claim_number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    place: Mapped[int]  # which target claim of the file, from 1
    claim_number: Mapped[str]  # CLM01
    payer_id: Mapped[int] = mapped_column(ForeignKey("parties.id"), index=True)
    provider_id: Mapped[int] = mapped_column(ForeignKey("parties.id"), index=True)
    profile: Mapped[str]
    charge: Mapped[str]  # CLM02 as sent
    cents: Mapped[int | None] = mapped_column(BigInteger)  # the same to sort by; None where it is no amount
    service_date: Mapped[str]  # of the first target line; empty where it can't be read
    came: Mapped[str]  # the disposition when it came: accepted or rejected
    disposition: Mapped[str] = mapped_column(index=True)  # as it stands now
    bypass_until: Mapped[str | None]  # accepted by bypasses, of which the first ends then
    span: Mapped[bytes]  # its ClaimSpan, as msgpack
    edited: Mapped[bytes | None]  # its bytes as they are now; None while they are those of the file


class FindingRow(Table):
    """That a rule was heard on a claim, once a rule and severity."""

    __tablename__ = "findings"
    id: Mapped[int] = mapped_column(primary_key=True)
    claim_id: Mapped[int] = mapped_column(ForeignKey("claims.id", ondelete="CASCADE"), index=True)
    rule: Mapped[str] = mapped_column(index=True)
    severity: Mapped[str]
    state: Mapped[str]
    came: Mapped[bool]  # heard when the file came; else woken by an edit


class Change(Table):
    """One change to a claim's bytes."""

    __tablename__ = "changes"
    id: Mapped[int] = mapped_column(primary_key=True)
    claim_id: Mapped[int] = mapped_column(ForeignKey("claims.id", ondelete="CASCADE"), index=True)
    at: Mapped[str]
    by: Mapped[str]
    kind: Mapped[str]
    before: Mapped[str]
    after: Mapped[str]


class BypassRow(Table):
    """Somebody's decision to set a rule aside on one claim."""

    __tablename__ = "bypasses"
    id: Mapped[int] = mapped_column(primary_key=True)
    claim_id: Mapped[int] = mapped_column(ForeignKey("claims.id", ondelete="CASCADE"), index=True)
    at: Mapped[str]
    by: Mapped[str]
    rule: Mapped[str]
    reason: Mapped[str]
    until: Mapped[str]
    withdrawn: Mapped[str | None]


class Event(Table):
    """Who did what and when. Ids only, and no value of a claim: it outlives the runs."""

    __tablename__ = "events"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[str]
    by: Mapped[str]
    action: Mapped[str]
    run_id: Mapped[str | None]
    claim_id: Mapped[int | None]
    rule: Mapped[str | None]


def stamp(moment: datetime | None = None) -> str:
    """A moment, or now, as the tables hold it."""
    return (moment or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
