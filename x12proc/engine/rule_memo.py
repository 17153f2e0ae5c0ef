"""Caches which rules have no hit on a drug line, so that the same text is checked once.

A clinic gives few drugs in few doses, and bills them in the same words a thousand times. Most line rules depend on
these words alone. Such a rule is declared ``drug_only`` and first run on a :class:`DrugOnlyLine`, which holds only
what :func:`drug_key` holds: where it has no hit, it has none wherever the key is the same. A rule that has a hit,
or reads an attribute that isn't there (a date, the claim, an offset in the file), is run on the line itself, every
time. So only the absence of hits is cached, never a finding, and a wrong ``drug_only`` costs time but changes
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

import msgspec

from x12proc.claims.model import Claim, DrugIdentification, Note, ServiceLine
from x12proc.narrative import Narrative
from x12proc.rules.base import OptionValue, Rule
from x12proc.rules.context import Context

MOST_KEPT = 4096
LARGEST_KEPT = 8 * 1024  # bytes of a claim; what is kept of larger ones could swell the memory


class DrugOnlyLine(msgspec.Struct, frozen=True):
    """The drug of a target line, with the attributes of a service line that describe it and no others."""

    qualifier: str
    procedure: str
    modifiers: tuple[str, ...]
    modifiers_sent: tuple[str, ...]
    description: str
    revenue_code: str
    unit: str
    units: str
    drugs: tuple[DrugIdentification, ...]
    drug: DrugIdentification | None
    ndc: str
    notes: tuple[Note, ...]
    end: int  # distinguishes the lines of a claim


def drug_key(claim: Claim, targets: tuple[ServiceLine, ...]) -> Hashable | None:
    """Return all that the drug lines of a claim and the notes on them hold; None for a huge claim."""
    if claim.end - claim.start > LARGEST_KEPT:
        return None
    key: list[Hashable] = [claim.delimiters]
    for line in targets:
        key += (line.qualifier, line.procedure, line.modifiers, line.description)
        key += (line.revenue_code, line.unit, line.units)
        for drug in line.drugs:
            key += [segment.raw for segment in drug.segments]
        for note in line.notes:
            key.append(note.segment.raw)
    if len(targets) == 1 and claim.notes:
        key.append("2300")
        key += [note.segment.raw for note in claim.notes]
    return tuple(key)


class DrugOnlyContext:
    """The part of a :class:`Context` that a ``drug_only`` rule may read: drug lines, texts, tables and options."""

    def __init__(self, whole: Context) -> None:
        self.memo: dict[Any, Any] = {}  # see x12proc.rules.context.per_claim
        self.reference = whole.reference
        self.option: Callable[[str, str], OptionValue] = whole.option
        self.read: Callable[[tuple[str, ...]], Narrative] = whole.read
        self.targets = tuple([_drug_line(line) for line in whole.targets])
        self._whole = whole
        self._lines = {line.end: line for line in whole.targets}

    def notes(self, line: DrugOnlyLine) -> tuple[Note, ...]:
        """Return what Context.notes returns."""
        return self._whole.notes(self._lines[line.end])

    def narrative(self, line: DrugOnlyLine) -> Narrative:
        """Return what Context.narrative returns."""
        return self._whole.narrative(self._lines[line.end])

    def description(self, line: DrugOnlyLine) -> Narrative:
        """Return what Context.description returns."""
        return self._whole.description(self._lines[line.end])

    def has_text(self, line: DrugOnlyLine) -> bool:
        """Return what Context.has_text returns."""
        return self._whole.has_text(self._lines[line.end])

    def texts(self, line: DrugOnlyLine) -> list[tuple[None, str]]:
        """Return the texts of a line as Context.texts does, without their locations."""
        return [(None, text) for _, text in self._whole.texts(self._lines[line.end])]

    def investigational(self, line: DrugOnlyLine) -> bool:
        """Return False without Q0; with it the claim's diagnoses decide, which aren't known here."""
        if "Q0" in line.modifiers_sent:
            raise AttributeError("diagnoses")
        return False


def _drug_line(line: ServiceLine) -> DrugOnlyLine:
    return DrugOnlyLine(**{name: getattr(line, name) for name in DrugOnlyLine.__struct_fields__})


class NoHitCache:
    """The rules without a hit by drug key, for one engine: its tables and date stay the same."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = [rule for rule in rules if rule.drug_only and rule.level == "line"]
        self._known: dict[Hashable, tuple[frozenset[str], ...]] = {}

    def rules_without_hits(self, context: Context, options: Hashable) -> tuple[frozenset[str], ...]:
        """Return the ids of the rules without a hit on each target line. ``options`` identifies those in force."""
        drugs = drug_key(context.claim, context.targets)
        if drugs is None:
            return (frozenset(),) * len(context.targets)
        key = (options, drugs)
        known = self._known.get(key)
        if known is None:  # a text seen once may never come again: not worth a run
            if len(self._known) >= MOST_KEPT:  # a file with ever new texts must not grow the memory
                self._known.clear()
            self._known[key] = ()
            return (frozenset(),) * len(context.targets)
        if not known:
            known = self._known[key] = self._probe(DrugOnlyContext(context))
        return known

    def _probe(self, drugs: DrugOnlyContext) -> tuple[frozenset[str], ...]:
        return tuple(
            [
                frozenset([rule.id for rule in self._rules if _has_no_hit(rule, line, drugs)])
                for line in drugs.targets
            ]
        )


def _has_no_hit(rule: Rule, line: DrugOnlyLine, drugs: DrugOnlyContext) -> bool:
    """Return whether a rule has no hit on a line, and read nothing but the drug to find none."""
    try:
        for _ in rule.check(line, drugs):
            return False
    except Exception:  # it read more, or crashes: it is run on the line itself
        return False
    return True
