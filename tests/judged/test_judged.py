"""The program agrees with verdicts that were written from payers' texts, apart from it."""

from __future__ import annotations

import pytest

from judged.judged_claims import MOST_FALSE_WARNINGS, JudgedClaim, load, run

CLAIMS = load()


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_the_verdict_is_the_judges(claim: JudgedClaim) -> None:
    outcome = run(claim)
    assert not outcome.false_rejection, outcome.findings
    assert not outcome.miss, (claim.fault, outcome.findings)


def test_hardly_any_clean_claim_is_warned_of() -> None:
    outcomes = [run(claim) for claim in CLAIMS if claim.verdict == "clean"]
    warned = [outcome for outcome in outcomes if outcome.false_warning]
    assert len(warned) <= MOST_FALSE_WARNINGS * len(outcomes), [(one.claim.id, one.findings) for one in warned]


def test_there_are_enough_and_both_kinds() -> None:
    """Two hundred, clean and faulty in equal number, and every payer profile among them."""
    clean = sum(claim.verdict == "clean" for claim in CLAIMS)
    assert len(CLAIMS) >= 200
    assert abs(2 * clean - len(CLAIMS)) <= len(CLAIMS) // 20
    assert len({claim.id for claim in CLAIMS}) == len(CLAIMS)
    assert all(claim.source and claim.date and claim.why for claim in CLAIMS)
