"""Normalize National Drug Codes from any spelling to 11 digits (5-4-2)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

#: The "NDC" that some payers require for a compounding fee. It names no product, so it is a placeholder too; it
#: has a constant of its own because a payer profile may allow it.
COMPOUND_FEE_NDC: Final = "00000000070"

_LONGEST_SPELLING = 40  # "NDC NUMBER: " and 13 characters fit well; longer text is not an NDC
_MARKER = re.compile(r"(?:NDC\s*(?:NO\.?|NUMBER)?\s*[#:]*\s*)?(?:N4\s*:?\s*)?", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s*-\s*|\s+")
_DIGITS = re.compile(r"[0-9]+\Z")
_ONE_DIGIT_PER_PART = re.compile(r"([0-9])\1{4}([0-9])\2{3}([0-9])\3\Z")

# FDA prints three layouts of 10 digits; a zero in front of the short part makes each of them 5-4-2.
_LAYOUTS: Final = frozenset({(5, 4, 2), (4, 4, 2), (5, 3, 2), (5, 4, 1)})
_NOBODY = ("99999", "00000")  # labelers that were never assigned
_COUNTING_UP = ("123456789", "012345678")


def normalize(text: str) -> str | None:
    """Return the 11 digits that ``text`` spells unambiguously, else None.

    Understood: 11 digits; hyphenated 5-4-2, 4-4-2, 5-3-2 and 5-4-1 (blanks in place of hyphens as well); a
    leading ``N4``, ``NDC``, ``NDC:`` or ``NDC#``; blanks around. Ten digits without hyphens are three
    different products at once (see `candidates`) and give None, as do 12 digits (6-4-2, not yet adopted).
    """
    return _normalised(text) if len(text) <= _LONGEST_SPELLING else None


@lru_cache(maxsize=4096)
def _normalised(text: str) -> str | None:
    body = _MARKER.sub("", text.strip(), count=1)
    parts = _SEPARATOR.split(body)
    if not all(_DIGITS.match(part) for part in parts):
        return None
    if len(parts) == 1:
        return body if len(body) == 11 else None
    if tuple(map(len, parts)) not in _LAYOUTS:
        return None
    labeler, product, package = parts
    return labeler.zfill(5) + product.zfill(4) + package.zfill(2)


def candidates(ten_digits: str) -> tuple[str, ...]:
    """Return the 11-digit forms of an unhyphenated 10-digit number, as 4-4-2, 5-3-2 and 5-4-1, without duplicates.

    Empty when ``ten_digits`` isn't exactly ten digits.
    """
    if len(ten_digits) != 10 or not _DIGITS.match(ten_digits):
        return ()
    readings = ("0" + ten_digits, ten_digits[:5] + "0" + ten_digits[5:], ten_digits[:9] + "0" + ten_digits[9:])
    return tuple(dict.fromkeys(readings))


def hyphenated(ndc11: str) -> str:
    """Hyphenate ``25682002501`` as ``25682-0025-01``. Anything but 11 characters is returned unchanged."""
    if len(ndc11) != 11:
        return ndc11
    return f"{ndc11[:5]}-{ndc11[5:9]}-{ndc11[9:]}"


def is_placeholder(ndc: str) -> bool:
    """Return whether ``ndc`` (hyphens allowed) looks like a number typed in to fill the field.

    That is: one digit throughout, or one digit per part (``11111-2222-33``); digits counting up
    (``12345-6789-01``); a labeler of nines or zeros with a product of nines or zeros (``99999-9999-01``,
    and with it `COMPOUND_FEE_NDC`).
    """
    digits = ndc.replace("-", "").strip()
    if not _DIGITS.match(digits):
        return False
    one_digit = len(set(digits)) == 1
    nobody = digits.startswith(_NOBODY) and digits[5:9] in {"9999", "0000"}
    return one_digit or nobody or digits.startswith(_COUNTING_UP) or _ONE_DIGIT_PER_PART.match(digits) is not None
