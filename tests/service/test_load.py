"""Concurrent uploads: each gets 200 or 429, and memory stays bounded."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import httpx
import pytest
from support.edi import CLINIC, base
from support.services import AS_OF, EDI, Service

POSTS = 200
MOST_GROWTH = 64 * 1024 * 1024  # bytes that the process may grow by; the files are ten times as large
PADDING = b"\n" * 3_000_000  # after the IEA: read, and nothing to scrub


def _resident() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


async def _send_all(service: Service, data: bytes) -> list[httpx.Response]:
    headers = {"Authorization": f"Bearer {service.key}", "Content-Type": EDI}
    limits = httpx.Limits(max_connections=POSTS)
    async with httpx.AsyncClient(base_url=service.url, timeout=120, limits=limits, trust_env=False) as client:
        query = {"as_of": AS_OF, "conformance": "off"}
        posts = [client.post("/v1/scrub", content=data, headers=headers, params=query) for _ in range(POSTS)]
        return await asyncio.gather(*posts)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_200_concurrent_files_get_200_or_429(tmp_path: Path) -> None:
    with Service(tmp_path / "data", queue=8) as busy:
        asyncio.run(_send_all(busy, base()))  # warm up: libraries load
        before = _resident()
        answers = asyncio.run(_send_all(busy, base() + PADDING))
        grown = _resident() - before
        statuses = Counter(answer.status_code for answer in answers)
        assert set(statuses) <= {200, 429}
        assert statuses[200] >= 9
        assert all(answer.headers["Retry-After"] for answer in answers if answer.status_code == 429)
        assert grown < MOST_GROWTH
        assert busy.services.jobs.slots_used == 0
        with busy.client() as api:
            assert api.post("/v1/scrub", content=CLINIC.read_bytes(), headers={"Content-Type": EDI}).is_success
