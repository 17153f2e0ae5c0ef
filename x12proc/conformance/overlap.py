"""The rules that report the same fault as a guide error, so that one fault is reported once.

The rule's finding stays: it names the drug's side of the matter, the fix and the payer's likely answer. The guide
error at the same element is left out. Where a profile switches the rule off, the guide error is reported again.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache

from x12proc.claims.model import Location
from x12proc.conformance.chunks import GuideErrors
from x12proc.engine.result import ClaimResult
from x12proc.findings import Finding, GuideError
from x12proc.rules import all_rules
from x12proc.rules.base import GuideErrorPatterns
from x12proc.rules.shared.guide_errors import SAME_ELEMENT


@cache
def same_faults() -> dict[str, GuideErrorPatterns]:
    """Return by rule the elements and codes of the guide errors that report the same fault in the same segment."""
    return {rule.id: rule.same_as_guide for rule in all_rules().values() if rule.same_as_guide}


def drop_already_reported(scrubbed: ClaimResult, errors: GuideErrors) -> GuideErrors:
    """Return the guide errors of a claim that none of its findings reports as well."""
    if not errors:
        return errors
    lines = [line.lx.index for line in scrubbed.claim.lines]
    findings: dict[tuple[str, int], list[Finding]] = {}
    for finding in scrubbed.all_findings:
        if finding.rule in same_faults():
            findings.setdefault(_key(finding.location, lines), []).append(finding)
    return tuple(
        error
        for error in errors
        if not any(_same(finding, error) for finding in findings.get(_key(error.location, lines), ()))
    )


def _key(location: Location, lines: list[int]) -> tuple[str, int]:
    """Return the key of a segment, of an absent one that of its line: it may be located after one segment or
    another."""
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
