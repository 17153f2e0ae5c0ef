"""The parts of the JSON report besides its claims, as plain documents (``x12proc.report/1``)."""

from __future__ import annotations

import msgspec

from x12proc.engine.document import Document, truncated
from x12proc.engine.stream import Summary
from x12proc.wire.events import Fault

SCHEMA = "x12proc.report/1"


def fault_document(fault: Fault) -> Document:
    """Return one entry of ``errors``."""
    return {**msgspec.structs.asdict(fault), "message": truncated(fault.message)}


def summary_document(summary: Summary) -> Document:
    """Return the ``summary``."""
    return {
        "status": summary.status,
        "interchanges": summary.interchanges,
        "groups": summary.groups,
        "transactions": summary.transactions,
        "claims": summary.claims,
        "target_claims": summary.target_claims,
        "target_lines": summary.target_lines,
        "rejected_claims": summary.rejected_claims,
        "guide_errors": summary.guide_errors,
        "findings": dict(summary.findings),
        "fixes": dict(summary.fixes),
        "by_rule": dict(sorted(summary.by_rule.items())),
        "unchecked": {"lines": summary.unchecked_lines, "by_reason": dict(sorted(summary.unchecked.items()))},
        "mentions": {**msgspec.structs.asdict(summary.mentions), "target_lines": summary.target_lines},
    }
