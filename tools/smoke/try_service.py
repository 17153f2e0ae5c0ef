"""The HTTP service starts, is healthy, scrubs a file for a key and shows pages; run where x12proc[service] is
installed."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

PROGRAM = [sys.executable, "-m", "x12proc"]
SECONDS = 60  # to start in; fresh environments compile everything first


def main(fixtures: Path) -> int:
    """0 when the report of the demo file came back over HTTP."""
    made = subprocess.run(  # noqa: S603 - ours
        [*PROGRAM, "keys", "create", "smoke", "--scope", "scrub,read", "--data", "data"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen([*PROGRAM, "serve", "--port", str(port), "--data", "data"]) as service:  # noqa: S603 - ours
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(f"{address}/healthz", service)
            urllib.request.urlopen(f"{address}/sign-in", timeout=5).close()  # noqa: S310 - http, and our own address
            report = _scrub(address, made.stdout.strip(), (fixtures / "demo" / "clinic-837p.edi").read_bytes())
        finally:
            service.terminate()
    return 0 if report["summary"]["status"] == "rejected" else 1


def _wait(address: str, service: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and service.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310 - http, and our own address
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit("the service did not start")


def _scrub(address: str, key: str, data: bytes) -> dict[str, dict[str, str]]:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/edi-x12"}
    request = urllib.request.Request(f"{address}/v1/scrub", data, headers)  # noqa: S310 - http, and our own address
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - the same
        report: dict[str, dict[str, str]] = json.load(answer)
    return report


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
