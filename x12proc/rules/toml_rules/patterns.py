"""Patterns of texts, matched in time that grows with text times pattern and no faster: nothing can hang.

``*`` is any text, ``?`` any character, ``#`` a digit, ``@`` a letter, everything else itself in any case; the
whole text has to match.
"""

from __future__ import annotations

LONGEST_TEXT = 500  # characters of a text that are compared
LONGEST_PATTERN = 200


def matches(pattern: str, text: str) -> bool:
    """Return whether a text matches a pattern as a whole."""
    wanted, given = pattern.upper(), text[:LONGEST_TEXT].upper()
    at = here = 0
    star, retry = -1, 0  # the last ``*``, and where in the text what follows it is tried next
    while here < len(given):
        if at < len(wanted) and wanted[at] == "*":
            star, retry = at, here
            at += 1
        elif at < len(wanted) and _fits(wanted[at], given[here]):
            at += 1
            here += 1
        elif star >= 0:
            retry += 1
            at, here = star + 1, retry
        else:
            return False
    return not wanted[at:].strip("*")


def _fits(wanted: str, given: str) -> bool:
    if wanted == "?":
        return True
    if wanted == "#":
        return given.isascii() and given.isdigit()
    if wanted == "@":
        return given.isascii() and given.isalpha()
    return wanted == given
