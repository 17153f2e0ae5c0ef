"""SIGKILL after every step, on both databases: one set of artifacts an input, ledger = disk, difference 0."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from support.feeds import drop, make_feed, rejected, rows, run_once, run_until, small, violations

from x12proc.feed.worker import STEPS

INPUTS = {"a.edi": small(1), "b.txt": b"no X12 at all", "c.edi": rejected(2)}


def check_recovery(folder: Path, url: str, step: str, count: int) -> None:
    path = make_feed(folder, url=url)
    drop(path, INPUTS)
    assert run_until(path, step, count) == -signal.SIGKILL
    run_once(path)
    assert violations(path, INPUTS) == []
    assert [(row.name, row.state) for row in rows(path)] == [
        ("a.edi", "archived"), ("b.txt", "failed"), ("c.edi", "archived"),
    ]  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
def test_worker_dies_after_a_step(tmp_path: Path, ledger_url: str, step: str) -> None:
    check_recovery(tmp_path / "feed", ledger_url, step, 1)


@pytest.mark.parametrize("step", STEPS)
def test_worker_dies_after_a_step_of_a_quarantined_file(tmp_path: Path, step: str) -> None:
    check_recovery(tmp_path / "feed", "sqlite:///ledger.db", step, 2)


def test_every_worker_that_takes_over_dies_too(tmp_path: Path) -> None:
    path = make_feed(tmp_path / "feed")
    drop(path, INPUTS)
    for step in STEPS:
        assert run_until(path, step) == -signal.SIGKILL
    run_once(path)
    assert violations(path, INPUTS) == []


def test_file_that_kills_every_worker_is_quarantined(tmp_path: Path) -> None:
    path = make_feed(tmp_path / "feed")
    drop(path, INPUTS)
    for _ in range(6):
        assert run_until(path, "moved") == -signal.SIGKILL
    run_once(path)
    assert violations(path, INPUTS) == []
    assert [(row.name, row.code) for row in rows(path)] == [
        ("a.edi", "worker-died"), ("b.txt", "not-x12"), ("c.edi", ""),
    ]  # fmt: skip
