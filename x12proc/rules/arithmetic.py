"""Dose, strength, containers and NDC quantity held against each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import ROUND_CEILING, Decimal
from decimal import Context as Arithmetic
from functools import lru_cache
from typing import NamedTuple

from x12proc.claims.model import ServiceLine, at
from x12proc.findings import INFO, WARN, Hit
from x12proc.narrative import Narrative
from x12proc.reference.ndc import normalise
from x12proc.reference.strength import Strength, read_strengths
from x12proc.rules.base import Option, line_rule
from x12proc.rules.context import Context
from x12proc.rules.narrative import spoken, text_place, text_shown
from x12proc.rules.product import listed_product, product_shown
from x12proc.values import in_base_unit, parse_quantity, plain, shorten

_EXACT = Arithmetic(prec=200)  # more digits than any claim's numbers multiply to
_TOLERANCE = Decimal("0.05")
_TENFOLD = Decimal(10)
_THOUSANDTH = Decimal("0.001")
_WASTED = "JW"
_QUANTITY_FAULTS = ("NDC11", "QTY01", "QTY02", "SYN01", "SYN03")
_LIQUID_CONTAINERS = ("SDV", "MDV", "PFS")
_MASSES = ("MG", "MCG", "G")
_CONFUSED = Decimal(10)  # times what one container holds
_HARDLY_ANY = Decimal("0.01")
_DIRECT = {"ML": "ML", "F2": "UNIT", "ME": "MG"}
_MORE_THAN_VOLUME = r"(?!\s*(?:X\b|NS\b|D5W|SALINE|BAG|NACL|/))"


class _Amount(NamedTuple):
    """A quantity in a unit it can be compared in: MG, ML, UNIT (which IU are as well) and so on."""

    value: Decimal
    unit: str


class _Reading(NamedTuple):
    """A quantity that the text may mean, and how it was worked out."""

    quantity: Decimal
    reason: str


def _amount(value: str, unit: str) -> _Amount | None:
    """An amount above zero in its base unit."""
    known = in_base_unit(value, "UNIT" if unit == "IU" else unit)
    return _Amount(*known) if known and known[0] > 0 else None


def _shown(number: Decimal) -> str:
    return shorten(plain(_EXACT.quantize(number, _THOUSANDTH) if number >= _THOUSANDTH else number), 30)


def _told(amount: _Amount) -> str:
    return f"{_shown(amount.value)} {amount.unit}"


# -- what the text and the tables say of the amounts ------------------------------------------------------------


def _strengths(line: ServiceLine, ctx: Context) -> tuple[Strength, ...]:
    product = listed_product(line, ctx)
    return read_strengths(product.strength) if product else ()


def _has_waste_line(line: ServiceLine, ctx: Context) -> bool:
    """Whether another line bills the discarded part of this drug (or of one that may be this drug)."""
    ndc = normalise(line.ndc)
    others = [other for other in ctx.targets if other is not line and _WASTED in other.given_modifiers]
    return any(normalise(other.ndc) in (ndc, None) for other in others)


def _parts(line: ServiceLine, ctx: Context, said: Narrative) -> list[_Amount]:
    """What this line may stand for: the dose, or on a JW line the discarded amount; where no line bills the
    waste, what was given and discarded together as well."""
    dose = _amount(said.dose.value, said.dose.unit) if said.dose else None
    wasted = _amount(said.discarded.value, said.discarded.unit) if said.discarded else None
    if _WASTED in line.given_modifiers:
        return [part for part in (wasted or dose,) if part]
    parts = [dose] if dose else []
    if dose and wasted and dose.unit == wasted.unit and not _has_waste_line(line, ctx):
        parts.append(_Amount(_EXACT.add(dose.value, wasted.value), dose.unit))
    return parts + list(_parts_of_mixed_sizes(said))


def _parts_of_mixed_sizes(said: Narrative) -> Iterator[_Amount]:
    """Where vials of several sizes were used, each size has an NDC and perhaps a line of its own."""
    for content in said.contents if len(said.contents) > 1 else ():
        count, size = parse_quantity(content.count), _amount(content.amount.value, content.amount.unit)
        if count and size:
            yield _Amount(_EXACT.multiply(count, size.value), size.unit)


def _text_strength(said: Narrative) -> tuple[_Amount, Decimal] | None:
    """The text's amount in a volume: ``20MG/10ML`` as 20 MG and 10."""
    strength = said.strength
    if strength is None or strength.per_value is None or strength.per_unit is None:
        return None
    amount, volume = _amount(strength.value, strength.unit), _amount(strength.per_value, strength.per_unit)
    return (amount, volume.value) if amount and volume and volume.unit == "ML" else None


def _concentrations(line: ServiceLine, ctx: Context, unit: str) -> set[Decimal]:
    """How much of a unit one millilitre holds: by the text, and by the tables if they know only one."""
    found = set()
    for strength in _strengths(line, ctx):
        amount = _amount(plain(strength.amount), strength.unit)
        found.add(amount.value / strength.volume if amount and amount.unit == unit and strength.volume else None)
    known = {one for one in found if one is not None} if len(found) == 1 else set()
    told = _text_strength(said=ctx.narrative(line))
    return known | ({told[0].value / told[1]} if told and told[0].unit == unit else set())


def _sizes(line: ServiceLine, ctx: Context, unit: str) -> dict[Decimal, Decimal | None]:
    """What one container may hold, in a unit, and the millilitres in it where they are known."""
    said, sizes = ctx.narrative(line), {}
    for strength in _strengths(line, ctx):
        amount = _amount(plain(strength.amount), strength.unit)
        if amount and amount.unit == unit and not strength.per_ml:
            sizes[amount.value] = strength.volume
    told = [content.amount for content in said.contents]
    told += [one for one in (said.amount_per_container,) if one]
    for one in told:
        amount = _amount(one.value, one.unit)
        if amount and amount.unit == unit:
            sizes.setdefault(amount.value, None)
    labelled = _text_strength(said)
    if labelled and labelled[0].unit == unit and said.strength and said.strength.per_value != "1":
        sizes[labelled[0].value] = labelled[1]
    return sizes


# -- what the NDC quantity should be ----------------------------------------------------------------------------


def _readings(line: ServiceLine, ctx: Context) -> list[_Reading]:
    """Every quantity that fits the text, in the unit of CTP05; the plainest first."""
    drug = line.drug
    unit = drug.unit if drug else ""
    readings: list[_Reading] = []
    for part in _parts(line, ctx, ctx.narrative(line)):
        if unit == "UN":
            readings += _as_containers(part, line, ctx)
        elif unit == "GR" and part.unit == "MG":
            grams = part.value / 1000
            readings.append(_Reading(grams, f"{_told(part)} is {_shown(grams)} GR"))
        elif part.unit == _DIRECT.get(unit):
            readings.append(_Reading(part.value, f"the text says {_told(part)}"))
        elif unit == "ML":
            readings += _as_volume(part, line, ctx)
    counted = parse_quantity(ctx.narrative(line).container_count or "")
    if readings and unit == "UN" and counted and _WASTED not in line.given_modifiers:
        readings.append(_Reading(counted, f"the text counts {_shown(counted)} containers"))
    return readings


def _whole(part: _Amount, size: Decimal) -> Decimal:
    return (part.value / size).to_integral_value(ROUND_CEILING)


def _as_containers(part: _Amount, line: ServiceLine, ctx: Context) -> Iterator[_Reading]:
    for size in _sizes(line, ctx, part.unit):
        count = part.value / size
        reason = f"{_told(part)} at {_shown(size)} {part.unit} a container is {_shown(count)} UN"
        yield _Reading(count, reason)
        yield _Reading(_whole(part, size), reason)


def _as_volume(part: _Amount, line: ServiceLine, ctx: Context) -> Iterator[_Reading]:
    for one in sorted(_concentrations(line, ctx, part.unit)):
        volume = part.value / one
        yield _Reading(volume, f"{_told(part)} at {_shown(one)} {part.unit}/ML is {_shown(volume)} ML")
    if _WASTED in line.given_modifiers:
        return
    for size, held in _sizes(line, ctx, part.unit).items():
        if held:
            volume = _EXACT.multiply(_whole(part, size), held)
            count = _shown(_whole(part, size))
            yield _Reading(volume, f"{count} containers of {_shown(held)} ML are {_shown(volume)} ML")


def _waste_is_contradicted(line: ServiceLine, ctx: Context) -> bool:
    """Whether waste is billed (JW) and denied at once, by JZ or by the text (MOD02 and MOD03 tell that)."""
    ndc, discarded = normalise(line.ndc), ctx.narrative(line).discarded
    lines = [other for other in ctx.targets if normalise(other.ndc) == ndc]
    modifiers = {code for other in lines for code in other.given_modifiers}
    nothing = discarded is not None and parse_quantity(discarded.value) == 0
    return _WASTED in modifiers and (nothing or "JZ" in modifiers)


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
    readings = _readings(line, ctx) if quantity is not None else []
    if quantity is None or not readings or line.drug is None:
        return None
    wasted = line.drug.unit == "UN" and (_WASTED in line.given_modifiers or _has_waste_line(line, ctx))
    slack = Decimal(1) if wasted else Decimal(0)
    agrees = any(_agrees(quantity, reading.quantity, slack) for reading in readings)
    return None if agrees else readings[0]


def _times(quantity: Decimal, expected: Decimal) -> str:
    if quantity >= expected * _TENFOLD:
        return f", {_shown(quantity / expected)} times as much"
    if quantity * _TENFOLD <= expected:
        return ", a tenth or less of it"
    return ""


@line_rule(
    "QTY05",
    "ndc-quantity-contradicts-dose",
    severity=WARN,
    sources=("LW", "MBC"),
    confidence="P",
    since="0.1.0",
    where="2410 CTP04; SV101-7, SV202-7, NTE02",
    status="A8:724",
    second_status="A8:217",
    remittance=("16", "M119", "M123"),
    suppressed_by=(*_QUANTITY_FAULTS, "BAL07", "NAR11", "NAR15", "QTY04", "QTY06"),
    summary="The NDC quantity isn't what the dose in the text comes to.",
    fix="Work it out again: for millilitres dose / concentration (450 MG at 25 MG/ML is CTP****18*ML), for pieces "
    "the number of containers (CTP****3*UN). Correct CTP04, or the dose or strength in the text.",
)
def ndc_quantity_contradicts_dose(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The payer prices the line and claims its rebate by NDC quantity, and checks it with the dose in words. Where
    they differ it pays wrongly or stops the line. A difference of five in a hundred, whole vials instead of the
    dose, and waste billed with the dose or apart all count as agreeing."""
    reading, quantity = _disagreement(line, ctx), _quantity(line, ctx)
    if reading is None or quantity is None or line.drug is None or line.drug.ctp is None:
        return
    shown = shorten(line.drug.quantity, 30)
    message = f"{reading.reason[:1].upper()}{reading.reason[1:]}; CTP04 says {shown} {line.drug.unit}"
    yield Hit(at(line.drug.ctp, 4), message + _times(quantity, reading.quantity), shown)


def _billing_units(line: ServiceLine, ctx: Context) -> Iterator[_Amount]:
    """What one unit of the drug's own codes stands for."""
    said = ctx.narrative(line)
    for code in ctx.reference.codes_for(normalise(line.ndc), said.drug_name if said.matched else None):
        for strength in read_strengths(code.billing_unit):
            amount = _amount(plain(strength.amount), strength.unit)
            if amount and strength.volume is None:
                yield amount


def _what_was_sent(line: ServiceLine, ctx: Context, quantity: Decimal) -> str:
    """Which number of the text stands in CTP04 in place of the NDC quantity, in words; else empty."""
    said = ctx.narrative(line)
    stated = [one for one in (said.dose, said.discarded) if one]
    if any(parse_quantity(one.value) == quantity for one in stated if one.unit != "ML"):
        unit = next(one.unit for one in stated if parse_quantity(one.value) == quantity)
        return f"the amount in {unit}"
    for part in _parts(line, ctx, said):
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
    where="2410 CTP04; SV101-7, SV202-7, NTE02",
    status="A8:724",
    remittance=("16", "M119"),
    suppressed_by=(*_QUANTITY_FAULTS, "BAL07", "NAR15"),
    summary="CTP04 holds the dose, or the units of a HCPCS code, instead of the quantity of the NDC.",
    fix="CTP04 counts the package, not the dose: millilitres for a liquid (80 MG at 2 MG/ML is CTP****40*ML), "
    "vials for a powder (CTP****3*UN).",
)
def dose_sent_as_ndc_quantity(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Milligrams read as millilitres or as vials are many times the drug that was used. Medicaid's rebate and the
    payer's price are worked out from this number, so that the line is stopped or overpaid."""
    reading, quantity = _disagreement(line, ctx), _quantity(line, ctx)
    if reading is None or quantity is None or line.drug is None or line.drug.ctp is None:
        return
    sent = _what_was_sent(line, ctx, quantity)
    if sent:
        shown = shorten(line.drug.quantity, 30)
        message = f"CTP04 says {shown} {line.drug.unit}: that is {sent}. {reading.reason[:1].upper()}"
        yield Hit(at(line.drug.ctp, 4), message + reading.reason[1:], shown)


# -- the unit of the NDC quantity -------------------------------------------------------------------------------


def _right_unit(line: ServiceLine, ctx: Context) -> tuple[str, str] | None:
    """The unit that the product's form asks for, and what it is; None where the tables don't make it certain."""
    product, strengths = listed_product(line, ctx), _strengths(line, ctx)
    if product is None or not strengths or ctx.narrative(line).container == "KIT":
        return None
    if all(strength.powder for strength in strengths):
        return "UN", "a powder"
    in_liquid = all(strength.volume and strength.unit in _MASSES and not strength.powder for strength in strengths)
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
    where="2410 CTP05-1",
    status="A8:659",
    second_status="A8:218",
    remittance=("16", "M119"),
    suppressed_by=_QUANTITY_FAULTS,
    summary="The unit of the NDC quantity doesn't fit the product: a liquid in pieces, a powder in millilitres.",
    fix="Count a liquid in millilitres (CTP****40*ML) and vials of powder in pieces, before they are dissolved "
    "(CTP****3*UN).",
)
def ndc_unit_not_of_the_form(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Payers keep one unit for each NDC. A quantity in another one is converted wrongly or refused; Medicaid
    programmes deny it."""
    right, drug = _right_unit(line, ctx), line.drug
    product = listed_product(line, ctx)
    if right is None or drug is None or drug.ctp is None or product is None:
        return
    if drug.unit in ("ML", "UN") and drug.unit != right[0]:
        strength = shorten(product.strength, 40)
        message = (
            f"{product_shown(product)} is {right[1]} ({strength}), counted in {right[0]}; CTP05-1 is {drug.unit}"
        )
        yield Hit(at(drug.ctp, 5, 1), message, drug.unit)


@line_rule(
    "QTY08",
    "implausible-ndc-quantity",
    severity=WARN,
    sources=("MEM",),
    confidence="P",
    since="0.1.0",
    where="2410 CTP04",
    status="A7:724",
    remittance=("16", "M53"),
    suppressed_by=("QTY04", "QTY05", "QTY06"),
    options={
        "most_ml": Option(500, "the most millilitres that are believed"),
        "most_un": Option(100, "the most pieces (UN) that are believed"),
    },
    summary="The NDC quantity is larger than anybody is given in one day.",
    fix="Check for a lost decimal point, or for milligrams in place of millilitres or vials, and correct CTP04.",
)
def implausible_ndc_quantity(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Nobody gets half a litre of an antibody or a hundred vials. Payers stop such quantities, or pay them and ask
    for the money back."""
    drug = line.drug
    if drug is None or drug.ctp is None or drug.unit not in ("ML", "UN"):
        return
    most = int(str(ctx.option("QTY08", "most_ml" if drug.unit == "ML" else "most_un")))
    quantity = parse_quantity(drug.quantity)
    if quantity is not None and quantity > most:
        shown = shorten(drug.quantity, 30)
        yield Hit(at(drug.ctp, 4), f"CTP04 says {shown} {drug.unit}; more than {most} is hardly given", shown)


def _volume_said(line: ServiceLine, ctx: Context) -> Decimal | None:
    """The volume given, as the text has it: as the dose itself, or right behind the dose (``3300MG (33 ML)``)."""
    dose = ctx.narrative(line).dose
    if dose is None:
        return None
    if dose.unit == "ML":
        return parse_quantity(dose.value)
    behind = rf"(?<![0-9.]){re.escape(dose.value)}\s?{dose.unit}[\s(=]{{1,4}}([0-9]+(?:\.[0-9]+)?)\s?ML\b"
    for _, text in spoken(line, ctx):
        found = re.search(behind + _MORE_THAN_VOLUME, text[:2000].upper().replace(",", ""))
        if found:
            return parse_quantity(found[1])
    return None


def _said_in_unit(line: ServiceLine, ctx: Context, unit: str) -> Decimal | None:
    said = ctx.narrative(line)
    if unit == "UN":
        return parse_quantity(said.container_count or "") if len(said.contents) < 2 else None
    return _volume_said(line, ctx) if unit == "ML" else None


@line_rule(
    "QTY10",
    "ndc-quantity-differs-from-text",
    severity=WARN,
    sources=("PAL",),
    confidence="P",
    since="0.1.0",
    where="2410 CTP04; SV101-7, SV202-7, NTE02",
    status="A8:724",
    remittance=("16", "M123"),
    suppressed_by=(*_QUANTITY_FAULTS, "NAR10", "QTY04", "QTY05", "QTY06"),
    summary="The text counts other millilitres or vials than CTP04.",
    fix="Compare both with the record and correct the wrong one: 11 VIALS in the text is CTP****11*UN.",
)
def ndc_quantity_differs_from_text(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The same quantity is told twice, in words and in CTP04. Where they differ the payer can't tell which is
    true, and contradicting information may have the line rejected."""
    drug, quantity = line.drug, _quantity(line, ctx)
    if drug is None or drug.ctp is None or quantity is None:
        return
    said = _said_in_unit(line, ctx, drug.unit)
    if said is None or said <= 0 or _WASTED in line.given_modifiers or _has_waste_line(line, ctx):
        return
    rounded = quantity.to_integral_value(ROUND_CEILING) if drug.unit == "UN" else quantity
    if not _agrees(rounded, said, Decimal(0)):
        told = "containers" if drug.unit == "UN" else "ML"
        shown = shorten(drug.quantity, 30)
        message = f"The text says {_shown(said)} {told}; CTP04 says {shown} {drug.unit}"
        yield Hit(at(drug.ctp, 4), message, shown)


# -- strength and unit in the text ------------------------------------------------------------------------------


def _family_sizes(line: ServiceLine, ctx: Context) -> set[tuple[Decimal, str, Decimal | None]]:
    """The sizes in which the product is sold, all its packages together."""
    said, product = ctx.narrative(line), listed_product(line, ctx)
    if product is None and line.drug is not None:
        return set()
    name = product.name.lower() if product else (said.drug_name or "")
    family = ctx.reference.products_named(product.generic if product else said.matched or "")
    branded = [one for one in family if one.name.lower() == name] or ([] if product else family)
    strengths: Iterable[Strength] = (one for other in branded for one in read_strengths(other.strength))
    return {(one.amount, one.unit, one.volume) for one in strengths if not one.per_ml}


@line_rule(
    "NAR06",
    "strength-missing",
    severity=WARN,
    sources=("WPS", "ION", "SEED"),
    confidence="V",
    since="0.1.0",
    where="SV101-7, SV202-7, NTE02",
    status="A6:217",
    remittance=("16", "M123"),
    suppressed_by=("NAR02", "NAR03", "NAR04", "NAR05", "NDC03", "NDC11"),
    options={"ndc_is_enough": Option(True, "be silent where the tables know one strength of the NDC in LIN03")},
    summary="The product is sold in several strengths, and the text doesn't say which was used.",
    fix="Add the strength of the container behind the dose, e.g. XENPOZYME 40MG IV 2X20MG SDV.",
)
def strength_missing(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Vials of different strength have different prices. Medicare contractors that price from the text ask for the
    strength where there is more than one; other payers can take it from an NDC that stands for one strength."""
    said = ctx.narrative(line)
    if not ctx.has_text(line) or said.compound or said.strength or said.contents or said.amount_per_container:
        return
    by_ndc = ctx.option("NAR06", "ndc_is_enough") and len(_strengths(line, ctx)) == 1
    sizes = set() if by_ndc else _family_sizes(line, ctx)
    if said.dose is not None and len(sizes) > 1:
        listed = sorted(sizes, key=lambda size: (size[1], size[0], size[2] or 0))
        shown = [f"{_shown(a)} {unit}" + (f"/{_shown(v)} ML" if v else "") for a, unit, v in listed]
        message = f"The text gives no strength; the drug is sold as {shorten(', '.join(dict.fromkeys(shown)))}"
        yield Hit(text_place(line, ctx), message, text_shown(line, ctx))


@line_rule(
    "NAR08",
    "amount-per-container-missing",
    severity=INFO,
    sources=("SEED",),
    confidence="P",
    since="0.1.0",
    where="SV101-7, SV202-7, NTE02",
    status="A6:217",
    remittance=("16", "M123"),
    suppressed_by=("NAR02", "NAR03", "NAR04", "NAR05", "NAR06", "NDC03"),
    options={"tell": Option(False, "whether the rule speaks at all")},
    summary="The text gives the dose, but not how many containers of what size it was taken from.",
    fix="Add number and size of the containers: LAMZEDE 30MG IV 3X10MG SDV.",
)
def amount_per_container_missing(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Some plans ask for the amount of drug in a unit, so that dose = units x amount can be checked. Most don't,
    and the NDC tells it as well."""
    said = ctx.narrative(line)
    sized = said.contents or said.amount_per_container or said.strength
    if ctx.option("NAR08", "tell") and said.dose is not None and not sized and not said.compound:
        dose = f"{shorten(said.dose.value, 30)} {said.dose.unit}"
        message = f"The text says {dose}, but not from how many containers of what size"
        yield Hit(text_place(line, ctx), message, text_shown(line, ctx))


@line_rule(
    "NAR07",
    "doses-per-vial-missing",
    severity=WARN,
    sources=("X12C", "SEED"),
    confidence="P",
    since="0.1.0",
    where="SV101-7, SV202-7, NTE02",
    status="A6:216",
    remittance=("16", "M24"),
    suppressed_by=("NAR02", "NAR03", "NDC03"),
    summary="A multiple-dose vial was used, and the text gives neither its size nor the doses in it.",
    fix="Add the doses in a vial, or its size: TRASTUZUMAB-ANNS 420MG IV MDV 10 DOSES/VIAL.",
)
def doses_per_vial_missing(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Of a multiple-dose vial one patient gets a part. Payers have an answer of their own for claims that don't
    say how many doses it holds, since they can't work out the price of that part."""
    said = ctx.narrative(line)
    if said.container != "MDV" or said.doses_per_container:
        return
    sized = said.amount_per_container or said.strength or said.contents
    if not sized:
        message = "The text says multiple-dose vial (MDV), but not what it holds or how many doses"
        yield Hit(text_place(line, ctx), message, text_shown(line, ctx))


def _label(line: ServiceLine, ctx: Context) -> tuple[Strength, ...]:
    """The strengths of the product of LIN03; without an NDC those of all products the name may mean."""
    if line.drug is not None:
        return _strengths(line, ctx)
    said = ctx.narrative(line)
    if said.matched is None or said.compound:
        return ()
    known = [read_strengths(one.strength) for one in ctx.reference.products_named(said.matched)]
    return tuple(one for strengths in known for one in strengths) if all(known) else ()


def _wrong_unit(dose: _Amount, unit: str, label: tuple[Strength, ...]) -> str:
    """Why the dose can't be in its unit, by the product's label; empty when it can."""
    units = {strength.unit for strength in label}
    if len(units) != 1 or unit not in (*_MASSES, "NG", "UNIT", "IU"):
        return ""
    own = units.pop()
    if (own == "UNIT") is not (dose.unit == "UNIT"):
        return f"the product is labelled in {'units' if own == 'UNIT' else own}"
    held = [amount.value for one in label if (amount := _amount(plain(one.amount), one.unit))]
    if own == unit or not held or any(one.per_ml for one in label):
        return ""
    most, least = max(held), min(held)
    if dose.value > most * _CONFUSED:
        times = _shown(dose.value / most)
        return f"the product is labelled in {own}, and the dose would be {times} of its largest containers"
    if dose.value < least * _HARDLY_ANY:
        return f"the product is labelled in {own}, and the dose would be less than a hundredth of a container"
    return ""


@line_rule(
    "NAR15",
    "dose-in-the-wrong-unit",
    severity=WARN,
    sources=("XWK",),
    confidence="P",
    since="0.1.0",
    where="SV101-7, SV202-7, NTE02",
    status="A7:217",
    remittance=("16", "M123"),
    suppressed_by=("NDC11",),
    summary="The dose is in another unit than the product's label: MG for MCG, or units for MG.",
    fix="Write the dose in the unit of the label: KIMMTRAK 68MCG IV, not 68MG.",
)
def dose_in_the_wrong_unit(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Milligrams in place of micrograms make the dose a thousand times too large, and the payer prices what it
    reads or stops the line. A dose rightly converted into another unit of weight is not touched."""
    said = ctx.narrative(line)
    dose = _amount(said.dose.value, said.dose.unit) if said.dose else None
    if dose is None or said.dose is None:
        return
    wrong = _wrong_unit(dose, said.dose.unit, _label(line, ctx))
    if wrong:
        message = f"The dose is {shorten(said.dose.value, 30)} {said.dose.unit}, but {wrong}"
        yield Hit(text_place(line, ctx), message, text_shown(line, ctx))
