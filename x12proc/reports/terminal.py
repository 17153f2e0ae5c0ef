"""The readable report: one block a finding (location, what, fix), then the totals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from rich.console import Console
from rich.text import Text

from x12proc.claims.form_fields import form_field
from x12proc.claims.model import Claim, Location
from x12proc.engine.document import patient_document
from x12proc.engine.fixes import Fix
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Summary
from x12proc.findings import WARN, Finding, gravest_first
from x12proc.profiles.profiles import Bypass
from x12proc.reference.coverage import Unchecked
from x12proc.reports.escape import clean
from x12proc.reports.totals import STATUS_STYLES, fixes_text, totals, unchecked_text
from x12proc.reports.wrapping import print_wrapped
from x12proc.wire.events import Fault, errors_first

_STYLES = {"reject": "bold red", "warn": "yellow", "info": "blue", "error": "bold red", "guide": "magenta"}
_MOST_RULES = 20


ClaimFilter: TypeAlias = Literal["rejected", "warned"]


def can_report(scrubbed: ClaimResult) -> bool:
    """Return whether there is anything to report on a claim."""
    unchecked = any(line.unchecked for line in scrubbed.lines)
    return bool(scrubbed.all_findings or scrubbed.bypasses or scrubbed.guide_errors or unchecked)


def matches(scrubbed: ClaimResult, only: ClaimFilter) -> bool:
    """Return whether a claim is rejected, or accepted with a warning."""
    if only == "rejected":
        return scrubbed.rejected
    return not scrubbed.rejected and any(finding.severity == WARN for finding in scrubbed.all_findings)


class TerminalReport:
    """Prints to a console; on a terminal in color, with lines that break between words."""

    def __init__(self, console: Console, *, patient: bool = False) -> None:
        self._console = console
        self._patient = patient  # whether the patient is named

    def begin(self, name: str) -> None:
        """Head of a file."""
        self._console.rule(Text(clean(name)), align="left")

    def claim(self, scrubbed: ClaimResult) -> None:
        """A block for the findings, bypassed rules and guide errors of a claim; nothing for a clean one."""
        if not can_report(scrubbed):
            return
        claim = scrubbed.claim
        verdict = "rejected" if scrubbed.rejected else "accepted"
        payer = claim.payer.name if claim.payer else "no payer"
        head = Text.assemble(
            ("Claim ", "bold"), (clean(claim.id[:50]), "bold"), "  ", (verdict, STATUS_STYLES[verdict]),
            f"  {clean(payer[:60])}, profile {scrubbed.profile}",
        )  # fmt: skip
        self._print(Text())
        self._print(head)
        if self._patient:
            self._print(_patient(claim))
        for finding, line_number in _gravest_first(scrubbed):
            self._finding(finding, line_number, claim)
        for line in scrubbed.lines:
            for fix in line.fixes:
                self._fix(fix, f"line {clean(line.line.number[:10])}, ")
            for gap in line.unchecked:
                self._unchecked(gap, f"line {clean(line.line.number[:10])}, ")
        for bypass in scrubbed.bypasses:
            self._bypass(bypass)
        for error in scrubbed.guide_errors:
            self._print(
                Text.assemble(
                    "  ", (f"guide {error.code}", _STYLES["guide"]), f"  {_location_text(error.location, claim)}"
                )
            )
            self._print(Text(f"    {clean(error.message[:500])}"))

    def _finding(self, finding: Finding, line: str, claim: Claim) -> None:
        head = f"{finding.rule} {finding.severity}"
        location = f"  {line}{_location_text(finding.location, claim, finding.status)}"
        self._print(Text.assemble("  ", (head, _STYLES[finding.severity]), location))
        self._print(Text(f"    {clean(finding.message[:500])}"))
        self._print(Text(f"    Fix: {clean(finding.fix[:500])}"))

    def _fix(self, fix: Fix, line: str) -> None:
        how = "--fix" if fix.safe else "--unsafe-fixes"
        before = f"{clean(fix.before[:100])} becomes" if fix.before else "put in:"
        fixed = f"  {line}{fix.location.element}, {before} {clean(fix.after[:100])}"
        self._print(Text.assemble("  ", (f"{fix.rule} fixed by {how}", "green"), fixed))

    def _unchecked(self, gap: Unchecked, line: str) -> None:
        until = f", installed until {gap.until}" if gap.until else ""
        text = f"  {line}needs {clean(gap.needs)}{until}"
        self._print(Text.assemble("  ", (f"{gap.rule} not checked", _STYLES["info"]), text))
        self._print(Text(f"    {gap.how}"))

    def _bypass(self, bypass: Bypass) -> None:
        decided = f"decided by {bypass.by}, until {bypass.until}, profile {bypass.profile}"
        self._print(Text.assemble("  ", (f"{bypass.rule} bypassed", _STYLES["info"]), f"  {clean(decided)}"))
        self._print(Text(f"    {clean(bypass.reason)}"))

    def end(self, summary: Summary, faults: Sequence[Fault]) -> None:
        """The file's own faults and its totals."""
        if faults:
            self._print(Text())
        for fault in errors_first(faults):
            self._print(
                Text.assemble(
                    (f"{fault.code} {fault.severity}", _STYLES[fault.severity]),
                    f"  {fault_location(fault)}: {clean(fault.message)}",
                )
            )
        self._print(Text())
        self._print(totals(summary), 2)
        if any(summary.fixes.values()):
            fixed = fixes_text(summary)
            self._print(Text(fixed[:1].upper() + fixed[1:]), 2)
        if summary.unchecked_lines:
            self._print(Text(unchecked_text(summary)), 2)
        if summary.mentions.unexplained:
            self._print(Text(f"Codes that no line, text or number explains: {summary.mentions.unexplained}"))
        if summary.by_rule:
            ranked = sorted(summary.by_rule.items(), key=lambda entry: (-entry[1], entry[0]))
            by_rule = "  ".join(f"{rule} {count}" for rule, count in ranked[:_MOST_RULES])
            more = f"  and {len(ranked) - _MOST_RULES} more" if len(ranked) > _MOST_RULES else ""
            self._print(Text(f"By rule: {by_rule}{more}"), 2)

    def _print(self, text: Text, indent: int = 4) -> None:
        print_wrapped(self._console, text, indent)


def _gravest_first(scrubbed: ClaimResult) -> list[tuple[Finding, str]]:
    """The findings of a claim and its lines, each with the words for its line; what rejects comes first."""
    lines = {id(one): f"line {clean(line.line.number[:10])}, " for line in scrubbed.lines for one in line.findings}
    return [(finding, lines.get(id(finding), "")) for finding in gravest_first(scrubbed.all_findings)]


def _patient(claim: Claim) -> Text:
    patient = patient_document(claim)
    return Text(f"  Patient {clean(patient['name'][:60])}, member id {clean(patient['member_id'][:40])}")


def _location_text(location: Location, claim: Claim, status: str = "") -> str:
    """Return the location of a finding or guide error in words: in the file, and on the paper form."""
    where = f"after the {clean(location.after[:10])} at segment" if location.after else "segment"
    field = form_field(claim, location, status)
    element = clean(location.element[:20]) + (f" ({field})" if field else "")
    return f"{element} in loop {location.loop}, {where} {location.segment_index}, byte {location.byte_offset}"


def fault_location(fault: Fault) -> str:
    """Return the location of a fault in words."""
    location = f"segment {fault.segment_index}, byte {fault.byte_offset}"
    return f"interchange {clean(fault.interchange_control)}, {location}" if fault.interchange_control else location
