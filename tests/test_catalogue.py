"""Every number of the catalogue is a rule or documented as none, and is in the module or folder of its family."""

from __future__ import annotations

import re
import sys
from itertools import groupby
from pathlib import Path

import pytest

from x12proc.rules import all_rules, retired
from x12proc.rules.base import BUILTIN_PACKAGE, Rule, builtin_families, declared, families

LISTS = (retired.MERGED, retired.NEEDS_DATA, retired.RETIRED, retired.PROFILES)
LONGEST_MODULE = 450  # lines
MODULES = sorted({rule.check.__module__ for rule in all_rules().values()})
PACKAGE = Path(sys.modules[BUILTIN_PACKAGE].__path__[0])


def family(rule_id: str) -> str:
    """Return the letters of an id."""
    return rule_id.rstrip("0123456789")


def test_catalogue_numbers_have_no_gap() -> None:
    ids = sorted({*all_rules(), *retired.NOT_CHECKS})
    for prefix, members in groupby(ids, key=family):
        numbers = [int(rule_id.removeprefix(prefix)) for rule_id in members]
        assert numbers == list(range(1, len(numbers) + 1)), prefix


def test_id_has_one_entry() -> None:
    listed = [rule_id for entries in LISTS for rule_id in entries]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(retired.NOT_CHECKS)
    assert set(listed).isdisjoint(all_rules())


def test_merged_number_names_a_rule() -> None:
    for reason in retired.MERGED.values():
        assert reason.split()[0] in all_rules()


@pytest.mark.parametrize("rule", all_rules().values(), ids=lambda rule: rule.id)
def test_rule_is_in_the_module_or_folder_of_its_family(rule: Rule) -> None:
    name = rule.check.__module__.removeprefix(f"{BUILTIN_PACKAGE}.").split(".")[0]
    assert name == rule.family.lower()


@pytest.mark.parametrize("module", MODULES)
def test_module_docstring_begins_with_its_ids(module: str) -> None:
    head = (sys.modules[module].__doc__ or "").partition(": ")[0]
    named: set[str] = set()
    for first, last in re.findall(r"([A-Z]+[0-9]+)(?: to ([A-Z]+[0-9]+))?", head):
        prefix = family(first)
        numbers = range(int(first.removeprefix(prefix)), int((last or first).removeprefix(prefix)) + 1)
        named |= {f"{prefix}{number:02d}" for number in numbers}
    assert named == set(declared(module))


def test_every_family_holds_rules() -> None:
    assert {rule.family.lower() for rule in all_rules().values()} == set(families())
    assert {family(rule_id) for rule_id in (*all_rules(), *retired.NOT_CHECKS)} == builtin_families()


def test_rule_modules_are_short() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert [path.name for path, lines in lengths.items() if lines > LONGEST_MODULE] == []
