"""Find drug names with one typing error."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from x12proc.narrative.tokens import word_set

#: Shorter names have too many neighbors: one letter makes another word of them.
SHORTEST: Final = 7

#: English words, places and laboratory terms that are one letter away from the name of a drug.
PLAIN_WORDS: Final = word_set(
    "activate albumen anthranil antithrombic arblast benefic benefit betulin cerotin cytogamy cytogene "
    "definite desport dextrorse disport edentate egality eluctate flutist glassie glucogen lanolin "
    "leucine lexical lexicon megatype microliter microlith monoline morphing opticon option pegasus pentace "
    "pentacle personal program prolactin provence recast reclasp reclass recoast rotate rotated siliqua "
    "solaris stelar sylvan synaxis thiamide thiazine thyroglobulin triamine ultraist vitrage"
)


class Speller:
    """Finds the one name that differs from a word by a single letter added, lost, changed or swapped."""

    def __init__(self, names: Iterable[str]) -> None:
        """``names``: lower-case single words; those under `SHORTEST` letters are left out."""
        self._by_ends: dict[tuple[str, int], list[str]] = defaultdict(list)
        for name in sorted(set(names)):
            if len(name) >= SHORTEST and name.isalpha():
                # One error leaves either the first three letters or the last three intact.
                self._by_ends["^" + name[:3], len(name)].append(name)
                self._by_ends[name[-3:] + "$", len(name)].append(name)

    def nearest(self, word: str) -> str | None:
        """Return the one name that is one edit away from ``word`` (lower case); None if there are none or several.

        The first letter must be right, and `PLAIN_WORDS` are never taken for a name.
        """
        if len(word) < SHORTEST - 1 or word in PLAIN_WORDS:
            return None
        found: set[str] = set()
        head, tail = "^" + word[:3], word[-3:] + "$"
        for length in (len(word) - 1, len(word), len(word) + 1):
            for key in (head, tail):
                for name in self._by_ends.get((key, length), ()):
                    if name[0] == word[0] and is_one_edit(word, name):
                        found.add(name)
        return found.pop() if len(found) == 1 else None


def differs_in_one_span(word: str, name: str) -> bool:
    """Return whether the two differ in one span of at most three letters only, after the third letter."""
    shortest = min(len(word), len(name))
    head = next((i for i in range(shortest) if word[i] != name[i]), shortest)
    tail = next((i for i in range(shortest - head) if word[-1 - i] != name[-1 - i]), shortest - head)
    return head >= 3 and max(len(word), len(name)) - head - tail <= 3


def is_one_edit(word: str, name: str) -> bool:
    """Return whether one letter added, lost, changed or swapped with its neighbor turns ``word`` into ``name``."""
    if word == name or abs(len(word) - len(name)) > 1:
        return False
    first = next(
        (i for i, (a, b) in enumerate(zip(word, name, strict=False)) if a != b), min(len(word), len(name))
    )
    if len(word) > len(name):
        return word[first + 1 :] == name[first:]
    if len(word) < len(name):
        return word[first:] == name[first + 1 :]
    swapped = word[first : first + 2] == name[first : first + 2][::-1] and word[first + 2 :] == name[first + 2 :]
    return swapped or word[first + 1 :] == name[first + 1 :]
