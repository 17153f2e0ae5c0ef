"""The examples of docs/vendors.md are executed: filter, API and HTTP give the same accepted claims."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.edi import CLINIC, base
from support.services import Service

from x12proc import X12SyntaxError, read

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "docs" / "vendors.md").read_text()
SCRIPTS = [code for code in re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL) if "x12proc scrub" in code]


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which ``x12proc`` runs this checkout."""
    program = tmp_path / "bin" / "x12proc"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -W error -m x12proc --log-level error "$@"\n')
    program.chmod(0o755)
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    paths = os.pathsep.join((str(program.parent), os.environ["PATH"]))
    return {**os.environ, "PATH": paths, "PYTHONPATH": str(ROOT)}


def test_the_filter_writes_what_may_be_sent(shell: dict[str, str], tmp_path: Path) -> None:
    for script in SCRIPTS:
        done = subprocess.run(
            ["sh", "-eu", "-c", script], cwd=tmp_path, env=shell, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert len(SCRIPTS) == 2
    sent = (tmp_path / "checked" / "clinic-837p.accepted.edi").read_bytes()
    assert (tmp_path / "accepted.edi").read_bytes() == sent
    assert 0 < len(list(read(sent))) < len(list(read(CLINIC)))


def test_a_file_that_fails_is_not_sent(shell: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "cut.edi").write_bytes(base()[:-90])
    script = SCRIPTS[0].replace("fixtures/demo/clinic-837p.edi", "cut.edi")
    done = subprocess.run(
        ["sh", "-eu", "-c", script], cwd=tmp_path, env=shell, capture_output=True, text=True, check=False
    )
    assert "nothing is sent: exit code 3" in done.stderr
    assert "send" not in done.stdout
    assert not list((tmp_path / "checked").glob("*.accepted.edi"))


def test_python_and_http_give_the_same_result(tmp_path: Path) -> None:
    names: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL):
        exec(compile(code, "docs/vendors.md", "exec"), names)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        sent = names["checked"](str(CLINIC), tmp_path).read_bytes()
    with Service(tmp_path / "data") as service:
        data = CLINIC.read_bytes()
        rejected = names["rejected"](service.url, service.key, data)
        assert names["accepted"](service.url, service.key, data) == sent
    assert {line.split()[0] for line in printed.getvalue().splitlines()} == set(rejected)
    assert len(rejected) > 10
    (tmp_path / "cut.edi").write_bytes(base()[:-90])
    with pytest.raises(X12SyntaxError):
        names["checked"](tmp_path / "cut.edi", tmp_path)
    assert not (tmp_path / "cut.accepted.edi").exists()
