"""``scrub --conformance``: what is in the reports, what rejects, and that processes change nothing."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lxml import etree
from support.edi import CLINIC, GUIDE_FAULTS, HOSPITAL, base
from support.guides import edited
from support.mutations import mutated

TESTS = Path(__file__).parent.parent
SCHEMA = json.loads((TESTS.parent / "x12proc" / "reports" / "report.schema.json").read_text())
AS_OF = ("--as-of", "2024-04-01")
BAD_PROVIDER = edited(base(), ("NM1*85", "NM1*85*7*ZQZ CLINIC*****XX*1003000001"))


def x12proc(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own, warnings being errors."""
    command = [sys.executable, "-W", "error", "-m", "x12proc", *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert "Traceback" not in result.stderr
    return result


def scrub(data: bytes, folder: Path, *options: str) -> tuple[int, Any]:
    """The exit code and the JSON report of one input."""
    (folder / "in.edi").write_bytes(data)
    result = x12proc("scrub", folder / "in.edi", "-o", folder / "out", "--emit", "json,csv,xml", *AS_OF, *options)
    document = json.loads((folder / "out" / "in.report.json").read_text())
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    return result.returncode, document


def test_guide_errors_stand_in_every_report_and_reject_nothing(tmp_path: Path) -> None:
    code, document = scrub(BAD_PROVIDER, tmp_path)
    assert code == 0
    (claim,) = document["claims"]
    (error,) = claim["guide_errors"]
    assert (error["code"], error["value"], error["location"]["element"]) == ("7", "7", "NM102")
    assert (claim["disposition"], document["summary"]["guide_errors"]) == ("accepted", 1)
    assert document["program"]["conformance"]["mode"] == "targets"
    assert document["program"]["conformance"]["validator"].startswith("pyx12 ")
    with (tmp_path / "out" / "in.report.csv").open(newline="") as file:
        reported = [(row["rule"], row["element"]) for row in csv.DictReader(file) if row["severity"] == "guide"]
    assert reported == [("7", "NM102")]
    tree = etree.parse(tmp_path / "out" / "in.report.xml")
    assert tree.xpath("string(//guide_error/location/element)") == "NM102"


def test_guide_errors_stand_on_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "in.edi").write_bytes(BAD_PROVIDER)
    result = x12proc("scrub", tmp_path / "in.edi", *AS_OF)
    assert "guide 7  NM102 (Box 33) in loop 2010AA, segment 9" in result.stdout
    assert "guide errors: 1" in result.stdout
    assert "ZQZ" not in result.stderr


def test_guide_errors_reject_on_demand(tmp_path: Path) -> None:
    code, document = scrub(BAD_PROVIDER, tmp_path, "--guide-errors", "reject")
    assert (code, document["summary"]["status"]) == (1, "rejected")
    assert document["claims"][0]["disposition"] == "rejected"


def test_off_checks_nothing(tmp_path: Path) -> None:
    code, document = scrub(BAD_PROVIDER, tmp_path, "--conformance", "off", "--guide-errors", "reject")
    assert (code, document["claims"][0]["guide_errors"]) == (0, [])
    assert document["program"]["conformance"] == {"mode": "off", "validator": None}


def test_full_tells_what_hangs_on_no_claim_among_the_errors(tmp_path: Path) -> None:
    sound = base().replace(b"J3590", b"J1100")
    parts = BAD_PROVIDER.replace(b"J3590", b"J1100").split(b"~\n")
    start = next(at for at, part in enumerate(parts) if part.startswith(b"CLM"))
    data = sound + b"~\n".join([*parts[:start], b"SE*20*0001", *parts[-3:]])
    code, document = scrub(data, tmp_path, "--conformance", "full")
    assert code == 0
    assert {("guide-7", "warn")} <= {(entry["code"], entry["severity"]) for entry in document["errors"]}
    assert document["summary"]["guide_errors"] >= 1
    assert scrub(data, tmp_path)[1]["summary"]["guide_errors"] == 0


def test_full_rejects_claims_without_target_lines_on_demand(tmp_path: Path) -> None:
    data = BAD_PROVIDER.replace(b"J3590", b"J1100")
    code, document = scrub(data, tmp_path, "--conformance", "full", "--guide-errors", "reject")
    assert (code, document["summary"]["rejected_claims"], document["claims"]) == (1, 1, [])


def test_the_configuration_file_sets_both(tmp_path: Path) -> None:
    config = tmp_path / "my.toml"
    config.write_text('conformance = "full"\nguide_errors = "reject"\n')
    code, document = scrub(BAD_PROVIDER, tmp_path, "--config", str(config))
    assert (code, document["program"]["conformance"]["mode"]) == (1, "full")
    code, document = scrub(BAD_PROVIDER, tmp_path, "--config", str(config), "--conformance", "off")
    assert (code, document["program"]["conformance"]["mode"]) == (0, "off")
    config.write_text('conformance = "some"\n')
    result = x12proc("scrub", CLINIC, "--config", config)
    assert result.returncode == 2
    assert "conformance" in result.stderr


def test_what_was_not_checked_is_said(tmp_path: Path) -> None:
    data = BAD_PROVIDER.replace(b"005010X222A1", b"005010X222A2")
    code, document = scrub(data, tmp_path)
    (entry,) = document["errors"]
    assert (code, entry["code"], entry["severity"]) == (0, "guide-unchecked", "warn")
    assert "005010X222A2" in entry["message"]
    assert [claim["guide_errors"] for claim in document["claims"]] == [[]]


@pytest.mark.parametrize("mode", ["targets", "full"])
def test_processes_change_nothing(tmp_path: Path, mode: str) -> None:
    """Many small batches of several files, by one process and by two: the same bytes."""
    folder = tmp_path / "in"
    folder.mkdir()
    for path in (HOSPITAL, GUIDE_FAULTS):
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "mutated.edi").write_bytes(mutated(CLINIC.read_bytes() * 2, 1, faults=50))
    made = []
    for jobs in ("1", "2"):
        out = tmp_path / jobs
        x12proc("scrub", folder, "-o", out, "--emit", "json,csv", "--conformance", mode, "--jobs", jobs, *AS_OF)
        made.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert made[0] == made[1]
    assert len(made[0]) == 6
    reports = [json.loads(text) for name, text in made[0].items() if name.endswith("json")]
    assert sum(document["summary"]["guide_errors"] for document in reports) > 30


def test_a_worker_that_dies_is_an_internal_fault(tmp_path: Path) -> None:
    command = [sys.executable, str(TESTS / "support/dying_worker.py"), "scrub", str(CLINIC), "-o", str(tmp_path)]
    command += ["--jobs", "2"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(TESTS), str(TESTS.parent)))}
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert result.returncode == 3
    assert "Internal error: BrokenProcessPool" in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_pyx12_is_loaded_where_a_claim_may_be_faulty_only(tmp_path: Path) -> None:
    script = "import sys, x12proc; list(x12proc.scrub(sys.argv[1])); print('pyx12.map_walker' in sys.modules)"
    faulty = base().replace(b"NM1*82*1*MARCHETTI", b"NM1*82*7*MARCHETTI")
    for data, loaded in ((base().replace(b"J3590", b"J1100"), False), (base(), False), (faulty, True)):
        (tmp_path / "in.edi").write_bytes(data)
        command = [sys.executable, "-W", "error", "-c", script, str(tmp_path / "in.edi")]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        assert result.stdout.strip() == str(loaded)
