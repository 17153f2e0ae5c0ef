"""Ids of workers, and detection of dead workers of this machine before their leases expire."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from functools import lru_cache
from pathlib import Path

_START_TIME_FIELD = 19  # index among the fields of /proc/PID/stat after the process name


def new_worker_id() -> str:
    """Return a new id for a worker of this process: ``machine:pid:start:random``."""
    pid = os.getpid()
    return f"{_machine_id()}:{pid}:{_start_time(pid)}:{secrets.token_hex(4)}"


def is_dead(owner: str) -> bool:
    """Return whether a worker has certainly ended; False for one on another machine, whose lease has to expire."""
    machine, _, rest = owner.partition(":")
    pid, _, rest = rest.partition(":")
    started = rest.partition(":")[0]
    if not machine or machine != _machine_id() or not pid.isdigit() or not started:
        return False
    return _start_time(int(pid)) != started


@lru_cache(maxsize=1)
def _machine_id() -> str:
    """Return a hash of boot id and PID namespace of this machine; empty when they are not available."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = Path("/proc/self/ns/pid").readlink()
    except OSError:
        return ""
    return hashlib.sha256(f"{boot} {namespace}".encode()).hexdigest()[:12]


def _start_time(pid: int) -> str:
    """Return the start time of a process in clock ticks, which identifies a reused PID; empty if it has ended."""
    with contextlib.suppress(OSError, IndexError):
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        fields = text.rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[_START_TIME_FIELD]
    return ""
