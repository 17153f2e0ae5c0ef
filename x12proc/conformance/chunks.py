"""The input of the guide check, chunks of a file in the order of the hierarchy, and its result.

A claim can't be checked without the loops above it. Chunks are ordered so that the last one of each higher level
is the parent of the next chunk: ``ST, HL 20, HL 22, claim, claim, HL 22, HL 23, claim``. Loops that many claims
share are sent once, and loops that are above none of the claims are left out.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from x12proc.findings import GuideError
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.events import ClaimSpan, Group, Interchange, Span, TransactionSet
from x12proc.wire.versions import effective_version

# The guides that pyx12 has a map for; a test compares this with its index.
CHECKED_GUIDES = frozenset(("005010X222A1", "005010X223A2"))

HEADER, PROVIDER, SUBSCRIBER, PATIENT, CLAIM, TRAILER = range(6)
GuideErrors: TypeAlias = tuple[GuideError, ...]


class TransactionEnd(msgspec.Struct, frozen=True):
    """The end of a set, as an item to check: its SE (None where it has none) and loops without a claim."""

    interchange: Interchange
    group: Group
    transaction: TransactionSet
    trailer: Span | None


CheckItem: TypeAlias = ClaimSpan | TransactionEnd


def version(item: CheckItem) -> str:
    """Return the guide version that an item's set must keep to."""
    return effective_version(item.transaction.fields, item.group.version)


class Chunk(msgspec.Struct, frozen=True, gc=False):
    """A range of whole segments: ST to the first HL, an HL loop, a claim, or an SE.

    ``number`` is the ordinal of an HL loop in its set, or of a claim in its HL loop, from 1. ``next_head`` is the
    head of the segment after it, which shows whether something is missing at its end; it is empty where the next
    chunk is a child of this one. ``has_claim`` is whether an earlier batch held a claim below this loop. ``raw``
    is empty when there is too much of it.
    """

    raw: bytes
    offset: int
    segment_index: int
    level: int
    number: int = 0
    next_head: bytes = b""
    has_claim: bool = False


class Batch(msgspec.Struct, frozen=True):
    """Chunks under one guide and with the same delimiters. ``ends_transaction`` is whether the last one ends its
    set."""

    guide: str
    delimiters: Delimiters
    chunks: tuple[Chunk, ...]
    ends_transaction: bool = False


class BatchResult(msgspec.Struct, frozen=True):
    """The guide errors of a batch.

    ``claims`` has an entry for each claim, in order: the errors of the claim and of the loops above it.
    ``unattached`` are the errors of loops that are above no claim.
    """

    claims: tuple[GuideErrors, ...]
    unattached: GuideErrors
