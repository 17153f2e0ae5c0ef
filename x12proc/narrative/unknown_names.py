"""Find words that may name a drug that no table lists: a new product is billed before the tables have it."""

from __future__ import annotations

from collections.abc import Sequence

from x12proc.narrative.identifiers import read_identifiers
from x12proc.narrative.lexicon import Lexicon
from x12proc.narrative.model import Narrative
from x12proc.narrative.reader import read
from x12proc.narrative.tokens import clean, tokenize
from x12proc.narrative.vocabulary import may_be_a_name


def unknown_drug_name(texts: Sequence[str], lexicon: Lexicon) -> str | None:
    """Return the first word of ``texts``, in capitals, that is neither common nor a known fact, or None.

    Only a newer table can decide whether it is a drug's name. Nothing is raised.
    """
    for text in texts:
        for token in tokenize(read_identifiers(clean(text).upper()).rest):
            if token.kind == "W" and may_be_a_name(token.text) and read((token.text,), lexicon) == Narrative():
                return token.text
    return None
