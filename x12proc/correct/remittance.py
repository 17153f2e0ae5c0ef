"""Read the answered claims of an 835: which were denied, why, and the payer's number of each."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from x12proc.correct.orders import AnsweredClaim
from x12proc.errors import X12SyntaxError
from x12proc.values import parse_quantity
from x12proc.wire.delimiters import IsaHeader, looks_like_isa, read_isa
from x12proc.wire.segment import Segment, split_segments
from x12proc.wire.window import WINDOW, Buffer

_ISA_REACH = 4096
_LAYOUT = b" \t\r\n\xef\xbb\xbf"  # with the bytes of a byte order mark
_REMITTANCE = "835"
_REVERSAL = "22"  # CLP02
_DENYING_GROUPS = frozenset(("CO", "OA", "PI"))  # CAS01; PR is what the patient owes
_CONTRACT = "45"  # the difference to the agreed price, which by itself denies nothing
_DUPLICATE = "18"
_UNPROCESSABLE = frozenset(("MA130", "N211"))
_REMARKS = {"MOA": range(3, 8), "MIA": (5, 20, 21, 22, 23)}
_TRIOS = range(2, 20, 3)  # CAS02, CAS05 ...: reason, amount, quantity


def answered_claims(buffer: Buffer) -> Iterator[AnsweredClaim]:
    """Yield the claims of all 835 sets of a file, in file order; reversals of earlier payments are left out.

    A claim counts as denied when nothing was paid, with an adjustment in group CO, OA or PI that is neither the
    contract's (45) nor for a duplicate (18). One whose charge less adjustments is not what was paid counts as not
    denied. Raises X12SyntaxError where the file can't be read to its end, or has no 835.
    """
    claim: _Claim | None = None
    kind = payee = ""
    found = False
    for segment in _segments(buffer):
        tag = segment.tag
        if tag == "ST":
            kind, payee = segment.element(1), ""
            found = found or kind == _REMITTANCE
        if claim is not None and tag in ("CLP", "SE", "PLB", "LX"):
            yield from claim.answer()
            claim = None
        if kind != _REMITTANCE:
            continue
        if tag == "N1" and segment.element(1) == "PE":
            payee = segment.element(4) if segment.element(3) == "XX" else ""
        elif tag == "CLP":
            claim = _Claim(segment, payee)
        elif claim is not None:
            claim.add(segment)
    if not found:
        raise X12SyntaxError("no-835", "The file has no 835: claims are corrected after their remittance", 0)


class _Claim:
    """A claim while its segments are read."""

    def __init__(self, clp: Segment, payee: str) -> None:
        self._clp = clp
        self._payee = payee
        self._adjusted = Decimal(0)
        self._reasons: list[tuple[str, str]] = []  # group and adjustment reason code
        self._remarks: list[str] = []

    def add(self, segment: Segment) -> None:
        """Add a segment of the claim or of one of its services."""
        if segment.tag == "CAS":
            for position in _TRIOS:
                if segment.element(position):
                    self._reasons.append((segment.element(1), segment.element(position)))
                    self._adjusted += parse_quantity(segment.element(position + 1)) or Decimal(0)
        elif segment.tag in _REMARKS:
            found = (segment.element(position) for position in _REMARKS[segment.tag])
            self._remarks += [code for code in found if code]
        elif segment.tag == "LQ" and segment.element(1) == "HE":
            self._remarks.append(segment.element(2))

    def answer(self) -> Iterator[AnsweredClaim]:
        """Yield the claim, unless it only reverses an earlier payment."""
        clp = self._clp
        if clp.element(2) == _REVERSAL:
            return
        codes = [f"{group}-{reason}" for group, reason in self._reasons] + self._remarks
        yield AnsweredClaim(
            number=clp.element(1),
            payer_number=clp.element(7),
            provider=self._payee,
            denied=self._denied(),
            unprocessable=not _UNPROCESSABLE.isdisjoint(self._remarks),
            codes=tuple(dict.fromkeys(codes)),
        )

    def _denied(self) -> bool:
        charge, paid = (parse_quantity(self._clp.element(position)) for position in (3, 4))
        if charge is None or paid is None or paid != 0 or charge - self._adjusted != paid:
            return False
        reasons = {reason for group, reason in self._reasons if group in _DENYING_GROUPS}
        return bool(reasons - {_CONTRACT}) and _DUPLICATE not in reasons


def _segments(buffer: Buffer) -> Iterator[Segment]:
    """Yield the segments of all interchanges of a file, a window at a time. Raises X12SyntaxError."""
    position = 0
    while position < len(buffer):
        head = buffer[position : position + _ISA_REACH]
        blank = len(head) - len(head.lstrip(_LAYOUT))
        if blank == len(head):
            position += max(blank, 1)
            continue
        position += blank
        header = _header(buffer, position)
        last = None
        for last in _interchange(buffer, header):
            yield last
        if last is None or last.tag != "IEA":
            raise X12SyntaxError("no-iea", "The interchange ends without an IEA", len(buffer))
        position = last.offset + len(last.raw) + 1


def _header(buffer: Buffer, position: int) -> IsaHeader:
    head = buffer[position : position + _ISA_REACH]
    if not looks_like_isa(head[:4]):
        raise X12SyntaxError("no-isa", "This is not X12: it does not begin with an ISA", position)
    return read_isa(head, position)


def _interchange(buffer: Buffer, header: IsaHeader) -> Iterator[Segment]:
    """Yield the segments after an ISA up to its IEA."""
    terminator = header.delimiters.segment
    position = header.end + 1
    while position < len(buffer):
        raw = buffer[position : position + WINDOW]
        end = raw.rfind(terminator) + 1
        if not end:
            if position + len(raw) < len(buffer):
                raise X12SyntaxError("segment-too-long", "A segment is longer than any can be", position)
            raw, end = raw + terminator, len(raw) + 1  # the last IEA may lack its terminator
        for segment in split_segments(raw[:end], position, 0, header.delimiters):
            yield segment
            if segment.tag == "IEA":
                return
        position += end
