"""Findings and target lines as rows of plain values: what the Parquet report and Arrow tables hold."""

from __future__ import annotations

from datetime import date
from typing import Any, TypeAlias

from x12proc.engine.document import Document
from x12proc.findings import SEVERITIES

Row: TypeAlias = dict[str, Any]


def finding_rows(document: Document, file: str) -> list[Row]:
    """Return one row for each finding of a claim, what rejects first. ``document`` is its entry in a report."""
    about = _claim_columns(document, file)
    rows = [{**about, **_finding_columns(finding)} for finding in document["findings"]]
    for line in document["lines"]:
        here = {**about, **_line_columns(line)}
        rows += [{**here, **_finding_columns(finding)} for finding in line["findings"]]
    rows.sort(key=lambda row: SEVERITIES.index(row["severity"]))
    return rows


def line_rows(document: Document, file: str) -> list[Row]:
    """Return one row for each target line of a claim, with the rules that found something on it."""
    about = _claim_columns(document, file)
    return [
        {
            **about,
            **_line_columns(line),
            "modifiers": line["modifiers"],
            "description": line["description"],
            "drug_name": line["narrative"]["drug_name"],
            "reject": _rules(line, "reject"),
            "warn": _rules(line, "warn"),
            "info": _rules(line, "info"),
            "unchecked": sorted({gap["rule"] for gap in line["unchecked"]}),
        }
        for line in document["lines"]
    ]


def _rules(line: Document, severity: str) -> list[str]:
    return [finding["rule"] for finding in line["findings"] if finding["severity"] == severity]


def _claim_columns(document: Document, file: str) -> Row:
    return {
        "file": file,
        **{name: document[name] for name in ("interchange_control", "group_control", "transaction_control")},
        "claim_id": document["claim_id"],
        "type": document["type"],
        "payer_id": document["payer"]["id"],
        "payer_name": document["payer"]["name"],
        "billing_npi": document["billing_provider"]["npi"],
        "profile": document["profile"],
        "disposition": document["disposition"],
        "claim_charge": document["charge"],
    }


def _line_columns(line: Document) -> Row:
    drug = line["drug"] or {}
    return {
        "line": line["number"],
        "line_control": line["control"],
        "procedure": line["procedure"],
        "line_charge": line["charge"],
        "unit": line["unit"],
        "units": line["units"],
        "service_date": _day(line["service_dates"]),
        "ndc": drug.get("ndc"),
        "ndc_quantity": drug.get("quantity"),
        "ndc_unit": drug.get("unit"),
    }


def _day(days: list[str]) -> date | None:
    return date.fromisoformat(days[0]) if days else None


def _finding_columns(finding: Document) -> Row:
    status, remittance = finding["claim_status"], finding["remittance"] or {}
    location = finding["location"]
    return {
        **{name: finding[name] for name in ("rule", "severity", "message", "fix", "value", "sources")},
        **{name: location[name] for name in ("loop", "segment", "element", "after", "form_field")},
        "segment_index": location["segment_index"],
        "byte_offset": location["byte_offset"],
        "claim_status": f"{status['category']}:{status['code']}" if status else None,
        "carc": remittance.get("carc"),
        "rarc": remittance.get("rarc", []),
    }
