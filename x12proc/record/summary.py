"""Counts of what a record holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from x12proc.record.model import RecordedClaim, RecordedFinding


class RecordSummary:
    """The totals of a record's claims: ``findings`` are counted by rule, severity and state, each once a line."""

    def __init__(self) -> None:
        self.claims = self.rejected = self.lines = 0
        self.findings: Counter[RecordedFinding] = Counter()

    def count(self, claim: RecordedClaim) -> None:
        """Add one claim."""
        self.claims += 1
        self.rejected += claim.rejected
        self.lines += len(claim.lines)
        self.findings.update(claim.findings)
        for line in claim.lines:
            self.findings.update(line.findings)

    def document(self) -> dict[str, Any]:
        """Return the totals for JSON."""
        findings = [
            {"rule": one.rule, "severity": one.severity, "state": one.state, "count": number}
            for one, number in self._sorted()
        ]
        counts = {"claims": self.claims, "rejected": self.rejected, "lines": self.lines}
        return {**counts, "findings": findings}

    def text_lines(self) -> Iterator[str]:
        """Yield the totals for a terminal."""
        yield f"{self.claims} target claims with {self.lines} target lines, {self.rejected} claims rejected"
        for one, number in self._sorted():
            yield f"{one.rule:8} {one.severity:7} {one.state:10} {number:8}"

    def _sorted(self) -> list[tuple[RecordedFinding, int]]:
        return sorted(self.findings.items(), key=lambda pair: (pair[0].rule, pair[0].severity, pair[0].state))
