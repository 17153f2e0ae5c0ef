"""Results hold no context, and claims end with their results: no cache holds a claim or a service line."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest
from support.edi import CLINIC, HOSPITAL

import x12proc
from x12proc.claims.model import Claim, ServiceLine
from x12proc.engine.rule_memo import DrugOnlyContext
from x12proc.rules.context import Context

KINDS = (Context, DrugOnlyContext, Claim, ServiceLine)


def reachable() -> Iterator[object]:
    """Yield every object that is alive; structs declared with ``gc=False`` are found through their holders."""
    gc.collect()
    seen: set[int] = set()
    waiting: list[object] = [thing for thing in gc.get_objects() if thing is not seen]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or thing is waiting:
            continue
        seen.add(id(thing))
        yield thing
        waiting += gc.get_referents(thing)
        if isinstance(thing, msgspec.Struct):
            waiting += [getattr(thing, name) for name in thing.__struct_fields__]


def alive() -> Counter[str]:
    """Count the claims, service lines and contexts that are alive, by type."""
    return Counter(type(thing).__name__ for thing in reachable() if isinstance(thing, KINDS))


def main(path: str) -> None:
    """Scrub a file, and write what is alive while its results are held and afterwards."""
    results = list(x12proc.scrub(path))
    held = alive()
    assert len(results) == held["Claim"]
    del results
    sys.stdout.write(f"{sorted(held)} then {sorted(alive())}")


@pytest.mark.parametrize("path", [CLINIC, HOSPITAL], ids=lambda path: path.stem)
def test_nothing_of_a_claim_outlives_its_result(path: object) -> None:
    command = [sys.executable, __file__, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "['Claim', 'ServiceLine'] then []", done.stderr


if __name__ == "__main__":
    main(sys.argv[1])
