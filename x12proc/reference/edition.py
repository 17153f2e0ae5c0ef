"""The dated reference edition: which product an NDC is, which names a drug has, and how old the tables are."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Final

import msgspec

from x12proc.narrative.lexicon import Lexicon
from x12proc.reference import ndc as ndc_spelling

PRODUCTS: Final = "products.csv"
NAMES: Final = "names.csv"
EDITION: Final = "edition.toml"

_PRODUCT_COLUMNS: Final = (
    "ndc",
    "name",
    "generic",
    "application",
    "routes",
    "container",
    "strength",
    "specific_code",
    "specific_from",
    "from_confidence",
    "billing_unit",
    "source",
)
_NAME_COLUMNS: Final = ("name", "canonical", "kind")
_NDC11 = re.compile(r"[0-9]{11}\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


class Product(msgspec.Struct, frozen=True):
    """What the tables know of a product; a part that none of them states is empty or None.

    ``ndc`` is None when the package isn't listed and the facts come from another package of the same
    product (the first nine digits): container and strength, which may differ by package, are then left out.
    """

    ndc: str | None
    ndc9: str
    name: str  # brand, or the label's name where there is no brand
    generic: str  # canonical, lower-case, with the biosimilar's suffix
    application: str  # BLA NDA ANDA, or empty
    routes: tuple[str, ...]
    container: str  # SDV MDV PFS KIT, or empty
    strength: str
    specific_code: str  # HCPCS code of its own; several are joined by ";"
    specific_from: str | None  # ISO date from which the code can be billed
    from_confidence: str  # of that date: verified, unverified, or empty
    billing_unit: str  # what one unit of the code stands for, e.g. 10 MG
    edition: str  # date of the edition


class Reference:
    """The tables of one edition; each is read when first asked for."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        """``read`` gives the bytes of a table by its file name, e.g. ``products.csv``."""
        self._read = read

    def product(self, ndc11: str) -> Product | None:
        """The product with that NDC (11 digits), else what is known of another package of it, else None.

        Raises ValueError when the table is malformed.
        """
        row = self._products.get(ndc11)
        if row is not None:
            return self._as_product(row, ndc11)
        sibling = self._siblings.get(ndc11[:9]) if _NDC11.match(ndc11) else None
        return self._as_product(sibling, None) if sibling else None

    def candidates_known(self, ten_digits: str) -> tuple[str, ...]:
        """Those 11-digit readings of a 10-digit NDC that the table has, else those whose product it has."""
        readings = ndc_spelling.candidates(ten_digits)
        exact = tuple(reading for reading in readings if reading in self._products)
        return exact or tuple(reading for reading in readings if reading[:9] in self._siblings)

    def lexicon(self) -> Lexicon:
        """The names of drugs, for reading narratives."""
        return self._lexicon

    def editions(self) -> dict[str, str]:
        """The edition's own date as ``edition``, and what each source table calls its edition."""
        return dict(self._editions)

    # -- loading ---------------------------------------------------------------------------------------

    def _as_product(self, row: Sequence[str], ndc11: str | None) -> Product:
        number, name, generic, application, routes, container, strength, *rest = row
        code, since, confidence, unit, _ = rest
        return Product(
            ndc=ndc11,
            ndc9=number[:9],
            name=name,
            generic=generic,
            application=application,
            routes=tuple(routes.split(";")) if routes else (),
            container=container if ndc11 else "",
            strength=strength if ndc11 else "",
            specific_code=code,
            specific_from=since or None,
            from_confidence=confidence,
            billing_unit=unit,
            edition=self._editions["edition"],
        )

    @cached_property
    def _products(self) -> dict[str, list[str]]:
        products: dict[str, list[str]] = {}
        for number, row in enumerate(self._rows(PRODUCTS, _PRODUCT_COLUMNS), 2):
            ndc11, since = row[0], row[8]
            if not _NDC11.match(ndc11) or ndc11 in products:
                raise _malformed(PRODUCTS, number, "ndc", ndc11, "11 digits, each NDC once")
            if since and not _DATE.match(since):
                raise _malformed(PRODUCTS, number, "specific_from", since, "a date such as 2019-10-01, or empty")
            products[ndc11] = row
        return products

    @cached_property
    def _siblings(self) -> dict[str, list[str]]:
        """For each product (nine digits) the row of its first package."""
        siblings: dict[str, list[str]] = {}
        for ndc11, row in self._products.items():
            siblings.setdefault(ndc11[:9], row)
        return siblings

    @cached_property
    def _lexicon(self) -> Lexicon:
        names: list[tuple[str, str]] = []
        for number, (name, canonical, _) in enumerate(self._rows(NAMES, _NAME_COLUMNS), 2):
            if not name or not canonical:
                column = "canonical" if name else "name"
                raise _malformed(NAMES, number, column, "", "a name")
            names.append((name, canonical))
        return Lexicon(names)

    @cached_property
    def _editions(self) -> dict[str, str]:
        try:
            table = tomllib.loads(self._read(EDITION).decode("utf-8"))
            sources = {key: str(source["edition"]) for key, source in table["sources"].items()}
            return {"edition": str(table["edition"]), **sources}
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ValueError(f"{EDITION}: {error}") from error
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{EDITION}: 'edition' and '[sources.*] edition' are needed: {error}") from error

    def _rows(self, table: str, columns: Sequence[str]) -> list[list[str]]:
        """The rows of a table below its header; every row has every column."""
        try:
            text = self._read(table).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValueError(f"{table}: not UTF-8 at byte {error.start}") from error
        try:
            header, *rows = csv.reader(text.splitlines(), strict=True)
        except csv.Error as error:
            raise ValueError(f"{table}: {error}") from error
        except ValueError:
            raise ValueError(f"{table}: empty; its first row must be {','.join(columns)}") from None
        for place, column in enumerate(columns):
            if header[place : place + 1] != [column]:
                found = header[place] if place < len(header) else "nothing"
                raise _malformed(table, 1, column, found, f"the column's name {column!r}")
        wrong = next((number for number, row in enumerate(rows, 2) if len(row) != len(columns)), None)
        if wrong is not None:
            row = rows[wrong - 2]
            column = columns[len(row)] if len(row) < len(columns) else f"{len(columns) + 1}"
            raise _malformed(table, wrong, column, f"{len(row)} values", f"{len(columns)} values")
        return rows


def _malformed(table: str, row: int, column: str, found: str, wanted: str) -> ValueError:
    return ValueError(f"{table}, row {row}, column {column}: found {found!r}, expected {wanted}")
