"""Connections that never finish a request keep nobody waiting, and a port in use is said before anything else."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import httpx
import pytest
from support.service_process import serve, wait

UNFINISHED = 1000


def connect(address: str) -> socket.socket:
    host, _, port = address.partition(":")
    opened = socket.create_connection((host, int(port)), timeout=10)
    opened.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
    return opened


def test_a_thousand_unfinished_requests_stop_nobody(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 4096), hard), hard))
    process, address = serve("--data", tmp_path / "data")
    sockets: list[socket.socket] = []
    try:
        with httpx.Client(base_url=f"http://{address}", timeout=10) as client:
            wait(process, client)
        sockets += [connect(address) for _ in range(UNFINISHED)]
        slowest = 0.0
        for _ in range(10):  # each by a connection of its own
            start = time.monotonic()
            with httpx.Client(base_url=f"http://{address}", timeout=10) as client:
                assert client.get("/healthz").status_code == 200
            slowest = max(slowest, time.monotonic() - start)
        assert slowest < 5
    finally:
        for one in sockets:
            one.close()
        process.terminate()
        process.communicate(timeout=60)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_head_that_never_ends_is_closed(tmp_path: Path) -> None:
    process, address = serve("--data", tmp_path / "data")
    try:
        with httpx.Client(base_url=f"http://{address}", timeout=10) as client:
            wait(process, client)
        with connect(address) as unfinished:
            unfinished.settimeout(30)
            assert unfinished.recv(1) == b"", "closed without an answer"
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_requests_one_after_another_on_one_connection(tmp_path: Path) -> None:
    process, address = serve("--data", tmp_path / "data")
    try:
        with httpx.Client(base_url=f"http://{address}", timeout=10) as client:
            wait(process, client)
            assert [client.get("/healthz").status_code for _ in range(5)] == [200] * 5
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_a_port_in_use_is_wrong_usage(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process, _ = serve("--data", tmp_path / "data", "--port", str(taken.getsockname()[1]))
        _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert b"Serving" not in said
    assert b"can't be used: Address already in use; choose another with --port" in said
