"""``scrub --emit accepted,rejected`` as a user meets it: which files appear, which don't, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support.edi import CLINIC, base

from x12proc.cli.app import app
from x12proc.reports.edi import split

FAULTY = base().replace(b"CTP****40*ML", b"CTP****0*ML")
BOTH = "accepted,rejected"


def scrub(*arguments: str | Path, data: bytes | None = None) -> Result:
    words = ["--log-level", "error", "scrub", *map(str, arguments), "--as-of", "2024-04-01"]
    return CliRunner().invoke(app, words, input=data)


def source(folder: Path, data: bytes) -> Path:
    path = folder / "in.edi"
    path.write_bytes(data)
    return path


def written(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_both_files_hold_all_claims(tmp_path: Path) -> None:
    assert scrub(CLINIC, "-o", tmp_path, "--emit", BOTH).exit_code == 1
    assert written(tmp_path) == ["clinic-837p.accepted.edi", "clinic-837p.rejected.edi"]
    accepted, rejected = (path.read_bytes().count(b"\nCLM*") for path in sorted(tmp_path.iterdir()))
    assert accepted + rejected == CLINIC.read_bytes().count(b"\nCLM*")
    assert scrub(tmp_path / "clinic-837p.accepted.edi").exit_code == 0
    again = scrub(tmp_path / "clinic-837p.rejected.edi").output
    assert f"{rejected} claims, {rejected} with target lines" in again
    assert f", {rejected} rejected" in again


def test_one_of_them_is_the_same_as_beside_the_other(tmp_path: Path) -> None:
    scrub(CLINIC, "-o", tmp_path, "--emit", BOTH)
    for side in (split.ACCEPTED, split.REJECTED):
        alone = scrub("-", "-o", "-", "--emit", side, data=CLINIC.read_bytes())
        assert alone.stdout_bytes == (tmp_path / f"clinic-837p.{side}.edi").read_bytes()


def test_a_side_without_claims_gets_no_file_and_loses_an_old_one(tmp_path: Path) -> None:
    out = tmp_path / "out"
    scrub(source(tmp_path, FAULTY), "-o", out, "--emit", BOTH)
    assert written(out) == ["in.rejected.edi"]
    result = scrub(source(tmp_path, base()), "-o", out, "--emit", BOTH)
    assert written(out) == ["in.accepted.edi"]
    assert (out / "in.accepted.edi").read_bytes() == base()
    assert "no rejected file was written: there was nothing to write" in result.output


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (base()[:800], "the file failed"),
        (base() + b"GARBAGE*1~", "the file failed"),
        (b"not x12", "the file failed"),
        (base().replace(b"HL*1**20", b"HL*7**20"), "where its claims belong"),
    ],
)
def test_what_can_not_be_split_for_sure_is_withheld_and_said(tmp_path: Path, data: bytes, reason: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "in.accepted.edi").write_bytes(b"of an earlier run")
    result = scrub(source(tmp_path, data), "-o", out, "--emit", BOTH + ",json")
    assert result.exit_code == 3
    assert written(out) == ["in.report.json"]
    for side in (split.ACCEPTED, split.REJECTED):
        assert f"no {side} file was written" in result.output
    assert result.output.count(reason) == 2


def _drop(half: Any, span: Any, chain: Any) -> None:
    """A writer that forgets every claim."""


@pytest.mark.parametrize("target", ["folder", "stream"])
def test_a_faulty_writer_publishes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    right = split._SplitFile.claim

    def twice(half: Any, span: Any, chain: Any) -> None:
        right(half, span, chain)
        right(half, span, chain)

    for wrong in (_drop, twice):
        monkeypatch.setattr(split._SplitFile, "claim", wrong)
        out = tmp_path / "out"
        location = (
            ("-o", out, "--emit", BOTH + ",json") if target == "folder" else ("-o", "-", "--emit", "accepted")
        )
        result = scrub(CLINIC, *location)
        assert result.exit_code == 3
        if target == "folder":
            assert "internal error" in result.output.lower()
            assert written(out) == []
        else:
            assert result.stdout_bytes == b""
