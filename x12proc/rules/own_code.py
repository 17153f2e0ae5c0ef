"""The drug has a code of its own: on the service date, later, for hospitals, or for another route."""

from __future__ import annotations

from collections.abc import Iterator

from x12proc.claims.model import ServiceLine
from x12proc.findings import INFO, WARN, Hit
from x12proc.rules.base import Option, line_rule
from x12proc.rules.context import Context
from x12proc.rules.drug_code import (
    MEDICARE,
    MOST_SHOWN,
    code_billed,
    code_place,
    codes_due,
    codes_shown,
    drug_shown,
    fitting,
    is_opps,
    own_code_hit,
    own_codes,
    stated_routes,
)
from x12proc.values import shorten

_OPPS_BILLS = ("12", "13", "14")  # CLM05-1: inpatient Part B, outpatient, non-patient


@line_rule(
    "COD01",
    "specific-code-exists",
    severity=WARN,
    sources=("XWK", "FCSO", "FCSOA", "NOV", "X12C", "SEED"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    status="A7:454",
    second_status="A7:218",
    remittance=("189", "N657"),
    where="SV101-2, SV202-2; 2410 LIN03, the text and DTP*472",
    suppressed_by=("COD08", "COD09", "DAT02"),
    summary="The drug had a code of its own on the service date.",
    fix="Bill the drug's own code in its own units, e.g. HC:J2329 with 1 unit for each milligram given.",
)
def specific_code_exists(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """An unclassified code is for drugs that have none of their own. Medicare contractors reject or return a line
    whose drug had one on the service date; other payers deny it or price it wrongly. Where the tables don't know
    for sure since when a code holds, the rule speaks more softly."""
    codes = codes_due(line, ctx)
    if codes:
        yield own_code_hit(line, ctx, codes)


@line_rule(
    "COD02",
    "specific-code-came-later",
    severity=INFO,
    sources=("XWK",),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    where="SV101-2, SV202-2; 2410 LIN03, the text and DTP*472",
    suppressed_by=("COD01", "COD03", "COD08", "COD09"),
    options={"tell": Option(False, "whether the rule speaks at all")},
    summary="The drug has a code of its own by now, but had none on the service date.",
    fix="Leave the unclassified code. Bill the drug's own code for service dates from its first day on.",
)
def specific_code_came_later(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The unclassified code was right on that day. Whoever corrects or resends the claim later should not put the
    new code on it, and later doses need it."""
    later = own_codes(line, ctx).later
    if later:
        message = f"{drug_shown(line, ctx)} has a code of its own only from later on: {codes_shown(later)}"
        yield Hit(code_place(line), message, code_billed(line))


@line_rule(
    "COD03",
    "opps-code-exists",
    severity=WARN,
    sources=("ANW", "VIS"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    applies="I",
    status="A7:454",
    remittance=("189",),
    where="2400 SV202-2; CLM05-1, SBR09, DTP*472",
    suppressed_by=("DAT02",),
    options={"filing_indicators": MEDICARE},
    summary="A hospital outpatient claim bills an unclassified code for a drug that had a C code that day.",
    fix="Bill the C code in its own units; it holds for hospital outpatient claims until the drug gets a J code.",
)
def opps_code_exists(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """New drugs often get a temporary C code for hospital outpatient claims a quarter or two before their J code.
    Medicare pays the drug apart under the C code and refuses or packages the unclassified one."""
    codes = fitting(own_codes(line, ctx, opps=True).in_force, line, ctx)
    if codes and is_opps(ctx, "COD03", _OPPS_BILLS) and not own_codes(line, ctx).in_force:
        shown = codes_shown(codes)
        message = f"{drug_shown(line, ctx)} had a code for hospital outpatient claims: {shown}"
        fix = f"Bill {shown} (edition {codes[0].edition})."
        sure = None if codes[0].date_confidence == "verified" else WARN
        yield Hit(code_place(line), message, code_billed(line), sure, fix)


@line_rule(
    "COD09",
    "own-code-is-for-another-route",
    severity=INFO,
    sources=("FCSOA", "BB"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    where="SV101-2, SV202-2; the text, JA and JB",
    summary="The drug has a code of its own, but for another route than the one stated.",
    fix="Keep the unclassified code if the route is right; if the drug was given by the code's route, correct the "
    "route and bill that code.",
)
def own_code_is_for_another_route(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Some codes say in their text that they are for one route only. The same drug given another way has no code
    of its own, and the unclassified code can be right."""
    codes = own_codes(line, ctx).in_force
    if codes and not fitting(codes, line, ctx):
        bound = ", ".join(f"{code.code} is for {code.route}" for code in codes[:MOST_SHOWN])
        stated = ", ".join(sorted(stated_routes(line, ctx)))
        message = f"{drug_shown(line, ctx)}: {bound}; the route stated is {stated}"
        yield Hit(code_place(line), shorten(message, 200), code_billed(line))
