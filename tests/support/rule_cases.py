"""The cases of our own rule fixtures; their format is x12proc.replay.rule_cases."""

from __future__ import annotations

from pathlib import Path

from x12proc.replay.rule_cases import Case, parse_cases

__all__ = ["FIXTURES", "RULES", "Case", "all_cases", "load"]
FIXTURES = Path(__file__).parents[2] / "fixtures"
RULES = FIXTURES / "rules"


def load(path: Path) -> list[Case]:
    """The cases of one fixture file."""
    return parse_cases(path.read_bytes(), path.name)


def all_cases() -> list[tuple[str, Case]]:
    """Every case of every rule, with the rule's id."""
    return [(path.stem, case) for path in sorted(RULES.glob("*.toml")) for case in load(path)]
