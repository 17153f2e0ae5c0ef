"""What may be in a wheel and an sdist: what the repository ships, and nothing else."""

from __future__ import annotations

import pytest
import release_contents as contents

SOURCES = {
    "x12proc/__init__.py", "x12proc/py.typed", "x12proc/replay/base-P.edi", "x12proc/reports/html.xsl",
    "config/x12proc.toml", "config/profiles/uhc.toml", "tests/test_engine.py", "fixtures/demo/a.edi", "LICENSE",
    ".ci/run", "pyproject.toml", "config/reference/sources/hcpcs.csv",
}  # fmt: skip
INFO = {f"x12proc-1.0.dist-info/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")}
WHEEL = INFO | {
    "x12proc/__init__.py", "x12proc/py.typed", "x12proc/replay/base-P.edi", "x12proc/reports/html.xsl",
    "x12proc/demo/a.edi", "x12proc/config/x12proc.toml", "x12proc/config/profiles/uhc.toml",
    "x12proc-1.0.dist-info/licenses/LICENSE",
}  # fmt: skip
SDIST = SOURCES - {".ci/run"} | {"PKG-INFO"}


def test_what_is_whole_passes() -> None:
    assert contents.wheel_faults(WHEEL, SOURCES, "1.0") == []
    assert contents.sdist_faults(SDIST, SOURCES) == []


@pytest.mark.parametrize("name", sorted(WHEEL))
def test_each_file_that_a_wheel_lacks_is_told(name: str) -> None:
    assert contents.wheel_faults(WHEEL - {name}, SOURCES, "1.0") == [f"missing: {name}"]


@pytest.mark.parametrize(
    "name",
    [
        *("tests/test_engine.py", "x12proc/old.py", "x12proc/wire/x.pyc", "other/a.py"),
        "x12proc/config/reference/sources/hcpcs.csv",  # what tables are built from
    ],
)
def test_a_file_of_no_source_is_told(name: str) -> None:
    assert f"of no file in the repository: {name}" in contents.wheel_faults(WHEEL | {name}, SOURCES, "1.0")


@pytest.mark.parametrize("name", ["x12proc/tests/a.py", "x12proc/replay/other.edi", "x12proc/wire/test_scan.py"])
def test_test_data_is_told_even_if_the_package_holds_it(name: str) -> None:
    faults = contents.wheel_faults(WHEEL | {name}, SOURCES | {name}, "1.0")
    assert faults == [f"should not be in a wheel: {name}"]


@pytest.mark.parametrize("name", sorted(SOURCES - {".ci/run"}))
def test_each_file_that_an_sdist_lacks_is_told(name: str) -> None:
    assert contents.sdist_faults(SDIST - {name}, SOURCES) == [f"missing: {name}"]


def test_a_file_that_git_does_not_know_is_told() -> None:
    assert contents.sdist_faults(SDIST | {"notes.txt"}, SOURCES) == ["of no file in the repository: notes.txt"]
