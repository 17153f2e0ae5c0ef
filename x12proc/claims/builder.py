"""Build a :class:`~x12proc.claims.model.Claim` from the bytes of a claim and of the loops above it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache

import msgspec

from x12proc.claims.loops import LoopTracker
from x12proc.claims.model import (
    Claim,
    DatePeriod,
    DrugIdentification,
    HealthCode,
    Note,
    Paperwork,
    Party,
    Reference,
    ServiceLine,
    period_days,
)
from x12proc.wire import faults
from x12proc.wire.accelerated import code_positions
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.events import ClaimSpan, SegmentRange, field
from x12proc.wire.segment import Segment, split_segments
from x12proc.wire.versions import claim_type
from x12proc.wire.window import Buffer

LARGEST_CLAIM = 12 * 1024 * 1024  # bytes
MOST_SEGMENTS = 100_000
_DIAGNOSES = frozenset(("ABK", "ABF", "BK", "BF"))
_PARENTS_KEPT = 256
_NO_MODIFIERS = [""] * 4
_EMPTY = ("",) * 9  # the elements after the last one sent


class _Parent(msgspec.Struct, frozen=True):
    """The values that are kept of a loop above the claim."""

    parties: tuple[Party, ...] = ()
    filing_indicator: str = ""  # SBR09
    payer: Party | None = None  # 2010BB
    billing_provider: Party | None = None  # 2010AA


_NO_PARENT = _Parent()


class ClaimBuilder:
    """Opens the claims of one buffer. Loops that claims share are read once."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self._parents: dict[int, _Parent] = {}

    def build(self, span: ClaimSpan) -> Claim:
        """Open a claim.

        Raises X12SyntaxError when it is larger than any real claim can be (LARGEST_CLAIM, MOST_SEGMENTS).
        """
        guide = _guide(span)
        own_range = SegmentRange(span.start, span.end, span.segment_index)
        segments = self._read(own_range, guide, span.interchange.delimiters, "2300")
        return self.claim_of(
            span, segments, [position for position, segment in enumerate(segments) if segment.tag == "LX"]
        )

    def code_offsets(self, span: ClaimSpan, codes: tuple[bytes, ...]) -> list[int]:
        """Return the file offsets of the codes in a claim, in any case and with blanks in them."""
        delimiters = span.interchange.delimiters
        raw = self._buffer[span.start : span.end]
        return [span.start + at for at in code_positions(raw, delimiters.segment, delimiters.element, codes)]

    def claim_of(self, span: ClaimSpan, segments: tuple[Segment, ...], line_starts: list[int]) -> Claim:
        """Make a claim of its segments; ``line_starts`` are the positions of those that begin a service line."""
        delimiters = span.interchange.delimiters
        guide = _guide(span)
        header = self._parent(span.header, guide, delimiters)
        provider = self._parent(span.provider, guide, delimiters)
        subscriber = self._parent(span.subscriber, guide, delimiters)
        patient = self._parent(span.patient, guide, delimiters)
        head = segments[: line_starts[0]] if line_starts else segments
        own = _by_tag(head, "2300")
        clm = segments[0]
        component = delimiters.component.decode("latin-1")
        position = _components(clm.element(5), component, 3)
        codes = _health_codes(own.get("HI", ()), component)
        dates = _dates(own.get("DTP", ()))
        # In the order of the model, as with lines.
        return Claim(
            clm.element(1),  # id
            claim_type(guide),  # type
            span.group.version or field(span.transaction.fields, 3),  # guide
            span.interchange.control,  # interchange_control
            span.group.control,  # group_control
            span.transaction.control,  # transaction_control
            delimiters,
            span.start,
            span.end,
            span,
            clm.element(2),  # charge
            position[0],  # facility_code
            position[1],  # facility_qualifier
            position[2],  # frequency
            clm,
            segments,
            codes,
            tuple([code for code in codes if code.qualifier in _DIAGNOSES]),  # diagnoses
            dates,
            _period_of(dates, "434"),  # statement_period
            _references(own["REF"]) if "REF" in own else (),
            _notes(own["NTE"]) if "NTE" in own else (),
            _paperwork(own["PWK"]) if "PWK" in own else (),
            tuple(own["K3"]) if "K3" in own else (),
            _parties([segment for segment in head if segment.loop.startswith("2310")]),
            _lines(segments, line_starts, component, span.end),
            header.parties,  # submitter_receiver
            provider.parties,  # provider
            subscriber.parties,  # subscriber
            patient.parties,  # patient
            subscriber.payer,
            provider.billing_provider,
            subscriber.filing_indicator,
            span.patient is not None,  # dependent
        )

    def _parent(self, loop_range: SegmentRange | None, guide: str, delimiters: Delimiters) -> _Parent:
        """Read a loop above claims; the last few are kept, because claims mostly share them."""
        if loop_range is None or loop_range.start == loop_range.end:
            return _NO_PARENT
        known = self._parents.get(loop_range.start)
        if known is None:
            segments = self._read(loop_range, guide, delimiters, "")
            parties = _parties(segments)
            known = _Parent(
                parties, _filing_indicator(segments), _party_of(parties, "2010BB"), _party_of(parties, "2010AA")
            )
            if len(self._parents) >= _PARENTS_KEPT:
                self._parents.clear()
            self._parents[loop_range.start] = known
        return known

    def _read(
        self, loop_range: SegmentRange, guide: str, delimiters: Delimiters, scope: str
    ) -> tuple[Segment, ...]:
        if loop_range.end - loop_range.start > LARGEST_CLAIM:
            raise faults.CLAIM_TOO_LONG.error(loop_range.start, most=LARGEST_CLAIM)
        raw = self._buffer[loop_range.start : loop_range.end]
        if len(raw) > MOST_SEGMENTS and raw.count(delimiters.segment) > MOST_SEGMENTS:
            raise faults.TOO_MANY_SEGMENTS.error(loop_range.start, most=MOST_SEGMENTS)
        loops = LoopTracker(guide, scope)
        return tuple(split_segments(raw, loop_range.start, loop_range.segment_index, delimiters, loops))


def _guide(span: ClaimSpan) -> str:
    guide = span.transaction.guide
    assert guide is not None, "the scanner yields claims of 837 sets only"
    return guide


def _components(text: str, component: str, least: int) -> list[str]:
    parts = text.split(component)
    return parts + [""] * (least - len(parts))


def _filing_indicator(subscriber: tuple[Segment, ...]) -> str:
    for segment in subscriber:
        if segment.tag == "SBR":
            return segment.element(9)
    return ""


def _party_of(parties: tuple[Party, ...], loop: str) -> Party | None:
    for party in parties:
        if party.loop == loop:
            return party
    return None


def _references(segments: Iterable[Segment]) -> tuple[Reference, ...]:
    return tuple([Reference(segment.element(1), segment.element(2), segment) for segment in segments])


def _notes(segments: Iterable[Segment]) -> tuple[Note, ...]:
    return tuple([Note(segment.element(1), segment.element(2), segment) for segment in segments])


def _paperwork(segments: Iterable[Segment]) -> tuple[Paperwork, ...]:
    return tuple(
        [Paperwork(segment.element(1), segment.element(2), segment.element(6), segment) for segment in segments]
    )


def _dates(segments: Iterable[Segment]) -> tuple[DatePeriod, ...]:
    return tuple([_period(segment) for segment in segments])


def _period(segment: Segment) -> DatePeriod:
    _, qualifier, kind, text = (segment.elements + _EMPTY)[:4]
    if kind == "RD8":
        start, _, end = text.partition("-")
        return DatePeriod(qualifier, kind, text, parse_date(start), parse_date(end), segment)
    day = parse_date(text[:8] if kind == "DT" else text)
    return DatePeriod(qualifier, kind, text, day, day, segment)


def _period_of(dates: tuple[DatePeriod, ...], qualifier: str) -> DatePeriod | None:
    for period in dates:
        if period.qualifier == qualifier:
            return period
    return None


def parse_date(text: str) -> date | None:
    """Parse a date written CCYYMMDD; None where it is none."""
    return _date(text) if len(text) == 8 else None


@lru_cache(maxsize=4096)  # a file holds few dates, many times each
def _date(text: str) -> date | None:
    if not (text.isascii() and text.isdigit()):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def _health_codes(segments: Iterable[Segment], component: str) -> tuple[HealthCode, ...]:
    codes = []
    for segment in segments:
        for position, text in enumerate(segment.elements[1:], 1):
            if text:
                parts = _components(text, component, 5)
                code = parts[1]
                codes.append(HealthCode(parts[0], code, parts[3], parts[4], segment, position, _normalized(code)))
    return tuple(codes)


def _normalized(code: str) -> str:
    return code.replace(".", "").strip().upper()


def _parties(segments: tuple[Segment, ...] | list[Segment]) -> tuple[Party, ...]:
    starts = [position for position, segment in enumerate(segments) if segment.tag == "NM1"]
    ends = [*starts[1:], len(segments)]
    return tuple([_party(tuple(segments[start:end])) for start, end in zip(starts, ends, strict=False)])


def _party(segments: tuple[Segment, ...]) -> Party:
    values = segments[0].elements + _EMPTY
    last, first = values[3], values[4]
    name = f"{last}, {first}" if last and first else last or first
    return Party(segments[0].loop, values[1], name, values[8], values[9], segments)


def _lines(
    segments: tuple[Segment, ...], line_starts: list[int], component: str, end: int
) -> tuple[ServiceLine, ...]:
    lines = []
    for start, stop in zip(line_starts, [*line_starts[1:], len(segments)], strict=False):
        line_end = segments[stop].offset if stop < len(segments) else end
        lines.append(service_line(segments[start:stop], component, line_end))
    return tuple(lines)


def service_line(segments: tuple[Segment, ...], component: str, end: int) -> ServiceLine:
    """Build a line from the segments of its loop 2400 and of those below, which end at byte ``end``;
    ``component`` is the interchange's component separator."""
    own = _by_tag(segments, "2400")
    services = own.get("SV1") or own.get("SV2")
    service = services[0] if services else None
    values = (service.elements + _EMPTY) if service else _EMPTY
    first = 2 if values[0] == "SV2" else 1
    procedure = _components(values[first], component, 7)
    modifiers = _modifiers(procedure)
    drugs = _drugs(own["2410"], component) if "2410" in own else ()
    drug = drugs[0] if drugs else None
    dates = _dates(own.get("DTP", ()))
    service_period = _period_of(dates, "472")
    references = _references(own["REF"]) if "REF" in own else ()
    # All in the order of the model; by name would take five times as long, which counts with so many lines.
    return ServiceLine(
        segments[0].element(1),  # number
        service,
        procedure[0],  # qualifier
        procedure[1],
        modifiers,
        tuple([code.upper() for code in modifiers if code]) if modifiers else (),  # given_modifiers
        procedure[6],  # description
        values[1] if first == 2 else "",  # revenue_code
        values[first + 1],  # charge
        values[first + 2],  # unit
        values[first + 3],  # units
        tuple(values[7].split(component)) if first == 1 and values[7] else (),  # pointers
        drugs,
        drug,
        drug.ndc if drug else "",
        dates,
        service_period,
        period_days(service_period),  # service_days
        references,
        _control(references) if references else "",
        _notes(own["NTE"]) if "NTE" in own else (),
        _paperwork(own["PWK"]) if "PWK" in own else (),
        tuple(own["K3"]) if "K3" in own else (),
        segments,
        end,
    )


def _control(references: tuple[Reference, ...]) -> str:
    for reference in references:
        if reference.qualifier == "6R":
            return reference.value
    return ""


def _by_tag(segments: Iterable[Segment], loop: str) -> dict[str, list[Segment]]:
    """Group the segments of one loop proper by their tags, and those of the loops below it by their loops."""
    found: dict[str, list[Segment]] = {}
    for segment in segments:
        key = segment.tag if segment.loop == loop else segment.loop
        known = found.get(key)
        if known is None:
            found[key] = [segment]
        else:
            known.append(segment)
    return found


def _modifiers(procedure: list[str]) -> tuple[str, ...]:
    sent = procedure[2:6]
    if sent == _NO_MODIFIERS:
        return ()
    while sent and not sent[-1]:
        sent.pop()
    return tuple(sent)


def _drugs(segments: Sequence[Segment], component: str) -> tuple[DrugIdentification, ...]:
    """Return the drugs of a line's 2410 loops, each of which begins with a LIN."""
    starts = [position for position, segment in enumerate(segments) if segment.tag == "LIN"]
    ends = [*starts[1:], len(segments)]
    return tuple([_drug(tuple(segments[start:end]), component) for start, end in zip(starts, ends, strict=False)])


def _drug(segments: tuple[Segment, ...], component: str) -> DrugIdentification:
    ctp = _first(segments, "CTP")
    lin = segments[0]
    quantity = ctp.element(4) if ctp else ""
    unit = ctp.element(5).split(component)[0] if ctp else ""
    ref = _first(segments, "REF")
    return DrugIdentification(lin, ctp, ref, lin.element(2), lin.element(3), quantity, unit, segments)


def _first(segments: tuple[Segment, ...], tag: str) -> Segment | None:
    for segment in segments:
        if segment.tag == tag:
            return segment
    return None
