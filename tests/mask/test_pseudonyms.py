"""Pseudonyms: the same for the same, others for others, of the same shape and as right or wrong as before."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.masks import key

from x12proc.mask.permutation import permute
from x12proc.mask.pseudonyms import PLACEHOLDERS, Pseudonyms, is_placeholder, oldest_year
from x12proc.rules import all_rules

ONE = Pseudonyms(key().value, 112, oldest_year(date(2024, 4, 1)))
OTHER = Pseudonyms(key("another key").value, -35, oldest_year(date(2024, 4, 1)))


def classes(text: str) -> str:
    """A text with each character's class in its place."""
    return re.sub("[A-Z]", "A", re.sub("[a-z]", "a", re.sub("[0-9]", "0", text)))


@pytest.mark.parametrize("size", [2, 9, 90, 1024, 1025, 5000])
def test_a_permutation_gives_each_number_once_and_none_itself(size: int) -> None:
    out = [permute(b"key", "tweak", value, size) for value in range(size)]
    assert sorted(out) == list(range(size))
    assert all(value != other for value, other in enumerate(out))


@given(st.text(alphabet="ABYZabyz0123456789-/. ", min_size=1, max_size=60))
def test_an_identifier_keeps_length_and_classes(text: str) -> None:
    out = ONE.of("id", text)
    assert classes(out) == classes(text)
    assert out == ONE.of("id", text)
    assert is_placeholder(text.strip()) == is_placeholder(out.strip())
    assert out != text or is_placeholder(text.strip())


def test_two_identifiers_stay_two() -> None:
    for values in (
        [str(n) for n in range(1, 10)],
        [f"B{n:03d}" for n in range(1000)],
        [f"{n:07d}" for n in range(900)],
    ):
        assert len({ONE.of("id", value) for value in values}) == len(values)


def test_leading_zeros_and_the_number_behind_them_stay_apart() -> None:
    assert ONE.of("id", "000000201") == "000000" + ONE.of("id", "201")
    assert not ONE.of("id", "201").startswith("0")


def test_another_key_gives_others() -> None:
    samples = {
        "id": "W440192003",
        "name": "HARTLEY",
        "npi": "1457002313",
        "contact": "6265550142",
        "tax": "990000101",
    }
    assert [kind for kind, text in samples.items() if ONE.of(kind, text) == OTHER.of(kind, text)] == []


def luhn(npi: str) -> bool:
    digits = [int(digit) for digit in "80840" + npi]
    total = sum(digits[-1::-2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return total % 10 == 0


@pytest.mark.parametrize("npi", ["1234567893", "1457002313", "1234567890", "2999999999", "1000000000"])
def test_an_npi_stays_as_right_or_wrong_as_it_was(npi: str) -> None:
    out = ONE.of("npi", npi)
    assert luhn(out) == luhn(npi)
    assert out.startswith("2"), "numbers that begin with 2 are given to nobody yet"


@pytest.mark.parametrize("number", ["987654320", "99-0000101", "123-45-6789", "123456789"])
def test_a_tax_number_becomes_one_that_nobody_has(number: str) -> None:
    out = ONE.of("tax", number)
    digits = re.sub("[^0-9]", "", out)
    assert classes(out) == classes(number)
    assert digits[:2] in ("96", "97")
    assert digits[3] in "01234", "not an individual taxpayer number either"


def test_a_telephone_number_becomes_one_kept_for_films() -> None:
    assert re.fullmatch(r"[2-9][0-9]{2}55501[0-9]{2}", ONE.of("contact", "6265550142"))
    assert re.fullmatch(r"\([2-9][0-9]{2}\) 555-01[0-9]{2}", ONE.of("contact", "(626) 794-3312"))
    assert re.fullmatch(r"[a-z]{4}\.[a-z]{3}@[a-z]{4}\.[a-z]{3}", ONE.of("contact", "jane.roe@mail.org"))


@pytest.mark.parametrize(
    ("sent", "out"),
    [("911014401", "911000000"), ("91101", "91100"), ("036011234", "000000000"), ("89301", "00000")],
)
def test_a_zip_code_keeps_three_digits_where_many_people_live(sent: str, out: str) -> None:
    assert ONE.of("zip", sent) == out


@pytest.mark.parametrize("text", ["999999999", "00000", "PENDING", "N/A", "   ", "XXXXXX"])
def test_a_placeholder_stays(text: str) -> None:
    assert ONE.of("id", text) == text


def test_what_rules_call_a_placeholder_stays() -> None:
    texts = all_rules()["AUT02"].options["placeholders"].default
    assert isinstance(texts, tuple)
    assert {"".join(text.split()) for text in texts} <= PLACEHOLDERS


# -- names -----------------------------------------------------------------------------------------------------


def test_a_name_is_the_same_in_capitals_and_not_and_keeps_its_marks() -> None:
    assert ONE.of("name", "O'Brien-Lee").upper() == ONE.of("name", "O'BRIEN-LEE")
    assert classes(ONE.of("name", "O'Brien-Lee III")) == classes("O'Brien-Lee III")
    assert ONE.of("name", "MÜLLER")[1] == "É"


def test_an_organisation_keeps_the_words_that_tell_a_pharmacy() -> None:
    out = ONE.of("organization", "LAKESIDE HOME INFUSION PHARMACY 12")
    assert re.fullmatch("[A-Z]{8} HOME INFUSION PHARMACY [0-9]{2}", out)
    assert "LAKESIDE" not in out


# -- dates -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "out"),
    [
        ("20231114", "20240305"),
        ("20231114-20231120", "20240305-20240311"),
        ("231114", "240305"),
        ("00000000", "00000000"),
        ("99991231", "99991231"),
    ],
)
def test_dates_are_shifted(sent: str, out: str) -> None:
    assert ONE.of("date", sent) == out


@pytest.mark.parametrize("text", ["20231332", "2023111", "11142023", "20230229-20230301"])
def test_what_is_no_date_becomes_none(text: str) -> None:
    out = ONE.of("date", text)
    assert out != text
    assert classes(out) == classes(text)
    with pytest.raises(ValueError, match=r"."):
        date.fromisoformat(out[:8])


def test_a_date_with_a_time_stays_both() -> None:
    out = ONE.of("date", "202311141530")
    assert out.startswith("20240305")
    assert int(out[8:10]) < 24
    assert int(out[10:]) < 60


def test_nobody_is_older_than_ninety() -> None:
    assert ONE.of("birth", "19310405") == ONE.of("birth", "19050101") == "19340101"
    assert ONE.of("birth", "19720101") == "19720422"
