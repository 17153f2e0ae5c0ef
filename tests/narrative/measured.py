"""The texts of ``fixtures/narratives.toml`` and how many of their facts were read right.

A fact is counted when it is expected or when it is read. Missing, wrong and invented facts are errors alike.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from x12proc.narrative import Narrative

TEXTS: Final = Path(__file__).parents[2] / "fixtures" / "narratives.toml"

#: The facts of the report's ``narrative`` object; ``route`` is left out, being the first of ``routes``.
FACTS: Final = (
    "drug_name",
    "matched",
    "generic_text",
    "dose",
    "strength",
    "concentration_only",
    "routes",
    "container",
    "container_count",
    "doses_per_container",
    "amount_per_container",
    "discarded",
    "ndc",
    "invoice",
    "invoice_amount",
    "trial",
    "investigational",
    "compound",
    "laterality",
    "dates",
)

Facts = Mapping[str, Any]


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One text of the file: its fields, what they say, and why the reader is known to get it wrong."""

    fields: tuple[str, ...]
    reason: str | None = None
    drug_name: str | None = None
    matched: str | None = None
    generic_text: bool = False
    dose: str | None = None
    strength: str | None = None
    concentration_only: bool = False
    routes: tuple[str, ...] = ()
    container: str | None = None
    container_count: str | None = None
    doses_per_container: str | None = None
    amount_per_container: str | None = None
    discarded: str | None = None
    ndc: str | None = None
    invoice: bool = False
    invoice_amount: str | None = None
    trial: str | None = None
    investigational: bool = False
    compound: bool = False
    laterality: str | None = None
    dates: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The fields in one line."""
        return " | ".join(self.fields)

    def expected(self) -> Facts:
        """The facts that are named; a fact that isn't is absent."""
        return {fact: value for fact in FACTS if (value := getattr(self, fact))}


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: tuple[Text, ...]


@dataclass(frozen=True)
class Error:
    """A fact that was missed, misread or invented."""

    text: str
    fact: str
    expected: Any
    actual: Any

    def __str__(self) -> str:
        return f"{self.text}\n    {self.fact}: expected {self.expected!r}, read {self.actual!r}"


@dataclass(frozen=True)
class Score:
    """What came out over a number of texts."""

    facts: int
    errors: Sequence[Error]
    names: int  # names that were read ...
    counts: Mapping[tuple[str, str], int]  # of each fact: expected, read, right
    wrong_names: Sequence[Error]  # ... and those of them that stand for another drug or for none

    def of_fact(self, fact: str) -> tuple[int, int, int]:
        """How often a fact was expected, how often read, and how often read right."""
        counted = Counter(self.counts)
        return counted[fact, "expected"], counted[fact, "read"], counted[fact, "right"]

    @property
    def recall(self) -> float:
        """The share of expected facts that were read right."""
        return sum(self.of_fact(fact)[2] for fact in FACTS) / sum(self.of_fact(fact)[0] for fact in FACTS)

    @property
    def facts_precision(self) -> float:
        """The share of right facts among those that were read."""
        return sum(self.of_fact(fact)[2] for fact in FACTS) / sum(self.of_fact(fact)[1] for fact in FACTS)

    @property
    def accuracy(self) -> float:
        """The share of facts that are right, of all that are expected or read."""
        return 1 - len(self.errors) / self.facts

    @property
    def precision(self) -> float:
        """The share of right names in those that were read."""
        return 1 - len(self.wrong_names) / self.names


def load() -> tuple[Text, ...]:
    """The texts of the file; raises `msgspec.ValidationError` for a key it doesn't know."""
    return msgspec.convert(tomllib.loads(TEXTS.read_text("utf-8")), _File).text


def read_facts(narrative: Narrative) -> Facts:
    """The facts of a narrative, written as the file writes them."""
    said = msgspec.to_builtins(narrative)
    return {fact: _written(said[fact]) for fact in FACTS if said[fact]}


def _written(value: Any) -> Any:
    """``{"value": "300", "unit": "MG", "per_value": "3", ...}`` as ``300 MG/3 ML``."""
    if isinstance(value, list):
        return tuple(value)
    if not isinstance(value, dict):
        return value
    amount = f"{value['value']} {value['unit']}"
    return f"{amount}/{value['per_value']} {value['per_unit']}" if value.get("per_value") else amount


def compare(text: Text, actual: Facts) -> list[Error]:
    """The errors in what was read from a text."""
    expected = text.expected()
    facts = [fact for fact in FACTS if expected.get(fact) != actual.get(fact)]
    return [Error(text.shown, fact, expected.get(fact), actual.get(fact)) for fact in facts]


def score(read: Iterable[tuple[Text, Facts]]) -> Score:
    """Counts over texts, each with what was read from it."""
    facts, names, errors, wrong, counts = 0, 0, [], [], Counter[tuple[str, str]]()
    for text, actual in read:
        expected = text.expected()
        found = compare(text, actual)
        facts += len(expected.keys() | actual.keys())
        errors += found
        counts.update((fact, "expected") for fact in expected)
        counts.update((fact, "read") for fact in actual)
        counts.update((fact, "right") for fact in expected if expected[fact] == actual.get(fact))
        if "drug_name" in actual:
            names += 1
            wrong += [error for error in found if error.fact == _identity(expected, actual)][:1]
    return Score(facts, errors, names, counts, wrong)


def _identity(expected: Facts, actual: Facts) -> str:
    """The fact that tells a wrong name: a name that a table knows may be written in more ways than one."""
    return "matched" if "matched" in expected or "matched" in actual else "drug_name"
