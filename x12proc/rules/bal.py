"""BAL01 to BAL04, BAL06 to BAL09: units, charges, and totals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal
from decimal import Context as Arithmetic

from x12proc.claims.model import Claim, Location, ServiceLine, location_of
from x12proc.findings import REJECT, WARN, Hit
from x12proc.narrative import Narrative
from x12proc.rules.base import Option, claim_rule, line_rule
from x12proc.rules.context import Context
from x12proc.rules.shared.corrected_segments import changed_segment, procedure_composite
from x12proc.rules.shared.guide_errors import NUMBER_CODES, SAME_ELEMENT
from x12proc.rules.shared.positions import procedure_element
from x12proc.rules.shared.texts import undenied_match
from x12proc.rules.shared.waste_lines import WASTED, other_part
from x12proc.values import excerpt, format_number, parse_quantity, to_base_unit
from x12proc.wire.segment import Segment

_ADJUDICATION = "SVD"
_HCPCS = "HC"
_DESCRIPTION = 6  # the seventh component
_CHARGE, _UNIT_BASIS, _UNITS = 1, 2, 3  # elements after the procedure in SV1 and SV2
_UNIT = "UN"
_TOTAL_LINE = "0001"  # revenue code of a total; old billing programs still send it as a line
_NOTHING = Decimal(0)
_MAY_BE_FREE = frozenset((WASTED, "Q0", "Q1"))
_SUPPLIED = re.compile(
    r"\b(?:(?:PATIENT|PT|MEMBER)[ -]?SUPPLIED|SUPPLIED BY (?:THE )?(?:PATIENT|PT|MEMBER|MAKER|MANUFACTURER)"
    r"|(?:NO|WITHOUT|ZERO) COST TO (?:THE )?(?:PRACTICE|PROVIDER|OFFICE|CLINIC|US)|WHITE[ -]?BAGGED|FREE GOODS"
    r"|DONATED|FREE OF CHARGE|NO CHARGE DRUG|DRUG (?:PROVIDED|SUPPLIED) FREE)\b",
    re.IGNORECASE,
)
_FREE_WORDS = ("NO CHARGE", "NO COST", "SAMPLE", "SPONSOR", "DONATED")
_EXACT = Arithmetic(prec=100)


@line_rule(
    "BAL08",
    "adjudicated-line-names-other-drug",
    severity=WARN,
    sources=("PYX",),
    confidence="proposed",
    status="A7:710",
    second_status="A7:454",
    where="2430 SVD03-2 and SVD03-7",
    suppressed_by=("NAR01",),
    summary="The other payer's decision on the drug line (2430 SVD) has another code, or lacks the description.",
    fix="Repeat the line's own code, modifiers and description in SVD03, for example "
    "SVD*60054*9000*HC:J3590:JZ::::BRIUMVI 450MG IV**1~.",
)
def adjudicated_line_names_other_drug(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The next payer matches the other payer's payment to the line by its code. If code or description differ,
    it can't see that both mean the same drug."""
    separator = ctx.claim.delimiters.component.decode("latin-1")
    for segment in line.segments:
        if segment.tag != _ADJUDICATION or segment.element(6).strip():  # SVD06: paid in a bundle with another
            continue
        parts = segment.element(3).split(separator)
        if len(parts) < 2 or parts[0].upper() != _HCPCS:
            continue
        code = parts[1].strip()
        if code.upper() != line.procedure.strip().upper():
            billed = excerpt(line.procedure, 10) or "empty"
            message = f"SVD03-2 is {excerpt(code, 20) or 'empty'}, but the line bills {billed}"
            fix = _repeated_in_svd(line, segment, ctx)
            if fix and code:
                fix += f". Keep {excerpt(code, 20)} only if the other payer paid under it."
            yield Hit(location_of(segment, 3, 2), message, excerpt(code) or None, fix=fix)
        elif not "".join(parts[_DESCRIPTION : _DESCRIPTION + 1]).strip():
            message = f"SVD03-7 is empty, but {excerpt(code, 10)} needs its description in loop 2430 too"
            yield Hit(location_of(segment, 3, 7), message, fix=_repeated_in_svd(line, segment, ctx))


def _repeated_in_svd(line: ServiceLine, segment: Segment, ctx: Context) -> str | None:
    """Return the SVD with the procedure of its line."""
    if ":" in line.description:
        return None
    corrected = changed_segment(segment, ctx.claim.delimiters, {3: procedure_composite(line)})
    return f"Send {corrected}" if corrected else None


def _location(line: ServiceLine, after_procedure: int) -> Location:
    return location_of(line.sv_or_lx, procedure_element(line) + after_procedure)


def _one_unit(line: ServiceLine, ctx: Context) -> str | None:
    """Return the SV1 or SV2 with UN*1."""
    first = procedure_element(line)
    corrected = changed_segment(
        line.sv_or_lx, ctx.claim.delimiters, {first + _UNIT_BASIS: _UNIT, first + _UNITS: "1"}
    )
    return f"Send {corrected}" if corrected and line.service is not None else None


@line_rule(
    "BAL01",
    "units-not-one",
    severity=WARN,
    sources=("WPS", "ION", "PALC", "MBC", "NCULT"),
    confidence="verified",
    drug_only=True,
    status="A7:476",
    remittance=("16", "M123", "M53"),
    where="2400 SV104 / SV205",
    options={"unit": Option("", "the amount of one unit in the payer's bulletins, e.g. 1 MG")},
    summary="An unlisted drug is billed with units other than 1.",
    fix="Send 1 unit (UN*1) with the whole charge, the dose in the description and the NDC quantity in CTP04.",
    suppressed_by=("BAL02", "BAL03"),
)
def units_not_one(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """An unlisted code has no amount per unit, so units mean nothing. Medicare contractors return lines with
    other units; other payers read them as many times the dose. Some states pay by a unit that their bulletins
    name: there 1 unit would bill a milligram."""
    units, unit = parse_quantity(line.units), str(ctx.option("BAL01", "unit"))
    due = _units_of_dose(line, ctx, unit) if unit else Decimal(1)
    if units is None or due is None or units == due:
        return
    location = _location(line, _UNITS)
    if not unit:
        message = f"{location.element} is {line.units}, but an unlisted drug is billed as 1 unit"
        yield Hit(location, message, line.units, fix=_one_unit(line, ctx))
        return
    message = f"{location.element} is {line.units}, but 1 unit is {unit} in the state's bulletins"
    fix = f"Use the unit of the state's bulletin ({unit}): {excerpt(format_number(due), 30)} units."
    yield Hit(location, message, line.units, fix=f"{fix} If the one on this drug names another, use that.")


def _units_of_dose(line: ServiceLine, ctx: Context, unit: str) -> Decimal | None:
    """Return a payer's units for a line's amount, a part counted as a whole one; None where they can't be
    compared."""
    undenied_match = ctx.narrative(line)
    amount = undenied_match.discarded if WASTED in line.modifiers_sent else undenied_match.dose
    value, _, name = unit.partition(" ")
    held, stated = to_base_unit(value, name), to_base_unit(amount.value, amount.unit) if amount else None
    if held is None or stated is None or held[1] != stated[1] or held[0] <= 0:
        return None
    return (stated[0] / held[0]).to_integral_value(ROUND_CEILING)


@line_rule(
    "BAL02",
    "unit-basis-not-un",
    severity=REJECT,
    sources=("PYX",),
    confidence="verified",
    drug_only=True,
    status="A7:659",
    remittance=("16", "M53"),
    where="2400 SV103 / SV204",
    same_as_guide=((SAME_ELEMENT, "1 2 4 5 7"),),
    fixer="unit-basis",
    summary="The unit basis of the drug line is not UN.",
    fix="Send UN as unit basis and 1 as units. Milligrams and milliliters go in CTP04 and CTP05.",
)
def unit_basis_not_un(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The guide counts services in units, minutes (MJ) or days (DA). Minutes are for anesthesia, days for
    rooms. A drug counted in them is refused."""
    if line.unit != _UNIT:
        location = _location(line, _UNIT_BASIS)
        shown = excerpt(line.unit)
        message = f"{location.element} is {shown or 'empty'}, but the unit basis of a drug line is UN"
        yield Hit(location, message, shown or None, fix=_one_unit(line, ctx))


@line_rule(
    "BAL03",
    "units-not-a-whole-number",
    severity=REJECT,
    sources=("PYX", "MBC"),
    confidence="verified",
    drug_only=True,
    status="A7:476",
    remittance=("16", "M53"),
    where="2400 SV104 / SV205",
    same_as_guide=((SAME_ELEMENT, NUMBER_CODES), ("SV103|SV204", "2"), ("SV1|SV2", "SEG1")),
    summary="The units of the drug line are not a whole number above zero.",
    fix="Send 1 unit (UN*1). The dose goes in the text, the NDC quantity in CTP04.",
)
def units_not_a_whole_number(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Units multiply the price. Payers refuse a line with no units, with less than one, or with a fraction."""
    wrong = _wrong_units(line.units)
    if wrong:
        location = _location(line, _UNITS)
        yield Hit(location, f"{location.element} {wrong}", excerpt(line.units) or None, fix=_one_unit(line, ctx))


def _wrong_units(text: str) -> str | None:
    units = parse_quantity(text)
    if not text.strip():
        return "is empty: the line has no units"
    if units is None:
        return f"is {excerpt(text)}, not a number"
    if units <= 0:
        return f"is {text}, not above zero"
    if units != units.to_integral_value():
        return f"is {text}, not a whole number"
    return None


@line_rule(
    "BAL04",
    "charge-not-positive",
    severity=WARN,
    sources=("CSC", "AAO"),
    confidence="verified",
    status="A7:583",
    second_status="A7:402",
    remittance=("16", "M79"),
    where="2400 SV102 / SV203",
    same_as_guide=((SAME_ELEMENT, NUMBER_CODES),),
    summary="The drug line has no charge above zero, and its text doesn't call the drug free.",
    fix="Send the charge for the drug. If it was free, bill Q0 with Z00.6 in a trial; otherwise write NO CHARGE "
    "in the text.",
)
def charge_not_positive(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Unlisted drugs are paid from charge and invoice. A line without a charge is dropped or questioned; only
    discarded and free drugs have none."""
    charge = parse_quantity(line.charge)
    if charge is not None and (charge > 0 or (charge == 0 and _may_be_free(line, ctx))):
        return
    location = _location(line, _CHARGE)
    yield Hit(location, f"{location.element} {_wrong_charge(line.charge, charge)}", excerpt(line.charge) or None)


def _wrong_charge(text: str, charge: Decimal | None) -> str:
    if charge is None:
        return f"is {excerpt(text) or 'empty'}, not an amount"
    return "is zero" if charge == 0 else f"is {text}, less than zero"


def _may_be_free(line: ServiceLine, ctx: Context) -> bool:
    if _MAY_BE_FREE.intersection(line.modifiers_sent) or ctx.narrative(line).investigational:
        return True
    texts = (line.description, *(note.text for note in ctx.notes(line)))
    return any(word in text.upper() for text in texts for word in _FREE_WORDS)


@claim_rule(
    "BAL06",
    "claim-out-of-balance",
    severity=REJECT,
    sources=("CSC",),
    confidence="verified",
    status="A7:400",
    remittance=("16", "M54"),
    where="2300 CLM02",
    same_as_guide=((SAME_ELEMENT, NUMBER_CODES),),
    summary="The claim's total differs from the sum of its lines' charges.",
    fix="Correct CLM02 or the wrong line: CLM02 is the sum of all line charges.",
)
def claim_out_of_balance(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """If the total does not add up, a line is missing, doubled or mistyped. Payers refuse the claim rather
    than guess."""
    charges = [line.charge for line in claim.lines if line.revenue_code != _TOTAL_LINE]
    total = _NOTHING
    for text in charges:
        charge = parse_quantity(text)
        if charge is None:
            return  # BAL04 reports it
        total += charge
    if parse_quantity(claim.charge) != total:
        undenied_match = excerpt(claim.charge) or "empty"
        lines = f"{len(charges)} line{'' if len(charges) == 1 else 's'}"
        message = f"CLM02 is {undenied_match}, but the charges of {lines} add up to {format_number(total)}"
        corrected = changed_segment(claim.clm, claim.delimiters, {2: format_number(total)})
        fix = f"If all lines are right, send {corrected}" if corrected else None
        yield Hit(location_of(claim.clm, 2), message, excerpt(claim.charge) or None, fix=fix)


@line_rule(
    "BAL09",
    "free-drug-charged",
    severity=WARN,
    sources=("NGSF", "BSPAN"),
    confidence="verified",
    drug_only=True,
    status="A7:583",
    remittance=("16", "M79"),
    where="2400 SV102 / SV203; SV101-7, SV202-7, NTE02",
    suppressed_by=("TRI06",),
    options={"token": Option("2.00", "the highest charge that still counts as a token, in dollars")},
    summary="The text says that the drug was free, but the line charges for it.",
    fix="Charge a token amount such as 0.01 for a drug that somebody else supplied. If the provider bought it, "
    "delete the words from the text.",
)
def free_drug_charged(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """A drug from the patient, the maker or another pharmacy costs the provider nothing. NGS wants it with a
    charge of 0.01, BridgeSpan with one cent at most. A full charge contradicts the text."""
    texts = (line.description, *(note.text for note in ctx.notes(line)))
    found = next((words for text in texts if (words := undenied_match(_SUPPLIED, text))), "")
    if not found or WASTED in line.modifiers_sent:
        return
    charge, token = parse_quantity(line.charge), parse_quantity(str(ctx.option("BAL09", "token")))
    if charge is not None and token is not None and charge > token:
        location, shown = _location(line, _CHARGE), excerpt(line.charge, 20)
        corrected = changed_segment(
            line.sv_or_lx, ctx.claim.delimiters, {procedure_element(line) + _CHARGE: "0.01"}
        )
        fix = f"If somebody else supplied the drug, send {corrected} and correct CLM02. If not, correct the text."
        message = f"The text says {excerpt(found.upper(), 40)}, but {location.element} charges {shown}"
        yield Hit(location, message, shown, fix=fix if corrected else None)


# -- how much the containers hold -------------------------------------------------------------------------------


@line_rule(
    "BAL07",
    "more-billed-than-vials-hold",
    severity=WARN,
    sources=("LW", "NORJW"),
    confidence="verified",
    drug_only=True,
    status="A8:724",
    remittance=("16", "M53"),
    where="2410 CTP04 of the given and the JW line; the text",
    suppressed_by=("MOD02", "NAR02", "NAR10", "NDC12", "QTY01", "QTY02", "QTY03", "SYN01", "SYN03"),
    summary="Given and discarded quantities are more than the vials in the text can hold.",
    fix="Put only the discarded amount in CTP04 of the JW line, and only the given amount in the other. Both "
    "together are the vials: 16.8 ML + 3.2 ML = 4 vials of 5 ML.",
)
def more_billed_than_vials_hold(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The JW line bills what was left in the opened vials, no more. With the whole vial on both lines the
    payer pays twice, and takes the money back later."""
    given = other_part(line, ctx) if WASTED in line.modifiers_sent else None
    if given is None or line.drug is None or given.drug is None:
        return
    unit = line.drug.unit
    wasted, used = parse_quantity(line.drug.quantity), parse_quantity(given.drug.quantity)
    held = _content(ctx.narrative(line), unit) or _content(ctx.narrative(given), unit)
    if held is None or unit != given.drug.unit or wasted is None or used is None:
        return
    billed = _EXACT.add(wasted, used)
    if line.drug.ctp is not None and billed > held:
        shown = [excerpt(format_number(one), 20) for one in (used, wasted, billed, held)]
        message = (
            f"Given and discarded are {shown[0]} + {shown[1]} = {shown[2]} {unit}, "
            f"but the text's containers hold {shown[3]} {unit}"
        )
        rest = _EXACT.subtract(held, used)
        corrected = (
            changed_segment(line.drug.ctp, ctx.claim.delimiters, {4: format_number(rest)}) if rest > 0 else ""
        )
        fix = f"If {excerpt(format_number(used), 20)} {unit} were given, send on this line {corrected}"
        yield Hit(
            location_of(line.drug.ctp, 4), message, excerpt(line.drug.quantity), fix=fix if corrected else None
        )


def _content(narrative: Narrative, unit: str) -> Decimal | None:
    """Return what the containers of a text hold together in an NDC unit (ML, UN, ME); None when it is unknown."""
    if len(narrative.contents) != 1:
        return None
    count, size = parse_quantity(narrative.contents[0].count), narrative.contents[0].amount
    per_container = _in_unit(narrative, unit, size.value, size.unit)
    return None if count is None or per_container is None else _EXACT.multiply(count, per_container)


def _in_unit(narrative: Narrative, unit: str, value: str, text_unit: str) -> Decimal | None:
    """Return what one container holds: as the text gives it, or by way of a strength such as 20 MG in 10 ML."""
    if unit == "UN":
        return Decimal(1)
    size = to_base_unit(value, text_unit)
    wanted = {"ML": "ML", "ME": "MG"}.get(unit)
    if size is not None and size[1] == wanted:
        return size[0]
    strength = narrative.strength
    if unit != "ML" or strength is None or (strength.value, strength.unit) != (value, text_unit):
        return None
    volume = to_base_unit(strength.per_value or "", strength.per_unit or "")
    return volume[0] if volume and volume[1] == "ML" else None
