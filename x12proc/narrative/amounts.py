"""Read quantities: the total dose, the content and number of containers, the amount discarded.

The tokens of a text are merged into items (a strength such as ``300MG/3ML`` is one item). The kinds of the items
form a string, the shape, and each phrase is one regular expression over the shape: ``NxQ`` matches ``3X150MG``.
`Token` lists the letters of the kinds; here there are also ``S``, an amount per volume, and ``C``, an amount per
container. Items that a phrase has used become ``_`` in the shape, so that no number is read twice.

The phrases are in one file, since the meaning of each depends on those that are read before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, localcontext
from typing import Final

import msgspec
from msgspec.structs import replace

from x12proc.narrative.model import Amount, Content, Strength
from x12proc.narrative.routes import ROUTE_WORDS
from x12proc.narrative.tokens import Token, decimal_text, word_set

#: How certain the dose is, best first: a dose that a later field states wins over one that an earlier field
#: implies.
STATED, COMPUTED, IMPLIED = 0, 1, 2


class Amounts(msgspec.Struct):
    """The quantities in a text. ``certainty`` is of the dose: STATED, COMPUTED or IMPLIED."""

    dose: Amount | None = None
    certainty: int = IMPLIED
    strength: Strength | None = None
    container_count: str | None = None
    doses_per_container: str | None = None
    amount_per_container: Amount | None = None
    contents: tuple[Content, ...] = ()
    discarded: Amount | None = None
    drawn: Amount | None = None


def _amount(token: Token) -> Amount:
    return Amount(token.value, token.unit)


def _strength(token: Token) -> Strength:
    return Strength(token.value, token.unit, token.per_value or None, token.per_unit or None)


_USED = "_"
_ONE = Token("N", "1", 0, 0, "1")

# A rate isn't an amount: 25 MG/M2, 10 MG/KG/DAY, 5 MG PER KG; nor is a weight or a time: 70 KG, 14 DAYS.
_RATE = re.compile(r"[QVN](?:sN?k)+|xNk|Nk")
_RATIO = re.compile(r"[QP]s(?:V|Nu|u)|[QV]sc")  # 300MG/3ML, 100MG/ML, 50MG/VIAL

_WASTE_NONE = re.compile(r"zw|zWw(?![yqo]?[QV])|w[yq]?z")  # NO WASTE, NO DRUG WASTED, WASTE: NONE
# WASTED 140MG OF 560MG, 140MG DISCARDED FROM 560MG, 140 OF 560MG WASTED: the second amount was drawn.
_WASTE_OF = (
    re.compile(r"w[yql]?([QVN])y?o([QV])(?!c)"),
    re.compile(r"([QVN])[yl]?w[yr]?o([QV])(?!c)"),
    re.compile(r"([QVN])o([QV])[yl]?w"),
)
# ... and before a container, the content of that: 50MG DISCARDED FROM 150MG/6ML SDV.
_WASTE_OF_CONTAINER = (re.compile(r"w[yql]?([QV])y?o(?=[QVS]c)"), re.compile(r"([QV])[yl]?w[yr]?o(?=[QVS]c)"))
_WASTE_LINE_OF = re.compile(r"j[^QVSg]*([QV])o(?=[QVS])")  # JW 0.05ML OF 0.18ML SDV
# OF 1500MG DRAWN; DREW 1500MG.
_DRAWN = (re.compile(r"o([QV])[yl]?D"), re.compile(r"D[qol]?([QV])"))  # DREW 1500MG, OF 160MG OPENED
_LEFT_CLOSED = re.compile(r"[QV]cw")  # 10MG VIAL NOT USED
_NON_DOSE = (re.compile(r"a[yqol]?([QV])"), re.compile(r"([QV])a"))  # MAX 540MG, 600MG ORDERED
# WASTED 2MG, WASTED (2MG); right after an amount only a mass counts: in "64MG DISC 1.9ML VIAL" the 64 mg are
# wasted.
_WASTE_AFTER = re.compile(r"(?<![QV])w[yqo]?([QV])|(?<![QV])wl([QV])r|(?<=[QV])w[yqo]?(Q)")
# 2MG WASTED, 2MG OF WASTE, 2MG - JW - WASTED; but not 2MG WASTED 3, which is a number of its own.
_WASTE_BEFORE = re.compile(r"([QV])(?:o|y[yj]*)?w(?![yqo]?N(?!c))")
_WASTE_NUMBER = re.compile(r"w[yqo]?(N)(?!.?[ckx])")  # WASTED 20, in the unit of the dose
_WASTE_MODIFIER = re.compile(r"j[yq]?([QV])")  # JW 44MG
_WASTE_BRACKETED = re.compile(r"jl([QV])r|([QV])ljr")  # JW (44MG), 44MG (JW)
_BILLED = re.compile(r"b[yqo]?(Q)|(Q)b")  # BILLED 45 UNITS
# OVERFILL 5MG, 5MG OVERFILL.
_OVERFILL = re.compile(r"v[yqo]?[QV]|[QV]v")

# 10 DOSES PER VIAL, 10-DOSE VIAL, DOSES PER VIAL: 10, VIAL (10 DOSES).
_DOSES_PER_CONTAINER = (
    re.compile(r"(N)dsc"),
    re.compile(r"(N)y?dc"),
    re.compile(r"dsc[yq]?(N)"),
    re.compile(r"cl(N)dr"),
)

# The dose as such, for a mass (A is Q), then for a volume: 12MG GIVEN, 12MG (GIVEN), GIVEN 12MG, = 45MG, TOTAL
# DOSE: 45MG, DOSE 45MG, 45MG TOTAL. Next to a mass a volume is only what it was dissolved in: 10GM = 50ML.
_EXPLICIT = tuple(
    re.compile(pattern.replace("A", amount))
    for amount in "QV"
    for pattern in (
        r"(A)g(?![qo]?[QV])|(A)[yl]g(?![qo]?[QV])",
        r"(?:q|g[yqo]?|td?[yqo]?|d[yqo]?)(A)",
        r"(A)t",
        r"(A)q(?=V)",
    )
)
_GIVEN_KINDS = frozenset("gqtd")  # a cheap first check: every pattern above needs one of these

# STRENGTH: 100MG, CONC 2% VIAL.
_LABELED_STRENGTH = re.compile(r"my?([QP])(c?)")

# A count and a size: 3X150MG, 11x300mg/3mL, 14 VIALS X 100MG, (2) 300MG VIALS, 11 VIALS 300MG/VIAL ...
_COUNT_SIZE = re.compile(
    r"l?(N)r?(?:xc?|c[xo]|e|y?(?=[QVS]c)|(?=Sp)|c(?=[CS]))([QVSC])[ce]?(?![xh]N)|(N)c[yl]?([QVS])e|(N)l([QVSC])rc"
)
# ... and in reverse: 300MG/2ML X1, 5.5ML X2, 300MG VIAL X 11, 300MG #11, 300MG VIALS (11).
_SIZE_COUNT = re.compile(r"([QVSC])[ce]?[xh](N)c?(?!d)|([QVSC])c(?:l|y?i[yqh]?)(N)r?")
# Sizes without "x", read if the text has two or more: 1-100MG/20ML, 1-50MG/10ML; 40MG/ML 1 VIAL AND
# 3MG/1.5ML 2 VIALS.
_DASHED_SIZES = re.compile(r"(N)y([QS])")
_SIZES_THEN_COUNTS = re.compile(r"([SC])(N)c")
_SIZES_JOINED = re.compile(r"Q(?:pQ)+c")  # 75MG+75MG VIALS
_ROUTE_BEFORE_COUNT = re.compile(r"(?<=[SCc])W(?=[xh]N)")  # 130MG/26ML IV X3, 100MG VIAL SC X 3
_VIALS_THEN_AMOUNT = re.compile(r"(N)c(?:oW{1,2})?([QV])")  # 15 VIALS 105MG: a size if the dose is elsewhere
_BARE_COUNT_SIZE = re.compile(r"(N)x(N)(?=[pr]|Nx|$)")  # (1X500 + 1X200)
# 3 VIALS, #3 VIALS; VIALS X 3, VIALS: #3, VIALS (3).
_COUNT = (re.compile(r"(?<![N_]s)h?(N)r?c"), re.compile(r"cy?[xhqi][yqh]?(N)|cl(N)r"))  # 1/2 VIAL is no count
# 420MG MDV, SDV 3ML, 150MG EACH (but not 2MG EACH EYE).
_SIZE = (re.compile(r"([QV])c"), re.compile(r"(?<!N)c(V)"), re.compile(r"([QV])e(?!W)"))
_SIZE_BESIDE_DOSE = re.compile(r"(?<!N)c(Q)")  # MDV 420MG, if the dose is stated elsewhere
_FILLED = re.compile(r"S(?:lSr)?c|cS")  # 300MG/3ML SDV, 300MG/3ML (100MG/ML) SDV, SDV 300MG/3ML

_DOSE_ONLY_KINDS = frozenset("QWy_")  # a text of these has no other quantity than a dose: BRIUMVI 450MG IV

_VEHICLE_WORDS: Final = word_set("NS D5W SALINE NACL WATER DEXTROSE")
# Words next to a volume that the drug is diluted in: IN 250ML, 100 ML NS.
_DILUENTS: Final = word_set("IN WITH NS D5W SALINE OVER DILUTED NACL WATER DEXTROSE BAG")


def read_amounts(tokens: Sequence[Token], multi_dose: bool) -> Amounts:
    """Read the quantities in a text. ``multi_dose``: the text mentions a multi-dose vial.

    The dose is the amount called given, else the first plain amount, else the exact sum of counts times sizes,
    else the content of one container that is the only amount (``8MG/0.07ML``; not of a multi-dose vial and never
    per 1 ML). A rate or a concentration is never a dose.
    """
    items, shape = _drop_routes_before_counts(*_merge_ratios(tokens))
    if _DOSE_ONLY_KINDS.issuperset(shape):
        index = shape.find("Q")
        return Amounts(_amount(items[index]), STATED) if index >= 0 else Amounts()
    return _Reader(items, shape, multi_dose).read()


def _merge_ratios(tokens: Sequence[Token]) -> tuple[Sequence[Token], str]:
    """Return the items of a text and their shape.

    Amounts per volume (``S``) or per container (``C``) become one item, rates are marked as used, and words of
    kind ``f`` are left out.
    """
    shape = "".join([token.kind for token in tokens])
    if "f" in shape:
        tokens = [token for token in tokens if token.kind != "f"]
        shape = shape.replace("f", "")
    if "k" in shape:
        shape = _RATE.sub(lambda found: _USED * len(found[0]), shape)
    ratios = list(_RATIO.finditer(shape)) if "s" in shape else []
    if not ratios:
        return tokens, shape
    items: list[Token] = []
    kinds: list[str] = []
    done = 0
    for found in ratios:
        start = _start_of_pair(tokens, found.start())
        ratio = _ratio(tokens[start], tokens[found.start() + 2 : found.end()])
        after = shape[found.end() : found.end() + 2]  # 5MG/1ML VIAL, 5MG/1ML SC PFS
        syringe = after[:1] == "c" and tokens[found.end()].unit == "PFS"  # of 1 ML is labeled 60MG/ML PFS
        if syringe or (tokens[found.start() + 2].kind == "V" and (after[:1] == "c" or after == "Wc")):
            ratio = replace(ratio, whole=True)
        items += [*tokens[done:start], ratio]
        kinds += [shape[done:start], ratio.kind]
        done = found.end()
    return [*items, *tokens[done:]], "".join([*kinds, shape[done:]])


def _drop_routes_before_counts(items: Sequence[Token], shape: str) -> tuple[Sequence[Token], str]:
    """Drop a route between a size and its count (130MG/26ML IV X3); SC X1 means once, not one container."""
    if "x" not in shape and "h" not in shape:
        return items, shape
    inside = [found.start() for found in _ROUTE_BEFORE_COUNT.finditer(shape)]
    for index in reversed(inside):
        if items[index].text not in ROUTE_WORDS or items[index + 2].value == "1":
            continue
        items, shape = [*items[:index], *items[index + 1 :]], shape[:index] + shape[index + 1 :]
    return items, shape


def _start_of_pair(tokens: Sequence[Token], start: int) -> int:
    """Return the start of a ratio, which is the first of two drugs in one container: ``1800MG-30000U/15ML``."""
    if start < 2 or tokens[start - 2].kind != "Q" or tokens[start - 1].text not in "-/":
        return start
    return start - 2 if tokens[start - 2].end + 1 == tokens[start].start else start


def _ratio(amount: Token, per: Sequence[Token]) -> Token:
    """Merge an amount and the tokens after its slash into an amount per volume or per container."""
    last = per[-1]
    if last.kind == "c":
        return replace(amount, kind="C", text=last.text, end=last.end)
    per_value = per[0].value if per[0].kind in "VN" else "1"
    return replace(amount, kind="S", end=last.end, per_value=per_value, per_unit=last.unit or "ML")


class _Reader:
    """Reads the items of one text, phrase by phrase, from the most certain to the least."""

    def __init__(self, items: Sequence[Token], shape: str, multi_dose: bool) -> None:
        self.items = items
        self.shape = shape
        self.multi_dose = multi_dose
        self.contents: list[Content] = []
        self.sizes: list[Token] = []  # contents of single containers
        self.filled = False  # amounts per volume are such contents
        self.counted = 0  # containers counted along with their sizes
        self.out = Amounts()
        self.wasted: str | None = None  # a number without a unit
        self.waste_of_container = False  # 50MG DISCARDED FROM 150MG VIAL: the content is no dose
        self.unsized = False  # containers are counted whose content is not stated

    def read(self) -> Amounts:
        out = self.out
        self._skip_non_doses()
        self._read_discarded()
        self._read_doses_per_container()
        stated = self._read_stated_dose()
        self._read_labeled_strength()
        self._read_contents(stated is not None)
        self._read_counts_or_sizes(stated is not None)
        plain = self._plain_dose()
        out.dose = stated or plain
        out.certainty = STATED if out.dose else IMPLIED
        self._read_bare_contents()
        self._join_count_and_size()
        self._set_strength_and_sizes()
        if out.dose is None:
            self._derive_dose()
        if self.wasted is not None:
            out.discarded = self._waste_in_units_of_the_dose(self.wasted)
        return out

    # -- helpers ---------------------------------------------------------------------------------------

    def _set_used(self, start: int, end: int) -> None:
        self.shape = self.shape[:start] + _USED * (end - start) + self.shape[end:]

    def _take_each(self, *patterns: re.Pattern[str]) -> Iterator[tuple[re.Match[str], list[Token]]]:
        """Yield each match of the patterns with the items of its groups, then mark them as used."""
        for pattern in patterns:
            for found in pattern.finditer(self.shape):
                groups = [self.items[found.start(n)] for n in range(1, pattern.groups + 1) if found[n]]
                yield found, groups
                self._set_used(*found.span())

    def _waste_in_units_of_the_dose(self, number: str) -> Amount | None:
        """Give a number without a unit the unit of the dose; zero is MG if the text names no unit."""
        known = [self.out.dose, *(content.amount for content in self.contents), self.out.strength]
        unit = next((amount.unit for amount in known if amount is not None), "MG" if number == "0" else None)
        return Amount(number, unit) if unit else None

    # -- phrases ---------------------------------------------------------------------------------------

    def _skip_non_doses(self) -> None:
        """Mark non-doses as used: overfill, billed units, drawn amounts, a maximum, an order, an unused vial."""
        for found in _LEFT_CLOSED.finditer(self.shape):
            if self.items[found.end() - 1].text == "UNUSED":
                self._set_used(*found.span())
        for _ in self._take_each(*_NON_DOSE) if "a" in self.shape else ():
            pass
        for _, (amount,) in self._take_each(*_DRAWN) if "D" in self.shape else ():
            self.out.drawn = self.out.drawn or _amount(amount)
        if "v" in self.shape:
            for _ in self._take_each(_OVERFILL):
                pass
        if "b" in self.shape:
            for found in _BILLED.finditer(self.shape):
                if self.items[found.start(1 if found[1] else 2)].unit == "UNIT":
                    self._set_used(*found.span())

    def _read_discarded(self) -> None:
        if "j" in self.shape:
            self._read_jw()
        if "n" in self.shape:
            self.wasted = "0"
        if "w" not in self.shape:
            return
        for _ in self._take_each(_WASTE_NONE):
            self.wasted = "0"
        for _, (amount,) in self._take_each(*_WASTE_OF_CONTAINER) if "o" in self.shape else ():
            self._discard(amount)
            self.waste_of_container = True
        for _, (amount, drawn) in self._take_each(*_WASTE_OF) if "o" in self.shape else ():
            self._discard(amount if amount.unit else replace(amount, unit=drawn.unit))
            self.out.drawn = self.out.drawn or _amount(drawn)
        for _, (amount,) in self._take_each(_WASTE_AFTER, _WASTE_BEFORE):
            self._discard(amount)
        for _, (number,) in self._take_each(_WASTE_NUMBER):
            if self.out.discarded is None and self.wasted is None:
                self.wasted = number.value

    def _read_jw(self) -> None:
        for _, (amount,) in self._take_each(_WASTE_BRACKETED):
            self._discard(amount)
        for _, (amount,) in self._take_each(_WASTE_LINE_OF):
            self._discard(amount)
            self.waste_of_container = True
        if sum(map(self.shape.count, "QSC")) > 1:
            for _, (amount,) in self._take_each(_WASTE_MODIFIER):
                self._discard(amount)

    def _discard(self, item: Token) -> None:
        if item.value == "0":
            self.wasted = "0"
        elif self.out.discarded is None:
            self.out.discarded = _amount(item)

    def _read_doses_per_container(self) -> None:
        if "d" not in self.shape:
            return
        for _, (number,) in self._take_each(*_DOSES_PER_CONTAINER):
            self.out.doses_per_container = self.out.doses_per_container or number.value

    def _read_stated_dose(self) -> Amount | None:
        if _GIVEN_KINDS.isdisjoint(self.shape):
            return None
        for pattern in _EXPLICIT:
            found = pattern.search(self.shape)
            if found:
                self._set_used(*found.span())
                return _amount(self.items[found.start(found.lastindex or 1)])
        return None

    def _read_labeled_strength(self) -> None:
        if "m" not in self.shape:
            return
        for found, (item, *_) in self._take_each(_LABELED_STRENGTH):
            self.out.strength = self.out.strength or _strength(item)
            if found[2]:
                self.sizes.append(item)

    def _read_contents(self, dose_is_stated: bool) -> None:
        if "p" in self.shape and (dose_is_stated or self.shape.count("Q") > 2):
            for found in _SIZES_JOINED.finditer(self.shape):
                for index in range(found.start(), found.end(), 2):
                    self._add_content(_ONE, self.items[index], True)
                self._set_used(*found.span())
        if "N" not in self.shape:
            return
        self._read_repeated_sizes()
        for found, (number, size) in self._take_each(_COUNT_SIZE):
            self._add_content(number, size, "c" in found[0])
        several = len(_SIZE_COUNT.findall(self.shape)) > 1
        for found in _SIZE_COUNT.finditer(self.shape):
            size, number = (self.items[found.start(n)] for n in ((1, 2) if found[1] else (3, 4)))
            if size.kind in "QV" and number.value == "1" and "c" not in found[0] and not several:
                self._set_used(found.start(2) - 1, found.end())  # 450MG X1: given once
            else:
                self._set_used(*found.span())
                self._add_content(number, size, "c" in found[0])

    def _read_repeated_sizes(self) -> None:
        """Read counts and sizes that are recognized only because they repeat."""
        dashed = [
            found for found in _DASHED_SIZES.finditer(self.shape) if self.items[found.start() + 1].text == "-"
        ]
        for found in dashed if len(dashed) > 1 else ():
            self._add_content(self.items[found.start(1)], self.items[found.start(2)])
            self._set_used(*found.span())
        if len(_SIZES_THEN_COUNTS.findall(self.shape)) > 1:
            for _, (size, number) in self._take_each(_SIZES_THEN_COUNTS):
                self._add_content(number, size, True)

    def _add_content(self, number: Token, size: Token, in_containers: bool = False) -> None:
        self.sizes.append(size)
        if "." in number.value:  # 2.4 VIALS 125MG/5ML: the size counts, but nobody opens part of a vial
            self.filled = self.filled or in_containers
            return
        self.counted += int(number.value)
        if in_containers and _is_concentration(size):  # 2 VIALS 25MG/ML: of how many ML?
            self.unsized = True
        else:
            self.contents.append(Content(number.value, _amount(size)))

    def _read_counts_or_sizes(self, dose_is_stated: bool) -> None:
        """Read counts without sizes (``10 VIAL``) and sizes without counts (``420MG MDV``)."""
        if "c" in self.shape or "e" in self.shape:
            self._read_beside_containers(dose_is_stated)
        if "S" in self.shape or "C" in self.shape:
            self.sizes += [item for item, kind in zip(self.items, self.shape, strict=True) if kind in "SC"]

    def _read_beside_containers(self, dose_is_stated: bool) -> None:
        for found in _VIALS_THEN_AMOUNT.finditer(self.shape):
            elsewhere = self.shape[: found.start()] + self.shape[found.end() :]
            if dose_is_stated or "Q" in elsewhere:
                self._set_used(*found.span())
                self._add_content(self.items[found.start(1)], self.items[found.start(2)])
        self.filled = self.filled or _FILLED.search(self.shape) is not None
        for found, (item,) in self._take_each(*_SIZE, *([_SIZE_BESIDE_DOSE] if dose_is_stated else [])):
            if item.kind != "V" or self.items[found.start() - 1].text not in _VEHICLE_WORDS:  # IN NS 500ML BAG
                self.sizes.append(item)
        for _, (number,) in self._take_each(*_COUNT) if "N" in self.shape else ():
            if "." not in number.value:
                self.out.container_count = self.out.container_count or number.value

    def _plain_dose(self) -> Amount | None:
        index = self.shape.find("Q")
        return _amount(self.items[index]) if index >= 0 else None

    def _read_bare_contents(self) -> None:
        """Read sizes without a unit, in the unit of the dose: ``700 MG (1X500 + 1X200)``."""
        known = self.out.dose or self.out.drawn
        if known is None or "x" not in self.shape:
            return
        unit = known.unit
        for _, (number, size) in self._take_each(_BARE_COUNT_SIZE):
            self._add_content(number, replace(size, kind="Q", unit=unit))

    def _join_count_and_size(self) -> None:
        """Join a count and a size that are apart: ``100 MG/10 ML, QTY 3 VIALS``."""
        size = self._only_size()
        if self.out.dose is None and self.out.container_count and size and not self.contents:
            self.contents.append(Content(self.out.container_count, _amount(size)))

    def _set_strength_and_sizes(self) -> None:
        out = self.out
        if not self.sizes and "P" not in self.shape:
            return
        if not (self.unsized and self.contents):  # 40MG/ML 1 VIAL AND 3MG/1.5ML 2 VIALS: no one strength
            out.strength = out.strength or self._strength()
        out.contents = () if self.unsized else tuple(self.contents)
        counted = {content.amount: None for content in self.contents}
        contained = "QVCS" if self.filled else "QVC"
        containers = counted or {
            _amount(item): None for item in self.sizes if item.kind in contained and not _is_concentration(item)
        }
        if len(containers) == 1 and not (self.unsized and self.contents):
            out.amount_per_container = next(iter(containers))
        if self.counted and out.container_count is None:
            out.container_count = str(self.counted)

    def _strength(self) -> Strength | None:
        """Return the one strength of the text, ratios first; None if two differ."""
        ratios = {_strength(item): None for item in self.sizes if item.kind == "S"}
        # 300MG/3ML (100MG/ML): the concentration repeats the strength.
        strengths = [ratio for ratio in ratios if ratio.per_value != "1"] or list(ratios)
        if not strengths:
            strengths = [
                _strength(item) for item, kind in zip(self.items, self.shape, strict=True) if kind == "P"
            ][:1]
        if not strengths:
            strengths = list({_strength(item): None for item in self.sizes if item.kind in "QC"})
        return strengths[0] if len(strengths) == 1 else None

    def _derive_dose(self) -> None:
        """Set the dose to the sum of the contents, else to the one container's content, else to a plain volume."""
        out = self.out
        total = _sum(self.contents)
        if total is not None and total != out.drawn:
            out.dose, out.certainty = total, COMPUTED
        elif not self.contents and not self.multi_dose and not self.waste_of_container:
            size = self._only_size()
            out.dose = _amount(size) if size else self._volume()

    def _only_size(self) -> Token | None:
        """Return the one content of a container apart from concentrations; None for a multi-dose vial."""
        sizes = [size for size in self.sizes if size.unit != "%" and not _is_concentration(size)]
        return sizes[0] if len(sizes) == 1 and not self.multi_dose else None

    def _volume(self) -> Amount | None:
        for index, kind in enumerate(self.shape):
            neighbors = {item.text for item in self.items[max(index - 1, 0) : index + 2]}
            if kind == "V" and not neighbors & _DILUENTS:
                return _amount(self.items[index])
        return None


def _is_concentration(item: Token) -> bool:
    """Return whether an item is an amount per milliliter and not the content of a container: 5MG/1ML VIAL."""
    return item.kind == "S" and item.per_value == "1" and not item.whole


def _sum(contents: Sequence[Content]) -> Amount | None:
    """Sum counts times sizes; None if there are none or their units differ."""
    units = {content.amount.unit for content in contents}
    if len(units) != 1:
        return None
    with localcontext(prec=100):  # the longest numbers that tokens let through, exactly
        total = sum((Decimal(c.count) * Decimal(c.amount.value) for c in contents), Decimal(0))
    return Amount(decimal_text(total), units.pop())
