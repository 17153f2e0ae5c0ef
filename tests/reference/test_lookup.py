"""What is typed, found in the tables; doses computed. Invariants are tried on every product of the edition."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest

from x12proc.reference.dosing import Dose, billing_units, ndc_quantity, read_dose
from x12proc.reference.edition import PRODUCTS
from x12proc.reference.lookup import Printed, Query, coded, find, near_names, quantities, read_query, unit_of
from x12proc.reference.model import Product
from x12proc.reference.ndc import hyphenated
from x12proc.reference.strength import read_strengths
from x12proc.runner.settings import shipped_reference
from x12proc.values import iso_date, to_base_unit

REFERENCE = shipped_reference()
_ALL = [row[0] for row in REFERENCE.rows(PRODUCTS)]
NUMBERS = _ALL[:: 1 + len(_ALL) // 20_000]  # every one, until there are too many to wait for
_PLAIN_UNIT = re.compile(r"([0-9]+(?:\.[0-9]+)?) (MG|MCG|G|ML)")


def product(ndc: str) -> Product:
    found = REFERENCE.product(ndc)
    assert found is not None
    return found


def package(strength: str, **facts: str) -> Product:
    return msgspec.structs.replace(product("25682002501"), strength=strength, **{"container": "SDV", **facts})


# -- what is typed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("61755-0014-01", Query("ndc", "61755001401")),
        ("61755-014-01", Query("ndc", "61755001401")),
        ("N461755001401UN1", Query("ndc", "61755001401", Printed("UN", "1"))),
        ("n4 61755-0014-01 un 1", Query("ndc", "61755001401", Printed("UN", "1"))),
        ("N4 61755 0014 01   ML10.25", Query("ndc", "61755001401", Printed("ML", "10.25"))),
        ("N461755001401F21500", Query("ndc", "61755001401", Printed("F2", "1500"))),
        ("61755\u20130014\u201301 ML.5", Query("ndc", "61755001401", Printed("ML", ".5"))),
        ("5024206001", Query("ten digits", "5024206001")),
        ("N45024206001ML4", Query("ten digits", "5024206001", Printed("ML", "4"))),
        (" j9256 ", Query("code", "J9256")),
        ("Vyvgart  Hytrulo", Query("name", "Vyvgart Hytrulo")),
        ("20-valent pneumococcal", Query("name", "20-valent pneumococcal")),
    ],
)
def test_it_is_read_as_typed(typed: str, query: Query) -> None:
    assert read_query(typed) == query


@pytest.mark.parametrize("typed", ["123", "25682-0025", "256820-0025-01", "N4123UN1", "1" * 200])
def test_digits_that_are_no_ndc_are_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="is no NDC"):
        read_query(typed)


def test_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to look up"):
        read_query("  ")


def test_every_listed_ndc_is_found_in_every_spelling() -> None:
    for ndc in NUMBERS:
        parts = hyphenated(ndc)
        for typed in (ndc, parts, f"N4{ndc}UN1", f"N4 {parts} ML 2.5", parts.replace("-", " ")):
            assert read_query(typed).value == ndc
        (hit,) = find(REFERENCE, Query("ndc", ndc))
        assert [found.ndc for found in hit.packages] == [ndc]


# -- what is found ---------------------------------------------------------------------------------------------


def test_a_brand_means_its_own_packages_and_a_generic_all_of_them() -> None:
    (imaavy,) = find(REFERENCE, read_query("imaavy"))
    assert [found.name for found in imaavy.packages] == ["Imaavy", "Imaavy"]
    assert imaavy.codes[0].code == "J9256"
    drugs = [hit.drug for hit in find(REFERENCE, read_query("bevacizumab"))]
    assert drugs[0] == "bevacizumab"
    assert "bevacizumab-awwb" in drugs


def test_part_of_a_name_lists_what_it_may_mean() -> None:
    drugs = [hit.drug for hit in find(REFERENCE, read_query("vyvg"))]
    assert drugs == ["efgartigimod alfa-fcab", "efgartigimod alfa and hyaluronidase-qvfc"]
    assert find(REFERENCE, read_query("xyz")) == ()


def test_near_names_are_suggested() -> None:
    assert near_names(REFERENCE, "imavy")[0] == "imaavy (nipocalimab-aahu)"
    assert near_names(REFERENCE, "qqqqqqqq") == []


def test_a_code_tells_its_drug_and_comes_first() -> None:
    (hit,) = find(REFERENCE, read_query("J1300"))
    assert hit.drug == "eculizumab"
    assert [code.code for code in hit.codes] == ["J1300", "J1299"]
    assert [one.code.code for one in coded(REFERENCE, hit, None, iso_date("2026-01-01"))] == ["J1299", "J1300"]


def test_a_code_without_a_drug_stands_alone() -> None:
    (hit,) = find(REFERENCE, read_query("J3590"))
    assert (hit.drug, hit.packages, hit.codes) == ("", (), ())
    assert find(REFERENCE, read_query("Z9999")) == ()


def test_a_code_that_no_product_carries_is_computed_all_the_same() -> None:
    (hit,) = find(REFERENCE, read_query("A4217"))
    (one,) = coded(REFERENCE, hit, read_dose("1L"), iso_date("2025-01-01"))
    assert (one.code.code, one.in_force, one.units.value) == ("A4217", True, "2")


def test_codes_find_the_products_that_carry_them() -> None:
    carried = {code: ndc for ndc in NUMBERS for code in product(ndc).specific_code.split(";") if code}
    for code in sorted(carried)[::40]:
        hits = find(REFERENCE, Query("code", code))
        assert carried[code] in {found.ndc for hit in hits for found in hit.packages}, code


def test_names_that_the_lexicon_knows_find_their_products() -> None:
    seen = set()
    for ndc in NUMBERS:
        name = product(ndc).name
        if name in seen or REFERENCE.lexicon().canonical(name) != product(ndc).generic:
            continue
        seen.add(name)
        found = {one.ndc for hit in find(REFERENCE, Query("name", name)) for one in hit.packages}
        assert ndc in found, name
    assert len(seen) > 300


# -- doses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "dose"),
    [
        ("1200MG", Dose(Decimal(1200), "MG")),
        (" 1,040 mcg ", Dose(Decimal(1040), "MCG")),
        (".5 ug", Dose(Decimal("0.5"), "MCG")),
        ("1.5 gm", Dose(Decimal("1.5"), "G")),
        ("3 vials", Dose(Decimal(3), "VIAL")),
        ("500 I.U.", Dose(Decimal(500), "UNIT")),
    ],
)
def test_doses_are_read(typed: str, dose: Dose) -> None:
    assert read_dose(typed) == dose


@pytest.mark.parametrize(
    "typed", ["", "1200", "MG", "0 MG", "-5 MG", "5 MG/KG", "1e3 MG", "5 stones", "9" * 99 + "MG"]
)
def test_what_is_no_dose_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="is no dose"):
        read_dose(typed)


@pytest.mark.parametrize(
    ("dose", "unit", "value", "reported"),
    [
        ("1200MG", "3 MG", "400", "1200 MG / 3 MG = 400"),
        ("1205MG", "10 MG", "121", "1205 MG / 10 MG = 120.5, rounded up to 121"),
        ("1.5G", "10 MG", "150", "1.5 G = 1500 MG; 1500 MG / 10 MG = 150"),
        ("500MG", "1.5 GM", "1", "500 MG / 1500 MG = about 0.333, rounded up to 1"),
        ("1 MG", "3 MG", "1", "1 MG / 3 MG = about 0.333, rounded up to 1"),
        ("200MG", "UP TO 150 MG", "2", "200 MG / 150 MG = about 1.333, rounded up to 2"),
        ("250IU", "1 I.U. VWF:RCO", "250", "250 UNIT / 1 UNIT = 250"),
        ("250IU", "PER FACTOR VIII IU", "250", "250 UNIT / 1 UNIT = 250"),
        ("200,000 units", "100,000 UNITS", "2", "200000 UNIT / 100000 UNIT = 2"),
        ("2 vials", "PER VIAL", "2", "2 VIAL / 1 VIAL = 2"),
        ("11 ML", "10 MG", "110", "11 ML = 1100 MG; 1100 MG / 10 MG = 110"),
        ("2 vials", "10 MG", "60", "2 VIAL = 600 MG; 600 MG / 10 MG = 60"),
        ("1 vial", "PER THERAPEUTIC DOSE", "1", "1 unit is one whole dose (per therapeutic dose)"),
        ("5 MG", "", "", "the tables don't say what one unit of the code means"),
        ("5 MG", "2.5 MG/0.5 MG", "", "one unit of the code is '2.5 mg/0.5 mg', which is no single amount"),
        (
            "5 MG",
            "GREATER THAN 100 MG",
            "",
            "one unit of the code is 'greater than 100 mg', which is no single amount",
        ),
        ("5 MEQ", "3 MG", "", "a dose in MEQ can't be turned into the code's unit, 3 MG"),
    ],
)
def test_units_are_computed_or_the_reason_given(dose: str, unit: str, value: str, reported: str) -> None:
    packages = [package("1100 mg/11 mL" if "ML" in dose else "300 mg/3 mL")]
    answer = billing_units(read_dose(dose), unit, packages)
    assert (answer.value, answer.explanation) == (value, reported)


def test_packages_that_differ_leave_the_units_open() -> None:
    answer = billing_units(read_dose("2 vials"), "10 MG", [package("300 mg/3 mL"), package("1100 mg/11 mL")])
    assert answer.value == ""
    assert "packages of different strength" in answer.explanation


@pytest.mark.parametrize(
    ("dose", "strength", "facts", "value", "unit"),
    [
        ("3300MG", "300 mg/3 mL", {}, "33", "ML"),
        ("1200MG", "300 mg/1.62 mL", {}, "6.48", "ML"),
        ("100MG", "300 mg/1 mL", {}, "0.333", "ML"),
        ("2 vials", "300 mg/3 mL", {}, "6", "ML"),
        ("5 ML", "100 mg/mL", {}, "5", "ML"),
        ("1500MG", "105 mg lyophilized", {}, "15", "UN"),
        ("3 vials", "105 mg lyophilized", {}, "3", "UN"),
        ("500MG", "100 mg/4 mL; 400 mg/16 mL", {}, "20", "ML"),
    ],
)
def test_ndc_quantities_are_computed(
    dose: str, strength: str, facts: dict[str, str], value: str, unit: str
) -> None:
    answer = ndc_quantity(read_dose(dose), package(strength, **facts))
    assert (answer.value, answer.unit) == (value, unit), answer.explanation


@pytest.mark.parametrize(
    ("dose", "changed", "reason"),
    [
        ("5 MG", package(""), "don't know the strength"),
        ("5 MG", package("10% solution"), "is no plain amount"),
        ("5 MG", package("150MG"), "liquid (ML) or a powder (UN)"),
        ("5 MG", package("5 mg/1 mL", container="KIT"), "counted whole"),
        ("5 MG", package("5 mg/1 mL", container=""), "what kind of package"),
        ("5 MG", msgspec.structs.replace(package("5 mg/1 mL"), routes=("INTRAVITREAL",)), "drugs for the eye"),
        ("5 MG", msgspec.structs.replace(package("5 mg/1 mL"), ndc=None), "isn't listed"),
        ("5 IU", package("5 mg/1 mL"), "doesn't fit the strength"),
        ("1000 MG", package("1008 mg/5.6 mL; 1000 mg/5 mL"), "several strengths"),
        ("1 NG", package("300 mg/3 mL"), "less than 0.001 ML"),
    ],
)
def test_an_ndc_quantity_that_cannot_be_computed_is_explained(dose: str, changed: Product, reason: str) -> None:
    answer = ndc_quantity(read_dose(dose), changed)
    assert answer.value == ""
    assert reason in answer.explanation


def test_units_hold_the_dose_for_every_product() -> None:
    """Units times what one is the dose or the first amount above it; exact multiples stay exact."""
    computed = 0
    for ndc in NUMBERS:
        (hit,) = find(REFERENCE, Query("ndc", ndc))
        for code in hit.codes:
            unit = unit_of(REFERENCE, code)
            plain_unit = _PLAIN_UNIT.fullmatch(unit)
            if plain_unit is None:
                continue
            size, name = Decimal(plain_unit[1]), plain_unit[2]
            exact = billing_units(Dose(size * 7, name), unit, hit.packages)
            above = billing_units(Dose(size * 7 + size / 4, name), unit, hit.packages)
            assert (exact.value, above.value) == ("7", "8"), (ndc, code.code, unit)
            computed += 1
    assert computed > 5000


def test_quantities_hold_the_dose_for_every_product() -> None:
    """Milliliters hold the dose but for the third decimal; vials are the fewest that hold it."""
    computed = 0
    for ndc in NUMBERS:
        strengths = read_strengths(product(ndc).strength)
        dose = Dose(strengths[0].amount * 5 / 2, strengths[0].unit) if strengths else Dose(Decimal(5), "MG")
        for found, answer in quantities(find(REFERENCE, Query("ndc", ndc))[0], dose):
            assert answer.explanation, ndc
            if not answer.value:
                continue
            computed += 1
            given = Fraction(dose.value)
            quantity = Fraction(Decimal(answer.value))
            if answer.unit == "ML":
                concentration = Fraction(strengths[0].amount) / Fraction(strengths[0].volume or 1)
                assert abs(quantity * concentration - given) <= concentration / 2000, (ndc, found.strength)
            else:
                assert answer.unit == "UN"
                assert (quantity - 1) * Fraction(strengths[0].amount) < given, ndc
                assert given <= quantity * Fraction(strengths[0].amount), ndc
    assert computed > 150


def test_grams_and_milligrams_come_to_the_same() -> None:
    assert to_base_unit("1.2", "G") == to_base_unit("1200", "MG")
    one, other = (ndc_quantity(read_dose(text), product("57894080101")) for text in ("1.2G", "1200MG"))
    assert one.value == other.value == "6.5"
