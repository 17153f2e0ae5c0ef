"""The scanner against a plain split, in every style, with windows of any size."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.edi import CLINIC, GUIDE_FAULTS, HOSPITAL, STYLES, base, join, restyle, segments

from x12proc.wire import window as window_module
from x12proc.wire.delimiters import Delimiters, padded_isa, read_isa
from x12proc.wire.events import ClaimSpan, Event, Fault, Interchange, TransactionClosed, TransactionSet
from x12proc.wire.scanner import scan
from x12proc.wire.window import count_terminators


def events(
    data: bytes, codes: tuple[str, ...] = ("J3590",), window: int = 4096, every: bool = False
) -> list[Event]:
    return list(scan(data, codes, window=window, all_claims=every))


def faults(data: bytes, window: int = 4096) -> list[tuple[str, str]]:
    return [(event.code, event.severity) for event in events(data, window=window) if isinstance(event, Fault)]


def claims(data: bytes, window: int = 4096, every: bool = True) -> list[ClaimSpan]:
    return [event for event in events(data, window=window, every=every) if isinstance(event, ClaimSpan)]


@pytest.mark.parametrize("path", [CLINIC, HOSPITAL], ids=lambda path: path.stem)
@pytest.mark.parametrize("style", STYLES)
def test_counts_spans_and_indexes_agree_with_a_plain_split(path: Path, style: str) -> None:
    data = restyle(path.read_bytes(), style)
    plain = segments(path.read_bytes())
    heads = [index for index, segment in enumerate(plain) if segment.startswith("CLM*")]
    found = claims(data)
    assert faults(data) == []
    assert [claim.segment_index for claim in found] == heads
    element = data[3:4]
    for claim, index in zip(found, heads, strict=True):
        assert data[claim.start : claim.start + 4] == b"CLM" + element
        assert data[claim.start :].split(element, 2)[1].decode() == plain[index].split("*")[1]
    closed = [event for event in events(data) if isinstance(event, TransactionClosed)]
    assert sum(event.claims for event in closed) == len(heads)


@pytest.mark.parametrize("window", [64, 4096])
@pytest.mark.parametrize("every", [True, False], ids=["every", "has_code"])
def test_loops_and_claims_know_their_numbers(window: int, every: bool) -> None:
    """Each HL which of its set it is, each claim which of its loop; some loops have one more, without a target."""
    parts: list[str] = []
    for part in segments(CLINIC.read_bytes()):
        parts += ["CLM*OTHER*1", "LX*1", part] if part.startswith("CLM*P") and part.endswith("Y") else [part]
    expected: dict[int, tuple[int, int]] = {}  # index of the claim: its own number, that of the loop it is in
    loop = number = 0
    for index, part in enumerate(parts):
        tag = part.partition("*")[0]
        loop, number = {"ST": (0, 0), "HL": (loop + 1, 0), "CLM": (loop, number + 1)}.get(tag, (loop, number))
        expected[index] = number, loop
    found = claims(join(parts), window=window, every=every)
    assert len(found) > 50
    for claim in found:
        nearest = claim.patient or claim.subscriber
        assert nearest is not None
        assert (claim.number, nearest.number) == expected[claim.segment_index]
    assert {claim.number for claim in found} >= {2}


@pytest.mark.parametrize("path", [CLINIC, HOSPITAL, GUIDE_FAULTS], ids=lambda path: path.stem)
def test_window_size_changes_nothing(path: Path) -> None:
    data = path.read_bytes()
    whole = events(data, window=len(data) + 1, every=True)
    sizes = random.Random(7)
    for size in [2, 3, 64, 127, *(sizes.randrange(2, 5000) for _ in range(12))]:
        assert events(data, window=size, every=True) == whole


def test_only_claims_that_mention_a_code_are_told() -> None:
    data = CLINIC.read_bytes()
    spans = claims(data, every=False)
    assert 0 < len(spans) < len(claims(data))
    assert all(b"J3590" in data[span.start : span.end] for span in spans)
    others = {span.start for span in claims(data)} - {span.start for span in spans}
    ends = {span.start: span.end for span in claims(data)}
    assert all(b"J3590" not in data[start : ends[start]] for start in others)


def test_a_claim_hangs_under_the_nearest_parents() -> None:
    data = CLINIC.read_bytes()
    for span in claims(data):
        assert span.provider is not None
        assert span.subscriber is not None
        assert data[span.provider.start : span.provider.end].split(b"*")[3] == b"20"
        assert data[span.subscriber.start : span.subscriber.end].split(b"*")[3] == b"22"
        for stretch in (span.header, span.provider, span.subscriber, span.patient):
            if stretch is not None:
                assert data[: stretch.start].count(b"~") == stretch.segment_index
        if span.patient is not None:
            assert data[span.patient.start : span.patient.end].split(b"*")[3] == b"23"


def test_several_interchanges_with_their_own_delimiters() -> None:
    data = b"\r\n".join(restyle(base("P"), style) for style in STYLES)
    found = events(data)
    assert [event.severity for event in found if isinstance(event, Fault)] == []
    assert sum(isinstance(event, Interchange) for event in found) == len(STYLES)
    assert sum(isinstance(event, ClaimSpan) for event in found) == len(STYLES)


def edited(change: dict[str, str]) -> bytes:
    """The base file with segments replaced by their beginning; an empty text removes one."""
    parts = []
    for segment in segments(base()):
        new = next((text for head, text in change.items() if segment.startswith(head)), segment)
        if new:
            parts.append(new)
    return join(parts)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"SE*": "SE*99*0001"}, [("se01-count", "warn")]),
        ({"SE*": "SE**0001"}, [("se01-count", "warn")]),
        ({"SE*": "SE*37*0002"}, [("se02-control", "error")]),
        ({"GE*": "GE*2*201"}, [("ge01-count", "warn")]),
        ({"GE*": "GE*1*202"}, [("ge02-control", "error")]),
        ({"SE*": "SE*37*1"}, [("se02-control", "warn")]),
        ({"IEA*": "IEA*3*240329201"}, [("iea01-count", "warn")]),
        ({"IEA*": "IEA*1*240329202"}, [("iea02-control", "error")]),
        ({"SE*": ""}, [("missing-se", "error")]),
        ({"GE*": ""}, [("missing-ge", "error")]),
        ({"IEA*": ""}, [("truncated", "error")]),
        ({"ST*": "ST*837*0001*005010X223A2"}, [("guide-mismatch", "warn")]),
        ({"ST*": "ST*837*0001*004010X098A1"}, [("SYN10", "error")]),
        ({"GS*": "GS*HC*A*B*20240329*0915*201*X*005010"}, [("guide-mismatch", "warn")]),
        ({"ST*": "ST*835*0001*005010X221A1"}, [("wrong-transaction", "error")]),
        ({"ST*": "ST*837*0001"}, [("guide-mismatch", "warn")]),
        ({"ST*": "ST*837*0001*005010X222"}, [("guide-mismatch", "warn")]),
        ({"GS*": "GS*HC*A*B*20240329*0915*201*X*004010X098A1"}, [("SYN10", "error")]),
        ({"GS*": "GS*HC*A*B*20240329*0915*201*X*005010X224A2"}, [("SYN10", "error")]),
        ({"GS*": "GS*HP*A*B*20240329*0915*201*X*005010X221A1"}, [("wrong-transaction", "error")]),
        ({"GS*": ""}, [("missing-gs", "error"), ("iea01-count", "warn")]),
        ({"ST*": ""}, [("missing-st", "error"), ("ge01-count", "warn")]),
    ],
)
def test_envelope_faults(change: dict[str, str], expected: list[tuple[str, str]]) -> None:
    reported = faults(edited(change))
    for fault in expected:
        assert fault in reported
    if all(severity == "warn" for _, severity in expected) or len(expected) > 1:
        assert reported == expected


def test_a_missing_head_is_told_once_whatever_stands_behind_it() -> None:
    plain = segments(CLINIC.read_bytes())
    for tag, code in (("GS*", "missing-gs"), ("ST*", "missing-st")):
        first = next(location for location, part in enumerate(plain) if part.startswith(tag))
        reported = [found for found in faults(join(plain[:first] + plain[first + 1 :])) if found[1] == "error"]
        assert reported == [(code, "error")]


@pytest.mark.parametrize("empty", ["~", "~\n", "~ ", "~~"])
def test_empty_segments_are_no_wrong_count(empty: str) -> None:
    data = base().replace(b"REF*6R*B1001-01~", b"REF*6R*B1001-01~" + empty.encode())
    assert faults(data) == [("empty-segments", "warn")]
    assert faults(data.replace(b"SE*37*", b"SE*36*")) == [("se01-count", "warn")]


@pytest.mark.parametrize("window", [64, 100, 4096])
@pytest.mark.parametrize("gap", ["", " ", "\n", "\t "])
def test_rows_of_empty_segments_are_counted_one_by_one(gap: str, window: int) -> None:
    """However the rows are cut into windows, and up to the end of their own set only."""
    row = ("~" + gap) * 333
    data = base().replace(b"LX*1~", b"LX*1~" + row.encode()).replace(b"SE*37*", row[:40].encode() + b"SE*37*")
    after = data.index(b"GE*1*")
    found = [event for event in events(data[:after] + b"~~~~" + data[after:], window=window)
             if isinstance(event, Fault) and event.code == "empty-segments"]  # fmt: skip
    assert [event.message.split(": ")[1] for event in found] == [f"{333 + row[:40].count('~')}; skipped"]


def test_old_guides_are_read_with_a_remark() -> None:
    data = base().replace(b"005010X222A1", b"005010X222")
    assert faults(data) == [("old-guide", "warn")]
    assert len(claims(data)) == 1
    for version in (b"005010X222A2", b"005010X222A1"):
        assert faults(base().replace(b"005010X222A1", version)) == []


@pytest.mark.parametrize("junk", [b"\x0c", b"\xc2\xa0", b"\xef\xbb\xbf", b"\t\x0b"])
def test_what_cannot_begin_a_tag_is_skipped_before_one(junk: bytes) -> None:
    data = base().replace(b"CLM*", junk + b"CLM*").replace(b"SV1*", junk + b"SV1*")
    assert faults(data) == []
    assert len(claims(data)) == 1


def test_tags_in_small_letters_are_an_error() -> None:
    assert ("lower-case-tags", "error") in faults(base().replace(b"CLM*", b"clm*"))


@pytest.mark.parametrize("fill", [b"   \n", b"~", b"~~\n", b"\x00\x00", b"\x1a", b"0d0a", b"\r\n\r\n  "])
def test_fill_after_iea_is_read_over(fill: bytes) -> None:
    assert faults(base() + fill) == [("fill-after-iea", "warn")]


@pytest.mark.parametrize("layout", [b"~ \n", b"~\t\r\n", b"~\n\n", b"~\n    ", b"~ ", b"~\r"])
def test_blanks_and_line_ends_behind_a_terminator_are_layout(layout: bytes) -> None:
    data = base().replace(b"~\n", layout).rstrip() + b"\n"
    assert faults(data) == []
    assert [span.segment_index for span in claims(data)] == [span.segment_index for span in claims(base())]


def test_plain_line_ends_after_iea_are_nothing() -> None:
    assert faults(base() + b"\r\n\n") == []


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (base() + b"HELLO WORLD", ("stray-bytes", "error")),
        (b"HELLO\n" + base(), ("stray-bytes", "error")),
        (b"\xef\xbb\xbf" + base(), ("byte-order-mark", "warn")),
        (base() + b"\n\xef\xbb\xbf" + base(), ("byte-order-mark", "warn")),
        (b"", ("not-x12", "error")),
        (b"   \n", ("not-x12", "error")),
        (b"%PDF-1.7 something", ("not-x12", "error")),
        (b"ISA*00*too short~", ("truncated-isa", "error")),
        (base().replace(b"*T*:~", b"*T**~"), ("delimiter-clash", "error")),
        (base().replace(b"*T*:~", b"*T*:A"), ("bad-delimiter", "error")),
        (base().replace(b"*^*", b"*U*"), ("isa11-repetition", "warn")),
        (base().replace(b"*^*", b"*:*"), ("isa11-repetition", "warn")),
        (base().rstrip(b"~\n"), ("missing-terminator", "warn")),
        (base().replace(b"HARTLEY", b"HART\0EY"), ("nul-bytes", "error")),
    ],
)
def test_what_real_files_get_wrong(data: bytes, expected: tuple[str, str]) -> None:
    assert faults(data) == [expected]


def test_isa_without_its_padding() -> None:
    data = base()
    head, rest = data[:106], data[106:]
    data = b"*".join(part.strip() or part for part in head.split(b"*")).replace(b" ", b"") + rest
    assert faults(data) == [("isa-padding", "warn")]
    assert len(claims(data)) == 1


def test_an_isa_is_padded_again_where_blanks_alone_were_lost() -> None:
    head = base()[:105]
    bare = b"*".join(part.strip() or part for part in head.split(b"*"))
    assert padded_isa(read_isa(bare + b"~", 0)) == head
    assert padded_isa(read_isa(bare.replace(b"*00501*", b"*501*") + b"~", 0)) is None


@pytest.mark.parametrize("width", [80, 72, 61, 128])
def test_a_file_folded_at_a_fixed_column_is_read_exactly(width: int) -> None:
    flat = join(segments(CLINIC.read_bytes()), "~", "")
    folded = b"\n".join(flat[at : at + width] for at in range(0, len(flat), width))
    assert faults(folded) == [("stray-line-ends", "warn")]
    straight, bent = claims(flat), claims(folded)
    assert [span.segment_index for span in bent] == [span.segment_index for span in straight]
    assert [flat[span.start : span.end] for span in straight] == [
        folded[span.start : span.end].replace(b"\n", b"") for span in bent
    ]


def test_line_ends_in_place_of_terminators() -> None:
    data = base()
    at = data.index(b"~\nLX*1")
    data = data[:at] + b"\n" + data[at + 2 :]
    assert faults(data) == [("stray-line-ends", "warn")]
    assert len(claims(data)) == 1


def test_a_sound_interchange_beside_a_broken_one_is_still_read() -> None:
    broken = base()[:900]
    data = broken + b"\n" + base()
    reported = events(data)
    assert sum(isinstance(event, ClaimSpan) for event in reported) == 1
    assert any(isinstance(event, Fault) and event.severity == "error" for event in reported)


def test_truncation_anywhere_is_an_error_with_a_place() -> None:
    data = base()
    for cut in range(1, len(data.rstrip(b"~\n"))):
        reported = [event for event in events(data[:cut], window=256) if isinstance(event, Fault)]
        assert any(fault.severity == "error" and 0 <= fault.byte_offset <= cut for fault in reported), cut


def test_a_stray_terminator_does_not_shift_claims() -> None:
    data = base().replace(b"LX*2~", b"~LX*2~")
    assert len(claims(data)) == 1
    assert faults(data) == [("empty-segments", "warn")]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 1200), st.integers(0, 300), st.integers(2, 700))
def test_any_bytes_give_events_and_nothing_else(junk: bytes, location: int, cut: int, window: int) -> None:
    data = base()
    data = data[:location] + junk + data[location + cut :]
    found = events(data, window=window, every=True)
    counted = Counter(type(event).__name__ for event in found)
    assert counted["TransactionClosed"] <= counted["TransactionSet"] + 1
    for event in found:
        if isinstance(event, ClaimSpan):
            assert 0 <= event.start < event.end <= len(data)
        elif isinstance(event, TransactionSet):
            assert data[event.start : event.start + 2] == b"ST"


def test_a_group_inside_another_is_told_and_read() -> None:
    data = base().replace(b"GE*1*", b"GS*HC*A*B*20240312*1200*9*X*005010X222A1~\nGE*1*")
    assert ("missing-ge", "error") in faults(data)


@pytest.mark.parametrize("version", ["", "005010X999"])
def test_a_set_of_no_guide_that_is_read_names_the_version(version: str) -> None:
    data = base().replace(b"005010X222A1", version.encode())
    assert "SYN10" in [code for code, _ in faults(data)]
    assert claims(data) == []


def test_a_segment_without_end_is_an_error_with_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window_module, "LONGEST_SEGMENT", 2000)
    data = base().replace(b"SV1*", b"SV1*" + b"A" * 40_000)
    reported = [event for event in events(data, window=64) if isinstance(event, Fault)]
    assert "segment-too-long" in [fault.code for fault in reported]
    assert all(0 <= fault.byte_offset <= len(data) for fault in reported)


@pytest.mark.parametrize("size", [1, 7, 64, 5000])
@pytest.mark.parametrize("style", STYLES)
def test_terminators_are_counted_in_pieces_of_any_size(size: int, style: str) -> None:
    data = restyle(base(), style)
    element, component, _, terminator, _ = STYLES[style]
    delimiters = Delimiters(element.encode(), component.encode(), terminator.encode())
    whole = data.count(terminator.encode())
    assert count_terminators(data, 0, len(data), delimiters, size) == whole


def test_much_that_is_not_x12_is_passed_over_and_told_once() -> None:
    junk = b"not x12 " * 1_400_000  # three windows of it
    assert faults(junk + base(), window=4096)[0] == ("stray-bytes", "error")
    assert len(claims(junk + base())) == 1
