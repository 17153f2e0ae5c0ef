"""Compresses responses of the API for clients that accept gzip."""

from __future__ import annotations

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_SMALLEST = 1000  # bytes; less is not worth it


class ApiCompression:
    """Compresses what is under ``/v1/``.

    Pages are left as they are, as their tokens could be guessed from the length of a compressed page. So are parts
    of files, whose positions are those of the uncompressed file.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._compressed = GZipMiddleware(app, minimum_size=_SMALLEST, compresslevel=6)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        is_api = scope["type"] == "http" and scope["path"].startswith("/v1/")
        is_part = any(name == b"range" for name, _ in scope.get("headers", ()))
        await (self._compressed if is_api and not is_part else self._plain)(scope, receive, send)
