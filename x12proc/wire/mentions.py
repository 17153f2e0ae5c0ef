"""Codes in segments that are in no claim: the header of a set, and the HL loops above claims."""

from __future__ import annotations

import msgspec

from x12proc.wire.accelerated import code_positions
from x12proc.wire.delimiters import Delimiters

# Segments of envelopes, headers and HL loops. A code in one of them is part of a name, an address or a number.
_OUTSIDE_CLAIMS = frozenset(
    (
        *("ISA", "TA1", "GS", "ST", "SE", "GE", "IEA", "BHT", "HL"),
        *("NM1", "N2", "N3", "N4", "REF", "PER", "CUR", "PRV", "SBR", "PAT", "DMG"),
    )
)
_LONGEST_TAG = 10  # letters of a tag that are shown


class StrayCode(msgspec.Struct, frozen=True):
    """A code in a segment that belongs in a claim: the segment's offset in its range, its tag, and the code."""

    offset: int
    tag: str
    code: str


def outside_claims(raw: bytes, codes: tuple[bytes, ...], delimiters: Delimiters) -> tuple[int, StrayCode | None]:
    """Return the number of codes in names and numbers of a range outside of claims, and the first code that is in
    none of them."""
    names = 0
    stray: StrayCode | None = None
    for position in code_positions(raw, delimiters.segment, delimiters.element, codes):
        start = raw.rfind(delimiters.segment, 0, position) + 1
        head = raw[start : start + 64].lstrip(delimiters.layout.encode("latin-1"))
        tag = head.split(delimiters.segment, 1)[0].split(delimiters.element, 1)[0].decode("latin-1")
        if tag in _OUTSIDE_CLAIMS:
            names += 1
        elif stray is None:
            code = raw[position : position + len(codes[0])].decode("latin-1")
            stray = StrayCode(start, tag[:_LONGEST_TAG], code)
    return names, stray
