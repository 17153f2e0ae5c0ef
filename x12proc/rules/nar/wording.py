"""NAR12 to NAR14, NAR17: words that do not belong in the text, are cut off, or are needed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from x12proc.claims.model import Claim, LazyLocation, Note, ServiceLine, location_of
from x12proc.findings import INFO, WARN, Hit
from x12proc.narrative.tokens import word_set
from x12proc.reference.ndc import normalize
from x12proc.rules.base import Option, claim_rule, line_rule
from x12proc.rules.context import LINE_NOTES, Context
from x12proc.rules.shared.texts import FIELD_LENGTH, kinds_of_drug, text_excerpt, text_location
from x12proc.values import excerpt

_LAST_WORD = re.compile(r"[A-Za-z0-9.\-/%]+\Z")
_AMOUNT_OR_NUMBER = re.compile(
    r"[0-9][0-9.,/]*(?:MG|MCG|G|GM|ML|CC|IU|U|UNITS?|VIALS?|%)(?:/[0-9.]*ML)?|[0-9]{11}"
)
_WHOLE_WORDS = word_set(
    "ADMIN ADMINISTERED BAG CC DISCARDED DOSE EYE G GIVEN GM IM INFUSION INJ INJECTION INTRAMUSCULAR INTRAVENOUS "
    "INTRAVITREAL IU IV IVP IVPB IVT JW JZ KIT KITS LEFT LT MCG MDV MG ML OD ONCE OS OU PFS PUSH RIGHT RT SC SDV "
    "SINGLE SQ SUBCUT SUBCUTANEOUS SUBQ SYRINGE TOTAL UNIT UNITS VIAL VIALS WASTE WASTED X1"
)
_LONGEST = 2000  # characters of a text that are read
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]")
_TELEPHONE = re.compile(
    r"(?<![\w.-])(?:\(?[0-9]{3}\)?[-. ]{1,2}|(?:PH|PHONE|TEL|FAX|OFFICE)\W{1,3})[0-9]{3}[-.][0-9]{4}(?![\w-])"
)
_IN_TELEPHONE = re.compile(r"[0-9]{3}[-.][0-9]{4}")  # found fast, and in every number
_INVITATION = re.compile(r"\b(?:PLEASE|PLS|MAY) CALL\b|\bCALL (?:DR|OFFICE|US|FOR|AT|ME|IF|WITH)\b")
_SHORTEST_NAME = 2
_INDICATION = re.compile(
    r"\b(?:METASTA\w*|STAGE|PRIOR|REFRACTORY|RELAPSED?|RECURRENT|PROGRESS\w*|UNRESECTABLE|ADVANCED|ADJUVANT|"
    r"NEOADJUVANT|MAINTENANCE|[1-4](?:ST|ND|RD|TH) LINE|FIRST LINE|SECOND LINE)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")


@line_rule(
    "NAR13",
    "text-probably-cut-off",
    severity=INFO,
    sources=("CGS", "NOR"),
    confidence="verified",
    drug_only=True,
    where="SV101-7, SV202-7, NTE02",
    summary="A text fills its 80 characters and ends in the middle of a word.",
    fix="Shorten the text to end with a whole word: drug, total dose and route first. Move the rest to NTE*ADD "
    "(837P) or to an attachment announced by PWK.",
)
def text_probably_cut_off(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Billing programs cut texts at 80 characters without a warning. The lost part may be the dose or the
    NDC."""
    for spot, text in ctx.texts(line):
        if len(text) == FIELD_LENGTH and _ends_cut(text):
            location = spot.location
            yield Hit(
                location,
                f"{location.element} is full and seems cut off at '{excerpt(_last_word(text), 30)}'",
                excerpt(text),
            )


def _last_word(text: str) -> str:
    found = _LAST_WORD.search(text)
    return found[0] if found else ""


def _ends_cut(text: str) -> bool:
    """Return whether the last word is none that usually ends a text, nor a whole amount or NDC."""
    word = _last_word(text).upper()
    if not word or not word[-1].isalnum() or word in _WHOLE_WORDS:
        return False
    return _AMOUNT_OR_NUMBER.fullmatch(word) is None and normalize(word) is None


@lru_cache(maxsize=1024)  # texts come again and again
def _superfluous(text: str) -> str:
    """Return what a text in capitals holds that doesn't belong there, in words."""
    if "@" in text and _EMAIL.search(text):
        return "an e-mail address"
    if _IN_TELEPHONE.search(text) and _TELEPHONE.search(text):
        return "a telephone number"
    return "an invitation to call" if "CALL" in text and _INVITATION.search(text) else ""


@lru_cache(maxsize=1024)
def _words_of_name(name: str) -> frozenset[str]:
    """Return the words of a full name; none where they are too few or too short to be distinguished from other
    words."""
    words = frozenset(_WORD.findall(name))
    return words if len(words) > 1 and all(len(word) >= _SHORTEST_NAME for word in words) else frozenset()


def _patient_names(claim: Claim) -> list[frozenset[str]]:
    """Return last and first name of the patient and the subscriber, each pair together."""
    parties = [*claim.patient, *[party for party in claim.subscriber if party.loop == "2010BA"]]
    names = [_words_of_name(party.name[:_LONGEST].upper()) for party in parties if "," in party.name]
    return [name for name in names if name]


def _holds(text: str, name: frozenset[str]) -> bool:
    """Return whether a text has all words of a name, each by itself."""
    for word in name:
        if word not in text:
            return False
    return name <= set(_WORD.findall(text))


def _texts_in_capitals(claim: Claim, ctx: Context) -> Iterator[tuple[LazyLocation, str]]:
    """Yield each text that is about a target line: its location, and the text in capitals."""
    for line in ctx.targets:
        if line.service is not None and line.description.strip():
            yield (
                LazyLocation(line.service, 1 if line.service.tag == "SV1" else 2, 7),
                line.description[:_LONGEST].upper(),
            )
        for note in line.notes:
            if note.code in LINE_NOTES:
                yield LazyLocation(note.segment, 2), note.text[:_LONGEST].upper()
    for note in claim.notes:
        if note.code != "TPO":
            yield LazyLocation(note.segment, 2), note.text[:_LONGEST].upper()


@claim_rule(
    "NAR12",
    "text-holds-what-does-not-belong-there",
    severity=WARN,
    sources=("PAL",),
    confidence="verified",
    where="SV101-7, SV202-7; 2400 and 2300 NTE02",
    summary="A text has a telephone number, an e-mail address or the patient's name.",
    fix="Keep only what prices the drug: name, dose, route, strength, waste. Contacts go in PER, the patient's "
    "name in NM1.",
)
def text_holds_what_does_not_belong_there(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Payers ask for the required facts and no more. Contacts use up the 80 characters, and a name in free
    text travels unprotected. Only the name is a warning."""
    names = _patient_names(claim)
    for spot, text in _texts_in_capitals(claim, ctx):
        if [name for name in names if _holds(text, name)]:
            location = spot.location
            yield Hit(location, f"{location.element} has the name of the patient or the subscriber")
        found = _superfluous(text)
        if found:
            location = spot.location
            yield Hit(location, f"{location.element} has {found}", severity=INFO)


def _drug_note(claim: Claim, ctx: Context) -> Note | None:
    """Return the first note of the claim that names a drug or a dose."""
    for note in claim.notes:
        narrative = ctx.read((note.text,)) if note.code != "TPO" else None
        if narrative is not None and (narrative.drug_name is not None or narrative.dose is not None):
            return note
    return None


@claim_rule(
    "NAR14",
    "note-of-claim-for-several-drugs",
    severity=WARN,
    sources=("PAL",),
    confidence="verified",
    where="2300 NTE02",
    status="A6:306",
    remittance=("16", "M123"),
    summary="Only the claim's note names a drug, but several unclassified drugs are billed.",
    fix="Write drug, dose and route in the description of each line (SV101-7, SV202-7), and delete the claim's "
    "note.",
)
def note_of_claim_for_several_drugs(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """A note of the claim belongs to all its lines and to none. With several unclassified lines nobody knows
    which drug it means."""
    if len(ctx.targets) < 2:
        return
    without_text = [
        line
        for line in ctx.targets
        if not line.description.strip() and not any(note.code in LINE_NOTES for note in line.notes)
    ]
    drugs = {normalize(line.ndc) for line in ctx.targets}
    if not without_text or (len(drugs) == 1 and None not in drugs):
        return
    note = _drug_note(claim, ctx)
    if note is not None:
        count = f"{len(without_text)} of the {len(ctx.targets)}"
        message = f"Only the claim's note names a drug or a dose; {count} unclassified lines have no text"
        yield Hit(location_of(note.segment, 2), message)


@line_rule(
    "NAR17",
    "cancer-drug-without-its-indication",
    severity=INFO,
    sources=("PALN",),
    confidence="verified",
    drug_only=True,
    where="SV101-7, SV202-7, NTE02",
    status="A6:306",
    remittance=("16", "N350"),
    suppressed_by=("NAR01", "NAR02", "NDC11"),
    options={"enabled": Option(False, "true switches the rule on")},
    summary="The text of a cancer drug has no stage and no earlier treatment.",
    fix="Add a note with what the label requires, for example NTE*ADD*METASTATIC, PROGRESSED AFTER TWO PRIOR "
    "REGIMENS~.",
)
def cancer_drug_without_its_indication(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """A contractor compares an unclassified cancer drug with its label: stage, earlier treatment. If the
    diagnosis code doesn't show them, a few words save a request for records."""
    texts = ctx.texts(line)
    if "antineoplastic" not in kinds_of_drug(line, ctx) or any(
        _INDICATION.search(text[:_LONGEST]) for _, text in texts
    ):
        return
    message = "The text of this cancer drug has neither stage nor earlier treatment"
    yield Hit(text_location(line, ctx), message, text_excerpt(line, ctx))
