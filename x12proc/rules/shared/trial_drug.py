"""Drugs under study without a name: a sponsor's code or a blinded arm, accepted only on the claim of a trial."""

from __future__ import annotations

import re
from functools import lru_cache

from x12proc.claims.model import ServiceLine
from x12proc.narrative.identifiers import read_identifiers
from x12proc.narrative.tokens import clean, word_set
from x12proc.narrative.vocabulary import is_common_word
from x12proc.rules.context import Context
from x12proc.rules.shared.trial import is_trial_claim

_UNITS = (
    r"MC?GS?|UG|NG|GM?|ML|CC|IU|U|UNITS?|MEQ|VG|CELLS|MIL(?:LION)?|BILLION|KG|LBS?|X|VIALS?|VLS?|SDVS?|BAGS?"
    r"|DOSES?|MINS?|HRS?|DAYS?"
)
# MK-1234, ABBV-383, ALXN1840, BMS986253, BNT162B2; REGN 5458, where the number after the blank is no amount.
_CODE = re.compile(
    r"(?<![\w#.-])(?P<letters>[A-Z]{2,5})"
    rf"(?:-?[0-9]{{3,8}}(?:[A-Z][0-9]?)?|\ [0-9]{{3,8}}(?!\s?(?:{_UNITS})\b))(?![\w%]|[.-][0-9])"
)
# Words before the code of something else: PROTOCOL ABC-123.
_OF_OTHER_THINGS = re.compile(r"\b(?:PROTOCOL|IRB|SITE|IND|NO|NUMBER|ID|LOT|BATCH|KIT|SUBJECT|SUBJ)[\s.:#]*\Z")
# Letters that come before numbers of other things: AUTH 12345, SUBJ-1001.
_OTHER_LETTERS = word_set(
    "ACC AUC AUTH BATCH BOX COVID CPT CTN DEA EIN EXT GTIN HCPCS HGB ICD ICN NCT NPI PA PROT PROTO RAND RM ROOM "
    "SEQ SER SN STE SUBJ SUITE TIN UDI WT"
)
_BLINDED = re.compile(
    r"(?<!NO )(?<!NOT )(?<!NON[ -])\b(?:PLACEBO|BLINDED|(?:DOUBLE|SINGLE|TRIPLE)[ -]?(?:BLIND|MASKED))\b"
)


def names_study_drug(line: ServiceLine, ctx: Context) -> bool:
    """Return whether a sponsor's code or a blinded arm is in the texts for the name of a drug under study. Never
    in a claim that doesn't say that it is of a trial: there such a code names nothing."""
    return any(_has_code(text) or is_blinded(text) for _, text in ctx.texts(line)) and is_trial_claim(ctx)


def is_under_study(line: ServiceLine, ctx: Context) -> bool:
    """Return whether the drug itself is under study, by its modifier and diagnosis or by the only name it has. It
    may have no NDC."""
    if ctx.investigational(line):
        return True
    return ctx.narrative(line).matched is None and names_study_drug(line, ctx)


def is_blinded(text: str) -> bool:
    """Return whether a text is about a blinded arm: whoever bills doesn't know what the patient got."""
    return _BLINDED.search(text[:2000].upper()) is not None


@lru_cache(maxsize=1024)  # the same words come again and again
def _has_code(text: str) -> bool:
    """Return whether a text holds what looks like a sponsor's code."""
    rest = read_identifiers(clean(text).upper()).rest
    for found in _CODE.finditer(rest):
        letters = found["letters"]
        plain = letters in _OTHER_LETTERS or is_common_word(letters)
        if not plain and _OF_OTHER_THINGS.search(rest, 0, found.start()) is None:
            return True
    return False
