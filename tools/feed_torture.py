"""Puts watched folders to the test, longer than the test suite can, and prints figures.

    python tools/feed_torture.py kills [--times 100]       SIGKILL behind every step, on both databases
    python tools/feed_torture.py workers [--files 5000]    eight workers on one PostgreSQL ledger
    python tools/feed_torture.py files [--files 20000]     one worker on one SQLite ledger

PostgreSQL runs as a throw-away server. Ends with 1 when an input was lost or doubled, or claims don't add up.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import structlog

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.feeds import drop, faults, make_feed, names, run_once, small
from support.postgres import cluster, new_database

from x12proc.feed.feed_file import load_feed_file
from x12proc.feed.watch import Watch
from x12proc.feed.worker import STEPS, nothing

SQLITE = "sqlite:///ledger.db"


def main() -> int:
    """Run what is asked for; 0 when nothing was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["kills", "workers", "files"])
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--files", type=int, default=0)
    parser.add_argument("--workers", type=int, default=8)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    if given.what == "kills":
        return kills(given.times)
    if given.what == "workers":
        return workers(given.workers, given.files or 5000)
    return files(given.files or 20_000)


def kills(times: int) -> int:
    """Kill a worker behind every step, so many times on each database."""
    wrong = 0
    with cluster() as url:
        for database in (SQLITE, new_database(url, "kills")):
            with folder() as place:
                wrong += _kills(make_feed(place, url=database), database.partition(":")[0], times)
    return bool(wrong)


def _kills(path: Path, database: str, times: int) -> int:
    inputs: dict[str, bytes] = {}
    started = time.perf_counter()
    killed = wrong = 0
    for step in STEPS:
        for count in range(times):
            for data in (small(len(inputs)), small(len(inputs) + 1), b"no X12 %d" % len(inputs)):
                inputs[f"{len(inputs)}.edi"] = data
            drop(path, dict([*inputs.items()][-3:]))
            killed += _dies(path, step, count % 3 + 1)
            run_once(path)
            wrong += bool(names(path.parent / "in") or names(path.parent / "work"))
        found = faults(path, inputs)
        wrong += len(found)
        print(f"{database}: {times} times killed behind {step!r}: {found or 'sound'}", flush=True)
    seconds = time.perf_counter() - started
    print(f"{database}: {killed} kills, {len(inputs)} inputs, {wrong} wrong, {seconds:.0f} s", flush=True)
    return wrong + (killed != times * len(STEPS))


def _dies(path: Path, wanted: str, count: int) -> bool:
    """Watch in a process that kills itself behind a step; whether it did."""
    left = count

    def step(name: str) -> None:
        nonlocal left
        left -= name == wanted
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return _forked(lambda: Watch(load_feed_file(path), Event(), step).run(once=True)) == signal.SIGKILL


def _forked(work: Callable[[], object]) -> int:
    """Do something in another process; the signal that ended it, 0 for none."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    return os.waitpid(child, 0)[1] & 0x7F


def workers(count: int, total: int) -> int:
    """Several workers empty one inbox."""
    with cluster(durable=True) as url, folder() as place:
        path = make_feed(place, url=new_database(url, "workers"))
        inputs = _fill(path, total)
        started = time.perf_counter()
        command = [sys.executable, "-m", "x12proc", "--log-level", "error", "watch", str(path), "--once"]
        running = [subprocess.Popen(command) for _ in range(count)]  # noqa: S603 - our own program
        codes = [process.wait() for process in running]
        return _told(path, inputs, f"{count} workers on PostgreSQL (exit codes {codes})", started)


def files(total: int) -> int:
    """One worker empties one inbox."""
    with folder() as place:
        path = make_feed(place)
        inputs = _fill(path, total)
        started = time.perf_counter()
        run_once(path, nothing)
        return _told(path, inputs, "one worker on SQLite", started)


def _fill(path: Path, total: int) -> dict[str, bytes]:
    inputs = {f"{number:06d}.edi": small(number) for number in range(total)}
    drop(path, inputs)
    return inputs


def _told(path: Path, inputs: dict[str, bytes], what: str, started: float) -> int:
    seconds = time.perf_counter() - started
    found = faults(path, inputs)
    rate = len(inputs) / seconds
    print(f"{what}: {len(inputs)} files in {seconds:.0f} s, {rate:.1f} a second: {found[:5] or 'sound'}")
    return bool(found)


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="x12proc-feed-") as place:
        yield Path(place) / "feed"


if __name__ == "__main__":
    sys.exit(main())
