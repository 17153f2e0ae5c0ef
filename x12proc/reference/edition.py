"""The dated reference edition: products, codes with their dates, names, diagnoses, and how old the tables are.

Columns and the functions that read them are in one file, since they change together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property, wraps
from types import MappingProxyType
from typing import Any, Final, TypeVar

from x12proc.narrative.lexicon import Lexicon
from x12proc.reference import diagnoses
from x12proc.reference import ndc as ndc_spelling
from x12proc.reference.manifest import EDITION, Manifest, TableInfo, parse_manifest
from x12proc.reference.model import (
    Biosimilar,
    Dosing,
    HcpcsCode,
    Licence,
    MarketingPeriod,
    MaximumDose,
    Modifier,
    Package,
    Product,
    SpecificCode,
)
from x12proc.reference.table import A_DATE, DATE, Column, SortedTable, table_bytes

__all__ = [
    "Biosimilar",
    "Dosing",
    "HcpcsCode",
    "Licence",
    "MaximumDose",
    "Modifier",
    "Package",
    "Product",
    "Reference",
    "SpecificCode",
]

PRODUCTS: Final = "products.csv"
NAMES: Final = "names.csv"
CODES: Final = "codes.csv"
CLASSES: Final = "classes.csv"
ADMINISTRATION: Final = "administration.csv"
BIOSIMILARS: Final = "biosimilars.csv"
DOSING: Final = "dosing.csv"
MAXIMUM_DOSES: Final = "maximum_doses.csv"
PACKAGES: Final = "packages.csv"
LICENCES: Final = "licences.csv"
MODIFIERS: Final = "modifiers.csv"
PLACES: Final = "places.csv"
MARKETING: Final = "marketing.csv"

_CONFIDENCE: Final = "(?:verified|unverified)?"
_A_CONFIDENCE: Final = "verified, unverified, or empty"

#: The tables of an edition and their columns; a table is sorted by its first column.
COLUMNS: Final[dict[str, tuple[Column, ...]]] = {
    PRODUCTS: (
        Column("ndc", "[0-9]{11}", "11 digits, each NDC once"),
        Column("name"),
        Column("generic"),
        Column("application", "[A-Z]*", "BLA, NDA, ANDA, or empty"),
        Column("routes"),
        Column("container", "[A-Z]*", "SDV, MDV, PFS, KIT, or empty"),
        Column("strength"),
        Column("specific_code", "(?:[A-Z][0-9]{4}(?:;[A-Z][0-9]{4})*)?", "HCPCS codes joined by ;"),
        Column("specific_from", DATE, A_DATE),
        Column("from_confidence", _CONFIDENCE, _A_CONFIDENCE),
        Column("billing_unit"),
        Column("source"),
    ),
    NAMES: (Column("name", ".+", "a name"), Column("canonical", ".+", "a name"), Column("kind")),
    CODES: (
        Column("code", "[A-Z][0-9]{4}", "a HCPCS Level II code"),
        Column("short"),
        Column("drug"),
        Column("brand"),
        Column("unit"),
        Column("route", "[A-Z]*", "a route such as IV, or empty"),
        Column("added", DATE, A_DATE),
        Column("effective", DATE, A_DATE),
        Column("terminated", DATE, A_DATE),
        Column("confidence", _CONFIDENCE, _A_CONFIDENCE),
        Column("opps", "[A-Z]?[0-9]?", "an OPPS status indicator, or empty"),
        Column("known_since", DATE, A_DATE),
    ),
    CLASSES: (
        Column("key", ".+", "a drug's name or a code"),
        Column("class", "[a-z-]+", "a class"),
        Column("why"),
    ),
    ADMINISTRATION: (
        Column("code", "[0-9A-Z][0-9]{3}[0-9A-Z]", "a procedure code"),
        Column("routes", "[A-Z;]*", "routes joined by ;, or empty for any"),
    ),
    BIOSIMILARS: (
        Column("name", ".+", "a name"),
        Column("base", ".+", "a name"),
        Column("suffix", "[a-z]{4}", "four letters"),
        Column("kind", "biosimilar|interchangeable|originator", "biosimilar, interchangeable or originator"),
        Column("brands"),
    ),
    DOSING: (
        Column("name", ".+", "a name"),
        Column("kind", "mass|activity|volume|cells|vector-genomes|particles|piece", "a kind of dose"),
        Column("pieces", "(?:[a-z]+(?:;[a-z]+)*)?", "words joined by ;"),
        Column("why"),
    ),
    MAXIMUM_DOSES: (
        Column("name", ".+", "a brand or a drug, each once"),
        Column("most", "[0-9]+(?:[.][0-9]+)? (?:mg|mcg)", "an amount with its unit"),
        Column("why", ".+", "the section of a label"),
    ),
    PACKAGES: (
        Column("name", ".+", "a name"),
        Column("generic", ".+", "a name"),
        Column("container", "[A-Z]*", "SDV, MDV, PFS, PEN, CARTRIDGE, BAG, KIT, or empty"),
        Column("strength", ".+", "a strength"),
        Column("first", DATE, A_DATE),
        Column("last", DATE, A_DATE),
        Column("source"),
    ),
    LICENCES: (
        Column("name", ".+", "a name"),
        Column("generic", ".+", "a name"),
        Column("application", "(?:BLA[0-9]+)?", "a licence number, or empty"),
        Column("licensed", DATE, A_DATE),
        Column("routes", "[A-Z;]*", "routes joined by ;, or empty"),
    ),
    MODIFIERS: (
        Column("modifier", "[0-9A-Z]{2}", "a modifier"),
        Column("short"),
        Column("added", DATE, A_DATE),
        Column("terminated", DATE, A_DATE),
    ),
    PLACES: (Column("place", "[0-9]{2}", "two digits"), Column("name", ".+", "a name")),
    MARKETING: (
        Column("ndc", "[0-9]{11}", "11 digits, each NDC once"),
        Column("first", DATE, A_DATE),
        Column("last", DATE, A_DATE),
    ),
}
#: Tables that come with a download and are not shipped.
OPTIONAL: Final = frozenset({MARKETING})
_GENERIC, _DRUG, _PACKAGE_GENERIC = 2, 2, 1  # indexes of columns in PRODUCTS, CODES and PACKAGES
_LONGEST_DIAGNOSIS: Final = 20  # characters; no code has more
_SUFFIX = re.compile(r"-[a-z]{4}\Z")  # a biologic of one maker alone
#: Tables in which a key may occur more than once.
REPEATING: Final = frozenset({CLASSES, PACKAGES, LICENCES})


def table_file(table: str) -> str:
    """Return the name of a table's file."""
    return diagnoses.TABLE if table == "diagnoses" else f"{table}.csv"


MOST_RESULTS: Final = 4096  # cached of each method
_Key = TypeVar("_Key", bound=Hashable)
_Result = TypeVar("_Result")


def _cached(method: Callable[[Reference, _Key], _Result]) -> Callable[[Reference, _Key], _Result]:
    """Cache the results of a method of `Reference`: claims of a file look up the same few drugs.

    The cache is cleared when it holds `MOST_RESULTS`, so that a file with ever new keys cannot fill the memory.
    """
    name = method.__name__

    @wraps(method)
    def lookup(self: Reference, key: _Key) -> _Result:
        results: dict[_Key, _Result] = self._results.setdefault(name, {})
        if key not in results:
            if len(results) >= MOST_RESULTS:
                results.clear()
            results[key] = method(self, key)
        return results[key]

    return lookup


class Reference:
    """The tables of one edition, each read on first use. Methods raise ValueError for a bad table."""

    def __init__(self, read: Callable[[str], bytes], added: Mapping[str, bytes] = MappingProxyType({})) -> None:
        """``read`` returns the bytes of a table by its file name, e.g. ``products.csv``; ``added`` are optional
        tables that the edition itself doesn't have."""
        self._read = read
        self._added = added
        self._tables: dict[str, SortedTable] = {}
        self._results: dict[str, dict[Any, Any]] = {}  # of the methods that are `_cached`

    def with_tables(self, tables: Mapping[str, Iterable[Sequence[str]]]) -> Reference:
        """Return this edition with rows of optional tables by name, e.g. ``marketing``.

        Raises ValueError for another table and for a row that is none of it.
        """
        unknown = [name for name in tables if f"{name}.csv" not in OPTIONAL]
        if unknown:
            known = ", ".join(sorted(name.removesuffix(".csv") for name in OPTIONAL))
            raise ValueError(f"{unknown[0]!r} is no optional table; there are {known}")
        added = {
            f"{name}.csv": table_bytes(COLUMNS[f"{name}.csv"], sorted(list(row) for row in rows))
            for name, rows in tables.items()
        }
        reference = Reference(self._read, {**self._added, **added})
        for name in added:
            list(reference.rows(name))
        return reference

    def has(self, table: str) -> bool:
        """Return whether the edition has an optional table, e.g. ``marketing``."""
        return f"{table}.csv" in self._added or table in self._manifest.tables

    # -- products --------------------------------------------------------------------------------------

    def marketed(self, ndc11: str) -> MarketingPeriod | None:
        """Return when the package of that NDC is marketed; None where the edition doesn't say."""
        if not self.has("marketing") or len(ndc11) != 11 or not (ndc11.isascii() and ndc11.isdigit()):
            return None
        row = self._table(MARKETING).row(ndc11)
        return MarketingPeriod(_day(row[1]), _day(row[2])) if row else None

    def product(self, ndc11: str) -> Product | None:
        """Return the product with that NDC (11 digits), else the facts of another package of it, else None."""
        if len(ndc11) != 11 or not (ndc11.isascii() and ndc11.isdigit()):
            return None
        return self._product(ndc11)

    @_cached
    def _product(self, ndc11: str) -> Product | None:
        row = self._table(PRODUCTS).row(ndc11)
        if row is not None:
            return self._as_product(row, ndc11)
        sibling = next(self._table(PRODUCTS).rows_from(ndc11[:9]), None)
        return self._as_product(sibling, None) if sibling else None

    def candidates_known(self, ten_digits: str) -> tuple[str, ...]:
        """Return the 11-digit forms of a 10-digit NDC that are in the table, else those whose product is."""
        known = [(reading, self.product(reading)) for reading in ndc_spelling.candidates(ten_digits)]
        exact = tuple(reading for reading, product in known if product and product.ndc)
        return exact or tuple(reading for reading, product in known if product)

    def products_named(self, canonical: str) -> tuple[Product, ...]:
        """Return the packages of the drug of that canonical name, e.g. ``ravulizumab-cwvz``, in order of NDC."""
        return self._products_named(canonical.lower())

    @_cached
    def _products_named(self, name: str) -> tuple[Product, ...]:
        return tuple(self._as_product(row, row[0]) for row in self._table(PRODUCTS).rows_with(name, _GENERIC))

    # -- codes -----------------------------------------------------------------------------------------

    def code(self, code: str) -> HcpcsCode | None:
        """Return a HCPCS Level II code of a drug, or one "not otherwise classified"; else None."""
        if len(code) != 5 or not (code.isascii() and code.isalnum()):
            return None
        return self._code(code.upper())

    @_cached
    def _code(self, code: str) -> HcpcsCode | None:
        row = self._table(CODES).row(code)
        return _as_code(row) if row else None

    def codes_for(self, ndc11: str | None, name: str | None) -> tuple[SpecificCode, ...]:
        """Return the codes of this drug alone, now or in the past, best match first.

        The NDC's own codes come first, then terminated codes of the same drug. If the NDC has none, or there is
        no NDC, the codes of the ``name`` (any spelling in the lexicon; a brand has only its own codes).
        Empty means that the edition has none, not that none exists.
        """
        return self._cached_codes_for((ndc11, name.lower() if name else None))

    @_cached
    def _cached_codes_for(self, key: tuple[str | None, str | None]) -> tuple[SpecificCode, ...]:
        return tuple(self._codes_for(*key))

    def _codes_for(self, ndc11: str | None, name: str | None) -> Iterator[SpecificCode]:
        product = self.product(ndc11) if ndc11 else None
        own = _split(product.specific_code) if product else []
        if product is not None and own:
            for code in own:
                yield self._specific(code, "ndc11" if product.ndc else "ndc9", product.billing_unit)
            ended = self._codes_named(product.generic, product.name.lower())
            yield from (code for code in ended if code.last is not None and code.code not in own)
            return
        brand = product.name.lower() if product else (name or "")
        generic = product.generic if product else self.lexicon().canonical(brand) or brand
        yield from self._codes_named(generic, brand)

    def _codes_named(self, generic: str, brand: str) -> Iterator[SpecificCode]:
        """Yield the codes of a drug's products and those whose text names it; for a brand only its own."""
        products = self.products_named(generic)
        branded = [product for product in products if product.name.lower() == brand] or products
        units = {code: product.billing_unit for product in branded for code in _split(product.specific_code)}
        codes = dict.fromkeys(sorted(units))
        for row in self._table(CODES).rows_with(generic, _DRUG):
            brands = _split(row[3])
            if not brands or brand in brands or (brand == generic and _SUFFIX.search(generic)):
                codes.setdefault(row[0])
        for code in codes:
            yield self._specific(code, "name", units.get(code, ""))

    def _specific(self, code: str, matched_by: str, unit: str) -> SpecificCode:
        known = self.code(code)
        return SpecificCode(
            code=code,
            first=known.added if known else None,
            last=known.terminated if known else None,
            date_confidence=known.date_confidence if known else "",
            billing_unit=(known.billing_unit if known else "") or unit,
            route=known.route if known else "",
            known_since=known.known_since if known else None,
            matched_by=matched_by,
            edition=self._manifest.edition,
        )

    # -- facts of a drug -------------------------------------------------------------------------------

    def classes(self, ndc11: str | None, name: str | None) -> frozenset[str]:
        """Return the product classes that names and codes establish with certainty; empty if none.

        Classes are ``vaccine``, ``immune-globulin``, ``clotting-factor``, ``radiopharmaceutical``,
        ``antineoplastic``, ``gene-therapy`` and ``cell-therapy``.
        """
        return self._classes_of((ndc11, name))

    @_cached
    def _classes_of(self, key: tuple[str | None, str | None]) -> frozenset[str]:
        ndc11, name = key
        product = self.product(ndc11) if ndc11 else None
        keys = [product.generic, *_split(product.specific_code)] if product else []
        if product is None and name:
            keys = [self.lexicon().canonical(name) or name.lower(), name.lower()]
        return frozenset().union(*(self._classes.get(key, ()) for key in keys))

    def code_classes(self, code: str) -> frozenset[str]:
        """Return the classes, as in `classes`, of the drugs of a HCPCS code."""
        return self._classes.get(code.upper(), frozenset())

    def biosimilars(self, base: str) -> tuple[Biosimilar, ...]:
        """Return the biologics with a four-letter suffix after the name ``base``, e.g. ``bevacizumab``."""
        return self._biosimilars(base.lower())

    @_cached
    def _biosimilars(self, wanted: str) -> tuple[Biosimilar, ...]:
        rows = self._table(BIOSIMILARS).rows_with(wanted, 1)
        return tuple(
            Biosimilar(name=name, base=base, suffix=suffix, kind=kind, brands=tuple(_split(brands)))
            for name, base, suffix, kind, brands in rows
        )

    def licences(self, name: str) -> tuple[Licence, ...]:
        """Return the licenses of a biologic by its brand, else of all brands of its drug; oldest first."""
        return self._licences(name.lower())

    @_cached
    def _licences(self, name: str) -> tuple[Licence, ...]:
        table = self._table(LICENCES)
        rows = [*table.rows_with(name, 0)] or table.rows_with(self.lexicon().canonical(name) or name, 1)
        found = [
            Licence(own, generic, number, _day(licensed), tuple(_split(routes)))
            for own, generic, number, licensed, routes in rows
        ]
        return tuple(sorted(found, key=lambda licence: (licence.licensed or date.min, licence.application)))

    def first_licensed(self, name: str) -> date | None:
        """Return the day of the first license of exactly that brand, or of all brands of exactly that drug; None
        where the table doesn't have it, or has a license of unknown date."""
        return self._first_licensed(name.lower())

    @_cached
    def _first_licensed(self, name: str) -> date | None:
        found = [one for one in self.licences(name) if name in (one.name, one.generic)]
        days = [one.licensed for one in found if one.licensed is not None]
        return min(days) if days and len(days) == len(found) else None

    def dosing(self, name: str) -> Dosing | None:
        """Return the dosing of a brand, else of the drug of that name; None if unknown."""
        return self._dosing(name.lower())

    @_cached
    def _dosing(self, name: str) -> Dosing | None:
        table = self._table(DOSING)
        named = [*table.rows_with(name, 0), *table.rows_with(self.lexicon().canonical(name) or name, 0)]
        row = next(iter(named), None)
        return Dosing(row[1], tuple(_split(row[2]))) if row else None

    def maximum_dose(self, name: str) -> MaximumDose | None:
        """Return the largest single dose on the label of a brand, else of the drug of that name or of that name
        without its four-letter suffix; None where it depends on weight or isn't known."""
        return self._maximum_dose(name.lower())

    @_cached
    def _maximum_dose(self, name: str) -> MaximumDose | None:
        table = self._table(MAXIMUM_DOSES)
        drug = self.lexicon().canonical(name) or name
        rows = [row for key in (name, drug, _SUFFIX.sub("", drug)) for row in table.rows_with(key, 0)]
        if not rows:
            return None
        amount, _, unit = rows[0][1].partition(" ")
        return MaximumDose(amount, unit, rows[0][2])

    def packages(self, name: str, on: date | None = None) -> tuple[Package, ...]:
        """Return the packages of a brand, or of a drug by its other names, sold on a day, or on any day.

        Packages licensed later or no longer sold are left out; empty if none is known.
        """
        packages = self._packages(name.lower())
        return packages if on is None else tuple(package for package in packages if package.on_sale(on))

    @_cached
    def _packages(self, name: str) -> tuple[Package, ...]:
        table = self._table(PACKAGES)
        rows = [*table.rows_with(name, 0)]
        rows = rows or [*table.rows_with(self.lexicon().canonical(name) or name, _PACKAGE_GENERIC)]
        return tuple(_as_package(row) for row in rows)

    def administration(self, route: str) -> frozenset[str]:
        """Return the procedure codes for administration by that route; all of them for an empty ``route``."""
        return self._administration_by(route)

    @_cached
    def _administration_by(self, route: str) -> frozenset[str]:
        return frozenset(code for code, routes in self._administration.items() if not route or route in routes)

    def administration_routes(self, code: str) -> frozenset[str]:
        """Return the routes of an administration code; empty for other codes and for codes of any route."""
        return self._administration.get(code.upper(), frozenset())

    def diagnosis(self, code: str, on: date) -> bool | None:
        """Return whether an ICD-10-CM code (dotted or not) is billable that day: a leaf of its fiscal year.

        None: the edition has no table of that fiscal year.
        """
        return self._diagnosis((code[:_LONGEST_DIAGNOSIS], on))

    @_cached
    def _diagnosis(self, key: tuple[str, date]) -> bool | None:
        code, on = key
        year = diagnoses.fiscal_year(on)
        if year not in self._fiscal_years:
            return None
        return diagnoses.contains(self._diagnoses, code.replace(".", "").strip().upper(), year)

    # -- other code sets -------------------------------------------------------------------------------

    def modifier(self, code: str) -> Modifier | None:
        """Return a HCPCS modifier with its dates; None for others, such as CPT's own."""
        if len(code) != 2 or not code.isascii():
            return None
        row = self._table(MODIFIERS).row(code.upper())
        return Modifier(row[0], row[1], _day(row[2]), _day(row[3])) if row else None

    def place_of_service(self, code: str) -> str | None:
        """Return the CMS name of a place of service, e.g. ``Office`` for ``11``; None for an unknown code."""
        row = self._table(PLACES).row(code) if len(code) == 2 and code.isascii() else None
        return row[1] if row else None

    def lexicon(self) -> Lexicon:
        """Return the names of drugs, for reading narratives."""
        return self._lexicon

    # -- editions --------------------------------------------------------------------------------------

    def editions(self) -> dict[str, str]:
        """Return the edition's own date as ``edition``, and the edition of each source by its key."""
        sources = {key: source.edition for key, source in self._manifest.sources.items()}
        return {"edition": self._manifest.edition, **sources}

    def manifest(self) -> Manifest:
        """Return the edition's date, sources and tables."""
        return self._manifest

    def covers(self, table: str, on: date) -> bool:
        """Return whether a table, e.g. ``products``, ``codes`` or ``diagnoses``, covers a day.

        Raises ValueError for a table that the edition doesn't have.
        """
        if table == "diagnoses":
            return diagnoses.fiscal_year(on) in self._fiscal_years
        info = self._manifest.tables.get(table)
        if info is None:
            raise ValueError(
                f"{EDITION}: there is no table {table!r}; there are {', '.join(self._manifest.tables)}"
            )
        return info.covers(on)

    def missing(self) -> list[str]:
        """Return the required tables that this edition does not name, as one made for another version."""
        tables = self._manifest.tables
        required = [name for name in (*COLUMNS, diagnoses.TABLE) if name not in OPTIONAL]
        return [name for name in required if name.partition(".")[0] not in tables]

    def validate(self) -> dict[str, int]:
        """Check every row of every table and return the row counts. Raises ValueError for the first bad row."""
        counts: dict[str, int] = {}
        for key, info in self._manifest.tables.items():
            counts[key] = self._count(key)
            _check_count(key, counts[key], info)
        if self.missing():
            raise ValueError(f"{EDITION}: the edition needs the tables {', '.join(self.missing())}")
        return counts

    def _count(self, key: str) -> int:
        if key == "diagnoses":
            return sum(1 for _ in diagnoses.unpack(self._diagnoses))
        if f"{key}.csv" not in COLUMNS:
            known = ", ".join((*COLUMNS, diagnoses.TABLE))
            raise ValueError(f"{EDITION}: {key!r} is no table; there are {known}")
        return sum(1 for _ in self._table(f"{key}.csv").all_rows())

    # -- loading ---------------------------------------------------------------------------------------

    def rows(self, table: str) -> Iterable[list[str]]:
        """Yield every row of a table by its file name, e.g. ``products.csv``, each checked."""
        return self._table(table).all_rows()

    def raw(self, table: str) -> bytes:
        """Return the bytes of a table by its file name."""
        return self._read(table)

    def _table(self, name: str) -> SortedTable:
        if name not in self._tables:
            raw = self._added[name] if name in self._added else self._read(name)
            self._tables[name] = SortedTable(name, raw, COLUMNS[name], unique=name not in REPEATING)
        return self._tables[name]

    def _as_product(self, row: Sequence[str], ndc11: str | None) -> Product:
        number, name, generic, application, routes, container, strength, *rest = row
        code, since, confidence, unit, _ = rest
        return Product(
            ndc=ndc11,
            ndc9=number[:9],
            name=name,
            generic=generic,
            application=application,
            routes=tuple(_split(routes)),
            container=container if ndc11 else "",
            strength=strength if ndc11 else "",
            specific_code=code,
            specific_from=since or None,
            from_confidence=confidence,
            billing_unit=unit,
            edition=self._manifest.edition,
        )

    @cached_property
    def _diagnoses(self) -> bytes:
        return self._read(diagnoses.TABLE)

    @cached_property
    def _fiscal_years(self) -> tuple[int, ...]:
        return diagnoses.years(self._diagnoses)

    @cached_property
    def _lexicon(self) -> Lexicon:
        return Lexicon((name, canonical) for name, canonical, _ in self._table(NAMES).all_rows())

    @cached_property
    def _classes(self) -> dict[str, frozenset[str]]:
        classes: dict[str, frozenset[str]] = {}
        for key, kind, _ in self._table(CLASSES).all_rows():
            classes[key] = classes.get(key, frozenset()) | {kind}
        return classes

    @cached_property
    def _administration(self) -> dict[str, frozenset[str]]:
        return {code: frozenset(_split(routes)) for code, routes in self._table(ADMINISTRATION).all_rows()}

    @cached_property
    def _manifest(self) -> Manifest:
        return parse_manifest(self._read(EDITION))


def _split(joined: str) -> list[str]:
    return joined.split(";") if joined else []


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _as_package(row: Sequence[str]) -> Package:
    brand, generic, container, strength, first, last, _ = row
    return Package(brand, generic, container, strength, _day(first), _day(last))


def _as_code(row: Sequence[str]) -> HcpcsCode:
    code, short, drug, brand, unit, route, added, effective, terminated, confidence, opps, known_since = row
    return HcpcsCode(
        code=code,
        short=short,
        drug=drug,
        brand=brand,
        billing_unit=unit,
        route=route,
        added=_day(added),
        effective=_day(effective),
        terminated=_day(terminated),
        date_confidence=confidence,
        opps_status=opps,
        known_since=_day(known_since),
    )


def _check_count(key: str, found: int, info: TableInfo) -> None:
    if found != info.rows:
        raise ValueError(f"{EDITION}: table {key} has {found} rows, expected {info.rows}")
