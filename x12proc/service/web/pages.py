"""The pages for sign-in, files and rule statistics; ``claim_pages`` has those of claims."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from x12proc.errors import ConfigError
from x12proc.service.api.schemas import DEFAULT_ARTIFACTS, MEDIA_TYPES
from x12proc.service.api.scrub_options import parse_scrub_options
from x12proc.service.api.upload import Upload
from x12proc.service.auth import (
    COOKIE,
    Principal,
    authenticate_key,
    check_token,
    close_session,
    open_session,
    require_session,
)
from x12proc.service.db.tables import DONE
from x12proc.service.errors import HttpError
from x12proc.service.scrubbing import Submission
from x12proc.service.sending import corrected_response, list_releases, release, release_response
from x12proc.service.services import Services, ServicesDep
from x12proc.service.web import charts
from x12proc.service.web.forms import TOKEN, read_fields, read_form
from x12proc.service.web.rendering import message, page, static_response
from x12proc.service.web.rule_stats import list_day_stats, list_rule_stats
from x12proc.service.web.runs import RunEntry, list_runs, ready_claims, run_entry

router = APIRouter(include_in_schema=False)
Reader = Annotated[Principal, Depends(require_session("read"))]
RunId = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
PERIODS = (7, 30, 90, 365)  # days
_FIELDS = ("profile", "conformance", "as_of")  # of the upload form


@router.get("/")
def home() -> Response:
    """Redirect to the list of claims."""
    return RedirectResponse("/claims", 303)


@router.get("/static/{name}")
def static_file(name: Literal["style.css", "icon.svg"]) -> Response:
    """Return the style sheet or icon."""
    return static_response(name)


# -- signing in ------------------------------------------------------------------------------------------------


@router.get("/sign-in")
def sign_in_page(request: Request) -> Response:
    """Show the sign-in form."""
    return page(request, "sign_in.html", problem="")


@router.post("/sign-in")
async def sign_in(request: Request, services: ServicesDep) -> Response:
    """Open a session with a key and set its cookie."""
    client = request.client.host if request.client else ""
    seconds = services.sign_in_limit.seconds_left(client)
    if seconds:
        problem = f"Too many failed attempts: try again in {seconds} seconds"
        refusal = page(request, "sign_in.html", 429, problem=problem)
        refusal.headers["Retry-After"] = str(seconds)
        return refusal
    fields = await read_fields(request)
    principal = await run_in_threadpool(authenticate_key, services.store, fields.get("key", "").strip())
    if principal is None or "read" not in principal.scopes:
        services.sign_in_limit.count_failed(client)
        problem = "Unknown key" if principal is None else "This key can't read claims: it lacks the scope read"
        return page(request, "sign_in.html", 403, problem=problem)
    token = await run_in_threadpool(open_session, services.store, principal, services.options.session_seconds)
    response = RedirectResponse("/claims", 303)
    response.set_cookie(
        COOKIE,
        token,
        max_age=services.options.session_seconds,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return response


@router.post("/sign-out")
async def sign_out(request: Request, services: ServicesDep, principal: Reader) -> Response:
    """End the session."""
    await read_form(request, principal)
    await run_in_threadpool(close_session, services.store, request.cookies.get(COOKIE, ""))
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE)
    return response


# -- files -----------------------------------------------------------------------------------------------------


@router.get("/runs")
def runs(
    request: Request,
    services: ServicesDep,
    principal: Reader,
    number: Annotated[int, Query(alias="page", ge=1, le=2000)] = 1,
) -> Response:
    """List the submitted files, the latest first."""
    entries, more = list_runs(services.store, number)
    profiles = services.settings.profiles.names()
    return page(
        request, "runs.html", entries=entries, number=number, more=more, profiles=profiles, principal=principal
    )


@router.post("/runs")
async def send(
    request: Request, services: ServicesDep, principal: Annotated[Principal, Depends(require_session("scrub"))]
) -> Response:
    """Submit the file of the upload form and show its run."""
    try:
        result = await services.scrubbing.submit(request, principal, _submission_from_form(principal))
    except HttpError as error:
        return message(request, error.status, "The file was not accepted", error.message)
    return RedirectResponse(f"/runs/{result.run_id}", 303)


def _submission_from_form(principal: Principal) -> Callable[[Upload], Submission]:
    def submission(upload: Upload) -> Submission:
        check_token(principal, upload.fields.get(TOKEN, ""))
        try:
            options = parse_scrub_options({name: upload.fields.get(name, "") for name in _FIELDS})
        except ConfigError as error:
            raise HttpError(400, "bad-request", str(error)) from None
        return Submission(options, (*DEFAULT_ARTIFACTS, "277ca", "999"))

    return submission


@router.get("/runs/{run_id}")
def run(request: Request, run_id: RunId, services: ServicesDep, _: Reader) -> Response:
    """Show one file: its result and its artifacts."""
    entry = _get_entry(services, run_id)
    artifacts = [kind for kind in MEDIA_TYPES if kind in entry.run.emit and kind not in entry.run.withheld]
    return page(
        request,
        "run.html",
        entry=entry,
        artifacts=artifacts if entry.run.state == DONE else [],
        releases=list_releases(services, run_id),
        ready=ready_claims(services.store, run_id),
    )


@router.get("/runs/{run_id}/corrected")
async def corrected(run_id: RunId, services: ServicesDep, _: Reader) -> Response:
    """Download the submitted file with the edited claims."""
    entry = await run_in_threadpool(_get_entry, services, run_id)
    return await corrected_response(services, entry.run)


@router.post("/runs/{run_id}/release")
async def release_run(
    request: Request,
    run_id: RunId,
    services: ServicesDep,
    principal: Annotated[Principal, Depends(require_session("release"))],
) -> Response:
    """Release the claims that are accepted now, and show the run with its releases."""
    fields = await read_form(request, principal)
    await run_in_threadpool(_get_entry, services, run_id)
    await release(services, run_id, principal.name, "fixed" if fields.get("which") == "fixed" else "all")
    return RedirectResponse(f"/runs/{run_id}#releases", 303)


@router.get("/runs/{run_id}/releases/{release_id}")
def release_file(run_id: RunId, release_id: RunId, services: ServicesDep, _: Reader) -> Response:
    """Download the file of a release."""
    return release_response(services, _get_entry(services, run_id).run, release_id)


def _get_entry(services: Services, run_id: str) -> RunEntry:
    entry = run_entry(services.store, run_id)
    if entry is None:
        raise HttpError(404, "no-such-run", "No such file; it may have been deleted")
    return entry


# -- rules -----------------------------------------------------------------------------------------------------


@router.get("/rules")
def rules(
    request: Request,
    services: ServicesDep,
    _: Reader,
    period: Annotated[int, Query(ge=1, le=3660, alias="days")] = 30,
) -> Response:
    """Show the statistics of the rules."""
    since = date.today() - timedelta(days=period)  # noqa: DTZ011 - days of claims are local
    stats = list_rule_stats(services.store, since)
    days = list_day_stats(services.store, since)
    most = max((entry.claims for entry in stats), default=0)
    return page(
        request,
        "rules.html",
        period=period,
        periods=PERIODS,
        stats=[(entry, charts.rule_bar(entry, most), _rule_name(services, entry.rule)) for entry in stats],
        days=days,
        chart=charts.day_chart(days),
        sizes=_SIZES,
    )


_SIZES: dict[str, Any] = {
    "bar": (charts.BAR_WIDTH, charts.BAR_HEIGHT),
    "days": (charts.DAYS_WIDTH, charts.DAYS_HEIGHT),
}


def _rule_name(services: Services, rule_id: str) -> str:
    rule = services.settings.rules.get(rule_id)
    return rule.name if rule else ""


@router.get("/rules/{rule_id}")
def rule(
    request: Request, rule_id: Annotated[str, Path(max_length=20)], services: ServicesDep, _: Reader
) -> Response:
    """Show one rule."""
    found = services.settings.rules.get(rule_id)
    if found is None:
        raise HttpError(404, "no-such-rule", "No such rule")
    return page(request, "rule.html", rule=found)
