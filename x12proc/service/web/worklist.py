"""The list of claims, filtered by rule, payer, provider, date and charge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypeAlias
from urllib.parse import parse_qsl, urlencode

import msgspec
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from x12proc.service.db.store import Store
from x12proc.service.db.tables import DONE, OPEN, BypassRow, ClaimRow, FindingRow, Party, Run
from x12proc.service.web.claims import is_open
from x12proc.service.web.search import search_conditions
from x12proc.values import format_dollars, parse_charge

PAGE = 50  # rows of a list
MOST_CHOICES = 300  # payers or providers offered in the filter, those with the most claims
View: TypeAlias = Literal["open", "bypassed", "fixed", "all"]
Order: TypeAlias = Literal["amount", "date", "newest", "claim", "patient", "payer", "provider", "drug"]
VIEWS: dict[View, str] = {
    "open": "To do",
    "bypassed": "Bypassed",
    "fixed": "Fixed",
    "all": "All target claims",
}
ORDERS: dict[Order, str] = {
    "amount": "Highest charge",
    "date": "Oldest service",
    "newest": "Newest file",
    "claim": "Claim number",
    "patient": "Patient",
    "payer": "Payer",
    "provider": "Billing provider",
    "drug": "Drug",
}
SEVERITIES = ("reject", "warn", "info")
_MOST_PAGES = 2000
_MOST_IDS = 500  # in one statement
_CLAIM, _PAYER, _PROVIDER = ClaimRow, aliased(Party), aliased(Party)


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """The filters and order of the list. They are part of URLs: numbers, dates, rule ids, nothing of a person."""

    view: View = "open"
    order: Order = "amount"
    reverse: bool = False  # the last in that order first
    search: str = ""  # the id of a search
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

    def query(self, **changed: Any) -> str:
        """Return the URL query of these filters with some changed."""
        values = {**msgspec.to_builtins(self), **changed}
        defaults = {"view": "open", "order": "amount", "reverse": False, "page": 1}
        kept = {key: value for key, value in values.items() if value not in ("", None, defaults.get(key))}
        return urlencode(kept)

    def fields(self) -> list[tuple[str, str]]:
        """Return the filters as the hidden fields of a form."""
        return parse_qsl(self.query(page=1))


def parse_filters(query: Mapping[str, str]) -> tuple[Filters, list[str]]:
    """Return the filters of a URL query, and the names of those that are invalid and ignored."""
    valid: dict[str, object] = {}
    invalid: list[str] = []
    for field in msgspec.structs.fields(Filters):
        text = query.get(field.name, "").strip()
        if not text:
            continue
        try:
            valid[field.name] = _convert(field.name, text, field.type)
        except (msgspec.ValidationError, ValueError):
            invalid.append(field.name)
    return Filters(**valid), invalid  # type: ignore[arg-type]  # each was converted to its field's type


def _convert(name: str, text: str, kind: Any) -> object:
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


class ClaimEntry(msgspec.Struct, frozen=True):
    """A row of the list."""

    row: ClaimRow
    payer: str
    provider: str
    charge: str
    age: int | None  # days since the service
    findings: list[tuple[str, str]]  # rule and severity of those that are open
    bypasses: list[BypassRow]  # in effect


class ClaimList(msgspec.Struct, frozen=True):
    """A page of the list, and the count and total charges of all claims in it."""

    entries: list[ClaimEntry]
    count: int
    charges: str
    pages: int


class Choices(msgspec.Struct, frozen=True):
    """The choices of the filter form."""

    payers: list[tuple[int, str]]
    providers: list[tuple[int, str]]
    rules: list[str]


def list_claims(store: Store, filters: Filters, today: date, search: str = "", most: int = PAGE) -> ClaimList:
    """Return a page, of ``most`` claims, of those that match the filters and the text of a search."""
    matching = and_(_matching(filters, today), *search_conditions(search))
    # Numbers are sorted before whole rows are read: a late page of many claims is as fast as the first.
    ids = _joined(ClaimRow.id).where(matching).order_by(*_ordering(filters))
    on_page = ids.limit(most).offset((filters.page - 1) * most).subquery()
    shown = _joined(_CLAIM, _PAYER, _PROVIDER).where(ClaimRow.id.in_(select(on_page.c.id)))
    totals = select(func.count(), func.sum(ClaimRow.cents)).join(Run, Run.id == ClaimRow.run_id).where(matching)
    with store.reading() as session:
        count, cents = session.execute(totals).one()
        rows = session.execute(shown.order_by(*_ordering(filters))).all()
        found = _findings(session, [row.id for row, _, _ in rows])
        bypasses = _bypasses(session, [row.id for row, _, _ in rows], today) if filters.view == "bypassed" else {}
    entries = [
        ClaimEntry(
            row,
            party_name(payer),
            party_name(provider),
            format_charge(row),
            _age(row, today),
            found.get(row.id, []),
            bypasses.get(row.id, []),
        )
        for row, payer, provider in rows
    ]
    return ClaimList(entries, count, format_dollars(Decimal(cents or 0) / 100), max(-(-count // most), 1))


def _matching(filters: Filters, today: date) -> ColumnElement[bool]:
    # Claims of a failed file can't be sent on, whatever is done to them.
    conditions = [Run.state == DONE, Run.status != "failed", _in_view(filters.view, today)]
    if not filters.run:
        conditions.append(ClaimRow.run_id.not_in(_repeated_runs()))
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
        conditions.append(ClaimRow.id.in_(_with_findings(filters)))
    return and_(*conditions)


def _repeated_runs() -> Any:
    """Select the runs of a file that was submitted before: its claims are listed once, where edits may be."""
    order = Run.created + Run.id  # the id where two came in the same second
    first = (
        select(Run.sha256, func.min(order).label("order"))
        .where(Run.state == DONE, Run.status != "failed")
        .group_by(Run.sha256)
        .subquery()
    )
    return select(Run.id).join(first, first.c.sha256 == Run.sha256).where(order > first.c.order)


def _in_view(view: View, today: date) -> ColumnElement[bool]:
    if view == "open":
        return is_open(today)
    if view == "bypassed":
        return and_(ClaimRow.disposition == "accepted", ClaimRow.bypass_until >= today.isoformat())
    if view == "fixed":
        return and_(
            ClaimRow.initial_disposition == "rejected",
            ClaimRow.disposition == "accepted",
            ClaimRow.bypass_until.is_(None),
        )
    return ClaimRow.id > 0


def _with_findings(filters: Filters) -> Any:
    """Select the claims with a finding of the rule or severity; in the open view only open findings count."""
    hits = select(FindingRow.claim_id)
    if filters.rule:
        hits = hits.where(FindingRow.rule == filters.rule)
    if filters.severity:
        hits = hits.where(FindingRow.severity == filters.severity)
    return hits.where(FindingRow.state == OPEN) if filters.view == "open" else hits


def _joined(*columns: Any) -> Any:
    """Select columns of claims with their runs, payers and providers."""
    return (
        select(*columns)
        .select_from(ClaimRow)
        .join(Run, Run.id == ClaimRow.run_id)
        .join(_PAYER, _PAYER.id == ClaimRow.payer_id)
        .join(_PROVIDER, _PROVIDER.id == ClaimRow.provider_id)
    )


def _sort_key(order: Order) -> tuple[Any, bool]:
    """Return what an order sorts by, and whether the greatest is first. Claims that are equal go by their id."""
    keys: dict[Order, tuple[Any, bool]] = {
        "amount": (func.coalesce(ClaimRow.cents, -1), True),
        "date": (ClaimRow.service_date, False),
        "newest": (Run.created, True),
        "claim": (ClaimRow.claim_number, False),
        "patient": (ClaimRow.patient, False),
        "payer": (_PAYER.name, False),
        "provider": (_PROVIDER.name, False),
        "drug": (func.lower(ClaimRow.drug), False),
    }
    return keys[order]


def _ordering(filters: Filters) -> tuple[Any, ...]:
    key, descending = _sort_key(filters.order)
    last_first = descending != filters.reverse
    return (key.desc() if last_first else key), (ClaimRow.id.desc() if filters.reverse else ClaimRow.id)


class Neighbors(msgspec.Struct, frozen=True):
    """The claims before and after one in a list; None at its ends."""

    previous: int | None
    next: int | None


def neighbors(store: Store, filters: Filters, today: date, search: str, claim_id: int) -> Neighbors:
    """Return the neighbors of a claim in the list, also of one that the filters no longer match."""
    key, descending = _sort_key(filters.order)
    last_first = descending != filters.reverse
    listed = _joined(ClaimRow.id).where(_matching(filters, today), *search_conditions(search))
    with store.reading() as session:
        value = session.scalar(_joined(key).where(ClaimRow.id == claim_id))
        greater_id, less_id = ClaimRow.id > claim_id, ClaimRow.id < claim_id
        same_before, same_after = (greater_id, less_id) if filters.reverse else (less_id, greater_id)
        before, after = (key > value, key < value) if last_first else (key < value, key > value)
        backwards = (key if last_first else key.desc()), (ClaimRow.id if filters.reverse else ClaimRow.id.desc())
        previous = listed.where(or_(before, and_(key == value, same_before))).order_by(*backwards)
        following = listed.where(or_(after, and_(key == value, same_after))).order_by(*_ordering(filters))
        return Neighbors(session.scalar(previous.limit(1)), session.scalar(following.limit(1)))


def _findings(session: Session, claims: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    found: dict[int, list[tuple[str, str]]] = {}
    columns = select(FindingRow.claim_id, FindingRow.rule, FindingRow.severity).where(FindingRow.state == OPEN)
    for some in batched(claims):
        hits = columns.where(FindingRow.claim_id.in_(some)).order_by(FindingRow.id)
        for claim_id, rule, severity in session.execute(hits):
            found.setdefault(claim_id, []).append((rule, severity))
    for pairs in found.values():
        pairs.sort(key=lambda pair: SEVERITIES.index(pair[1]))
    return found


def _bypasses(session: Session, claims: Sequence[int], today: date) -> dict[int, list[BypassRow]]:
    """Return the bypasses of some claims that are in effect, those of a profile left out."""
    found: dict[int, list[BypassRow]] = {}
    kept = select(BypassRow).where(BypassRow.withdrawn.is_(None), BypassRow.until >= today.isoformat())
    for some in batched(claims):
        rows = kept.where(BypassRow.claim_id.in_(some)).order_by(BypassRow.until, BypassRow.id)
        for row in session.scalars(rows):
            found.setdefault(row.claim_id, []).append(row)
    return found


def batched(claims: Sequence[int]) -> Iterator[Sequence[int]]:
    """Divide ids into parts: a statement takes only so many parameters."""
    for start in range(0, len(claims), _MOST_IDS):
        yield claims[start : start + _MOST_IDS]


def list_choices(store: Store) -> Choices:
    """Return the payers, providers and rules that occur in stored claims."""
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
    return " ".join(part for part in (party.name, party.code) if part) or "no name"


def _age(row: ClaimRow, today: date) -> int | None:
    return (today - date.fromisoformat(row.service_date)).days if row.service_date else None


def format_charge(row: ClaimRow) -> str:
    """Format a claim's charge with a dollar sign; as sent where it is no amount."""
    return row.charge if row.cents is None else format_dollars(Decimal(row.cents) / 100)
