"""The program as a user meets it: commands, exit codes, artifacts, messages."""

from __future__ import annotations

import ast
import csv
import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lxml import etree
from support.edi import CLINIC, HOSPITAL, STYLES, base, restyle

PACKAGE = Path(__file__).parent.parent.parent / "x12proc"
SCHEMA = json.loads((PACKAGE / "reports" / "report.schema.json").read_text())
XSD = etree.XMLSchema(etree.parse(PACKAGE / "reports" / "report.xsd"))
FAULTY = base().replace(b"CTP****40*ML", b"CTP****0*ML")
AS_OF = ("--as-of", "2024-04-01", "--conformance", "off")  # guide checks have tests of their own


def x12proc(*arguments: str | Path, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run the program in a process of its own, warnings being errors."""
    command = [sys.executable, "-W", "error", "-m", "x12proc", *map(str, arguments)]
    result = subprocess.run(command, input=data, capture_output=True, timeout=120, check=False)
    assert b"Traceback" not in result.stderr
    assert b"Traceback" not in result.stdout
    return result


def report(folder: Path, stem: str) -> Any:
    """The JSON report of an input, valid by its schema."""
    document = json.loads((folder / f"{stem}.report.json").read_text())
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    return document


# -- exit codes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "options", "code"),
    [
        (base(), [], 0),
        (FAULTY, [], 1),
        (base().replace(b" IV ", b" "), [], 0),
        (base().replace(b" IV ", b" "), ["--fail-on", "warn"], 1),
        (base()[:700], [], 3),
        (b"not x12", [], 3),
        (b"", [], 3),
    ],
)
def test_exit_codes(tmp_path: Path, data: bytes, options: list[str], code: int) -> None:
    path = tmp_path / "in.edi"
    path.write_bytes(data)
    assert x12proc("scrub", path, *AS_OF, *options).returncode == code


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["scrub", "nowhere.edi"], "no such file"),
        (["scrub"], "Missing argument"),
        (["scrub", CLINIC, "--profile", "nobody"], "medicare-b"),
        (["scrub", CLINIC, "--emit", "pdf", "-o", "x"], "annotated"),
        (["scrub", CLINIC, "--codes", "J35"], "five letters or digits"),
        (["scrub", CLINIC, "--as-of", "yesterday"], "2026-11-23"),
        (["scrub", CLINIC, HOSPITAL, "-o", "-", "--emit", "json"], "exactly one input"),
        (["scrub", CLINIC, "--config", "nowhere.toml"], "can't be read"),
        (["rules", "NDC99"], "NDC01"),
        (["profiles", "nobody"], "default"),
        (["nonsense"], "No such command"),
    ],
)
def test_wrong_usage_says_what_is_allowed(arguments: list[str | Path], words: str) -> None:
    result = x12proc(*arguments)
    assert result.returncode == 2
    assert words in result.stderr.decode()


# -- artifacts -------------------------------------------------------------------------------------------------


def test_a_folder_gets_one_set_of_artifacts_an_input(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "a.edi").write_bytes(base())
    (source / "b.837").write_bytes(FAULTY)
    (source / "notes.md").write_text("no input")
    (source / "old.annotated.edi").write_bytes(base())
    out = tmp_path / "out"
    result = x12proc("scrub", source, "-o", out, *AS_OF)
    assert result.returncode == 1
    kinds = ("annotated.edi", "report.html", "report.json")
    assert sorted(path.name for path in out.iterdir()) == sorted(f"{s}.{k}" for s in "ab" for k in kinds)
    assert (out / "a.annotated.edi").read_bytes() == base()
    assert b"X12PROC R=QTY01" in (out / "b.annotated.edi").read_bytes()


def test_inputs_that_would_write_the_same_artifact_are_refused(tmp_path: Path) -> None:
    for name in ("a.edi", "a.837"):
        (tmp_path / name).write_bytes(base())
    result = x12proc("scrub", tmp_path, "-o", tmp_path / "out")
    assert result.returncode == 2
    assert b"a.report.json" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("path", [CLINIC, HOSPITAL], ids=lambda path: path.stem)
def test_all_reports_tell_the_same(tmp_path: Path, path: Path) -> None:
    x12proc("scrub", path, "-o", tmp_path, "--emit", "json,csv,xml,html", *AS_OF)
    document = report(tmp_path, path.stem)
    claims = document["claims"]
    found = [
        (claim["claim_id"], finding["rule"])
        for claim in claims
        for finding in [*claim["findings"], *(f for line in claim["lines"] for f in line["findings"])]
    ]
    with (tmp_path / f"{path.stem}.report.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["claim_id"], row["rule"]) for row in rows if row["severity"] != "unchecked"] == found
    unchecked = [one["rule"] for claim in claims for line in claim["lines"] for one in line["unchecked"]]
    assert [row["rule"] for row in rows if row["severity"] == "unchecked"] == unchecked
    tree = etree.parse(tmp_path / f"{path.stem}.report.xml")
    assert [rule.text for rule in tree.iterfind(".//finding/rule")] == [rule for _, rule in found]
    assert [rule.text for rule in tree.iterfind(".//unchecked/rule/rule")] == unchecked
    page = etree.HTML((tmp_path / f"{path.stem}.report.html").read_bytes())
    assert len(page.xpath("//div[@class='finding']")) == len(found)
    assert page.xpath("//script") == []
    assert page.xpath("//@src | //link") == []
    marked = page.xpath("//mark") + page.xpath("//div[@class='edi']//em")
    assert len(marked) >= len({rule for _, rule in found}) > 0


def test_worst_claims_come_first(tmp_path: Path) -> None:
    x12proc("scrub", CLINIC, "-o", tmp_path, "--emit", "html", *AS_OF)
    page = etree.HTML((tmp_path / "clinic-837p.report.html").read_bytes())
    states = [node.get("class") for node in page.xpath("//article")]
    assert states == sorted(states, key=["is-rejected", "is-warned", "is-remarked"].index)
    assert len(states) + len(page.xpath("//section[@id='clean']//tr[@id]")) == 55


def test_text_of_a_claim_is_escaped_everywhere(tmp_path: Path) -> None:
    nasty = b"<script>alert(1)</script>&\x01"
    data = (
        base().replace(b"ACME COMMERCIAL HEALTH", nasty).replace(b"ELFABRIO (PEGUNIGALSIDASE", b"=CMD()" + nasty)
    )
    (tmp_path / "x.edi").write_bytes(data)
    x12proc("scrub", tmp_path / "x.edi", "-o", tmp_path, "--emit", "json,csv,xml,html", *AS_OF)
    assert b"<script" not in (tmp_path / "x.report.html").read_bytes()
    etree.parse(tmp_path / "x.report.xml")
    report(tmp_path, "x")
    with (tmp_path / "x.report.csv").open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not any(cell.startswith(("=", "+", "@")) for cell in cells)


def test_no_artifact_is_left_when_one_cannot_be_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "in.report.json").mkdir(parents=True)
    (tmp_path / "in.edi").write_bytes(base())
    result = x12proc("scrub", tmp_path / "in.edi", "-o", out, "--emit", "json")
    assert result.returncode == 3
    assert [path.name for path in out.iterdir()] == ["in.report.json"]


# -- as a filter -----------------------------------------------------------------------------------------------


def test_annotated_and_restored_through_pipes() -> None:
    annotated = x12proc("scrub", "-", "-o", "-", "--emit", "annotated", *AS_OF, data=FAULTY)
    assert annotated.returncode == 1
    assert b"NTE*TPO*X12PROC R=QTY01~" in annotated.stdout
    restored = x12proc("restore", "-", data=annotated.stdout)
    assert restored.returncode == 0
    assert restored.stdout == FAULTY


@pytest.mark.parametrize("style", STYLES)
def test_restore_in_every_style(tmp_path: Path, style: str) -> None:
    data = restyle(FAULTY, style)
    (tmp_path / "in.edi").write_bytes(data)
    x12proc("scrub", tmp_path / "in.edi", "-o", tmp_path, "--emit", "annotated", *AS_OF)
    assert (tmp_path / "in.annotated.edi").read_bytes() != data
    x12proc("restore", tmp_path / "in.annotated.edi", "-o", tmp_path / "back.edi")
    assert (tmp_path / "back.edi").read_bytes() == data


def test_json_of_standard_input_is_named_stdin() -> None:
    result = x12proc("scrub", "-", "-o", "-", "--emit", "json", *AS_OF, data=base())
    document = json.loads(result.stdout)
    assert document["input"]["name"] == "stdin"
    assert document["summary"]["status"] == "accepted"


def test_gzip_is_read_and_a_damaged_one_fails_with_a_place(tmp_path: Path) -> None:
    whole = gzip.compress(FAULTY)
    (tmp_path / "a.edi.gz").write_bytes(whole)
    (tmp_path / "b.edi.gz").write_bytes(whole[:100])
    (tmp_path / "c.edi.gz").write_bytes(gzip.compress(b"A" * 100_000_000))
    for name, code in (("a", 1), ("b", 3), ("c", 3)):
        out = tmp_path / name
        assert (
            x12proc("scrub", tmp_path / f"{name}.edi.gz", "-o", out, "--emit", "json", *AS_OF).returncode == code
        )
        report(out, f"{name}.edi")
    errors = report(tmp_path / "b", "b.edi")["errors"]
    assert errors[0]["code"] == "bad-gzip"


# -- bad input -------------------------------------------------------------------------------------------------

BAD = {
    "empty": (b"", "not-x12"),
    "pdf": (b"%PDF-1.4\n" + bytes(range(256)), "not-x12"),
    "truncated": (base()[:800], "truncated"),
    "4010": (base().replace(b"005010X222A1", b"004010X098A1"), "SYN10"),
    "dental": (base().replace(b"005010X222A1", b"005010X224A2"), "SYN10"),
    "remittance": (base().replace(b"GS*HC", b"GS*HP").replace(b"ST*837", b"ST*835"), "wrong-transaction"),
    "control-isa": (base().replace(b"IEA*1*240329201", b"IEA*1*000000001"), "iea02-control"),
    "control-gs": (base().replace(b"GE*1*201", b"GE*1*1"), "ge02-control"),
    "control-st": (base().replace(b"*0001~\nGE", b"*0009~\nGE"), "se02-control"),
    "small-letters": (base().replace(b"CLM*", b"clm*"), "lower-case-tags"),
    "clash": (base().replace(b"*T*:~", b"*T**~"), "delimiter-clash"),
    "nul": (base().replace(b"MARY", b"MA\0Y"), "nul-bytes"),
    "after-iea": (base() + b"GARBAGE*1~", "stray-bytes"),
    "no-terminator": (base().replace(b"*0001~\nGE", b"*0001GE"), "se02-control"),
    "claim-outside": (base().replace(b"CLM*", b"SE*9*0001~\nCLM*", 1), "missing-st"),
}
MEANT = {
    "bom": (b"\xef\xbb\xbf" + base(), "byte-order-mark"),
    "se-count": (base().replace(b"SE*37*", b"SE*3*"), "se01-count"),
    "ge-count": (base().replace(b"GE*1*", b"GE*7*"), "ge01-count"),
    "iea-count": (base().replace(b"IEA*1*", b"IEA*7*"), "iea01-count"),
    "isa11-u": (base().replace(b"*^*", b"*U*"), "isa11-repetition"),
    "old-p": (base().replace(b"005010X222A1", b"005010X222"), "old-guide"),
    "old-i": (base("I").replace(b"005010X223A2", b"005010X223A1"), "old-guide"),
    "mixed-versions": (base().replace(b"*X*005010X222A1", b"*X*005010X222A2"), "guide-mismatch"),
    "fill": (base() + b"    \n", "fill-after-iea"),
    "folded": (base().replace(b"\n", b"").replace(b"LX*1~SV1", b"LX*1~SV\n1"), "stray-line-ends"),
    "line-end-for-terminator": (
        base().replace(b"REF*G1*PA88120447~\n", b"REF*G1*PA88120447\n"),
        "stray-line-ends",
    ),
    "last-terminator": (base().rstrip(b"~\n"), "missing-terminator"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_fails_with_a_place(tmp_path: Path, name: str) -> None:
    data, code = BAD[name]
    (tmp_path / "in.edi").write_bytes(data)
    result = x12proc("scrub", tmp_path / "in.edi", "-o", tmp_path / "out", "--emit", "json,xml,csv,html", *AS_OF)
    assert result.returncode == 3
    document = report(tmp_path / "out", "in")
    XSD.assertValid(etree.parse(tmp_path / "out" / "in.report.xml"))
    assert f">{code}</span>" in (tmp_path / "out" / "in.report.html").read_text()
    assert f",{code}," in (tmp_path / "out" / "in.report.csv").read_text()
    errors = document["errors"]
    fault = next(entry for entry in errors if entry["code"] == code)
    assert fault["severity"] == "error"
    assert 0 <= fault["byte_offset"] <= len(data)
    assert document["summary"]["status"] == "failed"
    assert fault["message"] in result.stdout.decode()


@pytest.mark.parametrize("name", MEANT)
def test_what_is_meant_is_read_with_one_remark(tmp_path: Path, name: str) -> None:
    data, code = MEANT[name]
    (tmp_path / "in.edi").write_bytes(data)
    result = x12proc("scrub", tmp_path / "in.edi", "-o", tmp_path / "out", "--emit", "json,annotated", *AS_OF)
    assert result.returncode == 0, result.stdout
    document = report(tmp_path / "out", "in")
    assert [(entry["code"], entry["severity"]) for entry in document["errors"]] == [(code, "warn")]
    summary = document["summary"]
    assert (summary["claims"], summary["target_lines"], summary["status"]) == (1, 1, "accepted")


@pytest.mark.parametrize("name", ["JOS\u00c9".encode(), "JOS\u00c9".encode("latin-1")])
def test_names_in_utf8_or_latin1(tmp_path: Path, name: bytes) -> None:
    (tmp_path / "in.edi").write_bytes(base().replace(b"ACME", name))
    x12proc("scrub", tmp_path / "in.edi", "-o", tmp_path, "--emit", "json", *AS_OF)
    claims = report(tmp_path, "in")["claims"]
    assert claims[0]["payer"]["name"].startswith("JOS\u00c9")


def test_an_element_of_ten_megabytes(tmp_path: Path) -> None:
    data = base().replace(b"80MG IV", b"80MG IV " + b"X" * 10_000_000)
    (tmp_path / "in.edi").write_bytes(data)
    result = x12proc("scrub", tmp_path / "in.edi", "-o", tmp_path, "--emit", "json,html", *AS_OF)
    assert result.returncode == 1
    claims = report(tmp_path, "in")["claims"]
    assert {finding["rule"] for finding in claims[0]["findings"]} == {"SYN05"}
    assert (tmp_path / "in.report.json").stat().st_size < 100_000


def test_a_sound_interchange_beside_a_broken_one(tmp_path: Path) -> None:
    (tmp_path / "in.edi").write_bytes(base()[:700] + b"\n" + FAULTY)
    assert x12proc("scrub", tmp_path / "in.edi", "-o", tmp_path, "--emit", "json", *AS_OF).returncode == 3
    document = report(tmp_path, "in")
    assert len(document["claims"]) == 1


def test_an_unreadable_file_fails_and_the_others_are_scrubbed(tmp_path: Path) -> None:
    (tmp_path / "a.edi").symlink_to(tmp_path / "gone")
    (tmp_path / "b.edi").write_bytes(base())
    (tmp_path / "folder.edi").mkdir()
    assert x12proc("scrub", tmp_path, "-o", tmp_path / "out", *AS_OF).returncode == 3
    assert report(tmp_path / "out", "a")["errors"][0]["code"] == "unreadable"
    assert report(tmp_path / "out", "b")["summary"]["status"] == "accepted"


# -- logs ------------------------------------------------------------------------------------------------------


def test_logs_are_json_lines_without_patient_data(tmp_path: Path) -> None:
    data = (
        FAULTY.replace(b"HARTLEY", b"CANARYNAME")
        .replace(b"W440192003", b"CANARYID")
        .replace(b"B1001", b"CANARYACCT")
    )
    (tmp_path / "CANARYFILE.edi").write_bytes(data)
    result = x12proc(
        "--log-level",
        "debug",
        "scrub",
        tmp_path / "CANARYFILE.edi",
        "-o",
        tmp_path / "out",
        "--emit",
        "json",
        "--log",
        "json",
        *AS_OF,
    )
    lines = [json.loads(line) for line in result.stderr.decode().splitlines()]
    assert [line["event"] for line in lines] == ["file_scrubbed"]
    assert lines[0]["rejected_claims"] == 1
    assert b"CANARY" not in result.stderr


# -- the other commands ----------------------------------------------------------------------------------------


def test_extract_lists_lines_with_their_ndc_segments(tmp_path: Path) -> None:
    result = x12proc("extract", CLINIC)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(lines) == 61
    assert lines[0]["drugs"][0]["segments"] == ["LIN**N4*00078116861", "CTP****16.8*ML"]
    x12proc("extract", CLINIC, HOSPITAL, "--format", "csv", "-o", tmp_path / "lines.csv")
    with (tmp_path / "lines.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 61 + 28
    assert rows[0]["ndc"] == "00078116861"
    assert rows[0]["quantity"] == "16.8"


def test_extract_writes_no_value_of_a_file_to_standard_error() -> None:
    for value in (b"\x1b[2J", b"DOE^JANE"):
        result = x12proc("extract", "-", data=base().replace(b"GS*HC", b"GS*" + value, 1))
        assert b"at segment 1, byte 107" in result.stderr
        assert value not in result.stderr
        assert b"\x1b" not in result.stderr


def test_extract_of_a_broken_file_fails() -> None:
    result = x12proc("extract", "-", data=base()[:700])
    assert result.returncode == 3
    assert b"truncated" in result.stderr


def test_rules_and_profiles_are_told() -> None:
    assert b"NDC01" in x12proc("rules").stdout
    assert b"218" in x12proc("rules", "ndc01").stdout
    assert json.loads(x12proc("rules", "NDC01", "--json").stdout)["id"] == "NDC01"
    assert len(json.loads(x12proc("rules", "--json").stdout)) >= 71
    assert b"medicare-b" in x12proc("profiles").stdout
    assert b"NAR03" in x12proc("profiles", "medicare-b").stdout


@pytest.mark.parametrize("command", ["scrub", "extract", "restore", "rules", "profiles"])
def test_help_teaches(command: str) -> None:
    text = x12proc(command, "--help").stdout.decode()
    assert len(text) > 200


def test_other_codes_can_be_looked_for(tmp_path: Path) -> None:
    (tmp_path / "in.edi").write_bytes(base().replace(b"J3590", b"J3490"))
    assert x12proc(
        "scrub", tmp_path / "in.edi", "-o", tmp_path, "--emit", "json", "--codes", "J3490,j9999", *AS_OF
    )
    claims = report(tmp_path, "in")["claims"]
    assert claims[0]["lines"][0]["procedure"] == "J3490"


def test_scrub_logs_only_when_asked(tmp_path: Path) -> None:
    (tmp_path / "in.edi").write_bytes(FAULTY)
    scrub = ("scrub", tmp_path / "in.edi", "-o", tmp_path / "out", "--emit", "json", *AS_OF)
    assert x12proc(*scrub).stderr == b""
    assert b"file_scrubbed" in x12proc(*scrub, "--log", "text").stderr
    for asked in ((*scrub, "--log", "json"), ("--log-level", "info", *scrub)):
        lines = [json.loads(line) for line in x12proc(*asked).stderr.splitlines()]
        assert [line["event"] for line in lines] == ["file_scrubbed"]


def test_a_filter_reports_its_faults_without_values() -> None:
    data = base().replace(b"\nSE*", b"\nSE*9", 1)
    offset = data.index(b"\nSE*9") + 1
    result = x12proc("scrub", "-", "-o", "-", "--emit", "annotated", *AS_OF, data=data)
    assert result.stdout
    expected = f"warn stdin, segment {data[:offset].count(b'~')}, byte {offset}: se01-count"
    assert result.stderr.decode().splitlines() == [expected]


def test_a_scrub_of_a_small_file_loads_only_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "in.edi").write_bytes(base())
    script = (
        "import sys; from x12proc.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    command = [sys.executable, "-c", script, "scrub", str(tmp_path / "in.edi"), "-o", str(tmp_path)]
    command += ["--emit", "json,annotated"]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    loaded = set(ast.literal_eval(result.stderr.splitlines()[-1]))
    assert loaded >= {"x12proc", "click", "msgspec"}
    assert not loaded & {"structlog", "lxml", "asyncio", "sqlalchemy", "fastapi", "jinja2", "pyarrow"}
