"""How the drug of a line is dosed and packed, by the reference edition: pieces that are counted, sizes on sale."""

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
from x12proc.reference.model import Dosing, Package, Product
from x12proc.reference.ndc import normalise
from x12proc.reference.strength import Strength, read_strengths
from x12proc.rules.context import Context
from x12proc.rules.waste_pair import is_waste_line
from x12proc.values import in_base_unit, plain

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
    """What one container holds, and the millilitres it holds that in, where it is a liquid."""

    amount: Decimal
    unit: str
    volume: Decimal | None


def dosing_of(line: ServiceLine, ctx: Context) -> Dosing | None:
    """How the drug is dosed; None where the tables don't tell."""
    names = [*_listed_names(line, ctx), *_written_names(line, ctx)]
    known = (ctx.reference.dosing(name) for name in names)
    return next((dosing for dosing in known if dosing), None)


def counted_pieces(line: ServiceLine, ctx: Context) -> int | None:
    """How many pieces the texts count of a drug whose dose pieces tell: vials of an antivenom, one treatment with
    cells. None where they count none, or where only an amount tells the dose."""
    dosing = dosing_of(line, ctx)
    return counted(line, ctx, dosing.pieces) if dosing else None


def counted(line: ServiceLine, ctx: Context, pieces: Iterable[str]) -> int | None:
    """The first number of such pieces in the texts of a line."""
    found = [number for piece in pieces for _, text in ctx.spoken(line) if (number := _count(text, piece))]
    return found[0] if found else None


@lru_cache(maxsize=1024)  # the same words come again and again
def _count(text: str, piece: str) -> int:
    """How many of a piece a text counts, else 0: ``5 VIALS``, ``(1) KIT``, ``ONE LARGE SHEET``, ``VIALS X 4``."""
    found = _pattern(piece).search(read_identifiers(clean(text).upper()).rest)
    number = (found["figures"] or found["word"] or found["behind"]) if found else "0"
    return int(_FIGURES.get(number, number))


@lru_cache(maxsize=64)
def _pattern(piece: str) -> re.Pattern[str]:
    written = _WRITTEN.get(piece, rf"{re.escape(piece.upper())}S?")
    return re.compile(
        rf"(?<![\w.,/-])X?(?:(?P<figures>[0-9]{{1,4}})\)?[\s-]*|(?P<word>{_WORDS})\)?[\s-]+)(?:X\s?)?(?:{_ADJECTIVE}){{0,2}}"
        rf"(?:{written})\b|\b(?:{written})(?:\sUSED)?\s?[X#:=(]\s?\(?(?P<behind>[0-9]{{1,4}}|{_WORDS})\b"
    )


# -- sizes ------------------------------------------------------------------------------------------------------


def sizes_sold(line: ServiceLine, ctx: Context, on: date | None = None) -> frozenset[Size]:
    """The sizes in which the drug was sold on a day, or ever, all packages of its brand together."""
    names = [] if ctx.narrative(line).compound else _sold_names(line, ctx)
    if _packages(names, ctx, None):
        return _as_sizes(package.holds for package in _packages(names, ctx, on))
    return _as_sizes(strength for product in _family(names, ctx) for strength in read_strengths(product.strength))


def tells_size(total: Decimal, sizes: Iterable[Decimal]) -> bool:
    """Whether whole containers of these sizes make up an amount in one way alone: 1008 MG of a drug that is sold
    in 1000 and 1008 MG. Of many containers nobody can tell."""
    ordered = tuple(sorted(sizes, reverse=True))
    return len(ordered) <= _MOST_SIZES and total <= ordered[-1] * _MOST_CONTAINERS and _ways(total, ordered) == 1


def _ways(total: Decimal, sizes: Sequence[Decimal]) -> int:
    """In how many ways containers make up an amount."""
    if not sizes:
        return total == 0
    return sum(_ways(total - sizes[0] * count, sizes[1:]) for count in range(int(total / sizes[0]) + 1))


def vials_disagree(line: ServiceLine, ctx: Context) -> str:
    """Why the vials that the texts count can't have held the dose, whatever size of that day they were of; empty
    when they can, when the texts tell the size themselves, or when nothing can be compared."""
    said, count = ctx.narrative(line), counted(line, ctx, ("vial",))
    dose = in_base_unit(said.dose.value, said.dose.unit) if said.dose else None
    if count is None or dose is None or said.strength or said.amount_per_container or is_waste_line(line):
        return ""
    sizes = sizes_sold(line, ctx)
    if len(sizes) > 1:
        sizes = sizes_sold(line, ctx, line.served[0] if line.served else None)
    held = [in_base_unit(plain(size.amount), size.unit) for size in sizes]
    amounts = [one[0] for one in held if one and one[1] == dose[1]]
    if not amounts or len(amounts) < len(held):
        return ""
    wasted = in_base_unit(said.discarded.value, said.discarded.unit) if said.discarded else None
    drawn = dose[0] + (wasted[0] if wasted and wasted[1] == dose[1] else 0)
    most, few = count * max(amounts), (count - 1) * min(amounts)
    told = f"{plain(drawn)} {dose[1]} were taken from {count} vials"
    if drawn > most * _OVERFILL:
        return f"{told}, which hold {plain(most)} {dose[1]} at most"
    return f"{told}, and {count - 1} hold {plain(few)} {dose[1]} at least" if drawn <= few else ""


def fixes_strength(ndc: str | None, ctx: Context, on: date | None = None) -> bool:
    """Whether an NDC stands for one size alone, by its own row or as the only package in such a container."""
    product = ctx.reference.product(ndc) if ndc else None
    if product is None:
        return False
    if len(read_strengths(product.strength)) == 1:
        return True
    return len(sizes_packed(product, ctx, on)) == 1


def sizes_packed(product: Product, ctx: Context, on: date | None = None) -> frozenset[Size]:
    """The sizes in which a brand was sold in the product's kind of container on a day, or ever; empty where that
    kind is not known."""
    packages = ctx.reference.packages(product.name, on) if product.container else ()
    return _as_sizes(one.holds for one in packages if one.container == product.container)


def _as_sizes(strengths: Iterable[Strength | None]) -> frozenset[Size]:
    return frozenset(Size(one.amount, one.unit, one.volume) for one in strengths if one and not one.per_ml)


def _product(line: ServiceLine, ctx: Context) -> Product | None:
    """The product of LIN03; a part of a compound says nothing of the whole."""
    ndc = normalise(line.ndc) if line.drug is not None and len(line.drugs) == 1 and line.drug.ref is None else None
    return ctx.reference.product(ndc) if ndc else None


def _listed_names(line: ServiceLine, ctx: Context) -> list[str]:
    """Brand and generic name by LIN03."""
    product = _product(line, ctx)
    return [product.name.lower(), product.generic] if product else []


def _written_names(line: ServiceLine, ctx: Context) -> list[str]:
    """The name in the text as it is written, which may be a brand, and as the tables know it."""
    said = ctx.narrative(line)
    return [name.lower() for name in (said.drug_name, said.matched) if name and said.matched]


def _sold_names(line: ServiceLine, ctx: Context) -> list[str]:
    """The names of what was sold: by LIN03 where there is one, even if no table knows it, else by the text."""
    return _written_names(line, ctx) if line.drug is None else _listed_names(line, ctx)


def _packages(names: Sequence[str], ctx: Context, on: date | None) -> tuple[Package, ...]:
    """The packages of the first of the names that has any, or had any on another day."""
    known = next((name for name in names if ctx.reference.packages(name)), None)
    return ctx.reference.packages(known, on) if known else ()


def _family(names: Sequence[str], ctx: Context) -> Sequence[Product]:
    """The products of the drug; of a brand those of that name."""
    family = ctx.reference.products_named(names[-1]) if names else ()
    return [one for one in family if one.name.lower() == names[0]] or family
