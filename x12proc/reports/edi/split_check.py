"""The proof that a split lost and doubled nothing: its files are read again and compared with the input.

A claim counts as the same when its bytes are the same and it hangs under the same loops in the same envelopes. All
claims of a side are added up as hashes, so that their order plays no part and a million of them take no memory.
"""

from __future__ import annotations

import hashlib

import msgspec

from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Outcome, Summary, UntargetedClaim
from x12proc.errors import InternalError
from x12proc.reports.edi.edits import pieces
from x12proc.reports.edi.split import disposition
from x12proc.wire.events import ClaimSpan, Fault, SegmentRange, TransactionSet
from x12proc.wire.faults import STRAY_LINE_ENDS
from x12proc.wire.scanner import scan
from x12proc.wire.window import WINDOW, Buffer

_RAGGED = STRAY_LINE_ENDS.code
_HASH = 16  # bytes
_END = b"\0"  # of a control number


class ClaimDigest(msgspec.Struct):
    """Claims counted, and the sum of their hashes."""

    claims: int = 0
    total: int = 0

    def add(self, digest: int) -> None:
        """Count a claim."""
        self.claims += 1
        self.total = (self.total + digest) % (1 << 8 * _HASH)


class SplitCheck:
    """Check the two files of a split against the input's bytes (a stream writer that writes nothing)."""

    def __init__(self, buffer: Buffer) -> None:
        self._digests = _Digests(buffer)
        self._sides: dict[str, ClaimDigest] = {}
        self._ragged: Fault | None = None

    def handle(self, outcome: Outcome) -> None:
        """Take a claim down on the side it belongs to."""
        if isinstance(outcome, UntargetedClaim | ClaimResult):
            self._add(outcome.span, disposition(outcome))
        elif isinstance(outcome, Fault):
            self._ragged = outcome if outcome.code == _RAGGED else self._ragged

    def _add(self, span: ClaimSpan, side: str) -> None:
        self._sides.setdefault(side, ClaimDigest()).add(self._digests.of(span))

    def end(self, summary: Summary) -> None:
        """Every claim that was counted in the input must have been written.

        Raises InternalFault when one was not.
        """
        written = sum(side.claims for side in self._sides.values())
        if written != summary.claims and not summary.failed:
            raise InternalError(f"{summary.claims} claims were counted, {written} were accepted or rejected")

    def check(self, kind: str, written: Buffer) -> Fault | None:
        """Read one of the two files and compare: None when it is right.

        A fault of the input is given where its own line ends are to blame, which can mean another thing once
        claims between them are gone. Raises InternalFault for any other difference.
        """
        digests, found, faults = _Digests(written), ClaimDigest(), 0
        for event in scan(written, (), all_claims=True) if len(written) else ():
            if isinstance(event, ClaimSpan):
                found.add(digests.of(event))
            elif isinstance(event, Fault):
                faults += event.severity == "error" or event.code.endswith("01-count")
        expected = self._sides.get(kind, ClaimDigest())
        if found == expected and not faults:
            return None
        if self._ragged is not None:
            message = f"With line ends inside segments, the {kind} claims would not be read as they came"
            return msgspec.structs.replace(self._ragged, code="split-ambiguous", message=message)
        difference = f"{expected.claims} expected, {found.claims} written, {faults} faults"
        raise InternalError(f"the {kind} file is not what was to be written: {difference}")


class _Digests:
    """Hashes of claims with all they hang under. A loop's own HL is left out: its numbers may differ."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self._set: TransactionSet | None = None
        self._provider: SegmentRange | None = None
        self._above = hashlib.blake2b(digest_size=_HASH)  # the envelopes, the header and the provider

    def of(self, span: ClaimSpan) -> int:
        if span.transaction is not self._set or span.provider != self._provider:
            self._set, self._provider = span.transaction, span.provider
            self._above = self._read_above(span)
        whole = self._above.copy()
        loops = [stretch for stretch in (span.subscriber, span.patient) if stretch is not None]
        start = span.start
        if loops and loops[-1].end == start and span.end - loops[-1].start <= WINDOW:
            start = loops.pop().start  # most claims follow their loop: read with it in one go
        for stretch in loops:
            self._add_loop(whole, stretch, span)
        if start < span.start:
            whole.update(self._buffer[start : span.end].partition(span.interchange.delimiters.segment)[2])
        else:
            self._add(whole, start, span.end)
        return int.from_bytes(whole.digest(), "big")

    def _read_above(self, span: ClaimSpan) -> hashlib.blake2b:
        above = hashlib.blake2b(digest_size=_HASH)
        for control in (span.interchange.control, span.group.control, span.transaction.control):
            above.update(control.encode() + _END)
        self._add(above, span.header.start, span.header.end)
        if span.provider is not None:
            self._add_loop(above, span.provider, span)
        return above

    def _add_loop(self, whole: hashlib.blake2b, stretch: SegmentRange, span: ClaimSpan) -> None:
        """Add a loop's bytes after its HL."""
        reach = min(stretch.start + WINDOW, stretch.end)
        head = self._buffer[stretch.start : reach]
        whole.update(head.partition(span.interchange.delimiters.segment)[2])
        self._add(whole, reach, stretch.end)

    def _add(self, whole: hashlib.blake2b, start: int, end: int) -> None:
        for piece in pieces(self._buffer, start, end):
            whole.update(piece)
