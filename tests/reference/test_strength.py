"""Strengths as the tables write them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from x12proc.reference.strength import read_strengths


def test_amount_and_volume() -> None:
    (strength,) = read_strengths("450MG/7.5ML (60MG/ML)")
    assert (strength.amount, strength.unit, strength.volume) == (Decimal(450), "MG", Decimal("7.5"))
    assert strength.concentration == Decimal(60)
    assert not strength.per_ml


def test_several_sizes() -> None:
    assert [str(one.amount) for one in read_strengths("20 mg/10 mL; 5 mg/2.5 mL")] == ["20", "5"]


def test_powder_has_no_concentration() -> None:
    (strength,) = read_strengths("105 mg lyophilized")
    assert strength.powder
    assert strength.concentration is None


def test_concentration_alone_tells_no_container() -> None:
    (strength,) = read_strengths("140 mg/mL")
    assert strength.per_ml
    assert strength.concentration == Decimal(140)


def test_international_units_are_units() -> None:
    assert [(str(one.amount), one.unit) for one in read_strengths("1,000IU; 250UNITS")] == [
        ("1000", "UNIT"),
        ("250", "UNIT"),
    ]


@pytest.mark.parametrize("text", ["", " ", "10%", "bag", "20 mg; bag", "0.5 mg/0 ml or so", "1" * 400, "٣ mg"])
def test_what_is_not_understood_tells_nothing(text: str) -> None:
    assert read_strengths(text) == ()


def test_a_volume_of_nothing_is_no_concentration() -> None:
    (strength,) = read_strengths("5 mg/0 mL")
    assert strength.concentration is None
