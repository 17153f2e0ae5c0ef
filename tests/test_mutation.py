"""Every rule is held fast by its fixture: switched off, it is missed. The tool that breaks rules tells the truth.

The finer breaks take a minute or two and run with ``make mutate``.
"""

from __future__ import annotations

import ast
import sys
from importlib import import_module
from pathlib import Path

import pytest

from x12proc.rules import all_rules, bal

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))
mutate_rules = import_module("mutate_rules")
mutants = import_module("mutants")

FEW_RULES = 1
OF_FEW_RULES = [target for target in mutate_rules.targets() if len(target.rules) <= FEW_RULES]


@pytest.mark.parametrize("rule", sorted(all_rules()))
def test_a_silent_rule_is_missed(rule: str) -> None:
    assert mutate_rules.is_missed(rule)


def test_what_is_not_broken_is_not_noticed() -> None:
    """Else a mutant would be called killed for a fault of the tool."""
    unbroken = [(target, mutants.Mutant(0, "nothing", target.definition)) for target in OF_FEW_RULES]
    assert len(unbroken) > 100
    assert [target.title for target, mutant in unbroken if mutate_rules.is_noticed(mutant, target)] == []


def test_a_broken_rule_is_noticed_and_mended_again() -> None:
    before = bal.unit_basis_not_un
    target = next(target for target in OF_FEW_RULES if target.name == "unit_basis_not_un")
    result = mutate_rules.broken(target)
    assert result.made >= 3
    assert result.survivors == ()
    assert bal.unit_basis_not_un is before


def test_the_breaks_of_a_function() -> None:
    source = '''
def found(line):
    """Text."""
    if line.units <= 1 and not line.free:
        return
    for one in line.parts:
        if one in (2, 3):
            continue
        message = f"not {one + 1}"
        yield Hit(one, message, WARN if one > 5 else None)
'''
    definition = ast.parse(source).body[0]
    reported = [mutant.what for mutant in mutants.mutants(definition)]
    for expected in (
        "True for if line.units <= 1 and (not line.free)",
        "Or for the other in line.units <= 1 and (not line.free)",
        "without line.units <= 1 in line.units <= 1 and (not line.free)",
        "LtE -> Gt in line.units <= 1",
        "LtE -> Lt in line.units <= 1",
        "without not in not line.free",
        "In -> NotIn in one in (2, 3)",
        "3 for 2",
        "without continue",
    ):
        assert expected in reported
    assert not any("one + 1" in what for what in reported), "texts are left alone"
    assert all(mutants.compiled(mutant) for mutant in mutants.mutants(definition))
