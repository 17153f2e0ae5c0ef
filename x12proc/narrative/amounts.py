"""How much: the total dose, what a container holds, how many there were, what was thrown away.

The tokens of a text are folded into items (a strength such as ``300MG/3ML`` is one item), the items' kinds
are written as a string, and each phrase that people use is one pattern over that string: ``NxQ`` is
``3X150MG``. What a phrase has used is struck out, so that no number is read twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, localcontext
from typing import Final

import msgspec

from x12proc.narrative.model import Amount, Content, Strength
from x12proc.narrative.tokens import Token, decimal_text, word_set

#: How sure a reading of the dose is; an earlier field's guess gives way to a later field's statement.
STATED, COMPUTED, IMPLIED = 0, 1, 2


class Amounts(msgspec.Struct):
    """What a text says about quantities. ``certainty`` is of the dose: STATED, COMPUTED or IMPLIED."""

    dose: Amount | None = None
    certainty: int = IMPLIED
    strength: Strength | None = None
    container_count: str | None = None
    doses_per_container: str | None = None
    amount_per_container: Amount | None = None
    contents: tuple[Content, ...] = ()
    discarded: Amount | None = None


def _amount(token: Token) -> Amount:
    return Amount(token.value, token.unit)


def _strength(token: Token) -> Strength:
    return Strength(token.value, token.unit, token.per_value or None, token.per_unit or None)


_STRUCK = "_"

# A rate isn't an amount: 25 MG/M2, 10 MG/KG/DAY, 5 MG PER KG; nor is a weight or a time: 70 KG, 14 DAYS.
_RATE = re.compile(r"[QVN](?:sN?k)+|xNk|Nk")
_RATIO = re.compile(r"[QP]s(?:V|Nu|u)|[QV]sc")  # 300MG/3ML, 100MG/ML, 50MG/VIAL

_WASTE_NONE = re.compile(r"zw|w[yq]?z")
# WASTED 2MG; behind an amount only another mass counts: in "64MG DISC 1.9ML VIAL" the 64 mg are wasted.
_WASTE_AFTER = re.compile(r"(?<![QV])w[yqo]?([QV])|(?<=[QV])w[yqo]?(Q)")
_WASTE_BEFORE = re.compile(r"([QV])w")
_OVERFILL = re.compile(r"v[yqo]?[QV]|[QV]v")

_DOSES_PER_CONTAINER = (re.compile(r"(N)dsc"), re.compile(r"(N)y?dc"), re.compile(r"dsc[yq]?(N)"))

# The dose in so many words: 12MG GIVEN, GIVEN 12MG, = 45MG, TOTAL DOSE: 45MG, DOSE 45MG, 45MG TOTAL.
_EXPLICIT = (
    re.compile(r"([QV])[yl]?g"),
    re.compile(r"(?:q|g[yqo]?|td?[yqo]?|d[yqo]?)([QV])"),
    re.compile(r"([QV])t"),
)
_GIVEN_KINDS = frozenset("gqtd")  # without one of them none of these fits

_LABELLED_STRENGTH = re.compile(r"my?([QP])")

# A count and a size: 3X150MG, 11x300mg/3mL, 14 VIALS X 100MG, (2) 300MG VIALS, 11 VIALS 300MG/VIAL ...
_COUNT_SIZE = re.compile(r"l?(N)r?(?:xc?|c[xo]|y?(?=[QVS]c)|c(?=[CS]))([QVSC])[co]?(?![xh]N)|(N)c([QVS])o")
# ... and turned round: 300MG/2ML X1, 5.5ML X2, 300MG VIAL X 11, 300MG #11.
_SIZE_COUNT = re.compile(r"([QVSC])c?[xh](N)c?(?!d)")
_VIALS_THEN_AMOUNT = re.compile(r"(N)c([QV])")  # 15 VIALS 105MG: a size if the dose stands elsewhere
_BARE_COUNT_SIZE = re.compile(r"(N)x(N)(?=[pr]|$)")  # (1X500 + 1X200)
_COUNT = (re.compile(r"h?(N)r?c"), re.compile(r"c[xh](N)"))
_SIZE = re.compile(r"([QV])c")  # 420MG MDV
_COUNTED_KINDS = frozenset("NcSC")  # without one of them nothing is counted and no size is told

# A volume that the drug is diluted in: IN 250ML, 100 ML NS.
_DILUENTS: Final = word_set("IN WITH NS D5W SALINE OVER DILUTED NACL WATER DEXTROSE BAG")


def read_amounts(tokens: Sequence[Token], multi_dose: bool) -> Amounts:
    """The quantities in a text. ``multi_dose``: the text speaks of a multi-dose vial.

    The dose is what the text calls given, or its first plain amount, or else the exact sum of the counts
    and sizes it gives, or else the one container's content that is its only amount (``8MG/0.07ML``; not
    for a multi-dose vial and never per 1 ML). A rate or a concentration is never a dose.
    """
    if not any(token.value for token in tokens):
        nothing_wasted = _WASTE_NONE.search("".join([token.kind for token in tokens]))
        return Amounts(discarded=Amount("0", "MG") if nothing_wasted else None)
    items, shape = _fold(tokens)
    return _Reader(items, shape, multi_dose).read()


def _fold(tokens: Sequence[Token]) -> tuple[Sequence[Token], str]:
    """The items of a text and their shape: rates struck out, amounts per volume (``S``) or per container
    (``C``) made one item."""
    shape = "".join([token.kind for token in tokens])
    if "k" in shape:
        shape = _RATE.sub(lambda found: _STRUCK * len(found[0]), shape)
    ratios = list(_RATIO.finditer(shape)) if "s" in shape else []
    if not ratios:
        return tokens, shape
    items: list[Token] = []
    kinds: list[str] = []
    done = 0
    for found in ratios:
        ratio = _ratio(tokens[found.start() : found.end()])
        items += [*tokens[done : found.start()], ratio]
        kinds += [shape[done : found.start()], ratio.kind]
        done = found.end()
    return [*items, *tokens[done:]], "".join([*kinds, shape[done:]])


def _ratio(tokens: Sequence[Token]) -> Token:
    amount, last = tokens[0], tokens[-1]
    if last.kind == "c":
        return amount._replace(kind="C", text=last.text, end=last.end)
    per_value = tokens[2].value if tokens[2].kind in "VN" else "1"
    return amount._replace(kind="S", end=last.end, per_value=per_value, per_unit=last.unit or "ML")


class _Reader:
    """Reads the items of one text, phrase by phrase, from the surest to the vaguest."""

    def __init__(self, items: Sequence[Token], shape: str, multi_dose: bool) -> None:
        self.items = items
        self.shape = shape
        self.multi_dose = multi_dose
        self.contents: list[Content] = []
        self.sizes: list[Token] = []  # contents of single containers
        self.counted = 0  # containers counted along with their sizes
        self.out = Amounts()
        self.wasted_nothing = False

    def read(self) -> Amounts:
        out = self.out
        self._discarded()
        self._doses_per_container()
        stated = self._explicit_dose()
        self._labelled_strength()
        self._contents()
        self._counts_and_sizes(stated is not None)
        plain = self._plain_dose()
        out.dose = stated or plain
        out.certainty = STATED if out.dose else IMPLIED
        self._bare_contents()
        self._strength_and_sizes()
        if out.dose is None:
            self._unstated_dose()
        if self.wasted_nothing:
            out.discarded = Amount("0", self._unit())
        return out

    # -- helpers ---------------------------------------------------------------------------------------

    def _strike(self, start: int, end: int) -> None:
        self.shape = self.shape[:start] + _STRUCK * (end - start) + self.shape[end:]

    def _each(self, *patterns: re.Pattern[str]) -> Iterator[tuple[re.Match[str], list[Token]]]:
        """Every phrase of the patterns with the items of its groups; it is struck out when dealt with."""
        for pattern in patterns:
            for found in pattern.finditer(self.shape):
                groups = [self.items[found.start(n)] for n in range(1, pattern.groups + 1) if found[n]]
                yield found, groups
                self._strike(*found.span())

    def _unit(self) -> str:
        """The unit of the dose; nothing is nothing in any unit, so MG when the text names none."""
        known = [self.out.dose, *(content.amount for content in self.contents), self.out.strength]
        return next((amount.unit for amount in known if amount is not None), "MG")

    # -- phrases ---------------------------------------------------------------------------------------

    def _discarded(self) -> None:
        if "v" in self.shape:
            for _ in self._each(_OVERFILL):
                pass
        if "w" not in self.shape:
            return
        for _ in self._each(_WASTE_NONE):
            self.wasted_nothing = True
        for _, (amount,) in self._each(_WASTE_AFTER, _WASTE_BEFORE):
            self._discard(amount)

    def _discard(self, item: Token) -> None:
        if item.value == "0":
            self.wasted_nothing = True
        elif self.out.discarded is None:
            self.out.discarded = _amount(item)

    def _doses_per_container(self) -> None:
        if "d" not in self.shape:
            return
        for _, (number,) in self._each(*_DOSES_PER_CONTAINER):
            self.out.doses_per_container = self.out.doses_per_container or number.value

    def _explicit_dose(self) -> Amount | None:
        if _GIVEN_KINDS.isdisjoint(self.shape):
            return None
        for pattern in _EXPLICIT:
            found = pattern.search(self.shape)
            if found:
                self._strike(*found.span())
                return _amount(self.items[found.start(1)])
        return None

    def _labelled_strength(self) -> None:
        if "m" not in self.shape:
            return
        for _, (item,) in self._each(_LABELLED_STRENGTH):
            self.out.strength = self.out.strength or _strength(item)

    def _contents(self) -> None:
        if "N" not in self.shape:
            return
        for found, (number, size) in self._each(_COUNT_SIZE):
            self._add_content(number, size, "c" in found[0])
        for found in _SIZE_COUNT.finditer(self.shape):
            size, number = self.items[found.start(1)], self.items[found.start(2)]
            if size.kind in "QV" and number.value == "1" and "c" not in found[0]:
                self._strike(found.start(2) - 1, found.end())  # 450MG X1: given once
            else:
                self._strike(*found.span())
                self._add_content(number, size, "c" in found[0])

    def _add_content(self, number: Token, size: Token, in_containers: bool = False) -> None:
        if "." in number.value:
            return
        self.sizes.append(size)
        self.counted += int(number.value)
        if not (in_containers and _is_concentration(size)):  # 2 VIALS 25MG/ML: of how many ML?
            self.contents.append(Content(number.value, _amount(size)))

    def _counts_and_sizes(self, dose_is_stated: bool) -> None:
        """Counts without sizes (``10 VIAL``) and sizes without counts (``420MG MDV``)."""
        if _COUNTED_KINDS.isdisjoint(self.shape):
            return
        for found in _VIALS_THEN_AMOUNT.finditer(self.shape):
            elsewhere = self.shape[: found.start()] + self.shape[found.end() :]
            if dose_is_stated or "Q" in elsewhere:
                self._strike(*found.span())
                self._add_content(self.items[found.start(1)], self.items[found.start(2)])
        for _, (item,) in self._each(_SIZE):
            self.sizes.append(item)
        self.sizes += [item for item, kind in zip(self.items, self.shape, strict=True) if kind in "SC"]
        for _, (number,) in self._each(*_COUNT):
            if "." not in number.value:
                self.out.container_count = self.out.container_count or number.value

    def _plain_dose(self) -> Amount | None:
        place = self.shape.find("Q")
        return _amount(self.items[place]) if place >= 0 else None

    def _bare_contents(self) -> None:
        """``700 MG (1X500 + 1X200)``: sizes in the unit of the dose."""
        if self.out.dose is None:
            return
        unit = self.out.dose.unit
        for _, (number, size) in self._each(_BARE_COUNT_SIZE):
            self._add_content(number, size._replace(kind="Q", unit=unit))

    def _strength_and_sizes(self) -> None:
        out = self.out
        if not self.sizes and "P" not in self.shape:
            return
        ratios = [item for item in self.sizes if item.kind == "S"]
        percent = [item for item, kind in zip(self.items, self.shape, strict=True) if kind == "P"]
        weights = {_strength(item): None for item in self.sizes if item.kind in "QC"}
        if out.strength is None and (ratios or percent):
            out.strength = _strength((ratios or percent)[0])
        elif out.strength is None and len(weights) == 1:
            out.strength = next(iter(weights))
        out.contents = tuple(self.contents)
        counted = {content.amount: None for content in self.contents}
        containers = counted or {_amount(item): None for item in self.sizes if item.kind in "QVC"}
        if len(containers) == 1:
            out.amount_per_container = next(iter(containers))
        if self.counted and out.container_count is None:
            out.container_count = str(self.counted)

    def _unstated_dose(self) -> None:
        """The sum of what was counted; else the one container's content; else a volume on its own."""
        out = self.out
        total = _sum(self.contents)
        if total is not None:
            out.dose, out.certainty = total, COMPUTED
        elif self.contents or self.multi_dose:
            return
        elif len(self.sizes) == 1 and self.sizes[0].unit != "%" and not _is_concentration(self.sizes[0]):
            out.dose = _amount(self.sizes[0])
        else:
            out.dose = self._volume()

    def _volume(self) -> Amount | None:
        for place, kind in enumerate(self.shape):
            neighbours = {item.text for item in self.items[max(place - 1, 0) : place + 2]}
            if kind == "V" and not neighbours & _DILUENTS:
                return _amount(self.items[place])
        return None


def _is_concentration(item: Token) -> bool:
    return item.kind == "S" and item.per_value == "1"


def _sum(contents: Sequence[Content]) -> Amount | None:
    """Counts times sizes; None when there are none or their units differ."""
    units = {content.amount.unit for content in contents}
    if len(units) != 1:
        return None
    with localcontext(prec=100):  # the longest numbers that tokens let through, exactly
        total = sum((Decimal(c.count) * Decimal(c.amount.value) for c in contents), Decimal(0))
    return Amount(decimal_text(total), units.pop())
