"""What the fuzzer found once never comes back: each input under fixtures/defects against its target's promises."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz_targets import DEFECTS, TARGETS

FOUND = sorted(path for path in DEFECTS.rglob("*") if path.is_file() and path.suffix != ".md")


@pytest.mark.parametrize("path", FOUND, ids=lambda path: f"{path.parent.name}-{path.name[:8]}")
def test_a_find_of_the_fuzzer_keeps_the_promises(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


def test_every_target_has_its_promises_kept_on_nothing_and_on_noise() -> None:
    for check in TARGETS.values():
        check(b"")
        check(bytes(range(256)))
