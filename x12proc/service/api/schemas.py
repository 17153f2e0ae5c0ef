"""Which form of the result a request accepts, and what the OpenAPI document says of answers."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from typing import Any

import msgspec
from pydantic import BaseModel, Field

from x12proc.service.api.upload import EDI, HttpError
from x12proc.service.db.tables import Run

CSV, HTML, XML, JSON = "text/csv; charset=utf-8", "text/html; charset=utf-8", "application/xml", "application/json"
# Artifacts and what they are sent as. Acknowledgements are EDI as well; the parameter tells which.
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
ALWAYS = ("json", "csv", "html", "annotated")  # written for every run
_QUALITY = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


def accepted_form(accept: str) -> str:
    """The artifact that an Accept header wants most. Raises Refused with 406."""
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


# -- the shapes of JSON answers --------------------------------------------------------------------------------


class ErrorDetail(BaseModel):
    """Why a request was refused."""

    code: str = Field(description="A word that programs can go by.", examples=["not-x12"])
    message: str = Field(
        description="The same for people.", examples=["The file does not begin with an ISA segment (byte 0)"]
    )


class Error(BaseModel):
    """Every answer that is no result."""

    error: ErrorDetail


class RunAnswer(BaseModel):
    """A file that was sent, and what it came to."""

    id: str = Field(examples=["6f1d0c9a4be27f35"])
    state: str = Field(description="waiting, done or broken", examples=["done"])
    status: str | None = Field(description="accepted, rejected or failed, once it is done", examples=["rejected"])
    created: str = Field(examples=["2026-11-23T08:15:00Z"])
    finished: str | None = Field(examples=["2026-11-23T08:15:02Z"])
    sha256: str
    bytes: int = Field(examples=[51234])
    question: dict[str, Any] = Field(description="profile, codes and so on, as asked")
    summary: dict[str, Any] = Field(description="as in the report; empty until it is done")
    artifacts: list[str] = Field(examples=[["json", "csv", "html", "annotated"]])
    withheld: dict[str, str] = Field(description="artifacts that were not written, and why")
    problem: str | None = Field(description="why a broken run has no result")


class RunList(BaseModel):
    """Runs, the latest first."""

    runs: list[RunAnswer]
    next: str | None = Field(description="give this as `before` for the runs behind these")


def run_answer(run: Run) -> RunAnswer:
    """A run as the API tells it."""
    ready = run.state == "done"
    return RunAnswer(
        id=run.id,
        state=run.state,
        status=run.status,
        created=run.created,
        finished=run.finished,
        sha256=run.sha256,
        bytes=run.bytes,
        question=run.question,
        summary=run.summary,
        artifacts=[kind for kind in run.emit if kind not in run.withheld] if ready else [],
        withheld=run.withheld,
        problem=run.problem,
    )


# -- the OpenAPI document --------------------------------------------------------------------------------------

_MEANING = {
    400: "The body is not X12, or a parameter can't be what it is",
    401: "No key, or one that is not known",
    403: "The key lacks the scope",
    404: "There is no such thing",
    406: "Accept names nothing that there is",
    408: "The file did not arrive in time",
    409: "The Idempotency-Key came before with something else, or its file is still being scrubbed",
    413: "The file is too large",
    415: "The file is sent as something that is no file",
    429: "No room for another file now; come back after Retry-After seconds",
    500: "An internal fault: nothing was accepted",
    503: "The file could not be scrubbed in time, or its worker died",
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What the document says of answers with these statuses."""
    told: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        told[status] = {"model": Error, "description": _MEANING[status]}
    if 429 in told:
        told[429]["headers"] = {"Retry-After": {"description": "seconds", "schema": {"type": "string"}}}
    return told


@lru_cache(maxsize=1)
def report_schemas() -> dict[str, Any]:
    """The JSON Schema of the report as components of the document: ``Report`` and its parts."""
    raw = files("x12proc.reports").joinpath("report.schema.json").read_text("utf-8")
    schema = msgspec.json.decode(re.sub(r'"#/\$defs/(\w+)"', r'"#/components/schemas/Report_\1"', raw))
    parts = {f"Report_{name}": part for name, part in schema.pop("$defs").items()}
    del schema["$schema"], schema["$id"]
    return {"Report": schema, **parts}
