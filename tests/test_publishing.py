"""The artifacts of an input appear together: interrupted anywhere, the next run finishes it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.edi import base

import x12proc
from x12proc.errors import X12SyntaxError
from x12proc.runner.publishing import ArtifactSet, finish_interrupted

NAMES = ("x.accepted.edi", "x.rejected.edi", "x.report.json")
OBSOLETE = "x.fixed.edi"
# Publishes a set and ends, as if killed, at a call that changes the folder.
KILLED = """
import os, pathlib, sys, tempfile
from x12proc.runner.publishing import ArtifactSet

calls = 0

def counted(call):
    def wrapped(*args, **kwargs):
        global calls
        calls += 1
        if calls == int(sys.argv[2]):
            os._exit(9)
        return call(*args, **kwargs)
    return wrapped

for module, names in ((os, ("fsync", "replace", "unlink", "rename", "rmdir", "mkdir")), (tempfile, ("mkdtemp",))):
    for name in names:
        setattr(module, name, counted(getattr(module, name)))
for name in ("touch", "unlink", "rename", "replace", "rmdir"):
    setattr(pathlib.Path, name, counted(getattr(pathlib.Path, name)))
artifacts = ArtifactSet(pathlib.Path(sys.argv[1]), "x")
written = [artifacts.open(name) for name in sys.argv[3:]]
for artifact in written:
    artifact.file.write(b"new")
artifacts.publish(written, ["x.fixed.edi"])
"""


def visible(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if not path.name.startswith(".")}


def test_a_run_killed_at_any_step_leaves_one_set(tmp_path: Path) -> None:
    old = dict.fromkeys((*NAMES, OBSOLETE), "old")
    new = dict.fromkeys(NAMES, "new")
    interrupted = 0
    for step in range(1, 100):
        folder = tmp_path / str(step)
        folder.mkdir()
        for name, text in old.items():
            (folder / name).write_text(text)
        done = subprocess.run([sys.executable, "-c", KILLED, folder, str(step), *NAMES], check=False)
        found = visible(folder)
        assert len(set(found.values())) <= 1, f"step {step}: {found}"
        finish_interrupted(folder)
        if done.returncode == 0:
            assert found == visible(folder) == new
            assert interrupted > 5
            return
        assert visible(folder) in (old, new), f"step {step}"
        assert not list(folder.glob(".*.ready"))
        interrupted += found not in (old, new)
    pytest.fail("the steps never end")


def test_the_next_run_of_any_input_finishes(tmp_path: Path) -> None:
    ready = tmp_path / "out" / ".x12proc-0123456789abcdef.ready"
    ready.mkdir(parents=True)
    (ready / "a.accepted.edi").write_bytes(b"new")
    (ready / "a.rejected.edi.x12proc-obsolete").touch()
    (tmp_path / "out" / "a.accepted.edi").write_bytes(b"old")
    (tmp_path / "out" / "a.rejected.edi").write_bytes(b"old")
    (tmp_path / "b.edi").write_bytes(base())
    arguments = ["scrub", "b.edi", "-o", "out", "--emit", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "x12proc", *arguments], cwd=tmp_path, check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.accepted.edi", "b.report.json"]
    assert (tmp_path / "out" / "a.accepted.edi").read_bytes() == b"new"


def test_a_set_that_another_run_has_decided_is_finished_first(tmp_path: Path) -> None:
    first, second = ArtifactSet(tmp_path, "x"), ArtifactSet(tmp_path, "x")
    for artifacts, text in ((first, b"first"), (second, b"second")):
        written = [artifacts.open(name) for name in NAMES]
        for artifact in written:
            artifact.file.write(text)
            artifact.file.flush()
        if artifacts is first:
            first._decide(first._aside())
            first._release()
            for artifact in written:
                artifact.file.close()
        else:
            second.publish(written, [])
    assert visible(tmp_path) == dict.fromkeys(NAMES, "second")
    assert len(list(tmp_path.iterdir())) == len(NAMES)


def test_what_a_killed_run_was_writing_is_deleted_later(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, tmp_path, "3", *NAMES], check=False)
    assert len(list(tmp_path.glob(".*.part"))) == 1
    alive = ArtifactSet(tmp_path, "y")
    alive.open("y.report.json")
    finish_interrupted(tmp_path)
    assert len(list(tmp_path.glob(".*.part"))) == 2, "they are young"
    for folder in tmp_path.glob(".*.part"):
        os.utime(folder, (0, 0))
    finish_interrupted(tmp_path)
    assert [folder.name for folder in tmp_path.iterdir()] == [alive._aside().name]
    alive.discard()
    assert list(tmp_path.iterdir()) == []


def test_artifacts_withheld_now_are_deleted_with_the_others(tmp_path: Path) -> None:
    emit = ["json", "accepted", "rejected"]
    list(x12proc.scrub(base(), emit=emit, output=tmp_path, name="x.edi", conformance="off"))
    assert sorted(visible(tmp_path)) == ["x.accepted.edi", "x.report.json"]
    with pytest.raises(X12SyntaxError):
        list(x12proc.scrub(base()[:-40], emit=emit, output=tmp_path, name="x.edi", conformance="off"))
    assert [path.name for path in tmp_path.iterdir()] == ["x.report.json"]
