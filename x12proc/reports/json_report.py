"""The JSON report, written claim by claim so that its size is not bounded by memory."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from x12proc.engine.document import Document
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Summary
from x12proc.reports.document import SCHEMA, fault_document, summary_document
from x12proc.reports.writer import ClaimRenderer, TargetClaim, Write
from x12proc.wire.events import Fault

_encode = msgspec.json.Encoder().encode


class JsonClaims(ClaimRenderer):
    """Renders the entries of ``claims``."""

    def render(self, result: ClaimResult, document: Document) -> bytes:
        """Return one entry."""
        return _encode(document)


class JsonReport:
    """Writes one ``x12proc.report/1`` document: a claim a line."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._separator = b"\n"

    def begin(self, source: Document) -> None:
        """Open the document."""
        self._write(b'{"schema":' + _encode(SCHEMA) + b',\n"input":' + _encode(source))
        self._write(b',\n"claims":[')

    def claim(self, claim: TargetClaim, part: bytes) -> None:
        """Write one entry of ``claims``."""
        self._write(self._separator + part)
        self._separator = b",\n"

    def hint(self) -> None:
        """Return nothing: each claim is written."""

    def end(self, summary: Summary, faults: Sequence[Fault], program: Document) -> None:
        """Close the document."""
        errors = [fault_document(fault) for fault in faults]
        self._write(b'],\n"errors":' + _encode(errors))
        self._write(b',\n"summary":' + _encode(summary_document(summary)))
        self._write(b',\n"program":' + _encode(program) + b"}\n")
