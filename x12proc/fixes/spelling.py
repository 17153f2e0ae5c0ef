"""Where an element's text stands in the file's bytes, and edits that put another text there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from x12proc.claims.model import Location, Spot
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.edits import Edit
from x12proc.wire.segment import Segment, decode

_ELEMENT = re.compile(r"([0-9]{2})(?:-([0-9]))?")


def spot_of(location: Location, segment: Segment | None) -> Spot | None:
    """The element of a segment that a finding names; None where it names the whole of it, or what was not sent."""
    if segment is None or location.after is not None or not location.element.startswith(segment.tag):
        return None
    named = _ELEMENT.fullmatch(location.element[len(segment.tag) :])
    return Spot(segment, int(named[1]), int(named[2]) if named[2] else None) if named else None


def sent(spot: Spot, delimiters: Delimiters) -> tuple[int, bytes] | None:
    """The place in the file and the bytes of an element or component; None when it was not sent."""
    parts = spot.segment.raw.split(delimiters.element)
    found = _nth(parts, spot.element)
    if found is None:
        return None
    start, text = spot.segment.offset + found[0], found[1]
    if spot.component is None:
        return start, text
    within = _nth(text.split(delimiters.component), spot.component - 1)
    return (start + within[0], within[1]) if within else None


def _nth(parts: list[bytes], number: int) -> tuple[int, bytes] | None:
    """A part and its place, the parts being one byte apart."""
    if number >= len(parts):
        return None
    return sum(len(part) + 1 for part in parts[:number]), parts[number]


def put(spot: Spot, text: str, delimiters: Delimiters) -> tuple[str, Edit] | None:
    """What an element says, and the edit that lets it say ``text``; None when it was not sent."""
    found = sent(spot, delimiters)
    if found is None:
        return None
    start, old = found
    return decode(old), Edit(start, start + len(old), text.encode("ascii"))


def padded(segment: Segment, delimiters: Delimiters) -> Iterator[Spot]:
    """The elements and components of a segment that have blanks around them and something else between."""
    for element, part in enumerate(segment.raw.split(delimiters.element)):
        components = part.split(delimiters.component)
        for component, text in enumerate(components, 1):
            if element and text.strip(b" ") not in (b"", text):
                yield Spot(segment, element, component if len(components) > 1 else None)


def joined(elements: list[bytes], delimiters: Delimiters) -> bytes:
    """A segment without its terminator."""
    return delimiters.element.join(elements)
