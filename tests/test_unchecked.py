"""What the tables do not cover is reported as unchecked, on each line and in every report; nothing else is."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.edi import base
from support.rule_cases import all_cases

from x12proc.cli.app import app
from x12proc.engine.result import ClaimResult, LineResult
from x12proc.engine.stream import Summary, scrub_buffer
from x12proc.runner.settings import Settings, load_reference, load_settings

SETTINGS: Settings = load_settings(conformance="off", as_of=date(2032, 1, 1))
REFERENCE = load_reference(None)
SERVED, NDC, NAME = b"DTP*472*D8*20231114", b"10122016002", b"ELFABRIO (PEGUNIGALSIDASE ALFA-IWXJ)"
LATE = [f"{year}{month:02d}{15 if month % 2 else '01'}" for year in (2028, 2029, 2031) for month in (1, 4, 7, 10)]
NDCS = [f"{labeler:05d}00{product}01" for labeler in (98761, 97001, 96102) for product in (11, 27, 43, 59)]
DRUGS = ["ZYXONTRA", "QUIVELMAB-ABCD", "BORTANUMAB", "XELPRATUG", "NOVARTIMAB-ZZZZ", "TRILOVENTIS", "OMBRALEXA",
         "KALVENTRIX"]  # fmt: skip
CODES_LATE = ["20270102", "20270331", "20270630", "20270901", "20270929", "20270501", "20270115", "20270215"]


def lines(data: bytes) -> list[LineResult]:
    results = scrub_buffer(data, SETTINGS.engine("off"), ("J3590",))
    return [line for result in results if isinstance(result, ClaimResult) for line in result.lines]


def served(day: str) -> bytes:
    return base().replace(SERVED, b"DTP*472*D8*" + day.encode())


@pytest.mark.parametrize("day", LATE)
def test_dates_after_all_tables(day: str) -> None:
    (line,) = lines(served(day))
    rules = {unchecked.rule: unchecked for unchecked in line.unchecked}
    assert {"DX08", "COD01", "COD11"} <= rules.keys()
    assert rules["DX08"].until == date(2027, 9, 30)
    assert "icd10cm_codes_" in rules["DX08"].how
    assert rules["COD01"].until == REFERENCE.manifest().tables["codes"].last


@pytest.mark.parametrize("day", CODES_LATE)
def test_dates_after_the_codes_alone(day: str) -> None:
    (line,) = lines(served(day))
    assert [unchecked.rule for unchecked in line.unchecked] == ["COD01", "COD11"]


@pytest.mark.parametrize("ndc", NDCS)
def test_ndcs_in_no_table(ndc: str) -> None:
    (line,) = lines(base().replace(NDC, ndc.encode()))
    assert {unchecked.rule for unchecked in line.unchecked} == {"NDC11", "NDC17", "QTY04"}
    assert all(ndc in unchecked.needs for unchecked in line.unchecked)


@pytest.mark.parametrize("drug", DRUGS)
def test_drugs_in_no_table(drug: str) -> None:
    (line,) = lines(base().replace(NDC, b"98761012301").replace(NAME, drug.encode()))
    assert "COD01" in {unchecked.rule for unchecked in line.unchecked}


def test_nothing_is_unchecked_within_the_tables() -> None:
    """Every rule case whose dates, NDCs and drugs the tables cover."""
    covered = 0
    for _, case in all_cases():
        results = scrub_buffer(case.data(), SETTINGS.engine("off"), case.codes)
        for result in (one for one in results if isinstance(one, ClaimResult)):
            for line in result.lines:
                if _is_covered(line):
                    covered += 1
                    assert line.unchecked == (), case.name
    assert covered > 1000


def _is_covered(line: LineResult) -> bool:
    days = line.line.service_days
    known = line.product is not None or not line.line.ndc.strip()
    named = line.product is not None or line.narrative.matched is not None or not line.narrative.drug_name
    if days is None or not known or not named:
        return False
    return all(REFERENCE.covers(table, day) for table in ("codes", "diagnoses") for day in days)


def test_every_report_has_it(tmp_path: Path) -> None:
    path = tmp_path / "late.edi"
    path.write_bytes(served("20280115"))
    arguments = ["scrub", str(path), "--as-of", "2028-02-01", "--conformance", "off"]
    run = CliRunner().invoke(app, [*arguments, "-o", str(tmp_path), "--emit", "json,csv,xml,html"])
    assert run.exit_code == 0
    assert "Not checked in full: 1 line (" in run.output
    document = json.loads((tmp_path / "late.report.json").read_text())
    assert document["summary"]["unchecked"] == {"lines": 1, "by_reason": {"codes": 1, "diagnoses": 1}}
    first = document["claims"][0]["lines"][0]["unchecked"][0]
    assert first == {
        "rule": "DX08",
        "needs": "ICD-10-CM codes of fiscal year 2028",
        "until": "2027-09-30",
        "how": "x12proc reference import icd10cm_codes_2028.txt --into DIR",
    }
    assert 'DX08,unchecked,"Not checked: needs ICD-10-CM codes' in (tmp_path / "late.report.csv").read_text()
    assert "<needs>ICD-10-CM codes of fiscal year 2028</needs>" in (tmp_path / "late.report.xml").read_text()
    page = (tmp_path / "late.report.html").read_text()
    assert "Not checked, and why" in page
    assert "icd10cm_codes_2028.txt" in page
    terminal = CliRunner().invoke(app, arguments)
    assert "DX08 not checked  line 1, needs ICD-10-CM codes" in terminal.output
    assert CliRunner().invoke(app, [*arguments, "--fail-on", "unchecked"]).exit_code == 1


def test_reports_within_the_tables_say_nothing(tmp_path: Path) -> None:
    path = tmp_path / "claim.edi"
    path.write_bytes(base())
    arguments = ["scrub", str(path), "--as-of", "2024-04-01", "--conformance", "off", "--fail-on", "unchecked"]
    run = CliRunner().invoke(app, [*arguments, "-o", str(tmp_path), "--emit", "json,html"])
    assert run.exit_code == 0
    assert "ot checked" not in run.output
    assert "ot checked" not in (tmp_path / "claim.report.html").read_text()
    summary = json.loads((tmp_path / "claim.report.json").read_text())["summary"]
    assert summary["unchecked"] == {"lines": 0, "by_reason": {}}


def test_counts_are_of_lines_not_of_rules() -> None:
    summary = Summary()
    for outcome in scrub_buffer(served("20280115"), SETTINGS.engine("off"), ("J3590",)):
        summary.count(outcome)
    assert summary.unchecked_lines == 1
    assert summary.unchecked == {"diagnoses": 1, "codes": 1}


def test_status_names_what_ends_and_what_would_renew_it() -> None:
    run = CliRunner().invoke(app, ["reference", "status", "--as-of", "2027-11-01"])
    assert run.exit_code == 0
    assert "to 2027-09-30: ended 32 days ago, later services are unchecked" in run.output
    assert "icd10cm_codes_YYYY.txt (CDC, each October): diagnoses of its fiscal year; DX08" in run.output
    soon = CliRunner().invoke(app, ["reference", "status", "--as-of", "2027-09-20"])
    assert "to 2027-09-30: in force, ends in 10 days" in soon.output
