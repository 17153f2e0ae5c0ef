"""The routes for programs: ``/v1``, ``/healthz`` and ``/metrics``."""

from __future__ import annotations

import shutil
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from sqlalchemy import select
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse

from x12proc.errors import ConfigError
from x12proc.profiles.describe import profile_text
from x12proc.rules.describe import rule_document
from x12proc.service.access import needs
from x12proc.service.api.schemas import (
    ALWAYS,
    JSON,
    MEDIA_TYPES,
    RunAnswer,
    RunList,
    accepted_form,
    errors,
    run_answer,
)
from x12proc.service.api.scrub_options import parse_question
from x12proc.service.api.upload import EDI, RAW, UPLOAD, HttpError, Received
from x12proc.service.db.tables import DONE, WAITING, Event, Run, stamp
from x12proc.service.jobs.file_job import artifact
from x12proc.service.keys import Principal
from x12proc.service.metrics import CONTENT_TYPE
from x12proc.service.scrubbing import Outcome, Sent
from x12proc.service.services import Services, get_services

router = APIRouter()
Kind = Literal["json", "csv", "xml", "html", "annotated", "accepted", "rejected", "999", "277ca", "ta1"]
_RUN_ID = Annotated[str, Path(pattern="^[0-9a-f]{16}$", examples=["6f1d0c9a4be27f35"])]
# A report in HTML brings its own style and nothing else; as a page of ours it could do what our pages can.
_REPORT_POLICY = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
_EXAMPLE = (
    "ISA*00*          *00*          *ZZ*LAKESIDEBILL   *ZZ*CEDARCLEAR     *240329*0915*^*00501*240329101*0*T*:~\n"
    "GS*HC*LAKESIDEBILL*CEDARCLEAR*20240329*0915*101*X*005010X222A1~\n..."
)
_FILE = {"schema": {"type": "string", "format": "binary"}, "example": _EXAMPLE}
_BODY = {
    "requestBody": {
        "required": True,
        "description": "One 837 file: as the body itself, or as the field `file` of a form.",
        "content": {
            **dict.fromkeys(RAW, _FILE),
            UPLOAD: {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}
_REPORT = {"schema": {"$ref": "#/components/schemas/Report"}}
_RESULT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Scrubbed. Whether claims were rejected is in the report",
        "headers": {
            "X12proc-Run": {"description": "the run; absent for a dry run", "schema": {"type": "string"}},
            "X12proc-Status": {"description": "accepted or rejected", "schema": {"type": "string"}},
        },
        "content": {
            JSON: _REPORT,
            EDI: {"schema": {"type": "string"}, "example": _EXAMPLE},
            "text/html": {"schema": {"type": "string"}},
            "text/csv": {"schema": {"type": "string"}},
            "application/xml": {"schema": {"type": "string"}},
        },
    },
    202: {"model": RunAnswer, "description": "Taken; the run at Location will tell. Only with `respond-async`"},
    422: {"description": "X12, but not readable to its end: none of its claims counts as accepted",
          "content": {JSON: _REPORT}},
    **errors(400, 401, 403, 406, 408, 409, 413, 415, 429, 500, 503),
}  # fmt: skip


@router.get("/healthz", tags=["operation"], summary="Whether the service is up; open to all")
def healthz(desk: Annotated[Services, Depends(get_services)]) -> dict[str, str]:
    """Answers once the database can be read."""
    with desk.store.reading() as session:
        session.execute(select(Run.id).limit(1))
    return {"status": "ok"}


@router.get(
    "/metrics",
    tags=["operation"],
    summary="Numbers for Prometheus",
    response_class=PlainTextResponse,
    responses=errors(401, 403),
)
def metrics(
    desk: Annotated[Services, Depends(get_services)], _: Annotated[Principal, Depends(needs("metrics"))]
) -> Response:
    """Files, claims, findings by rule, durations, queue depth. Labels hold nothing of a claim."""
    return Response(desk.metrics.text(), media_type=CONTENT_TYPE)


@router.post(
    "/v1/scrub",
    tags=["scrub"],
    summary="Scrub a file",
    response_class=Response,
    responses=_RESULT,
    openapi_extra=_BODY,
)
async def scrub(
    request: Request,
    desk: Annotated[Services, Depends(get_services)],
    who: Annotated[Principal, Depends(needs("scrub"))],
    profile: Annotated[str | None, Query(max_length=80, description="One for all claims; chosen by claim")] = None,
    codes: Annotated[str | None, Query(max_length=400, examples=["J3590,J3490"])] = None,
    as_of: Annotated[date | None, Query(description="today, for the rules")] = None,
    conformance: Annotated[Literal["off", "targets", "full"] | None, Query()] = None,
    guide_errors: Annotated[Literal["report", "reject"] | None, Query()] = None,
    emit: Annotated[
        str | None, Query(max_length=200, examples=["999,277ca"], description="further artifacts")
    ] = None,
    dry_run: Annotated[bool, Query(description="answer, and keep nothing")] = False,
    idempotency_key: Annotated[str | None, Header(max_length=200, description="Sent again, scrubbed once")] = None,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
    prefer: Annotated[str | None, Header(max_length=200, examples=["respond-async"])] = None,
) -> Response:
    """Answers in the form that `Accept` names: `application/json` the report, `application/edi-x12` the annotated
    file, `application/edi-x12; form=277ca` (or `999`, `ta1`, `accepted`, `rejected`) those, `text/html`,
    `text/csv`, `application/xml`. With `Prefer: respond-async` it answers at once, and the run tells when it is
    done."""
    form = accepted_form(accept or "")
    kinds = tuple(dict.fromkeys((*ALWAYS, *_emit(emit), form)))
    fields = {
        "profile": profile or "",
        "codes": codes or "",
        "as_of": as_of.isoformat() if as_of else "",
        "conformance": conformance or "",
        "guide_errors": guide_errors or "",
    }
    try:
        question = parse_question(fields)
    except ConfigError as error:
        raise HttpError(400, "bad-request", str(error)) from None
    later = "respond-async" in (prefer or "") and not dry_run
    sent = Sent(question, ("json", form) if dry_run else kinds, dry_run, idempotency_key or "", later)
    outcome = await desk.scrubbing.take(request, who, lambda received: _for_program(received, sent))
    return _answer(desk, outcome, form, dry_run)


def _for_program(_: Received, sent: Sent) -> Sent:
    """Programs say everything in the address and the headers; fields of a form besides the file are not read."""
    return msgspec.structs.replace(sent, emit=tuple(dict.fromkeys(sent.emit)))


def _emit(text: str | None) -> tuple[str, ...]:
    kinds = tuple(part.strip() for part in (text or "").split(",") if part.strip())
    unknown = [kind for kind in kinds if kind not in MEDIA_TYPES]
    if unknown:
        raise HttpError(400, "bad-request", f"emit: there are {', '.join(MEDIA_TYPES)}")
    return kinds


def _answer(desk: Services, outcome: Outcome, form: str, dry_run: bool) -> Response:
    headers = {"X12proc-Status": outcome.status or outcome.state}
    if not dry_run:
        headers |= {"X12proc-Run": outcome.run_id, "Location": f"/v1/runs/{outcome.run_id}"}
    if outcome.repeated:
        headers["Idempotent-Replayed"] = "true"
    if outcome.state != DONE:
        with desk.store.reading() as session:
            run = run_answer(session.get_one(Run, outcome.run_id))
        return JSONResponse(run.model_dump(), 202, headers)
    clear = BackgroundTask(shutil.rmtree, outcome.folder, ignore_errors=True) if dry_run else None
    failed = outcome.status == "failed"
    path = artifact(outcome.folder, "json" if failed else form)
    if not path.exists():  # there was nothing to write: the report says so, and the status that it is not this
        path, form = artifact(outcome.folder, "json"), "json"
    if form == "html" and not failed:
        headers |= _REPORT_POLICY
    media_type = JSON if failed else MEDIA_TYPES[form]
    return FileResponse(path, 422 if failed else 200, headers, media_type, background=clear)


@router.get("/v1/runs", tags=["runs"], summary="Runs, the latest first", responses=errors(400, 401, 403))
def runs(
    desk: Annotated[Services, Depends(get_services)],
    _: Annotated[Principal, Depends(needs("read"))],
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[str | None, Query(pattern="^[0-9a-f]{16}$", description="`next` of the page before")] = None,
) -> RunList:
    """All runs that are still kept, of every key."""
    listed = select(Run).order_by(Run.created.desc(), Run.id.desc()).limit(limit + 1)
    with desk.store.reading() as session:
        last = session.get(Run, before) if before else None
        if before and last is None:
            return RunList(runs=[], next=None)
        if last is not None:
            older = (Run.created < last.created) | ((Run.created == last.created) & (Run.id < last.id))
            listed = listed.where(older)
        found = list(session.scalars(listed))
    more = found[limit - 1].id if len(found) > limit else None
    return RunList(runs=[run_answer(run) for run in found[:limit]], next=more)


@router.get("/v1/runs/{run_id}", tags=["runs"], summary="One run", responses=errors(400, 401, 403, 404))
def run(
    run_id: _RUN_ID,
    desk: Annotated[Services, Depends(get_services)],
    _: Annotated[Principal, Depends(needs("read"))],
) -> RunAnswer:
    """What it came to, and which artifacts there are."""
    return run_answer(_find(desk, run_id))


@router.delete(
    "/v1/runs/{run_id}",
    tags=["runs"],
    summary="Delete a run with everything kept of it",
    status_code=204,
    responses=errors(400, 401, 403, 404, 409),
)
def delete_run(
    run_id: _RUN_ID,
    desk: Annotated[Services, Depends(get_services)],
    who: Annotated[Principal, Depends(needs("scrub"))],
) -> None:
    """Its file, artifacts, claims and edits are gone then; that it was deleted, by whom and when, is kept."""
    if _find(desk, run_id).state == WAITING:
        raise HttpError(409, "in-progress", "The run is still waiting or at work")
    desk.store.delete_run(run_id)
    with desk.store.writing() as session:
        session.add(Event(at=stamp(), by=who.name, action="deleted", run_id=run_id))


@router.get(
    "/v1/runs/{run_id}/artifacts/{kind}",
    tags=["runs"],
    summary="An artifact of a run",
    response_class=Response,
    responses={200: {**_RESULT[200], "description": "The artifact"}, **errors(400, 401, 403, 404)},
)
def run_artifact(
    run_id: _RUN_ID,
    kind: Kind,
    desk: Annotated[Services, Depends(get_services)],
    _: Annotated[Principal, Depends(needs("read"))],
) -> Response:
    """As it was written when the file came."""
    found = _find(desk, run_id)
    path = artifact(desk.store.run_folder(run_id), kind)
    if found.state != DONE or kind not in found.emit or not path.exists():
        raise HttpError(404, "no-such-artifact", "The run has no such artifact; the run itself lists those it has")
    policy = _REPORT_POLICY if kind == "html" else {}
    return FileResponse(path, headers=policy, media_type=MEDIA_TYPES[kind])


def _find(desk: Services, run_id: str) -> Run:
    with desk.store.reading() as session:
        found = session.get(Run, run_id)
    if found is None:
        raise HttpError(404, "no-such-run", "There is no such run; perhaps it was deleted")
    return found


@router.get("/v1/rules", tags=["rules"], summary="Every rule", responses=errors(401, 403))
def rules(
    desk: Annotated[Services, Depends(get_services)], _: Annotated[Principal, Depends(needs("read"))]
) -> list[dict[str, Any]]:
    """What is checked, why, how to fix it, the codes a payer is likely to answer with, and the sources."""
    return [_plain(rule_document(rule)) for rule in desk.settings.rules.values()]


@router.get("/v1/rules/{rule_id}", tags=["rules"], summary="One rule", responses=errors(400, 401, 403, 404))
def rule(
    rule_id: Annotated[str, Path(max_length=20, examples=["NDC01"])],
    desk: Annotated[Services, Depends(get_services)],
    _: Annotated[Principal, Depends(needs("read"))],
) -> dict[str, Any]:
    """The same of one rule."""
    found = desk.settings.rules.get(rule_id)
    if found is None:
        raise HttpError(404, "no-such-rule", "There is no such rule; /v1/rules lists them")
    return _plain(rule_document(found))


@router.get("/v1/profiles", tags=["rules"], summary="The payer profiles", responses=errors(401, 403))
def profiles(
    desk: Annotated[Services, Depends(get_services)], _: Annotated[Principal, Depends(needs("read"))]
) -> list[dict[str, Any]]:
    """For whom each is, what it changes, and why, in words."""
    known = desk.settings.profiles
    return [
        {
            "name": name,
            "title": known.get(name).file.title,
            "extends": known.get(name).file.extends,
            "text": profile_text(known.get(name), desk.settings.rules),
        }
        for name in known.names()
    ]


def _plain(document: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(document)
    return plain
