"""The Python API: what a vendor's program sees of claims, artifacts and trouble."""

from __future__ import annotations

import doctest
import io
import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner
from support.edi import CLINIC, HOSPITAL, base

import x12proc
import x12proc.api
from x12proc.cli.app import app

AS_OF = date(2024, 4, 1)
ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("module", [x12proc, x12proc.api], ids=lambda module: module.__name__)
def test_the_examples_in_the_docstrings(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    tried = doctest.testmod(module)
    assert tried.attempted > 0
    assert tried.failed == 0


def test_artifacts_are_those_of_the_command_line(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "api", tmp_path / "cli"
    ours.mkdir()
    kinds = ("json", "csv", "xml", "html", "annotated", "accepted", "rejected", "999", "277ca")
    scrubbing = x12proc.scrub(CLINIC, as_of=AS_OF, emit=kinds, output=ours)
    assert not list(ours.glob("clinic*")), "nothing appears before the last claim has been taken"
    claims = list(scrubbing)
    arguments = ["scrub", str(CLINIC), "--as-of", "2024-04-01", "--emit", ",".join(kinds), "-o", str(theirs)]
    assert CliRunner().invoke(app, arguments).exit_code == 1
    assert scrubbing.result is not None
    assert scrubbing.result.summary.target_claims == len(claims)
    assert sorted(path.name for path in scrubbing.result.artifacts) == sorted(
        path.name for path in theirs.iterdir()
    )
    for path in theirs.iterdir():
        assert (ours / path.name).read_bytes() == path.read_bytes(), path.name


def test_left_early_nothing_is_written(tmp_path: Path) -> None:
    with x12proc.scrub(CLINIC, as_of=AS_OF, emit=["json", "annotated"], output=tmp_path) as scrubbing:
        next(scrubbing)
        assert list(tmp_path.iterdir()), "they are being written aside"
    assert list(tmp_path.iterdir()) == []
    assert scrubbing.result is None
    assert list(scrubbing) == []


def test_an_exception_in_the_callers_loop_leaves_nothing(tmp_path: Path) -> None:
    def give_up() -> None:
        with x12proc.scrub(CLINIC, emit=["json"], output=str(tmp_path)) as scrubbing:
            for claim in scrubbing:
                raise LookupError(claim.claim.id)

    with pytest.raises(LookupError):
        give_up()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["path", "text", "bytes", "stream"])
def test_any_source_gives_the_same(kind: str, tmp_path: Path) -> None:
    data = CLINIC.read_bytes()
    sources = {"path": CLINIC, "text": str(CLINIC), "bytes": data, "stream": io.BytesIO(data)}
    claims = x12proc.scrub(sources[kind], as_of=AS_OF, emit=["json"], output=tmp_path, name="clinic-837p.edi")  # type: ignore[arg-type]  # one of the four
    assert [claim.claim.id for claim in claims][:2] == ["P1001", "P1002"]
    report = json.loads((tmp_path / "clinic-837p.report.json").read_bytes())
    assert report["input"]["name"] == "clinic-837p.edi"
    assert report["input"]["bytes"] == len(data)


def test_one_artifact_goes_to_a_stream() -> None:
    out = io.BytesIO()
    list(x12proc.scrub(HOSPITAL, as_of=AS_OF, emit=["annotated"], output=out))
    assert b"X12PROC" in out.getvalue()
    assert out.getvalue().endswith(HOSPITAL.read_bytes()[-30:])


def test_fixes_are_written_when_asked_for(tmp_path: Path) -> None:
    scrubbing = x12proc.scrub(CLINIC, as_of=AS_OF, emit=[], output=tmp_path, fix="safe")
    list(scrubbing)
    assert scrubbing.result is not None
    assert scrubbing.result.summary.fixes["applied"] > 0
    assert (tmp_path / "clinic-837p.fixed.edi").read_bytes() != CLINIC.read_bytes()


def test_a_failed_file_raises_behind_its_claims_and_leaves_its_reports(tmp_path: Path) -> None:
    cut = base() + base()[:-60]
    kinds = ["json", "annotated", "accepted"]
    scrubbing = x12proc.scrub(cut, as_of=AS_OF, emit=kinds, output=tmp_path, name="night.837")
    seen = []
    with pytest.raises(x12proc.X12SyntaxError) as raised:
        seen += [claim.claim.id for claim in scrubbing]
    assert raised.value.code == "truncated"
    assert raised.value.offset == len(cut)
    assert scrubbing.result is not None
    assert scrubbing.result.summary.status == "failed"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["night.annotated.edi", "night.report.json"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"emit": ["json"]}, "give a folder or a binary stream"),
        ({"fix": "safe"}, "give a folder or a binary stream"),
        ({"emit": ["pdf"], "output": "."}, "pdf can't be written; there are json"),
        ({"emit": ["json", "csv"], "output": io.BytesIO()}, "a stream takes one artifact, not 2"),
        ({"emit": ["json"], "output": "no/such/folder"}, "there is no such folder"),
        ({"profile": "nobody"}, "nobody"),
        ({"codes": ["J35"]}, "J35"),
    ],
)
def test_wrong_options_are_told_before_anything_is_read(options: dict[str, object], message: str) -> None:
    with pytest.raises(x12proc.ConfigError, match=message):
        x12proc.scrub("no-such-file.edi", **options)  # type: ignore[arg-type]  # wrong on purpose


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(x12proc.X12SyntaxError, match="can't be read"):
        list(x12proc.scrub(tmp_path / "none.edi"))
    with pytest.raises(FileNotFoundError):
        list(x12proc.read(tmp_path / "none.edi"))


def test_a_program_that_uses_the_api_hears_nothing(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    import structlog  # noqa: PLC0415 - set back to how a program finds it

    structlog.reset_defaults()
    list(x12proc.scrub(CLINIC, as_of=AS_OF, emit=["fixed"], output=tmp_path, fix="unsafe"))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("before", ["", "import structlog; structlog.configure()"], ids=["unasked", "set up"])
def test_events_are_told_to_a_program_that_set_structlog_up(before: str, tmp_path: Path) -> None:
    """It may do so after the import of x12proc; one that doesn't need not wait for structlog to be loaded."""
    program = (
        f"import sys, x12proc\n{before}\n"
        f"list(x12proc.scrub({str(CLINIC)!r}, conformance='off', emit=['annotated'], output={str(tmp_path)!r}))\n"
        "print('structlog' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.endswith(f"{bool(before)}\n")
    assert ("file_scrubbed" in said) == bool(before)
