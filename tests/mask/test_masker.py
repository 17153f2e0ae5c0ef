"""Whole files: every other byte stays, in any style, cut up anyhow, however broken."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.edi import CLINIC, FIXTURES, HOSPITAL, STYLES, base, restyle
from support.masks import masked, run, without_differences

from x12proc.errors import X12SyntaxError
from x12proc.mask.masker import ODD_SEGMENT, ODD_VALUE, STRAY_BYTES

FILES = sorted(path for path in FIXTURES.rglob("*.edi"))


def shape(data: bytes) -> bytes:
    """A file's form: letters and digits alike, all else as it is."""
    return re.sub(rb"[A-Za-z]", b"A", re.sub(rb"[0-9]", b"0", data))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("kind", ["P", "I"])
def test_every_style_keeps_its_delimiters_and_line_ends(kind: str, style: str) -> None:
    data = restyle(base(kind), style)
    out = masked(data)
    assert shape(out) == shape(data)
    assert out == restyle(masked(base(kind)), style)
    assert without_differences(data) is not None


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_only_masked_elements_change_length_never(path: object) -> None:
    data = CLINIC.parent.joinpath(str(path)).read_bytes()
    assert len(masked(data)) == len(data)
    assert shape(masked(data)).count(b"*") == shape(data).count(b"*")


def test_the_same_key_gives_the_same_bytes_and_another_one_others() -> None:
    data = CLINIC.read_bytes()
    assert masked(data) == masked(data)
    other = masked(data, secret="another key")
    assert other != masked(data)
    changed = [one for one, two in zip(other.split(b"~"), masked(data).split(b"~"), strict=True) if one != two]
    assert len(changed) > 200


@pytest.mark.parametrize("window", [200, 331, 1000, 5000])
@pytest.mark.parametrize("path", [CLINIC, HOSPITAL], ids=lambda path: path.name)
def test_windows_make_no_difference(path: object, window: int) -> None:
    data = CLINIC.parent.joinpath(str(path)).read_bytes()
    assert masked(data, window=window) == masked(data)


def test_control_numbers_of_head_and_trailer_stay_equal() -> None:
    out = masked(base()).decode()
    found = [re.search(pattern, out) for pattern in (r"\*00501\*([0-9]{9})\*", r"IEA\*1\*([0-9]{9})")]
    assert found[0] is not None
    assert found[1] is not None
    assert found[0][1] == found[1][1] != "240329201"


def test_a_folded_file_keeps_its_folds() -> None:
    flat = base().replace(b"\n", b"")
    data = b"\n".join(flat[start : start + 80] for start in range(0, len(flat), 80)) + b"\n"
    out = masked(data)
    assert [len(line) for line in out.split(b"\n")] == [len(line) for line in data.split(b"\n")]
    assert out.replace(b"\n", b"") == masked(base()).replace(b"\n", b"")
    assert without_differences(data) is not None


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_name_outside_ascii_stays_in_its_encoding(encoding: str) -> None:
    data = base().replace(b"HARTLEY", "MÜLLER".encode(encoding))
    out = masked(data)
    assert len(out) == len(data)
    assert "MÜLLER".encode(encoding) not in out
    assert "É".encode(encoding) in out
    out.decode(encoding)


def test_a_name_in_a_text_is_masked_though_it_stands_behind_it() -> None:
    note = b"NTE*ADD*BY DR STATE~\nHI*ABK"
    data = (
        base().replace(b"HI*ABK", note).replace(b"NM1*DN*1*TILLMAN", b"NM1*DN*1*STATE").replace(b"SE*37", b"SE*38")
    )
    out = masked(data)
    assert b"STATE" not in out


def test_a_name_of_another_patient_is_no_name_here() -> None:
    note = b"NTE*ADD*IN THE STATE~\nHI*ABK"
    out = masked(base().replace(b"HI*ABK", note))
    assert b"*IN THE STATE~" in out


# -- doubts ----------------------------------------------------------------------------------------------------


def test_a_value_that_is_not_in_form_is_cleaned_and_told() -> None:
    data = base().replace(b"CTP****40*ML", b"CTP****40 ML PER HARTLEY*ML")
    out, masker = run(data)
    assert b"CTP****40 ML PER " in out
    assert b"HARTLEY" not in out
    assert [(doubt.reason, doubt.segment_index, doubt.element) for doubt in masker.review_items] == [
        (ODD_VALUE, 33, "CTP04")
    ]


@pytest.mark.parametrize("text", [b"HARTLEY", b"219447731"])
def test_a_name_or_number_in_a_code_element_is_cleaned(text: bytes) -> None:
    data = base().replace(b"HI*ABK:", b"HI*XX:" + text + b"*ABK:", 1)
    out, masker = run(data)
    assert b"HI*XX:" in out
    assert text not in out
    assert [(item.reason, item.element) for item in masker.review_items] == [(ODD_VALUE, "HI01-2")]


def test_a_number_in_the_place_of_an_ndc_is_kept_and_told() -> None:
    out, masker = run(base().replace(b"10122016002", b"219447731"))
    assert b"LIN**N4*219447731~" in out
    assert [(doubt.reason, doubt.element) for doubt in masker.review_items] == [(ODD_VALUE, "LIN03")]


def test_a_text_cut_by_a_terminator_is_masked_and_told() -> None:
    data = base().replace(b"SDV*14880", b"SDV~MARY HARTLEY~*14880")
    out, masker = run(data)
    assert b"MARY" not in out
    assert ODD_SEGMENT in [doubt.reason for doubt in masker.review_items]


def test_a_text_cut_by_a_separator_is_masked() -> None:
    data = base().replace(b"HI*ABK", b"NTE*ADD*PT*MARY HARTLEY~\nHI*ABK").replace(b"10ML SDV", b"10ML:SDV HARTLEY")
    out = masked(data)
    assert b"MARY" not in out
    assert b"HARTLEY" not in out


def test_bytes_outside_of_interchanges_are_blotted_out() -> None:
    data = b"FROM MARY HARTLEY 626-794-3312\n" + base() + b"Printed for J. Roe\n"
    out, masker = run(data)
    assert out.startswith(b"XXXX XXXX XXXXXXX 000-000-0000\n")
    assert b"Roe" not in out
    assert STRAY_BYTES in [doubt.reason for doubt in masker.review_items]
    assert without_differences(data) is not None


def test_fill_and_a_byte_order_mark_stay_what_they_are() -> None:
    data = b"\xef\xbb\xbf" + base() + b"\n0000fe00~  \n"
    out = masked(data)
    assert out.startswith(b"\xef\xbb\xbfISA")
    assert without_differences(data) is not None


# -- broken files ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", range(150, 1500, 97))
def test_a_file_cut_off_is_masked_to_its_end(cut: int) -> None:
    out = masked(base()[:cut])
    assert not [word for word in (b"HARTLEY", b"MARY", b"W440192003", b"19720101", b"LAKESIDE") if word in out]


@pytest.mark.parametrize(
    "data",
    [
        base().replace(b"HARTLEY", b"HART\x00LEY"),
        base().replace(b"HARTLEY", b"\xff\xfe" * 50),
        base().replace(b"HARTLEY", b"A" * 300_000),
        base().replace(b"837*0001", b"835*0001"),
        base() + base()[:400] + base(),
        base().replace(b"NM1*IL", b"nm1*il"),
    ],
)
def test_anything_is_answered(data: bytes) -> None:
    out = masked(data)
    assert b"W440192003" not in out
    assert without_differences(data) is not None


@pytest.mark.parametrize("data", [b"", b"ISA", b"not x12 at all", b"MARY HARTLEY\n" * 1000])
def test_what_is_not_x12_is_refused(data: bytes) -> None:
    with pytest.raises(X12SyntaxError, match="not an X12 interchange"):
        masked(data)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1500), st.binary(max_size=12))
def test_damage_anywhere_is_answered(location: int, damage: bytes) -> None:
    data = base()[:location] + damage + base()[location + len(damage) :]
    try:
        out = masked(data)
    except X12SyntaxError:
        return
    assert b"HARTLEY*MARY" not in out
