"""The units and container files of docs/examples call what there is, as it is called."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from x12proc.cli.app import app

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "docs" / "examples"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
UNITS = sorted(EXAMPLES.rglob("*.service"))
CONTAINERS = sorted(EXAMPLES.rglob("Containerfile"))


def understood(arguments: list[str]) -> None:
    """Whether the program takes these arguments; it is not run. Raises click.UsageError."""
    command: click.Command = app
    context = click.Context(command)
    while isinstance(command, click.Group) and arguments:
        found = command.get_command(context, arguments[0])
        if found is None:
            break
        command, arguments = found, arguments[1:]
    command.make_context(command.name, arguments)


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_what_there_is(path: Path) -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their letters
    unit.read(path)
    program, *arguments = shlex.split(unit["Service"]["ExecStart"])
    assert Path(program).name == "x12proc"
    understood(arguments)
    assert unit["Service"]["UMask"] == "0077"
    written = re.findall(r"/srv/\S+", unit["Service"]["ReadWritePaths"])
    assert written, "ProtectSystem=strict lets it write nowhere else"


@pytest.mark.parametrize("path", CONTAINERS, ids=lambda path: path.parent.name)
def test_a_container_file_installs_and_starts_what_there_is(path: Path) -> None:
    text = path.read_text()
    version = re.search(r"FROM \S+python:(\d+)\.(\d+)", text)
    assert version
    assert (int(version[1]), int(version[2])) >= (3, 11), PROJECT["requires-python"]
    extras = re.search(r"'x12proc\[([^\]]+)\]'", text)
    assert extras
    assert set(extras[1].split(",")) <= PROJECT["optional-dependencies"].keys()
    (entry,) = re.findall(r"^ENTRYPOINT (\[.*\])$", text, re.MULTILINE)
    program, *arguments = json.loads(entry)
    assert program in PROJECT["scripts"]
    understood(arguments)
    assert "\nUSER " in text
    assert not re.search(r"^(COPY|ADD) ", text, re.MULTILINE), "it needs nothing of the tree"


def test_there_is_one_of_each_for_feed_and_service() -> None:
    assert [path.parent.name for path in UNITS] == ["feed", "service"]
    assert [path.parent.name for path in CONTAINERS] == ["feed", "service"]
