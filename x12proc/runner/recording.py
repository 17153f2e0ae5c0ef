"""What a run needs of a recorder: the claims of an input are recorded all or none, before its artifacts appear."""

from __future__ import annotations

from typing import Protocol

from x12proc.engine.result import ClaimResult


class InputRecorder(Protocol):
    """Records the target claims of one input after the other; see :class:`x12proc.record.recorder.Recorder`."""

    def begin(self) -> None:
        """Begin an input."""

    def claim(self, result: ClaimResult) -> None:
        """Add a claim."""

    def commit(self, sha256: str) -> None:
        """Record the claims of the input, all or none; called before its artifacts appear, never if it failed."""

    def end(self) -> None:
        """End an input; what was not committed is dropped."""

    def close(self) -> None:
        """End the last input, and free what the recorder holds."""
