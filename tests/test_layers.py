"""The arrows of docs/architecture.md: each room imports only from rooms to its left, and the core is pure."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "x12proc"

# From left to right. A room may import from itself and from rooms before it.
ROOMS = [
    "errors", "version", "values", "wire", "testing", "claims", "findings", "typed_toml", "reference",
    "narrative", "rules", "profiles", "silence", "engine", "fixes", "judge", "guide", "pyx12_walk",
    "conformance", "scrub", "verdicts", "reports", "mask", "extract", "rulebook", "profilebook",
    "profileschema", "replay", "ownrules", "files", "pool", "settings", "artefacts", "parquet", "sharing",
    "runlog", "run", "batch", "spark", "cases", "upgrade", "feed", "api", "service", "pytest_plugin", "cli",
    "__main__",
]  # fmt: skip
OUTER = {
    *("ownrules", "files", "pool", "settings", "artefacts", "parquet", "sharing", "runlog", "run"),
    *("batch", "spark", "cases", "upgrade", "feed"),
    *("api", "service"),
    *("pytest_plugin", "cli", "__main__"),
}
# What reaches the world. importlib.resources may read what the package itself ships.
WORLD = {
    *("os", "sys", "io", "pathlib", "time", "socket", "subprocess", "tempfile", "logging", "structlog", "random"),
    *("mmap", "shutil", "glob"),
}
ALLOWED = {("reports", "io"), ("narrative", "reference"), ("reference", "narrative")}

MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0].removesuffix(".py")


def imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module_imports_only_to_its_left(path: Path) -> None:
    room = room_of(path)
    if room == "__init__":
        return
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "x12proc" and len(parts) > 1 and (room, parts[1]) not in ALLOWED:
            assert ROOMS.index(parts[1]) <= ROOMS.index(room), f"{room} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_core_touches_no_world(path: Path) -> None:
    room = room_of(path)
    if room in OUTER or room == "__init__":
        return
    touched = {name.split(".")[0] for name in imports(path)} & WORLD
    assert {name for name in touched if (room, name) not in ALLOWED} == set()


def test_every_room_is_on_the_drawing() -> None:
    assert {room_of(path) for path in MODULES} - {"__init__"} <= set(ROOMS)
    drawing = (PACKAGE.parent / "docs" / "architecture.md").read_text()
    assert [
        room for room in ROOMS if room != "__main__" and f"`{room}`" not in drawing and f"`{room}/`" not in drawing
    ] == []
