"""Turn a file of claims into corrections: frequency, the payer's number, and new control numbers and times."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime

from x12proc.claims.builder import ClaimBuilder
from x12proc.claims.model import Claim
from x12proc.correct.orders import Frequency
from x12proc.reports.edi.edits import Edit, adjust_se_count, trailing_line_ends
from x12proc.rules.shared.positions import reference_anchor
from x12proc.wire.events import (
    ClaimSpan,
    Event,
    Group,
    GroupClosed,
    Interchange,
    InterchangeClosed,
    TransactionClosed,
    TransactionSet,
)
from x12proc.wire.scanner import scan
from x12proc.wire.segment import Segment, split_segments
from x12proc.wire.window import Buffer

_ORIGINAL = "F8"
_HIGHEST_CONTROL = 999_999_999
_LONGEST_BHT03 = 30
_LINE_ENDS = b"\r\n"
_REACH = 1024 * 1024  # bytes in which a segment of an envelope ends


def new_control(control: str, seed: bytes) -> str:
    """Return a control number of nine digits other than ``control``, always the same for the same seed."""
    hashed = hashlib.sha256(seed + control.encode("utf-8", "surrogateescape")).digest()
    number = int.from_bytes(hashed[:8]) % _HIGHEST_CONTROL + 1
    if control.isdigit() and number == int(control):
        number = number % _HIGHEST_CONTROL + 1
    return f"{number:09d}"


class Renewal:
    """The edits of a file in which every claim is to be a correction.

    ``frequency`` is the new CLM05-3, ``payer_number`` returns the number for REF*F8 of a claim, and ``control``
    the new control number for an ISA13 or GS06. ``now`` is the time for ISA09, GS04 and BHT04.
    """

    def __init__(
        self,
        buffer: Buffer,
        frequency: Frequency,
        payer_number: Callable[[Claim], str],
        control: Callable[[str], str],
        now: datetime,
    ) -> None:
        self._buffer = buffer
        self._frequency = frequency
        self._payer_number = payer_number
        self._control = control
        self._now = now
        self._builder = ClaimBuilder(buffer)
        self._controls: dict[str, str] = {}
        self._added = 0  # segments of the set at hand
        self._group = ""  # GS06 of the group at hand
        self.claims = 0

    def edits(self) -> Iterator[Edit]:
        """Yield the edits in file order."""
        interchange: Interchange | None = None
        for event in scan(self._buffer, (), all_claims=True):
            if isinstance(event, Interchange):
                interchange = event
                yield from self._isa(event)
            elif isinstance(event, ClaimSpan):
                yield from self._claim(self._builder.build(event))
            elif interchange is not None:
                yield from self._envelope(event, interchange)

    def _envelope(self, event: Event, interchange: Interchange) -> Iterator[Edit]:
        if isinstance(event, Group):
            self._group = event.control
            head = self._first(event.start, interchange)[0]
            day = f"{self._now:%Y%m%d}"
            yield self._changed(
                head, interchange, {4: day, 5: f"{self._now:%H%M}", 6: self._renewed(event.control)}
            )
        elif isinstance(event, TransactionSet):
            self._added = 0
            yield from self._bht(event, interchange)
        elif isinstance(event, TransactionClosed) and event.trailer is not None:
            yield from adjust_se_count(self._buffer, event.trailer, self._added)
        elif isinstance(event, GroupClosed | InterchangeClosed):
            trailer = self._first(event.trailer[0], interchange)[0]
            control = self._group if isinstance(event, GroupClosed) else interchange.control
            yield self._changed(trailer, interchange, {2: self._renewed(control)})

    def _isa(self, interchange: Interchange) -> Iterator[Edit]:
        head = self._first(interchange.header.start, interchange)[0]
        texts = {9: f"{self._now:%y%m%d}", 10: f"{self._now:%H%M}", 13: self._renewed(interchange.control)}
        yield self._changed(head, interchange, texts)

    def _bht(self, opened: TransactionSet, interchange: Interchange) -> Iterator[Edit]:
        found = [one for one in self._first(opened.start, interchange, 2) if one.tag == "BHT"]
        for bht in found:
            set_number = "".join(one for one in opened.control if one.isascii() and one.isalnum())
            number = f"{self._renewed(interchange.control)}-{set_number}"[:_LONGEST_BHT03]
            texts = {3: number, 4: f"{self._now:%Y%m%d}", 5: f"{self._now:%H%M}"}
            yield self._changed(bht, interchange, texts)

    def _claim(self, claim: Claim) -> Iterator[Edit]:
        self.claims += 1
        interchange = claim.span.interchange
        yield self._with_frequency(claim.clm, interchange)
        original = claim.reference(_ORIGINAL)
        number = self._payer_number(claim)
        if original is not None:
            yield self._changed(original.segment, interchange, {2: number})
        else:
            yield self._new_reference(claim, number)
            self._added += 1

    def _with_frequency(self, clm: Segment, interchange: Interchange) -> Edit:
        """Return the CLM with another CLM05-3; its other components keep their bytes."""
        delimiters = interchange.delimiters
        elements = _elements(clm, delimiters.element, 6)
        parts = elements[5].split(delimiters.component)
        parts += [b""] * (3 - len(parts))
        parts[2] = self._frequency.encode()
        elements[5] = delimiters.component.join(parts)
        return Edit(clm.offset, clm.offset + len(clm.raw), delimiters.element.join(elements))

    def _new_reference(self, claim: Claim, number: str) -> Edit:
        """Return a REF*F8 after the claim's other references."""
        delimiters = claim.delimiters
        anchor = reference_anchor(claim)
        following = claim.segments[claim.segments.index(anchor) + 1 :]
        position = following[0].offset if following else claim.end
        segment = delimiters.element.join((b"REF", _ORIGINAL.encode(), number.encode("ascii")))
        ends = trailing_line_ends(self._buffer, position, delimiters.segment)
        return Edit(position, position, segment + delimiters.segment + ends)

    def _renewed(self, control: str) -> str:
        """Return the new number in place of a control number; the same for the same, without zeros in front."""
        key = control.strip().lstrip("0")
        if key not in self._controls:
            self._controls[key] = self._control(control.strip())
        return self._controls[key]

    def _first(self, start: int, interchange: Interchange, count: int = 1) -> list[Segment]:
        """Return the first segments from a place on."""
        delimiters = interchange.delimiters
        raw, end = self._buffer[start : start + _REACH], -1
        for _ in range(count):
            end = raw.find(delimiters.segment, end + 1)
        whole = raw[: end + 1] if end >= 0 else raw + delimiters.segment
        return split_segments(whole, start, 0, delimiters)[:count]

    def _changed(self, segment: Segment, interchange: Interchange, texts: dict[int, str]) -> Edit:
        """Return a segment with other texts in some of its elements; all others keep their bytes."""
        separator = interchange.delimiters.element
        elements = _elements(segment, separator, max(texts) + 1)
        for position, text in texts.items():
            elements[position] = text.encode("ascii")
        return Edit(segment.offset, segment.offset + len(segment.raw), separator.join(elements))


def _elements(segment: Segment, separator: bytes, least: int) -> list[bytes]:
    """Return the elements of a segment as bytes, without line ends in them, and at least so many."""
    elements = segment.raw.translate(None, _LINE_ENDS).split(separator)
    return elements + [b""] * (least - len(elements))
