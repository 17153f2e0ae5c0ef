"""Looking a row up by bisecting gives what reading the whole table gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from x12proc.reference.edition import COLUMNS, PRODUCTS
from x12proc.reference.table import Column, SortedTable, table_bytes

COLUMN = (Column("key", "[0-9]{3}", "three digits"), Column("value"))
FOLDER = Path(__file__).parents[2] / "config" / "reference"

keys = st.lists(st.from_regex(r"[0-9]{3}", fullmatch=True), unique=True, max_size=40)


@given(keys, st.from_regex(r"[0-9]{1,3}", fullmatch=True), st.booleans(), st.booleans())
def test_bisecting_finds_what_a_scan_finds(numbers: list[str], prefix: str, crlf: bool, ended: bool) -> None:
    rows = [[number, f'a "{number}", é'] for number in sorted(numbers)]
    data = table_bytes(COLUMN, rows)
    if not ended:
        data = data.removesuffix(b"\n")
    table = SortedTable("t.csv", data.replace(b"\n", b"\r\n") if crlf else data, COLUMN)
    assert list(table.rows_from(prefix)) == [row for row in rows if row[0].startswith(prefix)]
    assert table.row(prefix) == next((row for row in rows if row[0] == prefix), None)
    if not crlf:
        assert list(table.all_rows()) == rows
        assert list(table.rows_with('a "001", é', 1)) == [row for row in rows if row[0] == "001"]


def test_every_shipped_product_is_found_where_it_stands() -> None:
    data = (FOLDER / PRODUCTS).read_bytes()
    table = SortedTable(PRODUCTS, data, COLUMNS[PRODUCTS])
    rows = list(table.all_rows())
    assert len(rows) > 6000
    for row in rows:
        assert table.row(row[0]) == row


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("key,value\n001,a\n003,b\n002,c\n", r"t.csv, row 4, column key: found '002', expected each value once"),
        ("key,value\n001,a\n001,b\n", r"t.csv, row 3, column key: found '001'"),
        ("key,value\n001,a\n2,b\n", r"t.csv, row 3, column key: found '2', expected three digits"),
        ("key,value\n001\n", r"t.csv, row 2, column value: found '1 values', expected 2 values"),
        ("key,value\n\n001,a\n", r"t.csv, row 2, column key: found '0 values'"),
        ('key,value\n001,"a\n', r"t.csv, row 2: "),
    ],
)
def test_a_full_reading_says_where_a_table_is_malformed(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list(SortedTable("t.csv", text.encode(), COLUMN).all_rows())


def test_a_row_met_by_bisecting_is_checked_with_its_neighbours() -> None:
    table = SortedTable("t.csv", b"key,value\n001,a\n002,b,more\n005,d\n", COLUMN)
    assert table.row("000") is None
    with pytest.raises(ValueError, match=r"t.csv, row 3, column 3: found '3 values'"):
        table.row("003")


def test_a_table_may_repeat_its_keys_when_told_so() -> None:
    table = SortedTable("t.csv", b"key,value\n001,a\n001,b\n", COLUMN, unique=False)
    assert [row[1] for row in table.rows_from("001,")] == ["a", "b"]
    assert len(list(table.all_rows())) == 2


def test_bytes_that_are_not_utf8_are_named_by_their_place() -> None:
    table = SortedTable("t.csv", b"key,value\n001,\xff\n", COLUMN)
    with pytest.raises(ValueError, match=r"t.csv: not UTF-8 at byte 14"):
        list(table.all_rows())
    with pytest.raises(ValueError, match=r"t.csv: not UTF-8 at byte 14"):
        table.row("001")
