"""The columns of the data source, and rows made of results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

import pyarrow as pa

from x12proc.claims.model import Claim
from x12proc.engine.result import ClaimResult, LineResult
from x12proc.findings import Finding, GuideError
from x12proc.spark.options import Rows
from x12proc.values import parse_charge
from x12proc.wire.events import Fault

Row: TypeAlias = dict[str, Any]
_MONEY = (18, 2)
_LARGEST = Decimal(10) ** (_MONEY[0] - _MONEY[1])
_FINDING = (
    ("rule", "string"),
    ("severity", "string"),
    ("level", "string"),
    ("message", "string"),
    ("fix", "string"),
    ("loop", "string"),
    ("element", "string"),
    ("segment_index", "bigint"),
    ("byte_offset", "bigint"),
)
_GUIDE_ERROR = (
    ("code", "string"),
    ("message", "string"),
    ("element", "string"),
    ("segment_index", "bigint"),
    ("byte_offset", "bigint"),
)
_ERROR = (
    ("code", "string"),
    ("message", "string"),
    ("interchange_control", "string"),
    ("segment_index", "bigint"),
    ("byte_offset", "bigint"),
)
_CLAIM = (
    ("file", "string"),
    ("interchange_control", "string"),
    ("group_control", "string"),
    ("transaction_control", "string"),
    ("claim_id", "string"),
    ("claim_type", "string"),
    ("segment_index", "bigint"),
    ("byte_offset", "bigint"),
    ("payer_id", "string"),
    ("payer_name", "string"),
    ("billing_npi", "string"),
    ("billing_name", "string"),
    ("profile", "string"),
    ("rejected", "boolean"),
    ("claim_charge", "money"),
)
_LINE = (
    ("line", "string"),
    ("procedure", "string"),
    ("modifiers", "strings"),
    ("description", "string"),
    ("service_date", "date"),
    ("line_charge", "money"),
    ("unit", "string"),
    ("units", "string"),
    ("diagnoses", "strings"),
    ("ndc", "string"),
    ("ndc_quantity", "string"),
    ("ndc_unit", "string"),
)
_LINES = (("lines", "int"), ("service_date", "date"), ("diagnoses", "strings"))
_FOUND = (("findings", _FINDING), ("guide_errors", _GUIDE_ERROR))
_COLUMNS: dict[Rows, tuple[tuple[str, Any], ...]] = {
    "lines": (*_CLAIM, *_LINE, *_FOUND, ("error", _ERROR)),
    "claims": (*_CLAIM, *_LINES, *_FOUND, ("error", _ERROR)),
}
_ARROW: dict[str, pa.DataType] = {
    "string": pa.string(),
    "strings": pa.list_(pa.string()),
    "bigint": pa.int64(),
    "int": pa.int32(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "money": pa.decimal128(*_MONEY),
}
_SPARK = {"strings": "array<string>", "money": "decimal({}, {})".format(*_MONEY)}


def spark_schema(rows: Rows) -> str:
    """Return the columns as a Spark schema."""
    return ", ".join(f"{name} {_spark_type(name, kind)}" for name, kind in _COLUMNS[rows])


def _spark_type(name: str, kind: Any) -> str:
    if isinstance(kind, str):
        return _SPARK.get(kind, kind)
    struct = "struct<" + ", ".join(f"{field}: {entry}" for field, entry in kind) + ">"
    return struct if name == "error" else f"array<{struct}>"


def arrow_schema(rows: Rows) -> pa.Schema:
    """Return the same columns as an Arrow schema."""
    return pa.schema([(name, _arrow_type(name, kind)) for name, kind in _COLUMNS[rows]])


def _arrow_type(name: str, kind: Any) -> pa.DataType:
    if isinstance(kind, str):
        return _ARROW[kind]
    struct = pa.struct([(field, _ARROW[entry]) for field, entry in kind])
    return struct if name == "error" else pa.list_(struct)


# -- rows ------------------------------------------------------------------------------------------------------


def claim_rows(scrubbed: ClaimResult, file: str, rows: Rows) -> Iterator[Row]:
    """Yield one row per target line, or one for the claim. Findings of the claim are on its first target line."""
    about = _about(scrubbed, file)
    own = [_finding(finding, "claim") for finding in scrubbed.findings]
    errors = [_guide_error(error) for error in scrubbed.guide_errors]
    if rows == "claims":
        lines = [_finding(finding, "line") for line in scrubbed.lines for finding in line.findings]
        yield {**about, **_of_all_lines(scrubbed), "findings": own + lines, "guide_errors": errors}
        return
    for number, line in enumerate(scrubbed.lines):
        found = [_finding(finding, "line") for finding in line.findings]
        first = number == 0
        yield {
            **about,
            **_of_line(line, scrubbed.claim),
            "findings": own + found if first else found,
            "guide_errors": errors if first else [],
        }


def error_row(fault: Fault, file: str) -> Row:
    """Return the row of a file that failed."""
    return {
        "file": file,
        "error": {
            "code": fault.code,
            "message": fault.message,
            "interchange_control": fault.interchange_control,
            "segment_index": fault.segment_index,
            "byte_offset": fault.byte_offset,
        },
    }


def batch(rows: Sequence[Row], schema: pa.Schema) -> pa.RecordBatch:
    """Convert rows to Arrow; a missing value is null."""
    return pa.RecordBatch.from_pylist(list(rows), schema=schema)


def _about(scrubbed: ClaimResult, file: str) -> Row:
    claim = scrubbed.claim
    payer, provider = claim.payer, claim.billing_provider
    return {
        "file": file,
        "interchange_control": claim.interchange_control,
        "group_control": claim.group_control,
        "transaction_control": claim.transaction_control,
        "claim_id": claim.id,
        "claim_type": claim.type,
        "segment_index": claim.clm.index,
        "byte_offset": claim.start,
        "payer_id": payer.id if payer else None,
        "payer_name": payer.name if payer else None,
        "billing_npi": provider.id if provider else None,
        "billing_name": provider.name if provider else None,
        "profile": scrubbed.profile,
        "rejected": scrubbed.rejected,
        "claim_charge": _money(claim.charge),
    }


def _of_line(scrubbed: LineResult, claim: Claim) -> Row:
    line = scrubbed.line
    drug = line.drug
    return {
        "line": line.number,
        "procedure": line.procedure,
        "modifiers": list(line.modifiers_sent),
        "description": line.description,
        "service_date": line.service_period.first if line.service_period else None,
        "line_charge": _money(line.charge),
        "unit": line.unit,
        "units": line.units,
        "diagnoses": [code.code for code in claim.pointed_diagnoses(line)],
        "ndc": drug.ndc if drug else None,
        "ndc_quantity": drug.quantity if drug else None,
        "ndc_unit": drug.unit if drug else None,
    }


def _of_all_lines(scrubbed: ClaimResult) -> Row:
    dates = [line.line.service_period.first for line in scrubbed.lines if line.line.service_period]
    return {
        "lines": len(scrubbed.lines),
        "service_date": min((day for day in dates if day is not None), default=None),
        "diagnoses": [code.code for code in scrubbed.claim.diagnoses],
    }


def _finding(finding: Finding, level: str) -> Row:
    place = finding.location
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "level": level,
        "message": finding.message,
        "fix": finding.fix,
        "loop": place.loop,
        "element": place.element,
        "segment_index": place.segment_index,
        "byte_offset": place.byte_offset,
    }


def _guide_error(error: GuideError) -> Row:
    place = error.location
    return {
        "code": error.code,
        "message": error.message,
        "element": place.element,
        "segment_index": place.segment_index,
        "byte_offset": place.byte_offset,
    }


def _money(charge: str) -> Decimal | None:
    """Parse an amount in dollars and cents; None if it is none, or does not fit the column exactly."""
    amount = parse_charge(charge)
    if amount is None or amount >= _LARGEST or amount != round(amount, _MONEY[1]):
        return None
    return round(amount, _MONEY[1])
