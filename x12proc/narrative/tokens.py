"""Split free text into tokens: words, numbers with their units, and punctuation."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import partial
from typing import Final

import msgspec

#: No field of an 837 is longer than 264 characters; text after this many is not read.
LONGEST_TEXT: Final = 2000

_LONGEST_NUMBER = 20  # digits; no quantity of a drug has more
_LARGEST_EXPONENT = 30

# Characters that claims carry in place of plain ASCII, one for one.
_PLAIN = str.maketrans("µμ×–—−‑‒\u00a0\u2009’‘＃", "uux-----  ''#") | {
    ord(letter): name for letter, name in zip("αβγδ", ("alpha", "beta", "gamma", "delta"), strict=True)
}
_SUPERSCRIPTS = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_SUPERSCRIPT_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_CONTROLS = str.maketrans(dict.fromkeys((*range(32), 127), " "))


def word_set(words: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(words.split())


def clean(text: str) -> str:
    """Cut ``text`` to `LONGEST_TEXT` characters and convert it to ASCII without control characters.

    A character without an ASCII form becomes ``?``, so that words stay separate.
    """
    text = text[:LONGEST_TEXT]
    if not text.isascii():
        text = text.translate(_PLAIN)
        text = _SUPERSCRIPTS.sub(lambda found: "^" + found[0].translate(_SUPERSCRIPT_DIGITS), text)
        text = text.encode("ascii", "replace").decode("ascii")
    return text if text.isprintable() else text.translate(_CONTROLS)


class Token(msgspec.Struct, frozen=True, gc=False):
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
    p q  plus, equals                                 o e  OF, EACH
    h    number sign                                  l r  round brackets
    y    other punctuation                            f    word that only fills a phrase: REMAINING, PWD
    j    JW, the modifier of a discarded amount       b    BILLED
    i    QTY                                          n    NOWASTE
    D    DRAWN, OPENED                                a    MAXIMUM, ORDERED
    W    other word
    ==== ===========================================  ==== ==========================================
    """

    kind: str
    text: str  # upper-case
    start: int
    end: int
    value: str = ""  # plain decimal digits of a number
    unit: str = ""  # canonical unit of a number; type of a container word that has one
    per_value: str = ""  # of an amount per volume: the volume
    per_unit: str = ""
    whole: bool = False  # of an amount per volume: the container after it holds exactly that volume


_UNITS: Final = {
    **dict.fromkeys(("MG", "MGS", "MILLIGRAM", "MILLIGRAMS", "MILIGRAM", "MILIGRAMS"), "MG"),
    **dict.fromkeys(("MCG", "MCGS", "UG", "MICROGRAM", "MICROGRAMS"), "MCG"),
    **dict.fromkeys(("NG", "NANOGRAM", "NANOGRAMS"), "NG"),
    **dict.fromkeys(("G", "GM", "GMS", "GRAM", "GRAMS"), "G"),
    **dict.fromkeys(("IU", "IUS", "I.U.", "I.U", "MIU"), "IU"),
    **dict.fromkeys(("U", "UNIT", "UNITS", "UNTS", "MU"), "UNIT"),
    **dict.fromkeys(("ML", "MLS", "CC", "CCS", "MILLILITER", "MILLILITERS"), "ML"),
    **dict.fromkeys(("L", "LITER", "LITERS"), "L"),
    **dict.fromkeys(("VG", "GC", "VP", "PARTICLES"), "VG"),  # vector genomes, genome copies, viral particles
    **dict.fromkeys(("CELL", "CELLS"), "CELLS"),
    **dict.fromkeys(("EIN", "IEQ"), "UNIT"),  # islets of the pancreas, counted as if all were of one size
    **dict.fromkeys(("%", "PERCENT"), "%"),
    "MEQ": "MEQ",
    "PFU": "PFU",
}
_KINDS: Final = {"ML": "V", "L": "V", "%": "P"}  # of the others Q
_EXPONENTS: Final = {"K": 3, "MIL": 6, "MILL": 6, "MILLION": 6, "BILLION": 9, "TRILLION": 12, "MIU": 6, "MU": 6}

# 1,040 has a thousands separator; 2,5 before a unit has a decimal comma.
_NUMBER = (
    r"(?:[0-9]{1,3},[0-9]{3}(?:,[0-9]{3})*(?![0-9])|[0-9]{1,3},[0-9]{1,2}(?=\ ?(?:MG|MCG|ML|G)\b)|[0-9]+)"
    r"(?:\.[0-9]+|)"
    r"|\.[0-9]+"
)
_DECIMAL_COMMA = re.compile(r"[0-9]{1,3},[0-9]{1,2}")
_PLAIN_NUMBER: Final = re.compile(r"[0-9.,]+")
# A power of ten after a number: X 10^14, *10^8, ^8, **8, E14, X10E14.
_POWER = r"(?:\ ?[X*]\ ?10|)\ ?(?:\^|\*\*)\ ?[0-9]{1,2}(?![0-9])|(?:\ ?X\ ?10|)E\+?[0-9]{1,2}(?![0-9])"
# Every key of _UNITS but the sign %: MG, MCG, MILLIGRAMS, UNITS, IU, I.U., ML, CC, VG, CELLS, PFU, LITERS. Grouped
# by first letter, which is much faster than one alternative for each unit.
_UNIT = (
    r"M(?:GS?|CGS?|LS?|EQ|IU|U|ILL?IGRAMS?|ILLILITERS?|ICROGRAMS?)|U(?:NI?TS?|G)?|G(?:MS?|C|RAMS?)?|IUS?|I\.U\.?|IEQ|EIN"
    r"|C(?:CS?|ELLS?)|N(?:G|ANOGRAMS?)|V[GP]|P(?:FU|ERCENT|ARTICLES)|L(?:ITERS?)?"
)

_LONG_UNIT = "(?:MC?G|ML|GM|IU|UNITS?)"  # read after a comma as well: 450, MG

#: Words that people glue to an amount and to each other: 2MGIVTOD, 80MGIV4VIALS, 3VIALSX150MG.
_GLUED_WORDS: Final = word_set(
    "IV IVP IVPB IVT IVTL SC SQ SUBQ SUBCUT IM IT PO OD OS OU SDV MDV PFS VIAL VIALS NDC GIVEN WASTE WASTED JW JZ "
    "INF INFUSION INJ INJECTION INTRAVENOUS INTRAVITREAL INTRATHECAL SUBCUTANEOUS PUSH ONCE TOTAL DISCARDED AND"
)
_GLUED = rf"(?:{'|'.join(sorted(_GLUED_WORDS, key=len, reverse=True))})"  # long ones first
_GLUED_END = rf"{_GLUED}{{0,5}}(?:X[0-9]|(?![A-Z]))"
_UNIT_END = rf"(?![A-Z0-9])|(?=X[0-9])|(?={_GLUED}{_GLUED_END})"
_GLUED_ROUTE = 6  # letters of a word that may be two: IVINFUSION
_ALL_GLUED = re.compile(rf"(?!INFUSION|INJECTION|DISCARDED|INTRA|SUBCUT){_GLUED}{{2,5}}")
_GLUED_WORD = re.compile(rf"{_GLUED}(?={_GLUED}{{0,5}}X?\Z)|X\Z|[A-Z]+")

# The alternatives in order: a word (SUB-Q, SUB CUTANEOUS, two letters or more with apostrophes, I.V., H.P.A.); M2,
# a single letter; an ordinal (1ST); a number with power, scale (2 MILLION) and unit (450MG, 450 MG, 450-MG, 450,
# MG, 20 %); a punctuation mark; the X of a multiplication (X3). Only words have no group: `tokenize` tells them
# apart by that. Alternatives that begin with a plain character are skipped fastest.
_TOKEN = re.compile(
    rf"""
    SUB[ -](?:Q|CUT)[A-Z]*|[A-Z][A-Z']*[A-Z]|[A-Z]\.(?:[A-Z]\.)+|[A-Z]\.[A-Z](?![A-Z.])  # I.V. and I.V
  | M\^?2(?![0-9])|[A-WYZ]|X(?![0-9])
  | [0-9]+(?:ST|ND|RD|TH)\b(?P<ordinal>)
  | (?P<number>(?:{_NUMBER})(?:{_POWER}|))
    (?:\ *-?(?P<scale>(?:MIL(?:L(?:ION)?)?|BILLION|TRILLION)\b|K(?=\ *U(?:NITS?)?\b))|)
    (?:\ *(?:-|,\ *(?={_LONG_UNIT}\b))?\ *(?!L\ EYE)(?P<unit>{_UNIT})(?:{_UNIT_END})|\ *(?P<percent>%)|)
  | [^\sA-Z0-9](?P<symbol>)
  | X(?P<times>)
    """,
    re.VERBOSE,
)

# Phrases of several words that are replaced by one word before the text is split, each with letters that it needs
# (a cheap first check), its pattern and that word.
_PHRASES: Final = tuple(
    (needed, re.compile(pattern), word)
    for needed, pattern, word in (
        ("MULTI", r"\bMULTI(?:PLE)?[ -]*(?:DOSE|USE)(?:[ -]*(?:VIALS?|VL|CONTAINERS?))?\b", "MDV"),
        ("SING", r"\bSING(?:LE|EL)[ -]*DOSE[ -]*(?:VIALS?|VL|CONTAINERS?)\b", "SDV"),
        ("SINGLE", r"\bSINGLE[ -]*USE(?:[ -]*(?:VIALS?|VL|CONTAINERS?))?\b", "SDV"),
        ("FILLED", r"\b(?:SINGLE[ -]*DOSE[ -]*)?PRE[ -]?FILLED[ -]*SYR(?:I?NGE)?S?\b", "PFS"),
        ("MD VIAL", r"\bMD VIALS?\b", "MDV"),
        ("SD VIAL", r"\bSD VIALS?\b", "SDV"),
        ("NOT ", r"\bNOT (?:GIVEN|USED|ADMIN[A-Z]*)\b", "UNUSED"),
        ("INTERNAT", r"\bINTERNATIONAL UNITS?\b", "IU"),
        ("CELLS", r"\b(?:CAR[ -]?(?:POS(?:ITIVE)?|\+)?[ -]?)?(?:VIABLE )?(?:CAR[ -]?)?T[ -]?CELLS\b", "CELLS"),
        ("CELLS", r"\b(?:(?:VIABLE|NUCLEATED|STROMAL|STEM|CD ?[0-9]{1,3}\+?) ){1,3}CELLS\b", "CELLS"),
        ("PARTIC", r"\b(?:VIRAL |VECTOR )?PARTICLES?(?: UNITS?)?\b", "PARTICLES"),
        ("W/O", r"\bW/O\b", "NO"),
        ("THROWN", r"\bTHROWN (?:AWAY|OUT)\b", "WASTED"),
        ("OUT OF", r"\bOUT OF\b", "OF"),
        ("WASTE LINE", r"\bWASTE LINE\b", "JW"),
        ("SHOULD", r"\bSHOULD (?:BE|READ|SAY)\b", "CORRECTED"),
        ("S/B", r"\bS/B\b", "COR"),
        ("NO ", r"\? ?NO\b,?(?= ?[0-9])", " COR"),  # 324 MG? NO 162 MG
        ("BAG", r"\bINFUSION BAG", "BAG"),
        ("S/", r"\bS/[CQ]\b", "SC"),
        ("I V", r"\bI V\b", "IV"),
        ("I M", r"(?<=[0-9GLUS] )I M\b", "IM"),
        ("S ", r"(?<=[0-9GLUS] )S [CQ]\b", "SQ"),
        ("(S)", r"(?<=[A-Z])\(S\)", "S"),  # VIAL(S)
    )
)


def _kinds(kind: str, words: str, container: str = "") -> dict[str, tuple[str, str, str]]:
    return dict.fromkeys(words.split(), (kind, "", container))


def _numbers(words: str) -> dict[str, tuple[str, str, str]]:
    return {word: ("N", str(number), "") for number, word in enumerate(words.split(), 1)}


def _with_swaps(words: str) -> str:
    """Return the words, and each with two neighboring letters swapped: VIAL and VAIL."""
    swapped = [
        word[:i] + word[i + 1] + word[i] + word[i + 2 :] for word in words.split() for i in range(len(word) - 1)
    ]
    return " ".join([words, *swapped])


def _with_slips(words: str) -> str:
    """Return the words, each with two letters swapped and, from seven letters on, with one missing: DISCARED."""
    lost = [word[:i] + word[i + 1 :] for word in words.split() if len(word) >= 7 for i in range(1, len(word))]
    return " ".join([_with_swaps(words), *lost])


#: Words with a meaning of their own: (kind, value, container type).
_WORDS: Final[dict[str, tuple[str, str, str]]] = {
    **_kinds("k", "KG KGS LB LBS M2 M^2 SQM DAY DAYS HR HRS HOUR HOURS MIN MINS MINUTE MINUTES WK WKS WEEK WEEKS"),
    **_kinds("k", "MO MOS MONTH MONTHS YR YRS YEAR YEARS DL CM CM2"),
    **_kinds("u", "ML MLS CC MILLILITER"),
    **_kinds("s", "PER"),
    **_kinds("x", "X"),
    **_kinds("o", "OF FROM"),
    **_kinds("i", "QTY QUANTITY"),
    **_kinds("e", "EACH EA"),
    **_kinds("c", _with_swaps("VIAL VIALS")),
    **_kinds("c", "VL VLS SYR SYRS SYRINGE SYRINGES PEN PENS AMP AMPS AMPULE AMPULES BAG BAGS"),
    **_kinds("c", "CARTON CARTONS CONTAINER CONTAINERS BOTTLE BOTTLES CARTRIDGE CARTRIDGES"),
    **_kinds("c", "AUTOINJECTOR AUTOINJECTORS AI SYRNGE JAR JARS SHEET SHEETS IMPLANT IMPLANTS"),
    **_kinds("c", "SDV SDVS", "SDV"),
    **_kinds("c", "MDV MDVS", "MDV"),
    **_kinds("c", "PFS", "PFS"),
    **_kinds("c", "KIT KITS", "KIT"),
    **_kinds("d", "DOSE DOSES DOSAGE"),
    **_kinds("w", _with_slips("WASTE WASTED DISCARDED")),
    **_kinds("w", "WASTAGE WST WSTD WSTG DISC DISC'D DISCD DISCARD DISCARDS DISPOSED DESTROYED UNUSED TOSSED"),
    **_kinds("n", "NOWASTE NOWASTAGE"),
    **_kinds("D", "DREW DRAWN WITHDREW WITHDRAWN PULLED OPENED"),
    **_kinds("a", "MAX MAXIMUM CAPPED ORDERED PRESCRIBED PLANNED"),
    **_kinds("j", "JW"),
    **_kinds("v", "OVERFILL"),
    **_kinds("g", "GIVEN GAVE ADMIN ADMINISTERED ADMINISTER INJECTED INFUSED"),
    **_kinds("t", "TOTAL TOTALING TTL TOT"),
    **_kinds("z", "NO NONE NOTHING ZERO NIL WITHOUT"),
    **_kinds("b", "BILLED BILLING"),
    **_numbers("ONE TWO THREE FOUR FIVE SIX SEVEN EIGHT NINE TEN ELEVEN TWELVE"),
    **_kinds("f", "SIZE SIZED PWD POWDER LYO LYOPH LYOPHILIZED SOLN SOLUTION LIQUID"),  # 300MG PWD VIAL
    **_kinds("f", "AMT AMOUNT REMAINING REMAINDER BALANCE PORTION LEFTOVER EXCESS THE"),  # WASTED REMAINING 5MG
    **_kinds("m", "STRENGTH STR CONC CONCENTRATION"),
}
_PLAIN_WORD: Final = ("W", "", "")
#: A number right after one of these is still a number.
_LOOSE: Final = frozenset([*_GLUED_WORDS, *(word for word, (kind, *_) in _WORDS.items() if kind in "xc")])
_SYMBOL_KINDS: Final = {"/": "s", "@": "x", "*": "x", "+": "p", "&": "p", "=": "q", "#": "h", "(": "l", ")": "r"}


def plain_decimal(number: str, exponent: int = 0) -> str:
    """Normalize ``1,040`` to ``1040``, ``.5`` to ``0.5``, ``5.0`` to ``5``, times ten to the ``exponent``.

    Empty if the number is too large to be a quantity.
    """
    digits = number.replace(",", "." if _DECIMAL_COMMA.fullmatch(number) else "")
    if len(digits) > _LONGEST_NUMBER or exponent > _LARGEST_EXPONENT:
        return ""
    return _trimmed(digits) if exponent == 0 else decimal_text(Decimal(digits).scaleb(exponent))


def decimal_text(number: Decimal) -> str:
    """Format ``number`` in plain digits, without exponent and without trailing zeros of a fraction."""
    return _trimmed(format(number, "f"))


def _trimmed(digits: str) -> str:
    whole, _, fraction = digits.partition(".")
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def _number_value(number: str, exponent: int) -> str:
    """Return the value of ``2.5``, ``1.33E14``, ``10^8`` or ``1.1X10^14``; empty for powers of another base."""
    if exponent == 0 and number.isdigit() and len(number) <= _LONGEST_NUMBER:
        return number.lstrip("0") or "0"
    if _PLAIN_NUMBER.fullmatch(number):
        return plain_decimal(number, exponent)
    text = number.replace(" ", "").replace("**", "^").replace("X10E", "X10^").replace("*10^", "X10^")
    base, caret, power = text.partition("^")
    if not caret:
        factor, _, power = text.partition("E")
        return plain_decimal(factor, exponent + int(power or "0"))
    if base == "10":
        return plain_decimal("1", exponent + int(power))
    factor, times, _ = base.partition("X10")
    return plain_decimal(factor, exponent + int(power)) if times else ""


def _number(found: re.Match[str], glued: bool) -> Token:
    text, number, scale, unit, percent = found.group(0, "number", "scale", "unit", "percent")
    start, end = found.span()
    if unit is None and percent is None:
        # Digits right after letters are part of a name: B12, CD20. A power such as 2^18 is no quantity.
        value = _number_value(number, 0)
        kind = "W" if glued or not value else ("z" if value == "0" else "N")
        return Token(kind, text, start, end, value)
    canonical = "%" if unit is None else _UNITS[unit]
    value = _number_value(number, _EXPONENTS.get(scale, 0) + _EXPONENTS.get(unit, 0))
    if canonical == "UNIT" and value == "1":
        value = ""  # a billed unit, not a dose: no biologic is given by the single unit
    return Token(_KINDS.get(canonical, "Q") if value else "W", text, start, end, value, canonical)


def _padded(word: str, found: re.Match[str]) -> str:
    return word.ljust(len(found[0]))


def _join_phrases(text: str) -> str:
    """Replace each phrase by its one word, padded, so that every character keeps its offset."""
    for needed, pattern, word in _PHRASES:
        if needed in text:
            text = pattern.sub(partial(_padded, word), text)
    return text


def tokenize(text: str) -> list[Token]:
    """Split a cleaned text in upper case into tokens, in order; ``start`` and ``end`` are offsets in ``text``."""
    tokens: list[Token] = []
    amount_end = word_end = -1  # offsets where an amount or a word has just ended
    for found in _TOKEN.finditer(_join_phrases(text)):
        group = found.lastgroup
        start, end = found.span()
        if group is None:
            run = found[0]
            if start == amount_end or run[-1] == "X" or (len(run) > _GLUED_ROUTE and _ALL_GLUED.fullmatch(run)):
                tokens += [_word(piece[0], start + piece.start()) for piece in _GLUED_WORD.finditer(run)]
            else:
                tokens.append(_word(run, start))
            word_end = -1 if tokens[-1].text in _LOOSE else end
        elif group == "symbol" or group == "times":
            tokens.append(
                Token(_SYMBOL_KINDS.get(found[0], "x" if group == "times" else "y"), found[0], start, end)
            )
        elif group == "ordinal":
            tokens.append(Token("W", found[0], start, end))
        else:
            tokens.append(_number(found, start == word_end))
            amount_end = end
    return tokens


def _word(run: str, start: int) -> Token:
    """Return the token of a word; ``I.V.`` is read as ``IV`` and ``SUB-Q`` as ``SUBQ``."""
    word = run if run.isalpha() else run.replace(".", "").replace("-", "").replace(" ", "")
    kind, value, container = _WORDS.get(word, _PLAIN_WORD)
    return Token(kind, word, start, start + len(run), value, container)
