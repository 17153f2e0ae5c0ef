"""The list of claims as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping

from x12proc.reports.csv_report import safe_cell
from x12proc.rules.base import Rule
from x12proc.service.web.worklist import ClaimEntry

MOST_EXPORTED = 100_000  # claims
_HEAD = ("claim", "patient", "payer", "provider", "service_date", "drug", "charge", "age_days", "rules", "problem")


def claims_as_csv(entries: Iterable[ClaimEntry], rules: Mapping[str, Rule]) -> bytes:
    """Return claims as CSV in UTF-8; texts that a spreadsheet would run as a formula are neutralized."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(_HEAD)
    for entry in entries:
        first = entry.findings[0][0] if entry.findings else ""
        cells = (
            entry.row.claim_number,
            entry.row.patient,
            entry.payer,
            entry.provider,
            entry.row.service_date,
            entry.row.drug,
            entry.row.charge,
            "" if entry.age is None else str(entry.age),
            " ".join(rule for rule, _ in entry.findings),
            rules[first].summary if first in rules else "",
        )
        writer.writerow([safe_cell(cell) for cell in cells])
    return out.getvalue().encode("utf-8")
