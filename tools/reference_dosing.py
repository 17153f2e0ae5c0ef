"""The part of the reference edition about doses: how a drug is dosed, and its packages with their dates."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from decimal import Decimal
from typing import Protocol

from x12proc.reference.strength import Strength, read_strengths
from x12proc.reference.wording import canonical_routes, split_brands, words

Row = dict[str, str]


class Names(Protocol):
    """What is needed of the builder's names."""

    def canonical(self, name: str) -> str: ...


#: What the unit of a code says of how its drug is dosed; "per i.u." and "up to 1 GM" do as well.
UNIT_KINDS = (
    ("mass", re.compile(r"\b(?:MG|MCG|G|GM|GRAMS?)\Z")),
    ("activity", re.compile(r"\b(?:UNITS?|IU|I\.U\.)\Z")),
    ("volume", re.compile(r"\b(?:ML|CC)\Z")),
)
CONTAINERS = {
    "single-dose vial": "SDV",
    "vial": "",
    "single-use bottle": "SDV",
    "multi-dose vial": "MDV",
    "pre-filled syringe": "PFS",
    "syringe": "PFS",
    "autoinjector": "PEN",
    "single-dose cartridge": "CARTRIDGE",
    "multi-dose cartridge": "CARTRIDGE",
    "bag": "BAG",
}
#: A concentration with what the container holds in brackets: ``10MG/ML (0.5MG/0.05ML)``.
_WHOLE_IN_BRACKETS = re.compile(r"[^()]*/\s*ML\s*\(([^()]*\d\s*ML)\)\s*", re.IGNORECASE)
#: Routes by which somebody other than the patient gives a drug; capsules, drops and patches are no packages here.
GIVEN = words("IV SC IM IT ID INTRAVITREAL INTRAVESICAL INTRALESIONAL INTRAPERITONEAL SUBRETINAL INTRAOCULAR")


# -- how a drug is dosed -------------------------------------------------------------------------------


def dosing_rows(
    hand_made: Iterable[Row], products: Mapping[str, Row], codes: list[list[str]], packages: list[list[str]]
) -> list[list[str]]:
    """How each drug is dosed, by name: as the hand-made table says, else as the units of all its codes do, else as
    its packages are labeled."""
    rows = {row["name"]: [row["name"], row["kind"], row["pieces"], row["why"]] for row in hand_made}
    units: dict[str, dict[str, str]] = defaultdict(dict)
    for row in products.values():
        if row.get("billing_unit"):
            units[row.get("generic", "")].setdefault(row["billing_unit"], row["specific_code"])
    for code, _, drug, _, unit, *_ in codes:
        if unit:
            units[drug].setdefault(unit, code)
    for drug in sorted(units):
        kinds = {unit_kind(unit) for unit in units[drug]}
        if drug and drug not in rows and len(kinds) == 1 and (kind := kinds.pop()):
            unit = min(units[drug])
            rows[drug] = [drug, kind, "", f"unit of {units[drug][unit].split(';')[0]}: {unit}"]
    labeled: dict[str, set[str]] = defaultdict(set)
    for _, drug, _, strength, *_ in packages:
        labeled[drug].add("activity" if read_strengths(strength)[0].unit == "UNIT" else "mass")
    for drug, reported in labeled.items():
        if drug not in rows and len(reported) == 1:
            rows[drug] = [drug, reported.pop(), "", "strength of its packages"]
    return [rows[name] for name in sorted(rows)]


def unit_kind(unit: str) -> str:
    """The kind of dose that a code's unit counts; empty when that isn't plain."""
    return next((kind for kind, pattern in UNIT_KINDS if pattern.search(unit.upper())), "")


# -- packages ------------------------------------------------------------------------------------------


def package_rows(
    hand_made: Iterable[Row],
    purple: list[Row],
    products: Mapping[str, Row],
    licences: list[list[str]],
    names: Names,
) -> list[list[str]]:
    """Packages by brand, sorted; of several tables the earlier decides, and none is older than its brand."""
    licensed: dict[str, str] = {}
    for name, _, _, day, _ in licences:
        licensed[name] = min(licensed.get(name, day), day)
    found: dict[tuple[str, str, Strength], list[str]] = {}
    stated = [*_stated(hand_made), *_licensed(purple, names)]
    for row in [*stated, *_listed(products, {row[0] for row in stated})]:
        (holds,) = strengths_in(row[3])
        known = [key for key in found if key[0] == row[0] and _same(key[2], holds) and row[2] in ("", key[1])]
        if not known:
            row[4] = row[4] or licensed.get(row[0], "")
            found.setdefault((row[0], row[2], holds), row)
    return sorted(found.values())


def _same(one: Strength, other: Strength) -> bool:
    return (one.amount, one.unit, one.volume) == (other.amount, other.unit, other.volume)


def _stated(rows: Iterable[Row]) -> Iterator[list[str]]:
    for row in rows:
        columns = ("name", "generic", "container", "strength", "first", "last", "why")
        yield [row[column] for column in columns]


def _licensed(purple: list[Row], names: Names) -> Iterator[list[str]]:
    """The packages of the Purple Book, oldest first, for one may be licensed again for another use."""
    for row in sorted(purple, key=lambda row: row["approval_date"]):
        strength = plain_strength(row["strength"])
        if not strength or not GIVEN.intersection(canonical_routes(row["route"]).split(";")):
            continue
        container = CONTAINERS.get(row["presentation"].lower(), "")
        proper = row["proper_name"].lower()
        for brand in split_brands(row["proprietary_name"]) or [proper]:
            generic = names.canonical(brand) or names.canonical(proper) or proper
            if brand.upper() != "N/A":
                yield [brand.lower(), generic, container, strength, row["approval_date"], "", "purple"]


def _listed(products: Mapping[str, Row], stated: Set[str]) -> Iterator[list[str]]:
    """The packages of known products whose strength is one. Since when they are sold isn't known.

    A concentration alone stays out: in these tables it covers vials of several sizes. So do products that only
    the crosswalk lists, where the packages of the brand are stated with their dates: theirs is unknown. And so do
    those that it lists by their drug: the name of a drug means the packages of all its brands. A name of two
    brands stays out as well, for each package is of one of them alone.
    """
    for number in sorted(products):
        row = products[number]
        strength, name = plain_strength(row.get("strength", "")), row["name"].lower()
        undated = row["source"] == "crosswalk" and (name in stated or name == row.get("generic"))
        undated = undated or "/" in row["name"]
        if strength and row.get("generic") and not undated and not read_strengths(row["strength"])[0].per_ml:
            yield [name, row["generic"], row.get("container", ""), strength, "", "", row["source"]]


def strengths_in(text: str) -> list[Strength]:
    """The strengths in a list; those that aren't plain are left out."""
    pieces = [_WHOLE_IN_BRACKETS.sub(r"\1", piece) for piece in text.split(";")]
    return [one for piece in pieces for one in read_strengths(piece)]


def plain_strength(text: str) -> str:
    """A strength as ``1008 mg/5.6 mL``; empty for several in one text."""
    read = strengths_in(text)
    if len(read) != 1 or ";" in text:
        return ""
    (strength,) = read
    unit = {"UNIT": "units"}.get(strength.unit, strength.unit.lower())
    volume = f"/{_plain(strength.volume)} mL" if strength.volume else ""
    return f"{_plain(strength.amount)} {unit}{volume}"


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
