"""The claims of a run as database rows, which lists, filters and charts read."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from x12proc.claims.model import Party as ClaimParty
from x12proc.engine.document import patient_document
from x12proc.engine.result import ClaimResult, LineResult
from x12proc.findings import Finding
from x12proc.service.db.store import Store
from x12proc.service.db.tables import OPEN, ClaimRow, FindingRow, Party
from x12proc.values import parse_charge

_BATCH = 500  # claims written in one transaction
_LONGEST = 200  # characters of a name or number
_LONGEST_SEARCHED = 2000
_MOST_CENTS = Decimal(9 * 10**18)


class ClaimIndex:
    """Writes the claim results of one run, in file order, to the database in batches."""

    def __init__(self, store: Store, run_id: str) -> None:
        self._store = store
        self._run_id = run_id
        self._claims: list[ClaimResult] = []
        self._count = 0
        self._parties: dict[tuple[str, str, str], int] = {}

    def add(self, result: ClaimResult) -> None:
        """Add one claim; a full batch is written."""
        self._claims.append(result)
        if len(self._claims) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Write the claims that are not written yet."""
        with self._store.writing() as session:
            for result in self._claims:
                self._count += 1
                self._write(session, result)
        self._claims.clear()
        if len(self._parties) > _BATCH:
            self._parties.clear()

    def _write(self, session: Session, result: ClaimResult) -> None:
        claim = result.claim
        disposition = "rejected" if result.rejected else "accepted"
        row = ClaimRow(
            run_id=self._run_id,
            ordinal=self._count,
            payer_id=self._party(session, "payer", claim.payer),
            provider_id=self._party(session, "provider", claim.billing_provider),
            initial_disposition=disposition,
            disposition=disposition,
            span=msgspec.msgpack.encode(claim.span),
        )
        for name, value in claim_columns(result).items():
            setattr(row, name, value)
        session.add(row)
        session.flush()
        for rule, severity in rules_hit(result.all_findings):
            session.add(FindingRow(claim_id=row.id, rule=rule, severity=severity, state=OPEN, initial=True))

    def _party(self, session: Session, kind: str, party: ClaimParty | None) -> int:
        code, name = (party.id[:_LONGEST], party.name[:_LONGEST]) if party else ("", "")
        key = (kind, code, name)
        if key not in self._parties:
            values = {"kind": kind, "code": code, "name": name}
            session.execute(insert(Party).values(values).on_conflict_do_nothing())
            self._parties[key] = session.scalars(select(Party.id).filter_by(**values)).one()
        return self._parties[key]


def claim_columns(result: ClaimResult) -> dict[str, Any]:
    """Return the columns of a claim's row that lists show and that an edit may change."""
    claim = result.claim
    patient = patient_document(claim)
    drug = drug_name(result.lines[0]) if result.lines else ""
    provider = claim.billing_provider
    numbers = [line.line.ndc for line in result.lines]
    searched = (claim.id, patient["name"], patient["member_id"], provider.id if provider else "", drug, *numbers)
    return {
        "claim_number": claim.id[:_LONGEST],
        "patient": patient["name"][:_LONGEST],
        "drug": drug[:_LONGEST],
        "search_text": search_form("\n".join(searched))[:_LONGEST_SEARCHED],
        "profile": result.profile,
        "charge": claim.charge[:_LONGEST],
        "cents": to_cents(claim.charge),
        "service_date": first_service_day(result),
    }


def search_form(text: str) -> str:
    """Return a text as it is searched: without case, and without the hyphens and commas of numbers and names."""
    return text.casefold().replace("-", "").replace(",", "")


def drug_name(line: LineResult) -> str:
    """Return the drug of a line: the product of its NDC, or else what its text names; empty for neither."""
    if line.product is not None:
        return line.product.name
    return line.narrative.matched or line.narrative.drug_name or ""


def rules_hit(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    """Return the distinct pairs of rule and severity of some findings, in order."""
    return list(dict.fromkeys((finding.rule, finding.severity) for finding in findings))


def to_cents(charge: str) -> int | None:
    """Convert a charge to whole cents; None where it is no amount, or too large for any payment."""
    amount = parse_charge(charge)
    return None if amount is None or amount * 100 > _MOST_CENTS else int(amount * 100)


def first_service_day(result: ClaimResult) -> str:
    """Return the first day of service of the first target line that has one; empty where none has."""
    for line in result.lines:
        if line.line.service_days is not None:
            return line.line.service_days[0].isoformat()
    return ""
