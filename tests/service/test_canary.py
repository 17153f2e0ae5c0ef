"""Nothing of a claim leaves by a side door: logs, metrics, errors, addresses, headers, names of files."""

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
    \"\"\"To see what is told of it.\"\"\"
    raise ValueError(line.description)
"""


class Leaks:
    """What came out beside the answers that are meant to hold claims."""

    def __init__(self) -> None:
        self.found: dict[str, list[bytes]] = {}

    def look(self, where: str, text: bytes) -> None:
        """Note the tokens in a text."""
        if tokens := canary.found(text):
            self.found.setdefault(where, []).extend(tokens)

    def answer(self, answer: httpx.Response, *, body: bool) -> httpx.Response:
        """Look at the address and headers of an answer, and at a body that may hold nothing of a claim."""
        for step in (*answer.history, answer):
            self.look("address", str(step.url).encode())
            self.look("headers", repr(step.headers.multi_items()).encode())
        if body:
            self.look(f"body of {answer.status_code}", answer.content)
        return answer


def test_the_canary_is_everywhere_it_can_be() -> None:
    assert len(set(canary.found(WHOLE))) > 45
    assert len(set(canary.found(CUT))) > 45


@pytest.fixture
def leaks() -> Iterator[Leaks]:
    """Collects leaks; one of them fails the test."""
    seen = Leaks()
    yield seen
    assert seen.found == {}


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_a_service_at_any_log_level(level: str, tmp_path: Path, leaks: Leaks) -> None:
    data = tmp_path / "data"
    (tmp_path / "crashing.py").write_text(CRASHING)
    (tmp_path / "x12proc.toml").write_text('rule_files = ["crashing.py"]\n')
    key = make_key(data, "tester", "scrub,read,edit,bypass,metrics")
    process, address = serve("--data", data, "--config", tmp_path / "x12proc.toml", before=("--log-level", level))
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=f"http://{address}", headers=headers, trust_env=False, timeout=60) as client:
        wait(process, client)
        assert "XCR01" in leaks.answer(post(client, WHOLE), body=False).text
        programs(client, leaks)
        shutil.rmtree(data / "runs")  # an internal fault
        assert leaks.answer(post(client, WHOLE), body=True).status_code == 500
    for path in data.rglob("*"):
        leaks.look("file name", str(path).encode())
    process.send_signal(signal.SIGTERM)
    out, log = process.communicate(timeout=30)
    leaks.look("output", out)
    leaks.look("log", log)
    assert (b"answered" in log) == (level in ("debug", "info"))
    assert b"internal_fault" in log


def programs(client: httpx.Client, leaks: Leaks) -> None:
    """What programs ask, and what goes wrong with it."""
    for data in BROKEN:
        for accept in ("application/json", EDI, "text/html"):
            answer = post(client, data, accept)
            leaks.answer(answer, body=answer.status_code not in (200, 422))
    form = {"file": ("ZQ998QZ.edi", WHOLE, "text/plain")}
    run = leaks.answer(client.post("/v1/scrub", files=form, data={"profile": "ZQ997QZ"}), body=False)
    identity = run.headers["X12proc-Run"]
    for wrong in ("/v1/scrub?profile=none", "/v1/scrub?codes=nope", "/v1/scrub?as_of=never"):
        leaks.answer(client.post(wrong, content=WHOLE, headers={"Content-Type": EDI}), body=True)
    leaks.answer(client.post("/v1/scrub", content=WHOLE, headers={"Content-Type": "text/odd"}), body=True)
    late = {"Content-Type": EDI, "Prefer": "respond-async", "Idempotency-Key": "ZQ995QZ"}
    leaks.answer(client.post("/v1/scrub", content=WHOLE, headers=late), body=True)
    leaks.answer(client.post("/v1/scrub", content=CUT, headers=late), body=True)
    for kind in ("json", "csv", "html", "annotated"):
        leaks.answer(client.get(f"/v1/runs/{identity}/artifacts/{kind}"), body=False)
    for path in ("/v1/rules", "/v1/profiles", "/metrics", "/v1/openapi.json", "/healthz"):
        leaks.answer(client.get(path), body=True)
    leaks.answer(client.delete(f"/v1/runs/{identity}"), body=True)


def test_a_browser_at_work(service: Service, leaks: Leaks, capfd: pytest.CaptureFixture[str]) -> None:
    with Browser(service) as browser:
        run = leaks.answer(browser.upload(WHOLE, "ZQ998QZ.edi"), body=False).url.path
        listed = browser.get("/claims", run=run.rpartition("/")[2], view="all")
        (claim,) = claim_addresses(leaks.answer(listed, body=False))
        reason = {"rule": "QTY01", "reason": "ZQ994QZ said so", "until": "2020-01-01"}
        for answer in (
            browser.get(claim, edit=1),
            browser.send(f"{claim}/segments", place="1", kind="replace", text="NTE*ADD*ZQ993QZ"),
            browser.send(f"{claim}/segments", place="1", kind="replace", text="ZQ992QZ~ZQ991QZ"),
            browser.send(f"{claim}/bypasses", **reason),
            browser.send(f"{claim}/undo"),
            browser.get(f"{run}/corrected"),
            browser.get("/runs"),
        ):
            leaks.answer(answer, body=False)
        leaks.answer(browser.upload(WHOLE[106:], "ZQ998QZ.edi"), body=True)
        leaks.answer(browser.get("/rules"), body=True)
        leaks.answer(browser.post(f"{claim}/undo", {"token": "ZQ990QZ"}), body=True)
        for link in re.findall(r'(?:href|action)="([^"]*)"', listed.text):
            leaks.look("link", link.encode())
    printed = capfd.readouterr()
    leaks.look("output", printed.out.encode())
    leaks.look("log", printed.err.encode())


def test_a_watched_folder_at_any_log_level(tmp_path: Path, leaks: Leaks) -> None:
    from support.feeds import make_feed  # noqa: PLC0415 - the one test here of a feed

    for level in ("debug", "info", "warning", "error"):
        path = make_feed(tmp_path / level)
        for number, data in enumerate((WHOLE, *BROKEN, base())):
            (path.parent / "in" / f"{number}.edi").write_bytes(data)
        command = [sys.executable, "-m", "x12proc", "--log-level", level, "watch", str(path), "--once"]
        done = subprocess.run(command, capture_output=True, check=False, timeout=120)
        leaks.look("output", done.stdout)
        leaks.look("log", done.stderr)
        for file in (path.parent).rglob("*"):
            leaks.look("file name", str(file).encode())
            if file.name.startswith("ledger.db") or file.name.endswith(".reason.json"):
                leaks.look(file.name, file.read_bytes())
        for report in ("report", "show"):
            told = subprocess.run(
                [sys.executable, "-m", "x12proc", "ledger", report, "-f", str(path)],
                capture_output=True,
                check=False,
                timeout=60,
            )
            leaks.look("ledger", told.stdout + told.stderr)
