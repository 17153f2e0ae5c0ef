"""The names of drugs, and finding them in free text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Final, NamedTuple

from x12proc.narrative.spelling import SHORTEST, Speller
from x12proc.narrative.tokens import word_set

_PIECE = re.compile(r"[a-z]+|[0-9]+", re.ASCII)
_SUFFIX = re.compile(r"-([a-z]{4})(?![a-z0-9-])")
_GAP = re.compile(r"[^a-z0-9]{0,4}\Z")

# Stems that only names of biologics end in: antibodies, receptors, gene and cell therapies, enzymes, growth
# factors, toxins. A bare -ase or -kin also ends English words, so enzymes and interleukins need more of it.
_STEM = re.compile(
    r"[a-z]{3,}(?:mab|[a-z]cept|[a-z]vec|leucel|temcel|[a-z]leukin|kinra|grastim|gramostim|[a-z]poetin|plostim|"
    r"sidase|nidase|sulfase|teplase|spargase|gloticase|ricase|adamase|toxin[ab]|[a-z]fusp|stomig|[a-z]{3}bart)\Z"
)
_MOST_SPELLINGS: Final = 10_000

_NOT_STEMS: Final = word_set("concept intercept percept precept susceptibility foxbart rambart")

#: Words of four letters that may stand behind a hyphen without being a biosimilar's suffix.
_NO_SUFFIX: Final = word_set("dose drug given inje vial vials bags pens kits with only next last each call")


class Name(NamedTuple):
    """A drug's name in a text: its place, what stands there in lower case, and its canonical form.

    ``canonical`` is None for a word that can only be a biologic by its ending but that no table lists.
    """

    start: int
    end: int
    written: str
    canonical: str | None


def _key(name: str) -> str:
    """Words and numbers of a name, joined by blanks: ``H.P. Acthar`` as ``h p acthar``."""
    return " ".join(_PIECE.findall(name.lower()))


class Lexicon:
    """Names of drugs with their canonical form, e.g. ``ultomiris`` with ``ravulizumab-cwvz``."""

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        """``names``: pairs of a name in any case and its canonical name."""
        self._canonical: dict[str, str] = {}
        self._spellings: dict[str, str] = {}
        self._longest: dict[str, int] = {}  # first word of a name: words in the longest name that begins so
        for name, canonical in names:
            self._add(_key(name), canonical)
            found = _SUFFIX.search(name)
            if found and " " not in name:
                self._add(name.replace("-", ""), canonical)  # ravulizumabcwvz

    def _add(self, key: str, canonical: str) -> None:
        if key:
            self._canonical.setdefault(key, canonical)
            first, _, rest = key.partition(" ")
            self._longest[first] = max(self._longest.get(first, 1), rest.count(" ") + (2 if rest else 1))

    @cached_property
    def _speller(self) -> Speller:
        return Speller(key for key in self._canonical if " " not in key)

    def __len__(self) -> int:
        return len(self._canonical)

    def canonical(self, name: str) -> str | None:
        """The canonical form of exactly this name (case and punctuation don't count); None when unknown."""
        return self._canonical.get(_key(name))

    def find(self, text: str) -> tuple[Name, ...]:
        """The names in ``text``, in order, none inside another; the longest name at a place counts.

        A word of seven letters or more may have one slip of the pen, when only one name is that near.
        """
        lowered = text.lower()
        if len(lowered) != len(text):  # a few letters grow when lowered: places would no longer fit
            lowered = text.encode("ascii", "replace").decode("ascii").lower()
        return tuple(self._scan(lowered))

    def _scan(self, text: str) -> Iterator[Name]:
        pieces = list(_PIECE.finditer(text))
        place = 0
        while place < len(pieces):
            word = pieces[place][0]
            if word not in self._longest and (len(word) < SHORTEST or not word.isalpha()):
                place += 1  # most words: no name begins so, and they are too short to be a name misspelt
                continue
            name, used = self._at(text, pieces, place)
            if name is not None:
                yield name
            place += used

    def _at(self, text: str, pieces: Sequence[re.Match[str]], place: int) -> tuple[Name | None, int]:
        """The name that begins at a piece, and how many pieces it takes (1 when there is none)."""
        word = pieces[place][0]
        spelled = word if word in self._longest else self._spelled(word)
        for count in range(min(self._longest.get(spelled, 0), len(pieces) - place), 0, -1):
            key = " ".join([spelled, *(piece[0] for piece in pieces[place + 1 : place + count])])
            canonical = self._canonical.get(key)
            if canonical is not None and _close_together(text, pieces[place : place + count]):
                return self._known(text, pieces[place].start(), pieces[place + count - 1].end(), canonical), count
        return _unknown_biologic(text, pieces[place]), 1

    def _spelled(self, word: str) -> str:
        """``word``, or the name it is a slip of. The same words come again and again: answers are kept."""
        spelled = self._spellings.get(word)
        if spelled is None:
            if len(self._spellings) >= _MOST_SPELLINGS:
                self._spellings.clear()
            spelled = self._spellings[word] = self._speller.nearest(word) or word
        return spelled

    def _known(self, text: str, start: int, end: int, canonical: str) -> Name:
        """A name of the table; behind a strange suffix it is another product, which the table doesn't know."""
        suffix = _strange_suffix(text, start, end)
        if suffix:
            return Name(start, end + len(suffix), text[start:end] + suffix, None)
        return Name(start, end, text[start:end], canonical)


def _close_together(text: str, pieces: Sequence[re.Match[str]]) -> bool:
    """Whether only a few marks stand between the pieces: a name doesn't go on across a gap."""
    return all(_GAP.match(text, before.end(), after.start()) is not None for before, after in pairwise(pieces))


def _strange_suffix(text: str, start: int, end: int) -> str:
    """The four-letter suffix right behind an antibody's name or the like; empty when there is none."""
    found = _SUFFIX.match(text, end)
    if found is None or found[1] in _NO_SUFFIX:
        return ""
    word = re.split(r"[^a-z]", text[start:end])[-1]
    return found[0] if _STEM.match(word) else ""


def _unknown_biologic(text: str, piece: re.Match[str]) -> Name | None:
    word = piece[0]
    if len(word) < SHORTEST or word in _NOT_STEMS or not _STEM.match(word):
        return None
    suffix = _strange_suffix(text, piece.start(), piece.end())
    end = piece.end() + len(suffix)
    return Name(piece.start(), end, text[piece.start() : end], None)
