"""Feeds for tests: folders, small distinct input files, runs in this process or in one that kills itself."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Event

from support.edi import base
from x12proc.feed.audit import find_discrepancies
from x12proc.feed.feed_file import Feed, load_feed_file
from x12proc.feed.ledger import FileRow, Ledger
from x12proc.feed.watch import Watch
from x12proc.feed.worker import no_op

DRIVER = Path(__file__).parent / "crashing_watch.py"
FOLDERS = ("in", "out", "archive", "quarantine", "work")
FEED = """
{top}
[ledger]
url = "{url}"
{ledger}
[feeds.lakeside]
emit = ["json", "annotated"]
conformance = "off"
settle_seconds = 0
{feed}
"""


def small(number: int, *, control: int | None = None) -> bytes:
    """Return an interchange with one clean claim; ``number`` varies the claim, ``control`` the interchange."""
    sent = f"{control if control is not None else number:09d}".encode()
    data = base().replace(b"CLM*B1001*", b"CLM*B%d*" % (100_000 + number))
    data = data.replace(b"IEA*1*240329201", b"IEA*1*" + sent)
    return data.replace(b"*00501*240329201*", b"*00501*" + sent + b"*")


def rejected(number: int) -> bytes:
    """Return an interchange whose claim is rejected, because the drug quantity is zero."""
    return small(number).replace(b"CTP****40*ML", b"CTP****0*ML")


def make_feed(
    folder: Path, *, url: str = "sqlite:///ledger.db", feed: str = "", ledger: str = "", top: str = ""
) -> Path:
    """Write a FEED.toml, create its folders and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "FEED.toml"
    path.write_text(FEED.format(url=url, feed=feed, ledger=ledger, top=top))
    for name in FOLDERS:
        (folder / name).mkdir(exist_ok=True)
    return path


def drop(path: Path, files: dict[str, bytes]) -> None:
    """Write files to the inbox, each one second younger than the previous one."""
    for age, (name, data) in enumerate(files.items()):
        target = path.parent / "in" / name
        target.write_bytes(data)
        at = 1_700_000_000_000_000_000 + age * 1_000_000_000
        os.utime(target, ns=(at, at))


def run_once(path: Path, on_step: Callable[[str], None] = no_op) -> Counter[str]:
    """Watch once in this process and return the counts of results."""
    watch = Watch(load_feed_file(path), Event(), on_step)
    watch.run(once=True)
    return watch.counts


def run_until(path: Path, step: str, count: int = 1) -> int:
    """Watch once in another process that kills itself after a step; return its exit code."""
    command = [sys.executable, "-W", "error", str(DRIVER), str(path), step, str(count)]
    return subprocess.run(command, capture_output=True, timeout=120, check=False).returncode


def first_feed(path: Path) -> Feed:
    """Return the first feed of a feed file."""
    return load_feed_file(path).feeds[0]


def rows(path: Path) -> list[FileRow]:
    """Return all files of the ledger, oldest first."""
    file = load_feed_file(path)
    ledger = Ledger(file.ledger_url)
    try:
        return list(ledger.files([feed.name for feed in file.feeds]))
    finally:
        ledger.close()


def names(folder: Path) -> list[str]:
    """Return the names of the entries of a folder, sorted."""
    return sorted(entry.name for entry in folder.iterdir())


def violations(path: Path, inputs: dict[str, bytes]) -> list[str]:
    """Return violations of "one set of artifacts an input, ledger = disk, difference 0"."""
    folder = path.parent
    found = [f"{name}/{entry}" for name in ("in", "work") for entry in names(folder / name)]
    ledger = Ledger(load_feed_file(path).ledger_url)
    found += find_discrepancies(first_feed(path), ledger)
    ledger.close()
    recorded = rows(path)
    if Counter(row.name for row in recorded) != Counter(dict.fromkeys(inputs, 1)):
        found.append("the ledger doesn't have each input once")
    if sorted(row.folder for row in recorded if row.folder) != names(folder / "out"):
        found.append("the outbox doesn't hold one set of artifacts for each input")
    kept = Counter(_hash(entry.read_bytes()) for name in ("archive", "quarantine")
                   for entry in (folder / name).iterdir() if not entry.name.endswith(".reason.json"))  # fmt: skip
    if kept != Counter(_hash(data) for data in inputs.values()):
        found.append("archive and quarantine don't hold each input once")
    found += [f"{row.id} is {row.state}" for row in recorded if row.in_progress]
    found += [f"{row.id} doesn't add up" for row in recorded if row.difference]
    return found


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
