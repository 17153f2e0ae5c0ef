"""README.md and docs/api.md are executed: their Python, the worked example, and every command."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.remittances import answer, remittance

from x12proc.cli.app import app

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text()
DEMO = ROOT / "fixtures" / "demo"
USE = re.search(r"## Use\n\n```\n(.*?)```", TEXT, re.DOTALL)
assert USE is not None
COMMANDS = [line.partition(" #")[0].strip() for line in USE[1].splitlines()]
#: These run until they are stopped; tests/feed and tests/service run them.
ENDLESS = ("x12proc watch", "x12proc serve", "x12proc mcp", "x12proc lsp")


def test_the_python_of_the_readme_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    code = re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert code is not None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code[1], "README.md", "exec"), {})
    assert "P3004 rejected uhc" in printed.getvalue()
    assert "H5001" in printed.getvalue()


def test_the_worked_example_is_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(app, ["scrub", "fixtures/demo/clinic-837p.edi", "--as-of", "2024-04-01"])
    example = re.search(r"```\n(Claim P3004.*?)```", TEXT, re.DOTALL)
    assert example is not None
    assert example[1] in result.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the files that the README's commands name."""
    made = tmp_path_factory.mktemp("readme")
    for name in ("claims.edi", "big.edi", "inbox/clinic.edi"):
        (made / name).parent.mkdir(exist_ok=True)
        shutil.copy(DEMO / "clinic-837p.edi", made / name)
    shutil.copytree(ROOT / "fixtures" / "replay", made / "cases")
    (made / "key.txt").write_text("a long secret of this test\n")
    (made / "remit.835").write_bytes(remittance(answer("P1001")))
    program = made / "bin" / "x12proc"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m x12proc --log-level error "$@"\n')
    program.chmod(0o755)
    return made


def test_the_commands_of_the_readme_run(folder: Path) -> None:
    """In their order, since the later ones read what the earlier ones write."""
    environment = {"PATH": f"{folder / 'bin'}:/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    run = [command for command in COMMANDS if not command.startswith(ENDLESS)]
    assert len(run) == len(COMMANDS) - len(ENDLESS) > 15
    for command in run:
        done = subprocess.run(
            ["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode in (0, 1), (command, done.stderr)
        assert "Traceback" not in done.stderr, (command, done.stderr)
    assert (folder / "restored.edi").read_bytes() == (folder / "claims.edi").read_bytes()


def test_the_python_of_the_manual_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(ROOT)
    manual = (ROOT / "docs" / "api.md").read_text()
    names: dict[str, Any] = {"source": "fixtures/demo/clinic-837p.edi"}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for code in re.findall(r"```python\n(.*?)```", manual, re.DOTALL):
            exec(compile(code, "docs/api.md", "exec"), names)
        inbox, outbox = tmp_path / "in", tmp_path / "out"
        inbox.mkdir()
        outbox.mkdir()
        for path in ("clinic-837p.edi", "hospital-837i.edi"):
            (inbox / path).write_bytes((DEMO / path).read_bytes())
        (inbox / "broken.edi").write_bytes(b"ISA*")
        names["send_on"](inbox, outbox)
    assert "hospital-837i.277ca.edi" in printed.getvalue()
    assert "broken.edi failed:" in printed.getvalue()
    assert [path.name for path in inbox.iterdir()] == ["broken.edi"]
    assert len(list(outbox.glob("*.accepted.edi"))) == 2
