"""The readable report: the money at risk is beside the claims that are rejected."""

from __future__ import annotations

import io
from datetime import date

from rich.console import Console
from support.edi import CLINIC, base
from support.reports import run

from x12proc.engine.stream import Summary
from x12proc.reports.terminal import TerminalReport, summary_table, totals

FAULTY = base().replace(b"CTP****40*ML", b"CTP****0*ML")


def printed(summary: Summary) -> str:
    """The table of files as it is printed."""
    out = io.StringIO()
    Console(file=out, width=160).print(summary_table([("a.edi", summary)]))
    return out.getvalue()


def test_charges_at_risk_are_told() -> None:
    summary = run(FAULTY).summary
    assert "1 rejected (charges at risk $15,125.00); findings" in totals(summary).plain
    assert "$15,125.00 " in printed(summary)


def test_nothing_is_at_risk_in_a_clean_file() -> None:
    summary = run(base()).summary
    assert "0 rejected (charges at risk $0.00)" in totals(summary).plain
    assert summary.charges == 15125


def test_rejected_claims_without_an_amount_are_told() -> None:
    summary = run(FAULTY.replace(b"*15125*", b"*MUCH*")).summary
    assert "1 rejected (charges at risk $0.00 and 1 unread)" in totals(summary).plain
    assert "$0.00+" in printed(summary)


def test_what_rejects_stands_above_a_remark_on_the_whole_claim() -> None:
    out = io.StringIO()
    report = TerminalReport(Console(file=out, width=160))
    for scrubbed in run(CLINIC.read_bytes(), as_of=date(2026, 11, 23)).claims:
        if scrubbed.claim.id == "P1004":
            report.claim(scrubbed)
    reported = out.getvalue()
    assert reported.index("BAL01 reject  line 1, SV104 (Box 24G) in loop 2400") < reported.index(
        "DAT06 warn  DTP03"
    )
