"""What Medicare and others expect of drugs on hospital claims: stays, remarks, C9399."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from x12proc.claims.model import Claim, ServiceLine, at, missing
from x12proc.findings import INFO, WARN, Hit
from x12proc.narrative import Narrative
from x12proc.reference.ndc import normalise
from x12proc.rules.base import Option, claim_rule, line_rule
from x12proc.rules.context import Context
from x12proc.rules.drug_code import is_token_charge
from x12proc.rules.institutional import SPECIALLY_PROCESSED
from x12proc.rules.modifier import procedure_element
from x12proc.rules.narrative import FIELD_LENGTH
from x12proc.rules.paste import pasted, procedure, service
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
    summary="An unclassified drug has its own code on the bill of an inpatient stay.",
    fix="Check the bill type. If it was a stay, bill the drug under its revenue code without a procedure code, "
    "unless the contract pays drugs apart.",
)
def drug_line_on_inpatient_bill(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Most payers pay a stay as a whole, drugs included, and ignore the drug's procedure code. Sometimes an
    outpatient infusion has a stay's bill type by mistake."""
    facility = claim.facility_code
    if facility.startswith(_STAYS):
        code = shorten(ctx.targets[0].procedure.upper(), 10)
        message = f"The bill type is {shorten(facility, 10)}x, an inpatient stay, but a line bills {code}"
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
        yield Hit(missing(_before_note(claim), "2300", "NTE02"), message, fix=_remarks_fix(ctx))
        return
    absent = _absent(ctx.read(tuple(note.text for note in notes)))
    if absent:
        message = f"The remarks (NTE*ADD) lack {', '.join(absent)}"
        yield Hit(at(notes[0].segment, 2), message, shorten(notes[0].text), fix=_remarks_fix(ctx))


def _remarks_fix(ctx: Context) -> str | None:
    """The remarks that the claim's only drug line gives; None where it lacks a fact, too."""
    line = ctx.targets[0]
    said, ndc = ctx.narrative(line), normalise(line.ndc)
    if len(ctx.targets) > 1 or not (said.drug_name and ndc and said.route and line.served and said.dose):
        return None
    number = f"{ndc[:5]}-{ndc[5:9]}-{ndc[9:]}"
    day, dose = f"{line.served[0]:%m/%d/%y}", f"{said.dose.value}{said.dose.unit}"
    text = f"{said.drug_name.upper()} NDC {number} {said.route} {day} {dose}"
    note = pasted("NTE", _REMARKS, text) if len(text) <= FIELD_LENGTH else ""
    return f"Send in loop 2300: {note}" if note else None


def _is_priced_from_remarks(line: ServiceLine, ctx: Context) -> bool:
    processed_otherwise = line.revenue_code in SPECIALLY_PROCESSED or ctx.investigational(line)
    return not processed_otherwise and not is_token_charge(line)


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
    """The segment of loop 2300 after which a further NTE belongs."""
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
    options={"tell": Option(False, "report a drug under revenue code 0637 that isn't marked as not covered")},
    summary="A self-administered drug (revenue code 0637) is not marked as not covered.",
    fix="Repeat the charge in SV207 and add modifier GY. If staff gave the drug, bill it under 0636.",
)
def self_administered_drug_not_marked(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Medicare doesn't cover what patients usually give themselves. A charge marked as not covered goes to the
    patient without a denial and an appeal."""
    if line.service is None or line.revenue_code != _SELF_ADMINISTERED:
        return
    not_covered = parse_quantity(line.service.element(7))
    if _NOT_COVERED in line.given_modifiers and not_covered is not None and not_covered > 0:
        return
    lacking = [] if _NOT_COVERED in line.given_modifiers else ["modifier GY"]
    lacking += [] if not_covered is not None and not_covered > 0 else ["a non-covered charge (SV207)"]
    modifiers = dict.fromkeys([*line.given_modifiers, _NOT_COVERED])
    corrected = service(line, ctx.claim.delimiters, procedure(line, modifiers=modifiers), {7: line.charge})
    fix = f"Send {corrected}. If staff gave the drug, bill it under 0636." if corrected else None
    yield Hit(at(line.service, 7), f"Revenue code 0637 lacks {' and '.join(lacking)}", fix=fix)


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
    summary="C9399 has modifier JW for the discarded part.",
    fix="Ask the payer about the discarded part of C9399. Palmetto GBA wants a second line with JW; other payers "
    "want it in the remarks (NTE*ADD) of one line.",
)
def c9399_with_waste_line(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """C9399 is one unit and is priced from the remarks. One contractor requires JW for the discarded part. Others
    publish no rule, and guides for hospitals advise one line for all of it."""
    if ctx.option("INS08", "wanted"):
        return
    if line.procedure.upper() == _PRICED_AS_ONE_UNIT and _WASTED in line.given_modifiers and line.service:
        position = [code.upper() for code in line.modifiers].index(_WASTED)
        place = at(line.service, procedure_element(line), 3 + position)
        yield Hit(place, "C9399 has JW, but not every payer accepts the discarded part on its own line", _WASTED)
