"""``edition.toml``: the sources of an edition, the date of each, and the days that its tables cover."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import msgspec

EDITION: Final = "edition.toml"


class Source(msgspec.Struct, frozen=True):
    """A source file of the edition, and its publisher's name for that edition of it."""

    name: str
    edition: str
    rows: int


class TableInfo(msgspec.Struct, frozen=True):
    """A table of the edition. It covers service dates from ``first`` to ``last``; None is no limit."""

    rows: int
    sources: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None

    def covers(self, on: date) -> bool:
        """Return whether the table covers that day."""
        return (self.first is None or self.first <= on) and (self.last is None or on <= self.last)


class Manifest(msgspec.Struct, frozen=True):
    """The edition's date, its sources and its tables by their names."""

    edition: str
    sources: dict[str, Source]
    tables: dict[str, TableInfo]


def parse_manifest(raw: bytes) -> Manifest:
    """Read ``edition.toml``. Raises ValueError."""
    try:
        document = tomllib.loads(raw.decode("utf-8"))
        sources = {key: _source(key, entry) for key, entry in document["sources"].items()}
        tables = {key: _table(entry) for key, entry in document.get("tables", {}).items()}
        return Manifest(str(document["edition"]), sources, tables)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{EDITION}: {error}") from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{EDITION}: 'edition' and '[sources.*] edition' are needed: {error}") from error


def _source(key: str, entry: Mapping[str, Any]) -> Source:
    return Source(str(entry.get("name", key)), str(entry["edition"]), int(entry.get("rows", 0)))


def _table(entry: Mapping[str, Any]) -> TableInfo:
    first, last = entry.get("from"), entry.get("to")
    if not all(day is None or isinstance(day, date) for day in (first, last)):
        raise TypeError("'from' and 'to' of a table are dates such as 2026-10-01")
    return TableInfo(int(entry["rows"]), tuple(entry.get("sources", ())), first, last)


def render_manifest(manifest: Manifest) -> bytes:
    """Format the manifest as TOML; the same manifest always gives the same bytes."""
    lines = [
        "# A dated reference edition, built from United States government data. Written by a program.",
        f"edition = {_text(manifest.edition)}",
    ]
    for key, table in sorted(manifest.tables.items()):
        lines += ["", f"[tables.{key}]", f"rows = {table.rows}"]
        lines += [f"sources = [{', '.join(map(_text, table.sources))}]"] if table.sources else []
        lines += [f"from = {table.first}"] if table.first else []
        lines += [f"to = {table.last}"] if table.last else []
    for key, source in manifest.sources.items():
        lines += ["", f"[sources.{key}]", f"name = {_text(source.name)}", f"edition = {_text(source.edition)}"]
        lines += [f"rows = {source.rows}"]
    return ("\n".join(lines) + "\n").encode("utf-8")


def _text(value: str) -> str:
    """Quote a TOML basic string; JSON's escapes are valid in it."""
    return msgspec.json.encode(value).decode("utf-8")
