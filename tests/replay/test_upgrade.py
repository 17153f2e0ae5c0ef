"""Old reports against new ones of the same files: what an upgrade changes, without a patient's values."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result
from support.edi import CLINIC, FIXTURES, base

from x12proc.cli.app import app
from x12proc.errors import ConfigError
from x12proc.replay.report_changes import parse_report
from x12proc.values import parse_quantity

AS_OF = "2024-04-01"


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Reports of the demo files, as an older version could have left them."""
    folder = tmp_path / "old"
    assert call("scrub", FIXTURES / "demo", "-o", folder, "--emit", "json", "--as-of", AS_OF).exit_code == 1
    return folder


def change(path: Path, how: Callable[[Any], None]) -> Any:
    document = json.loads(path.read_text())
    how(document)
    path.write_text(json.dumps(document))
    return document


def claim(document: Any, claim_id: str) -> Any:
    return next(claim for claim in document["claims"] if claim["claim_id"] == claim_id)


def test_nothing_changed_whatever_day_it_is(old: Path) -> None:
    result = call("replay", "--against", old, FIXTURES / "demo")
    assert result.exit_code == 0
    assert "files compared: 3, target claims in them: 92" in result.output
    assert result.output.endswith("No finding and no verdict changed.\n")
    later = call("replay", "--against", old, FIXTURES / "demo", "--as-of", "2026-11-23")
    assert later.exit_code == 1
    assert "DAT" in later.output, "timely filing depends on the day"


def make_older(document: Any) -> None:
    """An older version that did not know NDC06, graded NAR05 slighter, said XYZ01, and missed a claim."""
    document["program"].update(version="0.0.9", rules_edition="2020-01-01")
    for one in document["claims"]:
        for line in one["lines"]:
            if any(finding["rule"] == "NDC06" for finding in line["findings"]):
                line["findings"] = [finding for finding in line["findings"] if finding["rule"] != "NDC06"]
                one["disposition"] = "accepted"
            for finding in line["findings"]:
                if finding["rule"] == "NAR05":
                    finding["severity"] = "info"
    texts = claim(document, "P1001")
    location = {"loop": "2300", "segment": "CLM", "element": "CLM02", "segment_index": 3, "byte_offset": 4}
    texts["findings"].append({"rule": "XYZ01", "severity": "reject", "location": location})
    texts["disposition"] = "rejected"
    document["claims"].remove(claim(document, "P1006"))


def test_what_changed_is_told_by_rule_and_by_verdict(old: Path) -> None:
    report = old / "clinic-837p.report.json"
    new = json.loads(report.read_text())
    change(report, make_older)
    result = call("replay", "--against", old, FIXTURES / "demo")
    assert result.exit_code == 1
    for line in (
        "  old: x12proc 0.0.9, rules of 2020-01-01",
        "NAR05: 1 re-graded",
        "NDC06: 1 gained",
        "XYZ01: 1 lost",
        "  clinic-837p.edi: claim P3004, line 1: gained NDC06 reject at LIN03 (segment 877)",
        "  clinic-837p.edi: claim P1001: lost XYZ01 reject at CLM02 (segment 3)",
        f"claims that were accepted and are now rejected: 1, charges {claim(new, 'P3004')['charge']}",
        f"claims that were rejected and are now accepted: 1, charges {claim(new, 'P1001')['charge']}",
        f"claims that were absent and are now accepted: 1, charges {claim(new, 'P1006')['charge']}",
    ):
        assert line in result.output.splitlines()


def test_no_value_of_a_patient_is_told(old: Path) -> None:
    def spoil(document: Any) -> None:
        for one in document["claims"]:
            for line in one["lines"]:
                line["findings"] = []

    new = json.loads((old / "clinic-837p.report.json").read_text())
    for path in old.iterdir():
        change(path, spoil)
    reported = call("replay", "--against", old, FIXTURES / "demo").output
    reported += call("replay", "--against", old, FIXTURES / "demo", "--json").output
    values = {finding["value"] for one in new["claims"] for line in one["lines"] for finding in line["findings"]}
    long_enough = {value for value in values if value and len(value) > 6 and not value.isdigit()}
    assert len(long_enough) > 5
    assert [value for value in long_enough if value in reported] == []
    assert new["claims"][0]["payer"]["name"] not in reported


def test_json_holds_every_change_and_sums_charges_exactly(old: Path) -> None:
    report = old / "clinic-837p.report.json"
    new = json.loads(report.read_text())

    def reject_all(document: Any) -> None:
        for one in document["claims"]:
            one["disposition"] = "rejected"

    change(report, reject_all)
    result = call("replay", "--against", old, FIXTURES / "demo", "--json")
    document = json.loads(result.output)
    assert (document["schema"], document["changed"], document["rules"]) == ("x12proc.upgrade/1", True, {})
    accepted = [one for one in new["claims"] if one["disposition"] == "accepted"]
    total = sum(parse_quantity(one["charge"]) or 0 for one in accepted)
    assert document["verdicts"] == [
        {
            "was": "rejected",
            "now": "accepted",
            "claims": len(accepted),
            "charges": str(total),
            "unreadable_charges": 0,
        }
    ]
    (changed,) = [file for file in document["files"] if file["changes"]["claims"]]
    assert [one["claim_id"] for one in changed["changes"]["claims"]] == [one["claim_id"] for one in accepted]


def test_charges_that_are_no_number_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.edi").write_bytes(base().replace(b"*15125***", b"*1.512,5***"))
    call("scrub", tmp_path / "a.edi", "-o", tmp_path, "--emit", "json", "--as-of", AS_OF)

    def flip(document: Any) -> None:
        one = document["claims"][0]
        one["disposition"] = {"accepted": "rejected", "rejected": "accepted"}[one["disposition"]]

    change(tmp_path / "a.report.json", flip)
    assert "charges 0 and 1 that can't be read" in call("replay", "--against", tmp_path, tmp_path / "a.edi").output


def test_a_file_that_fails_now_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.edi").write_bytes(base()[:900])
    call("scrub", tmp_path / "a.edi", "-o", tmp_path, "--emit", "json", "--as-of", AS_OF)

    def accept(document: Any) -> None:
        document["summary"]["status"] = "accepted"
        document["errors"] = [{"code": "other-fault", "severity": "warn", "segment_index": 7}]

    change(tmp_path / "a.report.json", accept)
    result = call("replay", "--against", tmp_path, tmp_path / "a.edi")
    assert result.exit_code == 1
    assert "a.edi is failed, was accepted" in result.output
    assert "a.edi gained error truncated at segment" in result.output
    assert "a.edi lost warn other-fault at segment 7" in result.output


def test_claims_of_one_id_are_paired_in_file_order(tmp_path: Path) -> None:
    head, claims = base().split(b"CLM*", 1)
    body, tail = claims.split(b"SE*", 1)
    twice = head + b"CLM*" + body + b"CLM*" + body.replace(b"CTP****40*", b"CTP****0*") + b"SE*" + tail
    (tmp_path / "a.edi").write_bytes(twice)
    call("scrub", tmp_path / "a.edi", "-o", tmp_path, "--emit", "json", "--as-of", AS_OF)
    assert call("replay", "--against", tmp_path, tmp_path / "a.edi").exit_code == 0

    def lose(document: Any) -> None:
        assert len(document["claims"]) == 2
        document["claims"].pop()

    change(tmp_path / "a.report.json", lose)
    reported = call("replay", "--against", tmp_path, tmp_path / "a.edi").output
    assert "claims that were absent and are now rejected: 1, charges 15125" in reported
    assert "gained QTY01" in reported


def test_files_without_a_partner_are_told(old: Path, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "clinic-837p.edi").write_bytes(CLINIC.read_bytes())
    (inbox / "hospital-837i.edi").write_bytes(base())
    (inbox / "new.edi").write_bytes(base())
    result = call("replay", "--against", old, inbox)
    assert result.exit_code == 1, "what was not compared is no acceptance"
    for words in (
        "files compared: 1,",
        "new.edi: no new.report.json",
        "hospital-837i.edi: the old report was made of another file",
        "guide-faults-837.report.json: its input is not among those named",
    ):
        assert words in result.output


def test_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "a.edi").write_bytes(base())
    nothing = call("replay", "--against", tmp_path, tmp_path / "a.edi").exception
    assert isinstance(nothing, ConfigError)
    assert "nothing to compare: a.edi: no a.report.json" in str(nothing)
    (tmp_path / "a.x12").write_bytes(base())
    shared = call("replay", "--against", tmp_path, tmp_path).exception
    assert isinstance(shared, ConfigError)
    assert "a.report.json" in str(shared)
    assert call("replay", "--against", tmp_path / "gone", tmp_path).exit_code == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "no JSON"),
        (b"[1]", "no JSON report"),
        (b"{}", "no JSON report"),
        (b'{"schema":"other/2"}', "allowed is x12proc.report/1"),
        (b'{"schema":"x12proc.report/1","claims":[{"claim_id":1}]}', "claims"),
        (b"[" * 100_000, "no JSON"),
    ],
)
def test_an_old_report_that_is_none_is_refused(text: bytes, words: str) -> None:
    with pytest.raises(ConfigError, match=r"^old\.json: ") as caught:
        parse_report(text, "old.json")
    assert words in str(caught.value)


def test_reports_of_later_versions_with_more_keys_are_read() -> None:
    report = parse_report(msgspec.json.encode({"schema": "x12proc.report/1", "news": 1}), "old.json")
    assert report.claims == ()
