"""How many units of a code a line's dose is: J9256 x 400 for 1200 MG, where 1 unit is 3 MG."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

from x12proc.claims.model import ServiceLine
from x12proc.reference.strength import read_strengths
from x12proc.rules.arithmetic import in_figures, measure
from x12proc.rules.context import Context
from x12proc.values import plain, shorten

_WASTED = "JW"
_PER = "PER "


def unit_shown(billing_unit: str) -> str:
    """The amount of one unit: ``1 unit = 3 MG``; empty where the table has none."""
    if not billing_unit:
        return ""
    if billing_unit.startswith(_PER):
        return f"1 unit = one {shorten(billing_unit.removeprefix(_PER).lower(), 40)}"
    return f"1 unit = {shorten(billing_unit.lower() if billing_unit.startswith('UP TO') else billing_unit, 40)}"


def units_of(line: ServiceLine, ctx: Context, billing_unit: str) -> tuple[Decimal, str] | None:
    """The units of a line's dose and how they were worked out; None where dose or unit can't be compared.

    A part of a unit counts as a whole one.
    """
    said = ctx.narrative(line)
    given = said.discarded if _WASTED in line.given_modifiers else said.dose
    dose = measure(given.value, given.unit) if given else None
    sizes = [strength for strength in read_strengths(billing_unit) if strength.volume is None]
    size = measure(plain(sizes[0].amount), sizes[0].unit) if len(sizes) == 1 else None
    if given is None or dose is None or size is None or dose.unit != size.unit:
        return None
    units = (dose.value / size.value).to_integral_value(ROUND_CEILING)
    return units, f"{in_figures(dose.value)} {dose.unit} / {in_figures(size.value)} {size.unit}"
