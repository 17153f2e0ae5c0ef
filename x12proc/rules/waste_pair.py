"""The two lines of one administration: the given part of a drug, and the discarded part billed with JW."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache

from x12proc.claims.model import Days, ServiceLine
from x12proc.narrative import Amount
from x12proc.reference.ndc import is_placeholder, normalize
from x12proc.rules.context import Context
from x12proc.rules.dates import service_days

WASTED = "JW"

_PAIR = 2  # lines of one administration

Drug = tuple[str, Days | None]


def is_waste_line(line: ServiceLine) -> bool:
    """Whether a line bills discarded drug."""
    return WASTED in line.modifiers_sent


def drug_and_day(line: ServiceLine) -> Drug:
    """What two lines share that are parts of one administration: NDC and day."""
    return normalize(line.ndc) or line.ndc, service_days(line)


def is_known(drug: Drug) -> bool:
    """Whether NDC and day are real ones, so that two lines with the same can be paired."""
    return normalize(drug[0]) is not None and not is_placeholder(drug[0]) and drug[1] is not None


def other_part(line: ServiceLine, ctx: Context) -> ServiceLine | None:
    """The line that bills the other part of a line's drug: the given part of a JW line, the waste of a given line.

    None unless exactly two target lines bill the drug on that day, one with JW and one without. Lines without an
    NDC pair by the drug's name.
    """
    lines = _lines_by_drug(ctx)
    if not lines:  # asked first: without a JW line the drug alone decides, and its silence is remembered
        return None
    parts = lines.get(_key(line, ctx), [])
    if len(parts) != _PAIR or is_waste_line(parts[0]) is is_waste_line(parts[1]):
        return None
    return parts[1] if parts[0].end == line.end else parts[0]


@lru_cache(maxsize=2)
def _lines_by_drug(ctx: Context) -> dict[Hashable, list[ServiceLine]]:
    """The target lines by drug and day; empty where none bills waste. Kept for the claim at hand."""
    found: dict[Hashable, list[ServiceLine]] = {}
    if any(is_waste_line(line) for line in ctx.targets):
        for line in ctx.targets:
            found.setdefault(_key(line, ctx), []).append(line)
    return found


def _key(line: ServiceLine, ctx: Context) -> Hashable:
    """NDC and day; without an NDC the drug's name and the day; else the line itself, which pairs with no other."""
    drug = drug_and_day(line)
    if is_known(drug):
        return drug
    named = ctx.narrative(line).matched
    return (named, drug[1]) if named and drug[1] and not drug[0] else line.end


@lru_cache(maxsize=2)
def _doses_given(ctx: Context) -> frozenset[Amount | None]:
    """The doses in the texts of the lines without JW. Kept for the claim at hand."""
    return frozenset(ctx.narrative(line).dose for line in ctx.targets if not is_waste_line(line))


@lru_cache(maxsize=2)
def _packages(ctx: Context) -> dict[str | None, set[str | None]]:
    """The NDCs under which each drug of the claim is billed. Kept for the claim at hand."""
    found: dict[str | None, set[str | None]] = {}
    for line in ctx.targets:
        found.setdefault(ctx.narrative(line).matched, set()).add(normalize(line.ndc))
    return found


def has_other_packages(line: ServiceLine, ctx: Context) -> bool:
    """Whether the drug is billed from several packages: its texts may then speak of all of them together."""
    return len(_packages(ctx)[ctx.narrative(line).matched]) > 1


def wasted_amount(line: ServiceLine, ctx: Context) -> Amount | None:
    """How much a JW line says was discarded: the amount that it calls so, or the only one that it gives.

    None where the text repeats the dose of the line that bills the given part.
    """
    said = ctx.narrative(line)
    if said.discarded is not None:
        return said.discarded
    return None if said.dose in _doses_given(ctx) else said.dose
