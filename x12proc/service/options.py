"""The options that an operator sets."""

from __future__ import annotations

from pathlib import Path

import msgspec

MEBIBYTE = 1024 * 1024


class ServiceOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of the service and the paths it uses."""

    data: Path  # the folder of the database and of all runs
    config: Path | None = None  # the user's own configuration file
    workers: int = 1  # files scrubbed in parallel, each in its own process
    queue: int = 16  # files that may wait in addition; beyond that the response is 429
    most_bytes: int = 256 * MEBIBYTE  # of one file
    upload_seconds: float = 300  # limit to receive a file
    job_seconds: float = 600  # limit to scrub a file
    keep_days: int = 30  # after which a run is deleted; 0: never
    session_seconds: int = 8 * 3600  # after which a browser must sign in again
