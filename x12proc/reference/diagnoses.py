"""Billable ICD-10-CM codes of several fiscal years in one packed table.

The table's first line lists its fiscal years. Then comes a line for each category:
``A00 :019`` is A000, A001, A009; ``A01 0:0123459 :1234`` is A0100 to A0109 and A011 to A014; ``B20 .`` is B20
itself. After the category come groups ``stem:ends``: the category, the stem and each of the end characters make
a code. A group of codes that not all of the years have says which: ``3:12@2027-`` from 2027 on, ``.@-2024``
through 2024, ``:7@2024-2025``. Lines and groups are sorted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple

from x12proc.reference.table import malformed

TABLE: Final = "diagnoses.txt"
CODE: Final = re.compile(r"[A-Z][0-9A-Z]{2,6}\Z")
_ITSELF: Final = "."
_HEADER = re.compile(r"20[0-9]{2}(?: 20[0-9]{2})*\Z")
_GROUP: Final = r"(?:\.|[0-9A-Z]{0,3}:[0-9A-Z]+)(?:@(?:20[0-9]{2})?-(?:20[0-9]{2})?)?"
_LINE = re.compile(rf"[A-Z][0-9A-Z]{{2}}(?: {_GROUP})+\Z")


class Span(NamedTuple):
    """A code, and the first and last of consecutive fiscal years in which it was billable."""

    code: str
    first: int
    last: int


def fiscal_year(on: date) -> int:
    """Return the fiscal year of a day: it begins on October 1 of the year before."""
    return on.year + (on.month >= 10)


def leaves(codes: Iterable[str]) -> list[str]:
    """Return the ``codes`` (undotted) that no other code extends, sorted: only these are billable."""
    ordered = sorted(set(codes))
    return [code for code, after in zip(ordered, [*ordered[1:], ""], strict=False) if not after.startswith(code)]


# -- writing -------------------------------------------------------------------------------------------


def pack(codes: Mapping[int, Iterable[str]]) -> bytes:
    """Pack the codes of these fiscal years into a table."""
    years = sorted(codes)
    lines = [" ".join(map(str, years))]
    for category, spans in groupby(_spans(codes, years), key=lambda span: span.code[:3]):
        lines.append(" ".join([category, *_groups(list(spans), years)]))
    return "".join(line + "\n" for line in lines).encode("ascii")


def _spans(codes: Mapping[int, Iterable[str]], years: Sequence[int]) -> list[Span]:
    """Return every code once for each run of years that have it, sorted."""
    having: dict[str, list[int]] = {}
    for index, year in enumerate(years):
        for code in set(codes[year]):
            having.setdefault(code, []).append(index)
    spans = []
    for code, indexes in having.items():
        for _, run in groupby(enumerate(indexes), key=lambda pair: pair[1] - pair[0]):
            run_indexes = [index for _, index in run]
            spans.append(Span(code, years[run_indexes[0]], years[run_indexes[-1]]))
    return sorted(spans)


def _groups(spans: list[Span], years: Sequence[int]) -> Iterator[str]:
    """Return the groups of one category."""
    parts = []
    for code, first, last in spans:
        since = f"{first}" if first != years[0] else ""
        until = f"{last}" if last != years[-1] else ""
        body = f"{code[3:-1]}:" if len(code) > 3 else _ITSELF
        parts.append((body, f"@{since}-{until}" if since or until else "", code[3:][-1:]))
    for (body, when), members in groupby(sorted(parts), key=lambda part: part[:2]):
        yield body + "".join(part[2] for part in members) + when


# -- reading -------------------------------------------------------------------------------------------


def years(table: bytes) -> tuple[int, ...]:
    """Return the fiscal years of a table. Raises ValueError if its first line does not state them."""
    head = table[: table.find(b"\n")].decode("ascii", "replace")
    if _HEADER.match(head) is None:
        raise malformed(TABLE, 1, "years", head, "fiscal years such as 2026 2027")
    return tuple(map(int, head.split(" ")))


def unpack(table: bytes) -> Iterator[Span]:
    """Yield every code of a table with its years. Raises ValueError with the malformed row."""
    texts, before = years(table), ""
    for number, raw in enumerate(table.decode("ascii", "replace").splitlines()[1:], 2):
        if _LINE.match(raw) is None or raw[:3] <= before:
            raise malformed(TABLE, number, "category", raw, "a category after the one before, and its groups")
        before = raw[:3]
        for group in raw.split(" ")[1:]:
            body, first, last = _read(group, texts)
            stem, colon, ends = body.partition(":")
            for code in [before + stem + end for end in ends] if colon else [before]:
                yield Span(code, first, last)


def by_year(table: bytes) -> dict[int, list[str]]:
    """Return the codes of each fiscal year of a table."""
    codes: dict[int, list[str]] = {year: [] for year in years(table)}
    for code, first, last in unpack(table):
        for year, members in codes.items():
            if first <= year <= last:
                members.append(code)
    return codes


def contains(table: bytes, code: str, year: int) -> bool:
    """Return whether the table has exactly this code (undotted, upper case) in one of its fiscal years."""
    row = _categories(table).get(code[:3].encode("ascii", "replace"))
    if row is None or CODE.match(code) is None:
        return False
    groups = row.decode("ascii", "replace").split()[1:]
    texts = years(table)
    held = (span for span in (_read(group, texts) for group in groups) if _names(span[0], code[3:]))
    return any(first <= year <= last for _, first, last in held)


@lru_cache(maxsize=2)  # the shipped edition and a user's own
def _categories(table: bytes) -> dict[bytes, bytes]:
    """Return the rows of a table by category."""
    return {row[:3]: row for row in table.split(b"\n")[1:]}


def _names(body: str, tail: str) -> bool:
    """Return whether a group has the code with that tail after its category."""
    stem, colon, ends = body.partition(":")
    return tail[:-1] == stem and tail[-1] in ends if colon and tail else body == _ITSELF and not tail


def _read(group: str, texts: Sequence[int]) -> tuple[str, int, int]:
    """Split a group into its tail and its years."""
    body, _, when = group.partition("@")
    since, _, until = when.partition("-")
    return body, int(since or texts[0]), int(until or texts[-1])
