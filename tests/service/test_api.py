"""The API: forms of the response, statuses, keys and scopes, runs and artifacts."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import jsonschema
import pytest
from sqlalchemy import text
from support.edi import CLINIC, base
from support.services import AS_OF, EDI, Service, post

from x12proc.service.api.schemas import accepted_form
from x12proc.service.auth import OPEN_PATHS
from x12proc.service.errors import HttpError

SCHEMA = json.loads(
    (Path(__file__).parent.parent.parent / "x12proc" / "reports" / "report.schema.json").read_text()
)
FAULTY = base().replace(b"CTP****40*ML", b"CTP****0*ML")


# -- the result ------------------------------------------------------------------------------------------------


def test_the_default_response_is_the_report(api: httpx.Client) -> None:
    answer = post(api, FAULTY)
    assert answer.status_code == 200
    assert answer.headers["X12proc-Status"] == "rejected"
    report = answer.json()
    jsonschema.validate(report, SCHEMA)
    assert report["summary"]["rejected_claims"] == 1
    assert "QTY01" in report["summary"]["by_rule"]


def test_accept_chooses_the_form(api: httpx.Client) -> None:
    annotated = post(api, FAULTY, EDI)
    assert annotated.headers["content-type"] == EDI
    assert b"NTE*TPO*X12PROC" in annotated.content
    ack = post(api, FAULTY, f"{EDI}; form=277ca")
    assert ack.headers["content-type"] == f"{EDI}; form=277ca"
    assert b"ST*277*" in ack.content
    assert b"ST*999*" in post(api, FAULTY, f"{EDI};form=999").content
    html = post(api, FAULTY, "text/html")
    assert html.text.startswith("<!DOCTYPE html")
    assert "sandbox" in html.headers["content-security-policy"]
    assert post(api, FAULTY, "text/csv").text.count("QTY01") == 1
    assert post(api, FAULTY, "application/xml").text.startswith("<?xml")
    assert post(api, FAULTY, "image/png").status_code == 406


def test_the_parameter_form_takes_precedence_over_accept(api: httpx.Client) -> None:
    ack = post(api, FAULTY, "application/json", form="277ca")
    assert ack.headers["content-type"] == f"{EDI}; form=277ca"
    assert b"ST*277*" in ack.content
    assert post(api, FAULTY, "image/png", form="csv").headers["content-type"] == "text/csv; charset=utf-8"
    assert b"NTE*TPO*X12PROC" in post(api, FAULTY, form="annotated").content
    assert post(api, FAULTY, form="pdf").status_code == 400


@pytest.mark.parametrize("query", [{}, {"dry_run": "true"}])
def test_a_form_without_content_gets_204(api: httpx.Client, query: dict[str, str]) -> None:
    for answer in (
        post(api, FAULTY, form="accepted", **query),
        post(api, FAULTY, f"{EDI}; form=accepted", **query),
        post(api, base(), form="rejected", **query),
        post(api, FAULTY, form="ta1", **query),
    ):
        assert answer.status_code == 204
        assert answer.content == b""
        assert "content-type" not in answer.headers
        assert answer.headers["X12proc-Status"] in ("accepted", "rejected")
        assert ("X12proc-Run" in answer.headers) == (not query)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("text/*", "html"),
        ("text/csv;q=0.5, text/html;q=0.8", "html"),
        ("application/edi-x12", "annotated"),
        ('application/edi-x12; form="ta1"', "ta1"),
        ("application/EDI-X12; FORM=999; q=0.9, application/json;q=0.1", "999"),
    ],
)
def test_the_preferred_form_is_chosen(accept: str, form: str) -> None:
    assert accepted_form(accept) == form


def test_unavailable_forms_are_refused() -> None:
    for accept in ("application/json;q=0", "application/edi-x12; form=nonsense", ";;,,="):
        with pytest.raises(HttpError):
            accepted_form(accept)


def test_a_multipart_upload_is_scrubbed(api: httpx.Client) -> None:
    files = {"file": ("JOHN SMITH.edi", FAULTY, EDI)}
    answer = api.post("/v1/scrub", files=files, data={"note": "x"}, params={"as_of": AS_OF})
    assert answer.status_code == 200
    assert answer.json()["input"]["name"] == "input.edi"
    assert answer.json()["input"]["bytes"] == len(FAULTY)


def test_options_of_a_request_are_applied(api: httpx.Client) -> None:
    assert post(api, FAULTY, profile="uhc").json()["claims"][0]["profile"] == "uhc"
    assert post(api, base(), codes="J1234").json()["summary"]["target_claims"] == 0
    report = post(api, base(), conformance="off").json()
    assert report["program"]["conformance"]["mode"] == "off"
    assert report["program"]["as_of"] == AS_OF


# -- refused requests ------------------------------------------------------------------------------------------


def test_a_body_that_is_not_x12_is_refused_and_not_kept(service: Service, api: httpx.Client) -> None:
    folders = sorted(service.services.store.run_folder("x").parent.iterdir())
    for data in (b"", b"hello", b"%PDF-1.7" * 1000, b"ISA*00*"):
        answer = post(api, data)
        assert answer.status_code == 400, data
        assert answer.json()["error"]["message"]
    assert sorted(service.services.store.run_folder("x").parent.iterdir()) == folders


def test_truncated_x12_gets_422_with_the_report(api: httpx.Client) -> None:
    answer = post(api, base()[:-200], EDI)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["summary"]["status"] == "failed"
    jsonschema.validate(answer.json(), SCHEMA)


@pytest.mark.parametrize(
    "query",
    [{"profile": "nobody"}, {"codes": "X"}, {"as_of": "yesterday"}, {"emit": "pdf"}, {"conformance": "some"}],
)
def test_an_invalid_parameter_is_refused(api: httpx.Client, query: dict[str, str]) -> None:
    answer = post(api, base(), **query)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad-request"


def test_an_unknown_parameter_gets_422_and_is_not_echoed(api: httpx.Client) -> None:
    answer = post(api, base(), profle="uhc")
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "unknown-parameter"
    assert "profile" in answer.json()["error"]["message"]
    assert "profle" not in answer.text
    for path in (
        "/v1/runs",
        "/v1/rules",
        "/v1/rules/NDC01",
        "/v1/profiles",
        "/v1/openapi.json",
        "/metrics",
        "/healthz",
    ):
        assert api.get(path, params={"profle": "uhc"}).status_code == 422, path
        assert api.get(path).status_code == 200, path
    assert api.get("/v1/runs", params={"limit": 1}).status_code == 200


def test_limits_of_media_type_and_size(own_service: Service) -> None:
    with own_service.client() as api:
        assert api.post("/v1/scrub", content=base(), headers={"Content-Type": "image/png"}).status_code == 415
        assert api.post("/v1/scrub", content=base(), headers={"Content-Type": ""}).status_code == 415
        packed = {"Content-Type": EDI, "Content-Encoding": "br"}
        assert api.post("/v1/scrub", content=base(), headers=packed).status_code == 415
        form = {"Content-Encoding": "gzip"}
        assert api.post("/v1/scrub", files={"file": base()}, headers=form).status_code == 415
        gzipped = {"Content-Type": EDI, "Content-Encoding": "gzip"}
        bomb = gzip.compress(b"x" * 30_000_000)
        assert api.post("/v1/scrub", content=bomb, headers=gzipped).status_code == 413
        for damaged in (base(), gzip.compress(base())[:-20], b""):
            answer = api.post("/v1/scrub", content=damaged, headers=gzipped)
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad-gzip")
        assert post(api, b"x" * 300_000).status_code == 413
        chunks = (b"x" * 50_000 for _ in range(10))  # chunked, without Content-Length
        assert api.post("/v1/scrub", content=chunks, headers={"Content-Type": EDI}).status_code == 413
        assert api.post("/v1/scrub", files={"file": b"x" * 250_000}).status_code == 413
        assert api.post("/v1/scrub", files={"other": b"x"}).status_code == 400
        broken = {"Content-Type": "multipart/form-data; boundary=b"}
        assert api.post("/v1/scrub", content=b"--b\r\nnonsense", headers=broken).status_code == 400
        assert own_service.services.jobs.slots_used == 0


def test_fields_of_one_name_are_counted_one_by_one(api: httpx.Client) -> None:
    field = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = api.post("/v1/scrub", content=21 * field + b"--b--\r\n", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad-form")
    assert "more than 20 fields" in answer.json()["error"]["message"]


def test_a_broken_form_is_not_quoted_in_the_log(api: httpx.Client, capfd: pytest.CaptureFixture[str]) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = api.post("/v1/scrub", content=b"--b\r\nContent-Disp\x01\r\n\r\n--b", headers=headers)
    assert answer.status_code == 400
    assert "character" not in "".join(capfd.readouterr())


def test_operations_have_short_names(api: httpx.Client) -> None:
    document = api.get("/v1/openapi.json").json()
    paths = document["paths"]
    names = [operation["operationId"] for operations in paths.values() for operation in operations.values()]
    assert "scrub" in names
    assert len(set(names)) == len(names)
    assert not [name for name in names if "_v1_" in name]
    assert document["components"]["schemas"]["Report"]["title"] == "Report"


def test_a_gzip_body_is_scrubbed_like_the_file(api: httpx.Client) -> None:
    headers = {"Content-Type": EDI, "Content-Encoding": "gzip", "Accept": "application/json"}
    expected = post(api, FAULTY, dry_run=True).json()
    middle = len(FAULTY) // 2
    members = gzip.compress(FAULTY[:middle]) + gzip.compress(FAULTY[middle:])
    for body in (gzip.compress(FAULTY), members):
        options = {"as_of": AS_OF, "dry_run": "true"}
        assert api.post("/v1/scrub", content=body, headers=headers, params=options).json() == expected


def test_responses_of_the_api_are_compressed_for_clients_that_accept_it(service: Service) -> None:
    with service.client() as api:
        for accepted, encoding in (("gzip", "gzip"), ("identity", None)):
            answer = api.get("/v1/rules", headers={"Accept-Encoding": accepted})
            assert answer.headers.get("content-encoding") == encoding
            assert len(answer.json()) > 100
        ranged = api.get("/v1/rules", headers={"Accept-Encoding": "gzip", "Range": "bytes=0-99"})
        assert "content-encoding" not in ranged.headers
        page = api.get("/sign-in", headers={"Accept-Encoding": "gzip"})
        assert (page.status_code, page.headers.get("content-encoding")) == (200, None)


def test_a_slow_upload_is_refused(tmp_path: Path) -> None:
    with Service(tmp_path / "data", upload_seconds=0.2) as slow, slow.client() as api:
        waiting = threading.Event()

        def chunks() -> Iterator[bytes]:
            yield b"ISA"
            waiting.wait(1.0)
            yield b"*"

        answer = api.post("/v1/scrub", content=chunks(), headers={"Content-Type": EDI})
        assert answer.status_code == 408


def test_a_job_over_its_time_limit_is_stopped(tmp_path: Path) -> None:
    with Service(tmp_path / "data", job_seconds=0.001) as hasty, hasty.client() as api:
        answer = post(api, CLINIC.read_bytes())
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "job-failed"
        assert api.get("/v1/runs").json()["runs"] == []


# -- keys ------------------------------------------------------------------------------------------------------


def test_every_route_requires_a_key(service: Service) -> None:
    with service.client("") as stranger, service.client("x12p_1_" + "A" * 43) as guesser:
        for client in (stranger, guesser):
            for route in service.app.routes:
                path = getattr(route, "path", "").replace("{run_id}", "0" * 16).replace("{kind}", "json")
                answer = client.get(path)
                if path in OPEN_PATHS or path.startswith("/static"):
                    continue
                assert answer.status_code in (401, 303), path
            assert client.get("/v1/nothing").status_code == 401
            assert post(client, base()).status_code == 401
            assert client.get("/healthz").json() == {"status": "ok"}


def test_scopes_limit_a_key(service: Service) -> None:
    reader, sender = service.key_for("reader", "read"), service.key_for("sender", "scrub")
    with service.client(reader) as reads, service.client(sender) as sends:
        assert post(reads, base()).status_code == 403
        run = post(sends, base()).headers["X12proc-Run"]
        assert sends.get(f"/v1/runs/{run}").status_code == 403
        assert reads.get(f"/v1/runs/{run}").status_code == 200
        assert reads.delete(f"/v1/runs/{run}").status_code == 403
        assert reads.get("/metrics").status_code == 403
        assert sends.get("/v1/openapi.json").status_code == 403


# -- runs ------------------------------------------------------------------------------------------------------


def test_a_run_is_kept_with_its_artifacts_until_it_is_deleted(service: Service, api: httpx.Client) -> None:
    answer = post(api, FAULTY, emit="277ca,ta1")
    run = answer.headers["X12proc-Run"]
    document = api.get(f"/v1/runs/{run}").json()
    assert document["status"] == "rejected"
    assert document["summary"]["target_claims"] == 1
    assert {"json", "csv", "html", "annotated", "277ca"} <= set(document["artifacts"])
    for kind in document["artifacts"]:
        assert api.get(f"/v1/runs/{run}/artifacts/{kind}").status_code == 200
    assert api.get(f"/v1/runs/{run}/artifacts/json").content == answer.content
    assert api.get(f"/v1/runs/{run}/artifacts/999").status_code == 404
    assert run in [entry["id"] for entry in api.get("/v1/runs").json()["runs"]]
    assert api.delete(f"/v1/runs/{run}").status_code == 204
    assert api.get(f"/v1/runs/{run}").status_code == 404
    assert not service.services.store.run_folder(run).exists()


def test_a_deleted_run_leaves_nothing_in_the_write_ahead_log(own_service: Service) -> None:
    with own_service.client() as client:
        run = post(client, FAULTY).headers["X12proc-Run"]
        log = own_service.options.data / "x12proc.db-wal"
        assert run.encode() in log.read_bytes()
        assert client.delete(f"/v1/runs/{run}").status_code == 204
    with own_service.services.store.reading() as session:
        assert session.execute(text("SELECT count(*) FROM claims")).scalar_one() == 0
        assert session.execute(text("SELECT count(*) FROM parties")).scalar_one() == 0
    number = base().split(b"CLM*")[1].split(b"*")[0]
    assert number not in log.read_bytes()


def test_runs_are_listed_page_by_page(api: httpx.Client) -> None:
    sent = [post(api, base()).headers["X12proc-Run"] for _ in range(3)]
    seen: list[str] = []
    before: str | None = ""
    while before is not None:
        page = api.get("/v1/runs", params={"limit": 2, **({"before": before} if before else {})}).json()
        seen += [run["id"] for run in page["runs"]]
        before = page["next"]
    assert len(seen) == len(set(seen))
    assert set(sent) <= set(seen)


def test_a_dry_run_is_not_kept(service: Service, api: httpx.Client) -> None:
    folders = sorted(service.services.store.run_folder("x").parent.iterdir())
    answer = post(api, FAULTY, dry_run="true")
    assert answer.status_code == 200
    assert "X12proc-Run" not in answer.headers
    assert answer.json()["summary"]["rejected_claims"] == 1
    while sorted(service.services.store.run_folder("x").parent.iterdir()) != folders:
        time.sleep(0.01)  # it is deleted after the response


def test_a_repeated_idempotency_key_returns_the_same_run(api: httpx.Client) -> None:
    headers = {"Content-Type": EDI, "Idempotency-Key": "batch-7"}
    first = api.post("/v1/scrub", content=FAULTY, headers=headers)
    again = api.post("/v1/scrub", content=FAULTY, headers=headers)
    assert again.headers["X12proc-Run"] == first.headers["X12proc-Run"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.content == first.content
    other = api.post("/v1/scrub", content=base(), headers=headers)
    assert other.status_code == 409


def test_an_asynchronous_run_is_polled(api: httpx.Client) -> None:
    headers = {"Content-Type": EDI, "Prefer": "respond-async"}
    answer = api.post("/v1/scrub", content=CLINIC.read_bytes(), headers=headers, params={"as_of": AS_OF})
    assert answer.status_code == 202
    location = answer.headers["Location"]
    while (document := api.get(location).json())["state"] == "waiting":
        pass
    assert document["status"] == "rejected"
    bad = api.post("/v1/scrub", content=b"hello", headers=headers)
    while (document := api.get(bad.headers["Location"]).json())["state"] == "waiting":
        pass
    assert document["state"] == "broken"
    assert document["artifacts"] == []
    assert "ISA" in document["problem"]


# -- rules, profiles, metrics, headers -------------------------------------------------------------------------


def test_rules_and_profiles_are_listed(api: httpx.Client) -> None:
    rules = api.get("/v1/rules").json()
    assert api.get("/v1/rules/NDC01").json() == next(rule for rule in rules if rule["id"] == "NDC01")
    assert api.get("/v1/rules/NOPE").status_code == 404
    assert "medicare-b" in [profile["name"] for profile in api.get("/v1/profiles").json()]


def test_metrics_count_findings_and_files(service: Service, api: httpx.Client) -> None:
    post(api, FAULTY)
    text = api.get("/metrics").text
    assert 'x12proc_findings_total{rule="QTY01"}' in text
    assert 'x12proc_files_total{status="rejected"}' in text
    assert "x12proc_queue_depth 0.0" in text
    assert 'route="/v1/scrub"' in text


def test_responses_have_security_headers(api: httpx.Client) -> None:
    headers = api.get("/v1/runs").headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "server" not in headers
