"""Dose, strength, containers and NDC quantity compared with each other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import ROUND_CEILING, Decimal
from decimal import Context as Arithmetic
from functools import lru_cache, partial
from typing import NamedTuple

from x12proc.claims.model import ServiceLine, at
from x12proc.findings import WARN, Hit
from x12proc.narrative import Narrative
from x12proc.reference.ndc import normalize
from x12proc.reference.strength import Strength, read_strengths
from x12proc.rules.base import Option, line_rule
from x12proc.rules.context import Context
from x12proc.rules.dosing import Size, counted, dosing_of, sizes_packed
from x12proc.rules.drug_code import served_on
from x12proc.rules.narrative import line_texts, named_drug
from x12proc.rules.paste import changed
from x12proc.rules.product import listed_product, product_shown
from x12proc.rules.waste_pair import is_waste_line, wasted_amount
from x12proc.values import excerpt, format_number, parse_quantity, to_base_unit

_EXACT = Arithmetic(prec=200)  # more digits than any claim's numbers multiply to
_TOLERANCE = Decimal("0.05")
_TENFOLD = Decimal(10)
_THOUSANDTH = Decimal("0.001")
_WASTED = "JW"
_QUANTITY_FAULTS = ("NDC11", "QTY01", "QTY02", "SYN01", "SYN03")
_LIQUID_CONTAINERS = ("SDV", "MDV", "PFS")
MASSES = ("MG", "MCG", "G")
_DIRECT = {"ML": "ML", "F2": "UNIT", "ME": "MG"}
_MORE_THAN_VOLUME = r"(?!\s*(?:X\b|NS\b|D5W|SALINE|BAG|NACL|/))"


class Measure(NamedTuple):
    """A quantity in a unit it can be compared in: MG, ML, UNIT (which IU are as well) and so on."""

    value: Decimal
    unit: str


class _Reading(NamedTuple):
    """A quantity that the text may mean, and words for how it was worked out, made only when they are told."""

    quantity: Decimal
    words: Callable[[], str]

    @property
    def reason(self) -> str:
        """How the quantity was worked out."""
        return self.words()


def measure(value: str, unit: str) -> Measure | None:
    """An amount above zero in its base unit."""
    known = to_base_unit(value, "UNIT" if unit == "IU" else unit)
    return Measure(*known) if known and known[0] > 0 else None


def in_figures(number: Decimal) -> str:
    return excerpt(format_number(_EXACT.quantize(number, _THOUSANDTH) if number >= _THOUSANDTH else number), 30)


def _told(amount: Measure) -> str:
    return f"{in_figures(amount.value)} {amount.unit}"


# -- what the text and the tables say of the amounts ------------------------------------------------------------


def labelled_strengths(line: ServiceLine, ctx: Context) -> tuple[Strength, ...]:
    """The strengths of the product of LIN03; of several those that were sold in its container on that day."""
    product = listed_product(line, ctx)
    strengths = read_strengths(product.strength) if product else ()
    if product is None or len(strengths) < 2:
        return strengths
    known = _sold(strengths, sizes_packed(product, ctx))
    return known if len(known) < 2 else _sold(known, sizes_packed(product, ctx, served_on(line, ctx)))


def _sold(strengths: tuple[Strength, ...], sizes: frozenset[Size]) -> tuple[Strength, ...]:
    """The strengths that are among the sizes; all of them where none is."""
    return tuple(one for one in strengths if Size(one.amount, one.unit, one.volume) in sizes) or strengths


@lru_cache(maxsize=1)
def _waste_lines(ctx: Context) -> Counter[str | None]:
    """How many JW lines each NDC has, None for those that can't be read. Kept for the claim at hand, which
    asks once a line."""
    return Counter(normalize(line.ndc) for line in ctx.targets if _WASTED in line.modifiers_sent)


def _has_waste_line(line: ServiceLine, ctx: Context) -> bool:
    """Whether another line bills the discarded part of this drug (or of one that may be this drug)."""
    wasted, ndc = _waste_lines(ctx), normalize(line.ndc)
    others = wasted[ndc] + (wasted[None] if ndc is not None else 0)
    return others > (_WASTED in line.modifiers_sent)


def _parts(line: ServiceLine, ctx: Context, said: Narrative) -> list[Measure]:
    """What this line may stand for: the dose, or on a JW line the discarded amount; where no line bills the
    waste, what was given and discarded together as well."""
    dose = measure(said.dose.value, said.dose.unit) if said.dose else None
    wasted = measure(said.discarded.value, said.discarded.unit) if said.discarded else None
    if is_waste_line(line):
        amount = wasted_amount(line, ctx)
        discarded = measure(amount.value, amount.unit) if amount else None
        return [discarded] if discarded else []
    parts = [dose] if dose else []
    if dose and wasted and dose.unit == wasted.unit and not _has_waste_line(line, ctx):
        parts.append(Measure(_EXACT.add(dose.value, wasted.value), dose.unit))
    return [*parts, *_parts_of_mixed_sizes(said), *_whole_told_as_a_size(line, ctx, said)]


def _parts_of_mixed_sizes(said: Narrative) -> Iterator[Measure]:
    """Where vials of several sizes were used, each size has an NDC and perhaps a line of its own."""
    for content in said.contents if len(said.contents) > 1 else ():
        count, size = parse_quantity(content.count), measure(content.amount.value, content.amount.unit)
        if count and size:
            yield Measure(_EXACT.multiply(count, size.value), size.unit)


def _whole_told_as_a_size(line: ServiceLine, ctx: Context, said: Narrative) -> Iterator[Measure]:
    """What all containers hold together, where the text gives it as if one held it: ``450MG/18ML THREE VIALS`` of
    a drug that is sold in vials of 150 MG."""
    for content in said.contents:
        count, size = parse_quantity(content.count), measure(content.amount.value, content.amount.unit)
        sold = _sold_sizes(line, ctx)
        if count and size and size not in sold:
            together = [Measure(_EXACT.multiply(one.value, count), one.unit) for one in sold]
            yield from [size] if size in together else []


def _sold_sizes(line: ServiceLine, ctx: Context) -> dict[Measure, Decimal | None]:
    """What one container holds by the tables, and the milliliters in it where they are known."""
    strengths = [strength for strength in labelled_strengths(line, ctx) if not strength.per_ml]
    found = [(measure(format_number(strength.amount), strength.unit), strength.volume) for strength in strengths]
    return {amount: volume for amount, volume in found if amount}


def _text_strength(said: Narrative) -> tuple[Measure, Decimal] | None:
    """The text's amount in a volume: ``20MG/10ML`` as 20 MG and 10."""
    strength = said.strength
    if strength is None or strength.per_value is None or strength.per_unit is None:
        return None
    amount, volume = measure(strength.value, strength.unit), measure(strength.per_value, strength.per_unit)
    return (amount, volume.value) if amount and volume and volume.unit == "ML" else None


def _concentrations(line: ServiceLine, ctx: Context, unit: str) -> set[Decimal]:
    """How much of a unit one milliliter holds: by the text, and by the tables if they know only one."""
    found = set()
    for strength in labelled_strengths(line, ctx):
        amount = measure(format_number(strength.amount), strength.unit)
        found.add(amount.value / strength.volume if amount and amount.unit == unit and strength.volume else None)
    known = {one for one in found if one is not None} if len(found) == 1 else set()
    told = _text_strength(said=ctx.narrative(line))
    return known | ({told[0].value / told[1]} if told and told[0].unit == unit else set())


def _sizes(line: ServiceLine, ctx: Context, unit: str) -> dict[Decimal, Decimal | None]:
    """What one container may hold, in a unit, and the milliliters in it where they are known."""
    said = ctx.narrative(line)
    sizes = {sold.value: volume for sold, volume in _sold_sizes(line, ctx).items() if sold.unit == unit}
    told = [content.amount for content in said.contents]
    told += [one for one in (said.amount_per_container,) if one]
    for one in told:
        amount = measure(one.value, one.unit)
        if amount and amount.unit == unit:
            sizes.setdefault(amount.value, None)
    labeled = _text_strength(said)
    if labeled and labeled[0].unit == unit and said.strength and said.strength.per_value != "1":
        sizes[labeled[0].value] = labeled[1]
    return sizes


# -- what the NDC quantity should be ----------------------------------------------------------------------------


def _readings(line: ServiceLine, ctx: Context) -> Iterator[_Reading]:
    """Every quantity that fits the text, in the unit of CTP05; the plainest first."""
    unit = line.drug.unit if line.drug else ""
    found = False
    for part in _parts(line, ctx, ctx.narrative(line)):
        for reading in _readings_of(part, unit, line, ctx):
            found = True
            yield reading
    count = _counted(line, ctx) if found and unit == "UN" else None
    if count and _WASTED not in line.modifiers_sent:
        yield _Reading(count, lambda: f"the text counts {in_figures(count)} containers")


def _readings_of(part: Measure, unit: str, line: ServiceLine, ctx: Context) -> Iterator[_Reading]:
    """The quantities in a unit that one amount of the text may come to."""
    if unit == "UN":
        yield from _as_containers(part, line, ctx)
    elif unit == "GR" and part.unit == "MG":
        grams = part.value / 1000
        yield _Reading(grams, lambda: f"{_told(part)} is {in_figures(grams)} GR")
    elif part.unit == _DIRECT.get(unit):
        yield _Reading(part.value, lambda: f"the text says {_told(part)}")
    elif unit == "ML":
        yield from _as_volume(part, line, ctx)


def _counted(line: ServiceLine, ctx: Context) -> Decimal | None:
    """How many containers the text counts, or pieces where the product is dosed by these."""
    containers = parse_quantity(ctx.narrative(line).container_count or "")
    if containers is not None:
        return containers
    piece = _piece(line, ctx)
    pieces = counted(line, ctx, (piece,)) if piece else None
    return None if pieces is None else Decimal(pieces)


def _piece(line: ServiceLine, ctx: Context) -> str:
    """What a product that is dosed by the piece comes in; empty for other products."""
    dosing = dosing_of(line, ctx)
    return dosing.pieces[0] if dosing and dosing.kind == "piece" else ""


def _whole(part: Measure, size: Decimal) -> Decimal:
    return (part.value / size).to_integral_value(ROUND_CEILING)


def _as_containers(part: Measure, line: ServiceLine, ctx: Context) -> Iterator[_Reading]:
    for size in _sizes(line, ctx, part.unit):
        words = partial(_containers_told, part, size)
        yield _Reading(part.value / size, words)
        yield _Reading(_whole(part, size), words)


def _containers_told(part: Measure, size: Decimal) -> str:
    count = in_figures(part.value / size)
    return f"{_told(part)} at {in_figures(size)} {part.unit} a container is {count} UN"


def _as_volume(part: Measure, line: ServiceLine, ctx: Context) -> Iterator[_Reading]:
    for one in sorted(_concentrations(line, ctx, part.unit)):
        yield _Reading(part.value / one, partial(_volume_told, part, one))
    if _WASTED in line.modifiers_sent:
        return
    for size, held in _sizes(line, ctx, part.unit).items():
        if held:
            count = _whole(part, size)
            yield _Reading(_EXACT.multiply(count, held), partial(_content_told, count, held))


def _volume_told(part: Measure, concentration: Decimal) -> str:
    volume = in_figures(part.value / concentration)
    return f"{_told(part)} at {in_figures(concentration)} {part.unit}/ML is {volume} ML"


def _content_told(count: Decimal, held: Decimal) -> str:
    volume = in_figures(_EXACT.multiply(count, held))
    return f"{in_figures(count)} containers of {in_figures(held)} ML are {volume} ML"


def _waste_is_contradicted(line: ServiceLine, ctx: Context) -> bool:
    """Whether waste is billed (JW) and denied at once, by JZ or by the text (MOD02 and MOD03 tell that)."""
    discarded, modifiers = ctx.narrative(line).discarded, _modifiers_by_drug(ctx)[normalize(line.ndc)]
    nothing = discarded is not None and parse_quantity(discarded.value) == 0
    return _WASTED in modifiers and (nothing or "JZ" in modifiers)


@lru_cache(maxsize=1)
def _modifiers_by_drug(ctx: Context) -> dict[str | None, set[str]]:
    """The modifiers on the target lines of each NDC. Kept for the claim at hand, which asks once a line."""
    found: dict[str | None, set[str]] = {}
    for line in ctx.targets:
        found.setdefault(normalize(line.ndc), set()).update(line.modifiers_sent)
    return found


def _quantity(line: ServiceLine, ctx: Context) -> Decimal | None:
    """CTP04 where it can be held against the text: one drug, no compound, a number above zero, and the waste, if
    any, told without contradiction."""
    drug = line.drug
    if drug is None or drug.ctp is None or len(line.drugs) > 1 or drug.ref is not None:
        return None
    quantity = parse_quantity(drug.quantity)
    if quantity is None or quantity <= 0 or ctx.narrative(line).compound or _waste_is_contradicted(line, ctx):
        return None
    return quantity


def quantity_of_text(line: ServiceLine, ctx: Context) -> tuple[Decimal, str] | None:
    """How much of its NDC the text of a line comes to, and in which unit of CTP05; CTP itself is not looked at.

    None unless the product's form makes the unit certain and every way of working it out gives the same number, of
    three decimals at most.
    """
    right, parts = _right_unit(line, ctx), _parts(line, ctx, ctx.narrative(line))
    if right is None or len(parts) != 1 or _waste_is_contradicted(line, ctx):
        return None
    found = set(_quantities(parts[0], right[0], line, ctx))
    quantity = found.pop() if len(found) == 1 else None
    if quantity is None or quantity <= 0 or quantity != _EXACT.quantize(quantity, _THOUSANDTH):
        return None
    return quantity, right[0]


def _quantities(part: Measure, unit: str, line: ServiceLine, ctx: Context) -> Iterator[Decimal]:
    if unit == "ML" and part.unit != "ML" and _has_waste_line(line, ctx):  # whole vials are on both lines together
        yield from (part.value / one for one in _concentrations(line, ctx, part.unit))
        return
    yield from (reading.quantity for reading in _readings_of(part, unit, line, ctx))
    count = _counted(line, ctx) if unit == "UN" else None
    if count and _WASTED not in line.modifiers_sent and not _has_waste_line(line, ctx):
        yield count


def _agrees(quantity: Decimal, expected: Decimal, slack: Decimal) -> bool:
    return abs(quantity - expected) <= max(expected * _TOLERANCE, slack)


@lru_cache(maxsize=1)
def _compared(ctx: Context) -> dict[int, _Reading | None]:
    """What was found on the lines of the claim at hand, by where a line ends; two rules ask."""
    return {}


def _disagreement(line: ServiceLine, ctx: Context) -> _Reading | None:
    """The plainest reading of the text, if no reading agrees with the NDC quantity."""
    known = _compared(ctx)
    if line.end not in known:
        known[line.end] = _compare(line, ctx)
    return known[line.end]


def _compare(line: ServiceLine, ctx: Context) -> _Reading | None:
    quantity = _quantity(line, ctx)
    if quantity is None or line.drug is None:
        return None
    wasted = line.drug.unit == "UN" and (_WASTED in line.modifiers_sent or _has_waste_line(line, ctx))
    slack = Decimal(1) if wasted else Decimal(0)
    plainest: _Reading | None = None
    for reading in _readings(line, ctx):
        if _agrees(quantity, reading.quantity, slack):
            return None
        plainest = plainest or reading
    return plainest


def _times(quantity: Decimal, expected: Decimal) -> str:
    if quantity >= expected * _TENFOLD:
        return f" ({in_figures(quantity / expected)} times as much)"
    if quantity * _TENFOLD <= expected:
        return " (a tenth of it or less)"
    return ""


@line_rule(
    "QTY05",
    "ndc-quantity-contradicts-dose",
    severity=WARN,
    sources=("LW", "MBC"),
    confidence="P",
    since="0.1.0",
    drug_only=True,
    where="2410 CTP04; SV101-7, SV202-7, NTE02",
    status="A8:724",
    second_status="A8:217",
    remittance=("16", "M119", "M123"),
    suppressed_by=(*_QUANTITY_FAULTS, "BAL07", "NAR04", "NAR11", "NAR15", "QTY04", "QTY06"),
    summary="The NDC quantity doesn't match the dose in the text.",
    fix="Work it out again: ML = dose / concentration (450 MG at 25 MG/ML is CTP****18*ML~), UN = number of "
    "containers. Correct CTP04, or the dose or strength in the text.",
)
def ndc_quantity_contradicts_dose(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The payer prices the line and claims its rebate by NDC quantity, and checks it against the dose in
    words. If they differ, it pays wrongly or stops the line. A difference of 5 percent, whole vials instead of
    the dose, and billed waste count as matching."""
    reading = _disagreement(line, ctx)
    quantity = _quantity(line, ctx) if reading else None
    if reading is None or quantity is None or line.drug is None or line.drug.ctp is None:
        return
    shown = excerpt(line.drug.quantity, 30)
    message = f"{reading.reason[:1].upper()}{reading.reason[1:]}, but CTP04 has {shown} {line.drug.unit}"
    fix = _corrected_quantity(line, ctx, reading)
    yield Hit(at(line.drug.ctp, 4), message + _times(quantity, reading.quantity), shown, fix=fix)


def _corrected_quantity(line: ServiceLine, ctx: Context, reading: _Reading) -> str | None:
    """The CTP with the quantity that the text gives."""
    ctp = line.drug.ctp if line.drug else None
    corrected = changed(ctp, ctx.claim.delimiters, {4: in_figures(reading.quantity)}) if ctp else ""
    return f"If the text is right, send {corrected}. If not, correct dose or strength." if corrected else None


def _billing_units(line: ServiceLine, ctx: Context) -> Iterator[Measure]:
    """The amount of one unit of the drug's own codes."""
    for code in ctx.reference.codes_for(normalize(line.ndc), named_drug(line, ctx)):
        for strength in read_strengths(code.billing_unit):
            amount = measure(format_number(strength.amount), strength.unit)
            if amount and strength.volume is None:  # pragma: no branch - as with all codes of our edition
                yield amount


def _what_was_sent(line: ServiceLine, ctx: Context, quantity: Decimal) -> str:
    """Which number of the text is in CTP04 in place of the NDC quantity, in words; else empty."""
    said = ctx.narrative(line)
    stated = [one for one in (said.dose, said.discarded) if one]
    if any(parse_quantity(one.value) == quantity for one in stated if one.unit != "ML"):
        unit = next(one.unit for one in stated if parse_quantity(one.value) == quantity)
        return f"the amount in {unit}"
    for part in _parts(line, ctx, said):
        if part.value == quantity and part.unit != "ML":  # 0.4 G in the text, 400 in CTP04
            return f"the amount in {part.unit}"
        for unit_of_code in _billing_units(line, ctx):
            if part.unit == unit_of_code.unit and part.value / unit_of_code.value == quantity:
                return f"billing units of {_told(unit_of_code)}"
    return ""


@line_rule(
    "QTY06",
    "dose-sent-as-ndc-quantity",
    severity=WARN,
    sources=("XWK",),
    confidence="P",
    since="0.1.0",
    drug_only=True,
    where="2410 CTP04; SV101-7, SV202-7, NTE02",
    status="A8:724",
    remittance=("16", "M119"),
    suppressed_by=(*_QUANTITY_FAULTS, "BAL07", "NAR15"),
    summary="CTP04 has the dose, or the units of a HCPCS code, instead of the NDC quantity.",
    fix="Count the package, not the dose: milliliters of a liquid (80 MG at 2 MG/ML is CTP****40*ML~), vials of "
    "a powder (CTP****3*UN~).",
)
def dose_sent_as_ndc_quantity(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Milligrams read as milliliters or as vials are many times the drug that was used. Medicaid's rebate and
    the payer's price depend on this number, so the line is stopped or overpaid."""
    reading = _disagreement(line, ctx)
    quantity = _quantity(line, ctx) if reading else None
    if reading is None or quantity is None or line.drug is None or line.drug.ctp is None:
        return
    sent = _what_was_sent(line, ctx, quantity)
    if sent:
        shown = excerpt(line.drug.quantity, 30)
        message = f"CTP04 has {shown} {line.drug.unit}, which is {sent}; {reading.reason}"
        fix = _corrected_quantity(line, ctx, reading)
        yield Hit(at(line.drug.ctp, 4), message, shown, fix=fix)


# -- the unit of the NDC quantity -------------------------------------------------------------------------------


def _right_unit(line: ServiceLine, ctx: Context) -> tuple[str, str] | None:
    """The unit that the product's form asks for, and what it is; None where the tables don't make it certain."""
    piece = _piece(line, ctx)
    if piece and piece != "vial":  # which holds a liquid or a powder
        return "UN", f"dosed by the {piece}"
    product, strengths = listed_product(line, ctx), labelled_strengths(line, ctx)
    if product is None or not strengths or ctx.narrative(line).container == "KIT":
        return None
    if all(strength.powder for strength in strengths):
        return "UN", "a powder"
    in_liquid = all(strength.volume and strength.unit in MASSES and not strength.powder for strength in strengths)
    if in_liquid and product.container in _LIQUID_CONTAINERS and "INTRAVITREAL" not in product.routes:
        return "ML", "a liquid"
    return None  # among them drugs for the eye: they often come as kits


@line_rule(
    "QTY04",
    "ndc-unit-not-of-the-form",
    severity=WARN,
    sources=("XWK", "MBC", "ORE"),
    confidence="P",
    since="0.1.0",
    drug_only=True,
    where="2410 CTP05-1",
    status="A8:659",
    second_status="A8:218",
    remittance=("16", "M119"),
    suppressed_by=_QUANTITY_FAULTS,
    options={"liquid_in_pieces": Option(False, "the payer's bulletins count a liquid in pieces (UN) as well")},
    summary="The unit of the NDC quantity doesn't fit the product: a liquid in UN, a powder in ML.",
    fix="Count a liquid in milliliters (CTP****40*ML~). Count vials of powder before they are dissolved, implants "
    "and sheets in pieces (CTP****3*UN~).",
)
def ndc_unit_not_of_the_form(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Payers keep one unit for each NDC. They convert another unit wrongly or refuse it; Medicaid programs
    deny it."""
    right, drug = _right_unit(line, ctx), line.drug
    if right is None or drug is None or drug.ctp is None:
        return
    if right[0] == "ML" and drug.unit == "UN" and ctx.option("QTY04", "liquid_in_pieces"):
        return
    if drug.unit in ("ML", "UN") and drug.unit != right[0]:
        message = f"{_product_told(line, ctx, right[1])} in {right[0]}, but CTP05-1 is {drug.unit}"
        known = quantity_of_text(line, ctx)
        texts = {4: format_number(known[0]), 5: known[1]} if known else {}
        corrected = changed(drug.ctp, ctx.claim.delimiters, texts) if texts else ""
        fix = f"By the dose in the text, send {corrected}" if corrected else None
        yield Hit(at(drug.ctp, 5, 1), message, drug.unit, fix=fix)


def _product_told(line: ServiceLine, ctx: Context, form: str) -> str:
    """Name, form and strength of the product, as far as they are known: ``Elfabrio is a liquid (20 mg/10 mL)``."""
    product = listed_product(line, ctx)
    if product is None:
        return f"{excerpt(named_drug(line, ctx) or '', 40).upper()} is {form}"
    strength = f" ({excerpt(product.strength, 40)})" if product.strength else ""
    return f"{product_shown(product)} is {form}{strength}"


@line_rule(
    "QTY08",
    "implausible-ndc-quantity",
    severity=WARN,
    sources=("MEM",),
    confidence="P",
    since="0.1.0",
    drug_only=True,
    where="2410 CTP04",
    status="A7:724",
    remittance=("16", "M53"),
    suppressed_by=("QTY04", "QTY05", "QTY06"),
    options={
        "most_ml": Option(500, "the most milliliters that are plausible"),
        "most_un": Option(100, "the most pieces (UN) that are plausible"),
    },
    summary="The NDC quantity is larger than anybody gets in one day.",
    fix="Look for a lost decimal point, or for milligrams instead of milliliters or vials, and correct CTP04.",
)
def implausible_ndc_quantity(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Hardly anybody gets half a liter of a drug or a hundred vials. Payers stop such quantities, or pay them
    and ask for the money back."""
    drug = line.drug
    if drug is None or drug.ctp is None or drug.unit not in ("ML", "UN"):
        return
    most = int(str(ctx.option("QTY08", "most_ml" if drug.unit == "ML" else "most_un")))
    quantity = parse_quantity(drug.quantity)
    if quantity is not None and quantity > most:
        shown = excerpt(drug.quantity, 30)
        message = f"CTP04 has {shown} {drug.unit}, more than the {most} that one day's dose hardly exceeds"
        yield Hit(at(drug.ctp, 4), message, shown)


def _volume_said(line: ServiceLine, ctx: Context) -> Decimal | None:
    """The volume given, as the text has it: as the dose itself, or right behind the dose (``3300MG (33 ML)``)."""
    dose = ctx.narrative(line).dose
    if dose is None:
        return None
    if dose.unit == "ML":
        return parse_quantity(dose.value)
    behind = rf"(?<![0-9.]){re.escape(dose.value)}\s?{dose.unit}[\s(=]{{1,4}}([0-9]+(?:\.[0-9]+)?)\s?ML\b"
    for _, text in line_texts(line, ctx):
        found = re.search(behind + _MORE_THAN_VOLUME, text[:2000].upper().replace(",", ""))
        if found:
            return parse_quantity(found[1])
    return None


def _said_in_unit(line: ServiceLine, ctx: Context, unit: str) -> Decimal | None:
    said = ctx.narrative(line)
    if unit == "UN":
        return _counted(line, ctx) if len(said.contents) < 2 else None
    return _volume_said(line, ctx) if unit == "ML" else None


@line_rule(
    "QTY10",
    "ndc-quantity-differs-from-text",
    severity=WARN,
    sources=("PAL",),
    confidence="P",
    since="0.1.0",
    drug_only=True,
    where="2410 CTP04; SV101-7, SV202-7, NTE02",
    status="A8:724",
    remittance=("16", "M123"),
    suppressed_by=(*_QUANTITY_FAULTS, "NAR10", "QTY04", "QTY05", "QTY06"),
    summary="The text has other milliliters or vials than CTP04.",
    fix="Compare both with the record and correct the wrong one. 11 VIALS in the text is CTP****11*UN~.",
)
def ndc_quantity_differs_from_text(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The same quantity is in words and in CTP04. If they differ, the payer can't know which is true, and may
    reject the line for contradicting information."""
    drug, quantity = line.drug, _quantity(line, ctx)
    if drug is None or drug.ctp is None or quantity is None:
        return
    said = _said_in_unit(line, ctx, drug.unit)
    if said is None or said <= 0 or _WASTED in line.modifiers_sent or _has_waste_line(line, ctx):
        return
    rounded = quantity.to_integral_value(ROUND_CEILING) if drug.unit == "UN" else quantity
    if not _agrees(rounded, said, Decimal(0)):
        told = "containers" if drug.unit == "UN" else "ML"
        shown = excerpt(drug.quantity, 30)
        message = f"The text says {in_figures(said)} {told}, but CTP04 has {shown} {drug.unit}"
        corrected = changed(drug.ctp, ctx.claim.delimiters, {4: in_figures(said)})
        fix = f"If the text is right, send {corrected}. If not, correct the text." if corrected else None
        yield Hit(at(drug.ctp, 4), message, shown, fix=fix)
