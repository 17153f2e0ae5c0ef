"""Runs `x12proc serve` as a subprocess."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from x12proc.cli.app import app


def make_key(data: Path, name: str, scope: str) -> str:
    """Create a key with `x12proc keys create`."""
    arguments = ["keys", "create", name, "--scope", scope, "--data", str(data)]
    return CliRunner().invoke(app, arguments).stdout.strip()


def free_port() -> int:
    """Return a port that is not in use."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def serve(*arguments: str | Path, before: tuple[str, ...] = ()) -> tuple[subprocess.Popen[bytes], str]:
    """Start a service and return its process and address. ``before`` are options of the program itself."""
    port = free_port()
    command = [sys.executable, "-W", "error", "-m", "x12proc", *before, "serve", "--port", str(port)]
    command += map(str, arguments)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return process, f"127.0.0.1:{port}"


def wait(process: subprocess.Popen[bytes], client: httpx.Client) -> None:
    """Wait until a service responds."""
    while process.poll() is None:
        try:
            assert client.get("/healthz").status_code == 200
        except httpx.ConnectError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"the service ended: {process.communicate()[1].decode()}")
