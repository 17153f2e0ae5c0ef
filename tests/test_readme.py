"""What the README promises: its Python runs, and its worked example is what the program prints."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from x12proc.cli.app import app

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text()


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
            (inbox / path).write_bytes((ROOT / "fixtures" / "demo" / path).read_bytes())
        (inbox / "broken.edi").write_bytes(b"ISA*")
        names["send_on"](inbox, outbox)
    assert "hospital-837i.277ca.edi" in printed.getvalue()
    assert "broken.edi failed:" in printed.getvalue()
    assert [path.name for path in inbox.iterdir()] == ["broken.edi"]
    assert len(list(outbox.glob("*.accepted.edi"))) == 2
