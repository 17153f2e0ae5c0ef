"""Hostile files, each scrubbed by a process of its own: what it said, how long it took, how much memory.

Rewrites the table in docs/reliability.md: ``python tools/measure_faults.py [NAME ...]``. Minutes of work, and 3 GB
of disk for scratch files. The files hold no real data.
"""

from __future__ import annotations

import gzip
import json
import os
import platform
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import msgspec

from x12proc.replay.rule_cases import builtin_base

ROOT = Path(__file__).parents[1]
MANUAL = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"
_MEGABYTE = 1024 * 1024
_PROGRAM = (sys.executable, "-m", "x12proc", "scrub")


class Trial(msgspec.Struct):
    """A hostile file: what it is, its name, and its bytes piece by piece."""

    what: str
    pieces: Callable[[], Iterator[bytes]]
    name: str = "hostile.edi"


class Measured(msgspec.Struct):
    """What became of a file: its size and the run's exit code, seconds, peak memory and first fault."""

    megabytes: float
    exit_code: int
    seconds: float
    peak_megabytes: float
    said: str


def _parts() -> tuple[bytes, bytes, bytes, bytes]:
    """A one-claim file cut before its CLM, before its first LX, before its SE."""
    data = builtin_base("P")
    claim, line, end = (data.index(b"~\n" + head) + 2 for head in (b"CLM*", b"LX*1", b"SE*"))
    return data[:claim], data[claim:line], data[line:end], data[end:]


def _with(inside: Iterator[bytes]) -> Iterator[bytes]:
    """A file that ends as it should, with something in place of its claim."""
    head, _, _, end = _parts()
    yield head
    yield from inside
    yield end


def _long_element(megabytes: int) -> Iterator[bytes]:
    head, claim, line, end = _parts()
    yield head + claim + line[: line.index(b"SV1*HC:J3590:JZ::::")] + b"SV1*HC:J3590:JZ::::"
    for _ in range(megabytes):
        yield b"A" * _MEGABYTE
    yield line[line.index(b"*", line.index(b"SV1*HC:") + 8) :] + end


def _many_elements() -> Iterator[bytes]:
    head, claim, line, end = _parts()
    yield head + claim + line + b"NTE*ADD" + b"*X" * 1_000_000 + b"~\n" + end


def _many_lines(count: int) -> Iterator[bytes]:
    _, claim, line, _ = _parts()
    yield claim
    rest = line[line.index(b"~") : line.index(b"LX*2")]
    yield from (b"LX*%d" % number + rest for number in range(1, count + 1))


def _repeated(piece: bytes, times: int) -> Iterator[bytes]:
    many = 1000
    for _ in range(times // many):
        yield piece * many


def _interchanges(count: int) -> Iterator[bytes]:
    data = builtin_base("P")
    for number in range(count):
        yield data.replace(b"240329201", b"%09d" % number)


def _bomb(piece: bytes, times: int) -> Iterator[bytes]:
    """A gzip that unfolds to very many times its size."""
    with tempfile.TemporaryFile() as file:
        with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=9) as packed:
            for _ in range(times):
                packed.write(piece)
        file.seek(0)
        while read := file.read(_MEGABYTE):
            yield read


def _noise(megabytes: int) -> Iterator[bytes]:
    dice = random.Random(1)  # noqa: S311 - the same noise every time
    yield from (dice.randbytes(_MEGABYTE) for _ in range(megabytes))


def _endless() -> Iterator[bytes]:
    yield _parts()[0][:106]
    yield from iter([b"A" * _MEGABYTE] * 200)


def _notes() -> Iterator[bytes]:
    _, claim, line, _ = _parts()
    yield claim
    yield from _repeated(b"NTE*ADD*SEE RECORD~\n", 1_000_000)
    yield line


def _drug_claim() -> bytes:
    _, claim, line, _ = _parts()
    return claim + line


TRIALS = {
    "element-10": Trial("an element of 10 MB", lambda: _long_element(10)),
    "element-100": Trial("an element of 100 MB", lambda: _long_element(100)),
    "elements": Trial("a segment of a million elements", _many_elements),
    "levels": Trial("a million HL", lambda: _with(_repeated(b"HL*2*1*22*0~\n", 1_000_000))),
    "claims": Trial(
        "a million claims that are a CLM and nothing else", lambda: _with(_repeated(b"CLM*A~\n", 10**6))
    ),
    "notes": Trial("a drug claim of a million notes", lambda: _with(_notes())),
    "lines": Trial("a claim of 16,000 drug lines", lambda: _with(_many_lines(16_000))),
    "targets": Trial("10,000 drug claims, all alike", lambda: _with(_repeated(_drug_claim(), 10_000))),
    "interchanges": Trial("20,000 interchanges of a claim each", lambda: _interchanges(20_000)),
    "heads": Trial("a million ISA and nothing after them", lambda: _repeated(b"ISA*00*", 1_000_000)),
    "gzip-zeros": Trial("2 GB of zeros in a gzip of 2 MB", lambda: _bomb(bytes(_MEGABYTE), 2048), "bomb.edi.gz"),
    "gzip-claims": Trial(
        "640 MB of claims without an envelope, in a gzip",
        lambda: _bomb(_drug_claim() * 1000, 1600),
        "claims.edi.gz",
    ),
    "nul": Trial("200 MB of NUL", lambda: iter([bytes(_MEGABYTE)] * 200)),
    "no-terminator": Trial("an ISA, and 200 MB without a terminator", _endless),
    "noise": Trial("100 MB of noise", lambda: _noise(100)),
}


def _measure(trial: Trial) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder, trial.name), Path(folder, "out")
        with path.open("wb") as file:
            for piece in trial.pieces():
                file.write(piece)
        started = time.perf_counter()
        with Path(folder, "said").open("wb") as said:
            run = subprocess.Popen([*_PROGRAM, str(path), "-o", str(out)], stdout=said, stderr=said)  # noqa: S603
            _, status, used = os.wait4(run.pid, 0)
        seconds = time.perf_counter() - started
        left = [entry.name for entry in out.iterdir() if entry.name.endswith(".part")]
        assert not left, f"{trial.what}: {left}"
        return Measured(
            megabytes=path.stat().st_size / _MEGABYTE,
            exit_code=os.waitstatus_to_exitcode(status),
            seconds=seconds,
            peak_megabytes=used.ru_maxrss / 1024,
            said=_first_fault(out, trial.name),
        )


def _first_fault(out: Path, name: str) -> str:
    """The code of the first fault in the report, or how many claims were reported."""
    report = json.loads((out / f"{Path(name).stem}.report.json").read_bytes())
    faults = [fault["code"] for fault in report["errors"] if fault["severity"] == "error"]
    return faults[0] if faults else f"{report['summary']['claims']:,} claims"


def _table(rows: list[tuple[str, Measured]]) -> str:
    lines = ["| file | size | exit code | fault | seconds | peak memory |", "|---|---|---|---|---|---|"]
    for what, found in rows:
        figures = f"{found.seconds:.1f} | {found.peak_megabytes:.0f} MB"
        lines.append(f"| {what} | {found.megabytes:,.1f} MB | {found.exit_code} | {found.said} | {figures} |")
    machine = f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores"
    return f"{BEGIN}\nMeasured on {time.strftime('%Y-%m-%d')}: {machine}.\n\n" + "\n".join(lines) + f"\n{END}"


def _measured(name: str) -> Measured:
    return _measure(TRIALS[name])


def main(names: list[str]) -> None:
    """Measure all files, or those named; the table is rewritten for all only.

    Each from a process of its own: a program's peak memory counts that of the one that started it.
    """
    rows = []
    for name in names or TRIALS:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
            rows.append((TRIALS[name].what, fresh.submit(_measured, name).result()))
        print(f"{name}: {rows[-1][1]}", flush=True)
    if not names:
        text = MANUAL.read_text()
        table = _table(rows)
        MANUAL.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: table, text, flags=re.DOTALL))


if __name__ == "__main__":
    main(sys.argv[1:])
