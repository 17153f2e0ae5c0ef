"""Small forms of the pages, read within limits."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request

from x12proc.service.access import check_token
from x12proc.service.api.upload import HttpError
from x12proc.service.keys import Principal

TOKEN = "token"  # noqa: S105 - the name of a field
FORM = "application/x-www-form-urlencoded"
_LARGEST = 64 * 1024  # bytes
_MOST_FIELDS = 20


async def read_fields(request: Request) -> dict[str, str]:
    """The fields of a form. Raises Refused when it is none, or too large."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise HttpError(415, "unsupported-media-type", "This is no form")
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _LARGEST:
            raise HttpError(413, "too-large", "The form is too large")
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise HttpError(400, "bad-form", "The form can't be read") from None
    return dict(pairs)


async def read_form(request: Request, who: Principal) -> dict[str, str]:
    """The fields of a form that a page of ours sent. Raises Refused."""
    fields = await read_fields(request)
    check_token(who, fields.get(TOKEN, ""))
    return fields


def whole_number(fields: dict[str, str], name: str) -> int:
    """A field that holds a number. Raises Refused."""
    text = fields.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise HttpError(400, "bad-form", f"The form's field {name!r} is no number")
    return int(text)
