"""Large files made to cost memory, through watched folders and the service: both stay within bounds and go on.

X12PROC_HOSTILE_MB=60 takes files of 60 MB, as in test_hostile_sizes.py.
"""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.edi import base
from support.feeds import make_feed, small
from support.service_process import make_key, serve, wait
from test_hostile_sizes import KINDS, MEGABYTES, MOST_MEGABYTES, RUN, hostile

MOST_SECONDS = 30
PROC = Path("/proc")
PACKED = pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
pytestmark = pytest.mark.skipif(not (PROC / "self/status").exists(), reason="needs Linux, to measure the memory")


def hostile_file(kind: str, packed: bool) -> bytes:
    """Return a file whose claim is as large as is read at all, or larger if so many megabytes are asked for."""
    data = hostile(kind, min(MEGABYTES, 11) if MEGABYTES < 60 else MEGABYTES)
    return gzip.compress(data, 1) if packed else data


@PACKED
@pytest.mark.parametrize("kind", KINDS)
def test_a_watch_goes_on_after_a_hostile_file(kind: str, packed: bool, tmp_path: Path) -> None:
    feed = make_feed(tmp_path)
    first = "hostile.edi.gz" if packed else "hostile.edi"
    for name, data in ((first, hostile_file(kind, packed)), ("next.edi", small(1))):
        (tmp_path / "in" / name).write_bytes(data)
    began = time.monotonic()
    command = [sys.executable, "-c", RUN, "watch", str(feed), "--once"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert time.monotonic() - began <= MOST_SECONDS
    code, peak = map(int, done.stdout.splitlines()[-1].split())
    assert code in (0, 1, 3), done.stderr
    assert "Internal" not in done.stderr + done.stdout
    assert peak <= MOST_MEGABYTES
    assert (tmp_path / "archive" / "next.edi").exists()
    assert not list((tmp_path / "in").iterdir())


def children(process_id: int) -> Iterator[int]:
    """Yield a process and all that it has started."""
    yield process_id
    for path in PROC.glob(f"{process_id}/task/*/children"):
        for child in path.read_text().split():
            yield from children(int(child))


def peak_megabytes(process_id: int) -> int:
    """Return the most memory that one process of a service ever had."""
    texts = [(PROC / str(found) / "status").read_text() for found in children(process_id)]
    return max(int(found[1]) // 1024 for text in texts if (found := re.search(r"VmHWM:\s+([0-9]+)", text)))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, httpx.Client]]:
    data = tmp_path_factory.mktemp("service")
    key = make_key(data, "tester", "scrub,read")
    process, address = serve("--data", data)
    with httpx.Client(
        base_url=f"http://{address}",
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/edi-x12"},
        timeout=120,
        trust_env=False,
    ) as client:
        wait(process, client)
        yield process.pid, client
    process.terminate()
    process.communicate(timeout=60)


@PACKED
@pytest.mark.parametrize("kind", KINDS)
def test_the_service_goes_on_after_a_hostile_file(
    kind: str, packed: bool, service: tuple[int, httpx.Client]
) -> None:
    process_id, client = service
    began = time.monotonic()
    response = client.post("/v1/scrub", content=hostile_file(kind, packed))
    assert time.monotonic() - began <= MOST_SECONDS
    assert response.status_code in (200, 400, 422), response.text[:500]
    assert client.post("/v1/scrub", content=base()).status_code == 200
    assert peak_megabytes(process_id) <= MOST_MEGABYTES
