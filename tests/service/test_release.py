"""Releases: whole valid EDI with the claims accepted now, each claim once, whatever process dies."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import select
from support.browser import FAULTY, Browser, claim_addresses, text_of
from support.edi import CLINIC, base
from support.pyx12_oracle import guide_errors
from support.services import Service, post

from x12proc.service.db.store import Store
from x12proc.service.db.tables import ClaimRow, Event, Release
from x12proc.wire.events import Fault
from x12proc.wire.scanner import scan

CLAIM = re.compile(rb"CLM\*([A-Z]\d{4})\*")


def claims_of(data: bytes) -> list[str]:
    """Return the numbers of the claims in a file."""
    return [number.decode() for number in CLAIM.findall(data)]


def run_of(browser: Browser, data: bytes) -> str:
    """Submit a file and return its run."""
    return browser.upload(data, "batch 7.edi").url.path.rpartition("/")[2]


def test_accepted_claims_are_released_once_and_rejected_ones_stay(own_service: Service) -> None:
    data = CLINIC.read_bytes()
    everything = Counter(claims_of(data))
    with Browser(own_service) as browser, own_service.client() as api:
        run = run_of(browser, data)
        rejected = [number for number, _ in rejected_of(own_service)]
        made = api.post(f"/v1/runs/{run}/release")
        assert made.status_code == 201
        first = api.get(f"/v1/runs/{run}/releases/{made.json()['id']}")
        assert Counter(claims_of(first.content)) == everything - Counter(rejected)
        assert guide_errors(first.content) == []
        assert not [event for event in scan(first.content, ()) if isinstance(event, Fault)]
        page = browser.get(f"/runs/{run}").text
        assert f'download="batch_7.release-{made.json()["id"]}.edi"' in page
        assert 'download="batch_7.corrected.edi"' in page
        assert first.headers["content-disposition"] == "attachment", "a file name may identify a patient"
        again = api.post(f"/v1/runs/{run}/release")
        assert (again.status_code, again.json()["error"]["code"]) == (409, "nothing-to-release")

        (claim,) = claim_addresses(browser.get("/claims", run=run, rule="QTY01"))
        index = re.search(r'id="s(\d+)" class="hit"', browser.get(claim).text)
        assert index
        fixed = browser.send(f"{claim}/segments", index=index[1], kind="elements", CTP04="40")
        assert "It is accepted now" in fixed.text
        second = api.post(f"/v1/runs/{run}/release").json()
        content = api.get(f"/v1/runs/{run}/releases/{second['id']}").content
        assert (second["target_claims"], second["other_claims"]) == (1, 0)
        assert len(claims_of(content)) == 1
        assert b"CTP****40*" in content
        assert guide_errors(content) == []
        assert [entry["id"] for entry in api.get(f"/v1/runs/{run}/releases").json()] == [
            made.json()["id"],
            second["id"],
        ]
        left = set(claim_addresses(browser.get("/claims", run=run)))
        assert len(left) == len(rejected) - 1


def rejected_of(service: Service) -> list[tuple[str, int]]:
    """Return the numbers and ids of the claims that are rejected."""
    with service.services.store.reading() as session:
        found = select(ClaimRow.claim_number, ClaimRow.id).where(ClaimRow.disposition == "rejected")
        return [(number, claim) for number, claim in session.execute(found)]


def test_only_fixed_claims_are_released_on_request(own_service: Service) -> None:
    with Browser(own_service) as browser, own_service.client() as api:
        run = run_of(browser, CLINIC.read_bytes())
        assert api.post(f"/v1/runs/{run}/release", params={"which": "fixed"}).status_code == 409
        claim = claim_addresses(browser.get("/claims", run=run))[0]
        rule = text_of(browser.get(claim), "//section/h3/a").split()[0]
        today = date.today().isoformat()  # noqa: DTZ011 - as in the service
        browser.send(f"{claim}/bypasses", rule=rule, reason="agreed by phone", until=today)
        made = api.post(f"/v1/runs/{run}/release", params={"which": "fixed"}).json()
        assert (made["target_claims"], made["other_claims"]) == (1, 0)
        rest = api.post(f"/v1/runs/{run}/release").json()
        both = [api.get(f"/v1/runs/{run}/releases/{entry['id']}").content for entry in (made, rest)]
        assert not set(claims_of(both[0])) & set(claims_of(both[1]))


def test_a_released_claim_is_never_changed(own_service: Service) -> None:
    with Browser(own_service) as browser:
        run = run_of(browser, base())
        (claim,) = claim_addresses(browser.get("/claims", run=run, view="all"))
        page = browser.send(f"/runs/{run}/release", which="all")
        assert "1 target claim, 0 others" in text_of(page, "//main//ul/li")
        assert "The claim was released" in browser.get(claim).text
        answer = browser.send(f"{claim}/segments", version="0", index="1", kind="delete")
        assert answer.status_code == 422
        assert "can't be changed any more" in answer.text


def test_a_release_needs_its_scope_a_token_and_a_readable_file(own_service: Service) -> None:
    with Browser(own_service) as browser, own_service.client() as api:
        run = run_of(browser, base())
        reader = own_service.key_for("reader", "read", "edit", "scrub", "bypass")
        with own_service.client(reader) as client:
            assert client.post(f"/v1/runs/{run}/release").status_code == 403
            assert client.get(f"/v1/runs/{run}/corrected").content == base()
        assert browser.post(f"/runs/{run}/release", {"token": "x"}).status_code == 403
        assert browser.post(f"/v1/runs/{run}/release", {}).status_code == 401, "a session may not post to the API"
        assert api.post("/v1/runs/0123456789abcdef/release").status_code == 404
        assert api.get(f"/v1/runs/{run}/releases/0123456789abcdef").status_code == 404
        failed = run_of(browser, FAULTY[:-20])
        assert api.post(f"/v1/runs/{failed}/release").json()["error"]["code"] == "failed-file"


def test_the_same_file_is_not_released_twice(own_service: Service) -> None:
    with own_service.client() as api:
        first, second = (post(api, base()).headers["X12proc-Run"] for _ in range(2))
        assert api.post(f"/v1/runs/{first}/release").status_code == 201
        answer = api.post(f"/v1/runs/{second}/release")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "released-before")


def test_requests_at_the_same_time_release_each_claim_once(own_service: Service) -> None:
    with own_service.client() as api:
        run = post(api, CLINIC.read_bytes()).headers["X12proc-Run"]

        def release(_: int) -> int:
            with own_service.client() as client:
                return client.post(f"/v1/runs/{run}/release").status_code

        with ThreadPoolExecutor(6) as pool:
            answers = Counter(pool.map(release, range(6)))
        assert answers == {201: 1, 409: 5}
        assert len(api.get(f"/v1/runs/{run}/releases").json()) == 1


_RELEASE = """
import sys, time
from pathlib import Path
from x12proc.service.jobs import release
from x12proc.service.jobs.release import ReleaseJob, release_claims

step, data, run = sys.argv[1:]
original = getattr(release, step)

def paused(*arguments):
    result = original(*arguments)
    print("here", flush=True)
    time.sleep(60)
    return result

setattr(release, step, paused)
release_claims(ReleaseJob(data=Path(data), config=None, run_id=run, by="tester", which="all"))
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize("step", ["_choose", "write_edited", "_split", "_sync_folder", "_write", "_record"])
def test_a_release_that_is_killed_loses_and_doubles_nothing(own_service: Service, step: str) -> None:
    data = CLINIC.read_bytes()
    store: Store = own_service.services.store
    with own_service.client() as api:
        run = post(api, data).headers["X12proc-Run"]
        rejected = [number for number, _ in rejected_of(own_service)]
        arguments = [sys.executable, "-c", _RELEASE, step, str(store.folder), run]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"here\n"
            process.send_signal(signal.SIGKILL)
        store.delete_orphans()
        assert api.get(f"/v1/runs/{run}/releases").json() == []
        assert list(store.run_folder(run).glob("release-*")) == []
        made = api.post(f"/v1/runs/{run}/release")
        assert made.status_code == 201
        released = api.get(f"/v1/runs/{run}/releases/{made.json()['id']}").content
    assert Counter(claims_of(released)) == Counter(claims_of(data)) - Counter(rejected)
    with store.reading() as session:
        assert len(list(session.scalars(select(Release)))) == 1
        actions = [event.action for event in session.scalars(select(Event)) if event.action.startswith("released")]
    assert len(actions) == 1
