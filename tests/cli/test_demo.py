"""``x12proc demo`` and ``--version``: the first two commands of a new user."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from x12proc.cli import version_text
from x12proc.cli.app import app
from x12proc.errors import ConfigError
from x12proc.runner.settings import shipped_reference
from x12proc.version import __version__
from x12proc.wire.boundaries import find_boundaries_py

ROOT = Path(__file__).parents[2]
FILES = {path.name: path.read_bytes() for path in (ROOT / "fixtures" / "demo").glob("*.edi")}


def test_the_demo_files_are_written_and_scrubbed(tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["demo", str(tmp_path / "new" / "trial")])
    assert run.exit_code == 1
    written = tmp_path / "new" / "trial"
    assert {path.name: path.read_bytes() for path in written.glob("*.edi")} == FILES
    assert len(list((written / "reports").glob("*.report.html"))) == len(FILES) == 3
    assert "Inputs: 3 given, 3 taken, 0 skipped, 0 failed" in run.output
    assert "clinic-837p.report.html in a browser" in run.output


def test_the_demo_can_be_repeated_and_ignores_the_settings_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = CliRunner().invoke(app, ["demo"])
    (tmp_path / "x12proc.toml").write_text('codes = ["J1100"]\n')
    second = CliRunner().invoke(app, ["demo"])
    assert (second.exit_code, second.output) == (first.exit_code, first.output)
    assert (tmp_path / "x12proc-demo" / "hospital-837i.edi").exists()


def test_a_file_of_the_user_is_left_alone(tmp_path: Path) -> None:
    own = tmp_path / "clinic-837p.edi"
    own.write_text("mine")
    run = CliRunner().invoke(app, ["demo", str(tmp_path)])
    assert isinstance(run.exception, ConfigError)
    assert "name another folder" in str(run.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["clinic-837p.edi"]
    file = CliRunner().invoke(app, ["demo", str(own)])
    assert isinstance(file.exception, ConfigError)
    assert "not a folder" in str(file.exception)


def test_the_version_names_the_editions_and_their_last_days() -> None:
    lines = CliRunner().invoke(app, ["--version"]).output.splitlines()
    manifest = shipped_reference().manifest()
    assert lines[0] == f"x12proc {__version__}"
    assert lines[1].startswith("Rules edition 20")
    assert lines[2] == f"Reference edition {manifest.edition}"
    for name, table in manifest.tables.items():
        assert any(f"to {table.last}:" in line and name in line for line in lines) == (table.last is not None)
    assert lines[-1].startswith("Compiled: ")


def test_the_version_says_what_is_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version_text, "split_ascii", None)
    monkeypatch.setattr(version_text, "patient_levels", None)
    monkeypatch.setattr(version_text, "find_boundaries", find_boundaries_py)
    assert "Compiled: no;" in version_text.version_text()
    monkeypatch.setattr(version_text, "patient_levels", object())
    assert "Compiled: yes, but for reader, segments;" in version_text.version_text()
