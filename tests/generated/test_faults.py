"""Five thousand claims with one fault each: the fault is found, and no other rule rejects the claim."""

from __future__ import annotations

import pytest

from generated.faults import FAULTS, FaultKind
from generated.faults.base import broken
from generated.sample import Sample
from x12proc.rules import all_rules

EACH = 32


def _samples(kind: FaultKind) -> list[Sample]:
    samples = [broken(kind, seed=1)]
    while len(samples) < EACH:
        samples.append(broken(kind, samples[-1].seed + 1))
    return samples


@pytest.mark.parametrize("kind", FAULTS, ids=[f"{kind.rule}-{kind.name}" for kind in FAULTS])
def test_the_fault_is_found_and_nothing_else_rejects(kind: FaultKind) -> None:
    missed, others = [], []
    for sample in _samples(kind):
        findings = sample.scrubbed().all_findings
        reported = {finding.rule for finding in findings}
        rejecting = {finding.rule for finding in findings if finding.severity == "reject"}
        if reported.isdisjoint({kind.rule, *kind.instead}):
            missed.append((sample.seed, reported))
        others += [(sample.seed, rule) for rule in rejecting - {kind.rule, *kind.instead, *kind.also}]
    assert missed == []
    assert others == []


def test_there_are_five_thousand() -> None:
    assert len(FAULTS) * EACH >= 5000
    assert len({kind.name for kind in FAULTS}) == len(FAULTS)


def test_every_rule_has_a_fault() -> None:
    assert {kind.rule for kind in FAULTS} == set(all_rules())
