"""URL-encoded forms of the pages, read within limits."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl

from starlette.requests import Request

from x12proc.service.auth import Principal, check_token
from x12proc.service.errors import HttpError

TOKEN = "token"  # noqa: S105 - the name of a field
FORM = "application/x-www-form-urlencoded"
_LARGEST = 64 * 1024  # bytes
_MOST_FIELDS = 120
_SECONDS = 15  # for the whole form


async def read_fields(request: Request) -> dict[str, str]:
    """Return the fields of a form. Raises HttpError when the body is no form, or too large."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise HttpError(415, "unsupported-media-type", "The body is not a form")
    try:
        async with asyncio.timeout(_SECONDS):
            body = await _read_body(request)
    except TimeoutError:
        raise HttpError(408, "too-slow", "The form did not come in time") from None
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise HttpError(400, "bad-form", "The form can't be parsed") from None
    return dict(pairs)


async def _read_body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST:
            raise HttpError(413, "too-large", "The form is too large")
    return body


async def read_form(request: Request, principal: Principal) -> dict[str, str]:
    """Return the fields of a form after checking its token. Raises HttpError."""
    fields = await read_fields(request)
    check_token(principal, fields.get(TOKEN, ""))
    return fields


def whole_number(fields: dict[str, str], name: str) -> int:
    """Return a field that holds a whole number. Raises HttpError."""
    text = fields.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise HttpError(400, "bad-form", f"The form's field {name!r} is not a number")
    return int(text)
