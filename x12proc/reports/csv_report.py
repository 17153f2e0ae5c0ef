"""The CSV report: one row a finding, one a bypassed rule, and one for each fault of the file itself."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from x12proc.engine import ScrubbedClaim
from x12proc.reports.document import Document
from x12proc.reports.writer import Write
from x12proc.scrub import Summary
from x12proc.wire.events import Fault

_COLUMNS = (
    *("file", "interchange_control", "group_control", "transaction_control", "claim_id", "type", "payer_id"),
    *("payer_name", "billing_npi", "profile", "disposition", "claim_charge", "line", "line_control", "procedure"),
    *("line_charge", "service_date", "ndc", "rule", "severity", "message", "fix", "loop", "element"),
    *("segment_index", "byte_offset", "value", "claim_status", "carc", "rarc", "sources"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class CsvReport:
    """Writes RFC 4180 rows in UTF-8. What a spreadsheet would take for a formula gets an apostrophe."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._file = ""

    def begin(self, source: Document) -> None:
        """The header row."""
        self._file = source["name"]
        self._row(dict(zip(_COLUMNS, _COLUMNS, strict=True)))

    def claim(self, scrubbed: ScrubbedClaim, document: Document) -> None:
        """A row for each finding of the claim and of its lines, each bypassed rule and each guide error."""
        about = {
            "file": self._file,
            "interchange_control": document["interchange_control"],
            "group_control": document["group_control"],
            "transaction_control": document["transaction_control"],
            "claim_id": document["claim_id"],
            "type": document["type"],
            "payer_id": document["payer"]["id"],
            "payer_name": document["payer"]["name"],
            "billing_npi": document["billing_provider"]["npi"],
            "profile": document["profile"],
            "disposition": document["disposition"],
            "claim_charge": document["charge"],
        }
        for finding in document["findings"]:
            self._row({**about, **_finding(finding)})
        for bypass in document["bypasses"]:
            self._row({**about, **_bypass(bypass)})
        for line in document["lines"]:
            here = {
                **about,
                "line": line["number"],
                "line_control": line["control"],
                "procedure": line["procedure"],
                "line_charge": line["charge"],
                "service_date": (line["service_dates"] or [""])[0],
                "ndc": line["drug"]["ndc"] if line["drug"] else "",
            }
            for finding in line["findings"]:
                self._row({**here, **_finding(finding)})
        for error in document["guide_errors"]:
            self._row({**about, **_guide_error(error)})

    def end(self, summary: Summary, faults: Sequence[Fault], program: Document) -> None:
        """A row for each fault of the file."""
        for fault in faults:
            self._row(
                {
                    "file": self._file,
                    "interchange_control": fault.interchange_control or "",
                    "group_control": fault.group_control or "",
                    "transaction_control": fault.transaction_control or "",
                    "rule": fault.code,
                    "severity": fault.severity,
                    "message": fault.message,
                    "segment_index": str(fault.segment_index),
                    "byte_offset": str(fault.byte_offset),
                }
            )

    def _row(self, cells: dict[str, str]) -> None:
        out = io.StringIO()
        csv.writer(out).writerow([safe_cell(cells.get(column, "")) for column in _COLUMNS])
        self._write(out.getvalue().encode("utf-8", "replace"))


def _finding(finding: Document) -> dict[str, str]:
    location = finding["location"]
    status = finding["claim_status"]
    remittance = finding["remittance"]
    return {
        "rule": finding["rule"],
        "severity": finding["severity"],
        "message": finding["message"],
        "fix": finding["fix"],
        "loop": location["loop"],
        "element": location["element"],
        "segment_index": str(location["segment_index"]),
        "byte_offset": str(location["byte_offset"]),
        "value": finding["value"] or "",
        "claim_status": f"{status['category']}:{status['code']}" if status else "",
        "carc": remittance["carc"] if remittance else "",
        "rarc": " ".join(remittance["rarc"]) if remittance else "",
        "sources": " ".join(finding["sources"]),
    }


def _bypass(bypass: Document) -> dict[str, str]:
    decided = f"decided by {bypass['by']}, until {bypass['until']}, profile {bypass['profile']}"
    return {"rule": bypass["rule"], "severity": "bypassed", "message": f"{bypass['reason']} ({decided})"}


def _guide_error(error: Document) -> dict[str, str]:
    location = error["location"]
    return {
        "rule": f"guide-{error['code']}",
        "message": error["message"],
        "loop": location["loop"],
        "element": location["element"],
        "segment_index": str(location["segment_index"]),
        "byte_offset": str(location["byte_offset"]),
        "value": error["value"] or "",
    }


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = text.replace("\0", "\u2400")
    return "'" + text if text.startswith(_FORMULA) else text
