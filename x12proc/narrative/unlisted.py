"""Words that may name a drug which no table lists: a new product is billed before the tables have it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from x12proc.narrative.identifiers import read_identifiers
from x12proc.narrative.lexicon import Lexicon
from x12proc.narrative.model import Narrative
from x12proc.narrative.reader import read
from x12proc.narrative.tokens import clean, tokenize, word_set
from x12proc.narrative.vocabulary import WORDS

#: Letters of a word that may be a name; shorter ones are abbreviations more often.
SHORTEST: Final = 5
# Endings of English words and of diseases, which makers keep away from when they name a drug.
_NO_NAME: Final = re.compile(
    r"\w+(?:ING|[ST]ION|MENT|ATED|ALLY|EDLY|ABLE|[AE]NCE|NESS|ICAL|ATRIC|ITIS|OSIS|EMIA|ALGIA|OPATHY|ISM)S?"
)
# More words in the texts of drug lines that name no drug, with or without an S behind; some of them name people.
_MORE: Final = word_set(
    "ABDOMEN ABDOMINAL ACCESS ACQUIRED ADULT AGAIN ALLOGENEIC ALLOWED ALREADY ALWAYS AMBULATORY AMPUL ANNUAL "
    "ANTIBODY ANTIGEN APRIL ASSAY AUGUST AUTOLOGOUS BASED BETWEEN BLOOD BOARD BOLUS BOOSTER BUTTOCK CARDIAC "
    "CARRIER CHAIR CHEST CHILD CLOSED COMPLETE CONSENT CONTENT CONTRACT CONTROL CORRECT COURSE COVERED CURRENT "
    "DECEMBER DELAYED DIABETES DIRECT DISCOUNT DISPENSED DOCTOR DOUBLE EDEMA EMERGENCY ENTIRE ENZYME EXACT "
    "EXTENDED FACILITY FEBRUARY FEMALE FINAL FLUID FORMULA FORMULARY FRIDAY FROZEN FULLY GENOME GLOBULIN GLUTEAL "
    "GRAVIS HEALTH HEART HEPATIC HOURLY HUMAN IMMUNE INFANT INFUSE INITIAL INPATIENT INSTILL INTACT INTERVAL "
    "JANUARY KIDNEY LARGE LATERAL LIMITED LIVER LOWER LUMBAR MAJOR MANDATORY MANUAL MANUFACTURER MARCH MAXIMUM "
    "MEDICINE METER METHOD MIXTURE MONDAY MONOCLONAL MUSCLE NAMED NEEDLE NEONATE NORMAL NOTED NOVEMBER OCTOBER "
    "ORPHAN OUTPATIENT PACKET PAPER PARTIAL PERIOD PERIPHERAL PHYSICIAN PICKUP PIGGYBACK PLASMA POINT PREPARED "
    "PRESCRIBED PRESERVATIVE PROFESSIONAL PROGRAM PROTEIN QUALITY QUARTERLY RAPID RECENT RECENTLY RECOMBINANT "
    "RELEASE REMEDY RENAL REPEAT RESTART RESULT RETAIL RHEUMATOID ROUTINE SALINE SAMPLE SATURDAY SEPARATE "
    "SEPARATELY SEPTEMBER SERUM SHIPPED SHOULDER SKILLED SLOWLY SMALL SPECIAL SPINAL STANDARD STATUS STERILE "
    "STOCK SUBJECT SUNDAY SYNTHETIC SYSTEM TEACHER THERAPEUTIC THURSDAY TISSUE TOXIN TUESDAY UPPER USUAL VARIOUS "
    "VECTOR VENOUS VERIFIED VISIT WEDNESDAY WEIGHED WEIGHT WHITE WHOLESALE WITHIN WOUND"
)
_PLAIN: Final = WORDS | _MORE


def unlisted_name(texts: Sequence[str], lexicon: Lexicon) -> str | None:
    """The first word of ``texts``, in capitals, that says nothing known and looks like no English word; None where
    every word does. Whether it is a drug's name nobody can tell without a newer table. Nothing is raised."""
    for text in texts:
        for token in tokenize(read_identifiers(clean(text).upper()).rest):
            if token.kind == "W" and _may_be_a_name(token.text) and read((token.text,), lexicon) == Narrative():
                return token.text
    return None


def _may_be_a_name(word: str) -> bool:
    return len(word) >= SHORTEST and word.isalpha() and not looks_plain(word)


def looks_plain(word: str) -> bool:
    """Whether a word in capitals is one of those that stand in such texts, or ends like a plain English word."""
    return not _PLAIN.isdisjoint((word, word.removesuffix("S"))) or _NO_NAME.fullmatch(word) is not None
