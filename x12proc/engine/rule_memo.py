"""Remembers which rules have nothing to say of a drug, so that the same words need not be judged again.

A clinic gives few drugs in few doses, and bills them in the same words a thousand times. Most line rules judge
these words alone. Such a rule is marked ``drug_alone`` and first tried on a :class:`DrugLine`, which holds nothing
but what :func:`drug_key` holds: where it is silent, it will be silent wherever the key is the same. A rule that
speaks, or reaches for what isn't there (a date, the claim, a place in the file), is run on the line itself, every
time. So only silence is remembered, never a finding, and a mark that is wrong costs time but changes nothing.
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
    """What a target line says of its drug. The attributes are those of a service line; there are no others."""

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
    end: int  # which tells the lines of a claim apart


def drug_key(claim: Claim, targets: tuple[ServiceLine, ...]) -> Hashable | None:
    """All that the drug lines of a claim hold, and the notes that speak of them; None for a huge claim."""
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
    """What a rule may know besides its line: the claim's other drug lines, their texts, tables and options."""

    def __init__(self, whole: Context) -> None:
        self.memo: dict[Any, Any] = {}  # see x12proc.rules.context.per_claim
        self.reference = whole.reference
        self.option: Callable[[str, str], OptionValue] = whole.option
        self.read: Callable[[tuple[str, ...]], Narrative] = whole.read
        self.targets = tuple([_drug_line(line) for line in whole.targets])
        self._whole = whole
        self._lines = {line.end: line for line in whole.targets}

    def notes(self, line: DrugOnlyLine) -> tuple[Note, ...]:
        """As in a context."""
        return self._whole.notes(self._lines[line.end])

    def narrative(self, line: DrugOnlyLine) -> Narrative:
        """As in a context."""
        return self._whole.narrative(self._lines[line.end])

    def description(self, line: DrugOnlyLine) -> Narrative:
        """As in a context."""
        return self._whole.description(self._lines[line.end])

    def has_text(self, line: DrugOnlyLine) -> bool:
        """As in a context."""
        return self._whole.has_text(self._lines[line.end])

    def texts(self, line: DrugOnlyLine) -> list[tuple[None, str]]:
        """The texts of a line as in a context, but without their places."""
        return [(None, text) for _, text in self._whole.texts(self._lines[line.end])]

    def investigational(self, line: DrugOnlyLine) -> bool:
        """Never without Q0; with it the claim's diagnoses decide, which aren't known here."""
        if "Q0" in line.modifiers_sent:
            raise AttributeError("diagnoses")
        return False


def _drug_line(line: ServiceLine) -> DrugOnlyLine:
    return DrugOnlyLine(**{name: getattr(line, name) for name in DrugOnlyLine.__struct_fields__})


class NoHitCache:
    """The memory of one engine, whose tables and date of today stay the same."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = [rule for rule in rules if rule.drug_only and rule.level == "line"]
        self._known: dict[Hashable, tuple[frozenset[str], ...]] = {}

    def rules_without_hits(self, context: Context, options: Hashable) -> tuple[frozenset[str], ...]:
        """The ids of rules that are silent on each target line; ``options`` stands for those of all rules."""
        drugs = drug_key(context.claim, context.targets)
        if drugs is None:
            return (frozenset(),) * len(context.targets)
        key = (options, drugs)
        known = self._known.get(key)
        if known is None:  # words seen once may never come again: not worth the trial
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
    """Whether a rule has nothing to say and needed nothing but the drug to know that."""
    try:
        for _ in rule.check(line, drugs):
            return False
    except Exception:  # it reached for more, or crashes; what it does on the line itself will tell
        return False
    return True
