"""Annotation and the way back: legal place, exact count, every other byte untouched."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.edi import CLINIC, GUIDE_FAULTS, HOSPITAL, STYLES, base, join, restyle, segments
from support.mutations import mutated
from support.pyx12_oracle import guide_errors
from support.rule_cases import all_cases
from support.rules import profiles, reference
from support.streams import pass_to

import x12proc
from x12proc.claims.model import Location
from x12proc.engine.annotation_text import note_text
from x12proc.engine.engine import Engine
from x12proc.engine.stream import Summary, scrub_buffer
from x12proc.findings import Finding, Severity
from x12proc.reports.edi import annotate as annotate_module
from x12proc.reports.edi.annotate import AnnotatedClaims, AnnotatedEdi, first_earlier_note, restore_edits
from x12proc.reports.edi.edits import apply, shifted_count
from x12proc.rules import all_rules
from x12proc.wire.delimiters import Delimiters

PIPE = Delimiters(b"|", b">", b"'")


def annotate(data: bytes, window: int = 4096) -> bytes:
    engine = Engine(all_rules(), profiles(), reference(), codes=("J3590",), as_of=date(2024, 4, 1))
    written: list[bytes] = []
    writer, renderer = AnnotatedEdi(data, written.append), AnnotatedClaims(data)
    for outcome in scrub_buffer(data, engine, ("J3590",), window=window):
        pass_to(writer, outcome, renderer)
    writer.end(Summary())
    return b"".join(written)


def restore(data: bytes) -> bytes:
    return b"".join(apply(data, restore_edits(data)))


@pytest.mark.parametrize("path", [CLINIC, HOSPITAL, GUIDE_FAULTS], ids=lambda path: path.stem)
def test_annotated_demo_is_as_valid_as_its_source(path: Path) -> None:
    data = path.read_bytes()
    annotated = annotate(data)
    assert b"X12PROC" in annotated
    assert len(guide_errors(annotated)) == len(guide_errors(data))


@pytest.mark.parametrize("path", [CLINIC, HOSPITAL], ids=lambda path: path.stem)
@pytest.mark.parametrize("style", STYLES)
def test_restore_gives_the_source_back_in_every_style(path: Path, style: str) -> None:
    data = restyle(path.read_bytes(), style)
    annotated = annotate(data)
    assert annotated.count(b"X12PROC") > 10
    assert restore(annotated) == data


def test_every_rule_case_is_annotated_and_restored() -> None:
    for _, case in all_cases():
        data = case.data()
        annotated = annotate(data)
        assert restore(annotated) == data, case.name
        if not guide_errors(data):
            assert guide_errors(annotated) == [], case.name


def test_note_stands_before_the_drug_loop_and_se01_is_raised() -> None:
    data = base().replace(b"CTP****40*ML", b"CTP****0*ML")
    plain, noted = segments(data), segments(annotate(data))
    added = [segment for segment in noted if segment not in plain]
    assert "NTE*TPO*X12PROC R=QTY01" in added
    position = noted.index("NTE*TPO*X12PROC R=QTY01")
    assert noted[position - 1].startswith("REF*6R*")
    assert noted[position + 1].startswith("LIN*")
    count = next(segment for segment in plain if segment.startswith("SE*")).split("*")[1]
    assert f"SE*{int(count) + 1}*0001" in noted


def test_a_line_with_a_third_party_note_is_left_alone() -> None:
    data = base().replace(b"CTP****40*ML", b"CTP****0*ML").replace(b"LIN*", b"NTE*TPO*REPRICED~\nLIN*")
    assert annotate(data) == data


@pytest.mark.parametrize("said", [b"SE*99*", b"SE*007*", b"SE*099*", b"SE**", b"SE*X*", b"SE*0000000036*"])
def test_a_wrong_count_comes_back_as_wrong_as_it_was(said: bytes) -> None:
    data = re.sub(rb"SE\*\d+\*", said, base().replace(b"CTP****40*ML", b"CTP****0*ML"))
    assert restore(annotate(data)) == data


@pytest.mark.parametrize(
    ("said", "raised"),
    [
        (b"S\nE*37*", b"SE*38*"),
        (b"SE\n*37*", b"SE*38*"),
        (b"SE*3\n7*", b"SE*38*"),
        (b"SE*\n0009*", b"SE*00010*"),
        (b"SE*9\n9*", b"SE*100*"),
    ],
)
def test_a_count_with_a_line_end_in_it_is_raised_and_restored(said: bytes, raised: bytes) -> None:
    data = re.sub(rb"SE\*37\*", said, base().replace(b"CTP****40*ML", b"CTP****0*ML"))
    assert raised in annotate(data).replace(b"\n", b"")
    assert restore(annotate(data)) == data


@pytest.mark.parametrize("style", ["newline", "carriage"])
def test_no_empty_segment_is_put_in_where_a_line_end_terminates(style: str) -> None:
    data = restyle(base().replace(b"CTP****40*ML", b"CTP****0*ML"), style)
    assert all(part.strip(b"\r\n") for part in annotate(data).split(data[105:106])[:-1])


@pytest.mark.parametrize("width", [80, 61])
def test_a_folded_file_is_restored(width: int) -> None:
    flat = join(segments(CLINIC.read_bytes()), "~", "")
    folded = b"\n".join(flat[at : at + width] for at in range(0, len(flat), width))
    annotated = annotate(folded)
    assert b"X12PROC" in annotated
    assert restore(annotated) == folded


def test_restore_leaves_a_file_without_notes_as_it_is() -> None:
    for data in (CLINIC.read_bytes(), b"", b"no edi at all", base()[:500]):
        assert restore(data) == data


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 1200), st.integers(0, 60), st.integers(200, 3000))
def test_restore_after_any_damage(junk: bytes, position: int, cut: int, window: int) -> None:
    data = base().replace(b"CTP****40*ML", b"CTP****0*ML")
    data = data[:position] + junk + data[position + cut :]
    assert restore(annotate(data, window)) == data


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3))
def test_what_was_annotated_before_is_restored_or_refused(seed: int, times: int) -> None:
    data = mutated(base().replace(b"CTP****40*ML", b"CTP****0*ML"), seed)
    for _ in range(times):
        annotated = annotate(data)
        assert first_earlier_note(data) is not None or restore(annotated) == data
        assert annotated == data or first_earlier_note(annotated) is not None
        data = annotated


def test_a_file_annotated_before_gets_no_second_annotated_copy(tmp_path: Path) -> None:
    source = tmp_path / "again.edi"
    (tmp_path / "out").mkdir()
    source.write_bytes(annotate(base().replace(b"CTP****40*ML", b"CTP****0*ML")))
    results = x12proc.scrub(source, emit=["json", "annotated"], output=tmp_path / "out")
    assert [result.rejected for result in results] == [True]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["again.report.json"]
    (fault,) = json.loads((tmp_path / "out" / "again.report.json").read_bytes())["errors"]
    assert (fault["code"], fault["byte_offset"]) == ("annotated-before", source.read_bytes().index(b"NTE*TPO"))


def test_a_filter_without_output_fails(tmp_path: Path) -> None:
    source = tmp_path / "again.edi"
    source.write_bytes(annotate(base().replace(b"CTP****40*ML", b"CTP****0*ML")))
    command = [sys.executable, "-m", "x12proc", "scrub", str(source), "--emit", "annotated", "-o", "-"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"run x12proc restore on it first" in done.stderr


def test_long_notes_count_the_rest() -> None:
    findings = [_finding(f"NDC{number:02d}", "reject") for number in range(1, 13)] + [_finding("RTE01", "warn")]
    text = note_text(findings, PIPE)
    assert len(text) <= 80
    assert text == "X12PROC R:NDC01 NDC02 NDC03 NDC04 NDC05 NDC06 NDC07 NDC08 NDC09 NDC10 NDC11 +2"
    assert note_text(findings[:1] + findings[-1:], PIPE) == "X12PROC R:NDC01 W:RTE01"
    assert note_text([_finding("NAR13", "info")], PIPE) == ""


@given(st.from_regex(r"\A[0-9]{1,10}\Z"), st.integers(1, 5000))
def test_a_raised_count_can_be_lowered_again(said: str, added: int) -> None:
    raised = shifted_count(said.encode(), added)
    assert int(raised) == int(said) + added
    assert shifted_count(raised, -added) == said.encode()


def _finding(rule: str, severity: Severity) -> Finding:
    return Finding(
        rule=rule,
        severity=severity,
        message="",
        fix="",
        location=Location("2400", "SV1", "SV101", 0, 0),
        value=None,
        status="",
        second_status="",
        carc="",
        rarc=(),
        sources=(),
    )


@pytest.mark.parametrize("window", [64, 100, 511, 4096])
def test_notes_at_the_border_of_what_is_read_are_found_once(window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = CLINIC.read_bytes()
    annotated = annotate(data)
    monkeypatch.setattr(annotate_module, "WINDOW", window)
    assert restore(annotated) == data


def test_what_holds_no_interchange_has_nothing_to_restore() -> None:
    assert restore(b"no interchange at all") == b"no interchange at all"


def test_a_file_of_several_interchanges_is_restored() -> None:
    data = CLINIC.read_bytes() + restyle(CLINIC.read_bytes(), "pipe") + HOSPITAL.read_bytes()
    annotated = annotate(data)
    assert annotated.count(b"X12PROC") > 30
    assert restore(annotated) == data
