"""The NDC quantity that a text states: its amounts as containers, volume, mass or pieces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import ROUND_CEILING, Decimal
from decimal import Context as Arithmetic
from functools import partial
from typing import NamedTuple

from x12proc.claims.model import ServiceLine
from x12proc.narrative import Narrative
from x12proc.reference.ndc import normalize
from x12proc.rules.context import Context, per_claim
from x12proc.rules.shared.dosing import counted, dosing_of
from x12proc.rules.shared.listed_product import listed_product
from x12proc.rules.shared.measures import (
    MASSES,
    Measure,
    format_decimal,
    format_measure,
    labeled_strengths,
    measure,
)
from x12proc.rules.shared.waste_lines import WASTED, is_waste_line, wasted_amount
from x12proc.values import format_number, parse_quantity

_EXACT = Arithmetic(prec=200)  # more digits than any claim's numbers multiply to
_THOUSANDTH = Decimal("0.001")
_LIQUID_CONTAINERS = ("SDV", "MDV", "PFS")
_DIRECT = {"ML": "ML", "F2": "UNIT", "ME": "MG"}


class DoseReading(NamedTuple):
    """A quantity that the text may mean, and words for how it was worked out, made only when a message needs
    them."""

    quantity: Decimal
    words: Callable[[], str]

    @property
    def reason(self) -> str:
        """Return the arithmetic of the quantity in words."""
        return self.words()


@per_claim
def _waste_lines(ctx: Context) -> Counter[str | None]:
    """Return how many JW lines each NDC has, None for those that can't be read."""
    return Counter(normalize(line.ndc) for line in ctx.targets if WASTED in line.modifiers_sent)


def has_waste_line(line: ServiceLine, ctx: Context) -> bool:
    """Return whether another line bills the discarded part of this drug (or of one that may be this drug)."""
    wasted, ndc = _waste_lines(ctx), normalize(line.ndc)
    others = wasted[ndc] + (wasted[None] if ndc is not None else 0)
    return others > (WASTED in line.modifiers_sent)


def candidate_amounts(line: ServiceLine, ctx: Context, narrative: Narrative) -> list[Measure]:
    """Return what this line may is: the dose, or on a JW line the discarded amount; where no line bills the waste,
    what was given and discarded together as well."""
    dose = measure(narrative.dose.value, narrative.dose.unit) if narrative.dose else None
    wasted = measure(narrative.discarded.value, narrative.discarded.unit) if narrative.discarded else None
    if is_waste_line(line):
        amount = wasted_amount(line, ctx)
        discarded = measure(amount.value, amount.unit) if amount else None
        return [discarded] if discarded else []
    parts = [dose] if dose else []
    if dose and wasted and dose.unit == wasted.unit and not has_waste_line(line, ctx):
        parts.append(Measure(_EXACT.add(dose.value, wasted.value), dose.unit))
    return [*parts, *_amounts_of_mixed_sizes(narrative), *_total_stated_per_vial(line, ctx, narrative)]


def _amounts_of_mixed_sizes(narrative: Narrative) -> Iterator[Measure]:
    """Yield where vials of several sizes were used, each size has an NDC and perhaps a line of its own."""
    for content in narrative.contents if len(narrative.contents) > 1 else ():
        count, size = parse_quantity(content.count), measure(content.amount.value, content.amount.unit)
        if count and size:
            yield Measure(_EXACT.multiply(count, size.value), size.unit)


def _total_stated_per_vial(line: ServiceLine, ctx: Context, narrative: Narrative) -> Iterator[Measure]:
    """Yield what all containers hold together, where the text gives it as if one held it: ``450MG/18ML THREE
    VIALS`` of a drug that is sold in vials of 150 MG."""
    for content in narrative.contents:
        count, size = parse_quantity(content.count), measure(content.amount.value, content.amount.unit)
        sold = _sold_sizes(line, ctx)
        if count and size and size not in sold:
            together = [Measure(_EXACT.multiply(one.value, count), one.unit) for one in sold]
            yield from [size] if size in together else []


def _sold_sizes(line: ServiceLine, ctx: Context) -> dict[Measure, Decimal | None]:
    """Return what one container holds by the tables, and the milliliters in it where they are known."""
    strengths = [strength for strength in labeled_strengths(line, ctx) if not strength.per_ml]
    found = [(measure(format_number(strength.amount), strength.unit), strength.volume) for strength in strengths]
    return {amount: volume for amount, volume in found if amount}


def _text_strength(narrative: Narrative) -> tuple[Measure, Decimal] | None:
    """Return the text's amount in a volume: ``20MG/10ML`` as 20 MG and 10."""
    strength = narrative.strength
    if strength is None or strength.per_value is None or strength.per_unit is None:
        return None
    amount, volume = measure(strength.value, strength.unit), measure(strength.per_value, strength.per_unit)
    return (amount, volume.value) if amount and volume and volume.unit == "ML" else None


def _concentrations(line: ServiceLine, ctx: Context, unit: str) -> set[Decimal]:
    """Return how much of a unit one milliliter holds: by the text, and by the tables if they know only one."""
    found = set()
    for strength in labeled_strengths(line, ctx):
        amount = measure(format_number(strength.amount), strength.unit)
        found.add(amount.value / strength.volume if amount and amount.unit == unit and strength.volume else None)
    known = {one for one in found if one is not None} if len(found) == 1 else set()
    stated = _text_strength(narrative=ctx.narrative(line))
    return known | ({stated[0].value / stated[1]} if stated and stated[0].unit == unit else set())


def _container_sizes(line: ServiceLine, ctx: Context, unit: str) -> dict[Decimal, Decimal | None]:
    """Return what one container may hold, in a unit, and the milliliters in it where they are known."""
    narrative = ctx.narrative(line)
    sizes = {sold.value: volume for sold, volume in _sold_sizes(line, ctx).items() if sold.unit == unit}
    stated = [content.amount for content in narrative.contents]
    stated += [one for one in (narrative.amount_per_container,) if one]
    for one in stated:
        amount = measure(one.value, one.unit)
        if amount and amount.unit == unit:
            sizes.setdefault(amount.value, None)
    labeled = _text_strength(narrative)
    if labeled and labeled[0].unit == unit and narrative.strength and narrative.strength.per_value != "1":
        sizes[labeled[0].value] = labeled[1]
    return sizes


# -- what the NDC quantity should be ----------------------------------------------------------------------------


def dose_readings(line: ServiceLine, ctx: Context) -> Iterator[DoseReading]:
    """Yield every quantity that fits the text, in the unit of CTP05; the plainest first."""
    unit = line.drug.unit if line.drug else ""
    found = False
    for part in candidate_amounts(line, ctx, ctx.narrative(line)):
        for reading in _readings_of(part, unit, line, ctx):
            found = True
            yield reading
    count = counted_quantity(line, ctx) if found and unit == "UN" else None
    if count and WASTED not in line.modifiers_sent:
        yield DoseReading(count, lambda: f"the text counts {format_decimal(count)} containers")


def _readings_of(part: Measure, unit: str, line: ServiceLine, ctx: Context) -> Iterator[DoseReading]:
    """Yield the quantities in a unit that one amount of the text may equal."""
    if unit == "UN":
        yield from _as_containers(part, line, ctx)
    elif unit == "GR" and part.unit == "MG":
        grams = part.value / 1000
        yield DoseReading(grams, lambda: f"{format_measure(part)} is {format_decimal(grams)} GR")
    elif part.unit == _DIRECT.get(unit):
        yield DoseReading(part.value, lambda: f"the text says {format_measure(part)}")
    elif unit == "ML":
        yield from _as_volume(part, line, ctx)


def counted_quantity(line: ServiceLine, ctx: Context) -> Decimal | None:
    """Return how many containers the text counts, or pieces where the product is dosed by these."""
    containers = parse_quantity(ctx.narrative(line).container_count or "")
    if containers is not None:
        return containers
    piece = _counted_piece(line, ctx)
    pieces = counted(line, ctx, (piece,)) if piece else None
    return None if pieces is None else Decimal(pieces)


def _counted_piece(line: ServiceLine, ctx: Context) -> str:
    """Return what a product that is dosed by the piece comes in; empty for other products."""
    dosing = dosing_of(line, ctx)
    return dosing.pieces[0] if dosing and dosing.kind == "piece" else ""


def _divided_exactly(part: Measure, size: Decimal) -> Decimal:
    return (part.value / size).to_integral_value(ROUND_CEILING)


def _as_containers(part: Measure, line: ServiceLine, ctx: Context) -> Iterator[DoseReading]:
    for size in _container_sizes(line, ctx, part.unit):
        words = partial(_containers_text, part, size)
        yield DoseReading(part.value / size, words)
        yield DoseReading(_divided_exactly(part, size), words)


def _containers_text(part: Measure, size: Decimal) -> str:
    count = format_decimal(part.value / size)
    return f"{format_measure(part)} at {format_decimal(size)} {part.unit} a container is {count} UN"


def _as_volume(part: Measure, line: ServiceLine, ctx: Context) -> Iterator[DoseReading]:
    for one in sorted(_concentrations(line, ctx, part.unit)):
        yield DoseReading(part.value / one, partial(_volume_text, part, one))
    if WASTED in line.modifiers_sent:
        return
    for size, held in _container_sizes(line, ctx, part.unit).items():
        if held:
            count = _divided_exactly(part, size)
            yield DoseReading(_EXACT.multiply(count, held), partial(_content_text, count, held))


def _volume_text(part: Measure, concentration: Decimal) -> str:
    volume = format_decimal(part.value / concentration)
    return f"{format_measure(part)} at {format_decimal(concentration)} {part.unit}/ML is {volume} ML"


def _content_text(count: Decimal, held: Decimal) -> str:
    volume = format_decimal(_EXACT.multiply(count, held))
    return f"{format_decimal(count)} containers of {format_decimal(held)} ML are {volume} ML"


def _waste_is_contradicted(line: ServiceLine, ctx: Context) -> bool:
    """Return whether waste is billed (JW) and denied at once, by JZ or by the text (MOD02, MOD03)."""
    discarded, modifiers = ctx.narrative(line).discarded, _modifiers_by_drug(ctx)[normalize(line.ndc)]
    nothing = discarded is not None and parse_quantity(discarded.value) == 0
    return WASTED in modifiers and (nothing or "JZ" in modifiers)


@per_claim
def _modifiers_by_drug(ctx: Context) -> dict[str | None, set[str]]:
    """Return the modifiers on the target lines of each NDC."""
    found: dict[str | None, set[str]] = {}
    for line in ctx.targets:
        found.setdefault(normalize(line.ndc), set()).update(line.modifiers_sent)
    return found


def comparable_quantity(line: ServiceLine, ctx: Context) -> Decimal | None:
    """Return CTP04 where it can be compared with the text: one drug, no compound, a number above zero, and the
    waste, if any, stated without contradiction."""
    drug = line.drug
    if drug is None or drug.ctp is None or len(line.drugs) > 1 or drug.ref is not None:
        return None
    quantity = parse_quantity(drug.quantity)
    if quantity is None or quantity <= 0 or ctx.narrative(line).compound or _waste_is_contradicted(line, ctx):
        return None
    return quantity


def quantity_of_text(line: ServiceLine, ctx: Context) -> tuple[Decimal, str] | None:
    """Return how much of its NDC the text of a line states, and in which unit of CTP05; CTP itself is not looked
    at.

    None unless the product's form makes the unit certain and every way of working it out gives the same number, of
    three decimals at most.
    """
    right, parts = unit_by_form(line, ctx), candidate_amounts(line, ctx, ctx.narrative(line))
    if right is None or len(parts) != 1 or _waste_is_contradicted(line, ctx):
        return None
    found = set(_quantities_of_amount(parts[0], right[0], line, ctx))
    quantity = found.pop() if len(found) == 1 else None
    if quantity is None or quantity <= 0 or quantity != _EXACT.quantize(quantity, _THOUSANDTH):
        return None
    return quantity, right[0]


def _quantities_of_amount(part: Measure, unit: str, line: ServiceLine, ctx: Context) -> Iterator[Decimal]:
    if unit == "ML" and part.unit != "ML" and has_waste_line(line, ctx):  # whole vials are on both lines together
        yield from (part.value / one for one in _concentrations(line, ctx, part.unit))
        return
    yield from (reading.quantity for reading in _readings_of(part, unit, line, ctx))
    count = counted_quantity(line, ctx) if unit == "UN" else None
    if count and WASTED not in line.modifiers_sent and not has_waste_line(line, ctx):
        yield count


# -- the unit of the NDC quantity -------------------------------------------------------------------------------


def unit_by_form(line: ServiceLine, ctx: Context) -> tuple[str, str] | None:
    """Return the unit that the product's form wants, and what it is; None where the tables don't make it
    certain."""
    piece = _counted_piece(line, ctx)
    if piece and piece != "vial":  # which holds a liquid or a powder
        return "UN", f"dosed by the {piece}"
    product, strengths = listed_product(line, ctx), labeled_strengths(line, ctx)
    if product is None or not strengths or ctx.narrative(line).container == "KIT":
        return None
    if all(strength.powder for strength in strengths):
        return "UN", "a powder"
    in_liquid = all(strength.volume and strength.unit in MASSES and not strength.powder for strength in strengths)
    if in_liquid and product.container in _LIQUID_CONTAINERS and "INTRAVITREAL" not in product.routes:
        return "ML", "a liquid"
    return None  # among them drugs for the eye: they often come as kits
