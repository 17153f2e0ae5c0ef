"""Numbers that name something and are no quantities: NDCs, trial numbers, dates, prices."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

import msgspec


class Identifiers(msgspec.Struct, frozen=True):
    """What the identifiers of a text say. ``rest`` is the text with them blanked out, of the same length."""

    rest: str
    ndc: str | None = None  # 11 digits
    ndc_text: str | None = None  # as written
    trial: str | None = None  # 8 digits
    dates: tuple[str, ...] = ()  # ISO
    price: str | None = None  # dollars, as written without separators


_CENTURY: Final = 70  # two digits below it are years of this century: 06/15/23 is 2023, 06/15/85 is 1985

_DIGIT = re.compile("[0-9]")
_NDC_MARKER = r"(?:\bNDC(?:\s*(?:NO\.?|NUMBER|CODE))?[\s#:]*(?:N4)?|\bN4)[\s:]*"
_NDC = re.compile(
    rf"""
    (?: (?P<marker>{_NDC_MARKER}) | (?<![0-9.-]) )
    (?: (?P<parts>[0-9]{{5}}-[0-9]{{4}}-[0-9]{{2}}|[0-9]{{4}}-[0-9]{{4}}-[0-9]{{2}}
          |[0-9]{{5}}-[0-9]{{3}}-[0-9]{{2}}|[0-9]{{5}}-[0-9]{{4}}-[0-9])(?![0-9-])
      | (?P<digits>[0-9]{{10,12}})(?![0-9])
      | (?P<blanks>[0-9]{{5}}\ [0-9]{{4}}\ [0-9]{{2}})(?![0-9])
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_TRIAL = re.compile(r"\bN?CT\s?#?:?\s?([0-9]{8})(?![0-9])", re.IGNORECASE)
_DATE = re.compile(
    r"(?<![0-9/.-])(?:(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})"
    r"|(?P<mm>[0-9]{1,2})(?P<mark>[/-])(?P<dd>[0-9]{1,2})(?P=mark)(?P<yy>[0-9]{4}|[0-9]{2}))(?![0-9/-])"
)
_PRICE = re.compile(r"\$\s?((?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12})(?:\.[0-9]{1,2})?)(?![0-9])")


def read_identifiers(text: str) -> Identifiers:
    """The identifiers in a cleaned text; the first NDC, trial number and price, and every date."""
    digits = len(_DIGIT.findall(text))
    if not digits:
        return Identifiers(text)
    # Cheap looks first: most texts have too few digits, or not the mark that each of these needs.
    rest, ndc, ndc_text = _take_ndc(text) if digits >= 10 else (text, None, None)
    rest, trial = _take(_TRIAL, rest) if digits >= 8 else (rest, None)
    rest, price = _take(_PRICE, rest) if "$" in rest else (rest, None)
    dates: list[str] = []
    for found in _DATE.finditer(rest) if "/" in rest or "-" in rest else ():
        day = _iso(found)
        if day:
            dates += [day] if day not in dates else []
            rest = _blank(rest, found)
    return Identifiers(rest, ndc, ndc_text, trial, tuple(dates), price.replace(",", "") if price else None)


def _blank(text: str, found: re.Match[str]) -> str:
    return text[: found.start()] + " " * (found.end() - found.start()) + text[found.end() :]


def _take(pattern: re.Pattern[str], text: str) -> tuple[str, str | None]:
    """The first match's group, and the text without any of the matches."""
    first: str | None = None
    for found in pattern.finditer(text):
        first = first or found[1]
        text = _blank(text, found)
    return text, first


def _take_ndc(text: str) -> tuple[str, str | None, str | None]:
    """The first NDC that reads without doubt, else the first that is marked as one, as written."""
    ndc: str | None = None
    written: str | None = None
    for found in _NDC.finditer(text):
        digits = found["digits"]
        if found["marker"] is None and (found["blanks"] or (digits and len(digits) != 11)):
            continue  # ten digits are a telephone number unless the text says NDC
        if ndc is None:
            ndc = _eleven_digits(found)
            written = (found["parts"] or digits or found["blanks"]) if ndc or written is None else written
        text = _blank(text, found)
    return text, ndc, written


def _eleven_digits(found: re.Match[str]) -> str | None:
    digits: str | None = found["digits"]
    if digits is not None:
        return digits if len(digits) == 11 else None
    # The pattern lets only the layouts of an NDC through: a zero in front makes each part full.
    labeler, product, package = re.split("[- ]", found["parts"] or found["blanks"])
    return labeler.zfill(5) + product.zfill(4) + package.zfill(2)


def _iso(found: re.Match[str]) -> str | None:
    """The date as ISO text; None for one that no calendar has."""
    year, month, day = found["y"] or found["yy"], found["m"] or found["mm"], found["d"] or found["dd"]
    number = int(year)
    if len(year) == 2:
        number += 2000 if number < _CENTURY else 1900
    try:
        return date(number, int(month), int(day)).isoformat()
    except ValueError:
        return None
