"""Which of our rules tell the same fault as the guide's validator, so that one fault is told once.

Our finding stays: it names the drug's side of the matter, the fix and the payer's likely answer. The guide error
at the same place is left out. Switch the rule off in a profile, and the guide error is heard again.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache

from x12proc.claims.model import Location
from x12proc.conformance.chunks import GuideErrors
from x12proc.engine.engine import ClaimResult
from x12proc.findings import Finding, GuideError
from x12proc.rules import all_rules
from x12proc.rules.base import GuideErrorPatterns
from x12proc.rules.shared.guide_errors import SAME_ELEMENT


@cache
def same_faults() -> dict[str, GuideErrorPatterns]:
    """Return by rule the elements and codes of the guide errors that report the same fault in the same segment."""
    return {rule.id: rule.same_as_guide for rule in all_rules().values() if rule.same_as_guide}


def told_once(scrubbed: ClaimResult, errors: GuideErrors) -> GuideErrors:
    """The guide errors of a claim that no finding of it tells as well."""
    if not errors:
        return errors
    lines = [line.lx.index for line in scrubbed.claim.lines]
    findings: dict[tuple[str, int], list[Finding]] = {}
    for finding in scrubbed.all_findings:
        if finding.rule in same_faults():
            findings.setdefault(_place(finding.location, lines), []).append(finding)
    return tuple(
        error
        for error in errors
        if not any(_same(finding, error) for finding in findings.get(_place(error.location, lines), ()))
    )


def _place(location: Location, lines: list[int]) -> tuple[str, int]:
    """The segment, or of one that is absent the line: it may be said to belong behind one segment or another."""
    index = location.segment_index
    return location.segment, index if location.after is None else -1 - bisect_right(lines, index)


def _same(finding: Finding, error: GuideError) -> bool:
    return any(
        error.code in codes.split() and _fits(pattern, finding.location.element, error.location.element)
        for pattern, codes in same_faults()[finding.rule]
    )


def _fits(pattern: str, found: str, element: str) -> bool:
    if pattern == SAME_ELEMENT:
        return element == found or element.startswith(found + "-")
    return re.fullmatch(pattern, element) is not None
