"""The rows of the reference tables: products, codes with their dates, biosimilars."""

from __future__ import annotations

from datetime import date

import msgspec

from x12proc.reference.strength import Strength, read_strengths


class Product(msgspec.Struct, frozen=True):
    """The facts of a product; a fact that no table states is empty or None.

    ``ndc`` is None if the package isn't listed and the facts are those of another package of the same product
    (the first nine digits): container and strength, which may differ by package, are then left out.
    """

    ndc: str | None
    ndc9: str
    name: str  # brand, or the label's name where there is no brand
    generic: str  # canonical, lower-case, with the biosimilar's suffix
    application: str  # BLA NDA ANDA, or empty
    routes: tuple[str, ...]
    container: str  # SDV MDV PFS KIT, or empty
    strength: str
    specific_code: str  # HCPCS code of its own; several are joined by ";"
    specific_from: str | None  # ISO date from which the code can be billed
    from_confidence: str  # of that date: verified, unverified, or empty
    billing_unit: str  # amount of one unit of the code, e.g. 10 MG
    edition: str  # date of the edition


class HcpcsCode(msgspec.Struct, frozen=True):
    """A HCPCS Level II code. An unknown date is None, which never means "always" or "never"."""

    code: str
    short: str
    drug: str  # canonical name of the drug that the code's text names, or empty
    brand: str  # names in brackets of the text, lower-case, joined by ";": the code is for these alone
    billing_unit: str
    route: str  # when the text restricts the code to one route: IV SC IM ..., else empty
    added: date | None  # first day the code could be billed
    effective: date | None  # day of the last change that HCPCS recorded
    terminated: date | None  # last day it could be billed
    date_confidence: str  # verified: all given dates are HCPCS's own; unverified: one isn't; empty: none given
    opps_status: str  # OPPS status indicator of April 2026; empty: not in that addendum
    known_since: date | None  # where added isn't known: the first day of a CMS publication that lists it

    def in_force(self, on: date) -> bool | None:
        """Return whether it was billable that day; None if its dates leave it open."""
        return in_force(self.added, self.terminated, on, self.known_since)


class SpecificCode(msgspec.Struct, frozen=True):
    """A code of one drug alone, and how it was matched to the lookup."""

    code: str
    first: date | None  # first day the code could be billed; None: unknown
    last: date | None  # last day; None: still open, or unknown
    date_confidence: str  # verified, unverified, or empty when no date is known
    billing_unit: str
    route: str  # when the code's text restricts it to one route: IV SC IM ..., else empty
    matched_by: str  # ndc11: this package; ndc9: another package of the product; name: the drug's name
    edition: str
    known_since: date | None = None  # where first isn't known: the first day of a CMS publication that lists it

    def in_force(self, on: date) -> bool | None:
        """Return whether it was billable that day; None if its dates leave it open."""
        return in_force(self.first, self.last, on, self.known_since)


class Biosimilar(msgspec.Struct, frozen=True):
    """A biologic whose proper name carries a four-letter suffix, as the Purple Book lists it."""

    name: str  # ravulizumab-cwvz
    base: str  # ravulizumab
    suffix: str  # cwvz
    kind: str  # biosimilar, interchangeable (a biosimilar too), or originator
    brands: tuple[str, ...]


class Dosing(msgspec.Struct, frozen=True):
    """Doses of a drug, and units that may be counted instead of an amount.

    ``kind`` is ``mass``, ``activity`` (units), ``volume``, ``cells``, ``vector-genomes``, ``particles`` (viral
    particles, plaque-forming units) or ``piece``: of the last the number of pieces is the dose, and an amount is
    not needed. Of the others a text that counts one of ``pieces`` gives the whole dose too; there are none for
    drugs whose packages hold different amounts.
    """

    kind: str
    pieces: tuple[str, ...]  # lower-case words in the singular, the usual one first: vial, implant, sheet, bag


class MaximumDose(msgspec.Struct, frozen=True):
    """The largest single dose on the label of a drug with fixed doses."""

    amount: str  # a decimal number
    unit: str  # mg or mcg
    why: str  # section of the label and the dose there


class Package(msgspec.Struct, frozen=True):
    """One package of a product, and the days on which it may have been given."""

    name: str  # brand, lower-case
    generic: str  # canonical, lower-case
    container: str  # SDV MDV PFS PEN CARTRIDGE BAG KIT, or empty
    strength: str  # 1008 mg/5.6 mL
    first: date | None  # day of its license, before which nobody had it; None: unknown
    last: date | None  # the last day on which it was sold; None: still sold, or unknown

    @property
    def holds(self) -> Strength | None:
        """Return the content of one container; None if the text of the strength is not a single one."""
        read = read_strengths(self.strength)
        return read[0] if len(read) == 1 else None

    def on_sale(self, on: date) -> bool:
        """Return whether it may have been given that day; unknown dates exclude nothing."""
        return (self.first is None or self.first <= on) and (self.last is None or on <= self.last)


class Licence(msgspec.Struct, frozen=True):
    """A biologic licensed by the FDA under one name and one number."""

    name: str  # brand, lower-case; the proper name where there is no brand
    generic: str  # canonical, lower-case
    application: str  # BLA761108, or empty
    licensed: date | None  # the first approval; None: unknown
    routes: tuple[str, ...]


class Modifier(msgspec.Struct, frozen=True):
    """A HCPCS Level II modifier and the days between which it can be reported."""

    code: str
    short: str
    added: date | None
    terminated: date | None  # the last day; None: still open

    def in_force(self, on: date) -> bool | None:
        """Return whether it could be reported that day; None if its dates leave it open."""
        return in_force(self.added, self.terminated, on)


def in_force(first: date | None, last: date | None, on: date, known_since: date | None = None) -> bool | None:
    """Return whether ``on`` lies between two days; None if an unknown one leaves it open.

    If the first day is unknown, ``known_since`` is a day by which the row was in force.
    """
    if (first is not None and on < first) or (last is not None and on > last):
        return False
    begun = first or known_since
    return None if begun is None or on < begun else True


class MarketingPeriod(msgspec.Struct, frozen=True, gc=False):
    """The first and last day on which a package is marketed, by FDA's NDC Directory; None is no limit."""

    first: date | None
    last: date | None
