"""What other payers and the calendar have decided: adjudicated lines of loop 2430, and the time to file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from x12proc.claims.model import Claim, Location, ServiceLine, at, days
from x12proc.findings import INFO, WARN, Hit
from x12proc.rules.base import Option, claim_rule, line_rule
from x12proc.rules.context import Context
from x12proc.rules.dates import service_days
from x12proc.rules.paste import changed, procedure
from x12proc.values import excerpt
from x12proc.wire.segment import Segment

_ADJUDICATION = "SVD"
_HCPCS = "HC"
_DESCRIPTION = 6  # the seventh component
_REPLACEMENTS = ("7", "8")
_LONGEST_YEAR = 366
_MEDICARE = ("MA", "MB")


@line_rule(
    "BAL08",
    "adjudicated-line-names-other-drug",
    severity=WARN,
    sources=("PYX",),
    confidence="P",
    since="0.1.0",
    status="A7:710",
    second_status="A7:454",
    where="2430 SVD03-2 and SVD03-7",
    suppressed_by=("NAR01",),
    summary="The other payer's decision on the drug line (2430 SVD) has another code, or lacks the description.",
    fix="Repeat the line's own code, modifiers and description in SVD03, for example "
    "SVD*60054*9000*HC:J3590:JZ::::BRIUMVI 450MG IV**1~.",
)
def adjudicated_line_names_other_drug(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The next payer matches the other payer's payment to the line by its code. If code or description differ,
    it can't see that both mean the same drug."""
    separator = ctx.claim.delimiters.component.decode("latin-1")
    for segment in line.segments:
        if segment.tag != _ADJUDICATION or segment.element(6).strip():  # SVD06: paid in a bundle with another
            continue
        parts = segment.element(3).split(separator)
        if len(parts) < 2 or parts[0].upper() != _HCPCS:
            continue
        code = parts[1].strip()
        if code.upper() != line.procedure.strip().upper():
            billed = excerpt(line.procedure, 10) or "empty"
            message = f"SVD03-2 is {excerpt(code, 20) or 'empty'}, but the line bills {billed}"
            fix = _repeated_in_svd(line, segment, ctx)
            if fix and code:
                fix += f". Keep {excerpt(code, 20)} only if the other payer paid under it."
            yield Hit(at(segment, 3, 2), message, excerpt(code) or None, fix=fix)
        elif not "".join(parts[_DESCRIPTION : _DESCRIPTION + 1]).strip():
            message = f"SVD03-7 is empty, but {excerpt(code, 10)} needs its description in loop 2430 too"
            yield Hit(at(segment, 3, 7), message, fix=_repeated_in_svd(line, segment, ctx))


def _repeated_in_svd(line: ServiceLine, segment: Segment, ctx: Context) -> str | None:
    """The SVD with the procedure of its line."""
    if ":" in line.description:
        return None
    corrected = changed(segment, ctx.claim.delimiters, {3: procedure(line)})
    return f"Send {corrected}" if corrected else None


@claim_rule(
    "DAT06",
    "late-for-timely-filing",
    severity=INFO,
    sources=("MEM",),
    confidence="M",
    since="0.1.0",
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
    """The payer's time to file, and the day on which it ended."""
    if claim.filing_indicator not in _MEDICARE or allowed != _LONGEST_YEAR:
        return f"the payer's {allowed} days (ended {served + timedelta(days=allowed)})"
    leap_day = (served.month, served.day) == (2, 29)
    return (
        f"Medicare's 12 months (ended {served.replace(year=served.year + 1, day=28 if leap_day else served.day)})"
    )


def _counted_from(claim: Claim, ctx: Context) -> tuple[date, Location] | None:
    """The day from which the time runs: the statement's end, else the first day of the earliest target line."""
    statement = days(claim.statement)
    if statement is not None and claim.statement is not None:
        return statement[1], at(claim.statement.segment, 3)
    known = [(served[0], line) for line in ctx.targets if (served := service_days(line))]
    if not known:
        return None
    first, line = min(known, key=lambda entry: entry[0])
    return (first, at(line.service_date.segment, 3)) if line.service_date else None
