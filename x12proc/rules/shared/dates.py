"""Service dates: of a line, of a claim, and the segment that holds them."""

from __future__ import annotations

from datetime import date

from x12proc.claims.model import Claim, Days, ServiceLine
from x12proc.rules.context import Context


def service_days(line: ServiceLine) -> Days | None:
    """Return first and last service day of a line, or None where DTP*472 is missing or can't be read."""
    return line.service_days


def first_service_date(claim: Claim) -> date | None:
    """Return the earliest service day of the claim, else the first day of its statement, else None."""
    known = [line.service_days[0] for line in claim.lines if line.service_days]
    if known:
        return min(known)
    return claim.statement_period.first if claim.statement_period else None


def format_period(period: Days) -> str:
    first, last = period
    return first.isoformat() if first == last else f"{first.isoformat()} to {last.isoformat()}"


def dated_segment(period: Days, qualifier: str = "472") -> str:
    """Return the DTP of a day or of a period."""
    first, last = (f"{day:%Y%m%d}" for day in period)
    return f"DTP*{qualifier}*D8*{first}~" if first == last else f"DTP*{qualifier}*RD8*{first}-{last}~"


def served_on(line: ServiceLine, ctx: Context) -> date | None:
    """Return the first day of a line; where a line of a hospital claim has no date, that of the statement."""
    if line.service_days:
        return line.service_days[0]
    return ctx.claim.statement_period.first if ctx.claim.statement_period else None
