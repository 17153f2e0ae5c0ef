"""The claims of a run as rows of the database: what lists, filters and charts are made of."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from x12proc.claims.model import Party as ClaimParty
from x12proc.engine.result import ClaimResult
from x12proc.findings import Finding
from x12proc.service.db.store import Store
from x12proc.service.db.tables import OPEN, ClaimRow, FindingRow, Party
from x12proc.values import parse_charge

_BATCH = 500  # claims that are written at once
_LONGEST = 200  # characters of a name or number
_MOST_CENTS = Decimal(9 * 10**18)


class Index:
    """Takes the scrubbed claims of one run, in file order, and writes them to the database in batches."""

    def __init__(self, store: Store, run_id: str) -> None:
        self._store = store
        self._run_id = run_id
        self._claims: list[ClaimResult] = []
        self._count = 0
        self._parties: dict[tuple[str, str, str], int] = {}

    def take(self, scrubbed: ClaimResult) -> None:
        """One claim."""
        self._claims.append(scrubbed)
        if len(self._claims) >= _BATCH:
            self.finish()

    def finish(self) -> None:
        """Write what is left."""
        with self._store.writing() as session:
            for scrubbed in self._claims:
                self._count += 1
                self._write(session, scrubbed)
        self._claims.clear()
        if len(self._parties) > _BATCH:
            self._parties.clear()

    def _write(self, session: Session, scrubbed: ClaimResult) -> None:
        claim = scrubbed.claim
        disposition = "rejected" if scrubbed.rejected else "accepted"
        row = ClaimRow(
            run_id=self._run_id,
            place=self._count,
            payer_id=self._party(session, "payer", claim.payer),
            provider_id=self._party(session, "provider", claim.billing_provider),
            came=disposition,
            disposition=disposition,
            span=msgspec.msgpack.encode(claim.span),
        )
        show(row, scrubbed)
        session.add(row)
        session.flush()
        for rule, severity in heard(scrubbed.all_findings):
            session.add(FindingRow(claim_id=row.id, rule=rule, severity=severity, state=OPEN, came=True))

    def _party(self, session: Session, kind: str, party: ClaimParty | None) -> int:
        code, name = (party.id[:_LONGEST], party.name[:_LONGEST]) if party else ("", "")
        key = (kind, code, name)
        if key not in self._parties:
            given = {"kind": kind, "code": code, "name": name}
            session.execute(insert(Party).values(given).on_conflict_do_nothing())
            found = select(Party.id).filter_by(**given)
            self._parties[key] = session.scalars(found).one()
        return self._parties[key]


def show(row: ClaimRow, scrubbed: ClaimResult) -> None:
    """Put what lists show of a claim into its row, which an edit may have changed."""
    claim = scrubbed.claim
    row.claim_number = claim.id[:_LONGEST]
    row.profile = scrubbed.profile
    row.charge = claim.charge[:_LONGEST]
    row.cents = cents(claim.charge)
    row.service_date = served(scrubbed)


def heard(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    """Rule and severity of what was found, each once."""
    return list(dict.fromkeys((finding.rule, finding.severity) for finding in findings))


def cents(charge: str) -> int | None:
    """A charge in whole cents; None where it is no amount, or one that no payer could pay."""
    amount = parse_charge(charge)
    return None if amount is None or amount * 100 > _MOST_CENTS else int(amount * 100)


def served(scrubbed: ClaimResult) -> str:
    """The first day of service of the first target line that names one; empty where none does."""
    for line in scrubbed.lines:
        if line.line.served is not None:
            return line.line.served[0].isoformat()
    return ""
