"""Rules on the form of what surrounds a drug: loop 2410, notes, free text, line control numbers, guide."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import takewhile

import msgspec

from x12proc.claims.model import Claim, LazyLocation, Note, ServiceLine, at, missing
from x12proc.findings import REJECT, WARN, Hit, Severity
from x12proc.rules.base import Option, claim_rule, line_rule
from x12proc.rules.context import Context
from x12proc.rules.drug_loop import quantity_segment
from x12proc.rules.narrative import FIELD_LENGTH
from x12proc.rules.paste import changed, pasted
from x12proc.values import excerpt
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.segment import Segment
from x12proc.wire.versions import CURRENT

_DRUG_REFERENCES = frozenset(("VY", "XZ"))
_APPROVALS = frozenset(("G1", "9F"))
_CONTROL, _LONGEST_CONTROL = "6R", 30
# Signs that texts hold by mistake, in letters.
_PLAIN = {
    **dict.fromkeys("\N{TRADE MARK SIGN}\N{REGISTERED SIGN}\N{COPYRIGHT SIGN}", ""),
    **dict.fromkeys("\N{EN DASH}\N{EM DASH}\N{NON-BREAKING HYPHEN}\N{HYPHEN}\N{MINUS SIGN}", "-"),
    **dict.fromkeys("\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}", "'"),
    **dict.fromkeys("\N{MICRO SIGN}\N{GREEK SMALL LETTER MU}", "MC"),
    "\N{MULTIPLICATION SIGN}": "X",
    "\N{NO-BREAK SPACE}": " ",
}
# Segments that belong in loop 2400 and in no loop below it.
_ONLY_OF_LINE = frozenset(("SV1", "SV2", "SV5", "PWK", "K3", "NTE", "PS1", "HCP"))
_OF_DRUG = frozenset(("LIN", "CTP", "REF"))
_LONGEST_SHORTENED = 300
_AMOUNT_WITH_BLANK = re.compile(r"\b([0-9]+(?:\.[0-9]+)?|[0-9]*X) (MG|MCG|ML|X|[0-9]+MG)\b")
_NAME_IN_BRACKETS = re.compile(r"\([A-Z][A-Z -]{4,}\)")
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
    drug_only=True,
    where="2410 CTP",
    status="A6:724",
    second_status="A6:659",
    remittance=("16", "M119"),
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
    yield Hit(missing(drug.lin, "2410", "CTP"), message, fix=fix)


@line_rule(
    "SYN02",
    "unused-ctp-elements-sent",
    severity=REJECT,
    sources=("PYX",),
    confidence="P",
    since="0.1.0",
    drug_only=True,
    where="2410 CTP01, CTP02, CTP03",
    status="A7:724",
    remittance=("16", "M119"),
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
    sent = [place for place, text in enumerate(ctp.elements[1:4], 1) if text.strip()]
    if sent:
        named = ", ".join(f"CTP{place:02d} {excerpt(ctp.element(place), 20)}" for place in sent)
        verb = "is" if len(sent) == 1 else "are"
        corrected = changed(ctp, ctx.claim.delimiters, {1: "", 2: "", 3: ""})
        fix = f"Send {corrected}" if corrected and line.ndc and ctp.element(4).strip() else None
        message = f"{named} {verb} filled, but version 5010 doesn't use {'it' if len(sent) == 1 else 'them'}"
        yield Hit(at(ctp, sent[0]), message, excerpt(ctp.element(sent[0])), fix=fix)


@line_rule(
    "SYN03",
    "several-ndcs-on-one-line",
    severity=REJECT,
    sources=("PYX",),
    confidence="V",
    since="0.1.0",
    drug_only=True,
    where="2410 LIN",
    status="A7:218",
    remittance=("16", "M119"),
    summary="One service line has more than one NDC (loop 2410).",
    fix="Give each NDC a service line of its own (LX, SV1 or SV2, DTP, LIN, CTP) with its share of the charge.",
)
def several_ndcs_on_one_line(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The guide allows one NDC for each line. A second one is refused or, worse, silently dropped."""
    for number, drug in enumerate(line.drugs[1:], 2):
        ndc = excerpt(drug.ndc, 40)
        yield Hit(at(drug.lin), f"NDC {ndc} is number {number} on this line; only 1 is allowed", ndc)


@line_rule(
    "SYN04",
    "wrong-reference-beside-ndc",
    severity=REJECT,
    sources=("PYX",),
    confidence="V",
    since="0.1.0",
    drug_only=True,
    where="2410 REF01",
    status="A7:745",
    second_status="A7:219",
    remittance=("16", "MA130"),
    summary="Loop 2410 has a reference other than one prescription number (XZ) or link number (VY).",
    fix="Keep one REF*XZ (prescription number) or REF*VY (link number) after the CTP. Move other references "
    "before the LIN, or to loop 2300.",
)
def wrong_reference_beside_ndc(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """After the CTP the guide allows two kinds of number, one of them at a time. Any other makes the claim
    invalid, and the payer doesn't find an authorization number sent here."""
    for drug in line.drugs:
        # A line's own control number here is out of order, which SYN09 tells.
        refs = [segment for segment in drug.segments if segment.tag == "REF" and segment.element(1) != _CONTROL]
        allowed = [ref for ref in refs if ref.element(1) in _DRUG_REFERENCES]
        for ref in refs:
            sent = excerpt(ref.element(1), 20)
            if ref.element(1) not in _DRUG_REFERENCES:
                message = f"REF01 in loop 2410 is {sent or 'empty'}, not VY or XZ"
                yield Hit(at(ref, 1), message, sent or None, fix=_reference_moved(ref, ctx.claim))
            elif ref is not allowed[0]:
                kept = f"REF*{excerpt(allowed[0].element(1), 20)}*{excerpt(allowed[0].element(2), 50)}"
                yield Hit(at(ref), f"Loop 2410 has a second reference, REF*{sent}, beside {kept}", sent)


def _reference_moved(ref: Segment, claim: Claim) -> str | None:
    """Where a REF*G1 or REF*9F of loop 2410 belongs; None for other references."""
    moved = changed(ref, claim.delimiters, {})
    if ref.element(1) not in _APPROVALS or not moved:
        return None
    return f"Move {moved} {'before the LIN' if claim.type == 'P' else 'to loop 2300, after the claim dates'}"


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
    summary="Loop 2410 (LIN, CTP, REF) is out of order in its service line.",
    fix="Send the line in this order: LX, SV1 or SV2, DTP, REF*6R, NTE, HCP, LIN, CTP, REF*XZ or REF*VY, NM1, "
    "SVD.",
)
def ndc_loop_out_of_order(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Payers' systems know by its position what a segment belongs to. A line segment after the LIN, or a LIN
    after a provider, is refused or read as part of something else."""
    lin_seen = False
    below = None  # the first segment of a loop that belongs behind the NDC loop
    for segment in line.segments:
        if segment.loop == "2400" and not lin_seen and segment.tag not in _OF_DRUG:
            continue  # of the line itself, and before its drug
        message = _out_of_order(segment, lin_seen, below)
        if message:
            yield Hit(at(segment), message, excerpt(segment.tag, 10))
            return
        lin_seen = lin_seen or segment.tag == "LIN"
        if below is None and segment.loop.startswith(_BELOW_DRUG):
            below = segment


def _out_of_order(segment: Segment, lin_seen: bool, below: Segment | None) -> str:
    """What is wrong with the place of a segment behind those already seen."""
    tag = segment.tag
    if tag == "LIN":
        return f"LIN comes after {below.tag} of loop {below.loop}; it belongs before it" if below else ""
    if tag == "CTP" or (tag == "REF" and segment.element(1) in _DRUG_REFERENCES):
        return "" if segment.loop == "2410" else f"{_name(segment)} has no LIN before it"
    if lin_seen and (segment.loop == "2400" or tag in _ONLY_OF_LINE or _name(segment) == f"REF*{_CONTROL}"):
        return f"{_name(segment)} belongs to loop 2400, but comes after the LIN"
    return ""


def _name(segment: Segment) -> str:
    """A segment as people call it, with the qualifier of a REF, DTP or NTE."""
    qualified = segment.tag in ("REF", "DTP", "NTE") and segment.element(1)
    tag = excerpt(segment.tag, 10)
    return f"{tag}*{excerpt(segment.element(1), 10)}" if qualified else tag


# -- notes ------------------------------------------------------------------------------------------------------


@line_rule(
    "SYN07",
    "line-note-repeated",
    severity=REJECT,
    applies="P",
    sources=("PYX",),
    confidence="V",
    since="0.1.0",
    drug_only=True,
    where="2400 NTE",
    status="A7:586",
    second_status="A7:599",
    remittance=("16", "MA130"),
    summary="The line has more notes than the guide allows: one ADD or DCP, and one TPO.",
    fix="Join the texts into one NTE*ADD of at most 80 characters. Move the rest into the description, or into "
    "an attachment announced by PWK.",
)
def line_note_repeated(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """A second note makes the line invalid. Systems that don't refuse it keep one note and lose the other."""
    if len(line.notes) < 2:
        return
    for codes in (("ADD", "DCP"), ("TPO",)):
        for note in [note for note in line.notes if note.code in codes][1:]:
            message = f"NTE*{note.code} is the second {' or '.join(codes)} note of this line; only 1 is allowed"
            joined = _joined(line, codes) if note.code != "TPO" else None
            yield Hit(at(note.segment), message, note.code, fix=joined)


def _joined(line: ServiceLine, codes: tuple[str, ...]) -> str | None:
    """The notes of a kind as one, where they fit in it."""
    texts = [note.text.strip() for note in line.notes if note.code in codes]
    note = pasted("NTE", codes[0], " ".join(dict.fromkeys(texts)))
    return f"Send one note: {note}" if note and len(note) <= len(f"NTE*{codes[0]}*~") + FIELD_LENGTH else None


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
            place = at(segment) if segment.tag == "K3" else at(segment, 1)
            message = f"{_name(segment)} is not allowed on an 837I line (loop 2400)"
            moved = changed(segment, ctx.claim.delimiters, {1: "ADD"} if note else {})
            fix = f"Move it to loop 2300: {moved}" if moved else None
            yield Hit(place, message, excerpt(code, 20) or None, fix=fix)


# -- free text --------------------------------------------------------------------------------------------------


class _Text(msgspec.Struct, frozen=True):
    """A free-text field: where it is, what it says, and which delimiter seems to have cut it."""

    spot: LazyLocation
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
    fields = [LazyLocation(note.segment, 2) for note in notes] + [LazyLocation(segment, 1) for segment in k3]
    return [_field(spot, element) for spot in fields]


def _field(spot: LazyLocation, delimiter: str) -> _Text:
    """A field that is the last of its segment: what stands behind it was cut from it by a delimiter."""
    cut = spot.segment.element(spot.element + 1)
    return _Text(spot, spot.segment.element(spot.element), delimiter if cut else "", False)


def _description(line: ServiceLine, service: Segment, component: str) -> _Text:
    position = 1 if service.tag == "SV1" else 2
    parts = service.element(position).split(component)
    return _Text(LazyLocation(service, position, 7), line.description, component if any(parts[7:]) else "", True)


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
    fix="Cut the text to 80 characters: drug, total dose, route, then vials and waste. Drop the generic name "
    "after the brand first. Keep an NDC that the payer wants in words.",
)
def text_over_80_characters(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """These fields hold 80 characters. A longer text makes the claim invalid, or its end is cut off, and the
    dose may be in it."""
    for field in _texts(ctx):
        if len(field.text) > FIELD_LENGTH:
            over = len(field.text) - FIELD_LENGTH
            element = field.spot.location.element
            message = f"{element} has {len(field.text)} characters, {over} more than the {FIELD_LENGTH} allowed"
            shorter = _shortened(field.text)
            fix = f"Write {element} as: {shorter}" if shorter else None
            yield Hit(field.spot.location, message, excerpt(field.text), fix=fix)


def _shortened(text: str) -> str:
    """The text in 80 characters, or "": fewer blanks, then without a generic name in brackets."""
    if len(text) > _LONGEST_SHORTENED or not (text.isascii() and text.isprintable()):
        return ""
    text = " ".join(text.split())
    for _ in range(2):  # 4 X 20 MG has two blanks to take out
        text = _AMOUNT_WITH_BLANK.sub(r"\1\2", text)
    if len(text) > FIELD_LENGTH:
        text = " ".join(_NAME_IN_BRACKETS.sub(" ", text).split())
    return text if len(text) <= FIELD_LENGTH else ""


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
    summary="A text has a delimiter of its file, a control character, or a character outside plain ASCII.",
    fix="Use capital letters, digits and plain punctuation. Write MCG for the micro sign and a hyphen for a "
    "dash. Drop trademark signs, and put a blank in place of a delimiter.",
)
def illegal_characters_in_text(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """A delimiter in a text ends the field in the middle and shifts what follows. A control character gets the
    file refused. Other signs turn into question marks, and a lost micro sign makes a dose unreadable."""
    lower_case = ctx.option("SYN06", "lower_case") == "warn"
    for field in _texts(ctx):
        fault = _character_fault(field, claim.delimiters, lower_case)
        if fault is not None:
            severity, wrong = fault
            element = field.spot.location.element
            plain_text = "" if field.cut_by else _in_plain_characters(field, claim.delimiters, lower_case)
            fix = f"Write {element} as: {plain_text}" if plain_text else None
            yield Hit(field.spot.location, f"{element} {wrong}", excerpt(field.text) or None, severity, fix)


def _in_plain_characters(field: _Text, delimiters: Delimiters, lower_case: bool) -> str:
    """The text in characters that every payer reads, or "" where a character has no such spelling."""
    text = field.text[: FIELD_LENGTH + 1]
    for separator in (delimiters.repetition, b"" if field.composite else delimiters.component):
        text = text.replace(separator.decode("latin-1"), " ") if separator else text
    text = "".join(_PLAIN.get(sign, " " if sign < " " else sign) for sign in text)
    text = " ".join(text.upper().split() if lower_case else text.split())
    return text if text.isascii() and text.isprintable() and len(text) <= FIELD_LENGTH else ""


def _character_fault(field: _Text, delimiters: Delimiters, lower_case: bool) -> tuple[Severity, str] | None:
    """The gravest fault in the characters of a text."""
    if field.cut_by:
        return REJECT, f"is cut in two: its text seems to hold the delimiter {field.cut_by}"
    separators = (delimiters.repetition, b"" if field.composite else delimiters.component)
    for separator in separators:
        if separator and separator.decode("latin-1") in field.text:
            return REJECT, f"has {separator.decode('latin-1')}, a delimiter of this file"
    if not (field.text.isascii() and field.text.isprintable()):
        return _strange_characters(field.text)
    if lower_case and any("a" <= character <= "z" for character in field.text):
        return WARN, "has small letters"
    return None


def _strange_characters(text: str) -> tuple[Severity, str]:
    strange = list(dict.fromkeys(character for character in text if not " " <= character <= "~"))
    controls = [character for character in strange if character < " " or character == "\x7f"]
    if controls:
        return REJECT, f"has control characters: {_named(controls)}"
    return WARN, f"has characters outside the X12 character set: {_named(strange)}"


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
    summary="The claim uses an older edition of its implementation guide.",
    fix="Send 005010X222A1 (837P) or 005010X223A2 (837I) in GS08 and in ST03.",
)
def superseded_guide(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Payers accept the editions adopted under HIPAA. Many also read an older one, some refuse the whole
    group. Files of other guides (4010, dental) fail before this rule runs."""
    if claim.guide not in CURRENT:
        sent = excerpt(claim.guide, 20)
        wanted = "005010X223A2" if claim.type == "I" else "005010X222A1"
        message = f"GS08 is {sent or 'empty'}; the edition in force for this claim is {wanted}"
        yield Hit(at(claim.clm), message, sent or None, fix=f"Send {wanted} in GS08 and in ST03.")


@claim_rule(
    "SYN11",
    "line-control-number-missing-or-repeated",
    severity=WARN,
    sources=("PYX", "MEM"),
    confidence="P",
    since="0.1.0",
    where="2400 REF*6R",
    status="A7:584",
    summary="A drug line has no line item control number (REF*6R), or shares it with another line.",
    fix="Give every line of the claim its own number, for example REF*6R*7781-1~ and REF*6R*7781-2~.",
)
def line_control_number_missing_or_repeated(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """The payer answers line by line and names each line by this number. Without one, or with the same on two
    lines, a denial can't be matched to its drug."""
    numbers = {_number(line) for line in claim.lines}
    if len(numbers) == len(claim.lines) and "" not in numbers:
        return
    controls = [(line, *_control(line)) for line in claim.lines]
    targets = {line.end for line in ctx.targets}
    wanted = {number for line, number, _ in controls if number and line.end in targets}
    seen: set[str] = set()
    for line, number, ref in controls:
        if not number and line.end in targets:
            message = f"Line {excerpt(line.number, 20)} has no line item control number (REF*6R)"
            added = _own_number(line, claim, numbers)
            fix = f"Add after {_before_reference(line).tag}: {added}" if added else None
            yield Hit(missing(_before_reference(line), "2400", "REF02"), message, fix=fix)
        elif ref is not None and number in seen and number in wanted:
            message = f"REF*6R*{excerpt(number, 40)} is on more than one line of the claim"
            added = _own_number(line, claim, numbers)
            fix = f"Send on line {excerpt(line.number, 20)}: {added}" if added else None
            yield Hit(at(ref, 2), message, excerpt(number, 40), fix=fix)
        seen.add(number)


def _own_number(line: ServiceLine, claim: Claim, taken: set[str]) -> str:
    """A control number that no line has, made of the account number and the line's number; "" without those."""
    number = f"{claim.id.strip()}-{line.number.strip()}"
    usable = claim.id.strip() and line.number.strip() and number not in taken and len(number) <= _LONGEST_CONTROL
    return pasted("REF", _CONTROL, number) if usable else ""


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
