"""The worklist's pages: access, lists, edits, fixes and bypasses of claims."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import date, timedelta

import httpx
import pytest
from lxml import html
from sqlalchemy import select, update
from support.browser import FAULTY, Browser, claim_addresses, text_of
from support.edi import CLINIC, HOSPITAL, base, restyle
from support.pyx12_oracle import guide_errors
from support.services import Service, post

from x12proc.service.auth import COOKIE
from x12proc.service.db.tables import BrowserSession, BypassRow, Change, ClaimRow, Event
from x12proc.service.sign_in_limit import MOST_FAILED, PERIOD, SignInLimit
from x12proc.service.web.charts import day_chart
from x12proc.service.web.rule_stats import DayStats
from x12proc.wire.events import Fault
from x12proc.wire.scanner import scan

NOT_FIXED = base().replace(b"LIN**N4*10122016002", b"LIN**N4*10122-0160-02")


@pytest.fixture
def browser(service: Service) -> Iterator[Browser]:
    """A signed-in browser whose key has every scope."""
    with Browser(service) as signed_in:
        yield signed_in


def find_segment(answer: httpx.Response, head: str) -> int:
    """Return the index of the segment on a claim's page that begins with a text."""
    texts = re.findall(r'<div id="s(\d+)"[^>]*>.*?<code>(.*?)</code>', answer.text)
    (index,) = [int(number) for number, code in texts if re.sub("<[^>]+>", "", code).startswith(head)]
    return index


def corrected(browser: Browser, claim: str) -> bytes:
    """Download the corrected file of a claim's run."""
    found = re.search(r"/runs/[0-9a-f]{16}", browser.get(claim).text)
    assert found
    answer = browser.get(f"{found[0]}/corrected")
    assert answer.headers["content-type"] == "application/edi-x12"
    assert "attachment" in answer.headers["content-disposition"]
    return answer.content


# -- access ----------------------------------------------------------------------------------------------------


def test_pages_redirect_to_sign_in_without_a_session(service: Service) -> None:
    with service.client(key="") as client:
        for page in ("/", "/claims", "/claims/1", "/runs", "/rules", "/runs/0123456789abcdef/corrected"):
            answer = client.get(page)
            assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in"), page
        assert client.get("/sign-in").status_code == 200
        assert client.get("/static/style.css").headers["content-type"].startswith("text/css")
        assert client.get("/static/..%2fapp.py").status_code in (400, 404)


def test_a_key_is_no_session(service: Service) -> None:
    with service.client() as client:
        assert client.get("/claims").status_code == 403


@pytest.mark.parametrize("scopes", [("scrub",), ("metrics",)])
def test_a_key_without_scope_read_opens_no_session(service: Service, scopes: tuple[str, ...]) -> None:
    key = service.key_for(f"blind-{'-'.join(scopes)}", *scopes)
    with Browser(service, key) as blind:
        assert blind.first.status_code == 403
        assert blind.get("/claims").url.path == "/sign-in"


def test_a_wrong_key_is_refused_and_not_echoed(service: Service) -> None:
    with Browser(service, "x12p_1_" + "z" * 43) as stranger:
        assert stranger.first.status_code == 403
        assert "Unknown key" in stranger.first.text
        assert "z" * 43 not in stranger.first.text


def test_failed_attempts_to_sign_in_are_limited(own_service: Service) -> None:
    with own_service.client(key="") as client:
        answers = [client.post("/sign-in", data={"key": "wrong"}) for _ in range(MOST_FAILED + 1)]
        assert [answer.status_code for answer in answers] == [403] * MOST_FAILED + [429]
        assert 0 < int(answers[-1].headers["retry-after"]) <= PERIOD
        assert client.post("/sign-in", data={"key": own_service.key}).status_code == 429


def test_the_limit_ends_with_its_period() -> None:
    now = [1000.0]
    limit = SignInLimit(lambda: now[0])
    for _ in range(MOST_FAILED):
        assert limit.seconds_left("a") == 0
        limit.count_failed("a")
    assert limit.seconds_left("a") > 0
    assert limit.seconds_left("b") == 0
    now[0] += PERIOD
    assert limit.seconds_left("a") == 0


def test_the_cookie_is_http_only_and_same_site(service: Service) -> None:
    with service.client(key="") as client:
        cookie = client.post("/sign-in", data={"key": service.key}).headers["set-cookie"].lower()
    assert cookie.startswith(COOKIE)
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert service.key.lower() not in cookie


def test_the_cookie_is_secure_over_tls(service: Service) -> None:
    with service.client(key="") as client:
        headers = {"X-Forwarded-Proto": "https"}
        answer = client.post("/sign-in", data={"key": service.key}, headers=headers)
    assert "secure" in answer.headers["set-cookie"].lower()


def test_sign_out_and_expiry_end_a_session(service: Service) -> None:
    with Browser(service) as leaving:
        assert leaving.send("/sign-out").url.path == "/sign-in"
        assert leaving.get("/claims").url.path == "/sign-in"
    with Browser(service) as late:
        with service.services.store.writing() as session:
            session.execute(update(BrowserSession).values(expires="2020-01-01T00:00:00Z"))
        assert late.get("/claims").url.path == "/sign-in"


def test_a_revoked_key_ends_its_sessions(service: Service) -> None:
    from x12proc.service.auth import revoke_key  # noqa: PLC0415 - used by this test only

    with Browser(service, service.key_for("leaver", "read")) as leaver:
        assert leaver.get("/claims").url.path == "/claims"
        revoke_key(service.services.store, "leaver")
        assert leaver.get("/claims").url.path == "/sign-in"


def test_forms_need_the_token_of_their_session(service: Service, browser: Browser) -> None:
    claim = browser.only_claim()
    with Browser(service) as other:
        foreign = other.token()
    for token in ("", "nonsense", foreign):
        fields = {"token": token, "version": "0", "index": "1", "kind": "delete"}
        assert browser.post(f"{claim}/segments", fields).status_code == 403
    assert browser.post("/runs", {"token": foreign}, files={"file": ("x.edi", FAULTY)}).status_code == 403
    assert "rejected" in text_of(browser.get(claim), "//h1")


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]
)
def test_forms_of_other_sites_are_refused(browser: Browser, headers: dict[str, str]) -> None:
    fields = {"token": browser.token()}
    assert browser.post("/sign-out", fields, headers=headers).status_code == 403
    assert browser.get("/claims").url.path == "/claims"


def test_scope_read_shows_no_forms_and_allows_no_change(service: Service, browser: Browser) -> None:
    claim = browser.only_claim()
    with Browser(service, service.key_for("only-reading", "read")) as reader:
        shown = reader.get(claim, edit=1)
        assert shown.status_code == 200
        assert 'name="text"' not in shown.text
        assert "Bypass QTY01" not in shown.text
        for address in (f"{claim}/segments", f"{claim}/fixes", f"{claim}/undo", f"{claim}/bypasses"):
            assert reader.send(address, index="1", kind="delete", fix="0").status_code == 403
        assert reader.upload(FAULTY).status_code == 403


def test_invalid_forms_are_refused(browser: Browser) -> None:
    claim = browser.only_claim()
    assert browser.post(f"{claim}/segments", {"token": browser.token(), "text": "x" * 70_000}).status_code == 413
    assert browser.send(f"{claim}/segments", index="many", kind="delete").status_code == 400
    assert browser.send(f"{claim}/segments", index="1", kind="shuffle").status_code == 400
    assert browser.send("/claims/999999/segments", index="1", kind="delete").status_code == 404
    assert browser.get("/claims/0").status_code == 400
    assert browser.get("/nowhere").status_code == 404
    assert "<html" in browser.get("/nowhere").text


# -- lists -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo(service: Service) -> str:
    """Return the run of the clinic's demo file."""
    with service.client() as client:
        post(client, HOSPITAL.read_bytes())
        return str(post(client, CLINIC.read_bytes()).headers["X12proc-Run"])


def test_the_list_has_rejected_claims_by_charge(browser: Browser, demo: str) -> None:
    listed = browser.get("/claims", run=demo)
    assert len(claim_addresses(listed)) == 19
    charges = [
        float(text.replace("$", "").replace(",", "")) for text in re.findall(r"\$[\d,.]+(?=</td>)", listed.text)
    ]
    assert charges == sorted(charges, reverse=True)
    assert "<b>55</b> claims" in browser.get("/claims", run=demo, view="all").text


def test_filters_narrow_the_list(browser: Browser, demo: str) -> None:
    page = browser.get("/claims", run=demo).text
    payers = {name: number for number, name in re.findall(r'<option value="(\d+)">([^<]+)</option>', page)}
    one = browser.get("/claims", run=demo, payer=payers["TRICARE WEST 99726"])
    assert set(re.findall(r'data-l="Payer">([^<]+)<', one.text)) == {"TRICARE WEST 99726"}
    provider = browser.get("/claims", run=demo, provider=payers["WESTVIEW RETINA SURGEONS 1288004421"])
    assert set(re.findall(r'data-l="Provider">([^<]+)<', provider.text)) == {"WESTVIEW RETINA SURGEONS 1288004421"}
    rule = browser.get("/claims", run=demo, rule="NDC12")
    summary = "The NDC in the text is of another product than the NDC in LIN03."
    assert text_of(rule, "//tbody//td[last()]") == f"NDC12 {summary}"
    dated = browser.get("/claims", run=demo, since="2024-02-20", until="2024-02-22")
    assert set(re.findall(r'data-l="Service date">([^<]+)<', dated.text)) <= {
        "2024-02-20",
        "2024-02-21",
        "2024-02-22",
    }
    assert claim_addresses(dated)
    dear = browser.get("/claims", run=demo, least="$15,000", most="20000.00")
    assert re.findall(r'data-l="Charge">([^<]+)<', dear.text) == ["$17,388.00", "$15,203.00"]
    warned = browser.get("/claims", run=demo, view="all", severity="warn")
    assert 0 < len(claim_addresses(warned)) < 50


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("p4008", ["P4008"]),
        ("ivan eastman", ["P4008"]),
        ("Eastman, Ivan", ["P4008"]),
        ("231772397", ["P4008"]),
        ("10122-0160-02 eastman", ["P4008"]),
        ("73475310203", []),
        ("%%", []),
        ("omvoh 1405003314", ["H5015", "H5011", "H5012", "H5013"]),
    ],
)
def test_a_search_finds_claims_by_what_billers_know(
    browser: Browser, demo: str, text: str, claims: list[str]
) -> None:
    found = browser.send("/claims/search", text=text, view="open")
    assert re.fullmatch(r"search=[0-9a-f]{16}", found.url.query.decode()), "no value of a claim in a URL"
    numbers = html.fromstring(found.text).xpath("//tbody//td[1]/a/text()")
    assert [number for number in numbers if not number.startswith("B")] == claims
    assert html.fromstring(found.text).xpath("//input[@id='search']/@value") == [text]


def test_a_search_belongs_to_its_user(service: Service, browser: Browser, demo: str) -> None:
    found = browser.send("/claims/search", text="eastman", run=demo)
    assert len(claim_addresses(found)) == 1
    with Browser(service, service.key_for("somebody-else", "read")) as other:
        shown = other.get(str(found.url))
        assert "search" in text_of(shown, "//*[@role='alert']")
        assert "eastman" not in shown.text
    ended = browser.send("/claims/search", text="", run=demo)
    assert len(claim_addresses(ended)) == 19


@pytest.mark.parametrize("order", ["claim", "patient", "payer", "provider", "date", "drug", "amount"])
def test_every_column_sorts_both_ways(browser: Browser, demo: str, order: str) -> None:
    columns = ["claim", "patient", "payer", "provider", "date", "drug", "amount"]
    column = columns.index(order) + 1
    shown = [
        [
            " ".join(cell.text_content().split())
            for cell in html.fromstring(answer.text).xpath(f"//tbody/tr/td[{column}]")
        ]
        for answer in (browser.get("/claims", run=demo, order=order, reverse=way) for way in (0, 1))
    ]
    assert shown[0] == shown[1][::-1]
    assert len(set(shown[0])) > 1
    if order == "amount":
        amounts = [float(text.replace("$", "").replace(",", "")) for text in shown[0]]
        assert amounts == sorted(amounts, reverse=True)
    elif order == "drug":
        assert [text.lower() for text in shown[0]] == sorted(text.lower() for text in shown[0])
    else:
        assert shown[0] == sorted(shown[0])
    header = browser.get("/claims", run=demo, order=order).text
    assert len(re.findall("aria-sort", header)) == (2 if order == "date" else 1), "the age is sorted by date"


@pytest.mark.parametrize("query", [{}, {"order": "payer"}, {"order": "payer", "reverse": "1"}, {"rule": "QTY01"}])
def test_previous_and_next_follow_the_list(browser: Browser, demo: str, query: dict[str, str]) -> None:
    listed = browser.get("/claims", run=demo, **query)
    links = [str(link) for link in html.fromstring(listed.text).xpath("//tbody//td[1]/a/@href")]
    for before, after in zip([None, *links], [*links, None], strict=True):
        for address, relation, expected in ((before, "next", after), (after, "prev", before)):
            if address is not None:
                found = html.fromstring(browser.get(address).text).xpath(f"//a[@rel='{relation}']/@href")
                assert found == ([expected] if expected else [])


def test_the_list_is_kept_while_a_claim_is_fixed(browser: Browser) -> None:
    run = browser.upload(FAULTY.replace(b"B1001", b"B8881")).url.path.rpartition("/")[2]
    (address,) = claim_addresses(browser.get("/claims", run=run))
    index = find_segment(browser.get(address), "CTP")
    done = browser.send(f"{address}/segments?run={run}", index=index, kind="elements", CTP04="40")
    assert f"run={run}" in str(done.url)
    assert "It is accepted now" in done.text


def test_the_list_is_exported_as_csv(browser: Browser, demo: str) -> None:
    answer = browser.get("/claims/export.csv", run=demo, order="claim")
    assert answer.headers["content-disposition"] == 'attachment; filename="claims.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 19
    assert [row["claim"] for row in rows] == sorted(row["claim"] for row in rows)
    (row,) = (row for row in rows if row["claim"] == "P4008")
    assert (row["patient"], row["drug"], row["rules"]) == ("EASTMAN, IVAN", "Elfabrio", "NDC12")
    hostile = browser.upload(FAULTY.replace(b"CLM*B1001*", b"CLM*=1+1*")).url.path.rpartition("/")[2]
    assert "\r\n'=1+1," in browser.get("/claims/export.csv", run=hostile).text


def test_invalid_filters_are_reported_and_ignored(browser: Browser, demo: str) -> None:
    listed = browser.get("/claims", run=demo, since="yesterday", least="lots", payer="x", page="0", view="odd")
    for name in ("since", "least", "payer", "page", "view"):
        assert name in text_of(listed, "//*[@role='alert']")
    assert len(claim_addresses(listed)) == 19


def test_the_list_is_paged(browser: Browser, demo: str) -> None:
    first = browser.get("/claims", run=demo, view="all", order="newest")
    second = browser.get("/claims", run=demo, view="all", order="newest", page=2)
    assert len(claim_addresses(first)) == 50
    assert len(claim_addresses(second)) == 5
    assert 'rel="next"' in first.text
    assert 'rel="prev"' in second.text
    assert not set(claim_addresses(first)) & set(claim_addresses(second))


def test_urls_hold_no_name_and_no_claim_number(browser: Browser, demo: str) -> None:
    pages = [
        browser.get("/claims", run=demo),
        browser.get(f"/runs/{demo}"),
        browser.get("/runs"),
        browser.get("/rules"),
    ]
    pages.append(browser.get(claim_addresses(pages[0])[0]))
    for address in {found for answer in pages for found in re.findall(r'(?:href|action)="(/[^"]*)"', answer.text)}:
        assert not re.search(r"P\d{4}|TRICARE|HARTLEY|1457002313|99726", address), address


def test_a_run_shows_its_result(browser: Browser, demo: str) -> None:
    page = browser.get(f"/runs/{demo}")
    assert "Work on 19 claims" in page.text
    assert f"/v1/runs/{demo}/artifacts/html" in page.text
    assert browser.get(f"/v1/runs/{demo}/artifacts/html").status_code == 200
    assert browser.get("/runs/0123456789abcdef").status_code == 404
    assert browser.get("/runs", page=2).status_code == 200


def test_what_was_not_checked_is_on_the_pages_of_file_and_claim(browser: Browser) -> None:
    """The service date is after the last day of every table."""
    late = base().replace(b"20231114", b"20991114")
    run = browser.upload(late, as_of="2099-12-01")
    assert "Not checked, and why" in run.text
    (claim,) = claim_addresses(browser.get("/claims", view="all", run=run.url.path.rpartition("/")[2]))
    shown = browser.get(claim).text
    assert "Not checked, and why" in shown
    assert "installed until" in shown
    assert "x12proc reference" in shown


def test_a_failed_file_is_reported(browser: Browser) -> None:
    answer = browser.upload(FAULTY[:-20], "cut off.edi")
    assert "can't be read to its end" in text_of(answer, "//*[@role='alert']")
    assert "cut off.edi" in answer.text
    assert "<b>1</b>to do" in answer.text.replace("\n", "")


def test_claims_of_a_failed_file_are_not_listed(browser: Browser) -> None:
    before = claim_addresses(browser.get("/claims"))
    answer = browser.upload(FAULTY.replace(b"B1001", b"B7771")[:-20], "cut off.edi")
    assert claim_addresses(browser.get("/claims")) == before
    assert "Work on" not in answer.text


def test_a_file_submitted_twice_is_listed_once(browser: Browser) -> None:
    twice = FAULTY.replace(b"B1001", b"B7772")
    before = set(claim_addresses(browser.get("/claims")))
    browser.upload(twice, "first.edi")
    second = browser.upload(twice, "second.edi")
    assert len(set(claim_addresses(browser.get("/claims"))) - before) == 1
    run = re.search(r"/runs/([0-9a-f]{16})", second.text)
    assert run is not None
    assert len(claim_addresses(browser.get("/claims", run=run[1]))) == 1, "shown where its run is asked for"


def test_saving_without_a_change_is_no_change(browser: Browser) -> None:
    claim = browser.only_claim()
    index = find_segment(browser.get(claim), "CTP")
    answer = browser.send(f"{claim}/segments", index=index, kind="replace", text="CTP****0*ML~")
    assert "Nothing was changed" in answer.text
    assert "changed here" not in browser.get(claim).text


def test_a_body_that_is_not_x12_is_refused(browser: Browser) -> None:
    answer = browser.upload(b"hello")
    assert answer.status_code == 400
    assert "this is not an X12 interchange" in answer.text
    assert browser.upload(FAULTY, profile="nobody").status_code == 400


def test_the_list_has_patient_drug_and_age(browser: Browser, demo: str) -> None:
    listed = browser.get("/claims", run=demo, rule="NDC12")
    assert text_of(listed, "//td[@data-l='Patient']") == "EASTMAN, IVAN"
    assert text_of(listed, "//td[@data-l='Drug']") == "Elfabrio"
    age = (date.today() - date(2023, 12, 5)).days  # noqa: DTZ011 - as in the service
    assert text_of(listed, "//td[@data-l='Age']") == f"{age:,} d"


def facts_of(answer: httpx.Response) -> dict[str, str]:
    """Return the facts on a claim's page by their labels; of several lines the last counts."""
    terms = html.fromstring(answer.text).xpath("//dl[@class='facts']/div/dt")
    return {term.text: " ".join(term.getnext().text_content().split()) for term in terms}


def test_a_claim_shows_what_was_read_beside_its_element(browser: Browser, demo: str) -> None:
    (address,) = claim_addresses(browser.get("/claims", run=demo, rule="NDC12"))
    shown = facts_of(browser.get(address))
    assert shown["Patient"] == "EASTMAN, IVAN NM103, Box 2"
    assert shown["Birth date"] == "1985-05-10 DMG02, Box 3"
    assert shown["Member id"] == "231772397 NM109, Box 1a"
    assert shown["Service date"] == "2023-12-05 DTP03, Box 24A"
    assert shown["NDC"] == "10122016002 LIN03, Box 24A shaded"
    assert shown["Dose"] == "80 MG read from the text (SV101-7)"
    assert shown["Strength"] == "20 MG in 10 ML read from the text (SV101-7)"
    assert shown["Quantity of the NDC"] == "40 ML CTP04, Box 24A shaded"
    assert shown["Units"] == "1 UN SV104, Box 24G"


def test_facts_that_were_not_sent_are_said_or_left_out(browser: Browser) -> None:
    bare = base().replace(b"LIN**N4*10122016002~\n", b"").replace(b"CTP****40*ML~\n", b"")
    bare = bare.replace(b"SE*37*", b"SE*35*").replace(b"DMG*D8*", b"DMG*D8*X")
    shown = facts_of(browser.get(browser.only_claim(bare)))
    assert "NDC" not in shown
    assert "Quantity of the NDC" not in shown
    assert shown["Birth date"].startswith("X")


# -- a claim ---------------------------------------------------------------------------------------------------


def test_a_claim_shows_its_findings_and_their_location(browser: Browser) -> None:
    shown = browser.get(browser.only_claim())
    assert text_of(shown, "//mark[@data-rules='QTY01']") == "0"
    assert text_of(shown, "//div[contains(@class, 'hit')]//code") == "CTP****0*ML"
    finding = text_of(shown, "//section[@aria-label='QTY01']")
    assert "How to fix:" in finding
    assert "source:" in finding
    assert "CTP04" in finding


def test_a_fixed_segment_makes_the_claim_accepted(service: Service, browser: Browser) -> None:
    claim = browser.only_claim()
    index = find_segment(browser.get(claim), "CTP")
    done = browser.send(f"{claim}/segments", index=index, kind="replace", text="CTP****40*ML~")
    assert "scrubbed again. It is accepted now" in done.text
    assert "accepted" in text_of(done, "//h1")
    assert corrected(browser, claim) == base()
    run = re.search(r"/runs/([0-9a-f]{16})", done.text)
    assert run
    assert claim_addresses(browser.get("/claims", run=run[1])) == []
    assert claim_addresses(browser.get("/claims", run=run[1], view="fixed")) == [claim]
    number = int(claim.rpartition("/")[2])
    with service.services.store.reading() as session:
        change = session.scalars(select(Change).where(Change.claim_id == number)).one()
        assert (change.by, change.before, change.after) == ("tester", "CTP****0*ML", "CTP****40*ML~")
        event = session.scalars(select(Event).where(Event.claim_id == number)).one()
        assert "CTP" not in event.action


def test_inserted_and_deleted_segments_change_se01(browser: Browser) -> None:
    claim = browser.only_claim(base())
    index = find_segment(browser.get(claim), "HI")
    done = browser.send(f"{claim}/segments", index=index, kind="insert", text="HCP*00*100")
    assert text_of(done, f"//div[@id='s{index + 1}']//code") == "HCP*00*100"
    assert corrected(browser, claim) == base().replace(
        b"HI*ABK:E7521~\n", b"HI*ABK:E7521~\nHCP*00*100~\n"
    ).replace(b"SE*37*", b"SE*38*")
    browser.send(f"{claim}/segments", index=index + 1, kind="delete")
    assert corrected(browser, claim) == base()
    browser.send(f"{claim}/segments", index=index + 1, kind="delete")
    assert b"SE*36*" in corrected(browser, claim)
    undone = browser.send(f"{claim}/undo")
    assert "All changes are undone" in undone.text
    assert corrected(browser, claim) == base()


@pytest.mark.parametrize("style", ["tilde-crlf", "pipe", "newline", "control", "tilde"])
def test_a_segment_is_edited_by_element(browser: Browser, style: str) -> None:
    claim = browser.only_claim(restyle(FAULTY, style))
    index = find_segment(browser.get(claim), "CTP")
    form = browser.get(claim, edit=index)
    assert "Quantity of the NDC CTP04 look here above zero, up to three decimals" in text_of(
        form, "//div[@class='elements']/p[4]"
    )
    assert html.fromstring(form.text).xpath("//input[@autofocus]/@name") == ["CTP04"]
    done = browser.send(f"{claim}/segments", index=index, kind="elements", CTP04="40")
    assert "It is accepted now" in done.text
    assert corrected(browser, claim) == restyle(base(), style)


def test_components_are_edited_by_their_names(browser: Browser) -> None:
    claim = browser.only_claim(base())
    index = find_segment(browser.get(claim), "SV1*HC:J3590")
    shown = browser.get(claim, edit=index)
    assert "Modifier 1 SV101-3" in text_of(shown, "//div[@class='elements']")
    done = browser.send(f"{claim}/segments", index=index, kind="elements", **{"SV101-3": "KX", "SV107-2": ""})
    before = next(line for line in base().split(b"~") if b"SV1*HC:J3590" in line).strip().decode()
    elements = before.split(":")
    elements[2] = "KX"
    assert text_of(done, f"//div[@id='s{index}']//code") == ":".join(elements)


def test_an_unchanged_form_of_elements_changes_nothing(browser: Browser) -> None:
    claim = browser.only_claim(base())
    page = browser.get(claim)
    for head in ("CLM", "HI", "SV1*HC:J3590", "LIN", "CTP", "DTP", "REF*6R", "NM1", "LX"):
        numbers = re.findall(r'<div id="s(\d+)"[^>]*>.*?<code>(.*?)</code>', page.text)
        index = next(n for n, code in numbers if re.sub("<[^>]+>", "", code).startswith(head))
        shown = html.fromstring(browser.get(claim, edit=index).text)
        fields = {node.get("name"): node.get("value") for node in shown.xpath("//div[@class='elements']//input")}
        assert len(fields) > 0, head
        answer = browser.send(f"{claim}/segments", index=index, kind="elements", **fields)
        assert "Nothing was changed" in answer.text, head


def test_a_separator_in_an_element_is_refused_and_the_form_kept(browser: Browser) -> None:
    claim = browser.only_claim()
    index = find_segment(browser.get(claim), "SV1*HC:J3590")
    for text in ("A*B", "A~B", "A:B"):
        answer = browser.send(f"{claim}/segments", index=index, kind="elements", **{"SV101-7": text})
        assert answer.status_code == 422
        assert "separates elements or segments" in text_of(answer, "//*[@role='alert']")
        assert html.fromstring(answer.text).xpath("//input[@name='SV101-7']/@value") == [text]


@pytest.mark.parametrize("style", ["crlf", "pipe", "newline", "control", "tilde"])
def test_files_with_any_delimiters_can_be_edited(browser: Browser, style: str) -> None:
    style = {"crlf": "tilde-crlf"}.get(style, style)
    data = restyle(FAULTY, style)
    claim = browser.only_claim(data)
    shown = browser.get(claim)
    index = find_segment(shown, "CTP")
    form = browser.get(claim, edit=index)
    text = re.search(r'<input id="text"[^>]*value="([^"]*)"', form.text)
    assert text
    browser.send(f"{claim}/segments", index=index, kind="replace", text=text[1].replace("0", "40"))
    assert corrected(browser, claim) == restyle(base(), style)


@pytest.mark.parametrize(
    ("index", "kind", "text", "why"),
    [
        (5, "replace", "LIN**N4*1~CTP****1*ML", "ends a segment"),
        (5, "replace", "", "empty"),
        (5, "replace", "CTP", "begins with its tag"),
        (5, "replace", "SE*5*0001", "not allowed inside"),
        (5, "insert", "CLM*X*1", "not allowed inside"),
        (5, "insert", "ISA*00", "not allowed inside"),
        (5, "insert", "HL*3**22*0", "not allowed inside"),
        (0, "delete", "", "begins the claim"),
        (0, "replace", "HI*ABK:E7521", "is its CLM"),
        (5, "replace", "NTE*ADD*na\u00efve", "character"),
        (5, "replace", "NTE*ADD*a\nb", "one line"),
        (5, "replace", "NTE*ADD*" + "x" * 3000, "one line"),
        (400, "replace", "NTE*ADD*x", "no such segment"),
    ],
)
def test_an_edit_that_breaks_the_file_is_refused_and_its_text_kept(
    browser: Browser, index: int, kind: str, text: str, why: str
) -> None:
    claim = browser.only_claim()
    answer = browser.send(f"{claim}/segments", index=index, kind=kind, text=text)
    assert answer.status_code == 422
    assert why in text_of(answer, "//*[@role='alert']")
    if kind != "delete" and index < 400 and "\n" not in text:
        (box,) = re.findall(r'<input id="text"[^>]*value="([^"]*)"', answer.text)
        assert box == text
    assert corrected(browser, claim) == FAULTY


def test_a_concurrent_edit_is_not_overwritten(service: Service, browser: Browser) -> None:
    claim = browser.only_claim()
    index = find_segment(browser.get(claim), "CTP")
    with Browser(service, service.key_for("second-editor", "read", "edit")) as second:
        second.send(f"{claim}/segments", index=index, kind="replace", text="CTP****41*ML")
    late = browser.send(f"{claim}/segments", index=index, kind="replace", text="CTP****42*ML", version="0")
    assert late.status_code == 422
    assert "changed meanwhile" in late.text
    assert b"CTP****41*ML" in corrected(browser, claim)


def test_a_proposed_fix_is_applied(browser: Browser) -> None:
    claim = browser.only_claim(NOT_FIXED)
    shown = browser.get(claim)
    assert "10122016002" in text_of(shown, "//h2[@id='fixes']/following-sibling::section")
    rule = re.search(r'name="rule" value="(\w+)"><button>Accept', shown.text)
    assert rule
    assert browser.send(f"{claim}/fixes", fix="0", rule="NDC99").status_code == 422
    done = browser.send(f"{claim}/fixes", fix="0", rule=rule[1])
    assert "The fix was applied" in done.text
    assert corrected(browser, claim) == base()
    assert browser.send(f"{claim}/fixes", fix="0", rule=rule[1]).status_code == 422


def test_a_claim_without_target_code_is_no_longer_checked(browser: Browser) -> None:
    claim = browser.only_claim()
    page = browser.get(claim)
    index = find_segment(page, "SV1*HC:J3590")
    done = browser.send(f"{claim}/segments", index=index, kind="replace", text="SV1*HC:J2508:JZ*14880*UN*80***1")
    assert "no longer bills a target code" in done.text


def test_the_corrected_file_is_valid(browser: Browser) -> None:
    """Edit six rejected claims of the demo: envelopes and implementation guide are as valid as before."""
    answer = browser.upload(CLINIC.read_bytes())
    run = answer.url.path.rpartition("/")[2]
    for claim in claim_addresses(browser.get("/claims", run=run))[:6]:
        index = find_segment(browser.get(claim), "HI") - 1
        browser.send(f"{claim}/segments", index=index, kind="insert", text="K3*LOOKED AT")
    data = browser.get(f"/runs/{run}/corrected").content
    assert data.count(b"K3*LOOKED AT") == 6
    assert data.replace(b"K3*LOOKED AT~\n", b"").count(b"~") == CLINIC.read_bytes().count(b"~")
    assert [event for event in scan(data, ("J3590",)) if isinstance(event, Fault)] == []
    assert len(guide_errors(data)) <= len(guide_errors(CLINIC.read_bytes()))


# -- bypasses --------------------------------------------------------------------------------------------------


def test_a_rule_is_bypassed_with_reason_and_end(service: Service, browser: Browser) -> None:
    claim = browser.only_claim()
    until = (date.today() + timedelta(days=10)).isoformat()  # noqa: DTZ011 - as in the service
    done = browser.send(f"{claim}/bypasses", rule="QTY01", reason="Payer agreed by phone, ref 4711", until=until)
    assert "accepted" in text_of(done, "//h1")
    kept = text_of(done, "//h2[@id='bypasses']/following-sibling::section[1]")
    assert f"QTY01 until {until}" in kept
    assert "Payer agreed by phone, ref 4711" in kept
    assert "tester" in kept
    run = re.search(r"/runs/([0-9a-f]{16})", done.text)
    assert run
    assert claim_addresses(browser.get("/claims", run=run[1], view="bypassed")) == [claim]
    bypass = re.search(r"/bypasses/(\d+)/withdraw", done.text)
    assert bypass
    back = browser.send(f"{claim}/bypasses/{bypass[1]}/withdraw")
    assert "rejected" in text_of(back, "//h1")
    assert claim_addresses(browser.get("/claims", run=run[1])) == [claim]
    with service.services.store.reading() as session:
        row = session.get_one(BypassRow, int(bypass[1]))
        assert (row.by, row.reason, row.withdrawn is None) == ("tester", "Payer agreed by phone, ref 4711", False)


def test_the_bypassed_list_says_rule_reason_end_and_user(browser: Browser) -> None:
    claim = browser.only_claim()
    until = (date.today() + timedelta(days=10)).isoformat()  # noqa: DTZ011 - as in the service
    done = browser.send(f"{claim}/bypasses", rule="QTY01", reason="Agreed by phone, ref 0815", until=until)
    run = re.search(r"/runs/([0-9a-f]{16})", done.text)
    assert run
    listed = browser.get("/claims", run=run[1], view="bypassed")
    assert text_of(listed, "//thead").endswith("RuleUntilReason, by")
    assert text_of(listed, "//tbody//td[@data-l='Rule']") == "QTY01"
    assert text_of(listed, "//tbody//td[@data-l='Until']") == until
    assert text_of(listed, "//tbody//td[last()]") == "Agreed by phone, ref 0815 tester"
    assert "Findings" not in text_of(listed, "//thead")
    assert text_of(done, "//h2[@id='findings']") == "", "a heading without anything below it"


def test_deleting_a_segment_asks_first(browser: Browser) -> None:
    claim = browser.only_claim()
    index = find_segment(browser.get(claim), "HI")
    assert f'href="{claim}?delete={index}#s{index}"' in browser.get(claim, edit=index).text
    asked = browser.get(claim, delete=index)
    assert "Delete this segment? HI*ABK:E7521" in text_of(asked, "//form[@class='editor']")
    assert "HI*ABK:E7521" in text_of(browser.get(claim), "//div[@class='edi']"), "nothing is deleted by asking"
    assert browser.get(claim, delete=0).status_code == 400, "a claim's CLM is never deleted"


def test_an_expired_bypass_reopens_the_claim(service: Service, browser: Browser) -> None:
    claim = browser.only_claim()
    until = date.today().isoformat()  # noqa: DTZ011 - as in the service
    done = browser.send(f"{claim}/bypasses", rule="QTY01", reason="until tonight", until=until)
    assert "accepted" in text_of(done, "//h1")
    number = int(claim.rpartition("/")[2])
    with service.services.store.writing() as session:
        session.execute(update(BypassRow).where(BypassRow.claim_id == number).values(until="2020-01-01"))
        session.execute(update(ClaimRow).where(ClaimRow.id == number).values(bypass_until="2020-01-01"))
    run = re.search(r"/runs/([0-9a-f]{16})", done.text)
    assert run
    assert claim_addresses(browser.get("/claims", run=run[1])) == [claim]
    assert "rejected" in text_of(browser.get(claim), "//h1")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"reason": ""}, "needs a reason"),
        ({"until": "soon"}, "is a date"),
        ({"until": "2020-01-01"}, "within a year"),
        ({"until": "2199-01-01"}, "within a year"),
        ({"rule": "NDC01"}, "not reported"),
    ],
)
def test_a_bypass_needs_reason_and_end(browser: Browser, fields: dict[str, str], why: str) -> None:
    claim = browser.only_claim()
    given = {"rule": "QTY01", "reason": "a good one", "until": date.today().isoformat(), **fields}  # noqa: DTZ011 - local
    answer = browser.send(f"{claim}/bypasses", **given)
    assert answer.status_code == 422
    assert why in answer.text


# -- rule statistics -------------------------------------------------------------------------------------------


def test_states_of_findings_are_counted_by_rule(own_service: Service) -> None:
    with Browser(own_service) as browser:
        fixed, bypassed, _ = (browser.only_claim() for _ in range(3))
        index = find_segment(browser.get(fixed), "CTP")
        browser.send(f"{fixed}/segments", index=index, kind="replace", text="CTP****40*ML")
        until = date.today().isoformat()  # noqa: DTZ011 - as in the service
        browser.send(f"{bypassed}/bypasses", rule="QTY01", reason="it was agreed", until=until)
        page = browser.get("/rules")
        row = text_of(page, "//tbody/tr[td/a[text()='QTY01']]")
        assert re.search(r"QTY01 \S+ 3 ?1 ?1 ?1 ?\$15,125.00$", row), row
        assert re.fullmatch(r"[\d-]{10}33", text_of(page, "//details//tbody"))
        bars = re.findall(r'<rect class="(fixed|bypassed|open)" x="([\d.]+)" width="([\d.]+)"', page.text)
        assert bars == [("fixed", "0.0", "80.0"), ("bypassed", "80.0", "80.0"), ("open", "160.0", "80.0")]
        assert browser.get("/rules", days="0").status_code == 400
        assert "How to fix" in browser.get("/rules/QTY01").text
        assert browser.get("/rules/NDC999").status_code == 404


def test_the_chart_of_days_has_axis_numbers_and_legend(own_service: Service) -> None:
    with Browser(own_service) as browser:
        for data in (FAULTY, FAULTY.replace(b"B1001", b"B1002"), base().replace(b"B1001", b"B1003")):
            browser.upload(data)
        page = browser.get("/rules")
    assert text_of(page, "//*[@class='chart']/*[@text-anchor='end']") == "0 1 2 3"
    assert text_of(page, "//*[@class='chart']/*[@class='number']") == "3 / 2"
    assert "of them rejected when submitted" in text_of(page, "//p[@class='legend']")
    top, half = re.findall(r'<rect class="re\w+" x="[\d.]+" y="([\d.]+)"', page.text)[:2]
    lines = re.findall(r'<line [^>]*y1="([\d.]+)"', page.text)
    assert (top, half) == (lines[3], lines[2]), "columns end at the lines of their numbers"


def test_the_axis_has_round_steps() -> None:
    for most, steps in ((0, [0, 1]), (3, [0, 1, 2, 3]), (55, [0, 20, 40, 60]), (4321, [0, 2000, 4000, 6000])):
        days = [DayStats("2026-11-01", most, 0)]
        assert [label.text for label in day_chart(days).axis] == [f"{step:,}" for step in steps]


def test_pages_render_without_claims(own_service: Service) -> None:
    with Browser(own_service) as browser:
        for page in ("/claims", "/runs", "/rules"):
            assert browser.get(page).status_code == 200
