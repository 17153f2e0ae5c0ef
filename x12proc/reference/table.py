"""Tables as bytes, searched by bisection, so that loading one costs only reading its file."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

#: An error in a row: the column, the value found, the value expected.
Fault = tuple[str, str, str]

_PIECE: Final = 64 * 1024  # bytes decoded at a time
_BOM: Final = b"\xef\xbb\xbf"


class Column(NamedTuple):
    """A column's name and the regular expression that each of its values must match in full; empty: anything."""

    name: str
    pattern: str = ""
    wanted: str = ""


DATE: Final = r"(?:[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]))?"
A_DATE: Final = "a date such as 2019-10-01, or empty"


def malformed(table: str, row: int, column: str, found: str, wanted: str) -> ValueError:
    """Return the error for a table, row (1 is the header) and column."""
    return ValueError(f"{table}, row {row}, column {column}: found {found[:60]!r}, expected {wanted}")


class SortedTable:
    """A CSV table, UTF-8, one line a row, its rows in order of the first column.

    A row is decoded and checked when it is read, together with its neighbors, which proves the order. Every
    method raises ValueError with table, row and column for what is malformed.
    """

    def __init__(self, name: str, data: bytes, columns: Sequence[Column], *, unique: bool = True) -> None:
        self.name = name
        self._data = data.removeprefix(_BOM)
        self._columns = columns
        self._checks = Checks(columns)
        self._unique = unique
        self._body = self._end_of_line(0) + 1
        self._check_header()

    def row(self, key: str) -> list[str] | None:
        """Return the first row whose first column is ``key``."""
        return next(iter([*self.rows_from(key + ",")]), None)

    def rows_from(self, prefix: str) -> Iterator[list[str]]:
        """Yield the rows whose line begins with ``prefix``."""
        start = self._seek(prefix.encode())
        self._check_order(start)
        while self._data.startswith(prefix.encode(), start):
            yield self._parse(start)
            start = self._end_of_line(start) + 1
            self._check_order(start)

    def rows_with(self, value: str, column: int) -> Iterator[list[str]]:
        """Yield the rows with ``value`` in the column of that index, by a full search."""
        wanted = value.replace('"', '""').encode()
        offset = self._data.find(wanted, self._body) if wanted else -1
        while offset >= 0:
            start = self._data.rfind(b"\n", 0, offset) + 1
            row = self._parse(start)
            if row[column] == value:
                yield row
            offset = self._data.find(wanted, self._end_of_line(start))

    def all_rows(self) -> Iterator[list[str]]:
        """Yield every row in turn, checking each row and their order."""
        before = ""
        for number, row in enumerate(self._all_cells(), 2):
            fault = row_fault(row, self._checks)
            if fault is None and (row[0] < before or (self._unique and row[0] == before)):
                fault = self._disorder(row[0])
            if fault is not None:
                raise malformed(self.name, number, *fault)
            before = row[0]
            yield row

    def _all_cells(self) -> Iterator[list[str]]:
        reader = csv.reader(self._all_lines(), strict=True)
        try:
            yield from reader
        except csv.Error as error:
            raise ValueError(f"{self.name}, row {reader.line_num + 1}: {error}") from error

    def _all_lines(self) -> Iterator[str]:
        start = self._body
        while start < len(self._data):
            end = self._data.rfind(b"\n", start, start + _PIECE) + 1 or self._end_of_line(start) + 1
            try:
                piece = self._data[start:end].decode("utf-8")
            except UnicodeDecodeError as error:
                raise ValueError(f"{self.name}: not UTF-8 at byte {start + error.start}") from error
            yield from piece.removesuffix("\n").split("\n")
            start = end

    # -- offsets ---------------------------------------------------------------------------------------

    def _end_of_line(self, start: int) -> int:
        end = self._data.find(b"\n", start)
        return len(self._data) if end < 0 else end

    def _seek(self, key: bytes) -> int:
        """Return the offset of the first line that does not sort before ``key``."""
        low, high = self._body, len(self._data)
        while low < high:
            start = max(self._data.rfind(b"\n", low, (low + high) // 2) + 1, low)
            end = self._end_of_line(start)
            if self._data[start:end] < key:
                low = end + 1
            else:
                high = start
        return min(low, len(self._data))

    def _check_order(self, start: int) -> None:
        """Check the rows on both sides of an offset, and that they are in order."""
        before = self._parse(self._data.rfind(b"\n", 0, start - 1) + 1) if start > self._body else None
        after = self._parse(start) if start < len(self._data) else None
        if before is None or after is None:
            return
        if before[0] > after[0] or (self._unique and before[0] == after[0]):
            raise malformed(self.name, self._number(start), *self._disorder(after[0]))

    def _disorder(self, value: str) -> Fault:
        wanted = "each value once, in ascending order" if self._unique else "ascending order"
        return self._columns[0].name, value, wanted

    def _number(self, start: int) -> int:
        return self._data.count(b"\n", 0, start) + 1

    # -- rows ------------------------------------------------------------------------------------------

    def _cells(self, start: int) -> list[str]:
        line = self._data[start : self._end_of_line(start)].removesuffix(b"\r")
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"{self.name}: not UTF-8 at byte {start + error.start}") from error
        try:
            return next(csv.reader([text], strict=True), [])
        except csv.Error as error:
            raise ValueError(f"{self.name}, row {self._number(start)}: {error}") from error

    def _parse(self, start: int) -> list[str]:
        row = self._cells(start)
        fault = row_fault(row, self._checks)
        if fault is not None:
            raise malformed(self.name, self._number(start), *fault)
        return row

    def _check_header(self) -> None:
        names = [column.name for column in self._columns]
        if not self._data:
            raise ValueError(f"{self.name}: empty; its first row must be {','.join(names)}")
        header = self._cells(0)
        for index, name in enumerate(names):
            if header[index : index + 1] != [name]:
                found = header[index] if index < len(header) else "nothing"
                raise malformed(self.name, 1, name, found, f"the column's name {name!r}")


class Checks:
    """The columns of a table, prepared for checking rows."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = columns
        self.patterns = [
            (index, column, re.compile(column.pattern)) for index, column in enumerate(columns) if column.pattern
        ]


def row_fault(row: Sequence[str], checks: Checks) -> Fault | None:
    """Return the first error of a row: column, value found, value expected; None for a valid one."""
    columns = checks.columns
    if len(row) != len(columns):
        column = columns[len(row)].name if len(row) < len(columns) else f"{len(columns) + 1}"
        return column, f"{len(row)} values", f"{len(columns)} values"
    for index, checked, pattern in checks.patterns:
        if pattern.fullmatch(row[index]) is None:
            return checked.name, row[index], checked.wanted
    return None


def table_bytes(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> bytes:
    """Format a table of an edition: header, then the rows in the given order; line ends are LF."""
    out = _Bytes()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(column.name for column in columns)
    writer.writerows(rows)
    return bytes(out.written)


class _Bytes:
    """The file-like object that csv.writer writes to."""

    def __init__(self) -> None:
        self.written = bytearray()

    def write(self, text: str) -> None:
        self.written += text.encode("utf-8")
