"""The worklist in Chromium: edits, bypasses and filters, keyboard use, and resistance to script injection."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page, expect, sync_playwright
from support.browser import FAULTY
from support.edi import CLINIC, base, join, segments
from support.services import AS_OF, Service

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("CI") != "true", reason="needs Chromium: apt-get install chromium"
)
PHONE = {"width": 360, "height": 740}
PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' onfocus='alert(1)' autofocus='",
    "javascript:alert(1)",
    "<a href=javascript:alert(1)>x</a>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "<!--<script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "{{7*7}}{{alert(1)}}",
    "{% for x in [1] %}alert{% endfor %}",
    "${alert(1)}",
    "<math><mi xlink:href=javascript:alert(1)>x",
    "<body onload=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<form action=javascript:alert(1)><button>x",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content=0;url=javascript:alert(1)>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import'//evil.example/x.css'</style>",
    "<object data=javascript:alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "\\u003cscript\\u003ealert(1)",
    "<mark data-rules=x>alert</mark></code></div></main>",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """Launch the system's Chromium."""
    assert CHROMIUM is not None, "CI installs Chromium"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


class Watched:
    """A page whose dialogs, console errors and requests to other hosts are recorded."""

    def __init__(self, context: BrowserContext, service: Service) -> None:
        self.url = service.url
        self.problems: list[str] = []
        self.page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.page.on("dialog", self._dialog)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        self.page.on("request", lambda request: self._request(request.url))

    def _dialog(self, dialog: Dialog) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "status of 422" not in message.text:  # a refused form is expected
            self.problems.append(f"console: {message.text}")

    def _request(self, address: str) -> None:
        if not address.startswith(self.url):
            self.problems.append(f"request: {address}")

    def go(self, path: str) -> Page:
        """Open a page of the service."""
        self.page.goto(self.url + path)
        return self.page


@pytest.fixture
def watched(chromium: Chromium, service: Service) -> Iterator[Watched]:
    """Yield a signed-in page; any recorded problem fails the test."""
    context = chromium.new_context()
    seen = Watched(context, service)
    page = seen.go("/")
    page.get_by_label("Your key").fill(service.key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Claims")).to_be_visible()
    yield seen
    context.close()
    assert seen.problems == []


def send(watched: Watched, data: bytes, name: str = "claims.edi") -> Page:
    """Submit a file with the upload form."""
    page = watched.go("/runs")
    page.get_by_label("837 file").set_input_files({"name": name, "mimeType": "text/plain", "buffer": data})
    page.get_by_label("Check as of").fill(AS_OF)
    page.get_by_role("button", name="Scrub").click()
    expect(page.get_by_role("link", name="All its target claims")).to_be_visible()
    return page


def test_a_claim_is_edited_and_scrubbed_again(watched: Watched) -> None:
    page = send(watched, FAULTY)
    page.get_by_role("link", name="Work on 1 claim").click()
    page.get_by_role("link", name="B1001").click()
    expect(page.locator("mark")).to_have_text("0")
    page.locator(".hit").get_by_role("link", name="Edit").click()
    expect(page.get_by_label("Quantity of the NDC")).to_be_focused()
    page.get_by_text(re.compile("as one text, delete it")).click()
    box = page.locator("#text")
    box.fill("CTP****0*ML~CTP****40*ML")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("ends a segment")
    expect(box).to_have_value("CTP****0*ML~CTP****40*ML")
    box.fill("CTP****40*ML")
    page.get_by_role("button", name="Save the text and scrub again").click()
    expect(page.get_by_role("status")).to_contain_text("It is accepted now")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the corrected file").click()
    assert download.value.path().read_bytes() == base()
    page.get_by_role("button", name="Undo all changes").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("rejected")


def test_a_rule_is_bypassed_and_the_bypass_withdrawn(watched: Watched) -> None:
    page = send(watched, FAULTY)
    page.get_by_role("link", name="Work on 1 claim").click()
    page.get_by_role("link", name="B1001").click()
    page.get_by_text("Bypass QTY01 on this claim").click()
    page.get_by_label("Reason (stored with the claim)").fill("Agreed with the payer")
    page.get_by_role("button", name="Bypass").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("accepted")
    expect(page.get_by_text("Agreed with the payer")).to_be_visible()
    page.get_by_role("button", name="Withdraw").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("rejected")


def test_a_proposed_fix_is_accepted(watched: Watched) -> None:
    page = send(watched, base().replace(b"LIN**N4*10122016002", b"LIN**N4*10122-0160-02"))
    page.get_by_role("link", name="All its target claims").click()
    page.get_by_role("link", name="B1001").click()
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("status")).to_contain_text("The fix was applied")
    expect(page.locator(".edi")).to_contain_text("LIN**N4*10122016002")


def test_the_filter_narrows_the_list(watched: Watched) -> None:
    page = send(watched, CLINIC.read_bytes())
    page.get_by_role("link", name="Work on 19 claims").click()
    page.get_by_label("Rule").select_option("NDC12")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_label("Rule").select_option("")
    page.get_by_label("Charge from $").fill("15000")
    page.get_by_label("Payer").select_option(label="TRICARE WEST 99726")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text("P4008")


def test_a_claim_is_edited_by_keyboard_alone(watched: Watched) -> None:
    page = send(watched, FAULTY)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    reach(page, "Work on 1 claim")
    page.keyboard.press("Enter")
    page.wait_for_url("**/claims?*")
    reach(page, "B1001")
    page.keyboard.press("Enter")
    page.wait_for_url("**/claims/*")
    number = page.locator(".hit").get_by_role("link").get_attribute("aria-label")
    assert number is not None
    reach(page, number)
    page.keyboard.press("Enter")
    page.wait_for_url("**/claims/*?edit=*")
    expect(page.get_by_label("Quantity of the NDC")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("40")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("accepted now")


def reach(page: Page, name: str) -> None:
    """Press Tab until the link of that name has the focus."""
    for _ in range(80):
        focused = page.evaluate(
            "() => [document.activeElement.ariaLabel, document.activeElement.textContent.trim()]"
        )
        if name in focused:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{name} can't be reached by Tab")


_CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
_UNNAMED = """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
  .filter(field => !field.labels?.length && !field.ariaLabel).map(field => field.outerHTML)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_a_phone_and_have_contrast_and_labels(watched: Watched, scheme: Any) -> None:
    page = send(watched, CLINIC.read_bytes(), "a-rather-long-name-of-a-file-" * 4 + ".edi")
    run = page.url.rpartition("/")[2]
    page.emulate_media(color_scheme=scheme)
    claim = watched.go(f"/claims?run={run}&rule=NDC12").locator("tbody a").first.get_attribute("href")
    assert claim is not None
    claim = claim.partition("?")[0]
    for size in (PHONE, {"width": 1280, "height": 900}):
        page.set_viewport_size(size)  # type: ignore[arg-type]  # a plain dict of its two sizes
        for path in (
            f"/runs/{run}",
            "/runs",
            f"/claims?run={run}&order=date",
            "/rules",
            "/rules/NDC12",
            claim,
            f"{claim}?edit=5",
        ):
            watched.go(str(path))
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= size["width"], path
            assert page.evaluate(_CONTRAST) == [], path
            assert page.evaluate(_UNNAMED) == [], path


# -- script injection -----------------------------------------------------------------------------------------

# The elements that get the payload: every element of the patient, and other free-text elements.
_FIELDS = (
    ("NM1*IL", (3, 4, 5, 7, 9)),
    ("N3*111 OAK", (1, 2)),
    ("N4*GLENDALE", (1, 2, 3)),
    ("DMG", (2, 3)),
    ("SBR", (3, 4)),
    ("NM1*PR", (3, 9)),
    ("NM1*85", (3, 9)),
    ("CLM", (1, 2)),
    ("REF*G1", (2,)),
    ("HI", (1,)),
    ("NM1*DN", (3, 4)),
    ("REF*6R", (2,)),
    ("LIN", (3,)),
    ("CTP", (4, 5)),
    ("DTP*472", (3,)),
)


def poisoned(payload: str) -> bytes:
    """Return a claim with a payload in every element of the patient and in others. Its delimiters are control
    characters, so that the payload stays intact."""
    parts = []
    for segment in segments(base()):
        elements = segment.split("*")
        for head, positions in _FIELDS:
            if segment.startswith(head):
                elements += [""] * (max(positions) + 1 - len(elements))
                for position in positions:
                    elements[position] = payload
        if segment.startswith("SV1*HC:J3590"):
            elements[1] = elements[1].rpartition(":")[0] + "\x1f" + payload
        if segment.startswith("ISA"):
            elements[11], elements[16] = "\x1e", "\x1f"
        else:
            elements = [e if payload in e else e.replace(":", "\x1f") for e in elements]
        parts.append("\x1d".join(elements).replace(":\x1f", "\x1f").replace("HC:J3590:", "HC\x1fJ3590\x1f"))
        if segment.startswith("CLM"):
            parts.append("\x1d".join(("NTE", "ADD", payload)))
    return join(parts, "\x1c").replace(b"SE\x1d37", b"SE\x1d38")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_is_executed(watched: Watched, payload: str) -> None:
    page = send(watched, poisoned(payload), f"{payload.replace('/', '')}.edi")
    run = page.url.rpartition("/")[2]
    claims = watched.go(f"/claims?run={run}&view=all")
    expect(claims.locator("tbody tr")).to_have_count(1)
    expect(claims.locator("tbody a").first).to_have_text(payload)
    claims.locator("tbody a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(payload)
    page.get_by_text(re.compile("^Bypass .* on this claim")).first.click()
    page.get_by_label("Reason (stored with the claim)").first.fill(f"because {payload}")
    page.get_by_role("button", name="Bypass").first.click()
    expect(page.get_by_text(f"because {payload}")).to_be_visible()
    claim = page.url.partition("?")[0].removeprefix(watched.url)
    watched.go(f"{claim}?insert=1")
    page.locator("#text").fill(f"NTE␝ADD␝{payload}")
    page.get_by_role("button", name="Save and scrub again").click()
    expect(page.locator("ol.history")).to_contain_text(payload)
    page.hover("h1")
    watched.go(f"/v1/runs/{run}/artifacts/html")
    watched.go("/rules")
    watched.go("/runs")
