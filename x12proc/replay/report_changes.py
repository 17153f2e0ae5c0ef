"""Compare two JSON reports of one input: findings gained, lost and re-graded, and changed dispositions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Literal, TypeAlias

import msgspec

from x12proc.errors import ConfigError
from x12proc.reports.document import SCHEMA

ABSENT = "absent"  # the disposition of a claim that is not in a report
ChangeKind: TypeAlias = Literal["gained", "lost", "re-graded"]


class ReportedLocation(msgspec.Struct, frozen=True, gc=False):
    """The location of a finding."""

    element: str
    loop: str = ""
    segment_index: int = 0
    byte_offset: int = 0


class ReportedFinding(msgspec.Struct, frozen=True, gc=False):
    """The compared fields of a finding."""

    rule: str
    severity: str
    location: ReportedLocation


class ReportedLine(msgspec.Struct, frozen=True):
    """A target line with its findings."""

    number: str
    findings: tuple[ReportedFinding, ...] = ()


class ReportedClaim(msgspec.Struct, frozen=True):
    """A target claim with its findings. ``charge`` is CLM02 as sent."""

    claim_id: str
    disposition: str
    segment_index: int = 0
    charge: str = ""
    findings: tuple[ReportedFinding, ...] = ()
    lines: tuple[ReportedLine, ...] = ()

    def by_location(self) -> dict[tuple[str, str, str], list[ReportedFinding]]:
        """Return the findings by line (empty for the claim itself), rule and element."""
        found: dict[tuple[str, str, str], list[ReportedFinding]] = defaultdict(list)
        for number, findings in (("", self.findings), *((line.number, line.findings) for line in self.lines)):
            for finding in findings:
                found[number, finding.rule, finding.location.element].append(finding)
        return found


class ReportedFault(msgspec.Struct, frozen=True, gc=False):
    """A fault of the file itself."""

    code: str
    severity: str = "error"
    segment_index: int = 0


class ReportedInput(msgspec.Struct, frozen=True):
    """The input of the report."""

    name: str = ""
    sha256: str = ""


class ReportedSummary(msgspec.Struct, frozen=True):
    """The result of the file."""

    status: str = ""


class ReportedProgram(msgspec.Struct, frozen=True):
    """The program that made the report. ``as_of`` was the date of the rules."""

    version: str = ""
    rules_edition: str = ""
    as_of: str = ""


class Report(msgspec.Struct, frozen=True):
    """The compared fields of a JSON report (``x12proc.report/1``)."""

    schema: str
    claims: tuple[ReportedClaim, ...] = ()
    errors: tuple[ReportedFault, ...] = ()
    input: ReportedInput = ReportedInput()
    summary: ReportedSummary = ReportedSummary()
    program: ReportedProgram = ReportedProgram()


class FindingChange(msgspec.Struct, frozen=True):
    """A finding gained, lost or re-graded. ``was`` is the severity before, empty if gained."""

    kind: ChangeKind
    claim_id: str
    line: str
    rule: str
    severity: str
    was: str
    location: ReportedLocation


class ClaimChange(msgspec.Struct, frozen=True):
    """A claim with another disposition, or in one report only (``absent``)."""

    claim_id: str
    segment_index: int
    charge: str
    was: str
    now: str


class FaultChange(msgspec.Struct, frozen=True):
    """A fault of the file, gained or lost."""

    kind: ChangeKind
    code: str
    severity: str
    segment_index: int


class Changes(msgspec.Struct, frozen=True):
    """All differences between two reports of one input."""

    findings: tuple[FindingChange, ...]
    claims: tuple[ClaimChange, ...]
    faults: tuple[FaultChange, ...]
    was: str  # status of the file
    now: str

    def __bool__(self) -> bool:
        return bool(self.findings or self.claims or self.faults or self.was != self.now)


def parse_report(text: bytes, where: str) -> Report:
    """Parse a JSON report. Raises ConfigError, which begins with ``where``, if it is none."""
    try:
        report = msgspec.json.decode(text, type=Report)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: no JSON report of x12proc: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ConfigError(f"{where}: no JSON") from None
    if report.schema != SCHEMA:
        raise ConfigError(f"{where}: the schema is {report.schema[:40]!r}; allowed is {SCHEMA}")
    return report


def compare(old: Report, new: Report) -> Changes:
    """Return the changes from ``old`` to ``new``. Claims are paired by CLM01, equal ones in file order."""
    findings: list[FindingChange] = []
    claims: list[ClaimChange] = []
    for before, after in _pairs(old.claims, new.claims):
        findings += _finding_changes(before, after)
        was, now = (claim.disposition if claim else ABSENT for claim in (before, after))
        if was != now:
            known = after or before
            assert known is not None
            claims.append(ClaimChange(known.claim_id, known.segment_index, known.charge, was, now))
    faults = tuple(_fault_changes(old, new))
    return Changes(tuple(findings), tuple(claims), faults, old.summary.status, new.summary.status)


def _pairs(
    old: tuple[ReportedClaim, ...], new: tuple[ReportedClaim, ...]
) -> Iterator[tuple[ReportedClaim | None, ReportedClaim | None]]:
    waiting: dict[str, list[ReportedClaim]] = defaultdict(list)
    for claim in reversed(old):
        waiting[claim.claim_id].append(claim)
    for claim in new:
        known = waiting.get(claim.claim_id)
        yield (known.pop() if known else None), claim
    for left in waiting.values():
        for claim in reversed(left):
            yield claim, None


def _finding_changes(before: ReportedClaim | None, after: ReportedClaim | None) -> Iterator[FindingChange]:
    old, new = (claim.by_location() if claim else {} for claim in (before, after))
    known = after or before
    assert known is not None
    for key in sorted({*old, *new}):
        line, rule, _ = key
        was, now = old.get(key, []), new.get(key, [])
        for one, other in zip(was, now, strict=False):
            if one.severity != other.severity:
                yield FindingChange(
                    "re-graded", known.claim_id, line, rule, other.severity, one.severity, other.location
                )
        for one in was[len(now) :]:
            yield FindingChange("lost", known.claim_id, line, rule, one.severity, one.severity, one.location)
        for other in now[len(was) :]:
            yield FindingChange("gained", known.claim_id, line, rule, other.severity, "", other.location)


def _fault_changes(old: Report, new: Report) -> Iterator[FaultChange]:
    left = list(old.errors)
    for fault in new.errors:
        if fault in left:
            left.remove(fault)
        else:
            yield FaultChange("gained", fault.code, fault.severity, fault.segment_index)
    for fault in left:
        yield FaultChange("lost", fault.code, fault.severity, fault.segment_index)
