"""Who may ask for what. Every address is closed unless it stands in OPEN; what is said of a request in the log is
its route, never its address."""

from __future__ import annotations

import hmac
import os
import time
import traceback
from collections.abc import Callable
from urllib.parse import urlsplit

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from x12proc.service.api.upload import HttpError
from x12proc.service.db.store import Store
from x12proc.service.keys import Principal, who_has_key, who_has_session
from x12proc.service.metrics import Metrics

COOKIE = "x12proc_session"
OPEN = frozenset(("/healthz", "/sign-in"))
STATIC = "/static/"
API = "/v1/"
_SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with no-referrer a browser hides where our own forms come from
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",  # pages and answers hold claims
}
_LOG = structlog.get_logger("x12proc.service")


class Guard:
    """The outermost layer: finds out who asks, turns others away, catches what breaks, adds headers, counts."""

    def __init__(self, app: ASGIApp, store: Store, metrics: Metrics) -> None:
        self._app = app
        self._store = store
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, scope)
            await send(message)

        request = Request(scope, receive)
        try:
            refusal = await self._admit(request)
            await (refusal or self._app)(scope, receive, answer)
        except Exception as error:  # its text could quote a claim, so that it is neither shown nor logged
            _LOG.error("internal_fault", error=type(error).__name__, place=_place(error))
            if not status:
                await internal_fault()(scope, receive, answer)
        self._note(scope, status, time.perf_counter() - started)

    async def _admit(self, request: Request) -> Response | None:
        """None for whoever may go on; else the answer."""
        request.state.who = who = await run_in_threadpool(self._who, request)
        path = request.url.path
        if request.method not in _SAFE and not path.startswith(API) and _foreign(request):
            return _plain(403, "This form was sent from another site")
        if who is not None or path in OPEN or path.startswith(STATIC):
            return None
        if for_program(path):
            return refusal(_UNKNOWN)
        return RedirectResponse("/sign-in", 303)

    def _who(self, request: Request) -> Principal | None:
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return who_has_key(self._store, key.strip())
        return who_has_session(self._store, request.cookies.get(COOKIE, ""))

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        who = scope.get("state", {}).get("who")
        method = scope["method"] if scope["method"] in (*_SAFE, "POST", "DELETE") else "other"
        self._metrics.answer(method, route, status)
        _LOG.info(
            "answered",
            method=method,
            route=route,
            status=status,
            key=who.name if who else None,
            seconds=round(seconds, 3),
        )


_UNKNOWN = HttpError(
    401, "unauthorized", "Send a key: Authorization: Bearer KEY", {"WWW-Authenticate": 'Bearer realm="x12proc"'}
)


def for_program(path: str) -> bool:
    """Whether an address is one for programs, which are answered in JSON; the others are pages."""
    return path.startswith(API) or path in ("/metrics", "/healthz")


def needs(scope: str) -> Callable[[Request], Principal]:
    """A dependency: who asks, if they may. Raises Refused.

    A browser's cookie is sent along with requests that the person didn't mean; so that it only reads here.
    """

    def check(request: Request) -> Principal:
        who: Principal | None = request.state.who
        if who is None or (who.csrf and request.method not in _SAFE):
            raise _UNKNOWN
        return _allowed(who, scope)

    return check


def page_needs(scope: str) -> Callable[[Request], Principal]:
    """A dependency of pages: who has signed in, if they may. Raises Refused. A form is held against its token as
    well, by :func:`check_token`."""

    def check(request: Request) -> Principal:
        who: Principal | None = request.state.who
        if who is None or not who.csrf:
            raise HttpError(403, "sign-in", "Pages are for browsers: sign in with your key")
        return _allowed(who, scope)

    return check


def check_token(who: Principal, token: str) -> None:
    """Whether a form came from a page of ours in the same session. Raises Refused."""
    if not who.csrf or not hmac.compare_digest(who.csrf.encode(), token.encode()):
        raise HttpError(403, "stale-form", "This form is of another session; load the page again")


def _allowed(who: Principal, scope: str) -> Principal:
    if scope not in who.scopes:
        raise HttpError(403, "forbidden", f"This key may not do that; it needs the scope {scope!r}")
    return who


def refusal(refused: HttpError) -> JSONResponse:
    """The JSON that tells why."""
    body = {"error": {"code": refused.code, "message": refused.message}}
    return JSONResponse(body, refused.status, refused.headers)


def internal_fault() -> JSONResponse:
    """The answer when we failed."""
    return refusal(HttpError(500, "internal-fault", "An internal fault; nothing was accepted. Please report this"))


def _plain(status: int, text: str) -> Response:
    return Response(text, status, media_type="text/plain")


def _foreign(request: Request) -> bool:
    """Whether a browser says that a request was started by another site's page."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    if site not in ("same-origin", "none"):
        return True
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host", "")


def _add_headers(message: Message, scope: Scope) -> None:
    headers = MutableHeaders(raw=message["headers"])
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    if scope["scheme"] == "https":
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    message["headers"] = headers.raw


def _place(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{os.path.basename(frame.filename)}:{frame.lineno}"  # noqa: PTH119 - a frame's name need be no path
