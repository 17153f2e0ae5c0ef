"""The rows in which two reference editions differ."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from x12proc.reference import diagnoses
from x12proc.reference.edition import COLUMNS, PACKAGES, REPEATING, Reference, table_file


class Change(msgspec.Struct, frozen=True):
    """A row that differs between two editions; ``old`` or ``new`` is empty if one of them lacks it."""

    key: str
    old: str
    new: str


def differences(old: Reference, new: Reference) -> Iterator[tuple[str, list[Change]]]:
    """Return the changed rows of every table of either edition, in order of their keys."""
    ours, theirs = old.manifest().tables, new.manifest().tables
    for table in sorted({*ours, *theirs}):
        before = _lines(old, table) if table in ours else {}
        after = _lines(new, table) if table in theirs else {}
        keys = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
        yield table, [Change(key, before.get(key, ""), after.get(key, "")) for key in keys]


def _lines(reference: Reference, table: str) -> dict[str, str]:
    """Return the rows of a table as lines, by their key."""
    name = table_file(table)
    if name not in COLUMNS:
        spans = diagnoses.unpack(reference.raw(name))
        return {f"{span.code} {span.first}": f"{span.code} {span.first} to {span.last}" for span in spans}
    rows = reference.rows(name)
    if name in REPEATING:
        return {" ".join(row[:4]) if name == PACKAGES else f"{row[0]} {row[1]}": " ".join(row) for row in rows}
    return {row[0]: " | ".join(row) for row in rows}
