"""A fix: the finding that it mends, what it changes, and whether it is made."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from x12proc.claims.model import Location
from x12proc.wire.edits import Edit

# Which fixes are made: none, those that are certain, or the likely ones as well.
Fixing: TypeAlias = Literal["off", "safe", "all"]


class Fix(msgspec.Struct, frozen=True):
    """One change that mends one finding.

    ``before`` and ``after`` are the text that changes, an element or whole segments (parted by a blank), as the
    file has it; ``before`` is empty where something is put in. ``safe`` says that the meaning stays what it was.
    ``line`` is the target line's number among the claim's target lines, None for a fault of the claim itself.
    """

    rule: str
    safe: bool
    before: str
    after: str
    location: Location
    line: int | None
    edits: tuple[Edit, ...]  # in file order
    added: int = 0  # segments
    applied: bool = False
    remark: str = ""  # why it is not applied

    @property
    def start(self) -> int:
        """The byte at which it begins."""
        return self.edits[0].start
