"""The development lock holds what pyproject.toml asks for; found without asking an index."""

from __future__ import annotations

from pathlib import Path

import lock
import pytest
from checking import CheckError

ROOT = Path(__file__).parents[2]
PYPROJECT = """
[project]
dependencies = ["click>=8.1", "Typing_Extensions"]
optional-dependencies = { dev = ["pytest>=9,<10"], everything = ["x12proc[dev]"] }
"""
LOCK = r"""
click==8.5.1 \
    --hash=sha256:aa
    # via x12proc
pytest==8.4.0 ; python_full_version < '3.12' \
    --hash=sha256:bb
pytest==9.2.0 ; python_full_version >= '3.12' \
    --hash=sha256:cc \
    --hash=sha256:dd
typing-extensions==4.16.0 \
    --hash=sha256:ee
"""


def test_the_lock_of_this_repository_is_whole() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert lock.unlocked(pyproject, lock.LOCK.read_text(encoding="utf-8")) == [], "run 'make lock'"


def test_a_lock_that_fits() -> None:
    assert lock.unlocked(PYPROJECT, LOCK) == []


def test_a_package_that_is_asked_for_and_not_there() -> None:
    assert lock.unlocked(PYPROJECT.replace('"click>', '"rich>=13", "click>'), LOCK) == ["rich>=13"]


def test_a_version_that_does_not_fit() -> None:
    assert lock.unlocked(PYPROJECT, LOCK.replace("8.5.1", "8.0.9")) == ["click>=8.1"]


def test_a_pin_without_a_hash() -> None:
    assert lock.unlocked(PYPROJECT, LOCK.replace("    --hash=sha256:bb\n", "")) == ["pytest==8.4.0 has no hash"]


def test_a_lock_that_would_be_made_otherwise_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "remade", lambda: "click==9.0.0\n")
    with pytest.raises(CheckError, match="run 'make lock'"):
        lock.check()
