"""NDCs as they are sent in LIN03, and their repair."""

from __future__ import annotations

import re

from x12proc.claims.model import ServiceLine
from x12proc.reference.ndc import normalize

_OTHER_CODES = frozenset(("EN", "EO", "HI", "ON", "UK", "UP"))  # LIN02 of devices and supplies
_PAPER_FORM = re.compile(r"(?:NDC[\s:#]*)?N4[\s:]*([0-9]{11})(?![0-9])", re.IGNORECASE)
_LONGEST_PAPER_FORM = 60
_TWELVE = re.compile(r"[0-9]{12}|[0-9]{6}-[0-9]{4}-[0-9]{2}")


def ndc_sent(line: ServiceLine) -> str:
    """Return LIN03 where it is meant as an NDC; empty where LIN02 says that it is another kind of number
    (NDC07)."""
    drug = line.drug
    return "" if drug is None or drug.lin.element(2) in _OTHER_CODES else drug.lin.element(3)


def without_hyphens(ndc: str) -> str:
    return ndc.replace("-", "").strip()


def repaired(ndc: str) -> str | None:
    """Return the 11 digits that a misspelt NDC means without doubt."""
    paper = _PAPER_FORM.match(ndc.strip()[:_LONGEST_PAPER_FORM])
    return normalize(ndc) or (paper[1] if paper else None)


def has_twelve_digits(ndc: str) -> bool:
    return _TWELVE.fullmatch(ndc.strip()) is not None


def without_leading_zero(ndc: str) -> str | None:
    """Return the 11 digits of an NDC of twelve that has a zero in front."""
    digits = without_hyphens(ndc)
    return digits[1:] if has_twelve_digits(ndc) and digits.startswith("0") else None
