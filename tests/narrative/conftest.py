"""The lexicon of the shipped edition, loaded once."""

from __future__ import annotations

from pathlib import Path

import pytest

from x12proc.narrative import Lexicon
from x12proc.reference.edition import Reference

FOLDER = Path(__file__).parents[2] / "config" / "reference"


@pytest.fixture(scope="session")
def lexicon() -> Lexicon:
    return Reference(lambda name: (FOLDER / name).read_bytes()).lexicon()
