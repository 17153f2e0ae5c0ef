"""Authentication and authorization: API keys, browser sessions, scopes, and the middleware that checks them.

Every path requires a key or a session unless it is in ``OPEN_PATHS``. A key is 256 random bits, so a plain hash
protects it: it can't be guessed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import msgspec
import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from x12proc.errors import ConfigError
from x12proc.service.db.store import Store
from x12proc.service.db.tables import BrowserSession, Event, Key, format_utc, utc_now
from x12proc.service.errors import HttpError
from x12proc.service.metrics import Metrics

SCOPES = {
    "scrub": "submit files and delete runs",
    "read": "read runs, reports and claims",
    "edit": "edit claims in the worklist",
    "bypass": "bypass rules on a claim",
    "release": "release fixed and accepted claims to be sent on",
    "metrics": "read /metrics",
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_KEY = re.compile(r"x12p_([0-9]{1,9})_([A-Za-z0-9_-]{43})")
_SESSION = re.compile(r"[A-Za-z0-9_-]{43}")
COOKIE = "x12proc_session"
OPEN_PATHS = frozenset(("/healthz", "/sign-in"))
STATIC = "/static/"
API = "/v1/"
_SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with no-referrer a browser sends no origin with our own forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",  # pages and responses hold claims
}
_LOG = structlog.get_logger("x12proc.service")


class Principal(msgspec.Struct, frozen=True):
    """The authenticated sender of a request. ``csrf`` is the token of a browser session, empty for a key."""

    key_id: int
    name: str
    scopes: frozenset[str]
    csrf: str = ""


def create_key(store: Store, name: str, scopes: Sequence[str]) -> str:
    """Create a key and return it; only its hash is stored. Raises ConfigError."""
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r}: a key's name is up to 40 letters, digits, dots, hyphens or underscores")
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise ConfigError(f"--scope {', '.join(unknown) or 'is empty'}; available: {', '.join(SCOPES)}")
    secret = secrets.token_urlsafe(32)
    with store.writing() as session:
        if session.scalar(select(Key.id).where(Key.name == name)) is not None:
            raise ConfigError(f"A key named {name} exists; the name of a revoked key can't be reused")
        key = Key(name=name, digest=_digest(secret), scopes=sorted(set(scopes)), created=utc_now())
        session.add(key)
        session.flush()
        session.add(Event(at=utc_now(), by="command", action=f"key-created:{name}"))
        return f"x12p_{key.id}_{secret}"


def revoke_key(store: Store, name: str) -> None:
    """Revoke a key and every session opened with it. Raises ConfigError when there is no such key."""
    with store.writing() as session:
        key = session.scalar(select(Key).where(Key.name == name))
        if key is None:
            raise ConfigError(f"No key is named {name!r}")
        key.revoked = key.revoked or utc_now()
        session.add(Event(at=utc_now(), by="command", action=f"key-revoked:{name}"))


def list_keys(store: Store) -> list[Key]:
    """Return all keys, including revoked ones."""
    with store.reading() as session:
        return list(session.scalars(select(Key).order_by(Key.name)))


def authenticate_key(store: Store, text: str) -> Principal | None:
    """Return the principal of a key; None for an unknown or revoked key."""
    parts = _KEY.fullmatch(text)
    if parts is None:
        return None
    with store.reading() as session:
        key = session.get(Key, int(parts[1]))
        digest = key.digest if key else _digest("")
        if not hmac.compare_digest(digest, _digest(parts[2])) or key is None or key.revoked:
            return None
        return Principal(key.id, key.name, frozenset(key.scopes))


# -- browser sessions ------------------------------------------------------------------------------------------


def open_session(store: Store, principal: Principal, seconds: int) -> str:
    """Open a browser session and return the value of its cookie."""
    token = secrets.token_urlsafe(32)
    expires = format_utc(datetime.now(UTC) + timedelta(seconds=seconds))
    with store.writing() as session:
        session.add(
            BrowserSession(
                digest=_digest(token), key_id=principal.key_id, csrf=secrets.token_urlsafe(32), expires=expires
            )
        )
        session.add(Event(at=utc_now(), by=principal.name, action="signed-in"))
    return token


def authenticate_session(store: Store, token: str) -> Principal | None:
    """Return the principal of a browser session; None when it has expired or its key was revoked."""
    if not _SESSION.fullmatch(token):
        return None
    with store.reading() as session:
        browser = session.get(BrowserSession, _digest(token))
        if browser is None or browser.expires < utc_now():
            return None
        key = session.get(Key, browser.key_id)
        if key is None or key.revoked:
            return None
        return Principal(key.id, key.name, frozenset(key.scopes), browser.csrf)


def close_session(store: Store, token: str) -> None:
    """Close a browser session."""
    with store.writing() as session:
        _expire(session, token)


def _expire(session: Session, token: str) -> None:
    expired = update(BrowserSession).where(BrowserSession.digest == _digest(token)).values(expires="")
    session.execute(expired)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


# -- requests --------------------------------------------------------------------------------------------------


class Guard:
    """The outermost middleware: authenticates, denies, catches exceptions, adds headers, logs and counts.

    The log names the route of a request, never its URL.
    """

    def __init__(self, app: ASGIApp, store: Store, metrics: Metrics) -> None:
        self._app = app
        self._store = store
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def send_response(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, scope)
            await send(message)

        request = Request(scope, receive)
        try:
            denied = await self._admit(request)
            await (denied or self._app)(scope, receive, send_response)
        except Exception as error:  # its text may quote a claim: neither shown nor logged
            _LOG.error("internal_error", error=type(error).__name__, location=_error_location(error))
            if not status:
                await internal_error()(scope, receive, send_response)
        self._record(scope, status, time.perf_counter() - started)

    async def _admit(self, request: Request) -> Response | None:
        """Return None if the request is allowed, else the response that denies it."""
        request.state.principal = principal = await run_in_threadpool(self._authenticate, request)
        path = request.url.path
        if request.method not in _SAFE_METHODS and not path.startswith(API) and _is_cross_site(request):
            return _plain_text(403, "The form was submitted from another site")
        if principal is not None or path in OPEN_PATHS or path.startswith(STATIC):
            return None
        if is_api_path(path):
            return error_response(_UNAUTHORIZED)
        return RedirectResponse("/sign-in", 303)

    def _authenticate(self, request: Request) -> Principal | None:
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return authenticate_key(self._store, key.strip())
        return authenticate_session(self._store, request.cookies.get(COOKIE, ""))

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        principal = scope.get("state", {}).get("principal")
        method = scope["method"] if scope["method"] in (*_SAFE_METHODS, "POST", "DELETE") else "other"
        self._metrics.response(method, route, status)
        _LOG.info(
            "response",
            method=method,
            route=route,
            status=status,
            key=principal.name if principal else None,
            seconds=round(seconds, 3),
        )


_UNAUTHORIZED = HttpError(
    401,
    "unauthorized",
    "A key is required: Authorization: Bearer KEY",
    {"WWW-Authenticate": 'Bearer realm="x12proc"'},
)


def is_api_path(path: str) -> bool:
    """Return whether a path belongs to the API, whose errors are JSON; the others are pages."""
    return path.startswith(API) or path in ("/metrics", "/healthz")


def require_scope(scope: str) -> Callable[[Request], Principal]:
    """Return a dependency that requires a key or session with a scope. It raises HttpError.

    A session is accepted for safe methods only: a browser also sends its cookie with forged requests.
    """

    def check(request: Request) -> Principal:
        principal: Principal | None = request.state.principal
        if principal is None or (principal.csrf and request.method not in _SAFE_METHODS):
            raise _UNAUTHORIZED
        return _with_scope(principal, scope)

    return check


def require_session(scope: str) -> Callable[[Request], Principal]:
    """Return a dependency that requires a browser session with a scope. It raises HttpError.

    Forms are checked against their token too, by :func:`check_token`.
    """

    def check(request: Request) -> Principal:
        principal: Principal | None = request.state.principal
        if principal is None or not principal.csrf:
            raise HttpError(403, "sign-in", "Pages need a browser session: sign in with your key")
        return _with_scope(principal, scope)

    return check


def check_token(principal: Principal, token: str) -> None:
    """Check that a form belongs to the session. Raises HttpError."""
    if not principal.csrf or not hmac.compare_digest(principal.csrf.encode(), token.encode()):
        raise HttpError(403, "stale-form", "The form belongs to another session; reload the page")


def _with_scope(principal: Principal, scope: str) -> Principal:
    if scope not in principal.scopes:
        raise HttpError(403, "forbidden", f"The key lacks the scope {scope!r}")
    return principal


def error_response(error: HttpError) -> JSONResponse:
    """Return the JSON response of an error."""
    body = {"error": {"code": error.code, "message": error.message}}
    return JSONResponse(body, error.status, error.headers)


def internal_error() -> JSONResponse:
    """Return the response to an unexpected exception."""
    return error_response(
        HttpError(500, "internal-error", "Internal error; nothing was accepted. Please report this")
    )


def _plain_text(status: int, text: str) -> Response:
    return Response(text, status, media_type="text/plain")


def _is_cross_site(request: Request) -> bool:
    """Return whether a request was sent by a page of another site, according to the browser."""
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


def _error_location(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{os.path.basename(frame.filename)}:{frame.lineno}"  # noqa: PTH119 - a frame's name need not be a path
