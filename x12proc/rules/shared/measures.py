"""Amounts in comparable units, and the strengths on the label of a product."""

from __future__ import annotations

from decimal import Context as Arithmetic
from decimal import Decimal
from typing import NamedTuple

from x12proc.claims.model import ServiceLine
from x12proc.reference.strength import Strength, read_strengths
from x12proc.rules.context import Context
from x12proc.rules.shared.dates import served_on
from x12proc.rules.shared.dosing import Size, sizes_packed
from x12proc.rules.shared.listed_product import listed_product
from x12proc.values import excerpt, format_number, to_base_unit

_EXACT = Arithmetic(prec=200)  # more digits than any claim's numbers multiply to
_THOUSANDTH = Decimal("0.001")
MASSES = ("MG", "MCG", "G")
UNITS = ("F2", "GR", "ME", "ML", "UN")


class Measure(NamedTuple):
    """A quantity in a unit it can be compared in: MG, ML, UNIT (which IU are as well) and so on."""

    value: Decimal
    unit: str


def measure(value: str, unit: str) -> Measure | None:
    """Return an amount above zero in its base unit."""
    known = to_base_unit(value, "UNIT" if unit == "IU" else unit)
    return Measure(*known) if known and known[0] > 0 else None


def format_decimal(number: Decimal) -> str:
    return excerpt(format_number(_EXACT.quantize(number, _THOUSANDTH) if number >= _THOUSANDTH else number), 30)


def format_measure(amount: Measure) -> str:
    return f"{format_decimal(amount.value)} {amount.unit}"


# -- what the text and the tables say of the amounts ------------------------------------------------------------


def labeled_strengths(line: ServiceLine, ctx: Context) -> tuple[Strength, ...]:
    """Return the strengths of the product of LIN03; of several those that were sold in its container on that
    day."""
    product = listed_product(line, ctx)
    strengths = read_strengths(product.strength) if product else ()
    if product is None or len(strengths) < 2:
        return strengths
    known = _sold(strengths, sizes_packed(product, ctx))
    return known if len(known) < 2 else _sold(known, sizes_packed(product, ctx, served_on(line, ctx)))


def _sold(strengths: tuple[Strength, ...], sizes: frozenset[Size]) -> tuple[Strength, ...]:
    """Return the strengths that are among the sizes; all of them where none is."""
    return tuple(one for one in strengths if Size(one.amount, one.unit, one.volume) in sizes) or strengths
