"""Rules in TOML: their language, what is refused, and twenty examples with their cases."""

from __future__ import annotations

import json
import re
import time
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from support.edi import base

import x12proc
from x12proc.cli.app import app
from x12proc.errors import ConfigError
from x12proc.replay.rule_cases import Case, differences, parse_cases
from x12proc.rules.context import Context
from x12proc.rules.toml_rules.conditions import Condition, compile_condition
from x12proc.rules.toml_rules.facts import FACTS
from x12proc.rules.toml_rules.patterns import matches
from x12proc.rules.toml_rules.rule_file import parse_rules
from x12proc.rules.toml_rules.schema import rule_file_schema
from x12proc.runner.settings import load_settings

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "docs" / "examples" / "toml-rules"
SETTINGS = load_settings(config=EXAMPLES / "x12proc.toml")
CASES = parse_cases((EXAMPLES / "rules.cases.toml").read_bytes(), "rules.cases.toml")
OWN = [rule for rule in SETTINGS.rules if rule.startswith("XHB")]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case) -> None:
    assert differences(case, SETTINGS.rules, SETTINGS.profiles, SETTINGS.reference) == []


def test_each_example_has_a_case_that_it_finds_and_one_that_it_nearly_finds() -> None:
    assert len(OWN) == 20
    for rule_id in OWN:
        name = SETTINGS.rules[rule_id].name
        found = {
            case.name.startswith(f"{name}-near-miss"): case.expect for case in CASES if case.name.startswith(name)
        }
        assert any(line.startswith(rule_id) for line in found[False]), rule_id
        assert not any(line.startswith(rule_id) for line in found[True]), rule_id


RULE: dict[str, Any] = {
    "id": "XTT01",
    "name": "some-fault",
    "severity": "warn",
    "sources": ["MAIL"],
    "confidence": "field",
    "at": "charge",
    "when": {"fact": "charge", "from": 1},
    "message": "It is wrong",
    "fix": "Mend it.",
    "why": "Because.",
}


def toml(**changes: Any) -> bytes:
    """A file with one rule; a change to None leaves a key out."""
    table = {key: value for key, value in {**RULE, **changes}.items() if value is not None}
    keys = "".join(f"{key} = {in_toml(value)}\n" for key, value in table.items())
    return f'[[source]]\nkey = "MAIL"\ntitle = "A mail"\n[[rule]]\n{keys}'.encode()


def in_toml(value: Any) -> str:
    """A value on one line of TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {in_toml(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(in_toml, value)) + "]"
    if isinstance(value, bool | str):
        return json.dumps(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def fact(name: str, **tests: Any) -> dict[str, Any]:
    return {"when": {"fact": name, **tests}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"when": {}}, "when: has none of all, any, not, other_line, fact; give one"),
        ({"when": {"all": []}}, "when.all: is empty"),
        (
            {"when": {"all": [{"fact": "units"}]}},
            r"when.all\[1\] \(units\): has no test; there are equals, one_of",
        ),
        ({"when": {"fact": "units", "not": {"fact": "unit", "sent": True}}}, "has not and fact"),
        ({"when": {"not": {"fact": "unit", "sent": True}, "equals": 1}}, "equals need a fact beside them"),
        (fact("color", equals="red"), "there is no fact 'color'; there are payer_id"),
        (fact("charge", equals="1"), r"'1' is no number; write it like 12.5"),
        (fact("charge", equals=float("nan")), "nan is no number"),
        (fact("charge", equals=float("inf")), "inf is no number"),
        (fact("charge", equals=True), "True is no number"),
        (fact("unit", equals=1), '1 is no text; write it like "text"'),
        (fact("service_date", equals="2026-01-31"), "is no date; write it like 2026-01-31"),
        (fact("unit", **{"from": "A"}), "from and to are for numbers and dates"),
        (fact("charge", matches="1*"), "matches is for texts; this fact is a number"),
        (fact("unit", matches=""), "a pattern has 1 to 200 characters"),
        (fact("unit", matches="*" * 201), "a pattern has 1 to 200 characters"),
        (fact("unit", equals="UN", one_of=["ML"]), "equals and one_of are the same test"),
        (fact("unit", equals="UN", sent=True), "sent goes with no other test"),
        (fact("unit", regex="U."), "unknown field `regex`"),
        ({"at": "color"}, "at: there is no fact 'color'"),
        ({"color": 1}, "unknown field `color`"),
        ({"when": None}, "missing required field `when`"),
        ({"severity": "loud"}, "allowed are reject, warn, info"),
        ({"severity": "reject"}, r"field knowledge alone \(confidence field\) never rejects"),
        ({"severity": "reject", "confidence": "verified"}, "what rejects needs a claim status"),
        ({"sources": []}, "without a source there is no rule"),
        ({"sources": ["NOONE"]}, "there is no source 'NOONE'"),
        ({"id": "NDC01"}, "ids with NDC are x12proc's"),
        ({"message": ""}, "message: has 1 to 300 characters"),
        ({"from": date(2026, 2, 1), "to": date(2026, 1, 1)}, "to: is before from"),
    ],
    ids=str,
)
def test_a_wrong_rule_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        parse_rules(toml(**changes), "my.toml", "test_toml_rules_file")
    assert str(raised.value).startswith("my.toml: ")


def nested(depth: int) -> dict[str, Any]:
    return {"not": nested(depth - 1)} if depth else {"fact": "unit", "sent": True}


def test_depth_and_size_are_bounded() -> None:
    parse_rules(toml(when=nested(9)), "my.toml", "test_toml_rules_file")
    with pytest.raises(ConfigError, match="is more than 10 levels deep"):
        parse_rules(toml(when=nested(10)), "my.toml", "test_toml_rules_file")
    with pytest.raises(ConfigError, match="has more than 500 parts"):
        parse_rules(toml(when={"any": [nested(0)] * 500}), "my.toml", "test_toml_rules_file")


def test_an_empty_file_is_no_rule_file(tmp_path: Path) -> None:
    (tmp_path / "my.toml").touch()
    (tmp_path / "x12proc.toml").write_text('rule_files = ["my.toml"]')
    with pytest.raises(ConfigError, match=r"declares no rule; .* add a \[\[rule\]\]"):
        load_settings(config=tmp_path / "x12proc.toml")


def scrubbed(tmp_path: Path, text: bytes, profile: str = "") -> list[x12proc.Finding]:
    (tmp_path / "my.toml").write_bytes(text)
    (tmp_path / "payers").mkdir(exist_ok=True)
    if profile:
        (tmp_path / "payers" / "mine.toml").write_text(profile)
    (tmp_path / "x12proc.toml").write_text('rule_files = ["my.toml"]\nprofile_folders = ["payers"]\n')
    run = x12proc.scrub(base(), config=tmp_path / "x12proc.toml", profile="mine" if profile else None)
    claim = run.finish().claims[0]
    return [finding for finding in claim.all_findings if finding.rule == "XTT01"]


PROFILE = 'name = "mine"\ntitle = "M"\nextends = "default"\nsource = "MAIL"\n[[rule]]\nid = "XTT01"\nwhy = "W."\n'


def test_a_finding_has_the_value_and_the_place_of_its_fact(tmp_path: Path) -> None:
    (finding,) = scrubbed(tmp_path, toml())
    assert (finding.message, finding.value, finding.location.element) == ("It is wrong", "14880", "SV102")
    assert (finding.severity, finding.sources) == ("warn", ("MAIL",))


def test_a_profile_switches_and_grades_it(tmp_path: Path) -> None:
    assert scrubbed(tmp_path, toml(enabled=False)) == []
    on = PROFILE + "options = { enabled = true }\n"
    assert [one.severity for one in scrubbed(tmp_path, toml(enabled=False), on)] == ["warn"]
    assert [one.severity for one in scrubbed(tmp_path, toml(), PROFILE + 'severity = "info"\n')] == ["info"]


@pytest.mark.parametrize(
    ("period", "holds"),
    [
        ({"from": date(2023, 11, 14)}, True),
        ({"from": date(2023, 11, 15)}, False),
        ({"to": date(2023, 11, 14)}, True),
        ({"to": date(2023, 11, 13)}, False),
    ],
)
def test_a_rule_holds_on_its_service_dates(tmp_path: Path, period: dict[str, date], holds: bool) -> None:
    assert bool(scrubbed(tmp_path, toml(**period))) == holds


@pytest.mark.parametrize("name", FACTS)
def test_every_fact_is_read_and_located(tmp_path: Path, name: str) -> None:
    always = {"any": [{"fact": name, "sent": True}, {"fact": name, "sent": False}]}
    (finding,) = scrubbed(tmp_path, toml(at=name, when=always))
    assert finding.location.segment
    absent = {"revenue_code", "notes"}
    assert (finding.value is None) == (name in absent)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("LOT *", "lot a1", True),
        ("LOT *", "A LOT 1", False),
        ("*LOT*", "A LOT 1", True),
        ("##-@@", "12-ab", True),
        ("##-@@", "1a-ab", False),
        ("?", "", False),
        ("**", "", True),
        ("A*B*C", "AxxBxxBC", True),
        ("A*B", "AxBx", False),
        ("#", "٣", False),
    ],
)
def test_patterns(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, text) == expected


@given(st.text("AB*?#@1", max_size=12), st.text("AB1", max_size=12))
def test_patterns_match_as_regular_expressions_do(pattern: str, text: str) -> None:
    parts = {"*": ".*", "?": ".", "#": "[0-9]", "@": "[A-Za-z]"}
    regex = "".join(parts.get(sign, re.escape(sign)) for sign in pattern)
    assert matches(pattern, text) == bool(re.fullmatch(regex, text))


def test_no_pattern_hangs() -> None:
    started = time.perf_counter()
    assert not matches("*A" * 99 + "*B", "A" * 100_000)
    assert time.perf_counter() - started < 1


_LEAVES = st.fixed_dictionaries(
    {"fact": st.sampled_from([*FACTS, "color"])},
    optional={
        "equals": st.one_of(st.text(max_size=3), st.integers(), st.floats(), st.booleans(), st.dates()),
        "one_of": st.lists(st.one_of(st.text(max_size=3), st.integers()), max_size=2),
        "matches": st.text("A*#", max_size=5),
        "from": st.one_of(st.integers(), st.dates(), st.text(max_size=2)),
        "sent": st.booleans(),
    },
)
_CONDITIONS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"all": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
        st.fixed_dictionaries({"other_line": inner}),
    ),
    max_leaves=8,
)


@given(_CONDITIONS)
def test_any_condition_is_refused_or_decides(tree: dict[str, Any]) -> None:
    condition = msgspec.convert(tree, Condition)
    try:
        test = compile_condition(condition)
    except ValueError as error:
        assert str(error).startswith("when")  # noqa: PT017 - most conditions are not refused
        return
    line, ctx = _LINE
    assert test(line, ctx) in (True, False)


def _line_and_context() -> tuple[Any, Any]:
    (claim,) = x12proc.read(base())
    options: dict[str, Any] = {}
    ctx = Context(
        claim, claim.lines[:1], as_of=date(2024, 4, 1), reference=SETTINGS.reference, options=options,
        seen_before=lambda _: False,
    )  # fmt: skip
    return claim.lines[0], ctx


_LINE = _line_and_context()


def test_numbers_are_exact() -> None:
    line, ctx = _LINE
    assert FACTS["charge"].values(line, ctx) == (Decimal(14880),)
    assert not compile_condition(msgspec.convert({"fact": "charge", "from": 14880.01}, Condition))(line, ctx)


def test_the_schema_takes_the_examples_and_marks_what_is_wrong() -> None:
    schema = json.loads((ROOT / "config" / "rules.schema.json").read_text())
    assert json.loads(CliRunner().invoke(app, ["rules", "--schema"]).output) == schema == rule_file_schema()
    editor = jsonschema.Draft7Validator(schema)
    text = (EXAMPLES / "rules.toml").read_text()
    assert text.startswith("#:schema ")
    as_json = json.loads(json.dumps(tomllib.loads(text), default=str))
    assert list(editor.iter_errors(as_json)) == []
    as_json["rule"][0]["when"] = {"fact": "color", "equals": 1}
    assert list(editor.iter_errors(as_json))


def test_the_rule_of_the_manual_is_the_example() -> None:
    manual = (ROOT / "docs" / "toml-rules.md").read_text()
    block = re.search(r"```toml\n(.*?)```", manual, re.DOTALL)
    assert block is not None
    (table,) = tomllib.loads(block[1])["rule"]
    assert table in tomllib.loads((EXAMPLES / "rules.toml").read_text())["rule"]
