"""Read the text of a product's strength: the content of a container, and its volume."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

import msgspec

_PIECE = re.compile(
    r"\s*([0-9][0-9,]*(?:\.[0-9]+)?)\s*(mg|mcg|ug|g|units?|iu|u)\s*(?:/\s*([0-9]+(?:\.[0-9]+)?)?\s*(ml))?"
    r"\s*(lyophilized)?\s*(?:\([^()]*\))?\s*(?:vial|pfs|syringe)?\s*",
    re.IGNORECASE,
)
_UNITS = {"UG": "MCG", "UNITS": "UNIT", "U": "UNIT", "IU": "UNIT"}
_LONGEST = 300  # characters; longer texts list every size of a brand


class Strength(msgspec.Struct, frozen=True):
    """One strength of a product, e.g. ``300 MG`` in ``3`` ML.

    ``unit`` is MG, MCG, G or UNIT (used for IU as well). ``volume`` is in ML, and None for what is not
    sold as a liquid or if unknown; with ``per_ml`` only the concentration is known, not the container.
    """

    amount: Decimal
    unit: str
    volume: Decimal | None
    per_ml: bool
    powder: bool

    @property
    def concentration(self) -> Decimal | None:
        """Return the content of one milliliter."""
        return self.amount / self.volume if self.volume else None


@lru_cache(maxsize=4096)
def read_strengths(text: str) -> tuple[Strength, ...]:
    """Read the strengths in a text (``300 mg/15 mL``, ``20 mg/10 mL; 5 mg/2.5 mL``, ``105 mg lyophilized``).

    Empty when any part of the text is not understood: half a list of strengths would mislead.
    """
    if not text.strip() or len(text) > _LONGEST:
        return ()
    found = [_PIECE.fullmatch(piece) for piece in text.split(";")]
    strengths = tuple(_strength(piece) for piece in found if piece is not None)
    return strengths if len(strengths) == len(found) else ()


def _strength(piece: re.Match[str]) -> Strength:
    amount, unit, volume, liquid, powder = piece.groups()
    unit = unit.upper()
    return Strength(
        amount=Decimal(amount.replace(",", "")),
        unit=_UNITS.get(unit, unit),
        volume=Decimal(volume or 1) if liquid else None,
        per_ml=liquid is not None and volume is None,
        powder=powder is not None,
    )
