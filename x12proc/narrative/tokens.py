"""From free text to tokens: words, numbers with their units, and the marks between them."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import partial
from typing import Final, NamedTuple

#: No field of an 837 is longer than 264 characters; what stands behind this many is not read.
LONGEST_TEXT: Final = 2000

_LONGEST_NUMBER = 20  # digits; more is no quantity of anything that is injected
_LARGEST_EXPONENT = 30

# Characters that claims carry in place of plain ASCII, one for one.
_PLAIN = str.maketrans("µμ×–—−‑‒\u00a0\u2009’‘＃", "uux-----  ''#")
_SUPERSCRIPTS = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_SUPERSCRIPT_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_CONTROLS = str.maketrans(dict.fromkeys((*range(32), 127), " "))


def word_set(words: str) -> frozenset[str]:
    """The words of a text that lists them, for tables that are read more than changed."""
    return frozenset(words.split())


def clean(text: str) -> str:
    """``text`` cut to `LONGEST_TEXT` characters, in plain ASCII without control characters.

    What has no ASCII form becomes ``?``, so that words keep their borders.
    """
    text = text[:LONGEST_TEXT]
    if not text.isascii():
        text = text.translate(_PLAIN)
        text = _SUPERSCRIPTS.sub(lambda found: "^" + found[0].translate(_SUPERSCRIPT_DIGITS), text)
        text = text.encode("ascii", "replace").decode("ascii")
    return text if text.isprintable() else text.translate(_CONTROLS)


class Token(NamedTuple):
    """A piece of the text. ``kind`` is one letter, so that the kinds of a text are a string (its shape).

    ==== ===========================================  ==== ==========================================
    Q    number with a unit of mass or activity       c    container: VIAL, SDV, KIT
    V    number with a unit of volume                 d    DOSE
    P    percentage                                   w    WASTED, DISCARDED, NOT GIVEN
    N    bare number                                  v    OVERFILL
    k    what a rate is taken by: KG, M2, DAY         g    GIVEN
    u    unit of volume without number                t    TOTAL
    s    slash or PER                                 z    NO, NONE, 0
    x    times: X, @, *                               m    STRENGTH
    p q  plus, equals                                 o    OF, EACH
    h    number sign                                  l r  round brackets
    y    other mark                                   W    other word
    ==== ===========================================  ==== ==========================================
    """

    kind: str
    text: str  # upper-case
    start: int
    end: int
    value: str = ""  # plain decimal digits of a number
    unit: str = ""  # canonical unit of a number; of a container word its type, when it tells one
    per_value: str = ""  # of an amount per volume: the volume
    per_unit: str = ""


_UNITS: Final = {
    **dict.fromkeys(("MG", "MGS", "MILLIGRAM", "MILLIGRAMS"), "MG"),
    **dict.fromkeys(("MCG", "MCGS", "UG", "MICROGRAM", "MICROGRAMS"), "MCG"),
    **dict.fromkeys(("NG", "NANOGRAM", "NANOGRAMS"), "NG"),
    **dict.fromkeys(("G", "GM", "GMS", "GRAM", "GRAMS"), "G"),
    **dict.fromkeys(("IU", "IUS", "I.U.", "I.U", "MIU"), "IU"),
    **dict.fromkeys(("U", "UNIT", "UNITS", "MU"), "UNIT"),
    **dict.fromkeys(("ML", "MLS", "CC", "CCS", "MILLILITER", "MILLILITERS"), "ML"),
    **dict.fromkeys(("L", "LITER", "LITERS"), "L"),
    **dict.fromkeys(("VG", "GC", "VP"), "VG"),  # vector genomes, genome copies, viral particles
    **dict.fromkeys(("CELL", "CELLS"), "CELLS"),
    **dict.fromkeys(("%", "PERCENT"), "%"),
    "MEQ": "MEQ",
    "PFU": "PFU",
}
_VOLUMES: Final = frozenset({"ML", "L"})
_EXPONENTS: Final = {"MILLION": 6, "BILLION": 9, "TRILLION": 12, "MIU": 6, "MU": 6}

_NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+"
_POWER = r"(?:\ ?[X*]\ ?10)?\ ?(?:\^|\*\*)\ ?[0-9]{1,2}(?![0-9])|(?:\ ?X\ ?10)?E\+?[0-9]{1,2}(?![0-9])"
# Every key of _UNITS but the sign %; by first letter, which is much faster than one after the other.
_UNIT = (
    r"M(?:GS?|CGS?|LS?|EQ|IU|U|ILLIGRAMS?|ILLILITERS?|ICROGRAMS?)|U(?:NITS?|G)?|G(?:MS?|C|RAMS?)?|IUS?|I\.U\.?"
    r"|C(?:CS?|ELLS?)|N(?:G|ANOGRAMS?)|V[GP]|P(?:FU|ERCENT)|L(?:ITERS?)?"
)

# A unit ends where letters end, or where a route or a multiplier is glued on: 450MGIV, 300MGX2.
_UNIT_END = r"(?![A-Z0-9])|(?=X[0-9])|(?=(?:IV(?:PB|P)?|SC|SQ|IM|SUBQ)(?![A-Z]))"

_DOTTED = r"(?:[A-Z]\.){2,}|[A-Z]\.[A-Z](?![A-Z.])"  # I.V. and I.V

_TOKEN = re.compile(
    rf"""
    (?P<word>(?!X[0-9])(?:{_DOTTED}|SUB[ -](?:Q|CUT)[A-Z]*|[A-Z]+(?:'[A-Z]+)?)(?:(?<=\bM)\^?2(?![0-9]))?)
  | (?P<ordinal>[0-9]+(?:ST|ND|RD|TH)\b)
  | (?P<number>(?:{_NUMBER})(?:{_POWER})?)
    (?:\ *-?(?P<scale>MILLION|BILLION|TRILLION)\b)?
    (?:\ *-?\ *(?!L\ EYE)(?P<unit>{_UNIT})(?:{_UNIT_END})|\ *(?P<percent>%))?
  | (?P<mark>[^\sA-Z0-9])
  | (?P<times>X)
    """,
    re.VERBOSE,
)

# Phrases that mean one thing; joined before the text is cut up.
_PHRASES: Final = (
    (re.compile(r"\bMULTI(?:PLE)?[ -]*(?:DOSE|USE)(?:[ -]*(?:VIALS?|VL|CONTAINERS?))?\b"), "MDV"),
    (re.compile(r"\bSINGLE[ -]*DOSE[ -]*(?:VIALS?|VL|CONTAINERS?)\b"), "SDV"),
    (re.compile(r"\bSINGLE[ -]*USE(?:[ -]*(?:VIALS?|VL|CONTAINERS?))?\b"), "SDV"),
    (re.compile(r"\b(?:SINGLE[ -]*DOSE[ -]*)?PRE[ -]?FILLED[ -]*SYR(?:INGE)?S?\b"), "PFS"),
    (re.compile(r"\bMD VIALS?\b"), "MDV"),
    (re.compile(r"\bSD VIALS?\b"), "SDV"),
    (re.compile(r"\bNOT (?:GIVEN|USED|ADMIN[A-Z]*)\b"), "UNUSED"),
    (re.compile(r"\bINTERNATIONAL UNITS?\b"), "IU"),
)
_PHRASE_STARTS = re.compile(r"MULTI|SINGLE|FILLED|[MS]D VIAL|NOT |INTERNAT")


def _kinds(kind: str, words: str) -> dict[str, tuple[str, str]]:
    return dict.fromkeys(words.split(), (kind, ""))


#: Words with a meaning of their own: (kind, container type).
_WORDS: Final[dict[str, tuple[str, str]]] = {
    **_kinds("k", "KG KGS LB LBS M2 M^2 SQM DAY DAYS HR HRS HOUR HOURS MIN MINS MINUTE MINUTES WK WKS WEEK WEEKS"),
    **_kinds("k", "MO MOS MONTH MONTHS YR YRS YEAR YEARS DL CM CM2"),
    **_kinds("u", "ML MLS CC MILLILITER"),
    **_kinds("s", "PER"),
    **_kinds("x", "X"),
    **_kinds("o", "OF EACH EA"),
    **_kinds("c", "VIAL VIALS VL VLS SYR SYRS SYRINGE SYRINGES PEN PENS AMP AMPS AMPULE AMPULES BAG BAGS"),
    **_kinds("c", "CARTON CARTONS CONTAINER CONTAINERS BOTTLE BOTTLES"),
    **dict.fromkeys(("SDV", "SDVS"), ("c", "SDV")),
    **dict.fromkeys(("MDV", "MDVS"), ("c", "MDV")),
    "PFS": ("c", "PFS"),
    **dict.fromkeys(("KIT", "KITS"), ("c", "KIT")),
    **_kinds("d", "DOSE DOSES DOSAGE"),
    **_kinds("w", "WASTE WASTED WASTAGE WST WSTG DISC DISCD DISCARD DISCARDED UNUSED"),
    **_kinds("v", "OVERFILL"),
    **_kinds("g", "GIVEN GAVE ADMIN ADMINISTERED ADMINISTER INJECTED INFUSED"),
    **_kinds("t", "TOTAL TOTALING TTL"),
    **_kinds("z", "NO NONE ZERO NIL"),
    **_kinds("m", "STRENGTH STR CONC CONCENTRATION"),
}
_MARKS: Final = {"/": "s", "@": "x", "*": "x", "+": "p", "&": "p", "=": "q", "#": "h", "(": "l", ")": "r"}


def plain_decimal(number: str, exponent: int = 0) -> str:
    """``1,040`` as ``1040``, ``.5`` as ``0.5``, ``5.0`` as ``5``; times ten to the ``exponent``.

    Empty when the number is too large to be a quantity.
    """
    digits = number.replace(",", "")
    if len(digits) > _LONGEST_NUMBER or exponent > _LARGEST_EXPONENT:
        return ""
    return decimal_text(Decimal(digits).scaleb(exponent))


def decimal_text(number: Decimal) -> str:
    """``number`` in plain digits, without exponent and without zeros at the end of a fraction."""
    text = format(number, "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def _number_value(number: str, exponent: int) -> str:
    """The plain value of ``2.5``, ``1.33E14``, ``10^8`` or ``1.1X10^14``; empty for a power of anything but 10."""
    if number.isdigit():
        return plain_decimal(number, exponent)
    text = number.replace(" ", "").replace("**", "^").replace("X10E", "X10^").replace("*10^", "X10^")
    base, mark, power = text.partition("^")
    if not mark:
        factor, _, power = text.partition("E")
        return plain_decimal(factor, exponent + int(power or "0"))
    if base == "10":
        return plain_decimal("1", exponent + int(power))
    factor, mark, _ = base.partition("X10")
    return plain_decimal(factor, exponent + int(power)) if mark else ""


def _number_token(found: re.Match[str], glued: bool) -> Token:
    number, scale, unit, percent = found.group("number", "scale", "unit", "percent")
    if unit is None and percent is None:
        # Digits glued to letters are part of a name: B12, CD20.
        value = _number_value(number, 0)
        kind = "W" if glued else ("z" if value == "0" else "N")
        return Token(kind, found[0], found.start(), found.end(), value)
    exponent = _EXPONENTS.get(scale, 0) + _EXPONENTS.get(unit, 0)
    value = _number_value(number, exponent)
    canonical = "%" if unit is None else _UNITS[unit]
    if canonical == "UNIT" and value == "1":
        value = ""  # what is billed, not a dose: no biologic is given by the single unit
    kind = "P" if canonical == "%" else ("V" if canonical in _VOLUMES else "Q")
    return Token(kind if value else "W", found[0], found.start(), found.end(), value, canonical)


def _padded(word: str, found: re.Match[str]) -> str:
    return word.ljust(len(found[0]))


def _join_phrases(text: str) -> str:
    """Phrases as their one word, padded: every character keeps its place."""
    if _PHRASE_STARTS.search(text) is None:
        return text
    for pattern, word in _PHRASES:
        text = pattern.sub(partial(_padded, word), text)
    return text


def tokenize(text: str) -> list[Token]:
    """The tokens of a cleaned text, in order; ``start`` and ``end`` are places in ``text``."""
    tokens: list[Token] = []
    glued_at = -1  # where a word of two letters or more has just ended
    for found in _TOKEN.finditer(_join_phrases(text.upper())):
        group = found.lastgroup
        start, end = found.span()
        if group == "word":
            word = found[0].replace(".", "")
            kind, container = _WORDS.get(word, ("W", ""))
            tokens.append(Token(kind, word, start, end, "", container))
            glued_at = -1 if kind in "xc" else end
        elif group == "mark" or group == "times":
            tokens.append(Token(_MARKS.get(found[0], "x" if group == "times" else "y"), found[0], start, end))
        elif group == "ordinal":
            tokens.append(Token("W", found[0], start, end))
        else:
            tokens.append(_number_token(found, start == glued_at))
    return tokens
