"""Find the names of drugs in free text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from x12proc.narrative.spelling import SHORTEST, Speller, differs_in_one_span
from x12proc.narrative.tokens import word_set

_PIECE = re.compile(r"[a-z]+|[0-9]+", re.ASCII)
_SUFFIX = re.compile(r"-([a-z]{4})(?![a-z0-9-])")
_GAP = re.compile(r"[^a-z0-9]{0,4}\Z")

# Stems that only names of biologics end in: antibodies (-mab), receptors (-cept), gene and cell therapies (-vec,
# -leucel), enzymes (-sidase), growth factors (-grastim), toxins. A bare -ase or -kin also ends English words, so
# enzymes and interleukins need more letters.
_STEM = re.compile(
    r"[a-z]{3,}(?:mab|[a-z]cept|[a-z]vec|leucel|temcel|[a-z]leukin|kinra|grastim|gramostim|[a-z]poetin|plostim|"
    r"sidase|nidase|sulfase|teplase|spargase|gloticase|ricase|adamase|toxin[ab]|[a-z]fusp|stomig|[a-z]{3}bart|[a-z]{3}siran)\Z"
)
_ALPHA = re.compile(r"(?<= )alpha\b")
_PROPER_NAME = re.compile(r" (?:alfa|beta|pegol)(?:-[a-z]{4})?| [a-z]+-[a-z]{4}")  # after the first word
_MOST_SPELLINGS: Final = 10_000

_NOT_STEMS: Final = word_set("concept intercept percept precept susceptibility foxbart rambart")

# The four-letter suffix that FDA gives a biologic has no meaning (at most one vowel here): it is enough to take an
# unknown word for a biologic.
_NEW_BIOLOGIC = re.compile(
    r"(?: (?:alfa|beta|pegol))?-(?=[a-z]{4}(?![a-z0-9-]))(?![a-z]*[aeiou][a-z]*[aeiou])([a-z]{4})"
)

#: Words of four letters that can follow a hyphen without being a biosimilar's suffix.
_NO_SUFFIX: Final = word_set("dose drug given inje vial vials bags pens kits with only next last each call")


class Name(NamedTuple):
    """A drug's name in a text: its offsets, its text in lower case, and its canonical form.

    ``canonical`` is None for a word with the ending of a biologic that no table lists.
    """

    start: int
    end: int
    written: str
    canonical: str | None


def _key(name: str) -> str:
    """Join the words and numbers of a name by blanks: ``H.P. Acthar`` becomes ``h p acthar``."""
    if name.isascii() and name.isalpha():  # most names are one word
        return name.lower()
    return _with_alfa(" ".join(_PIECE.findall(name.lower())))


def _with_alfa(key: str) -> str:
    """Replace ``alpha`` after the first word by ``alfa``: both are written for the same names."""
    return _ALPHA.sub("alfa", key) if "alpha" in key else key


def _without_blanks(keys: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the names of several words without their blanks: ravulizumabcwvz, vyvgarthytrulo."""
    for key, canonical in keys:
        joined = key.replace(" ", "")
        if " " in key and len(joined) >= SHORTEST and joined.isalpha():
            yield joined, canonical


def _first_words(keys: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the first word of a two-word proper name that no other drug's name begins with: velmanase (alfa)."""
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
        # Names of the table win over names derived from them.
        for key, canonical in [*whole, *_without_blanks(keys)]:
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
        """Map each suffix that only one name has to that name: ``-cwvz`` to ``ravulizumab-cwvz``."""
        named: dict[str, set[str]] = defaultdict(set)
        for canonical in self._canonical.values():
            found = _SUFFIX.search(canonical)
            if found:
                named[found[0]].add(canonical)
        return {suffix: one for suffix, (one, *others) in named.items() if not others}

    def canonical(self, name: str) -> str | None:
        """Return the canonical form of exactly this name, ignoring case and punctuation; None when unknown."""
        return self._canonical.get(_key(name))

    def find(self, text: str) -> tuple[Name, ...]:
        """Return the names in ``text``, in order, without overlaps; the longest name at an offset wins.

        A word of seven letters or more may have one typing error, if only one name is that similar.
        """
        lowered = text.lower()
        if len(lowered) != len(text):  # a few letters grow when lowered, which would move the offsets
            lowered = text.encode("ascii", "replace").decode("ascii").lower()
        return tuple(self._scan(lowered))

    def _scan(self, text: str) -> Iterator[Name]:
        pieces = list(_PIECE.finditer(text))
        after_name = 0
        for index, piece in enumerate(pieces):
            word = piece[0]
            if word not in self._longest:
                if len(word) < SHORTEST - 1 or not word.isalpha():
                    continue  # most words: no name begins with them, and they are too short for a misspelled name
                word = self._spelled(word)
            if index >= after_name:
                name, used = self._longest_at(text, pieces, index, word)
                if name is not None:
                    after_name = index + used
                    yield name

    def _longest_at(
        self, text: str, pieces: Sequence[re.Match[str]], index: int, spelled: str
    ) -> tuple[Name | None, int]:
        """Return the longest name that begins at a piece, and its number of pieces (1 if there is none)."""
        for count in range(min(self._longest.get(spelled, 0), len(pieces) - index), 0, -1):
            key = " ".join([spelled, *[piece[0] for piece in pieces[index + 1 : index + count]]])
            canonical = self._canonical.get(_with_alfa(key))
            if canonical is not None and _close_together(text, pieces[index : index + count]):
                return self._table_name(
                    text, pieces[index].start(), pieces[index + count - 1].end(), canonical
                ), count
        return self._unknown_biologic(text, pieces[index]), 1

    def _spelled(self, word: str) -> str:
        """Return ``word``, or the name that it misspells. Results are cached: the same words recur."""
        spelled = self._spellings.get(word)
        if spelled is None:
            if len(self._spellings) >= _MOST_SPELLINGS:
                self._spellings.clear()
            spelled = self._spellings[word] = self._speller.nearest(word) or word
        return spelled

    def _unknown_biologic(self, text: str, piece: re.Match[str]) -> Name | None:
        """Return a name for a word with the ending of a biologic; its suffix can identify the product."""
        word = piece[0]
        if not _is_biologic(word):
            return _with_new_suffix(text, piece)
        suffix = _foreign_suffix(text, piece.start(), piece.end())
        meant = self._by_suffix.get(suffix)
        if meant is not None and not differs_in_one_span(word, meant.removesuffix(suffix)):
            meant = None
        end = piece.end() + len(suffix)
        return Name(piece.start(), end, text[piece.start() : end], meant)

    def _table_name(self, text: str, start: int, end: int, canonical: str) -> Name:
        """Return a name of the table; with a suffix that is not its own it is another, unlisted product."""
        suffix = _foreign_suffix(text, start, end)
        if suffix:
            return Name(start, end + len(suffix), text[start:end] + suffix, None)
        return Name(start, end, text[start:end], canonical)


@lru_cache(maxsize=_MOST_SPELLINGS)
def _is_biologic(word: str) -> bool:
    return len(word) >= SHORTEST and word not in _NOT_STEMS and _STEM.match(word) is not None


def _with_new_suffix(text: str, piece: re.Match[str]) -> Name | None:
    """Return a name for an unlisted word with a biologic's suffix: ZORVANTIB-KQLM, VELDROPEG ALFA-TRXW."""
    found = _NEW_BIOLOGIC.match(text, piece.end()) if len(piece[0]) >= SHORTEST else None
    if found is None or found[1] in _NO_SUFFIX:
        return None
    return Name(piece.start(), found.end(), text[piece.start() : found.end()], None)


def _close_together(text: str, pieces: Sequence[re.Match[str]]) -> bool:
    """Return whether at most four characters separate the pieces: a name does not continue across a gap."""
    return len(pieces) == 1 or all(
        _GAP.match(text, before.end(), after.start()) is not None for before, after in pairwise(pieces)
    )


def _foreign_suffix(text: str, start: int, end: int) -> str:
    """Return the four-letter suffix right after a word with the ending of a biologic; empty if there is none."""
    found = _SUFFIX.match(text, end) if text.startswith("-", end) else None
    if found is None or found[1] in _NO_SUFFIX:
        return ""
    word = re.split(r"[^a-z]", text[start:end])[-1]
    return found[0] if _STEM.match(word) else ""
