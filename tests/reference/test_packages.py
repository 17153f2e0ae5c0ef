"""Which package an NDC is, by the sizes of the CMS crosswalk and the packages that the Purple Book lists."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
import reference_packages
from reference_dosing import plain_strength
from reference_packages import Content, content_of
from reference_sources import read_rows, take_crosswalks
from support.rules import reference

from x12proc.narrative.lexicon import Lexicon
from x12proc.reference.strength import read_strengths
from x12proc.runner.settings import shipped_reference

Row = dict[str, str]


def crosswalk(units: str, size: str, dosage: str = "1 MG", name: str = "Zyxo") -> Row:
    return {
        "code": "J1757",
        "ndc": "99998012301",
        "name": name,
        "dosage": dosage,
        "size": size,
        "units": units,
    }


def product(strength: str = "", routes: str = "IV;SC", **facts: str) -> Row:
    known = {"ndc": "99998012301", "name": "Zyxo", "generic": "zyxomab-abcd", "source": "derived"}
    return {**known, "application": "BLA", "routes": routes, "container": "", "strength": strength, **facts}


def purple(strength: str, route: str, presentation: str) -> Row:
    return {
        "proprietary_name": "Zyxo",
        "strength": strength,
        "route": route,
        "presentation": presentation,
    }


VIAL = purple("130MG/26ML (5MG/ML)", "Intravenous", "Single-Dose Vial")
SYRINGE = purple("90MG/ML", "Subcutaneous", "Pre-Filled Syringe")
SMALL_SYRINGE = purple("45MG/0.5ML", "Subcutaneous", "Pre-Filled Syringe")
SHELF = [VIAL, SYRINGE, SMALL_SYRINGE]
ALL = "130MG/26ML (5MG/ML); 45MG/0.5ML; 90MG/ML"
LICENCE = ["zyxo", "zyxomab-abcd", "BLA769999", "2026-02-23", "IV;SC"]


def sharpened(row: Row, listed: list[Row], shelf: list[Row] | None = None, *licences: list[str]) -> Row:
    rows = reference_packages.sharpened({row["ndc"]: row}, listed, SHELF if shelf is None else shelf, [], licences)
    return rows[row["ndc"]]


# -- one strength of several -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("units", "size", "strength", "routes", "container"),
    [
        ("130", "26", "130 mg/26 mL", "IV", "SDV"),
        ("90", "1", "90 mg/1 mL", "SC", "PFS"),
        ("45", ".5", "45 mg/0.5 mL", "SC", "PFS"),
        ("60", "1", ALL, "IV;SC", ""),
        ("90", "2", ALL, "IV;SC", ""),  # two syringes, or another product
    ],
)
def test_the_size_tells_the_package(units: str, size: str, strength: str, routes: str, container: str) -> None:
    row = sharpened(product(ALL), [crosswalk(units, size)])
    assert (row["strength"], row["routes"], row["container"]) == (strength, routes, container)


def test_without_the_crosswalk_everything_stays() -> None:
    assert sharpened(product(ALL), []) == product(ALL)


def test_vials_for_both_routes_keep_both() -> None:
    shelf = [VIAL, purple("45MG/0.5ML", "Subcutaneous", "Single-Dose Vial")]
    row = sharpened(product(ALL), [crosswalk("45", "0.5")], shelf)
    assert (row["strength"], row["routes"], row["container"]) == ("45 mg/0.5 mL", "IV;SC", "SDV")


def test_a_concentration_is_multiplied_only_where_it_stands_alone() -> None:
    listed = [crosswalk("400", "20")]
    assert sharpened(product("20 mg/mL"), listed, [])["strength"] == "400 mg/20 mL"
    assert sharpened(product("20 mg/mL"), [crosswalk("390", "20")], [])["strength"] == "20 mg/mL"
    assert sharpened(product("20 mg/mL; 5 mg"), listed, [])["strength"] == "20 mg/mL; 5 mg"


def test_a_powder_stays_one() -> None:
    shelf = [purple("10MG", "Intravenous", "Single-Dose Vial")]
    row = sharpened(product("1 mg; 10 mg lyophilized", "IV"), [crosswalk("10", "1")], shelf)
    assert row["strength"] == "10 mg lyophilized"


# -- what only the crosswalk has -------------------------------------------------------------------------------


def test_a_licensed_brand_is_filled_in() -> None:
    row = sharpened(product(application="", routes=""), [crosswalk("120", "1.7")], [], LICENCE)
    known = ("BLA", "IV;SC", "", "120 mg/1.7 mL")
    assert (row["application"], row["routes"], row["container"], row["strength"]) == known


def test_an_unlisted_biosimilar_has_the_routes_of_its_drug() -> None:
    row = product(application="", routes="", name="Newbrand", generic="zyxomab-wxyz")
    same_drug = ["zyxo", "zyxomab", "BLA769999", "2026-02-23", "SC"]
    filled = sharpened(row, [crosswalk("60", "1")], [], same_drug)
    assert (filled["application"], filled["routes"], filled["strength"]) == ("BLA", "SC", "60 mg")


def test_another_form_of_a_drug_has_no_route() -> None:
    row = product(application="", routes="", name="Zyxo Velo")
    filled = sharpened(row, [crosswalk("60", "1")], [], LICENCE)
    assert (filled["application"], filled["routes"]) == ("BLA", "")


def test_what_is_no_biologic_stays() -> None:
    row = product(application="", routes="", name="Dextrose-NaCl", generic="dextrose-nacl")
    assert sharpened(row, [crosswalk("60", "1")], [], LICENCE) == row


def test_another_volume_than_the_label_is_not_believed() -> None:
    row = sharpened(product(), [crosswalk("130", "20")])
    assert row["strength"] == ""


@pytest.mark.parametrize(
    ("row", "content"),
    [
        (crosswalk("100", "1.62", "3 MG"), Content(Decimal(300), "MG", Decimal("1.62"), is_whole=True)),
        (crosswalk("0.5", "1", "20 MG"), Content(Decimal(10), "MG", Decimal(1), is_whole=False)),
        (crosswalk("1", "1", "1 IU"), None),  # clotting factors: it varies
        (crosswalk("1", "1", "PER THERAPEUTIC DOSE"), None),
        (crosswalk("", "", "1 MG"), None),
        (crosswalk("0", "1"), None),
    ],
)
def test_what_an_item_holds(row: Row, content: Content | None) -> None:
    assert content_of(row) == content


def test_a_weight_is_no_volume() -> None:
    powders = [crosswalk("15", "7.5", "0.5 MG"), crosswalk("10", "5", "500 MG"), crosswalk("60", "1")]
    assert [content.volume for row in powders if (content := content_of(row))] == [None, None, None]


def test_codes_that_disagree_tell_nothing() -> None:
    rows = [crosswalk("60", "1"), crosswalk("6", "1", "10 MG"), crosswalk("50", "1")]
    assert reference_packages.contents(rows[:2])
    assert reference_packages.contents(rows) == {}


@pytest.mark.parametrize(
    "header",
    [
        "_2027_CODE,NDC2,Drug Name,HCPCS dosage,PKG SIZE,BILLUNITS",
        "hcpcs,ndc11,drug_name,hcpcs_dosage,pkg_size,billunits",
    ],
)
def test_sizes_are_taken_from_either_spelling(header: str, tmp_path: Path) -> None:
    download = tmp_path / "asp_ndc_hcpcs_2027q1.csv"
    download.write_text(f"{header}\nJ1757,99998-0123-01,Zyxo,1 MG,1.7,120\n")
    assert take_crosswalks([download], "2027q1", tmp_path) == 1
    assert read_rows(tmp_path / "crosswalk_2027q1.csv") == [crosswalk("120", "1.7")]


# -- two brands ------------------------------------------------------------------------------------------------


def test_each_ndc_has_one_brand() -> None:
    two = {
        number: product(name="Zyxo/Qwerto", ndc=number) for number in ("99998012301", "99998012401", "99998012501")
    }
    listed = [crosswalk("60", "1")]
    first, second, third = two
    assert reference_packages.single_brands({key: two[key] for key in (first, second)}, listed) == {
        first: "Zyxo",
        second: "Qwerto",
    }
    assert reference_packages.single_brands(two, listed) == {first: "Zyxo"}
    assert third not in reference_packages.single_brands(two, listed)


# -- the shipped edition ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ndc", "name", "strength", "routes", "container"),
    [
        ("65219082626", "Otulfi", "90 mg/1 mL", ("SC",), "PFS"),
        ("72606003701", "Stoboclo", "60 mg/1 mL", ("SC",), "PFS"),
        ("72606003801", "Osenvelt", "120 mg/1.7 mL", ("SC",), "SDV"),
        ("65219067001", "Bomyntra", "120 mg/1.7 mL", ("SC",), ""),
        ("70710217301", "Nufymco", "0.5 mg/0.05 mL", ("INTRAVITREAL",), ""),
        ("83372060521", "Yimmugo", "20 g/200 mL", ("IV",), "SDV"),
        ("50242008003", "Lucentis", "0.5 mg/0.05 mL", ("INTRAVITREAL",), ""),
    ],
)
def test_products_of_the_edition(
    ndc: str, name: str, strength: str, routes: tuple[str, ...], container: str
) -> None:
    known = reference().product(ndc)
    assert known is not None
    reported = (known.name, known.strength, known.routes, known.container, known.application)
    assert reported == (name, strength, routes, container, "BLA")
    (holds,) = read_strengths(known.strength)
    assert not holds.per_ml


def test_every_strength_is_that_of_one_item_or_of_the_brand() -> None:
    """A product that has a strength of its own never says less than one can read."""
    for row in shipped_reference().rows("products.csv"):
        if row[-1] == "crosswalk" and row[6]:
            assert len(read_strengths(row[6])) == 1, row


def test_an_amount_in_brackets_is_what_the_container_holds() -> None:
    assert plain_strength("10MG/ML (0.5MG/0.05ML)") == "0.5 mg/0.05 mL"
    assert plain_strength("60MG/ML") == "60 mg/1 mL"
    assert plain_strength("60MG/ML; bag") == ""


# -- names as bills write them ---------------------------------------------------------------------------------

BOTULISM = "botulism antitoxin heptavalent (a, b, c, d, e, f, g) - (equine)"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("BOTULISM ANTITOXIN HEPTAVALENT 1 VIAL IV", BOTULISM),
        ("BAT BOTULISM ANTITOXIN 1 VIAL", BOTULISM),
        ("ANTITOXIN (BAT) 1 VIAL", BOTULISM),
        ("ANTIVENIN LATRODECTUS MACTANS 1 VIAL IM", "antivenin (latrodectus mactans)"),
        ("BLACK WIDOW SPIDER ANTIVENIN 1 VIAL", "antivenin (latrodectus mactans)"),
        ("CORAL SNAKE ANTIVENIN (EQUINE) 5 VIALS", "antivenin (micrurus fulvius)"),
        ("BOTULISM IMMUNE GLOBULIN 100MG IV", "botulism immune globulin intravenous (human)"),
        ("METHOXY PEG-EPOETIN BETA 100MCG", "methoxy polyethylene glycol-epoetin beta"),
        ("TETANUS IMMUNE GLOBULIN 250 UNITS IM", "tetanus immune globulin (human)"),
        ("HEPATITIS B IMMUNE GLOBULIN 1ML IM", "hepatitis b immune globulin (human)"),
        ("RABIES IMMUNE GLOBULIN 1500 IU IM", "rabies immune globulin (human)"),
        ("DIGOXIN IMMUNE FAB 80MG IV", "digoxin immune fab (ovine)"),
        ("INTERFERON GAMMA 50MCG SC", "interferon gamma-1b"),
        ("FACTOR VIIA 2MG IV", "coagulation factor viia (recombinant)"),
    ],
)
def test_names_as_bills_write_them(text: str, canonical: str) -> None:
    lexicon: Lexicon = reference().lexicon()
    assert [name.canonical for name in lexicon.find(text)] == [canonical]


@pytest.mark.parametrize("text", ["BAT 1 VIAL", "GIVEN WITH A BAT", "ANTIGEN 1 ML"])
def test_a_bare_bat_is_no_name(text: str) -> None:
    assert reference().lexicon().find(text) == ()
