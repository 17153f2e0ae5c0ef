r"""Find the drug that is billed among the drugs that a text names.

Each name gets a rank from the words next to it, read by the regular expressions below. All of them match text in
upper case; those that end in ``\Z`` are searched in the text before a name, the others matched right after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from x12proc.narrative.lexicon import Name
from x12proc.narrative.routes import ROUTE_WORDS
from x12proc.narrative.tokens import Token

#: Drugs that others are dissolved or flushed in: billed only if no other drug is named.
_VEHICLES: Final = frozenset({"sodium chloride", "dextrose", "lactated ringers", "heparin lock"})

#: Names and short names of premedications: TYLENOL, BENADRYL, SOLU MEDROL, PEPCID, ZYRTEC, ZOFRAN. They are billed
#: themselves only if no other drug is named.
_PREMEDICATIONS: Final = re.compile(
    r"\b(?:TYLENOL|ACETAMINOPHEN|APAP|BENADRYL|DIPHENHYDRAMINE|SOLU-?\s?MEDROL|METHYLPRED[A-Z]*|PREDNISO[A-Z]+|PRED"
    r"|DECADRON|DEXAMETHASONE|DEXA?|PEPCID|FAMOTIDINE|ZYRTEC|CETIRIZINE|CLARITIN|LORATADINE|ALLEGRA|FEXOFENADINE"
    r"|SINGULAIR|MONTELUKAST|ZOFRAN|ONDANSETRON|SOLU-?CORTEF|HYDROCORTISONE|CEFAZOLIN|ANCEF|ATIVAN|LORAZEPAM)\b"
)
# Before a premedication: PREMED BENADRYL, PREMEDICATED WITH BENADRYL, PRE-MEDS: BENADRYL.
_PREMED_BEFORE = re.compile(r"\bPRE-?\s?MED(?:S|ICATED|ICATIONS?)?(?:\sWITH)?[\s:]*\Z")
# Before a drug that was not given: FAILED (A TRIAL OF), INTOLERANCE TO, TRIED, SWITCHED FROM SOLIRIS, INADEQUATE
# RESPONSE TO, INSTEAD OF, ALLERGIC TO, PREVIOUSLY ON, REPLACES, STOPPED, WAS BILLED AS, NEVER (GIVEN), BIOSIMILAR
# OF, HISTORY OF.
_NOT_GIVEN_BEFORE = re.compile(
    r"\b(?:FAIL(?:ED)?(?:\s(?:A\s)?TRIAL)?(?:\s(?:OF|ON|WITH|TO))?|(?:FAILURE|INTOLERANCE)\s(?:OF|TO|WITH)|TRIED"
    r"|(?:SWITCHED|CHANGED|CONVERTED)\sFROM|(?:NOT?|NON|POOR|INADEQUATE)[\s-]RESPON[A-Z]+\sTO|INSTEAD\sOF"
    r"|(?:ALLERG(?:IC|Y)|INTOLERANT)\sTO|PREVIOUS(?:LY)?(?:\sON)?|PRIOR|REPLAC(?:ES|ING)|STOPPED|DISCONTINUED|NOT"
    r"|(?:WAS\s)?BILLED(?:\sAS)?|NEVER(?:\s[A-Z]+)?|BIOSIMILAR\s(?:TO|OF|FOR)|(?:HX|HISTORY)\sOF)[\s:]*\Z",
)
# After a drug that was not given: FASENRA? NO, XOLAIR; FASENRA NOT GIVEN; FASENRA IN ERROR; FASENRA WRONG; FASENRA
# CHANGED TO XOLAIR; FASENRA -> XOLAIR; FASENRA WAS DENIED ... GOT XOLAIR; NEULASTA BIOSIMILAR UDENYCA; FASENRA
# STOPPED.
_NOT_GIVEN_AFTER = re.compile(
    r"\s*(?:\?\s*NO(?:T|PE)?\b|[(,]?\s*(?:WAS\s|IS\s)?(?:NOT\s(?:GIVEN|USED|ADMINISTERED|THIS)|(?:IN\s)?ERR(?:OR)?|WRONG)\b"
    r"|(?:WAS\s)?(?:CHANGED|CORRECTED|SWITCHED|CONVERTED)\sTO\b|[-=]+>|(?:WAS\s)?DENIED\b(?=.*\bGOT\b)|\(?BIOSIM(?:ILAR)?\s(?!FOR\b)(?=[A-Z]{4,})|(?:WAS\s)?(?:REFUSED|STOPPED|DISCONTINUED"
    r"|FAILED|NOT\sTOLERATED)\b)"
)
# After a premedication, its amount and its route: BENADRYL 50MG IV PREMED, TYLENOL PO AS A PREMEDICATION; but not
# XOLAIR PREMEDICATED WITH BENADRYL.
_PREMED_AFTER = re.compile(
    r"(?:[\s,]*[0-9.,]+\s?(?:MG|MCG|G|ML|UNITS?)?)?(?:[\s,]*(?:IVP?|PO|IM|SC|SQ|ORAL))?"
    r"[\s,(]*(?:AS\s|FOR\s)?(?:A\s)?PRE-?\s?MED(?:S|ICATED|ICATIONS?)?\b(?!\sWITH)"
)
# Between the name of a drug billed by mistake and the right one: FASENRA CORRECTED XOLAIR, SHOULD BE XOLAIR.
_CORRECTED = re.compile(r"\b(?:CORRECTED|CORRECTION|ACTUAL(?:LY)?|SHOULD\s(?:BE|READ))\b")
# Between two names that share what is said of the first: FAILED ENBREL AND HUMIRA.
_AND = re.compile(r"\s*(?:/|&|,?\s?\b(?:AND|OR)\b)\s*\Z")

#: Ranks of names, the most likely to be billed first.
GIVEN, UNKNOWN, VEHICLE, PREMEDICATION, NOT_GIVEN = range(5)


class BilledDrug(NamedTuple):
    """The name of the drug billed, its rank, and the names of other drugs, whose amounts are not its dose."""

    name: Name | None = None
    rank: int = NOT_GIVEN
    others: tuple[Name, ...] = ()


def find_billed_drug(text: str, names: Sequence[Name]) -> BilledDrug:
    """Return the name with the best rank, the first of equals, and the names of the other drugs.

    The ranks: `GIVEN`, a known drug; `UNKNOWN`, a word that only looks like a biologic; `VEHICLE`;
    `PREMEDICATION`; `NOT_GIVEN`, never the drug billed. ``names`` are those in ``text`` (upper case), in order.
    """
    if not names:
        return BilledDrug()
    names = _with_premedications(text, names)
    ranks = _ranks(text, names)
    rank = min(ranks)
    name = names[ranks.index(rank)] if rank < NOT_GIVEN else None
    others = [names[index] for index, other in enumerate(ranks) if other >= VEHICLE and names[index] is not name]
    return BilledDrug(name, rank, tuple(others))


def _with_premedications(text: str, names: Sequence[Name]) -> Sequence[Name]:
    """Add the names of premedications that no table lists, in order."""
    more = [
        Name(found.start(), found.end(), found[0].lower(), None)
        for found in _PREMEDICATIONS.finditer(text)
        if not any(name.start <= found.start() < name.end for name in names)
    ]
    return sorted([*names, *more]) if more else names


def is_premedication(text: str, name: Name) -> bool:
    """Return whether a name in ``text`` (upper case) is that of a premedication."""
    return _PREMEDICATIONS.fullmatch(text, name.start, name.end) is not None


def _ranks(text: str, names: Sequence[Name]) -> list[int]:
    """Return the rank of each name; CORRECTED before a name ranks all names before it as `NOT_GIVEN`."""
    ranks: list[int] = []
    end = 0
    only_premedications = all(is_premedication(text, name) for name in names)
    for name in names:
        before = text[end : name.start]
        if _CORRECTED.search(before):
            ranks = [NOT_GIVEN] * len(ranks)
        negated = before and (
            _NOT_GIVEN_BEFORE.search(before) or (ranks and ranks[-1] == NOT_GIVEN and _AND.match(before))
        )
        if negated or _NOT_GIVEN_AFTER.match(text, name.end):
            ranks.append(NOT_GIVEN)
        elif name.canonical in _VEHICLES:
            ranks.append(VEHICLE)
        elif (
            (before and _PREMED_BEFORE.search(before))
            or _PREMED_AFTER.match(text, name.end)
            or (is_premedication(text, name) and not only_premedications)
        ):
            ranks.append(PREMEDICATION)
        else:
            ranks.append(UNKNOWN if name.canonical is None else GIVEN)
        end = name.end
    return ranks


def blank_amounts(tokens: Sequence[Token], others: Sequence[Name]) -> Sequence[Token]:
    """Replace amounts and routes of other drugs by empty words: 0.9% SODIUM CHLORIDE 250ML, BENADRYL 50MG IV."""
    if not others:
        return tokens
    plain = list(tokens)
    for other in others:
        for index in _amount_indexes(tokens, other):
            plain[index] = replace(tokens[index], kind="W", text="")
    return plain


def _amount_indexes(tokens: Sequence[Token], name: Name) -> Iterator[int]:
    """Yield the indexes of the amounts and the route right after a name, and of a percentage right before it."""
    index = sum(token.start < name.start for token in tokens) - 1
    if index >= 0 and tokens[index].kind == "P":
        yield index
    index = sum(token.start < name.end for token in tokens)
    numbers = "QVP" if name.canonical in _VEHICLES else "QVPN"  # SOLU-MEDROL 125 IV
    while index < len(tokens) and tokens[index].kind in numbers:
        yield index
        index += 1
    if name.canonical not in _VEHICLES and index < len(tokens) and tokens[index].text in ROUTE_WORDS:
        yield index
