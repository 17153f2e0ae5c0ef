"""The readable report: the money at risk is beside the claims that are rejected."""

from __future__ import annotations

import io
from datetime import date

import pytest
from rich.console import Console
from support.edi import CLINIC, base
from support.reports import run

from x12proc.engine.stream import Summary
from x12proc.reports.terminal import TerminalReport
from x12proc.reports.totals import print_summaries, summary_table, totals

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


def on_terminal(width: int) -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, width=width, force_terminal=True, color_system=None, highlight=False), out


@pytest.mark.parametrize("width", [40, 60, 80])
def test_lines_fit_the_terminal_between_words_and_keep_their_indent(width: int) -> None:
    console, out = on_terminal(width)
    whole = io.StringIO()
    reports = (TerminalReport(console), TerminalReport(Console(file=whole, width=160, highlight=False)))
    ran = run(CLINIC.read_bytes(), as_of=date(2024, 4, 1))
    for report in reports:
        for result in ran.claims:
            report.claim(result)
        report.end(ran.summary, ran.faults)
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    words, widest = whole.getvalue().split(), width - 4
    assert "".join(out.getvalue().split()) == "".join(words)  # nothing is lost
    assert {word for word in words if len(word) <= widest} <= set(out.getvalue().split())  # no word is divided
    starts = [line for line in whole.getvalue().splitlines() if line and line[0] != " "]
    assert all(any(start.startswith(line) for start in starts) for line in lines if line and line[0] != " ")
    assert "$190,682.02" in out.getvalue()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_totals_of_files_fit_and_add_up(width: int) -> None:
    console, out = on_terminal(width)
    rows = [("a-rather-long-name-of-a-file.edi", run(FAULTY).summary), ("b.edi", run(base()).summary)]
    print_summaries(console, rows)
    assert max(len(line.rstrip()) for line in out.getvalue().splitlines()) <= width
    printed_text = " ".join(out.getvalue().split())
    assert "a-rather-long-name-of-a-file.edi" in printed_text
    assert "Total of 2 files" in printed_text
    total = printed_text.partition("Total of 2 files")[2]
    assert "$15,125.00" in total
    assert ("2 claims, 2 with target lines (2 lines), 1 rejected" in total) == (width < 100)


def test_one_file_has_no_total() -> None:
    assert "Total" not in printed(run(FAULTY).summary)
