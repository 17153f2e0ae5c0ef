"""Every segment of the guides, as pyx12's maps list them, with something to be found again in each element."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pyx12

from x12proc.mask.elements import KEPT, is_composite, masking_rule

MAPS = {
    "005010X222A1": "837.5010.X222.A1.xml",
    "005010X223A2": "837Q3.I.5010.X223.A1.xml",
}
_FOLDER = Path(pyx12.__file__).parent / "map"
_PLACE = re.compile(r"([A-Z0-9]+?)([0-9]{2})(?:-([0-9]{2}))?")


class Element(NamedTuple):
    tag: str
    position: int
    component: int
    codes: tuple[str, ...]


def segments_of(guide: str) -> Iterator[list[Element]]:
    """The used elements of each segment of a guide."""
    for segment in ElementTree.parse(_FOLDER / MAPS[guide]).getroot().iter("segment"):
        yield list(_elements(segment))


def _elements(segment: ElementTree.Element) -> Iterator[Element]:
    for element in segment.iter("element"):
        if "N" in (element.get("usage"), element.findtext("usage")):
            continue
        found = _PLACE.fullmatch(element.get("xid") or "")
        assert found is not None
        codes = tuple(code.text or "" for code in element.iter("code"))
        yield Element(found[1], int(found[2]), int(found[3] or 1), codes)


class Canaries:
    """Values that occur once: what was put in where, and where none was put in because the value is kept."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}  # canary: place
        self._number = count(1)

    def segments(self, guide: str) -> list[str]:
        """A segment for each of the guide's and each value of its qualifier, without envelope segments."""
        found: dict[str, None] = {}
        for elements in segments_of(guide):
            if elements[0].tag in ("ISA", "IEA", "GS", "GE", "ST", "SE", "TA1", "HL", "CLM", "BHT"):
                continue
            for qualifier in elements[0].codes or ("",):
                found[self._segment(elements, qualifier)] = None
        return list(found)

    def _segment(self, elements: list[Element], qualifier: str) -> str:
        tag = elements[0].tag
        last = max(element.position for element in elements)
        values: list[list[str]] = [[] for _ in range(last + 1)]
        values[0] = [tag]
        for element in elements:
            parts = values[element.position]
            parts += [""] * (element.component - len(parts))
            parts[-1] = self._value(element, values, qualifier if element is elements[0] else "")
        return "*".join(":".join(parts) for parts in values)

    def _value(self, element: Element, values: list[list[str]], qualifier: str) -> str:
        if qualifier or element.codes:
            return qualifier or element.codes[0]
        sent = tuple(":".join(parts) for parts in values)
        before = values[element.position][element.component - 2] if element.component > 1 else ""
        kind = masking_rule(sent, element.position, element.component, before)
        if kind in KEPT:
            return "A1" if kind == "code" else "1"
        return self._canary(kind, f"{element.tag}{element.position:02d}-{element.component}")

    def _canary(self, kind: str, location: str) -> str:
        number = next(self._number)
        letters = "".join("BCDFGHJKLM"[int(digit)] for digit in f"{number:05d}")
        day = date(1937, 1, 1) + timedelta(days=101 * number)
        value = {
            "tax": f"31{number:07d}",
            "npi": f"14{number:08d}",
            "zip": f"941{number + 100000}",
            "contact": f"415{number + 2000000}",
            "date": f"{day:%Y%m%d}",
            "birth": f"{day:%Y%m%d}",
            "time": "0915",
            "text": f"SEEN BY {letters}XQ MRN {number + 7000000}",
            "id": f"{letters}{number + 4000000}",
        }.get(kind, f"{letters}XQ")
        found = value[3:] if kind == "zip" else value
        for word in found.removeprefix("SEEN BY ").split(" MRN ") if kind != "time" else ():
            self.values[word] = location
        return value


def composite_places() -> list[tuple[str, int]]:
    """Elements that both maps and our table call composite."""
    found = {
        (element.tag, element.position)
        for guide in MAPS
        for elements in segments_of(guide)
        for element in elements
        if element.component > 1
    }
    return sorted(location for location in found if is_composite(*location))
