"""What surrounds a run: a terminal, a disk without room, a file that shrinks while it is read."""

from __future__ import annotations

import contextlib
import os
import pty
import random
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from support.edi import base

from x12proc.runner.files import FileBuffer

PROGRAM = [sys.executable, "-W", "error", "-m", "x12proc"]


def large(claims: int) -> bytes:
    """A valid file of as many claims as asked for, about 1 KB each."""
    head, _, rest = base().partition(b"CLM*")
    claim, _, tail = rest.partition(b"SE*")
    count = head.count(b"~") - 2 + claims * (claim.count(b"~") + 1) + 1
    trailer = tail.partition(b"*")[2]
    return head + (b"CLM*" + claim) * claims + b"SE*%d*" % count + trailer


def test_a_large_file_shows_its_progress_on_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "large.edi").write_bytes(large(14000).replace(b"J3590", b"J1100"))
    primary, secondary = pty.openpty()
    command = [*PROGRAM, "scrub", "large.edi", "-o", "out", "--emit", "json", "--profile", "default"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=secondary, env={**os.environ, "TERM": "xterm"}
    ) as process:
        os.close(secondary)
        shown = b""
        while True:
            try:
                piece = os.read(primary, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            shown += piece
    os.close(primary)
    assert process.returncode == 0
    assert b"large.edi" in shown
    assert b"B/s" in shown
    assert b"Traceback" not in shown
    assert (tmp_path / "out" / "large.report.json").exists()


def _little_room() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))


def test_a_full_disk_leaves_no_part_of_an_artifact(tmp_path: Path) -> None:
    (tmp_path / "large.edi").write_bytes(large(400))
    command = [*PROGRAM, "scrub", "large.edi", "-o", "out", "--emit", "json,html,annotated"]
    # 'make coverage' would measure the process, whose own data would not fit into the little room either.
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    result = subprocess.run(
        command, cwd=tmp_path, capture_output=True, preexec_fn=_little_room, check=False, env=unmeasured
    )
    assert result.returncode == 3
    assert b"Traceback" not in result.stderr
    assert b"Error" in result.stderr
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_a_full_pipe_end_is_no_acceptance() -> None:
    command = [*PROGRAM, "scrub", "-", "-o", "-", "--emit", "annotated"]
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(command, input=base(), stdout=full, stderr=subprocess.PIPE, check=False)
    assert result.returncode == 3
    assert b"Traceback" not in result.stderr


@pytest.mark.parametrize(
    "arguments", [("-", "-o", "-", "--emit", "annotated"), ("-",)], ids=["artifact", "report"]
)
def test_a_reader_that_goes_away_is_no_acceptance(arguments: tuple[str, ...]) -> None:
    clean, dirty = large(400), large(400).replace(b"CTP****40*ML", b"CTP****0*ML")
    for data in (clean, dirty):
        with subprocess.Popen(
            [*PROGRAM, "scrub", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as run:
            assert run.stdin is not None
            assert run.stdout is not None
            assert run.stderr is not None
            run.stdout.close()
            with contextlib.suppress(BrokenPipeError):  # it may have ended before it has read all
                run.stdin.write(data)
                run.stdin.close()
            said = run.stderr.read()
        assert run.returncode == 3
        assert b"Traceback" not in said
        assert b"BrokenPipe" not in said


def test_a_file_gives_the_slices_of_its_bytes(tmp_path: Path) -> None:
    """Large ones are kept, so slices of both kinds and of both directions take turns."""
    draw = random.Random(3)
    data = draw.randbytes(400_000)
    path = tmp_path / "any.edi"
    path.write_bytes(data)
    with path.open("rb", buffering=0) as file:
        buffer = FileBuffer(file)
        for _ in range(3000):
            start = draw.randrange(len(data) + 10)
            size = draw.choice((-700, 0, 1, 500, 65_535, 65_536, 130_000))
            assert buffer[start : start + size] == data[start : start + size]
            if draw.random() < 0.1:
                buffer.keep(start, start + 900)


def test_a_file_that_shrinks_is_an_error_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "shrinks.edi"
    path.write_bytes(base())
    with path.open("rb", buffering=0) as file:
        buffer = FileBuffer(file)
        os.truncate(path, 500)
        assert buffer[0:500] == base()[:500]
        with pytest.raises(OSError, match="cut off at byte 500"):
            buffer[0 : len(buffer)]
