"""Holds the quick walk through a guide against pyx12, on files with faults put in at random.

python tests/support/guide_agreement.py 10000     so many files, and the claims that came out differently
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import cache

from support.edi import CLINIC, HOSPITAL, base, restyle
from support.mutations import mutated, shorten
from x12proc.conformance.batcher import ClaimBatcher
from x12proc.conformance.check import check
from x12proc.conformance.chunks import CHECKED_GUIDES, Batch, version
from x12proc.wire.events import ClaimSpan
from x12proc.wire.scanner import scan

STYLES = ("tilde", "tilde-lf", "tilde-crlf", "pipe", "newline", "control")


def batches(data: bytes) -> Iterator[Batch]:
    """All claims of a file as a validator is sent them."""
    claims = [event for event in scan(data, ("J3590",), all_claims=True) if isinstance(event, ClaimSpan)]
    return ClaimBatcher(data).batches([span for span in claims if version(span) in CHECKED_GUIDES])


def differs(data: bytes) -> bool:
    """Whether pyx12 says anything else of a file than the fast walk with pyx12 after it."""
    return any(check(batch) != check(batch, fast=False) for batch in batches(data))


@cache
def sources() -> tuple[bytes, ...]:
    """What faults are put into."""
    clinic, hospital = CLINIC.read_bytes(), HOSPITAL.read_bytes()
    return (base(), base("I"), shorten(clinic, 0, 4), shorten(hospital, 0, 4), shorten(clinic, 1, 6))


def faulty(seed: int) -> bytes:
    """A file with one to three faults, in one of several styles; the same for the same seed."""
    data = mutated(sources()[seed % 5], seed, 1 + seed % 3)
    try:
        return restyle(data, STYLES[seed % 6])
    except IndexError:  # the fault is in the ISA
        return data


def disagreements(seeds: Iterable[int]) -> list[int]:
    """The seeds whose files come out differently."""
    return [seed for seed in seeds if differs(faulty(seed))]


if __name__ == "__main__":
    COUNT = int(sys.argv[1])
    FOUND = disagreements(range(COUNT))
    print(f"{COUNT:,} files with faults, {len(FOUND)} that came out differently: {FOUND[:20]}")  # noqa: T201
    sys.exit(bool(FOUND))
