"""QTY01 to QTY03, QTY07, QTY09: NDC quantity and unit as sent in CTP04 and CTP05-1."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal
from decimal import Context as Arithmetic

from x12proc.claims.model import Location, ServiceLine, location_of, missing_location
from x12proc.findings import REJECT, WARN, Hit
from x12proc.rules.base import Option, line_rule
from x12proc.rules.context import Context
from x12proc.rules.shared.corrected_segments import changed_segment
from x12proc.rules.shared.drug_loop import quantity_segment
from x12proc.rules.shared.guide_errors import SAME_ELEMENT
from x12proc.rules.shared.measures import UNITS
from x12proc.rules.shared.waste_lines import other_part
from x12proc.values import excerpt, format_number, parse_quantity
from x12proc.wire.segment import Segment

_EXACT = Arithmetic(prec=100)  # more digits than a quantity has
_MILLIGRAMS = "ML (liquid), UN (powder vial) or ME (milligrams)"
_MEANT = {
    "MG": _MILLIGRAMS,
    "MGS": _MILLIGRAMS,
    "MCG": "ML for a liquid, UN for a powder vial",
    "GM": "GR (grams)",
    "GMS": "GR (grams)",
    "G": "GR (grams)",
    "CC": "ML",
    "MLS": "ML",
    "IU": "F2 (international units)",
    **dict.fromkeys(("VL", "EA", "VIAL", "KIT", "KT", "SY", "SYR", "UNIT", "U"), "UN (vials, syringes, kits)"),
}


def _ctp(line: ServiceLine) -> Segment | None:
    """Return the CTP of the line's drug, even one outside its loop 2410 (SYN09 reports that)."""
    drug = line.drug
    if drug is None or drug.ctp is not None:
        return drug.ctp if drug else None
    return next((segment for segment in line.segments if segment.tag == "CTP"), None)


def _unit(line: ServiceLine, ctp: Segment, ctx: Context) -> str:
    """Return CTP05-1."""
    if line.drug is not None and ctp is line.drug.ctp:
        return line.drug.unit
    return ctp.element(5).split(ctx.claim.delimiters.component.decode("latin-1"))[0]


def _location(line: ServiceLine, ctp: Segment | None, element: int, component: int | None = None) -> Location:
    if ctp is not None:
        return location_of(ctp, element, component)
    name = f"CTP{element:02d}" + (f"-{component}" if component else "")
    return missing_location(line.drug.lin if line.drug else line.last_loop_segment(), "2410", name)


@line_rule(
    "QTY01",
    "ndc-quantity-missing-or-zero",
    severity=REJECT,
    sources=("UHC", "MBC", "PYX"),
    confidence="verified",
    drug_only=True,
    where="2410 CTP04",
    status="A6:724",
    remittance=("16", "M119", "M53"),
    suppressed_by=("SYN01",),
    same_as_guide=((SAME_ELEMENT, "1 2 4 5 6"), ("CTP", "8 SEG1")),
    summary="The NDC has no usable quantity: CTP04 is empty, zero, negative or not a number.",
    fix="Send the quantity of this NDC in CTP04 in the unit of CTP05, for example CTP****33*ML~ for 33 "
    "milliliters or CTP****2*UN~ for two powder vials.",
)
def ndc_quantity_missing_or_zero(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The payer prices the drug and claims its rebate by NDC times quantity. An NDC without a quantity above
    zero has no value for it, and the line comes back."""
    if line.drug is None:
        return
    ctp = _ctp(line)
    text = ctp.element(4) if ctp else ""
    quantity = parse_quantity(text)
    if not text.strip():
        message = "CTP04 is empty: the NDC has no quantity"
        yield Hit(_location(line, ctp, 4), message, fix=_by_the_text(line, ctx))
    elif quantity is None:
        message = f"CTP04 is {excerpt(text)}, not a plain number"
        yield Hit(_location(line, ctp, 4), message, excerpt(text), fix=_by_the_text(line, ctx))
    elif quantity <= 0:
        message = f"CTP04 is {excerpt(text)}, not above zero"
        yield Hit(_location(line, ctp, 4), message, excerpt(text), fix=_by_the_text(line, ctx))


def _by_the_text(line: ServiceLine, ctx: Context) -> str | None:
    """Return the CTP that the dose in the text gives."""
    known = quantity_segment(line, ctx)
    return f"By the dose in the text, send {known}" if known else None


def _with_unit(ctp: Segment | None, unit: str, ctx: Context) -> str | None:
    corrected = changed_segment(ctp, ctx.claim.delimiters, {5: unit}) if ctp and ctp.element(4).strip() else ""
    return f"Send {corrected}" if corrected else None


@line_rule(
    "QTY02",
    "ndc-unit-missing-or-unknown",
    severity=REJECT,
    sources=("PYX", "FID", "UHC"),
    confidence="verified",
    drug_only=True,
    where="2410 CTP05-1",
    status="A7:659",
    remittance=("16", "M119"),
    suppressed_by=("SYN01",),
    same_as_guide=((SAME_ELEMENT, "1 5 6 7"), ("CTP05", "1"), ("CTP04", "2"), ("CTP", "8 SEG1")),
    fixer="unit",
    summary="The unit of the NDC quantity is missing or is not F2, GR, ME, ML or UN.",
    fix="Send ML for liquids, UN for powder vials, syringes and kits, GR for creams, F2 for international units "
    "or ME for milligrams, for example CTP****33*ML~.",
)
def ndc_unit_missing_or_unknown(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The guide has five units for an NDC quantity. A claim with MG, EA or CC fails the payer's front end
    before anyone reads it."""
    if line.drug is None:
        return
    ctp = _ctp(line)
    unit = _unit(line, ctp, ctx) if ctp else ""
    if unit in UNITS:
        return
    location = _location(line, ctp, 5, 1)
    if not unit.strip():
        message = f"CTP05-1 is empty: the NDC quantity has no unit ({', '.join(UNITS)})"
        yield Hit(location, message, fix=_by_the_text(line, ctx))
    else:
        key = unit.strip().upper()
        meant = key if key in UNITS else _MEANT.get(key, "")
        advice = f"; it probably means {meant}" if meant else f"; allowed are {', '.join(UNITS)}"
        message = f"CTP05-1 is {excerpt(unit)}, not a unit of an NDC quantity{advice}"
        certain = meant[:2] if meant[:2] in UNITS and "," not in meant else ""
        fix = _with_unit(ctp, key if key in UNITS else certain, ctx) if key in UNITS or certain else None
        yield Hit(location, message, excerpt(unit), fix=fix or _by_the_text(line, ctx))


@line_rule(
    "QTY03",
    "ndc-quantity-in-milligrams",
    severity=WARN,
    sources=("MBC", "FID"),
    confidence="verified",
    drug_only=True,
    where="2410 CTP05-1",
    status="A7:659",
    remittance=("16", "M119"),
    summary="The NDC quantity is in milligrams (ME), which many payers refuse.",
    fix="Count the product as it is packed: milliliters of a liquid (CTP****20*ML~), pieces of powder vials "
    "(CTP****2*UN~). A payer that wants weight takes grams (GR).",
)
def ndc_quantity_in_milligrams(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The guide allows ME, but the price files of payers list drugs by volume and piece. Some reject a line in
    milligrams, others read the number in the wrong unit and pay wrongly."""
    ctp = _ctp(line)
    if ctp is not None and _unit(line, ctp, ctx) == "ME":
        quantity = excerpt(ctp.element(4), 40)
        message = f"The NDC quantity is {quantity or 'sent'} ME (milligrams)"
        yield Hit(location_of(ctp, 5, 1), message, "ME", fix=_by_the_text(line, ctx))


@line_rule(
    "QTY07",
    "ndc-quantity-too-precise",
    severity=WARN,
    sources=("R2151", "MBC"),
    confidence="verified",
    drug_only=True,
    where="2410 CTP04",
    status="A7:697",
    second_status="A7:724",
    remittance=("16", "M119"),
    options={"decimals": Option(3, "how many digits after the decimal point the payer reads")},
    summary="The NDC quantity has more decimals than payers read.",
    fix="Round CTP04 to three decimals (two for some payers), for example CTP****1.913*ML~. With a JW line, keep "
    "the sum of both lines at the content of the opened vials.",
)
def ndc_quantity_too_precise(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Payers keep three decimals, some of them two. They cut off the rest or return the line."""
    ctp = _ctp(line)
    if ctp is None or parse_quantity(ctp.element(4)) is None:
        return
    text = ctp.element(4)
    decimals = len(text.partition(".")[2])
    allowed = int(str(ctx.option("QTY07", "decimals")))
    if decimals > allowed:
        message = f"CTP04 is {text}, with {decimals} decimals; the payer reads {allowed}"
        corrected = changed_segment(
            ctp,
            ctx.claim.delimiters,
            {4: format_number(_EXACT.quantize(Decimal(text), Decimal(1).scaleb(-allowed)))},
        )
        fix = f"If no JW line shares the vials, send {corrected}" if corrected else None
        yield Hit(location_of(ctp, 4), message, text, fix=fix)


@line_rule(
    "QTY09",
    "fraction-of-a-unit",
    severity=WARN,
    sources=("MEM",),
    confidence="field",
    drug_only=True,
    where="2410 CTP04, CTP05-1",
    status="A7:724",
    remittance=("16", "M119"),
    summary="The NDC quantity counts a fraction of a vial, syringe or kit (UN with decimals).",
    fix="Count whole containers, for example CTP****2*UN~: a powder vial used in part counts as one. Keep the "
    "fraction only if the payer's manual requires it.",
)
def fraction_of_a_unit(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """UN counts pieces. Most payers can't price 0.48 of a vial: they round, or they return the line."""
    ctp = _ctp(line)
    if ctp is None or _unit(line, ctp, ctx) != "UN":
        return
    text = ctp.element(4)
    quantity = parse_quantity(text)
    if quantity is None or quantity == quantity.to_integral_value():
        return
    shared = _shared_containers(line, quantity, ctx)
    if shared:
        fix = (
            "Ask the payer whether it takes fractions of a container; else bill the whole ones on the given line."
        )
        yield Hit(location_of(ctp, 4), shared, text, fix=fix)
    else:
        message = f"CTP04 is {text} UN, not a whole number of containers"
        corrected = changed_segment(ctp, ctx.claim.delimiters, {4: str(quantity.to_integral_value(ROUND_CEILING))})
        fix = f"Count the opened containers, unless the payer's manual wants the fraction: {corrected}"
        yield Hit(location_of(ctp, 4), message, text, fix=fix if corrected and quantity > 0 else None)


def _shared_containers(line: ServiceLine, quantity: Decimal, ctx: Context) -> str:
    """Return how the given and the JW line share whole containers: ``Lines 1 and 2 share 3 vials``; else empty."""
    other = other_part(line, ctx)
    rest = parse_quantity(other.drug.quantity) if other and other.drug and other.drug.unit == "UN" else None
    if other is None or rest is None:
        return ""
    together = quantity + rest
    if together != together.to_integral_value():
        return ""
    numbers = " and ".join(sorted((line.number, other.number)))
    sums = f"{excerpt(format_number(quantity), 20)} + {excerpt(format_number(rest), 20)} UN"
    return f"Lines {numbers} share {format_number(together)} containers ({sums})"
