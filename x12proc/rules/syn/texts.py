"""SYN05, SYN06: length and characters of the free texts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from x12proc.claims.model import Claim, LazyLocation, Note, ServiceLine
from x12proc.findings import REJECT, WARN, Hit, Severity
from x12proc.rules.base import Option, claim_rule
from x12proc.rules.context import Context, per_claim
from x12proc.rules.shared.guide_errors import SAME_ELEMENT
from x12proc.rules.shared.texts import FIELD_LENGTH
from x12proc.values import excerpt
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.segment import Segment

# Signs that texts hold by mistake, in letters.
_PLAIN = {
    **dict.fromkeys("\N{TRADE MARK SIGN}\N{REGISTERED SIGN}\N{COPYRIGHT SIGN}", ""),
    **dict.fromkeys("\N{EN DASH}\N{EM DASH}\N{NON-BREAKING HYPHEN}\N{HYPHEN}\N{MINUS SIGN}", "-"),
    **dict.fromkeys("\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}", "'"),
    **dict.fromkeys("\N{MICRO SIGN}\N{GREEK SMALL LETTER MU}", "MC"),
    "\N{MULTIPLICATION SIGN}": "X",
    "\N{NO-BREAK SPACE}": " ",
}
_LONGEST_SHORTENED = 300
_AMOUNT_WITH_BLANK = re.compile(r"\b([0-9]+(?:\.[0-9]+)?|[0-9]*X) (MG|MCG|ML|X|[0-9]+MG)\b")
_NAME_IN_BRACKETS = re.compile(r"\([A-Z][A-Z -]{4,}\)")


# -- free text --------------------------------------------------------------------------------------------------


class _Text(msgspec.Struct, frozen=True):
    """A free-text field: where it is, what it says, and which delimiter seems to have cut it."""

    spot: LazyLocation
    text: str
    cut_by: str = ""
    composite: bool = False  # a component, which can't hold the component separator


@per_claim
def _texts(ctx: Context) -> list[_Text]:
    """Return the free texts of a claim and of its target lines."""
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
    """Return a field that is the last of its segment: what follows was cut from it by a delimiter."""
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
    confidence="verified",
    where="SV101-7, SV202-7, NTE02, K301",
    status="A7:512",
    second_status="A7:306",
    remittance=("16", "N350"),
    ack_999=("", "5"),
    same_as_guide=((SAME_ELEMENT, "5"),),
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
    """Return the text in 80 characters, or "": fewer blanks, then without a generic name in brackets."""
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
    confidence="proposed",
    where="SV101-7, SV202-7, NTE02, K301",
    status="A7:511",
    second_status="A7:306",
    remittance=("16", "N350"),
    options={"lower_case": Option("allow", "allow or warn: whether small letters in free text are fine")},
    ack_999=("", "6"),
    same_as_guide=((SAME_ELEMENT, "6"), ("NTE03", "3"), ("SV101|SV202", "3"), ("SV101-8|SV202-8", "I10")),
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
    """Return the text in characters that every payer reads, or "" where a character has no such spelling."""
    text = field.text[: FIELD_LENGTH + 1]
    for separator in (delimiters.repetition, b"" if field.composite else delimiters.component):
        text = text.replace(separator.decode("latin-1"), " ") if separator else text
    text = "".join(_PLAIN.get(sign, " " if sign < " " else sign) for sign in text)
    text = " ".join(text.upper().split() if lower_case else text.split())
    return text if text.isascii() and text.isprintable() and len(text) <= FIELD_LENGTH else ""


def _character_fault(field: _Text, delimiters: Delimiters, lower_case: bool) -> tuple[Severity, str] | None:
    """Return the gravest fault in the characters of a text."""
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
