"""The routes of the API: ``/v1``, ``/healthz`` and ``/metrics``."""

from __future__ import annotations

import shutil
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy import select
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse

from x12proc.errors import ConfigError
from x12proc.profiles.describe import profile_text
from x12proc.rules.describe import rule_document
from x12proc.service.api.schemas import (
    DEFAULT_ARTIFACTS,
    JSON,
    MEDIA_TYPES,
    ReleaseResponse,
    RunList,
    RunResponse,
    accepted_form,
    error_responses,
    run_response,
)
from x12proc.service.api.scrub_options import parse_scrub_options
from x12proc.service.api.upload import EDI, RAW, UPLOAD, Upload
from x12proc.service.auth import Principal, require_scope
from x12proc.service.db.tables import DONE, WAITING, Event, Run, utc_now
from x12proc.service.errors import HttpError
from x12proc.service.jobs.file_job import artifact_path
from x12proc.service.jobs.release import Which
from x12proc.service.metrics import CONTENT_TYPE
from x12proc.service.scrubbing import RunResult, Submission
from x12proc.service.sending import (
    corrected_response,
    list_releases,
    release,
    release_document,
    release_response,
)
from x12proc.service.services import Services, ServicesDep


def reject_unknown_parameters(request: Request) -> None:
    """Check that a route has every query parameter of a request. Raises HttpError 422."""
    route: APIRoute = request.scope["route"]
    known = [field.alias for field in route.dependant.query_params]
    if not set(request.query_params) <= set(known):  # the unknown name is not repeated: it may be anything
        available = f"; available are {', '.join(known)}" if known else "; there are none"
        raise HttpError(422, "unknown-parameter", f"Unknown query parameter{available}")


router = APIRouter(dependencies=[Depends(reject_unknown_parameters)])
Kind = Literal["json", "csv", "xml", "html", "annotated", "accepted", "rejected", "999", "277ca", "ta1"]
_RUN_ID = Annotated[str, Path(pattern="^[0-9a-f]{16}$", examples=["6f1d0c9a4be27f35"])]
# An HTML report has inline styles and nothing else; without the sandbox it would have the rights of our pages.
_REPORT_POLICY = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
_EXAMPLE = (
    "ISA*00*          *00*          *ZZ*LAKESIDEBILL   *ZZ*CEDARCLEAR     *240329*0915*^*00501*240329101*0*T*:~\n"
    "GS*HC*LAKESIDEBILL*CEDARCLEAR*20240329*0915*101*X*005010X222A1~\n..."
)
_FILE = {"schema": {"type": "string", "format": "binary"}, "example": _EXAMPLE}
_BODY = {
    "requestBody": {
        "required": True,
        "description": "One 837 file: as the body, or as the field `file` of a multipart form.",
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
_HEADERS = {
    "X12proc-Run": {"description": "the run id; absent for a dry run", "schema": {"type": "string"}},
    "X12proc-Status": {"description": "accepted or rejected", "schema": {"type": "string"}},
}
_RESULT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Scrubbed; the report lists rejected claims, if any",
        "headers": _HEADERS,
        "content": {
            JSON: _REPORT,
            EDI: {"schema": {"type": "string"}, "example": _EXAMPLE},
            "text/html": {"schema": {"type": "string"}},
            "text/csv": {"schema": {"type": "string"}},
            "application/xml": {"schema": {"type": "string"}},
        },
    },
    202: {"model": RunResponse, "description": "Accepted; poll the run at Location. Only with `respond-async`"},
    204: {"description": "Scrubbed; there is nothing in the form asked for, such as no accepted claim",
          "headers": _HEADERS},
    **error_responses(400, 401, 403, 406, 408, 409, 413, 415, 429, 500, 503),
    422: {"description": "X12 not readable to its end (the report): none of its claims counts as accepted. "
                         "Or an unknown query parameter",
          "content": {JSON: {"schema": {"anyOf": [_REPORT["schema"], {"$ref": "#/components/schemas/Error"}]}}}},
}  # fmt: skip


@router.get("/healthz", tags=["operation"], summary="Health check; needs no key", responses=error_responses(422))
def healthz(services: ServicesDep) -> dict[str, str]:
    """Responds when the database can be read."""
    with services.store.reading() as session:
        session.execute(select(Run.id).limit(1))
    return {"status": "ok"}


@router.get(
    "/metrics",
    tags=["operation"],
    summary="Prometheus metrics",
    response_class=PlainTextResponse,
    responses=error_responses(401, 403, 422),
)
def metrics(services: ServicesDep, _: Annotated[Principal, Depends(require_scope("metrics"))]) -> Response:
    """Files, claims, findings by rule, durations, queue depth. Labels hold no value of a claim."""
    return Response(services.metrics.text(), media_type=CONTENT_TYPE)


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
    services: ServicesDep,
    principal: Annotated[Principal, Depends(require_scope("scrub"))],
    profile: Annotated[
        str | None, Query(max_length=80, description="for all claims; without it, chosen per claim")
    ] = None,
    codes: Annotated[str | None, Query(max_length=400, examples=["J3590,J3490"])] = None,
    as_of: Annotated[date | None, Query(description="the date that rules use as today")] = None,
    conformance: Annotated[Literal["off", "targets", "full"] | None, Query()] = None,
    guide_errors: Annotated[Literal["report", "reject"] | None, Query()] = None,
    emit: Annotated[
        str | None, Query(max_length=200, examples=["999,277ca"], description="further artifacts to keep")
    ] = None,
    form: Annotated[
        Kind | None, Query(description="the form of the response; takes precedence over Accept")
    ] = None,
    dry_run: Annotated[bool, Query(description="respond, and store nothing")] = False,
    idempotency_key: Annotated[
        str | None, Header(max_length=200, description="A repeated request returns the same run")
    ] = None,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
    prefer: Annotated[str | None, Header(max_length=200, examples=["respond-async"])] = None,
) -> Response:
    """Responds in the form that `Accept` names: `application/json` for the report, `application/edi-x12` for the
    annotated file, `application/edi-x12; form=277ca` (or `999`, `ta1`, `accepted`, `rejected`) for that artifact,
    `text/html`, `text/csv` and `application/xml` for the report in that format. With `Prefer: respond-async` it
    responds at once with the run to poll. The query parameter `form` names an artifact instead of `Accept`."""
    kind: str = form or accepted_form(accept or "")
    kinds = tuple(dict.fromkeys((*DEFAULT_ARTIFACTS, *_emit(emit), kind)))
    fields = {
        "profile": profile or "",
        "codes": codes or "",
        "as_of": as_of.isoformat() if as_of else "",
        "conformance": conformance or "",
        "guide_errors": guide_errors or "",
    }
    try:
        options = parse_scrub_options(fields)
    except ConfigError as error:
        raise HttpError(400, "bad-request", str(error)) from None
    respond_async = "respond-async" in (prefer or "") and not dry_run
    submission = Submission(
        options, ("json", kind) if dry_run else kinds, dry_run, idempotency_key or "", respond_async
    )
    result = await services.scrubbing.submit(request, principal, lambda upload: _for_program(upload, submission))
    return _respond(services, result, kind, dry_run)


def _for_program(_: Upload, submission: Submission) -> Submission:
    """Return the submission with distinct artifacts. Form fields are ignored: options are in the URL."""
    return msgspec.structs.replace(submission, emit=tuple(dict.fromkeys(submission.emit)))


def _emit(text: str | None) -> tuple[str, ...]:
    kinds = tuple(part.strip() for part in (text or "").split(",") if part.strip())
    unknown = [kind for kind in kinds if kind not in MEDIA_TYPES]
    if unknown:
        raise HttpError(400, "bad-request", f"emit: available are {', '.join(MEDIA_TYPES)}")
    return kinds


def _respond(services: Services, result: RunResult, kind: str, dry_run: bool) -> Response:
    headers = {"X12proc-Status": result.status or result.state}
    if not dry_run:
        headers |= {"X12proc-Run": result.run_id, "Location": f"/v1/runs/{result.run_id}"}
    if result.replayed:
        headers["Idempotent-Replayed"] = "true"
    if result.state != DONE:
        with services.store.reading() as session:
            run = run_response(session.get_one(Run, result.run_id))
        return JSONResponse(run.model_dump(), 202, headers)
    cleanup = BackgroundTask(shutil.rmtree, result.folder, ignore_errors=True) if dry_run else None
    failed = result.status == "failed"
    path = artifact_path(result.folder, "json" if failed else kind)
    if not path.exists():  # the artifact has no content
        return Response(status_code=204, headers=headers, background=cleanup)
    if kind == "html" and not failed:
        headers |= _REPORT_POLICY
    media_type = JSON if failed else MEDIA_TYPES[kind]
    return FileResponse(path, 422 if failed else 200, headers, media_type, background=cleanup)


@router.get(
    "/v1/runs", tags=["runs"], summary="Runs, the latest first", responses=error_responses(400, 401, 403, 422)
)
def runs(
    services: ServicesDep,
    _: Annotated[Principal, Depends(require_scope("read"))],
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[
        str | None, Query(pattern="^[0-9a-f]{16}$", description="`next` of the previous page")
    ] = None,
) -> RunList:
    """All stored runs, of every key."""
    newest = select(Run).order_by(Run.created.desc(), Run.id.desc()).limit(limit + 1)
    with services.store.reading() as session:
        last = session.get(Run, before) if before else None
        if before and last is None:
            return RunList(runs=[], next=None)
        if last is not None:
            older = (Run.created < last.created) | ((Run.created == last.created) & (Run.id < last.id))
            newest = newest.where(older)
        found = list(session.scalars(newest))
    after = found[limit - 1].id if len(found) > limit else None
    return RunList(runs=[run_response(run) for run in found[:limit]], next=after)


@router.get(
    "/v1/runs/{run_id}", tags=["runs"], summary="One run", responses=error_responses(400, 401, 403, 404, 422)
)
def run(
    run_id: _RUN_ID,
    services: ServicesDep,
    _: Annotated[Principal, Depends(require_scope("read"))],
) -> RunResponse:
    """The result of a run, and its artifacts."""
    return run_response(_get_run(services, run_id))


@router.delete(
    "/v1/runs/{run_id}",
    tags=["runs"],
    summary="Delete a run with all its data",
    status_code=204,
    responses=error_responses(400, 401, 403, 404, 409, 422),
)
def delete_run(
    run_id: _RUN_ID,
    services: ServicesDep,
    principal: Annotated[Principal, Depends(require_scope("scrub"))],
) -> None:
    """Deletes its file, artifacts, claims and edits. The audit log keeps who deleted it and when."""
    if _get_run(services, run_id).state == WAITING:
        raise HttpError(409, "in-progress", "The run is waiting or in progress")
    services.store.delete_run(run_id)
    with services.store.writing() as session:
        session.add(Event(at=utc_now(), by=principal.name, action="deleted", run_id=run_id))


@router.get(
    "/v1/runs/{run_id}/artifacts/{kind}",
    tags=["runs"],
    summary="An artifact of a run",
    response_class=Response,
    responses={200: {**_RESULT[200], "description": "The artifact"}, **error_responses(400, 401, 403, 404, 422)},
)
def run_artifact(
    run_id: _RUN_ID,
    kind: Kind,
    services: ServicesDep,
    _: Annotated[Principal, Depends(require_scope("read"))],
) -> Response:
    """The artifact as written when the file was submitted."""
    found = _get_run(services, run_id)
    path = artifact_path(services.store.run_folder(run_id), kind)
    if found.state != DONE or kind not in found.emit or not path.exists():
        raise HttpError(404, "no-such-artifact", "The run has no such artifact; GET the run for its list")
    policy = _REPORT_POLICY if kind == "html" else {}
    return FileResponse(path, headers=policy, media_type=MEDIA_TYPES[kind])


_EDI_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": {EDI: {"schema": {"type": "string"}, "example": _EXAMPLE}}}
}


@router.get(
    "/v1/runs/{run_id}/corrected",
    tags=["runs"],
    summary="The submitted file with the edited claims",
    response_class=Response,
    responses={**_EDI_FILE, **error_responses(400, 401, 403, 404, 422, 503)},
)
async def corrected(
    run_id: _RUN_ID, services: ServicesDep, _: Annotated[Principal, Depends(require_scope("read"))]
) -> Response:
    """All claims of the file, also those still rejected, with the edits made in the worklist."""
    return await corrected_response(services, await run_in_threadpool(_get_run, services, run_id))


@router.post(
    "/v1/runs/{run_id}/release",
    tags=["runs"],
    summary="Release accepted claims",
    status_code=201,
    responses=error_responses(400, 401, 403, 404, 409, 422, 503),
)
async def release_run(
    run_id: _RUN_ID,
    services: ServicesDep,
    principal: Annotated[Principal, Depends(require_scope("release"))],
    which: Annotated[
        Which, Query(description="`fixed`: without claims that were accepted when submitted")
    ] = "all",
) -> ReleaseResponse:
    """Releases the claims of the file that are accepted now and were not released before, each once. Rejected
    claims stay in the worklist. Fetch the file from `/v1/runs/{run_id}/releases/{id}`."""
    await run_in_threadpool(_get_run, services, run_id)
    release_id = await release(services, run_id, principal.name, which)
    entries = await run_in_threadpool(list_releases, services, run_id)
    made = next(entry for entry in entries if entry.id == release_id)
    return ReleaseResponse(**release_document(made))


@router.get(
    "/v1/runs/{run_id}/releases",
    tags=["runs"],
    summary="The releases of a run",
    responses=error_responses(400, 401, 403, 404, 422),
)
def releases(
    run_id: _RUN_ID, services: ServicesDep, _: Annotated[Principal, Depends(require_scope("read"))]
) -> list[ReleaseResponse]:
    """The releases in order; a response to a release that was lost is found here."""
    _get_run(services, run_id)
    return [ReleaseResponse(**release_document(entry)) for entry in list_releases(services, run_id)]


@router.get(
    "/v1/runs/{run_id}/releases/{release_id}",
    tags=["runs"],
    summary="The file of a release",
    response_class=Response,
    responses={**_EDI_FILE, **error_responses(400, 401, 403, 404, 422)},
)
def release_file(
    run_id: _RUN_ID,
    release_id: _RUN_ID,
    services: ServicesDep,
    _: Annotated[Principal, Depends(require_scope("read"))],
) -> Response:
    """Whole interchanges with the claims of the release and no others."""
    return release_response(services, _get_run(services, run_id), release_id)


def _get_run(services: Services, run_id: str) -> Run:
    with services.store.reading() as session:
        found = session.get(Run, run_id)
    if found is None:
        raise HttpError(404, "no-such-run", "No such run; it may have been deleted")
    return found


@router.get("/v1/rules", tags=["rules"], summary="Every rule", responses=error_responses(401, 403, 422))
def rules(services: ServicesDep, _: Annotated[Principal, Depends(require_scope("read"))]) -> list[dict[str, Any]]:
    """Each rule with its reason, fix, sources, and the codes that a payer is likely to respond with."""
    return [_to_builtins(rule_document(rule)) for rule in services.settings.rules.values()]


@router.get(
    "/v1/rules/{rule_id}", tags=["rules"], summary="One rule", responses=error_responses(400, 401, 403, 404, 422)
)
def rule(
    rule_id: Annotated[str, Path(max_length=20, examples=["NDC01"])],
    services: ServicesDep,
    _: Annotated[Principal, Depends(require_scope("read"))],
) -> dict[str, Any]:
    """One rule, in the form of the list."""
    found = services.settings.rules.get(rule_id)
    if found is None:
        raise HttpError(404, "no-such-rule", "No such rule; /v1/rules lists them")
    return _to_builtins(rule_document(found))


@router.get("/v1/profiles", tags=["rules"], summary="The payer profiles", responses=error_responses(401, 403, 422))
def profiles(
    services: ServicesDep, _: Annotated[Principal, Depends(require_scope("read"))]
) -> list[dict[str, Any]]:
    """Each profile with its payers, its changes to the rules, and the reasons."""
    available = services.settings.profiles
    return [
        {
            "name": name,
            "title": available.get(name).file.title,
            "extends": available.get(name).file.extends,
            "text": profile_text(available.get(name), services.settings.rules),
        }
        for name in available.names()
    ]


def _to_builtins(document: dict[str, Any]) -> dict[str, Any]:
    builtins: dict[str, Any] = msgspec.to_builtins(document)
    return builtins
