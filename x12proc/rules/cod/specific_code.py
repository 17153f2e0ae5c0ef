"""COD01 to COD03, COD09: the drug has a HCPCS code of its own."""

from __future__ import annotations

from collections.abc import Iterator

from x12proc.claims.model import ServiceLine
from x12proc.findings import INFO, WARN, Hit
from x12proc.rules.base import Option, line_rule
from x12proc.rules.context import Context
from x12proc.rules.shared.specific_codes import (
    MOST_CODES_LISTED,
    OPPS_PAYERS,
    code_location,
    codes_for_route,
    codes_in_force,
    format_code,
    format_codes,
    format_drug,
    is_opps,
    opps_codes,
    specific_code_fix,
    specific_code_hit,
    specific_codes,
    stated_routes,
)
from x12proc.values import excerpt

_OPPS_BILLS = ("12", "13", "14")  # CLM05-1: inpatient Part B, outpatient, non-patient


@line_rule(
    "COD01",
    "specific-code-exists",
    severity=WARN,
    sources=("XWK", "FCSO", "FCSOA", "NOV", "X12C", "SEED"),
    confidence="verified",
    drug_only=True,
    status="A7:454",
    second_status="A7:218",
    remittance=("189", "N657"),
    where="SV101-2, SV202-2; 2410 LIN03, the text and DTP*472",
    suppressed_by=("COD08", "COD09", "DAT02"),
    needs=("codes", "drugs"),
    summary="The drug had its own code on the service date.",
    fix="Bill the drug's own code in its own units, for example HC:J2329 with 1 unit for each milligram given.",
)
def specific_code_exists(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """An unclassified code is for drugs without their own code. Medicare contractors reject or return a line
    whose drug had one on the service date; other payers deny or misprice it. If the table's start date isn't
    certain, the finding is only a warning or a remark."""
    codes = codes_in_force(line, ctx)
    if codes:
        yield specific_code_hit(line, ctx, codes)


@line_rule(
    "COD02",
    "specific-code-came-later",
    severity=INFO,
    sources=("XWK",),
    confidence="verified",
    drug_only=True,
    where="SV101-2, SV202-2; 2410 LIN03, the text and DTP*472",
    suppressed_by=("COD01", "COD03", "COD08", "COD09"),
    options={"enabled": Option(False, "true switches the rule on")},
    summary="The drug has its own code now, but had none on the service date.",
    fix="Keep the unclassified code on this line. Bill the drug's own code from its first day on.",
)
def specific_code_came_later(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The unclassified code was right on that day. A later correction of the claim must not use the new code,
    but later doses need it."""
    later = specific_codes(line, ctx).later
    if later:
        message = f"{format_drug(line, ctx)} had no code of its own yet: {format_codes(later)}"
        yield Hit(code_location(line), message, format_code(line))


@line_rule(
    "COD03",
    "opps-code-exists",
    severity=WARN,
    sources=("ANW", "VIS"),
    confidence="verified",
    drug_only=True,
    claim_types=("I",),
    status="A7:454",
    remittance=("189",),
    where="2400 SV202-2; CLM05-1, SBR09, DTP*472",
    suppressed_by=("DAT02",),
    options={"filing_indicators": OPPS_PAYERS},
    needs=("codes",),
    summary="A hospital outpatient claim bills an unclassified code for a drug that had a C code that day.",
    fix="Bill the C code in its own units. It applies to hospital outpatient claims until the drug gets a J code.",
)
def opps_code_exists(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """New drugs often get a temporary C code for hospital outpatient claims one or two quarters before their J
    code. Medicare pays the drug apart under the C code and packages the unclassified one."""
    codes = codes_for_route(opps_codes(line, ctx).in_force, line, ctx)
    if codes and is_opps(ctx, "COD03", _OPPS_BILLS) and not specific_codes(line, ctx).in_force:
        message = f"{format_drug(line, ctx)} had a code for hospital outpatient claims: {format_codes(codes)}"
        fix = specific_code_fix(line, ctx, codes)
        sure = None if codes[0].date_confidence == "verified" else WARN
        yield Hit(code_location(line), message, format_code(line), sure, fix)


@line_rule(
    "COD09",
    "own-code-is-for-another-route",
    severity=INFO,
    sources=("FCSOA", "BB"),
    confidence="verified",
    drug_only=True,
    where="SV101-2, SV202-2; the text, JA and JB",
    summary="The drug has its own code, but for another route than the one on the line.",
    fix="Keep the unclassified code if the route is right. If the drug was given by the code's route, correct "
    "the route and bill that code.",
)
def own_code_is_for_another_route(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Some codes are for one route only. The same drug given another way has no code of its own, and the
    unclassified code can be right."""
    codes = specific_codes(line, ctx).in_force
    if codes and not codes_for_route(codes, line, ctx):
        bound = ", ".join(f"{code.code} is for {code.route}" for code in codes[:MOST_CODES_LISTED])
        stated = ", ".join(sorted(stated_routes(line, ctx)))
        message = f"{format_drug(line, ctx)}: {bound}, but the line says {stated}"
        yield Hit(code_location(line), excerpt(message, 200), format_code(line))
