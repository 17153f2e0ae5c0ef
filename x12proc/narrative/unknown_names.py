"""Words that may name a drug which no table lists: a new product is billed before the tables have it."""

from __future__ import annotations

from collections.abc import Sequence

from x12proc.narrative.identifiers import read_identifiers
from x12proc.narrative.lexicon import Lexicon
from x12proc.narrative.model import Narrative
from x12proc.narrative.reader import read
from x12proc.narrative.tokens import clean, tokenize
from x12proc.narrative.vocabulary import may_be_a_name


def unknown_drug_name(texts: Sequence[str], lexicon: Lexicon) -> str | None:
    """The first word of ``texts``, in capitals, that says nothing known and looks like no English word; None where
    every word does. Whether it is a drug's name nobody can tell without a newer table. Nothing is raised."""
    for text in texts:
        for token in tokenize(read_identifiers(clean(text).upper()).rest):
            if token.kind == "W" and may_be_a_name(token.text) and read((token.text,), lexicon) == Narrative():
                return token.text
    return None
