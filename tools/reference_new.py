"""The part of the reference edition about new biologics: names, packages, and licences of all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Protocol

from x12proc.reference import ndc as ndc_spelling
from x12proc.reference.wording import canonical_routes, hcpcs_generic, specific_codes, split_brands, suffixed_drug

Row = dict[str, str]


class Names(Protocol):
    """What is needed of the builder's names."""

    def add(self, name: str, canonical: str, kind: str) -> None: ...
    def canonical(self, name: str) -> str: ...


#: How much a package holds: ``size 1.62 = 100 x 3 MG`` are 100 billing units of 3 mg in 1.62 mL.
PACKAGE = re.compile(r"size ([\d.]+) = (\d+) x ([\d.]+) (MG|MCG)\Z")


# -- names ---------------------------------------------------------------------------------------------


def brand_of(row: Row) -> str:
    """The brand of a new biologic; empty where it has none."""
    return "" if "no brand" in row["brand"] else row["brand"]


def add_names(new: Iterable[Row], names: Names) -> None:
    """Brands and proper names of new biologics."""
    for row in new:
        brand = brand_of(row)
        canonical = names.canonical(row["generic"]) or names.canonical(brand) or row["generic"]
        names.add(row["generic"], canonical, "generic")
        if brand:
            names.add(brand, canonical, "brand")


def add_brands(ended: Iterable[Row], descriptions: Mapping[str, str], names: Names) -> None:
    """Brands of codes that took a drug out of the unclassified codes, for the drug that the code's text names."""
    for row in ended:
        text = descriptions.get(row["hcpcs"], "")
        drug = suffixed_drug(text) or hcpcs_generic(text)
        if drug:
            names.add(drug, names.canonical(drug) or drug, "generic")
        for brand in brands_of(row):
            names.add(brand, names.canonical(drug) or drug or brand, "brand")


def brands_of(row: Row) -> list[str]:
    """The brands of a code, without what is said of them: ``Idacio (from Q5131)``, ``Pyzchiva SC``."""
    said = re.sub(r"\s*[(,].*|\s(?:for COVID-19|SC|IV)\Z", "", row["brand"])
    return [brand for brand in said.split("/") if brand]


def code_drugs(new: Iterable[Row], ended: Iterable[Row], names: Names) -> dict[str, str]:
    """The drugs of codes by canonical name: of those whose own text is too short to tell."""
    drugs = {row["hcpcs"]: names.canonical(brand) for row in ended for brand in brands_of(row)[:1]}
    for row in new:
        for code in specific_codes(f"{row['hcpcs']} {row['interim_code']}"):
            drugs[code] = names.canonical(row["generic"]) or row["generic"].lower()
    return drugs


def as_purple(new: Iterable[Row]) -> list[Row]:
    """New biologics as rows of the Purple Book; their proper names tell classes as well."""
    return [{"proper_name": row["generic"], "bla_type": "351(a)"} for row in new]


# -- packages ------------------------------------------------------------------------------------------


def packages(row: Row, names: Names) -> Iterator[Row]:
    """The packages of a new biologic, as products without a code."""
    stated = row["package"].split(";")
    for location, spelled in enumerate(filter(None, row["ndc11"].split(";"))):
        yield {
            "ndc": ndc_spelling.normalize(spelled.strip()) or "",
            "name": row["brand"],
            "generic": names.canonical(row["generic"]) or row["generic"].lower(),
            "application": "BLA",
            "routes": routes_of(row),
            "strength": strength_of(stated[location].strip()) if location < len(stated) else "",
            "source": "new-biologics",
        }


def strength_of(package: str) -> str:
    """``300 mg/1.62 mL``. A size of 1 is what CMS gives dry powders, too, so it is no volume."""
    found = PACKAGE.match(package)
    if found is None:
        return ""
    size, count, amount, unit = found.groups()
    held = f"{Decimal(count) * Decimal(amount):f} {unit.lower()}"
    return held if size == "1" else f"{held}/{size} mL"


def routes_of(row: Row) -> str:
    """The routes of a new biologic; some are from memory."""
    plain = re.sub(r"\s*\[memory\]|\s+(?:implant|sheet)\b", "", row["route"])
    return canonical_routes(plain.replace(" or ", ";"))


# -- licences ------------------------------------------------------------------------------------------


def licence_rows(purple: Iterable[Row], new: Iterable[Row], names: Names) -> list[list[str]]:
    """Licences by name, sorted: licence number, day of the first approval, and all routes."""
    found: dict[tuple[str, str], tuple[str, str, list[str]]] = {}
    for row in sorted(purple, key=lambda row: row["approval_date"]):
        proper = row["proper_name"].lower()
        for brand in split_brands(row["proprietary_name"]):
            if brand.upper() != "N/A":
                generic = names.canonical(brand) or names.canonical(proper) or proper
                key = (brand.lower(), row["application_no"])
                routes = found.setdefault(key, (row["approval_date"], generic, []))[2]
                routes += filter(None, canonical_routes(row["route"]).split(";"))
    for row in new:
        name = (brand_of(row) or row["generic"]).lower()
        routes = list(filter(None, routes_of(row).split(";")))
        generic = names.canonical(row["generic"]) or row["generic"].lower()
        found.setdefault((name, row["bla"]), (row["approval_date"], generic, routes))
    return sorted(
        [name, generic, application, day, ";".join(dict.fromkeys(routes))]
        for (name, application), (day, generic, routes) in found.items()
    )
