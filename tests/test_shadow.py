"""A rule in shadow is off in every artifact, and its findings are in the record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from support.edi import CLINIC, GUIDE_FAULTS, HOSPITAL, base
from support.records import record
from support.rules import profile_files, reference

import x12proc
from x12proc.claims.model import ServiceLine
from x12proc.cli.app import app
from x12proc.engine.engine import Engine
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import scrub_buffer
from x12proc.findings import Hit
from x12proc.profiles.profiles import Entry, Profiles, parse_profile
from x12proc.record.model import RecordedFinding
from x12proc.rules import all_rules
from x12proc.rules.base import Rule
from x12proc.rules.context import Context
from x12proc.runner import parallel
from x12proc.runner.artifacts import ARTIFACTS
from x12proc.runner.files import Input
from x12proc.runner.runner import FileRun, RunOptions
from x12proc.runner.settings import load_settings

RULES = all_rules()
AS_OF = date(2024, 4, 1)
HEAD = 'name = "mine"\ntitle = "Mine"\nextends = "default"\n[[rule]]\n'
WHO = 'reason = "payer agreed by mail"\nby = "J. Ito"\nuntil = 2024-12-31\n'
NO_ROUTE = base().replace(b"80MG IV ", b"80MG ")
NO_NDC = base().replace(b"LIN**N4*10122016002~\nCTP****40*ML~\n", b"").replace(b"SE*37*", b"SE*35*")
GROUPS = {"all": list(RULES), "even": list(RULES)[::2], "odd": list(RULES)[1::2], "DUP02": ["DUP02"]}


def artifacts(source: Path, folder: Path, *entries: Entry, hidden: bool) -> dict[str, bytes]:
    """Scrub a file with some entries added to all profiles, and return its artifacts by name."""
    folder.mkdir()
    settings = load_settings(as_of=AS_OF, hidden=hidden)
    settings = msgspec.structs.replace(settings, profiles=settings.profiles.with_entries(entries))
    options = RunOptions(emit=tuple(ARTIFACTS), destination=folder, fix_level="unsafe")
    FileRun(Input(source), settings, options).run()
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("source", [CLINIC, HOSPITAL, GUIDE_FAULTS], ids=lambda path: path.stem)
@pytest.mark.parametrize("group", GROUPS)
def test_every_artifact_is_that_of_a_rule_that_is_off(group: str, source: Path, tmp_path: Path) -> None:
    off = [Entry(id=rule, enabled=False) for rule in GROUPS[group]]
    shadow = [Entry(id=rule, severity="shadow") for rule in GROUPS[group]]
    expected = artifacts(source, tmp_path / "off", *off, hidden=False)
    assert len(expected) > 8
    assert artifacts(source, tmp_path / "shadow", *shadow, hidden=True) == expected
    if group == "all" and source is not GUIDE_FAULTS:
        assert artifacts(source, tmp_path / "on", hidden=False) != expected


def scrubbed(entries: str, *data: bytes, rules: dict[str, Rule] | None = None) -> list[ClaimResult]:
    """Scrub files one after the other with an engine that keeps hidden findings."""
    files = {**profile_files(), "mine": parse_profile((HEAD + entries).encode(), "mine.toml", RULES)}
    known = rules or RULES
    engine = Engine(
        known, Profiles(files, known), reference(), codes=("J3590",), as_of=AS_OF, profile="mine", hidden=True
    )
    outcomes = scrub_buffer(b"\n".join(data), engine, ("J3590",))
    return [outcome for outcome in outcomes if isinstance(outcome, ClaimResult)]


def hidden(claim: ClaimResult) -> list[str]:
    found = [*claim.hidden, *(one for line in claim.lines for one in line.hidden)]
    return [f"{one.finding.rule} {one.finding.severity} {one.state}" for one in found]


def reported(claim: ClaimResult) -> list[str]:
    return [f"{one.rule} {one.severity}" for one in claim.all_findings]


def test_findings_keep_the_severity_that_they_would_have() -> None:
    (claim,) = scrubbed('id = "NDC01"\nseverity = "shadow"\n', NO_NDC)
    assert (reported(claim), hidden(claim), claim.rejected) == ([], ["NDC01 reject shadowed"], False)
    (claim,) = scrubbed('id = "NDC01"\nseverity = "info"\n[[rule]]\nid = "NDC01"\nseverity = "shadow"\n', NO_NDC)
    assert hidden(claim) == ["NDC01 info shadowed"]


def test_a_later_severity_ends_the_shadow_and_a_rule_that_is_off_has_none() -> None:
    shadow = 'id = "NDC01"\nseverity = "shadow"\n[[rule]]\nid = "NDC01"\n'
    (claim,) = scrubbed(shadow + 'severity = "warn"\n', NO_NDC)
    assert (reported(claim), hidden(claim)) == (["NDC01 warn"], [])
    (claim,) = scrubbed(shadow + "enabled = false\n", NO_NDC)
    assert (reported(claim), hidden(claim)) == ([], [])
    (claim,) = scrubbed(shadow + "from = 2030-01-01\nenabled = false\n", NO_NDC)
    assert hidden(claim) == ["NDC01 reject shadowed"]


def test_a_bypassed_finding_is_hidden_too() -> None:
    (claim,) = scrubbed('id = "RTE01"\nenabled = false\n' + WHO, NO_ROUTE)
    assert (reported(claim), hidden(claim)) == ([], ["RTE01 warn bypassed"])
    assert [bypass.rule for bypass in claim.bypasses] == ["RTE01"]


def test_what_another_rule_reports_better_is_not_found_in_shadow() -> None:
    data = NO_NDC.replace(b"(PEGUNIGALSIDASE ALFA-IWXJ) ", b"").replace(b" SDV*", b" NDC 10122-0160-02*")
    (claim,) = scrubbed('id = "NDC01"\nseverity = "shadow"\n', data)
    assert (reported(claim), hidden(claim)) == (["NDC02 warn"], [])
    (claim,) = scrubbed('id = "NDC02"\nseverity = "shadow"\n', data)
    assert (reported(claim), hidden(claim)) == (["NDC01 reject"], ["NDC02 warn shadowed"])


def test_a_rule_in_shadow_remembers_claims() -> None:
    claims = scrubbed(
        'id = "DUP02"\nseverity = "shadow"\n', base(), base(), base().replace(b"B1001*15125", b"B1002*15125")
    )
    assert [hidden(claim) for claim in claims] == [[], ["DUP02 reject shadowed"], []]
    assert [reported(claim) for claim in claims] == [[], [], []]


def test_a_rule_that_crashes_in_shadow_harms_nobody() -> None:
    def crash(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
        raise KeyError(line.description)
        yield  # makes this a generator, as rules are

    broken = {**RULES, "RTE01": msgspec.structs.replace(RULES["RTE01"], check=crash)}
    (claim,) = scrubbed('id = "RTE01"\nseverity = "shadow"\n', base(), rules=broken)
    assert (claim.crashes, hidden(claim), claim.rejected) == ((), [], False)


def test_nothing_is_kept_unless_asked_for(tmp_path: Path) -> None:
    config = configuration(tmp_path, 'id = "NDC01"\nseverity = "shadow"\n')
    (claim,) = x12proc.scrub(NO_NDC, config=config, as_of=AS_OF)
    assert (reported(claim), hidden(claim)) == ([], [])


def configuration(folder: Path, entries: str) -> Path:
    (folder / "profiles").mkdir(parents=True)
    (folder / "profiles" / "mine.toml").write_text(HEAD + entries)
    config = folder / "x12proc.toml"
    config.write_text('profile = "mine"\nprofile_folders = ["profiles"]\n')
    return config


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("files", [1, 2])
def test_the_record_has_what_the_reports_lack(
    files: int, jobs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "SMALLEST", 0)
    config = configuration(
        tmp_path, 'id = "NDC01"\nseverity = "shadow"\n[[rule]]\nid = "RTE01"\nenabled = false\n' + WHO
    )
    names = [str(tmp_path / f"{number}.edi") for number in range(files)]
    for number, name in enumerate(names):
        second = NO_ROUTE.replace(b"B1001", b"B1002")
        Path(name).write_bytes(NO_NDC.replace(b"B1001", b"B%d" % (2000 + number)) + second)
    with record(tmp_path / "record"):
        pass
    command: list[str] = ["scrub", *names, "-o", str(tmp_path / "out"), "--record", str(tmp_path / "record")]
    command += ["--config", str(config), "--jobs", jobs, "--as-of", "2024-04-01", "--emit", "json"]
    for _ in range(2):  # recorded again, nothing changes
        run = CliRunner().invoke(app, command)
        assert run.exit_code == 0, run.output
        with record(tmp_path / "record") as store:
            found = [[line.findings for line in claim.lines] for claim in store.claims()]
        expected = [
            [(RecordedFinding("NDC01", "reject", "shadowed"),)],
            [(RecordedFinding("RTE01", "warn", "bypassed"),)],
        ]
        assert found == expected * files
    report: dict[str, Any] = json.loads((tmp_path / "out" / "0.report.json").read_text())
    assert [line["findings"] for claim in report["claims"] for line in claim["lines"]] == [[], []]


def test_profiles_say_that_a_rule_is_in_shadow(tmp_path: Path) -> None:
    config = configuration(tmp_path, 'id = "NDC01"\nseverity = "shadow"\n')
    shown = CliRunner().invoke(app, ["profiles", "mine", "--config", str(config)])
    assert "NDC01  is in shadow: runs for the record only" in shown.output
