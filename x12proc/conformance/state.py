"""The state of a walk through a guide at the end of a chunk of a file."""

from __future__ import annotations

import msgspec

from x12proc.claims.model import Location
from x12proc.findings import GuideError
from x12proc.wire.segment import Segment


class WalkState(msgspec.Struct):
    """A node of the guide, the counts on the way to it, and the errors found in the chunk."""

    level: int
    path: str  # the path of the last segment's node
    counts: dict[str, int]  # of segments and loops, by their paths
    last: Segment | None  # the chunk's last segment, after which something may be missing
    parents: frozenset[int]  # the numbers that HL02 of a loop below may have: as counted, and as sent
    has_claim: bool
    stopped: bool = False  # the walk could not go on, so that the loops below the chunk are not checked
    errors: dict[tuple[str, Location], GuideError] = {}

    def add_error(self, error: GuideError) -> None:
        """Add an error, once."""
        self.errors.setdefault((error.code, error.location), error)


def hl_number(text: str) -> int | None:
    """Return the number of an HL as the walks read it; None where it is none."""
    try:
        return int(text[:20])
    except ValueError:
        return None
