"""extract --format parquet: the lines of --format jsonl, typed, in row groups."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from support.edi import CLINIC, HOSPITAL, base

from x12proc.cli.app import app
from x12proc.errors import ConfigError
from x12proc.extract import parquet


def extract(*arguments: str) -> int:
    return CliRunner().invoke(app, ["extract", *arguments], catch_exceptions=False).exit_code


def test_the_rows_are_those_of_jsonl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROWS", 10)
    for form in ("jsonl", "parquet"):
        assert extract(str(CLINIC), str(HOSPITAL), "--format", form, "-o", str(tmp_path / form)) == 0
    lines = [json.loads(line) for line in (tmp_path / "jsonl").read_text().splitlines()]
    file = pq.ParquetFile(tmp_path / "parquet")
    rows = file.read().to_pylist()
    for row in rows:
        assert all(isinstance(day, date) for day in row["service_dates"])
        row["service_dates"] = [day.isoformat() for day in row["service_dates"]]
    assert rows == lines
    assert file.metadata.num_row_groups == -(-len(lines) // 10)
    assert file.schema_arrow.field("line_byte_offset").type == "int64"


def test_a_broken_file_is_told_and_its_lines_are_kept(tmp_path: Path) -> None:
    (tmp_path / "cut.edi").write_bytes(base() + base()[:-60])
    assert extract(str(tmp_path / "cut.edi"), "--format", "parquet", "-o", str(tmp_path / "out")) == 3
    assert pq.read_metadata(tmp_path / "out").num_rows == 1


def test_nothing_found_is_an_empty_table(tmp_path: Path) -> None:
    assert extract(str(CLINIC), "--codes", "J0000", "--format", "parquet", "-o", str(tmp_path / "out")) == 0
    assert pq.read_metadata(tmp_path / "out").num_rows == 0


def test_it_wants_a_file_and_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="name a file with -o"):
        CliRunner().invoke(app, ["extract", str(CLINIC), "--format", "parquet"], catch_exceptions=False)
    monkeypatch.setitem(sys.modules, "x12proc.extract.parquet", None)
    with pytest.raises(ConfigError, match=r"x12proc\[parquet\]"):
        extract(str(CLINIC), "--format", "parquet", "-o", str(tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []
