"""The coverage tables: what falls short fails, and what is left out has a reason."""

from __future__ import annotations

import coverage_table as tables
import msgspec
import pytest
from coverage_table import Package, Report

FULL = {package: Package(100, 100, 40, 40) for package in tables.CORE}


def report(**files: tuple[int, int, int, int]) -> Report:
    """Modules with statements, run ones, branches, taken ones; a double underscore is the slash."""
    return msgspec.convert(
        {
            "files": {
                f"x12proc/{name.replace('__', '/')}.py": {
                    "summary": dict(
                        zip(
                            ("num_statements", "covered_lines", "num_branches", "covered_branches"),
                            counts,
                            strict=True,
                        )
                    ),
                    "functions": {
                        "scan": {"missing_lines": [7], "missing_branches": [[3, 7], [9, -2]]},
                        "": {"missing_lines": [], "missing_branches": []},
                    },
                }
                for name, counts in files.items()
            }
        },
        Report,
    )


def test_a_full_core_is_not_short() -> None:
    assert tables.short(FULL) == []


@pytest.mark.parametrize(
    "counts", [Package(100, 94, 40, 40), Package(100, 100, 40, 37), Package(1000, 949, 40, 40)]
)
def test_a_package_short_of_statements_or_branches_is_reported(counts: Package) -> None:
    (fault,) = tables.short(FULL | {"wire": counts})
    assert fault.startswith("wire: ")


def test_a_package_that_was_not_measured_is_short() -> None:
    assert tables.short({package: FULL[package] for package in tables.CORE if package != "conformance"}) == [
        "conformance: not measured"
    ]


def test_a_package_is_a_folder_or_a_module() -> None:
    found = tables.packages(report(wire__scanner=(10, 9, 4, 3), wire__tidy=(5, 5, 0, 0), engine=(8, 8, 2, 2)))
    assert found == {"wire": Package(15, 14, 4, 3), "engine": Package(8, 8, 2, 2)}


def test_all_and_nearly_all_are_not_the_same_figure() -> None:
    text = tables.table({"wire": Package(10_000, 9_999, 0, 0)}, ["wire"], "core")
    assert "| wire | 10,000 | 99.9 % | 0 | 100.0 % |" in text


def test_what_is_not_reached_is_listed_by_function() -> None:
    found = report(wire__scanner=(10, 9, 4, 3), cli__scrub=(10, 1, 0, 0))
    assert tables.unreached(found) == ["| wire/scanner.py | scan | 3, 7, 9 |"]


def test_every_pragma_in_the_package_has_a_reason() -> None:
    for path, text in tables.sources().items():
        for kind, reason in tables.PRAGMA.findall(text):
            assert len(reason) > 10, f"{path}: 'pragma: no {kind}' without a reason after a dash"


def test_pragmas_are_found_with_their_reason() -> None:
    text = "x = 1  # pragma: no cover - only without lxml\nif y:  # pragma: no branch\n"
    assert tables.PRAGMA.findall(text) == [("cover", "only without lxml"), ("branch", "")]
    assert tables.reasons({"x12proc/a.py": text})[0] == "| a.py | only without lxml |"


def test_copies_that_tests_run_elsewhere_do_not_count() -> None:
    measured = report(wire__scanner=(10, 10, 2, 2))
    copied = {f"/elsewhere/{path}": file for path, file in measured.files.items()}
    assert tables.ours(Report({**measured.files, **copied})) == measured
