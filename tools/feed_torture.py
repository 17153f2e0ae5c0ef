"""Stress watched folders for longer than the test suite can, and print figures.

    python tools/feed_torture.py kills [--times 100]       SIGKILL after every step, on both databases
    python tools/feed_torture.py workers [--files 5000]    eight workers on one PostgreSQL ledger
    python tools/feed_torture.py files [--files 20000]     one worker on one SQLite ledger

PostgreSQL runs as a temporary server. Exits with 1 when an input is lost or duplicated, or claims don't add up.
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

from support.feeds import drop, make_feed, names, run_once, small, violations
from support.postgres import cluster, new_database

from x12proc.feed.feed_file import load_feed_file
from x12proc.feed.watch import Watch
from x12proc.feed.worker import STEPS, no_op

SQLITE = "sqlite:///ledger.db"


def main() -> int:
    """Run the chosen test; return 0 when no input was lost or duplicated."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("test", choices=["kills", "workers", "files"])
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--files", type=int, default=0)
    parser.add_argument("--workers", type=int, default=8)
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    if arguments.test == "kills":
        return kills(arguments.times)
    if arguments.test == "workers":
        return workers(arguments.workers, arguments.files or 5000)
    return files(arguments.files or 20_000)


def kills(times: int) -> int:
    """Kill a worker after every step, ``times`` times on each database; return 1 on any error."""
    errors = 0
    with cluster() as url:
        for database in (SQLITE, new_database(url, "kills")):
            with folder() as path:
                errors += _kills(make_feed(path, url=database), database.partition(":")[0], times)
    return bool(errors)


def _kills(path: Path, database: str, times: int) -> int:
    inputs: dict[str, bytes] = {}
    started = time.perf_counter()
    killed = errors = 0
    for step in STEPS:
        for count in range(times):
            for data in (small(len(inputs)), small(len(inputs) + 1), b"no X12 %d" % len(inputs)):
                inputs[f"{len(inputs)}.edi"] = data
            drop(path, dict([*inputs.items()][-3:]))
            killed += _dies(path, step, count % 3 + 1)
            run_once(path)
            errors += bool(names(path.parent / "in") or names(path.parent / "work"))
        found = violations(path, inputs)
        errors += len(found)
        print(f"{database}: {times} times killed after {step!r}: {found or 'no errors'}", flush=True)
    seconds = time.perf_counter() - started
    print(f"{database}: {killed} kills, {len(inputs)} inputs, {errors} errors, {seconds:.0f} s", flush=True)
    return errors + (killed != times * len(STEPS))


def _dies(path: Path, wanted: str, count: int) -> bool:
    """Watch in a process that kills itself after a step; return whether it did."""
    remaining = count

    def on_step(name: str) -> None:
        nonlocal remaining
        remaining -= name == wanted
        if remaining == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return _forked(lambda: Watch(load_feed_file(path), Event(), on_step).run(once=True)) == signal.SIGKILL


def _forked(work: Callable[[], object]) -> int:
    """Call ``work`` in a forked process; return the signal that ended it, 0 for none."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    return os.waitpid(child, 0)[1] & 0x7F


def workers(count: int, total: int) -> int:
    """Process ``total`` files of one inbox with several workers; return 1 on any error."""
    with cluster(durable=True) as url, folder() as root:
        path = make_feed(root, url=new_database(url, "workers"))
        inputs = _fill(path, total)
        started = time.perf_counter()
        command = [sys.executable, "-m", "x12proc", "--log-level", "error", "watch", str(path), "--once"]
        running = [subprocess.Popen(command) for _ in range(count)]  # noqa: S603 - our own program
        codes = [process.wait() for process in running]
        return _print_result(path, inputs, f"{count} workers on PostgreSQL (exit codes {codes})", started)


def files(total: int) -> int:
    """Process ``total`` files of one inbox with one worker; return 1 on any error."""
    with folder() as root:
        path = make_feed(root)
        inputs = _fill(path, total)
        started = time.perf_counter()
        run_once(path, no_op)
        return _print_result(path, inputs, "one worker on SQLite", started)


def _fill(path: Path, total: int) -> dict[str, bytes]:
    inputs = {f"{number:06d}.edi": small(number) for number in range(total)}
    drop(path, inputs)
    return inputs


def _print_result(path: Path, inputs: dict[str, bytes], title: str, started: float) -> int:
    seconds = time.perf_counter() - started
    found = violations(path, inputs)
    rate = len(inputs) / seconds
    print(f"{title}: {len(inputs)} files in {seconds:.0f} s, {rate:.1f} a second: {found[:5] or 'no errors'}")
    return bool(found)


@contextmanager
def folder() -> Iterator[Path]:
    """Yield a path in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="x12proc-feed-") as temporary:
        yield Path(temporary) / "feed"


if __name__ == "__main__":
    sys.exit(main())
