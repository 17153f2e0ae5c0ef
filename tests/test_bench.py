"""The bench: what it times is run, and its tables say so. How fast that was is no business of tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import speed as bench


def case(what: str, data: str, seconds: float, megabytes: float = 10) -> bench.Case:
    return bench.Case(what, data, ["true"], megabytes, 1000, 1, [seconds, seconds, seconds * 9], [seconds], 42)


def test_tables_compare_each_file_with_its_floors_and_with_pyx12() -> None:
    data = bench.FILES[0].name
    floors = [case("cp", data, 0.1), case("grep -c J3590", data, 0.1)]
    floors += [case(name, other.name, 0.1) for other in bench.FILES[1:] for name in ("cp", "grep -c J3590")]
    lines = list(bench._tables([case("ours", data, 0.5), *floors, case("pyx12-context", data, 4, megabytes=1)]))
    assert "| ours | 10.0 MB | 0.50 | 20.0 | 2,000 | 2.5 times the time | 80.0 times the speed | 42 MB |" in lines
    assert lines.count(f"## {data}") == 1


def test_a_run_is_measured_and_one_that_fails_ends_the_bench() -> None:
    good, bad = case("good", "x", 1), case("bad", "x", 1)
    bad.command = ["false"]
    good.command = [sys.executable, "-c", "pass"]
    bench.measure(good)
    assert len(good.seconds) == 4
    assert good.peak_megabytes > 1
    bad.command = [sys.executable, "-c", "raise SystemExit(2)"]
    with pytest.raises(SystemExit, match="ended with 2"):
        bench.measure(bad)


def test_the_pages_have_a_place_for_each_part(tmp_path: Path) -> None:
    for page, part in ((bench.RESULTS, "speed"), (bench.RESULTS, "memory"), (bench.SCALING, "scaling")):
        copy = tmp_path / f"{part}.md"
        copy.write_text(page.read_text())
        bench._write(copy, part, f"figures of {part}")
        bench._write(copy, part, f"newer figures of {part}")
        assert copy.read_text().count("figures of") == 1
        assert f"<!-- {part} -->\nnewer figures of {part}\n<!-- /{part} -->" in copy.read_text()


def test_data_of_any_size_is_made(tmp_path: Path) -> None:
    """A quick look takes a share of a few megabytes."""
    for data in bench.FILES:
        path = bench._make(tmp_path, data, 1.5 * data.share)
        assert path.stat().st_size >= 1_000_000
        assert path.read_bytes().endswith(b"IEA*1*240329301~\n"), path.name
