"""``make acceptance`` shows what another version of x12proc says about the same files."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.edi import CLINIC, base

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "acceptance.py"


def compare(version: Path, *files: Path) -> subprocess.CompletedProcess[str]:
    """Compare this checkout with a base."""
    command = [sys.executable, str(TOOL), "--base", str(version), *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """Return a checkout in which an absent NDC does not reject."""
    copy = tmp_path / "base"
    shutil.copytree(ROOT / "x12proc", copy / "x12proc", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "config", copy / "config")
    rules = copy / "x12proc" / "rules" / "ndc" / "presence.py"
    text = rules.read_text()
    assert "severity=REJECT" in text
    rules.write_text(text.replace("severity=REJECT", "severity=WARN"))
    return copy


def test_the_same_version_has_no_difference() -> None:
    done = compare(ROOT, CLINIC)
    assert done.returncode == 0, done.stderr
    assert "Newly rejected: 0" in done.stdout


def test_a_claim_that_only_one_version_rejects_is_listed(planted: Path, tmp_path: Path) -> None:
    source = tmp_path / "no-ndc.edi"
    source.write_bytes(re.sub(rb"LIN\*.*?~\s*CTP\*.*?~\s*", b"", base()))
    done = compare(planted, source)
    assert done.returncode == 1, done.stderr
    assert "Newly rejected: 0" not in done.stdout
    assert "Newly accepted: 0" in done.stdout


def test_a_version_that_does_not_run_is_an_error(tmp_path: Path) -> None:
    done = compare(Path(sys.executable).with_name("python-that-is-missing"), CLINIC)
    assert done.returncode == 2
    assert compare(ROOT, tmp_path).returncode == 2
