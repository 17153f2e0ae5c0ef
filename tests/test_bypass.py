"""A bypass suppresses a rule and is reported wherever the rule would have had a finding, and nowhere else."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from lxml import etree
from support.edi import base
from support.rules import profile_files, reference

from x12proc.claims.model import ServiceLine
from x12proc.cli.app import app
from x12proc.engine.engine import Engine
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import scrub_buffer
from x12proc.findings import Hit
from x12proc.profiles.profiles import Bypass, Profiles, parse_profile
from x12proc.rules import all_rules
from x12proc.rules.base import Rule
from x12proc.rules.context import Context

RULES = all_rules()
AS_OF = date(2024, 4, 1)
WHO = 'reason = "payer agreed by mail"\nby = "J. Ito"\nuntil = 2024-12-31\n'
HEAD = 'name = "mine"\ntitle = "Mine"\nextends = "default"\n[[rule]]\n'
NO_ROUTE = base().replace(b"80MG IV ", b"80MG ")
NO_NDC = base().replace(b"LIN**N4*10122016002~\nCTP****40*ML~\n", b"").replace(b"SE*37*", b"SE*35*")


def scrubbed(
    entries: str, *data: bytes, as_of: date = AS_OF, rules: dict[str, Rule] | None = None, child: str = ""
) -> list[ClaimResult]:
    """The outcomes of files, one after another, under a profile with these entries."""
    files = {**profile_files(), "mine": parse_profile((HEAD + entries).encode(), "mine.toml", RULES)}
    if child:
        files["child"] = parse_profile(child.encode(), "child.toml", RULES)
    known = rules or RULES
    name = "child" if child else "mine"
    engine = Engine(known, Profiles(files, known), reference(), codes=("J3590",), as_of=as_of, profile=name)
    outcomes = scrub_buffer(b"\n".join(data or (base(),)), engine, ("J3590",))
    return [outcome for outcome in outcomes if isinstance(outcome, ClaimResult)]


def matched(claim: ClaimResult) -> list[str]:
    return [f"{finding.rule} {finding.severity}" for finding in claim.all_findings]


def held(claim: ClaimResult) -> list[str]:
    return [bypass.rule for bypass in claim.bypasses]


def test_a_rule_switched_off_is_told_where_it_would_have_been_heard() -> None:
    clean, faulty = scrubbed('id = "RTE01"\nenabled = false\n' + WHO, base(), NO_ROUTE)
    assert (matched(clean), held(clean)) == ([], [])
    assert matched(faulty) == ["DUP02 reject"], "the same claim twice in one file"
    assert faulty.bypasses == (Bypass("RTE01", "payer agreed by mail", "J. Ito", date(2024, 12, 31), "mine"),)


def test_a_regraded_rule_is_heard_and_told() -> None:
    (claim,) = scrubbed('id = "NDC01"\nseverity = "info"\n' + WHO, NO_NDC)
    assert (matched(claim), held(claim), claim.rejected) == (["NDC01 info"], ["NDC01"], False)


def test_a_changed_option_is_told_where_it_decides() -> None:
    said = 'id = "RTE01"\nseverity = "info"\n[[rule]]\nid = "QTY07"\noptions = { decimals = 5 }\n' + WHO
    (claim,) = scrubbed(said, base().replace(b"CTP****40*", b"CTP****40.00001*"))
    assert (matched(claim), held(claim)) == ([], ["QTY07"])


def test_what_another_rule_tells_better_is_not_held_back() -> None:
    data = NO_NDC.replace(b"(PEGUNIGALSIDASE ALFA-IWXJ) ", b"").replace(b" SDV*", b" NDC 10122-0160-02*")
    (claim,) = scrubbed('id = "NDC01"\nenabled = false\n' + WHO, data)
    assert (matched(claim), held(claim)) == (["NDC02 warn"], [])
    (claim,) = scrubbed('id = "NDC02"\nenabled = false\n' + WHO, data)
    assert (matched(claim), held(claim)) == (["NDC01 reject"], ["NDC02"])


def test_an_ended_bypass_and_a_plain_switch_hold_nothing_back() -> None:
    (claim,) = scrubbed('id = "RTE01"\nenabled = false\n' + WHO, NO_ROUTE, as_of=date(2025, 1, 1))
    assert (matched(claim), held(claim)) == (["RTE01 warn"], [])
    (claim,) = scrubbed('id = "RTE01"\nenabled = false\n', NO_ROUTE)
    assert (matched(claim), held(claim)) == ([], [])


@pytest.mark.parametrize(("change", "reported"), [("enabled = false", []), ('severity = "warn"', ["DUP02 warn"])])
def test_a_claim_is_not_its_own_double(change: str, reported: list[str]) -> None:
    """DUP02 remembers claims; hearing it a second time must not make every claim a repeated one."""
    first, second, other = scrubbed(
        f'id = "DUP02"\n{change}\n' + WHO, base(), base(), base().replace(b"B1001*15125", b"B1002*15125")
    )
    assert [held(claim) for claim in (first, second, other)] == [[], ["DUP02"], []]
    assert [matched(claim) for claim in (first, second, other)] == [[], reported, []]


def test_a_profile_below_may_undo_a_bypass() -> None:
    child = 'name = "child"\ntitle = "C"\nextends = "mine"\n[[rule]]\nid = "RTE01"\nenabled = true\n'
    (claim,) = scrubbed('id = "RTE01"\nenabled = false\n' + WHO, NO_ROUTE, child=child)
    assert (matched(claim), held(claim)) == (["RTE01 warn"], [])


def test_a_rule_that_crashes_can_be_set_aside() -> None:
    def crash(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
        raise KeyError(line.description)
        yield  # makes this a generator, as rules are

    broken = {**RULES, "RTE01": msgspec.structs.replace(RULES["RTE01"], check=crash)}
    (claim,) = scrubbed('id = "RTE01"\nenabled = false\n' + WHO, rules=broken)
    assert (claim.crashes, held(claim), claim.rejected) == ((), ["RTE01"], False)


def test_every_report_shows_it(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(HEAD + 'id = "NDC01"\nenabled = false\n' + WHO)
    (tmp_path / "x12proc.toml").write_text('profile = "mine"\nprofile_folders = ["."]\n')
    (tmp_path / "in.edi").write_bytes(NO_NDC)
    (tmp_path / "x12proc.toml").rename(tmp_path / "config.txt")  # no profile, so not in a profile folder's *.toml
    command = [
        "scrub",
        str(tmp_path / "in.edi"),
        "--config",
        str(tmp_path / "config.txt"),
        "--as-of",
        "2024-04-01",
    ]
    printed = CliRunner().invoke(app, command)
    assert printed.exit_code == 0
    written = CliRunner().invoke(app, [*command, "-o", str(tmp_path), "--emit", "json,csv,xml,html"])
    assert written.exit_code == 0
    why = {"reason": "payer agreed by mail", "by": "J. Ito", "until": "2024-12-31"}
    bypass = {"rule": "NDC01", **why, "profile": "mine"}
    (claim,) = json.loads((tmp_path / "in.report.json").read_text())["claims"]
    assert (claim["bypasses"], claim["disposition"]) == ([bypass], "accepted")
    (node,) = etree.parse(tmp_path / "in.report.xml").iterfind(".//bypasses/bypass")
    assert {child.tag: child.text for child in node} == bypass
    (row,) = csv.DictReader(io.StringIO((tmp_path / "in.report.csv").read_text()))
    shown = {
        "terminal": printed.output,
        "html": " ".join(etree.HTML((tmp_path / "in.report.html").read_bytes()).itertext()),
        "csv": row["rule"] + " " + row["severity"] + " " + row["message"],
    }
    for text in shown.values():
        for word in ("NDC01 bypassed", "payer agreed by mail", "J. Ito", "2024-12-31", "profile mine"):
            assert word in text
