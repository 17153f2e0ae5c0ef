"""From the bytes of a claim and of the loops it hangs under to a :class:`~x12proc.claims.model.Claim`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Any

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
)
from x12proc.errors import X12SyntaxError
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.events import ClaimSpan, Stretch, field
from x12proc.wire.guides import claim_type
from x12proc.wire.segment import Segment, split_segments
from x12proc.wire.window import Buffer

LARGEST_CLAIM = 32 * 1024 * 1024  # bytes
MOST_SEGMENTS = 100_000
_DIAGNOSES = frozenset(("ABK", "ABF", "BK", "BF"))
_PARENTS_KEPT = 256
_UNSENT = ("",) * 8  # stands in for elements behind the last one sent


class _Parent(msgspec.Struct, frozen=True):
    """What is kept of a loop above the claim."""

    parties: tuple[Party, ...]
    filing_indicator: str  # SBR09


class ClaimBuilder:
    """Opens the claims of one buffer. Loops that claims share are read once."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self._parents: dict[int, _Parent] = {}

    def build(self, span: ClaimSpan) -> Claim:
        """Open a claim.

        Raises X12SyntaxError when it is larger than any real claim can be (LARGEST_CLAIM, MOST_SEGMENTS).
        """
        delimiters = span.interchange.delimiters
        guide = span.transaction.guide
        assert guide is not None, "the scanner tells claims of 837 sets only"
        subscriber = self._parent(span.subscriber, guide, delimiters)
        patient = self._parent(span.patient, guide, delimiters)
        segments = self._read(Stretch(span.start, span.end, span.segment_index), guide, delimiters, "2300")
        return Claim(
            type=claim_type(guide),
            guide=span.group.version or field(span.transaction.fields, 3),
            interchange_control=span.interchange.control,
            group_control=span.group.control,
            transaction_control=span.transaction.control,
            delimiters=delimiters,
            start=span.start,
            end=span.end,
            span=span,
            **_own(segments, delimiters, span.end),
            header=self._parent(span.header, guide, delimiters).parties,
            provider=self._parent(span.provider, guide, delimiters).parties,
            subscriber=subscriber.parties,
            patient=patient.parties,
            filing_indicator=subscriber.filing_indicator,
            dependent=span.patient is not None,
        )

    def _parent(self, stretch: Stretch | None, guide: str, delimiters: Delimiters) -> _Parent:
        """A loop that claims hang under; the last few are kept, for claims mostly share them."""
        if stretch is None or stretch.start == stretch.end:
            return _Parent((), "")
        known = self._parents.get(stretch.start)
        if known is None:
            segments = self._read(stretch, guide, delimiters, "")
            known = _Parent(_parties(segments), _filing_indicator(segments))
            if len(self._parents) >= _PARENTS_KEPT:
                self._parents.clear()
            self._parents[stretch.start] = known
        return known

    def _read(self, stretch: Stretch, guide: str, delimiters: Delimiters, scope: str) -> tuple[Segment, ...]:
        if stretch.end - stretch.start > LARGEST_CLAIM:
            raise X12SyntaxError("claim-too-large", f"A claim of over {LARGEST_CLAIM} bytes", stretch.start)
        raw = self._buffer[stretch.start : stretch.end]
        if raw.count(delimiters.segment) > MOST_SEGMENTS:
            raise X12SyntaxError("claim-too-large", f"A claim of over {MOST_SEGMENTS} segments", stretch.start)
        tracker = LoopTracker(guide, scope)
        return tuple(split_segments(raw, stretch.start, stretch.segment_index, delimiters, tracker.place))


def with_bytes(claim: Claim, raw: bytes) -> Claim:
    """The claim as it would be read if ``raw`` stood between its CLM and its end: to see what a change does."""
    guide = claim.span.transaction.guide
    assert guide is not None, "the scanner tells claims of 837 sets only"
    place = LoopTracker(guide, "2300").place
    segments = tuple(split_segments(raw, claim.start, claim.clm.index, claim.delimiters, place))
    end = claim.start + len(raw)
    return msgspec.structs.replace(claim, end=end, **_own(segments, claim.delimiters, end))


def _own(segments: tuple[Segment, ...], delimiters: Delimiters, end: int) -> dict[str, Any]:
    """What a claim's own segments say, by the fields of the claim."""
    own = _by_tag(segments, "2300")
    clm = segments[0]
    place = _components(clm.element(5), delimiters)
    codes = _health_codes(own.get("HI", ()), delimiters)
    return {
        "id": clm.element(1),
        "charge": clm.element(2),
        "facility_code": place[0],
        "facility_qualifier": place[1],
        "frequency": place[2],
        "clm": clm,
        "segments": segments,
        "codes": codes,
        "diagnoses": tuple(code for code in codes if code.qualifier in _DIAGNOSES),
        "dates": _dates(own.get("DTP", ())),
        "references": _references(own.get("REF", ())),
        "notes": _notes(own.get("NTE", ())),
        "paperwork": _paperwork(own.get("PWK", ())),
        "parties": _parties([segment for segment in segments if segment.loop.startswith("2310")]),
        "lines": _lines(segments, delimiters, end),
    }


def _components(text: str, delimiters: Delimiters, least: int = 3) -> list[str]:
    parts = text.split(delimiters.component.decode("latin-1"))
    return parts + [""] * (least - len(parts))


def _filing_indicator(subscriber: tuple[Segment, ...]) -> str:
    return next((segment.element(9) for segment in subscriber if segment.tag == "SBR"), "")


def _references(segments: Iterable[Segment]) -> tuple[Reference, ...]:
    return tuple([Reference(segment.element(1), segment.element(2), segment) for segment in segments])


def _notes(segments: Iterable[Segment]) -> tuple[Note, ...]:
    return tuple([Note(segment.element(1), segment.element(2), segment) for segment in segments])


def _paperwork(segments: Iterable[Segment]) -> tuple[Paperwork, ...]:
    return tuple(
        Paperwork(segment.element(1), segment.element(2), segment.element(6), segment) for segment in segments
    )


def _dates(segments: Iterable[Segment]) -> tuple[DatePeriod, ...]:
    return tuple([_period(segment) for segment in segments])


def _period(segment: Segment) -> DatePeriod:
    text = segment.element(3)
    kind = segment.element(2)
    first, last = text, text
    if kind == "RD8":
        first, _, last = text.partition("-")
    elif kind == "DT":
        first = last = text[:8]
    return DatePeriod(segment.element(1), kind, text, parse_date(first), parse_date(last), segment)


def parse_date(text: str) -> date | None:
    """A date written CCYYMMDD, or None when it is none."""
    return _date(text) if len(text) == 8 else None


@lru_cache(maxsize=4096)  # a file holds few dates, many times each
def _date(text: str) -> date | None:
    if not (text.isascii() and text.isdigit()):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def _health_codes(segments: Iterable[Segment], delimiters: Delimiters) -> tuple[HealthCode, ...]:
    codes = []
    for segment in segments:
        for position, text in enumerate(segment.elements[1:], 1):
            if text:
                parts = _components(text, delimiters, 5)
                codes.append(HealthCode(parts[0], parts[1], parts[3], parts[4], segment, position))
    return tuple(codes)


def _parties(segments: tuple[Segment, ...] | list[Segment]) -> tuple[Party, ...]:
    starts = [place for place, segment in enumerate(segments) if segment.tag == "NM1"]
    ends = [*starts[1:], len(segments)]
    return tuple([_party(tuple(segments[start:end])) for start, end in zip(starts, ends, strict=False)])


def _party(segments: tuple[Segment, ...]) -> Party:
    head = segments[0]
    name = ", ".join(part for part in (head.element(3), head.element(4)) if part)
    return Party(head.loop, head.element(1), name, head.element(8), head.element(9), segments)


def _lines(segments: tuple[Segment, ...], delimiters: Delimiters, end: int) -> tuple[ServiceLine, ...]:
    starts = [place for place, segment in enumerate(segments) if segment.tag == "LX" and segment.loop == "2400"]
    lines = []
    for start, stop in zip(starts, [*starts[1:], len(segments)], strict=False):
        line_end = segments[stop].offset if stop < len(segments) else end
        lines.append(_line(segments[start:stop], delimiters, line_end))
    return tuple(lines)


def _line(segments: tuple[Segment, ...], delimiters: Delimiters, end: int) -> ServiceLine:
    own = _by_tag(segments, "2400")
    services = own.get("SV1") or own.get("SV2")
    service = services[0] if services else None
    values = (*service.elements, *_UNSENT) if service else _UNSENT
    first = 2 if values[0] == "SV2" else 1
    procedure = _components(values[first], delimiters, 7)
    pointers = _components(values[7], delimiters, 1) if first == 1 and values[7] else []
    modifiers = _modifiers(procedure)
    dates = _dates(own.get("DTP", ()))
    references = _references(own.get("REF", ()))
    drugs = _drugs(segments, delimiters)
    return ServiceLine(
        number=segments[0].element(1),
        service=service,
        qualifier=procedure[0],
        procedure=procedure[1],
        modifiers=modifiers,
        given_modifiers=tuple([code.upper() for code in modifiers if code]),
        description=procedure[6],
        revenue_code=values[1] if first == 2 else "",
        charge=values[first + 1],
        unit=values[first + 2],
        units=values[first + 3],
        pointers=tuple(pointers),
        drugs=drugs,
        drug=drugs[0] if drugs else None,
        ndc=drugs[0].ndc if drugs else "",
        dates=dates,
        service_date=_service_date(dates),
        references=references,
        control=_control(references),
        notes=_notes(own.get("NTE", ())),
        paperwork=_paperwork(own.get("PWK", ())),
        segments=segments,
        end=end,
    )


def _service_date(dates: tuple[DatePeriod, ...]) -> DatePeriod | None:
    for period in dates:
        if period.qualifier == "472":
            return period
    return None


def _control(references: tuple[Reference, ...]) -> str:
    for reference in references:
        if reference.qualifier == "6R":
            return reference.value
    return ""


def _by_tag(segments: Iterable[Segment], loop: str) -> dict[str, list[Segment]]:
    """The segments of one loop proper by their tags."""
    found: dict[str, list[Segment]] = {}
    for segment in segments:
        if segment.loop == loop:
            known = found.get(segment.tag)
            if known is None:
                found[segment.tag] = [segment]
            else:
                known.append(segment)
    return found


def _modifiers(procedure: list[str]) -> tuple[str, ...]:
    sent = procedure[2:6]
    while sent and not sent[-1]:
        sent.pop()
    return tuple(sent)


def _drugs(segments: tuple[Segment, ...], delimiters: Delimiters) -> tuple[DrugIdentification, ...]:
    drugs = []
    starts = [place for place, segment in enumerate(segments) if segment.tag == "LIN"]
    for start in starts:
        stop = start + 1
        while stop < len(segments) and segments[stop].loop == "2410" and segments[stop].tag != "LIN":
            stop += 1
        group = segments[start:stop]
        ctp = next((segment for segment in group if segment.tag == "CTP"), None)
        ref = next((segment for segment in group if segment.tag == "REF"), None)
        drugs.append(
            DrugIdentification(
                lin=group[0],
                ctp=ctp,
                ref=ref,
                qualifier=group[0].element(2),
                ndc=group[0].element(3),
                quantity=ctp.element(4) if ctp else "",
                unit=_components(ctp.element(5), delimiters, 1)[0] if ctp else "",
                segments=group,
            )
        )
    return tuple(drugs)
