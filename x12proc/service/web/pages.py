"""Pages for whoever works in a browser: signing in, files, which rules help. Claims have their own, in
claim_pages.py."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, RedirectResponse, Response

from x12proc.errors import ConfigError
from x12proc.service.access import COOKIE, check_token, page_needs
from x12proc.service.api.schemas import ALWAYS, MEDIA_TYPES
from x12proc.service.api.scrub_options import parse_question
from x12proc.service.api.upload import EDI, HttpError, Received
from x12proc.service.db.tables import DONE
from x12proc.service.jobs.pool import JobFailed
from x12proc.service.keys import Principal, close_session, open_session, who_has_key
from x12proc.service.scrubbing import Sent
from x12proc.service.services import Services, get_services
from x12proc.service.web import charts
from x12proc.service.web import rule_stats as effect
from x12proc.service.web.corrected import write_corrected
from x12proc.service.web.forms import TOKEN, read_fields, read_form
from x12proc.service.web.rendering import message, page, static
from x12proc.service.web.runs import RunEntry, list_runs, run_entry

router = APIRouter(include_in_schema=False)
Desked = Annotated[Services, Depends(get_services)]
Reader = Annotated[Principal, Depends(page_needs("read"))]
RunId = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
PERIODS = (7, 30, 90, 365)  # days
_FIELDS = ("profile", "conformance", "as_of")  # of the form that sends a file


@router.get("/")
def home() -> Response:
    """The list of claims."""
    return RedirectResponse("/claims", 303)


@router.get("/static/{name}")
def static_file(name: Literal["style.css", "icon.svg"]) -> Response:
    """What the pages look like."""
    return static(name)


# -- signing in ------------------------------------------------------------------------------------------------


@router.get("/sign-in")
def sign_in_page(request: Request) -> Response:
    """The form."""
    return page(request, "sign_in.html", problem="")


@router.post("/sign-in")
async def sign_in(request: Request, desk: Desked) -> Response:
    """Open a session with a key."""
    fields = await read_fields(request)
    who = await run_in_threadpool(who_has_key, desk.store, fields.get("key", "").strip())
    if who is None or "read" not in who.scopes:
        problem = (
            "This key is not known" if who is None else "This key may not read claims: it lacks the scope read"
        )
        return page(request, "sign_in.html", 403, problem=problem)
    token = await run_in_threadpool(open_session, desk.store, who, desk.options.session_seconds)
    answer = RedirectResponse("/claims", 303)
    answer.set_cookie(
        COOKIE,
        token,
        max_age=desk.options.session_seconds,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return answer


@router.post("/sign-out")
async def sign_out(request: Request, desk: Desked, who: Reader) -> Response:
    """End the session."""
    await read_form(request, who)
    await run_in_threadpool(close_session, desk.store, request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE)
    return answer


# -- files -----------------------------------------------------------------------------------------------------


@router.get("/runs")
def runs(
    request: Request, desk: Desked, who: Reader, number: Annotated[int, Query(alias="page", ge=1, le=2000)] = 1
) -> Response:
    """The files that were sent, the latest first."""
    entries, more = list_runs(desk.store, number)
    profiles = desk.settings.profiles.names()
    return page(request, "runs.html", entries=entries, number=number, more=more, profiles=profiles, who=who)


@router.post("/runs")
async def send(
    request: Request, desk: Desked, who: Annotated[Principal, Depends(page_needs("scrub"))]
) -> Response:
    """Take a file that is sent from the page, and show what it comes to."""
    try:
        outcome = await desk.scrubbing.take(request, who, _as_sent(who))
    except HttpError as refused:
        return message(request, refused.status, "The file was not taken", refused.message)
    return RedirectResponse(f"/runs/{outcome.run_id}", 303)


def _as_sent(who: Principal) -> Callable[[Received], Sent]:
    def sent(received: Received) -> Sent:
        check_token(who, received.fields.get(TOKEN, ""))
        try:
            question = parse_question({name: received.fields.get(name, "") for name in _FIELDS})
        except ConfigError as error:
            raise HttpError(400, "bad-request", str(error)) from None
        return Sent(question, (*ALWAYS, "277ca", "999"))

    return sent


@router.get("/runs/{run_id}")
def run(request: Request, run_id: RunId, desk: Desked, _: Reader) -> Response:
    """One file: what it came to, and what can be fetched."""
    entry = _entry(desk, run_id)
    artifacts = [kind for kind in MEDIA_TYPES if kind in entry.run.emit and kind not in entry.run.withheld]
    return page(request, "run.html", entry=entry, artifacts=artifacts if entry.run.state == DONE else [])


@router.get("/runs/{run_id}/corrected")
async def corrected(run_id: RunId, desk: Desked, _: Reader) -> Response:
    """The file as it was sent, with the claims as they are now."""
    entry = await run_in_threadpool(_entry, desk, run_id)
    if entry.run.state != DONE:
        raise HttpError(404, "no-such-file", "The file has not been scrubbed")
    target = desk.store.run_folder(run_id) / f"corrected-{secrets.token_hex(8)}.edi"
    try:
        await desk.jobs.file(write_corrected, desk.store.folder, run_id, target)
    except JobFailed:
        target.unlink(missing_ok=True)
        raise HttpError(503, "not-done", "The file could not be put together in time; try again") from None
    away = BackgroundTask(target.unlink, missing_ok=True)
    name = f"{run_id}.corrected.edi"
    return FileResponse(target, media_type=EDI, filename=name, background=away)


def _entry(desk: Services, run_id: str) -> RunEntry:
    entry = run_entry(desk.store, run_id)
    if entry is None:
        raise HttpError(404, "no-such-run", "There is no such file; perhaps it was deleted")
    return entry


# -- rules -----------------------------------------------------------------------------------------------------


@router.get("/rules")
def rules(
    request: Request, desk: Desked, _: Reader, period: Annotated[int, Query(ge=1, le=3660, alias="days")] = 30
) -> Response:
    """Which rules help: what came of what they said."""
    since = date.today() - timedelta(days=period)  # noqa: DTZ011 - days of claims are local
    work = effect.rule_work(desk.store, since)
    days = effect.days(desk.store, since)
    most = max((entry.heard for entry in work), default=0)
    return page(
        request,
        "rules.html",
        period=period,
        periods=PERIODS,
        work=[(entry, charts.rule_bar(entry, most), _name(desk, entry.rule)) for entry in work],
        days=days,
        chart=charts.day_chart(days),
        sizes=_SIZES,
    )


_SIZES: dict[str, Any] = {
    "bar": (charts.BAR_WIDTH, charts.BAR_HEIGHT),
    "days": (charts.DAYS_WIDTH, charts.DAYS_HEIGHT),
}


def _name(desk: Services, rule_id: str) -> str:
    rule = desk.settings.rules.get(rule_id)
    return rule.name if rule else ""


@router.get("/rules/{rule_id}")
def rule(request: Request, rule_id: Annotated[str, Path(max_length=20)], desk: Desked, _: Reader) -> Response:
    """What one rule means."""
    found = desk.settings.rules.get(rule_id)
    if found is None:
        raise HttpError(404, "no-such-rule", "There is no such rule")
    return page(request, "rule.html", rule=found)
