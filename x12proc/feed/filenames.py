"""Shorten file names to 255 bytes, because artifacts have longer names than their inputs."""

from __future__ import annotations

import hashlib
import os

MAX_NAME_BYTES = 255  # the limit of all common file systems


def fit_filename(name: str, suffix: str = "") -> str:
    """Return ``name`` plus ``suffix`` in at most 255 bytes.

    A name that has to be shortened ends in eight digits of its hash, so that different names stay different.
    """
    encoded = os.fsencode(name)
    available = MAX_NAME_BYTES - len(os.fsencode(suffix))
    if len(encoded) > available:
        digest = b"~" + hashlib.sha256(encoded).hexdigest()[:8].encode()
        encoded = _truncate(encoded, available - len(digest)) + digest
    return os.fsdecode(encoded) + suffix


def printable(name: str) -> str:
    """Return a file name as text for a report, with a replacement character for each invalid UTF-8 sequence."""
    return os.fsencode(name).decode("utf-8", "replace")


def _truncate(name: bytes, size: int) -> bytes:
    """Return at most ``size`` bytes of a name without splitting a character."""
    while size > 0 and name[size] & 0xC0 == 0x80:
        size -= 1
    return name[:size]
