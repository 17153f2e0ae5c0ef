"""INS01 to INS05, INS07 to INS09: institutional claims (837I)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from x12proc.claims.model import Claim, ServiceLine, location_of, missing_location, period_days
from x12proc.findings import INFO, REJECT, WARN, Hit
from x12proc.narrative import Narrative
from x12proc.reference.ndc import normalize
from x12proc.rules.base import Option, claim_rule, line_rule
from x12proc.rules.context import Context
from x12proc.rules.shared.corrected_segments import (
    changed_segment,
    changed_service,
    procedure_composite,
    segment_text,
)
from x12proc.rules.shared.guide_errors import SAME_ELEMENT
from x12proc.rules.shared.listed_product import listed_product
from x12proc.rules.shared.positions import procedure_element
from x12proc.rules.shared.specific_codes import is_token_charge
from x12proc.rules.shared.texts import FIELD_LENGTH, kinds_of_drug, named_drug
from x12proc.rules.shared.waste_lines import WASTED
from x12proc.values import excerpt, parse_quantity
from x12proc.wire.segment import Segment

_STAYS = ("11", "18")  # hospital inpatient, swing bed
_OUTPATIENT = "13"
_MEDICARE_HOSPITAL = ("MA",)
_PRICED_AS_ONE_UNIT = "C9399"
_NOT_COVERED = "GY"
_SELF_ADMINISTERED = "0637"
_REMARKS = "ADD"
_BEHIND_NOTES = frozenset(("CR1", "CR2", "CRC", "HI", "HCP"))
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


@claim_rule(
    "INS04",
    "drug-line-on-inpatient-bill",
    severity=INFO,
    sources=("MEM",),
    confidence="field",
    claim_types=("I",),
    remittance=("97",),
    where="2300 CLM05-1; 2400 SV202-2",
    summary="An unclassified drug has its own code on the bill of an inpatient stay.",
    fix="Check the bill type. If it was a stay, bill the drug under its revenue code without a procedure code, "
    "unless the contract pays drugs apart.",
)
def drug_line_on_inpatient_bill(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Most payers pay a stay as a whole, drugs included, and ignore the drug's procedure code. Sometimes an
    outpatient infusion has a stay's bill type by mistake."""
    facility = claim.facility_code
    if facility.startswith(_STAYS):
        code = excerpt(ctx.targets[0].procedure.upper(), 10)
        message = f"The bill type is {excerpt(facility, 10)}x, an inpatient stay, but a line bills {code}"
        yield Hit(location_of(claim.clm, 5, 1), message, excerpt(facility))


@claim_rule(
    "INS05",
    "remarks-incomplete",
    severity=WARN,
    sources=("NGS", "PALC", "VIS", "PALN"),
    confidence="verified",
    claim_types=("I",),
    status="A6:704",
    second_status="A6:217",
    remittance=("16", "N350", "M123"),
    where="2300 NTE*ADD, NTE02",
    suppressed_by=("COD01", "COD03"),
    options={"filing_indicators": Option(_MEDICARE_HOSPITAL, "the payers (SBR09) that price from the remarks")},
    summary="The remarks of a Medicare hospital outpatient claim don't identify the unclassified drug.",
    fix="Write name, NDC, route, date and total dose in the claim note, for example NTE*ADD*BRIUMVI NDC "
    "73150-0150-06 IV 06/01/23 450MG~.",
)
def remarks_incomplete(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Medicare's hospital contractors price a drug without its own code by hand, from the remarks alone. If a
    fact is missing there, the claim is returned or the line is not paid. They don't price a study drug that way,
    nor a cell or gene therapy under its own revenue code, nor a free drug."""
    payers = ctx.option("INS05", "filing_indicators")
    assert isinstance(payers, tuple)
    if claim.filing_indicator not in payers or not claim.facility_code.startswith(_OUTPATIENT):
        return
    if not any(_is_priced_from_remarks(line, ctx) for line in ctx.targets):
        return
    notes = [note for note in claim.notes if note.code == _REMARKS and note.text.strip()]
    if not notes:
        message = "The claim has no remarks (NTE*ADD) with the drug's name, NDC, route, date and dose"
        yield Hit(missing_location(_before_note(claim), "2300", "NTE02"), message, fix=_remarks_fix(ctx))
        return
    absent = _absent(ctx.read(tuple(note.text for note in notes)))
    if absent:
        message = f"The remarks (NTE*ADD) lack {', '.join(absent)}"
        yield Hit(location_of(notes[0].segment, 2), message, excerpt(notes[0].text), fix=_remarks_fix(ctx))


def _remarks_fix(ctx: Context) -> str | None:
    """Return the remarks that the claim's only drug line gives; None where it lacks a fact, too."""
    line = ctx.targets[0]
    narrative, ndc = ctx.narrative(line), normalize(line.ndc)
    if len(ctx.targets) > 1 or not (
        narrative.drug_name and ndc and narrative.route and line.service_days and narrative.dose
    ):
        return None
    number = f"{ndc[:5]}-{ndc[5:9]}-{ndc[9:]}"
    day, dose = f"{line.service_days[0]:%m/%d/%y}", f"{narrative.dose.value}{narrative.dose.unit}"
    text = f"{narrative.drug_name.upper()} NDC {number} {narrative.route} {day} {dose}"
    note = segment_text("NTE", _REMARKS, text) if len(text) <= FIELD_LENGTH else ""
    return f"Send in loop 2300: {note}" if note else None


def _is_priced_from_remarks(line: ServiceLine, ctx: Context) -> bool:
    processed_otherwise = line.revenue_code in SPECIALLY_PROCESSED or ctx.investigational(line)
    return not processed_otherwise and not is_token_charge(line)


def _absent(narrative: Narrative) -> list[str]:
    facts = {
        "the drug's name": narrative.drug_name,
        "its NDC": narrative.ndc_text,
        "the route": narrative.route,
        "the date": narrative.dates,
        "the total dose": narrative.dose,
    }
    return [name for name, fact in facts.items() if not fact]


def _before_note(claim: Claim) -> Segment:
    """Return the segment of loop 2300 after which a further NTE belongs."""
    own = (segment for segment in claim.segments if segment.loop == "2300")
    return list(takewhile(lambda segment: segment.tag not in _BEHIND_NOTES, own))[-1]


@line_rule(
    "INS07",
    "self-administered-drug-not-marked",
    severity=INFO,
    sources=("MEM",),
    confidence="field",
    claim_types=("I",),
    remittance=("96",),
    where="2400 SV201, SV207, SV202-3 to SV202-6",
    options={"enabled": Option(False, "report a drug under revenue code 0637 that isn't marked as not covered")},
    summary="A self-administered drug (revenue code 0637) is not marked as not covered.",
    fix="Repeat the charge in SV207 and add modifier GY. If staff gave the drug, bill it under 0636.",
)
def self_administered_drug_not_marked(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Medicare doesn't cover what patients usually give themselves. A charge marked as not covered goes to the
    patient without a denial and an appeal."""
    if line.service is None or line.revenue_code != _SELF_ADMINISTERED:
        return
    not_covered = parse_quantity(line.service.element(7))
    if _NOT_COVERED in line.modifiers_sent and not_covered is not None and not_covered > 0:
        return
    lacking = [] if _NOT_COVERED in line.modifiers_sent else ["modifier GY"]
    lacking += [] if not_covered is not None and not_covered > 0 else ["a non-covered charge (SV207)"]
    modifiers = dict.fromkeys([*line.modifiers_sent, _NOT_COVERED])
    corrected = changed_service(
        line, ctx.claim.delimiters, procedure_composite(line, modifiers=modifiers), {7: line.charge}
    )
    fix = f"Send {corrected}. If staff gave the drug, bill it under 0636." if corrected else None
    yield Hit(location_of(line.service, 7), f"Revenue code 0637 lacks {' and '.join(lacking)}", fix=fix)


@line_rule(
    "INS08",
    "c9399-with-waste-line",
    severity=INFO,
    sources=("PALW", "VIS", "VISW"),
    confidence="verified",
    drug_only=True,
    claim_types=("I",),
    status="A7:453",
    second_status="A7:476",
    remittance=("16", "N823"),
    where="2400 SV202-3 to SV202-6",
    options={"wanted": Option(False, "the payer wants the discarded part of C9399 on a line with JW")},
    summary="C9399 has modifier JW for the discarded part.",
    fix="Ask the payer about the discarded part of C9399. Palmetto GBA wants a second line with JW; other payers "
    "want it in the remarks (NTE*ADD) of one line.",
)
def c9399_with_waste_line(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """C9399 is one unit and is priced from the remarks. One contractor requires JW for the discarded part. Others
    publish no rule, and guides for hospitals advise one line for all of it."""
    if ctx.option("INS08", "wanted"):
        return
    if line.procedure.upper() == _PRICED_AS_ONE_UNIT and WASTED in line.modifiers_sent and line.service:
        position = [code.upper() for code in line.modifiers].index(WASTED)
        location = location_of(line.service, procedure_element(line), 3 + position)
        yield Hit(location, "C9399 has JW, but not every payer accepts the discarded part on its own line", WASTED)


@line_rule(
    "INS01",
    "drug-under-other-revenue-code",
    severity=WARN,
    sources=("PALC", "NDCGT", "X12C"),
    confidence="verified",
    drug_only=True,
    claim_types=("I",),
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
        corrected = changed_segment(line.sv_or_lx, ctx.claim.delimiters, {1: allowed[0]}) if allowed else ""
        yield Hit(location_of(line.sv_or_lx, 1), message, code, fix=f"Send {corrected}" if corrected else None)


def _may_be_cell_or_gene_therapy(line: ServiceLine, ctx: Context) -> bool:
    """Return whether the tables class the drug so, or don't know it at all."""
    is_known = listed_product(line, ctx) is not None or named_drug(line, ctx) is not None
    return not is_known or not _CELL_OR_GENE_THERAPY.isdisjoint(kinds_of_drug(line, ctx))


@claim_rule(
    "INS02",
    "detailed-drug-without-procedure",
    severity=REJECT,
    sources=("MEM", "PALC"),
    confidence="proposed",
    claim_types=("I",),
    status="A6:507",
    remittance=("16", "M20"),
    where="2400 SV202",
    same_as_guide=((SAME_ELEMENT, "1"),),
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
            yield Hit(location_of(line.sv_or_lx, 2), message)


@line_rule(
    "INS03",
    "outpatient-line-without-date",
    severity=REJECT,
    sources=("PYX",),
    confidence="proposed",
    claim_types=("I",),
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
    if line.service_period is None and facility and not facility.startswith(_BILLED_BY_STAY):
        message = f"The line has no service date (DTP*472), but bill type {excerpt(facility)}x is outpatient"
        covered = period_days(ctx.claim.statement_period)
        fix = f"If the drug was given on {covered[0]}, add DTP*472*D8*{covered[0]:%Y%m%d}~" if covered else None
        yield Hit(missing_location(line.sv_or_lx, "2400", "DTP03"), message, fix=fix)


@line_rule(
    "INS09",
    "revenue-code-malformed",
    severity=REJECT,
    sources=("STN3",),
    confidence="verified",
    drug_only=True,
    claim_types=("I",),
    status="A7:455",
    remittance=("16", "M50"),
    where="2400 SV201",
    same_as_guide=((SAME_ELEMENT, "1 6"),),
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
    corrected = changed_segment(line.sv_or_lx, ctx.claim.delimiters, {1: padded}) if usable else ""
    fix = f"Send {corrected}" if corrected else None
    shown = excerpt(code)
    message = f"SV201 is {shown or 'empty'}, not four digits beginning with 0 to 3"
    yield Hit(location_of(line.sv_or_lx, 1), message, shown or None, fix=fix)


def _is_revenue_code(code: str) -> bool:
    return len(code) == _REVENUE_CODE_LENGTH and code.isascii() and code.isdigit() and code[0] in "0123"
