"""Calls to the operating system that go wrong, one at a time."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any


class Trouble:
    """Lets calls through and counts them, but for one that fails."""

    def __init__(self, fails_at: int, code: int) -> None:
        self.calls = 0
        self.fails_at = fails_at
        self.code = code

    def __call__(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def tried(*arguments: Any, **named: Any) -> Any:
            self.calls += 1
            if self.calls == self.fails_at:
                raise OSError(self.code, os.strerror(self.code))
            return call(*arguments, **named)

        return tried


class Shaky:
    """A file whose reads, writes and seeks go through trouble."""

    def __init__(self, file: Any, trouble: Trouble) -> None:
        self._file = file
        for name in ("read", "write", "seek", "flush"):
            setattr(self, name, trouble(getattr(file, name)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> Shaky:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
