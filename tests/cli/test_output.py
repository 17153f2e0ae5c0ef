"""Output is written whole or the run fails: full disks, short writes, readers that are closed."""

from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.edi import base

import x12proc
from x12proc.runner import streams
from x12proc.runner.streams import NamedFile

PROGRAM = [sys.executable, "-m", "x12proc"]
COMMANDS = {
    "scrub": ["scrub", "in.edi"],
    "scrub-json": ["scrub", "in.edi", "-o", "-", "--emit", "json"],
    "scrub-html": ["scrub", "in.edi", "-o", "-", "--emit", "html"],
    "scrub-annotated": ["scrub", "in.edi", "-o", "-", "--emit", "annotated"],
    "scrub-accepted": ["scrub", "in.edi", "-o", "-", "--emit", "accepted"],
    "scrub-277ca": ["scrub", "in.edi", "-o", "-", "--emit", "277ca"],
    "scrub-totals": ["scrub", "in.edi", "-o", "out", "--emit", "json"],
    "extract": ["extract", "in.edi"],
    "extract-csv": ["extract", "in.edi", "--format", "csv"],
    "restore": ["restore", "in.edi"],
    "mask": ["mask", "in.edi", "-o", "-", "--key", "a key of many letters"],
    "rules": ["rules"],
    "rule": ["rules", "NDC01", "--json"],
    "profiles": ["profiles"],
    "profile": ["profiles", "medicare-b"],
    "reference": ["reference", "list"],
    "lookup": ["reference", "lookup", "ULTOMIRIS", "--json"],
    "replay": ["replay", "--against", "reports", "in.edi"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("output")
    (folder / "in.edi").write_bytes(base() + base("I").replace(b"CTP****3*UN", b"CTP****0*UN"))
    (folder / "reports").mkdir()
    run = subprocess.run(
        [*PROGRAM, "scrub", "in.edi", "-o", "reports", "--emit", "json"],
        cwd=folder,
        check=False,
        capture_output=True,
    )
    assert run.returncode == 1, run.stderr
    return folder


def environment(unbuffered: bool) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return {**kept, "PYTHONUNBUFFERED": "1" if unbuffered else ""}


def limited(size: int) -> Callable[[], None]:
    """A disk with room for ``size`` bytes a file: the system writes a part first and refuses the next write."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def run_into(folder: Path, arguments: list[str], target: Path, *, unbuffered: bool, size: int) -> tuple[int, str]:
    with target.open("wb") as file:
        done = subprocess.run(
            [*PROGRAM, *arguments],
            cwd=folder,
            stdout=file,
            stderr=subprocess.PIPE,
            env=environment(unbuffered),
            preexec_fn=limited(size) if size >= 0 else None,
            check=False,
        )
    return done.returncode, done.stderr.decode()


def no_internal_fault(said: str) -> bool:
    return not any(word in said for word in ("Traceback", "Internal error", "Exception ignored"))


@pytest.mark.parametrize("unbuffered", [True, False], ids=["unbuffered", "buffered"])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk_is_exit_code_3_and_one_line(name: str, unbuffered: bool, folder: Path) -> None:
    code, said = run_into(folder, COMMANDS[name], Path("/dev/full"), unbuffered=unbuffered, size=-1)
    assert code == 3, said
    assert "Error: standard output: No space left on device" in said
    assert said.count("Error") == 1
    assert no_internal_fault(said)


@pytest.mark.parametrize("unbuffered", [True, False], ids=["unbuffered", "buffered"])
@pytest.mark.parametrize("name", ["scrub", "scrub-json", "extract", "rules", "restore"])
def test_a_short_write_is_never_success(name: str, unbuffered: bool, folder: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    run_into(folder, COMMANDS[name], whole, unbuffered=unbuffered, size=-1)
    length = whole.stat().st_size
    for size in (1, length // 2, length - 1):
        code, said = run_into(folder, COMMANDS[name], tmp_path / "part", unbuffered=unbuffered, size=size)
        assert code == 3, f"{size} of {length} bytes: {said}"
        assert no_internal_fault(said)


@pytest.mark.parametrize("name", COMMANDS)
def test_closed_standard_output_is_wrong_usage(name: str, folder: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, *COMMANDS[name]],
        cwd=folder,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: os.close(1),
        check=False,
    )
    assert done.returncode == 2
    assert b"standard output is closed" in done.stderr


@pytest.mark.parametrize(
    "arguments", [["scrub", "-"], ["extract", "-"], ["restore", "-"], ["scrub", "-", "-o", "out"]]
)
def test_closed_standard_input_is_wrong_usage(arguments: list[str], folder: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, *arguments], cwd=folder, capture_output=True, preexec_fn=lambda: os.close(0), check=False
    )
    assert done.returncode == 2
    assert b"standard input is closed" in done.stderr
    assert b"Internal error" not in done.stderr


class ShortStream(io.RawIOBase):
    """Takes a few bytes of each write; nothing of the ``fails_at``-th."""

    def __init__(self, fails_at: int = 0, takes: int = 700) -> None:
        self.taken = bytearray()
        self.writes = 0
        self._fails_at = fails_at
        self._takes = takes

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int | None:
        self.writes += 1
        if self.writes == self._fails_at:
            return None
        piece = bytes(data)[: self._takes]  # type: ignore[call-overload]  # any buffer
        self.taken += piece
        return len(piece)


@pytest.mark.parametrize("kind", ["json", "csv", "xml", "html", "annotated", "accepted", "999", "277ca"])
def test_a_stream_that_takes_little_at_a_time_gets_everything(kind: str) -> None:
    whole, little = io.BytesIO(), ShortStream()
    for stream in (whole, little):
        # Parts of acknowledgements are random or a time of day; their length is not.
        list(x12proc.scrub(base(), emit=[kind], output=stream, conformance="off"))  # type: ignore[arg-type]  # a raw stream is one
    assert len(little.taken) == len(whole.getvalue())
    for fails_at in range(1, little.writes + 1):
        failing = ShortStream(fails_at)
        with pytest.raises(OSError, match="the stream took 0 of"):
            list(x12proc.scrub(base(), emit=[kind], output=failing, conformance="off"))  # type: ignore[arg-type]  # likewise


FILES = {
    "extract": ["extract", "in.edi", "-o", "target"],
    "restore": ["restore", "in.edi", "-o", "target"],
    "mask": ["mask", "in.edi", "-o", "target", "--key", "a key of many letters"],
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_does_not_fit_is_not_left_in_part(name: str, folder: Path) -> None:
    with (folder / "printed").open("wb") as printed:
        done = subprocess.run(
            [*PROGRAM, *FILES[name]],
            cwd=folder,
            stdout=printed,
            stderr=subprocess.PIPE,
            env=environment(unbuffered=True),
            preexec_fn=limited(500),
            check=False,
        )
    assert done.returncode == 3
    assert b"Error" in done.stderr
    assert b"target: File too large" in done.stderr
    assert not (folder / "target").exists()


class ShortFile(NamedFile):
    """Takes half of what it is given."""

    writes = 0

    def write(self, data: memoryview, /) -> int:  # type: ignore[override]  # a buffer passes nothing else
        ShortFile.writes += 1
        return super().write(data[: len(data) // 2 + 1])


def test_short_writes_of_artifacts_are_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = ["json", "csv", "xml", "html", "annotated", "accepted", "999", "277ca"]

    def artifacts(folder: Path) -> dict[str, int]:
        folder.mkdir()
        list(x12proc.scrub(base(), emit=kinds, output=folder, name="in.edi", conformance="off"))
        return {path.name: path.stat().st_size for path in folder.iterdir()}

    whole = artifacts(tmp_path / "whole")
    monkeypatch.setattr(streams, "NamedFile", ShortFile)
    assert artifacts(tmp_path / "short") == whole
    assert ShortFile.writes > len(kinds)


def test_a_stream_that_returns_nothing_has_taken_everything() -> None:
    """Classes of a caller's own often return nothing from ``write``."""

    class Pieces:
        def __init__(self) -> None:
            self.pieces: list[bytes] = []

        def write(self, data: bytes) -> None:
            self.pieces.append(bytes(data))

        def flush(self) -> None:
            """Nothing is held back."""

    stream = Pieces()
    list(x12proc.scrub(base(), emit=["annotated"], output=stream, conformance="off"))  # type: ignore[arg-type]  # see above
    assert b"".join(stream.pieces) == base()
