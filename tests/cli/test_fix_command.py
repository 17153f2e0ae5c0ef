"""``scrub --fix`` and ``--unsafe-fixes`` as a user meets them: the file, the reports, the messages."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result
from lxml import etree
from support.edi import base

from x12proc.cli.app import app

PACKAGE = Path(__file__).parent.parent.parent / "x12proc"
SCHEMA = json.loads((PACKAGE / "reports" / "report.schema.json").read_text())
FAULTY = base().replace(b"LIN**N4*10122016002", b"LIN**N4*1012216002").replace(b"*40*ML", b"*40*ml")
SAFE = FAULTY.replace(b"*40*ml", b"*40*ML")


def scrub(*arguments: str | Path, data: bytes | None = None) -> Result:
    words = ["--log-level", "error", "scrub", *map(str, arguments), "--as-of", "2024-04-01"]
    return CliRunner().invoke(app, words, input=data)


def source(folder: Path, data: bytes = FAULTY) -> Path:
    path = folder / "in.edi"
    path.write_bytes(data)
    return path


def report(folder: Path) -> Any:
    document = json.loads((folder / "in.report.json").read_text())
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    return document


@pytest.mark.parametrize(
    ("options", "expected", "applied"),
    [(["--fix"], SAFE, {"QTY02"}), (["--unsafe-fixes"], base(), {"QTY02", "NDC06"})],
)
def test_the_fixed_file_and_its_report(
    tmp_path: Path, options: list[str], expected: bytes, applied: set[str]
) -> None:
    out = tmp_path / "out"
    result = scrub(source(tmp_path), "-o", out, *options)
    assert result.exit_code == 1, "the claim is judged as it came"
    assert (out / "in.fixed.edi").read_bytes() == expected
    assert f"fixes applied: {len(applied)}" in result.output
    document = report(out)
    claim = document["claims"][0]
    assert claim["disposition"] == "rejected"
    fixes = {fix["rule"]: fix for fix in claim["lines"][0]["fixes"]}
    assert {rule for rule, fix in fixes.items() if fix["applied"]} == applied
    assert (fixes["NDC06"]["before"], fixes["NDC06"]["after"]) == ("1012216002", "10122016002")
    assert fixes["NDC06"]["location"]["element"] == "LIN03"
    assert not fixes["NDC06"]["safe"]
    assert fixes["QTY02"]["safe"]
    assert document["summary"]["fixes"] == {"applied": len(applied), "offered": 2 - len(applied)}
    if applied == set(fixes):
        assert scrub(out / "in.fixed.edi").exit_code == 0


def test_without_the_option_fixes_are_only_offered(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = scrub(source(tmp_path), "-o", out, "--emit", "json,xml,csv,html,annotated")
    assert not (out / "in.fixed.edi").exists()
    assert "fixes that --fix or --unsafe-fixes would make: 2" in result.output
    assert not any(fix["applied"] for fix in report(out)["claims"][0]["lines"][0]["fixes"])


def test_all_reports_tell_each_fix(tmp_path: Path) -> None:
    out = tmp_path / "out"
    scrub(source(tmp_path), "-o", out, "--emit", "json,xml,csv,html", "--fix")
    tree = etree.parse(out / "in.report.xml")
    etree.XMLSchema(etree.parse(PACKAGE / "reports" / "report.xsd")).assertValid(tree)
    reported = {(fix.findtext("rule"), fix.findtext("applied")) for fix in tree.iterfind(".//fixes/fix")}
    assert reported == {("NDC06", "false"), ("QTY02", "true")}
    with (out / "in.report.csv").open(newline="") as file:
        rows = {row["rule"]: (row["fixed_value"], row["fixed"]) for row in csv.DictReader(file)}
    assert rows == {"NDC06": ("10122016002", "offered"), "QTY02": ("ML", "applied")}
    page = " ".join((out / "in.report.html").read_text().split())
    assert "QTY02 fixed" in page
    assert "NDC06 can be fixed" in page
    assert "with --unsafe-fixes" in page


def test_the_terminal_offers_and_writes_nothing(tmp_path: Path) -> None:
    result = scrub(source(tmp_path), "--fix")
    assert "NDC06 fixed by --unsafe-fixes  line 1, LIN03, 1012216002 becomes 10122016002" in result.output
    assert "QTY02 fixed by --fix  line 1, CTP05-1, ml becomes ML" in result.output
    assert "the fixed file needs a folder" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["in.edi"]


def test_as_a_filter() -> None:
    for emit in ((), ("--emit", "fixed")):
        result = scrub("-", "-o", "-", "--unsafe-fixes", *emit, data=FAULTY)
        assert result.stdout_bytes == base()
        assert result.exit_code == 1


def test_a_filter_logs_its_changes_without_their_texts(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "x12proc",
        "scrub",
        "-",
        "-o",
        "-",
        "--unsafe-fixes",
        "--as-of",
        "2024-04-01",
        "--log",
        "json",
    ]
    result = subprocess.run(command, input=FAULTY, capture_output=True, check=False, timeout=120)
    reported = [json.loads(line) for line in result.stderr.splitlines()]
    fixes = [(line["rule"], line["safe"], line["element"]) for line in reported if line["event"] == "fix_applied"]
    assert fixes == [("NDC06", False, "LIN03"), ("QTY02", True, "CTP05-1")]
    assert b"1012216002" not in result.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--emit", "fixed", "-o", "x"], "fixed goes with --fix"),
        (["--emit", "json", "--fix", "-o", "-"], "exactly one input and one artifact"),
    ],
)
def test_wrong_usage(tmp_path: Path, options: list[str], words: str) -> None:
    result = scrub(source(tmp_path), *options)
    assert result.exit_code != 0
    assert words in str(result.exception)


def test_a_failed_file_is_not_fixed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "in.fixed.edi").write_bytes(b"of an earlier run")
    result = scrub(source(tmp_path, FAULTY[:-60]), "-o", out, "--fix")
    assert result.exit_code == 3
    assert "no fixed file was written: the file failed" in result.output
    assert "fixes applied" not in result.output
    assert not (out / "in.fixed.edi").exists()
