"""NAR16: discarded drug stated in the text only."""

from __future__ import annotations

from collections.abc import Iterator

from x12proc.claims.model import ServiceLine
from x12proc.findings import WARN, Hit
from x12proc.rules.base import line_rule
from x12proc.rules.context import Context
from x12proc.rules.shared.corrected_segments import with_modifier
from x12proc.rules.shared.texts import text_excerpt, text_location
from x12proc.rules.shared.waste_lines import (
    MULTIPLE_DOSE,
    WASTE_MODIFIERS,
    container_type,
    discarded_amount,
    is_exempt_from_waste_modifiers,
    may_have_waste_line,
)
from x12proc.values import excerpt


@line_rule(
    "NAR16",
    "waste-in-text-only",
    severity=WARN,
    sources=("NORJW", "FCJW"),
    confidence="proposed",
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
    narrative = ctx.narrative(line)
    amount = discarded_amount(narrative)
    if amount is None or amount <= 0 or narrative.discarded is None or is_exempt_from_waste_modifiers(line, ctx):
        return
    if WASTE_MODIFIERS.intersection(line.modifiers_sent) or may_have_waste_line(line, ctx):
        return
    if container_type(line, ctx) != MULTIPLE_DOSE:
        words = f"{excerpt(narrative.discarded.value, 40)} {narrative.discarded.unit}"
        message = f"The text has {words} discarded, but no line bills it with modifier JW"
        fix = f"Add a line with {with_modifier(line, 'JW')} for {words}, same NDC and date. "
        fix += f"If nothing was discarded, delete the waste from the text and send {with_modifier(line, 'JZ')}."
        yield Hit(text_location(line, ctx), message, text_excerpt(line, ctx), fix=fix)
