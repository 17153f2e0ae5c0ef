"""Every code that a rule declares is put into our own words, wherever it is shown."""

from __future__ import annotations

import pytest

from x12proc.rules import all_rules
from x12proc.rules.describe import rule_document, rule_page, rule_text
from x12proc.rules.shared.denial_words import CARC, CATEGORY, RARC, STATUS, remittance_words, status_words

RULES = all_rules().values()


def test_every_code_that_a_rule_declares_has_words() -> None:
    statuses = {status for rule in RULES for status in (rule.status, rule.second_status) if status}
    assert [status for status in sorted(statuses) if not status_words(status)] == []
    assert {rule.carc for rule in RULES if rule.carc} - CARC.keys() == set()
    assert {code for rule in RULES for code in rule.rarc} - RARC.keys() == set()


def test_words_are_short() -> None:
    for words in (*CARC.values(), *RARC.values(), *CATEGORY.values(), *STATUS.values()):
        assert 0 < len(words) <= 90
        assert not words.endswith(".")


def test_a_code_for_several_faults_names_them() -> None:
    assert "units other than 1" in RARC["M123"]
    assert dict(remittance_words("16", ("M119", "N211"))) == {
        "16": "something required is missing or wrong; the remark code says what",
        "M119": "NDC missing, wrong or not in force",
        "N211": "no appeal: correct and resubmit",
    }


@pytest.mark.parametrize("status", ["", "A7", "A7:9999", "Z9:218"])
def test_unknown_codes_get_no_words(status: str) -> None:
    assert status_words(status) == ""
    assert remittance_words("9999", ("X1",)) == []


def test_they_are_shown_with_the_rule() -> None:
    rule = all_rules()["NDC01"]
    for shown in (rule_text(rule), rule_page(rule)):
        assert "M119: NDC missing, wrong or not in force" in shown
        assert "A6:218: returned, something is missing: NDC" in shown
    assert rule_document(rule)["remittance_words"]["M119"] == RARC["M119"]
    assert rule_document(rule)["status_words"] == {"A6:218": "returned, something is missing: NDC"}
