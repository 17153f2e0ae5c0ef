"""Write target lines as Parquet, row group by row group, so that memory stays bounded (extra ``parquet``)."""

from __future__ import annotations

from datetime import date
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 10_000  # of a row group
_TEXT = pa.string()
_TEXTS = pa.list_(_TEXT)
_POSITION = pa.int64()
_DRUG = pa.struct(
    [
        *((name, _TEXT) for name in ("qualifier", "ndc", "quantity", "unit", "reference_qualifier", "reference")),
        ("segments", _TEXTS),
    ]
)
# As in a line of ``--format jsonl``. Amounts and quantities are texts as sent: nothing is rounded, and values that
# are no numbers are kept.
SCHEMA = pa.schema(
    [
        *((name, _TEXT) for name in ("file", "interchange_control", "group_control", "transaction_control")),
        *((name, _TEXT) for name in ("claim_id", "type", "guide")),
        ("claim_segment_index", _POSITION),
        *((name, _TEXT) for name in ("claim_charge", "facility_code", "frequency", "payer_id", "payer_name")),
        *((name, _TEXT) for name in ("filing_indicator", "billing_npi")),
        ("diagnoses", _TEXTS),
        ("line", _TEXT),
        ("line_segment_index", _POSITION),
        ("line_byte_offset", _POSITION),
        *((name, _TEXT) for name in ("control", "procedure")),
        ("modifiers", _TEXTS),
        *((name, _TEXT) for name in ("description", "revenue_code", "charge", "unit", "units")),
        ("service_dates", pa.list_(pa.date32())),
        ("drugs", pa.list_(_DRUG)),
        ("notes", pa.list_(pa.struct([("code", _TEXT), ("text", _TEXT)]))),
    ]
)


class ParquetLines:
    """Writes the documents of x12proc.extract to an open file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._writer = pq.ParquetWriter(file, SCHEMA, compression="zstd")
        self._rows: list[dict[str, Any]] = []

    def write(self, document: dict[str, Any]) -> None:
        """Write one target line."""
        days = [date.fromisoformat(day) for day in document["service_dates"]]
        self._rows.append({**document, "service_dates": days})
        if len(self._rows) >= ROWS:
            self._flush()

    def close(self) -> None:
        """Write the remaining rows and the file's footer."""
        if self._rows:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=SCHEMA), row_group_size=ROWS)
        self._rows.clear()
