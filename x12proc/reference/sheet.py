"""Stream the cells of an XLSX workbook's first sheet: a ZIP of XML, read with the standard library and lxml."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import IO, Final

from lxml import etree

_NS: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRINGS: Final = "xl/sharedStrings.xml"
_MOST_UNPACKED: Final = 512 * 1024 * 1024  # the whole HCPCS sheet unpacks to about 10 MB


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Return whether a ZIP is an XLSX workbook."""
    return "xl/workbook.xml" in archive.namelist()


def sheet_rows(name: str, archive: zipfile.ZipFile) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of the first sheet with their numbers; dates stay as in the cell. Raises ValueError."""
    sheets = sorted(
        entry for entry in archive.namelist() if re.fullmatch(r"xl/worksheets/sheet[0-9]+\.xml", entry)
    )
    if not sheets or sum(entry.file_size for entry in archive.infolist()) > _MOST_UNPACKED:
        raise ValueError(f"{name}: no workbook with a sheet of sensible size")
    try:
        strings = _shared_strings(archive)
        with archive.open(sheets[0]) as sheet:
            yield from _rows(sheet, strings)
    except (etree.XMLSyntaxError, zipfile.BadZipFile, IndexError, ValueError) as error:
        raise ValueError(f"{name}: the sheet can't be read: {error}") from error


def _parse(file: IO[bytes], tag: str) -> Iterator[etree._Element]:
    for _, element in etree.iterparse(
        file, tag=_NS + tag, resolve_entities=False, no_network=True, huge_tree=False
    ):
        yield element
        element.clear(keep_tail=True)
        while element.getprevious() is not None and (parent := element.getparent()) is not None:
            del parent[0]


def _shared_strings(archive: zipfile.ZipFile) -> list[str]:
    if _STRINGS not in archive.namelist():
        return []
    with archive.open(_STRINGS) as file:
        return ["".join(text.text or "" for text in item.iter(_NS + "t")) for item in _parse(file, "si")]


def _rows(sheet: IO[bytes], strings: list[str]) -> Iterator[tuple[int, list[str]]]:
    for count, row in enumerate(_parse(sheet, "row"), 1):
        cells: list[str] = []
        for cell in row.iter(_NS + "c"):
            index = _column(cell.get("r", "")) if cell.get("r") else len(cells)
            cells += [""] * (index + 1 - len(cells))
            cells[index] = _value(cell, strings)
        yield int(row.get("r", count)), cells


def _column(reference: str) -> int:
    """Return the column index of a cell: 0 for ``A1``, 26 for ``AA7``."""
    index = 0
    for letter in re.sub(r"[^A-Z]", "", reference):
        index = index * 26 + ord(letter) - 64
    if not 1 <= index <= 16384:
        raise ValueError(f"a cell is at {reference!r}")
    return index - 1


def _value(cell: etree._Element, strings: list[str]) -> str:
    kind = cell.get("t")
    if kind == "inlineStr":
        return "".join(text.text or "" for text in cell.iter(_NS + "t"))
    value = cell.findtext(_NS + "v") or ""
    return strings[int(value)] if kind == "s" and value else value.removesuffix(".0")
