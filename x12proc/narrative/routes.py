"""How and on which side the drug was given."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from x12proc.narrative.spelling import Speller
from x12proc.narrative.tokens import Token, word_set


def _named(route: str, words: str) -> dict[str, str]:
    return dict.fromkeys(words.split(), route)


#: Words that always mean the route.
_ROUTES: Final = {
    **_named("IV", "IV INTRAVENOUS INTRAVENOUSLY INTRAVEN INTRAVENUS IVP IVPB IVBP IVI CIVI IVINF"),
    **_named("SC", "SQ SUBQ SUBQUE SUBCUT SUBCUTANEOUS SUBCUTANEOUSLY"),
    **_named("IM", "IM INTRAMUSC INTRAMUSCULAR INTRAMUSCULARLY"),
    **_named("ID", "INTRADERMAL INTRADERMALLY"),
    **_named("IT", "INTRATHECAL INTRATHECALLY ICV INTRAVENTRICULAR INTRACEREBROVENTRICULAR"),
    **_named("INTRAVITREAL", "IVT IVTL IVIT INTRAVIT INTRAVITREAL INTRAVITREALLY"),
    **_named("SUBRETINAL", "SUBRETINAL"),
    **_named("INTRAVESICAL", "INTRAVESICAL INTRAVESICALLY"),
    **_named("INTRALESIONAL", "INTRALESIONAL INTRALESIONALLY"),
    **_named("INTRAARTICULAR", "INTRAARTICULAR"),
    **_named("INTRAPERITONEAL", "INTRAPERITONEAL"),
    **_named("INTRATUMORAL", "INTRATUMORAL"),
    **_named("INTRAOCULAR", "INTRAOCULAR INTRACAMERAL"),
    **_named("SUPRACHOROIDAL", "SUPRACHOROIDAL"),
    **_named("INTRAPUTAMINAL", "INTRAPUTAMINAL"),
    **_named("INTRATRACHEAL", "INTRATRACHEAL"),
    **_named("INTRAPLEURAL", "INTRAPLEURAL"),
    **_named("INTRAARTERIAL", "INTRAARTERIAL"),
    **_named("INTRADETRUSOR", "INTRADETRUSOR"),
    **_named("INTRACOCHLEAR", "INTRACOCHLEAR"),
    **_named("EPIDURAL", "EPIDURAL EPIDURALLY"),
    **_named("INTRAPORTAL", "INTRAPORTAL"),
    **_named("INTRACAVERNOSAL", "INTRACAVERNOSAL INTRACAVERNOUS"),
    **_named("RECTAL", "RECTAL RECTALLY"),
    **_named("NASAL", "INTRANASAL INTRANASALLY NASALLY"),
    **_named("OPHTHALMIC", "OPHTHALMIC"),
    **_named("SUBLINGUAL", "SUBLINGUAL SUBLINGUALLY"),
    **_named("PERCUTANEOUS", "PERCUTANEOUS PERCUTANEOUSLY"),
    **_named("INHALATION", "INH NEB INHALATION INHALED NEBULIZED"),
    **_named("ORAL", "PO ORAL ORALLY"),
    **_named("TOPICAL", "TOPICAL TOPICALLY"),
    **_named("IMPLANT", "IMPLANT IMPLANTS"),
}

#: Long words of the table with a slip of the pen: INTRAVITRAL, SUBCUTANIOUS.
_SPELLER: Final = Speller(word.lower() for word in _ROUTES)
_SHORTEST_CUT: Final = 7  # letters of a long word that was cut short
_LONG: Final = ("INTRA", "SUBC", "SUBR")  # what the long words begin with

#: Words that mean something else as well (a state, an identifier, English): a route only next to a dose.
_DOUBTFUL: Final = {"SC": "SC", "ID": "ID", "IT": "IT", "IL": "INTRALESIONAL", "IA": "INTRAARTICULAR"} | {
    "IP": "INTRAPERITONEAL",
    "TOP": "TOPICAL",
}

#: Every single word that can name a route.
ROUTE_WORDS: Final = frozenset(_ROUTES) | frozenset(_DOUBTFUL)

#: Words that point to a route when the text names none.
_HINTS: Final = {"INF": "IV", "INFUSION": "IV", "BLADDER": "INTRAVESICAL"}

_INTRA: Final = {
    "ARTERIAL": "INTRAARTERIAL",
    "ARTICULAR": "INTRAARTICULAR",
    "OCULAR": "INTRAOCULAR",
    "PERITONEAL": "INTRAPERITONEAL",
    "PLEURAL": "INTRAPLEURAL",
    "VITREAL": "INTRAVITREAL",
}

# After these words IV is the Roman numeral.
_NUMBERED: Final = word_set(
    "STAGE STG ST TYPE GRADE CLASS PHASE FACTOR LEVEL GROUP TIER PART SCHEDULE I II III V VI"
)
_CLINICAL: Final = word_set("INJ INJECTION INJECT VIA ROUTE ONCE WEEKLY MONTHLY DAILY INFUSION ADMIN")
_VERBS: Final = word_set("IS WAS HAS HAD WILL CAN MAY MUST WOULD SHOULD DOES DID WORKED NEEDS CAUSED")
_DISEASE: Final = word_set("CANCER CA TUMOR CARCINOMA NEOPLASM LYMPHOMA MELANOMA")
_PLACE: Final = word_set("CLINIC CLINICS CENTER CENTERS CENTRE CTR SUITE DEPT DEPARTMENT OFFICE")
_BEFORE_ID: Final = word_set("MEMBER PATIENT PT CLAIM TAX PROVIDER SUBSCRIBER PAYER PRODUCT LOT STUDY")
_NO_INFUSION: Final = _DISEASE | _PLACE  # BLADDER CANCER, INFUSION CENTER

_EYES: Final = {"OD": "RT", "OS": "LT", "OU": "BOTH", "RT": "RT", "LT": "LT", "BILATERAL": "BOTH"}
_SIDES: Final = {"RIGHT": "RT", "LEFT": "LT", "R": "RT", "L": "LT", "BOTH": "BOTH"}
_WARMED_TO: Final = word_set("TO AT")  # RT, room temperature
_PARTS: Final = word_set("EYE EYES EAR EARS KNEE KNEES HAND SHOULDER HIP")  # of the body, that a side is told of
_EYE_SIDES: Final = {"RE": "RT", "LE": "LT"}  # right and left eye, beside a route into the eye
_EYE_ROUTES: Final = word_set("IVT IVTL IVIT INTRAVITREAL EYE")
#: Every word that can name a side.
SIDE_WORDS: Final = frozenset(_EYES) | frozenset(_SIDES) | frozenset(_EYE_SIDES)

_BEFORE: Final = frozenset("QVPcdgko")  # kinds of token that a doubtful route follows
_MARKS: Final = frozenset("syr")  # / , ; : - and a closing bracket
_AFTER: Final = frozenset("QVcdg")  # ... or comes before


def read_routes(
    tokens: Sequence[Token], named: frozenset[int], denied: frozenset[int] = frozenset()
) -> tuple[str, ...]:
    """Canonical routes in the order of the text, without doubles.

    ``named`` holds the places in ``tokens`` that belong to a drug's name: none of them is a route, and
    next to one a doubtful word is believed. ``denied`` holds the places of words that the text takes back.
    """
    routes: list[str] = []
    hints: list[str] = []
    for place, token in enumerate(tokens):
        if token.kind not in "Wc" or place in named or place in denied:
            continue
        word = token.text
        route = _ROUTES.get(word) or (_misspelt(word) if word.startswith(_LONG) else None)
        if route:
            if not _is_something_else(tokens, place):
                routes.append(route)
        elif word in _DOUBTFUL and _is_beside_a_dose(tokens, place, named):
            routes.append(_DOUBTFUL[word])
        elif word in _HINTS and _word(tokens, place + 1) not in _NO_INFUSION:
            hints.append(_HINTS[word])
        elif word in _INTRA and "INTRA" in {_word(tokens, place - 1), _word(tokens, place - 2)}:
            routes.append(_INTRA[word])
    found = dict.fromkeys(routes or hints)
    if len(found) > 1:
        found.pop("IMPLANT", None)  # the form of what is given by another route: INTRAVITREAL IMPLANT
    return tuple(found)


@lru_cache(maxsize=1024)
def _misspelt(word: str) -> str | None:
    """The route that a word cut short (INTRALES, SUBCUTAN) or with a slip of the pen means."""
    if len(word) >= _SHORTEST_CUT:
        meant = {route for whole, route in _ROUTES.items() if whole.startswith(word)}
        if len(meant) == 1:
            return meant.pop()
    spelled = _SPELLER.nearest(word.lower())
    return _ROUTES[spelled.upper()] if spelled else None


def _is_something_else(tokens: Sequence[Token], place: int) -> bool:
    """``STAGE IV``, ``PO #123``, ``RECTAL CANCER``, ``IM CLINIC``; but not ``VIA IV OFFICE``."""
    if tokens[place].text == "IV" and _is_numeral(tokens, place):
        return True
    if _word(tokens, place + 1) in _DISEASE:  # RECTAL CANCER
        return True
    before = _word(tokens, place - 1) in _CLINICAL or _follows_an_amount(tokens, place)
    names_a_place = _word(tokens, place + 1) in _PLACE and not before  # IM CLINIC; but 10 MG / IV OFFICE
    return names_a_place or _is_order_number(tokens, place)


def read_laterality(
    tokens: Sequence[Token], named: frozenset[int], denied: frozenset[int] = frozenset()
) -> str | None:
    """``RT`` or ``LT``; None when the text names no side or both."""
    if SIDE_WORDS.isdisjoint([token.text for token in tokens]):
        return None
    sides: set[str] = set()
    for place, token in enumerate(tokens):
        if place in named or place in denied or _word(tokens, place - 1) in _WARMED_TO:
            continue
        if token.text in _EYE_SIDES and _is_beside(tokens, place, _EYE_ROUTES):
            sides.add(_EYE_SIDES[token.text])
        elif token.text in _EYES:
            sides.add(_EYES[token.text])
        elif token.text in _SIDES and _word(tokens, place + 1) in _PARTS:
            sides.add(_SIDES[token.text])
    return sides.pop() if len(sides) == 1 and "BOTH" not in sides else None


def _is_beside(tokens: Sequence[Token], place: int, words: frozenset[str]) -> bool:
    return _word(tokens, place - 1) in words or _word(tokens, place + 1) in words


def _word(tokens: Sequence[Token], place: int) -> str:
    return tokens[place].text if 0 <= place < len(tokens) else ""


def _kind(tokens: Sequence[Token], place: int) -> str:
    return tokens[place].kind if 0 <= place < len(tokens) else ""


def _follows_an_amount(tokens: Sequence[Token], place: int) -> bool:
    """``280MG SC``, also ``280MG / SC``, ``280MG; SC``, ``280MG (2 ML) SC`` and ``140MG/ML SC``."""
    last = place - 1
    while _kind(tokens, last) in _MARKS:
        last -= 1
    per_volume = _kind(tokens, last) == "u" and _kind(tokens, last - 1) == "s"
    return per_volume or _is_amount(tokens, last)


def _is_amount(tokens: Sequence[Token], place: int) -> bool:
    """Whether an amount ends at that place, be it with a multiplier: ``150MG X2``."""
    kind = _kind(tokens, place)
    return kind in _BEFORE or (kind == "N" and _kind(tokens, place - 1) == "x")


def _is_numeral(tokens: Sequence[Token], place: int) -> bool:
    """``STAGE IV``, ``FACTOR IV``, ``III/IV``."""
    before = place - 2 if _kind(tokens, place - 1) in {"s", "y"} else place - 1  # III/IV, ST. IV
    return _word(tokens, before) in _NUMBERED


def _is_order_number(tokens: Sequence[Token], place: int) -> bool:
    """``PO #123`` and ``PO 12345`` are purchase orders."""
    return tokens[place].text == "PO" and _kind(tokens, place + 1) in {"h", "N"}


def _is_beside_a_dose(tokens: Sequence[Token], place: int, named: frozenset[int]) -> bool:
    before, after = _word(tokens, place - 1), _word(tokens, place + 1)
    if before in _BEFORE_ID or after in _VERBS:
        return False
    if _kind(tokens, place + 1) in {"N", "h"} and len(after) >= 5:
        return False  # a state and its ZIP code, or an identifier
    word = tokens[place].text
    if word == "ID" and _kind(tokens, place + 1) in {"N", "h", "y"}:
        return False
    before_fits = _follows_an_amount(tokens, place) or before in _CLINICAL or before in _ROUTES
    after_fits = _kind(tokens, place + 1) in _AFTER or after in _CLINICAL
    if word == "IT" and (after == "PUMP" or before == after == ","):
        return True
    if word == "IT":  # English unless it stands where a route stands
        return before_fits or (after_fits and (place - 1) in named)
    slashed = _kind(tokens, place - 1) == "s" and _word(tokens, place - 2) in _ROUTES
    return before_fits or after_fits or slashed or (place - 1) in named
