"""Compare the findings of a masked file with those of its source."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import msgspec

from x12proc.engine.engine import Engine
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Summary, scrub_buffer
from x12proc.wire.events import Fault, MentionCounts
from x12proc.wire.window import Buffer

MOST_DIFFERENCES = 100


class Difference(msgspec.Struct, frozen=True):
    """A fact of one file only. Ids and locations, never a value.

    ``fact`` is a rule with its severity, a fault's code, or another kind of difference.
    """

    fact: str
    where: str  # "source" or "masked"
    segment_index: int
    element: str


class Comparison(msgspec.Struct):
    """The first MOST_DIFFERENCES differences, their total, and the summary of the source."""

    differences: list[Difference]
    count: int
    summary: Summary


_Facts = tuple[tuple[str, int, str], ...]


def compare(
    source: tuple[Buffer, Engine],
    masked: tuple[Buffer, Engine],
    codes: tuple[str, ...],
    most: int | None = None,
) -> Comparison:
    """Scrub both files side by side, each with its own engine, and list the differences.

    With ``most`` it stops as soon as there are more differences than that.
    """
    summaries = Summary(), Summary()
    found = Comparison([], 0, summaries[0])
    streams = (_facts_of_file(*source, codes, summaries[0]), _facts_of_file(*masked, codes, summaries[1]))
    for one, other in zip_longest(*streams, fillvalue=()):
        if one != other:
            _add_differences(found, one, other)
            if most is not None and found.count > most:
                return found
    if _counts(summaries[0]) != _counts(summaries[1]) and not found.count:
        found.differences.append(Difference("counts", "masked", 0, ""))
        found.count = 1
    return found


def _counts(summary: Summary) -> Any:
    """Return the totals but for codes in texts and numbers, which masking changes."""
    return msgspec.to_builtins(msgspec.structs.replace(summary, mentions=MentionCounts()))


def _facts_of_file(buffer: Buffer, engine: Engine, codes: tuple[str, ...], summary: Summary) -> Iterator[_Facts]:
    """Yield the facts of each target claim and of the file itself."""
    for outcome in scrub_buffer(buffer, engine, codes):
        summary.count(outcome)
        if isinstance(outcome, Fault):
            yield ((f"{outcome.code} {outcome.severity}", outcome.segment_index, ""),)
        elif isinstance(outcome, ClaimResult):
            yield tuple(sorted(_facts_of_claim(outcome)))


def _facts_of_claim(scrubbed: ClaimResult) -> Iterator[tuple[str, int, str]]:
    index = scrubbed.claim.clm.index
    yield f"profile {scrubbed.profile}, {'rejected' if scrubbed.rejected else 'accepted'}", index, ""
    for finding in scrubbed.all_findings:
        location = finding.location
        yield f"{finding.rule} {finding.severity}", location.segment_index, location.element
    for bypass in scrubbed.bypasses:
        yield f"bypass of {bypass.rule}", index, ""


def _add_differences(found: Comparison, one: _Facts, other: _Facts) -> None:
    for where, own, against in (("source", one, other), ("masked", other, one)):
        rest = list(against)
        for fact in own:
            if fact in rest:
                rest.remove(fact)
                continue
            found.count += 1
            if len(found.differences) < MOST_DIFFERENCES:
                found.differences.append(Difference(fact[0], where, fact[1], fact[2]))
