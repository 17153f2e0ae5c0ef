"""``x12proc scrub --fix``: the fixed file, and what every report says of it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from edi import CLINIC, base
from lxml import etree
from test_cli import AS_OF, report, x12proc

MISSPELT = base().replace(b"10122016002", b"10122-0160-02")


def test_fix_writes_a_file_that_scrubs_clean_and_every_report_tells_the_change(tmp_path: Path) -> None:
    source = tmp_path / "a.edi"
    source.write_bytes(MISSPELT)
    done = x12proc("scrub", source, "-o", tmp_path, "--fix", "--emit", "json,csv,xml,html", *AS_OF)
    assert done.returncode == 1, "the verdict is on the file as it came"
    assert (tmp_path / "a.fixed.edi").read_bytes() == base()
    assert b"fixes: 1 made, 0 offered" in done.stdout
    document = report(tmp_path, "a")
    assert document["summary"]["fixes"] == {"applied": 1, "offered": 0}
    (fix,) = document["claims"][0]["lines"][0]["fixes"]
    assert (fix["rule"], fix["before"], fix["after"]) == ("NDC05", "10122-0160-02", "10122016002")
    assert (fix["safe"], fix["applied"], fix["remark"]) == (True, True, "")
    assert document["claims"][0]["fixes"] == []
    with (tmp_path / "a.report.csv").open(newline="") as file:
        (row,) = [row for row in csv.DictReader(file) if row["severity"] == "fixed"]
    assert row["message"] == "10122-0160-02 becomes 10122016002"
    assert etree.parse(tmp_path / "a.report.xml").findtext(".//fixes/fix/after") == "10122016002"
    page = etree.HTML((tmp_path / "a.report.html").read_bytes())
    assert page.xpath("string(//div[@class='finding mend']//code[@class='after'])") == "10122016002"
    assert x12proc("scrub", tmp_path / "a.fixed.edi", *AS_OF).returncode == 0


def test_fix_works_as_a_filter_and_logs_each_change_without_its_value() -> None:
    done = x12proc("scrub", "-", "-o", "-", "--fix", "--emit", "fixed", *AS_OF, data=MISSPELT)
    assert done.stdout == base()
    logged = [json.loads(line) for line in done.stderr.splitlines()]
    (change,) = [line for line in logged if line["event"] == "fixed"]
    assert change["rule"] == "NDC05"
    assert change["byte_offset"] == MISSPELT.index(b"10122-0160-02")
    assert b"10122" not in done.stderr


def test_likely_fixes_are_made_only_when_asked_for(tmp_path: Path) -> None:
    for option, made, offered in (("--fix", 1, 2), ("--unsafe-fixes", 3, 0)):
        x12proc("scrub", CLINIC, "-o", tmp_path, option, "--emit", "json", *AS_OF)
        assert report(tmp_path, CLINIC.stem)["summary"]["fixes"] == {"applied": made, "offered": offered}
        changed = (tmp_path / f"{CLINIC.stem}.fixed.edi").read_bytes()
        assert (changed.count(b"LIN**N4*7347531023~") == 0) is (made == 3)


def test_the_terminal_shows_what_is_offered_and_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "a.edi").write_bytes(MISSPELT)
    done = x12proc("scrub", tmp_path / "a.edi", *AS_OF)
    assert b"NDC05 fix offered  line 1, LIN03 in loop 2410" in done.stdout
    assert b"'10122-0160-02' becomes '10122016002'" in done.stdout
    assert b"fixes: 0 made, 1 offered" in done.stdout


def test_fixes_without_a_file_to_write_and_a_file_without_fixes_are_refused(tmp_path: Path) -> None:
    for options in (("--fix",), ("--unsafe-fixes",), ("--emit", "fixed", "-o", tmp_path / "out")):
        done = x12proc("scrub", CLINIC, *options)
        assert done.returncode == 2
        assert b"--fix" in done.stderr
    assert not (tmp_path / "out").exists()


def test_nothing_is_written_of_what_cant_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.edi").write_bytes(b"no edi at all")
    done = x12proc("scrub", tmp_path / "a.edi", "-o", tmp_path, "--fix", "--emit", "json")
    assert done.returncode == 3
    assert not (tmp_path / "a.fixed.edi").exists()
