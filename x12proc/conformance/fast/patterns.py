"""Patterns of sound segments, made from the tables of their elements.

A pattern matches nothing in which pyx12 finds an error. It may not match what pyx12 accepts (the 29th of
February, an amount of the greatest length with a point): such a segment goes to pyx12.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from x12proc.conformance.fast.tables import Element, Node, Part
from x12proc.wire.delimiters import Delimiters

Elements = Sequence[str]  # of a segment, its tag first
Check = Callable[[Elements], bool]
_LONG_MONTH = "(?:0[13578]|1[02])(?:0[1-9]|[12][0-9]|3[01])"
_SHORT_MONTH = "(?:0[469]|11)(?:0[1-9]|[12][0-9]|30)"
_FEBRUARY = "02(?:0[1-9]|1[0-9]|2[0-8])"
_MONTH_AND_DAY = f"(?:{_LONG_MONTH}|{_SHORT_MONTH}|{_FEBRUARY})"
_DAY = f"(?:1[89]|[2-9][0-9])[0-9]{{2}}{_MONTH_AND_DAY}"
_SHORT_DAY = f"[0-9]{{2}}{_MONTH_AND_DAY}"
_TIME = "(?:[01][0-9]|2[0-3])[0-5][0-9]"
_NEVER = "(?!)"
_DATE_NUMBER = "1251"  # a date whose format another element names
_MOST_KNOWN, _LONGEST_KNOWN = 256, 200  # segments of a node that are known to be sound, and their characters
_FORMATS = {"D8": re.compile(_DAY), "RD8": re.compile(f"{_DAY}-{_DAY}")}


class SegmentPattern:
    """The pattern of the sound segments of one node, under one set of delimiters."""

    def __init__(self, node: Node, delimiters: Delimiters, codes: Mapping[str, tuple[str, ...]]) -> None:
        self._component = delimiters.component.decode("latin-1")
        self._known: set[str] = set()  # claims repeat one another
        writer = _Writer(delimiters.element.decode("latin-1"), self._component)
        self._whole = re.compile(writer.segment(node)).fullmatch
        self._checks = [
            *self._external(node, codes),
            *self._dated(node),
            *(self._note(code, positions) for code, positions in node.notes),
        ]

    def matches(self, text: str, elements: Elements) -> bool:
        """Return whether a segment is sound; both forms of it are without the terminator."""
        if text in self._known:
            return True
        if self._whole(text) is None:
            return False
        for check in self._checks:
            if not check(elements):
                return False
        if len(text) <= _LONGEST_KNOWN:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known.add(text)
        return True

    # -- what a pattern can't say ------------------------------------------------------------------------------

    def _external(self, node: Node, codes: Mapping[str, tuple[str, ...]]) -> list[Check]:
        checks = []
        for position, element in enumerate(node.elements, 1):
            parts = (element.part,) if element.part else element.parts
            for number, part in enumerate(parts):
                if part.external is not None:
                    known = frozenset((*part.codes, *codes[part.external], ""))
                    checks.append(self._one_of(position, number, known))
        return checks

    def _one_of(self, position: int, number: int, known: frozenset[str]) -> Check:
        def check(elements: Elements) -> bool:
            if position >= len(elements):
                return True
            parts = elements[position].split(self._component, number + 1)
            return number >= len(parts) or parts[number] in known

        return check

    def _dated(self, node: Node) -> list[Check]:
        """Return a check that dates have the format that the element before them names."""
        positions = [position for position, element in enumerate(node.elements, 1) if _is_dated(element)]

        def check(elements: Elements) -> bool:
            for position in positions:
                if position < len(elements) and elements[position]:
                    dated = _FORMATS.get(elements[position - 1])
                    if dated is None or not dated.fullmatch(elements[position]):
                        return False
            return True

        return [check] if positions else []

    def _note(self, code: str, positions: tuple[int, ...]) -> Check:
        def check(elements: Elements) -> bool:
            sent = [
                position < len(elements) and elements[position].strip(self._component) != ""
                for position in positions
            ]
            if code == "P":
                return all(sent) or not any(sent)
            if code == "R":
                return any(sent)
            if code == "E":
                return sum(sent) <= 1
            if code == "C":
                return not sent[0] or all(sent)
            return code == "L" and (not sent[0] or any(sent[1:]))

        return check


def _is_dated(element: Element) -> bool:
    return element.part is not None and element.part.number == _DATE_NUMBER


class _Writer:
    """Writes regular expressions for one pair of separators."""

    def __init__(self, element: str, component: str) -> None:
        self._element = element
        self._component = component
        letters = [chr(code) for code in range(0x20, 0x7F) if chr(code) not in (element, component)]
        self._text = f"[{re.escape(''.join(letters))}]"
        self._last = f"[{re.escape(''.join(letters[letters[0] == ' ' :]))}]"

    def segment(self, node: Node) -> str:
        """Return the expression of a whole segment."""
        return re.escape(node.id) + self._row([self._at(element) for element in node.elements], self._element)

    def _at(self, element: Element) -> tuple[str, bool]:
        """Return the expression of an element, and whether it may be empty."""
        if element.part is not None:
            return self._value(element.part), element.part.usage != "R"
        if element.usage == "N":
            return _NEVER, True
        # The first part of a situational composite may be empty, whatever it says of itself.
        parts = [
            (self._value(part), part.usage != "R" or (number == 0 and element.usage == "S"))
            for number, part in enumerate(element.parts)
        ]
        whole = self._row(parts, self._component, first=True)
        if element.usage == "R":
            something = f"(?=[^{re.escape(self._element)}]*[^{re.escape(self._element + self._component)}])"
            return something + whole, False
        empty = f"(?:{re.escape(self._component)}){{0,{len(parts) - 1}}}"
        return f"(?:{whole}|{empty})", True

    def _row(self, items: Sequence[tuple[str, bool]], separator: str, *, first: bool = False) -> str:
        """Join items with separators; items at the end that may be empty may be left out."""
        between = re.escape(separator)
        text, may_end = "", True
        for position in range(len(items) - 1, -1, -1):
            pattern, may_be_empty = items[position]
            item = f"(?:{pattern})?" if may_be_empty else f"(?:{pattern})"
            if first and position == 0:
                return item + text
            text = f"{between}{item}{text}"
            may_end = may_end and may_be_empty
            if may_end:
                text = f"(?:{text})?"
        return text

    def _value(self, part: Part) -> str:
        if part.usage == "N":
            return _NEVER
        if part.external is not None:  # its list is checked separately
            return self._letters(part) if part.type in ("ID", "AN") else _NEVER
        if part.codes:
            return "|".join(map(re.escape, self._sound_codes(part))) or _NEVER
        if part.pattern is not None:
            return part.pattern if part.pattern == "[0-9]{9}" and part.least <= 9 <= part.most else _NEVER
        return self._typed(part)

    def _sound_codes(self, part: Part) -> list[str]:
        """Return the codes that are sound as values of their type as well, longest first."""
        typed = re.compile(self._typed(part))
        return sorted((code for code in part.codes if typed.fullmatch(code)), key=lambda code: -len(code))

    def _typed(self, part: Part) -> str:
        if part.type in ("ID", "AN"):
            return self._letters(part)
        if part.type == "R" and part.least <= 1:
            return f"-?(?=[0-9.]{{1,{part.most}}}(?![0-9.]))(?:[0-9]+(?:\\.[0-9]+)?|\\.[0-9]+)"
        if part.type.startswith("N"):
            return f"-?[0-9]{{{max(part.least, 1)},{part.most}}}"
        if part.type == "DT":
            days = [day for length, day in ((8, _DAY), (6, _SHORT_DAY)) if part.least <= length <= part.most]
            return "|".join(days) or _NEVER
        if part.type == "TM":
            times = ((4, _TIME), (6, f"{_TIME}[0-5][0-9]"), (8, f"{_TIME}[0-5][0-9][0-9]{{2}}"))
            return "|".join(time for length, time in times if part.least <= length <= part.most) or _NEVER
        return _NEVER

    def _letters(self, part: Part) -> str:
        """Return the expression of a text of a length, without a blank at its end."""
        least = max(part.least, 1)
        return f"(?:{self._text}){{{least - 1},{part.most - 1}}}{self._last}"
