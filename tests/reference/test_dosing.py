"""How a drug is dosed, and the packages that it came in on a day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from x12proc.reference.edition import Dosing, Reference

FOLDER = Path(__file__).parents[2] / "config" / "reference"


@pytest.fixture(scope="module")
def shipped() -> Reference:
    return Reference(lambda name: (FOLDER / name).read_bytes())


@pytest.mark.parametrize(
    ("name", "dosing"),
    [
        ("Anavip", Dosing("piece", ("vial",))),
        ("CROFAB", Dosing("piece", ("vial",))),
        ("anascorp", Dosing("piece", ("vial",))),
        ("bat", Dosing("piece", ("vial",))),
        ("digifab", Dosing("piece", ("vial",))),
        ("maci", Dosing("piece", ("implant", "membrane", "sheet"))),
        ("stratagraft", Dosing("piece", ("sheet", "construct", "piece"))),
        ("encelto", Dosing("piece", ("implant",))),
        ("rethymic", Dosing("piece", ("slice", "dish", "treatment"))),
        ("ryoncil", Dosing("cells", ("treatment", "infusion"))),
        ("Zolgensma", Dosing("vector-genomes", ("kit", "treatment", "infusion"))),
        ("imlygic", Dosing("particles", ())),
        ("ultomiris", Dosing("mass", ())),  # by the unit of its code
        ("retacrit", Dosing("activity", ())),
        ("zyxomab", None),
    ],
)
def test_how_a_drug_is_dosed(shipped: Reference, name: str, dosing: Dosing | None) -> None:
    assert shipped.dosing(name) == dosing


def test_a_syringe_of_2025_makes_no_text_of_2023_ambiguous(shipped: Reference) -> None:
    def reported(on: date) -> list[tuple[str, str]]:
        return [(package.container, package.strength) for package in shipped.packages("VYVGART HYTRULO", on)]

    assert reported(date(2023, 6, 19)) == []
    assert reported(date(2023, 12, 1)) == [("SDV", "1008 mg/5.6 mL")]
    assert reported(date(2025, 6, 1)) == [("PFS", "1000 mg/5 mL"), ("SDV", "1008 mg/5.6 mL")]


def test_packages_by_the_drugs_own_name_are_those_of_its_brands(shipped: Reference) -> None:
    on = date(2024, 1, 1)
    assert shipped.packages("ravulizumab", on) == shipped.packages("ultomiris", on) != ()
    assert shipped.packages("zyxomab", on) == ()
    (briumvi,) = shipped.packages("briumvi", on)
    assert briumvi.holds is not None
    assert (briumvi.holds.amount, briumvi.holds.unit, briumvi.holds.volume) == (Decimal(150), "MG", Decimal(6))


def test_every_strength_of_a_package_is_read(shipped: Reference) -> None:
    for row in shipped.rows("packages.csv"):
        packages = shipped.packages(row[0], date(2030, 1, 1))
        assert all(package.holds for package in packages), row


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("Tysabri", "300 mg"),
        ("natalizumab-sztn", "300 mg"),  # a biosimilar, by its drug
        ("Prolia", "60 mg"),
        ("Xgeva", "120 mg"),
        ("Ultomiris", "3600 mg"),
        ("VYVGART", "1200 mg"),
        ("Vyvgart Hytrulo", "1008 mg"),
        ("Ocrevus Zunovo", ""),  # under the skin with hyaluronidase: another drug than Ocrevus
        ("Keytruda Qlex", ""),
        ("Tecentriq Hybreza", ""),
        ("Elfabrio", ""),  # by weight
        ("Zyxontra", ""),
    ],
)
def test_the_largest_dose_of_a_label(shipped: Reference, name: str, most: str) -> None:
    found = shipped.maximum_dose(name)
    assert (f"{found.amount} {found.unit}" if found else "") == most


def test_each_largest_dose_is_of_a_known_name(shipped: Reference) -> None:
    """A misspelled name would never be found."""
    known = {column for row in shipped.rows("names.csv") for column in row[:2]}
    assert [row[0] for row in shipped.rows("maximum_doses.csv") if row[0] not in known] == []
