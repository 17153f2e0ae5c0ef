"""Runs x12proc beside its peers and the floors, and writes bench/RESULTS.md: ``make bench``.

    python bench/speed.py                       what RESULTS.md holds; some minutes
    python bench/speed.py --megabytes 5         a quick look, which writes nothing
    python bench/speed.py --scaling             how cost grows with size and density, into docs/scaling.md
    python bench/speed.py --memory 1000 10000   memory on files of so many MB, plain, through a pipe and from a .gz

Every figure is of a whole process: the median of several runs, taken in turns with the others, so that what else
the machine does hits all alike. Peers that take minutes for a large file get the beginning of the same data.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from x12proc.wire import accelerated
from x12proc.wire.boundaries import find_boundaries_py

HERE = Path(__file__).parent
ROOT = HERE.parent
RESULTS = HERE / "RESULTS.md"
SCALING = ROOT / "docs" / "scaling.md"
_MEGABYTE = 1024 * 1024
_PROGRAM = (sys.executable, "-m", "x12proc")
# The program as it is where nothing could be compiled.
_WITHOUT = "import sys; sys.modules.update({'x12proc.wire._native': None, 'x12proc.wire._split': None})"
_IN_PYTHON = (sys.executable, "-c", f"{_WITHOUT}; from x12proc.cli import main; main()")
_FAST = ("--emit", "json,annotated", "--conformance", "off")
_ANSWERS = ("--emit", "accepted,rejected,277ca,999", "--conformance", "off")
_SIZES, _DENSITIES = (10, 40, 160, 640), (0.1, 2, 100)  # MB, a tenth of it for target claims only; percent
_HEADS = (
    "what",
    "read",
    "seconds",
    "MB/s",
    "claims/s",
    "against cp + grep",
    "against pyx12-context",
    "peak memory",
)
_PEER_MEGABYTES = {
    "pyx12-reader": 10,
    "pyx12-context": 1,
    "pyx12-validate": 1,
    "lfh-segments": 10,
    "lfh-models": 1,
}


class Data(msgspec.Struct, frozen=True):
    """A file to be made: its kind, how many of its claims are target claims, and what share of the size it has."""

    name: str
    kind: str
    percent: float
    share: float = 1.0


class Case(msgspec.Struct):
    """One thing that is timed, on one file: what it is called, its command, and how much it reads."""

    what: str
    data: str
    command: list[str]
    megabytes: float
    claims: int
    times: int
    seconds: list[float] = []
    cpu: list[float] = []
    peak_megabytes: float = 0

    @property
    def rate(self) -> float:
        """Megabytes a second, whole process."""
        return self.megabytes / statistics.median(self.seconds)


FILES = (
    Data("837P, 2 % target claims", "P", 2),
    Data("837P, 0.1 % target claims", "P", 0.1),
    Data("837P, target claims only", "P", 100, 0.3),
    Data("837I, 2 % target claims", "I", 2),
)
_SPARSE, _RARE, _DENSE, _INSTITUTIONAL = FILES


def main() -> None:
    """Measure, print, and write the results when the sizes are those that the page promises."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=100, help="size of the large files (100)")
    parser.add_argument("--times", type=int, default=5, help="runs of the fast ones (5)")
    parser.add_argument("--scaling", action="store_true", help="measure sizes and densities instead")
    parser.add_argument("--memory", type=int, nargs="+", metavar="MB", help="measure memory on such files instead")
    given = parser.parse_args()
    environment()
    with tempfile.TemporaryDirectory(prefix="x12proc-bench-") as name:
        folder = Path(name)
        if given.memory:
            text = "\n".join(_memory(folder, given.memory))
            _write(RESULTS, "memory", text)
        elif given.scaling:
            text = "\n".join(_scaling(folder, given.times))
            _write(SCALING, "scaling", text)
        else:
            text = _page(folder, given.megabytes, given.times)
            if given.megabytes == parser.get_default("megabytes"):
                _write(RESULTS, "speed", text)
    print(text)


def environment() -> None:
    """What every process is run with: bytecode is kept, as it is where a program is installed."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPATH"] = str(ROOT)
    subprocess.run([*_PROGRAM, "--version"], check=True, capture_output=True)


# -- speed ----------------------------------------------------------------------------------------------------


def _page(folder: Path, megabytes: int, times: int) -> str:
    files = {data.name: _make(folder, data, megabytes * data.share) for data in FILES}
    cases = [*_ours(folder, files, times), *_floors(folder, files, times), *_peers(folder, files)]
    for number in range(max(case.times for case in cases)):
        for case in cases:
            if number < case.times:
                measure(case)
        print(f"round {number + 1} of {max(case.times for case in cases)}", file=sys.stderr, flush=True)
    return "\n".join([_machine(), "", *_tables(cases)])


def _make(folder: Path, data: Data, megabytes: float) -> Path:
    path = folder / f"{data.kind}-{data.percent}-{megabytes:g}.edi"
    if not path.exists():
        size = ["--megabytes", f"{max(megabytes, 1):g}"]
        maker = [sys.executable, str(HERE / "make_data.py"), str(path), "--kind", data.kind]
        subprocess.run([*maker, "--percent", f"{data.percent:g}", *size], check=True, capture_output=True)
    return path


def _ours(folder: Path, files: dict[str, Path], times: int) -> Iterator[Case]:
    out = str(folder / "out")
    for data, path in files.items():
        command = [*_PROGRAM, "scrub", str(path), "-o", out, *_FAST]
        runs = min(times, 3) if data == _DENSE.name else times
        yield _case("x12proc scrub, JSON and annotated EDI", data, command, path, runs)
        if data == _DENSE.name:
            yield _case("the same with --jobs 2", data, [*command, "--jobs", "2"], path, runs)
        elif data in (_SPARSE.name, _RARE.name):
            command = [*_IN_PYTHON, *command[len(_PROGRAM) :]]
            yield _case("the same, nothing compiled", data, command, path, min(times, 3))
    sparse, dense = files[_SPARSE.name], files[_DENSE.name]
    for data, path in ((_SPARSE.name, sparse), (_DENSE.name, dense)):
        command = [*_PROGRAM, "scrub", str(path), "-o", out, "--emit", "json,annotated"]
        yield _case("JSON and annotated EDI, checked against the guide", data, command, path, min(times, 3))
        yield _case(
            "checked against the guide, with --jobs 2", data, [*command, "--jobs", "2"], path, min(times, 3)
        )
    answers = [*_PROGRAM, "scrub", str(sparse), "-o", out, *_ANSWERS]
    yield _case("accepted and rejected EDI, 277CA, 999", _SPARSE.name, answers, sparse, min(times, 3))
    yield _case("x12proc extract", _SPARSE.name,
                [*_PROGRAM, "extract", str(sparse), "-o", str(folder / "lines.jsonl")], sparse, times)  # fmt: skip
    one = _make(folder, Data("one claim", "P", 100), 0)
    yield _case("x12proc scrub, a file of 1 MB", "837P, target claims only",
                [*_PROGRAM, "scrub", str(one), "-o", out, *_FAST], one, times)  # fmt: skip
    small = ROOT / "fixtures" / "replay"
    claim = next(iter(sorted(small.rglob("input.edi"))))
    yield _case("x12proc scrub, a file of a claim or two", "start-up",
                [*_PROGRAM, "scrub", str(claim), "-o", out, *_FAST], claim, times)  # fmt: skip


def _floors(folder: Path, files: dict[str, Path], times: int) -> Iterator[Case]:
    for data, path in files.items():
        yield _case("cp", data, ["cp", str(path), str(folder / "copy")], path, times)
        yield _case("grep -c J3590", data, ["grep", "-c", "J3590", str(path)], path, times)


def _peers(folder: Path, files: dict[str, Path]) -> Iterator[Case]:
    python = _linuxforhealth(folder)
    for data in (_SPARSE, _DENSE):
        for peer, most in _PEER_MEGABYTES.items():
            path = _make(folder, data, min(most, max(files[data.name].stat().st_size // _MEGABYTE, 1)))
            runner = python if peer.startswith("lfh") else sys.executable
            if runner is not None:
                yield _case(peer, data.name, [runner, str(HERE / "peers.py"), peer, str(path)], path, 2)


def _linuxforhealth(folder: Path) -> str | None:
    """Python with linuxforhealth-x12, which wants an older pydantic than others do; None where it can't be had."""
    environment = folder / "linuxforhealth"
    venv.create(environment, with_pip=True)
    python = str(environment / "bin" / "python")
    wanted = ["linuxforhealth-x12", "pydantic<2"]
    done = subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], capture_output=True, check=False)
    if done.returncode:
        print("linuxforhealth-x12 can't be installed; it is left out", file=sys.stderr)
        return None
    return python


def _case(what: str, data: str, command: list[str], path: Path, times: int) -> Case:
    return Case(what, data, command, path.stat().st_size / _MEGABYTE, _claims(path), times, [], [])


@lru_cache(maxsize=32)
def _claims(path: Path) -> int:
    with path.open("rb") as file:
        return sum(line.startswith(b"CLM*") for line in file)


def measure(case: Case) -> None:
    """Run a case once more. Raises SystemExit when it fails."""
    started = time.perf_counter()
    with tempfile.TemporaryFile() as said:  # not /dev/null: grep would stop at the first match
        run = subprocess.Popen(case.command, stdout=said, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(run.pid, 0)
    code = run.returncode = os.waitstatus_to_exitcode(status)
    if code not in (0, 1):
        raise SystemExit(f"{case.what}: ended with {code}: {' '.join(case.command)}")
    case.seconds.append(time.perf_counter() - started)
    case.cpu.append(used.ru_utime + used.ru_stime)
    case.peak_megabytes = max(case.peak_megabytes, used.ru_maxrss / 1024)


# -- what is written ------------------------------------------------------------------------------------------


def _machine() -> str:
    packages = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("pyx12", "lxml", "msgspec"))
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    day = time.strftime("%Y-%m-%d")
    cores = f"{os.cpu_count()} cores, {platform.machine()}"
    python = f"Python {platform.python_version()}"
    native = "compiled" if accelerated.find_boundaries is not find_boundaries_py else "nothing compiled"
    return f"Measured on {day} at commit {commit or 'unknown'}: {python}, {cores}; x12proc {native}; {packages}."


def _tables(cases: Sequence[Case]) -> Iterator[str]:
    floors = {data.name: _floor(cases, data.name) for data in FILES}
    context = {case.data: case.rate for case in cases if case.what == "pyx12-context"}
    for data in dict.fromkeys(case.data for case in cases):
        yield f"## {data}"
        yield ""
        heads = (
            "what",
            "read",
            "seconds",
            "MB/s",
            "claims/s",
            "against cp + grep",
            "against pyx12-context",
            "peak memory",
        )
        yield f"| {' | '.join(heads)} |"
        yield "|---" * len(heads) + "|"
        for case in (case for case in cases if case.data == data):
            floor = f"{floors[data] / case.rate:.1f} times the time" if floors.get(data) else ""
            ahead = f"{case.rate / context[data]:.1f} times the speed" if context.get(data) else ""
            seconds = statistics.median(case.seconds)
            figures = (f"{case.megabytes:.1f} MB", f"{seconds:.2f}", f"{case.rate:.1f}")
            ratios = (f"{case.claims / seconds:,.0f}", floor, ahead)
            yield f"| {case.what} | {' | '.join(figures + ratios)} | {case.peak_megabytes:.0f} MB |"
        yield ""


def _floor(cases: Sequence[Case], data: str) -> float:
    """The speed of copying and searching one after the other."""
    found = [case for case in cases if case.data == data and case.what in ("cp", "grep -c J3590")]
    return found[0].megabytes / sum(statistics.median(case.seconds) for case in found)


def _write(page: Path, part: str, text: str) -> None:
    """Replace one part of a page."""
    begin, end = f"<!-- {part} -->", f"<!-- /{part} -->"
    head, _, rest = page.read_text().partition(begin)
    page.write_text(f"{head}{begin}\n{text}\n{end}{rest.partition(end)[2]}")


# -- size and density -----------------------------------------------------------------------------------------


def _scaling(folder: Path, times: int) -> Iterator[str]:
    yield _machine()
    yield ""
    yield "| target claims | size | claims | seconds | MB/s | claims/s | peak memory |"
    yield "|---|---|---|---|---|---|---|"
    for percent in _DENSITIES:
        for size in _SIZES:
            path = _make(folder, Data("sized", "P", percent), size / 10 if percent == 100 else size)
            command = [*_PROGRAM, "scrub", str(path), "-o", str(folder / "out"), *_FAST]
            case = _case("", "", command, path, times)
            for _ in range(times):
                measure(case)
            seconds = statistics.median(case.seconds)
            figures = (f"{case.megabytes:,.1f} MB", f"{case.claims:,}", f"{seconds:.2f}", f"{case.rate:.1f}")
            rate = f"{case.claims / seconds:,.0f}"
            yield f"| {percent:g} % | {' | '.join(figures)} | {rate} | {case.peak_megabytes:.0f} MB |"
            print(f"{percent:g} %, {case.megabytes:.0f} MB: {seconds:.2f} s", file=sys.stderr, flush=True)
            path.unlink()


# -- memory ---------------------------------------------------------------------------------------------------


def _memory(folder: Path, sizes: Sequence[int]) -> Iterator[str]:
    yield _machine()
    yield ""
    yield "| 837P, 2 % target claims | read | seconds | MB/s | peak memory |"
    yield "|---|---|---|---|---|"
    for size in sizes:
        path = _make(folder, Data("sparse", "P", 2), size)
        scrub = " ".join([*_PROGRAM, "scrub"])
        fast = " ".join(_FAST)
        ways = {
            "a plain file": f"{scrub} {path} -o {folder}/out {fast}",
            "through a pipe": f"cat {path} | {scrub} - -o - --emit annotated --conformance off > {folder}/out.edi",
            "from a .gz": f"{scrub} {path}.gz -o {folder}/out {fast}",
        }
        subprocess.run(["gzip", "-1", "-k", str(path)], check=True)
        for way, command in ways.items():
            case = _case(way, "", ["sh", "-c", f"{command}; test $? -le 1"], path, 1)
            measure(case)
            figures = f"{case.megabytes:,.0f} MB | {case.seconds[0]:.0f} | {case.rate:.0f}"
            yield f"| {way} | {figures} | {case.peak_megabytes:.0f} MB |"
            print(f"{size} MB, {way}: {case.seconds[0]:.0f} s", file=sys.stderr, flush=True)
        for left in (path, Path(f"{path}.gz")):
            left.unlink()


if __name__ == "__main__":
    main()
