"""Disk errors in a feed: at each call in turn, across file systems, disk full, permission denied. Nothing is lost
or duplicated, and every file is processed once the error is over."""

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
from support.feeds import FOLDERS, drop, make_feed, names, rejected, rows, run_once, small, violations
from support.io_faults import FailingCall, FailingFile

from x12proc.errors import ConfigError
from x12proc.feed import disk, worker

INPUTS = {"a.edi": small(1), "b.edi": rejected(2), "c.edi": b"no X12"}
SHARED = Path("/dev/shm")  # another file system, on Linux
MAX_CALLS = 2000


@pytest.fixture(autouse=True)
def retry_immediately(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry deferred files in the next run instead of after half a minute."""
    monkeypatch.setattr(worker, "RETRY_SECONDS", -1.0)


def inject(patched: pytest.MonkeyPatch, failing: FailingCall) -> None:
    """Patch every call of the feed and the scrub run that changes a disk."""
    for name in ("rename", "unlink", "mkdir", "replace", "chmod"):
        patched.setattr(Path, name, failing(getattr(Path, name)))
    for name in ("rmtree", "copystat", "copyfileobj"):
        patched.setattr(shutil, name, failing(getattr(shutil, name)))
    for name in ("mkstemp", "TemporaryFile"):
        patched.setattr(tempfile, name, failing(getattr(tempfile, name)))
    for name in ("open_regular", "write_synced", "sync_folder"):
        patched.setattr(disk, name, failing(getattr(disk, name)))
    patched.setattr(os, "fsync", failing(os.fsync))
    opened = os.fdopen
    patched.setattr(os, "fdopen", lambda *args, **kwargs: FailingFile(opened(*args, **kwargs), failing))


def unexpected(folder: Path, known: set[str]) -> set[str]:
    """Return the entries of a folder that are not in ``known``."""
    return set(names(folder)) - known


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES], ids=errno.errorcode.get)
def test_next_run_recovers_from_a_failed_call(code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for fails_at in range(1, MAX_CALLS):
        path = make_feed(tmp_path / str(fails_at))
        drop(path, INPUTS)
        failing = FailingCall(fails_at, code)
        with monkeypatch.context() as patched:
            inject(patched, failing)
            with contextlib.suppress(ConfigError):  # a folder that can't be created at the start
                run_once(path)
        if failing.calls < fails_at:
            assert fails_at > 60, "the calls are counted"
            return
        run_once(path)
        assert violations(path, INPUTS) == [], f"call {fails_at}"
        assert unexpected(path.parent, {*FOLDERS, "FEED.toml"}) <= {
            "ledger.db", "ledger.db-wal", "ledger.db-shm"
        }  # fmt: skip
        shutil.rmtree(path.parent)
    pytest.fail("the number of calls has no limit")


def test_files_are_deferred_while_an_error_lasts_and_others_are_processed(tmp_path: Path) -> None:
    path = make_feed(tmp_path)
    drop(path, INPUTS)
    (tmp_path / "quarantine").rmdir()
    (tmp_path / "quarantine").write_bytes(b"in the way")
    with pytest.raises(ConfigError, match="quarantine"):  # reported at the start: the folder can't be created
        run_once(path)
    (tmp_path / "quarantine").unlink()

    def remove_quarantine(step: str) -> None:
        if step == "published":
            shutil.rmtree(tmp_path / "quarantine", ignore_errors=True)

    counts = run_once(path, remove_quarantine)
    assert counts["deferred"] == 1, "the file for quarantine is deferred"
    assert counts["accepted"] + counts["rejected"] == 2
    assert run_once(path) == {"failed": 1}
    assert violations(path, INPUTS) == []


# -- other file systems ----------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """Yield a folder on another file system."""
    if not SHARED.is_dir() or SHARED.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system at /dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="x12proc-", dir=SHARED))
    yield folder
    shutil.rmtree(folder)


def across(tmp_path: Path, elsewhere: Path, name: str) -> tuple[Path, Path]:
    """Make a feed with one folder on the other file system; return the feed file and that folder."""
    key = {"in": "inbox", "out": "outbox"}.get(name, name)
    path = make_feed(tmp_path, feed=f'{key} = "{elsewhere}"')
    (tmp_path / name).rmdir()
    (tmp_path / name).symlink_to(elsewhere)  # where the tests expect it
    return path, elsewhere


@pytest.mark.parametrize("name", FOLDERS)
def test_each_folder_can_be_on_another_file_system(name: str, tmp_path: Path, elsewhere: Path) -> None:
    path, _ = across(tmp_path, elsewhere, name)
    drop(path, INPUTS)
    assert run_once(path) == {"accepted": 1, "rejected": 1, "failed": 1}
    assert violations(path, INPUTS) == []
    assert [entry for folder in FOLDERS for entry in names(tmp_path / folder) if entry.endswith(".part")] == []


@pytest.mark.parametrize("name", ["in", "out", "archive", "quarantine"])
def test_files_are_deferred_while_another_file_system_is_full(
    name: str, tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = across(tmp_path, elsewhere, name)
    drop(path, INPUTS)
    copied = shutil.copyfileobj

    def full(*args: Any) -> None:
        copied(*args)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfileobj", full)
        counts = run_once(path)
        assert counts["deferred"] >= 1
    run_once(path)
    assert violations(path, INPUTS) == []
    assert [entry for folder in FOLDERS for entry in names(tmp_path / folder) if entry.endswith(".part")] == []


def test_rename_that_fails_with_exdev_becomes_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_feed(tmp_path)
    drop(path, INPUTS)
    rename = Path.rename

    def refused(source: Path, target: Path) -> Path:
        if source.parent != target.parent:  # as between two file systems
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", refused)
    assert run_once(path) == {"accepted": 1, "rejected": 1, "failed": 1}
    assert violations(path, INPUTS) == []


# -- the ledger ------------------------------------------------------------------------------------------------


def test_full_disk_of_the_ledger_stops_the_watch_and_loses_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_feed(tmp_path, ledger="lease_seconds = 1")
    run_once(path)  # creates the ledger
    inputs = {f"{number}.edi": small(number) for number in range(1, 41)}
    drop(path, inputs)

    def limit_pages(connection: Any, _: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(Engine, "connect", limit_pages)
    try:
        assert run_once(path)["accepted"] < len(inputs)
    finally:
        event.remove(Engine, "connect", limit_pages)
    time.sleep(1.1)  # the lease of the current file expires
    run_once(path)
    assert violations(path, inputs) == []
    assert "Traceback" not in capsys.readouterr().err


# -- entries that are not regular files, or vanish -------------------------------------------------------------


def test_file_that_vanishes_before_it_is_moved_is_released(tmp_path: Path) -> None:
    path = make_feed(tmp_path)
    drop(path, {"a.edi": small(1), "b.edi": small(2)})

    def remove_input(step: str) -> None:
        if step == "taken":
            (tmp_path / "in" / "a.edi").unlink(missing_ok=True)

    assert +run_once(path, remove_input) == {"accepted": 1}
    assert violations(path, {"b.edi": small(2)}) == []


def test_file_replaced_by_a_link_is_not_followed(tmp_path: Path) -> None:
    """A link to a secret replaces the file between the scan of the inbox and the move."""
    secret = tmp_path / "secret.edi"
    secret.write_bytes(small(9))
    path = make_feed(tmp_path / "feed")
    drop(path, {"a.edi": small(1), "b.edi": small(2)})
    input_path = path.parent / "in" / "a.edi"

    def replace_by_link(step: str) -> None:
        if step == "taken" and input_path.exists() and not input_path.is_symlink():
            input_path.unlink()
            input_path.symlink_to(secret)

    assert run_once(path, replace_by_link)["accepted"] == 1
    assert secret.read_bytes() == small(9)
    kept = [entry for folder in ("out", "archive") for entry in (path.parent / folder).rglob("*")]
    assert not any(entry.is_symlink() for entry in kept)
    assert not any(b"B100009" in entry.read_bytes() for entry in kept if entry.is_file())


def test_sockets_and_dangling_and_looping_links_are_skipped(tmp_path: Path) -> None:
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


def test_reason_of_a_failed_file_holds_no_claim_value(tmp_path: Path) -> None:
    """reason.json of a failed file names locations, and no value of a claim."""
    path = make_feed(tmp_path)
    drop(path, {"a.edi": base()[:-40]})
    run_once(path)
    document = (tmp_path / "quarantine" / "a.edi.reason.json").read_text()
    assert "HARTLEY" not in document
    assert [row.state for row in rows(path)] == ["failed"]
