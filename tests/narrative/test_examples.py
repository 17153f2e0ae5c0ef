"""The examples of real and constructed narratives, each with everything that may be read from it.

A case lists every fact; what it doesn't list must be absent, so an invented fact fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from x12proc.narrative import Amount, Content, Lexicon, Narrative, Strength, read


def amount(text: str) -> Amount:
    value, unit = text.split()
    return Amount(value, unit)


def strength(text: str) -> Strength:
    """``100 MG / 1 ML``, ``150 MG`` or ``0.9 %``."""
    parts = text.replace("/", "").split()
    return Strength(*parts)


def contents(*texts: str) -> tuple[Content, ...]:
    """``2 x 20 MG``."""
    pairs = (text.split(" x ") for text in texts)
    return tuple(Content(count, amount(size)) for count, size in pairs)


@dataclass(frozen=True)
class Case:
    number: int
    text: str
    facts: dict[str, Any]


def case(number: int, text: str, **facts: Any) -> Case:
    """A case; ``routes`` follows ``route`` unless it says otherwise."""
    if "route" in facts:
        facts.setdefault("routes", (facts["route"],))
    return Case(number, text, facts)


CASES = [
    case(
        1,
        "Sod Chl 0.9%see NDC#",
        drug_name="sod chl",
        matched="sodium chloride",
        strength=strength("0.9 %"),
    ),
    case(2, "Hep Lock see NDC#", drug_name="hep lock", matched="heparin lock"),
    case(
        3,
        "Bupivacaine, 0.50% 1ml",
        drug_name="bupivacaine",
        matched="bupivacaine",
        strength=strength("0.5 %"),
        dose=amount("1 ML"),
        dose_is_implied=True,
    ),
    case(4, "Degarelix 1 UN", drug_name="degarelix", matched="degarelix"),
    case(
        5,
        "Morphine 50mg/ml 2.00",
        drug_name="morphine",
        matched="morphine",
        strength=strength("50 MG / 1 ML"),
        concentration_only=True,
    ),
    case(6, "compunded drugs, invoice attached", invoice=True, compound=True),
    case(7, "INV $250.00", invoice=True, invoice_amount="250.00"),
    case(8, "Documentation Available Upon Request"),
    case(9, "N459572077501UN300", ndc="59572077501", ndc_text="59572077501"),
    case(10, "Drug Name 11111-2222-33", ndc="11111222233", ndc_text="11111-2222-33"),
    case(
        11,
        "BRIUMVI 450MG IV INFUSION",
        drug_name="briumvi",
        matched="ublituximab-xiiy",
        dose=amount("450 MG"),
        route="IV",
    ),
    case(
        12,
        "ULTOMIRIS (RAVULIZUMAB-CWVZ) 3300 MG IV, STRENGTH 100MG/ML",
        drug_name="ultomiris",
        matched="ravulizumab-cwvz",
        dose=amount("3300 MG"),
        strength=strength("100 MG / 1 ML"),
        route="IV",
    ),
    case(
        13,
        "BRIUMVI 450 MG NDC 73150-0150-06",
        drug_name="briumvi",
        matched="ublituximab-xiiy",
        dose=amount("450 MG"),
        ndc="73150015006",
        ndc_text="73150-0150-06",
    ),
    case(
        14,
        "ULTOMIRIS 100MG/ML",
        drug_name="ultomiris",
        matched="ravulizumab-cwvz",
        strength=strength("100 MG / 1 ML"),
        concentration_only=True,
    ),
    case(
        15,
        "TZIELD 1040 MCG NDC 73650-0316-01",
        drug_name="tzield",
        matched="teplizumab-mzwv",
        dose=amount("1040 MCG"),
        ndc="73650031601",
        ndc_text="73650-0316-01",
    ),
    case(
        16,
        "BRIUMVI NDC 73150-0150-06 IV 06/15/23 450MG X1",
        drug_name="briumvi",
        matched="ublituximab-xiiy",
        dose=amount("450 MG"),
        route="IV",
        dates=("2023-06-15",),
        ndc="73150015006",
        ndc_text="73150-0150-06",
    ),
    case(
        17,
        "PIASKY NDC 50242-0115-01 SC 07/02/24 340MG ONCE",
        drug_name="piasky",
        matched="crovalimab-akkz",
        dose=amount("340 MG"),
        route="SC",
        dates=("2024-07-02",),
        ndc="50242011501",
        ndc_text="50242-0115-01",
    ),
    case(
        18,
        "ravulizumab-cwvz 3300mg IV 11x300mg/3mL SDV NDC25682002501",
        drug_name="ravulizumab-cwvz",
        matched="ravulizumab-cwvz",
        dose=amount("3300 MG"),
        strength=strength("300 MG / 3 ML"),
        route="IV",
        container="SDV",
        container_count="11",
        amount_per_container=amount("300 MG"),
        contents=contents("11 x 300 MG"),
        ndc="25682002501",
        ndc_text="25682002501",
    ),
    case(
        19,
        "VYVGART HYTRULO 1008MG SUBQ 5.6ML SDV",
        drug_name="vyvgart hytrulo",
        matched="efgartigimod alfa and hyaluronidase-qvfc",
        dose=amount("1008 MG"),
        route="SC",
        container="SDV",
        amount_per_container=amount("5.6 ML"),
    ),
    case(
        20,
        "NEXVIAZYME 1400 MG IVPB 14 VIALS X 100MG NO WASTE",
        drug_name="nexviazyme",
        matched="avalglucosidase alfa-ngpt",
        dose=amount("1400 MG"),
        strength=strength("100 MG"),
        route="IV",
        container_count="14",
        amount_per_container=amount("100 MG"),
        contents=contents("14 x 100 MG"),
        discarded=amount("0 MG"),
    ),
    case(
        21,
        "XENPOZYME 46MG IV (2X20MG+2X4MG) WASTED 2MG",
        drug_name="xenpozyme",
        matched="olipudase alfa-rpcp",
        dose=amount("46 MG"),
        route="IV",
        container_count="4",
        contents=contents("2 x 20 MG", "2 x 4 MG"),
        discarded=amount("2 MG"),
    ),
    case(
        22,
        "POMBILITI 1575MG IV, 15 VIALS 105MG LYOPH PWD",
        drug_name="pombiliti",
        matched="cipaglucosidase alfa-atga",
        dose=amount("1575 MG"),
        strength=strength("105 MG"),
        route="IV",
        container_count="15",
        amount_per_container=amount("105 MG"),
        contents=contents("15 x 105 MG"),
    ),
    case(
        23,
        "EYLEA HD 8MG/0.07ML INTRAVITREAL OD",
        drug_name="eylea hd",
        matched="aflibercept",
        dose=amount("8 MG"),
        dose_is_implied=True,
        strength=strength("8 MG / 0.07 ML"),
        route="INTRAVITREAL",
        laterality="RT",
    ),
    case(
        24,
        "FARICIMAB 6 MG IVT OS 0.05ML",
        drug_name="faricimab",
        matched="faricimab-svoa",
        dose=amount("6 MG"),
        route="INTRAVITREAL",
        laterality="LT",
    ),
    case(
        25,
        "BEVACIZUMAB 1.25MG/0.05ML INTRAVITREAL LEFT EYE REPACK",
        drug_name="bevacizumab",
        matched="bevacizumab",
        dose=amount("1.25 MG"),
        dose_is_implied=True,
        strength=strength("1.25 MG / 0.05 ML"),
        route="INTRAVITREAL",
        laterality="LT",
        compound=True,
    ),
    case(
        26,
        "TARLATAMAB-DLLE 10MG IV SDV NDC 55513-0077-01 WASTE 0",
        drug_name="tarlatamab-dlle",
        matched="tarlatamab-dlle",
        dose=amount("10 MG"),
        route="IV",
        container="SDV",
        discarded=amount("0 MG"),
        ndc="55513007701",
        ndc_text="55513-0077-01",
    ),
    case(
        27,
        "TECVAYLI 153 MG SC 1.7ML SDV JZ",
        drug_name="tecvayli",
        matched="teclistamab-cqyv",
        dose=amount("153 MG"),
        route="SC",
        container="SDV",
        amount_per_container=amount("1.7 ML"),
    ),
    case(
        28,
        "ANKTIVA 400MCG INTRAVESICAL BLADDER INSTILL",
        drug_name="anktiva",
        matched="nogapendekin alfa inbakicept-pmln",
        dose=amount("400 MCG"),
        route="INTRAVESICAL",
    ),
    case(
        29,
        "QALSODY 100MG IT",
        drug_name="qalsody",
        matched="tofersen",
        dose=amount("100 MG"),
        route="IT",
    ),
    case(
        30,
        "RYLAZE 25 MG/M2 = 45MG IM",
        drug_name="rylaze",
        matched="asparaginase erwinia chrysanthemi (recombinant)-rywn",
        dose=amount("45 MG"),
        route="IM",
    ),
    case(
        31,
        "ELEVIDYS 1.33E14 VG/KG IV 10 VIAL KIT",
        drug_name="elevidys",
        matched="delandistrogene moxeparvovec-rokl",
        route="IV",
        container="KIT",
        container_count="10",
    ),
    case(
        32,
        "ZOLGENSMA KIT 5.5ML X2+8.3ML X3 IV 1.1X10^14 VG/KG",
        drug_name="zolgensma",
        matched="onasemnogene abeparvovec-xioi",
        dose=amount("35.9 ML"),  # 2 x 5.5 + 3 x 8.3
        route="IV",
        container="KIT",
        container_count="5",
        contents=contents("2 x 5.5 ML", "3 x 8.3 ML"),
    ),
    case(
        33,
        "IMLYGIC 10^8 PFU/ML 4 ML INTRALESIONAL",
        drug_name="imlygic",
        matched="talimogene laherparepvec",
        dose=amount("4 ML"),
        dose_is_implied=True,
        strength=strength("100000000 PFU / 1 ML"),
        route="INTRALESIONAL",
    ),
    case(
        34,
        "LUXTURNA 1.5X10^11 VG SUBRETINAL OD 0.3ML",
        drug_name="luxturna",
        matched="voretigene neparvovec",
        dose=amount("150000000000 VG"),
        route="SUBRETINAL",
        laterality="RT",
    ),
    case(
        35,
        "ADZYNMA 1500 IU IV 3X500IU",
        drug_name="adzynma",
        matched="adamts13, recombinant-krhn",
        dose=amount("1500 IU"),
        strength=strength("500 IU"),
        route="IV",
        container_count="3",
        amount_per_container=amount("500 IU"),
        contents=contents("3 x 500 IU"),
    ),
    case(
        36,
        "DAXXIFY 125 UNITS IM 2X100U SDV WASTE 75U",
        drug_name="daxxify",
        matched="daxibotulinumtoxina-lanm",
        dose=amount("125 UNIT"),
        strength=strength("100 UNIT"),
        route="IM",
        container="SDV",
        container_count="2",
        amount_per_container=amount("100 UNIT"),
        contents=contents("2 x 100 UNIT"),
        discarded=amount("75 UNIT"),
    ),
    case(
        37,
        "EXP BIOLOGIC STUDY DRUG ABC-123 200MG IV NCT01234567",
        drug_name="ABC-123",
        dose=amount("200 MG"),
        route="IV",
        trial="01234567",
        investigational=True,
    ),
    case(38, "INVEST DRUG NO CHARGE SPONSOR SUPPLIED", investigational=True),
    case(
        39,
        "TRASTUZUMAB-ANNS 420MG MDV 280MG GIVEN IV",
        drug_name="trastuzumab-anns",
        matched="trastuzumab-anns",
        dose=amount("280 MG"),
        strength=strength("420 MG"),
        route="IV",
        container="MDV",
        amount_per_container=amount("420 MG"),
    ),
    case(
        40,
        "RETACRIT 20000U/ML MDV 10000 U SQ 2 DOSES PER VIAL",
        drug_name="retacrit",
        matched="epoetin alfa-epbx",
        dose=amount("10000 UNIT"),
        strength=strength("20000 UNIT / 1 ML"),
        route="SC",
        container="MDV",
        doses_per_container="2",
    ),
    case(
        41,
        "SAPHNELO 300MG/2ML X1 IV",
        drug_name="saphnelo",
        matched="anifrolumab-fnia",
        dose=amount("300 MG"),
        strength=strength("300 MG / 2 ML"),
        route="IV",
        container_count="1",
        amount_per_container=amount("300 MG"),
        contents=contents("1 x 300 MG"),
    ),
    case(
        42,
        "ANIFROLUMAB FNIA 0.3 GM IV",
        drug_name="anifrolumab fnia",
        matched="anifrolumab-fnia",
        dose=amount("0.3 G"),
        route="IV",
    ),
    case(
        43,
        "TEPLIZUMAB 1MG IVP",
        drug_name="teplizumab",
        matched="teplizumab-mzwv",
        dose=amount("1 MG"),
        route="IV",
    ),
    case(
        44,
        "LEQEMBI 700 MG (1X500 + 1X200) INTRAVENOUS",
        drug_name="leqembi",
        matched="lecanemab-irmb",
        dose=amount("700 MG"),
        route="IV",
        container_count="2",
        contents=contents("1 x 500 MG", "1 x 200 MG"),
    ),
    case(45, "UNCLASSIFIED BIOLOGIC", generic_text=True),
    case(46, "SEE ATTACHED INVOICE", generic_text=True, invoice=True),
    case(
        47,
        "OCREVUS ZUNOVO 920MG/23ML SUBCUT NDC 50242055401",
        drug_name="ocrevus zunovo",
        matched="ocrelizumab and hyaluronidase-ocsq",
        dose=amount("920 MG"),
        dose_is_implied=True,
        strength=strength("920 MG / 23 ML"),
        route="SC",
        ndc="50242055401",
        ndc_text="50242055401",
    ),
    case(
        48,
        "ELREXFIO 76MG/1.9ML SC 1ST DOSE STEP UP 12MG GIVEN 64MG DISC",
        drug_name="elrexfio",
        matched="elranatamab-bcmm",
        dose=amount("12 MG"),
        strength=strength("76 MG / 1.9 ML"),
        route="SC",
        discarded=amount("64 MG"),
    ),
]


@pytest.mark.parametrize("example", CASES, ids=lambda example: f"{example.number}-{example.text[:24]}")
def test_an_example_says_this_and_nothing_else(example: Case, lexicon: Lexicon) -> None:
    assert read([example.text], lexicon) == Narrative(**example.facts)


@pytest.mark.parametrize("example", CASES, ids=lambda example: str(example.number))
def test_lower_case_says_the_same(example: Case, lexicon: Lexicon) -> None:
    expected = Narrative(**example.facts)
    actual = read([example.text.lower()], lexicon)
    if expected.matched is None and expected.drug_name:  # a name without match is given as written
        expected = Narrative(**{**example.facts, "drug_name": expected.drug_name.lower()})
    assert actual == expected


def test_all_the_examples_are_here() -> None:
    assert [example.number for example in CASES] == list(range(1, 49))
