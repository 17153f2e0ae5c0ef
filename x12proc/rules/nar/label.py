"""NAR06 to NAR08, NAR15, NAR18: strength, amount per container, doses per vial, units and the largest dose, as the
label has them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from x12proc.claims.model import ServiceLine
from x12proc.findings import INFO, WARN, Hit
from x12proc.reference.ndc import normalize
from x12proc.reference.strength import Strength, read_strengths
from x12proc.rules.base import Option, line_rule
from x12proc.rules.context import Context
from x12proc.rules.shared.dates import served_on
from x12proc.rules.shared.dosing import Size, counted, fixes_strength, maximum_dose_of, sizes_sold, tells_size
from x12proc.rules.shared.listed_product import listed_product
from x12proc.rules.shared.measures import (
    MASSES,
    Measure,
    format_decimal,
    format_measure,
    labeled_strengths,
    measure,
)
from x12proc.rules.shared.texts import text_excerpt, text_location
from x12proc.rules.shared.trial_drug import is_under_study
from x12proc.rules.shared.waste_lines import is_waste_line, other_part
from x12proc.values import excerpt, format_number

_CONFUSED = Decimal(10)  # times what one container holds
_HARDLY_ANY = Decimal("0.01")


def _is_open(sizes: frozenset[Size], line: ServiceLine, ctx: Context) -> bool:
    """Return whether a text without a strength leaves open which of these sizes was used."""
    narrative = ctx.narrative(line)
    if len(sizes) < 2 or narrative.dose is None:
        return False
    dose = measure(narrative.dose.value, narrative.dose.unit)
    wasted = measure(narrative.discarded.value, narrative.discarded.unit) if narrative.discarded else None
    held = [amount for size in sizes if (amount := measure(format_number(size.amount), size.unit))]
    used = [amount for amount in (dose, wasted) if amount]
    if dose is None or len({amount.unit for amount in (*used, *held)}) > 1:
        return True
    drawn, count = sum(amount.value for amount in used), counted(line, ctx, ("vial",))
    return not tells_size(drawn, [amount.value for amount in held], count)


@line_rule(
    "NAR06",
    "strength-missing",
    severity=WARN,
    sources=("WPS", "ION", "SEED"),
    confidence="verified",
    drug_only=True,
    where="SV101-7, SV202-7, NTE02",
    status="A6:217",
    remittance=("16", "M123"),
    suppressed_by=("NAR02", "NAR03", "NAR04", "NAR05", "NDC03", "NDC11"),
    options={
        "ndc_is_enough": Option(True, "no finding if the tables have one strength for the NDC in LIN03"),
        "always": Option(False, "the payer wants the strength in words even if only one is sold"),
    },
    summary="The product is sold in several strengths, and the text doesn't say which was used.",
    fix="Add number and strength of the containers after the dose, for example XENPOZYME 40MG IV 2X20MG SDV.",
)
def strength_missing(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Vials of different strength have different prices. Medicare contractors that price from the text want
    the strength if there are several. Other payers can take it from an NDC with only one strength. Only sizes sold
    on the service date count. A dose that whole containers make up in only one way names its size."""
    narrative = ctx.narrative(line)
    if (
        is_waste_line(line)
        or not ctx.has_text(line)
        or narrative.compound
        or narrative.strength
        or narrative.contents
        or narrative.amount_per_container
    ):
        return
    other = other_part(line, ctx)
    if other is not None and (ctx.narrative(other).strength or ctx.narrative(other).amount_per_container):
        return  # the JW line names the container of both
    if not _is_asked_for(line, ctx, None):
        return
    day = served_on(line, ctx)  # asked last: until here the drug alone decides
    if _is_asked_for(line, ctx, day):
        sizes = sizes_sold(line, ctx, day)
        listed = sorted(sizes, key=lambda size: (size[1], size[0], size[2] or 0))
        shown = [
            f"{format_decimal(a)} {unit}" + (f"/{format_decimal(v)} ML" if v else "") for a, unit, v in listed
        ]
        message = f"The text has no strength, and the drug is sold as {excerpt(', '.join(dict.fromkeys(shown)))}"
        yield Hit(text_location(line, ctx), message, text_excerpt(line, ctx))


def _is_asked_for(line: ServiceLine, ctx: Context, on: date | None) -> bool:
    """Return whether the payer wants the strength of what was sold on a day, or ever."""
    sizes = sizes_sold(line, ctx, on)
    if ctx.option("NAR06", "always"):
        return bool(sizes) and ctx.narrative(line).dose is not None
    return _is_open(sizes, line, ctx) and not _is_fixed_by_ndc(line, ctx, on)


def _is_fixed_by_ndc(line: ServiceLine, ctx: Context, on: date | None) -> bool:
    """Return whether an NDC is one size: that of the text, or where the payer reads it that of LIN03."""
    if fixes_strength(ctx.narrative(line).ndc, ctx, on):
        return True
    product = listed_product(line, ctx) if ctx.option("NAR06", "ndc_is_enough") else None
    return product is not None and fixes_strength(normalize(line.ndc), ctx, on)


@line_rule(
    "NAR08",
    "amount-per-container-missing",
    severity=INFO,
    sources=("SEED",),
    confidence="proposed",
    drug_only=True,
    where="SV101-7, SV202-7, NTE02",
    status="A6:217",
    remittance=("16", "M123"),
    suppressed_by=("NAR02", "NAR03", "NAR04", "NAR05", "NAR06", "NDC03"),
    options={"enabled": Option(False, "true switches the rule on")},
    summary="The text has the dose, but not the number and size of the containers.",
    fix="Add number and size of the containers, for example LAMZEDE 30MG IV 3X10MG SDV.",
)
def amount_per_container_missing(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Some plans want the amount of drug in a container to check dose = containers x amount. Most don't, and
    the NDC shows it as well."""
    narrative = ctx.narrative(line)
    sized = narrative.contents or narrative.amount_per_container or narrative.strength
    if narrative.dose is not None and not sized and not narrative.compound and not is_waste_line(line):
        dose = f"{excerpt(narrative.dose.value, 30)} {narrative.dose.unit}"
        message = f"The text has {dose}, but not the number and size of the containers"
        yield Hit(text_location(line, ctx), message, text_excerpt(line, ctx))


@line_rule(
    "NAR07",
    "doses-per-vial-missing",
    severity=WARN,
    sources=("X12C", "SEED"),
    confidence="proposed",
    drug_only=True,
    where="SV101-7, SV202-7, NTE02",
    status="A6:216",
    remittance=("16", "M24"),
    suppressed_by=("NAR02", "NAR03", "NDC03"),
    summary="A multiple-dose vial was used, and the text has neither its size nor the doses in it.",
    fix="Add the doses in a vial, or its size, for example TRASTUZUMAB-ANNS 420MG IV MDV 10 DOSES/VIAL.",
)
def doses_per_vial_missing(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """A multiple-dose vial serves several patients. Payers have a separate denial code for claims without the
    number of doses, because they can't price one patient's part."""
    narrative = ctx.narrative(line)
    if narrative.container != "MDV" or narrative.doses_per_container or is_waste_line(line):
        return
    sized = narrative.amount_per_container or narrative.strength or narrative.contents
    if not sized:
        message = "The text has a multiple-dose vial (MDV), but neither its size nor its doses"
        yield Hit(text_location(line, ctx), message, text_excerpt(line, ctx))


def _label(line: ServiceLine, ctx: Context) -> tuple[Strength, ...]:
    """Return the strengths of the product of LIN03; without an NDC those of all products the name may mean."""
    if line.drug is not None:
        return labeled_strengths(line, ctx)
    narrative = ctx.narrative(line)
    if narrative.matched is None or narrative.compound:
        return ()
    known = [read_strengths(one.strength) for one in ctx.reference.products_named(narrative.matched)]
    return tuple(one for strengths in known for one in strengths) if all(known) else ()


def _wrong_unit(dose: Measure, unit: str, label: tuple[Strength, ...]) -> str:
    """Return why the dose can't be in its unit, by the product's label; empty when it can."""
    units = {strength.unit for strength in label}
    if len(units) != 1 or unit not in (*MASSES, "NG", "UNIT", "IU"):
        return ""
    own = units.pop()
    if (own == "UNIT") is not (dose.unit == "UNIT"):
        return f"the label is in {'units' if own == 'UNIT' else own}"
    held = [amount.value for one in label if (amount := measure(format_number(one.amount), one.unit))]
    if own == unit or not held or any(one.per_ml for one in label):
        return ""
    most, least = max(held), min(held)
    if dose.value > most * _CONFUSED:
        times = format_decimal(dose.value / most)
        return f"the label is in {own}, and the dose would be {times} of the largest containers"
    if dose.value < least * _HARDLY_ANY:
        return f"the label is in {own}, and the dose would be under a hundredth of a container"
    return ""


@line_rule(
    "NAR15",
    "dose-in-the-wrong-unit",
    severity=WARN,
    sources=("XWK",),
    confidence="proposed",
    drug_only=True,
    where="SV101-7, SV202-7, NTE02",
    status="A7:217",
    remittance=("16", "M123"),
    suppressed_by=("NDC11",),
    summary="The dose is in another unit than the product's label: MG for MCG, or units for MG.",
    fix="Write the dose in the unit of the label, for example KIMMTRAK 68MCG IV, not 68MG.",
)
def dose_in_the_wrong_unit(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Milligrams in place of micrograms make the dose a thousand times too large, and the payer prices it or
    stops the line. A dose converted correctly into another unit of weight is fine."""
    narrative = ctx.narrative(line)
    dose = measure(narrative.dose.value, narrative.dose.unit) if narrative.dose else None
    if dose is None or narrative.dose is None:
        return
    wrong = _wrong_unit(dose, narrative.dose.unit, _label(line, ctx))
    if wrong:
        message = f"The dose is {excerpt(narrative.dose.value, 30)} {narrative.dose.unit}, but {wrong}"
        yield Hit(text_location(line, ctx), message, text_excerpt(line, ctx))


@line_rule(
    "NAR18",
    "dose-above-maximum",
    severity=WARN,
    sources=("HNJ",),
    confidence="proposed",
    drug_only=True,
    where="SV101-7, SV202-7, NTE02",
    status="A7:217",
    remittance=("222", "N362"),
    suppressed_by=("NAR15", "NDC11"),
    summary="The dose is above the largest single dose on the product's label.",
    fix="Compare the dose with the record: look for a slipped digit, or for the doses of several days on one "
    "line. Bill each day on a line of its own. If the dose was given, send the reason with the claim.",
)
def dose_above_maximum(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Payers deny a dose above the drug's maximum, or ask for the record. The tables have the largest dose of some
    drugs whose labels give fixed doses. Doses by weight, by body surface or for each eye are not compared. Lines
    of several days, compounds and drugs under study are left out."""
    narrative = ctx.narrative(line)
    if narrative.dose is None or narrative.compound or is_waste_line(line):
        return
    most, dose = maximum_dose_of(line, ctx), measure(narrative.dose.value, narrative.dose.unit)
    largest = measure(most.amount, most.unit.upper()) if most else None
    if most is None or dose is None or largest is None or dose.unit != largest.unit or dose.value <= largest.value:
        return
    days = line.service_days
    if not (days and days[0] != days[1]) and not is_under_study(line, ctx):
        message = f"The dose is {format_measure(dose)}, above the {format_measure(largest)} of the {most.why}"
        yield Hit(text_location(line, ctx), message, text_excerpt(line, ctx))
