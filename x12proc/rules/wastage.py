"""Drug that was opened and not given: modifiers JW and JZ against the lines, the container and the text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Context as Arithmetic
from decimal import Decimal
from functools import lru_cache

from x12proc.claims.model import Location, ServiceLine, at
from x12proc.findings import INFO, WARN, Hit
from x12proc.narrative import Narrative
from x12proc.reference.ndc import normalize
from x12proc.rules.base import Option, line_rule
from x12proc.rules.context import Context
from x12proc.rules.dates import service_days
from x12proc.rules.modifier import procedure_element
from x12proc.rules.narrative import text_place, text_shown
from x12proc.rules.paste import changed, with_modifier
from x12proc.rules.waste_pair import WASTED, Drug, drug_and_day, is_known, other_part
from x12proc.values import excerpt, format_number, parse_quantity, to_base_unit

_WASTED, _NOTHING_WASTED = WASTED, "JZ"
_WASTE = frozenset((_WASTED, _NOTHING_WASTED))
_SINGLE_DOSE = ("SDV", "PFS")
_MULTIPLE_DOSE = "MDV"
_INTO_THE_EYE = ("INTRAVITREAL",)  # every product licensed for it comes in containers for a single dose
_ONE_OF_BOTH_SINCE = date(2023, 7, 1)
_PRICED_AS_ONE_UNIT = "C9399"  # takes neither modifier, for most payers
# Facility types whose drugs are not paid line by line: stays, rural and federally qualified health centers.
_PAID_AS_A_WHOLE = ("11", "18", "21", "71", "77")
_EXACT = Arithmetic(prec=100)


@lru_cache(maxsize=2)
def _billed(ctx: Context, wasted: bool) -> tuple[frozenset[Drug], bool]:
    """The drugs of the target lines with JW or of those without, and whether all of them are known.

    Kept for the claim at hand, which asks once a line.
    """
    drugs = frozenset(drug_and_day(line) for line in ctx.targets if (_WASTED in line.modifiers_sent) is wasted)
    return drugs, all(map(is_known, drugs))


def _may_have_partner(line: ServiceLine, ctx: Context, wasted: bool) -> bool:
    """Whether another line holds the wasted (else the given) part, or may hold it for all that is known."""
    drugs, all_known = _billed(ctx, wasted)
    own = drug_and_day(line)
    return bool(drugs) and (own in drugs or not all_known or not is_known(own))


def _may_have_waste_line(line: ServiceLine, ctx: Context) -> bool:
    """Whether a JW line belongs to the line; one whose own partner is missing (MOD04) may have been meant."""
    alone = _billed(ctx, True)[0] - _billed(ctx, False)[0]
    return bool(alone) or _may_have_partner(line, ctx, True)


def _modifier_place(line: ServiceLine, modifier: str | None = None) -> Location:
    """The place of the modifier, else of the first one."""
    given = [code.upper() for code in line.modifiers]
    position = given.index(modifier) if modifier in given else 0
    return at(line.head, procedure_element(line), 3 + position)


def _container(line: ServiceLine, ctx: Context) -> str:
    """SDV, MDV, PFS or KIT as the text says, else as the product of the NDC comes; empty when unknown."""
    said = ctx.narrative(line).container
    if said is not None:
        return said
    number = normalize(line.ndc)
    product = ctx.reference.product(number) if number else None
    if product and product.container:
        return product.container
    return "SDV" if ctx.narrative(line).routes == _INTO_THE_EYE and not ctx.narrative(line).compound else ""


def _takes_neither(line: ServiceLine, ctx: Context) -> bool:
    """Whether the line is of a kind that is billed without JW and JZ."""
    claim = ctx.claim
    if claim.type == "I" and claim.facility_code.startswith(_PAID_AS_A_WHOLE):
        return True
    if line.procedure.upper() == _PRICED_AS_ONE_UNIT:
        return _has_no_waste_line(line, ctx) or ctx.investigational(line)
    if claim.type == "I" and claim.facility_code.startswith("13") and ctx.option("MOD01", "packaged_on_13x"):
        return True
    return ctx.investigational(line)


def _has_no_waste_line(line: ServiceLine, ctx: Context) -> bool:
    """Whether the code is billed as one unit for all that was used, unless the payer wants waste on a JW line."""
    return line.procedure.upper() == _PRICED_AS_ONE_UNIT and not ctx.option("INS08", "wanted")


def _discarded(said: Narrative) -> Decimal | None:
    """How much the text says was discarded; None when it doesn't."""
    return parse_quantity(said.discarded.value) if said.discarded else None


@line_rule(
    "MOD01",
    "jw-or-jz-missing",
    severity=INFO,
    sources=("NORJW", "FCJW", "VIS"),
    confidence="P",
    since="0.1.0",
    drug_only=True,
    status="A6:453",
    remittance=("16", "N822"),
    where="2400 SV101-3 to SV101-6 / SV202-3 to SV202-6",
    suppressed_by=("NAR16", "COD04", "COD07"),
    options={"packaged_on_13x": Option(False, "bill type 13x: unclassified codes are packaged and need neither")},
    summary="A drug from a single-dose container has neither JW nor JZ.",
    fix="Add JZ if nothing was left over, for example HC:J3590:JZ. If something was, add a line with JW for the "
    "discarded amount.",
)
def jw_or_jz_missing(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Since July 2023 Medicare requires JW or JZ for every single-dose container that it pays for, and returns
    claims without. More payers follow; not all of them include unclassified codes."""
    container = _container(line, ctx)
    if _WASTE.intersection(line.modifiers_sent) or container not in _SINGLE_DOSE or ctx.narrative(line).compound:
        return
    if line.procedure.upper() == _PRICED_AS_ONE_UNIT:  # who wants JW there doesn't ask for JZ
        return
    served = service_days(line)
    if served is None or served[0] < _ONE_OF_BOTH_SINCE or line.service is None:
        return
    if not _takes_neither(line, ctx) and not _may_have_waste_line(line, ctx):
        message = f"The container is single-dose ({container}), but the line has neither JW nor JZ"
        fix = f"Nothing discarded: send {with_modifier(line, 'JZ')}. If drug was discarded, add a line with "
        fix += f"{with_modifier(line, 'JW')} for the discarded amount."
        yield Hit(_modifier_place(line), message, fix=fix)


@line_rule(
    "MOD03",
    "waste-modifier-contradicts-text",
    severity=WARN,
    sources=("NORJW", "PAL"),
    confidence="P",
    since="0.1.0",
    drug_only=True,
    status="A8:453",
    remittance=("16", "N823"),
    where="2400 SV101-3 to SV101-6 / SV202-3 to SV202-6; the text",
    suppressed_by=("MOD02",),
    summary="The text and modifier JW or JZ disagree on whether drug was discarded.",
    fix="If drug was discarded, remove JZ and add a line with JW. If not, use JZ, send no JW line, and delete "
    "the waste from the text.",
)
def waste_modifier_contradicts_text(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """JZ attests that nothing was left over; JW bills what was. A reviewer who reads the opposite in the text
    returns the line."""
    said = ctx.narrative(line)
    amount, given = _discarded(said), _WASTE.intersection(line.modifiers_sent)
    if amount is None or said.discarded is None or len(given) != 1:
        return
    if given == {_NOTHING_WASTED} and amount > 0 and not _has_partner_for_sure(line, ctx):
        told = f"{excerpt(said.discarded.value, 40)} {said.discarded.unit}"
        message = f"JZ means that nothing was discarded, but the text has {told} discarded"
        given_part = with_modifier(line, "", without=_WASTE)
        fix = f"{told} discarded: send the given amount with {given_part} and {told} with "
        fix += f"{with_modifier(line, 'JW', without=_WASTE)}. If nothing was, delete the waste from the text."
        yield Hit(_modifier_place(line, _NOTHING_WASTED), message, _NOTHING_WASTED, fix=fix)
    elif given == {_WASTED} and amount == 0:
        message = "JW bills discarded drug, but the text says that nothing was discarded"
        fix = f"Nothing discarded: delete the JW line and send {with_modifier(line, 'JZ', without=_WASTE)}. "
        yield Hit(_modifier_place(line, _WASTED), message, _WASTED, fix=f"{fix}If drug was, correct the text.")


def _has_partner_for_sure(line: ServiceLine, ctx: Context) -> bool:
    """Whether a JW line of the same NDC and day is on the claim; beside a JZ line MOD02 reports that."""
    own = drug_and_day(line)
    return is_known(own) and own in _billed(ctx, True)[0]


@line_rule(
    "MOD04",
    "waste-line-without-given-line",
    severity=WARN,
    sources=("LW", "NORJW"),
    confidence="V",
    since="0.1.0",
    drug_only=True,
    status="A8:453",
    remittance=("16", "N823"),
    where="2400 SV101-3 to SV101-6 / SV202-3 to SV202-6 of the lines",
    suppressed_by=("MOD02",),
    summary="Discarded drug is billed (JW), but no line bills the given part.",
    fix="Add a line without JW for the given amount, with the same NDC and service date. If all of it was given, "
    "replace JW with JZ.",
)
def waste_line_without_given_line(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Waste is paid only as the rest of a dose. A JW line alone, or with another NDC or date than its partner,
    is denied or returned."""
    if _WASTED not in line.modifiers_sent or line.procedure.upper() == _PRICED_AS_ONE_UNIT:
        return
    if not _may_have_partner(line, ctx, False):
        named = excerpt(drug_and_day(line)[0], 20) or "this drug"
        message = f"JW bills the discarded part of {named}, but no line bills the given part for the same day"
        fix = (
            f"Add a line with {with_modifier(line, '', without=_WASTE)} for the given amount, same NDC and date. "
        )
        fix += f"If all of it was given, send {with_modifier(line, 'JZ', without=_WASTE)}."
        yield Hit(_modifier_place(line, _WASTED), message, _WASTED, fix=fix)


@line_rule(
    "MOD05",
    "waste-modifier-on-multiple-dose-container",
    severity=WARN,
    sources=("FCJW",),
    confidence="V",
    since="0.1.0",
    drug_only=True,
    status="A7:453",
    remittance=("16", "N823"),
    where="2400 SV101-3 to SV101-6 / SV202-3 to SV202-6; 2410 LIN03, the text",
    suppressed_by=("MOD02",),
    summary="JW or JZ is on a drug from a multiple-dose container.",
    fix="Delete JW or JZ: the rest of a multiple-dose vial is for the next patient. If the vial was single-dose, "
    "correct the text or the NDC.",
)
def waste_modifier_on_multiple_dose_container(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """JW and JZ are for single-dose containers only. On a multiple-dose vial they contradict the product, and
    the line comes back."""
    given = sorted(_WASTE.intersection(line.modifiers_sent))
    if given and _container(line, ctx) == _MULTIPLE_DOSE:
        source = "the text" if ctx.narrative(line).container else "the NDC"
        message = f"Modifier {given[0]} is on a drug from a multiple-dose container (MDV by {source})"
        corrected = with_modifier(line, "", without=_WASTE)
        fix = f"Send {corrected}: the rest of the vial is for the next patient. If the vial was single-dose, "
        yield Hit(_modifier_place(line, given[0]), message, given[0], fix=f"{fix}correct {source}.")


@line_rule(
    "NAR16",
    "waste-in-text-only",
    severity=WARN,
    sources=("NORJW", "FCJW"),
    confidence="P",
    since="0.1.0",
    drug_only=True,
    status="A8:453",
    second_status="A8:732",
    remittance=("16", "N823"),
    where="SV101-7, SV202-7, NTE02; the modifiers",
    suppressed_by=("NAR02",),
    summary="The text says that drug was discarded, but no line bills it with modifier JW.",
    fix="Add a line with modifier JW for the discarded amount, with the same NDC and date. If nothing was "
    "discarded, delete the waste from the text and add JZ.",
)
def waste_in_text_only(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Payers pay for the rest of a single-dose vial only on a separate line with JW. If only the text mentions
    the waste, it is not paid, or looks like drug that was given."""
    said = ctx.narrative(line)
    amount = _discarded(said)
    if amount is None or amount <= 0 or said.discarded is None or _takes_neither(line, ctx):
        return
    if _WASTE.intersection(line.modifiers_sent) or _may_have_waste_line(line, ctx):
        return
    if _container(line, ctx) != _MULTIPLE_DOSE:
        told = f"{excerpt(said.discarded.value, 40)} {said.discarded.unit}"
        message = f"The text has {told} discarded, but no line bills it with modifier JW"
        fix = f"Add a line with {with_modifier(line, 'JW')} for {told}, same NDC and date. "
        fix += f"If nothing was discarded, delete the waste from the text and send {with_modifier(line, 'JZ')}."
        yield Hit(text_place(line, ctx), message, text_shown(line, ctx), fix=fix)


# -- how much the containers hold -------------------------------------------------------------------------------


@line_rule(
    "BAL07",
    "more-billed-than-vials-hold",
    severity=WARN,
    sources=("LW", "NORJW"),
    confidence="V",
    since="0.1.0",
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
    given = other_part(line, ctx) if _WASTED in line.modifiers_sent else None
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
        corrected = changed(line.drug.ctp, ctx.claim.delimiters, {4: format_number(rest)}) if rest > 0 else ""
        fix = f"If {excerpt(format_number(used), 20)} {unit} were given, send on this line {corrected}"
        yield Hit(at(line.drug.ctp, 4), message, excerpt(line.drug.quantity), fix=fix if corrected else None)


def _content(said: Narrative, unit: str) -> Decimal | None:
    """What the containers of a text hold together in an NDC unit (ML, UN, ME); None when it can't be told."""
    if len(said.contents) != 1:
        return None
    count, size = parse_quantity(said.contents[0].count), said.contents[0].amount
    per_container = _in_unit(said, unit, size.value, size.unit)
    return None if count is None or per_container is None else _EXACT.multiply(count, per_container)


def _in_unit(said: Narrative, unit: str, value: str, text_unit: str) -> Decimal | None:
    """What one container holds: as the text gives it, or by way of a strength such as 20 MG in 10 ML."""
    if unit == "UN":
        return Decimal(1)
    size = to_base_unit(value, text_unit)
    wanted = {"ML": "ML", "ME": "MG"}.get(unit)
    if size is not None and size[1] == wanted:
        return size[0]
    strength = said.strength
    if unit != "ML" or strength is None or (strength.value, strength.unit) != (value, text_unit):
        return None
    volume = to_base_unit(strength.per_value or "", strength.per_unit or "")
    return volume[0] if volume and volume[1] == "ML" else None
