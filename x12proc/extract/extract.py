"""Extract target lines with their context and their NDC segments as sent, without checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from x12proc.claims.builder import ClaimBuilder
from x12proc.claims.mentions import read_claim
from x12proc.claims.model import Claim, ServiceLine
from x12proc.engine.document import drug_document
from x12proc.errors import X12SyntaxError
from x12proc.reports.csv_report import safe_cell
from x12proc.wire.events import ClaimSpan, Fault, unreadable_fault
from x12proc.wire.scanner import scan
from x12proc.wire.segment import decode
from x12proc.wire.window import Buffer

COLUMNS = (
    *("file", "interchange_control", "group_control", "transaction_control", "claim_id", "type", "guide"),
    *("claim_segment_index", "claim_charge", "facility_code", "frequency", "payer_id", "payer_name"),
    *("filing_indicator", "billing_npi", "diagnoses", "line", "line_segment_index", "line_byte_offset", "control"),
    *("procedure", "modifiers", "description", "revenue_code", "charge", "unit", "units", "service_date_first"),
    *("service_date_last", "ndc_qualifier", "ndc", "quantity", "quantity_unit", "reference_qualifier"),
    *("reference", "segments", "notes"),
)


def extract_buffer(buffer: Buffer, name: str, codes: tuple[str, ...]) -> Iterator[dict[str, Any] | Fault]:
    """Yield a document for each target line, and the file's faults in their order."""
    builder = ClaimBuilder(buffer)
    wanted = frozenset(codes)
    for event in scan(buffer, codes):
        if isinstance(event, Fault):
            yield event
        elif isinstance(event, ClaimSpan):
            try:
                reading = read_claim(builder, event, wanted)
            except X12SyntaxError as error:
                yield unreadable_fault(error, segment_index=event.segment_index, byte_offset=event.start)
                continue
            for line in reading.targets:
                yield line_document(name, reading.claim, line)


def line_document(name: str, claim: Claim, line: ServiceLine) -> dict[str, Any]:
    """Return the document of one target line. ``drugs`` has every 2410 loop, with its segments as sent."""
    payer, provider = claim.payer, claim.billing_provider
    period = line.service_period
    return {
        "file": name,
        "interchange_control": claim.interchange_control,
        "group_control": claim.group_control,
        "transaction_control": claim.transaction_control,
        "claim_id": claim.id,
        "type": claim.type,
        "guide": claim.guide,
        "claim_segment_index": claim.clm.index,
        "claim_charge": claim.charge,
        "facility_code": claim.facility_code,
        "frequency": claim.frequency,
        "payer_id": payer.id if payer else "",
        "payer_name": payer.name if payer else "",
        "filing_indicator": claim.filing_indicator,
        "billing_npi": provider.id if provider else "",
        "diagnoses": [code.code for code in claim.pointed_diagnoses(line)],
        "line": line.number,
        "line_segment_index": line.lx.index,
        "line_byte_offset": line.lx.offset,
        "control": line.control,
        "procedure": line.procedure,
        "modifiers": [code for code in line.modifiers if code],
        "description": line.description,
        "revenue_code": line.revenue_code,
        "charge": line.charge,
        "unit": line.unit,
        "units": line.units,
        "service_dates": [day.isoformat() for day in (period.first, period.last) if day] if period else [],
        "drugs": [
            {**(drug_document(drug) or {}), "segments": [decode(segment.raw) for segment in drug.segments]}
            for drug in line.drugs
        ],
        "notes": [{"code": note.code, "text": note.text} for note in line.notes],
    }


def flat(document: dict[str, Any]) -> list[str]:
    """Return a line's document as the cells of COLUMNS, with the values of the first of several 2410 loops."""
    drug = document["drugs"][0] if document["drugs"] else {}
    dates = [*document["service_dates"], "", ""]
    cells = {
        **document,
        "service_date_first": dates[0],
        "service_date_last": dates[1],
        "ndc_qualifier": drug.get("qualifier"),
        "ndc": drug.get("ndc"),
        "quantity": drug.get("quantity"),
        "quantity_unit": drug.get("unit"),
        "reference_qualifier": drug.get("reference_qualifier"),
        "reference": drug.get("reference"),
        "segments": [text for entry in document["drugs"] for text in entry["segments"]],
        "notes": [f"{note['code']}: {note['text']}" for note in document["notes"]],
    }
    return [_cell(cells[column]) for column in COLUMNS]


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return safe_cell(" ".join(value))
    return safe_cell("" if value is None else str(value))
