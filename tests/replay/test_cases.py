"""Cases as ``x12proc replay`` runs them: found, compared, shown, rewritten, and refused with words that help."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from lxml import etree
from support.edi import FIXTURES, base
from support.rules import profiles

from x12proc.cli.app import app
from x12proc.errors import ConfigError
from x12proc.replay.case_file import CaseFile, case_day, with_options
from x12proc.replay.rule_cases import AS_OF
from x12proc.rules import all_rules

REPLAY = FIXTURES / "replay"
CASES = sorted(path.name for path in REPLAY.iterdir() if path.is_dir())


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["replay", *map(str, arguments)])


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A copy of our cases to change."""
    return Path(shutil.copytree(REPLAY, tmp_path / "cases"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_bytes()
    assert old.encode() in text
    path.write_bytes(text.replace(old.encode(), new.encode()))


# -- ours -------------------------------------------------------------------------------------------------------


def test_all_our_cases_are_as_expected_and_nothing_is_written(mine: Path) -> None:
    before = files(mine)
    result = call(mine)
    assert (result.exit_code, result.output) == (0, f"{len(CASES)} cases, 0 with differences\n")
    assert files(mine) == before
    again = call(mine, "--update")
    assert again.exit_code == 0
    assert files(mine) == before


def test_our_cases_show_what_they_are_for() -> None:
    """A case whose input no longer shows what its name says would still be as expected."""
    reports = {name: json.loads((REPLAY / name / "expected" / "report.json").read_text()) for name in CASES}
    status = {name: report["summary"]["status"] for name, report in reports.items()}
    assert status["clean-professional"] == "accepted"
    assert reports["clean-professional"]["summary"]["by_rule"] == {}
    assert status["faulty-professional"] == status["dependent-and-secondary"] == "rejected"
    assert status["cut-off"] == "failed"
    assert reports["several-sets"]["summary"]["transactions"] == 3
    assert {claim["type"] for claim in reports["several-sets"]["claims"]} == {"P", "I"}
    (bypassed,) = reports["bypassed-rule"]["claims"][0]["bypasses"]
    assert (bypassed["rule"], bypassed["by"]) == ("RTE01", "J. Ito")
    assert b"*R*001~" in (REPLAY / "wrong-trailers" / "expected" / "ta1.edi").read_bytes()
    made = {path.name for path in REPLAY.glob("*/expected/*")}
    assert made >= {
        *("report.json", "report.csv", "report.xml", "report.html"),
        *("annotated.edi", "999.edi", "277ca.edi", "ta1.edi"),
    }


# -- differences ------------------------------------------------------------------------------------------------


def test_a_difference_is_told_by_segment_and_by_finding(mine: Path) -> None:
    edit(mine / "clean-professional" / "input.edi", "CTP****40*ML", "CTP****0*ML")
    result = call(mine / "clean-professional")
    assert result.exit_code == 1
    lines = [line.strip() for line in result.output.splitlines()]
    assert "claim B1001: rejected, was accepted" in lines
    assert "claim B1001, line 1: gained QTY01 reject at CTP04 (segment 33)" in lines
    assert 'claim B1001, line 1, drug.quantity: "40" -> "0"' in lines
    assert "segment 32  + NTE*TPO*X12PROC R=QTY01" in lines
    assert "segment 33  - CTP****40*ML" in lines
    assert "segment 34  + CTP****0*ML" in lines
    assert lines[-1] == "1 case, 1 with differences"
    assert max(map(len, lines)) < 160
    assert not any('{"' in line for line in lines)


def test_update_rewrites_after_showing_and_then_all_is_as_expected(mine: Path) -> None:
    edit(mine / "clean-professional" / "input.edi", "CTP****40*ML", "CTP****0*ML")
    first = call(mine, "--update")
    assert first.exit_code == 0
    assert first.output.index("gained QTY01") < first.output.index("rewrote")
    assert f"{len(CASES)} cases, 0 with differences, 1 rewritten" in first.output
    assert b"X12PROC R=QTY01" in (mine / "clean-professional" / "expected" / "annotated.edi").read_bytes()
    assert call(mine).exit_code == 0


def test_a_new_case_expects_nothing_yet_and_update_makes_the_two_usual_artifacts(tmp_path: Path) -> None:
    (tmp_path / "input.edi").write_bytes(base())
    assert call(tmp_path).exit_code == 1
    assert not (tmp_path / "expected").exists()
    assert call(tmp_path, "--update").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "expected").iterdir()) == ["annotated.edi", "report.json"]
    assert (tmp_path / "expected" / "annotated.edi").read_bytes() == base()
    assert call(tmp_path).exit_code == 0


def test_what_is_expected_and_not_made_is_a_difference(mine: Path) -> None:
    case = mine / "clean-professional"
    (case / "case.toml").write_text('as_of = 2024-04-01\nemit = ["json"]\n')
    result = call(case)
    assert result.exit_code == 1
    assert "expected, but case.toml does not emit it" in result.output
    assert call(case, "--update").exit_code == 0
    assert [path.name for path in (case / "expected").iterdir()] == ["report.json"]

    (mine / "cut-off" / "expected" / "277ca.edi").write_bytes(b"ISA")
    (mine / "cut-off" / "input.edi").write_bytes(b"no X12 at all")
    result = call(mine / "cut-off")
    assert "expected, but there was nothing to write" in result.output


def test_line_ends_are_bytes_too(mine: Path) -> None:
    path = mine / "clean-professional" / "expected" / "annotated.edi"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    result = call(mine / "clean-professional")
    assert result.exit_code == 1
    assert r"the same content in other bytes, first at byte 106: expected b'\r\nGS*" in result.output


def test_a_missing_date_never_lets_a_case_drift() -> None:
    assert case_day(CaseFile(as_of=date(2025, 1, 2)), base()) == date(2025, 1, 2)
    assert case_day(CaseFile(), base()) == date(2024, 3, 29), "ISA09"
    assert case_day(CaseFile(), b"\xef\xbb\xbf\r\n" + base()) == date(2024, 3, 29)
    for data in (b"", b"ISA", b"no X12", base().replace(b"*240329*0915*^", b"*249929*0915*^")):
        assert case_day(CaseFile(), data) == date(2024, 4, 1), "the date of rule fixtures"


def test_options_of_a_case_win_over_every_profile() -> None:
    options = {"QTY07": {"decimals": 1}}
    changed = with_options(profiles(), options, all_rules(), "case.toml")
    for name in profiles().names():
        assert changed.get(name).settings(None, AS_OF)["QTY07"].options["decimals"] == 1
        assert profiles().get(name).settings(None, AS_OF)["QTY07"].options["decimals"] != 1


def test_the_case_says_whom_a_277ca_lists(mine: Path) -> None:
    case = mine / "several-sets"
    (case / "case.toml").write_text('emit = ["json", "annotated", "999", "277ca"]\nack_scope = "rejected"\n')
    reported = call(case).output
    assert "277ca.edi\n    expected, but there was nothing to write\n" in reported, (
        "none of its claims is rejected"
    )


# -- where cases are ----------------------------------------------------------------------------------------------


def test_cases_are_found_by_folder_case_fixture_and_pattern(mine: Path, tmp_path: Path) -> None:
    (mine / "mine.toml").write_text('[[case]]\nname = "a-valid"\n')
    (mine / "other.toml").write_text('profile_folders = ["p"]\n')
    (mine / ".hidden").mkdir()
    (mine / ".hidden" / "input.edi").write_bytes(b"")
    everything = len(CASES) + 1
    assert f"{everything} cases, 0 with" in call(mine).output
    assert f"{everything} cases, 0 with" in call(tmp_path).output
    assert f"{everything} cases, 0 with" in call(mine, mine, mine / "cut-off").output, "each case once"
    assert f"{everything} cases, 0 with" in call(f"{mine}/*").output
    assert "1 case, 0 with" in call(mine / "cut-off").output
    assert "1 case, 0 with" in call(mine / "cut-off" / "input.edi").output
    assert "1 case, 0 with" in call(mine / "mine.toml").output
    assert "2 cases, 0 with" in call(f"{mine}/*c*n-p*", mine / "cut-off").output


def test_processes_give_what_one_gives(mine: Path) -> None:
    edit(mine / "several-sets" / "input.edi", "CTP****4*ML", "CTP****40*ML")
    (mine / "mine.cases.toml").write_text('[[case]]\nname = "a-reject"\nexpect = ["NDC01 reject LIN03"]\n')
    alone = call(mine)
    assert alone.exit_code == 1
    assert call(mine, "--jobs", "2").output == alone.output
    assert "not found: NDC01 reject LIN03" in alone.output


def test_rule_fixtures_are_shown_and_left_as_they_are(tmp_path: Path) -> None:
    fixture = tmp_path / "mine.toml"
    text = '[[case]]\nname = "a-valid"\nbase = "own.edi"\nedits = [["delete", "LIN"], ["delete", "CTP"]]\n'
    fixture.write_text(text)
    (tmp_path / "own.edi").write_bytes(base())
    result = call(fixture, "--update")
    assert result.exit_code == 1
    assert "not expected: NDC01 reject LIN03" in result.output
    assert "written by hand" in result.output
    assert fixture.read_text() == text


def test_a_crashed_rule_is_a_difference_that_is_never_rewritten(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "docs" / "examples" / "own-rules"
    config = Path(shutil.copytree(example, tmp_path / "config")) / "x12proc.toml"
    edit(config.parent / "house_rules.py", 'if ctx.option("XHD01", "enabled")', "if 1 / 0")
    edit(
        config.parent / "house_rules.py", '"enabled": Option(False', '"enabled": Option(True'
    )  # a silent rule isn't run
    case = tmp_path / "case"
    case.mkdir()
    (case / "input.edi").write_bytes(base())
    (tmp_path / "a.cases.toml").write_text('[[case]]\nname = "a-valid"\n')
    result = call(case, tmp_path / "a.cases.toml", "--config", config, "--update")
    assert result.exit_code == 1
    assert result.output.count("rule XHD01 crashed with ZeroDivisionError") >= 2
    assert "not rewritten: a rule crashed" in result.output
    assert not (case / "expected").exists()


def test_junit_xml_tells_what_the_terminal_tells(mine: Path, tmp_path: Path) -> None:
    edit(mine / "clean-professional" / "input.edi", "CTP****40*ML", "CTP****0*ML")
    edit(mine / "clean-professional" / "input.edi", "MARY", "MARY\x01")
    (mine / "bad.cases.toml").write_text('[[case]]\nname = "b-valid"\nedits = [["delete", "XYZ"]]\n')
    result = call(mine, "--junit", tmp_path / "junit.xml")
    assert result.exit_code == 2, "a case that can't be run"
    suite = etree.parse(tmp_path / "junit.xml").find("testsuite")
    assert suite is not None
    counts = {key: suite.get(key) for key in ("tests", "failures", "errors")}
    assert counts == {"tests": str(len(CASES) + 1), "failures": "1", "errors": "1"}
    (failure,) = suite.iterfind("testcase/failure")
    assert failure.text is not None
    assert all(line.strip() in result.output for line in failure.text.splitlines())
    (error,) = suite.iterfind("testcase/error")
    assert "no segment 'XYZ'" in str(error.text)


# -- usage --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("case.toml", "asof = 2024-04-01", ["case.toml", "asof", "allowed are", "as_of"]),
        ("case.toml", 'as_of = "soon"', ["case.toml", "as_of"]),
        ("case.toml", 'conformance = "some"', ["case.toml", "conformance", "off"]),
        ("case.toml", 'emit = ["pdf"]', ["case.toml", "emit", "pdf", "annotated"]),
        ("case.toml", "ack_control = 0", ["case.toml", "ack_control"]),
        ("case.toml", "[[", ["case.toml", "TOML"]),
        ("expected/report.jsn", "", ["report.jsn", "report.json", "277ca.edi"]),
    ],
)
def test_a_case_that_can_not_be_understood_is_refused_before_anything_runs(
    tmp_path: Path, name: str, text: str, words: list[str]
) -> None:
    (tmp_path / "expected").mkdir()
    (tmp_path / "input.edi").write_bytes(base())
    (tmp_path / name).write_text(text)
    error = call(tmp_path).exception
    assert isinstance(error, ConfigError), "the program ends with exit code 2"
    assert all(word in str(error) for word in words), error


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('profile = "nobody"', ["case.toml", "nobody", "medicare-b"]),
        ('codes = ["J35"]', ["case.toml", "J35", "five"]),
        ("options = { QTY07 = { decimal = 2 } }", ["case.toml", "decimal", "decimals"]),
        ('config = "gone.toml"', ["gone.toml", "can't be read"]),
    ],
)
def test_a_case_that_can_not_be_run_is_named_and_the_others_run(mine: Path, text: str, words: list[str]) -> None:
    (mine / "clean-professional" / "case.toml").write_text(text)
    result = call(mine)
    assert result.exit_code == 2
    assert all(word in result.output for word in ["clean-professional: can't be run", *words])
    assert f"{len(CASES)} cases, 0 with differences, 1 that can't be run" in result.output


def test_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("no case")
    (tmp_path / "settings.toml").write_text("a = 1")
    for arguments, words in (
        ([tmp_path], "there is no case"),
        ([tmp_path / "notes.md"], "notes.md: no case"),
        ([tmp_path / "settings.toml"], "settings.toml"),
        ([tmp_path / "gone"], "no such file"),
        ([tmp_path, "--json"], "--json needs --against"),
        ([tmp_path, "--against", tmp_path, "--update"], "--update needs no --against"),
    ):
        error = call(*arguments).exception
        assert isinstance(error, ConfigError)
        assert words in str(error)
    assert call().exit_code == 2
