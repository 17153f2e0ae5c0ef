"""Units and charges: billed the way an unlisted code is billed, and adding up."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal

from x12proc.claims.model import Claim, Location, ServiceLine, at
from x12proc.findings import REJECT, WARN, Hit
from x12proc.rules.base import Option, claim_rule, line_rule
from x12proc.rules.context import Context
from x12proc.rules.modifier import procedure_element
from x12proc.values import in_base_unit, parse_quantity, plain, shorten

_CHARGE, _UNIT_BASIS, _UNITS = 1, 2, 3  # elements behind the procedure in SV1 and SV2
_UNIT = "UN"
_TOTAL_LINE = "0001"  # revenue code of a total; old billing programs still send it as a line
_NOTHING = Decimal(0)
_WASTED = "JW"
_MAY_BE_FREE = frozenset((_WASTED, "Q0", "Q1"))
_FREE_WORDS = ("NO CHARGE", "NO COST", "SAMPLE", "SPONSOR", "DONATED")


def _place(line: ServiceLine, behind_procedure: int) -> Location:
    return at(line.head, procedure_element(line) + behind_procedure)


@line_rule(
    "BAL01",
    "units-not-one",
    severity=WARN,
    sources=("WPS", "ION", "PALC", "MBC", "NCULT"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    status="A7:476",
    remittance=("16", "M123", "M53"),
    where="2400 SV104 / SV205",
    options={"unit": Option("", "what one unit stands for by the payer's own bulletins, e.g. 1 MG")},
    summary="An unlisted drug is billed with units other than 1.",
    fix="Send 1 unit (UN*1), the whole charge on the line, the dose in the description and the NDC quantity in"
    " CTP04.",
    suppressed_by=("BAL02", "BAL03"),
)
def units_not_one(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """An unlisted code has no amount per unit, so units mean nothing. Medicare contractors return lines with
    other units; to others they look like many times the dose. A state that names a unit in its bulletins pays by
    that unit: 1 would bill a milligram."""
    units, unit = parse_quantity(line.units), str(ctx.option("BAL01", "unit"))
    due = _units_of_dose(line, ctx, unit) if unit else Decimal(1)
    if units is None or due is None or units == due:
        return
    place = _place(line, _UNITS)
    if not unit:
        yield Hit(place, f"{place.element} is {line.units}; an unlisted drug is billed as 1 unit", line.units)
        return
    message = f"{place.element} is {line.units}; by the state's bulletins one unit is {unit}"
    fix = f"Use the unit of the state's bulletin ({unit}): {shorten(plain(due), 30)} units."
    yield Hit(place, message, line.units, fix=f"{fix} If the one on this drug names another, use that.")


def _units_of_dose(line: ServiceLine, ctx: Context, unit: str) -> Decimal | None:
    """How many of a payer's units the line's amount comes to, begun ones counted whole; None: can't be told."""
    said = ctx.narrative(line)
    amount = said.discarded if _WASTED in line.given_modifiers else said.dose
    value, _, name = unit.partition(" ")
    held, told = in_base_unit(value, name), in_base_unit(amount.value, amount.unit) if amount else None
    if held is None or told is None or held[1] != told[1] or held[0] <= 0:
        return None
    return (told[0] / held[0]).to_integral_value(ROUND_CEILING)


@line_rule(
    "BAL02",
    "unit-basis-not-un",
    severity=REJECT,
    sources=("PYX",),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    status="A7:659",
    remittance=("16", "M53"),
    where="2400 SV103 / SV204",
    summary="The units of the drug line are not counted in UN.",
    fix="Send UN as unit basis and 1 as units; milligrams and millilitres belong in CTP04 and CTP05.",
)
def unit_basis_not_un(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The guide counts services in units, minutes (MJ) or days (DA). Minutes are for anaesthesia, days for
    rooms; a drug is counted in units, and a line counted otherwise is refused."""
    if line.unit != _UNIT:
        place = _place(line, _UNIT_BASIS)
        shown = shorten(line.unit)
        message = f"{place.element} is {shown or 'empty'}; the unit basis of a drug line is UN"
        yield Hit(place, message, shown or None)


@line_rule(
    "BAL03",
    "units-not-a-whole-number",
    severity=REJECT,
    sources=("PYX", "MBC"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    status="A7:476",
    remittance=("16", "M53"),
    where="2400 SV104 / SV205",
    summary="The units of the drug line are not a whole number above zero.",
    fix="Send 1 unit (UN*1). How much was used is told by the dose in the text and by the NDC quantity (CTP04).",
)
def units_not_a_whole_number(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Units multiply the price. Payers refuse a line with none, with less than none or with a part of one."""
    wrong = _wrong_units(line.units)
    if wrong:
        place = _place(line, _UNITS)
        yield Hit(place, f"{place.element} {wrong}", shorten(line.units) or None)


def _wrong_units(text: str) -> str | None:
    units = parse_quantity(text)
    if not text.strip():
        return "is empty: the line has no units"
    if units is None:
        return f"is {shorten(text)}, which is not a number"
    if units <= 0:
        return f"is {text}; units are above zero"
    if units != units.to_integral_value():
        return f"is {text}; units are whole"
    return None


@line_rule(
    "BAL04",
    "charge-not-positive",
    severity=WARN,
    sources=("CSC", "AAO"),
    confidence="V",
    since="0.1.0",
    status="A7:583",
    second_status="A7:402",
    remittance=("16", "M79"),
    where="2400 SV102 / SV203",
    summary="The drug line has no charge above zero, and nothing says that the drug was free.",
    fix="Send the charge for the drug. When it was free, say so: in a trial with Q0 and Z00.6, else in the text"
    " (NO CHARGE).",
)
def charge_not_positive(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Unlisted drugs are paid from charge and invoice. A line without a charge is dropped or answered with a
    question; only discarded and free drugs have none."""
    charge = parse_quantity(line.charge)
    if charge is not None and (charge > 0 or (charge == 0 and _may_be_free(line, ctx))):
        return
    place = _place(line, _CHARGE)
    yield Hit(place, f"{place.element} {_wrong_charge(line.charge, charge)}", shorten(line.charge) or None)


def _wrong_charge(text: str, charge: Decimal | None) -> str:
    if charge is None:
        return f"is {shorten(text) or 'empty'}, not an amount"
    return "is zero" if charge == 0 else f"is {text}, less than zero"


def _may_be_free(line: ServiceLine, ctx: Context) -> bool:
    if _MAY_BE_FREE.intersection(line.given_modifiers) or ctx.narrative(line).investigational:
        return True
    texts = (line.description, *(note.text for note in ctx.notes(line)))
    return any(word in text.upper() for text in texts for word in _FREE_WORDS)


@claim_rule(
    "BAL06",
    "claim-out-of-balance",
    severity=REJECT,
    sources=("CSC",),
    confidence="V",
    since="0.1.0",
    status="A7:400",
    remittance=("16", "M54"),
    where="2300 CLM02",
    summary="The claim's total differs from the sum of its lines' charges.",
    fix="Correct CLM02 or the line that is wrong, so that CLM02 is the sum of all line charges.",
)
def claim_out_of_balance(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """A total that does not add up means that a line is missing, doubled or mistyped. Payers refuse the claim
    rather than guess."""
    charges = [line.charge for line in claim.lines if line.revenue_code != _TOTAL_LINE]
    total = _NOTHING
    for text in charges:
        charge = parse_quantity(text)
        if charge is None:
            return  # BAL04 tells
        total += charge
    if parse_quantity(claim.charge) != total:
        said = shorten(claim.charge) or "empty"
        message = f"CLM02 is {said}; the charges of {len(charges)} line(s) add up to {plain(total)}"
        yield Hit(at(claim.clm, 2), message, shorten(claim.charge) or None)
