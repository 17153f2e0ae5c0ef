"""The OpenAPI document matches the service: schemathesis sends valid and invalid requests."""

from __future__ import annotations

from typing import Any

import httpx
import hypothesis
import schemathesis
from hypothesis import HealthCheck
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance
from support.services import Service

from x12proc.service.app import openapi_document

# A body must also be X12 and a profile must exist, which a schema can't express: 400 is right then.
_NOT_APPLICABLE = positive_data_acceptance


def test_every_response_is_declared_and_none_is_5xx(service: Service) -> None:
    schema = schemathesis.openapi.from_dict(openapi_document(service.app))
    headers = {"Authorization": f"Bearer {service.key}"}
    sent = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        @hypothesis.settings(
            max_examples=15,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy())
        def send(case: schemathesis.Case[Any]) -> None:
            nonlocal sent
            sent += 1
            case.call_and_validate(base_url=service.url, headers=headers, excluded_checks=[_NOT_APPLICABLE])

        send()
    assert sent > 50


def test_the_document_is_complete(api: httpx.Client) -> None:
    document = api.get("/v1/openapi.json").json()
    assert set(document["paths"]) >= {
        "/healthz",
        "/metrics",
        "/v1/scrub",
        "/v1/runs",
        "/v1/runs/{run_id}",
        "/v1/runs/{run_id}/artifacts/{kind}",
        "/v1/rules",
        "/v1/profiles",
    }
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"], path
            assert operation["description"], path
            assert operation["security"] == ([] if path == "/healthz" else [{"key": []}])
            assert all(answer["description"] for answer in operation["responses"].values())
    scrub = document["paths"]["/v1/scrub"]["post"]
    assert {"200", "202", "400", "401", "413", "415", "422", "429"} <= set(scrub["responses"])
    assert "HTTPValidationError" not in str(document)
