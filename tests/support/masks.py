"""Masking for the tests: one key, the shipped reference edition, and the comparison of findings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import lru_cache

from support import rules as rule_run
from x12proc.engine.engine import Engine
from x12proc.mask.compare import Comparison, compare
from x12proc.mask.factory import make_masker
from x12proc.mask.masker import Masker
from x12proc.mask.pseudonyms import Key
from x12proc.profiles.profiles import Profiles
from x12proc.reports.edi.edits import apply
from x12proc.rules import all_rules
from x12proc.wire.window import WINDOW

TODAY = date(2024, 4, 1)


@lru_cache(maxsize=8)
def key(secret: str = "the key of the tests") -> Key:
    return Key(secret.encode())


def masked(data: bytes, *, secret: str = "the key of the tests", shift: int = 112, window: int = WINDOW) -> bytes:
    """The masked file."""
    return run(data, secret=secret, shift=shift, window=window)[0]


def run(
    data: bytes, *, secret: str = "the key of the tests", shift: int = 112, window: int = WINDOW
) -> tuple[bytes, Masker]:
    """The masked file, and its masker with what it was in doubt of."""
    masker = make_masker(data, key(secret), shift, TODAY, rule_run.reference().lexicon())
    return b"".join(apply(data, masker.edits(window))), masker


def compared(data: bytes, other: bytes, engine: Callable[[], Engine] | None = None) -> Comparison:
    """Both files scrubbed and compared; with the default engine when none is given."""
    make = engine or (lambda: default_engine(rule_run.profiles()))
    return compare((data, make()), (other, make()), ("J3590",))


def default_engine(profiles: Profiles) -> Engine:
    return Engine(all_rules(), profiles, rule_run.reference(), codes=("J3590",), as_of=date(2026, 11, 23))


def without_differences(data: bytes, engine: Callable[[], Engine] | None = None) -> int | None:
    """The first shift of dates under which the findings stay; None when there is none."""
    for shift in key().shifts:
        if not compared(data, masked(data, shift=shift), engine).count:
            return shift
    return None
