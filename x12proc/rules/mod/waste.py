"""MOD01 to MOD05: JW and JZ, the modifiers for discarded drug."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from x12proc.claims.model import ServiceLine
from x12proc.findings import INFO, REJECT, WARN, Hit
from x12proc.rules.base import Option, line_rule
from x12proc.rules.context import Context, per_claim
from x12proc.rules.shared.corrected_segments import with_modifier
from x12proc.rules.shared.dates import service_days
from x12proc.rules.shared.positions import modifier_location
from x12proc.rules.shared.waste_lines import (
    MULTIPLE_DOSE,
    NOTHING_WASTED,
    WASTE_MODIFIERS,
    WASTED,
    container_type,
    discarded_amount,
    drug_and_day,
    drugs_billed,
    is_exempt_from_waste_modifiers,
    is_known,
    may_have_partner,
    may_have_waste_line,
)
from x12proc.values import excerpt

_SINGLE_DOSE = ("SDV", "PFS")
_ONE_OF_BOTH_SINCE = date(2023, 7, 1)
_PRICED_AS_ONE_UNIT = "C9399"  # takes neither modifier


@line_rule(
    "MOD02",
    "jw-and-jz-conflict",
    severity=REJECT,
    sources=("FCJW",),
    confidence="proposed",
    drug_only=True,
    status="A7:453",
    remittance=("4", "N823"),
    where="2400 SV101-3 to SV101-6 / SV202-3 to SV202-6",
    summary="JW (drug discarded) and JZ (nothing discarded) are on one drug and day.",
    fix="If drug was discarded, bill the given amount without JZ and the discarded amount on a second line with "
    "JW. If not, send one line with JZ.",
)
def jw_and_jz_conflict(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """JZ attests that no drug was left over; JW bills what was left over. They exclude each other, and
    Medicare contractors return such claims."""
    given = WASTE_MODIFIERS.intersection(line.modifiers_sent)
    if given == WASTE_MODIFIERS:
        message = "The line has both JW (drug discarded) and JZ (nothing discarded)"
        yield Hit(modifier_location(line, *WASTE_MODIFIERS), message, "JW JZ", fix=_waste_fix(line))
    elif given and len(ctx.targets) > 1 and line.lx.index in _contradicting(ctx):
        (own,) = given
        (other,) = WASTE_MODIFIERS - given
        message = f"This line has {own}, but an earlier line of the same NDC and date has {other}"
        yield Hit(modifier_location(line, own), message, own, fix=_waste_fix(line))


def _waste_fix(line: ServiceLine) -> str:
    """Return the procedure with and without waste."""
    given, wasted, none = (
        with_modifier(line, code, without=WASTE_MODIFIERS) for code in ("", WASTED, NOTHING_WASTED)
    )
    return (
        f"Nothing discarded: send one line with {none}. Drug discarded: send the given amount with {given} and the"
        f" discarded amount with {wasted}."
    )


@per_claim
def _contradicting(ctx: Context) -> frozenset[int]:
    """Return the LX of the target lines that have one of JW and JZ after a line that has the other one for the
    same NDC and day."""
    seen: dict[tuple[object, ...], set[str]] = {}
    found = []
    for line in ctx.targets:
        given = WASTE_MODIFIERS.intersection(line.modifiers_sent)
        ndc, served = line.ndc.replace("-", ""), service_days(line)
        if len(given) != 1 or not ndc or not served:
            continue
        before = seen.setdefault((ndc, served), set())
        if before - given:
            found.append(line.lx.index)
        before.update(given)
    return frozenset(found)


@line_rule(
    "MOD01",
    "jw-or-jz-missing",
    severity=INFO,
    sources=("NORJW", "FCJW", "VIS"),
    confidence="proposed",
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
    container = container_type(line, ctx)
    if (
        WASTE_MODIFIERS.intersection(line.modifiers_sent)
        or container not in _SINGLE_DOSE
        or ctx.narrative(line).compound
    ):
        return
    if line.procedure.upper() == _PRICED_AS_ONE_UNIT:  # payers that want JW there do not ask for JZ
        return
    served = service_days(line)
    if served is None or served[0] < _ONE_OF_BOTH_SINCE or line.service is None:
        return
    if not is_exempt_from_waste_modifiers(line, ctx) and not may_have_waste_line(line, ctx):
        message = f"The container is single-dose ({container}), but the line has neither JW nor JZ"
        fix = f"Nothing discarded: send {with_modifier(line, 'JZ')}. If drug was discarded, add a line with "
        fix += f"{with_modifier(line, 'JW')} for the discarded amount."
        yield Hit(modifier_location(line), message, fix=fix)


@line_rule(
    "MOD03",
    "waste-modifier-contradicts-text",
    severity=WARN,
    sources=("NORJW", "PAL"),
    confidence="proposed",
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
    narrative = ctx.narrative(line)
    amount, given = discarded_amount(narrative), WASTE_MODIFIERS.intersection(line.modifiers_sent)
    if amount is None or narrative.discarded is None or len(given) != 1:
        return
    if given == {NOTHING_WASTED} and amount > 0 and not _has_partner_for_sure(line, ctx):
        words = f"{excerpt(narrative.discarded.value, 40)} {narrative.discarded.unit}"
        message = f"JZ means that nothing was discarded, but the text has {words} discarded"
        given_part = with_modifier(line, "", without=WASTE_MODIFIERS)
        fix = f"{words} discarded: send the given amount with {given_part} and {words} with "
        fix += f"{with_modifier(line, 'JW', without=WASTE_MODIFIERS)}. "
        fix += "If nothing was, delete the waste from the text."
        yield Hit(modifier_location(line, NOTHING_WASTED), message, NOTHING_WASTED, fix=fix)
    elif given == {WASTED} and amount == 0:
        message = "JW bills discarded drug, but the text says that nothing was discarded"
        fix = "Nothing discarded: delete the JW line and send "
        fix += f"{with_modifier(line, 'JZ', without=WASTE_MODIFIERS)}. "
        yield Hit(modifier_location(line, WASTED), message, WASTED, fix=f"{fix}If drug was, correct the text.")


def _has_partner_for_sure(line: ServiceLine, ctx: Context) -> bool:
    """Return whether a JW line of the same NDC and day is on the claim; beside a JZ line MOD02 reports that."""
    own = drug_and_day(line)
    return is_known(own) and own in drugs_billed(ctx, True)[0]


@line_rule(
    "MOD04",
    "waste-line-without-given-line",
    severity=WARN,
    sources=("LW", "NORJW"),
    confidence="verified",
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
    if WASTED not in line.modifiers_sent or line.procedure.upper() == _PRICED_AS_ONE_UNIT:
        return
    if not may_have_partner(line, ctx, False):
        named = excerpt(drug_and_day(line)[0], 20) or "this drug"
        message = f"JW bills the discarded part of {named}, but no line bills the given part for the same day"
        fix = f"Add a line with {with_modifier(line, '', without=WASTE_MODIFIERS)} for the given amount, "
        fix += "same NDC and date. "
        fix += f"If all of it was given, send {with_modifier(line, 'JZ', without=WASTE_MODIFIERS)}."
        yield Hit(modifier_location(line, WASTED), message, WASTED, fix=fix)


@line_rule(
    "MOD05",
    "waste-modifier-on-multiple-dose-container",
    severity=WARN,
    sources=("FCJW",),
    confidence="verified",
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
    given = sorted(WASTE_MODIFIERS.intersection(line.modifiers_sent))
    if given and container_type(line, ctx) == MULTIPLE_DOSE:
        source = "the text" if ctx.narrative(line).container else "the NDC"
        message = f"Modifier {given[0]} is on a drug from a multiple-dose container (MDV by {source})"
        corrected = with_modifier(line, "", without=WASTE_MODIFIERS)
        fix = f"Send {corrected}: the rest of the vial is for the next patient. If the vial was single-dose, "
        yield Hit(modifier_location(line, given[0]), message, given[0], fix=f"{fix}correct {source}.")
