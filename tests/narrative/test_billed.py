"""Several drugs in one text: which is billed, and whose the amounts are."""

from __future__ import annotations

import pytest

from x12proc.narrative import Lexicon, read


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("BRIUMVI AFTER ULTOMIRIS", "briumvi"),
        ("PREMED BENADRYL 50MG, BRIUMVI 450MG", "briumvi"),
        ("PRE-MEDICATED WITH BENADRYL BRIUMVI 450MG", "briumvi"),
        ("FAILED METHOTREXATE AND HUMIRA. STELARA 90MG", "stelara"),
        ("FAILED TRIAL OF HUMIRA, STELARA 90MG", "stelara"),
        ("SWITCHED FROM SOLIRIS TO ULTOMIRIS 3300MG", "ultomiris"),
        ("NO RESPONSE TO REMICADE, ENTYVIO 300MG", "entyvio"),
        ("ALLERGIC TO RITUXAN; GAZYVA 1000MG", "gazyva"),
        ("TRUXIMA (BIOSIMILAR OF RITUXAN) 700MG", "truxima"),
        ("NEWOLIMAB WITH BRIUMVI", "briumvi"),
        # the same words about something else
        ("HEART FAILURE, BRIUMVI 450MG", "briumvi"),
        ("PT FAILED. BRIUMVI 450MG", "briumvi"),
        ("RESPONDING TO BRIUMVI 450MG", "briumvi"),
        ("PRIOR AUTH BRIUMVI 450MG", "briumvi"),
        # nothing else is there
        ("PREMED BENADRYL 50MG", "benadryl"),
        ("SODIUM CHLORIDE 0.9%", "sodium chloride"),
        ("SWITCHED FROM SOLIRIS, 3300MG", None),
    ],
)
def test_the_drug_billed(text: str, name: str | None, lexicon: Lexicon) -> None:
    assert read([text], lexicon).drug_name == name


@pytest.mark.parametrize(
    ("text", "dose"),
    [
        ("PREMED BENADRYL 50MG IV, BRIUMVI 450MG IV", "450"),
        ("BRIUMVI 450MG IV, PREMED BENADRYL 50MG IV", "450"),
        ("SODIUM CHLORIDE 0.9% 250ML, BRIUMVI 450MG", "450"),
        ("FAILED HUMIRA 40MG, STELARA 90MG", "90"),
        ("PREMED BENADRYL 50MG", "50"),
    ],
)
def test_the_amount_of_another_drug_is_no_dose(text: str, dose: str, lexicon: Lexicon) -> None:
    narrative = read([text], lexicon)
    assert narrative.dose is not None
    assert (narrative.dose.value, narrative.strength) == (dose, None)


def test_a_field_about_another_drug_counts_last(lexicon: Lexicon) -> None:
    narrative = read(["PREMED BENADRYL 50MG PO", "BRIUMVI 450MG IV"], lexicon)
    assert (narrative.drug_name, narrative.route) == ("briumvi", "IV")
    assert narrative.dose is not None
    assert narrative.dose.value == "450"
