"""Read the numbers that are no quantities: NDCs, trial numbers, dates, prices."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

import msgspec


class Identifiers(msgspec.Struct, frozen=True):
    """The identifiers of a text. ``rest`` is the text with them blanked out, of the same length."""

    rest: str
    ndc: str | None = None  # 11 digits
    ndc_text: str | None = None  # as written
    trial: str | None = None  # 8 digits
    dates: tuple[str, ...] = ()  # ISO
    price: str | None = None  # dollars, as written without separators


_CENTURY: Final = 70  # two digits below it are years of this century: 06/15/23 is 2023, 06/15/85 is 1985

_LOOK_BACK: Final = 30  # characters before a number that are searched for a word saying what it is

_DIGIT = re.compile("[0-9]")
_NDC_MARKER = r"(?:NDC(?:\s*(?:NO\.?|NUMBER|CODE|IS))?[\s#:=-]*(?:N4)?|\bN4)[\s:]*"
# NDC: 12345-6789-01, N412345678901, 12345-678-90; with a label (marker) any of the hyphenated layouts, 10 to 12
# digits or blanks in place of hyphens.
_NDC = re.compile(
    rf"""
    (?: (?P<marker>{_NDC_MARKER}) | (?<![0-9.-]) )
    (?: (?P<parts>[0-9]{{5}}-[0-9]{{4}}-[0-9]{{2}}|[0-9]{{4}}-[0-9]{{4}}-[0-9]{{2}}
          |[0-9]{{5}}-[0-9]{{3}}-[0-9]{{2}}|[0-9]{{5}}-[0-9]{{4}}-[0-9])(?![0-9-])
      | (?P<digits>[0-9]{{10,12}})(?![0-9])
      | (?P<blanks>[0-9]{{5}}\ [0-9]{{4}}\ [0-9]{{2}})(?![0-9])
    )
    """,
    re.VERBOSE,
)
# Before eleven digits that are no NDC: LOT 12345678901, AUTH NO. ..., PHONE: ...
_OTHER_NUMBER = re.compile(
    r"\b(?:LOT|AUTH|PA|ACCT|ACCOUNT|MRN|REF|CLAIM|MEMBER|ID|PHONE|CALL)(?:\sNO\.?)?[\s#:.]*\Z"
)
# NCT01234567, CT 01234567, TRIAL NO. 01234567.
_TRIAL = re.compile(r"\b(?:N?CT|TRIAL\s?(?:#|NO\.?|NUMBER))[\s#:-]{0,2}([0-9]{8})(?![0-9])")
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MONTH: Final = f"(?:{'|'.join(_MONTHS)})"
#: Dates, month before day: 06/15/23, 06-15-23, 2023-06-15, 21.10.2026, 15 JUN 2023, JUNE 15, 2023; of a range
#: both.
_DAYS: Final = (
    re.compile(r"(?<![0-9/.])(?P<m>[0-9]{1,2})/(?P<d>[0-9]{1,2})/(?P<y>[0-9]{4}|[0-9]{2})(?![0-9/])"),
    re.compile(r"(?<![0-9/.-])(?P<m>[0-9]{1,2})-(?P<d>[0-9]{1,2})-(?P<y>[0-9]{4}|[0-9]{2})(?![0-9/-])"),
    re.compile(r"(?<![0-9/.-])(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})(?![0-9/-])"),
    re.compile(r"(?<![0-9/.-])(?P<d>[0-9]{1,2})\.(?P<m>[0-9]{1,2})\.(?P<y>[0-9]{4})(?![0-9/.])"),  # 21.10.2026
    re.compile(
        rf"(?<![0-9/.-])(?P<d>[0-9]{{1,2}})[- ]?(?P<month>{_MONTH})[A-Z]*[- ]?(?P<y>20[0-9]{{2}})(?![0-9])"
    ),
    re.compile(rf"\b(?P<month>{_MONTH})[A-Z]*[. ]*(?P<d>[0-9]{{1,2}}),? (?P<y>20[0-9]{{2}})(?![0-9])"),
)
_ANY_DAY = re.compile(rf"[0-9][/.-][0-9]|{_MONTH}")  # a cheap first check: every date above has one of these
#: ... and in eight digits: 20230615, 06152023.
_SOLID_DAYS: Final = (
    re.compile(r"(?<![0-9/.#])(?P<y>20[0-9]{2})(?P<m>[01][0-9])(?P<d>[0-3][0-9])(?![0-9/.])"),
    re.compile(r"(?<![0-9/.#])(?P<m>[01][0-9])(?P<d>[0-3][0-9])(?P<y>20[0-9]{2})(?![0-9/.])"),
)
# Before a date that is no day of service: DOB, EXPIRES, APPROVED ON, AUTH VALID FROM, ORDERED, RECEIVED,
# DIAGNOSED, NEXT DOSE DUE, LAST GIVEN, NOT.
_OTHER_DAY = re.compile(
    r"\b(?:DOB|BIRTH|BORN|EXP(?:IRES|IRED|IRY|IRATION)?|APPR(?:OVED|OVAL|VD)?|AUTH(?:ORIZED|ORIZATION)?|VALID"
    r"|EFF(?:ECTIVE)?|ORDER(?:ED)?|RECEIVED|REC'?D|SHIPPED|SIGNED|DATED|MFG|MFD|LICENSED|DIAGNOSED|DX|ONSET"
    r"|NEXT|DUE|LAST|PREV(?:IOUS)?|NOT)"
    r"(?:\ ?(?:DOSE|DATE|ON|BY|FOR|DUE|WAS|IS|GIVEN|FDA|FROM|THRU|THROUGH|TO|TILL?|UNTIL))*[\s:.#]*\Z"
)
# Words between two days of the same kind: VALID 10/01/26 THRU 12/31/26.
_UNTIL = re.compile(r"\s*(?:-|THRU|THROUGH|TO|TILL?|UNTIL)\s*\Z")
_MONEY = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12})"
_PRICE = re.compile(rf"\$\s?({_MONEY}(?:\.[0-9]{{1,2}})?)(?![0-9])")
_NO_UNIT = r"(?![0-9.])(?!\s?(?:M?C?G|ML|GM|I?U|UNITS?|%))"
# Without a dollar sign: INVOICE TOTAL 1234.50 (any of these words, with cents), INVOICE AMT 1,234 (with a word for
# amount). A unit after the number means that it is no price.
_BARE_PRICES: Final = (
    re.compile(
        r"\b(?:INV|INVOICE|COST|PRICE|WAC)(?:\s(?:TOTAL|AMT|AMOUNT|COST|PRICE|ATT|ATTACHED))*[\s:=]*"
        rf"({_MONEY}\.[0-9]{{2}}){_NO_UNIT}"
    ),
    re.compile(
        rf"\b(?:INV|INVOICE|ACQ|ACQUISITION)\s(?:TOTAL|AMT|AMOUNT|COST|PRICE)[\s:=]*((?=[0-9,]{{3}}){_MONEY}){_NO_UNIT}"
    ),
)


def read_identifiers(text: str) -> Identifiers:
    """Read the first identifier of each kind and every day of service from a cleaned text in upper case."""
    digits = len(_DIGIT.findall(text))
    if not digits:
        return Identifiers(text)
    # Cheap checks first: most texts have too few digits, or lack the letters that these patterns need.
    rest, ndc, ndc_text = _take_ndc(text) if digits >= 10 else (text, None, None)
    rest, trial = _take(_TRIAL, rest) if digits >= 8 and ("CT" in rest or "TRIAL" in rest) else (rest, None)
    rest, price = _take_price(rest)
    rest, dates = _take_days(rest, digits)
    return Identifiers(rest, ndc, ndc_text, trial, dates, price.replace(",", "") if price else None)


def _before(pattern: re.Pattern[str], text: str, offset: int) -> re.Match[str] | None:
    """Match a pattern that ends right before an offset."""
    return pattern.search(text, max(offset - _LOOK_BACK, 0), offset)


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + " " * (end - start) + text[end:]


def _take(pattern: re.Pattern[str], text: str) -> tuple[str, str | None]:
    """Return the text with the group of every match blanked out, and the group of the first match."""
    first: str | None = None
    for found in pattern.finditer(text):
        first = first or found[1]
        text = _blank(text, *found.span(1))
    return text, first


def _take_price(text: str) -> tuple[str, str | None]:
    if "$" in text:
        return _take(_PRICE, text)
    price: str | None = None
    if "INV" in text or "COST" in text or "PRICE" in text or "WAC" in text:
        for pattern in _BARE_PRICES:
            text, found = _take(pattern, text)
            price = price or found
    return text, price


def _take_days(text: str, digits: int) -> tuple[str, tuple[str, ...]]:
    """Return the text without any date, and the days of service.

    A date of birth or expiry is blanked with its word.
    """
    days: dict[str, int] = {}
    dates = _DAYS if _ANY_DAY.search(text) else ()
    solid = _SOLID_DAYS if digits >= 8 and "20" in text else ()
    for pattern in (*dates, *solid):
        other_end = -1  # end of the last date that is no day of service
        for found in pattern.finditer(text):
            day = _iso(found)
            if day is None:
                continue
            start, end = found.span()
            other = _before(_OTHER_DAY, text, start)
            if other is not None:
                start, other_end = other.start(), end
            elif other_end >= 0 and _UNTIL.match(text[other_end:start]):
                other_end = end
            else:
                days.setdefault(day, start)
            text = _blank(text, start, end)
    return text, tuple(sorted(days, key=days.__getitem__)) if days else ()


def _take_ndc(text: str) -> tuple[str, str | None, str | None]:
    """Return the text without NDCs, the first valid NDC, and its spelling or that of the first labeled one."""
    ndc: str | None = None
    written: str | None = None
    for found in _NDC.finditer(text):
        digits = found["digits"]
        if found["marker"] is None and found["parts"] is None and not _is_bare_ndc(text, found):
            continue
        if ndc is None:
            ndc = _eleven_digits(found)
            written = (found["parts"] or digits or found["blanks"]) if ndc or written is None else written
        text = _blank(text, *found.span())
    return text, ndc, written


def _is_bare_ndc(text: str, found: re.Match[str]) -> bool:
    """Return whether unlabeled digits are an NDC: ten are a telephone number, those after LOT a lot number."""
    return len(found["digits"] or "") == 11 and _before(_OTHER_NUMBER, text, found.start()) is None


def _eleven_digits(found: re.Match[str]) -> str | None:
    digits: str | None = found["digits"]
    if digits is not None:
        return digits if len(digits) == 11 else None
    # The pattern matches only the layouts of an NDC: a leading zero completes the short part.
    labeler, product, package = re.split("[- ]", found["parts"] or found["blanks"])
    return labeler.zfill(5) + product.zfill(4) + package.zfill(2)


def _iso(found: re.Match[str]) -> str | None:
    """Return the date as ISO text; None for one that does not exist."""
    year = int(found["y"])
    if len(found["y"]) == 2:
        year += 2000 if year < _CENTURY else 1900
    parts = found.groupdict()
    month = _MONTHS.index(parts["month"]) + 1 if parts.get("month") else int(found["m"])
    day = int(found["d"])
    if month > len(_MONTHS) and "." in found[0]:  # 10.21.2026
        month, day = day, month
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None
