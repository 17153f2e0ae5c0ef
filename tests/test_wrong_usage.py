"""What a program or a person gets wrong is said by the call, and nothing is guessed."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.edi import CLINIC, base

import x12proc
from x12proc.cli.app import app
from x12proc.errors import ConfigError
from x12proc.runner.settings import load_settings

OWN_RULE = """
from x12proc.rules import WARN, Source, line_rule

@line_rule("XCR01", "crashes-always", severity=WARN, sources=(Source("nobody", key="XN"),), confidence="verified",
           where="2400 SV101-7", summary="Crashes.", fix="None.")
def crashes(line, ctx):
    \"\"\"Always.\"\"\"
    raise ValueError(line.description)
    yield
"""
PROFILE = 'name = "{name}"\ntitle = "A plan"\nextends = "default"\n[selection]\npayer_ids = ["BAY01"]\n{more}'


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"guide_errors": "REJECT"}, "guide_errors='REJECT': allowed are report, reject"),
        ({"conformance": "OFF"}, "conformance='OFF': allowed are off, targets, full"),
        ({"fix": "zz"}, "fix='zz': allowed are off, safe, unsafe"),
        ({"jobs": -1}, "jobs=-1: give a number of processes"),
        ({"as_of": "soon"}, "as_of='soon': this is no date"),
        ({"emit": "jsn", "output": "."}, "--emit: jsn can't be written"),
        ({"config": "gone.toml"}, "gone.toml: can't be read"),
    ],
)
def test_settings_are_checked_by_the_call(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words.replace("(", r"\(")):
        x12proc.scrub(base(), **arguments)


@pytest.mark.parametrize("day", ["2024-04-01", date(2024, 4, 1), datetime(2024, 4, 1, 9)])  # noqa: DTZ001 - local
def test_a_day_may_be_text(day: Any) -> None:
    assert len(list(x12proc.scrub(base(), as_of=day))) == 1


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_in_any_form(kind: Any) -> None:
    assert len(list(x12proc.scrub(kind(base())))) == 1
    assert len(list(x12proc.read(kind(base())))) == 1


def test_names_with_commas(tmp_path: Path) -> None:
    run = x12proc.scrub(base(), emit="json,annotated", output=tmp_path, codes="J3590,J3490", config=None)
    assert len(list(run)) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["claims.annotated.edi", "claims.report.json"]


def test_a_small_file_starts_no_process() -> None:
    script = f"import x12proc; print(len(list(x12proc.scrub({str(CLINIC)!r}, jobs=0))))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "55"


def test_jobs_without_a_main_guard_is_explained(tmp_path: Path) -> None:
    large = tmp_path / "large.edi"
    large.write_bytes(base() * 2500)
    script = tmp_path / "script.py"
    script.write_text(f"import x12proc\nprint(len(list(x12proc.scrub({str(large)!r}, jobs=2))))\n")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode != 0
    assert 'call scrub under __name__ == "__main__"' in done.stderr


def test_a_crash_of_an_own_rule_shows_its_line_and_no_value(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN_RULE)
    (tmp_path / "x12proc.toml").write_text('codes = ["J3590"]\nrule_files = ["own.py"]\n')
    run = x12proc.scrub(base(), config=tmp_path / "x12proc.toml")
    with pytest.raises(x12proc.X12SyntaxError) as raised:
        list(run)
    assert "rule XCR01 crashed with ValueError at own.py, line 8, in crashes" in str(raised.value)
    assert "the author of the rule has to mend it" in str(raised.value)
    assert "ELFABRIO" not in str(raised.value)


def test_two_own_profiles_of_one_payer_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "one.toml").write_text(PROFILE.format(name="one", more=""))
    (folder / "two.toml").write_text(PROFILE.format(name="two", more=""))
    config = tmp_path / "x12proc.toml"
    config.write_text('codes = ["J3590"]\nprofile_folders = ["profiles"]\n')
    with pytest.raises(ConfigError, match=r"two\.toml: payer id BAY01 is taken by .*one\.toml"):
        load_settings(config=config)
    (folder / "one.toml").write_text(PROFILE.format(name="one", more='claim_types = ["P"]\n'))
    (folder / "two.toml").write_text(PROFILE.format(name="two", more='claim_types = ["I"]\n'))
    load_settings(config=config)


def test_the_configuration_of_the_current_folder_is_read_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.edi").write_bytes(base())
    assert "Settings:" not in CliRunner().invoke(app, ["scrub", "in.edi"]).output
    (tmp_path / "x12proc.toml").write_text('codes = ["J1100"]\n')
    run = CliRunner().invoke(app, ["scrub", "in.edi"])
    assert "Settings: x12proc.toml" in run.output
    assert "0 with target lines" in run.output
    (tmp_path / "other.toml").write_text('codes = ["J3590"]\n')
    monkeypatch.setenv("X12PROC_CONFIG", "other.toml")
    assert "Settings: other.toml" in CliRunner().invoke(app, ["scrub", "in.edi"]).output
    named = CliRunner().invoke(app, ["scrub", "in.edi", "--config", "other.toml"])
    assert "Settings:" not in named.output
    assert "1 with target lines" in named.output
    (tmp_path / "x12proc.toml").write_text("broken")
    monkeypatch.delenv("X12PROC_CONFIG")
    broken = CliRunner().invoke(app, ["scrub", "in.edi"])
    assert isinstance(broken.exception, ConfigError)
