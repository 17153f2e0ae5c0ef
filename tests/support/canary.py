"""A claim with a unique token in every element, so that any leaked value can be found."""

from __future__ import annotations

import re

from support.edi import base, join, segments

TOKEN = re.compile(rb"(?i)ZQ[0-9]{3,4}QZ")
# Elements that define the structure; with a token there the file would not parse as a claim.
_KEPT = {
    "ISA": range(1, 17), "GS": range(1, 9), "ST": range(1, 4), "SE": range(1, 3), "GE": range(1, 3),
    "IEA": range(1, 3), "HL": range(1, 5), "BHT": range(1, 3), "NM1": range(1, 3), "CLM": range(2, 3),
    "LX": range(1, 2), "DTP": range(1, 4), "LIN": range(2, 3), "SV1": range(1, 8), "REF": range(1, 2),
    "HI": range(1, 2), "PRV": range(1, 3), "PER": range(1, 4), "NTE": range(1, 2), "SBR": range(1, 2),
    "DMG": range(1, 2), "CTP": range(4, 6),
}  # fmt: skip


def claim(*, whole: bool = True) -> bytes:
    """Return a file with one rejected claim. Unless ``whole``, amounts and dates are tokens too, and the file ends
    within its claim."""
    tokens = iter(range(100, 10_000))
    parts = []
    for segment in segments(base()):
        tag, *elements = segment.split("*")
        kept = _KEPT.get(tag, range(0))
        if not whole and tag in ("CLM", "DTP", "SV1", "CTP", "HI", "DMG"):
            kept = range(1, 2) if tag in ("DTP", "SV1") else range(0)
        for position, value in enumerate(elements, 1):
            if value and position not in kept:
                elements[position - 1] = f"ZQ{next(tokens)}QZ"
        if tag == "SV1":
            elements[0] = (
                f"HC:J3590:JZ::::ZQ{next(tokens)}QZ" if elements[0].startswith("HC:J3590") else elements[0]
            )
        parts.append("*".join((tag, *elements)))
    data = join(parts)
    return data if whole else data[: data.index(b"CTP*") + 40]


def found(text: bytes) -> list[bytes]:
    """Return the tokens in a text."""
    return TOKEN.findall(text)
