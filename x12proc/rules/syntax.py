"""Rules on the form of what surrounds a drug: loop 2410, notes, free text, line control numbers, guide."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import takewhile

import msgspec

from x12proc.claims.model import Claim, Note, ServiceLine, Spot, at, missing
from x12proc.findings import REJECT, WARN, Hit, Severity
from x12proc.rules.base import Option, claim_rule, line_rule
from x12proc.rules.context import Context
from x12proc.rules.narrative import FIELD_LENGTH
from x12proc.values import shorten
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.guides import CURRENT
from x12proc.wire.segment import Segment

_DRUG_REFERENCES = frozenset(("VY", "XZ"))
_CONTROL = "6R"
# Segments that belong in loop 2400 and in no loop below it.
_ONLY_OF_LINE = frozenset(("SV1", "SV2", "SV5", "PWK", "K3", "NTE", "PS1", "HCP"))
_OF_DRUG = frozenset(("LIN", "CTP", "REF"))
_BELOW_DRUG = ("2420", "2430", "2440")
_BEHIND_REFERENCES = frozenset(("AMT", "K3", "NTE", "PS1", "HCP"))  # in loop 2400


# -- loop 2410 --------------------------------------------------------------------------------------------------


@line_rule(
    "SYN01",
    "ndc-without-quantity-segment",
    severity=REJECT,
    sources=("PYX",),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    where="2410 CTP",
    status="A6:724",
    second_status="A6:659",
    remittance=("16", "M119"),
    summary="Loop 2410 has an NDC (LIN) but no quantity segment (CTP).",
    fix="Send a CTP right behind the LIN with the NDC's quantity and unit, e.g. LIN**N4*25682002501 and "
    "CTP****33*ML.",
)
def ndc_without_quantity_segment(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The guide requires the CTP wherever an NDC is sent: an NDC without quantity and unit prices nothing. The
    file is refused before the payer reads the claim."""
    drug = line.drug
    if drug is None or drug.ctp is not None or any(segment.tag == "CTP" for segment in line.segments):
        return
    yield Hit(missing(drug.lin, "2410", "CTP"), "Behind the LIN no CTP with the NDC quantity is sent")


@line_rule(
    "SYN02",
    "unused-ctp-elements-sent",
    severity=REJECT,
    sources=("PYX",),
    confidence="P",
    since="0.1.0",
    drug_alone=True,
    where="2410 CTP01, CTP02, CTP03",
    status="A7:724",
    remittance=("16", "M119"),
    summary="The quantity segment fills CTP01, CTP02 or CTP03, which the guide leaves empty.",
    fix="Leave CTP01 to CTP03 empty: quantity in CTP04, unit in CTP05, e.g. CTP****33*ML. A price in CTP03 is a "
    "leftover of version 4010; the charge stands in SV1 or SV2.",
)
def unused_ctp_elements_sent(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Version 5010 doesn't use the first three elements of the CTP. Validators refuse the segment when one of them
    is filled, and a value that has slipped to the wrong place is not read at all."""
    ctp = line.drug.ctp if line.drug else None
    if ctp is None:
        return
    sent = [place for place, text in enumerate(ctp.elements[1:4], 1) if text.strip()]
    if sent:
        named = ", ".join(f"CTP{place:02d} {shorten(ctp.element(place), 20)}" for place in sent)
        yield Hit(at(ctp, sent[0]), f"Not used, but sent: {named}", shorten(ctp.element(sent[0])))


@line_rule(
    "SYN03",
    "several-ndcs-on-one-line",
    severity=REJECT,
    sources=("PYX",),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    where="2410 LIN",
    status="A7:218",
    remittance=("16", "M119"),
    summary="One service line carries more than one NDC loop (2410).",
    fix="Give every NDC a service line of its own (LX, SV1 or SV2, DTP, LIN, CTP), each with its share of the "
    "charge and its own NDC quantity.",
)
def several_ndcs_on_one_line(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The guide allows one NDC for each line. A second one is refused, or worse, silently dropped."""
    for number, drug in enumerate(line.drugs[1:], 2):
        yield Hit(at(drug.lin), f"LIN number {number} on one line: {shorten(drug.ndc, 40)}", shorten(drug.ndc, 40))


@line_rule(
    "SYN04",
    "wrong-reference-beside-ndc",
    severity=REJECT,
    sources=("PYX",),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    where="2410 REF01",
    status="A7:745",
    second_status="A7:219",
    remittance=("16", "MA130"),
    summary="Loop 2410 holds a reference other than one prescription (XZ) or link sequence number (VY).",
    fix="Keep one REF*XZ*<prescription number> or REF*VY*<link number> behind the CTP. Any other reference, such "
    "as the prior authorisation REF*G1, stands before the LIN (837P) or on the claim.",
)
def wrong_reference_beside_ndc(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Behind the CTP the guide knows two kinds of number and one of them at a time. Another one makes the claim
    invalid, and an authorisation number sent here isn't found by the payer."""
    for drug in line.drugs:
        # A line's own control number here is out of order, which SYN09 tells.
        refs = [segment for segment in drug.segments if segment.tag == "REF" and segment.element(1) != _CONTROL]
        allowed = [ref for ref in refs if ref.element(1) in _DRUG_REFERENCES]
        for ref in refs:
            sent = shorten(ref.element(1), 20)
            if ref.element(1) not in _DRUG_REFERENCES:
                yield Hit(at(ref, 1), f"REF01 in loop 2410 is {sent or 'empty'}, not VY or XZ", sent or None)
            elif ref is not allowed[0]:
                yield Hit(at(ref), f"REF*{sent} is the one REF too many in loop 2410", sent)


@line_rule(
    "SYN09",
    "ndc-loop-out-of-order",
    severity=REJECT,
    sources=("PYX",),
    confidence="V",
    since="0.1.0",
    where="2410 LIN, CTP, REF",
    status="A7:481",
    remittance=("16", "MA130"),
    summary="The NDC loop doesn't stand where it belongs: behind the line's own segments, before providers and "
    "other payers.",
    fix="Order the line like this: LX, SV1 or SV2, DTP, REF*6R, NTE, HCP, then LIN, CTP, REF*XZ, then NM1 of line "
    "providers, then SVD.",
)
def ndc_loop_out_of_order(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Readers tell by its place what a segment belongs to. One that stands behind the NDC loop, or an NDC behind a
    provider, is refused or read as part of something else."""
    lin_seen = False
    below = None  # the first segment of a loop that belongs behind the NDC loop
    for segment in line.segments:
        if segment.loop == "2400" and not lin_seen and segment.tag not in _OF_DRUG:
            continue  # of the line itself, and before its drug
        message = _out_of_order(segment, lin_seen, below)
        if message:
            yield Hit(at(segment), message, shorten(segment.tag, 10))
            return
        lin_seen = lin_seen or segment.tag == "LIN"
        if below is None and segment.loop.startswith(_BELOW_DRUG):
            below = segment


def _out_of_order(segment: Segment, lin_seen: bool, below: Segment | None) -> str:
    """What is wrong with the place of a segment behind those already seen."""
    tag = segment.tag
    if tag == "LIN":
        return f"LIN stands behind {below.tag} of loop {below.loop}" if below else ""
    if tag == "CTP" or (tag == "REF" and segment.element(1) in _DRUG_REFERENCES):
        return "" if segment.loop == "2410" else f"{_name(segment)} does not stand behind a LIN"
    if lin_seen and (segment.loop == "2400" or tag in _ONLY_OF_LINE or _name(segment) == f"REF*{_CONTROL}"):
        return f"{_name(segment)} of the line stands behind the LIN"
    return ""


def _name(segment: Segment) -> str:
    """A segment as people call it, with the qualifier of a REF, DTP or NTE."""
    qualified = segment.tag in ("REF", "DTP", "NTE") and segment.element(1)
    tag = shorten(segment.tag, 10)
    return f"{tag}*{shorten(segment.element(1), 10)}" if qualified else tag


# -- notes ------------------------------------------------------------------------------------------------------


@line_rule(
    "SYN07",
    "line-note-repeated",
    severity=REJECT,
    applies="P",
    sources=("PYX",),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    where="2400 NTE",
    status="A7:586",
    second_status="A7:599",
    remittance=("16", "MA130"),
    summary="The line has more notes than the guide allows: one of the provider (ADD or DCP) and one TPO.",
    fix="Join the texts into one NTE*ADD of at most 80 characters; what doesn't fit goes into the description or "
    "into paperwork announced by PWK.",
)
def line_note_repeated(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """A second note makes the line invalid; systems that don't refuse it keep one of the two and lose the
    other."""
    if len(line.notes) < 2:
        return
    for codes in (("ADD", "DCP"), ("TPO",)):
        for note in [note for note in line.notes if note.code in codes][1:]:
            message = f"A second note NTE*{note.code} on the line; one of {' or '.join(codes)} is allowed"
            yield Hit(at(note.segment), message, note.code)


@line_rule(
    "SYN08",
    "segment-not-for-institutional-line",
    severity=REJECT,
    applies="I",
    sources=("PYX",),
    confidence="V",
    since="0.1.0",
    where="2400 NTE, K3, REF*G1, REF*9F",
    status="A7:586",
    remittance=("16", "MA130"),
    summary="A line of an institutional claim carries a note, K3 or authorisation that only professional lines "
    "know.",
    fix="Move a note into the description (SV202-7) or the claim's billing note (2300 NTE*ADD), an authorisation "
    "to 2300 REF*G1, a referral to 2300 REF*9F, and K3 to the claim.",
)
def segment_not_for_institutional_line(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The institutional guide has no such segments on a line: the claim is refused, or the text and the
    authorisation number are lost on the way."""
    for segment in line.segments:
        code = segment.element(1)
        note = segment.tag == "NTE" and code != "TPO"
        reference = segment.tag == "REF" and code in ("G1", "9F")
        if segment.loop == "2400" and (note or reference or segment.tag == "K3"):
            place = at(segment) if segment.tag == "K3" else at(segment, 1)
            yield Hit(place, f"{_name(segment)} is not allowed on a line of an 837I", shorten(code, 20) or None)


# -- free text --------------------------------------------------------------------------------------------------


class _Text(msgspec.Struct, frozen=True):
    """A free-text field: where it is, what it says, and which delimiter seems to have cut it."""

    spot: Spot
    text: str
    cut_by: str = ""
    composite: bool = False  # a component, which can't hold the component separator


@lru_cache(maxsize=1)
def _texts(ctx: Context) -> list[_Text]:
    """The free texts of a claim and of its target lines. Kept for the claim at hand: two rules ask."""
    claim = ctx.claim
    element = claim.delimiters.element.decode("latin-1")
    component = claim.delimiters.component.decode("latin-1")
    texts = _notes_and_k3(claim.notes, claim.k3, element)
    for line in ctx.targets:
        if line.service is not None:  # pragma: no branch - a target line bills a code, so it has SV1 or SV2
            texts.append(_description(line, line.service, component))
        texts += _notes_and_k3(line.notes, line.k3, element)
    return texts


def _notes_and_k3(notes: tuple[Note, ...], k3: tuple[Segment, ...], element: str) -> list[_Text]:
    if not notes and not k3:
        return []
    fields = [Spot(note.segment, 2) for note in notes] + [Spot(segment, 1) for segment in k3]
    return [_field(spot, element) for spot in fields]


def _field(spot: Spot, delimiter: str) -> _Text:
    """A field that is the last of its segment: what stands behind it was cut from it by a delimiter."""
    cut = spot.segment.element(spot.element + 1)
    return _Text(spot, spot.segment.element(spot.element), delimiter if cut else "", False)


def _description(line: ServiceLine, service: Segment, component: str) -> _Text:
    position = 1 if service.tag == "SV1" else 2
    parts = service.element(position).split(component)
    return _Text(Spot(service, position, 7), line.description, component if any(parts[7:]) else "", True)


@claim_rule(
    "SYN05",
    "text-over-80-characters",
    severity=REJECT,
    sources=("PYX",),
    confidence="V",
    since="0.1.0",
    where="SV101-7, SV202-7, NTE02, K301",
    status="A7:512",
    second_status="A7:306",
    remittance=("16", "N350"),
    summary="A description, note or K3 text is longer than 80 characters.",
    fix="Shorten the text to 80 characters: drug, total dose, route, then vials and waste. Leave out what the "
    "claim says elsewhere, such as the NDC or the date.",
)
def text_over_80_characters(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """80 characters is the limit of these fields. A longer text makes the claim invalid, or its end is cut off,
    which may be the dose."""
    for field in _texts(ctx):
        if len(field.text) > FIELD_LENGTH:
            message = f"{field.spot.location.element} has {len(field.text)} characters; {FIELD_LENGTH} are allowed"
            yield Hit(field.spot.location, message, shorten(field.text))


@claim_rule(
    "SYN06",
    "illegal-characters-in-text",
    severity=REJECT,
    sources=("PYX", "MEM"),
    confidence="P",
    since="0.1.0",
    where="SV101-7, SV202-7, NTE02, K301",
    status="A7:511",
    second_status="A7:306",
    remittance=("16", "N350"),
    options={"lower_case": Option("allow", "allow or warn: whether small letters in free text are fine")},
    summary="A text holds a delimiter of its file, a control character, or a character outside plain ASCII.",
    fix="Use letters (capitals are safest), digits and plain punctuation only. Write MCG for the micro sign, a "
    "simple hyphen for a dash, leave trademark signs out, and put a blank where the delimiter stood.",
)
def illegal_characters_in_text(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """A delimiter in a text ends the field in the middle and shifts what follows; a control character has the file
    refused. Other signs turn into question marks on the way, and a lost micro sign makes a dose unreadable."""
    lower_case = ctx.option("SYN06", "lower_case") == "warn"
    for field in _texts(ctx):
        fault = _character_fault(field, claim.delimiters, lower_case)
        if fault is not None:
            severity, message = fault
            yield Hit(
                field.spot.location,
                f"{field.spot.location.element} {message}",
                shorten(field.text) or None,
                severity,
            )


def _character_fault(field: _Text, delimiters: Delimiters, lower_case: bool) -> tuple[Severity, str] | None:
    """The gravest fault in the characters of a text."""
    if field.cut_by:
        return REJECT, f"seems to be cut by a delimiter in the text: {field.cut_by}"
    separators = (delimiters.repetition, b"" if field.composite else delimiters.component)
    for separator in separators:
        if separator and separator.decode("latin-1") in field.text:
            return REJECT, f"holds {separator.decode('latin-1')}, which is a delimiter of this file"
    if not (field.text.isascii() and field.text.isprintable()):
        return _strange_characters(field.text)
    if lower_case and any("a" <= character <= "z" for character in field.text):
        return WARN, "holds small letters"
    return None


def _strange_characters(text: str) -> tuple[Severity, str]:
    strange = list(dict.fromkeys(character for character in text if not " " <= character <= "~"))
    controls = [character for character in strange if character < " " or character == "\x7f"]
    if controls:
        return REJECT, f"holds control characters: {_named(controls)}"
    return WARN, f"holds characters outside the X12 character set: {_named(strange)}"


def _named(characters: list[str]) -> str:
    """Characters by their code points, the first five of them."""
    signs = [f"{c if c.isprintable() else ''} (U+{ord(c):04X})".strip() for c in characters[:5]]
    return ", ".join(signs) + (" and more" if len(characters) > 5 else "")


# -- claim ------------------------------------------------------------------------------------------------------


@claim_rule(
    "SYN10",
    "superseded-guide",
    severity=WARN,
    sources=("PYX", "MEM"),
    confidence="P",
    since="0.1.0",
    where="GS08, ST03",
    status="A3:493",
    summary="The claim is sent under an older edition of its implementation guide.",
    fix="Send 005010X222A1 for professional and 005010X223A2 for institutional claims, in GS08 and in ST03 alike.",
)
def superseded_guide(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Payers accept the editions adopted under HIPAA. Many read an older one all the same, some refuse the whole
    group. Other guides (4010, dental) never come this far: their file fails."""
    if claim.guide not in CURRENT:
        sent = shorten(claim.guide, 20)
        message = f"GS08 is {sent or 'empty'}, which is not a guide in force: {', '.join(sorted(CURRENT))}"
        yield Hit(at(claim.clm), message, sent or None)


@claim_rule(
    "SYN11",
    "line-control-number-missing-or-repeated",
    severity=WARN,
    sources=("PYX", "MEM"),
    confidence="P",
    since="0.1.0",
    where="2400 REF*6R",
    status="A7:584",
    summary="A drug line has no control number of its own (REF*6R), or shares it with another line.",
    fix="Give every line of the claim a number of its own, e.g. REF*6R*7781-1, REF*6R*7781-2.",
)
def line_control_number_missing_or_repeated(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """The payer answers line by line and names the line by this number. Without one, or with the same on two
    lines, a denial can't be matched to the drug it is about."""
    numbers = {_number(line) for line in claim.lines}
    if len(numbers) == len(claim.lines) and "" not in numbers:
        return
    controls = [(line, *_control(line)) for line in claim.lines]
    targets = {line.end for line in ctx.targets}
    wanted = {number for line, number, _ in controls if number and line.end in targets}
    seen: set[str] = set()
    for line, number, ref in controls:
        if not number and line.end in targets:
            message = f"Line {shorten(line.number, 20)} has no line item control number"
            yield Hit(missing(_before_reference(line), "2400", "REF02"), message)
        elif ref is not None and number in seen and number in wanted:
            message = f"REF*6R {shorten(number, 40)} stands on more than one line"
            yield Hit(at(ref, 2), message, shorten(number, 40))
        seen.add(number)


def _before_reference(line: ServiceLine) -> Segment:
    """The segment of loop 2400 behind which a further REF belongs."""
    own = (segment for segment in line.segments if segment.loop == "2400")
    return list(takewhile(lambda segment: segment.tag not in _BEHIND_REFERENCES, own))[-1]


def _number(line: ServiceLine) -> str:
    """The number of REF*6R. Before a drug there is nothing but the line's own loop, whose first REF*6R counts."""
    return line.control if line.control.strip() and not line.drugs else _control(line)[0]


def _control(line: ServiceLine) -> tuple[str, Segment | None]:
    """REF*6R, also one that stands behind the NDC by mistake (SYN09 tells that)."""
    for segment in line.segments:
        if segment.tag == "REF" and segment.element(1) == _CONTROL and segment.element(2).strip():
            return segment.element(2), segment
    return "", None
