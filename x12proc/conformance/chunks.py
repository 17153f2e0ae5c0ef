"""What a validator is sent: pieces of a file, in the order of the hierarchy, and what it answers.

A claim can't be judged without the loops that it hangs under. Pieces come so that the last one of each higher
level is what the next piece hangs under: ``ST, HL 20, HL 22, claim, claim, HL 22, HL 23, claim``. Loops that many
claims share are sent once, and loops that none of the claims hangs under are left out.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from x12proc.findings import GuideError
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.events import ClaimSpan, Group, Interchange, Span, TransactionSet
from x12proc.wire.versions import effective_version

# The guides that pyx12 has a map for; a test holds this against its index.
CHECKED_GUIDES = frozenset(("005010X222A1", "005010X223A2"))

HEADER, PROVIDER, SUBSCRIBER, PATIENT, CLAIM, TRAILER = range(6)
GuideErrors: TypeAlias = tuple[GuideError, ...]


class TransactionEnd(msgspec.Struct, frozen=True):
    """The end of a set, as something to be judged: its SE (None where it has none) and loops without a claim."""

    interchange: Interchange
    group: Group
    transaction: TransactionSet
    trailer: Span | None


Item: TypeAlias = ClaimSpan | TransactionEnd


def version(item: Item) -> str:
    """The guide version that an item's set is to keep to."""
    return effective_version(item.transaction.fields, item.group.version)


class Chunk(msgspec.Struct, frozen=True, gc=False):
    """A run of whole segments: ST to the first HL, an HL loop, a claim, or an SE.

    ``number`` says which HL of its set an HL loop is, or which claim of its HL loop a claim is, from 1.
    ``follower`` is the head of the segment behind it, without which nothing can be missing at its end; it is
    empty where the next piece hangs under this one. ``claimed`` tells that a claim hangs under the loop which an
    earlier batch held. ``raw`` is empty when there is too much of it.
    """

    raw: bytes
    offset: int
    segment_index: int
    level: int
    number: int = 0
    follower: bytes = b""
    claimed: bool = False


class Batch(msgspec.Struct, frozen=True):
    """Pieces under one guide and with the same delimiters. ``closes`` tells that the last one ends its set."""

    guide: str
    delimiters: Delimiters
    pieces: tuple[Chunk, ...]
    closes: bool = False


class BatchResult(msgspec.Struct, frozen=True):
    """What the guide holds against a batch.

    ``claims`` has an entry for each claim, in order: faults of the claim and of the loops it hangs under.
    ``loose`` are the faults of loops that no claim hangs under.
    """

    claims: tuple[GuideErrors, ...]
    loose: GuideErrors
