"""A thousand clean claims across all profiles: nothing in them is rejected, and nothing is warned of."""

from __future__ import annotations

from collections import Counter

import pytest

from generated.clean import clean
from generated.payers import MARKETS
from generated.variants import varied
from generated.wording import STYLES

CLAIMS, CHUNK = 1000, 50
SAMPLES = [varied(clean(seed)) for seed in range(CLAIMS)]


@pytest.mark.parametrize("start", range(0, CLAIMS, CHUNK))
def test_nothing_is_held_against_clean_claims(start: int) -> None:
    held = [
        (sample.seed, finding.rule, finding.severity, finding.message)
        for sample in SAMPLES[start : start + CHUNK]
        for finding in sample.scrubbed().all_findings
        if finding.severity != "info"
    ]
    assert held == []


def test_the_claims_are_of_many_kinds() -> None:
    """A generator that makes the same claim over and over would prove nothing."""
    claims = [sample.claim for sample in SAMPLES]
    assert {sample.market.profile for sample in SAMPLES} == set(MARKETS)
    assert {sample.style.name for sample in SAMPLES} == {style.name for style in STYLES}
    assert len({sample.given.drug.ndc for sample in SAMPLES}) > 60
    assert len({line.description for claim in claims for line in claim.lines}) > 700
    kinds = Counter[str]()
    for sample in SAMPLES:
        claim = sample.claim
        kinds.update({claim.type: 1, "waste": bool(sample.given.wasted), "opps": sample.code == "C9399"})
        kinds.update(dependent=claim.patient is not None, other_payer=bool(claim.other_payers))
        kinds.update(replacement=claim.frequency == "7", paperwork=bool(claim.paperwork))
        kinds.update(trial="Z006" in claim.diagnoses, stay=claim.facility == "11" and claim.type == "I")
        kinds.update(note=any(line.notes for line in claim.lines), remarks=bool(claim.notes))
        kinds.update(home=claim.facility == "12", other_style=sample.delimiters.element != "*")
    assert min(kinds.values()) >= 5, kinds


def test_a_seed_is_a_claim() -> None:
    assert clean(7).data() == clean(7).data()
    assert clean(7).data() != clean(8).data()
