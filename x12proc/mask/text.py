"""Free text, cleaned of identifiers and still read as before.

Whatever is no word of the vocabulary, no drug and no quantity is replaced. Each replacement is tried on the reader
of narratives (x12proc.narrative): one that would change what the text says of the drug is left out, and told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

import msgspec
from msgspec.structs import replace

from x12proc.mask.pseudonyms import Pseudonyms, is_placeholder
from x12proc.narrative import Narrative, read
from x12proc.narrative.identifiers import read_identifiers
from x12proc.narrative.lexicon import Lexicon
from x12proc.narrative.tokens import LONGEST_TEXT, clean, tokenize
from x12proc.narrative.vocabulary import WORDS

KEPT_WORD: Final = "kept-for-the-reading"
KEPT_KNOWN: Final = "known-identifier-kept"
KEPT_NUMBER: Final = "number-like-an-ndc"

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,255}")
_TAX = re.compile(r"(?<![\w-])[0-9]{3}-[0-9]{2}-[0-9]{4}(?![\w-])|(?<![\w-])[0-9]{2}-[0-9]{7}(?![\w-])")
_PHONE = re.compile(r"(?<![\w.-])(?:\(?[0-9]{3}\)?[-. ]{0,2})?[0-9]{3}[-. ][0-9]{4}(?![\w-])")
_NUMBERS = re.compile(r"(?<![0-9./-])([0-9]{1,4})([./-])([0-9]{1,2})\2([0-9]{1,4})(?![0-9/-])")
_EIGHT = re.compile(r"(?<![\w.-])[0-9]{8}(?![\w-])")
_MONTH_DAY = re.compile(
    r"\b(?:ON|DOS|DATES?|DATED|DT|DOB|FROM|TO|THRU|THROUGH) ([0-9]{1,2})/([0-9]{1,2})(?![0-9/])", re.I
)
_MONTHS = (
    *("JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY"),
    *("AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER"),
)
_MONTH = "(" + "|".join(f"{month[:3]}(?:{month[3:]})?" for month in _MONTHS) + ")"
_WORDED = re.compile(rf"\b{_MONTH}\.?[ -]?([0-9]{{1,2}})(?:ST|ND|RD|TH)?,?[ -]+([0-9]{{4}}|[0-9]{{2}})\b", re.I)
_DAY_FIRST = re.compile(rf"(?<![0-9])([0-9]{{1,2}})[ -]?{_MONTH}[ -]?([0-9]{{4}}|[0-9]{{2}})\b", re.I)
_AGE = re.compile(r"(?<![\w.])(9[0-9]|1[0-3][0-9])(?=[ -]?(?:Y/?O\b|YRS?\b|YEARS?\b))", re.I)
_TOKEN = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_PART = re.compile(r"[^\W_]+")
_LETTERS = re.compile(r"[^\W\d_]+")
_PROCEDURE = re.compile(r"[ACGJQS][0-9]{4}")
_PRICE = re.compile(r"[0-9]+\.[0-9]{2}")
_LEAST_DIGITS = 5  # of a bare number; shorter ones are doses and counts
_LEAST_MIXED = 4  # digits in a mixture of letters and digits
_LEAST_KNOWN = 4  # characters of an identifier that is looked for in texts
_YEARS = range(1900, 2101)
_NO_YEAR = 2023


class Known(msgspec.Struct):
    """What the claim around a text says of itself.

    ``names``: words of people's names, in capitals; ``identifiers``: numbers of any kind as sent, each with the
    kind of its treatment; ``kept``: digits and codes that a text may hold.
    """

    names: set[str] = msgspec.field(default_factory=set)
    identifiers: dict[str, str] = msgspec.field(default_factory=dict)
    kept: set[str] = msgspec.field(default_factory=set)

    def add(self, other: Known) -> None:
        """Know what the other knows as well."""
        self.names |= other.names
        self.identifiers.update(other.identifiers)
        self.kept |= other.kept


class Change(msgspec.Struct, frozen=True):
    """A replacement, tried before it is made. ``days`` are the dates it moves, ISO, old and new."""

    start: int
    end: int
    new: str
    known: bool = False
    days: tuple[str, str] | None = None


class TextMask:
    """Cleans texts. ``lexicon`` holds the names of drugs."""

    def __init__(self, pseudonyms: Pseudonyms, lexicon: Lexicon) -> None:
        self._pseudonyms = pseudonyms
        self._lexicon = lexicon

    def mask(self, text: str, known: Known) -> tuple[str, tuple[str, ...]]:
        """The cleaned text, and what it can't be sure of: KEPT_WORD, KEPT_KNOWN, KEPT_NUMBER."""
        head, tail = text[:LONGEST_TEXT], text[LONGEST_TEXT:]
        masked, doubts = self._head(head, known) if head.strip() else (head, ())
        return masked + (self._pseudonyms.name(tail) if tail else ""), doubts

    def _head(self, text: str, known: Known) -> tuple[str, tuple[str, ...]]:
        changes = sorted(self._changes(text, known), key=lambda change: change.start)
        facts = self._read(text)
        masked = _made(text, changes)
        doubts = [KEPT_NUMBER] if self._strange_ndc(facts, known) else []
        if self._read(masked) == _expected(facts, changes):
            return masked, tuple(doubts)
        made: list[Change] = []
        for change in sorted(changes, key=lambda change: (change.days is None, change.start)):
            tried = sorted([*made, change], key=lambda change: change.start)
            if self._read(_made(text, tried)) == _expected(facts, tried):
                made = tried
            else:
                doubts.append(KEPT_KNOWN if change.known else KEPT_WORD)
        return _made(text, made), tuple(dict.fromkeys(doubts))

    def _read(self, text: str) -> Narrative:
        """The facts of a text; a name that no table knows may be a person's, so it need not stay as it is."""
        facts = read((text,), self._lexicon)
        return replace(facts, drug_name=None) if facts.name_is_guess else facts

    def _strange_ndc(self, facts: Narrative, known: Known) -> bool:
        """Whether the text gives an NDC that the claim does not: it might be another number of eleven digits."""
        return facts.ndc is not None and facts.ndc not in known.kept and facts.ndc_text == facts.ndc

    # -- what to change ----------------------------------------------------------------------------------------

    def _changes(self, text: str, known: Known) -> list[Change]:
        """All replacements, none over another."""
        plain = clean(text)
        if len(plain) != len(text):  # signs that grow when they are cleaned: places would no longer fit
            plain = text
        rest = read_identifiers(plain).rest
        taken = [place for place, letter in enumerate(plain) if rest[place] != letter]
        free = _Room(text, taken)
        found: list[Change] = []
        for change in self._dates(plain):
            if free.take_anyway(change):
                found.append(change)
        for change in (*self._patterns(rest), *self._words(rest, text, known)):
            if free.take(change):
                found.append(change)
        return found

    def _patterns(self, text: str) -> Iterator[Change]:
        for match in _EMAIL.finditer(text):
            yield Change(match.start(), match.end(), self._pseudonyms.name(match[0]))
        for match in _TAX.finditer(text):
            yield Change(match.start(), match.end(), self._pseudonyms.tax(match[0]))
        for match in _PHONE.finditer(text):
            yield Change(match.start(), match.end(), self._pseudonyms.contact(match[0]))
        for match in _AGE.finditer(text):
            yield Change(match.start(), match.end(), "90".rjust(len(match[0]), "0"))

    # -- dates -------------------------------------------------------------------------------------------------

    def _dates(self, text: str) -> Iterator[Change]:
        for match in _NUMBERS.finditer(text):
            yield from self._numbers(match)
        for match in _WORDED.finditer(text):
            yield from self._worded(match, match.span(1), match.span(2), match.span(3))
        for match in _DAY_FIRST.finditer(text):
            yield from self._worded(match, match.span(2), match.span(1), match.span(3))
        for match in _EIGHT.finditer(text):
            yield from self._eight(match)
        for match in _MONTH_DAY.finditer(text):
            other = self._moved(_NO_YEAR, match[1], match[2])
            if other is not None:
                new = f"{_wide(other.month, match[1])}/{_wide(other.day, match[2])}"
                yield Change(match.start(1), match.end(2), new)

    def _numbers(self, match: re.Match[str]) -> Iterator[Change]:
        """``6/15/23``, ``06-15-2023``, ``2023-06-15``, ``21.10.2026``."""
        first, mark, second, third = match.groups()
        year_first, day_first = len(first) == 4, mark == "." and len(third) == 4 and _is_month(second)
        year, month, day = (first, second, third) if year_first else (third, first, second)
        if day_first:
            month, day = second, first
        if len(year) not in (2, 4) or len(month) > 2 or len(day) > 2:
            return
        other = self._moved(year, month, day)
        if other is None:
            if mark == "/":
                yield Change(match.start(), match.end(), self._pseudonyms.name(match[0]))
            return
        parts = [_year(other, year), _wide(other.month, month), _wide(other.day, day)]
        year_last = [parts[2], parts[1], parts[0]] if day_first else [*parts[1:], parts[0]]
        new = mark.join(parts if year_first else year_last)
        old = date(_full(year), int(month), int(day)).isoformat()
        yield Change(match.start(), match.end(), new, days=(old, other.isoformat()))

    def _worded(
        self, match: re.Match[str], month: tuple[int, int], day: tuple[int, int], year: tuple[int, int]
    ) -> Iterator[Change]:
        """``JAN 5, 2023`` and ``5 JAN 23``."""
        text = match.string
        word = text[slice(*month)]
        number = next(place for place, name in enumerate(_MONTHS, 1) if name.startswith(word.upper()[:3]))
        other = self._moved(text[slice(*year)], number, text[slice(*day)])
        if other is None:
            return
        name = _MONTHS[other.month - 1][: 3 if len(word) == 3 else None]
        news = {
            month: name if word.isupper() else name.capitalize(),
            day: _wide(other.day, text[slice(*day)]),
            year: _year(other, text[slice(*year)]),
        }
        new, place = "", match.start()
        for span in sorted(news):
            new += text[place : span[0]] + news[span]
            place = span[1]
        old = date(_full(text[slice(*year)]), number, int(text[slice(*day)])).isoformat()
        new += text[place : match.end()]
        yield Change(match.start(), match.end(), new, days=(old, other.isoformat()))

    def _eight(self, match: re.Match[str]) -> Iterator[Change]:
        """``06152023`` and ``20230615``."""
        run = match[0]
        for year, month, day, shape in ((4, 0, 2, "%m%d%Y"), (0, 4, 6, "%Y%m%d")):
            parts = run[year : year + 4], run[month : month + 2], run[day : day + 2]
            other = self._moved(*parts)
            if other is not None and int(parts[0]) in _YEARS:
                old = date(*map(int, parts)).isoformat()
                yield Change(match.start(), match.end(), f"{other:{shape}}", days=(old, other.isoformat()))
                return

    def _moved(self, year: str | int, month: str | int, day: str | int) -> date | None:
        try:
            return self._pseudonyms.shifted(date(_full(year), int(month), int(day)))
        except ValueError:
            return None

    # -- words -------------------------------------------------------------------------------------------------

    def _words(self, rest: str, text: str, known: Known) -> Iterator[Change]:
        """``rest`` is the text without what the reader takes for NDC, trial number, price or date."""
        drugs = [(name.start, name.end) for name in self._lexicon.find(rest)]
        amounts = [(token.start, token.end) for token in tokenize(rest) if token.kind in "QVP"]
        prices = [match.span() for match in _PRICE.finditer(rest)]
        for match in _TOKEN.finditer(text):
            whole = self._known(match, known)
            if whole is not None:
                yield whole
                continue
            for part in _PART.finditer(text, match.start(), match.end()):
                change = self._known(part, known)
                if change is None and not _within(part, prices):
                    yield from self._part(part, _within(part, drugs), _within(part, amounts), known)
                elif change is not None:
                    yield change

    def _known(self, match: re.Match[str], known: Known) -> Change | None:
        word = match[0]
        kind = known.identifiers.get(word) or known.identifiers.get(word.upper())
        if kind is not None and word not in known.kept and len(word) >= _LEAST_KNOWN:
            return Change(match.start(), match.end(), self._pseudonyms.of(kind, word), known=True)
        if word.upper() in known.names:
            return Change(match.start(), match.end(), self._pseudonyms.name(word), known=True)
        return None

    def _part(self, part: re.Match[str], drug: bool, amount: bool, known: Known) -> Iterator[Change]:
        word = part[0]
        if word.upper() in known.kept or _PROCEDURE.fullmatch(word.upper()) or is_placeholder(word):
            return
        digits = sum(letter.isdigit() for letter in word)
        if not drug and not amount and digits >= (_LEAST_DIGITS if digits == len(word) else _LEAST_MIXED):
            yield Change(part.start(), part.end(), self._pseudonyms.identifier(word))
            return
        for letters in _LETTERS.finditer(part.string, part.start(), part.end()):
            if letters[0].upper() in known.names:
                yield Change(letters.start(), letters.end(), self._pseudonyms.word(letters[0]), known=True)
            elif not drug and _is_strange(letters[0], alone=not digits):
                yield Change(letters.start(), letters.end(), self._pseudonyms.word(letters[0]))


class _Room:
    """Which characters of a text are still to be had."""

    def __init__(self, text: str, taken: Iterable[int]) -> None:
        self._length = len(text)
        self._reserved = set(taken)
        self._changed: set[int] = set()

    def take(self, change: Change) -> bool:
        """Take a change's place, unless something stands there that the reader takes for a number of its own."""
        span = range(change.start, change.end)
        if not self._reserved.isdisjoint(span) and not change.known:
            return False
        return self.take_anyway(change)

    def take_anyway(self, change: Change) -> bool:
        """Take a change's place, unless another one has it."""
        span = range(change.start, change.end)
        if change.end > self._length or not self._changed.isdisjoint(span):
            return False
        self._changed.update(span)
        return True


def _made(text: str, changes: Iterable[Change]) -> str:
    pieces, place = [], 0
    for change in changes:
        pieces += [text[place : change.start], change.new]
        place = change.end
    return "".join([*pieces, text[place:]])


def _expected(facts: Narrative, changes: Iterable[Change]) -> Narrative:
    """What is to be read behind changes: the same, on other days."""
    days = dict(change.days for change in changes if change.days)
    return replace(facts, dates=tuple(dict.fromkeys(days.get(day, day) for day in facts.dates)))


def _within(match: re.Match[str], spans: list[tuple[int, int]]) -> bool:
    return any(start < match.end() and match.start() < end for start, end in spans)


def _is_strange(word: str, alone: bool) -> bool:
    """Whether a word is neither vocabulary nor a filler; letters beside digits are units and marks when short."""
    upper = word.upper()
    if upper in WORDS or len(set(upper)) == 1:
        return False
    return len(word) > (1 if alone else 2)


def _is_month(digits: str) -> bool:
    return digits.isdigit() and 1 <= int(digits) <= len(_MONTHS)


def _full(year: str | int) -> int:
    """A year of two digits read as the reader of narratives reads it."""
    number = int(year)
    if isinstance(year, str) and len(year) == 2:
        return number + (2000 if number < 70 else 1900)
    return number


def _year(day: date, like: str) -> str:
    return f"{day.year:04d}"[-len(like) :]


def _wide(number: int, like: str) -> str:
    """A day or month, with a leading zero where the old one had one or two digits."""
    return f"{number:02d}" if len(like) == 2 else str(number)
