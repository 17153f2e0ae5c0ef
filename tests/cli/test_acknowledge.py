"""Acknowledgements as a user asks for them: options, configuration, artifacts, several inputs."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from support.acks import rows
from support.edi import CLINIC, base

from x12proc.runner.files import Input
from x12proc.runner.runner import FileRun, RunOptions
from x12proc.runner.settings import load_settings

AS_OF = ("--as-of", "2024-04-01")
ASKING = base().replace(b"*0*T*:", b"*1*T*:")
FAULTY = base().replace(b"CTP****40*ML", b"CTP****0*ML")


def x12proc(*arguments: str | Path, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-W", "error", "-m", "x12proc", *map(str, arguments)]
    result = subprocess.run(command, input=data, capture_output=True, timeout=120, check=False)
    assert b"Traceback" not in result.stderr
    return result


def test_artifacts_by_name_and_only_where_there_is_something_to_say(tmp_path: Path) -> None:
    (tmp_path / "a.edi").write_bytes(ASKING)
    (tmp_path / "b.edi").write_bytes(base())
    (tmp_path / "c.edi").write_bytes(b"no edi")
    out = tmp_path / "out"
    result = x12proc("scrub", tmp_path, "-o", out, "--emit", "999,277ca,ta1", *AS_OF)
    assert result.returncode == 0
    assert b"c.edi: not X12" in result.stdout
    assert b"Inputs: 3 given, 2 taken, 1 skipped, 0 failed" in result.stdout
    names = sorted(path.name for path in out.iterdir())
    assert names == ["a.277ca.edi", "a.999.edi", "a.ta1.edi", "b.277ca.edi", "b.999.edi"]
    assert b"b.edi: no ta1 file was written: there was nothing to write" in result.stdout
    # What was written is no input of the next run.
    assert x12proc("scrub", out, "-o", tmp_path / "again").returncode == 2


def test_an_interchange_that_can_be_named_only_gets_its_ta1(tmp_path: Path) -> None:
    (tmp_path / "a.edi").write_bytes(base().replace(b"*T*:~", b"*T**~"))
    result = x12proc("scrub", tmp_path / "a.edi", "-o", tmp_path / "out", "--emit", "ta1,999", *AS_OF)
    assert result.returncode == 3
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.ta1.edi"]


@pytest.mark.parametrize("kind", ["999", "277ca"])
def test_the_same_run_gives_the_same_bytes(kind: str) -> None:
    results = [x12proc("scrub", "-", "-o", "-", "--emit", kind, *AS_OF, data=FAULTY) for _ in range(2)]
    assert results[0].stdout == results[1].stdout
    assert results[0].stdout.startswith(b"ISA*00*")


def test_options_set_scope_and_control_numbers(tmp_path: Path) -> None:
    for name in ("a.edi", "b.edi"):
        (tmp_path / name).write_bytes(base() + FAULTY.replace(b"B1001", b"REFUSED"))
    options = ("--emit", "277ca,999", "--ack-scope", "rejected", "--ack-control", "7001")
    x12proc("scrub", tmp_path, "-o", tmp_path / "out", *options, *AS_OF)
    numbers = []
    for name in ("a", "b"):
        claims = (tmp_path / "out" / f"{name}.277ca.edi").read_bytes()
        assert [row[2] for row in rows(claims, "TRN") if row[1] == "2"] == ["RB1", "REFUSED"]
        for kind in ("277ca", "999"):
            numbers += [row[13] for row in rows((tmp_path / "out" / f"{name}.{kind}.edi").read_bytes(), "ISA")]
    assert len(set(numbers)) == len(numbers) == 6
    assert all("000007001" <= number <= "000007008" for number in numbers)


def test_the_configuration_file_sets_them_too_and_options_win(tmp_path: Path) -> None:
    config = tmp_path / "my.toml"
    config.write_text('[acknowledgement]\nsource_entity = "PR"\nsource_name = "ACME HEALTH"\ncontrol = 500\n')
    (tmp_path / "a.edi").write_bytes(base())
    common = ("scrub", tmp_path / "a.edi", "-o", "-", "--emit", "277ca", "--config", config, *AS_OF)
    written = x12proc(*common).stdout
    assert rows(written, "ISA")[0][13] == "000000500"
    assert rows(written, "NM1")[0][1:4] == ["PR", "2", "ACME HEALTH"]
    assert rows(x12proc(*common, "--ack-control", "9").stdout, "ISA")[0][13] == "000000009"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[acknowledgement]\nscope = "some"\n', "scope"),
        ('[acknowledgement]\nname = "x"\n', "source_name"),
        ("[acknowledgement]\ncontrol = -1\n", "control"),
        ('[acknowledgement]\naccepted_status = "F1:65"\n', "accepted_status"),
    ],
)
def test_wrong_configuration_says_what_is_allowed(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "my.toml").write_text(text)
    result = x12proc("scrub", CLINIC, "--config", tmp_path / "my.toml")
    assert result.returncode == 2
    assert words in result.stderr.decode()


@pytest.mark.parametrize("option", [("--ack-control", "0"), ("--ack-control", "1000000000"), ("--ack-scope", "x")])
def test_wrong_options_are_usage(option: tuple[str, str]) -> None:
    assert x12proc("scrub", CLINIC, *option).returncode == 2


def test_a_ledger_can_refuse_an_interchange(tmp_path: Path) -> None:
    (tmp_path / "a.edi").write_bytes(base())
    settings = load_settings(as_of=date(2024, 4, 1))
    run = FileRun(
        Input(tmp_path / "a.edi"),
        settings,
        RunOptions(emit=("json", "999", "277ca", "ta1"), destination=tmp_path, refuse=lambda _: "025"),
    )
    result = run.run()
    assert list(result.withheld) == ["999", "277ca"]
    assert rows((tmp_path / "a.ta1.edi").read_bytes(), "TA1")[0][4:] == ["R", "025"]
    assert json.loads((tmp_path / "a.report.json").read_text())["summary"]["claims"] == 1


def test_many_providers_and_little_memory_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(as_of=date(2024, 4, 1))
    FileRun(Input(CLINIC), settings, RunOptions(emit=("277ca", "999"), destination=tmp_path)).run()
    whole = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr("x12proc.reports.acks.envelopes._IN_MEMORY", 100)
    FileRun(Input(CLINIC), settings, RunOptions(emit=("277ca", "999"), destination=tmp_path)).run()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == whole
