"""Service dates: readable, past, one day a line, inside the statement, and the same in the text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from x12proc.claims.model import Claim, Days, ServiceLine, at, days, missing
from x12proc.findings import REJECT, WARN, Hit
from x12proc.rules.base import line_rule
from x12proc.rules.context import Context
from x12proc.values import iso_date, shorten

_DAY = "D8"
_RANGE = "RD8"


def service_days(line: ServiceLine) -> Days | None:
    """First and last service day of a line, or None where DTP*472 is missing or can't be read."""
    return line.served


def first_service_date(claim: Claim) -> date | None:
    """The earliest service day of the claim, else the first day of its statement, else None."""
    known = [line.served[0] for line in claim.lines if line.served]
    if known:
        return min(known)
    return claim.statement.first if claim.statement else None


def _said(period: Days) -> str:
    first, last = period
    return first.isoformat() if first == last else f"{first.isoformat()} to {last.isoformat()}"


@line_rule(
    "DAT01",
    "service-date-missing-or-invalid",
    severity=REJECT,
    sources=("PYX",),
    confidence="V",
    since="0.1.0",
    status="A7:187",
    remittance=("16", "M52", "M59"),
    where="2400 DTP*472, DTP02 and DTP03",
    summary="The service date is missing or is not a date.",
    fix="Send the day the drug was given as CCYYMMDD: DTP*472*D8*20231114.",
)
def service_date_missing_or_invalid(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Prices, coverage and the validity of codes all hang on the service date. The guide refuses a line whose
    date is missing or can't be read."""
    period = line.service_date
    if period is None:
        if ctx.claim.type == "P":  # on an 837I it depends on the type of bill: INS03
            yield Hit(missing(line.head, "2400", "DTP03"), "The line has no service date (DTP*472)")
        return
    if period.format not in (_DAY, _RANGE):
        message = f"DTP02 is {shorten(period.format) or 'empty'}; a service date is sent as D8 or RD8"
        yield Hit(at(period.segment, 2), message, shorten(period.format) or None)
    elif period.first is None or period.last is None:
        message = f"DTP03 is {shorten(period.text) or 'empty'}, not {_form(period.format)}"
        yield Hit(at(period.segment, 3), message, shorten(period.text) or None)
    elif period.last < period.first:
        message = f"The service period ends on {period.last} and begins later, on {period.first}"
        yield Hit(at(period.segment, 3), message, period.text)


def _form(kind: str) -> str:
    return "a date written CCYYMMDD" if kind == _DAY else "two dates written CCYYMMDD-CCYYMMDD"


@line_rule(
    "DAT02",
    "service-date-in-future",
    severity=REJECT,
    sources=("CSC",),
    confidence="V",
    since="0.1.0",
    status="A7:510",
    second_status="A7:187",
    remittance=("16", "M52"),
    where="2400 DTP03",
    summary="The service date lies in the future.",
    fix="Correct the date in DTP*472, or send the claim when the drug has been given.",
    suppressed_by=("DAT01",),
)
def service_date_in_future(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Nobody pays for what has not happened. A future date is most often a wrong year or two digits
    exchanged."""
    period, served = line.service_date, service_days(line)
    if period and served and served[1] > ctx.as_of:
        message = f"The service date is {_said(served)}; today is {ctx.as_of}"
        yield Hit(at(period.segment, 3), message, period.text)


@line_rule(
    "DAT03",
    "drug-line-spans-days",
    severity=WARN,
    sources=("NGS",),
    confidence="P",
    since="0.1.0",
    status="A7:187",
    remittance=("16", "M59"),
    where="2400 DTP03",
    summary="One drug line covers more than one day.",
    fix="Bill each administration on a line of its own with its own date (DTP*472*D8), dose and quantity.",
    suppressed_by=("DAT01",),
)
def drug_line_spans_days(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Payers price an unlisted drug by the dose of each service date. From a line that covers several days
    nobody can tell what was given when."""
    period, served = line.service_date, service_days(line)
    if period and served and served[0] < served[1]:
        count = (served[1] - served[0]).days + 1
        yield Hit(at(period.segment, 3), f"The line covers {count} days, {_said(served)}", period.text)


@line_rule(
    "DAT04",
    "service-date-outside-statement",
    severity=REJECT,
    sources=("PYX",),
    confidence="P",
    since="0.1.0",
    applies="I",
    status="A8:187",
    second_status="A8:188",
    remittance=("16", "M52"),
    where="2400 DTP03 and 2300 DTP*434",
    summary="The service date lies outside the statement dates of the claim.",
    fix="Correct the line's DTP*472, or the statement dates in DTP*434 so that they cover every line.",
    suppressed_by=("DAT01", "DAT02"),
)
def service_date_outside_statement(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """An institutional claim is a statement for a period. A service of another day does not belong to it, and
    payers send the claim back."""
    period, served = line.service_date, service_days(line)
    statement = days(ctx.claim.statement)
    if not period or not served or not statement:
        return
    if served[0] < statement[0] or served[1] > statement[1]:
        message = f"The service date is {_said(served)}, the statement covers {_said(statement)}"
        yield Hit(at(period.segment, 3), message, period.text)


@line_rule(
    "DAT07",
    "text-date-differs",
    severity=WARN,
    sources=("NGS",),
    confidence="P",
    since="0.1.0",
    drug_alone=True,
    status="A8:187",
    remittance=("16", "M52"),
    where="2400 DTP03 and the text",
    summary="The text gives another date than the service date.",
    fix="Find out which date is right, and say the same in DTP*472 and in the text.",
    suppressed_by=("DAT01", "DAT02", "DAT04"),
)
def text_date_differs(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Unlisted drugs are read by a person, who finds two dates for one dose and asks back instead of
    paying."""
    said = ctx.narrative(line).dates
    if not said:
        return
    period, served = line.service_date, service_days(line)
    told = [day for day in map(iso_date, said) if day]
    if not period or not served or not told or any(served[0] <= day <= served[1] for day in told):
        return
    listed = shorten(", ".join(day.isoformat() for day in told))
    yield Hit(at(period.segment, 3), f"The text says {listed}, DTP*472 says {_said(served)}", listed)
