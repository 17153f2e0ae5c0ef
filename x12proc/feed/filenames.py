"""File names made to fit: artifacts have longer names than their inputs, and 255 bytes is the limit."""

from __future__ import annotations

import hashlib
import os

MOST = 255  # bytes of a name on every common file system


def fit(name: str, ending: str = "") -> str:
    """``name`` with ``ending`` behind it, in at most 255 bytes.

    A name that has to be cut gets eight digits of its hash, so that two long names stay two.
    """
    whole = os.fsencode(name)
    room = MOST - len(os.fsencode(ending))
    if len(whole) > room:
        mark = b"~" + hashlib.sha256(whole).hexdigest()[:8].encode()
        whole = _cut(whole, room - len(mark)) + mark
    return os.fsdecode(whole) + ending


def shown(name: str) -> str:
    """A name as text for a report: what is no UTF-8 becomes a question mark."""
    return os.fsencode(name).decode("utf-8", "replace")


def _cut(name: bytes, size: int) -> bytes:
    """The beginning of a name; no character of it is cut in two."""
    while size > 0 and name[size] & 0xC0 == 0x80:
        size -= 1
    return name[:size]
