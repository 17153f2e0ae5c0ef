"""Every rule against its fixture: the exact findings of all rules, and nothing else."""

from __future__ import annotations

import pytest
from support.rule_cases import Case, all_cases
from support.rules import found

from x12proc.rules import all_rules

CASES = all_cases()


@pytest.mark.parametrize(("rule", "case"), CASES, ids=[f"{rule}-{case.name}" for rule, case in CASES])
def test_case_finds_exactly_what_it_names(rule: str, case: Case) -> None:
    verdict = case.name.rsplit("-", 1)[1]
    severities = {line.split()[1] for line in case.expect if line.startswith(rule + " ")}
    assert severities == ({verdict} if verdict != "valid" else set()), "the case's name states its verdict"
    assert found(case) == sorted(case.expect)


@pytest.mark.parametrize("rule", sorted(all_rules()))
def test_every_rule_has_failing_and_valid_cases(rule: str) -> None:
    names = [case.name for owner, case in CASES if owner == rule]
    assert any(name.endswith("-valid") for name in names)
    assert any(not name.endswith("-valid") for name in names)
    assert len(names) == len(set(names))
