"""A limit of failed attempts to sign in, by client address."""

from __future__ import annotations

import time
from collections.abc import Callable

MOST_FAILED = 20  # within a period
PERIOD = 60.0  # seconds
_MOST_CLIENTS = 10_000  # whose attempts are counted; beyond that all are forgotten, so that memory is bounded


class SignInLimit:
    """Counts the failed attempts of each client in periods that begin with its first one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: dict[str, tuple[float, int]] = {}  # by client: the begin of its period, and the number

    def seconds_left(self, client: str) -> int:
        """Return how many seconds a client has to wait; 0 when it may try."""
        begin, number = self._period(client)
        return int(begin + PERIOD - self._clock()) + 1 if number >= MOST_FAILED else 0

    def count_failed(self, client: str) -> None:
        """Count a failed attempt."""
        begin, number = self._period(client)
        if len(self._failed) >= _MOST_CLIENTS:
            self._failed.clear()
        self._failed[client] = (begin, number + 1)

    def _period(self, client: str) -> tuple[float, int]:
        now = self._clock()
        begin, number = self._failed.get(client, (now, 0))
        return (begin, number) if now < begin + PERIOD else (now, 0)
