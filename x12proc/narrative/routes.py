"""Read the route and the side of the body by which a drug was given."""

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

#: Long words of the table with one typing error: INTRAVITRAL, SUBCUTANIOUS.
_SPELLER: Final = Speller(word.lower() for word in _ROUTES)
_SHORTEST_CUT: Final = 7  # letters of a long word that was cut short
_LONG: Final = ("INTRA", "SUBC", "SUBR")  # what the long words begin with

#: Words with another meaning (a state, an identifier, English): a route only next to a dose.
_AMBIGUOUS: Final = {"SC": "SC", "ID": "ID", "IT": "IT", "IL": "INTRALESIONAL", "IA": "INTRAARTICULAR"} | {
    "IP": "INTRAPERITONEAL",
    "TOP": "TOPICAL",
}

#: Every single word that can name a route.
ROUTE_WORDS: Final = frozenset(_ROUTES) | frozenset(_AMBIGUOUS)

#: Words that suggest a route when the text names none.
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
_SITES: Final = word_set("CLINIC CLINICS CENTER CENTERS CENTRE CTR SUITE DEPT DEPARTMENT OFFICE")
_BEFORE_ID: Final = word_set("MEMBER PATIENT PT CLAIM TAX PROVIDER SUBSCRIBER PAYER PRODUCT LOT STUDY")
_NO_INFUSION: Final = _DISEASE | _SITES  # BLADDER CANCER, INFUSION CENTER

_EYES: Final = {"OD": "RT", "OS": "LT", "OU": "BOTH", "RT": "RT", "LT": "LT", "BILATERAL": "BOTH"}
_SIDES: Final = {"RIGHT": "RT", "LEFT": "LT", "R": "RT", "L": "LT", "BOTH": "BOTH"}
_TEMPERATURE_WORDS: Final = word_set("TO AT")  # RT, room temperature
_PARTS: Final = word_set(
    "EYE EYES EAR EARS KNEE KNEES HAND SHOULDER HIP"
)  # of the body, of which there is a right and a left one
_EYE_SIDES: Final = {"RE": "RT", "LE": "LT"}  # right and left eye, beside a route into the eye
_EYE_ROUTES: Final = word_set("IVT IVTL IVIT INTRAVITREAL EYE")
#: Every word that can name a side.
SIDE_WORDS: Final = frozenset(_EYES) | frozenset(_SIDES) | frozenset(_EYE_SIDES)

_BEFORE: Final = frozenset("QVPcdgko")  # kinds of token that an ambiguous route follows
_PUNCTUATION: Final = frozenset("syr")  # / , ; : - and a closing bracket
_AFTER: Final = frozenset("QVcdg")  # ... or comes before


def read_routes(
    tokens: Sequence[Token], named: frozenset[int], negated: frozenset[int] = frozenset()
) -> tuple[str, ...]:
    """Return the canonical routes in the order of the text, without duplicates.

    ``named`` holds the indexes of tokens that belong to a drug's name: none of them is a route, but next to one
    an ambiguous word is taken as a route. ``negated`` holds the indexes of words that the text negates.
    """
    routes: list[str] = []
    hints: list[str] = []
    for index, token in enumerate(tokens):
        if token.kind not in "Wc" or index in named or index in negated:
            continue
        word = token.text
        route = _ROUTES.get(word) or (_misspelled(word) if word.startswith(_LONG) else None)
        if route:
            if not _is_not_route(tokens, index):
                routes.append(route)
        elif word in _AMBIGUOUS and _is_beside_a_dose(tokens, index, named):
            routes.append(_AMBIGUOUS[word])
        elif word in _HINTS and _word(tokens, index + 1) not in _NO_INFUSION:
            hints.append(_HINTS[word])
        elif word in _INTRA and "INTRA" in {_word(tokens, index - 1), _word(tokens, index - 2)}:
            routes.append(_INTRA[word])
    found = dict.fromkeys(routes or hints)
    if len(found) > 1:
        found.pop("IMPLANT", None)  # the form of a drug given by another route: INTRAVITREAL IMPLANT
    return tuple(found)


@lru_cache(maxsize=1024)
def _misspelled(word: str) -> str | None:
    """Return the route of a word cut short (INTRALES, SUBCUTAN) or with one typing error; None for others."""
    if len(word) >= _SHORTEST_CUT:
        meant = {route for whole, route in _ROUTES.items() if whole.startswith(word)}
        if len(meant) == 1:
            return meant.pop()
    spelled = _SPELLER.nearest(word.lower())
    return _ROUTES[spelled.upper()] if spelled else None


def _is_not_route(tokens: Sequence[Token], index: int) -> bool:
    """Return whether a route's word means something else: ``STAGE IV``, ``PO #123``, ``IM CLINIC``."""
    if tokens[index].text == "IV" and _is_numeral(tokens, index):
        return True
    if _word(tokens, index + 1) in _DISEASE:  # RECTAL CANCER
        return True
    before = _word(tokens, index - 1) in _CLINICAL or _follows_an_amount(tokens, index)
    names_a_site = _word(tokens, index + 1) in _SITES and not before  # IM CLINIC; but 10 MG / IV OFFICE
    return names_a_site or _is_order_number(tokens, index)


def read_laterality(
    tokens: Sequence[Token], named: frozenset[int], negated: frozenset[int] = frozenset()
) -> str | None:
    """Return ``RT`` or ``LT``; None if the text names no side or both."""
    if SIDE_WORDS.isdisjoint([token.text for token in tokens]):
        return None
    sides: set[str] = set()
    for index, token in enumerate(tokens):
        if index in named or index in negated or _word(tokens, index - 1) in _TEMPERATURE_WORDS:
            continue
        if token.text in _EYE_SIDES and _is_beside(tokens, index, _EYE_ROUTES):
            sides.add(_EYE_SIDES[token.text])
        elif token.text in _EYES:
            sides.add(_EYES[token.text])
        elif token.text in _SIDES and _word(tokens, index + 1) in _PARTS:
            sides.add(_SIDES[token.text])
    return sides.pop() if len(sides) == 1 and "BOTH" not in sides else None


def _is_beside(tokens: Sequence[Token], index: int, words: frozenset[str]) -> bool:
    return _word(tokens, index - 1) in words or _word(tokens, index + 1) in words


def _word(tokens: Sequence[Token], index: int) -> str:
    return tokens[index].text if 0 <= index < len(tokens) else ""


def _kind(tokens: Sequence[Token], index: int) -> str:
    return tokens[index].kind if 0 <= index < len(tokens) else ""


def _follows_an_amount(tokens: Sequence[Token], index: int) -> bool:
    """Return whether an amount precedes: ``280MG SC``, ``280MG / SC``, ``280MG (2 ML) SC``, ``140MG/ML SC``."""
    last = index - 1
    while _kind(tokens, last) in _PUNCTUATION:
        last -= 1
    per_volume = _kind(tokens, last) == "u" and _kind(tokens, last - 1) == "s"
    return per_volume or _is_amount(tokens, last)


def _is_amount(tokens: Sequence[Token], index: int) -> bool:
    """Return whether an amount ends at that index, with or without a multiplier: ``150MG X2``."""
    kind = _kind(tokens, index)
    return kind in _BEFORE or (kind == "N" and _kind(tokens, index - 1) == "x")


def _is_numeral(tokens: Sequence[Token], index: int) -> bool:
    """Return whether IV is a Roman numeral: ``STAGE IV``, ``FACTOR IV``, ``III/IV``."""
    before = index - 2 if _kind(tokens, index - 1) in {"s", "y"} else index - 1  # III/IV, ST. IV
    return _word(tokens, before) in _NUMBERED


def _is_order_number(tokens: Sequence[Token], index: int) -> bool:
    """Return whether PO is a purchase order: ``PO #123``, ``PO 12345``."""
    return tokens[index].text == "PO" and _kind(tokens, index + 1) in {"h", "N"}


def _is_beside_a_dose(tokens: Sequence[Token], index: int, named: frozenset[int]) -> bool:
    """Return whether an ambiguous word (SC, ID, IT, IP) is next to a dose, a route or a drug's name."""
    before, after = _word(tokens, index - 1), _word(tokens, index + 1)
    if before in _BEFORE_ID or after in _VERBS:
        return False
    if _kind(tokens, index + 1) in {"N", "h"} and len(after) >= 5:
        return False  # a state and its ZIP code, or an identifier
    word = tokens[index].text
    if word == "ID" and _kind(tokens, index + 1) in {"N", "h", "y"}:
        return False
    before_fits = _follows_an_amount(tokens, index) or before in _CLINICAL or before in _ROUTES
    after_fits = _kind(tokens, index + 1) in _AFTER or after in _CLINICAL
    if word == "IT" and (after == "PUMP" or before == after == ","):
        return True
    if word == "IT":  # English unless it is where a route is expected
        return before_fits or (after_fits and (index - 1) in named)
    slashed = _kind(tokens, index - 1) == "s" and _word(tokens, index - 2) in _ROUTES
    return before_fits or after_fits or slashed or (index - 1) in named
