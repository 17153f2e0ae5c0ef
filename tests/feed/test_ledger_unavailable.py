"""A ledger that can't be used at the start is an error with its location and reason, and exit code 3."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support.feeds import make_feed

COMMANDS = [["watch"], ["watch", "--once"], ["ledger", "check", "--file"], ["ledger", "report", "--file"]]


def run(arguments: list[str], feed_file: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "x12proc", *arguments, str(feed_file)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "postgresql"])
def test_postgresql_that_is_not_reachable(tmp_path: Path, arguments: list[str], scheme: str) -> None:
    pytest.importorskip("psycopg")
    with socket.socket() as bound:  # bound and not listening: connections are refused
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        done = run(arguments, make_feed(tmp_path, url=f"{scheme}://feeds:s3cret@127.0.0.1:{port}/claims"))
    assert done.returncode == 3
    assert f"the ledger can't be used (postgresql at 127.0.0.1:{port}, database claims): " in done.stderr
    assert "refused" in done.stderr
    assert "s3cret" not in done.stderr
    assert "Internal error" not in done.stderr


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_sqlite_that_cannot_be_opened(tmp_path: Path, arguments: list[str]) -> None:
    feed_file = make_feed(tmp_path)
    (tmp_path / "ledger.db").mkdir()
    done = run(arguments, feed_file)
    assert done.returncode == 3
    assert f"(sqlite {tmp_path / 'ledger.db'}): unable to open database file" in done.stderr
    assert "Internal error" not in done.stderr


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    feed_file = make_feed(tmp_path)
    (tmp_path / "ledger.db").write_bytes(b"no database " * 100)
    done = run(["watch", "--once"], feed_file)
    assert done.returncode == 3
    assert "file is not a database" in done.stderr
