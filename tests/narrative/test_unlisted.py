"""Words that may be the name of a drug no table lists, and words that are none."""

from __future__ import annotations

import pytest

from x12proc.narrative import Lexicon
from x12proc.narrative.unknown_names import unknown_drug_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ORVANTIQ 400MG SC (2X200MG)", "ORVANTIQ"),
        ("Orvantiq 400mg sc", "ORVANTIQ"),
        ("INJ, ORVANTIQ, 400 MG", "ORVANTIQ"),
        ("UNCLASSIFIED BIOLOGIC ORVANTIQ 400MG IV 2 VIALS", "ORVANTIQ"),
        ("400MG OF ORVANTIQ IV", "ORVANTIQ"),
        ("LOADING DOSE ORVANTIQ 400MG ABDOMEN", "ORVANTIQ"),
    ],
)
def test_a_strange_word_may_be_a_name(text: str, name: str, lexicon: Lexicon) -> None:
    assert unknown_drug_name([text], lexicon) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3300MG IV",
        "80MG IV 4X20MG/10ML SDV",
        "UNCLASSIFIED BIOLOGIC",
        "MEDICATION INFUSED PER PROTOCOL 300MG",
        "MONOCLONAL ANTIBODY 300MG INTRAVENOUSLY OVER 60 MINUTES",
        "ENZYME REPLACEMENT THERAPY 100MG EVERY FOUR WEEKS",
        "PATIENT TOLERATED WELL 200MG SUBCUTANEOUSLY LEFT THIGH",
        "LYOPHILIZED POWDER 2 VIALS RECONSTITUTED WITH STERILE WATER",
        "MULTIPLE SCLEROSIS, ASTHMA, RHEUMATOID ARTHRITIS, CROHNS DISEASE 100MG",
        "BRIUMVI 450MG IV",
        "NDC 73150-0150-06 450MG",
    ],
)
def test_plain_words_and_known_names_are_none(text: str, lexicon: Lexicon) -> None:
    assert unknown_drug_name([text], lexicon) is None


def test_the_first_text_with_such_a_word_counts(lexicon: Lexicon) -> None:
    assert unknown_drug_name(["400MG IV", "ORVANTIQ 400MG", "ZELMARIS 10MG"], lexicon) == "ORVANTIQ"
