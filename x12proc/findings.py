"""Hits of rules, findings (graded hits) and errors against the implementation guide."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec

from x12proc.claims.model import Location

Severity: TypeAlias = Literal["reject", "warn", "info"]
REJECT: Severity = "reject"
WARN: Severity = "warn"
INFO: Severity = "info"
HiddenState: TypeAlias = Literal["bypassed", "shadowed"]
SEVERITIES: tuple[Severity, ...] = (REJECT, WARN, INFO)  # from grave to slight
#: A profile gives a rule a severity, or puts it in shadow: it runs for a record, and no report has its findings.
Grade: TypeAlias = Literal["reject", "warn", "info", "shadow"]
_RANK = {REJECT: 0, WARN: 1, INFO: 2}


def gravest_first(findings: Iterable[Finding]) -> list[Finding]:
    """Order findings for reading: what rejects, then warnings, then remarks; each in the order of the file."""
    return sorted(
        findings,
        key=lambda one: (_RANK[one.severity], one.location.segment_index, one.location.byte_offset),
    )


def weaker(one: Severity, other: Severity) -> Severity:
    """The slighter of two severities."""
    return one if _RANK[one] >= _RANK[other] else other


class Hit(msgspec.Struct, frozen=True):
    """A fault as its rule sees it. What is None is taken from the rule.

    ``severity`` may make one hit slighter than its rule, never graver.
    """

    location: Location
    message: str
    value: str | None = None
    severity: Severity | None = None
    fix: str | None = None


class Finding(msgspec.Struct, frozen=True):
    """A graded fault at one place.

    ``status`` is a claim status ``category:code`` (X12 code sources 507 and 508) or "", ``second_status`` one
    more or ""; ``carc`` and ``rarc`` are the remittance codes a payer is likely to answer with.
    """

    rule: str
    severity: Severity
    message: str
    fix: str
    location: Location
    value: str | None
    status: str
    second_status: str
    carc: str
    rarc: tuple[str, ...]
    sources: tuple[str, ...]


class HiddenFinding(msgspec.Struct, frozen=True):
    """A finding that no report has, kept for a record of predictions: its rule is bypassed or in shadow."""

    finding: Finding
    state: HiddenState


class GuideError(msgspec.Struct, frozen=True):
    """A fault against the implementation guide at one place.

    ``code`` is X12's own: where ``location.element`` names an element (``CTP04``, ``SV101-7``) that of IK403 (data
    element 621), else that of IK304 (620) for the segment. Four are not X12's but tell what no code does: ``HL1``
    (HL01 is out of step), ``HL2`` (HL02 names no loop above), ``LX`` (LX01 is out of step), ``SEG1`` (separators
    at the end of a segment); and ``unchecked`` says that the validator could not go on here.
    ``message`` holds no element value; ``value`` is what was sent, for a report and never for a log.
    """

    code: str
    message: str
    location: Location
    value: str | None = None
