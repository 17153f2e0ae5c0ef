"""Findings as data: the Parquet report, and Arrow tables that other programs take."""

from __future__ import annotations

import importlib
import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.edi import CLINIC, HOSPITAL, base

import x12proc
from x12proc.cli.app import app
from x12proc.errors import ConfigError
from x12proc.reports import parquet_report

pa = pytest.importorskip("pyarrow")
pq = importlib.import_module("pyarrow.parquet")
AS_OF = "2024-04-01"
KEYS = (
    "claim_id",
    "line",
    "rule",
    "severity",
    "message",
    "fix",
    "element",
    "segment_index",
    "byte_offset",
    "value",
)


def found_in(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The findings of a JSON report in the form of rows."""
    rows = []
    for claim in report["claims"]:
        lines = [(None, claim["findings"]), *((line["number"], line["findings"]) for line in claim["lines"])]
        rows += [
            {**one, **one["location"], "claim_id": claim["claim_id"], "line": number}
            for number, findings in lines
            for one in findings
        ]
    return [{key: row[key] for key in KEYS} for row in rows]


def ordered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (row["claim_id"], row["byte_offset"], row["rule"], row["message"]))


@pytest.mark.parametrize("rows", [1, 10, 10_000])
def test_a_row_is_a_finding_of_the_json_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(parquet_report, "ROWS", rows)
    for path in (CLINIC, HOSPITAL):
        arguments = ["scrub", str(path), "-o", str(tmp_path), "--emit", "json,parquet", "--as-of", AS_OF]
        assert CliRunner().invoke(app, arguments).exit_code == 1
        report = json.loads((tmp_path / f"{path.stem}.report.json").read_bytes())
        table = pq.read_table(tmp_path / f"{path.stem}.report.parquet")
        read = table.to_pylist()
        assert ordered([{key: row[key] for key in KEYS} for row in read]) == ordered(found_in(report))
        assert {row["file"] for row in read} == {path.name}
        dated = [row["line"] for row in read if isinstance(row["service_date"], date)]
        assert len(dated) > 7, "but for lines whose date is missing"
        assert table.schema.equals(parquet_report.FINDINGS)
        assert (pq.read_metadata(tmp_path / f"{path.stem}.report.parquet").num_row_groups > 1) == (rows < 20)


def test_processes_write_the_same_table(tmp_path: Path) -> None:
    for jobs in ("1", "2"):
        arguments = ["scrub", str(CLINIC), str(HOSPITAL), "-o", str(tmp_path / jobs), "--emit", "parquet"]
        CliRunner().invoke(app, [*arguments, "--as-of", AS_OF, "--jobs", jobs])
    names = sorted(path.name for path in (tmp_path / "1").iterdir())
    assert len(names) == 2
    for name in names:
        assert pq.read_table(tmp_path / "1" / name).equals(pq.read_table(tmp_path / "2" / name))


@pytest.mark.parametrize("data", [base(), base() + base()[:-60], b"no X12"], ids=["clean", "cut", "no X12"])
def test_a_file_without_findings_is_an_empty_table(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "in.edi").write_bytes(data)
    CliRunner().invoke(app, ["scrub", str(tmp_path / "in.edi"), "-o", str(tmp_path), "--emit", "parquet"])
    table = pq.read_table(tmp_path / "in.report.parquet")
    assert table.schema.equals(parquet_report.FINDINGS)
    assert set(table.column("severity").to_pylist()) <= {"warn", "info"}


def test_it_can_be_a_filter(tmp_path: Path) -> None:
    out: dict[str, bytes] = {}
    x12proc.scrub(CLINIC, as_of=AS_OF, emit=["parquet"], output=out).finish()
    assert pq.read_table(pa.BufferReader(out["parquet"])).num_rows > 20


def test_the_extra_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finished = x12proc.scrub(CLINIC).finish()
    monkeypatch.setattr("x12proc.runner.artifacts.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"x12proc\[parquet\]"):
        x12proc.scrub(CLINIC, emit=["parquet"], output=tmp_path)
    monkeypatch.setitem(sys.modules, "x12proc.reports.parquet_report", None)
    monkeypatch.delattr("x12proc.reports.parquet_report")
    with pytest.raises(ConfigError, match=r"x12proc\[parquet\]"):
        finished.to_arrow()


@pytest.fixture(scope="module")
def finished() -> x12proc.ScrubResult:
    return x12proc.scrub(CLINIC, as_of=AS_OF).finish()


def test_one_row_a_line(finished: x12proc.ScrubResult) -> None:
    rows = finished.to_arrow("lines").to_pylist()
    assert len(rows) == finished.summary.target_lines
    rejected = {row["claim_id"]: row["reject"] for row in rows if row["reject"]}
    assert rejected["P1003"] == ["NAR05"]
    assert {row["procedure"] for row in rows} == {"J3590"}
    with pytest.raises(ConfigError, match="rows='claims': allowed are findings, lines"):
        finished.to_arrow("claims")  # type: ignore[arg-type]  # the point of the test


def test_pyarrow_takes_a_result(finished: x12proc.ScrubResult) -> None:
    table = pa.table(finished)
    assert table.equals(finished.to_arrow())
    assert ("P1003", "NAR05") in zip(table["claim_id"].to_pylist(), table["rule"].to_pylist(), strict=True)


def test_pandas_takes_a_result(finished: x12proc.ScrubResult) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    if not hasattr(pandas.DataFrame, "from_arrow"):
        pytest.skip("pandas before 3.0 does not take Arrow streams")
    frame = pandas.DataFrame.from_arrow(finished)
    assert list(frame[frame["rule"] == "NAR05"]["claim_id"]) == ["P1003"]


def test_polars_takes_a_result(finished: x12proc.ScrubResult) -> None:
    polars = pytest.importorskip("polars", reason="polars is not installed")
    frame = polars.DataFrame(finished)
    assert frame.filter(polars.col("rule") == "NAR05")["claim_id"].to_list() == ["P1003"]
    assert frame.schema["service_date"] == polars.Date


def test_duckdb_takes_a_result(finished: x12proc.ScrubResult) -> None:
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    with duckdb.connect() as connection:
        connection.register("findings", finished)
        rows = connection.sql("select claim_id from findings where rule = 'NAR05'").fetchall()
    assert rows == [("P1003",)]
