"""The two lines of one administration: the given part of a drug, and the discarded part billed with JW."""

from __future__ import annotations

from x12proc.claims.model import Days, ServiceLine
from x12proc.narrative import Amount
from x12proc.reference.ndc import is_placeholder, normalise
from x12proc.rules.context import Context
from x12proc.rules.dates import service_days

WASTED = "JW"

Drug = tuple[str, Days | None]


def is_waste_line(line: ServiceLine) -> bool:
    """Whether a line bills discarded drug."""
    return WASTED in line.given_modifiers


def drug_and_day(line: ServiceLine) -> Drug:
    """What two lines share that are parts of one administration: NDC and day."""
    return normalise(line.ndc) or line.ndc, service_days(line)


def is_known(drug: Drug) -> bool:
    """Whether NDC and day are real ones, so that two lines with the same can be paired."""
    return normalise(drug[0]) is not None and not is_placeholder(drug[0]) and drug[1] is not None


def other_part(line: ServiceLine, ctx: Context) -> ServiceLine | None:
    """The line that bills the other part of a line's drug: the given part of a JW line, the waste of a given line.

    None unless exactly two target lines bill the drug on that day, one with JW and one without. Lines without an
    NDC pair by the drug's name.
    """
    if not any(is_waste_line(target) for target in ctx.targets):
        return None
    parts = [other for other in ctx.targets if _is_same_drug(line, other, ctx)]
    if len(parts) != 2 or is_waste_line(parts[0]) is is_waste_line(parts[1]):
        return None
    return parts[1] if parts[0].end == line.end else parts[0]


def _is_same_drug(line: ServiceLine, other: ServiceLine, ctx: Context) -> bool:
    own, others = drug_and_day(line), drug_and_day(other)
    if own != others:
        return False
    if is_known(own):
        return True
    named = ctx.narrative(line).matched
    return not own[0] and own[1] is not None and named is not None and named == ctx.narrative(other).matched


def wasted_amount(line: ServiceLine, ctx: Context) -> Amount | None:
    """How much a JW line says was discarded: the amount that it calls so, or the only one that it gives.

    None where the text repeats the dose of the line that bills the given part.
    """
    said = ctx.narrative(line)
    if said.discarded is not None:
        return said.discarded
    given = {ctx.narrative(target).dose for target in ctx.targets if not is_waste_line(target)}
    return None if said.dose in given else said.dose
