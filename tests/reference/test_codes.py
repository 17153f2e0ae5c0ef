"""What the shipped edition says of codes, classes, administration and diagnoses, by date."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from x12proc.reference import diagnoses
from x12proc.reference.edition import COLUMNS, Reference, SpecificCode
from x12proc.reference.model import in_force
from x12proc.reference.wording import UNSPECIFIC_CODES, text_route, text_unit

FOLDER = Path(__file__).parents[2] / "config" / "reference"
ULTOMIRIS, SOLIRIS, BRIUMVI, IMAAVY = "25682002501", "25682000101", "73150015006", "57894080001"
C9052 = ("C9052", "2019-07-01", "2019-09-30", "verified", "name")
J1300 = ("J1300", "2008-01-01", "2025-03-31", "verified", "name")


@pytest.fixture(scope="module")
def shipped() -> Reference:
    return Reference(lambda name: (FOLDER / name).read_bytes())


def reported(codes: tuple[SpecificCode, ...]) -> list[tuple[str, str, str, str, str]]:
    return [
        (code.code, str(code.first or ""), str(code.last or ""), code.date_confidence, code.matched_by)
        for code in codes
    ]


@pytest.mark.parametrize(
    ("ndc", "codes"),
    [
        (
            ULTOMIRIS,
            [("J1303", "2019-10-01", "", "verified", "ndc11"), C9052],
        ),
        ("25682002599", [("J1303", "2019-10-01", "", "verified", "ndc9"), C9052]),
        (BRIUMVI, [("J2329", "2023-07-01", "", "verified", "ndc11")]),
        (
            SOLIRIS,
            [("J1299", "2025-04-01", "", "verified", "ndc11"), J1300],
        ),
        (
            IMAAVY,
            [
                ("J9256", "2026-01-01", "", "verified", "ndc11"),
                ("C9305", "2025-10-01", "2025-12-31", "verified", "name"),
            ],
        ),
        ("99999999999", []),
    ],
)
def test_codes_of_an_ndc_with_their_dates(shipped: Reference, ndc: str, codes: list[tuple[str, ...]]) -> None:
    assert reported(shipped.codes_for(ndc, None)) == codes


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("ULTOMIRIS", ["J1303", "C9052"]),
        ("ravulizumab", ["J1303", "C9052"]),
        ("Briumvi", ["J2329"]),
        ("Privigen", ["J1459"]),  # a brand keeps to its own code
        ("Bkemv", ["Q5152", "Q5139"]),
        ("eculizumab-aeeb", ["Q5152", "Q5139"]),
        ("Herceptin", ["J9355"]),
        ("Enjaymo", ["J1302", "C9094"]),
        ("denosumab-bnht", ["Q5158"]),  # newer than the names: its suffix tells that it is a drug
        ("something-else", []),
    ],
)
def test_codes_of_a_name(shipped: Reference, name: str, codes: list[str]) -> None:
    assert [code.code for code in shipped.codes_for(None, name)] == codes


def test_an_ndc_may_stand_under_several_codes(shipped: Reference) -> None:
    codes = shipped.codes_for("55513000204", None)  # Aranesp: one code for dialysis, one for other use
    assert [code.code for code in codes if code.matched_by == "ndc11"] == ["J0881", "J0882"]


def test_nothing_asked_nothing_answered(shipped: Reference) -> None:
    assert shipped.codes_for(None, None) == shipped.codes_for("", "") == ()
    assert shipped.classes(None, None) == frozenset()


def test_an_unspecific_code_stands_for_no_drug(shipped: Reference) -> None:
    for code in (*UNSPECIFIC_CODES, "J1599"):
        known = shipped.code(code)
        assert known is not None, code
        assert known.drug == "", code


def test_a_code_with_its_dates(shipped: Reference) -> None:
    old, new = shipped.code("c9052"), shipped.code("J1299")
    assert old is not None
    assert new is not None
    assert (old.added, old.effective, old.terminated) == (date(2019, 7, 1), date(2019, 10, 1), date(2019, 9, 30))
    assert (old.date_confidence, old.drug, old.billing_unit) == ("verified", "ravulizumab-cwvz", "10 MG")
    assert (new.opps_status, new.billing_unit) == ("K", "2 MG")
    assert shipped.code("Z9999") is None
    assert shipped.code("J13") is None
    assert shipped.code("") is None


@pytest.mark.parametrize(
    ("first", "last", "answer"),
    [
        (None, None, None),
        (None, date(2020, 1, 1), False),
        (None, date(2020, 3, 1), None),
        (date(2020, 1, 1), None, True),
        (date(2020, 2, 2), None, True),
        (date(2020, 2, 3), None, False),
    ],
)
def test_an_unknown_day_is_neither_always_nor_never(
    first: date | None, last: date | None, answer: bool | None
) -> None:
    assert in_force(first, last, date(2020, 2, 2)) is answer


def test_a_route_in_the_text_restricts_the_code(shipped: Reference) -> None:
    entyvio = shipped.code("J3380")
    assert entyvio is not None
    assert entyvio.route == "IV"
    routes = {code.code: code.route for code in shipped.codes_for(None, "Entyvio")}
    assert routes["J3380"] == "IV"


@pytest.mark.parametrize(
    ("text", "unit", "route"),
    [
        ("Injection, ravulizumab-cwvz, 10 mg", "10 MG", ""),
        ("Injection, vedolizumab, intravenous, 1 mg", "1 MG", "IV"),
        ("Injection, aldesleukin, 1,000 i.u.", "1000 IU", ""),
        ("Injection, tebentafusp-tebn, 1 microgram", "1 MCG", ""),
        ("Injection, daratumumab, 10 mg and hyaluronidase-fihj", "", ""),
        ("Injection, nivolumab and relatlimab-rmbw, 3 mg/1 mg", "", ""),
        ("Injection, rho(d) immune globulin (human), intramuscular or intravenous, 100 iu", "100 IU", ""),
        ("Injection, furosemide, up to 20 mg", "", ""),
        ("Injection, etuvetidigene autotemcel, per treatment", "PER TREATMENT", ""),
        ("Injection, digoxin immune fab (ovine), per vial", "PER VIAL", ""),
        ("Technetium tc-99m sestamibi, diagnostic, per study dose", "", ""),
        ("Unclassified biologics", "", ""),
    ],
)
def test_what_the_text_of_a_code_says(text: str, unit: str, route: str) -> None:
    assert (text_unit(text), text_route(text)) == (unit, route)


# -- classes, administration, biosimilars --------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("Privigen", {"immune-globulin"}),
        ("Gardasil", {"vaccine"}),
        ("Advate", {"clotting-factor"}),
        ("Kymriah", {"cell-therapy", "gene-therapy"}),
        ("Zolgensma", {"gene-therapy"}),
        ("Imlygic", {"antineoplastic", "gene-therapy"}),
        ("Herceptin", {"antineoplastic"}),
        ("Ogivri", {"antineoplastic"}),  # its biosimilar
        ("Talvey", {"antineoplastic"}),  # billed as J9999 before J3055
        ("Vyvgart", set()),  # J9332 is among the chemotherapy drugs and is none
        ("Rituximab", set()),  # as much for arthritis
        ("Ultomiris", set()),
        ("Thymoglobulin", set()),  # against lymphocytes, no substitute for antibodies
        ("Kcentra", set()),
    ],
)
def test_classes_of_names(shipped: Reference, name: str, classes: set[str]) -> None:
    assert shipped.classes(None, name) == classes


def test_classes_of_an_ndc_and_of_a_code(shipped: Reference) -> None:
    assert shipped.classes("50242006001", None) == {"antineoplastic"}  # Avastin
    assert shipped.classes(ULTOMIRIS, None) == frozenset()
    assert shipped.code_classes("a9606") == {"radiopharmaceutical"}
    assert shipped.code_classes("J9999") == {"antineoplastic"}
    assert shipped.code_classes("J3590") == frozenset()


def test_administration_by_route(shipped: Reference) -> None:
    assert {"96365", "96413", "96409"} <= shipped.administration("IV")
    assert {"96372", "96401"} <= shipped.administration("SC") & shipped.administration("IM")
    assert shipped.administration("INTRAVITREAL") == {"67028"}
    assert shipped.administration("INTRAVESICAL") == {"51720"}
    assert shipped.administration_routes("96372") == {"SC", "IM"}
    assert shipped.administration_routes("99601") == frozenset()
    assert "99601" in shipped.administration("")
    assert "99213" not in shipped.administration("")
    assert shipped.administration("NOWHERE") == frozenset()


def test_no_text_of_a_cpt_code_is_shipped() -> None:
    assert [column.name for column in COLUMNS["administration.csv"]] == ["code", "routes"]


def test_biosimilars_by_the_name_without_suffix(shipped: Reference) -> None:
    found = {item.name: (item.suffix, item.kind) for item in shipped.biosimilars("Eculizumab")}
    assert found["eculizumab-aeeb"] == ("aeeb", "interchangeable")
    assert shipped.biosimilars("ravulizumab")[0].kind == "originator"
    assert shipped.biosimilars("nothing") == ()


def test_products_by_their_drug(shipped: Reference) -> None:
    names = {product.name for product in shipped.products_named("Ravulizumab-cwvz")}
    assert names == {"Ultomiris"}
    everything = {row[0] for row in shipped.rows("products.csv") if row[2] == "eculizumab"}
    assert {product.ndc for product in shipped.products_named("eculizumab")} == everything
    assert shipped.products_named("") == ()


# -- diagnoses -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "on", "answer"),
    [
        ("G35", date(2025, 9, 30), True),
        ("G35", date(2025, 10, 1), False),  # split
        ("G35.A", date(2025, 10, 1), True),
        ("G35A", date(2025, 9, 30), False),
        ("D59.5", date(2026, 1, 1), True),
        ("d595", date(2024, 10, 1), True),
        ("D59", date(2026, 1, 1), False),
        ("B20", date(2026, 1, 1), True),
        ("S06.1X7D", date(2026, 1, 1), False),
        ("S72001A", date(2026, 1, 1), True),
        ("D595", date(2022, 10, 1), True),
        ("D595", date(2022, 9, 30), None),
        ("D595", date(2027, 9, 30), True),
        ("D595", date(2027, 10, 1), None),
        ("C7831", date(2026, 10, 1), True),  # new in FY 2027
        ("C7831", date(2026, 9, 30), False),
        ("G20", date(2023, 9, 30), True),
        ("G20", date(2023, 10, 1), False),  # split in FY 2024
        ("Z591", date(2022, 12, 1), True),  # ended on 2023-03-31; through the year, for want of months
        ("Z591", date(2023, 10, 1), False),
        ("", date(2026, 1, 1), False),
        ("D595*", date(2026, 1, 1), False),
        ("É12", date(2026, 1, 1), False),
    ],
)
def test_a_diagnosis_is_a_leaf_of_its_fiscal_year(
    shipped: Reference, code: str, on: date, answer: bool | None
) -> None:
    assert shipped.diagnosis(code, on) is answer


def test_the_year_holds_as_many_codes_as_were_published(shipped: Reference) -> None:
    codes = diagnoses.by_year(shipped.raw(diagnoses.TABLE))
    counts = {year: len(members) for year, members in codes.items()}
    ended_in_april = 7  # of 2023; they could be billed until then
    published = {2023: 73_674 + ended_in_april, 2024: 74_044, 2025: 74_260, 2026: 74_719, 2027: 74_879}
    assert counts == published


_CODES = st.sets(st.from_regex(r"[A-C][0-9][0-9A][0-9A]{0,4}", fullmatch=True), max_size=30)


@given(st.dictionaries(st.integers(2020, 2030), _CODES, min_size=1, max_size=4))
def test_packing_loses_nothing(codes: dict[int, set[str]]) -> None:
    table = diagnoses.pack(codes)
    assert {year: set(members) for year, members in diagnoses.by_year(table).items()} == codes
    assert diagnoses.years(table) == tuple(sorted(codes))
    for year, members in codes.items():
        for code in set().union(*codes.values()):
            assert diagnoses.contains(table, code, year) is (code in members)


@pytest.mark.parametrize(
    "rows",
    [b"A00\n", b"A01 :1\nA00 :1\n", b"A00 :\n", b"\xff\n", b"A00 :1  2:3\n", b"A00 :1@2026\n", b"A00 :1@x-\n"],
)
def test_a_malformed_diagnosis_table_says_where(rows: bytes) -> None:
    with pytest.raises(ValueError, match=r"diagnoses.txt, row [23], column category"):
        list(diagnoses.unpack(b"2025 2026\n" + rows))


@pytest.mark.parametrize("table", [b"", b"A00 :1\n", b"2025, 2026\nA00 :1\n"])
def test_a_diagnosis_table_needs_its_years(table: bytes) -> None:
    with pytest.raises(ValueError, match=r"diagnoses.txt, row 1, column years"):
        diagnoses.years(table)


# -- the edition as a whole ----------------------------------------------------------------------------


def test_the_shipped_edition_is_sound(shipped: Reference) -> None:
    counts = shipped.validate()
    assert counts == {name: table.rows for name, table in shipped.manifest().tables.items()}


@pytest.mark.parametrize(
    ("table", "on", "answer"),
    [
        ("products", date(2010, 1, 1), True),
        ("products", date(2026, 12, 31), True),
        ("products", date(2027, 1, 1), False),
        ("administration", date(2040, 1, 1), True),
        ("diagnoses", date(2022, 10, 1), True),
        ("diagnoses", date(2027, 9, 30), True),
        ("diagnoses", date(2027, 10, 1), False),
        ("diagnoses", date(2022, 9, 30), False),
    ],
)
def test_a_table_speaks_for_certain_days(shipped: Reference, table: str, on: date, answer: bool) -> None:
    assert shipped.covers(table, on) is answer


def test_a_table_that_is_not_there_covers_nothing(shipped: Reference) -> None:
    with pytest.raises(ValueError, match=r"there is no table 'weather'; there are administration"):
        shipped.covers("weather", date(2026, 1, 1))


def test_only_the_tables_that_are_needed_are_read() -> None:
    asked: list[str] = []

    def read(name: str) -> bytes:
        asked.append(name)
        return (FOLDER / name).read_bytes()

    reference = Reference(read)
    steps: list[tuple[Callable[[], object], set[str]]] = [
        (lambda: reference.product(ULTOMIRIS), {"products.csv", "edition.toml"}),
        (lambda: reference.codes_for(ULTOMIRIS, None), {"codes.csv"}),
        (lambda: reference.diagnosis("G35", date(2025, 1, 1)), {"diagnoses.txt"}),
        (lambda: reference.administration("IV"), {"administration.csv"}),
    ]
    for step, tables in steps:
        before = len(asked)
        step()
        step()
        assert set(asked[before:]) == tables
    assert len(asked) == len(set(asked))
