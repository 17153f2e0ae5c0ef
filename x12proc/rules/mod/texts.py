"""MOD13, MOD14: modifiers that the text contradicts or requires."""

from __future__ import annotations

import re
from collections.abc import Iterator

from x12proc.claims.model import ServiceLine, location_of
from x12proc.findings import WARN, Hit
from x12proc.rules.base import Option, line_rule
from x12proc.rules.context import Context
from x12proc.rules.shared.corrected_segments import with_modifier
from x12proc.rules.shared.positions import procedure_element
from x12proc.rules.shared.texts import text_excerpt, text_location, undenied_match
from x12proc.rules.shared.waste_lines import is_waste_line

_SIDES = {"RT": "right", "LT": "left"}
_DISCOUNTED = re.compile(
    r"\b340B\b(?![:=] ?NO?\b|[ -](?:INELIGIBLE|EXCLUDED|CARVED?[ -]OUT)\b)",
    re.IGNORECASE,
)
_FIRST, _LAST = 3, 6  # components of the modifiers


@line_rule(
    "MOD13",
    "side-contradicts-modifier",
    severity=WARN,
    sources=("HCPCSM", "PAL"),
    confidence="proposed",
    drug_only=True,
    status="A8:453",
    remittance=("4", "N823"),
    where="2400 SV101-3 to SV101-6 / SV202-3 to SV202-6; SV101-7, SV202-7, NTE02",
    suppressed_by=("NAR02",),
    summary="The side of the body in the text differs from modifier RT or LT.",
    fix="Compare both with the record: RT is the right side (OD), LT the left side (OS). Correct the text or the "
    "modifier, and a diagnosis that names a side.",
)
def side_contradicts_modifier(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Text, modifier and diagnosis describe one injection. If the sides differ, the payer can't see which eye
    was treated, and may reject the line for contradicting information."""
    sides = _SIDES.keys() & set(line.modifiers_sent)
    named = ctx.narrative(line).laterality
    if named is not None and sides == _SIDES.keys() - {named}:
        (given,) = sides
        message = f"The text names the {_SIDES[named]} side, but modifier {given} is the {_SIDES[given]} side"
        yield Hit(text_location(line, ctx), message, text_excerpt(line, ctx))


@line_rule(
    "MOD14",
    "discount-modifier-missing",
    severity=WARN,
    sources=("MASS", "NCB"),
    confidence="verified",
    drug_only=True,
    status="A6:453",
    remittance=("16", "N822"),
    where="2400 SV101-3 to SV101-6 / SV202-3 to SV202-6; SV101-7, SV202-7, NTE02",
    options={"modifier": Option("", "the modifier that marks stock bought under 340B; empty: the rule is silent")},
    summary="The text says that the drug was bought under 340B, but the payer's modifier is missing.",
    fix="Add the payer's modifier for 340B stock to the drug line.",
)
def discount_modifier_missing(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """States claim a rebate from the maker for every drug they pay, except for stock already discounted under
    340B. Only the modifier reaches the rebate file; words don't."""
    wanted = str(ctx.option("MOD14", "modifier"))
    if not wanted or wanted in line.modifiers_sent or is_waste_line(line):
        return
    if any(undenied_match(_DISCOUNTED, text) for _, text in ctx.texts(line)):
        location = location_of(line.sv_or_lx, procedure_element(line), min(_FIRST + len(line.modifiers), _LAST))
        message = f"The text says 340B, but modifier {wanted} is missing"
        added = with_modifier(line, wanted)
        fix = f"Send the drug line with {added}." if wanted in added.split(":") else None
        yield Hit(location, message, fix=fix)
