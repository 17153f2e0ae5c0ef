"""The two lines of one administration: the given part of a drug, and the discarded part billed with JW."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache

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
    if WASTED not in _modifiers(ctx):
        return None
    own = _administration(line, ctx)
    parts = _by_administration(ctx).get(own, ()) if own is not None else ()
    if len(parts) != 2 or is_waste_line(parts[0]) is is_waste_line(parts[1]):
        return None
    return parts[1] if parts[0].end == line.end else parts[0]


@lru_cache(maxsize=2)
def _modifiers(ctx: Context) -> frozenset[str]:
    """The modifiers of all target lines. Kept, as the next one, for the claim at hand, which asks once a line."""
    return frozenset(modifier for target in ctx.targets for modifier in target.given_modifiers)


@lru_cache(maxsize=2)
def _by_administration(ctx: Context) -> dict[Hashable, list[ServiceLine]]:
    """The target lines of each drug and day that can be told."""
    lines: dict[Hashable, list[ServiceLine]] = {}
    for target in ctx.targets:
        own = _administration(target, ctx)
        if own is not None:
            lines.setdefault(own, []).append(target)
    return lines


def _administration(line: ServiceLine, ctx: Context) -> Hashable | None:
    """What the two lines of one administration share: NDC and day, or the drug's name and day."""
    own = drug_and_day(line)
    if is_known(own):
        return own
    named = ctx.narrative(line).matched if not own[0] and own[1] is not None else None
    return (named, own[1]) if named is not None else None


def wasted_amount(line: ServiceLine, ctx: Context) -> Amount | None:
    """How much a JW line says was discarded: the amount that it calls so, or the only one that it gives.

    None where the text repeats the dose of the line that bills the given part.
    """
    said = ctx.narrative(line)
    if said.discarded is not None:
        return said.discarded
    return None if said.dose in _doses_given(ctx) else said.dose


@lru_cache(maxsize=2)
def _doses_given(ctx: Context) -> frozenset[Amount | None]:
    """The doses that the texts of the lines without JW give."""
    return frozenset(ctx.narrative(target).dose for target in ctx.targets if not is_waste_line(target))
