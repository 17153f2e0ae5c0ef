"""Injected failures of operating system calls, one at a time."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any


class FailingCall:
    """Wrap functions so that their calls are counted and one of them raises OSError."""

    def __init__(self, fails_at: int, code: int) -> None:
        self.calls = 0
        self.fails_at = fails_at
        self.code = code

    def __call__(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            if self.calls == self.fails_at:
                raise OSError(self.code, os.strerror(self.code))
            return call(*args, **kwargs)

        return wrapped


class FailingFile:
    """A file whose reads, writes, seeks and flushes are wrapped by a FailingCall."""

    def __init__(self, file: Any, failing: FailingCall) -> None:
        self._file = file
        for name in ("read", "write", "seek", "flush"):
            setattr(self, name, failing(getattr(file, name)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> FailingFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
