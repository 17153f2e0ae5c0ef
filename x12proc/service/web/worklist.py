"""The list of claims: by what is wrong with them, who is to pay and how much is at stake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypeAlias
from urllib.parse import urlencode

import msgspec
from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session, aliased

from x12proc.service.db.store import Store
from x12proc.service.db.tables import DONE, OPEN, ClaimRow, FindingRow, Party, Run
from x12proc.service.web.claims import is_open
from x12proc.values import format_dollars, parse_charge

PAGE = 50  # rows of a list
MOST_CHOICES = 300  # payers or providers that can be chosen, those with the most claims
View: TypeAlias = Literal["open", "bypassed", "mended", "all"]
Order: TypeAlias = Literal["amount", "date", "newest"]
VIEWS: dict[View, str] = {
    "open": "To be worked on",
    "bypassed": "Bypassed",
    "mended": "Mended",
    "all": "All target claims",
}
ORDERS: dict[Order, str] = {"amount": "Highest charge", "date": "Oldest service", "newest": "Newest file"}
SEVERITIES = ("reject", "warn", "info")
_MOST_PAGES = 2000


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which claims are shown, in which order. They stand in addresses: numbers, dates, rule ids, nothing of a
    person."""

    view: View = "open"
    order: Order = "amount"
    run: str = ""
    payer: int | None = None
    provider: int | None = None
    rule: str = ""
    severity: Literal["", "reject", "warn", "info"] = ""
    since: date | None = None  # of the first day of service
    until: date | None = None
    least: Decimal | None = None  # dollars of CLM02
    most: Decimal | None = None
    page: int = 1

    def address(self, **changed: Any) -> str:
        """The query of an address that shows the same but for what is changed."""
        facts = {**msgspec.to_builtins(self), **changed}
        plain = {"view": "open", "order": "amount", "page": 1}
        kept = {key: value for key, value in facts.items() if value not in ("", None, plain.get(key))}
        return urlencode(kept)


def parse_filters(query: Mapping[str, str]) -> tuple[Filters, list[str]]:
    """The filters of an address, and the names of those that can't be read and are left out."""
    good: dict[str, object] = {}
    bad: list[str] = []
    for field in msgspec.structs.fields(Filters):
        text = query.get(field.name, "").strip()
        if not text:
            continue
        try:
            good[field.name] = _read(field.name, text, field.type)
        except (msgspec.ValidationError, ValueError):
            bad.append(field.name)
    return Filters(**good), bad  # type: ignore[arg-type]  # each was converted to its field's type


def _read(name: str, text: str, kind: Any) -> object:
    if name in ("least", "most"):
        amount = parse_charge(text.removeprefix("$").replace(",", ""))
        if amount is None:
            raise ValueError(name)
        return amount
    value = msgspec.convert(text[:40], kind, strict=False)
    if name == "page" and not 1 <= value <= _MOST_PAGES:
        raise ValueError(name)
    if name in ("payer", "provider") and not 0 < value < 2**31:
        raise ValueError(name)
    return value


class Entry(msgspec.Struct, frozen=True):
    """A claim as the list shows it."""

    row: ClaimRow
    payer: str
    provider: str
    charge: str
    findings: list[tuple[str, str]]  # rule and severity, of those that are open


class ClaimList(msgspec.Struct, frozen=True):
    """A page of claims, how many there are in all, and what they charge."""

    entries: list[Entry]
    count: int
    charges: str
    pages: int


class Choices(msgspec.Struct, frozen=True):
    """What can be chosen in the filter."""

    payers: list[tuple[int, str]]
    providers: list[tuple[int, str]]
    rules: list[str]


def list_claims(store: Store, filters: Filters, today: date) -> ClaimList:
    """The claims that the filters let through."""
    wanted = _wanted(filters, today)
    payer, provider = aliased(Party), aliased(Party)
    shown = (
        select(ClaimRow, payer, provider)
        .join(Run, Run.id == ClaimRow.run_id)
        .join(payer, payer.id == ClaimRow.payer_id)
        .join(provider, provider.id == ClaimRow.provider_id)
        .where(wanted)
        .limit(PAGE)
        .offset((filters.page - 1) * PAGE)
    )
    totals = select(func.count(), func.sum(ClaimRow.cents)).join(Run, Run.id == ClaimRow.run_id).where(wanted)
    with store.reading() as session:
        count, cents = session.execute(totals).one()
        rows = session.execute(_ordered(shown, filters.order)).all()
        found = _findings(session, [row.id for row, _, _ in rows])
    entries = [
        Entry(row, party_name(payer), party_name(provider), charge_of(row), found.get(row.id, []))
        for row, payer, provider in rows
    ]
    return ClaimList(entries, count, format_dollars(Decimal(cents or 0) / 100), max(-(-count // PAGE), 1))


def _wanted(filters: Filters, today: date) -> ColumnElement[bool]:
    conditions = [Run.state == DONE, _in_view(filters.view, today)]
    for column, value in (
        (ClaimRow.run_id, filters.run),
        (ClaimRow.payer_id, filters.payer),
        (ClaimRow.provider_id, filters.provider),
    ):
        if value:
            conditions.append(column == value)
    if filters.since:
        conditions.append(ClaimRow.service_date >= filters.since.isoformat())
    if filters.until:
        conditions.append(and_(ClaimRow.service_date != "", ClaimRow.service_date <= filters.until.isoformat()))
    if filters.least is not None:
        conditions.append(ClaimRow.cents >= int(filters.least * 100))
    if filters.most is not None:
        conditions.append(ClaimRow.cents <= int(filters.most * 100))
    if filters.rule or filters.severity:
        conditions.append(ClaimRow.id.in_(_heard_on(filters)))
    return and_(*conditions)


def _in_view(view: View, today: date) -> ColumnElement[bool]:
    if view == "open":
        return is_open(today)
    if view == "bypassed":
        return and_(ClaimRow.disposition == "accepted", ClaimRow.bypass_until >= today.isoformat())
    if view == "mended":
        return and_(
            ClaimRow.came == "rejected", ClaimRow.disposition == "accepted", ClaimRow.bypass_until.is_(None)
        )
    return ClaimRow.id > 0


def _heard_on(filters: Filters) -> Any:
    """The claims on which a rule, or one of a severity, is heard; in a list of what is done, on which it was."""
    heard = select(FindingRow.claim_id)
    if filters.rule:
        heard = heard.where(FindingRow.rule == filters.rule)
    if filters.severity:
        heard = heard.where(FindingRow.severity == filters.severity)
    return heard.where(FindingRow.state == OPEN) if filters.view == "open" else heard


def _ordered(shown: Any, order: Order) -> Any:
    if order == "date":
        return shown.order_by(ClaimRow.service_date, ClaimRow.id)
    if order == "newest":
        return shown.order_by(Run.created.desc(), Run.id, ClaimRow.place)
    return shown.order_by(ClaimRow.cents.desc().nulls_last(), ClaimRow.id)


def _findings(session: Session, claims: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    found: dict[int, list[tuple[str, str]]] = {}
    if claims:
        heard = select(FindingRow).where(FindingRow.claim_id.in_(claims), FindingRow.state == OPEN)
        for row in session.scalars(heard.order_by(FindingRow.id)):
            found.setdefault(row.claim_id, []).append((row.rule, row.severity))
    for pairs in found.values():
        pairs.sort(key=lambda pair: SEVERITIES.index(pair[1]))
    return found


def choices(store: Store) -> Choices:
    """The payers, providers and rules that there are claims of."""
    with store.reading() as session:
        rules = session.scalars(select(FindingRow.rule).distinct().order_by(FindingRow.rule))
        return Choices(_parties(session, ClaimRow.payer_id), _parties(session, ClaimRow.provider_id), list(rules))


def _parties(session: Session, column: Any) -> list[tuple[int, str]]:
    counted = select(column, func.count()).group_by(column).order_by(func.count().desc()).limit(MOST_CHOICES)
    ids = [party_id for party_id, _ in session.execute(counted)]
    parties = session.scalars(select(Party).where(Party.id.in_(ids)))
    return sorted(((party.id, party_name(party)) for party in parties), key=lambda pair: pair[1].casefold())


def party_name(party: Party) -> str:
    """A payer or provider by name and number."""
    return " ".join(part for part in (party.name, party.code) if part) or "not named"


def charge_of(row: ClaimRow) -> str:
    """A claim's charge with its dollar sign; as sent where it is no amount."""
    return row.charge if row.cents is None else format_dollars(Decimal(row.cents) / 100)
