"""The part of the reference edition about single packages: what one NDC of several holds, by all tables.

Most products are known by brand alone, with every strength and route of that brand. The CMS crosswalk says how
much one item of an NDC holds: ``units`` of the code of ``dosage`` each, in ``size`` milliliters if it is a liquid.
Where that singles out one package of the brand, the product gets its strength, routes and container; where it
doesn't, everything stays as it was.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from reference_dosing import CONTAINERS, plain_strength, strengths_in

from x12proc.reference.strength import Strength, read_strengths
from x12proc.reference.wording import canonical_routes, split_brands, tidy
from x12proc.values import format_number, to_base_unit

Row = dict[str, str]
Amount = tuple[Decimal, str]

KNOWN_CONTAINERS = frozenset(("SDV", "MDV", "PFS"))  # of products
SUFFIXED = re.compile(r"(.+)-[a-z]{4}")
NUMBER = re.compile(r"\d+(?:\.\d+)?|\.\d+")


class Content(NamedTuple):
    """What one item of an NDC holds by the crosswalk: ``120`` ``MG``, size ``1.7``."""

    amount: Decimal
    unit: str  # MG MCG G UNIT
    size: Decimal
    is_whole: bool  # counted in whole units of the code, and more than a bare "1"

    @property
    def based(self) -> Amount | None:
        """The amount in its base unit."""
        return _based(self.amount, self.unit)

    @property
    def volume(self) -> Decimal | None:
        """The milliliters of a liquid. A size of 1 is what dry powders have, too, and some have their weight."""
        weights = {amount for amount in (self.amount, self.amount / 1000) if amount}
        return None if self.size == 1 or self.size in weights else self.size


class Item(NamedTuple):
    """One package of a brand as the Purple Book lists it."""

    strength: Strength
    routes: tuple[str, ...]
    container: str


def sharpened(
    products: Mapping[str, Row],
    crosswalk: Sequence[Row],
    purple: Iterable[Row],
    hand_made: Iterable[Row],
    licences: Iterable[Sequence[str]],
) -> dict[str, Row]:
    """The products with what is known of each single NDC; ``crosswalk`` holds all quarters, the newest first."""
    held, shelf, licensed = contents(crosswalk), shelves(purple, hand_made), Licensed(licences)
    named = single_brands(products, crosswalk)
    return {
        number: _sharpened({**row, "name": named.get(number, row["name"])}, held.get(number), shelf, licensed)
        for number, row in products.items()
    }


def _sharpened(row: Row, held: Content | None, shelf: Mapping[str, list[Item]], licensed: Licensed) -> Row:
    items = shelf.get(row["name"].lower(), [])
    known = licensed.completed(row)
    chosen = fitting(held, items) if held else []
    return {
        **known,
        "strength": _strength(known, held, items),
        "routes": ";".join(_routes(known["routes"], items, chosen)),
        "container": _container(known, chosen),
    }


# -- what the tables tell ------------------------------------------------------------------------------


def contents(crosswalk: Iterable[Row]) -> dict[str, Content]:
    """What the items of an NDC hold. An NDC under codes of several units has one content under all, or none.

    A single unit of a code for single units, as for clotting factors, covers contents that vary.
    """
    reported: dict[str, Content] = {}
    doubtful = set()
    for row in crosswalk:
        content = content_of(row) if row["ndc"] else None
        if content is None:
            continue
        known = reported.setdefault(row["ndc"], content)
        if known.based != content.based:
            doubtful.add(row["ndc"])
    return {number: content for number, content in reported.items() if number not in doubtful}


def content_of(row: Row) -> Content | None:
    """What a row of the crosswalk says of one item; None when the code's unit is no amount."""
    one, numbers = read_strengths(row["dosage"]), [row.get("units", ""), row.get("size", "")]
    if len(one) != 1 or one[0].volume or not all(NUMBER.fullmatch(number) for number in numbers):
        return None
    units, size = map(Decimal, numbers)
    amount = units * one[0].amount
    if not amount or not size or (amount == 1 and one[0].unit == "UNIT"):
        return None
    return Content(amount, one[0].unit, size, is_whole=units >= 1 and amount != 1)


def shelves(purple: Iterable[Row], hand_made: Iterable[Row]) -> dict[str, list[Item]]:
    """The packages of each brand whose strength is plain; those made by hand tell no route."""
    found: dict[str, list[Item]] = defaultdict(list)
    for row in purple:
        read = strengths_in(row["strength"])
        routes = tuple(filter(None, canonical_routes(row["route"]).split(";")))
        item = Item(read[0], routes, CONTAINERS.get(row["presentation"].lower(), "")) if len(read) == 1 else None
        for brand in split_brands(row["proprietary_name"]) if item else ():
            found[brand.lower()] += [item] if item else []
    for row in hand_made:
        found[row["name"]] += [Item(one, (), row["container"]) for one in read_strengths(row["strength"])]
    return found


def single_brands(products: Mapping[str, Row], crosswalk: Iterable[Row]) -> dict[str, str]:
    """The brand of each NDC under two brands: as the crosswalk names it, else the one that is left over."""
    written = {row["ndc"]: tidy(row["name"]) for row in crosswalk}
    families: dict[str, list[str]] = defaultdict(list)
    for number, row in products.items():
        if len(split_brands(row["name"])) > 1:
            families[row["name"]].append(number)
    named: dict[str, str] = {}
    for joined, numbers in families.items():
        brands = split_brands(joined)
        known = {number: written[number] for number in numbers if written.get(number) in brands}
        nameless, spare = set(numbers) - set(known), set(brands) - set(known.values())
        if len(nameless) == len(spare) == 1:
            known[nameless.pop()] = spare.pop()
        named.update(known)
    return named


class Licensed:
    """Which brands are licensed as biologics, and by which routes."""

    def __init__(self, licences: Iterable[Sequence[str]]) -> None:
        self._routes: dict[str, list[str]] = {}
        self._of_drug: dict[str, list[str]] = defaultdict(list)
        for name, generic, _, _, routes in licences:
            self._routes.setdefault(name, []).extend(filter(None, routes.split(";")))
            self._of_drug[generic].extend(filter(None, routes.split(";")))

    def completed(self, row: Row) -> Row:
        """A product with application and routes of its licence."""
        known = {field: row.get(field, "") for field in ("application", "routes", "container", "strength")}
        routes = self._reported(row["name"].lower(), row.get("generic", ""))
        known["application"] = known["application"] or ("" if routes is None else "BLA")
        known["routes"] = known["routes"] or ";".join(dict.fromkeys(routes or ()))
        return {**row, **known}

    def _reported(self, name: str, generic: str) -> list[str] | None:
        """The routes of a brand, or of the drug to which an unlisted one is similar; None for what is no biologic.

        Another brand of the very same drug is another form of it, and tells no route.
        """
        similar = SUFFIXED.fullmatch(generic)
        if name in self._routes or name == generic in self._of_drug:
            return self._routes.get(name) or self._of_drug[generic]
        if generic in self._of_drug:
            return [] if similar else None
        return self._of_drug.get(similar[1]) if similar else None


# -- which package it is -------------------------------------------------------------------------------


def fitting(held: Content, items: Iterable[Item]) -> list[Item]:
    """The packages that hold that much: those of the same volume, else those that are given without one."""
    same = [item for item in items if _based(item.strength.amount, item.strength.unit) == held.based]
    exact = [item for item in same if item.strength.volume == held.size]
    return exact or [item for item in same if item.strength.volume is None]


def _based(amount: Decimal, unit: str) -> Amount | None:
    return to_base_unit(format(amount, "f"), unit)


def _strength(row: Row, held: Content | None, items: Sequence[Item]) -> str:
    """The one strength of this NDC, else what was known before."""
    text = row["strength"]
    own = read_strengths(text)
    if held is None or (len(own) == 1 and not own[0].per_ml):
        return text
    listed = [Item(one, (), "") for one in strengths_in(text)]
    reported = {plain_item(item.strength) for item in fitting(held, [*listed, *items])}
    if len(reported) > 1:  # the product's own list says more: "10 mg lyophilized"
        reported &= {plain_item(item.strength) for item in listed}
    if len(reported) == 1:
        return reported.pop()
    if len(own) == 1:
        return concentrated(own[0], held) or text
    contradicted = any(_based(item.strength.amount, item.strength.unit) == held.based for item in items)
    certain = held.is_whole and row["application"] == "BLA" and not contradicted
    return text or (told_content(held) if certain else "")


def plain_item(one: Strength) -> str:
    """A strength in words: ``60 mg/1 mL`` for 60 mg/mL as well."""
    return _written(one.amount, one.unit, one.volume) + (" lyophilized" if one.powder else "")


def concentrated(one: Strength, held: Content) -> str:
    """``400 mg/20 mL`` for a product of 20 mg/mL in 20 mL; empty when the item holds another amount."""
    amount = one.amount * held.size
    return _written(amount, one.unit, held.size) if _based(amount, one.unit) == held.based else ""


def told_content(held: Content) -> str:
    """What the crosswalk says alone: ``120 mg/1.7 mL``."""
    return _written(held.amount, held.unit, held.volume)


def _written(amount: Decimal, unit: str, volume: Decimal | None) -> str:
    per_volume = f"/{format_number(volume)} mL" if volume else ""
    return plain_strength(f"{format_number(amount)} {unit}{per_volume}")


def _routes(known: str, items: Sequence[Item], chosen: Sequence[Item]) -> list[str]:
    """The routes of the packages chosen, where all others of the brand are of another kind of container."""
    routes = list(filter(None, known.split(";")))
    own = {route for item in chosen for route in item.routes}
    kinds = {item.container for item in chosen}
    others = {item.container for item in items if not own.issuperset(item.routes)}
    if not own.intersection(routes) or "" in kinds | others or kinds & others:
        return routes
    return [route for route in routes if route in own]


def _container(row: Row, chosen: Sequence[Item]) -> str:
    """The container of the packages chosen, where there was none, or one for a list of several strengths."""
    kinds = {item.container for item in chosen}
    reported = kinds.pop() if len(kinds) == 1 else ""
    known = "" if ";" in row["strength"] and reported else row["container"]
    return known or (reported if reported in KNOWN_CONTAINERS else "")
