"""999 (005010X231A1): what is wrong with the syntax of each set, and whether it was accepted.

It tells envelope faults and faults against the implementation guide, nothing else: what a payer demands beyond
the guide is in the 277CA. A set with errors that was read all the same is ``E``, accepted but errors were
noted; one that could not be processed is ``R``. The codes of envelopes are in :mod:`x12proc.reports.acks.codes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from typing import BinaryIO

import msgspec

from x12proc.claims.model import Claim, Location
from x12proc.claims.summary import SummaryReader
from x12proc.engine.document import Document
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import TransactionErrors, UntargetedClaim
from x12proc.findings import INFO, Finding, GuideError
from x12proc.reports.acks.codes import ANSWERED_GROUPS
from x12proc.reports.acks.envelopes import (
    UNKNOWN,
    ControlNumbers,
    Envelopes,
    InterchangeRejection,
    clean,
    composite,
    digits,
    segment,
)
from x12proc.reports.acks.writer import AckWriter
from x12proc.reports.writer import ClaimRenderer, TargetClaim, Write
from x12proc.rules import all_rules
from x12proc.wire.dictionary import element_number, is_known
from x12proc.wire.events import ClaimSpan, Group, GroupClosed, TransactionClosed, TransactionSet, field
from x12proc.wire.faults import AckCode
from x12proc.wire.window import Buffer

GUIDE = "005010X231A1"
_DIGIT = 2
MAX_SEGMENTS_REPORTED = 10_000  # IK3 of one set; IK5 still says that there are errors
MOST_OF_A_CLAIM = 100  # IK3 of one claim
MAX_ELEMENTS_REPORTED = 20  # IK4 of one segment
_MOST_CODES = 5  # in IK5 and in AK9
_TRAILER_REACH = 4096  # bytes
_HIGHEST_POSITION = 999_999  # six digits, as older readers and pyx12 have IK302
_ANSWERED_SETS = frozenset(("270", "271", "276", "277", "278", "820", "834", "835", "837"))  # AK201 in the guide

# IK304 (data element 620).
SEGMENT_CODES = {
    "1": "unrecognized segment ID",
    "2": "unexpected segment",
    "3": "required segment missing",
    "4": "loop occurs over maximum times",
    "5": "segment exceeds maximum use",
    "6": "segment not in defined transaction set",
    "7": "segment not in proper sequence",
    "8": "segment has data element errors",
    "I4": 'implementation "not used" segment present',
    "I6": "implementation dependent segment missing",
    "I7": "implementation loop occurs under minimum times",
    "I8": "implementation segment below minimum use",
    "I9": 'implementation dependent "not used" segment present',
}
_UNRECOGNIZED, _ELEMENT_ERRORS = "1", "8"
_NOT_THERE = ("1", "3")  # not recognized, or missing
# IK403 (data element 621).
ELEMENT_CODES = {
    "1": "required data element missing",
    "2": "conditional required data element missing",
    "3": "too many data elements",
    "4": "data element too short",
    "5": "data element too long",
    "6": "invalid character in data element",
    "7": "invalid code value",
    "8": "invalid date",
    "9": "invalid time",
    "10": "exclusion condition violated",
    "12": "too many repetitions",
    "13": "too many components",
    "I6": "code value not used in implementation",
    "I9": "implementation dependent data element missing",
    "I10": 'implementation "not used" data element present',
    "I11": "implementation too few repetitions",
    "I12": "implementation pattern match failure",
    "I13": 'implementation dependent "not used" data element present',
}
_WRONG_VALUE = "7"
# A code where no service line has it is no fault against the guide, but for components separated otherwise than by
# ISA16: then SV101-1 or SV202-1 holds them all.
_STRAY_CODE, _QUALIFIER = "SYN13", 1
# IK502 (618) for a set with errors in its segments: of the standard, or only of the guide.
_STANDARD_ERRORS, _GUIDE_ERRORS = "5", "I5"

_UNCHECKED = "unchecked"  # the validator could not go on: no fault of the sender's
_ELEMENT_NUMBER = re.compile(r"([0-9]{2})(?:-([0-9]+))?")


@cache
def rule_codes() -> dict[str, tuple[str, str]]:
    """Return by rule the codes of a fault against the guide: IK304, and IK403 where the finding names an element.

    SYN10 (an older edition) and SYN11 (a missing control number) are no faults against the guide.
    """
    return {rule.id: rule.ack_999 for rule in all_rules().values() if rule.ack_999}


class SegmentError(msgspec.Struct, frozen=True, gc=False):
    """A fault as the 999 tells it. ``element`` is 0 for a fault of the segment itself."""

    tag: str
    index: int  # of the segment in the file, or of where it is missing
    loop: str
    code: str
    element: int = 0
    component: int = 0
    value: str = ""


class ClaimErrors(msgspec.Struct, frozen=True):
    """The errors of a claim against its guide, and those that its findings report."""

    guide_errors: tuple[GuideError, ...]
    notes: tuple[SegmentError, ...]


class ImplementationErrors(ClaimRenderer):
    """Renders the errors of claims against their guide."""

    def render(self, result: ClaimResult, document: Document) -> ClaimErrors:
        """Return the errors of a claim."""
        return ClaimErrors(result.guide_errors, tuple(_rule_errors(result)))


class _SetAnswer(msgspec.Struct):
    """Answer to the current transaction set."""

    transaction: TransactionSet
    segments_reported: int = 0
    above: set[SegmentError] = set()  # faults of parent loops: every claim below has them
    standard: bool = False  # errors against the standard
    guide: bool = False  # errors against the guide alone

    @property
    def code(self) -> str:
        """IK502 for the errors in segments, or empty."""
        if self.standard:
            return _STANDARD_ERRORS
        return _GUIDE_ERRORS if self.guide else ""


class _GroupAnswer(msgspec.Struct):
    """Answer to the current functional group."""

    control: str  # ST02 of the 999
    begin: tuple[int, int]  # where its ST is in the spool
    received: int = 0
    accepted: int = 0
    noted: bool = False  # errors were noted in a set that was accepted


class ImplementationAcknowledgement(AckWriter):
    """Writes the 999 of a file (a stream writer). ``scratch`` is an empty file that can be read and written."""

    def __init__(
        self,
        buffer: Buffer,
        write: Write,
        scratch: BinaryIO,
        controls: ControlNumbers,
        now: datetime,
        *,
        refuse: InterchangeRejection | None = None,
    ) -> None:
        envelopes = Envelopes(write, scratch, controls, now, kind="FA", guide=GUIDE, digit=_DIGIT)
        super().__init__(envelopes, refuse)
        self._buffer = buffer
        self._heads = SummaryReader(buffer)
        self._spool = envelopes.spool
        self._group_answer: _GroupAnswer | None = None
        self._set_answer: _SetAnswer | None = None

    # -- groups ----------------------------------------------------------------------------------------------

    def open_group(self, group: Group) -> None:
        """Begin the answer to a group, unless it is one that a 999 can't answer."""
        self._group_answer = None
        if field(group.fields, 1) in ANSWERED_GROUPS:
            self._group_answer = _GroupAnswer(self.envelopes.next_set(), self._spool.position())
            self._spool.write(*_group_head(group, self._group_answer.control))

    def close_group(self, group: Group, trailer: GroupClosed | None) -> bool:
        """AK9. A refused group is answered as a whole: what was said of its sets falls."""
        answer = self._group_answer
        if answer is None:
            return False
        refused = self.status.refused["group"]
        if refused:
            self._spool.truncate(answer.begin)
            self._spool.write(*_group_head(group, answer.control))
            answer.accepted = 0
        codes = self.status.codes["group"][:_MOST_CODES]
        self._spool.write(
            segment(
                "AK9",
                _group_status(answer, refused=refused, noted=bool(codes)),
                self._trailer_count(trailer) or str(answer.received),
                str(answer.received),
                str(answer.accepted),
                *codes,
            ),
            segment("SE", str(self._spool.segments - answer.begin[1] + 2), answer.control),
        )
        return True

    def _trailer_count(self, trailer: GroupClosed | None) -> str:
        """GE01 as sent, where it is a number."""
        if trailer is None or self.interchange is None:
            return ""
        start, end = trailer.trailer
        fields = self._buffer[start : min(end, start + _TRAILER_REACH)].split(self.interchange.delimiters.element)
        said = fields[1].decode("latin-1").strip() if len(fields) > 1 else ""
        return said if said.isascii() and said.isdigit() and len(said) <= 6 else ""

    # -- sets ------------------------------------------------------------------------------------------------

    def open_set(self, transaction: TransactionSet) -> None:
        """AK2."""
        self._set_answer = None
        if self._group_answer is None:
            return
        self._set_answer = _SetAnswer(transaction)
        kind, control = field(transaction.fields, 1), clean(transaction.control, 9)
        if kind not in _ANSWERED_SETS:
            self.status.add_code(AckCode("set", "6"))  # missing or invalid transaction set id
        if control != transaction.control or len(control) < 4:
            self.status.add_code(AckCode("set", "7"))  # missing or invalid set control number
        self._spool.write(
            segment(
                "AK2",
                kind if kind in _ANSWERED_SETS else "837",
                control.rjust(4, "0"),
                clean(field(transaction.fields, 3), 35),
            )
        )

    def close_set(self, closed: TransactionClosed) -> None:
        """IK5."""
        answer, group = self._set_answer, self._group_answer
        if answer is None or group is None:
            return
        codes = list(dict.fromkeys((*self.status.codes["set"], answer.code)))
        codes = [code for code in codes if code][:_MOST_CODES]
        refused = self.status.refused["set"]
        status = "R" if refused else "E" if codes else "A"
        self._spool.write(segment("IK5", status, *codes))
        group.received += 1
        group.accepted += not refused
        group.noted = group.noted or status == "E"
        self._set_answer = None

    # -- errors in segments ----------------------------------------------------------------------------------

    def claim(self, claim: TargetClaim, part: ClaimErrors) -> None:
        """Write IK3, CTX and IK4 for what is wrong with a target claim."""
        self._claim(claim.span, part)

    def untargeted(self, claim: UntargetedClaim) -> None:
        """Write them for what is wrong with a claim without a target line."""
        self._claim(claim.span, ClaimErrors(claim.guide_errors, ()))

    def _claim(self, span: ClaimSpan, found: ClaimErrors) -> None:
        if self._set_answer is None:  # pragma: no cover - claims are in HC groups, which are answered
            return
        errors, begin = found.guide_errors, span.segment_index
        self._write_above(error for error in errors if error.location.segment_index < begin)
        notes = _guide_errors(error for error in errors if error.location.segment_index >= begin)
        read = {(note.tag, note.index) for note in found.notes if note.element}
        # A segment whose element is faulty is there, though a validator took it for another one.
        notes = [note for note in notes if note.code not in _NOT_THERE or (note.tag, note.index) not in read]
        reported = {note.index for note in notes}
        notes += [note for note in found.notes if note.index not in reported]
        if notes:
            self._write_errors(notes, self._heads.head(span).id)

    def set_errors(self, outcome: TransactionErrors) -> None:
        """IK3 and IK4 for what is wrong with loops without claims."""
        if self._set_answer is not None:  # pragma: no branch - as for claims
            self._write_errors(_guide_errors(outcome.guide_errors), "")

    def _write_above(self, errors: Iterable[GuideError]) -> None:
        """Report once what is wrong with the parent loops of claims; it is the fault of none of them."""
        answer = self._set_answer
        if answer is None or len(answer.above) >= MAX_SEGMENTS_REPORTED:
            return
        notes = [note for note in _guide_errors(errors) if note not in answer.above]
        answer.above.update(notes)
        self._write_errors(notes, "")

    def _write_errors(self, notes: list[SegmentError], claim_id: str) -> None:
        answer = self._set_answer
        assert answer is not None
        for note in notes:
            answer.standard = answer.standard or not note.code.startswith("I")
            answer.guide = answer.guide or note.code.startswith("I")
        first = answer.transaction.segment_index
        for reported, (key, group) in enumerate(_by_segment(notes)):
            tag, index, loop, code = key
            if reported >= MOST_OF_A_CLAIM or answer.segments_reported >= MAX_SEGMENTS_REPORTED:
                return
            position = index - first + 1
            if not 0 < position <= _HIGHEST_POSITION or not _can_be_named(tag, code):
                continue
            answer.segments_reported += 1
            self._spool.write(segment("IK3", tag, str(position), loop[:4], code))
            if claim_id:
                self._spool.write(segment("CTX", composite("CLM01", clean(claim_id, 35, UNKNOWN))))
            if code == _ELEMENT_ERRORS:
                self._spool.write(*(_element_note(note) for note in group[:MAX_ELEMENTS_REPORTED] if note.element))


# -- segments ----------------------------------------------------------------------------------------------------


def _group_head(group: Group, control: str) -> tuple[bytes, bytes]:
    return (
        segment("ST", "999", control, GUIDE),
        segment("AK1", field(group.fields, 1), digits(group.control, 9), clean(group.version, 12, UNKNOWN)),
    )


def _group_status(answer: _GroupAnswer, *, refused: bool, noted: bool) -> str:
    """AK901: A and E accept all sets, P some of them, R none."""
    if refused or (answer.received and not answer.accepted):
        return "R"
    if answer.accepted < answer.received:
        return "P"
    return "E" if noted or answer.noted else "A"


def _element_note(note: SegmentError) -> bytes:
    number = element_number(note.tag, note.element, note.component or None)
    element = composite(str(note.element), str(note.component) if note.component else "")
    return segment("IK4", element, number, note.code, clean(note.value, 99))


def _can_be_named(tag: str, code: str) -> bool:
    """Return whether IK301 can hold this tag: it names segments that X12 knows (code source 77, X12 RFI 1257)."""
    if code == _UNRECOGNIZED and not is_known(tag):
        return False
    return 2 <= len(tag) <= 3 and tag.isascii() and tag.isalnum() and tag.isupper()


# -- from what was found to notes --------------------------------------------------------------------------------


def _by_segment(notes: list[SegmentError]) -> Iterator[tuple[tuple[str, int, str, str], list[SegmentError]]]:
    """Notes in file order, put together where they go under one IK3: (tag, index, loop, IK304), notes."""
    together: dict[tuple[str, int, str, str], list[SegmentError]] = {}
    for note in sorted(notes, key=lambda note: (note.index, note.element, note.component)):
        code = _ELEMENT_ERRORS if note.element else note.code
        together.setdefault((note.tag, note.index, _loop(note.loop), code), []).append(note)
    yield from together.items()


def _loop(loop: str) -> str:
    """IK303: the loop where it has a number; headers have none."""
    return loop if loop[:1].isdigit() else ""


def _guide_errors(errors: Iterable[GuideError]) -> list[SegmentError]:
    return [note for error in errors if (note := _guide_note(error)) is not None]


def _guide_note(error: GuideError) -> SegmentError | None:
    """An error of the guide's validator as a note. Codes that are not X12's become the nearest that is."""
    if error.code == _UNCHECKED:
        return None
    element, component = _element_position(error.location)
    if element:
        code = error.code if error.code in ELEMENT_CODES else _WRONG_VALUE
    else:
        code = error.code if error.code in SEGMENT_CODES else _ELEMENT_ERRORS
    return _note(error.location, code, element, component, error.value or "")


def _rule_errors(scrubbed: ClaimResult) -> Iterator[SegmentError]:
    """Notes of the findings that tell a fault against the guide."""
    for finding in scrubbed.all_findings:
        if finding.rule in rule_codes() and finding.severity != INFO:
            note = _rule_note(finding, scrubbed.claim)
            if note.code and (finding.rule != _STRAY_CODE or note.component == _QUALIFIER):
                yield note


def _rule_note(finding: Finding, claim: Claim) -> SegmentError:
    """The note of a finding; its code is empty where the guide has nothing to say of it."""
    of_segment, of_element = rule_codes()[finding.rule]
    element, component = _element_position(finding.location)
    if element and of_element:
        value = _sent(claim, finding.location, element, component)
        return _note(finding.location, of_element, element, component, value)
    return _note(finding.location, of_segment, 0, 0, "")


def _note(location: Location, code: str, element: int, component: int, value: str) -> SegmentError:
    # What is missing belongs after the segment that the location gives.
    index = location.segment_index + (location.after is not None)
    return SegmentError(location.segment, index, location.loop, code, element, component, value)


def _element_position(location: Location) -> tuple[int, int]:
    """The element and component that a location names; 0 where it names none."""
    match = _ELEMENT_NUMBER.fullmatch(location.element.removeprefix(location.segment))
    return (int(match[1]), int(match[2] or 0)) if match else (0, 0)


def _sent(claim: Claim, location: Location, element: int, component: int) -> str:
    """The element or component as it was sent: a finding's value is shortened for people."""
    sent = next((s.element(element) for s in claim.segments if s.index == location.segment_index), "")
    if not component:
        return sent
    parts = sent.split(claim.delimiters.component.decode("latin-1"))
    return parts[component - 1] if component <= len(parts) else ""
