"""What the reference tables tell: products, codes with their dates, biosimilars."""

from __future__ import annotations

from datetime import date

import msgspec


class Product(msgspec.Struct, frozen=True):
    """What the tables know of a product; a part that none of them states is empty or None.

    ``ndc`` is None when the package isn't listed and the facts come from another package of the same
    product (the first nine digits): container and strength, which may differ by package, are then left out.
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
    billing_unit: str  # what one unit of the code stands for, e.g. 10 MG
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

    def in_force(self, on: date) -> bool | None:
        """Whether it could be billed that day; None when the dates don't tell."""
        return in_force(self.added, self.terminated, on)


class SpecificCode(msgspec.Struct, frozen=True):
    """A code that stands for one drug, and how it was matched to what was asked."""

    code: str
    first: date | None  # first day the code could be billed; None: unknown
    last: date | None  # last day; None: still open, or unknown
    date_confidence: str  # verified, unverified, or empty when no date is known
    billing_unit: str
    route: str  # when the code's text restricts it to one route: IV SC IM ..., else empty
    matched_by: str  # ndc11: this package; ndc9: another package of the product; name: the drug's name
    edition: str

    def in_force(self, on: date) -> bool | None:
        """Whether it could be billed that day; None when the dates don't tell."""
        return in_force(self.first, self.last, on)


class Biosimilar(msgspec.Struct, frozen=True):
    """A biologic whose proper name carries a four-letter suffix, as the Purple Book lists it."""

    name: str  # ravulizumab-cwvz
    base: str  # ravulizumab
    suffix: str  # cwvz
    kind: str  # biosimilar, interchangeable (a biosimilar too), or originator
    brands: tuple[str, ...]


def in_force(first: date | None, last: date | None, on: date) -> bool | None:
    """Whether ``on`` lies between two days, of which either may be unknown; None when that leaves it open."""
    if (first is not None and on < first) or (last is not None and on > last):
        return False
    return None if first is None else True
