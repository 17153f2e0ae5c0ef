"""The Spark data source: the totals of the command line, of whole files and split ones, here and on a cluster."""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import make_data
import pyarrow.parquet as parquet
import pytest
from support.edi import CLINIC, GUIDE_FAULTS, HOSPITAL, base, restyle
from support.services import AS_OF

from x12proc.runner.files import Input
from x12proc.runner.runner import FileRun, RunOptions
from x12proc.runner.settings import load_settings

JOBS = Path(__file__).parent.parent / "support" / "spark_jobs.py"
EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "spark" / "findings_by_month.py"
_MISSING = [name for name in ("pyspark", "grpc", "pandas") if importlib.util.find_spec(name) is None]
_MISSING += [] if shutil.which("java") else ["java"]
pytestmark = pytest.mark.skipif(
    bool(_MISSING) and os.environ.get("CI") != "true",
    reason=f"needs {', '.join(_MISSING)}: pip install 'x12proc[spark]', apt-get install openjdk-17-jre-headless",
)
SEVERAL = b"".join(
    (
        CLINIC.read_bytes(),
        restyle(base(), "pipe"),
        restyle(HOSPITAL.read_bytes(), "tilde-crlf"),
        CLINIC.read_bytes(),  # each of its claims for the second time
        restyle(base("I").replace(b"CTP****3*UN", b"CTP****0*UN"), "control"),
        GUIDE_FAULTS.read_bytes(),
    )
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Inputs of all kinds."""
    for name in ("demo", "broken", "packed"):
        (tmp_path / name).mkdir()
    for path in (CLINIC, HOSPITAL, GUIDE_FAULTS):
        (tmp_path / "demo" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "several.edi").write_bytes(SEVERAL)
    (tmp_path / "cut.edi").write_bytes(SEVERAL[: len(SEVERAL) // 2])
    (tmp_path / "broken" / "good.edi").write_bytes(base())
    (tmp_path / "broken" / "cut.edi").write_bytes(base()[:-90])
    (tmp_path / "broken" / "none.txt").write_bytes(b"hello")
    (tmp_path / "packed" / "bad.edi.gz").write_bytes(b"no gzip")
    (tmp_path / "packed" / "good.edi.gz").write_bytes(gzip.compress(base()))
    return tmp_path


def job(kind: str, folder: Path) -> dict[str, Any]:
    """Run a job in a process of its own; what it found."""
    command = [sys.executable, str(JOBS), kind, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Warning: " not in done.stderr, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def command_line(*paths: Path, as_of: str = AS_OF, **options: Any) -> dict[str, Any]:
    """The totals of the command line."""
    settings = load_settings(as_of=date.fromisoformat(as_of), **options)
    claims = lines = rejected = 0
    charges = Decimal(0)
    by_rule: Counter[str] = Counter()
    for path in paths:
        summary = FileRun(Input(path), settings, RunOptions()).run().summary
        claims += summary.target_claims
        lines += summary.target_lines
        rejected += summary.rejected_claims
        charges += summary.charges
        by_rule.update(summary.by_rule)
    return {"claims": claims, "lines": lines, "rejected": rejected, "charges": charges, "by_rule": dict(by_rule)}


def same(reported: dict[str, Any], expected: dict[str, Any]) -> None:
    """Whether the totals of a job are those of the command line."""
    assert {**reported, "charges": Decimal(reported["charges"])} == {**expected, "errors": []}


def test_one_machine(folder: Path) -> None:
    reported = job("local", folder)
    demo = command_line(*sorted((folder / "demo").iterdir()))
    same(reported["demo"], demo)
    broken = command_line(*sorted((folder / "broken").iterdir()))
    assert reported["broken"]["errors"] == [["cut.edi", "truncated"], ["none.txt", "not-x12"]]
    assert reported["broken"]["claims"] == broken["claims"] == 1
    assert [name for name, _ in reported["packed/*"]["errors"]] == ["bad.edi.gz"]
    assert reported["packed/*"]["claims"] == 1
    several = command_line(folder / "several.edi")
    assert several["by_rule"]["DUP02"] > 40
    same(reported["several.edi"], several)
    same(reported["split"], several)
    assert reported["tasks"] > 10
    assert reported["split places"] == reported["places"]
    assert reported["claims"] == {
        "rows": demo["claims"], "lines": demo["lines"], "findings": sum(demo["by_rule"].values())
    }  # fmt: skip
    assert reported["profile"] == 1
    assert reported["several paths"] == demo["lines"] + several["lines"]
    said = reported["said"]
    assert "cut.edi, interchange 240329201, segment" in said["fail"]
    assert "segment" in said["fail split"]
    assert "no option color" in said["option"]
    assert "nobody" in said["profile"]
    assert "nowhere" in said["path"]
    assert not any("HARTLEY" in text or "TILLMAN" in text for text in said.values())


def test_an_executor_that_dies_changes_no_total(folder: Path) -> None:
    big = folder / "big.edi"
    with big.open("w") as file:
        for piece in make_data.interchange("P", 2_500_000, 1.0, 7):
            file.write(piece)
    reported = job("cluster", folder)
    expected = command_line(big, conformance="off")
    assert reported["killed"] == 1, reported
    assert reported["claims"] == expected["claims"]
    assert reported["by_rule"] == expected["by_rule"]


def test_the_example_writes_findings_by_payer_and_month(folder: Path) -> None:
    command = [sys.executable, str(EXAMPLE), str(folder / "demo"), str(folder / "out")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    table = parquet.read_table(folder / "out").to_pylist()
    by_rule: Counter[str] = Counter()
    for row in table:
        by_rule[row["rule"]] += row["findings"]
    today = date.today().isoformat()  # noqa: DTZ011 - as the rules have it
    demo = sorted((folder / "demo").iterdir())
    assert dict(by_rule) == command_line(*demo, as_of=today, conformance="off")["by_rule"]
    assert {row["month"] for row in table} >= {"2023-12", "2024-02"}


def test_through_spark_connect(folder: Path) -> None:
    reported = job("connect", folder)
    same(reported["demo"], command_line(*sorted((folder / "demo").iterdir())))
