"""Totals of files in words and as a table, on a terminal as narrow as 40 columns."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from x12proc.engine.stream import Summary
from x12proc.reports.escape import clean
from x12proc.reports.wrapping import print_wrapped
from x12proc.values import format_dollars

STATUS_STYLES = {"accepted": "bold green", "rejected": "bold red", "failed": "bold red"}
_REASONS = {
    "codes": "HCPCS codes of the service date",
    "diagnoses": "diagnosis codes of the service date",
    "drugs": "drug in no table",
    "products": "NDC in no table",
}
_SEVERITIES = ("reject", "warn", "info")


def totals(summary: Summary) -> Text:
    """Return one line of totals."""
    found = summary.findings
    return Text.assemble(
        (summary.status, STATUS_STYLES[summary.status]),
        f": {summary.claims} claims, {summary.target_claims} with target lines ({summary.target_lines} lines), ",
        (f"{summary.rejected_claims} rejected", "bold" if summary.rejected_claims else ""),
        f" ({_at_risk(summary)}); findings: {found['reject']} reject, {found['warn']} warn, {found['info']} info"
        + (f"; guide errors: {summary.guide_errors}" if summary.guide_errors else ""),
    )


def unchecked_text(summary: Summary) -> str:
    """Return the number of lines on which a rule could not decide, and what the tables lack, in words."""
    reasons = ", ".join(f"{_REASONS[table]} {count}" for table, count in sorted(summary.unchecked.items()))
    lines = "1 line" if summary.unchecked_lines == 1 else f"{summary.unchecked_lines} lines"
    return f"Not checked in full: {lines} ({reasons}); x12proc reference status says why"


def fixes_text(summary: Summary, *, withheld: bool = False) -> str:
    """Return the numbers of applied and available fixes in words; ``withheld``: the fixed file was not written."""
    applied, offered = summary.fixes["applied"], summary.fixes["offered"]
    done = "fixes known but not written" if withheld else "fixes applied"
    fixed = ((done, applied), ("fixes that --fix or --unsafe-fixes would make", offered))
    return "; ".join([f"{what}: {count}" for what, count in fixed if count])


def _at_risk(summary: Summary) -> str:
    unread = f" and {summary.at_risk_unread} unread" if summary.at_risk_unread else ""
    return f"charges at risk {format_dollars(summary.charges_at_risk)}{unread}"


def print_summaries(console: Console, rows: Sequence[tuple[str, Summary]]) -> None:
    """Print the totals of several files: as a table where one fits without dividing a name, else as lines."""
    table = summary_table(rows)
    width = Measurement.get(console, console.options.update(max_width=10_000), table).maximum
    if width <= console.width:
        console.print(table)
        return
    for name, summary in [*rows, *_total_row(rows)]:
        console.print(Text(clean(name), "bold"), soft_wrap=True)
        print_wrapped(console, Text("  ") + totals(summary), 4)


def summary_table(rows: Sequence[tuple[str, Summary]]) -> Table:
    """Return a table of files; of several, with a row that adds them up."""
    table = Table(show_edge=False, pad_edge=False)
    for title in ("File", "Status"):
        table.add_column(title, overflow="fold")
    for title in ("Claims", "Target", "Rejected", "At risk", "Reject", "Warn", "Info"):
        table.add_column(title, justify="right")
    for number, (name, summary) in enumerate(rows, 1):
        _add_row(table, name, summary, ends_section=number == len(rows))
    for name, summary in _total_row(rows):
        _add_row(table, name, summary, ends_section=False)
    return table


def _add_row(table: Table, name: str, summary: Summary, *, ends_section: bool) -> None:
    counts = (summary.claims, summary.target_claims, summary.rejected_claims)
    money = format_dollars(summary.charges_at_risk) + ("+" if summary.at_risk_unread else "")
    table.add_row(
        Text(clean(name)),
        Text(summary.status, STATUS_STYLES[summary.status]),
        *(str(count) for count in counts),
        money,
        *(str(summary.findings[severity]) for severity in _SEVERITIES),
        end_section=ends_section,
    )


def _total_row(rows: Sequence[tuple[str, Summary]]) -> list[tuple[str, Summary]]:
    """Return the sum of several files under its name; nothing for one file, which is its own sum."""
    if len(rows) < 2:
        return []
    summaries = [summary for _, summary in rows]
    total = Summary(
        claims=sum(each.claims for each in summaries),
        target_claims=sum(each.target_claims for each in summaries),
        target_lines=sum(each.target_lines for each in summaries),
        rejected_claims=sum(each.rejected_claims for each in summaries),
        findings={name: sum(each.findings[name] for each in summaries) for name in _SEVERITIES},
        guide_errors=sum(each.guide_errors for each in summaries),
        failed=any(each.failed for each in summaries),
        charges_at_risk=sum((each.charges_at_risk for each in summaries), Decimal(0)),
        at_risk_unread=sum(each.at_risk_unread for each in summaries),
    )
    return [(f"Total of {len(rows)} files", total)]
