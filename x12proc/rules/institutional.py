"""What only hospital claims have: revenue codes, and service dates that depend on the type of bill."""

from __future__ import annotations

from collections.abc import Iterator

from x12proc.claims.model import Claim, ServiceLine, at, days, missing
from x12proc.findings import REJECT, WARN, Hit
from x12proc.rules.base import Option, claim_rule, line_rule
from x12proc.rules.context import Context
from x12proc.rules.narrative import kinds_of_drug, named_drug
from x12proc.rules.paste import changed
from x12proc.rules.product import listed_product
from x12proc.values import excerpt

_DETAILED_DRUGS = "0636"
# FDA-approved cell (0891) and gene therapy (0892): NUBC made them for products that are processed for one patient.
SPECIALLY_PROCESSED = frozenset(("0891", "0892"))
_CELL_OR_GENE_THERAPY = frozenset(("cell-therapy", "gene-therapy"))
# Facility types (CLM05-1) of stays: hospital inpatient, hospital swing bed, skilled nursing inpatient, nursing
# swing bed, religious institution, intermediate care, residential facility. They are billed by the statement
# dates of the stay; a date on each line is required of outpatient claims. 12 and 22 are Part B bills for
# inpatients and are billed like outpatient claims, day by day.
_BILLED_BY_STAY = ("11", "18", "21", "28", "41", "65", "66", "86")
_REVENUE_CODE_LENGTH = 4


@line_rule(
    "INS01",
    "drug-under-other-revenue-code",
    severity=WARN,
    sources=("PALC", "NDCGT", "X12C"),
    confidence="V",
    since="0.1.0",
    drug_only=True,
    applies="I",
    status="A8:455",
    second_status="A8:454",
    remittance=("199",),
    where="2400 SV201",
    summary="The drug is billed under another revenue code than 0636, drugs requiring detailed coding.",
    fix="Bill the line under revenue code 0636, for example SV2*0636*HC:J3590:JZ::::BRIUMVI 450MG IV*9000*UN*1~. "
    "0891 is for cell therapies, 0892 for gene therapies.",
    suppressed_by=("INS09",),
    options={"revenue_codes": Option((_DETAILED_DRUGS,), "Revenue codes under which the payer accepts the drug.")},
)
def drug_under_other_revenue_code(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """A drug with a HCPCS code belongs under 0636. Under general pharmacy codes payers ignore the code, or
    answer that revenue code and procedure do not match. Cell therapies (0891) and gene therapies (0892) have
    revenue codes of their own."""
    allowed = ctx.option("INS01", "revenue_codes")
    assert isinstance(allowed, tuple)
    code = line.revenue_code
    if code in SPECIALLY_PROCESSED and _may_be_cell_or_gene_therapy(line, ctx):
        return
    if code not in allowed and _is_revenue_code(code):
        message = f"The drug is billed under revenue code {code}, not {' or '.join(allowed)}"
        corrected = changed(line.head, ctx.claim.delimiters, {1: allowed[0]}) if allowed else ""
        yield Hit(at(line.head, 1), message, code, fix=f"Send {corrected}" if corrected else None)


def _may_be_cell_or_gene_therapy(line: ServiceLine, ctx: Context) -> bool:
    """Whether the tables class the drug so, or don't know it at all."""
    is_known = listed_product(line, ctx) is not None or named_drug(line, ctx) is not None
    return not is_known or not _CELL_OR_GENE_THERAPY.isdisjoint(kinds_of_drug(line, ctx))


@claim_rule(
    "INS02",
    "detailed-drug-without-procedure",
    severity=REJECT,
    sources=("MEM", "PALC"),
    confidence="P",
    since="0.1.0",
    applies="I",
    status="A6:507",
    remittance=("16", "M20"),
    where="2400 SV202",
    summary="A line with revenue code 0636 has no procedure code.",
    fix="Add the drug's HCPCS code and its units, for example SV2*0636*HC:J1745*9000*UN*40~. Bill drugs that "
    "need no code under 0250.",
)
def detailed_drug_without_procedure(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """0636 means drugs that need detailed coding. Without a code nobody knows which drug it is, and the claim
    is returned."""
    for line in claim.lines:
        if line.revenue_code == _DETAILED_DRUGS and not line.procedure.strip():
            message = f"Line {excerpt(line.number)} has revenue code 0636, but no procedure code (SV202)"
            yield Hit(at(line.head, 2), message)


@line_rule(
    "INS03",
    "outpatient-line-without-date",
    severity=REJECT,
    sources=("PYX",),
    confidence="P",
    since="0.1.0",
    applies="I",
    status="A6:187",
    remittance=("16", "M52"),
    where="2400 DTP*472, DTP03",
    summary="A line of an outpatient claim has no service date.",
    fix="Add the day the drug was given to the line, for example DTP*472*D8*20231213~.",
)
def outpatient_line_without_date(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """An outpatient claim may cover many days. Prices, coverage and the drug's own code depend on the day, so
    the guide requires it on every line."""
    facility = ctx.claim.facility_code
    if line.service_date is None and facility and not facility.startswith(_BILLED_BY_STAY):
        message = f"The line has no service date (DTP*472), but bill type {excerpt(facility)}x is outpatient"
        covered = days(ctx.claim.statement)
        fix = f"If the drug was given on {covered[0]}, add DTP*472*D8*{covered[0]:%Y%m%d}~" if covered else None
        yield Hit(missing(line.head, "2400", "DTP03"), message, fix=fix)


@line_rule(
    "INS09",
    "revenue-code-malformed",
    severity=REJECT,
    sources=("STN3",),
    confidence="V",
    since="0.1.0",
    drug_only=True,
    applies="I",
    status="A7:455",
    remittance=("16", "M50"),
    where="2400 SV201",
    summary="The revenue code is not four digits, the first of them 0 to 3.",
    fix="Send all four digits of the revenue code: 0636 for a drug with a HCPCS code.",
)
def revenue_code_malformed(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Revenue codes have four digits and begin with 0 to 3. Paper habits drop the leading zero; clearinghouses
    refuse such claims before the payer sees them."""
    code = line.revenue_code
    if _is_revenue_code(code):
        return
    padded = f"0{code}"
    usable = len(code) == 3 and _is_revenue_code(padded)
    corrected = changed(line.head, ctx.claim.delimiters, {1: padded}) if usable else ""
    fix = f"Send {corrected}" if corrected else None
    shown = excerpt(code)
    message = f"SV201 is {shown or 'empty'}, not four digits beginning with 0 to 3"
    yield Hit(at(line.head, 1), message, shown or None, fix=fix)


def _is_revenue_code(code: str) -> bool:
    return len(code) == _REVENUE_CODE_LENGTH and code.isascii() and code.isdigit() and code[0] in "0123"
