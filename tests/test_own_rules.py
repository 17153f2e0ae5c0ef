"""Rules of a user's own: held to the same checks as ours, graded, reported, and gone with their configuration."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from lxml import etree
from support.edi import base

import x12proc
from x12proc.cli.app import app
from x12proc.errors import ConfigError
from x12proc.rules import all_rules
from x12proc.rules.base import builtin_families, remove_declarations
from x12proc.runner.custom_rules import load_own_rules
from x12proc.runner.settings import load_settings

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "docs" / "examples" / "own-rules"
RULE = '''
from x12proc.rules import WARN, Hit, Source, line_rule, location_of
OURS = Source("A mail", key="MAIL")

@line_rule("{id}", "some-fault", severity={severity}, sources={sources}, confidence="{confidence}",
           where="SV1", summary="It is wrong.", fix="Mend it."{more})
def check(line, ctx):
    """{why}"""
    yield Hit(location_of(line.sv_or_lx), "wrong")
'''


def rule(more: str = "", **parts: str) -> str:
    """The text of a rule file."""
    usual = {"id": "XAC01", "severity": "WARN", "sources": "(OURS,)", "confidence": "proposed", "why": "Because."}
    return RULE.format(more=more, **{**usual, **parts})


def write(folder: Path, *rules: str, profile: str = "") -> Path:
    """A configuration with rule files."""
    (folder / "profiles").mkdir(parents=True)
    names = [f"rules{location}.py" for location, _ in enumerate(rules)]
    for name, text in zip(names, rules, strict=True):
        (folder / name).write_text(text)
    if profile:
        (folder / "profiles" / "mine.toml").write_text(
            'name = "mine"\ntitle = "M"\nextends = "default"\n' + profile
        )
    config = folder / "x12proc.toml"
    config.write_text(f'rule_files = {json.dumps(names)}\nprofile_folders = ["profiles"]\n')
    return config


def matched(config: Path | None, profile: str | None = None) -> list[str]:
    scrubbed = x12proc.scrub(base(), config=config, profile=profile)
    return [f"{finding.rule} {finding.severity}" for claim in scrubbed for finding in claim.all_findings]


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


# -- the worked example -----------------------------------------------------------------------------------------


def test_the_page_shows_the_files_of_the_example() -> None:
    page = (ROOT / "docs" / "own-rules.md").read_text()
    shown = dict(re.findall(r"<!-- (\S+) -->\n```\w+\n(.*?)```", page, re.DOTALL))
    files = {path.relative_to(EXAMPLE).as_posix() for path in EXAMPLE.rglob("*.*")}
    assert set(shown) == {name for name in files if name.endswith((".py", ".toml"))}
    for name, text in shown.items():
        assert text == (EXAMPLE / name).read_text(), name


def test_the_test_of_the_example_passes() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "addopts="]
    plugin = ["-p", "x12proc.pytest_plugin"]  # our pyproject.toml, which holds here too, sets its options
    result = subprocess.run(
        [*command, *plugin, str(EXAMPLE)], capture_output=True, text=True, timeout=120, check=False, cwd=EXAMPLE
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "4 passed" in result.stdout


def test_the_example_is_in_every_report(tmp_path: Path) -> None:
    (tmp_path / "in.edi").write_bytes(base().replace(b"*PI*ACME1", b"*PI*HDH01"))
    config = EXAMPLE / "x12proc.toml"
    result = call(
        "scrub", tmp_path / "in.edi", "-o", tmp_path, "--config", config, "--emit", "json,html,annotated"
    )
    assert result.exit_code == 1, result.output
    document = json.loads((tmp_path / "in.report.json").read_text())
    (claim,) = document["claims"]
    (finding,) = claim["lines"][0]["findings"]
    assert (claim["profile"], finding["rule"], finding["severity"]) == ("harbor-dunes", "XHD01", "reject")
    assert finding["sources"] == ["HDH"]
    assert [entry["rule"] for entry in claim["findings"]] == ["XHD02"]
    assert list(document["program"]["rule_files"]) == ["house_rules.py"]
    page = etree.HTML((tmp_path / "in.report.html").read_bytes())
    assert page.xpath("//a[@href='https://harbor.example/drugs']/text()")[0].startswith("Harbor Dunes Health")
    assert b"NTE*TPO*X12PROC R=XHD01 W=XHD02~" in (tmp_path / "in.annotated.edi").read_bytes()


def test_the_example_is_explained() -> None:
    config = EXAMPLE / "x12proc.toml"
    text = call("rules", "xhd01", "--config", config).output
    for words in (
        "lot-number-missing",
        "traces unclassified biologics",
        "HDH  Harbor Dunes Health",
        "enabled = false",
    ):
        assert words in text
    assert "XHD02" in call("rules", "--config", config).output
    assert "XHD01  rejects (before: warns)" in call("profiles", "harbor-dunes", "--config", config).output
    assert "XHD" not in call("rules").output


# -- nothing leaks ----------------------------------------------------------------------------------------------


def test_a_configurations_rules_are_unknown_to_others(tmp_path: Path) -> None:
    one, two = write(tmp_path / "one", rule()), write(tmp_path / "two", rule(id="XAC02"))
    assert [matched(one), matched(None), matched(two)] == [["XAC01 warn"], [], ["XAC02 warn"]]
    assert not {"XAC01", "XAC02"} & all_rules().keys()
    three = write(tmp_path / "three", rule(id="XAC02"), profile='[[rule]]\nid = "XAC01"\n')
    with pytest.raises(ConfigError, match="'XAC01' does not exist"):
        load_settings(config=three)


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    config = write(tmp_path / "a", rule())
    assert matched(config) == ["XAC01 warn"]
    first = load_settings(config=config)
    (tmp_path / "a" / "rules0.py").write_text(rule(id="XAC07"))
    assert matched(config) == ["XAC07 warn"]
    assert "XAC01" in first.rules, "what a run has begun with stays as it was"
    assert not list((tmp_path / "a").glob("__pycache__"))


def test_two_files_of_one_name_are_both_named_in_reports(tmp_path: Path) -> None:
    for location in ("a", "b"):
        write(tmp_path / location, rule(id=f"X{location.upper()}X01"))
    own = load_own_rules([tmp_path / location / "rules0.py" for location in ("a", "b")])
    assert set(own.files) == {"rules0.py", "b/rules0.py"}


# -- the same checks as ours ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import nothing_of_the_kind", ["line 1", "ModuleNotFoundError", "nothing_of_the_kind"]),
        ("x = 1\ndef f(:\n", ["line 2", "not valid Python"]),
        ("x = 1\n\n1 / 0\n", ["line 3", "ZeroDivisionError"]),
        ("import sys\nsys.exit(0)\n", ["line 2", "SystemExit"]),
        ("\0", ["null bytes"]),
        ("# coding: latin-17\n", ["not valid Python", "latin-17"]),
        ("x = 1\n", ["declares no rule", "line_rule"]),
        (rule(id="NDC99"), ["rule NDC99", "NDC", "x12proc's"]),
        (rule(id="NDC01"), ["rule NDC01", "x12proc's"]),
        (rule(id="xac01"), ["rule xac01", "capital letters"]),
        (rule(id="XAC1"), ["rule XAC1", "two or three digits"]),
        (rule(why=""), ["no docstring"]),
        (rule(sources="()"), ["without a source"]),
        (rule(sources='("NOBODY",)'), ["no source 'NOBODY'", "key="]),
        (rule(sources='(Source("T", key="PAL"),)'), ["'PAL' is taken"]),
        (rule(sources='(Source("T"),)'), ["a title and a key"]),
        (rule(sources='"PAL"'), ["sources", "array"]),
        (rule(severity='"fatal"'), ["severity", "fatal"]),
        (rule(severity='"reject"'), ["needs a claim status"]),
        (rule(severity='"reject"', confidence="field", more=', status="A7:218"'), ["never rejects"]),
        (rule(more=', status="218"'), ["category:code"]),
        (rule(more=', claim_types="X"'), ["claim_types"]),
        (rule(more=", claim_types=()"), ["claim_types", "empty"]),
        (rule(more=', fixer="unit"'), ["fixer", "x12proc only"]),
        (rule(more=', color="red"'), ["unknown field `color`"]),
        (rule(more=', options={"enabled": 1}'), ["options"]),
        (rule(more=', suppressed_by=("NOR99",)'), ["NOR99", "does not exist"]),
        (rule() + rule(), ["XAC01", "taken"]),
        (rule().replace("some-fault", "Some fault"), ["'Some fault'", "hyphens"]),
        (rule().replace('summary="It is wrong.", ', ""), ["summary"]),
    ],
)
def test_what_is_wrong_is_told_with_file_and_reason(tmp_path: Path, text: str, words: list[str]) -> None:
    config = write(tmp_path / "bad", text)
    result = call("scrub", ROOT / "fixtures" / "demo" / "clinic-837p.edi", "--config", config)
    error = result.exception
    assert isinstance(error, ConfigError), "the program ends with exit code 2"
    for word in words:
        assert word in str(error)
    if "suppressed_by" not in text:
        assert "rules0.py" in str(error)


def test_the_program_ends_with_usage_and_no_traceback(tmp_path: Path) -> None:
    config = write(tmp_path / "bad", "1 / 0\n")
    command = [sys.executable, "-W", "error", "-m", "x12proc", "rules", "--config", str(config)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 2
    assert "rules0.py, line 1: ZeroDivisionError" in result.stderr
    assert "Traceback" not in result.stderr


def test_files_that_clash_or_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"rules1\.py: the id XAC01 is taken"):
        load_settings(config=write(tmp_path / "clash", rule(), rule()))
    (tmp_path / "x12proc.toml").write_text('rule_files = ["gone.py"]\n')
    with pytest.raises(ConfigError, match=r"gone\.py: can't be read"):
        load_settings(config=tmp_path / "x12proc.toml")
    (tmp_path / "x12proc.toml").write_text('rule_files = "gone.py"\n')
    with pytest.raises(ConfigError, match="rule_files"):
        load_settings(config=tmp_path / "x12proc.toml")


def test_profiles_grade_and_switch_them(tmp_path: Path) -> None:
    config = write(tmp_path / "a", rule(), profile='[[rule]]\nid = "XAC01"\nseverity = "info"\n')
    assert matched(config, profile="mine") == ["XAC01 info"]
    config = write(tmp_path / "b", rule(), profile='[[rule]]\nid = "XAC01"\nenabled = false\n')
    assert matched(config, profile="mine") == []
    text = rule(more=', suppressed_by=("XAC02",)')
    assert matched(write(tmp_path / "c", text, rule(id="XAC02"))) == ["XAC02 warn"]


def test_typed_classes_of_a_file_find_their_module(tmp_path: Path) -> None:
    typed = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\nimport msgspec\n"
        "@dataclass\nclass A:\n    x: int\n"
        "class B(msgspec.Struct):\n    a: int\n"
        "msgspec.json.decode(b'{\"a\":1}', type=B)\n"
    )
    assert matched(write(tmp_path / "a", typed + rule())) == ["XAC01 warn"]


def test_no_family_of_ours_begins_with_x() -> None:
    assert {rule.family for rule in all_rules().values()} <= builtin_families()
    assert not any(family.startswith("X") for family in builtin_families())


# -- installed packages -----------------------------------------------------------------------------------------


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path into which a distribution ``acme-rules 1.2`` is installed."""
    about = tmp_path / "acme_rules-1.2.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-rules\nVersion: 1.2\n")
    (about / "entry_points.txt").write_text("[x12proc.rules]\nacme = acme_rules_for_tests\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("acme_rules_for_tests")]:
        del sys.modules[name]
        remove_declarations(name)


def test_a_package_brings_rules(installed: Path) -> None:
    package = installed / "acme_rules_for_tests"
    package.mkdir()
    (package / "__init__.py").write_text("from acme_rules_for_tests import lots\n")
    (package / "lots.py").write_text(rule())
    for _ in range(2):  # imported once, there every time
        assert matched(None) == ["XAC01 warn"]
    assert load_settings().own_rules.packages == {"acme-rules": "1.2"}
    assert "XAC01" in call("rules").output
    assert "XAC01" not in all_rules()


@pytest.mark.parametrize(
    ("text", "target", "words"),
    [
        ("1 / 0\n", "acme_rules_for_tests", "can't be imported: ZeroDivisionError"),
        ("x = 1\n", "acme_rules_for_tests", "declares no rule"),
        ("def f(): ...\n", "acme_rules_for_tests:f", "must name a module"),
        ("x = 1\n", "acme_rules_for_tests_gone", "ModuleNotFoundError"),
    ],
)
def test_a_bad_package_is_named(installed: Path, text: str, target: str, words: str) -> None:
    (installed / "acme_rules_for_tests.py").write_text(text)
    (installed / "acme_rules-1.2.dist-info" / "entry_points.txt").write_text(f"[x12proc.rules]\nacme = {target}\n")
    with pytest.raises(ConfigError, match=words) as caught:
        load_settings()
    assert "acme-rules" in str(caught.value)
