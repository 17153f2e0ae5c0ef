"""The pages of the worklist: the list of claims, one claim, and the forms that change it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from functools import partial
from typing import Annotated, Any, get_args

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from x12proc.service.auth import Principal, require_session
from x12proc.service.errors import HttpError
from x12proc.service.jobs.claim_job import ClaimView
from x12proc.service.services import Services, ServicesDep
from x12proc.service.web.claims import ChangeKind, ClaimPage, Claims
from x12proc.service.web.editing import EditRejected, apply_fix, edit_segment, find_segment
from x12proc.service.web.element_form import ElementField, element_fields, join_elements
from x12proc.service.web.export import MOST_EXPORTED, claims_as_csv
from x12proc.service.web.forms import read_form, whole_number
from x12proc.service.web.pages import Reader
from x12proc.service.web.rendering import page
from x12proc.service.web.search import search_text, store_search
from x12proc.service.web.worklist import (
    ORDERS,
    SEVERITIES,
    VIEWS,
    Filters,
    Neighbors,
    list_choices,
    list_claims,
    neighbors,
    parse_filters,
)

router = APIRouter(include_in_schema=False, prefix="/claims")
ClaimId = Annotated[int, Path(ge=1, lt=2**31)]
Editor = Annotated[Principal, Depends(require_session("edit"))]
Bypasser = Annotated[Principal, Depends(require_session("bypass"))]
_FIRST_BYPASS = timedelta(days=30)
_KINDS = ("replace", "insert", "delete")
# The notice shown after a change, by the URL parameter ``notice``.
_NOTICES = {
    "changed": "The segment was changed and the claim scrubbed again.",
    "fixed": "The fix was applied and the claim scrubbed again.",
    "undone": "All changes are undone; the claim is as submitted.",
    "bypassed": "The rule is bypassed on this claim.",
    "withdrawn": "The bypass was withdrawn.",
}
_Change = Callable[[ClaimView], tuple[bytes | None, str, str]]


@router.get("")
def claim_list(request: Request, services: ServicesDep, principal: Reader) -> Response:
    """List the claims that match the filters."""
    filters, invalid = parse_filters(request.query_params)
    today = date.today()  # noqa: DTZ011 - days of claims are local
    search = search_text(services.store, principal.key_id, filters.search)
    if filters.search and search is None:
        filters, invalid = msgspec.structs.replace(filters, search=""), [*invalid, "search"]
    return page(
        request,
        "claims.html",
        filters=filters,
        invalid=invalid,
        claims=list_claims(services.store, filters, today, search or ""),
        search=search or "",
        choices=list_choices(services.store),
        views=VIEWS,
        orders=ORDERS,
        severities=SEVERITIES,
        rules=services.settings.rules,
    )


@router.post("/search")
async def search(request: Request, services: ServicesDep, principal: Reader) -> Response:
    """Store the text of a search and show the claims that it finds; an empty text ends the search."""
    fields = await read_form(request, principal)
    filters, _ = parse_filters(fields)
    text = fields.get("text", "").strip()
    found = await run_in_threadpool(store_search, services.store, principal.key_id, text) if text else ""
    return RedirectResponse(f"/claims?{filters.query(search=found, page=1)}", 303)


@router.get("/export.csv")
def export(request: Request, services: ServicesDep, principal: Reader) -> Response:
    """Download the list as CSV, with the claims of all its pages."""
    filters, _ = parse_filters(request.query_params)
    today = date.today()  # noqa: DTZ011 - days of claims are local
    text = search_text(services.store, principal.key_id, filters.search) or ""
    listed = list_claims(services.store, msgspec.structs.replace(filters, page=1), today, text, MOST_EXPORTED)
    headers = {"Content-Disposition": 'attachment; filename="claims.csv"'}
    content = claims_as_csv(listed.entries, services.settings.rules)
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/{claim_id}")
async def claim(
    request: Request,
    claim_id: ClaimId,
    services: ServicesDep,
    principal: Reader,
    edit: Annotated[int | None, Query(ge=0, lt=2**31)] = None,
    insert: Annotated[int | None, Query(ge=0, lt=2**31)] = None,
    delete: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
    notice: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Show one claim: its findings, fixes and segments. ``edit``, ``insert`` and ``delete`` are the index of the
    segment whose form is open."""
    opened = [
        (kind, index) for kind, index in zip(_KINDS, (edit, insert, delete), strict=True) if index is not None
    ]
    form: dict[str, Any] | None = None
    if opened and "edit" in principal.scopes:
        form = {"kind": opened[0][0], "index": opened[0][1], "text": None}
    return await _render(request, services, claim_id, form=form, notice=_NOTICES.get(notice, ""))


@router.post("/{claim_id}/segments")
async def change_segment(
    request: Request, claim_id: ClaimId, services: ServicesDep, principal: Editor
) -> Response:
    """Replace, insert or delete a segment, and scrub again."""
    fields = await read_form(request, principal)
    kind, index, text = fields.get("kind", ""), whole_number(fields, "index"), fields.get("text", "")
    if kind == "elements":
        return await _change_elements(request, claim_id, services, principal, fields)
    if kind not in _KINDS:
        raise HttpError(400, "bad-form", "The form's field 'kind' must be one of " + ", ".join(_KINDS))

    def make(view: ClaimView) -> tuple[bytes | None, str, str]:
        data = edit_segment(view, index, kind, text)
        before = view.segments[index].text if kind != "insert" else ""
        return data, before, text.strip() if kind != "delete" else ""

    form = {"kind": kind, "index": index, "text": text} if kind != "delete" else None
    change = partial(_change, services, claim_id, principal, fields, kind, make)
    return await _apply(request, services, claim_id, change, f"changed#s{index}", form)


async def _change_elements(
    request: Request, claim_id: int, services: Services, principal: Principal, fields: dict[str, str]
) -> Response:
    """Replace a segment by the values of the form with a field per element."""
    index = whole_number(fields, "index")

    def make(view: ClaimView) -> tuple[bytes | None, str, str]:
        text = join_elements(view, index, fields)
        if text == find_segment(view, index).text:
            raise EditRejected("Nothing was changed: the claim is as it was")
        return edit_segment(view, index, "replace", text), view.segments[index].text, text

    form = {"kind": "elements", "index": index, "text": None, "given": fields}
    change = partial(_change, services, claim_id, principal, fields, "replace", make)
    return await _apply(request, services, claim_id, change, f"changed#s{index}", form)


@router.post("/{claim_id}/fixes")
async def accept_fix(request: Request, claim_id: ClaimId, services: ServicesDep, principal: Editor) -> Response:
    """Apply a proposed fix, and scrub again."""
    fields = await read_form(request, principal)
    number = whole_number(fields, "fix")

    def make(view: ClaimView) -> tuple[bytes | None, str, str]:
        if number >= len(view.fixes) or view.fixes[number].rule != fields.get("rule"):
            raise EditRejected("This fix is no longer proposed")
        fix = view.fixes[number]
        return apply_fix(view, fix), fix.before, fix.after

    return await _apply(
        request, services, claim_id, partial(_change, services, claim_id, principal, fields, "fix", make), "fixed"
    )


@router.post("/{claim_id}/undo")
async def undo(request: Request, claim_id: ClaimId, services: ServicesDep, principal: Editor) -> Response:
    """Undo all changes."""
    fields = await read_form(request, principal)

    def make(_: ClaimView) -> tuple[bytes | None, str, str]:
        return None, "", ""

    return await _apply(
        request,
        services,
        claim_id,
        partial(_change, services, claim_id, principal, fields, "undo", make),
        "undone",
    )


@router.post("/{claim_id}/bypasses")
async def bypass(request: Request, claim_id: ClaimId, services: ServicesDep, principal: Bypasser) -> Response:
    """Bypass a rule on the claim, with a reason and an end date."""
    fields = await read_form(request, principal)
    rule, reason, until = (fields.get(name, "") for name in ("rule", "reason", "until"))
    return await _apply(
        request,
        services,
        claim_id,
        partial(Claims(services).bypass, claim_id, principal, rule, reason, until),
        "bypassed",
    )


@router.post("/{claim_id}/bypasses/{bypass_id}/withdraw")
async def withdraw(
    request: Request, claim_id: ClaimId, bypass_id: ClaimId, services: ServicesDep, principal: Bypasser
) -> Response:
    """Withdraw a bypass."""
    await read_form(request, principal)
    return await _apply(
        request,
        services,
        claim_id,
        partial(Claims(services).withdraw, claim_id, principal, bypass_id),
        "withdrawn",
    )


async def _change(
    services: Services, claim_id: int, principal: Principal, fields: dict[str, str], kind: str, make: _Change
) -> None:
    assert kind in get_args(ChangeKind)
    await Claims(services).change(claim_id, principal, whole_number(fields, "version"), kind, make)  # type: ignore[arg-type]  # asserted


async def _apply(
    request: Request,
    services: Services,
    claim_id: int,
    change: Callable[[], Awaitable[None]],
    notice: str,
    form: dict[str, Any] | None = None,
) -> Response:
    """Make a change and redirect to the claim; show the reason beside the form when it is rejected."""
    try:
        await change()
    except EditRejected as problem:
        return await _render(request, services, claim_id, 422, form=form, problem=str(problem))
    query = parse_filters(request.query_params)[0].query()
    listed = f"{query}&" if query else ""
    return RedirectResponse(f"/claims/{claim_id}?{listed}notice={notice}", 303)


async def _render(
    request: Request,
    services: Services,
    claim_id: int,
    status: int = 200,
    *,
    form: dict[str, Any] | None = None,
    notice: str = "",
    problem: str = "",
) -> Response:
    loaded: ClaimPage = await Claims(services).load(claim_id)
    today = date.today()  # noqa: DTZ011 - days of claims are local
    filters, _ = parse_filters(request.query_params)
    near = await run_in_threadpool(_neighbors, request, services, filters, today, claim_id)
    return page(
        request,
        "claim.html",
        status,
        stored=loaded.stored,
        view=loaded.view,
        rules=services.settings.rules,
        form=form,
        fields=_fields_of_form(loaded.view, form),
        notice=notice,
        problem=problem,
        near=near,
        list_query=filters.query(),
        first_bypass=(today + _FIRST_BYPASS).isoformat(),
    )


def _fields_of_form(view: ClaimView, form: dict[str, Any] | None) -> list[ElementField]:
    """Return the fields of the form that is open, if it replaces a segment."""
    if form is None or form["kind"] not in ("replace", "elements") or form["index"] >= len(view.segments):
        return []
    return element_fields(view, form["index"], form.get("given"))


def _neighbors(request: Request, services: Services, filters: Filters, today: date, claim_id: int) -> Neighbors:
    text = search_text(services.store, request.state.principal.key_id, filters.search) or ""
    return neighbors(services.store, filters, today, text, claim_id)
