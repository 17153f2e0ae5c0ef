"""NAR10, NAR11: amounts that contradict each other inside the text, or between description and note."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from decimal import Context as Arithmetic

from x12proc.claims.model import ServiceLine, location_of
from x12proc.findings import WARN, Hit
from x12proc.narrative import Amount, Narrative
from x12proc.reference.ndc import normalize
from x12proc.reference.strength import read_strengths
from x12proc.rules.base import line_rule
from x12proc.rules.context import Context
from x12proc.rules.shared.dosing import vials_disagree
from x12proc.rules.shared.texts import text_excerpt, text_location
from x12proc.rules.shared.waste_lines import has_other_packages, is_waste_line, other_part, wasted_amount
from x12proc.values import excerpt, format_number, parse_quantity, to_base_unit

_ROUNDING = Decimal("0.01")  # of an amount: offices write 46 MG for 46.4
_EXACT = Arithmetic(prec=100)  # more digits than any text's numbers multiply to


# -- what the text says twice -----------------------------------------------------------------------------------


def _sum_of_containers(narrative: Narrative) -> tuple[Decimal, Decimal, str] | None:
    """Return what the containers of a text hold together, what the smallest of them holds, and the unit."""
    total, sizes, units = Decimal(0), [], set()
    for content in narrative.contents:
        count, size = parse_quantity(content.count), to_base_unit(content.amount.value, content.amount.unit)
        if count is None or size is None:  # pragma: no cover - the reader gives numbers, and units that it knows
            return None
        total = _EXACT.add(total, _EXACT.multiply(count, size[0]))
        sizes.append(size[0])
        units.add(size[1])
    return (total, min(sizes), units.pop()) if len(units) == 1 else None


def _is_dose_stated_apart(line: ServiceLine, ctx: Context, dose: Amount) -> bool:
    """Return whether the dose is in the text apart from the containers, so that it wasn't summed up from them."""
    text = " ".join(text for _, text in ctx.texts(line)).replace(",", "")
    written = len(re.findall(rf"(?<![0-9.]){re.escape(dose.value)}(?![0-9])", text))
    return written > sum(content.amount == dose for content in ctx.narrative(line).contents)


def _disagreement(line: ServiceLine, ctx: Context) -> str:
    """Return why the containers don't make up the dose, in numbers; empty when they do, or can't be compared."""
    narrative = ctx.narrative(line)
    if is_waste_line(line):
        wrong = _waste_disagreement(line, ctx)
        if (
            wrong or narrative.discarded is None
        ):  # its only amount is the waste: no dose to compare containers with
            return wrong
    if not narrative.contents:
        return "" if other_part(line, ctx) else vials_disagree(line, ctx)
    held = _sum_of_containers(narrative)
    dose = to_base_unit(narrative.dose.value, narrative.dose.unit) if narrative.dose else None
    if held is None or narrative.dose is None or dose is None or dose[1] != held[2]:
        return ""
    total, smallest, unit = held
    if narrative.discarded is None and other_part(line, ctx) is not None:
        return ""  # the JW line says the rest, and is compared with this one
    if narrative.discarded is None:
        # What is left of the last vial may go unsaid (modifiers report it), but no vial is opened for nothing.
        agrees = Decimal(0) <= total - dose[0] < smallest or (total < dose[0] and has_other_packages(line, ctx))
        return (
            ""
            if agrees
            else f"{_format_sum(narrative, held)}, but the dose is {narrative.dose.value} {narrative.dose.unit}"
        )
    wasted = to_base_unit(narrative.discarded.value, narrative.discarded.unit)
    if wasted is None or (wasted[1] != unit and wasted[0] != 0) or total == _EXACT.add(dose[0], wasted[0]):
        return ""
    if total == dose[0] and not _is_dose_stated_apart(line, ctx, narrative.dose):
        return ""
    whole = format_number(_EXACT.add(dose[0], wasted[0]))
    given = f"dose {format_number(dose[0])} {unit} + discarded {format_number(wasted[0])} {unit}"
    return f"{_format_sum(narrative, held)}, but {given} = {whole} {unit}"


def _waste_disagreement(line: ServiceLine, ctx: Context) -> str:
    """Return why the amounts discarded and given don't make up whole containers, in numbers; empty when they do,
    or when an amount or the containers' size is unknown."""
    given_line, wasted = other_part(line, ctx), wasted_amount(line, ctx)
    if given_line is None or has_other_packages(line, ctx):
        return ""
    narrative, own = ctx.narrative(given_line), ctx.narrative(line)
    given, discarded = _in_base(narrative.dose), _in_base(wasted or narrative.discarded)
    if given is None or discarded is None or given[1] != discarded[1]:
        return ""
    unit, together = given[1], _EXACT.add(given[0], discarded[0])
    parts = f"Given {format_number(given[0])} {unit} + discarded {format_number(discarded[0])} {unit}"
    words = f"{parts} = {format_number(together)} {unit}"
    also = _in_base(narrative.discarded) if wasted else None
    if also and also[1] == unit and also[0] != discarded[0] and also[0] != 0:
        own_waste, other_waste = format_number(discarded[0]), format_number(also[0])
        return f"This JW line discards {own_waste} {unit}, but the given line says {other_waste} {unit}"
    drawn = _in_base(own.drawn or narrative.drawn)
    if drawn and drawn[1] == unit:
        return "" if _is_near(together, drawn[0]) else f"{words}, but {format_number(drawn[0])} {unit} were drawn"
    held = _sum_of_containers(narrative) or _sum_of_containers(own)
    if held is not None and held[2] == unit:
        return (
            ""
            if _is_near(together, held[0])
            else f"{words}, but the containers hold {format_number(held[0])} {unit}"
        )
    sizes = _container_sizes(line, given_line, ctx, unit)
    return _short_of_whole(together, sizes, unit, words) if sizes else ""


def _in_base(amount: Amount | None) -> tuple[Decimal, str] | None:
    return to_base_unit(amount.value, amount.unit) if amount else None


def _is_near(amount: Decimal, whole: Decimal) -> bool:
    """Return whether two amounts are equal but for rounding: offices write whole milligrams."""
    return abs(amount - whole) <= whole * _ROUNDING


def _container_sizes(line: ServiceLine, given_line: ServiceLine, ctx: Context, unit: str) -> list[Decimal]:
    """Return what one container may hold, by either text or by the tables, largest first."""
    narrative, own = ctx.narrative(given_line), ctx.narrative(line)
    stated = {narrative.amount_per_container, own.amount_per_container} - {
        None,
        narrative.dose,
        own.dose,
        own.discarded,
    }
    sizes = [_in_base(amount) for amount in stated]
    if not sizes:
        ndc = normalize(line.ndc)
        product = ctx.reference.product(ndc) if ndc else None
        listed = read_strengths(product.strength) if product else ()
        sizes = [to_base_unit(format_number(one.amount), one.unit) for one in listed if not one.per_ml]
    return sorted({size[0] for size in sizes if size and size[1] == unit and size[0] > 0}, reverse=True)


def _short_of_whole(together: Decimal, sizes: Sequence[Decimal], unit: str, words: str) -> str:
    """Return how far an amount is from whole containers; empty when it is near some number of them."""
    if len(sizes) > 1:
        return ""  # any mixture of sizes may have been opened
    count = (together / sizes[0]).to_integral_value(ROUND_HALF_EVEN)
    whole = _EXACT.multiply(max(count, Decimal(1)), sizes[0])
    if _is_near(together, whole):
        return ""
    up = _EXACT.multiply((together / sizes[0]).to_integral_value(ROUND_CEILING), sizes[0])
    short, size = format_number(_EXACT.subtract(up, together)), format_number(sizes[0])
    return f"{words}: {short} {unit} less than whole containers of {size} {unit} hold ({format_number(up)} {unit})"


def _format_sum(narrative: Narrative, held: tuple[Decimal, Decimal, str]) -> str:
    sums = " + ".join(f"{c.count} x {c.amount.value} {c.amount.unit}" for c in narrative.contents)
    return f"{excerpt(sums, 60)} = {format_number(held[0])} {held[2]}"


@line_rule(
    "NAR10",
    "vials-and-dose-disagree",
    severity=WARN,
    sources=("PAL",),
    confidence="proposed",
    drug_only=True,
    where="SV101-7, SV202-7, NTE02",
    status="A8:217",
    remittance=("16", "M123"),
    summary="The containers in the text don't add up to the dose and the discarded amount.",
    fix="Correct dose, vials, strength or waste: vials x strength = dose + discarded. For example, 420MG IV "
    "4X125MG SDV WASTED 80MG is 500 = 420 + 80.",
)
def vials_and_dose_disagree(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """A reviewer multiplies vials by strength. If the product differs from the dose, one of the numbers is
    wrong, and contradicting information is a reason to reject the line."""
    message = _disagreement(line, ctx)
    if message:
        yield Hit(text_location(line, ctx), message, text_excerpt(line, ctx))


def _same_drug(one: str, other: str) -> bool:
    """Return whether two names are one drug: with and without its biosimilar suffix they are."""
    return one == other or one.startswith(other + "-") or other.startswith(one + "-")


def _contradicting_amounts(own: Narrative, note: Narrative) -> Iterator[str]:
    """Amounts that differ though they have the same role: given with given, discarded with discarded, drawn with
    given and discarded together."""
    roles = [("dose", own.dose, note.dose), ("discarded", own.discarded, note.discarded)]
    given, wasted, drawn = _in_base(own.dose or note.dose), _in_base(own.discarded or note.discarded), note.drawn
    for role, one, other in roles:
        first, second = _in_base(one), _in_base(other)
        if one and other and first and second and first[1] == second[1] and first[0] != second[0]:
            yield f"{role} {one.value} {one.unit} and {other.value} {other.unit}"
    whole = _in_base(drawn or own.drawn)
    if given and wasted and whole and given[1] == wasted[1] == whole[1]:
        together = _EXACT.add(given[0], wasted[0])
        if not _is_near(together, whole[0]):
            parts = f"{format_number(given[0])} given + {format_number(wasted[0])} discarded"
            yield f"{parts} and {format_number(whole[0])} {whole[1]} drawn"


def _contradictions(own: Narrative, note: Narrative, compare_ndc: bool) -> Iterator[str]:
    if own.matched and note.matched and not _same_drug(own.matched, note.matched):
        yield f"drug {excerpt(own.drug_name or '', 40)} and {excerpt(note.drug_name or '', 40)}"
    yield from _contradicting_amounts(own, note)
    if compare_ndc and own.ndc and note.ndc and own.ndc != note.ndc:
        yield f"NDC {own.ndc} and {note.ndc}"


@line_rule(
    "NAR11",
    "description-and-note-contradict",
    severity=WARN,
    claim_types=("P",),
    sources=("PAL",),
    confidence="verified",
    drug_only=True,
    where="SV101-7; 2400 and 2300 NTE02",
    status="A8:217",
    second_status="A8:586",
    remittance=("16", "M123"),
    summary="Description and note have different drugs, doses or NDCs.",
    fix="Compare both with the record and correct the wrong one, or delete the note: the description alone is "
    "enough.",
)
def description_and_note_contradict(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The payer reads both texts. If they disagree, it can't know which is true, and Medicare may reject the
    line."""
    notes = ctx.notes(line)
    if not notes:
        return
    own = ctx.description(line)
    compare_ndc = normalize(line.ndc) is None  # else NDC12 compares each text with LIN03
    for note in notes:
        narrative = ctx.read((note.text,))
        if own.compound or narrative.compound or narrative.premedication:
            continue
        wrong = "; ".join(_contradictions(own, narrative, compare_ndc))
        if wrong:
            message = f"Description and note (NTE*{excerpt(note.code, 3)}) differ: {wrong}"
            yield Hit(location_of(note.segment, 2), message, excerpt(note.text))
