"""Logs a run to structlog: counts, positions and ids, never the name of a file or the value of an element.

Nothing is logged where structlog is not configured, as in a program that calls the API: unasked it would write to
standard output. Nor is it imported here: that takes as long as half of a small run, and a program that has set it
up has done so already.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, cast

from x12proc.engine.fixes import Fix
from x12proc.engine.stream import Summary
from x12proc.wire.events import Fault, errors_first

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

MOST_FAULTS = 20  # of a file that are logged


def _logger() -> FilteringBoundLogger | None:
    structlog = sys.modules.get("structlog")
    if structlog is None or not structlog.is_configured():
        return None
    return cast("FilteringBoundLogger", structlog.get_logger("x12proc"))


def log_result(summary: Summary, faults: Sequence[Fault], withheld: Iterable[str], seconds: float) -> None:
    """Log the totals and faults of a file."""
    log = _logger()
    if log is None:
        return
    for fault in errors_first(faults)[:MOST_FAULTS]:
        log.warning(
            "file_fault",
            code=fault.code,
            severity=fault.severity,
            segment_index=fault.segment_index,
            byte_offset=fault.byte_offset,
        )
    for kind in withheld:
        log.warning("artifact_withheld", artifact=kind)
    log.info(
        "file_scrubbed",
        status=summary.status,
        claims=summary.claims,
        target_claims=summary.target_claims,
        target_lines=summary.target_lines,
        rejected_claims=summary.rejected_claims,
        guide_errors=summary.guide_errors,
        **{f"{severity}_findings": count for severity, count in summary.findings.items()},
        faults=len(faults),
        seconds=round(seconds, 3),
    )


def log_fixes(fixes: Iterable[Fix]) -> None:
    """Log the applied fixes where no report lists them, without their values."""
    log = _logger()
    for fix in fixes:
        if fix.applied and log is not None:
            log.info(
                "fix_applied",
                rule=fix.rule,
                safe=fix.safe,
                element=fix.location.element,
                segment_index=fix.location.segment_index,
                byte_offset=fix.location.byte_offset,
            )
