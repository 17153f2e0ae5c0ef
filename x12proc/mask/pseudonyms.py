"""Make pseudonyms: equal for equal values under one key, of the same length and character classes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import date, timedelta
from functools import cached_property, lru_cache
from typing import Final

from x12proc.mask.permutation import digest, permute
from x12proc.narrative.tokens import word_set
from x12proc.narrative.vocabulary import SHORTEST, is_common_word

# Placeholders in the position of an identifier. Kept, so that the fault stays in the file.
PLACEHOLDERS: Final = frozenset(
    ("PENDING", "PEND", "NA", "NONE", "TBD", "UNKNOWN", "UNK", "NOTREQUIRED", "NOTAPPLICABLE", "NOTONFILE", "SAME")
)
_LEAST_REPEATED = 6  # 999999 is a filler, 99 a number
# Words by which a rule recognizes a pharmacy (rule ADM02 and its like read the billing provider's name).
KIND_WORDS: Final = frozenset(("PHARMACY", "PHARMACIES", "RX", "DRUGS", "HOME", "INFUSION", "CARE"))
# First three digits of ZIP codes under which 20,000 people or fewer live (2000 census; 45 CFR 164.514(b)(2)(i)(B)
# and the guidance of the Office for Civil Rights on it).
_FEW_PEOPLE: Final = word_set("036 059 063 102 203 556 692 790 821 823 830 831 878 879 884 890 893")
_OLDEST = 90  # years: safe harbor allows no age above 89
_LONGEST = 256  # characters that are permuted; no identifier is longer
_REMEMBERED = 64  # characters of a cached value, so that no file fills the memory
_PIECE = 24
_WORD = re.compile(r"[^\W\d_]+")
_RUN = re.compile(r"[0-9]+")
_VOWELS, _CONSONANTS = "AEIOU", "BCDFGHJKLMNPQRSTVWXZ"
_PLAIN_END = "ING"  # no drug is named so
_FOREIGN = "É"  # for letters outside ASCII: of one byte in Latin-1, of two in UTF-8, like most of them
_TAX_HEADS = ("96", "97")  # no employer number begins so, no social security number ever begins with a 9


def is_placeholder(text: str) -> bool:
    """Return whether a text is only a placeholder for an identifier: blank, zeros, 999999, PENDING."""
    bare = "".join(letter for letter in text.upper() if letter.isalnum())
    if not bare.strip("0") or bare in PLACEHOLDERS:
        return True
    return len(bare) >= _LEAST_REPEATED and len(set(bare)) == 1


class Pseudonyms:
    """The pseudonyms of one key and one shift of dates.

    ``means_something`` says of a word, in capitals, that readers of texts take it for more than a name; no
    pseudonym is such a word. ``oldest_year`` is the year of birth used for all earlier ones.
    """

    def __init__(
        self, key: bytes, shift: int, oldest_year: int, means_something: Callable[[str], bool] = lambda _: False
    ) -> None:
        self._key = key
        self._shift = timedelta(days=shift)
        self._oldest_year = oldest_year
        self._means_something = means_something
        self._words = lru_cache(maxsize=65_536)(self._word)
        self._identifiers = lru_cache(maxsize=65_536)(self._identifier)
        self._of_kind: dict[str, Callable[[str], str]] = {
            "id": self.identifier,
            "npi": self.identifier,
            "tax": self.tax,
            "name": self.name,
            "organization": self.organization,
            "street": self.street,
            "zip": self.zip_code,
            "contact": self.contact,
            "date": self.date,
            "birth": self.birth,
            "time": self.time,
        }

    def of(self, kind: str, text: str) -> str:
        """Return the pseudonym of an element's text, by a kind of x12proc.mask.elements.REPLACED but ``text``."""
        core = text.strip()
        if is_placeholder(core):
            return text
        start = text.index(core)
        return text[:start] + self._of_kind[kind](core) + text[start + len(core) :]

    # -- names -------------------------------------------------------------------------------------------------

    def name(self, text: str) -> str:
        """Replace each word by its own pseudonym and digits by other digits; punctuation stays."""
        return self._digits(_WORD.sub(lambda found: self.word(found[0]), text))

    street = name

    def organization(self, text: str) -> str:
        """Replace words as :meth:`name` does, but keep KIND_WORDS."""
        masked = _WORD.sub(lambda found: found[0] if found[0].upper() in KIND_WORDS else self.word(found[0]), text)
        return self._digits(masked)

    def word(self, word: str) -> str:
        """Return the pseudonym of one word, ignoring case; the case of each letter stays."""
        return self._words(word) if len(word) <= _REMEMBERED else self._word(word)

    def _word(self, word: str) -> str:
        upper = word.upper()
        turn = 0
        while True:
            other = self._letters(upper, turn)
            turn += 1
            if turn > 64 or (other != upper and not self._means_something(other)):
                break
        if len(upper) >= SHORTEST and is_common_word(upper):  # else a rule might take it for the name of a drug
            other = other[: -len(_PLAIN_END)] + _PLAIN_END
        return "".join(_like(old, new) for old, new in zip(word, other.ljust(len(word), "X"), strict=False))

    def _letters(self, upper: str, turn: int) -> str:
        stream = hashlib.shake_256(digest(self._key, "word", upper, str(turn))).digest(2 * len(upper) + 1)
        first = stream[-1] & 1
        letters = []
        for index in range(len(upper)):
            number = int.from_bytes(stream[2 * index : 2 * index + 2], "big")
            pool = _VOWELS if (index + first) % 2 else _CONSONANTS
            letters.append(pool[number % len(pool)])
        return "".join(letters)

    # -- identifiers -------------------------------------------------------------------------------------------

    def identifier(self, text: str) -> str:
        """Return another text of the same length and character classes, one for one."""
        return self._identifiers(text) if len(text) <= _REMEMBERED else self._identifier(text)

    def _identifier(self, text: str) -> str:
        if len(text) == 10 and _is_digits(text) and text[0] in "12":
            return self._npi(text)
        if len(text) > _LONGEST:
            return self._filled(text)
        # Zeros before a number are padding: 000000201 in ISA13 is 201 in IEA02.
        zeros = len(text) - len(text.lstrip("0")) if _is_digits(text) else 0
        masked = self._permuted(text[zeros:])
        tried: set[str] = set()
        # If all letters become the same, only placeholders may be left: then one of them is used.
        while is_placeholder(masked) and masked not in tried:
            tried.add(masked)
            masked = self._permuted(masked)
        return text[:zeros] + masked

    def _npi(self, text: str) -> str:
        """Return an NPI that begins with 2, as no issued one does; the check digit is off by as much as it was."""
        middle = permute(self._key, "npi", int(text[1:9]), 10**8)
        body = f"2{middle:08d}"
        return body + str((_check_digit(body) + int(text[9]) - _check_digit(text[:9])) % 10)

    def tax(self, text: str) -> str:
        """Return a number of nine digits that is never issued; punctuation stays. Other texts as identifiers."""
        digits = "".join(letter for letter in text if letter in "0123456789")
        if len(digits) != 9 or any(letter.isalnum() and letter not in digits for letter in text):
            return self.identifier(text)
        number = int.from_bytes(digest(self._key, "tax", digits)[:8], "big") % 10_000_000
        # Third digit free; a fourth below 5 is no individual taxpayer number either.
        rest = f"{number:07d}"
        other = iter(_TAX_HEADS[int(rest[1]) // 5] + rest[0] + str(int(rest[1]) % 5) + rest[2:])
        return "".join(next(other) if letter.isdigit() else letter for letter in text)

    def _permuted(self, text: str) -> str:
        """Return a text of the same shape, one for one: digits for digits, capitals for capitals."""
        masked = ""
        for start in range(0, len(text), _PIECE):
            piece = text[start : start + _PIECE]
            before = text[:start] if start else ""
            masked += self._piece(piece, before, leading=_is_digits(text) and not start)
        return masked

    def _piece(self, piece: str, before: str, leading: bool) -> str:
        radices = _radices(piece, leading)
        value, size = 0, 1
        for letter, (base, radix) in zip(piece, radices, strict=True):
            if radix:
                value = value * radix + ord(letter) - base
                size *= radix
        shape = "".join(chr(97 + radix) for _, radix in radices)
        value = permute(self._key, f"id {shape} {before}", value, size)
        letters: list[str] = []
        for letter, (base, radix) in zip(reversed(piece), reversed(radices), strict=True):
            if radix:
                value, digit = divmod(value, radix)
                letters.append(chr(base + digit))
            else:
                letters.append(_FOREIGN if letter.isalnum() and not letter.isascii() else letter)
        return "".join(reversed(letters))

    def _filled(self, text: str) -> str:
        """Return other characters throughout, for a text that is too long for an identifier."""
        stream = hashlib.shake_256(digest(self._key, "fill", text)).digest(len(text))
        return "".join(_other(letter, number) for letter, number in zip(text, stream, strict=True))

    def _digits(self, text: str) -> str:
        """Replace each run of digits by another of its length."""
        return _RUN.sub(lambda found: found[0] if is_placeholder(found[0]) else self.identifier(found[0]), text)

    # -- addresses and contacts --------------------------------------------------------------------------------

    def zip_code(self, text: str) -> str:
        """Keep the first three digits of a ZIP code; zeros only where few people live, and for other texts."""
        if _is_digits(text) and len(text) >= 5:
            head = "000" if text[:3] in _FEW_PEOPLE else text[:3]
            return head + "0" * (len(text) - 3)
        return self.identifier(text)

    def contact(self, text: str) -> str:
        """Replace a telephone number by one reserved for fiction (555-0100 to 0199); other texts word by word."""
        if "@" in text:
            return self.name(text)
        digits = "".join(letter for letter in text if letter in "0123456789")
        if len(digits) in (7, 10) and not any(letter.isalpha() for letter in text):
            number = int.from_bytes(digest(self._key, "phone", digits)[:8], "big")
            area = str(201 + number // 100 % 799) if len(digits) == 10 else ""
            other = iter(f"{area}55501{number % 100:02d}")
            return "".join(next(other) if letter in "0123456789" else letter for letter in text)
        return self.name(text)

    # -- dates and times ---------------------------------------------------------------------------------------

    def shifted(self, day: date) -> date | None:
        """Shift a day; None beyond the end of the calendar."""
        try:
            return day + self._shift
        except OverflowError:
            return None

    def date(self, text: str) -> str:
        """Shift dates in any form of the 837 (D8, RD8, DT, TM, YYMMDD); an invalid date stays invalid."""
        return self._dated(text, self._day)

    def birth(self, text: str) -> str:
        """Shift a birth date; one of a person older than 89 becomes the first day of one fixed year."""
        return self._dated(text, self._birthday)

    def _dated(self, text: str, of_day: Callable[[str], str]) -> str:
        letters = _WORD.sub(lambda found: self.word(found[0]), text)
        return _RUN.sub(lambda found: self._date_run(found[0], of_day), letters)

    def _date_run(self, run: str, of_day: Callable[[str], str]) -> str:
        if is_placeholder(run):
            return run
        if len(run) in (8, 6) and (other := of_day(run)):
            return other
        if len(run) in (12, 14) and (other := of_day(run[:8])):
            return other + self.time(run[8:])
        if len(run) == 4:
            return self.time(run)
        return self._no_date(run)

    def _no_date(self, run: str) -> str:
        """Replace digits that are no date by other digits that are none."""
        masked = self.identifier(run)
        while _read_day(masked) is not None:
            masked = self._permuted(masked)
        return masked

    def _day(self, run: str) -> str:
        day = _read_day(run)
        if day is None:
            return ""
        other = self.shifted(day)
        return run if other is None else f"{other.year:04d}{other.month:02d}{other.day:02d}"[-len(run) :]

    def _birthday(self, run: str) -> str:
        day = _read_day(run)
        if day is not None and len(run) == 8 and day.year < self._oldest_year:
            return f"{self._oldest_year:04d}0101"
        return self._day(run)

    def time(self, text: str) -> str:
        """Return another time of day; an invalid one becomes other digits."""
        if not _is_digits(text) or len(text) not in (4, 6, 8) or int(text[:2]) > 23 or int(text[2:4]) > 59:
            return self._digits(text)
        stream = digest(self._key, "time", text)
        return f"{stream[0] % 24:02d}{stream[1] % 60:02d}{stream[2] % 60:02d}{stream[3] % 100:02d}"[: len(text)]


def oldest_year(today: date) -> int:
    """Return the year of birth used for everybody who may be older than 89 on a day."""
    return today.year - _OLDEST


class Key:
    """Stretch a secret (scrypt), so that guessing a weak one takes time."""

    def __init__(self, secret: bytes) -> None:
        self.value = hashlib.scrypt(secret, salt=b"x12proc mask 1", n=2**14, r=8, p=1, dklen=32)

    @cached_property
    def shifts(self) -> tuple[int, ...]:
        """Return the shifts in days to try: first 30 to 210 days, then ever smaller ones.

        The first ones are whole weeks, so that a working day stays one.
        """
        number = int.from_bytes(digest(self.value, "shift")[:8], "big")
        sign = -1 if number & 1 else 1
        weeks = 5 + (number >> 1) % 26
        found: list[int] = []
        while weeks:
            found += [sign * 7 * weeks, -sign * 7 * weeks]
            weeks //= 2
        return (*found, *(days * side for days in (4, 2, 1) for side in (sign, -sign)))


def _read_day(run: str) -> date | None:
    """Parse a date written CCYYMMDD or YYMMDD."""
    if len(run) == 6:
        run = ("20" if run[:2] < "70" else "19") + run
    if len(run) != 8:
        return None
    try:
        return date(int(run[:4]), int(run[4:6]), int(run[6:]))
    except ValueError:
        return None


def _check_digit(nine: str) -> int:
    """Compute the check digit of an NPI (Luhn, over the prefix 80840 and nine digits)."""
    total = 24  # what the prefix adds
    for index, letter in enumerate(reversed(nine)):
        digit = int(letter) * (2 if index % 2 == 0 else 1)
        total += digit // 10 + digit % 10
    return -total % 10


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _radices(piece: str, leading: bool) -> list[tuple[int, int]]:
    """Return for each character the first of its class and the size of the class; (0, 0) for one that stays."""
    found = []
    for letter in piece:
        if letter.isascii() and letter.isdigit():
            found.append((49, 9) if leading else (48, 10))
        elif letter.isascii() and letter.isalpha():
            found.append((65, 26) if letter.isupper() else (97, 26))
        else:
            found.append((0, 0))
        leading = False
    return found


def _other(letter: str, number: int) -> str:
    if letter.isascii():
        if letter.isdigit():
            return str(number % 10)
        if letter.isalpha():
            return chr((65 if letter.isupper() else 97) + number % 26)
        return letter
    return _FOREIGN if letter.isalnum() else letter


def _like(old: str, new: str) -> str:
    """Return a new letter in the case of the old one; outside ASCII if the old one is."""
    if not old.isascii():
        return _FOREIGN
    return new if old.isupper() else new.lower()
