"""Connections that keep no other client waiting: each has to send a request's head in time.

uvicorn has no time limit for a head, so that a thousand connections which never finish one would take all places.
Those that wait the longest are closed where too many wait.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0  # from the first byte that may be sent to the end of the head
MOST_WAITING = 256  # connections without the head of a request; a browser opens six


class TimedProtocol(H11Protocol):
    """HTTP/1.1 with a time limit for the head of each request."""

    _waiting: dict[TimedProtocol, None] = {}  # noqa: RUF012 - of all connections of the process, oldest first

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        """Begin to wait for a head; close the connection that has waited the longest where too many wait."""
        super().connection_made(transport)
        self._wait_for_head()
        while len(self._waiting) > MOST_WAITING:
            next(iter(self._waiting)).close_late()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read bytes; a further request on the connection has a time limit of its own."""
        if self._head_timer is None and self._is_idle():
            self._wait_for_head()
        super().data_received(data)
        if not self._is_idle():
            self._head_came()

    def close_late(self) -> None:
        """Close the connection, whose head has not come."""
        self._head_came()
        self.transport.close()

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _wait_for_head(self) -> None:
        self._waiting[self] = None
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self.close_late)

    def _head_came(self) -> None:
        self._waiting.pop(self, None)
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
