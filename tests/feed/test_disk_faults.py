"""Disks that fail a feed: at each call in turn, across file systems, full, forbidden. Nothing is lost or doubled,
and once the trouble is over everything goes through."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from support.edi import base
from support.feeds import FOLDERS, drop, faults, make_feed, names, rejected, rows, run_once, small
from support.io_faults import Shaky, Trouble

from x12proc.errors import ConfigError
from x12proc.feed import disk, worker

INPUTS = {"a.edi": small(1), "b.edi": rejected(2), "c.edi": b"no X12"}
SHARED = Path("/dev/shm")  # another file system, on Linux
MOST_CALLS = 2000


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was put off is tried again in the next run, not in half a minute."""
    monkeypatch.setattr(worker, "RETRY_SECONDS", -1.0)


def shaken(patched: pytest.MonkeyPatch, trouble: Trouble) -> None:
    """Every call that changes a disk, of the feed and of the run over a file."""
    for name in ("rename", "unlink", "mkdir", "replace", "chmod"):
        patched.setattr(Path, name, trouble(getattr(Path, name)))
    for name in ("rmtree", "copystat", "copyfileobj"):
        patched.setattr(shutil, name, trouble(getattr(shutil, name)))
    for name in ("mkstemp", "TemporaryFile"):
        patched.setattr(tempfile, name, trouble(getattr(tempfile, name)))
    for name in ("open_plain", "write_whole", "sync_folder"):
        patched.setattr(disk, name, trouble(getattr(disk, name)))
    patched.setattr(os, "fsync", trouble(os.fsync))
    opened = os.fdopen
    patched.setattr(os, "fdopen", lambda *given, **named: Shaky(opened(*given, **named), trouble))


def unknown(folder: Path, known: set[str]) -> set[str]:
    """What lies beside the feed's own folders."""
    return set(names(folder)) - known


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES], ids=errno.errorcode.get)
def test_a_call_that_fails_is_made_up_for(code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for fails_at in range(1, MOST_CALLS):
        path = make_feed(tmp_path / str(fails_at))
        drop(path, INPUTS)
        trouble = Trouble(fails_at, code)
        with monkeypatch.context() as patched:
            shaken(patched, trouble)
            with contextlib.suppress(ConfigError):  # a folder that can't be made at the start
                run_once(path)
        if trouble.calls < fails_at:
            assert fails_at > 60, "the calls are watched"
            return
        run_once(path)
        assert faults(path, INPUTS) == [], f"call {fails_at}"
        assert unknown(path.parent, {*FOLDERS, "FEED.toml"}) <= {
            "ledger.db", "ledger.db-wal", "ledger.db-shm"
        }  # fmt: skip
        shutil.rmtree(path.parent)
    pytest.fail("the calls never end")


def test_while_the_trouble_lasts_files_wait_and_others_go_on(tmp_path: Path) -> None:
    path = make_feed(tmp_path)
    drop(path, INPUTS)
    (tmp_path / "quarantine").rmdir()
    (tmp_path / "quarantine").write_bytes(b"in the way")
    with pytest.raises(ConfigError, match="quarantine"):  # at the start it is told: the folder can't be made
        run_once(path)
    (tmp_path / "quarantine").unlink()

    def gone(step: str) -> None:
        if step == "published":
            shutil.rmtree(tmp_path / "quarantine", ignore_errors=True)

    counts = run_once(path, gone)
    assert counts["left"] == 1, "the one for the quarantine waits"
    assert counts["accepted"] + counts["rejected"] == 2
    assert run_once(path) == {"failed": 1}
    assert faults(path, INPUTS) == []


# -- other file systems ----------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system."""
    if not SHARED.is_dir() or SHARED.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system at /dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="x12proc-", dir=SHARED))
    yield folder
    shutil.rmtree(folder)


def across(tmp_path: Path, elsewhere: Path, name: str) -> tuple[Path, Path]:
    """A feed one of whose folders is on the other file system, and that folder."""
    key = {"in": "inbox", "out": "outbox"}.get(name, name)
    path = make_feed(tmp_path, feed=f'{key} = "{elsewhere}"')
    (tmp_path / name).rmdir()
    (tmp_path / name).symlink_to(elsewhere)  # where the tests look for it
    return path, elsewhere


@pytest.mark.parametrize("name", FOLDERS)
def test_every_folder_may_be_on_another_file_system(name: str, tmp_path: Path, elsewhere: Path) -> None:
    path, _ = across(tmp_path, elsewhere, name)
    drop(path, INPUTS)
    assert run_once(path) == {"accepted": 1, "rejected": 1, "failed": 1}
    assert faults(path, INPUTS) == []
    assert [entry for folder in FOLDERS for entry in names(tmp_path / folder) if entry.endswith(".part")] == []


@pytest.mark.parametrize("name", ["in", "out", "archive", "quarantine"])
def test_a_full_file_system_elsewhere_is_waited_for(
    name: str, tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = across(tmp_path, elsewhere, name)
    drop(path, INPUTS)
    copied = shutil.copyfileobj

    def full(*given: Any) -> None:
        copied(*given)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfileobj", full)
        counts = run_once(path)
        assert counts["left"] >= 1
    run_once(path)
    assert faults(path, INPUTS) == []
    assert [entry for folder in FOLDERS for entry in names(tmp_path / folder) if entry.endswith(".part")] == []


def test_a_rename_that_says_exdev_becomes_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_feed(tmp_path)
    drop(path, INPUTS)
    rename = Path.rename

    def refused(source: Path, target: Path) -> Path:
        if source.parent != target.parent:  # as between two file systems
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", refused)
    assert run_once(path) == {"accepted": 1, "rejected": 1, "failed": 1}
    assert faults(path, INPUTS) == []


# -- the ledger ------------------------------------------------------------------------------------------------


def test_a_ledger_without_room_stops_the_work_and_loses_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_feed(tmp_path, ledger="lease_seconds = 1")
    run_once(path)  # makes the ledger
    inputs = {f"{number}.edi": small(number) for number in range(1, 41)}
    drop(path, inputs)

    def no_room(connection: Any, _: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(Engine, "connect", no_room)
    try:
        assert run_once(path)["accepted"] < len(inputs)
    finally:
        event.remove(Engine, "connect", no_room)
    time.sleep(1.1)  # the lease of what was at hand ends
    run_once(path)
    assert faults(path, inputs) == []
    assert "Traceback" not in capsys.readouterr().err


# -- things that are no files, or not any more -----------------------------------------------------------------


def test_a_file_that_vanishes_before_it_is_taken_is_let_go(tmp_path: Path) -> None:
    path = make_feed(tmp_path)
    drop(path, {"a.edi": small(1), "b.edi": small(2)})

    def taken_away(step: str) -> None:
        if step == "claimed":
            (tmp_path / "in" / "a.edi").unlink(missing_ok=True)

    assert +run_once(path, taken_away) == {"accepted": 1}
    assert faults(path, {"b.edi": small(2)}) == []


def test_a_file_that_becomes_something_else_goes_nowhere(tmp_path: Path) -> None:
    """Between the look into the inbox and the taking, a link to a secret takes the file's place."""
    secret = tmp_path / "secret.edi"
    secret.write_bytes(small(9))
    path = make_feed(tmp_path / "feed")
    drop(path, {"a.edi": small(1), "b.edi": small(2)})
    place = path.parent / "in" / "a.edi"

    def exchanged(step: str) -> None:
        if step == "claimed" and place.exists() and not place.is_symlink():
            place.unlink()
            place.symlink_to(secret)

    assert run_once(path, exchanged)["accepted"] == 1
    assert secret.read_bytes() == small(9)
    kept = [entry for folder in ("out", "archive") for entry in (path.parent / folder).rglob("*")]
    assert not any(entry.is_symlink() for entry in kept)
    assert not any(b"B100009" in entry.read_bytes() for entry in kept if entry.is_file())


def test_sockets_and_dangling_and_looping_links_are_left_alone(tmp_path: Path) -> None:
    path = make_feed(tmp_path / "f")
    inbox = path.parent / "in"
    (inbox / "dangling.edi").symlink_to(tmp_path / "nowhere")
    (inbox / "loop.edi").symlink_to(inbox / "loop.edi")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(inbox)  # a socket's name may have 107 bytes
        try:
            listening.bind("socket.edi")
        finally:
            os.chdir(here)
        drop(path, {"a.edi": small(1)})
        assert run_once(path) == {"accepted": 1}
    assert names(inbox) == ["dangling.edi", "loop.edi", "socket.edi"]


def test_a_claim_is_told_by_its_place_alone(tmp_path: Path) -> None:
    """What the ledger and the reason file hold of a file that failed names no value of it."""
    path = make_feed(tmp_path)
    drop(path, {"a.edi": base()[:-40]})
    run_once(path)
    told = (tmp_path / "quarantine" / "a.edi.reason.json").read_text()
    assert "HARTLEY" not in told
    assert [row.state for row in rows(path)] == ["failed"]
