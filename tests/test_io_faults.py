"""Reading and writing that goes wrong, at each call in turn: an artifact appears whole or not at all."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from datetime import date
from pathlib import Path

import pytest
from support.edi import base
from support.io_faults import FailingCall, FailingFile

import x12proc
from x12proc.cli.app import main
from x12proc.runner import files, publishing, streams
from x12proc.runner.settings import load_settings

KINDS = "json,csv,xml,html,annotated,accepted,rejected,999,277ca"
DATA = base() + base("I").replace(b"CTP****3*UN", b"CTP****0*UN")  # a claim for either side
ARGUMENTS = ["--as-of", "2024-04-01", "--emit", KINDS, "--conformance", "off"]


def at_calls(monkeypatch: pytest.MonkeyPatch, trouble: FailingCall) -> None:
    """Every call that reaches the disk for an artifact or a scratch file."""
    for name in ("mkdtemp", "TemporaryFile"):
        monkeypatch.setattr(tempfile, name, trouble(getattr(tempfile, name)))
    for name in ("fsync", "replace", "unlink", "listdir"):
        monkeypatch.setattr(os, name, trouble(getattr(os, name)))
    for name in ("rename", "replace", "unlink", "touch", "rmdir"):
        monkeypatch.setattr(Path, name, trouble(getattr(Path, name)))
    opened = streams.buffered_writer
    monkeypatch.setattr(publishing, "buffered_writer", lambda *given: FailingFile(opened(*given), trouble))


def at_reads(monkeypatch: pytest.MonkeyPatch, trouble: FailingCall) -> None:
    """Every read of the input."""
    read = files.FileBuffer.__getitem__
    monkeypatch.setattr(files.FileBuffer, "__getitem__", trouble(read))


def visible(folder: Path) -> dict[str, bytes]:
    """The artifacts in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


def hidden(folder: Path) -> list[str]:
    """What is left in a folder."""
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def run(folder: Path) -> int:
    """The program from its beginning to its exit code."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            sys, "argv", ["x12proc", "scrub", str(folder.parent / "in.edi"), "-o", str(folder), *ARGUMENTS]
        )
        with pytest.raises(SystemExit) as leaving:
            main()
    assert isinstance(leaving.value.code, int)
    return leaving.value.code


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("io") / "whole"
    (folder.parent / "in.edi").write_bytes(DATA)
    assert run(folder) == 1
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO], ids=errno.errorcode.get)
def test_a_write_that_fails_leaves_whole_artifacts_or_none(
    code: int,
    tmp_path: Path,
    whole: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "in.edi").write_bytes(DATA)
    for fails_at in range(1, 10_000):
        folder = tmp_path / str(fails_at)
        folder.mkdir()
        trouble = FailingCall(fails_at, code)
        with monkeypatch.context() as patched:
            at_calls(patched, trouble)
            exit_code = run(folder)
        found = visible(folder)
        if trouble.calls < fails_at:  # there are no more calls: nothing failed
            assert (exit_code, found) == (1, whole)
            assert fails_at > 50, "the calls are watched"
            return
        assert exit_code == 3, f"call {fails_at}"
        assert found.items() <= whole.items(), f"call {fails_at} leaves something that is not whole"
        assert "Error" in capsys.readouterr().err
        assert (run(folder), visible(folder), hidden(folder)) == (1, whole, []), (
            f"call {fails_at} is not made up for"
        )
    pytest.fail("the calls never end")


def test_a_read_that_fails_accepts_nothing(
    tmp_path: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.edi").write_bytes(DATA)
    for fails_at in range(1, 10_000):
        folder = tmp_path / str(fails_at)
        folder.mkdir()
        trouble = FailingCall(fails_at, errno.EIO)
        with monkeypatch.context() as patched:
            at_reads(patched, trouble)
            exit_code = run(folder)
        found = {path.name: path.read_bytes() for path in folder.iterdir()}
        if trouble.calls < fails_at:
            assert (exit_code, found) == (1, whole)
            assert fails_at > 20, "the reads are watched"
            return
        assert exit_code == 3, f"read {fails_at}"
        assert not [name for name in found if "accepted" in name], f"read {fails_at}"
        assert not [name for name in found if name.endswith(".part")], f"read {fails_at}"
    pytest.fail("the reads never end")


def test_the_api_tells_what_the_disk_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_settings(as_of=date(2024, 4, 1)).reference.editions()  # read before the trouble begins
    with monkeypatch.context() as patched:
        at_calls(patched, FailingCall(3, errno.ENOSPC))
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            list(x12proc.scrub(DATA, emit=["json", "annotated"], output=tmp_path, conformance="off"))
    assert list(tmp_path.iterdir()) == []
