"""--jobs: whole inputs shared among processes, with the same bytes and the same exit code as one after another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.edi import CLINIC, HOSPITAL, base

PROGRAM = [sys.executable, "-W", "error", "-m", "x12proc"]
KINDS = "json,csv,xml,html,annotated,accepted,rejected,999,277ca,ta1"


def scrub(folder: Path, out: str, *arguments: str) -> tuple[int, dict[str, bytes], str]:
    command = [*PROGRAM, "scrub", "in", "-o", out, "--as-of", "2024-04-01", "--emit", KINDS, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    files = {path.name: path.read_bytes() for path in (folder / out).iterdir()}
    return done.returncode, files, done.stdout.replace(f"{out}/", "")


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "clinic.edi").write_bytes(CLINIC.read_bytes())
    (tmp_path / "in" / "hospital.edi").write_bytes(HOSPITAL.read_bytes())
    for number in range(5):
        (tmp_path / "in" / f"small-{number}.edi").write_bytes(base("PI"[number % 2]))
    return tmp_path


def test_processes_change_nothing(batch: Path) -> None:
    alone = scrub(batch, "one")
    shared = scrub(batch, "two", "--jobs", "3")
    assert shared == alone
    assert alone[0] == 1
    assert len(alone[1]) > 40


def test_a_file_that_fails_fails_alone(batch: Path) -> None:
    (batch / "in" / "cut.edi").write_bytes(base()[:-80])
    (batch / "in" / "none.txt").write_bytes(b"no X12")
    alone = scrub(batch, "one")
    shared = scrub(batch, "two", "--jobs", "0")
    assert shared == alone
    assert alone[0] == 3


def test_numbers_that_count_on_are_given_one_after_another(batch: Path) -> None:
    alone = scrub(batch, "one", "--ack-control", "7001")
    shared = scrub(batch, "two", "--ack-control", "7001", "--jobs", "2", "--conformance", "off")
    assert [name for name in alone[1] if name.endswith("277ca.edi")]
    assert {name: data for name, data in shared[1].items() if name.endswith("277ca.edi")} == {
        name: data for name, data in alone[1].items() if name.endswith("277ca.edi")
    }


def test_an_artifact_that_cannot_be_written_ends_the_batch_and_leaves_no_part(batch: Path) -> None:
    (batch / "out" / "hospital.report.json").mkdir(parents=True)  # a folder of its name
    command = [*PROGRAM, "scrub", "in", "-o", "out", "--jobs", "2", "--emit", "json"]
    done = subprocess.run(command, cwd=batch, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "Error" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((batch / "out").glob(".*"))
