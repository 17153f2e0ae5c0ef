"""Element numbers, modifier locations, and the segment after which a REF of the claim belongs."""

from __future__ import annotations

from itertools import takewhile

from x12proc.claims.model import Claim, Location, ServiceLine, location_of
from x12proc.wire.segment import Segment

_BEHIND_REFERENCES = frozenset(("K3", "NTE", "CR1", "CR2", "CRC", "HI", "HCP"))
_FIRST = 3  # the component of the first modifier


def reference_anchor(claim: Claim) -> Segment:
    """Return the segment of loop 2300 after which a further REF belongs."""
    own = (segment for segment in claim.segments if segment.loop == "2300")
    return list(takewhile(lambda segment: segment.tag not in _BEHIND_REFERENCES, own))[-1]


def procedure_element(line: ServiceLine) -> int:
    """Return which element of SV1 or SV2 holds the procedure; charge, unit basis and units follow it."""
    return 2 if line.sv_or_lx.tag == "SV2" else 1


def modifier_location(line: ServiceLine, *modifiers: str) -> Location:
    """Return where the first of the given modifiers is on a line; SV101-3 or SV202-3 where it has none of them."""
    position = next((i for i, code in enumerate(line.modifiers) if code.upper() in modifiers), 0)
    return location_of(line.sv_or_lx, procedure_element(line), _FIRST + position)
