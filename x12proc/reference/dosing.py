"""Convert a dose to billing units of a HCPCS code and to the NDC quantity and unit (CTP04, CTP05) of a package.

All of it is exact arithmetic on what the tables say. Where they don't say enough the answer is a reason in words:
a number that was guessed would be billed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Final

import msgspec

from x12proc.reference.model import Product
from x12proc.reference.strength import Strength, read_strengths
from x12proc.values import format_number, to_base_unit

_SPELLED: Final = {
    **dict.fromkeys(("MG", "MGS", "MILLIGRAM", "MILLIGRAMS"), "MG"),
    **dict.fromkeys(("MCG", "UG", "MICROGRAM", "MICROGRAMS"), "MCG"),
    **dict.fromkeys(("G", "GM", "GMS", "GRAM", "GRAMS"), "G"),
    **dict.fromkeys(("ML", "MLS", "CC"), "ML"),
    **dict.fromkeys(("UNIT", "UNITS", "U", "IU", "IUS", "I.U.", "USP UNIT", "USP UNITS"), "UNIT"),
    **dict.fromkeys(("VIAL", "VIALS"), "VIAL"),
    **dict.fromkeys(("SQ CM", "SQCM", "CM2"), "SQ CM"),
    **{unit: unit for unit in ("NG", "L", "MEQ", "MCI", "VG", "PFU", "CELLS")},
}
_UNITS: Final = "|".join(re.escape(unit) for unit in sorted(_SPELLED, key=len, reverse=True))
_NUMBER: Final = r"([0-9][0-9,]*(?:\.[0-9]+)?|\.[0-9]+)"
_MULTIPLES: Final = {"MILLION": 10**6, "BILLION": 10**9}
_DOSE: Final = re.compile(rf"\s*{_NUMBER}\s*({_UNITS})\s*", re.IGNORECASE)
_CODE_UNIT: Final = re.compile(
    rf"(UP TO |PER )?(?:{_NUMBER}\s*)?(MILLION |BILLION )?(?:FACTOR VIII )?({_UNITS})(?: VWF:RCO| \([A-Z ]+\))?\Z",
    re.IGNORECASE,
)
_WHOLE_DOSE: Final = re.compile(r"PER (?:THERAPEUTIC )?(?:DOSE|TREATMENT|INFUSION)\b|.*\bT CELLS\b", re.IGNORECASE)
_LIQUID_CONTAINERS: Final = ("SDV", "MDV", "PFS")
_MOST_DECIMALS: Final = 3  # of CTP04: payers refuse more
_LONGEST_DOSE: Final = 40  # characters


class Dose(msgspec.Struct, frozen=True):
    """An amount that was given, in its canonical unit: 1200 MG."""

    value: Decimal
    unit: str

    def __str__(self) -> str:
        return f"{format_number(self.value)} {self.unit}"


class Answer(msgspec.Struct, frozen=True):
    """A computed number with its arithmetic, or the reason why there is none.

    ``value`` is empty when it can't be computed; ``explanation`` is then the reason.
    """

    value: str
    unit: str
    explanation: str


def read_dose(text: str) -> Dose:
    """Read ``1200MG``, ``1,040 mcg`` or ``3 vials`` into a Dose. Raises ValueError for anything else."""
    found = _DOSE.fullmatch(text) if len(text) <= _LONGEST_DOSE else None
    value = Decimal(found[1].replace(",", "")) if found else Decimal(0)
    if found is None or not value:
        raise ValueError(f"{text[:_LONGEST_DOSE]!r} is no dose; write it like 1200MG, 1.5G, 250mcg, 10ML, 3vials")
    return Dose(value, _SPELLED[found[2].upper()])


# -- billing units ---------------------------------------------------------------------------------------------


def billing_units(dose: Dose, code_unit: str, packages: Iterable[Product]) -> Answer:
    """Compute the units of a code for a dose, rounded up as HCPCS is billed.

    ``code_unit`` is the amount of one unit by the tables; packages convert milliliters or vials into it.
    """
    if not code_unit:
        return _no_answer("units", "the tables don't say what one unit of the code means")
    if _WHOLE_DOSE.match(code_unit):
        return Answer("1", "units", f"1 unit is one whole dose ({code_unit.lower()})")
    one = _one_unit(code_unit)
    if one is None:
        return _no_answer("units", f"one unit of the code is '{code_unit.lower()}', which is no single amount")
    given = _amounts_in(dose, one.unit, packages)
    if not given:
        return _no_answer("units", f"a dose in {dose.unit} can't be turned into the code's unit, {one}")
    if len(given) > 1:
        return _no_answer("units", "packages of different strength are meant: look up the NDC that was given")
    (amount,) = given
    return _counted(dose, amount, one)


def _counted(dose: Dose, amount: Fraction, one: Dose) -> Answer:
    exact = amount / Fraction(one.value)
    units = ceil(exact)
    same = to_base_unit(format_number(dose.value), dose.unit) == (dose.value, one.unit)
    begin = str(dose) if same else f"{dose} = {figures(amount)} {one.unit}; {figures(amount)} {one.unit}"
    rounded = "" if exact == units else f", rounded up to {units}"
    return Answer(str(units), "units", f"{begin} / {one} = {figures(exact)}{rounded}")


def _one_unit(text: str) -> Dose | None:
    """Return the amount of one unit of a code, ``1 GM`` as 1000 MG; None if it is no single amount."""
    found = _CODE_UNIT.match(text.strip())
    if found is None or (found[2] is None and found[1] is None):
        return None
    number = Decimal((found[2] or "1").replace(",", "")) * _MULTIPLES.get((found[3] or "").strip().upper(), 1)
    based = to_base_unit(format(number, "f"), _SPELLED[found[4].upper()])
    return Dose(*based) if based else None


def _amounts_in(dose: Dose, unit: str, packages: Iterable[Product]) -> set[Fraction]:
    """Convert a dose to another unit: one amount, several if packages differ, none if no package converts."""
    value, base = _based(dose.value, dose.unit)
    if base == unit:
        return {value}
    rates = [_rates(strength) for product in packages for strength in read_strengths(product.strength)]
    return {value * rate[unit] / rate[base] for rate in rates if unit in rate and base in rate}


def _rates(strength: Strength) -> dict[str, Fraction]:
    """Yield the same content in every unit in which it can be expressed."""
    amount, base = _based(strength.amount, strength.unit)
    rates = {base: amount}
    if strength.volume:
        rates["ML"] = Fraction(strength.volume)
    if not strength.per_ml:
        rates["VIAL"] = Fraction(1)
    return {unit: rate for unit, rate in rates.items() if rate}


def _based(value: Decimal, unit: str) -> tuple[Fraction, str]:
    based = to_base_unit(format(value, "f"), unit)
    assert based is not None, "a number was read"
    return Fraction(based[0]), based[1]


# -- NDC quantity ----------------------------------------------------------------------------------------------


def ndc_quantity(dose: Dose, product: Product) -> Answer:
    """Compute CTP04 and CTP05 of a dose from one package: milliliters of a liquid, vials of a powder."""
    strengths = read_strengths(product.strength)
    reason = _why_not(product, strengths)
    if reason:
        return _no_answer("", reason)
    powder = strengths[0].powder
    unit = "VIAL" if powder else "ML"
    given = {amount for strength in strengths for amount in _one_amount(dose, unit, strength)}
    if not given:
        return _no_answer("", f"a dose in {dose.unit} doesn't fit the strength {product.strength}")
    if len(given) > 1:
        return _no_answer("", f"several strengths are listed for it ({product.strength}): see the label")
    (amount,) = given
    return _vials(dose, amount, product) if powder else _milliliters(dose, amount, product)


def _why_not(product: Product, strengths: tuple[Strength, ...]) -> str:
    """Return the reason why the unit of a package is unknown; empty if it is known."""
    if product.ndc is None:
        return "this package isn't listed, and another one may have another strength"
    if not product.strength:
        return "the tables don't know the strength of this package"
    if not strengths:
        return f"the strength '{product.strength}' is no plain amount"
    if product.container == "KIT":
        return "it is a kit, which is counted whole (UN)"
    if "INTRAVITREAL" in product.routes:
        return "drugs for the eye are sold as liquids and as kits: count ML or UN as the package says"
    if all(strength.powder for strength in strengths):
        return ""
    if any(strength.powder or not strength.volume for strength in strengths):
        return "the tables don't say whether it is a liquid (ML) or a powder (UN)"
    return "" if product.container in _LIQUID_CONTAINERS else "the tables don't say what kind of package it is"


def _one_amount(dose: Dose, unit: str, strength: Strength) -> Iterable[Fraction]:
    value, base = _based(dose.value, dose.unit)
    rates = _rates(strength)
    if base == unit:
        yield value
    elif base in rates and unit in rates:
        yield value * rates[unit] / rates[base]


def _vials(dose: Dose, exact: Fraction, product: Product) -> Answer:
    count = ceil(exact)
    whole = "" if exact == count else f", counted as {count} whole"
    return Answer(str(count), "UN", f"{dose} out of {product.strength} = {figures(exact)}{whole}")


def _milliliters(dose: Dose, exact: Fraction, product: Product) -> Answer:
    value = _rounded(exact)
    if not value:
        return _no_answer("ML", f"{dose} is less than 0.001 ML")
    return Answer(format_number(value), "ML", f"{dose} at {product.strength} = {figures(exact)} ML")


# -- numbers ---------------------------------------------------------------------------------------------------


def figures(number: Fraction) -> str:
    """Format a number, with ``about`` before one rounded to three decimals."""
    rounded = _rounded(number)
    return format_number(rounded) if Fraction(rounded) == number else f"about {format_number(rounded)}"


def _rounded(number: Fraction) -> Decimal:
    scaled = round(number * 10**_MOST_DECIMALS)
    sign, digits = int(scaled < 0), tuple(map(int, str(abs(scaled))))
    return Decimal((sign, digits, -_MOST_DECIMALS))


def _no_answer(unit: str, reason: str) -> Answer:
    return Answer("", unit, reason)
