"""The worklist: claims that need somebody, one claim as it stands, and what can be done to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from functools import partial
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from x12proc.service.access import page_needs
from x12proc.service.api.upload import HttpError
from x12proc.service.jobs.claim_job import ClaimView
from x12proc.service.keys import Principal
from x12proc.service.services import Services
from x12proc.service.web.claims import ChangeKind, ClaimPage, Claims, next_open
from x12proc.service.web.editing import EditRejected, edited, fixed
from x12proc.service.web.forms import read_form, whole_number
from x12proc.service.web.pages import Desked, Reader
from x12proc.service.web.rendering import page
from x12proc.service.web.worklist import ORDERS, SEVERITIES, VIEWS, choices, list_claims, parse_filters

router = APIRouter(include_in_schema=False, prefix="/claims")
ClaimId = Annotated[int, Path(ge=1, lt=2**31)]
Editor = Annotated[Principal, Depends(page_needs("edit"))]
Bypasser = Annotated[Principal, Depends(page_needs("bypass"))]
_FIRST_BYPASS = timedelta(days=30)
_KINDS = ("replace", "insert", "delete")
# What a page says first after a change, by the word in its address.
_TOLD = {
    "changed": "The segment was changed and the claim scrubbed again.",
    "fixed": "The fix was made and the claim scrubbed again.",
    "undone": "All changes are undone; the claim stands as it was sent.",
    "bypassed": "The rule is set aside on this claim.",
    "withdrawn": "The bypass was taken back.",
}
_Change = Callable[[ClaimView], tuple[bytes | None, str, str]]


@router.get("")
def claim_list(request: Request, desk: Desked, _: Reader) -> Response:
    """Claims by filter."""
    filters, unread = parse_filters(request.query_params)
    today = date.today()  # noqa: DTZ011 - days of claims are local
    return page(
        request,
        "claims.html",
        filters=filters,
        unread=unread,
        found=list_claims(desk.store, filters, today),
        choices=choices(desk.store),
        views=VIEWS,
        orders=ORDERS,
        severities=SEVERITIES,
    )


@router.get("/{claim_id}")
async def claim(
    request: Request,
    claim_id: ClaimId,
    desk: Desked,
    who: Reader,
    edit: Annotated[int | None, Query(ge=0, lt=2**31)] = None,
    insert: Annotated[int | None, Query(ge=0, lt=2**31)] = None,
    told: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """One claim: its segments, what is wrong, and what can be done. ``edit`` and ``insert`` name the segment that
    a form is opened at."""
    kind, place = ("replace", edit) if edit is not None else ("insert", insert)
    form = None if place is None or "edit" not in who.scopes else {"kind": kind, "place": place, "text": None}
    return await _show(request, desk, claim_id, form=form, told=_TOLD.get(told, ""))


@router.post("/{claim_id}/segments")
async def change_segment(request: Request, claim_id: ClaimId, desk: Desked, who: Editor) -> Response:
    """Replace, insert or delete a segment, and scrub again."""
    fields = await read_form(request, who)
    kind, place, text = fields.get("kind", ""), whole_number(fields, "place"), fields.get("text", "")
    if kind not in _KINDS:
        raise HttpError(400, "bad-form", "The form's field 'kind' is none of " + ", ".join(_KINDS))

    def make(view: ClaimView) -> tuple[bytes | None, str, str]:
        data = edited(view, place, kind, text)
        before = view.segments[place].text if kind != "insert" else ""
        return data, before, text.strip() if kind != "delete" else ""

    form = {"kind": kind, "place": place, "text": text} if kind != "delete" else None
    change = partial(_change, desk, claim_id, who, fields, kind, make)
    return await _done(request, desk, claim_id, change, f"changed#s{place}", form)


@router.post("/{claim_id}/fixes")
async def accept_fix(request: Request, claim_id: ClaimId, desk: Desked, who: Editor) -> Response:
    """Make a proposed fix, and scrub again."""
    fields = await read_form(request, who)
    number = whole_number(fields, "fix")

    def make(view: ClaimView) -> tuple[bytes | None, str, str]:
        if number >= len(view.fixes) or view.fixes[number].rule != fields.get("rule"):
            raise EditRejected("This fix is not proposed any more")
        fix = view.fixes[number]
        return fixed(view, fix), fix.before, fix.after

    return await _done(
        request, desk, claim_id, partial(_change, desk, claim_id, who, fields, "fix", make), "fixed"
    )


@router.post("/{claim_id}/undo")
async def undo(request: Request, claim_id: ClaimId, desk: Desked, who: Editor) -> Response:
    """Take all changes back."""
    fields = await read_form(request, who)

    def make(_: ClaimView) -> tuple[bytes | None, str, str]:
        return None, "", ""

    return await _done(
        request, desk, claim_id, partial(_change, desk, claim_id, who, fields, "undo", make), "undone"
    )


@router.post("/{claim_id}/bypasses")
async def bypass(request: Request, claim_id: ClaimId, desk: Desked, who: Bypasser) -> Response:
    """Set a rule aside on the claim, for a reason and a time."""
    fields = await read_form(request, who)
    rule, reason, until = (fields.get(name, "") for name in ("rule", "reason", "until"))
    return await _done(
        request, desk, claim_id, partial(Claims(desk).bypass, claim_id, who, rule, reason, until), "bypassed"
    )


@router.post("/{claim_id}/bypasses/{bypass_id}/withdraw")
async def withdraw(
    request: Request, claim_id: ClaimId, bypass_id: ClaimId, desk: Desked, who: Bypasser
) -> Response:
    """Take a bypass back."""
    await read_form(request, who)
    return await _done(
        request, desk, claim_id, partial(Claims(desk).withdraw, claim_id, who, bypass_id), "withdrawn"
    )


async def _change(
    desk: Services, claim_id: int, who: Principal, fields: dict[str, str], kind: str, make: _Change
) -> None:
    assert kind in get_args(ChangeKind)
    await Claims(desk).change(claim_id, who, whole_number(fields, "version"), kind, make)  # type: ignore[arg-type]  # asserted


async def _done(
    request: Request,
    desk: Services,
    claim_id: int,
    change: Callable[[], Awaitable[None]],
    told: str,
    form: dict[str, Any] | None = None,
) -> Response:
    """Make a change and show the claim; one that can't be made is told beside the form that asked for it."""
    try:
        await change()
    except EditRejected as problem:
        return await _show(request, desk, claim_id, 422, form=form, problem=str(problem))
    return RedirectResponse(f"/claims/{claim_id}?told={told}", 303)


async def _show(
    request: Request,
    desk: Services,
    claim_id: int,
    status: int = 200,
    *,
    form: dict[str, Any] | None = None,
    told: str = "",
    problem: str = "",
) -> Response:
    looked: ClaimPage = await Claims(desk).look(claim_id)
    following = await run_in_threadpool(next_open, desk.store, looked.record.row)
    today = date.today()  # noqa: DTZ011 - days of claims are local
    return page(
        request,
        "claim.html",
        status,
        record=looked.record,
        view=looked.view,
        rules=desk.settings.rules,
        form=form,
        told=told,
        problem=problem,
        following=following,
        first_bypass=(today + _FIRST_BYPASS).isoformat(),
    )
