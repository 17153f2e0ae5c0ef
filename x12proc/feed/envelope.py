"""Check by its first and last bytes whether a file is complete: an ISA at the start and an IEA at the end."""

from __future__ import annotations

import re

HEAD_BYTES = 4096  # bytes at the start, more than any ISA needs
TAIL_BYTES = 64 * 1024  # bytes at the end: the last IEA and padding after it
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_WHITESPACE = b" \t\r\n"
_CONTROL_NUMBER_DIGITS = 9  # digits of IEA02
_TRAILER = re.compile(rb"(?<![A-Za-z0-9])IEA([^A-Za-z0-9 ])[0-9A-Za-z ]{0,10}\1([0-9A-Za-z ]{1,20})")
_PADDING = re.compile(rb"[0-9a-f\s\x00\x1a~]*\Z")


def looks_complete(head: bytes, tail: bytes) -> bool:
    """Return whether a file is complete. ``tail`` is the end of the file and may be all of it.

    A file that doesn't begin with an ISA is not X12 and counts as complete, because waiting can't change that. An
    empty file, or one whose bytes so far are the beginning of an ISA, is incomplete.
    """
    start = head.lstrip(_WHITESPACE).removeprefix(_BYTE_ORDER_MARK).lstrip(_WHITESPACE)
    if len(start) < len(b"ISA"):
        return bool(start) and not b"ISA".startswith(start)
    return not start.startswith(b"ISA") or _has_complete_trailer(tail)


def _has_complete_trailer(tail: bytes) -> bool:
    """Return whether the last IEA is complete and followed by nothing but padding."""
    found = list(_TRAILER.finditer(tail))
    if not found:
        return False
    rest = tail[found[-1].end() :]
    if not rest.strip(
        _WHITESPACE
    ):  # a line end may be the terminator; without one, IEA02 must have all its digits
        return bool(rest) or len(found[-1][2]) == _CONTROL_NUMBER_DIGITS
    return _PADDING.match(rest[1:]) is not None
