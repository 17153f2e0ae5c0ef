"""Biologics that J3590 was right for: listed, licensed as biologics, on some days without a code of their own."""

from __future__ import annotations

import csv
import re
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import NamedTuple

TABLES = Path(__file__).parent.parent.parent / "config" / "reference"

# Kinds of product that have unclassified codes of their own (J9999, 90749, ...), and those without a plain dose.
_OTHER_KINDS = frozenset(
    (
        *("antineoplastic", "vaccine", "immune-globulin", "clotting-factor", "radiopharmaceutical"),
        *("gene-therapy", "cell-therapy"),
    )
)
# Before the code in the table these had an earlier one: J1300, Q5139 and J2505. Insulins have J1815 and J1817.
_HAD_EARLIER_CODES = {"eculizumab", "eculizumab-aeeb", "pegfilgrastim", "insulin lispro-aabc", "insulin aspart"}
UNLIMITED = 100  # containers: more than any claim here has
_NEW = timedelta(days=150)  # how long before its code a drug is given here

_LIQUID = re.compile(r"([\d,.]+) ?(MG|MCG|G|UNITS|IU)/([\d.]*) ?ML(?: \([\d.]+MG/ML\))?", re.IGNORECASE)
_POWDER = re.compile(r"([\d,.]+) ?(MG|UNITS|IU)(?: LYOPHILIZED)?", re.IGNORECASE)


class Drug(NamedTuple):
    """A package of a product and what one container holds; ``volume`` is None for a powder."""

    ndc: str
    brand: str
    generic: str
    routes: tuple[str, ...]
    container: str
    size: Decimal
    unit: str
    volume: Decimal | None
    lyophilized: bool  # the table says so; else a content without volume is a powder as well
    code: str  # of its own, from the day after ``last`` on
    first: date
    last: date

    @property
    def hyphenated(self) -> str:
        """The NDC as labels and texts write it: 5-4-2."""
        return f"{self.ndc[:5]}-{self.ndc[5:9]}-{self.ndc[9:]}"


@cache
def table(name: str) -> list[dict[str, str]]:
    """The rows of a shipped table."""
    with (TABLES / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@cache
def most_containers(drug: Drug) -> int:
    """How many containers hold no more than the label's largest dose, at least one; UNLIMITED if unknown."""
    most = {row["name"]: row["most"].split() for row in table("maximum_doses")}
    names = (drug.brand.lower(), drug.generic, drug.generic.rpartition("-")[0])
    known = next((most[name] for name in names if name in most), None)
    if known is None or known[1].upper() != drug.unit:
        return UNLIMITED
    return max(1, int(Decimal(known[0]) / drug.size))


@cache
def of_kinds(kinds: frozenset[str]) -> frozenset[str]:
    """Names and codes of products of some kinds."""
    return frozenset(row["key"] for row in table("classes") if row["class"] in kinds)


@cache
def drugs(kind: str = "") -> tuple[Drug, ...]:
    """All drugs that claims are made of, in the order of the table; with ``kind`` those of another kind, which
    claims for J3590 should not be made of: a class of products, or ``NDA``."""
    return tuple(drug for row in table("products") if _is_plausible(row, kind) and (drug := _drug(row)))


def _is_plausible(row: dict[str, str], kind: str) -> bool:
    if row["application"] != ("NDA" if kind == "NDA" else "BLA"):
        return False
    if not row["specific_from"] or ";" in row["specific_code"] or "/" in row["name"] or not row["routes"]:
        return False
    if row["generic"] in _HAD_EARLIER_CODES or row["specific_from"] < "2020-06-01":
        return False
    keys = {row["generic"], row["specific_code"]}
    if kind in _OTHER_KINDS:
        return bool(of_kinds(frozenset((kind,))) & keys)
    return not of_kinds(_OTHER_KINDS) & keys


def _drug(row: dict[str, str]) -> Drug | None:
    """The row as a drug; None where its strength is no single plain one, or it was never sold without a code."""
    liquid, powder = _LIQUID.fullmatch(row["strength"]), _POWDER.fullmatch(row["strength"])
    found = liquid or powder
    if found is None:
        return None
    volume = Decimal(liquid[3] or 1) if liquid else None
    since = date.fromisoformat(row["specific_from"])
    first = max(since - _NEW, _licensed(row["name"]) or date.min)
    if first >= since:
        return None
    return Drug(
        row["ndc"],
        row["name"],
        row["generic"],
        tuple(row["routes"].split(";")),
        row["container"],
        Decimal(found[1].replace(",", "")),
        found[2].upper(),
        volume,
        "lyophilized" in row["strength"],
        row["specific_code"],
        first,
        since - timedelta(days=1),
    )


@cache
def _licensed(brand: str) -> date | None:
    """The day on which a brand was first licensed."""
    days = [row["licensed"] for row in table("licences") if row["name"] == brand.lower() and row["licensed"]]
    return date.fromisoformat(min(days)) if days else None


def sizes(brand: str, day: date) -> int:
    """In how many different contents a brand was sold on a day."""
    packed = _packed(brand)
    if packed:
        return len({content for content, first, last in packed if first <= day.isoformat() <= last})
    texts = {text for row in table("products") if row["name"] == brand for text in row["strength"].split(";")}
    reported = {text.upper().replace(" ", "").split("(")[0].split("PFS")[0] for text in texts}
    return len({text for text in reported if text and not text.endswith("/ML")})


@cache
def _packed(brand: str) -> tuple[tuple[str, str, str], ...]:
    """Each package of a brand: what it holds, and its first and last day."""
    return tuple(
        (row["strength"], row["first"], row["last"] or "9999-12-31")
        for row in table("packages")
        if row["name"] == brand.lower()
    )


@cache
def routes_of_brand(brand: str) -> frozenset[str]:
    """The routes of all packages of a brand, and those of its licences."""
    rows = [row for row in table("products") if row["name"] == brand]
    rows += [row for row in table("licences") if row["name"] == brand.lower()]
    return frozenset(route for row in rows for route in row["routes"].split(";"))


@cache
def hospital_code(generic: str) -> tuple[tuple[str, str], ...]:
    """When a C code was that of a drug: first and last day as the table writes them."""
    return tuple(
        (row["added"], row["terminated"] or "9999-12-31")
        for row in table("codes")
        if row["drug"] == generic and row["code"].startswith("C")
    )


def has_hospital_code(drug: Drug, day: date) -> bool:
    """Whether hospitals had a C code for the drug that day."""
    return any(first <= day.isoformat() <= last for first, last in hospital_code(drug.generic))
