"""What our rule fixtures run on: the shipped rules, profiles and reference edition, loaded once for all tests."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from x12proc.profiles.profiles import ProfileFile, Profiles, parse_profile
from x12proc.reference.edition import Reference
from x12proc.replay import rule_cases
from x12proc.replay.rule_cases import Case
from x12proc.rules import all_rules

CONFIG = Path(__file__).parents[2] / "config"


@lru_cache(maxsize=1)
def reference() -> Reference:
    """The shipped edition."""
    return Reference(lambda name: (CONFIG / "reference" / name).read_bytes())


@lru_cache(maxsize=1)
def profile_files() -> dict[str, ProfileFile]:
    """The shipped profiles as they stand in their files."""
    rules = all_rules()
    files = [parse_profile(path.read_bytes(), path.name, rules) for path in (CONFIG / "profiles").glob("*.toml")]
    return {file.name: file for file in files}


@lru_cache(maxsize=1)
def profiles() -> Profiles:
    """The shipped profiles."""
    return Profiles(profile_files(), all_rules())


def with_options(case: Case) -> Profiles:
    """The shipped profiles, the case's own with the options that the case sets."""
    return rule_cases.with_options(case, profiles(), all_rules())


def found(case: Case) -> list[str]:
    """``RULE severity ELEMENT`` of every finding of every target claim, sorted."""
    return rule_cases.findings(case, all_rules(), profiles(), reference())


def case_reference(case: Case) -> Reference:
    """The shipped edition with the tables that the case brings."""
    return rule_cases.with_tables(case, reference())
