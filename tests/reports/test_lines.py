"""Line and column are those an editor shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.edi import CLINIC

from x12proc.reports.html import line_index as lines
from x12proc.reports.html.line_index import LineIndex


def expected(data: bytes, offset: int) -> tuple[int, int]:
    before = data[:offset].split(b"\n")
    return len(before), len(before[-1]) + 1


@given(st.data(), st.sampled_from([1, 3, 16, 1000]))
def test_places_in_any_order(data: st.DataObject, step: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_STEP", step)
        text = data.draw(st.text("ab\n", max_size=200)).encode()
        offsets = data.draw(st.lists(st.integers(0, len(text)), max_size=20))
        counter = LineIndex(text)
        assert [counter.position(offset) for offset in offsets] == [expected(text, offset) for offset in offsets]


def test_a_file_of_one_line_and_one_of_many() -> None:
    data = CLINIC.read_bytes() * 20
    flat = data.replace(b"\n", b"")
    assert len(data) > 4 * lines._STEP
    location = data.rindex(b"LIN**")
    assert LineIndex(data).position(location) == expected(data, location)
    assert LineIndex(flat).position(len(flat) - 9) == (1, len(flat) - 8)
    assert LineIndex(b"").position(0) == (1, 1)
