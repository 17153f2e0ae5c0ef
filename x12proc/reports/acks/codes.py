"""The acknowledgement codes of the interchange, group and set that are being read; wire/faults.py lists them by
fault.

Codes: TA105 (data element I18) for an interchange, AK905 (716) for a functional group, IK502 (618) for a set.
"""

from __future__ import annotations

from datetime import datetime

from x12proc.engine.stream import Outcome
from x12proc.reports.acks.envelopes import QUALIFIERS, InterchangeRejection
from x12proc.wire import faults
from x12proc.wire.events import (
    Fault,
    Group,
    GroupClosed,
    Interchange,
    InterchangeClosed,
    TransactionClosed,
    TransactionSet,
    field,
)
from x12proc.wire.faults import (
    GROUP_TRAILER_MISSING,
    PREMATURE_END,
    SET_TRAILER_MISSING,
    AckCode,
    AckLevel,
)

# The groups that a 999 can answer (AK101 in 005010X231A1); acknowledgements (FA) are never acknowledged.
ANSWERED_GROUPS = frozenset(("BE", "HB", "HC", "HI", "HN", "HP", "HR", "HS", "RA"))
ACKNOWLEDGEMENT = "FA"


# Faults of an ISA whose delimiters can't be used, so that there is no interchange to read: only a TA1 answers.
UNREADABLE_ISA = {
    kind.code: kind.ack.code for kind in (faults.DELIMITER_CLASH, faults.BAD_DELIMITER) if kind.ack is not None
}


class EnvelopeStatus:
    """Status of the interchange, the group and the set that are being read.

    Gets every outcome before it is written. Each list holds a code once, in the order of the faults.
    """

    def __init__(self, refuse: InterchangeRejection | None = None) -> None:
        self._refuse = refuse
        self.refused: dict[AckLevel, bool] = {}
        self.codes: dict[AckLevel, list[str]] = {}
        self._reset("interchange", "group", "set")
        self._closed = False

    def handle(self, outcome: Outcome) -> None:
        """Take an envelope or a fault into account."""
        if isinstance(outcome, Fault):
            self._fault(outcome)
        elif isinstance(outcome, Interchange):
            self._open_interchange(outcome)
        elif isinstance(outcome, Group):
            self._open_group(outcome)
        elif isinstance(outcome, TransactionSet):
            self._reset("set")
        elif isinstance(outcome, TransactionClosed) and outcome.trailer is None:
            self.add_code(AckCode("set", SET_TRAILER_MISSING, rejects=True))
        elif isinstance(outcome, InterchangeClosed):
            self._closed = True

    def end_group(self, trailer: GroupClosed | None) -> None:
        """The group ends; without a trailer it is refused."""
        if trailer is None:
            self.add_code(AckCode("group", GROUP_TRAILER_MISSING, rejects=True))

    def end_interchange(self) -> None:
        """The interchange has ended; one that was never closed is refused."""
        if not self._closed:
            self.add_code(AckCode("interchange", PREMATURE_END, rejects=True))

    def add_code(self, ack_code: AckCode) -> None:
        """Note a code at a level, and what it means for it. What refuses comes before what is only noted."""
        codes = self.codes[ack_code.level]
        if ack_code.rejects and not self.refused[ack_code.level]:
            codes.insert(0, ack_code.code)
            self.refused[ack_code.level] = True
        else:
            codes.append(ack_code.code)
        codes[:] = dict.fromkeys(codes)

    def _reset(self, *levels: AckLevel) -> None:
        for level in levels:
            self.refused[level] = False
            self.codes[level] = []

    def _open_interchange(self, interchange: Interchange) -> None:
        self._reset("interchange", "group", "set")
        self._closed = False
        for code in _header_notes(interchange.header.fields):
            self.add_code(AckCode("interchange", code))
        outside = self._refuse(interchange) if self._refuse is not None else None
        if outside is not None:
            self.add_code(AckCode("interchange", outside, rejects=True))

    def _open_group(self, group: Group) -> None:
        self._reset("group", "set")
        kind = field(group.fields, 1)
        if kind != ACKNOWLEDGEMENT and kind not in ANSWERED_GROUPS:
            self.add_code(AckCode("interchange", "024"))  # invalid interchange content (e.g., invalid GS segment)
        sent = field(group.fields, 6)
        if not (sent.isascii() and sent.isdigit() and len(sent) <= 9):
            self.add_code(AckCode("group", "6"))  # group control number violates syntax

    def _fault(self, fault: Fault) -> None:
        in_transaction = fault.transaction_control is not None
        ack_code = faults.ack_of(fault.code, fault.severity, in_transaction=in_transaction)
        if ack_code is not None and fault.interchange_control is not None:
            self.add_code(ack_code)


def _header_notes(isa: tuple[str, ...]) -> list[str]:
    """Interchange note codes for values of an ISA that can't be right; the interchange was read all the same."""
    notes = []
    if field(isa, 5) not in QUALIFIERS:
        notes.append("005")  # invalid interchange ID qualifier for sender
    if field(isa, 7) not in QUALIFIERS:
        notes.append("007")  # invalid interchange ID qualifier for receiver
    if not is_time(field(isa, 9), "%y%m%d"):
        notes.append("014")  # invalid interchange date value
    if not is_time(field(isa, 10), "%H%M"):
        notes.append("015")  # invalid interchange time value
    if not is_control(field(isa, 13)):
        notes.append("018")  # invalid interchange control number value
    return notes


def is_control(text: str) -> bool:
    """Return whether ISA13 holds a control number."""
    return text.isascii() and text.isdigit() and len(text) == 9


def is_time(text: str, form: str) -> bool:
    """Return whether ISA09 (``%y%m%d``) or ISA10 (``%H%M``) holds a date or time."""
    if len(text) not in (4, 6) or not (text.isascii() and text.isdigit()):
        return False
    try:
        datetime.strptime(text, form)  # noqa: DTZ007 - only asked whether it can be read
    except ValueError:
        return False
    return len(text) == (6 if form == "%y%m%d" else 4)
