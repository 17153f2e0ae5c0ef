"""Clean free text of identifiers, so that it still reads as before.

Whatever is no word of the vocabulary, no drug and no quantity is replaced. Each replacement is tried on the reader
of narratives (x12proc.narrative): one that would change the facts read is left out, and reported for review.
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
_LEAST_KNOWN = 4  # characters of an identifier that is searched for in texts
_YEARS = range(1900, 2101)
_NO_YEAR = 2023


class Known(msgspec.Struct):
    """Names, identifiers and codes of the claim around a text.

    ``names``: words of people's names, in capitals; ``identifiers``: numbers of any kind as sent, each with its
    masking rule; ``kept``: digits and codes that a text may hold.
    """

    names: set[str] = msgspec.field(default_factory=set)
    identifiers: dict[str, str] = msgspec.field(default_factory=dict)
    kept: set[str] = msgspec.field(default_factory=set)

    def add(self, other: Known) -> None:
        """Add the entries of another `Known`."""
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
    """Masks texts. ``lexicon`` holds the names of drugs."""

    def __init__(self, pseudonyms: Pseudonyms, lexicon: Lexicon) -> None:
        self._pseudonyms = pseudonyms
        self._lexicon = lexicon

    def mask(self, text: str, known: Known) -> tuple[str, tuple[str, ...]]:
        """Return the masked text and the reasons to review it: KEPT_WORD, KEPT_KNOWN, KEPT_NUMBER."""
        head, tail = text[:LONGEST_TEXT], text[LONGEST_TEXT:]
        masked, reasons = self._mask_head(head, known) if head.strip() else (head, ())
        return masked + (self._pseudonyms.name(tail) if tail else ""), reasons

    def _mask_head(self, text: str, known: Known) -> tuple[str, tuple[str, ...]]:
        changes = sorted(self._find_changes(text, known), key=lambda change: change.start)
        facts = self._read(text)
        masked = _apply(text, changes)
        reasons = [KEPT_NUMBER] if self._is_other_ndc(facts, known) else []
        if self._read(masked) == _expected_facts(facts, changes):
            return masked, tuple(reasons)
        made: list[Change] = []
        for change in sorted(changes, key=lambda change: (change.days is None, change.start)):
            tried = sorted([*made, change], key=lambda change: change.start)
            if self._read(_apply(text, tried)) == _expected_facts(facts, tried):
                made = tried
            else:
                reasons.append(KEPT_KNOWN if change.known else KEPT_WORD)
        return _apply(text, made), tuple(dict.fromkeys(reasons))

    def _read(self, text: str) -> Narrative:
        """Read the facts of a text, without a guessed drug name, which may be a person's."""
        facts = read((text,), self._lexicon)
        return replace(facts, drug_name=None) if facts.name_is_guess else facts

    def _is_other_ndc(self, facts: Narrative, known: Known) -> bool:
        """Return whether the text has an NDC that the claim lacks: it may be another number of eleven digits."""
        return facts.ndc is not None and facts.ndc not in known.kept and facts.ndc_text == facts.ndc

    # -- changes -----------------------------------------------------------------------------------------------

    def _find_changes(self, text: str, known: Known) -> list[Change]:
        """Return all replacements, without overlaps."""
        plain = clean(text)
        if len(plain) != len(text):  # signs that grow when they are cleaned, which would move the offsets
            plain = text
        rest = read_identifiers(plain).rest
        reserved = [offset for offset, letter in enumerate(plain) if rest[offset] != letter]
        free = _FreeSpans(text, reserved)
        found: list[Change] = []
        for change in self._dates(plain):
            if free.reserve(change):
                found.append(change)
        for change in (*self._patterns(rest), *self._words(rest, text, known)):
            if free.reserve_unread(change):
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
            yield from self._numeric_date(match)
        for match in _WORDED.finditer(text):
            yield from self._date_with_month_name(match, match.span(1), match.span(2), match.span(3))
        for match in _DAY_FIRST.finditer(text):
            yield from self._date_with_month_name(match, match.span(2), match.span(1), match.span(3))
        for match in _EIGHT.finditer(text):
            yield from self._eight_digits(match)
        for match in _MONTH_DAY.finditer(text):
            other = self._shifted(_NO_YEAR, match[1], match[2])
            if other is not None:
                new = f"{_zero_padded(other.month, match[1])}/{_zero_padded(other.day, match[2])}"
                yield Change(match.start(1), match.end(2), new)

    def _numeric_date(self, match: re.Match[str]) -> Iterator[Change]:
        """Shift a date in figures: ``6/15/23``, ``06-15-2023``, ``2023-06-15``, ``21.10.2026``."""
        first, separator, second, third = match.groups()
        year_first, day_first = len(first) == 4, separator == "." and len(third) == 4 and _is_month(second)
        year, month, day = (first, second, third) if year_first else (third, first, second)
        if day_first:
            month, day = second, first
        if len(year) not in (2, 4) or len(month) > 2 or len(day) > 2:
            return
        other = self._shifted(year, month, day)
        if other is None:
            if separator == "/":
                yield Change(match.start(), match.end(), self._pseudonyms.name(match[0]))
            return
        parts = [_year(other, year), _zero_padded(other.month, month), _zero_padded(other.day, day)]
        year_last = [parts[2], parts[1], parts[0]] if day_first else [*parts[1:], parts[0]]
        new = separator.join(parts if year_first else year_last)
        old = date(_four_digit_year(year), int(month), int(day)).isoformat()
        yield Change(match.start(), match.end(), new, days=(old, other.isoformat()))

    def _date_with_month_name(
        self, match: re.Match[str], month: tuple[int, int], day: tuple[int, int], year: tuple[int, int]
    ) -> Iterator[Change]:
        """Shift a date with the name of its month: ``JAN 5, 2023`` and ``5 JAN 23``."""
        text = match.string
        word = text[slice(*month)]
        number = next(number for number, name in enumerate(_MONTHS, 1) if name.startswith(word.upper()[:3]))
        other = self._shifted(text[slice(*year)], number, text[slice(*day)])
        if other is None:
            return
        name = _MONTHS[other.month - 1][: 3 if len(word) == 3 else None]
        news = {
            month: name if word.isupper() else name.capitalize(),
            day: _zero_padded(other.day, text[slice(*day)]),
            year: _year(other, text[slice(*year)]),
        }
        new, offset = "", match.start()
        for span in sorted(news):
            new += text[offset : span[0]] + news[span]
            offset = span[1]
        old = date(_four_digit_year(text[slice(*year)]), number, int(text[slice(*day)])).isoformat()
        new += text[offset : match.end()]
        yield Change(match.start(), match.end(), new, days=(old, other.isoformat()))

    def _eight_digits(self, match: re.Match[str]) -> Iterator[Change]:
        """Shift a date of eight digits: ``06152023`` and ``20230615``."""
        run = match[0]
        for year, month, day, shape in ((4, 0, 2, "%m%d%Y"), (0, 4, 6, "%Y%m%d")):
            parts = run[year : year + 4], run[month : month + 2], run[day : day + 2]
            other = self._shifted(*parts)
            if other is not None and int(parts[0]) in _YEARS:
                old = date(*map(int, parts)).isoformat()
                yield Change(match.start(), match.end(), f"{other:{shape}}", days=(old, other.isoformat()))
                return

    def _shifted(self, year: str | int, month: str | int, day: str | int) -> date | None:
        try:
            return self._pseudonyms.shifted(date(_four_digit_year(year), int(month), int(day)))
        except ValueError:
            return None

    # -- words -------------------------------------------------------------------------------------------------

    def _words(self, rest: str, text: str, known: Known) -> Iterator[Change]:
        """Yield changes of words; ``rest`` is the text without NDC, trial number, price and dates."""
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
            elif not drug and _needs_masking(letters[0], alone=not digits):
                yield Change(letters.start(), letters.end(), self._pseudonyms.word(letters[0]))


class _FreeSpans:
    """The characters of a text that no change has used yet."""

    def __init__(self, text: str, taken: Iterable[int]) -> None:
        self._length = len(text)
        self._reserved = set(taken)
        self._changed: set[int] = set()

    def reserve_unread(self, change: Change) -> bool:
        """Reserve the span of a change, unless it is part of an identifier that narratives are read with."""
        span = range(change.start, change.end)
        if not self._reserved.isdisjoint(span) and not change.known:
            return False
        return self.reserve(change)

    def reserve(self, change: Change) -> bool:
        """Reserve the span of a change, unless another change has it."""
        span = range(change.start, change.end)
        if change.end > self._length or not self._changed.isdisjoint(span):
            return False
        self._changed.update(span)
        return True


def _apply(text: str, changes: Iterable[Change]) -> str:
    pieces, offset = [], 0
    for change in changes:
        pieces += [text[offset : change.start], change.new]
        offset = change.end
    return "".join([*pieces, text[offset:]])


def _expected_facts(facts: Narrative, changes: Iterable[Change]) -> Narrative:
    """Return the facts expected after changes: the same, on other days."""
    days = dict(change.days for change in changes if change.days)
    return replace(facts, dates=tuple(dict.fromkeys(days.get(day, day) for day in facts.dates)))


def _within(match: re.Match[str], spans: list[tuple[int, int]]) -> bool:
    return any(start < match.end() and match.start() < end for start, end in spans)


def _needs_masking(word: str, alone: bool) -> bool:
    """Return whether a word is neither vocabulary nor filler; short letters next to digits are units."""
    upper = word.upper()
    if upper in WORDS or len(set(upper)) == 1:
        return False
    return len(word) > (1 if alone else 2)


def _is_month(digits: str) -> bool:
    return digits.isdigit() and 1 <= int(digits) <= len(_MONTHS)


def _four_digit_year(year: str | int) -> int:
    """Expand a year of two digits as the reader of narratives does."""
    number = int(year)
    if isinstance(year, str) and len(year) == 2:
        return number + (2000 if number < 70 else 1900)
    return number


def _year(day: date, like: str) -> str:
    return f"{day.year:04d}"[-len(like) :]


def _zero_padded(number: int, like: str) -> str:
    """Format a day or month with a leading zero if the old one had two digits."""
    return f"{number:02d}" if len(like) == 2 else str(number)
