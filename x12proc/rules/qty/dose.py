"""QTY04 to QTY06, QTY08, QTY10: the NDC quantity compared with the dose, the product and the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal

from x12proc.claims.model import ServiceLine, location_of
from x12proc.findings import WARN, Hit
from x12proc.reference.ndc import normalize
from x12proc.reference.strength import read_strengths
from x12proc.rules.base import Option, line_rule
from x12proc.rules.context import Context, per_line
from x12proc.rules.shared.corrected_segments import changed_segment
from x12proc.rules.shared.listed_product import format_product, listed_product
from x12proc.rules.shared.measures import Measure, format_decimal, format_measure, measure
from x12proc.rules.shared.ndc_quantity import (
    DoseReading,
    candidate_amounts,
    comparable_quantity,
    counted_quantity,
    dose_readings,
    has_waste_line,
    quantity_of_text,
    unit_by_form,
)
from x12proc.rules.shared.texts import named_drug
from x12proc.rules.shared.waste_lines import WASTED
from x12proc.values import excerpt, format_number, parse_quantity

_TOLERANCE = Decimal("0.05")
_TENFOLD = Decimal(10)
_QUANTITY_FAULTS = ("NDC11", "QTY01", "QTY02", "SYN01", "SYN03")
_MORE_THAN_VOLUME = r"(?!\s*(?:X\b|NS\b|D5W|SALINE|BAG|NACL|/))"


def _agrees(quantity: Decimal, expected: Decimal, slack: Decimal) -> bool:
    return abs(quantity - expected) <= max(expected * _TOLERANCE, slack)


@per_line
def _disagreement(line: ServiceLine, ctx: Context) -> DoseReading | None:
    """Return the plainest reading of the text, if no reading agrees with the NDC quantity."""
    quantity = comparable_quantity(line, ctx)
    if quantity is None or line.drug is None:
        return None
    wasted = line.drug.unit == "UN" and (WASTED in line.modifiers_sent or has_waste_line(line, ctx))
    slack = Decimal(1) if wasted else Decimal(0)
    plainest: DoseReading | None = None
    for reading in dose_readings(line, ctx):
        if _agrees(quantity, reading.quantity, slack):
            return None
        plainest = plainest or reading
    return plainest


def _times(quantity: Decimal, expected: Decimal) -> str:
    if quantity >= expected * _TENFOLD:
        return f" ({format_decimal(quantity / expected)} times as much)"
    if quantity * _TENFOLD <= expected:
        return " (a tenth of it or less)"
    return ""


@line_rule(
    "QTY05",
    "ndc-quantity-contradicts-dose",
    severity=WARN,
    sources=("LW", "MBC"),
    confidence="proposed",
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
    quantity = comparable_quantity(line, ctx) if reading else None
    if reading is None or quantity is None or line.drug is None or line.drug.ctp is None:
        return
    shown = excerpt(line.drug.quantity, 30)
    message = f"{reading.reason[:1].upper()}{reading.reason[1:]}, but CTP04 has {shown} {line.drug.unit}"
    fix = _corrected_quantity(line, ctx, reading)
    yield Hit(location_of(line.drug.ctp, 4), message + _times(quantity, reading.quantity), shown, fix=fix)


def _corrected_quantity(line: ServiceLine, ctx: Context, reading: DoseReading) -> str | None:
    """Return the CTP with the quantity that the text gives."""
    ctp = line.drug.ctp if line.drug else None
    corrected = changed_segment(ctp, ctx.claim.delimiters, {4: format_decimal(reading.quantity)}) if ctp else ""
    return f"If the text is right, send {corrected}. If not, correct dose or strength." if corrected else None


def _billing_units(line: ServiceLine, ctx: Context) -> Iterator[Measure]:
    """Yield the amount of one unit of the drug's own codes."""
    for code in ctx.reference.codes_for(normalize(line.ndc), named_drug(line, ctx)):
        for strength in read_strengths(code.billing_unit):
            amount = measure(format_number(strength.amount), strength.unit)
            if amount and strength.volume is None:  # pragma: no branch - as with all codes of our edition
                yield amount


def _what_was_sent(line: ServiceLine, ctx: Context, quantity: Decimal) -> str:
    """Return which number of the text is in CTP04 in place of the NDC quantity, in words; else empty."""
    narrative = ctx.narrative(line)
    stated = [one for one in (narrative.dose, narrative.discarded) if one]
    if any(parse_quantity(one.value) == quantity for one in stated if one.unit != "ML"):
        unit = next(one.unit for one in stated if parse_quantity(one.value) == quantity)
        return f"the amount in {unit}"
    for part in candidate_amounts(line, ctx, narrative):
        if part.value == quantity and part.unit != "ML":  # 0.4 G in the text, 400 in CTP04
            return f"the amount in {part.unit}"
        for unit_of_code in _billing_units(line, ctx):
            if part.unit == unit_of_code.unit and part.value / unit_of_code.value == quantity:
                return f"billing units of {format_measure(unit_of_code)}"
    return ""


@line_rule(
    "QTY06",
    "dose-sent-as-ndc-quantity",
    severity=WARN,
    sources=("XWK",),
    confidence="proposed",
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
    quantity = comparable_quantity(line, ctx) if reading else None
    if reading is None or quantity is None or line.drug is None or line.drug.ctp is None:
        return
    sent = _what_was_sent(line, ctx, quantity)
    if sent:
        shown = excerpt(line.drug.quantity, 30)
        message = f"CTP04 has {shown} {line.drug.unit}, which is {sent}; {reading.reason}"
        fix = _corrected_quantity(line, ctx, reading)
        yield Hit(location_of(line.drug.ctp, 4), message, shown, fix=fix)


@line_rule(
    "QTY04",
    "ndc-unit-not-of-the-form",
    severity=WARN,
    sources=("XWK", "MBC", "ORE"),
    confidence="proposed",
    drug_only=True,
    where="2410 CTP05-1",
    status="A8:659",
    second_status="A8:218",
    remittance=("16", "M119"),
    suppressed_by=_QUANTITY_FAULTS,
    options={"liquid_in_pieces": Option(False, "the payer's bulletins count a liquid in pieces (UN) as well")},
    needs=("products",),
    summary="The unit of the NDC quantity doesn't fit the product: a liquid in UN, a powder in ML.",
    fix="Count a liquid in milliliters (CTP****40*ML~). Count vials of powder before they are dissolved, implants "
    "and sheets in pieces (CTP****3*UN~).",
)
def ndc_unit_not_of_the_form(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Payers keep one unit for each NDC. They convert another unit wrongly or refuse it; Medicaid programs
    deny it."""
    right, drug = unit_by_form(line, ctx), line.drug
    if right is None or drug is None or drug.ctp is None:
        return
    if right[0] == "ML" and drug.unit == "UN" and ctx.option("QTY04", "liquid_in_pieces"):
        return
    if drug.unit in ("ML", "UN") and drug.unit != right[0]:
        message = f"{_product_text(line, ctx, right[1])} in {right[0]}, but CTP05-1 is {drug.unit}"
        known = quantity_of_text(line, ctx)
        texts = {4: format_number(known[0]), 5: known[1]} if known else {}
        corrected = changed_segment(drug.ctp, ctx.claim.delimiters, texts) if texts else ""
        fix = f"By the dose in the text, send {corrected}" if corrected else None
        yield Hit(location_of(drug.ctp, 5, 1), message, drug.unit, fix=fix)


def _product_text(line: ServiceLine, ctx: Context, form: str) -> str:
    """Name, form and strength of the product, as far as they are known: ``Elfabrio is a liquid (20 mg/10 mL)``."""
    product = listed_product(line, ctx)
    if product is None:
        return f"{excerpt(named_drug(line, ctx) or '', 40).upper()} is {form}"
    strength = f" ({excerpt(product.strength, 40)})" if product.strength else ""
    return f"{format_product(product)} is {form}{strength}"


@line_rule(
    "QTY08",
    "implausible-ndc-quantity",
    severity=WARN,
    sources=("MEM",),
    confidence="proposed",
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
        yield Hit(location_of(drug.ctp, 4), message, shown)


def _volume_stated(line: ServiceLine, ctx: Context) -> Decimal | None:
    """Return the volume given, as the text has it: as the dose itself, or right after the dose (``3300MG (33
    ML)``)."""
    dose = ctx.narrative(line).dose
    if dose is None:
        return None
    if dose.unit == "ML":
        return parse_quantity(dose.value)
    volume_after = rf"(?<![0-9.]){re.escape(dose.value)}\s?{dose.unit}[\s(=]{{1,4}}([0-9]+(?:\.[0-9]+)?)\s?ML\b"
    for _, text in ctx.texts(line):
        found = re.search(volume_after + _MORE_THAN_VOLUME, text[:2000].upper().replace(",", ""))
        if found:
            return parse_quantity(found[1])
    return None


def _stated_in_unit(line: ServiceLine, ctx: Context, unit: str) -> Decimal | None:
    narrative = ctx.narrative(line)
    if unit == "UN":
        return counted_quantity(line, ctx) if len(narrative.contents) < 2 else None
    return _volume_stated(line, ctx) if unit == "ML" else None


@line_rule(
    "QTY10",
    "ndc-quantity-differs-from-text",
    severity=WARN,
    sources=("PAL",),
    confidence="proposed",
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
    drug, quantity = line.drug, comparable_quantity(line, ctx)
    if drug is None or drug.ctp is None or quantity is None:
        return
    stated = _stated_in_unit(line, ctx, drug.unit)
    if stated is None or stated <= 0 or WASTED in line.modifiers_sent or has_waste_line(line, ctx):
        return
    rounded = quantity.to_integral_value(ROUND_CEILING) if drug.unit == "UN" else quantity
    if not _agrees(rounded, stated, Decimal(0)):
        words = "containers" if drug.unit == "UN" else "ML"
        shown = excerpt(drug.quantity, 30)
        message = f"The text says {format_decimal(stated)} {words}, but CTP04 has {shown} {drug.unit}"
        corrected = changed_segment(drug.ctp, ctx.claim.delimiters, {4: format_decimal(stated)})
        fix = f"If the text is right, send {corrected}. If not, correct the text." if corrected else None
        yield Hit(location_of(drug.ctp, 4), message, shown, fix=fix)
