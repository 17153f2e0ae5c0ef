"""Elements and segments of a 277CA (005010X214) from those of a claim: amounts, statuses, names and dates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache

import msgspec

from x12proc.claims.summary import ClaimSummary, Elements
from x12proc.findings import REJECT, Finding
from x12proc.reports.acks.envelopes import UNKNOWN, clean, segment
from x12proc.values import format_number, parse_quantity
from x12proc.wire.events import ClaimRun, ClaimSpan, field
from x12proc.wire.versions import claim_type

NO_DETAILS = "A3:0"  # cannot provide further status electronically: of a rejection when no rule has a code
_REJECT = "U"  # STC03
_LARGEST = Decimal(10) ** 10  # no charge of a claim comes near it
_CHARGE_KEPT = 20  # characters


class Totals(msgspec.Struct):
    """Claims and charges of a level."""

    accepted: int = 0
    rejected: int = 0
    accepted_amount: Decimal = Decimal(0)
    rejected_amount: Decimal = Decimal(0)

    def count(self, amount: Decimal, *, rejected: bool) -> None:
        """One more claim."""
        if rejected:
            self.rejected += 1
            self.rejected_amount += amount
        else:
            self.accepted += 1
            self.accepted_amount += amount

    def add(self, other: Totals) -> None:
        """The claims of a level below."""
        self.accepted += other.accepted
        self.rejected += other.rejected
        self.accepted_amount += other.accepted_amount
        self.rejected_amount += other.rejected_amount

    @property
    def amount(self) -> str:
        """STC04: the charges of all claims."""
        return format_number(self.accepted_amount + self.rejected_amount)

    def segments(self, accepted: str, rejected: str) -> Iterable[bytes]:
        """QTY and AMT, each where there are such claims. The arguments are QTY01."""
        if self.accepted:
            yield segment("QTY", accepted, str(self.accepted))
        if self.rejected:
            yield segment("QTY", rejected, str(self.rejected))
        if self.accepted:
            yield segment("AMT", "YU", format_number(self.accepted_amount))
        if self.rejected:
            yield segment("AMT", "YY", format_number(self.rejected_amount))


# -- amounts -----------------------------------------------------------------------------------------------------


def charge(text: str) -> Decimal:
    """A charge that can be added up; 0 for one that is none: no number, too large, or with fractions of a cent.

    Its claim is counted all the same, and STC04 and the totals agree.
    """
    return _charge_known(text) if len(text) <= _CHARGE_KEPT else _charge(text)


def _charge(text: str) -> Decimal:
    number = parse_quantity(text)
    if number is None or abs(number) >= _LARGEST or number * 100 % 1:
        return Decimal(0)
    return number or Decimal(0)  # no minus before a zero


_charge_known = lru_cache(maxsize=4096)(_charge)  # most are billed again and again


def units(text: str) -> str:
    """SVC07: the units of a line, where they are a number that fits."""
    number = parse_quantity(text)
    units = format_number(number) if number is not None else ""
    return units if len(units) <= 15 else ""


# -- statuses ----------------------------------------------------------------------------------------------------


def rejection_statuses(findings: Iterable[Finding]) -> list[str]:
    """Category and status codes of what rejects, each once, in the order of the findings."""
    codes: dict[str, None] = {}
    for finding in findings:
        if finding.severity == REJECT:
            codes[finding.status or NO_DETAILS] = None
            if finding.second_status:
                codes[finding.second_status] = None
    return list(codes)


def rejection(statuses: Sequence[str], today: str, amount: str) -> bytes:
    """STC of a rejection: the first code in STC01, the others in STC10 and STC11."""
    first, *others = statuses
    return segment("STC", first, today, _REJECT, amount, "", "", "", "", "", *others)


# -- names and dates ---------------------------------------------------------------------------------------------


def person_or_organization(
    entity: str, name: Elements, qualifier: str, identifier: str, *, suffix: bool = True
) -> bytes:
    kind = field(name, 2)
    parts = name_elements(name)
    if kind != "1":
        parts = (parts[0], "", "", "", "")
    if not suffix:
        parts = (*parts[:4], "")
    return segment(
        "NM1", entity, kind if kind in ("1", "2") else "2",
        *parts, qualifier, clean(identifier, 80, UNKNOWN, least=2),
    )  # fmt: skip


def name_elements(name: Elements) -> tuple[str, str, str, str, str]:
    """NM103 to NM107 of an answer: last, first, middle, no prefix, suffix."""
    return (
        clean(field(name, 3), 60, UNKNOWN),
        clean(field(name, 4), 35),
        clean(field(name, 5), 25),
        "",
        clean(field(name, 7), 10),
    )


def service_date(first: str, last: str) -> bytes:
    if first == last:
        return segment("DTP", "472", "D8", first)
    return segment("DTP", "472", "RD8", f"{first}-{last}")


def bill_type(head: ClaimSummary) -> str:
    """The facility type and the frequency code, where both were sent."""
    facility, frequency = clean(head.facility_code, 2), clean(head.frequency, 1)
    return facility + frequency if facility and frequency else ""


def is_institutional(span: ClaimSpan | ClaimRun) -> bool:
    return span.transaction.guide is not None and claim_type(span.transaction.guide) == "I"
