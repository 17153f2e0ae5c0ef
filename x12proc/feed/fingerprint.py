"""Identify an input file before it is scrubbed: the hash of its bytes, its interchanges, its number of claims."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

import msgspec

from x12proc.engine.stream import Summary
from x12proc.errors import X12SyntaxError
from x12proc.reports.acks.envelopes import ControlNumbers
from x12proc.reports.acks.ta1 import InterchangeAcknowledgement
from x12proc.runner.files import Input, OpenInput
from x12proc.wire.events import Interchange, TransactionClosed, field
from x12proc.wire.scanner import scan

DUPLICATE_CONTROL = "025"  # TA105, data element I18: duplicate interchange control number
_PARTNERS_AND_NUMBER = (5, 6, 7, 8, 13)  # ISA05 to ISA08 and ISA13


class Fingerprint(msgspec.Struct, frozen=True):
    """The identity of an input file; empty when the input can't be opened."""

    sha256: str = ""
    interchanges: dict[str, Interchange] = {}  # by interchange key; the first of several with the same key
    claims: int = 0


def interchange_key(interchange: Interchange) -> str:
    """Return the hash of sender, receiver and control number, which must be unique among interchanges."""
    fields = interchange.header.fields
    return hashlib.sha256("\0".join(field(fields, index) for index in _PARTNERS_AND_NUMBER).encode()).hexdigest()


def read_fingerprint(source: Input) -> Fingerprint:
    """Read an input and return its fingerprint. Raises OSError when reading fails after the input was opened."""
    try:
        opened = OpenInput(source)
    except (X12SyntaxError, OSError):
        return Fingerprint()  # the scrub run reports the error
    interchanges: dict[str, Interchange] = {}
    claims = 0
    with opened:
        for event in scan(opened.buffer, ()):
            if isinstance(event, Interchange):
                interchanges.setdefault(interchange_key(event), event)
            elif isinstance(event, TransactionClosed):
                claims += event.claims
        return Fingerprint(opened.sha256, interchanges, claims)


def write_duplicate_ta1(
    source: Input, fingerprint: Fingerprint, keys: Collection[str], path: Path, now: datetime
) -> None:
    """Write a TA1 with code 025 for each interchange whose key is in ``keys``. Raises OSError.

    Other interchanges of the file get no TA1, because the file is in quarantine until a person reviews it.
    """
    with OpenInput(source) as opened, path.open("wb") as file:
        writer = InterchangeAcknowledgement(
            opened.buffer, file.write, ControlNumbers(), now, refuse=lambda _: DUPLICATE_CONTROL
        )
        for key, interchange in fingerprint.interchanges.items():
            if key in keys:
                writer.handle(interchange)
        writer.end(Summary())
