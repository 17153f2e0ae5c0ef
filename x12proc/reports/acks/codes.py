"""What X12 says of a faulty envelope: the one table of faults and codes, and the verdict on what is being read.

Codes: TA105 (data element I18) for an interchange, AK905 (716) for a functional group, IK502 (618) for a set.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from x12proc.engine.stream import Outcome
from x12proc.reports.acks.envelopes import QUALIFIERS, InterchangeRejection
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

EnvelopeLevel: TypeAlias = Literal["interchange", "group", "set"]
# The groups that a 999 can answer (AK101 in 005010X231A1); acknowledgements (FA) are never acknowledged.
ANSWERED_GROUPS = frozenset(("BE", "HB", "HC", "HI", "HN", "HP", "HR", "HS", "RA"))
ACKNOWLEDGEMENT = "FA"
PREMATURE_END = "023"
GROUP_TRAILER_MISSING = "3"
SET_TRAILER_MISSING = "2"


class AckCode(msgspec.Struct, frozen=True):
    """How a fault is answered: at which level, with which code, and whether that level is refused for it."""

    level: EnvelopeLevel
    code: str
    rejects: bool


_REJECTED, _NOTED = True, False
# Fault code and severity -> answer. ``warn`` was read all the same, so that it is noted and refuses nothing.
FAULT_CODES: dict[tuple[str, str], AckCode] = {
    # TA105 023, improper (premature) end-of-file: the interchange is cut off.
    ("truncated", "error"): AckCode("interchange", PREMATURE_END, _REJECTED),
    ("missing-terminator", "warn"): AckCode("interchange", PREMATURE_END, _NOTED),
    # 022, invalid control structure: envelopes don't close, or segments stand outside of them.
    ("missing-iea", "error"): AckCode("interchange", "022", _REJECTED),
    ("missing-st", "error"): AckCode("interchange", "022", _REJECTED),
    ("segment-too-long", "error"): AckCode("interchange", "022", _REJECTED),
    ("isa-padding", "warn"): AckCode("interchange", "022", _NOTED),
    # 024, invalid interchange content (e.g., invalid GS segment).
    ("missing-gs", "error"): AckCode("interchange", "024", _REJECTED),
    ("lower-case-tags", "error"): AckCode("interchange", "024", _REJECTED),
    ("nul-bytes", "error"): AckCode("interchange", "024", _REJECTED),
    # 001, the interchange control number in the header and trailer do not match.
    ("iea02-control", "error"): AckCode("interchange", "001", _REJECTED),
    ("iea02-control", "warn"): AckCode("interchange", "001", _NOTED),
    # 021, invalid number of included groups value.
    ("iea01-count", "warn"): AckCode("interchange", "021", _NOTED),
    # 016, invalid interchange standards identifier value: what ISA11 was before it held the repetition separator.
    ("isa11-repetition", "warn"): AckCode("interchange", "016", _NOTED),
    # AK905 3, functional group trailer missing.
    ("missing-ge", "error"): AckCode("group", GROUP_TRAILER_MISSING, _REJECTED),
    # 4, group control number in the functional group header and trailer do not agree.
    ("ge02-control", "error"): AckCode("group", "4", _REJECTED),
    ("ge02-control", "warn"): AckCode("group", "4", _NOTED),
    # 5, number of included transaction sets does not match actual count.
    ("ge01-count", "warn"): AckCode("group", "5", _NOTED),
    # IK502 2, transaction set trailer missing.
    ("missing-se", "error"): AckCode("set", SET_TRAILER_MISSING, _REJECTED),
    # 3, transaction set control number in header and trailer do not match.
    ("se02-control", "error"): AckCode("set", "3", _REJECTED),
    ("se02-control", "warn"): AckCode("set", "3", _NOTED),
    # 4, number of included segments does not match actual count; an error where claims' borders are in doubt.
    ("se01-count", "error"): AckCode("set", "4", _REJECTED),
    ("se01-count", "warn"): AckCode("set", "4", _NOTED),
    # 5, one or more segments in error: a claim that is too large to be read, and so can't be answered by itself.
    ("claim-too-large", "error"): AckCode("set", "5", _REJECTED),
    # 19, invalid transaction set implementation convention reference: ST03 is not GS08.
    ("guide-mismatch", "warn"): AckCode("set", "19", _NOTED),
}
# The same fault codes may be told of a group and of a set: wrong guide, and no 837 at all.
GROUP_CODES = {
    "SYN10": AckCode("group", "2", _REJECTED),  # functional group version not supported
    "wrong-transaction": AckCode("group", "1", _REJECTED),  # functional group not supported
}
SET_CODES = {
    "SYN10": AckCode("set", "I6", _REJECTED),  # implementation convention not supported
    "wrong-transaction": AckCode("set", "1", _REJECTED),  # transaction set not supported
}
# Faults that no acknowledgement answers, and why.
UNREPORTED = {
    "not-x12": "there is no interchange",
    "unreadable": "there is no interchange",
    "bad-gzip": "there is no interchange",
    "gzip-bomb": "there is no interchange",
    "truncated-isa": "the ISA ends before it says who sent it",
    "unreadable-isa": "says that nothing more was looked at; what could be named has been answered",
    "byte-order-mark": "stands outside of any interchange",
    "stray-bytes": "stands outside of any interchange",
    "fill-after-iea": "stands outside of any interchange",
    "stray-line-ends": "layout, for which X12 has no code; a count that it spoils is answered",
    "empty-segments": "layout, for which X12 has no code; the count agrees without them",
    "old-guide": "an edition that is read: nothing is wrong with the set",
    "component-separator": "told of one claim: an IK3 in the 999, a rejected claim in the 277CA",
    "rule-crash": "our own fault: the claim is not accepted in the 277CA",
    "internal-fault": "our own fault: no artifact appears at all",
}
# Faults of an ISA whose delimiters can't be used, so that there is no interchange to read: only a TA1 answers.
UNREADABLE_ISA = {
    "delimiter-clash": "022",
    "bad-delimiter": "022",
}


class EnvelopeStatus:
    """What is to be said of the interchange, the group and the set that are being read.

    Told every outcome, before it is written of. Each list holds a code once, in the order of the faults.
    """

    def __init__(self, refuse: InterchangeRejection | None = None) -> None:
        self._refuse = refuse
        self.refused: dict[EnvelopeLevel, bool] = {}
        self.codes: dict[EnvelopeLevel, list[str]] = {}
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
            self.add_code(AckCode("set", SET_TRAILER_MISSING, _REJECTED))
        elif isinstance(outcome, InterchangeClosed):
            self._closed = True

    def end_group(self, trailer: GroupClosed | None) -> None:
        """The group ends; without a trailer it is refused."""
        if trailer is None:
            self.add_code(AckCode("group", GROUP_TRAILER_MISSING, _REJECTED))

    def end_interchange(self) -> None:
        """All has been told of the interchange; one that was never closed is refused."""
        if not self._closed:
            self.add_code(AckCode("interchange", PREMATURE_END, _REJECTED))

    def add_code(self, ack_code: AckCode) -> None:
        """Note a code at a level, and what it means for it. What refuses is told before what is only noted."""
        codes = self.codes[ack_code.level]
        if ack_code.rejects and not self.refused[ack_code.level]:
            codes.insert(0, ack_code.code)
            self.refused[ack_code.level] = True
        else:
            codes.append(ack_code.code)
        codes[:] = dict.fromkeys(codes)

    def _reset(self, *levels: EnvelopeLevel) -> None:
        for level in levels:
            self.refused[level] = False
            self.codes[level] = []

    def _open_interchange(self, interchange: Interchange) -> None:
        self._reset("interchange", "group", "set")
        self._closed = False
        for code in _header_notes(interchange.header.fields):
            self.add_code(AckCode("interchange", code, _NOTED))
        outside = self._refuse(interchange) if self._refuse is not None else None
        if outside is not None:
            self.add_code(AckCode("interchange", outside, _REJECTED))

    def _open_group(self, group: Group) -> None:
        self._reset("group", "set")
        kind = field(group.fields, 1)
        if kind != ACKNOWLEDGEMENT and kind not in ANSWERED_GROUPS:
            self.add_code(
                AckCode("interchange", "024", _NOTED)
            )  # invalid interchange content (e.g., invalid GS segment)
        sent = field(group.fields, 6)
        if not (sent.isascii() and sent.isdigit() and len(sent) <= 9):
            self.add_code(AckCode("group", "6", _NOTED))  # group control number violates syntax

    def _fault(self, fault: Fault) -> None:
        ack_code = FAULT_CODES.get((fault.code, fault.severity))
        if ack_code is None and fault.severity == "error":
            by_level = GROUP_CODES if fault.transaction_control is None else SET_CODES
            ack_code = by_level.get(fault.code)
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
    """Whether ISA13 holds a control number."""
    return text.isascii() and text.isdigit() and len(text) == 9


def is_time(text: str, form: str) -> bool:
    """Whether ISA09 (``%y%m%d``) or ISA10 (``%H%M``) holds a date or time."""
    if len(text) not in (4, 6) or not (text.isascii() and text.isdigit()):
        return False
    try:
        datetime.strptime(text, form)  # noqa: DTZ007 - only asked whether it can be read
    except ValueError:
        return False
    return len(text) == (6 if form == "%y%m%d" else 4)
