"""Words and numbers that look like one fact and are another."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from x12proc.narrative import Amount, Content, Lexicon, Narrative, Strength, read
from x12proc.narrative.tokens import _UNITS, LONGEST_TEXT, clean, tokenize


@pytest.mark.parametrize(
    ("text", "routes"),
    [
        ("BRIUMVI 450MG IV", ("IV",)),
        ("BRIUMVI 450MG I.V.", ("IV",)),
        ("BRIUMVI 450MG I.V", ("IV",)),
        ("BRIUMVI 450MG IV PUSH", ("IV",)),
        ("BRIUMVI 450MG INFUSION", ("IV",)),
        ("RYSTIGGO 280MG SC INFUSION", ("SC",)),
        ("TEZSPIRE 210MG SUB-Q", ("SC",)),
        ("TEZSPIRE 210MG SUB Q", ("SC",)),
        ("TEZSPIRE 210MG S.C.", ("SC",)),
        ("TEZSPIRE 210MG SUBCUTANEOUS", ("SC",)),
        ("OMVOH 300MG IV/SC", ("IV", "SC")),
        ("OMVOH 300MG SC THEN IV", ("SC", "IV")),
        ("EYLEA 2MG INTRA-VITREAL", ("INTRAVITREAL",)),
        ("SYNVISC 48MG INTRA-ARTICULAR", ("INTRAARTICULAR",)),
        ("ANKTIVA 400MCG BLADDER", ("INTRAVESICAL",)),
        ("KEYTRUDA 200MG BLADDER CANCER", ()),
        ("PULMOZYME 2.5MG NEB", ("INHALATION",)),
        # IV in other words
        ("GAMMAGARD IVIG 30 G", ()),
        ("IVORY 30 MG", ()),
        ("ALIVE 30 MG", ()),
        # IV as a numeral
        ("FACTOR IV 200 UNITS", ()),
        ("BRIUMVI 450MG STAGE IV", ()),
        ("BRIUMVI 450MG GRADE III/IV", ()),
        ("KEYTRUDA STAGE IV NSCLC 200MG IV", ("IV",)),
        ("FACTOR VIII 2000 IU", ()),
        ("FACTOR VIII 2000 IU IV", ("IV",)),
        # IT in English
        ("QALSODY 100MG IT", ("IT",)),
        ("QALSODY IT 100MG", ("IT",)),
        ("QALSODY 100MG INTRATHECAL", ("IT",)),
        ("PLEASE REVIEW IT", ()),
        ("BRIUMVI 450MG, PATIENT NEEDED IT BADLY", ()),
        ("BRIUMVI 450MG IT WAS GIVEN", ()),
        ("IT IS BRIUMVI 450MG", ()),
        # SC, ID, IL, IA as states and identifiers
        ("PIASKY 340MG SC", ("SC",)),
        ("PIASKY SC 340MG", ("SC",)),
        ("BRIUMVI 450MG CHARLESTON SC 29401", ()),
        ("BRIUMVI 450MG, COLUMBIA SC", ()),
        ("MEMBER ID 123456 BRIUMVI 450MG", ()),
        ("PATIENT ID BRIUMVI 450MG", ()),
        ("BOISE ID 83701", ()),
        ("TUBERSOL 5 UNITS ID", ("ID",)),
        ("CHICAGO IL 60601", ()),
        ("IMLYGIC 4 ML IL", ("INTRALESIONAL",)),
        ("PO #123 BRIUMVI", ()),
        ("PREDNISONE 10MG PO", ("ORAL",)),
        # the end of a name is no route
        ("TREMFYA IV 200MG", ("IV",)),
        ("briumvi450mgiv", ("IV",)),
        ("BRIUMVI450MGIVPFSX2", ("IV",)),
        ("BRIUMVI 450MGIVORY", ()),
        ("EYLEA2MGIVTOD", ("INTRAVITREAL",)),
        ("XOLAIR 150MG X2 SC", ("SC",)),
        ("BRIUMVI 450MG INTRAVENEOUS", ("IV",)),
        ("EYLEA 2MG INTRA VITREAL", ("INTRAVITREAL",)),
        # places
        ("IV CLINIC BRIUMVI 450MG", ()),
        ("BRIUMVI 450MG INFUSION CENTER", ()),
    ],
)
def test_routes(text: str, routes: tuple[str, ...], lexicon: Lexicon) -> None:
    narrative = read([text], lexicon)
    assert narrative.routes == routes
    assert narrative.route == (routes[0] if routes else None)


@pytest.mark.parametrize(
    ("text", "dose"),
    [
        ("TZIELD 1,040MCG", "1040 MCG"),
        ("TZIELD 1,040 MCG", "1040 MCG"),
        ("X .5MG", "0.5 MG"),
        ("X 5.0 MG", "5 MG"),
        ("X 0.30 GM", "0.3 G"),
        ("X 100 MILLIGRAMS", "100 MG"),
        ("X 10 UG", "10 MCG"),
        ("X 10 µg", "10 MCG"),
        ("X 100U", "100 UNIT"),
        ("X 100 U", "100 UNIT"),
        ("X 100 UNITS", "100 UNIT"),
        ("X 100 I.U.", "100 IU"),
        ("X 100 INTERNATIONAL UNITS", "100 IU"),
        ("X 2 MILLION UNITS", "2000000 UNIT"),
        ("X 2 MU", "2000000 UNIT"),
        ("X 1.5 MIU", "1500000 IU"),
        ("X 250 MILLION CELLS", "250000000 CELLS"),
        ("X 3 X 10^8 CELLS", "300000000 CELLS"),
        ("X 3X10E8 CELLS", "300000000 CELLS"),
        ("X 10⁸ PFU", "100000000 PFU"),
        ("X 1.33E14 VG", "133000000000000 VG"),
        ("X 1.1X10^14 GC", "110000000000000 VG"),
        ("X 20 MEQ", "20 MEQ"),
        ("X 2 CC", "2 ML"),
        ("BRIUMVI450MG", "450 MG"),
        ("briumvi450mgiv", "450 MG"),
        ("BRIUMVI 450-MG", "450 MG"),
        ("ACTHAR GEL 40 80 UNITS", "80 UNIT"),
        ("H.P. ACTHAR 40 UNITS", "40 UNIT"),
        # stated in so many words
        ("ELREXFIO 76MG SDV 12MG GIVEN", "12 MG"),
        ("GIVEN 12MG OF ELREXFIO 76MG", "12 MG"),
        ("BRIUMVI 150MG X3 TOTAL DOSE 450MG", "450 MG"),
        ("TOTAL: 450MG BRIUMVI 150MG", "450 MG"),
        ("3 X 150MG = 450MG BRIUMVI", "450 MG"),
        ("RYLAZE 25 MG/M2 = 45MG", "45 MG"),
        ("RYLAZE 25 MG/M2 X 1.8 M2 = 45MG", "45 MG"),
        ("BRIUMVI 6 MG/KG X 75 KG = 450MG", "450 MG"),
        # counted
        ("11 VIALS OF 300MG", "3300 MG"),
        ("11 VIALS X 300MG", "3300 MG"),
        ("10 VIALS @ 100MG", "1000 MG"),
        ("(2) 300MG VIALS", "600 MG"),
        ("300MG VIAL X 11", "3300 MG"),
        ("300MG/3ML X11", "3300 MG"),
        ("300 MG PER 3 ML X 11", "3300 MG"),
        ("300MG/3ML #11", "3300 MG"),
        ("11 VIALS 300MG/VIAL", "3300 MG"),
        ("11 VIALS 300MG/3ML", "3300 MG"),
        ("50MG/ML X 2", "100 MG"),
        ("3X0.1MG", "0.3 MG"),
        ("BRIUMVI, 1 UNIT, 450 MG", "450 MG"),
        ("BRIUMVI 450 MG = 1 UNIT", "450 MG"),
        ("3 VIALS 450MG", "450 MG"),  # no total beside it: not read as a size
        # the whole of one container
        ("SAPHNELO 300MG/2ML", "300 MG"),
        ("KEYTRUDA 100MG SDV", "100 MG"),
        ("OMVOH 300MG/15ML (20MG/ML)", "300 MG"),
        # glued, in words, in thousands
        ("11VIALSX300MG", "3300 MG"),
        ("TWO VIALS OF 300MG", "600 MG"),
        ("X 40K UNITS", "40000 UNIT"),
        ("X 22 MIL IU", "22000000 IU"),
        ("X 2 X 10^8 CAR-POSITIVE VIABLE T CELLS", "200000000 CELLS"),
        # a count and a size apart
        ("X 100 MG/10 ML, QTY 3 VIALS", "300 MG"),
        ("X 3 VIALS (150MG EACH)", "450 MG"),
        # a mass before a volume, and what is billed is no dose
        ("NDC 57894-0470-01 1 ML ADMIN 28MG", "28 MG"),
        ("X 40MG BILLED 40 UNITS", "40 MG"),
        ("X 45 UNITS BILLED, 40MG", "40 MG"),
        ("X JW 3300MG", "3300 MG"),
    ],
)
def test_the_dose(text: str, dose: str, lexicon: Lexicon) -> None:
    assert read([text], lexicon).dose == Amount(*dose.split())


@pytest.mark.parametrize("unit", sorted(_UNITS))
def test_every_unit_of_the_table_is_read(unit: str) -> None:
    (token,) = tokenize(f"5 {unit}")
    assert token.unit == _UNITS[unit]


@pytest.mark.parametrize(
    "text",
    [
        "ULTOMIRIS 100MG/ML",
        "ULTOMIRIS 100 MG PER ML",
        "ULTOMIRIS 100MG/1ML",
        "BRIUMVI 10 MG/KG",
        "BRIUMVI 10MG PER KG",
        "BRIUMVI 10 MG/KG/DAY",
        "RYLAZE 25 MG/M2",
        "RYLAZE 25 MG/M^2",
        "RYLAZE 25 MG/SQM",
        "ELEVIDYS 1.33E14 VG/KG",
        "BRIUMVI 5 MG/HR",
        "PT 70 KG BRIUMVI",
        "BRIUMVI EVERY 14 DAYS",
        "SODIUM CHLORIDE 0.9%",
        "DEGARELIX 1 UN",
        "BRIUMVI 5/2 TAB",
        "BRIUMVI 06/15/23",
        "VITAMIN B12",
        "KYMRIAH CD19",
        "BRIUMVI IN 250ML NS",
        "RETACRIT 20000U MDV",  # a multi-dose vial isn't used up
        "BRIUMVI OVERFILL 5MG",
        "BRIUMVI WASTED 5MG",
        "X " + "9" * 40 + " MG",
        "X 5^2 MG",
        "BRIUMVI 1 UNIT",
        "BRIUMVI 2 VIALS 25MG/ML",
        "BRIUMVI 25MG/ML VIAL X 3",
        "X 1E99 MG",
    ],
)
def test_what_is_no_dose(text: str, lexicon: Lexicon) -> None:
    assert read([text], lexicon).dose is None


@pytest.mark.parametrize(
    ("text", "only"),
    [("X 100MG/ML", True), ("X 100MG/1ML", True), ("X 100MG/2ML", False), ("X 100MG/ML 50MG", False)],
)
def test_a_concentration_alone(text: str, only: bool, lexicon: Lexicon) -> None:
    assert read([text], lexicon).concentration_only is only


@pytest.mark.parametrize(
    ("text", "strength"),
    [
        ("X 300MG/3ML", Strength("300", "MG", "3", "ML")),
        ("X 300 MG PER 3 ML", Strength("300", "MG", "3", "ML")),
        ("X 50U/0.5CC", Strength("50", "UNIT", "0.5", "ML")),
        ("X 500MG STRENGTH 150MG", Strength("150", "MG")),
        ("X 0.50%", Strength("0.5", "%")),
        ("X 5 PERCENT", Strength("5", "%")),
        ("X 500MG 100MG/VIAL", Strength("100", "MG")),
        ("X 500MG", None),
    ],
)
def test_the_strength(text: str, strength: Strength | None, lexicon: Lexicon) -> None:
    assert read([text], lexicon).strength == strength


@pytest.mark.parametrize(
    ("text", "discarded"),
    [
        ("X 46MG WASTED 2MG", "2 MG"),
        ("X 46MG WASTE: 2MG", "2 MG"),
        ("X 46MG 2MG WASTED", "2 MG"),
        ("X 46MG DISCARDED 2 MG", "2 MG"),
        ("X 46MG 2MG NOT GIVEN", "2 MG"),
        ("X 46MG UNUSED 2MG", "2 MG"),
        ("X 12MG GIVEN 64MG DISC 1.9ML VIAL", "64 MG"),
        ("X 46MG NO WASTE", "0 MG"),
        ("X 46MG WASTE 0", "0 MG"),
        ("X 46MG 0 WASTE", "0 MG"),
        ("X 46MCG NONE DISC", "0 MCG"),
        ("X 46U WASTE 0U", "0 UNIT"),
        ("X 46MG WASTE NONE", "0 MG"),
        ("X 46MG NO DRUG WASTED", "0 MG"),
        ("X 46MG W/O WASTE", "0 MG"),
        ("X 46MG JW 4MG", "4 MG"),
        ("X 46MG WASTED 4", "4 MG"),
        ("X 46MG WATSE 4MG", "4 MG"),
        ("X 46MG DISCARDED REMAINING 4MG", "4 MG"),
    ],
)
def test_waste(text: str, discarded: str, lexicon: Lexicon) -> None:
    assert read([text], lexicon).discarded == Amount(*discarded.split())


@pytest.mark.parametrize(
    "text", ["X 46MG", "X 46MG JZ", "X 46MG JW", "X 46MG OVERFILL 2MG", "X WASTE", "DISCUSSED 46MG"]
)
def test_no_word_of_waste(text: str, lexicon: Lexicon) -> None:
    assert read([text], lexicon).discarded is None


@pytest.mark.parametrize(
    ("text", "container", "count", "doses"),
    [
        ("X 10MG SDV", "SDV", None, None),
        ("X 10MG SINGLE DOSE VIAL", "SDV", None, None),
        ("X 10MG SINGLE-USE", "SDV", None, None),
        ("X 10MG SD VIAL", "SDV", None, None),
        ("X 10MG MDV", "MDV", None, None),
        ("X 10MG MULTI-DOSE VIAL", "MDV", None, None),
        ("X 10MG MULTIDOSE", "MDV", None, None),
        ("X 10MG PFS", "PFS", None, None),
        ("X 10MG PREFILLED SYRINGE", "PFS", None, None),
        ("X 10MG KIT", "KIT", None, None),
        ("X 10MG SINGLE DOSE GIVEN", None, None, None),
        ("X 10MG SIOUX FALLS SD", None, None, None),
        ("X 500MG 5 VIALS", None, "5", None),
        ("X 500MG #5 VIALS", None, "5", None),
        ("X 500MG SDV X 5", "SDV", "5", None),
        ("X 500MG 5 SDV", "SDV", "5", None),
        ("X 5000U MDV 10 DOSES PER VIAL", "MDV", None, "10"),
        ("X 5000U MDV DOSES/VIAL: 10", "MDV", None, "10"),
        ("X 5000U 10 DOSE VIAL", None, None, "10"),
        ("X 5000U MDV (10 DOSES)", "MDV", None, "10"),
        ("X 10MG 2 VAILS", None, "2", None),
        ("X 10MG 3 VIAL(S)", None, "3", None),
        ("X 10MG WASTED 1/2 VIAL", None, None, None),
    ],
)
def test_containers(
    text: str, container: str | None, count: str | None, doses: str | None, lexicon: Lexicon
) -> None:
    narrative = read([text], lexicon)
    assert (narrative.container, narrative.container_count, narrative.doses_per_container) == (
        container,
        count,
        doses,
    )


@pytest.mark.parametrize(
    ("text", "ndc", "written"),
    [
        ("X NDC 73150-0150-06", "73150015006", "73150-0150-06"),
        ("X NDC:73150-0150-06", "73150015006", "73150-0150-06"),
        ("X NDC#73150015006", "73150015006", "73150015006"),
        ("X NDC73150015006", "73150015006", "73150015006"),
        ("X N473150015006", "73150015006", "73150015006"),
        ("X N4 73150015006ML6", "73150015006", "73150015006"),
        ("X 73150-0150-06", "73150015006", "73150-0150-06"),
        ("X 73150015006", "73150015006", "73150015006"),
        ("X 0002-7597-01", "00002759701", "0002-7597-01"),
        ("X 50242-040-62", "50242004062", "50242-040-62"),
        ("X 60575-4112-1", "60575411201", "60575-4112-1"),
        ("X NDC 73150 0150 06", "73150015006", "73150 0150 06"),
        ("X NDC 0002759701", None, "0002759701"),
        ("X CALL 5551234567", None, None),
        ("X CALL 555-123-4567", None, None),
        ("X SSN 123-45-6789", None, None),
        ("X 2023-06-15", None, None),
        ("X SEE NDC#", None, None),
        ("X450MGIVNDC73150015006", "73150015006", "73150015006"),
        ("X NDC-73150015006", "73150015006", "73150015006"),
        ("X LOT# 73150015006", None, None),
        ("X AUTH 73150015006", None, None),
        ("X NDC 0002759701 OR 73150-0150-06", "73150015006", "73150-0150-06"),
    ],
)
def test_ndc(text: str, ndc: str | None, written: str | None, lexicon: Lexicon) -> None:
    narrative = read([text], lexicon)
    assert (narrative.ndc, narrative.ndc_text) == (ndc, written)


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("X 06/15/23", ("2023-06-15",)),
        ("X 6/5/2023", ("2023-06-05",)),
        ("X 2023-06-15", ("2023-06-15",)),
        ("X 06-15-23", ("2023-06-15",)),
        ("X 06/15/23 06/16/23 06/15/2023", ("2023-06-15", "2023-06-16")),
        ("X 06/15/23-06/16/23", ("2023-06-15", "2023-06-16")),
        ("X 20230615", ("2023-06-15",)),
        ("X 06152023", ("2023-06-15",)),
        ("X 06/16/23 2023-06-15", ("2023-06-16", "2023-06-15")),
        ("X DOB 06/15/1960", ()),
        ("X EXP 06/15/26 06/15/23", ("2023-06-15",)),
        ("X EXP DATE: 06-15-26", ()),
        ("X INV #20230615", ()),
        ("X 20231345", ()),
        ("X 13/45/23", ()),
        ("X 02/30/24", ()),
        ("X 5/2", ()),
        ("X 1/2/3", ()),
        ("X 73150-0150-06", ()),
    ],
)
def test_dates(text: str, dates: tuple[str, ...], lexicon: Lexicon) -> None:
    assert read([text], lexicon).dates == dates


@pytest.mark.parametrize(
    ("text", "trial"),
    [
        ("NCT01234567", "01234567"),
        ("CT01234567", "01234567"),
        ("NCT 01234567", "01234567"),
        ("NCT#01234567", "01234567"),
        ("TRIAL NO 01234567", "01234567"),
        ("NCT0123456", None),
        ("NCT012345678", None),
        ("01234567", None),
        ("PRODUCT01234567", None),
    ],
)
def test_trial_numbers(text: str, trial: str | None, lexicon: Lexicon) -> None:
    assert read([text], lexicon).trial == trial


@pytest.mark.parametrize(
    "text",
    [
        "INVESTIGATIONAL DRUG",
        "INVEST DRUG",
        "STUDY DRUG",
        "EXP BIOLOGIC",
        "IND #12345",
        "CLINICAL TRIAL",
        "TRIAL 5MG",
        "IND 154321",
        "EXPANDED ACCESS",
    ],
)
def test_investigational(text: str, lexicon: Lexicon) -> None:
    assert read([text], lexicon).investigational


@pytest.mark.parametrize(
    "text",
    [
        "EXP 06/25",
        "EXP DATE 06/25/26",
        "LOT 5 EXP",
        "INVOICE",
        "SLEEP STUDY",
        "FAILED TRIAL OF METHOTREXATE",
        "IND",
        "IND 12",
        "EXP 06/25/26 SDV",
    ],
)
def test_not_investigational(text: str, lexicon: Lexicon) -> None:
    assert not read([text], lexicon).investigational


@pytest.mark.parametrize(
    ("text", "invoice", "price", "compound"),
    [
        ("INV $250.00", True, "250.00", False),
        ("INVOICE ATT", True, None, False),
        ("ACQ COST $1,250.50", True, "1250.50", False),
        ("$250", False, "250", False),
        ("INV 375.00", True, "375.00", False),
        ("INVOICE TOTAL 1875", True, "1875", False),
        ("INVOICE #1875", True, None, False),
        ("INVOICE 1875", True, None, False),
        ("INVOICE TOTAL 300 MG", True, None, False),
        ("INVESTIGATIONAL", False, None, False),
        ("COMPOUNDED BEVACIZUMAB", False, None, True),
        ("COMPUNDED DRUG", False, None, True),
        ("503B BEVACIZUMAB", False, None, True),
        ("REPACKAGED", False, None, True),
        ("COMPONENT", False, None, False),
    ],
)
def test_invoice_and_compound(
    text: str, invoice: bool, price: str | None, compound: bool, lexicon: Lexicon
) -> None:
    narrative = read([text], lexicon)
    assert (narrative.invoice, narrative.invoice_amount, narrative.compound) == (invoice, price, compound)


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("EYLEA 2MG OD", "RT"),
        ("EYLEA 2MG OS", "LT"),
        ("EYLEA 2MG RIGHT EYE", "RT"),
        ("EYLEA 2MG LEFT EYE", "LT"),
        ("EYLEA 2MG RT", "RT"),
        ("EYLEA 2MG L EYE", "LT"),
        ("EYLEA 2MG OU", None),
        ("EYLEA 2MG OD AND OS", None),
        ("EYLEA 2MG LEFT SIDE", None),
        ("NOVOSEVEN RT 5MG", None),
    ],
)
def test_laterality(text: str, side: str | None, lexicon: Lexicon) -> None:
    assert read([text], lexicon).laterality == side


@pytest.mark.parametrize(
    "text",
    [
        "UNCLASSIFIED BIOLOGICS",
        "UNCLASSIFIED BIOLOGIC J3590",
        "DRUG",
        "INJECTION",
        "SEE NOTE",
        "SEE NDC",
        "MISC",
        "NOC",
        "N/A",
        "UNLISTED DRUG, NOT OTHERWISE CLASSIFIED",
        "See attached invoice.",
        "J3590",
        "---",
    ],
)
def test_texts_that_name_nothing(text: str, lexicon: Lexicon) -> None:
    assert read([text], lexicon).generic_text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "UNCLASSIFIED BIOLOGIC 450MG",
        "UNCLASSIFIED BIOLOGIC NDC 73150-0150-06",
        "BRIUMVI",
        "COMPOUNDED DRUG",
        "INVEST DRUG",
        "DOCUMENTATION AVAILABLE UPON REQUEST",
        "NEWDRUG INJECTION",
        "INVOICE $250",
    ],
)
def test_texts_that_say_something(text: str, lexicon: Lexicon) -> None:
    assert not read([text], lexicon).generic_text


def test_a_vehicle_names_the_line_only_when_nothing_else_does(lexicon: Lexicon) -> None:
    assert read(["SODIUM CHLORIDE 0.9% BRIUMVI 450MG"], lexicon).matched == "ublituximab-xiiy"
    assert read(["SODIUM CHLORIDE 0.9%"], lexicon).matched == "sodium chloride"
    assert read(["SODIUM CHLORIDE", "BRIUMVI"], lexicon).matched == "ublituximab-xiiy"


def test_the_earlier_field_wins_and_lists_are_joined(lexicon: Lexicon) -> None:
    narrative = read(["BRIUMVI 450MG IV 06/15/23", "ULTOMIRIS 400MG SC 150MG/6ML 06/16/23 06/15/23"], lexicon)
    assert narrative.matched == "ublituximab-xiiy"
    assert narrative.dose == Amount("450", "MG")
    assert narrative.strength == Strength("150", "MG", "6", "ML")
    assert (narrative.route, narrative.routes) == ("IV", ("IV", "SC"))
    assert narrative.dates == ("2023-06-15", "2023-06-16")


def test_a_stated_dose_beats_an_earlier_implied_one(lexicon: Lexicon) -> None:
    narrative = read(["ULTOMIRIS 300MG/3ML", "TOTAL DOSE 3300 MG"], lexicon)
    assert narrative.dose == Amount("3300", "MG")
    assert read(["ULTOMIRIS 100MG/ML", "3300 MG"], lexicon).concentration_only is False


def test_generic_text_means_all_the_fields(lexicon: Lexicon) -> None:
    assert read(["UNCLASSIFIED BIOLOGIC", "SEE NOTE"], lexicon).generic_text
    assert not read(["UNCLASSIFIED BIOLOGIC", "BRIUMVI 450MG"], lexicon).generic_text
    assert read([], lexicon) == Narrative()


def test_sizes_of_two_kinds(lexicon: Lexicon) -> None:
    narrative = read(["X 46MG 2 X 20MG + 2 X 4MG"], lexicon)
    assert narrative.contents == (Content("2", Amount("20", "MG")), Content("2", Amount("4", "MG")))
    assert (narrative.amount_per_container, narrative.strength) == (None, None)


def test_only_the_first_characters_are_read(lexicon: Lexicon) -> None:
    assert read([" " * LONGEST_TEXT + "BRIUMVI"], lexicon) == Narrative()


HOSTILE = [
    "A",
    "1",
    "1,111",
    "X1",
    "((",
    "NDC ",
    "1X10^",
    "I.V.",
    "\0",
    "é€𝟙",
    "10 MG ",
    "MG/ML ",
    "SUB Q",
    "İ",
    "\u202e",
    "5MGIVSC",
    "CAR T CELLS ",
    "EXP 01/01/24 ",
    "NOT ULTOMIRIS AND ",
    "LOT 12345678901 ",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_ten_megabytes_of_anything_are_answered(piece: str, lexicon: Lexicon) -> None:
    text = piece * (10_000_000 // len(piece))
    assert isinstance(read([text], lexicon), Narrative)
    assert len(tokenize(clean(text))) <= LONGEST_TEXT


PHRASES = """
BRIUMVI 450MG IV 3X 150MG / ML 3ML WASTE 0 X 11 VIALS SDV ( ) + = GIVEN NDC 73150-0150-06 06/15/23 $ 250.00
1.1X10^14 VG/KG 10^8 PFU MDV DOSES PER VIAL 2 # @ % .5 1,040 MCG NO DISC IT SC TOTAL DOSE EACH OF
"""
PIECES = st.sampled_from([*PHRASES.split(), "\0", "é"])


@settings(max_examples=400)
@given(st.lists(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=14).map(" ".join)), max_size=4))
def test_any_text_is_answered_with_sound_values(texts: list[str]) -> None:
    narrative = read(texts, Lexicon([("Briumvi", "ublituximab-xiiy")]))
    units = {"MG", "MCG", "NG", "G", "IU", "UNIT", "ML", "L", "MEQ", "VG", "PFU", "CELLS", "%"}
    amounts = [narrative.dose, narrative.discarded, narrative.amount_per_container, narrative.strength]
    for amount in [*amounts, *(content.amount for content in narrative.contents)]:
        assert amount is None or (amount.unit in units and Decimal(amount.value) >= 0 and "E" not in amount.value)
    assert narrative.ndc is None or (len(narrative.ndc) == 11 and narrative.ndc.isdigit())
    assert narrative.route is None or narrative.route == narrative.routes[0]
    assert not (narrative.concentration_only and narrative.dose)


@given(st.text(max_size=200))
def test_reading_twice_gives_the_same(text: str) -> None:
    lexicon = Lexicon([])
    assert read([text], lexicon) == read([text], lexicon)


@pytest.mark.parametrize(
    ("text", "discarded"),
    [
        ("BRIUMVI 450MG IV WASTED 20MG DISCARDED 30MG", "20 MG"),
        ("BRIUMVI 450MG IV WASTED 20MG WASTED 30", "20 MG"),
        ("BRIUMVI 450MG IV NO WASTE, WASTED 30", "0 MG"),
    ],
)
def test_what_was_discarded_is_told_once_and_first(text: str, discarded: str, lexicon: Lexicon) -> None:
    said = read((text,), lexicon).discarded
    assert said is not None
    assert f"{said.value} {said.unit}" == discarded


def test_a_number_of_something_else_is_no_code_of_a_study(lexicon: Lexicon) -> None:
    assert read(("SITE AB-123 CLINICAL TRIAL DRUG",), lexicon).drug_name is None
    assert read(("SITE AB-123 CLINICAL TRIAL DRUG CDE-456 10MG IV",), lexicon).drug_name == "CDE-456"


def test_a_name_without_a_letter_is_no_name() -> None:
    names = Lexicon([("-", "nothing"), ("Zyxomab", "zyxomab-abcd")])
    assert names.canonical("-") is None
    assert names.canonical("zyxomab") == "zyxomab-abcd"
