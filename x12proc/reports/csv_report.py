"""The CSV report: a row for each finding, bypassed rule, guide error, unchecked rule, and fault of the file.

A spreadsheet that opens it must not calculate with what a claim says. See :func:`safe_cell`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from functools import lru_cache

from x12proc.engine.document import Document
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Summary
from x12proc.findings import SEVERITIES
from x12proc.reports.escape import one_line
from x12proc.reports.writer import ClaimRenderer, TargetClaim, Write
from x12proc.reports.xml_markup import GUIDE
from x12proc.wire.events import Fault

COLUMNS = (
    *("file", "interchange_control", "group_control", "transaction_control", "claim_id", "type", "payer_id"),
    *("payer_name", "billing_npi", "billing_name", "profile", "disposition", "claim_charge", "line"),
    *("line_control", "procedure", "line_charge", "service_date", "ndc", "rule", "severity", "message", "fix"),
    *("loop", "element", "after", "segment_index", "byte_offset", "value", "claim_status", "carc", "rarc"),
    *("sources", "fixed_value", "fixed", "form_field", "patient_name", "member_id"),
)
# What a spreadsheet begins a formula with, in every width, at the beginning of a cell or after a character that
# separates cells in other countries; blanks, quotes and characters without a width before it change nothing.
_FORMULA = re.compile(
    r"(?:^|[;|])"
    r"(?=[\s\"\u00ad\u200b-\u200f\u202a-\u202f\u2060-\u206f\ufeff]*[=+\-@＝＋－＠﹦﹢﹣﹫])"
)
_SAME_LOCATION = ("element", "segment_index", "byte_offset", "after")
_NUMBER = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")


class CsvClaims(ClaimRenderer):
    """Renders the rows of a claim; ``file`` is the name of its input."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._table = _Table()

    def render(self, result: ClaimResult, document: Document) -> bytes:
        """Return a row for each finding, what rejects first, then for each bypass, guide error, unchecked rule."""
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
            "billing_name": document["billing_provider"]["name"],
            "profile": document["profile"],
            "disposition": document["disposition"],
            "claim_charge": document["charge"],
            **_patient(document.get("patient")),
        }
        rows = [{**about, **_finding(finding)} for finding in document["findings"]]
        unchecked: list[dict[str, str]] = []
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
            fixes = {fix["rule"]: fix for fix in line["fixes"]}
            rows += [{**here, **_finding(one), **_fix(fixes.get(one["rule"]), one)} for one in line["findings"]]
            unchecked += [{**here, **_unchecked(one)} for one in line["unchecked"]]
        rows.sort(key=lambda row: SEVERITIES.index(row["severity"]))  # those of the claim stay before its lines'
        rows += [{**about, **_bypass(bypass)} for bypass in document["bypasses"]]
        rows += [{**about, **_guide_error(error)} for error in document["guide_errors"]]
        rows += unchecked
        return self._table.rows(rows)


class CsvReport:
    """Writes RFC 4180 rows in UTF-8."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._table = _Table()
        self._file = ""

    def begin(self, source: Document) -> None:
        """Write the header row."""
        self._file = source["name"]
        self._write(self._table.rows([dict(zip(COLUMNS, COLUMNS, strict=True))]))

    def claim(self, claim: TargetClaim, part: bytes) -> None:
        """Write the rows of a claim."""
        if part:
            self._write(part)

    def hint(self) -> None:
        """Return nothing: each claim is written."""

    def end(self, summary: Summary, faults: Sequence[Fault], program: Document) -> None:
        """Write a row for each fault of the file."""
        if faults:
            self._write(self._table.rows([_fault(fault, self._file) for fault in faults]))


class _Table:
    """Formats rows. A claim's cells come again in each of its rows, and the rules' texts all the time: the last
    ones are kept, for as long as the report is written. None is long."""

    def __init__(self) -> None:
        self._cell = lru_cache(2048)(safe_cell)

    def rows(self, rows: Sequence[dict[str, str]]) -> bytes:
        """Return rows as they are written."""
        out = _Text()
        csv.writer(out).writerows([self._cell(row.get(column, "")) for column in COLUMNS] for row in rows)
        return "".join(out.parts).encode()


class _Text:
    """Collects what csv.writer writes."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def write(self, text: str) -> None:
        self.parts.append(text)


def _finding(finding: Document) -> dict[str, str]:
    status = finding["claim_status"]
    remittance = finding["remittance"]
    return {
        **_location_columns(finding["location"]),
        "rule": finding["rule"],
        "severity": finding["severity"],
        "message": finding["message"],
        "fix": finding["fix"],
        "value": finding["value"] or "",
        "claim_status": f"{status['category']}:{status['code']}" if status else "",
        "carc": remittance["carc"] if remittance else "",
        "rarc": " ".join(remittance["rarc"]) if remittance else "",
        "sources": " ".join(finding["sources"]),
    }


def _patient(patient: Document | None) -> dict[str, str]:
    return {"patient_name": patient["name"], "member_id": patient["member_id"]} if patient else {}


def _fix(fix: Document | None, finding: Document) -> dict[str, str]:
    """Return the fix that was made of the value of a finding, or could be."""
    if fix is None or any(fix["location"][key] != finding["location"][key] for key in _SAME_LOCATION):
        return {}
    return {"fixed_value": fix["after"], "fixed": "applied" if fix["applied"] else "offered"}


def _bypass(bypass: Document) -> dict[str, str]:
    decided = f"decided by {bypass['by']}, until {bypass['until']}, profile {bypass['profile']}"
    return {"rule": bypass["rule"], "severity": "bypassed", "message": f"{bypass['reason']} ({decided})"}


def _unchecked(unchecked: Document) -> dict[str, str]:
    until = f", installed until {unchecked['until']}" if unchecked["until"] else ""
    return {
        "rule": unchecked["rule"],
        "severity": "unchecked",
        "message": f"Not checked: needs {unchecked['needs']}{until}",
        "fix": unchecked["how"],
    }


def _guide_error(error: Document) -> dict[str, str]:
    return {
        **_location_columns(error["location"]),
        "rule": error["code"],
        "severity": GUIDE,
        "message": error["message"],
    }


def _location_columns(location: Document) -> dict[str, str]:
    return {
        "loop": location["loop"],
        "element": location["element"],
        "after": location["after"] or "",
        "segment_index": str(location["segment_index"]),
        "byte_offset": str(location["byte_offset"]),
        "form_field": location.get("form_field") or "",
    }


def _fault(fault: Fault, file: str) -> dict[str, str]:
    return {
        "file": file,
        "interchange_control": fault.interchange_control or "",
        "group_control": fault.group_control or "",
        "transaction_control": fault.transaction_control or "",
        "rule": fault.code,
        "severity": fault.severity,
        "message": fault.message,
        "segment_index": str(fault.segment_index),
        "byte_offset": str(fault.byte_offset),
    }


def safe_cell(text: str) -> str:
    """A cell on one line that no spreadsheet takes for a formula.

    Control characters, tabs and line ends are shown as their pictures. Where a formula would begin, an apostrophe
    is put before it. A plain number, negative or not, stays as it is: it can do nothing but be a number.
    """
    if text.isalnum():  # most cells: nothing in them to look at
        return text
    text = one_line(text)
    return text if _NUMBER.fullmatch(text) else _FORMULA.sub(r"\g<0>'", text)
