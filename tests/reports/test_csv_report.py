"""The CSV report: rows that read back, and cells that no spreadsheet calculates with."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.edi import CLINIC, HOSPITAL, base
from support.reports import findings, run, run_case
from support.rule_cases import all_cases

from x12proc.engine.document import Document
from x12proc.reports.csv_report import COLUMNS, safe_cell

PAGE = Path(__file__).parent.parent.parent / "docs" / "reports.md"
INVISIBLE = ' \u00a0\u00ad\u200b\u200e\u2028\u202f\u2060\u3000\ufeff"'


def rows(data: bytes) -> list[dict[str, str]]:
    """The rows as a program reads them."""
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def calculates(cell: str) -> bool:
    """Whether a spreadsheet might take a cell, or what another country's separators make of it, for a formula."""
    parts = [part.lstrip(INVISIBLE + "\t\r\n") for part in re.split("[;|\t\r\n]", cell)]
    return any(part[0] in "=+-@＝＋－＠﹦﹢﹣﹫" for part in parts if part)


@pytest.mark.parametrize("trigger", [*"=+-@＝＋－＠﹦﹢﹣﹫", "\t=", "\r=", "\n=", "\r\n=", "\0="])
@pytest.mark.parametrize(
    "before", ["", " ", "\u00a0", "\u200b", "\ufeff", '"', '" ', "A;", "A; ", "A|", 'A";"', "\t", "\n"]
)
def test_a_formula_is_defused(trigger: str, before: str) -> None:
    attack = f"{before}{trigger}HYPERLINK(0)"
    cell = safe_cell(attack)
    assert not calculates(cell)
    assert "HYPERLINK(0)" in cell


@pytest.mark.parametrize(
    "text", ["=1+1", "-2+3", "+5", "@SUM(A1)", "-", "--5", "-5-", "-1.2.3", "-5 ", "-٣", "=cmd|' /C calc'!A0"]
)
def test_what_only_looks_like_a_number_is_defused(text: str) -> None:
    assert safe_cell(text) == "'" + text


@pytest.mark.parametrize(
    "text", ["-5", "-5.25", "-.5", "-5.", "0", "00078116861", "1E5", "A=B", "A-B", "a@b", "x; y"]
)
def test_numbers_and_plain_texts_stay_as_they_are(text: str) -> None:
    assert safe_cell(text) == text


@pytest.mark.parametrize(
    ("text", "shown"), [("A\0B", "A␀B"), ("A\tB", "A␉B"), ("A\r\nB", "A␍␊B"), ("A\x7fB", "A␡B")]
)
def test_control_characters_are_shown(text: str, shown: str) -> None:
    assert safe_cell(text) == shown


@given(st.lists(st.text(st.characters(exclude_categories=())), min_size=1))
def test_any_cells_read_back_and_calculate_nothing(texts: list[str]) -> None:
    cells = [safe_cell(text) for text in texts]
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    written = out.getvalue().encode()
    assert len(written.splitlines()) == 1
    assert next(csv.reader(io.StringIO(written.decode(), newline=""))) == cells
    assert all(not calculates(cell) or re.fullmatch(r"-[0-9.]+", cell) for cell in cells)


@given(st.text(st.sampled_from('=+-@＝;| "\t\n\u200bA1.')))
def test_no_mix_of_triggers_and_separators_calculates(text: str) -> None:
    cell = safe_cell(text)
    assert not calculates(cell) or re.fullmatch(r"-(?:[0-9]+\.?[0-9]*|\.[0-9]+)", cell)


@pytest.mark.parametrize("path", [CLINIC, HOSPITAL], ids=lambda path: path.stem)
def test_rows_say_what_the_documents_say(path: Path) -> None:
    result = run(path.read_bytes())
    reported = [(document["claim_id"], finding) for document in result.documents for finding in findings(document)]
    read = [row for row in rows(result.csv()) if row["severity"] != "unchecked"]
    assert len(read) == len(reported)
    for row, (claim, finding) in zip(read, reported, strict=True):
        location = finding["location"]
        assert (row["claim_id"], row["rule"], row["severity"]) == (claim, finding["rule"], finding["severity"])
        assert (row["message"], row["fix"]) == (safe_cell(finding["message"]), safe_cell(finding["fix"]))
        assert (row["loop"], row["element"]) == (location["loop"], location["element"])
        assert (int(row["segment_index"]), int(row["byte_offset"])) == (
            location["segment_index"],
            location["byte_offset"],
        )
        assert (row["after"], row["value"]) == (location["after"] or "", safe_cell(finding["value"] or ""))
        assert row["sources"].split() == finding["sources"]


def test_every_rule_case_is_a_row_of_one_line() -> None:
    for _, case in all_cases():
        result = run_case(case)
        lines = result.csv().splitlines()
        found = sum(len(findings(document)) for document in result.documents)
        unchecked = sum(len(line["unchecked"]) for document in result.documents for line in document["lines"])
        assert len(lines) == 1 + found + unchecked + len(result.faults)


def test_guide_errors_and_faults_are_rows() -> None:
    def change(document: Document) -> None:
        location = {"loop": "2400", "segment": "SV1", "element": "SV104", "segment_index": 29, "byte_offset": 7}
        document["guide_errors"] = [{"code": "7", "message": "=no", "location": {**location, "after": None}}]

    row = rows(run(base(), change=change).csv())[0]
    assert (row["rule"], row["severity"], row["message"], row["element"]) == ("7", "guide", "'=no", "SV104")
    fault = rows(run(base().replace(b"SE*37*", b"SE*3*")).csv())[0]
    assert (fault["rule"], fault["severity"], fault["claim_id"]) == ("se01-count", "warn", "")


@pytest.mark.parametrize(
    "attack", [b"=1+1", b"+1", b"-1+1", b"@A1", b"\t=1", b" =1", "＝1".encode(), b'"=1', b"A;=1"]
)
@pytest.mark.parametrize(
    "location", [b"ACME COMMERCIAL", b"LAKESIDE", b"B1001*", b"B1001-01", b"10122016002", b"ACME1"]
)
def test_no_text_of_a_claim_calculates(attack: bytes, location: bytes) -> None:
    tail = b"*" if location.endswith(b"*") else b""
    data = base().replace(b"CTP****40*ML", b"CTP****0*ML").replace(location, attack + tail)
    read = rows(run(data).csv())
    assert read
    assert not any(calculates(cell) for row in read for cell in row.values())


def test_the_columns_are_documented_in_their_order() -> None:
    reported = re.findall(r"^\| `(\w+)`", PAGE.read_text(), re.MULTILINE)
    assert reported == list(COLUMNS)
