"""Names and texts of the source tables, brought into one form."""

from __future__ import annotations

import pytest

from x12proc.reference.wording import hcpcs_generic, merged_container, tidy, without_salt


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Kanjinti (Kit)", "Kanjinti"),
        ("Tremfya IV", "Tremfya"),
        ("Zyxomab®", "Zyxomab"),
        ("Cefazolin in D5W 5%", "Cefazolin"),
        ("Gamunex-C,", "Gamunex-C"),
        ("IV", ""),
    ],
)
def test_a_name_without_marks_and_form_words(written: str, name: str) -> None:
    assert tidy(written) == name


@pytest.mark.parametrize(
    ("written", "drug"),
    [("Morphine Sulfate", "morphine"), ("sodium chloride", "sodium chloride"), ("sulfate", "sulfate")],
)
def test_a_salt_is_no_part_of_the_drug_unless_it_is_all_there_is(written: str, drug: str) -> None:
    assert without_salt(written) == drug


@pytest.mark.parametrize(
    ("text", "drug"),
    [
        ("Injection, degarelix, 1 mg", "degarelix"),
        ("Injection, morphine sulfate, up to 10 mg", "morphine"),
        ("Injection, imipenem 1 mg and relebactam 1 mg", ""),
        ("Cane, all materials", ""),
    ],
)
def test_the_drug_in_the_text_of_a_code(text: str, drug: str) -> None:
    assert hcpcs_generic(text) == drug


def test_containers_that_differ_are_none() -> None:
    assert merged_container("Single-Dose Vial; Single-Dose Vial") == "SDV"
    assert merged_container("Single-Dose Vial; Pre-Filled Syringe") == ""
