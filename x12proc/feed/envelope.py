"""Whether a file looks whole, judged by its two ends: an ISA at its head and an IEA at its end."""

from __future__ import annotations

import re

HEAD = 4096  # bytes that are enough for any ISA
TAIL = 64 * 1024  # bytes at the end: the last IEA, and fill behind it
_MARKS = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
_CONTROL_NUMBER = 9  # digits of IEA02
_TRAILER = re.compile(rb"(?<![A-Za-z0-9])IEA([^A-Za-z0-9 ])[0-9A-Za-z ]{0,10}\1([0-9A-Za-z ]{1,20})")
_FILL = re.compile(rb"[0-9a-f\s\x00\x1a~]*\Z")


def looks_whole(head: bytes, tail: bytes) -> bool:
    """Whether more can't be expected to come. ``tail`` is the file's end and may be all of it.

    What doesn't begin with an ISA is no X12, and will not become X12 by waiting; it is whole as it is. An empty
    file, or one that could still become an ISA, is not.
    """
    start = head.lstrip(_BLANK).removeprefix(_MARKS).lstrip(_BLANK)
    if len(start) < len(b"ISA"):
        return bool(start) and not b"ISA".startswith(start)
    return not start.startswith(b"ISA") or _ends(tail)


def _ends(tail: bytes) -> bool:
    """Whether the last IEA is whole, and nothing but fill stands behind its terminator."""
    found = list(_TRAILER.finditer(tail))
    if not found:
        return False
    rest = tail[found[-1].end() :]
    if not rest.strip(_BLANK):  # a line end may be the terminator; without any the number must be whole
        return bool(rest) or len(found[-1][2]) == _CONTROL_NUMBER
    return _FILL.match(rest[1:]) is not None
