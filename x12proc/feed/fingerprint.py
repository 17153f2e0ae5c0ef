"""What an input is, before it is scrubbed: its bytes' hash, its interchanges, how many claims stand in it."""

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


class Contents(msgspec.Struct, frozen=True):
    """Of an input that can be opened; of another one all is empty."""

    sha256: str = ""
    interchanges: dict[str, Interchange] = {}  # each by its key, the first where several have the same
    claims: int = 0


def interchange_key(interchange: Interchange) -> str:
    """What two interchanges may not share: sender, receiver and control number, hashed."""
    fields = interchange.header.fields
    return hashlib.sha256("\0".join(field(fields, place) for place in _PARTNERS_AND_NUMBER).encode()).hexdigest()


def read_contents(source: Input) -> Contents:
    """Read an input once. Raises OSError when reading fails half-way."""
    try:
        opened = OpenInput(source)
    except (X12SyntaxError, OSError):
        return Contents()  # the run over it will tell
    interchanges: dict[str, Interchange] = {}
    claims = 0
    with opened:
        for event in scan(opened.buffer, ()):
            if isinstance(event, Interchange):
                interchanges.setdefault(interchange_key(event), event)
            elif isinstance(event, TransactionClosed):
                claims += event.claims
        return Contents(opened.sha256, interchanges, claims)


def refuse(source: Input, contents: Contents, keys: Collection[str], path: Path, now: datetime) -> None:
    """Write the TA1s that refuse those interchanges whose keys came before. Raises OSError.

    The others of the file get no answer: it is in quarantine until somebody has looked at it.
    """
    with OpenInput(source) as opened, path.open("wb") as file:
        writer = InterchangeAcknowledgement(
            opened.buffer, file.write, ControlNumbers(), now, refuse=lambda _: DUPLICATE_CONTROL
        )
        for key, interchange in contents.interchanges.items():
            if key in keys:
                writer.handle(interchange)
        writer.end(Summary())
