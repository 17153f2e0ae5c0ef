"""A guide as a table: loops and segments in order, elements with their types, lengths and codes."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import msgspec


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """A data element, in a segment or a composite. ``most`` and ``least`` are its lengths in characters."""

    usage: str  # R required, S situational, N not used
    type: str  # ID, AN, R, N0, DT, TM
    least: int
    most: int
    codes: tuple[str, ...] = ()
    external: str | None = None  # the code list that it is of, beside the codes
    pattern: str | None = None
    number: str = ""  # X12's own, such as 1251


class Element(msgspec.Struct, frozen=True, omit_defaults=True):
    """One position of a segment: an element alone, or a composite of ``usage`` with its parts."""

    part: Part | None = None
    usage: str = ""
    parts: tuple[Part, ...] = ()


class Node(msgspec.Struct, frozen=True, omit_defaults=True):
    """A loop or a segment. ``path`` is its name; the walk counts by it."""

    path: str
    id: str  # NM1, 2010AA
    usage: str
    position: int  # its order in the loop; several may share one
    parent: str | None = None
    most: int | None = None  # how often it may come; None: without limit
    children: tuple[str, ...] | None = None  # of a loop, in order; None for a segment
    loop: str = ""  # the loop that a segment is said to be in
    key: str | None = None  # the element whose value tells segments of the same tag apart: 1, 1-1 or 3
    values: tuple[str, ...] = ()  # those that the key may have here
    elements: tuple[Element, ...] = ()
    notes: tuple[tuple[str, tuple[int, ...]], ...] = ()  # the standard's rules on which elements go together


class Guide(msgspec.Struct, frozen=True):
    """One guide. ``source`` names the maps that it was built from."""

    guide: str
    source: str
    root: str
    start: str  # where a set begins: the segment before its ST
    envelope: tuple[str, ...]  # what has been counted once by then
    counts_lines: bool  # whether LX is checked against a count
    claim_loops: tuple[str, ...]
    codes: dict[str, tuple[str, ...]]  # the lists that elements name as external
    nodes: tuple[Node, ...]


def file_name(guide: str) -> str:
    """Return the name of a guide's file, in the folder of this module."""
    return f"{guide}.json"


@lru_cache(maxsize=4)
def load_guide(guide: str) -> Guide:
    """Load the table of one of the checked guides."""
    data = files("x12proc.conformance.fast").joinpath(file_name(guide)).read_bytes()
    return msgspec.json.decode(data, type=Guide)
