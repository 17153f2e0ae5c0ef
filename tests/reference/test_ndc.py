"""The spellings of an NDC, and the numbers that only look like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from x12proc.reference import ndc


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("25682002501", "25682002501"),
        ("25682-0025-01", "25682002501"),
        ("0002-7597-01", "00002759701"),
        ("50242-040-62", "50242004062"),
        ("60575-4112-1", "60575411201"),
        ("N425682002501", "25682002501"),
        ("n4 25682002501", "25682002501"),
        ("NDC25682002501", "25682002501"),
        ("NDC: 25682-0025-01", "25682002501"),
        ("NDC# 25682-0025-01", "25682002501"),
        ("NDC:N425682002501", "25682002501"),
        ("  25682 0025 01 ", "25682002501"),
        ("25682 - 0025 - 01", "25682002501"),
    ],
)
def test_one_number_has_many_spellings(text: str, expected: str) -> None:
    assert ndc.normalize(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-",
        "NDC",
        "N4",
        "2568200250",  # ten digits: three readings
        "256820025012",
        "256820-0025-01",  # 6-4-2, not before 2033
        "2568-0025-1",  # 4-4-1
        "5682-025-01",
        "25682-0025",
        "25682-0025-01-1",
        "25682002501UN300",
        "25682O02501",  # the letter O
        "٢٥٦٨٢٠٠٢٥٠١",
        "²⁵⁶⁸²⁰⁰²⁵⁰¹",
        "25682002501" * 10_000,
        "25682\x00002501",
    ],
)
def test_what_is_not_plainly_an_ndc_is_none(text: str) -> None:
    assert ndc.normalize(text) is None


def test_ten_digits_read_three_ways() -> None:
    assert ndc.candidates("5024204062") == ("05024204062", "50242004062", "50242040602")


def test_readings_that_fall_together_are_given_once() -> None:
    assert ndc.candidates("0000000000") == ("00000000000",)


@pytest.mark.parametrize("text", ["", "123", "12345678901", "123456789X", "50242-40-62"])
def test_only_ten_digits_have_candidates(text: str) -> None:
    assert ndc.candidates(text) == ()


def test_hyphens_are_put_where_people_expect_them() -> None:
    assert ndc.hyphenated("25682002501") == "25682-0025-01"
    assert ndc.hyphenated("2568200250") == "2568200250"


@pytest.mark.parametrize(
    "number",
    [
        "00000000000",
        "99999999999",
        "11111111111",
        "12345678901",
        "1234567890",
        "12345-6789-01",
        "01234567890",
        "99999-9999-99",
        "99999-9999-01",
        "99999999912",
        "11111-2222-33",
        ndc.COMPOUND_FEE_NDC,
    ],
)
def test_placeholders(number: str) -> None:
    assert ndc.is_placeholder(number)


@pytest.mark.parametrize("number", ["25682002501", "73150-0150-06", "00002-7597-01", "", "ABC", "12345-0678-01"])
def test_real_numbers_are_not_placeholders(number: str) -> None:
    assert not ndc.is_placeholder(number)


@given(st.from_regex(r"[0-9]{11}", fullmatch=True))
def test_hyphenating_loses_nothing(digits: str) -> None:
    assert ndc.normalize(ndc.hyphenated(digits)) == digits


@given(st.from_regex(r"[0-9]{10}", fullmatch=True))
def test_each_hyphenated_reading_is_among_the_candidates(digits: str) -> None:
    hyphenated = (
        f"{digits[:4]}-{digits[4:8]}-{digits[8:]}",
        f"{digits[:5]}-{digits[5:8]}-{digits[8:]}",
        f"{digits[:5]}-{digits[5:9]}-{digits[9:]}",
    )
    assert {ndc.normalize(text) for text in hyphenated} == set(ndc.candidates(digits))


@given(st.text())
def test_any_text_is_answered(text: str) -> None:
    result = ndc.normalize(text)
    assert result is None or (len(result) == 11 and result.isdigit())
    ndc.is_placeholder(text)
    ndc.candidates(text)
