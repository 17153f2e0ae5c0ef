"""The names of drugs, and finding them in free text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from x12proc.narrative.spelling import SHORTEST, Speller, differs_in_one_place
from x12proc.narrative.tokens import word_set

_PIECE = re.compile(r"[a-z]+|[0-9]+", re.ASCII)
_SUFFIX = re.compile(r"-([a-z]{4})(?![a-z0-9-])")
_GAP = re.compile(r"[^a-z0-9]{0,4}\Z")

# Stems that only names of biologics end in: antibodies, receptors, gene and cell therapies, enzymes, growth
# factors, toxins. A bare -ase or -kin also ends English words, so enzymes and interleukins need more of it.
_STEM = re.compile(
    r"[a-z]{3,}(?:mab|[a-z]cept|[a-z]vec|leucel|temcel|[a-z]leukin|kinra|grastim|gramostim|[a-z]poetin|plostim|"
    r"sidase|nidase|sulfase|teplase|spargase|gloticase|ricase|adamase|toxin[ab]|[a-z]fusp|stomig|[a-z]{3}bart|[a-z]{3}siran)\Z"
)
_ALPHA = re.compile(r"(?<= )alpha\b")
_PROPER_NAME = re.compile(r" (?:alfa|beta|pegol)(?:-[a-z]{4})?| [a-z]+-[a-z]{4}")  # behind the first word
_MOST_SPELLINGS: Final = 10_000

_NOT_STEMS: Final = word_set("concept intercept percept precept susceptibility foxbart rambart")

# The suffix that FDA gives a biologic is four letters without a meaning: alone it shows that a new word is one.
_NEW_BIOLOGIC = re.compile(
    r"(?: (?:alfa|beta|pegol))?-(?=[a-z]{4}(?![a-z0-9-]))(?![a-z]*[aeiou][a-z]*[aeiou])([a-z]{4})"
)

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
    if name.isascii() and name.isalpha():  # most names are one word
        return name.lower()
    return _modern(" ".join(_PIECE.findall(name.lower())))


def _modern(key: str) -> str:
    """A key with ``alfa`` for ``alpha`` behind its first word: both are written for the same names."""
    return _ALPHA.sub("alfa", key) if "alpha" in key else key


def _joined(keys: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Names as they are typed without blanks: ravulizumabcwvz, vyvgarthytrulo."""
    for key, canonical in keys:
        joined = key.replace(" ", "")
        if " " in key and len(joined) >= SHORTEST and joined.isalpha():
            yield joined, canonical


def _first_words(keys: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The first word of a proper name in two words, where no other drug's name begins so: velmanase (alfa)."""
    meant: dict[str, set[str]] = defaultdict(set)
    for key, canonical in keys:
        meant[key.partition(" ")[0]].add(canonical)
    for word, canonicals in meant.items():
        (canonical, *others) = canonicals
        if not others and len(word) >= SHORTEST and _PROPER_NAME.fullmatch(canonical.removeprefix(word)):
            yield word, canonical


class Lexicon:
    """Names of drugs with their canonical form, e.g. ``ultomiris`` with ``ravulizumab-cwvz``."""

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        """``names``: pairs of a name in any case and its canonical name."""
        self._canonical: dict[str, str] = {}
        self._spellings: dict[str, str] = {}
        self._longest: dict[str, int] = {}  # first word of a name: words in the longest name that begins so
        keys = [(_key(name), canonical) for name, canonical in names]
        whole = [*keys, *_first_words(keys)]
        self._spelled_right = [key for key, _ in whole if " " not in key]
        # A table's own names come before those that are made of them.
        for key, canonical in [*whole, *_joined(keys)]:
            self._add(key, canonical)

    def _add(self, key: str, canonical: str) -> None:
        if key:
            self._canonical.setdefault(key, canonical)
            first, _, rest = key.partition(" ")
            self._longest[first] = max(self._longest.get(first, 1), rest.count(" ") + (2 if rest else 1))

    @cached_property
    def _speller(self) -> Speller:
        return Speller(self._spelled_right)

    @cached_property
    def _by_suffix(self) -> dict[str, str]:
        """The one canonical name that has a suffix: ``-cwvz`` with ``ravulizumab-cwvz``."""
        named: dict[str, set[str]] = defaultdict(set)
        for canonical in self._canonical.values():
            found = _SUFFIX.search(canonical)
            if found:
                named[found[0]].add(canonical)
        return {suffix: one for suffix, (one, *others) in named.items() if not others}

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
        after_name = 0
        for place, piece in enumerate(pieces):
            word = piece[0]
            if word not in self._longest:
                if len(word) < SHORTEST - 1 or not word.isalpha():
                    continue  # most words: no name begins so, and they are too short to be a name misspelt
                word = self._spelled(word)
            if place >= after_name:
                name, used = self._at(text, pieces, place, word)
                if name is not None:
                    after_name = place + used
                    yield name

    def _at(self, text: str, pieces: Sequence[re.Match[str]], place: int, spelled: str) -> tuple[Name | None, int]:
        """The name that begins at a piece, and how many pieces it takes (1 when there is none)."""
        for count in range(min(self._longest.get(spelled, 0), len(pieces) - place), 0, -1):
            key = " ".join([spelled, *[piece[0] for piece in pieces[place + 1 : place + count]]])
            canonical = self._canonical.get(_modern(key))
            if canonical is not None and _close_together(text, pieces[place : place + count]):
                return self._known(text, pieces[place].start(), pieces[place + count - 1].end(), canonical), count
        return self._unknown_biologic(text, pieces[place]), 1

    def _spelled(self, word: str) -> str:
        """``word``, or the name it is a slip of. The same words come again and again: answers are kept."""
        spelled = self._spellings.get(word)
        if spelled is None:
            if len(self._spellings) >= _MOST_SPELLINGS:
                self._spellings.clear()
            spelled = self._spellings[word] = self._speller.nearest(word) or word
        return spelled

    def _unknown_biologic(self, text: str, piece: re.Match[str]) -> Name | None:
        """A word that only a biologic ends in; its suffix may tell which one was meant."""
        word = piece[0]
        if not _is_biologic(word):
            return _with_new_suffix(text, piece)
        suffix = _strange_suffix(text, piece.start(), piece.end())
        meant = self._by_suffix.get(suffix)
        if meant is not None and not differs_in_one_place(word, meant.removesuffix(suffix)):
            meant = None
        end = piece.end() + len(suffix)
        return Name(piece.start(), end, text[piece.start() : end], meant)

    def _known(self, text: str, start: int, end: int, canonical: str) -> Name:
        """A name of the table; behind a strange suffix it is another product, which the table doesn't know."""
        suffix = _strange_suffix(text, start, end)
        if suffix:
            return Name(start, end + len(suffix), text[start:end] + suffix, None)
        return Name(start, end, text[start:end], canonical)


@lru_cache(maxsize=_MOST_SPELLINGS)
def _is_biologic(word: str) -> bool:
    return len(word) >= SHORTEST and word not in _NOT_STEMS and _STEM.match(word) is not None


def _with_new_suffix(text: str, piece: re.Match[str]) -> Name | None:
    """A word that no table lists, with a suffix that only biologics have: ZORVANTIB-KQLM, VELDROPEG ALFA-TRXW."""
    found = _NEW_BIOLOGIC.match(text, piece.end()) if len(piece[0]) >= SHORTEST else None
    if found is None or found[1] in _NO_SUFFIX:
        return None
    return Name(piece.start(), found.end(), text[piece.start() : found.end()], None)


def _close_together(text: str, pieces: Sequence[re.Match[str]]) -> bool:
    """Whether only a few marks stand between the pieces: a name doesn't go on across a gap."""
    return len(pieces) == 1 or all(
        _GAP.match(text, before.end(), after.start()) is not None for before, after in pairwise(pieces)
    )


def _strange_suffix(text: str, start: int, end: int) -> str:
    """The four-letter suffix right behind an antibody's name or the like; empty when there is none."""
    found = _SUFFIX.match(text, end) if text.startswith("-", end) else None
    if found is None or found[1] in _NO_SUFFIX:
        return ""
    word = re.split(r"[^a-z]", text[start:end])[-1]
    return found[0] if _STEM.match(word) else ""
