"""The exception that becomes an HTTP error response."""

from __future__ import annotations


class HttpError(Exception):
    """A request that is answered with a status other than 2xx, a code and a text, none of them from a claim."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}
