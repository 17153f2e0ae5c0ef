"""What a text takes back: words it denies (NOT COMPOUNDED) and facts it corrects (WASTE 20MG S/B 40MG)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from x12proc.narrative.routes import ROUTE_WORDS, SIDE_WORDS
from x12proc.narrative.tokens import Token, word_set

_CORRECTS: Final = word_set("CORRECTED CORRECTION CORR COR")
_DENIES: Final = word_set("NOT NON NEVER")
_DENIES_ONE: Final = word_set("NO WITHOUT")  # NO CHARGE STUDY DRUG is a study drug
_WORDS_DENIED: Final = 2  # that tell something: NOT FDA APPROVED INVESTIGATIONAL is investigational
_LITTLE: Final = word_set("A AN THE PART OF FOR IN BEEN BE AS OR CLINICAL FORM")
_DONE: Final = word_set("TREATED USED GIVEN DONE INJECTED ADMINISTERED")
_ENDS: Final = frozenset("QVPlrg")  # kinds of token that end what a word denies
_AMOUNTS: Final = frozenset("QVPN")


def without_corrected(tokens: Sequence[Token]) -> Sequence[Token]:
    """The tokens without those that a later one of the same kind corrects, and without the word that says so."""
    if _CORRECTS.isdisjoint([token.text for token in tokens]):
        return tokens
    kept = list(tokens)
    for place, token in enumerate(tokens):
        if token.text not in _CORRECTS:
            continue
        right = next((one for one in tokens[place + 1 : place + 5] if _class(one)), None)
        wrong = next((one for one in reversed(tokens[:place]) if right and _class(one) == _class(right)), None)
        if wrong is not None:
            dropped = {id(token), *map(id, _whole_amount(tokens, wrong))}
            kept = [one for one in kept if id(one) not in dropped]
    return kept


def _whole_amount(tokens: Sequence[Token], last: Token) -> Sequence[Token]:
    """A token, with the amount before a slash when it is the volume behind it: 324 MG/1.8 ML."""
    place = next(place for place, one in enumerate(tokens) if one is last)
    ratio = tokens[max(place - 2, 0) : place + 1]
    return ratio if "".join([one.kind for one in ratio]) == "QsV" else [last]


def _class(token: Token) -> str:
    """What a token may be corrected to: another amount, route or side; empty for what is none of these."""
    if token.kind in "QV":
        return token.kind
    if token.text in SIDE_WORDS:
        return "side"
    return "route" if token.text in ROUTE_WORDS else ""


def denied(tokens: Sequence[Token]) -> frozenset[int]:
    """The places of the words that a text denies: those behind NOT and NO, and a clause about what wasn't used."""
    texts = [token.text for token in tokens]
    if _DENIES.isdisjoint(texts) and _DENIES_ONE.isdisjoint(texts) and "UNUSED" not in texts:
        return frozenset()
    places: set[int] = set()
    for place, text in enumerate(texts):
        if text in _DENIES:
            places.update(_behind(tokens, place, _WORDS_DENIED))
            if place + 1 < len(texts) and texts[place + 1] in _DONE:
                places.update(_clause_before(tokens, place))
        elif text in _DENIES_ONE:
            places.update(_behind(tokens, place, 1))
        elif text == "UNUSED":
            places.update(_clause_before(tokens, place))
    return frozenset(places)


def _behind(tokens: Sequence[Token], place: int, most: int) -> list[int]:
    """The places of the words that a denial covers: up to a mark, an amount, or ``most`` words with a meaning."""
    found: list[int] = []
    told = 0
    for later in range(place + 1, len(tokens)):
        if _is_mark(tokens[later]) or tokens[later].kind in _ENDS or told >= most:
            break
        found.append(later)
        told += tokens[later].text not in _LITTLE
    return found


def _clause_before(tokens: Sequence[Token], place: int) -> list[int]:
    """The places of a clause that ends here, unless it holds an amount: OD 2MG NOT USED is about the amount."""
    found: list[int] = []
    for earlier in range(place - 1, -1, -1):
        if _is_mark(tokens[earlier]):
            break
        if tokens[earlier].kind in _AMOUNTS:
            return []
        found.append(earlier)
    return found


def _is_mark(token: Token) -> bool:
    return token.kind in "ylr" and token.text in ";,.:()"
