"""DAT01 to DAT07: service dates, approval dates and timely filing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from x12proc.claims.model import Claim, Location, ServiceLine, location_of, missing_location, period_days
from x12proc.findings import INFO, REJECT, WARN, Hit
from x12proc.rules.base import Option, claim_rule, line_rule
from x12proc.rules.context import Context
from x12proc.rules.shared.dates import dated_segment, format_period, service_days
from x12proc.rules.shared.guide_errors import SAME_ELEMENT
from x12proc.rules.shared.listed_product import listed_product
from x12proc.rules.shared.trial_drug import is_under_study
from x12proc.values import excerpt, iso_date

_REPLACEMENTS = ("7", "8")
_LONGEST_YEAR = 366
_MEDICARE = ("MA", "MB")
_DAY = "D8"
_RANGE = "RD8"
_LONGEST = 40  # characters of a date that are read
_EARLIEST, _LATEST = 2000, 2099


@claim_rule(
    "DAT06",
    "late-for-timely-filing",
    severity=INFO,
    sources=("MEM",),
    confidence="field",
    status="A7:718",
    remittance=("29",),
    where="2400 DTP*472, 2300 DTP*434, DTP03",
    suppressed_by=("DAT01",),
    options={
        "days": Option(_LONGEST_YEAR, "how many days after the service the payer accepts a claim"),
        "filing_indicators": Option(("MA", "MB"), "the payers (SBR09) that the limit applies to"),
    },
    summary="The claim is past the payer's limit for timely filing.",
    fix="Check the service date. If it is right, send the delay reason code in CLM20, or write the charge off; "
    "Medicare forbids billing the patient.",
)
def late_for_timely_filing(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Medicare accepts a claim for twelve months after the service. It denies later ones, and the provider may
    not charge the patient instead."""
    payers, allowed = ctx.option("DAT06", "filing_indicators"), ctx.option("DAT06", "days")
    assert isinstance(payers, tuple)
    assert isinstance(allowed, int)
    if claim.filing_indicator not in payers or claim.frequency in _REPLACEMENTS:
        return
    counted = _counted_from(claim, ctx)
    if counted is not None and (ctx.as_of - counted[0]).days > allowed:
        yield Hit(counted[1], f"The service of {counted[0]} is past {_limit(claim, counted[0], allowed)}")


def _limit(claim: Claim, served: date, allowed: int) -> str:
    """Return the payer's time to file, and the day on which it ended."""
    if claim.filing_indicator not in _MEDICARE or allowed != _LONGEST_YEAR:
        return f"the payer's {allowed} days (ended {served + timedelta(days=allowed)})"
    leap_day = (served.month, served.day) == (2, 29)
    return (
        f"Medicare's 12 months (ended {served.replace(year=served.year + 1, day=28 if leap_day else served.day)})"
    )


def _counted_from(claim: Claim, ctx: Context) -> tuple[date, Location] | None:
    """Return the day from which the time runs: the statement's end, else the first day of the earliest target
    line."""
    statement = period_days(claim.statement_period)
    if statement is not None and claim.statement_period is not None:
        return statement[1], location_of(claim.statement_period.segment, 3)
    known = [(served[0], line) for line in ctx.targets if (served := service_days(line))]
    if not known:
        return None
    first, line = min(known, key=lambda entry: entry[0])
    return (first, location_of(line.service_period.segment, 3)) if line.service_period else None


@line_rule(
    "DAT01",
    "service-date-missing-or-invalid",
    severity=REJECT,
    sources=("PYX",),
    confidence="verified",
    status="A7:187",
    remittance=("16", "M52", "M59"),
    where="2400 DTP*472, DTP02 and DTP03",
    same_as_guide=((SAME_ELEMENT, "1 4 5 6 7 8"), ("DTP", "3 SEG1"), ("DTP03", "1")),
    summary="The service date is missing or is not a date.",
    fix="Send the day the drug was given as CCYYMMDD, for example DTP*472*D8*20231114~.",
)
def service_date_missing_or_invalid(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Prices, coverage and valid codes depend on the service date. The guide refuses a line whose date is
    missing or unreadable."""
    period = line.service_period
    if period is None:
        if ctx.claim.type == "P":  # on an 837I it depends on the type of bill: INS03
            yield Hit(
                missing_location(line.sv_or_lx, "2400", "DTP03"),
                "The line has no service date: DTP*472 is missing",
            )
        return
    if period.format not in (_DAY, _RANGE):
        message = f"DTP02 is {excerpt(period.format) or 'empty'}; a service date needs D8 or RD8"
        yield Hit(
            location_of(period.segment, 2), message, excerpt(period.format) or None, fix=_date_fix(period.text)
        )
    elif period.first is None or period.last is None:
        message = f"DTP03 is {excerpt(period.text) or 'empty'}, not {_form(period.format)}"
        yield Hit(
            location_of(period.segment, 3), message, excerpt(period.text) or None, fix=_date_fix(period.text)
        )
    elif period.last < period.first:
        message = f"The service period begins on {period.first}, after its end on {period.last}"
        swapped = dated_segment((period.last, period.first))
        yield Hit(
            location_of(period.segment, 3), message, period.text, fix=f"If the dates are swapped, send {swapped}"
        )


def _date_fix(text: str) -> str | None:
    """Return the DTP that a misspelled date means, if there is only one way to read it."""
    days_read = [_read_day(part.strip()) for part in text[:_LONGEST].split("-")]
    known = [day for day in days_read if day]
    if not 0 < len(known) == len(days_read) <= 2 or known[-1] < known[0]:
        return None
    return f"Compare with the record, then send {dated_segment((known[0], known[-1]))}"


def _read_day(text: str) -> date | None:
    """Return a day of CCYYMMDD, YYMMDD or MMDDCCYY, with or without slashes; None where it may be two days or
    none."""
    digits = text.replace("/", "")
    if not (digits.isascii() and digits.isdigit()):
        return None
    spelled = {8: (digits, digits[4:] + digits[:4]), 6: (f"20{digits}", f"20{digits[4:]}{digits[:4]}")}
    read = {iso_date(f"{one[:4]}-{one[4:6]}-{one[6:]}") for one in spelled.get(len(digits), ())} - {None}
    plausible = [day for day in read if day and _EARLIEST <= day.year <= _LATEST]
    return plausible[0] if len(plausible) == 1 else None


def _form(kind: str) -> str:
    return "a date written CCYYMMDD" if kind == _DAY else "two dates written CCYYMMDD-CCYYMMDD"


@line_rule(
    "DAT02",
    "service-date-in-future",
    severity=REJECT,
    sources=("CSC",),
    confidence="verified",
    status="A7:510",
    second_status="A7:187",
    remittance=("16", "M52"),
    where="2400 DTP03",
    summary="The service date is in the future.",
    fix="Correct the date in DTP*472, or hold the claim until the drug has been given.",
    suppressed_by=("DAT01",),
)
def service_date_in_future(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Nobody pays for what has not happened yet. Most future dates have a wrong year or two digits
    exchanged."""
    period, served = line.service_period, service_days(line)
    if period and served and served[1] > ctx.as_of:
        message = f"The service date {format_period(served)} is after today, {ctx.as_of}"
        yield Hit(location_of(period.segment, 3), message, period.text)


@line_rule(
    "DAT03",
    "drug-line-spans-days",
    severity=WARN,
    sources=("NGS",),
    confidence="proposed",
    status="A7:187",
    remittance=("16", "M59"),
    where="2400 DTP03",
    summary="One drug line covers more than one day.",
    fix="Send one line for each day the drug was given, with its own date (DTP*472*D8), dose and quantity.",
    suppressed_by=("DAT01",),
)
def drug_line_spans_days(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Payers price an unlisted drug by the dose of each service date. A line of several days doesn't show what
    was given when."""
    period, served = line.service_period, service_days(line)
    if period and served and served[0] < served[1]:
        count = (served[1] - served[0]).days + 1
        message = f"One line covers {count} days, {format_period(served)}"
        first = dated_segment((served[0], served[0]))
        fix = f"Send one line for each day the drug was given, with its own dose. The first day: {first}"
        yield Hit(location_of(period.segment, 3), message, period.text, fix=fix)


@line_rule(
    "DAT04",
    "service-date-outside-statement",
    severity=REJECT,
    sources=("PYX",),
    confidence="proposed",
    claim_types=("I",),
    status="A8:187",
    second_status="A8:188",
    remittance=("16", "M52"),
    where="2400 DTP03 and 2300 DTP*434",
    summary="The service date is outside the statement dates of the claim.",
    fix="Correct the line's DTP*472, or widen the statement dates in DTP*434 to cover every line.",
    suppressed_by=("DAT01", "DAT02"),
)
def service_date_outside_statement(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """An institutional claim covers the days of its statement. A service on another day does not belong to it,
    and payers return the claim."""
    period, served = line.service_period, service_days(line)
    statement = period_days(ctx.claim.statement_period)
    if not period or not served or not statement:
        return
    if served[0] < statement[0] or served[1] > statement[1]:
        message = (
            f"The service date {format_period(served)} is outside the statement dates, {format_period(statement)}"
        )
        first, last = min(served[0], statement[0]), max(served[1], statement[1])
        fix = f"Correct the service date, or widen the statement: DTP*434*RD8*{first:%Y%m%d}-{last:%Y%m%d}~"
        yield Hit(location_of(period.segment, 3), message, period.text, fix=fix)


@line_rule(
    "DAT07",
    "text-date-differs",
    severity=WARN,
    sources=("NGS",),
    confidence="proposed",
    drug_only=True,
    status="A8:187",
    remittance=("16", "M52"),
    where="2400 DTP03 and the text",
    summary="The date in the text differs from the service date.",
    fix="Look up the day in the record, and send it in DTP*472 and in the text.",
    suppressed_by=("DAT01", "DAT02", "DAT04"),
)
def text_date_differs(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """A person reads the text of an unlisted drug, finds two dates for one dose, and asks instead of
    paying."""
    stated = ctx.narrative(line).dates
    if not stated:
        return
    period, served = line.service_period, service_days(line)
    in_text = [day for day in map(iso_date, stated) if day]
    if not period or not served or not in_text or any(served[0] <= day <= served[1] for day in in_text):
        return
    listed = excerpt(", ".join(day.isoformat() for day in in_text))
    message = f"The text has {listed}, but DTP*472 has {format_period(served)}"
    fix = None
    if len(in_text) == 1:
        sent = dated_segment((in_text[0], in_text[0]))
        fix = f"If the drug was given on {in_text[0]}, send {sent}. If not, correct the text."
    yield Hit(location_of(period.segment, 3), message, listed, fix=fix)


@line_rule(
    "DAT05",
    "service-before-approval",
    severity=WARN,
    sources=("MEM",),
    confidence="proposed",
    status="A7:187",
    second_status="A7:218",
    remittance=("114",),
    where="2400 DTP*472; 2410 LIN03, SV101-7, SV202-7, NTE02",
    suppressed_by=("DAT01", "NDC11"),
    summary="The service date is before FDA licensed the product.",
    fix="Check the service date, the NDC and the name of the drug. Before its license a biologic is under study: "
    "bill it as part of a clinical trial.",
)
def service_before_approval(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Payers deny a product that was not approved on the service date. The Purple Book has the day of each
    license. Where a drug has several, the first counts. A compounded product has none, and a drug under study in a
    trial needs none."""
    days, period = service_days(line), line.service_period
    if days is None or period is None:
        return
    name = _licensed_name(line, ctx)
    first = ctx.reference.first_licensed(name) if name else None
    if first is None or days[1] >= first or ctx.narrative(line).compound or is_under_study(line, ctx):
        return
    message = f"The service of {format_period(days)} is before {excerpt(name or '', 60)} was licensed on {first}"
    yield Hit(location_of(period.segment, 3), message, excerpt(period.text))


def _licensed_name(line: ServiceLine, ctx: Context) -> str | None:
    """Return the brand or drug of the NDC, or else of the text."""
    product = listed_product(line, ctx)
    if product is not None:
        return product.name or product.generic
    narrative = ctx.narrative(line)
    return narrative.drug_name or narrative.matched
