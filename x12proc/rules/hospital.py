"""What Medicare and others expect of drugs on hospital claims: stays, remarks, C9399."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from x12proc.claims.model import Claim, ServiceLine, at, missing
from x12proc.findings import INFO, WARN, Hit
from x12proc.narrative import Narrative
from x12proc.rules.base import Option, claim_rule, line_rule
from x12proc.rules.context import Context
from x12proc.rules.institutional import SPECIALLY_PROCESSED
from x12proc.rules.modifier import procedure_element
from x12proc.values import parse_quantity, shorten
from x12proc.wire.segment import Segment

_STAYS = ("11", "18")  # hospital inpatient, swing bed
_OUTPATIENT = "13"
_MEDICARE_HOSPITAL = ("MA",)
_PRICED_AS_ONE_UNIT = "C9399"
_WASTED, _NOT_COVERED = "JW", "GY"
_SELF_ADMINISTERED = "0637"
_REMARKS = "ADD"
_BEHIND_NOTES = frozenset(("CR1", "CR2", "CRC", "HI", "HCP"))


@claim_rule(
    "INS04",
    "drug-line-on-inpatient-bill",
    severity=INFO,
    sources=("MEM",),
    confidence="M",
    since="0.1.0",
    applies="I",
    remittance=("97",),
    where="2300 CLM05-1; 2400 SV202-2",
    summary="An unclassified drug is billed line by line on the bill of an inpatient stay.",
    fix="Check the type of bill. When it was a stay, bill the drug under its revenue code without a procedure "
    "code, unless the contract pays drugs apart.",
)
def drug_line_on_inpatient_bill(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Most payers pay a stay as a whole, drugs included; the procedure code of a drug is then not read. On the
    other hand a stay's type of bill is sometimes taken for an outpatient infusion by mistake."""
    facility = claim.facility_code
    if facility.startswith(_STAYS):
        code = shorten(ctx.targets[0].procedure.upper(), 10)
        message = f"The bill type begins with {shorten(facility, 10)}, an inpatient stay, and a line bills {code}"
        yield Hit(at(claim.clm, 5, 1), message, shorten(facility))


@claim_rule(
    "INS05",
    "remarks-incomplete",
    severity=WARN,
    sources=("NGS", "PALC", "VIS", "PALN"),
    confidence="V",
    since="0.1.0",
    applies="I",
    status="A6:704",
    second_status="A6:217",
    remittance=("16", "N350", "M123"),
    where="2300 NTE*ADD, NTE02",
    suppressed_by=("COD01", "COD03"),
    options={"filing_indicators": Option(_MEDICARE_HOSPITAL, "the payers (SBR09) that price from the remarks")},
    summary="The remarks of a Medicare hospital outpatient claim don't identify the unclassified drug.",
    fix="Give name, NDC, route, date and total dose in the claim's note: "
    "NTE*ADD*BRIUMVI NDC 73150-0150-06 IV 06/01/23 450MG.",
)
def remarks_incomplete(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Medicare's hospital contractors price a drug without a code of its own from the remarks, by hand. What is
    not there they don't look for elsewhere: the claim is returned or the line is not paid. A drug under study and
    a cell or gene therapy under a revenue code of its own are not priced that way."""
    payers = ctx.option("INS05", "filing_indicators")
    assert isinstance(payers, tuple)
    if claim.filing_indicator not in payers or not claim.facility_code.startswith(_OUTPATIENT):
        return
    if not any(_is_priced_from_remarks(line, ctx) for line in ctx.targets):
        return
    notes = [note for note in claim.notes if note.code == _REMARKS and note.text.strip()]
    if not notes:
        message = "There are no remarks (NTE*ADD) with the drug's name, NDC, route, date and dose"
        yield Hit(missing(_before_note(claim), "2300", "NTE02"), message)
        return
    absent = _absent(ctx.read(tuple(note.text for note in notes)))
    if absent:
        message = f"The remarks (NTE*ADD) don't give {', '.join(absent)}"
        yield Hit(at(notes[0].segment, 2), message, shorten(notes[0].text))


def _is_priced_from_remarks(line: ServiceLine, ctx: Context) -> bool:
    return line.revenue_code not in SPECIALLY_PROCESSED and not ctx.investigational(line)


def _absent(said: Narrative) -> list[str]:
    facts = {
        "the drug's name": said.drug_name,
        "its NDC": said.ndc_text,
        "the route": said.route,
        "the date": said.dates,
        "the total dose": said.dose,
    }
    return [name for name, fact in facts.items() if not fact]


def _before_note(claim: Claim) -> Segment:
    """The segment of loop 2300 behind which a further NTE belongs."""
    own = (segment for segment in claim.segments if segment.loop == "2300")
    return list(takewhile(lambda segment: segment.tag not in _BEHIND_NOTES, own))[-1]


@line_rule(
    "INS07",
    "self-administered-drug-not-marked",
    severity=INFO,
    sources=("MEM",),
    confidence="M",
    since="0.1.0",
    applies="I",
    remittance=("96",),
    where="2400 SV201, SV207, SV202-3 to SV202-6",
    options={"tell": Option(False, "say so when a drug under revenue code 0637 isn't marked as not covered")},
    summary="A self-administered drug (revenue code 0637) is not marked as not covered.",
    fix="Put the charge into SV207 as well and add modifier GY, or bill the drug under 0636 when it was given by "
    "staff.",
)
def self_administered_drug_not_marked(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Medicare doesn't cover what patients usually give themselves. Marked as not covered, the charge goes to the
    patient without a denial that has to be appealed."""
    if line.service is None or line.revenue_code != _SELF_ADMINISTERED:
        return
    not_covered = parse_quantity(line.service.element(7))
    if _NOT_COVERED in line.given_modifiers and not_covered is not None and not_covered > 0:
        return
    yield Hit(at(line.service, 7), "Revenue code 0637 without modifier GY and a non-covered charge in SV207")


@line_rule(
    "INS08",
    "c9399-with-waste-line",
    severity=INFO,
    sources=("PALW", "VIS", "VISW"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    applies="I",
    status="A7:453",
    second_status="A7:476",
    remittance=("16", "N823"),
    where="2400 SV202-3 to SV202-6",
    options={"wanted": Option(False, "the payer wants the discarded part of C9399 on a line with JW")},
    summary="C9399 is billed with modifier JW for the discarded part.",
    fix="Ask the payer how it takes the discarded part of C9399: on a second line with JW (Palmetto GBA), or on "
    "one line for all that was used, with the discarded amount in the remarks (NTE*ADD).",
)
def c9399_with_waste_line(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """C9399 is one unit and is priced by the remarks. One contractor demands JW for what was discarded; others say
    nothing, and guides for hospitals advise one line for the whole."""
    if ctx.option("INS08", "wanted"):
        return
    if line.procedure.upper() == _PRICED_AS_ONE_UNIT and _WASTED in line.given_modifiers and line.service:
        position = [code.upper() for code in line.modifiers].index(_WASTED)
        place = at(line.service, procedure_element(line), 3 + position)
        yield Hit(place, "JW on C9399: not every payer takes the discarded part on a line of its own", _WASTED)
