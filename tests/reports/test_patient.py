"""The patient is named in reports when somebody asks for it, and nowhere else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.edi import base

import x12proc

NAME, MEMBER = "ZQNAMEQZ", "ZQ1MEMBER9QZ"
REPORTS = "json,csv,xml,html"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A claim with a finding whose patient's name and number stand nowhere else."""
    parts = base().replace(b"CTP****40*ML", b"CTP****0*ML").split(b"~")
    for location, part in enumerate(parts):
        if part.lstrip().startswith(b"NM1*IL*"):
            fields = part.split(b"*")
            fields[3:5], fields[9] = [NAME.encode(), b"ZQFIRSTQZ"], MEMBER.encode()
            parts[location] = b"*".join(fields)
    path = tmp_path / "claims.edi"
    path.write_bytes(b"~".join(parts))
    return path


def scrub(source: Path, *options: str) -> tuple[str, str]:
    command = [
        sys.executable,
        "-m",
        "x12proc",
        "--log-level",
        "debug",
        "scrub",
        str(source),
        "--conformance",
        "off",
    ]
    done = subprocess.run(
        [*command, "--as-of", "2024-04-01", *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    return done.stdout, done.stderr


def written(folder: Path) -> dict[str, str]:
    return {path.name.split(".")[-1]: path.read_text() for path in folder.iterdir()}


def test_without_being_asked_nothing_is_shown(source: Path, tmp_path: Path) -> None:
    printed, logged = scrub(source)
    assert "ZQ" not in printed + logged
    printed, logged = scrub(source, "-o", str(tmp_path / "out"), "--emit", REPORTS)
    assert "ZQ" not in printed + logged
    reports = written(tmp_path / "out")
    assert len(reports) == 4
    assert [kind for kind, text in reports.items() if "ZQ" in text] == []
    assert "patient" not in json.loads(reports["json"])["claims"][0]


def test_asked_for_it_stands_in_every_report_and_in_no_log(source: Path, tmp_path: Path) -> None:
    printed, logged = scrub(source, "--patient")
    assert f"Patient {NAME}, ZQFIRSTQZ, member id {MEMBER}" in printed
    assert "ZQ" not in logged
    printed, logged = scrub(source, "--patient", "-o", str(tmp_path / "out"), "--emit", REPORTS)
    assert "ZQ" not in printed + logged
    reports = written(tmp_path / "out")
    assert [kind for kind, text in reports.items() if NAME in text and MEMBER in text] == list(reports)
    claim = json.loads(reports["json"])["claims"][0]
    assert claim["patient"] == {"name": f"{NAME}, ZQFIRSTQZ", "member_id": MEMBER}


def test_the_configuration_turns_it_on_and_the_option_off_again(source: Path, tmp_path: Path) -> None:
    config = tmp_path / "x12proc.toml"
    config.write_text("patient = true\n")
    assert NAME in scrub(source, "--config", str(config))[0]
    assert NAME not in scrub(source, "--config", str(config), "--no-patient")[0]


@pytest.mark.parametrize("patient", [True, False, None])
def test_python_asks_for_it_too(source: Path, tmp_path: Path, patient: bool | None) -> None:
    list(x12proc.scrub(source, patient=patient, emit=["json"], output=tmp_path, conformance="off"))
    reported = json.loads((tmp_path / "claims.report.json").read_text())
    assert ("patient" in reported["claims"][0]) is bool(patient)
