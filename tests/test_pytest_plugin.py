"""The pytest plugin in a vendor's repository: own profile, rule, cases; green, and red when a rule changes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.edi import base

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "docs" / "examples" / "own-rules"
PYPROJECT = """
[tool.pytest.ini_options]
testpaths = ["tests"]
addopts = "--strict-config -p no:cacheprovider"
filterwarnings = ["error"]
x12proc_cases = ["cases"]
x12proc_config = "x12proc.toml"
"""


def run(folder: Path, *command: str) -> tuple[int, str]:
    """A command of Python in a folder: exit code and what it printed."""
    without_others = {"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **without_others}
    environment.pop("CI", None)  # there pytest repeats each failure's text in its summary
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", *command],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout + done.stderr


def run_pytest(folder: Path, *arguments: str) -> tuple[int, str]:
    return run(folder, "pytest", "-p", "x12proc.pytest_plugin", *arguments)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.fixture
def vendor(tmp_path: Path) -> Path:
    """A vendor's repository: a test, a rule with its profile and fixture, and a folder case that uses both."""
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_own.py").write_text("def test_own() -> None:\n    assert 1 + 1 == 2\n")
    for name in ("house_rules.py", "x12proc.toml"):
        shutil.copy(EXAMPLE / name, tmp_path)
    shutil.copytree(EXAMPLE / "profiles", tmp_path / "profiles")
    case = tmp_path / "cases" / "harbor" / "no-lot"
    case.mkdir(parents=True)
    (case / "input.edi").write_bytes(base().replace(b"*PI*ACME1~", b"*PI*HDH01~").replace(b"*PA8812", b"*HD8812"))
    shutil.copy(EXAMPLE / "house_rules.cases.toml", tmp_path / "cases" / "harbor")
    return tmp_path


def test_a_vendors_cases_are_green_and_then_red_when_a_rule_changes(vendor: Path) -> None:
    code, reported = run_pytest(vendor)
    assert code == 1
    assert "nothing is expected yet" in reported
    update = run(vendor, "x12proc", "replay", "cases", "--config", "x12proc.toml", "--update")
    assert update[0] == 0
    annotated = vendor / "cases" / "harbor" / "no-lot" / "expected" / "annotated.edi"
    assert b"X12PROC R=XHD01" in annotated.read_bytes()

    code, reported = run_pytest(vendor, "-v")
    assert (code, "6 passed" in reported) == (0, True), reported
    for name in (
        "tests/test_own.py::test_own PASSED",
        "cases/harbor/house_rules.cases.toml::no-lot-reject PASSED",
        "cases/harbor/no-lot/input.edi::no-lot PASSED",
    ):
        assert name in reported

    edit(vendor / "profiles" / "harbor-dunes.toml", 'severity = "reject"', 'severity = "warn"')
    code, reported = run_pytest(vendor)
    assert (code, "2 failed, 4 passed" in reported) == (1, True), reported
    for line in (
        "no-lot is not as expected",
        "claim B1001, line 1: XHD01 is warn, was reject, at NTE02",
        "claim B1001: accepted, was rejected",
        "NTE*TPO*X12PROC W=XHD01",
        "not found: XHD01 reject NTE02",
        "not expected: XHD01 warn NTE02",
    ):
        assert line in reported
    assert "If this is meant: x12proc replay" in reported
    assert reported.count("--update") == 1, "a rule fixture is changed by hand"

    edit(vendor / "profiles" / "harbor-dunes.toml", 'severity = "warn"', 'severity = "reject"')
    edit(vendor / "house_rules.py", "not any(LOT.search", "any(LOT.search")
    code, reported = run_pytest(vendor)
    assert code == 1
    assert "not expected: XHD01 reject NTE02" in reported, "lot-in-note-valid"
    assert "claim B1001, line 1: lost XHD01 reject" in reported, "the folder case"


def test_paths_that_are_named_are_run_and_no_others(vendor: Path) -> None:
    fixture = "cases/harbor/house_rules.cases.toml"
    assert "1 passed" in run_pytest(vendor, "tests")[1]
    assert "1 passed" in run_pytest(vendor, f"{fixture}::lot-in-note-valid")[1]
    assert "5 deselected" in run_pytest(vendor, "-k", "approval", "--collect-only", "-q")[1]


def test_what_can_not_be_understood_is_told_in_a_line(vendor: Path) -> None:
    (vendor / "cases" / "harbor" / "no-lot" / "case.toml").write_text("asof = 2024-04-01\n")
    (vendor / "cases" / "bad.toml").write_text('[[case]]\nname = "a"\nedits = [["delete", "XYZ"]]\n')
    code, reported = run_pytest(vendor, "--continue-on-collection-errors")
    assert code == 1
    assert "case.toml: Object contains unknown field `asof`; allowed are" in reported
    assert "a can't be run: case a: no segment 'XYZ'" in reported
    (vendor / "x12proc.toml").write_text("nonsense = 1\n")
    code, reported = run_pytest(vendor)
    assert code == 2
    assert "x12proc.toml: Object contains unknown field `nonsense`" in reported


def test_without_settings_nothing_is_collected(vendor: Path) -> None:
    edit(vendor / "pyproject.toml", 'x12proc_cases = ["cases"]\nx12proc_config = "x12proc.toml"\n', "")
    assert "1 passed" in run_pytest(vendor)[1]


def test_our_own_fixtures_run_through_it(pytestconfig: pytest.Config) -> None:
    folders = {Path(folder).relative_to(ROOT).as_posix() for folder in pytestconfig.getini("x12proc_cases")}
    assert folders == {"fixtures/rules", "fixtures/codes", "fixtures/replay"}
