"""What an operator can set of the service."""

from __future__ import annotations

from pathlib import Path

import msgspec

MEBIBYTE = 1024 * 1024


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The service's limits and places."""

    data: Path  # the folder that everything is kept in
    config: Path | None = None  # a configuration file of the user's own
    workers: int = 1  # files that are scrubbed at the same time, each in a process of its own
    queue: int = 16  # files that may wait beside them; whoever comes then is told to come back
    most_bytes: int = 256 * MEBIBYTE  # of one file
    upload_seconds: float = 300  # in which a file must have arrived
    job_seconds: float = 600  # in which it must have been scrubbed
    keep_days: int = 30  # after which a run is deleted; 0: never
    session_seconds: int = 8 * 3600  # after which a browser must sign in again
