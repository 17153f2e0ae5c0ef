"""The Parquet report and Arrow tables: a typed row for each finding, or for each target line (extra ``parquet``).

Amounts and quantities are texts as sent: nothing is rounded, and what is no number is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from x12proc.engine.document import Document
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Summary
from x12proc.reports.finding_rows import Row, finding_rows
from x12proc.reports.writer import ClaimRenderer, TargetClaim, Write
from x12proc.wire.events import Fault

ROWS = 10_000  # of a row group
_TEXT, _TEXTS, _POSITION = pa.string(), pa.list_(pa.string()), pa.int64()
_CLAIM = [
    *((name, _TEXT) for name in ("file", "interchange_control", "group_control", "transaction_control")),
    *((name, _TEXT) for name in ("claim_id", "type", "payer_id", "payer_name", "billing_npi", "profile")),
    *((name, _TEXT) for name in ("disposition", "claim_charge")),
]
_LINE = [
    *((name, _TEXT) for name in ("line", "line_control", "procedure", "line_charge", "unit", "units")),
    ("service_date", pa.date32()),
    *((name, _TEXT) for name in ("ndc", "ndc_quantity", "ndc_unit")),
]
#: One row a finding. The columns of the line are null for a finding on the claim as a whole.
FINDINGS = pa.schema(
    [
        *_CLAIM,
        *_LINE,
        *((name, _TEXT) for name in ("rule", "severity", "message", "fix", "value")),
        *((name, _TEXT) for name in ("loop", "segment", "element", "after", "form_field")),
        *((name, _POSITION) for name in ("segment_index", "byte_offset")),
        *((name, _TEXT) for name in ("claim_status", "carc")),
        *((name, _TEXTS) for name in ("rarc", "sources")),
    ]
)
#: One row a target line; ``reject``, ``warn`` and ``info`` are the rules with a finding on it.
LINES = pa.schema(
    [
        *_CLAIM,
        *_LINE,
        ("modifiers", _TEXTS),
        *((name, _TEXT) for name in ("description", "drug_name")),
        *((name, _TEXTS) for name in ("reject", "warn", "info", "unchecked")),
    ]
)


def arrow_table(rows: Iterable[Row], schema: Any) -> Any:
    """Return rows as a pyarrow.Table."""
    return pa.Table.from_pylist(list(rows), schema=schema)


class ParquetClaims(ClaimRenderer):
    """Renders the rows of a claim; ``file`` is the name of its input."""

    def __init__(self, file: str) -> None:
        self._file = file

    def render(self, result: ClaimResult, document: Document) -> list[Row]:
        """Return a row for each finding."""
        return finding_rows(document, self._file)


class ParquetReport:
    """Writes a row group for every 10,000 findings, so that memory stays bounded."""

    def __init__(self, write: Write) -> None:
        self._writer = pq.ParquetWriter(pa.PythonFile(_Sink(write), mode="w"), FINDINGS, compression="zstd")
        self._rows: list[Row] = []

    def begin(self, source: Document) -> None:
        """Write nothing: the name of the input is in each row."""

    def claim(self, claim: TargetClaim, part: list[Row]) -> None:
        """Write the rows of a claim."""
        self._rows += part
        if len(self._rows) >= ROWS:
            self._flush()

    def hint(self) -> None:
        """Return nothing: each claim is written."""

    def end(self, summary: Summary, faults: Sequence[Fault], program: Document) -> None:
        """Write the remaining rows and the footer. Faults of the file and totals are in the other reports."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(arrow_table(self._rows, FINDINGS))
            self._rows.clear()


class _Sink:
    """What pyarrow takes for a file: bytes are passed on as they come."""

    closed = False

    def __init__(self, write: Write) -> None:
        self._write = write
        self._position = 0

    def write(self, data: bytes) -> int:
        self._write(data)
        self._position += len(data)
        return len(data)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        """Keep nothing back."""

    def close(self) -> None:
        """Leave the artifact open: who made it publishes it."""
