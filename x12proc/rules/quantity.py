"""Rules on the NDC quantity and its unit of measure (loop 2410, CTP04 and CTP05-1)."""

from __future__ import annotations

from collections.abc import Iterator

from x12proc.claims.model import Location, ServiceLine, at, missing
from x12proc.findings import REJECT, WARN, Hit
from x12proc.rules.base import Option, line_rule
from x12proc.rules.context import Context
from x12proc.values import parse_quantity, shorten
from x12proc.wire.segment import Segment

UNITS = ("F2", "GR", "ME", "ML", "UN")

_MILLIGRAMS = "ME (milligrams), though most payers want ML for a liquid and UN for a powder vial"
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
    **dict.fromkeys(
        ("VL", "EA", "VIAL", "KIT", "KT", "SY", "SYR", "UNIT", "U"), "UN (units: vials, syringes, kits)"
    ),
}


def _ctp(line: ServiceLine) -> Segment | None:
    """The CTP of the line's drug, even one that stands outside its loop 2410 (SYN09 tells that)."""
    drug = line.drug
    if drug is None or drug.ctp is not None:
        return drug.ctp if drug else None
    return next((segment for segment in line.segments if segment.tag == "CTP"), None)


def _unit(line: ServiceLine, ctp: Segment, ctx: Context) -> str:
    """CTP05-1."""
    if line.drug is not None and ctp is line.drug.ctp:
        return line.drug.unit
    return ctp.element(5).split(ctx.claim.delimiters.component.decode("latin-1"))[0]


def _place(line: ServiceLine, ctp: Segment | None, element: int, component: int | None = None) -> Location:
    if ctp is not None:
        return at(ctp, element, component)
    name = f"CTP{element:02d}" + (f"-{component}" if component else "")
    return missing(line.drug.lin if line.drug else line.last_own(), "2410", name)


@line_rule(
    "QTY01",
    "ndc-quantity-missing-or-zero",
    severity=REJECT,
    sources=("UHC", "MBC", "PYX"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    where="2410 CTP04",
    status="A6:724",
    remittance=("16", "M119", "M53"),
    suppressed_by=("SYN01",),
    summary="The NDC is sent without a usable quantity: CTP04 is empty, zero, negative or not a number.",
    fix="Put how much of the product this NDC stands for into CTP04, as a plain number above zero and in the unit "
    "of CTP05, e.g. CTP****33*ML for 33 millilitres or CTP****2*UN for two powder vials.",
)
def ndc_quantity_missing_or_zero(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The payer prices the drug and claims its rebate by NDC times quantity. Without a quantity above zero the
    NDC is worth nothing to it, and the line comes back as if it had no NDC at all."""
    if line.drug is None:
        return
    ctp = _ctp(line)
    text = ctp.element(4) if ctp else ""
    quantity = parse_quantity(text)
    if not text.strip():
        message = "CTP04 is empty: the quantity that belongs to the NDC is missing"
        yield Hit(_place(line, ctp, 4), message)
    elif quantity is None:
        yield Hit(_place(line, ctp, 4), f"CTP04 is not a plain number: {shorten(text)}", shorten(text))
    elif quantity <= 0:
        yield Hit(_place(line, ctp, 4), f"CTP04 must be above zero; it is {shorten(text)}", shorten(text))


@line_rule(
    "QTY02",
    "ndc-unit-missing-or-unknown",
    severity=REJECT,
    sources=("PYX", "FID", "UHC"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    where="2410 CTP05-1",
    status="A7:659",
    remittance=("16", "M119"),
    suppressed_by=("SYN01",),
    summary="The unit of the NDC quantity is missing or is not F2, GR, ME, ML or UN.",
    fix="Send one of the five units in CTP05: ML for liquids, UN for vials of powder, syringes sold by the piece "
    "and kits, GR for creams and ointments, F2 for international units, ME for milligrams, e.g. CTP****33*ML.",
)
def ndc_unit_missing_or_unknown(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The guide knows five units for an NDC quantity and no others. A claim with MG, EA or CC there fails the
    payer's front end before anyone reads it."""
    if line.drug is None:
        return
    ctp = _ctp(line)
    unit = _unit(line, ctp, ctx) if ctp else ""
    if unit in UNITS:
        return
    place = _place(line, ctp, 5, 1)
    if not unit.strip():
        yield Hit(place, f"CTP05-1 is empty: the unit of the NDC quantity must be one of {', '.join(UNITS)}")
    else:
        key = unit.strip().upper()
        meant = key if key in UNITS else _MEANT.get(key, "")
        advice = f"; meant is probably {meant}" if meant else f"; allowed are {', '.join(UNITS)}"
        yield Hit(place, f"CTP05-1 is {shorten(unit)}, which is no unit of an NDC quantity{advice}", shorten(unit))


@line_rule(
    "QTY03",
    "ndc-quantity-in-milligrams",
    severity=WARN,
    sources=("MBC", "FID"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    where="2410 CTP05-1",
    status="A7:659",
    remittance=("16", "M119"),
    summary="The NDC quantity is counted in milligrams (ME), which many payers refuse.",
    fix="Count the NDC quantity the way the product is packed: millilitres for a liquid (CTP****20*ML), pieces "
    "for vials of powder (CTP****2*UN). A payer that wants weight takes grams (GR).",
)
def ndc_quantity_in_milligrams(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """ME is legal in the guide, yet the price files of payers hold drugs by volume and piece: some turn a line in
    milligrams away, others read the number in the wrong unit and pay wrongly."""
    ctp = _ctp(line)
    if ctp is not None and _unit(line, ctp, ctx) == "ME":
        quantity = shorten(ctp.element(4), 40)
        yield Hit(at(ctp, 5, 1), f"The NDC quantity is {quantity or 'given'} in ME (milligrams)", "ME")


@line_rule(
    "QTY07",
    "ndc-quantity-too-precise",
    severity=WARN,
    sources=("R2151", "MBC"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    where="2410 CTP04",
    status="A7:697",
    second_status="A7:724",
    remittance=("16", "M119"),
    options={"decimals": Option(3, "how many digits behind the decimal point the payer reads")},
    summary="The NDC quantity has more decimals than payers read.",
    fix="Round CTP04 to three decimals (two where the payer says so), e.g. CTP****1.913*ML. With a JW line, "
    "round so that both lines still add up to the content of the vials opened.",
)
def ndc_quantity_too_precise(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Payers keep three decimals, some of them two. What stands behind is cut off or turns the line back."""
    ctp = _ctp(line)
    if ctp is None or parse_quantity(ctp.element(4)) is None:
        return
    text = ctp.element(4)
    decimals = len(text.partition(".")[2])
    allowed = int(str(ctx.option("QTY07", "decimals")))
    if decimals > allowed:
        message = f"CTP04 is {text}: {decimals} digits behind the decimal point, {allowed} are read"
        yield Hit(at(ctp, 4), message, text)


@line_rule(
    "QTY09",
    "fraction-of-a-unit",
    severity=WARN,
    sources=("MEM",),
    confidence="M",
    since="0.1.0",
    drug_alone=True,
    where="2410 CTP04, CTP05-1",
    status="A7:724",
    remittance=("16", "M119"),
    summary="The NDC quantity counts a fraction of a vial, syringe or kit (UN with decimals).",
    fix="Count whole containers with UN, e.g. CTP****2*UN; a part used of a powder vial is billed as the vial "
    "that was opened. Leave the fraction only where the payer's own manual asks for it.",
)
def fraction_of_a_unit(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """UN counts pieces. Most payers can't price 0.48 of a vial: they round, or they send the line back."""
    ctp = _ctp(line)
    if ctp is None or _unit(line, ctp, ctx) != "UN":
        return
    text = ctp.element(4)
    quantity = parse_quantity(text)
    if quantity is not None and quantity != quantity.to_integral_value():
        yield Hit(at(ctp, 4), f"CTP04 counts {text} UN: not a whole number of containers", text)
