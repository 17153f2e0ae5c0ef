"""Find the words that a text negates (NOT COMPOUNDED) and the facts that it corrects (WASTE 20MG S/B 40MG)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from x12proc.narrative.routes import ROUTE_WORDS, SIDE_WORDS
from x12proc.narrative.tokens import Token, word_set

_CORRECTIONS: Final = word_set("CORRECTED CORRECTION CORR COR")
_NEGATIONS: Final = word_set("NOT NON NEVER")
_NEGATES_ONE_WORD: Final = word_set("NO WITHOUT")  # NO CHARGE STUDY DRUG is a study drug
_WORDS_NEGATED: Final = 2  # with a meaning: NOT FDA APPROVED INVESTIGATIONAL is investigational
_FUNCTION_WORDS: Final = word_set("A AN THE PART OF FOR IN BEEN BE AS OR CLINICAL FORM")
_DONE: Final = word_set("TREATED USED GIVEN DONE INJECTED ADMINISTERED")
_END_KINDS: Final = frozenset("QVPlrg")  # kinds of token at which the effect of NOT ends
_AMOUNTS: Final = frozenset("QVPN")


def drop_corrected(tokens: Sequence[Token]) -> Sequence[Token]:
    """Drop each token that a later one of the same kind corrects, and the word CORRECTED itself."""
    if _CORRECTIONS.isdisjoint([token.text for token in tokens]):
        return tokens
    kept = list(tokens)
    for index, token in enumerate(tokens):
        if token.text not in _CORRECTIONS:
            continue
        right = next((one for one in tokens[index + 1 : index + 5] if _class(one)), None)
        wrong = next((one for one in reversed(tokens[:index]) if right and _class(one) == _class(right)), None)
        if wrong is not None:
            dropped = {id(token), *map(id, _whole_amount(tokens, wrong))}
            kept = [one for one in kept if id(one) not in dropped]
    return kept


def _whole_amount(tokens: Sequence[Token], last: Token) -> Sequence[Token]:
    """Return a token; for the volume of an amount per volume (324 MG/1.8 ML) all three tokens."""
    index = next(index for index, one in enumerate(tokens) if one is last)
    ratio = tokens[max(index - 2, 0) : index + 1]
    return ratio if "".join([one.kind for one in ratio]) == "QsV" else [last]


def _class(token: Token) -> str:
    """Return the class within which a token can be corrected: amount, route or side; empty for other tokens."""
    if token.kind in "QV":
        return token.kind
    if token.text in SIDE_WORDS:
        return "side"
    return "route" if token.text in ROUTE_WORDS else ""


def negated_indexes(tokens: Sequence[Token]) -> frozenset[int]:
    """Return the indexes of negated words: those after NOT and NO, and a clause about what was not used."""
    texts = [token.text for token in tokens]
    if _NEGATIONS.isdisjoint(texts) and _NEGATES_ONE_WORD.isdisjoint(texts) and "UNUSED" not in texts:
        return frozenset()
    indexes: set[int] = set()
    for index, text in enumerate(texts):
        if text in _NEGATIONS:
            indexes.update(_negated_after(tokens, index, _WORDS_NEGATED))
            if index + 1 < len(texts) and texts[index + 1] in _DONE:
                indexes.update(_clause_before(tokens, index))
        elif text in _NEGATES_ONE_WORD:
            indexes.update(_negated_after(tokens, index, 1))
        elif text == "UNUSED":
            indexes.update(_clause_before(tokens, index))
    return frozenset(indexes)


def _negated_after(tokens: Sequence[Token], index: int, most: int) -> list[int]:
    """Return the indexes of words after a negation, up to punctuation, an amount or ``most`` meaningful words."""
    found: list[int] = []
    meaningful = 0
    for later in range(index + 1, len(tokens)):
        if _is_punctuation(tokens[later]) or tokens[later].kind in _END_KINDS or meaningful >= most:
            break
        found.append(later)
        meaningful += tokens[later].text not in _FUNCTION_WORDS
    return found


def _clause_before(tokens: Sequence[Token], index: int) -> list[int]:
    """Return the indexes of the clause before ``index``; none if it holds an amount, as in OD 2MG NOT USED."""
    found: list[int] = []
    for earlier in range(index - 1, -1, -1):
        if _is_punctuation(tokens[earlier]):
            break
        if tokens[earlier].kind in _AMOUNTS:
            return []
        found.append(earlier)
    return found


def _is_punctuation(token: Token) -> bool:
    return token.kind in "ylr" and token.text in ";,.:()"
