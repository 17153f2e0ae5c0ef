"""What was given: dose, containers, waste and NDC quantities that fit each other."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from random import Random
from typing import NamedTuple

from generated.drugs import Drug, most_containers

_THREE_DECIMALS = Decimal("0.001")
_LEFT_OVER = (Decimal("0.5"), Decimal("0.25"), Decimal("0.2"), Decimal("0.1"))  # parts of the last container
_FEW_CONTAINERS = ("INTRAVITREAL", "SC", "IM")


class Given(NamedTuple):
    """One administration of one drug. ``number`` counts containers; it is 0 where the tables don't tell what one
    holds."""

    drug: Drug
    day: date
    route: str
    dose: Decimal
    wasted: Decimal
    number: int
    eye: str  # RT, LT or empty

    @property
    def unit(self) -> str:
        """CTP05-1: milliliters for a liquid, pieces for a powder."""
        return "ML" if self.drug.volume is not None else "UN"

    @property
    def quantity(self) -> Decimal:
        """CTP04 of what was given."""
        if self.drug.volume is None:
            return Decimal(self.number - 1 if self.wasted else self.number)
        return self.dose * self.drug.volume / self.drug.size

    @property
    def wasted_quantity(self) -> Decimal:
        """CTP04 of what was discarded; of a powder the container that was opened and not used up."""
        return Decimal(1) if self.drug.volume is None else self.wasted * self.drug.volume / self.drug.size

    @property
    def used_quantity(self) -> Decimal:
        """CTP04 of all that was opened."""
        return self.quantity + (self.wasted_quantity if self.wasted else 0)


def figures(number: Decimal) -> str:
    """A number as people write it."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def give(drug: Drug, chance: Random, *, waste: bool, after_code: bool = False) -> Given:
    """An administration of a drug, with waste if wanted and if its amounts allow it; before the drug has a code of
    its own, or with ``after_code`` in the first half year of the code."""
    first, last = drug.first.toordinal(), drug.last.toordinal()
    day = date.fromordinal(last + chance.randint(1, 180) if after_code else chance.randint(first, last))
    route = chance.choice([route for route in drug.routes if route != "TOPICAL"])
    eye = chance.choice(("RT", "LT")) if route == "INTRAVITREAL" else ""
    if drug.volume == 1:  # a concentration: any dose will do, and nothing is known of containers
        return Given(
            drug, day, route, drug.size * min(chance.randint(2, 9), most_containers(drug)), Decimal(0), 0, eye
        )
    most = 1 if route in _FEW_CONTAINERS else 6
    count = min(chance.randint(1, most), most_containers(drug))
    least = 2 if drug.volume is None else 1  # a powder is wasted by whole pieces
    wasted = _left_over(drug, chance) if waste and count >= least and not eye else Decimal(0)
    return Given(drug, day, route, drug.size * count - wasted, wasted, count, eye)


def _left_over(drug: Drug, chance: Random) -> Decimal:
    """A part of a container that three decimals can hold, in the drug's unit and in milliliters."""
    parts = [part * drug.size for part in _LEFT_OVER if _is_short(part * drug.size)]
    if drug.volume is not None:
        parts = [part for part in parts if _is_short(part * drug.volume / drug.size)]
    return chance.choice(parts) if parts else Decimal(0)


def _is_short(number: Decimal) -> bool:
    return number == number.quantize(_THREE_DECIMALS)
