"""Units of a HCPCS code for the dose of a line: J9256 x 400 for 1200 MG, where 1 unit is 3 MG."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

from x12proc.claims.model import ServiceLine
from x12proc.reference.strength import read_strengths
from x12proc.rules.context import Context
from x12proc.rules.shared.waste_lines import WASTED
from x12proc.values import excerpt, format_number, to_base_unit

_PER = "PER "
_LONGEST = 50  # characters of the units and of how they were worked out


def format_unit(billing_unit: str) -> str:
    """Return the amount of one unit: ``1 unit = 3 MG``; empty where the table has none."""
    if not billing_unit:
        return ""
    if billing_unit.startswith(_PER):
        return f"1 unit = one {excerpt(billing_unit.removeprefix(_PER).lower(), 40)}"
    return f"1 unit = {excerpt(billing_unit.lower() if billing_unit.startswith('UP TO') else billing_unit, 40)}"


def units_of(line: ServiceLine, ctx: Context, billing_unit: str) -> tuple[str, str] | None:
    """Return the units of a line's dose and how they were worked out; None where dose or unit can't be compared.

    A part of a unit counts as a whole one.
    """
    narrative = ctx.narrative(line)
    given = narrative.discarded if WASTED in line.modifiers_sent else narrative.dose
    dose = _measured(given.value, given.unit) if given else None
    sizes = [strength for strength in read_strengths(billing_unit) if strength.volume is None]
    size = _measured(format_number(sizes[0].amount), sizes[0].unit) if len(sizes) == 1 else None
    if dose is None or size is None or dose[1] != size[1]:
        return None
    units = format_number((dose[0] / size[0]).to_integral_value(ROUND_CEILING))
    words = f"{format_number(dose[0])} {dose[1]} / {format_number(size[0])} {size[1]}"
    return (units, words) if len(units) + len(words) <= _LONGEST else None


def _measured(value: str, unit: str) -> tuple[Decimal, str] | None:
    """Return an amount above zero in its base unit."""
    known = to_base_unit(value, "UNIT" if unit == "IU" else unit)
    return known if known and known[0] > 0 else None
