"""Claims for tests, in the guides' terms; every field has a synthetic default.

Texts go into the file as they are given. Empty elements are left out, and so are segments of which nothing is
given: a :class:`Drug` without quantity and unit has no CTP, a line without drug no loop 2410.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

Day = date
Period = tuple[date, date]


class Style(msgspec.Struct, frozen=True):
    """Delimiters and line end of an interchange."""

    element: str = "*"
    component: str = ":"
    repetition: str = "^"
    segment: str = "~"
    line_end: str = "\n"


class Address(msgspec.Struct, frozen=True):
    """N3 and N4."""

    street: str = "100 LAKE AVE"
    city: str = "PASADENA"
    state: str = "CA"
    zip_code: str = "911014401"


class Provider(msgspec.Struct, frozen=True):
    """A provider: an organization, or a person where ``first`` is given."""

    name: str = "LAKESIDE INFUSION CENTER"
    first: str = ""
    npi: str = "1457002313"
    taxonomy: str = ""  # PRV03
    tax_id: str = "990000101"  # of a billing provider
    address: Address = Address()  # of a billing provider


class Person(msgspec.Struct, frozen=True):
    """A subscriber, or a dependent who has no member id of his own."""

    last: str = "HARTLEY"
    first: str = "MARY"
    member_id: str = "W440192003"
    birth: Day = date(1972, 1, 1)
    sex: Literal["F", "M", "U"] = "F"
    address: Address | None = Address("111 OAK ST", "GLENDALE", "CA", "91203")


class Payer(msgspec.Struct, frozen=True):
    """The payer. ``filing_indicator`` is SBR09: CI commercial, MB, MA Medicare, MC Medicaid, BL Blues."""

    name: str = "ACME COMMERCIAL HEALTH"
    id: str = "ACME1"
    filing_indicator: str = "CI"
    address: Address | None = None


class Reference(msgspec.Struct, frozen=True):
    """A REF: qualifier and value, e.g. ``Reference("G1", "PA88120447")``."""

    qualifier: str
    value: str


class Note(msgspec.Struct, frozen=True):
    """An NTE: code and text, e.g. ``Note("ADD", "...")``."""

    code: str
    text: str


class Paperwork(msgspec.Struct, frozen=True):
    """A PWK: report type, how it is sent, its control number."""

    report: str = "OZ"
    transmission: str = "EL"
    control: str = "INV20231114"


class Drug(msgspec.Struct, frozen=True):
    """Loop 2410: LIN, CTP and REF."""

    ndc: str
    quantity: str = ""  # CTP04
    unit: str = ""  # CTP05-1: F2 GR ME ML UN
    qualifier: str = "N4"  # LIN02
    reference: Reference | None = None  # REF*VY or REF*XZ


class Adjustment(msgspec.Struct, frozen=True):
    """A CAS: group, reason and amount."""

    group: str
    reason: str
    amount: str


class Adjudication(msgspec.Struct, frozen=True, kw_only=True):
    """Loop 2430: what another payer of the claim decided on a line. It repeats the line's procedure."""

    payer_id: str
    paid: str
    adjustments: tuple[Adjustment, ...] = ()
    day: Day = date(2024, 1, 5)


class OtherPayer(msgspec.Struct, frozen=True, kw_only=True):
    """Loops 2320 and 2330: another payer of the claim, and what it paid."""

    payer: Payer = Payer("STATE EMPLOYEES HEALTH PLAN", "SEHP1", "CI")
    subscriber: Person = Person()
    responsibility: Literal["P", "S", "T"] = "P"
    group_number: str = ""
    paid: str = ""
    adjustments: tuple[Adjustment, ...] = ()


class Line(msgspec.Struct, frozen=True):
    """Loop 2400. What only one guide knows is ignored in the other."""

    procedure: str = "J3590"
    charge: str = "100"
    modifiers: tuple[str, ...] = ()
    description: str = ""  # SV101-7, SV202-7
    drug: Drug | None = None
    day: Day | Period | None = None  # DTP*472; None: the claim's
    undated: bool = False  # no DTP*472 at all, as on the bill of a stay
    unit: str = "UN"
    units: str = "1"
    pointers: tuple[int, ...] = (1,)  # 837P
    place_of_service: str = ""  # 837P, SV105
    revenue_code: str = "0636"  # 837I
    control: str | None = None  # REF*6R; None: made from the claim's id and the line's number
    references: tuple[Reference, ...] = ()
    notes: tuple[Note, ...] = ()
    paperwork: tuple[Paperwork, ...] = ()
    adjudications: tuple[Adjudication, ...] = ()
    further_drugs: tuple[Drug, ...] = ()  # the guides allow none; for tests of what breaks them


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A claim with its parent loops. ``type`` is P (837P) or I (837I)."""

    lines: tuple[Line, ...]
    type: Literal["P", "I"] = "P"
    id: str = ""  # CLM01; empty: numbered in the order of the interchange
    charge: str = ""  # CLM02; empty: the sum of the lines
    day: Day = date(2023, 11, 14)
    facility: str = ""  # CLM05-1; empty: 11 (office), 13 (hospital outpatient)
    frequency: str = "1"
    diagnoses: tuple[str, ...] = ("E7521",)
    conditions: tuple[str, ...] = ()  # 837I, HI*BG
    values: tuple[tuple[str, str], ...] = ()  # 837I, HI*BE: code and amount
    references: tuple[Reference, ...] = ()
    notes: tuple[Note, ...] = ()
    paperwork: tuple[Paperwork, ...] = ()
    statement: Period | None = None  # 837I; None: from the first to the last day of the lines
    provider: Provider = Provider()
    subscriber: Person = Person()
    patient: Person | None = None  # a dependent; None: the subscriber
    relationship: str = "19"  # PAT01 of a dependent
    group_number: str = "GRP4471"
    payer: Payer = Payer()
    other_payers: tuple[OtherPayer, ...] = ()
    referring: Provider | None = None
    rendering: Provider | None = None  # 837P
    attending: Provider = Provider("IBARRA", "CELIA", "1903003311")  # 837I
