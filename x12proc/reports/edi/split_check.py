"""The proof that a split lost and doubled nothing: its files are read again and compared with the input.

A claim counts as the same when its bytes are the same and it is a child of the same loops in the same envelopes.
The claims of a side are hashed in their order, so that a million of them take no memory.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

import msgspec

from x12proc.engine.stream import Outcome, Summary, UntargetedClaim
from x12proc.errors import InternalError
from x12proc.reports.edi.edits import pieces
from x12proc.reports.edi.split import ACCEPTED, disposition
from x12proc.reports.writer import TargetClaim
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.events import ClaimRun, ClaimSpan, Fault, SegmentRange, TransactionSet
from x12proc.wire.faults import STRAY_LINE_ENDS
from x12proc.wire.scanner import scan
from x12proc.wire.window import WINDOW, Buffer

_RAGGED = STRAY_LINE_ENDS.code
_HASH = 16  # bytes
_END = b"\0"  # of a control number
_LEVELS = (b"20", b"22", b"23")  # HL03 of providers, subscribers and patients


class ClaimDigest(msgspec.Struct, frozen=True):
    """The number of claims, and the hash of them all in their order."""

    claims: int
    digest: bytes


class SplitCheck:
    """Check the two files of a split against the input's bytes (a stream writer that writes nothing)."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self._sides: dict[str, _Hasher] = {}
        self._ragged: Fault | None = None

    def handle(self, outcome: Outcome) -> None:
        """Add claims without a target line to the side they belong to."""
        if isinstance(outcome, UntargetedClaim):
            self._side(disposition(outcome)).add(outcome.span)
        elif isinstance(outcome, ClaimRun):
            self._side(ACCEPTED).add_run(outcome)
        elif isinstance(outcome, Fault):
            self._ragged = outcome if outcome.code == _RAGGED else self._ragged

    def claim(self, claim: TargetClaim, part: None) -> None:
        """Add a target claim to the side it belongs to."""
        self._side(disposition(claim)).add(claim.span)

    def _side(self, kind: str) -> _Hasher:
        return self._sides.setdefault(kind, _Hasher(self._buffer))

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
        found, faults = _Hasher(written), 0
        for event in scan(written, (), all_claims=True, runs=True) if len(written) else ():
            if isinstance(event, ClaimSpan):
                found.add(event)
            elif isinstance(event, ClaimRun):
                found.add_run(event)
            elif isinstance(event, Fault):
                faults += event.severity == "error" or event.code.endswith("01-count")
        expected = self._side(kind)
        if found.result() == expected.result() and not faults:
            return None
        if self._ragged is not None:
            message = f"With line ends inside segments, the {kind} claims would not be read as they came"
            return msgspec.structs.replace(self._ragged, code="split-ambiguous", message=message)
        difference = f"{expected.claims} expected, {found.claims} written, {faults} faults"
        raise InternalError(f"the {kind} file is not what was to be written: {difference}")


class _Hasher:
    """The hash of the claims of one side, in file order, with all that they are children of.

    A loop is hashed with the first of its claims. Its own HL is left out, but for its level: its numbers may
    differ. So the claims of a run have the same hash together as one by one.
    """

    def __init__(self, buffer: Buffer) -> None:
        self.claims = 0
        self._buffer = buffer
        self._hash = hashlib.blake2b(digest_size=_HASH)
        self._set: TransactionSet | None = None
        self._open: list[int] = []  # where the loops begin that the last claim is a child of
        self._run = (0, 0)  # the last claims, where they came as a run: any loop in it is hashed

    def result(self) -> ClaimDigest:
        """Return the number of claims and their hash."""
        return ClaimDigest(self.claims, self._hash.digest())

    def add(self, span: ClaimSpan) -> None:
        """Add a claim."""
        self._open_set(span)
        self._add_loops(span, [span.provider, span.subscriber, span.patient])
        self._run = (0, 0)
        self._add(span.start, span.end)
        self.claims += 1

    def add_run(self, run: ClaimRun) -> None:
        """Add the claims of a run."""
        self._open_set(run)
        delimiters = run.interchange.delimiters
        text = delimiters.segment + self._buffer[run.start : run.end]
        first = _loop_heads(delimiters).match(text)
        above = [run.provider, run.subscriber, run.patient]
        kept = len(_LEVELS) if first is None else _LEVELS.index(first[2])
        self._add_loops(run, above[:kept])
        self._run = (run.start, run.end)
        self._hash.update(b"".join(_loop_heads(delimiters).split(text))[len(delimiters.segment) :])
        self.claims += run.claims

    def _open_set(self, claims: ClaimSpan | ClaimRun) -> None:
        if claims.transaction is self._set:
            return
        self._set = claims.transaction
        self._open, self._run = [], (0, 0)
        for control in (claims.interchange.control, claims.group.control, claims.transaction.control):
            self._hash.update(control.encode() + _END)
        self._add(claims.header.start, claims.header.end)

    def _add_loops(self, claims: ClaimSpan | ClaimRun, above: list[SegmentRange | None]) -> None:
        """Add the loops above a claim that are not those of the claim before it."""
        delimiters = claims.interchange.delimiters
        starts = [loop.start for loop in above if loop is not None]
        first, last = self._run
        for level, loop in zip(_LEVELS, above, strict=False):
            if loop is not None and loop.start not in self._open and not first <= loop.start < last:
                self._hash.update(level)
                self._add_loop(loop, delimiters.segment)
        self._open = starts

    def _add_loop(self, loop: SegmentRange, terminator: bytes) -> None:
        """Add a loop's bytes after its HL."""
        reach = min(loop.start + WINDOW, loop.end)
        head = self._buffer[loop.start : reach]
        self._hash.update(b"".join(head.partition(terminator)[1:]))
        self._add(reach, loop.end)

    def _add(self, start: int, end: int) -> None:
        for piece in pieces(self._buffer, start, end):
            self._hash.update(piece)


@lru_cache(maxsize=32)
def _loop_heads(delimiters: Delimiters) -> re.Pattern[bytes]:
    """Find the HLs of subscribers and patients: what comes before them, and HL03."""
    element, terminator = re.escape(delimiters.element), re.escape(delimiters.segment)
    layout = rb"[^0-9A-Za-z" + terminator + element + rb"]*+"
    field = rb"[^" + element + terminator + rb"]*+" + element
    return re.compile(
        rb"(" + terminator + layout + rb")HL" + element + field + field + rb"(2[23])[^" + terminator + rb"]*+"
    )
