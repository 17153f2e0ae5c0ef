"""Read from single words: invoice, investigational use, compounding, and whether a text is only filler."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec

from x12proc.narrative.tokens import Token, word_set


class Flags(msgspec.Struct, frozen=True):
    """Facts that single words of a text state. ``filler``: all of its words are `_FILLER`."""

    invoice: bool = False
    investigational: bool = False
    compound: bool = False
    filler: bool = False


_INVOICE: Final = word_set("INV INVOICE INVOICES INVOICED WAC")
_COST: Final = word_set("COST PRICE")
_CANCER: Final = word_set("ANTINEOPLASTIC ANTINEOPLASTICS CHEMO CHEMOTHERAPY ONCOLOGY")  # filler under J9999
_COMPOUND: Final = word_set(
    "COMPOUND COMPOUNDED COMPOUNDS COMPOUNDING COMPUNDED COMPUNDS COMPOUNED COMPD COMP'D CMPD CMPD'D CMPND CPD "
    "CPND CMPDED REPKG REPACK REPACKAGED REPACKED REPACKAGE REPACKAGING"
)
_INVESTIGATIONAL: Final = word_set(
    "INVEST INVESTIG INVESTIGATIONAL INVESTIGATIVE EXPERIMENTAL BLINDED PLACEBO COMPASSIONATE"
)
_STUDY_WORDS: Final = word_set("TRIAL STUDY EXP IND EXPANDED")  # these depend on the words next to them
_STUDIED: Final = word_set("DRUG DRUGS MED MEDICATION AGENT BIOLOGIC PRODUCT")
_NOT_A_STUDY: Final = word_set("FAILED FAIL TRIED PRIOR PREVIOUS")  # FAILED TRIAL OF ... is a history
_IND_DIGITS: Final = 5  # of the number of an Investigational New Drug application
_AFTER_EXPIRY: Final = word_set("DATE DATES ON")
#: Without one of these words no flag but ``filler`` can be set; 503 is of 503B.
_FLAG_WORDS: Final = _INVOICE | _COST | _COMPOUND | _INVESTIGATIONAL | _STUDY_WORDS | {"503"}

_FILLER: Final = word_set(
    "A ABOVE AGENT AN AND ATT ATTACHED ATTACHMENT BELOW BILLED BIOLOGIC BIOLOGICAL BIOLOGICALS BIOLOGICS CHART "
    "CLAIM CLASSIFIED CODE DESC DESCRIPTION DOSAGE DOSE DRUG DRUGS FOR GIVEN HCPCS IN INFO INJ INJECT "
    "INJECTABLE INJECTION INJECTIONS INV INVOICE IS ITEM J LINE MED MEDICAL MEDICATION MEDICATIONS MEDS MISC "
    "MISCELLANEOUS N NA NAME NDC NEW NO NOC NONE NOS NOT NOTE NOTES NTE NUMBER OF ON OR OTHER OTHERWISE "
    "PHARMACY PLEASE PROCEDURE PRODUCT QTY QUANTITY RECORD RECORDS REFER REPORT ROUTE RX SEE SERVICE SPECIALTY "
    "SPECIFIED SPECIFY STRENGTH SUBSTANCE TBD THE TO TODAY UNCLASS UNCLASSIFIED UNKNOWN UNLISTED UNSPECIFIED "
    "VIAL WITH"
)


def read_flags(tokens: Sequence[Token], named: frozenset[int], negated: frozenset[int] = frozenset()) -> Flags:
    """Read the flags of a text.

    ``named`` holds the indexes of tokens that belong to a drug's name, ``negated`` those of words that the text
    negates.
    """
    skipped = named | negated
    words = [token.text if index not in skipped else "" for index, token in enumerate(tokens)]
    known = set(words)
    if _FLAG_WORDS.isdisjoint(known):
        return Flags(filler=not named and _is_filler(tokens))
    cost = bool(known & _COST) and bool(known & {"ACQ", "ACQUISITION"})
    return Flags(
        invoice=bool(known & _INVOICE) or cost,
        investigational=bool(known & _INVESTIGATIONAL)
        or (bool(known & _STUDY_WORDS) and _mentions_study(words, tokens)),
        compound=bool(known & _COMPOUND) or ("503" in known and _has_503(words)),
        filler=not named and _is_filler(tokens),
    )


def _mentions_study(words: Sequence[str], tokens: Sequence[Token]) -> bool:
    """Return whether a word such as TRIAL or IND means a study, by the words next to it."""
    for index, word in enumerate(words):
        before = words[index - 1] if index else ""
        after = words[index + 1] if index + 1 < len(words) else ""
        number_follows = index + 1 < len(words) and tokens[index + 1].kind in "Nhsy"
        if word == "TRIAL" and before not in _NOT_A_STUDY and after not in {"OF", "AND"}:
            return True
        if word == "STUDY" and (after in _STUDIED or before in {"CLINICAL", "RESEARCH"}):
            return True
        if word == "EXP" and after not in _AFTER_EXPIRY and not number_follows and after:
            return True
        if word == "IND" and (after == "#" or (after.isdigit() and len(after) >= _IND_DIGITS)):
            return True
        if word == "EXPANDED" and after == "ACCESS":
            return True
    return False


def _has_503(words: Sequence[str]) -> bool:
    """Return whether 503A or 503B is mentioned: the sections on compounding and on outsourcing facilities."""
    return any(pair in {("503", "A"), ("503", "B")} for pair in pairwise(words))


def _is_filler(tokens: Sequence[Token]) -> bool:
    """Return whether every word is filler; so is a text of numbers and punctuation alone."""
    return all(token.text in _FILLER or token.text in _CANCER for token in tokens if token.text.isalpha())
