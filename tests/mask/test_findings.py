"""A masked file scrubs to the findings of its source: every case of every rule, and the demo."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from support import rules as rule_run
from support.edi import FIXTURES, base
from support.masks import compared, masked, without_differences
from support.rule_cases import RULES, Case, load

from x12proc.engine.engine import Engine
from x12proc.rules import all_rules

LEAST_SHIFT = 7  # days


def engine(case: Case) -> Engine:
    return Engine(
        all_rules(),
        rule_run.with_options(case),
        rule_run.case_reference(case),
        codes=case.codes,
        as_of=case.as_of,
        profile=case.profile,
    )


@pytest.mark.parametrize("path", sorted(RULES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_rule_case_scrubs_to_the_same_findings(path: Path) -> None:
    shifts = {case.name: without_differences(case.data(), partial(engine, case)) for case in load(path)}
    assert {name: shift for name, shift in shifts.items() if shift is None or abs(shift) < LEAST_SHIFT} == {}


@pytest.mark.parametrize("path", sorted(FIXTURES.rglob("*.edi")), ids=lambda path: path.name)
def test_every_file_scrubs_to_the_same_findings(path: Path) -> None:
    assert without_differences(path.read_bytes()) is not None


def test_a_difference_is_told_by_rule_and_place() -> None:
    other = masked(base()).replace(b"CTP****40*ML", b"CTP****0*ML")
    found = compared(base(), other)
    assert found.count >= 1
    assert ("QTY01 reject", "masked", "CTP04") in [(d.fact, d.where, d.element) for d in found.differences]


def test_a_claim_that_is_lost_is_a_difference() -> None:
    data = base().replace(b"SE*37", b"SE*73")
    assert compared(data, base()).count
    assert compared(base(), b"").count
