"""Packages import only from those above them in docs/architecture.md, and the core is pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "x12proc"

# A package or module may import from itself and from those before it.
LAYERS = [
    "errors", "version", "values",
    "wire", "testing", "claims", "findings", "typed_toml", "narrative", "reference", "rules", "profiles", "engine",
    "conformance", "reports", "mask", "extract", "runner", "record", "correct", "replay", "spark", "api", "feed",
    "service", "pytest_plugin", "cli", "__main__",
]  # fmt: skip
#: Modules that reach files, processes, the clock or the environment; everything else takes bytes and values.
OUTER = {
    "runner", "spark", "feed", "api", "service", "pytest_plugin", "cli", "__main__",
    "correct.run", "extract.parquet", "record.database", "record.key_file", "record.recorder", "record.store",
    "replay.cases", "replay.compare_runs",
}  # fmt: skip
# Modules that do I/O. importlib.resources is allowed: it reads what the package ships.
WORLD = {
    "os", "sys", "io", "pathlib", "time", "socket", "subprocess", "tempfile", "logging", "structlog", "random",
    "mmap", "shutil", "glob", "gzip", "multiprocessing", "threading", "concurrent", "asyncio",
}  # fmt: skip

CLOCKS = {"now", "today", "utcnow"}
MODULES = sorted(PACKAGE.rglob("*.py"))


def layer_of(path: Path) -> str:
    """Return the top-level package of a module, or the module itself."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def is_outer(path: Path) -> bool:
    """Return whether a module, or a package that contains it, is listed in OUTER."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return any(".".join(parts[: length + 1]) in OUTER for length in range(len(parts)))


def imports(path: Path) -> Iterator[str]:
    """Yield the full names that a module imports; for ``from x12proc import b`` also ``x12proc.b``."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module == "x12proc":
                yield from (f"x12proc.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module_imports_only_from_layers_before_it(path: Path) -> None:
    layer = layer_of(path)
    if layer == "__init__":
        return
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "x12proc" and len(parts) > 1:
            assert LAYERS.index(parts[1]) <= LAYERS.index(layer), f"{layer} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_core_does_no_io(path: Path) -> None:
    if is_outer(path) or layer_of(path) == "__init__":
        return
    assert {name.split(".")[0] for name in imports(path)} & WORLD == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_core_reads_no_clock(path: Path) -> None:
    """Today's date is an argument: no call of ``now()``, ``today()`` or ``utcnow()``."""
    if is_outer(path) or layer_of(path) == "__init__":
        return
    calls = (node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    clocks = [call.attr for call in calls if isinstance(call, ast.Attribute) and call.attr in CLOCKS]
    assert clocks == []


def test_every_layer_is_in_the_architecture_in_this_order() -> None:
    assert {layer_of(path) for path in MODULES} - {"__init__"} == set(LAYERS)
    text = (PACKAGE.parent / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| (`[^|]*) \|", text.partition("## Packages")[2].partition("\n## ")[0], re.MULTILINE)
    assert [name.rstrip("/") for row in rows for name in re.findall(r"`([^`]+)`", row)] == LAYERS
