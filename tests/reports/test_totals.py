"""The totals of a file: exact sums, each claim counted once, bounded memory."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from support.edi import CLINIC, HOSPITAL, base
from support.reports import findings, run

from x12proc.engine.result import RuleCrash
from x12proc.engine.stream import Summary
from x12proc.engine.tally import PartyName, tally_of
from x12proc.reports.html.totals import Parties, Totals
from x12proc.values import add_exactly, format_dollars, parse_charge


@pytest.mark.parametrize("path", [CLINIC, HOSPITAL], ids=lambda path: path.stem)
def test_rules_come_to_what_the_documents_say(path) -> None:  # type: ignore[no-untyped-def]  # a Path
    result = run(path.read_bytes())
    totals = Totals()
    for claim in result.claims:
        totals.count(tally_of(claim))
    matched: Counter[str] = Counter()
    risk: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    for document in result.documents:
        found = findings(document)
        matched.update(finding["rule"] for finding in found)
        rejecting = {finding["rule"] for finding in found if finding["severity"] == "reject"}
        for rule in rejecting:
            risk[rule] += Fraction(document["charge"])  # type: ignore[assignment]  # a Counter may hold any number
            alone[rule] += rejecting == {rule}
    assert {rule: entry.findings for rule, entry in totals.rules.items()} == matched
    assert {rule: Fraction(entry.at_risk) for rule, entry in totals.rules.items() if entry.at_risk} == risk
    assert {rule: entry.alone for rule, entry in totals.rules.items() if entry.rejected} == alone
    assert all(entry.lines <= entry.findings and entry.claims <= entry.findings for entry in totals.rules.values())


@pytest.mark.parametrize("path", [CLINIC, HOSPITAL], ids=lambda path: path.stem)
def test_payers_and_providers_come_to_the_file(path) -> None:  # type: ignore[no-untyped-def]  # a Path
    result = run(path.read_bytes())
    totals = Totals()
    for claim in result.claims:
        totals.count(tally_of(claim))
    for parties in (totals.payers, totals.providers):
        shown, rest, _ = parties.ranked(3)
        every = [*shown, rest]
        assert sum(party.claims for party in every) == result.summary.target_claims
        assert sum(party.rejected for party in every) == result.summary.rejected_claims
        assert sum(party.at_risk for party in every) == result.summary.charges_at_risk > 0
        assert sum(party.charges for party in every) == result.summary.charges
        assert [party.at_risk for party in shown] == sorted((party.at_risk for party in shown), reverse=True)


def test_several_faults_on_a_claim_count_it_once() -> None:
    data = base().replace(b"CTP****40*ML", b"CTP****0*ML").replace(b"LIN**N4", b"LIN**UP")
    result = run(data)
    totals = Totals()
    totals.count(tally_of(result.claims[0]))
    rejecting = [entry for entry in totals.rules.values() if entry.rejected]
    assert len(rejecting) > 1
    assert {entry.at_risk for entry in rejecting} == {Decimal(15125)} == {result.summary.charges_at_risk}
    assert all(entry.alone == 0 for entry in rejecting)


def test_a_claim_on_which_a_rule_broke_down_is_rejected_by_none_alone() -> None:
    claim = run(base().replace(b"CTP****40*ML", b"CTP****0*ML")).claims[0]
    totals = Totals()
    totals.count(tally_of(replace(claim, crashes=(RuleCrash("NDC01", 0, "ValueError"),))))
    assert totals.rules["QTY01"].rejected == 1
    assert totals.rules["QTY01"].alone == 0


@given(st.lists(st.decimals(0, 10**15, allow_nan=False, places=2), max_size=50))
def test_sums_are_exact(amounts: list[Decimal]) -> None:
    total = Decimal(0)
    for amount in amounts:
        charge = parse_charge(str(amount) if "E" not in str(amount) else "0")
        assert charge is not None
        total = add_exactly(total, charge)
    assert Fraction(total) == sum(Fraction(amount) if "E" not in str(amount) else 0 for amount in amounts)


def test_the_longest_amounts_are_summed_to_the_last_digit() -> None:
    total = add_exactly(Decimal("999999999999999999"), Decimal(".000000000000000001"))
    assert str(total) == "999999999999999999.000000000000000001"
    assert format_dollars(Decimal("1234567.5")) == "$1,234,567.50"
    assert format_dollars(Decimal(9) * 10**40) == "$90,000,000,000,000,000,000,000,000,000,000,000,000,000.00"


@pytest.mark.parametrize("text", ["", "-5", "1,000", "1e5", "NaN", "$5", " 5", "5 ", "9" * 19, "٣"])
def test_what_is_no_amount_is_counted_apart(text: str) -> None:
    result = run(base().replace(b"CLM*B1001*15125", b"CLM*B1001*" + text.encode()))
    assert result.summary.charges == 0
    assert result.summary.charges_unread == 1
    assert result.summary.at_risk_unread == result.summary.rejected_claims
    totals = Totals()
    totals.count(tally_of(result.claims[0]))
    shown, _, _ = totals.payers.ranked(5)
    assert [(party.claims, party.unread, party.charges) for party in shown] == [(1, 1, Decimal(0))]


def test_parties_beyond_the_bound_are_counted_together() -> None:
    parties = Parties(most=10)
    for number in range(1000):
        party = PartyName(f"{number:010}", f"GROUP {number}")
        parties.count(party, rejected=True, charge=Decimal(number))
        parties.count(None, rejected=False, charge=None)
    shown, rest, others = parties.ranked(4)
    assert [party.name for party in shown] == ["GROUP 8", "GROUP 7", "GROUP 6", "GROUP 5"]
    assert others == 6
    assert rest.claims + sum(party.claims for party in shown) == 2000
    assert rest.at_risk + sum(party.at_risk for party in shown) == sum(range(1000))
    assert len(parties._known) == 10


def test_nothing_is_at_risk_in_an_empty_file() -> None:
    assert Summary().charges_at_risk == 0
    assert Totals().payers.ranked(5)[0] == []
