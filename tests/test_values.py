"""Single values: what is read, what isn't, and that nothing raises."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from x12proc.values import excerpt, format_number, iso_date, parse_quantity, to_base_unit


@pytest.mark.parametrize(
    ("text", "number"),
    [("33", "33"), (".5", "0.5"), ("0.5", "0.5"), ("5.", "5"), ("-2.50", "-2.5"), ("0", "0"), ("007", "7")],
)
def test_quantities_that_are_read(text: str, number: str) -> None:
    assert parse_quantity(text) == Decimal(number)


@pytest.mark.parametrize(
    "text", ["", ".", "-", "+5", " 5", "5 ", "1,040", "1E3", "NaN", "Infinity", "5ML", "٣٣", "½", "9" * 41, "5\n"]
)
def test_quantities_that_are_none(text: str) -> None:
    assert parse_quantity(text) is None


@pytest.mark.parametrize(
    ("value", "unit", "number", "base"),
    [
        ("0.3", "G", "300", "MG"),
        ("1040", "MCG", "1.04", "MG"),
        ("5", "NG", "0.000005", "MG"),
        ("0.25", "L", "250", "ML"),
        ("500", "IU", "500", "IU"),
    ],
)
def test_amounts_in_a_unit_to_compare_them_in(value: str, unit: str, number: str, base: str) -> None:
    assert to_base_unit(value, unit) == (Decimal(number), base)


def test_an_amount_without_a_number_is_none() -> None:
    assert to_base_unit("SOME", "MG") is None


@pytest.mark.parametrize(
    ("number", "text"),
    [("37.50", "37.5"), ("300", "300"), ("0.000", "0"), ("1E+3", "1000"), ("1E-7", "0.0000001")],
)
def test_plain_numbers(number: str, text: str) -> None:
    assert format_number(Decimal(number)) == text


def test_dates() -> None:
    assert iso_date("2033-03-07") == date(2033, 3, 7)
    assert iso_date("2033-02-30") is None
    assert iso_date("soon") is None


def test_values_shown_are_short_and_harmless() -> None:
    assert excerpt("BRIUMVI 450MG IV") == "BRIUMVI 450MG IV"
    assert excerpt("A" * 80) == "A" * 80
    assert excerpt("A" * 81) == "A" * 77 + "..."
    assert excerpt("A\x00B\nC") == "A?B?C"
    assert excerpt("ABCDEFGH", 6) == "ABC..."


@given(st.text(), st.text(max_size=5))
def test_nothing_raises(text: str, unit: str) -> None:
    parse_quantity(text)
    to_base_unit(text, unit)
    iso_date(text)
    assert len(excerpt(text)) <= 80
