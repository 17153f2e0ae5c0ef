"""No value of a claim leaks into logs, metrics, errors, URLs, headers or file names."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support import canary
from support.browser import Browser, claim_addresses
from support.edi import base
from support.service_process import make_key, serve, wait
from support.services import EDI, Service, post

WHOLE, CUT = canary.claim(), canary.claim(whole=False)
BROKEN = (CUT, WHOLE.replace(b"SE*37", b"SE*99"), WHOLE[:300], WHOLE[106:], WHOLE.replace(b"HL*2", b"ZQ999QZ*2"))
CRASHING = """
from x12proc.rules import WARN, Source, line_rule

@line_rule("XCR01", "always-crashes", severity=WARN, sources=(Source("nobody", key="XN"),), confidence="verified",
           where="2400 SV101-7", summary="Crashes.", fix="None.")
def crashes(line, ctx):
    \"\"\"Raise an error whose text quotes the claim.\"\"\"
    raise ValueError(line.description)
"""


class Leaks:
    """Collects canary tokens found outside of the responses that may hold claims."""

    def __init__(self) -> None:
        self.found: dict[str, list[bytes]] = {}

    def check(self, where: str, text: bytes) -> None:
        """Record the tokens in a text."""
        if tokens := canary.found(text):
            self.found.setdefault(where, []).extend(tokens)

    def response(self, response: httpx.Response, *, body: bool) -> httpx.Response:
        """Check the URL and headers of a response, and its body if that may hold no claim."""
        for step in (*response.history, response):
            self.check("URL", str(step.url).encode())
            self.check("headers", repr(step.headers.multi_items()).encode())
        if body:
            self.check(f"body of {response.status_code}", response.content)
        return response


def test_the_canary_file_is_full_of_tokens() -> None:
    assert len(set(canary.found(WHOLE))) > 45
    assert len(set(canary.found(CUT))) > 45


@pytest.fixture
def leaks() -> Iterator[Leaks]:
    """Yield a collector; any leak fails the test."""
    seen = Leaks()
    yield seen
    assert seen.found == {}


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_a_service_leaks_nothing_at_any_log_level(level: str, tmp_path: Path, leaks: Leaks) -> None:
    data = tmp_path / "data"
    (tmp_path / "crashing.py").write_text(CRASHING)
    (tmp_path / "x12proc.toml").write_text('rule_files = ["crashing.py"]\n')
    key = make_key(data, "tester", "scrub,read,edit,bypass,metrics")
    process, address = serve("--data", data, "--config", tmp_path / "x12proc.toml", before=("--log-level", level))
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=f"http://{address}", headers=headers, trust_env=False, timeout=60) as client:
        wait(process, client)
        assert "XCR01" in leaks.response(post(client, WHOLE), body=False).text
        programs(client, leaks)
        shutil.rmtree(data / "runs")  # causes an internal error
        assert leaks.response(post(client, WHOLE), body=True).status_code == 500
    for path in data.rglob("*"):
        leaks.check("file name", str(path).encode())
    process.send_signal(signal.SIGTERM)
    out, log = process.communicate(timeout=30)
    leaks.check("output", out)
    leaks.check("log", log)
    assert (b'"response"' in log) == (level in ("debug", "info"))
    assert b"internal_error" in log


def programs(client: httpx.Client, leaks: Leaks) -> None:
    """Send valid and invalid requests to the API."""
    for data in BROKEN:
        for accept in ("application/json", EDI, "text/html"):
            answer = post(client, data, accept)
            leaks.response(answer, body=answer.status_code not in (200, 422))
    form = {"file": ("ZQ998QZ.edi", WHOLE, "text/plain")}
    run = leaks.response(client.post("/v1/scrub", files=form, data={"profile": "ZQ997QZ"}), body=False)
    identity = run.headers["X12proc-Run"]
    for wrong in ("/v1/scrub?profile=none", "/v1/scrub?codes=nope", "/v1/scrub?as_of=never"):
        leaks.response(client.post(wrong, content=WHOLE, headers={"Content-Type": EDI}), body=True)
    leaks.response(client.post("/v1/scrub", content=WHOLE, headers={"Content-Type": "text/odd"}), body=True)
    late = {"Content-Type": EDI, "Prefer": "respond-async", "Idempotency-Key": "ZQ995QZ"}
    leaks.response(client.post("/v1/scrub", content=WHOLE, headers=late), body=True)
    leaks.response(client.post("/v1/scrub", content=CUT, headers=late), body=True)
    for kind in ("json", "csv", "html", "annotated"):
        leaks.response(client.get(f"/v1/runs/{identity}/artifacts/{kind}"), body=False)
    for path in ("/v1/rules", "/v1/profiles", "/metrics", "/v1/openapi.json", "/healthz"):
        leaks.response(client.get(path), body=True)
    leaks.response(client.delete(f"/v1/runs/{identity}"), body=True)


def test_a_browser_session_leaks_nothing(
    service: Service, leaks: Leaks, capfd: pytest.CaptureFixture[str]
) -> None:
    with Browser(service) as browser:
        run = leaks.response(browser.upload(WHOLE, "ZQ998QZ.edi"), body=False).url.path
        listed = browser.get("/claims", run=run.rpartition("/")[2], view="all")
        (claim,) = claim_addresses(leaks.response(listed, body=False))
        reason = {"rule": "QTY01", "reason": "ZQ994QZ said so", "until": "2020-01-01"}
        for answer in (
            browser.get(claim, edit=1),
            browser.send(f"{claim}/segments", index="1", kind="replace", text="NTE*ADD*ZQ993QZ"),
            browser.send(f"{claim}/segments", index="1", kind="replace", text="ZQ992QZ~ZQ991QZ"),
            browser.send(f"{claim}/bypasses", **reason),
            browser.send(f"{claim}/undo"),
            browser.get(f"{run}/corrected"),
            browser.get("/runs"),
        ):
            leaks.response(answer, body=False)
        leaks.response(browser.upload(WHOLE[106:], "ZQ998QZ.edi"), body=True)
        leaks.response(browser.get("/rules"), body=True)
        leaks.response(browser.post(f"{claim}/undo", {"token": "ZQ990QZ"}), body=True)
        for link in re.findall(r'(?:href|action)="([^"]*)"', listed.text):
            leaks.check("link", link.encode())
    printed = capfd.readouterr()
    leaks.check("output", printed.out.encode())
    leaks.check("log", printed.err.encode())


def test_a_watched_folder_leaks_nothing_at_any_log_level(tmp_path: Path, leaks: Leaks) -> None:
    from support.feeds import make_feed  # noqa: PLC0415 - used by this test only

    for level in ("debug", "info", "warning", "error"):
        path = make_feed(tmp_path / level)
        for number, data in enumerate((WHOLE, *BROKEN, base())):
            (path.parent / "in" / f"{number}.edi").write_bytes(data)
        command = [sys.executable, "-m", "x12proc", "--log-level", level, "watch", str(path), "--once"]
        done = subprocess.run(command, capture_output=True, check=False, timeout=120)
        leaks.check("output", done.stdout)
        leaks.check("log", done.stderr)
        for file in (path.parent).rglob("*"):
            leaks.check("file name", str(file).encode())
            if file.name.startswith("ledger.db") or file.name.endswith(".reason.json"):
                leaks.check(file.name, file.read_bytes())
        for report in ("report", "show"):
            printed = subprocess.run(
                [sys.executable, "-m", "x12proc", "ledger", report, "-f", str(path)],
                capture_output=True,
                check=False,
                timeout=60,
            )
            leaks.check("ledger", printed.stdout + printed.stderr)
