"""The media types of artifacts, the form that a request accepts, and the schemas of the OpenAPI document."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from typing import Any

import msgspec
from pydantic import BaseModel, Field

from x12proc.service.api.upload import EDI
from x12proc.service.db.tables import Run
from x12proc.service.errors import HttpError

CSV, HTML, XML, JSON = "text/csv; charset=utf-8", "text/html; charset=utf-8", "application/xml", "application/json"
# The media type of each artifact. Acknowledgements are EDI too; the parameter ``form`` distinguishes them.
MEDIA_TYPES = {
    "json": JSON,
    "csv": CSV,
    "xml": XML,
    "html": HTML,
    "annotated": EDI,
    "accepted": f"{EDI}; form=accepted",
    "rejected": f"{EDI}; form=rejected",
    "999": f"{EDI}; form=999",
    "277ca": f"{EDI}; form=277ca",
    "ta1": f"{EDI}; form=ta1",
}
_PREFERRED = ("json", "annotated", "html", "csv", "xml", "277ca", "999", "ta1", "accepted", "rejected")
DEFAULT_ARTIFACTS = ("json", "csv", "html", "annotated")  # written for every run
_QUALITY = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


def accepted_form(accept: str) -> str:
    """Return the artifact that an Accept header prefers. Raises HttpError 406."""
    best, most = "", 0.0
    for entry in (accept or "*/*")[:1000].split(","):
        wanted, *parameters = [part.strip().lower() for part in entry.split(";")]
        form = next((part.removeprefix("form=").strip('"') for part in parameters if part.startswith("form=")), "")
        quality = next((float(found[1]) for part in parameters if (found := _QUALITY.fullmatch(part))), 1.0)
        kind = next((kind for kind in _PREFERRED if _fits(kind, wanted, form)), None)
        if kind is not None and quality > most:
            best, most = kind, quality
    if not best:
        offered = ", ".join(MEDIA_TYPES[kind].partition("; charset")[0] for kind in _PREFERRED)
        raise HttpError(406, "not-acceptable", f"Accept can name {offered}")
    return best


def _fits(kind: str, wanted: str, form: str) -> bool:
    media_type, _, parameter = MEDIA_TYPES[kind].partition("; ")
    if form and media_type == EDI:
        return wanted == EDI and form == parameter.removeprefix("form=")
    if parameter.startswith("form="):
        return False
    return wanted in (media_type, "*/*", media_type.partition("/")[0] + "/*")


# -- the schemas of JSON responses -----------------------------------------------------------------------------


class ErrorDetail(BaseModel):
    """The reason of an error response."""

    code: str = Field(description="A code for programs.", examples=["not-x12"])
    message: str = Field(
        description="A text for people.", examples=["The file does not begin with an ISA segment (byte 0)"]
    )


class Error(BaseModel):
    """The body of every error response."""

    error: ErrorDetail


class RunResponse(BaseModel):
    """A submitted file and its result."""

    id: str = Field(examples=["6f1d0c9a4be27f35"])
    state: str = Field(description="waiting, done or broken", examples=["done"])
    status: str | None = Field(description="accepted, rejected or failed, once it is done", examples=["rejected"])
    created: str = Field(examples=["2026-11-23T08:15:00Z"])
    finished: str | None = Field(examples=["2026-11-23T08:15:02Z"])
    sha256: str
    bytes: int = Field(examples=[51234])
    options: dict[str, Any] = Field(description="profile, codes and so on, as submitted")
    summary: dict[str, Any] = Field(description="the summary of the report; empty until the run is done")
    artifacts: list[str] = Field(examples=[["json", "csv", "html", "annotated"]])
    withheld: dict[str, str] = Field(description="artifacts that were not written, and why")
    problem: str | None = Field(description="the reason why a broken run has no result")


class RunList(BaseModel):
    """Runs, the latest first."""

    runs: list[RunResponse]
    next: str | None = Field(description="pass this as `before` to get the next page")


class ReleaseResponse(BaseModel):
    """Claims of a run that were released together."""

    id: str = Field(examples=["0b52f0a1c2d3e4f5"])
    at: str = Field(examples=["2026-11-23T08:15:00Z"])
    by: str
    target_claims: int
    other_claims: int = Field(description="claims without a target code; released once, together")


def run_response(run: Run) -> RunResponse:
    """Convert a run to its JSON form."""
    ready = run.state == "done"
    return RunResponse(
        id=run.id,
        state=run.state,
        status=run.status,
        created=run.created,
        finished=run.finished,
        sha256=run.sha256,
        bytes=run.bytes,
        options=run.options,
        summary=run.summary,
        artifacts=[kind for kind in run.emit if kind not in run.withheld] if ready else [],
        withheld=run.withheld,
        problem=run.problem,
    )


# -- the OpenAPI document --------------------------------------------------------------------------------------

_DESCRIPTIONS = {
    400: "The body is not X12, or a parameter has an invalid value",
    401: "The key is missing or unknown",
    403: "The key lacks the scope",
    404: "Not found",
    406: "Accept names no available form",
    408: "The file did not arrive in time",
    409: "The Idempotency-Key was used with another request, its file is still being scrubbed, or no claim can be "
    "released",
    413: "The file is too large",
    415: "Unsupported Content-Type or Content-Encoding",
    422: "Unknown query parameter",
    429: "The queue is full; retry after Retry-After seconds",
    500: "Internal error; nothing was accepted",
    503: "The file could not be scrubbed in time, or its worker process died",
}


def error_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the entries of the document for error responses with these statuses."""
    responses: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        responses[status] = {"model": Error, "description": _DESCRIPTIONS[status]}
    if 429 in responses:
        responses[429]["headers"] = {"Retry-After": {"description": "seconds", "schema": {"type": "string"}}}
    return responses


@lru_cache(maxsize=1)
def report_schemas() -> dict[str, Any]:
    """Return the JSON Schema of the report as components of the document: ``Report`` and its parts."""
    raw = files("x12proc.reports").joinpath("report.schema.json").read_text("utf-8")
    schema = msgspec.json.decode(re.sub(r'"#/\$defs/(\w+)"', r'"#/components/schemas/Report_\1"', raw))
    parts = {f"Report_{name}": part for name, part in schema.pop("$defs").items()}
    del schema["$schema"], schema["$id"]
    schema["title"] = "Report"  # generated clients name their class by it
    return {"Report": schema, **parts}
