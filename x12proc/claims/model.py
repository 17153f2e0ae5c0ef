"""A claim opened once into light, immutable values, each of which knows the segment it came from.

Texts are as sent; amounts and quantities are never turned into floats. An element that was not sent is "".
The garbage collector need not watch them (gc=False): built from the leaves up, they can't form a circle.
"""

from __future__ import annotations

from datetime import date
from typing import TypeAlias

import msgspec

from x12proc.wire.delimiters import Delimiters
from x12proc.wire.events import ClaimSpan
from x12proc.wire.segment import Segment

Days: TypeAlias = tuple[date, date]  # first and last


class Location(msgspec.Struct, frozen=True, gc=False):
    """A location in the file. For an absent element it names the element, and ``after`` and ``segment_index`` the
    segment that it belongs after."""

    loop: str
    segment: str
    element: str
    segment_index: int
    byte_offset: int
    after: str | None = None


class LazyLocation(msgspec.Struct, frozen=True, gc=False):
    """A location in a segment that was sent; the :class:`Location` is made only when it is reported."""

    segment: Segment
    element: int
    component: int | None = None

    @property
    def location(self) -> Location:
        """The location itself."""
        return location_of(self.segment, self.element, self.component)


class Party(msgspec.Struct, frozen=True, gc=False):
    """A named party: NM1 and what follows it in its loop (N3, N4, PER, DMG, REF, PRV ...)."""

    loop: str
    qualifier: str  # NM101
    name: str  # NM103, for a person with NM104 after a comma
    id_qualifier: str  # NM108
    id: str  # NM109
    segments: tuple[Segment, ...]


class Reference(msgspec.Struct, frozen=True, gc=False):
    """A REF: qualifier and value."""

    qualifier: str
    value: str
    segment: Segment


class Note(msgspec.Struct, frozen=True, gc=False):
    """An NTE: note code and text."""

    code: str
    text: str
    segment: Segment


class DatePeriod(msgspec.Struct, frozen=True, gc=False):
    """A DTP. ``first`` and ``last`` are None where the text is not a date of its format."""

    qualifier: str  # DTP01
    format: str  # DTP02: D8, RD8, DT, TM
    text: str  # DTP03
    first: date | None
    last: date | None
    segment: Segment


def period_days(period: DatePeriod | None) -> Days | None:
    """Return the first and last day of a period, or None where there is none or it can't be read."""
    if period is None or period.first is None or period.last is None or period.last < period.first:
        return None
    return period.first, period.last


class HealthCode(msgspec.Struct, frozen=True, gc=False):
    """One composite of an HI segment: ``ABK:D595`` or ``BE:80:::12``."""

    qualifier: str
    code: str
    date_text: str
    amount: str
    segment: Segment
    position: int  # which element of the HI
    normalized: str  # the code in capitals, without decimal point and blanks

    @property
    def location(self) -> Location:
        """The location of the code."""
        return location_of(self.segment, self.position, 2)


class Paperwork(msgspec.Struct, frozen=True, gc=False):
    """A PWK: report type, how it is sent, its control number."""

    report: str  # PWK01
    transmission: str  # PWK02
    control: str  # PWK06
    segment: Segment


class DrugIdentification(msgspec.Struct, frozen=True, gc=False):
    """Loop 2410: LIN, CTP and REF as sent."""

    lin: Segment
    ctp: Segment | None
    ref: Segment | None
    qualifier: str  # LIN02
    ndc: str  # LIN03
    quantity: str  # CTP04
    unit: str  # CTP05-1
    segments: tuple[Segment, ...]


class Oddity(msgspec.Struct, frozen=True, gc=False):
    """What is off the guide's form in a service line that was read all the same: where, and what.

    ``kind`` is ``tag`` (in small letters or with blanks), ``no-lx``, ``second-service`` (a second SV1 or SV2 in an
    LX), ``after-loop`` (an SV1 or SV2 after loops 2410 to 2440), ``other-guide`` (SV2 in an 837P, SV1 in an 837I),
    ``qualifier`` or ``code`` (in small letters or with blanks).
    """

    kind: str
    segment: Segment
    element: int
    component: int | None = None


class StrayCode(msgspec.Struct, frozen=True, gc=False):
    """A procedure code in a place of a claim where it is neither a service line's nor part of a text or number."""

    segment: Segment
    element: int
    component: int | None = None


class ServiceLine(msgspec.Struct, frozen=True, gc=False):
    """A 2400 loop with its 2410, 2420 and 2430 loops. ``service`` is its SV1 or SV2."""

    number: str  # LX01
    service: Segment | None
    qualifier: str  # SV101-1 / SV202-1
    procedure: str  # SV101-2 / SV202-2
    modifiers: tuple[str, ...]  # SV101-3..6 / SV202-3..6 with gaps kept as ""
    modifiers_sent: tuple[str, ...]  # those that were sent, without gaps, upper case
    description: str  # SV101-7 / SV202-7
    revenue_code: str  # SV201
    charge: str
    unit: str  # SV103 / SV204
    units: str  # SV104 / SV205
    pointers: tuple[str, ...]  # SV107-1..4
    drugs: tuple[DrugIdentification, ...]
    drug: DrugIdentification | None  # the first 2410 loop
    ndc: str  # LIN03 of the first 2410 loop
    dates: tuple[DatePeriod, ...]
    service_period: DatePeriod | None  # DTP*472
    service_days: Days | None  # its first and last day; None where it is missing or can't be read
    references: tuple[Reference, ...]
    control: str  # REF*6R, the line item control number
    notes: tuple[Note, ...]
    paperwork: tuple[Paperwork, ...]
    k3: tuple[Segment, ...]  # K3, fixed format information
    segments: tuple[Segment, ...]
    end: int  # file offset after the line's last segment
    oddities: tuple[Oddity, ...] = ()  # what is off the guide's form

    @property
    def lx(self) -> Segment:
        """The segment that begins the loop."""
        return self.segments[0]

    @property
    def sv_or_lx(self) -> Segment:
        """SV1 or SV2, or the LX where neither was sent."""
        return self.service or self.segments[0]

    def last_loop_segment(self) -> Segment:
        """The last segment of the 2400 loop proper, after which loop 2410 belongs."""
        return next(segment for segment in reversed(self.segments) if segment.loop == "2400")


class Claim(msgspec.Struct, frozen=True, gc=False):
    """A claim (2300) with the loops above it (1000, 2000A-C) and everything below it.

    ``guide`` is GS08 as sent, ``type`` is P or I. Diagnoses are the HI composites ABK, ABF (BK, BF) in order,
    so that diagnosis pointer 1 is ``diagnoses[0]``.
    """

    id: str  # CLM01
    type: str
    guide: str
    interchange_control: str
    group_control: str
    transaction_control: str
    delimiters: Delimiters
    start: int
    end: int
    span: ClaimSpan  # the claim's span, and the envelopes and HL loops above it
    charge: str  # CLM02
    facility_code: str  # CLM05-1
    facility_qualifier: str  # CLM05-2
    frequency: str  # CLM05-3
    clm: Segment
    segments: tuple[Segment, ...]  # from the CLM to the claim's last segment
    health_codes: tuple[HealthCode, ...]
    diagnoses: tuple[HealthCode, ...]
    dates: tuple[DatePeriod, ...]
    statement_period: DatePeriod | None  # DTP*434, the statement dates of an institutional claim
    references: tuple[Reference, ...]
    notes: tuple[Note, ...]
    paperwork: tuple[Paperwork, ...]
    k3: tuple[Segment, ...]  # K3, fixed format information
    parties: tuple[Party, ...]  # 2310 loops
    lines: tuple[ServiceLine, ...]
    submitter_receiver: tuple[Party, ...]  # 1000A, 1000B
    provider: tuple[Party, ...]  # 2010AA, AB, AC
    subscriber: tuple[Party, ...]  # 2010BA, BB
    patient: tuple[Party, ...]  # 2010CA
    payer: Party | None  # 2010BB, the payer this claim goes to
    billing_provider: Party | None  # 2010AA
    filing_indicator: str  # SBR09
    dependent: bool  # the patient is not the subscriber
    stray_codes: tuple[StrayCode, ...] = ()  # configured codes that no service line explains

    @property
    def patient_party(self) -> Party | None:
        """Return the party that was treated: 2010CA, else 2010BA."""
        if self.patient:
            return self.patient[0]
        return next((party for party in self.subscriber if party.loop == "2010BA"), None)

    def reference(self, qualifier: str) -> Reference | None:
        """The first REF of the claim with this qualifier."""
        for reference in self.references:
            if reference.qualifier == qualifier:
                return reference
        return None

    def code(self, qualifier: str, value: str) -> HealthCode | None:
        """The HI composite with this qualifier and code."""
        for code in self.health_codes:
            if code.qualifier == qualifier and code.code == value:
                return code
        return None

    def last_loop_segment(self) -> Segment:
        """The last segment of the 2300 loop proper."""
        return next(segment for segment in reversed(self.segments) if segment.loop == "2300")

    def pointed_diagnoses(self, line: ServiceLine) -> tuple[HealthCode, ...]:
        """The diagnoses a line points to; all of the claim's where lines have no pointers (837I)."""
        if self.type == "I":
            return self.diagnoses
        if line.pointers == ("1",):
            return self.diagnoses[:1]
        numbers = [int(pointer) for pointer in line.pointers if pointer.isascii() and pointer.isdigit()]
        return tuple([self.diagnoses[number - 1] for number in numbers if 0 < number <= len(self.diagnoses)])


def location_of(segment: Segment, element: int | None = None, component: int | None = None) -> Location:
    """Return the location of a segment, of one of its elements, or of a component of it."""
    name = segment.tag
    offset = segment.offset
    if element is not None:
        name = f"{segment.tag}{element:02d}" + (f"-{component}" if component else "")
        offset = segment.element_offset(element)
    return Location(segment.loop, segment.tag, name, segment.index, offset)


def missing_location(after: Segment, loop: str, element: str) -> Location:
    """Return the location of an element that was not sent and belongs after ``after``: ``LIN03`` of loop 2410."""
    tag = element.split("-", maxsplit=1)[0]
    tag = tag[:-2] if tag[-2:].isdigit() and len(tag) > 3 else tag
    return Location(loop, tag, element, after.index, after.offset, after.tag)
