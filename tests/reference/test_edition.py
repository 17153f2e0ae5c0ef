"""The shipped edition, looked up; and tables that are broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from x12proc.reference.edition import Product, Reference

FOLDER = Path(__file__).parents[2] / "config" / "reference"
HEADER = (
    "ndc,name,generic,application,routes,container,strength,specific_code,specific_from,from_confidence,"
    "billing_unit,source\n"
)
ROW = "25682002501,Ultomiris,ravulizumab-cwvz,BLA,IV,SDV,300 mg/3 mL,J1303,2019-10-01,verified,10 MG,biologics\n"
TOML = 'edition = "2026-11-23"\n[sources.biologics]\nedition = "x"\n'


@pytest.fixture(scope="module")
def shipped() -> Reference:
    return Reference(lambda name: (FOLDER / name).read_bytes())


def made_of(**tables: str | bytes) -> Reference:
    texts: dict[str, str | bytes] = {
        "edition": TOML,
        "names": "name,canonical,kind\n",
        "products": HEADER,
        **tables,
    }

    def read(name: str) -> bytes:
        text = texts[name.partition(".")[0]]
        return text if isinstance(text, bytes) else text.encode()

    return Reference(read)


def test_a_product_with_every_fact(shipped: Reference) -> None:
    assert shipped.product("25682002501") == Product(
        ndc="25682002501",
        ndc9="256820025",
        name="Ultomiris",
        generic="ravulizumab-cwvz",
        application="BLA",
        routes=("IV",),
        container="SDV",
        strength="300 mg/3 mL",
        specific_code="J1303",
        specific_from="2019-10-01",
        from_confidence="verified",
        billing_unit="10 MG",
        edition="2026-12-01",
    )


def test_another_package_lends_what_packages_share(shipped: Reference) -> None:
    product = shipped.product("25682002599")
    assert product is not None
    assert (product.ndc, product.ndc9, product.generic) == (None, "256820025", "ravulizumab-cwvz")
    assert (product.container, product.strength) == ("", "")
    assert product.specific_code == "J1303"


@pytest.mark.parametrize(
    ("ndc", "code", "since", "confidence"),
    [
        ("73150015006", "J2329", "2023-07-01", "verified"),
        ("50242015001", "J2350", "2018-01-01", "verified"),  # from memory, and HCPCS has the same date
        ("50242011501", "J1307", "2025-01-01", "verified"),
        ("57894080001", "J9256", "2026-01-01", "verified"),
        ("00069131810", "Q5105;Q5106", "2018-07-01", "verified"),  # from memory 2018-04-01, and HCPCS knows better
    ],
)
def test_the_date_of_a_code_says_how_sure_it_is(
    shipped: Reference, ndc: str, code: str, since: str | None, confidence: str
) -> None:
    product = shipped.product(ndc)
    assert product is not None
    assert (product.specific_code, product.specific_from, product.from_confidence) == (code, since, confidence)


@pytest.mark.parametrize(
    ("ndc", "application"),
    [("64406010901", "NDA"), ("82829000201", "NDA"), ("73150015006", "BLA"), ("00270701546", "")],
)
def test_the_application_is_never_guessed(shipped: Reference, ndc: str, application: str) -> None:
    product = shipped.product(ndc)
    assert product is not None
    assert product.application == application


def test_an_unspecific_code_is_no_code(shipped: Reference) -> None:
    codes = {row[7] for row in shipped.rows("products.csv")}
    assert not codes & {"J3590", "J3490", "J9999", "J7999", "C9399", "J7199"}


@pytest.mark.parametrize("ndc", ["", "99999999999", "25682", "ABCDEFGHIJK", "25682-0025-01"])
def test_an_unknown_number_has_no_product(shipped: Reference, ndc: str) -> None:
    assert shipped.product(ndc) is None


def test_ten_digits_are_told_apart_by_what_is_known(shipped: Reference) -> None:
    assert shipped.candidates_known("5024206001") == ("50242006001",)  # 50242-060-01
    assert shipped.candidates_known("0002940101") == ("00002940101",)
    assert shipped.candidates_known("5024206099") == ("50242006099",)  # the product, in an unlisted package
    assert shipped.candidates_known("9999999999") == ()
    assert shipped.candidates_known("12") == ()


def test_the_lexicon_knows_the_canonical_names(shipped: Reference) -> None:
    lexicon = shipped.lexicon()
    assert lexicon.canonical("ULTOMIRIS") == "ravulizumab-cwvz"
    assert lexicon.canonical("ravulizumab") == "ravulizumab-cwvz"
    assert lexicon.canonical("trastuzumab") == "trastuzumab"
    assert lexicon.canonical("Degarelix") == "degarelix"
    assert lexicon.canonical("kit") is None
    assert shipped.lexicon() is lexicon


def test_generics_of_products_are_names_of_the_lexicon(shipped: Reference) -> None:
    lexicon = shipped.lexicon()
    biologics = [row for row in shipped.rows("products.csv") if row[11] == "biologics"]
    unknown = {row[2] for row in biologics if lexicon.canonical(row[2]) != row[2]}
    assert unknown == set()


def test_editions_are_named(shipped: Reference) -> None:
    editions = shipped.editions()
    assert editions["edition"] == "2026-12-01"
    assert {"biologics", "derived", "crosswalk_2025q4", "crosswalk_2026q4", "hcpcs", "purple"} < set(editions)
    assert {f"icd10cm_{year}" for year in range(2023, 2028)} < set(editions)


def test_a_table_is_read_once_and_only_when_asked_for() -> None:
    asked: list[str] = []
    tables = {"products.csv": HEADER + ROW, "names.csv": "name,canonical,kind\n", "edition.toml": TOML}

    def read(name: str) -> bytes:
        asked.append(name)
        return tables[name].encode()

    reference = Reference(read)
    assert asked == []
    reference.product("25682002501")
    reference.product("25682002502")
    assert sorted(asked) == ["edition.toml", "products.csv"]


@pytest.mark.parametrize(
    ("products", "message"),
    [
        ("", r"products.csv: empty"),
        ("ndc,brand\n", r"products.csv, row 1, column name: found 'brand'"),
        ("ndc\n", r"products.csv, row 1, column name: found 'nothing'"),
        (HEADER + "25682002501,Ultomiris\n", r"products.csv, row 2, column generic: found '2 values'"),
        (HEADER + ROW.rstrip() + ",more\n", r"products.csv, row 2, column 13: found '13 values'"),
        (
            HEADER + ROW.replace("25682002501", "25682-0025-01"),
            r"products.csv, row 2, column ndc: found '25682-0025-01'",
        ),
        (HEADER + ROW + ROW, r"products.csv, row 3, column ndc"),
        (
            HEADER + ROW.replace("2019-10-01", "10/2019"),
            r"products.csv, row 2, column specific_from: found '10/2019'",
        ),
        (HEADER.encode() + b"\xff\xfe", r"products.csv: not UTF-8 at byte"),
        (HEADER + '"open', r"products.csv, row 2: "),
    ],
)
def test_a_malformed_product_table_says_where(products: str | bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        made_of(products=products).product("25682002501")


@pytest.mark.parametrize(
    ("ask", "tables", "message"),
    [
        (
            Reference.lexicon,
            {"names": "name,canonical,kind\nultomiris,,brand\n"},
            r"names.csv, row 2, column canonical",
        ),
        (Reference.lexicon, {"names": "name,canonical,kind\n,x,brand\n"}, r"names.csv, row 2, column name"),
        (Reference.editions, {"edition": "edition = "}, r"edition.toml: "),
        (Reference.editions, {"edition": "[sources]\n"}, r"edition.toml: 'edition'"),
        (Reference.editions, {"edition": 'edition = "1"\nsources = 3\n'}, r"edition.toml: 'edition'"),
        (Reference.editions, {"edition": b"\xff"}, r"edition.toml: "),
        (
            Reference.editions,
            {"edition": TOML + '[tables.names]\nrows = 0\nfrom = "2026"\n'},
            r"are dates such as",
        ),
        (Reference.validate, {"edition": TOML}, r"the edition needs the tables .*products"),
        (
            Reference.validate,
            {"edition": TOML + "[tables.colors]\nrows = 1\n"},
            r"'colors' is no table; there are",
        ),
        (Reference.validate, {"edition": TOML + "[tables.names]\nrows = 3\n"}, r"names has 0 rows, expected 3"),
    ],
)
def test_other_malformed_tables_say_where(
    ask: Callable[[Reference], object], tables: dict[str, str | bytes], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ask(made_of(**tables))
