"""Our rules against their cases: the exact findings, and nothing else."""

from pathlib import Path

import pytest

from x12proc.replay.rule_cases import Case, differences, parse_cases
from x12proc.runner.settings import load_settings

HERE = Path(__file__).parent
SETTINGS = load_settings(config=HERE / "x12proc.toml")
CASES = parse_cases((HERE / "house_rules.cases.toml").read_bytes(), "house_rules.cases.toml")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case) -> None:
    assert differences(case, SETTINGS.rules, SETTINGS.profiles, SETTINGS.reference) == []
