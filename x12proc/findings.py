"""What a rule says: a hit, and the finding it becomes once it is graded."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from x12proc.claims.model import Location

Severity: TypeAlias = Literal["reject", "warn", "info"]
REJECT: Severity = "reject"
WARN: Severity = "warn"
INFO: Severity = "info"
SEVERITIES: tuple[Severity, ...] = (REJECT, WARN, INFO)  # from grave to slight
_RANK = {REJECT: 0, WARN: 1, INFO: 2}


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
