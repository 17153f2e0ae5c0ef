"""The memo of rules without hits changes no finding, and pays."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from support.edi import CLINIC, HOSPITAL, base
from support.rule_cases import Case, all_cases
from support.rules import case_reference, profiles, reference, with_options

import x12proc
from x12proc.claims.model import ServiceLine, location_of
from x12proc.engine import rule_memo
from x12proc.engine.engine import Engine
from x12proc.engine.rule_memo import DrugOnlyContext, NoHitCache
from x12proc.findings import Finding, Hit
from x12proc.replay.rule_cases import AS_OF
from x12proc.rules import all_rules
from x12proc.rules.base import Rule
from x12proc.rules.context import Context

RULES = all_rules()
MARKED = {rule.id for rule in RULES.values() if rule.drug_only}
FORGETFUL = {rule_id: msgspec.structs.replace(rule, drug_only=False) for rule_id, rule in RULES.items()}
TIMES = 3  # seen, tried, remembered


def engine(rules: dict[str, Rule], case: Case | None = None) -> Engine:
    if case is None:
        return Engine(rules, profiles(), reference(), codes=("J3590", "J3490", "C9399"), as_of=AS_OF)
    return Engine(
        rules, with_options(case), case_reference(case), codes=case.codes, as_of=case.as_of, profile=case.profile
    )


def findings(scrubber: Engine, data: bytes, times: int = TIMES) -> list[Finding]:
    claims = [claim for claim in x12proc.read(data) if scrubber.targets(claim)]
    results = [scrubber.scrub(claim, scrubber.targets(claim)) for _ in range(times) for claim in claims]
    assert not any(result.crashes for result in results)
    return [finding for result in results for finding in result.all_findings]


@pytest.mark.parametrize(("rule", "case"), all_cases(), ids=lambda value: getattr(value, "name", value))
def test_memory_changes_nothing(rule: str, case: Case) -> None:
    assert findings(engine(RULES, case), case.data()) == findings(engine(FORGETFUL, case), case.data())


def test_memory_of_many_claims_changes_nothing() -> None:
    remembering, forgetful = engine(RULES), engine(FORGETFUL)
    for path in (CLINIC, HOSPITAL):
        data = path.read_bytes()
        assert findings(remembering, data) == findings(forgetful, data)
    for _, case in all_cases():
        assert findings(remembering, case.data(), 1) == findings(forgetful, case.data(), 1)


def test_every_mark_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    silent: set[str] = set()
    listen = NoHitCache._probe

    def watched(memory: NoHitCache, drugs: DrugOnlyContext) -> tuple[frozenset[str], ...]:
        found = listen(memory, drugs)
        silent.update(*found)
        return found

    monkeypatch.setattr(NoHitCache, "_probe", watched)
    for path in (CLINIC, HOSPITAL):
        findings(engine(RULES), path.read_bytes())
    assert MARKED - silent == set()


def late(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Speaks of lines of February, and reads the same words in all months."""
    period = line.service_period
    if period is not None and period.text[4:6] == "02":
        yield Hit(location_of(line.sv_or_lx), "of February")


def test_a_wrong_mark_costs_time_only() -> None:
    marked = {**RULES, "RTE01": msgspec.structs.replace(RULES["RTE01"], check=late, drug_only=True)}
    scrubber = engine(marked)
    (day,) = {
        line.service_period.text for claim in x12proc.read(base()) for line in claim.lines if line.service_period
    }
    reported = []
    for month in ("01", "01", "01", "02", "01", "02"):
        data = base().replace(day.encode(), f"2024{month}10".encode())
        reported.append([finding.rule for finding in findings(scrubber, data, 1)].count("RTE01"))
    assert reported == [0, 0, 0, 1, 0, 1]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_memo, "MOST_KEPT", 5)
    scrubber = engine(RULES)
    for number in range(20):
        findings(scrubber, base().replace(b"CTP****40*ML", b"CTP****%d*ML" % number), 1)
        assert len(scrubber._no_hit_cache._known) <= 5
    before = len(scrubber._no_hit_cache._known)
    huge = base().replace(b"SV1*HC:J3590:JZ::::", b"SV1*HC:J3590:JZ::::" + b"A" * rule_memo.LARGEST_KEPT)
    findings(scrubber, huge, 1)
    assert len(scrubber._no_hit_cache._known) == before, "what is kept of a huge claim would be huge as well"
