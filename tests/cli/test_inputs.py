"""What a batch took, skipped and failed adds up to what it was given, whatever lies in its folders."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.edi import base

import x12proc
from x12proc.cli.app import app
from x12proc.errors import ConfigError, X12SyntaxError
from x12proc.runner.artifacts import ARTIFACTS
from x12proc.runner.inputs import OUR_SUFFIXES, find_inputs

COUNTS = re.compile(r"Inputs: (\d+) given, (\d+) taken, (\d+) skipped, (\d+) failed")


def scrub(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["scrub", "--conformance", "off", *map(str, arguments)])


def counts(result: Result) -> tuple[int, ...]:
    """Given, taken, skipped, failed, which add up."""
    found = COUNTS.search(result.stdout)
    assert found, result.output
    given, taken, skipped, failed = map(int, found.groups())
    assert given == taken + skipped + failed
    return given, taken, skipped, failed


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def make_folder(folder: Path) -> Path:
    """A folder with inputs under many names and with what else lies in folders."""
    (folder / "sub" / "deeper").mkdir(parents=True)
    for name in ("a.edi", "c.clm", "d", "e.837p", "sub/a.edi", "sub/deeper/f.txt", ".hidden.edi"):
        (folder / name).write_bytes(base())
    (folder / "b.edi.gz").write_bytes(gzip.compress(base()))
    (folder / "notes.md").write_text("Visa, ISA and other words: no claims here.")
    (folder / "empty.edi").write_bytes(b"")
    (folder / "paper.pdf").write_bytes(b"%PDF-1.7\n%\xe2\xe3")
    (folder / "old.report.json").write_text("{}")
    (folder / "old.accepted.edi").write_bytes(base())
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_bytes(base())
    (folder / "again").symlink_to(folder)
    with zipfile.ZipFile(folder / "archive.zip", "w") as archive:
        archive.writestr("in.edi", base())
    os.mkfifo(folder / "pipe.edi")
    return folder


def test_a_folder_adds_up(tmp_path: Path) -> None:
    folder, out = make_folder(tmp_path / "in"), tmp_path / "out"
    result = scrub(folder, "-o", out, "--emit", "json")
    assert result.exit_code == 0, result.output
    assert counts(result) == (17, 7, 10, 0)
    assert files_in(out) == [
        "a.report.json",
        "b.edi.report.json",
        "c.report.json",
        "d.report.json",
        "e.report.json",
        "sub/a.report.json",
        "sub/deeper/f.report.json",
    ]
    for line in (
        "notes.md: not X12",
        "empty.edi: empty",
        "paper.pdf: a PDF document",
        "archive.zip: a ZIP archive",
        "pipe.edi: not a regular file",
        "again: a link to a folder",
        "2 files: an artifact of x12proc",
        "2 files: hidden",
    ):
        assert line in result.stdout
    assert scrub(folder, "-o", folder, "--emit", "json").exit_code == 0
    assert counts(scrub(folder, "-o", folder, "--emit", "json")) == (24, 7, 17, 0)


def test_processes_write_the_same_folders(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "in")
    for jobs in ("1", "2"):
        command = [sys.executable, "-m", "x12proc", "scrub", "in", "-o", jobs, "--emit", "json", "--jobs", jobs]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
    assert files_in(tmp_path / "1") == files_in(tmp_path / "2")
    assert len(files_in(tmp_path / "1")) == 7
    assert folder.exists()


def test_a_dangling_link_fails_wherever_it_is_found(tmp_path: Path) -> None:
    (tmp_path / "link.edi").symlink_to(tmp_path / "gone.edi")
    assert scrub(tmp_path / "link.edi").exit_code == 3
    (tmp_path / "good.edi").write_bytes(base())
    for argument in (tmp_path, tmp_path / "*.edi"):
        result = scrub(argument)
        assert result.exit_code == 3
        assert counts(result) == (2, 1, 0, 1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_or_folder_without_permission_fails(tmp_path: Path) -> None:
    (tmp_path / "good.edi").write_bytes(base())
    (tmp_path / "closed.edi").write_bytes(base())
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed.edi").chmod(0)
    (tmp_path / "closed").chmod(0)
    result = scrub(tmp_path)
    (tmp_path / "closed").chmod(0o700)
    assert result.exit_code == 3
    assert counts(result) == (3, 1, 0, 2)


def test_a_name_without_a_file_fails_beside_others_and_is_wrong_usage_alone(tmp_path: Path) -> None:
    (tmp_path / "good.edi").write_bytes(base())
    for missing in (tmp_path / "gone.edi", tmp_path / "*.837"):
        result = scrub(tmp_path / "good.edi", missing, "-o", tmp_path / "out", "--emit", "json")
        assert result.exit_code == 3
        assert counts(result) == (2, 1, 0, 1)
        assert f"error {missing}: there is no such file" in result.stdout
        assert files_in(tmp_path / "out") == ["good.report.json"]
        with pytest.raises(ConfigError, match="there is no such file, folder or pattern"):
            find_inputs([str(missing)])


def test_nothing_to_read_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for argument in (tmp_path, tmp_path / "*"):
        with pytest.raises(ConfigError, match="nothing to read"):
            find_inputs([str(argument)])
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(ConfigError, match=r"nothing to read: skipped .*notes.txt: not X12"):
        find_inputs([str(tmp_path)])
    with pytest.raises(ConfigError, match="empty name"):
        find_inputs([""])


def test_a_file_named_twice_is_one_input(tmp_path: Path) -> None:
    (tmp_path / "a.edi").write_bytes(base())
    found = find_inputs([str(tmp_path), f"{tmp_path}/a.edi", f"{tmp_path}/**"])
    assert found.given == len(found.taken) == 1


def test_inputs_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.edi").write_bytes(base())
    result = scrub(tmp_path / "x" / "a.edi", tmp_path / "y" / "a.edi")
    assert str(tmp_path / "x" / "a.edi") in result.stdout
    refused = scrub(tmp_path / "x" / "a.edi", tmp_path / "y" / "a.edi", "-o", tmp_path / "out")
    assert isinstance(refused.exception, ConfigError)
    assert str(tmp_path / "y" / "a.edi") in str(refused.exception)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04 and so on", "a ZIP archive"),
        (b"%PDF-1.7", "a PDF document"),
        (base().decode("latin-1").encode("utf-16"), "UTF-16 text"),
        (base().decode("latin-1").encode("utf-16-le"), "UTF-16 text"),
        (base().decode("latin-1").encode("utf-16-be"), "UTF-16 text"),
        (gzip.compress(base()), "gzip without the ending .gz"),
    ],
    ids=["zip", "pdf", "utf-16", "utf-16-le", "utf-16-be", "gzip"],
)
def test_what_is_no_x12_is_named_for_what_it_is(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "in.edi").write_bytes(data)
    result = scrub(tmp_path / "in.edi")
    assert result.exit_code == 3
    assert f"not-x12 error  segment 0, byte 0: The file is {said}" in result.stdout
    if data.startswith(b"\x1f\x8b"):  # from Python, bytes have no ending and are decompressed
        assert len(list(x12proc.read(data))) == 1
        return
    with pytest.raises(X12SyntaxError, match=said):
        list(x12proc.read(data))


@pytest.mark.parametrize("data", [base().decode("latin-1").encode("utf-16"), gzip.compress(base()), base()[106:]])
def test_claims_in_a_form_that_is_not_read_fail_in_a_folder_too(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "claims").write_bytes(data)
    result = scrub(tmp_path)
    assert result.exit_code == 3
    assert counts(result) == (1, 0, 0, 1)


def test_an_input_is_not_replaced_by_the_artifact_of_another(tmp_path: Path) -> None:
    for name in ("b.edi", "b.rejected.edi"):
        (tmp_path / name).write_bytes(base())
    arguments = (tmp_path / "b.edi", tmp_path / "b.rejected.edi", "-o", tmp_path)
    result = scrub(*arguments, "--emit", "accepted,rejected")
    assert isinstance(result.exception, ConfigError)
    assert "would be written as b.rejected.edi, which is an input as well" in str(result.exception)
    assert files_in(tmp_path) == ["b.edi", "b.rejected.edi"]
    assert scrub(*arguments, "--emit", "json").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["in.edi", "--emit", "json"], "--emit needs -o"),
        (["in.edi", "--profile", ""], "--profile"),
        (["in.edi", "--codes", ""], "--codes"),
        (["in.edi", "-o", "out", "--emit", ","], "--emit"),
        (["in.edi", "-o", ""], "--output"),
        (["in.edi", "-o", "in.edi/sub"], "the folder can't be created: Not a directory"),
        ([""], "empty name"),
    ],
)
def test_wrong_usage_that_a_shell_variable_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.edi").write_bytes(base())
    result = scrub(*arguments)
    assert result.exit_code == 2 or isinstance(result.exception, ConfigError)
    assert said in result.stderr + str(result.exception)


@pytest.mark.parametrize("empty", [{"profile": ""}, {"codes": []}])
def test_the_api_takes_no_empty_settings(empty: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="must not be empty"):
        x12proc.scrub(base(), **empty)  # type: ignore[arg-type]  # each is of its parameter's type


def test_the_endings_of_artifacts_are_known() -> None:
    assert set(OUR_SUFFIXES) == {kind.suffix for kind in ARTIFACTS.values()}


def test_an_artifact_that_cannot_be_written_leaves_numbers_that_add_up(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.edi").write_bytes(base())
    (tmp_path / "out" / "b.report.csv").mkdir(parents=True)
    result = scrub(*sorted(tmp_path.glob("*.edi")), "-o", tmp_path / "out", "--emit", "json,csv")
    assert isinstance(result.exception, IsADirectoryError)
    assert result.exception.filename == str(tmp_path / "out" / "b.report.csv")
    assert counts(result) == (3, 1, 0, 2)
    assert files_in(tmp_path / "out") == ["a.report.csv", "a.report.json"]


def test_a_filter_counts_what_its_folder_held(tmp_path: Path) -> None:
    (tmp_path / "a.edi").write_bytes(base())
    (tmp_path / "notes.txt").write_text("nothing")
    result = scrub(tmp_path, "-o", "-", "--emit", "annotated")
    assert result.exit_code == 0
    assert result.stdout_bytes == base()
    assert "Inputs: 2 given, 1 taken, 1 skipped, 0 failed" in result.stderr
    assert isinstance(scrub(tmp_path, "gone*", "-o", "-", "--emit", "annotated").exception, ConfigError)


def test_extract_reads_what_it_can_and_reports_the_rest(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a").write_bytes(base())
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "link.edi").symlink_to(tmp_path / "gone")
    result = CliRunner().invoke(app, ["extract", str(tmp_path)])
    assert result.exit_code == 3
    assert len(result.stdout.splitlines()) == 1
    assert "notes.txt: not X12" in result.stderr
    assert "unreadable" in result.stderr


# -- faults ------------------------------------------------------------------------------------------------------


def with_warnings(count: int) -> bytes:
    """Interchanges with a wrong count each, and one that is cut off."""
    return base().replace(b"IEA*1*", b"IEA*7*") * count + base()[:-60]


def test_the_error_is_printed_before_the_warnings(tmp_path: Path) -> None:
    (tmp_path / "in.edi").write_bytes(with_warnings(8))
    for output in ((), ("-o", str(tmp_path / "out")), ("-o", "-", "--emit", "json")):
        result = scrub(tmp_path / "in.edi", *output)
        assert result.exit_code == 3
        said = result.stderr if "-" in output else result.stdout
        lines = [line for line in said.splitlines() if re.search(r"\b(error|warn)\b", line) and "byte" in line]
        assert "error" in lines[0]
        assert any("warn" in line for line in lines)


def test_an_error_behind_a_thousand_warnings_is_listed() -> None:
    with pytest.raises(X12SyntaxError):
        list(x12proc.scrub(with_warnings(1200), conformance="off", as_of=None))
