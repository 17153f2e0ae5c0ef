"""How well the reader does on texts as billers type them: `fixtures/narratives.toml`."""

from __future__ import annotations

import pytest
from measured import FACTS, Text, compare, load, read_facts, score

from x12proc.narrative import Lexicon, read

TEXTS = load()
LONGEST_FIELD = 80  # SV101-7, SV202-7 and NTE02


def test_facts_are_read_right_and_names_are_not_invented(lexicon: Lexicon) -> None:
    result = score((text, read_facts(read(text.fields, lexicon))) for text in TEXTS)
    rights = f"{result.accuracy:.2%} of {result.facts} facts, {result.precision:.2%} of {result.names} names right"
    reported = "\n".join([rights, *map(str, result.errors)])
    assert result.accuracy >= 0.97, reported
    assert result.precision >= 0.99, reported
    assert result.recall >= 0.99, reported
    assert result.facts_precision >= 0.99, reported


def test_each_kind_of_fact_is_read_right(lexicon: Lexicon) -> None:
    """Of each fact 99 in 100 are found and 99 in 100 are right; one error is allowed where there are fewer."""
    result = score((text, read_facts(read(text.fields, lexicon))) for text in TEXTS)
    for fact in FACTS:
        expected, read_, right = result.of_fact(fact)
        assert expected - right <= max(1, expected // 100), (fact, expected, right)
        assert read_ - right <= max(1, read_ // 100), (fact, read_, right)


@pytest.mark.parametrize("text", [text for text in TEXTS if text.reason is None], ids=lambda text: text.shown[:40])
def test_a_text_says_this_and_nothing_else(text: Text, lexicon: Lexicon) -> None:
    narrative = read(text.fields, lexicon)
    errors = compare(text, read_facts(narrative))
    assert not errors, "\n".join(map(str, errors))
    assert narrative.route == (narrative.routes[0] if narrative.routes else None)


@pytest.mark.parametrize("text", [text for text in TEXTS if text.reason], ids=lambda text: text.shown[:40])
def test_a_text_known_to_be_misread_still_is(text: Text, lexicon: Lexicon) -> None:
    assert compare(text, read_facts(read(text.fields, lexicon))), "read right by now: take its reason out"


def test_the_texts_fit_their_fields_and_stand_once() -> None:
    shown = [text.fields for text in TEXTS]
    assert len(set(shown)) == len(shown) >= 150
    assert all(0 < len(field) <= LONGEST_FIELD for fields in shown for field in fields)
    assert all(1 <= len(fields) <= 3 for fields in shown)
