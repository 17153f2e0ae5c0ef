"""Where a walk through a guide has come to behind a piece of a file."""

from __future__ import annotations

import msgspec

from x12proc.claims.model import Location
from x12proc.findings import GuideError
from x12proc.wire.segment import Segment


class WalkState(msgspec.Struct):
    """A place in the guide, what was counted on the way to it, and what was found wrong in the piece."""

    level: int
    place: str  # the path of the last segment's node
    counts: dict[str, int]  # of segments and loops, by their paths
    last: Segment | None  # the piece's last segment, behind which something may be missing
    parents: frozenset[int]  # what HL02 may say of a loop below: numbers counted, and numbers as sent
    claimed: bool
    stopped: bool = False  # the walk could not go on, so that nothing can be said of what hangs under the piece
    errors: dict[tuple[str, Location], GuideError] = {}

    def tell(self, error: GuideError) -> None:
        """Note a fault, once."""
        self.errors.setdefault((error.code, error.location), error)


def hl_number(text: str) -> int | None:
    """The number of an HL as the walks understand it; None where it is none."""
    try:
        return int(text[:20])
    except ValueError:
        return None
