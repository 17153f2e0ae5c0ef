"""ICD-10-CM codes that can be billed, one table a fiscal year, packed.

A table holds a line for each category: ``A00 :019`` is A000, A001, A009; ``A01 0:0123459 :1234`` is A0100 to
A0109 and A011 to A014; ``B20 .`` is B20 itself. Behind the category stand groups ``stem:ends``: the category,
the stem and each of the end characters make a code. Lines, groups and ends are sorted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from typing import Final

from x12proc.reference.table import malformed

CODE: Final = re.compile(r"[A-Z][0-9A-Z]{2,6}\Z")
_ITSELF: Final = "."
_LINE = re.compile(r"[A-Z][0-9A-Z]{2}(?: (?:\.|[0-9A-Z]{0,3}:[0-9A-Z]+))+\Z")


def table_name(year: int) -> str:
    """The file of a fiscal year, e.g. ``diagnoses_2026.txt``."""
    return f"diagnoses_{year}.txt"


def fiscal_year(on: date) -> int:
    """The fiscal year whose code set holds that day: it begins on 1 October of the year before."""
    return on.year + (on.month >= 10)


def leaves(codes: Iterable[str]) -> list[str]:
    """Those of ``codes`` (undotted) that no other goes on from, sorted: only these can be billed."""
    ordered = sorted(set(codes))
    return [code for code, after in zip(ordered, [*ordered[1:], ""], strict=False) if not after.startswith(code)]


def pack(codes: Iterable[str]) -> bytes:
    """The table of these codes."""
    lines = [
        " ".join([category, *_groups([code[3:] for code in members])])
        for category, members in groupby(sorted(set(codes)), key=lambda code: code[:3])
    ]
    return "".join(line + "\n" for line in lines).encode("ascii")


def _groups(tails: list[str]) -> Iterator[str]:
    if "" in tails:
        yield _ITSELF
    for stem, members in groupby(filter(None, tails), key=lambda tail: tail[:-1]):
        yield f"{stem}:{''.join(tail[-1] for tail in members)}"


def unpack(name: str, table: bytes) -> Iterator[str]:
    """Every code of a table. Raises ValueError with the row of what is malformed."""
    before = ""
    for number, raw in enumerate(table.decode("ascii", "replace").splitlines(), 1):
        if _LINE.match(raw) is None or raw[:3] <= before:
            raise malformed(name, number, "category", raw, "a category after the one before, and its groups")
        before = raw[:3]
        for group in raw.split(" ")[1:]:
            stem, colon, ends = group.partition(":")
            yield from ((before + stem + end) for end in ends) if colon else (before,)


def contains(table: bytes, code: str) -> bool:
    """Whether the table has exactly this code (undotted, upper case)."""
    start = (b"\n" + table).find(b"\n" + code[:3].encode("ascii", "replace") + b" ")
    if start < 0 or CODE.match(code) is None:
        return False
    end = table.find(b"\n", start)
    groups = table[start : end if end >= 0 else len(table)].decode("ascii", "replace").split()[1:]
    if len(code) == 3:
        return _ITSELF in groups
    return any(group.startswith(code[3:-1] + ":") and code[-1] in group.partition(":")[2] for group in groups)
