"""A file fixed as ``x12proc scrub --fix`` does it, on the shipped rules, profiles and reference edition."""

from __future__ import annotations

from pathlib import Path

import msgspec
from rule_cases import FIXTURES
from rule_run import reference, with_options

from x12proc.engine import Engine, ScrubbedClaim
from x12proc.fixes import Fix, Fixing, FixPlanner
from x12proc.replay.rule_cases import Case
from x12proc.reports.fixed import FixedEdi
from x12proc.rules import all_rules
from x12proc.scrub import Summary, scrub_buffer
from x12proc.typed_toml import decode


class FixCase(Case, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A rule case that names its fixes: rule, safe or unsafe, before, after; and the segments that are new."""

    fixes: tuple[tuple[str, str, str, str], ...] = ()
    segments: tuple[str, ...] = ()


class _CaseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    case: tuple[FixCase, ...]


class Fixed(msgspec.Struct, frozen=True):
    """What became of a file: its bytes, the fixes, and the findings as it came."""

    data: bytes
    fixes: list[Fix]
    findings: list[str]


def fix_cases() -> list[FixCase]:
    """Every case of fixtures/fixes."""
    paths: list[Path] = sorted((FIXTURES / "fixes").glob("*.toml"))
    return [case for path in paths for case in decode(path.read_bytes(), _CaseFile, path.name).case]


def fixed(data: bytes, fixing: Fixing = "all", case: Case | None = None, window: int = 4096) -> Fixed:
    """Fix a file under the settings of a case."""
    case = case or Case(name="plain")
    written: list[bytes] = []
    planner = FixPlanner(data, _engine(case), fixing)
    writer = FixedEdi(data, written.append, planner)
    fixes: list[Fix] = []
    findings: list[str] = []
    for outcome in scrub_buffer(data, _engine(case), case.codes, window=window):
        writer.take(outcome)
        if isinstance(outcome, ScrubbedClaim):
            fixes += planner.plan(outcome)
            findings += [f"{f.rule} {f.severity} {f.location.element}" for f in outcome.all_findings]
    writer.end(Summary())
    return Fixed(b"".join(written), fixes, sorted(findings))


def _engine(case: Case) -> Engine:
    profiles = with_options(case)
    return Engine(all_rules(), profiles, reference(), codes=case.codes, as_of=case.as_of, profile=case.profile)
