"""The days on which packages are marketed: read from the NDC Directory, and kept for older claims."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from io import BytesIO

import pytest
from support.rules import reference

from x12proc.reference.edition import MARKETING, Reference
from x12proc.reference.importing import Importer
from x12proc.reference.model import MarketingPeriod

PRODUCT_HEAD = (
    "PRODUCTID\tPRODUCTNDC\tPRODUCTTYPENAME\tPROPRIETARYNAME\tPROPRIETARYNAMESUFFIX\tNONPROPRIETARYNAME\tROUTENAME\t"
    "STARTMARKETINGDATE\tENDMARKETINGDATE\tMARKETINGCATEGORYNAME\tAPPLICATIONNUMBER\tACTIVE_NUMERATOR_STRENGTH\t"
    "ACTIVE_INGRED_UNIT\n"
)
PACKAGE_HEAD = "PRODUCTID\tPRODUCTNDC\tNDCPACKAGECODE\tPACKAGEDESCRIPTION\tSTARTMARKETINGDATE\tENDMARKETINGDATE\n"
ELFABRIO = "10122016002"


def product(first: str, last: str, key: str = "a") -> str:
    return (
        f"{key}\t10122-160\tHUMAN PRESCRIPTION DRUG\tElfabrio\t\tpegunigalsidase alfa\tINTRAVENOUS\t"
        f"{first}\t{last}\tBLA\tBLA761161\t20\tmg/10mL\n"
    )


def package(first: str, last: str, key: str = "a", code: str = "10122-160-02") -> str:
    return f"{key}\t10122-160\t{code}\t1 VIAL, SINGLE-DOSE in 1 CARTON\t{first}\t{last}\n"


def imported(products: str, packages: str, base: Reference | None = None) -> Reference:
    importer = Importer(base or reference(), date(2026, 12, 1))
    for name, text in (("product.txt", PRODUCT_HEAD + products), ("package.txt", PACKAGE_HEAD + packages)):
        importer.add(name, lambda text=text: BytesIO(text.encode()))  # type: ignore[misc]  # bound now
    tables: Mapping[str, bytes] = importer.tables()
    return Reference(tables.__getitem__)


@pytest.mark.parametrize(
    ("products", "packages", "period"),
    [
        pytest.param(
            product("20230509", ""), package("20230601", "20250131"), ("2023-06-01", "2025-01-31"), id="package"
        ),
        pytest.param(product("20230509", "20240101"), package("", ""), ("2023-05-09", "2024-01-01"), id="product"),
        pytest.param(product("20230509", ""), package("20230509", ""), ("2023-05-09", ""), id="no end"),
        pytest.param(product("2023", "20231399"), package("x", ""), ("", ""), id="no dates"),
        pytest.param(
            product("20230509", "") + product("20200101", "", "b"),
            package("20230509", "20240101") + package("20220101", "20230101", "b"),
            ("2022-01-01", "2024-01-01"),
            id="listed twice",
        ),
        pytest.param(
            product("20230509", "") + product("20200101", "", "b"),
            package("20230509", "") + package("20220101", "20230101", "b"),
            ("2022-01-01", ""),
            id="listed twice, once without an end",
        ),
    ],
)
def test_the_directory_says_when_a_package_is_marketed(
    products: str, packages: str, period: tuple[str, str]
) -> None:
    first, last = (date.fromisoformat(day) if day else None for day in period)
    edition = imported(products, packages)
    assert edition.has("marketing")
    assert edition.marketed(ELFABRIO) == MarketingPeriod(first, last)
    assert edition.marketed("10122016099") is None


def test_packages_that_the_directory_no_longer_lists_are_kept() -> None:
    first = imported(product("20230509", ""), package("20230509", "20240101"))
    second = imported(product("20230509", ""), package("20240201", "", code="10122-160-01"), first)
    assert second.marketed(ELFABRIO) == MarketingPeriod(date(2023, 5, 9), date(2024, 1, 1))
    assert second.marketed("10122016001") == MarketingPeriod(date(2024, 2, 1), None)
    assert second.manifest().tables["marketing"].rows == 2


def test_the_shipped_edition_has_no_such_table() -> None:
    assert not reference().has("marketing")
    assert reference().marketed(ELFABRIO) is None
    assert reference().missing() == []
    assert MARKETING not in {f"{name}.csv" for name in reference().manifest().tables}


@pytest.mark.parametrize(
    ("tables", "text"),
    [
        ({"products": []}, "'products' is no optional table; there are marketing"),
        ({"marketing": [["1012201600", "", ""]]}, "11 digits"),
        ({"marketing": [["10122016002", "2023-13-01", ""]]}, "marketing.csv"),
    ],
)
def test_tables_of_a_case_are_checked(tables: dict[str, list[list[str]]], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        reference().with_tables(tables)
