"""The documentation says what the program does: generated pages are fresh, README's commands run."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

from x12proc.cli.app import app
from x12proc.reports.acks import codes as verdict
from x12proc.reports.acks.ack_999 import RULE_CODES
from x12proc.rules import all_rules
from x12proc.rules.sources import SOURCES

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))


def test_what_is_generated_is_fresh() -> None:
    """Rule pages, the middle of docs/profiles.md, and the JSON Schema of profiles."""
    build_docs = import_module("build_docs")

    assert build_docs.stale() == [], "run 'make docs'"


def test_readme_shows_commands_that_exist() -> None:
    text = (ROOT / "README.md").read_text()
    for command in set(re.findall(r"x12proc (\w+)", text)):
        if command in app.list_commands(None):  # type: ignore[arg-type]  # the list needs no context
            assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0
    for name in re.findall(r"\]\(([^)#]+)\)", text):
        if "://" not in name:
            assert (ROOT / name).exists(), name


@pytest.mark.parametrize("rule", all_rules().values(), ids=lambda rule: rule.id)
def test_rule_is_told_in_full(rule) -> None:  # type: ignore[no-untyped-def]  # a Rule, by parametrize
    for text in (rule.summary, rule.why, rule.fix, rule.where, rule.name):
        assert len(text) > 5
    assert rule.summary.endswith(".")
    assert rule.sources
    assert all(source in SOURCES for source in rule.sources)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", rule.name)
    if rule.severity == "reject":
        assert rule.confidence != "M"
        assert rule.sources != ("MEM",), "field knowledge alone never rejects"
        assert re.fullmatch(r"A[0-9]:[0-9]+", rule.status)


def test_every_fault_and_its_code_stand_in_the_acknowledgement_pages() -> None:
    text = (ROOT / "docs" / "acknowledgements.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("|")]
    for (fault, _), answer in verdict.FAULT_CODES.items():
        code = rf"\b{answer.code}\b"
        told = [place for place, row in enumerate(rows) if f"`{fault}`" in row]
        assert any(re.search(code, rows[place]) for place in told), (fault, answer)
    for fault in (*verdict.UNREPORTED, *verdict.UNREADABLE_ISA):
        assert f"`{fault}`" in text
    for rule, (of_segment, of_element) in RULE_CODES.items():
        row = next(row for row in rows if row.startswith(f"| {rule} |"))
        assert all(f" {code} " in row for code in (of_segment, of_element) if code), rule
