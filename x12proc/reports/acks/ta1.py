"""TA1: the status of an interchange itself, reported by interchange control segments alone (X12.5).

One is written for an interchange that is refused, for one in whose envelope errors were noted, and for one that
asks for an answer (ISA14). Most interchanges are none of these and get no TA1.
"""

from __future__ import annotations

from datetime import datetime

from x12proc.engine.stream import Outcome, Summary
from x12proc.reports.acks.codes import UNREADABLE_ISA, EnvelopeStatus, is_control, is_time
from x12proc.reports.acks.envelopes import (
    ControlNumbers,
    InterchangeRejection,
    day,
    digits,
    interchange_header,
    interchange_trailer,
    minute,
    segment,
)
from x12proc.reports.writer import TargetClaim, Write
from x12proc.wire.delimiters import isa_fields
from x12proc.wire.events import Fault, Interchange, field
from x12proc.wire.window import Buffer

_DIGIT = 1
_ISA_REACH = 512
_ACCEPTED, _NOTED, _REFUSED = "A", "E", "R"
_NO_ERROR = "000"


class InterchangeAcknowledgement:
    """Writes the TA1s of a file (a stream writer). ``refuse`` may refuse interchanges for reasons from outside."""

    def __init__(
        self,
        buffer: Buffer,
        write: Write,
        controls: ControlNumbers,
        now: datetime,
        *,
        refuse: InterchangeRejection | None = None,
    ) -> None:
        self._buffer = buffer
        self._write = write
        self._controls = controls
        self._now = now
        self._status = EnvelopeStatus(refuse)
        self._isa: tuple[str, ...] = ()

    def handle(self, outcome: Outcome) -> None:
        """An envelope or a fault."""
        if isinstance(outcome, Interchange):
            self._answer()
            self._isa = outcome.header.fields
        self._status.handle(outcome)
        if isinstance(outcome, Fault) and outcome.code in UNREADABLE_ISA:
            self._answer()
            start = outcome.byte_offset
            isa = isa_fields(self._buffer[start : start + _ISA_REACH])
            if isa is not None and is_control(field(isa, 13)):
                self._write_ta1(isa, _REFUSED, UNREADABLE_ISA[outcome.code])

    def claim(self, claim: TargetClaim, part: None) -> None:
        """Claims are nothing to a TA1."""

    def end(self, summary: Summary) -> None:
        """The file has ended."""
        self._answer()

    def _answer(self) -> None:
        """Answer the interchange that was read last, if there is something to say."""
        if not self._isa:
            return
        self._status.end_interchange()
        codes = self._status.codes["interchange"]
        if self._status.refused["interchange"]:
            self._write_ta1(self._isa, _REFUSED, codes[0])
        elif codes:
            self._write_ta1(self._isa, _NOTED, codes[0])
        elif field(self._isa, 14) == "1":
            self._write_ta1(self._isa, _ACCEPTED, _NO_ERROR)
        self._isa = ()

    def _write_ta1(self, isa: tuple[str, ...], outcome: str, code: str) -> None:
        control = self._controls.next_number(field(isa, 13), _DIGIT)
        self._write(interchange_header(isa, control, self._now))
        self._write(
            segment(
                "TA1",
                digits(field(isa, 13), 9).zfill(9),
                self._date(field(isa, 9)),
                self._time(field(isa, 10)),
                outcome,
                code,
            )
        )
        self._write(interchange_trailer(0, control))

    def _date(self, sent: str) -> str:
        """ISA09 where it is a date, else today's: the element is required, and code 014 tells."""
        return sent if is_time(sent, "%y%m%d") else day(self._now)[2:]

    def _time(self, sent: str) -> str:
        """ISA10 where it is a time, else the answer's own: the element is required, and code 015 tells."""
        return sent if is_time(sent, "%H%M") else minute(self._now)
