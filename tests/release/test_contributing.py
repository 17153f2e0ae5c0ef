"""The rule that CONTRIBUTING.md writes step by step is found where its fixture says, in a copy of the package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from checking import ROOT

from x12proc.rules import all_rules, retired

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"<!-- (\S+) -->\n```\w+\n(.*?)```", TEXT, re.DOTALL))


def test_the_example_rule_does_what_its_fixture_says(tmp_path: Path) -> None:
    for folder in ("x12proc", "config"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    rule, fixture = (name for name in BLOCKS if "NAR19" in BLOCKS[name] and not name.startswith("tests/"))
    module = tmp_path / rule
    module.write_text(module.read_text(encoding="utf-8") + "\n\n" + BLOCKS[rule], encoding="utf-8")
    cases = tmp_path / "NAR19.toml"
    cases.write_text(BLOCKS[fixture], encoding="utf-8")
    command = [sys.executable, "-m", "x12proc", "replay", str(cases)]
    # 'make coverage' would measure the copy as well, which is gone when it adds up.
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    surroundings = unmeasured | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=surroundings, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "2 cases, 0 with differences"), done.stderr


@pytest.mark.parametrize("name", sorted(name for name in BLOCKS if name.endswith(".py")))
def test_the_example_goes_into_a_file_that_exists_and_parses(name: str) -> None:
    assert (ROOT / name).exists()
    compile(BLOCKS[name], name, "exec")


def test_the_commands_that_are_told_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`?make ([a-z-]+)", TEXT)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for path in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", TEXT):
        assert (ROOT / path).exists(), path
    for path in re.findall(r"\.venv/bin/python (tools/\S+\.py)", TEXT):
        assert (ROOT / path).exists(), path


def test_the_next_number_is_the_next() -> None:
    """The example takes the number after the last one of its family, and adds it to the ids of its module."""
    (module,) = (name for name in BLOCKS if name.startswith("x12proc/rules/"))
    (command,) = (line for line in TEXT.splitlines() if line.startswith("sed -i '1s/"))
    head = (ROOT / module).read_text(encoding="utf-8").splitlines()[0]
    last, following = re.findall(r"1s/(\w+)/.*, (\w+)/", command)[0]
    assert command.endswith(module)
    assert last in head
    assert last in all_rules()
    assert following not in {*all_rules(), *retired.NOT_CHECKS}
