"""Which of the drugs that a text names is the one billed, and which only stand beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from x12proc.narrative.lexicon import Name
from x12proc.narrative.routes import ROUTE_WORDS
from x12proc.narrative.tokens import Token

#: Drugs that others are dissolved or flushed in: they name the line only when nothing else does.
_VEHICLES: Final = frozenset({"sodium chloride", "dextrose", "lactated ringers", "heparin lock"})

#: Drugs that are given before others, by name; they are billed themselves only where no other drug is named.
_PREMEDICATIONS: Final = re.compile(
    r"\b(?:TYLENOL|ACETAMINOPHEN|APAP|BENADRYL|DIPHENHYDRAMINE|SOLU-?\s?MEDROL|METHYLPRED[A-Z]*|PREDNISO[A-Z]+|PRED"
    r"|DECADRON|DEXAMETHASONE|DEXA?|PEPCID|FAMOTIDINE|ZYRTEC|CETIRIZINE|CLARITIN|LORATADINE|ALLEGRA|FEXOFENADINE"
    r"|SINGULAIR|MONTELUKAST|ZOFRAN|ONDANSETRON|SOLU-?CORTEF|HYDROCORTISONE|CEFAZOLIN|ANCEF|ATIVAN|LORAZEPAM)\b"
)
# What stands before a drug given beside the one billed: PREMED BENADRYL 50MG.
_BESIDE = re.compile(r"\bPRE-?\s?MED(?:S|ICATED|ICATIONS?)?(?:\sWITH)?[\s:]*\Z")
# What stands before a drug that wasn't given: FAILED METHOTREXATE, SWITCHED FROM SOLIRIS TO ULTOMIRIS.
_NOT_GIVEN = re.compile(
    r"\b(?:FAIL(?:ED)?(?:\s(?:A\s)?TRIAL)?(?:\s(?:OF|ON|WITH|TO))?|(?:FAILURE|INTOLERANCE)\s(?:OF|TO|WITH)|TRIED"
    r"|(?:SWITCHED|CHANGED|CONVERTED)\sFROM|(?:NOT?|NON|POOR|INADEQUATE)[\s-]RESPON[A-Z]+\sTO|INSTEAD\sOF"
    r"|(?:ALLERG(?:IC|Y)|INTOLERANT)\sTO|PREVIOUS(?:LY)?(?:\sON)?|PRIOR|REPLAC(?:ES|ING)|STOPPED|DISCONTINUED|NOT"
    r"|(?:WAS\s)?BILLED(?:\sAS)?|NEVER(?:\s[A-Z]+)?|BIOSIMILAR\s(?:TO|OF|FOR)|(?:HX|HISTORY)\sOF)[\s:]*\Z",
)
# What follows a drug that wasn't given: FASENRA? NO, XOLAIR; FASENRA IN ERROR; FASENRA CHANGED TO XOLAIR.
_NOT_GIVEN_AFTER = re.compile(
    r"\s*(?:\?\s*NO(?:T|PE)?\b|[(,]?\s*(?:WAS\s|IS\s)?(?:NOT\s(?:GIVEN|USED|ADMINISTERED|THIS)|(?:IN\s)?ERR(?:OR)?|WRONG)\b"
    r"|(?:WAS\s)?(?:CHANGED|CORRECTED|SWITCHED|CONVERTED)\sTO\b|[-=]+>|(?:WAS\s)?DENIED\b(?=.*\bGOT\b)|\(?BIOSIM(?:ILAR)?\s(?!FOR\b)(?=[A-Z]{4,})|(?:WAS\s)?(?:REFUSED|STOPPED|DISCONTINUED"
    r"|FAILED|NOT\sTOLERATED)\b)"
)
# What follows a drug given beside the one billed, after its amount and route: BENADRYL 50MG IV PREMED.
_BESIDE_AFTER = re.compile(
    r"(?:[\s,]*[0-9.,]+\s?(?:MG|MCG|G|ML|UNITS?)?)?(?:[\s,]*(?:IVP?|PO|IM|SC|SQ|ORAL))?"
    r"[\s,(]*(?:AS\s|FOR\s)?(?:A\s)?PRE-?\s?MED(?:S|ICATED|ICATIONS?)?\b(?!\sWITH)"
)
# What stands between the name of a drug billed by mistake and the right one.
_CORRECTED = re.compile(r"\b(?:CORRECTED|CORRECTION|ACTUAL(?:LY)?|SHOULD\s(?:BE|READ))\b")
_AND = re.compile(r"\s*(?:/|&|,?\s?\b(?:AND|OR)\b)\s*\Z")

#: How fit a name is to be the line's, best first.
GIVEN, UNKNOWN, VEHICLE, COMPANION, ABSENT = range(5)


class Billed(NamedTuple):
    """The name of the drug billed, how fit it is, and the names of others whose amounts aren't its own."""

    name: Name | None = None
    fit: int = ABSENT
    others: tuple[Name, ...] = ()


def billed(text: str, names: Sequence[Name]) -> Billed:
    """The first known name that is spoken of as given; words that only look like a biologic come after it, drugs
    given beside it and vehicles last. ``names`` are those found in ``text`` (upper case), in order."""
    if not names:
        return Billed()
    names = _with_premedications(text, names)
    fits = _fits(text, names)
    fit = min(fits)
    name = names[fits.index(fit)] if fit < ABSENT else None
    others = [names[place] for place, other in enumerate(fits) if other >= VEHICLE and names[place] is not name]
    return Billed(name, fit, tuple(others))


def _with_premedications(text: str, names: Sequence[Name]) -> Sequence[Name]:
    """The names and those of premedications that no table lists, in order."""
    more = [
        Name(found.start(), found.end(), found[0].lower(), None)
        for found in _PREMEDICATIONS.finditer(text)
        if not any(name.start <= found.start() < name.end for name in names)
    ]
    return sorted([*names, *more]) if more else names


def is_premedication(text: str, name: Name) -> bool:
    """Whether a name of ``text`` (upper case) is one of the drugs that are given before others."""
    return _PREMEDICATIONS.fullmatch(text, name.start, name.end) is not None


def _fits(text: str, names: Sequence[Name]) -> list[int]:
    fits: list[int] = []
    end = 0
    only_premedications = all(is_premedication(text, name) for name in names)
    for name in names:
        before = text[end : name.start]
        if _CORRECTED.search(before):
            fits = [ABSENT] * len(fits)
        denied = before and (_NOT_GIVEN.search(before) or (fits and fits[-1] == ABSENT and _AND.match(before)))
        if denied or _NOT_GIVEN_AFTER.match(text, name.end):
            fits.append(ABSENT)
        elif name.canonical in _VEHICLES:
            fits.append(VEHICLE)
        elif (
            (before and _BESIDE.search(before))
            or _BESIDE_AFTER.match(text, name.end)
            or (is_premedication(text, name) and not only_premedications)
        ):
            fits.append(COMPANION)
        else:
            fits.append(UNKNOWN if name.canonical is None else GIVEN)
        end = name.end
    return fits


def without_amounts(tokens: Sequence[Token], others: Sequence[Name]) -> Sequence[Token]:
    """The tokens with the amounts of other drugs, and the routes by which those were given, made words that say
    nothing: 0.9% SODIUM CHLORIDE 250ML, BENADRYL 50MG IV."""
    if not others:
        return tokens
    plain = list(tokens)
    for other in others:
        for place in _amounts_beside(tokens, other):
            plain[place] = replace(tokens[place], kind="W", text="")
    return plain


def _amounts_beside(tokens: Sequence[Token], name: Name) -> Iterator[int]:
    """Places of the amounts right behind a name, and of a percentage right before it."""
    place = sum(token.start < name.start for token in tokens) - 1
    if place >= 0 and tokens[place].kind == "P":
        yield place
    place = sum(token.start < name.end for token in tokens)
    numbers = "QVP" if name.canonical in _VEHICLES else "QVPN"  # SOLU-MEDROL 125 IV
    while place < len(tokens) and tokens[place].kind in numbers:
        yield place
        place += 1
    if name.canonical not in _VEHICLES and place < len(tokens) and tokens[place].text in ROUTE_WORDS:
        yield place
