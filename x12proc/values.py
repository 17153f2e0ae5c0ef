"""Reading single values as claims send them: quantities, amounts with units, dates; and showing them again."""

from __future__ import annotations

import re
from datetime import date
from decimal import Context, Decimal
from functools import lru_cache

_LONGEST_NUMBER = 40  # digits; no quantity of a claim comes near it
_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_LONGEST_AMOUNT = 18  # digits, X12 element 782
_EXACT = Context(prec=80)  # amounts of 18 digits with any fraction, summed without rounding
_SHORTENED = 80  # characters of a value that a message repeats

# Units that measure the same thing, as multiples of the first of them.
_FACTORS = {
    "MG": ("MG", Decimal(1)),
    "G": ("MG", Decimal(1000)),
    "MCG": ("MG", Decimal("0.001")),
    "NG": ("MG", Decimal("0.000001")),
    "ML": ("ML", Decimal(1)),
    "L": ("ML", Decimal(1000)),
}


def parse_quantity(text: str) -> Decimal | None:
    """The number that X12 text of type R spells (``33``, ``.5``, ``-2.50``), else None.

    No sign but a minus, no exponent, no thousands separators, no blanks.
    """
    return _number(text) if len(text) <= _LONGEST_NUMBER else None


@lru_cache(maxsize=4096)
def _number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def parse_charge(text: str) -> Decimal | None:
    """The amount that a charge (CLM02) spells, in dollars; None for what is no amount that can be summed: no
    number, less than zero, or longer than X12 allows."""
    number = parse_quantity(text)
    if number is None or number < 0 or len(text.replace(".", "")) > _LONGEST_AMOUNT:
        return None
    return number


def add_exactly(one: Decimal, other: Decimal) -> Decimal:
    """The sum of two amounts, unrounded."""
    return _EXACT.add(one, other)


def format_dollars(amount: Decimal) -> str:
    """An amount as people write it: ``$17,340.00``."""
    return f"${amount:,.2f}"


def to_base_unit(value: str, unit: str) -> tuple[Decimal, str] | None:
    """An amount in a unit that it can be compared in: grams and micrograms in MG, liters in ML.

    Other units are given back as they are; None when ``value`` is no number.
    """
    number = parse_quantity(value)
    if number is None:
        return None
    base, factor = _FACTORS.get(unit, (unit, Decimal(1)))
    return number * factor, base


def format_number(number: Decimal) -> str:
    """A number as people write it: no exponent, no zeros at the end of a fraction."""
    text = format(number, "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def iso_date(text: str) -> date | None:
    """A date written ``2033-03-07``, or None when it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def excerpt(text: str, longest: int = _SHORTENED) -> str:
    """A value for a message: on one line, without control characters, cut to a length."""
    if len(text) <= longest and text.isprintable():
        return text
    clean = "".join(character if character.isprintable() else "?" for character in text[: longest + 1])
    return clean if len(clean) <= longest else clean[: longest - 3] + "..."
