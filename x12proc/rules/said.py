"""Words that a text says, and doesn't deny."""

from __future__ import annotations

import re

_LONGEST = 2000  # characters of a text that are searched
_DENIES = re.compile(
    r"\b(?:NOT|NON|NO|NEVER)[ -]{1,2}(?:(?:A|BEEN|BOUGHT|PURCHASED|ACQUIRED|UNDER|FROM|VIA|AT|IN)[ ]){0,3}\Z",
    re.IGNORECASE,
)


def said(pattern: re.Pattern[str], text: str) -> str:
    """The first words of a text that the pattern finds and that no NOT or NO stands before; else empty."""
    searched = text[:_LONGEST]
    matches = pattern.finditer(searched)
    return next((one[0] for one in matches if not _DENIES.search(searched[: one.start()])), "")
