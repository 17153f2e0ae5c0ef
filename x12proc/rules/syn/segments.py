"""SYN01 to SYN04, SYN07 to SYN09: segments of the service line and its loop 2410."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from x12proc.claims.model import Claim, Note, ServiceLine, location_of, missing_location
from x12proc.findings import REJECT, Hit
from x12proc.rules.base import line_rule
from x12proc.rules.context import Context
from x12proc.rules.shared.corrected_segments import changed_segment, segment_text
from x12proc.rules.shared.drug_loop import quantity_segment
from x12proc.rules.shared.guide_errors import SAME_ELEMENT
from x12proc.rules.shared.texts import FIELD_LENGTH
from x12proc.values import excerpt
from x12proc.wire.segment import Segment

_DRUG_REFERENCES = frozenset(("VY", "XZ"))
_APPROVALS = frozenset(("G1", "9F"))
_CONTROL, _LONGEST_CONTROL = "6R", 30
# Segments that belong in loop 2400 and in no loop below it.
_ONLY_OF_LINE = frozenset(("SV1", "SV2", "SV5", "PWK", "K3", "NTE", "PS1", "HCP"))
_OF_DRUG = frozenset(("LIN", "CTP", "REF"))
_BELOW_DRUG = ("2420", "2430", "2440")


# -- loop 2410 --------------------------------------------------------------------------------------------------


@line_rule(
    "SYN01",
    "ndc-without-quantity-segment",
    severity=REJECT,
    sources=("PYX",),
    confidence="verified",
    drug_only=True,
    where="2410 CTP",
    status="A6:724",
    second_status="A6:659",
    remittance=("16", "M119"),
    ack_999=("3", ""),  # LIN without CTP
    same_as_guide=(("CTP", "3"),),
    summary="Loop 2410 has an NDC (LIN) but no quantity segment (CTP).",
    fix="Send a CTP right after the LIN with the NDC quantity and its unit, for example CTP****33*ML~.",
)
def ndc_without_quantity_segment(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The guide requires a CTP for every NDC: without quantity and unit the NDC has no price. The file is
    refused before the payer reads the claim."""
    drug = line.drug
    if drug is None or drug.ctp is not None or any(segment.tag == "CTP" for segment in line.segments):
        return
    message = f"LIN**N4*{excerpt(drug.ndc, 20)} has no CTP after it: the NDC quantity and unit are missing"
    known = quantity_segment(line, ctx)
    fix = f"Add after the LIN, if the text gives the right dose: {known}" if known else None
    yield Hit(missing_location(drug.lin, "2410", "CTP"), message, fix=fix)


@line_rule(
    "SYN02",
    "unused-ctp-elements-sent",
    severity=REJECT,
    sources=("PYX",),
    confidence="proposed",
    drug_only=True,
    where="2410 CTP01, CTP02, CTP03",
    status="A7:724",
    remittance=("16", "M119"),
    ack_999=("", "I10"),  # CTP01 to CTP03 filled
    same_as_guide=(("CTP0[123]", "I10"),),
    summary="CTP01, CTP02 or CTP03 is filled, although the guide leaves them empty.",
    fix="Leave CTP01 to CTP03 empty, for example CTP****33*ML~. Version 4010 had a price in CTP03; the charge "
    "now goes only in SV1 or SV2.",
)
def unused_ctp_elements_sent(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Version 5010 doesn't use the first three elements of the CTP. Validators refuse the segment when one of
    them is filled. A value in the wrong place is not read at all."""
    ctp = line.drug.ctp if line.drug else None
    if ctp is None:
        return
    sent = [position for position, text in enumerate(ctp.elements[1:4], 1) if text.strip()]
    if sent:
        named = ", ".join(f"CTP{position:02d} {excerpt(ctp.element(position), 20)}" for position in sent)
        verb = "is" if len(sent) == 1 else "are"
        corrected = changed_segment(ctp, ctx.claim.delimiters, {1: "", 2: "", 3: ""})
        fix = f"Send {corrected}" if corrected and line.ndc and ctp.element(4).strip() else None
        message = f"{named} {verb} filled, but version 5010 doesn't use {'it' if len(sent) == 1 else 'them'}"
        yield Hit(location_of(ctp, sent[0]), message, excerpt(ctp.element(sent[0])), fix=fix)


@line_rule(
    "SYN03",
    "several-ndcs-on-one-line",
    severity=REJECT,
    sources=("PYX",),
    confidence="verified",
    drug_only=True,
    where="2410 LIN",
    status="A7:218",
    remittance=("16", "M119"),
    ack_999=("4", ""),  # a second loop 2410
    same_as_guide=(("LIN", "4"),),
    summary="One service line has more than one NDC (loop 2410).",
    fix="Give each NDC a service line of its own (LX, SV1 or SV2, DTP, LIN, CTP) with its share of the charge.",
)
def several_ndcs_on_one_line(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The guide allows one NDC for each line. A second one is refused or, worse, silently dropped."""
    for number, drug in enumerate(line.drugs[1:], 2):
        ndc = excerpt(drug.ndc, 40)
        yield Hit(location_of(drug.lin), f"NDC {ndc} is number {number} on this line; only 1 is allowed", ndc)


@line_rule(
    "SYN04",
    "wrong-reference-beside-ndc",
    severity=REJECT,
    sources=("PYX",),
    confidence="verified",
    drug_only=True,
    where="2410 REF01",
    status="A7:745",
    second_status="A7:219",
    remittance=("16", "MA130"),
    ack_999=("5", "I6"),  # a second REF in loop 2410, or one with another qualifier
    same_as_guide=(("REF", "1 5"),),
    summary="Loop 2410 has a reference other than one prescription number (XZ) or link number (VY).",
    fix="Keep one REF*XZ (prescription number) or REF*VY (link number) after the CTP. Move other references "
    "before the LIN, or to loop 2300.",
)
def wrong_reference_beside_ndc(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """After the CTP the guide allows two kinds of number, one of them at a time. Any other makes the claim
    invalid, and the payer doesn't find an authorization number sent here."""
    for drug in line.drugs:
        # A line's own control number here is out of order, which SYN09 reports.
        refs = [segment for segment in drug.segments if segment.tag == "REF" and segment.element(1) != _CONTROL]
        allowed = [ref for ref in refs if ref.element(1) in _DRUG_REFERENCES]
        for ref in refs:
            sent = excerpt(ref.element(1), 20)
            if ref.element(1) not in _DRUG_REFERENCES:
                message = f"REF01 in loop 2410 is {sent or 'empty'}, not VY or XZ"
                yield Hit(location_of(ref, 1), message, sent or None, fix=_reference_moved(ref, ctx.claim))
            elif ref is not allowed[0]:
                kept = f"REF*{excerpt(allowed[0].element(1), 20)}*{excerpt(allowed[0].element(2), 50)}"
                yield Hit(location_of(ref), f"Loop 2410 has a second reference, REF*{sent}, beside {kept}", sent)


def _reference_moved(ref: Segment, claim: Claim) -> str | None:
    """Return where a REF*G1 or REF*9F of loop 2410 belongs; None for other references."""
    moved = changed_segment(ref, claim.delimiters, {})
    if ref.element(1) not in _APPROVALS or not moved:
        return None
    return f"Move {moved} {'before the LIN' if claim.type == 'P' else 'to loop 2300, after the claim dates'}"


@line_rule(
    "SYN09",
    "ndc-loop-out-of-order",
    severity=REJECT,
    sources=("PYX",),
    confidence="verified",
    where="2410 LIN, CTP, REF",
    status="A7:481",
    remittance=("16", "MA130"),
    ack_999=("7", ""),
    same_as_guide=((SAME_ELEMENT, "1"),),
    summary="Loop 2410 (LIN, CTP, REF) is out of order in its service line.",
    fix="Send the line in this order: LX, SV1 or SV2, DTP, REF*6R, NTE, HCP, LIN, CTP, REF*XZ or REF*VY, NM1, "
    "SVD.",
)
def ndc_loop_out_of_order(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Payers' systems know by its position what a segment belongs to. A line segment after the LIN, or a LIN
    after a provider, is refused or read as part of something else."""
    lin_seen = False
    below = None  # the first segment of a loop that belongs after the NDC loop
    for segment in line.segments:
        if segment.loop == "2400" and not lin_seen and segment.tag not in _OF_DRUG:
            continue  # of the line itself, and before its drug
        message = _out_of_order(segment, lin_seen, below)
        if message:
            yield Hit(location_of(segment), message, excerpt(segment.tag, 10))
            return
        lin_seen = lin_seen or segment.tag == "LIN"
        if below is None and segment.loop.startswith(_BELOW_DRUG):
            below = segment


def _out_of_order(segment: Segment, lin_seen: bool, below: Segment | None) -> str:
    """Return what is wrong with the place of a segment after those already seen."""
    tag = segment.tag
    if tag == "LIN":
        return f"LIN comes after {below.tag} of loop {below.loop}; it belongs before it" if below else ""
    if tag == "CTP" or (tag == "REF" and segment.element(1) in _DRUG_REFERENCES):
        return "" if segment.loop == "2410" else f"{_name(segment)} has no LIN before it"
    if lin_seen and (segment.loop == "2400" or tag in _ONLY_OF_LINE or _name(segment) == f"REF*{_CONTROL}"):
        return f"{_name(segment)} belongs to loop 2400, but comes after the LIN"
    return ""


def _name(segment: Segment) -> str:
    """Return a segment as people call it, with the qualifier of a REF, DTP or NTE."""
    qualified = segment.tag in ("REF", "DTP", "NTE") and segment.element(1)
    tag = excerpt(segment.tag, 10)
    return f"{tag}*{excerpt(segment.element(1), 10)}" if qualified else tag


# -- notes ------------------------------------------------------------------------------------------------------


@line_rule(
    "SYN07",
    "line-note-repeated",
    severity=REJECT,
    claim_types=("P",),
    sources=("PYX",),
    confidence="verified",
    drug_only=True,
    where="2400 NTE",
    status="A7:586",
    second_status="A7:599",
    remittance=("16", "MA130"),
    ack_999=("5", ""),
    same_as_guide=(("NTE", "5"),),
    summary="The line has more notes than the guide allows: one ADD or DCP, and one TPO.",
    fix="Join the texts into one NTE*ADD of at most 80 characters. Move the rest into the description, or into "
    "an attachment announced by PWK.",
)
def line_note_repeated(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """A second note makes the line invalid. Systems that don't refuse it keep one note and lose the other."""
    if len(line.notes) < 2:
        return
    for codes in (("ADD", "DCP"), ("TPO",)):
        notes = [note for note in line.notes if note.code in codes]
        joined = _joined(notes, codes) if len(notes) > 1 and codes != ("TPO",) else None
        for note in notes[1:]:
            message = f"NTE*{note.code} is the second {' or '.join(codes)} note of this line; only 1 is allowed"
            yield Hit(location_of(note.segment), message, note.code, fix=joined)


def _joined(notes: Sequence[Note], codes: tuple[str, ...]) -> str | None:
    """Return the notes of a kind as one, where they fit in it."""
    texts = [note.text.strip() for note in notes]
    note = segment_text("NTE", codes[0], " ".join(dict.fromkeys(texts)))
    return f"Send one note: {note}" if note and len(note) <= len(f"NTE*{codes[0]}*~") + FIELD_LENGTH else None


@line_rule(
    "SYN08",
    "segment-not-for-institutional-line",
    severity=REJECT,
    claim_types=("I",),
    sources=("PYX",),
    confidence="verified",
    where="2400 NTE, K3, REF*G1, REF*9F",
    status="A7:586",
    remittance=("16", "MA130"),
    ack_999=("2", ""),
    same_as_guide=(("NTE|REF|K3", "1"),),
    summary="A line of an 837I has a note, K3 or authorization that only 837P lines allow.",
    fix="Move a note to SV202-7 or 2300 NTE*ADD, an authorization to 2300 REF*G1, a referral to 2300 REF*9F, a "
    "K3 to loop 2300.",
)
def segment_not_for_institutional_line(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The institutional guide has no such segments on a line. The claim is refused, or the text and the
    authorization number are lost on the way."""
    for segment in line.segments:
        code = segment.element(1)
        note = segment.tag == "NTE" and code != "TPO"
        reference = segment.tag == "REF" and code in ("G1", "9F")
        if segment.loop == "2400" and (note or reference or segment.tag == "K3"):
            location = location_of(segment) if segment.tag == "K3" else location_of(segment, 1)
            message = f"{_name(segment)} is not allowed on an 837I line (loop 2400)"
            moved = changed_segment(segment, ctx.claim.delimiters, {1: "ADD"} if note else {})
            fix = f"Move it to loop 2300: {moved}" if moved else None
            yield Hit(location, message, excerpt(code, 20) or None, fix=fix)
