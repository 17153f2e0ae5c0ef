"""Doses and packages of drugs: counted pieces and container sizes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from x12proc.claims.model import ServiceLine
from x12proc.narrative.identifiers import read_identifiers
from x12proc.narrative.tokens import clean
from x12proc.reference.model import Dosing, MaximumDose, Product
from x12proc.reference.ndc import normalize
from x12proc.reference.strength import Strength, read_strengths
from x12proc.rules.context import Context
from x12proc.rules.shared.waste_lines import is_waste_line
from x12proc.values import format_number, to_base_unit

_FIGURES = {
    word: str(number)
    for number, word in enumerate(
        ("ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE", "TEN", "ELEVEN", "TWELVE"), 1
    )
} | {"A": "1", "SINGLE": "1"}
_WORDS = "|".join(_FIGURES)
# A word between number and piece that makes the number none of pieces: 40 MG VIAL, 10 DOSE VIAL.
_NO_ADJECTIVE = r"MC?GS?|GM?|ML|CC|IU|U|UNITS?|MEQ|KG|OF|X|IV|SC|IM|DOSES?|DAYS?|WEEKS?|MIN|HRS?"
_ADJECTIVE = rf"SINGLE[ -](?:DOSE|USE)\s|(?!(?:{_NO_ADJECTIVE})\b)[A-Z-]+\s"
_WRITTEN = {"vial": "VIALS?|VLS?|SDVS?|MDVS?", "bag": "BAGS?|INFUSION BAGS?", "dish": "DISH(?:ES)?"}
_OVERFILL = Decimal("1.05")  # vials hold a little more than their label says
_MOST_SIZES, _MOST_CONTAINERS = 4, 20  # among more there is always another way


class Size(NamedTuple):
    """Return the content of one container, and its milliliters if it is a liquid."""

    amount: Decimal
    unit: str
    volume: Decimal | None


def dosing_of(line: ServiceLine, ctx: Context) -> Dosing | None:
    """Return how the drug is dosed; None where the tables have no entry."""
    for names in (_listed_names, _written_names):
        for name in names(line, ctx):
            dosing = ctx.reference.dosing(name)
            if dosing:
                return dosing
    return None


def maximum_dose_of(line: ServiceLine, ctx: Context) -> MaximumDose | None:
    """Return the largest single dose on the label of the drug, by its NDC or else by its name in the text."""
    for names in (_listed_names, _written_names):
        for name in names(line, ctx):
            most = ctx.reference.maximum_dose(name)
            if most:
                return most
    return None


def counted_pieces(line: ServiceLine, ctx: Context) -> int | None:
    """Return how many pieces the texts count of a drug that is dosed by the piece: vials of an antivenom, one
    treatment with cells. None where they count none, or where only an amount is the dose."""
    dosing = dosing_of(line, ctx)
    return counted(line, ctx, dosing.pieces) if dosing else None


def counted(line: ServiceLine, ctx: Context, pieces: Iterable[str]) -> int | None:
    """Return the first number of such pieces in the texts of a line."""
    found = [number for piece in pieces for _, text in ctx.texts(line) if (number := _count(text, piece))]
    return found[0] if found else None


@lru_cache(maxsize=1024)  # the same words come again and again
def _count(text: str, piece: str) -> int:
    """Return how many of a piece a text counts, else 0: ``5 VIALS``, ``(1) KIT``, ``ONE LARGE SHEET``, ``VIALS X
    4``."""
    found = _pattern(piece).search(read_identifiers(clean(text).upper()).rest)
    number = (found["figures"] or found["word"] or found["after"]) if found else "0"
    return int(_FIGURES.get(number, number))


@lru_cache(maxsize=64)
def _pattern(piece: str) -> re.Pattern[str]:
    written = _WRITTEN.get(piece, rf"{re.escape(piece.upper())}S?")
    return re.compile(
        rf"(?<![\w.,/-])X?(?:(?P<figures>[0-9]{{1,4}})\)?[\s-]*|(?P<word>{_WORDS})\)?[\s-]+)(?:X\s?)?(?:{_ADJECTIVE}){{0,2}}"
        rf"(?:{written})\b|\b(?:{written})(?:\sUSED)?\s?[X#:=(]\s?\(?(?P<after>[0-9]{{1,4}}|{_WORDS})\b"
    )


# -- sizes ------------------------------------------------------------------------------------------------------


def sizes_sold(line: ServiceLine, ctx: Context, on: date | None = None) -> frozenset[Size]:
    """Return the sizes in which the drug was sold on a day, or ever, all packages of its brand together: by LIN03
    where there is one, even if no table knows it, else by the text."""
    names = _written_names(line, ctx) if line.drug is None else _listed_names(line, ctx)
    # The first name that the tables know; what it came in on other days doesn't count.
    known = next((name for name in names if ctx.reference.packages(name)), None)
    return _as_sizes(package.holds for package in ctx.reference.packages(known, on)) if known else frozenset()


def tells_size(total: Decimal | int, sizes: Sequence[Decimal], count: int | None = None) -> bool:
    """Return whether whole containers of these sizes make up an amount in one way alone: 1008 MG of a drug that is
    sold in 1000 and 1008 MG. Of many containers nobody can tell. Where it is known how many were opened, it is
    enough that so many of one size alone were needed."""
    if count and sum((count - 1) * size < total <= count * size for size in sizes) == 1:
        return True
    ordered = tuple(sorted(sizes, reverse=True))
    return len(ordered) <= _MOST_SIZES and total <= ordered[-1] * _MOST_CONTAINERS and _ways(total, ordered) == 1


def _ways(total: Decimal | int, sizes: Sequence[Decimal]) -> int:
    """In how many ways containers make up an amount."""
    if not sizes:
        return total == 0
    return sum(_ways(total - sizes[0] * count, sizes[1:]) for count in range(int(total / sizes[0]) + 1))


def vials_disagree(line: ServiceLine, ctx: Context) -> str:
    """Return why the vials that the texts count can't have held the dose, whatever size of that day they were of;
    empty when they can, when the texts tell the size themselves, or when nothing can be compared."""
    narrative, count = ctx.narrative(line), counted(line, ctx, ("vial",))
    if (
        count is None
        or narrative.dose is None
        or narrative.strength
        or narrative.amount_per_container
        or is_waste_line(line)
    ):
        return ""
    amounts = [one for one in (narrative.dose, narrative.discarded) if one]
    drawn = [known for one in amounts if (known := to_base_unit(one.value, one.unit))]
    held = _amounts_held(line, ctx)
    if not held or len({unit for _, unit in (*drawn, *held)}) > 1:
        return ""
    return _vials_text(count, sum((amount for amount, _ in drawn), Decimal(0)), held)


def _amounts_held(line: ServiceLine, ctx: Context) -> list[tuple[Decimal, str]]:
    """Return what one container can have held, in base units, least first; the day is asked for only if it
    matters."""
    sizes = sizes_sold(line, ctx)
    if len(sizes) > 1:
        sizes = sizes_sold(line, ctx, line.service_days[0] if line.service_days else None)
    return sorted(held for size in sizes if (held := to_base_unit(format_number(size.amount), size.unit)))


def _vials_text(count: int, drawn: Decimal, held: Sequence[tuple[Decimal, str]]) -> str:
    """Return how an amount differs from what so many containers hold at most, or one less at least; empty if
    not."""
    (least, unit), (most, _) = held[0], held[-1]
    words = f"{format_number(drawn)} {unit} from {count} vials"
    if drawn > count * most * _OVERFILL:
        return f"{words}, which hold {format_number(count * most)} {unit} at most"
    spare = (count - 1) * least
    return f"{words}, of which {count - 1} hold {format_number(spare)} {unit} at least" if drawn <= spare else ""


def fixes_strength(ndc: str | None, ctx: Context, on: date | None = None) -> bool:
    """Return whether an NDC is one size alone, by its own row or as the only package in such a container."""
    product = ctx.reference.product(ndc) if ndc else None
    if product is None:
        return False
    if len(read_strengths(product.strength)) == 1:
        return True
    return len(sizes_packed(product, ctx, on)) == 1


def sizes_packed(product: Product, ctx: Context, on: date | None = None) -> frozenset[Size]:
    """Return the sizes in which a brand was sold in the product's kind of container on a day, or ever; empty where
    that kind is not known."""
    packages = ctx.reference.packages(product.name, on) if product.container else ()
    return _as_sizes(one.holds for one in packages if one.container == product.container)


def _as_sizes(strengths: Iterable[Strength | None]) -> frozenset[Size]:
    return frozenset(Size(one.amount, one.unit, one.volume) for one in strengths if one and not one.per_ml)


def _product(line: ServiceLine, ctx: Context) -> Product | None:
    """Return the product of LIN03; a part of a compound says nothing of the whole."""
    ndc = normalize(line.ndc) if line.drug is not None and len(line.drugs) == 1 and line.drug.ref is None else None
    return ctx.reference.product(ndc) if ndc else None


def _listed_names(line: ServiceLine, ctx: Context) -> list[str]:
    """Brand and generic name by LIN03."""
    product = _product(line, ctx)
    return [product.name.lower(), product.generic] if product else []


def _written_names(line: ServiceLine, ctx: Context) -> list[str]:
    """Return the name in the text as it is written, which may be a brand, and as the tables know it."""
    narrative = ctx.narrative(line)
    return [name.lower() for name in (narrative.drug_name, narrative.matched) if name and narrative.matched]
