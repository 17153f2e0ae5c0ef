"""Artifacts compared: byte for byte but for the program's version and editions, and reported in few lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.edi import FIXTURES, base

import x12proc.runner.program
from x12proc.cli.app import app
from x12proc.replay.artifacts import artifact_differences, comparable
from x12proc.replay.sequences import sequence_differences

FAULTY = FIXTURES / "replay" / "faulty-professional"
REPORT = (FAULTY / "expected" / "report.json").read_bytes()


def test_another_version_and_edition_of_the_program_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """In no artifact: the case emits all that name what made them."""
    monkeypatch.setattr(x12proc.runner.program, "__version__", "77.0")
    monkeypatch.setattr(x12proc.runner.program, "RULES_EDITION", "2099-01-01")
    result = CliRunner().invoke(app, ["replay", str(FAULTY)])
    assert (result.exit_code, result.output) == (0, "1 case, 0 with differences\n")


def test_editions_in_facts_and_advice_are_left_out() -> None:
    old = b'{"product":{"edition":"2025q4"},"fix":"Bill J1 (edition 2025q4)."}'
    new = b'{"product":{"edition":"2026q1"},"fix":"Bill J1 (edition 2026q1)."}'
    assert artifact_differences("report.json", old, new) == []
    text = json.dumps({"description": '"edition":"2025q4"'}).encode()
    assert comparable("report.json", text) == text, "in a text of a claim it is no edition"


def test_any_other_byte_is_a_difference() -> None:
    for name in ("report.json", "report.xml", "report.html", "report.csv", "annotated.edi", "277ca.edi"):
        data = (FAULTY / "expected" / name).read_bytes()
        location = data.index(b"B1001")
        changed = data[:location] + b"X" + data[location + 1 :]
        reported = artifact_differences(name, data, changed)
        assert reported, name
        assert all(len(line) < 200 for line in reported)


def test_a_report_in_another_layout_holds_the_same_content() -> None:
    pretty = json.dumps(json.loads(REPORT), indent=2).encode()
    (line,) = artifact_differences("report.json", pretty, REPORT)
    assert line.startswith("the same content in other bytes, first at byte 1")


def test_findings_lost_and_regraded_are_told_by_claim_and_line() -> None:
    old = json.loads(REPORT)
    findings = old["claims"][0]["lines"][0]["findings"]
    findings[0]["severity"] = "info"
    findings.append({**findings[1], "rule": "XYZ01"})
    old["claims"].append({**old["claims"][0], "claim_id": "GONE"})
    findings[1]["message"] = "Said otherwise"
    reported = artifact_differences("report.json", json.dumps(old).encode(), REPORT)
    rule, element = findings[0]["rule"], findings[0]["location"]["element"]
    location = findings[0]["location"]["segment_index"]
    assert f"claim B1001, line 1: {rule} is reject, was info, at {element} (segment {location})" in reported
    assert any(line.startswith("claim B1001, line 1: lost XYZ01 ") for line in reported)
    assert "claim GONE: absent, was rejected" in reported
    assert any(line.startswith(f"claim B1001, line 1, {findings[1]['rule']} ") and ".message" not in line[:20]
               and '"Said otherwise" -> ' in line for line in reported)  # fmt: skip


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b'{"a":1', b"[" * 5000, b'{"claims":[{}]}', b"\xff\xfe"])
def test_what_is_no_report_is_told_without_a_crash(text: bytes) -> None:
    reported = artifact_differences("report.json", text, REPORT)
    assert reported
    assert len(reported) < 60
    assert all(len(line) < 200 for line in reported)


def test_a_line_more_is_told_once() -> None:
    old = json.loads(REPORT)
    line = old["claims"][0]["lines"][0]
    old["claims"][0]["lines"].append({**line, "number": "7", "findings": []})
    reported = artifact_differences("report.json", json.dumps(old).encode(), REPORT)
    assert reported == ['claim B1001, line 7: "there" -> nothing']


def test_each_interchange_is_split_by_its_own_terminator() -> None:
    piped = (FIXTURES / "replay" / "institutional-ndc-in-note" / "input.edi").read_bytes()
    old = piped + base() + b"tail"
    new = old.replace(b"LX*2~", b"LX*3~").replace(b"LX|2'", b"LX|3'")
    reported = artifact_differences("annotated.edi", old, new)
    assert [line.split(maxsplit=2)[2] for line in reported] == ["- LX|2", "+ LX|3", "- LX*2", "+ LX*3"]
    first, second = int(reported[0].split()[1]), int(reported[2].split()[1])
    assert piped.split(b"'\r\n")[first] == b"LX|2"
    assert base().split(b"~\n")[second - piped.count(b"'")] == b"LX*2"


@pytest.mark.parametrize("data", [b"", b"ISA", b"ISA*" * 300, b"\0\xff~ISA*~ISA|", b"~" * 10])
def test_edi_of_any_kind_is_compared(data: bytes) -> None:
    assert artifact_differences("annotated.edi", data, base())
    assert artifact_differences("annotated.edi", base(), data)
    assert artifact_differences("annotated.edi", data, data) == []


def test_long_segments_are_cut_around_the_difference() -> None:
    old, new = "A" * 300 + "B" + "C" * 300, "A" * 300 + "X" + "C" * 300
    first, second = sequence_differences([old], [new], "segment", 0)
    assert "AB" in first
    assert "AX" in second
    assert len(first) < 150


def test_many_differences_are_counted_and_found_in_little_time(tmp_path: Path) -> None:
    old = [str(number) for number in range(30_000)]
    new = [f"{number}x" if number % 2 else str(number) for number in range(30_000)]
    reported = sequence_differences(old, new, "segment", 0)
    assert reported[0] == "segment 1  - 1"
    assert reported[-1] == "... and 14988 more segments that differ"
    assert sequence_differences(old, [*old, "more"], "segment", 0) == ["segment 30000  + more"]
    assert sequence_differences(old, old[1:], "segment", 0) == ["segment 0  - 0"]
