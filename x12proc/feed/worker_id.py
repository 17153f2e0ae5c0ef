"""Who holds a lease: a worker's mark, and how to see that one of this machine is dead before its lease ends."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from functools import lru_cache
from pathlib import Path

_START_TIME = 19  # of the fields of /proc/PID/stat behind the process's name


def new_owner() -> str:
    """A mark for a worker of this process: ``place:pid:start:random``."""
    pid = os.getpid()
    return f"{_place()}:{pid}:{_started(pid)}:{secrets.token_hex(4)}"


def is_dead(owner: str) -> bool:
    """Whether a worker has surely ended. False for one elsewhere, of which only its lease can tell."""
    place, _, rest = owner.partition(":")
    pid, _, rest = rest.partition(":")
    started = rest.partition(":")[0]
    if not place or place != _place() or not pid.isdigit() or not started:
        return False
    return _started(int(pid)) != started


@lru_cache(maxsize=1)
def _place() -> str:
    """This machine since it was started, and the name space of its process ids; empty where that can't be told."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        space = Path("/proc/self/ns/pid").readlink()
    except OSError:
        return ""
    return hashlib.sha256(f"{boot} {space}".encode()).hexdigest()[:12]


def _started(pid: int) -> str:
    """When a process was started, in ticks; empty when there is none. A number that is used again differs."""
    with contextlib.suppress(OSError, IndexError):
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        fields = text.rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[_START_TIME]
    return ""
