"""Every fix against its fixture: exactly those bytes, the finding gone, and nothing done twice."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.edi import CLINIC, GUIDE_FAULTS, HOSPITAL, STYLES, base, join, restyle, segments
from support.fix_cases import FixCase, all_fix_cases
from support.pyx12_oracle import guide_errors
from support.rules import found, profiles, reference
from support.streams import pass_to

from x12proc.claims.model import Location
from x12proc.engine.engine import Engine
from x12proc.engine.fixes import Fix, FixLevel, resolved
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Summary, scrub_buffer
from x12proc.reports.edi.fixed import FixedClaims, FixedEdi
from x12proc.rules import all_rules

CASES = all_fix_cases()
IDS = [f"{rule}-{case.name}" for rule, case in CASES]


def engine(level: FixLevel) -> Engine:
    return Engine(all_rules(), profiles(), reference(), codes=("J3590",), as_of=date(2024, 4, 1), fix_level=level)


def fixed(data: bytes, level: FixLevel, window: int = 4096) -> bytes:
    out = io.BytesIO()
    writer, renderer = FixedEdi(data, out.write), FixedClaims(data)
    for outcome in scrub_buffer(data, engine(level), ("J3590",), window=window):
        pass_to(writer, outcome, renderer)
    writer.end(Summary())
    return out.getvalue()


def offered(data: bytes, level: FixLevel = "off") -> list[Fix]:
    outcomes = scrub_buffer(data, engine(level), ("J3590",))
    claims = [outcome for outcome in outcomes if isinstance(outcome, ClaimResult)]
    return [fix for claim in claims for fix in claim.fixes]


@pytest.mark.parametrize(("rule", "case"), CASES, ids=IDS)
@pytest.mark.parametrize("style", STYLES)
def test_a_fix_changes_what_it_says_and_nothing_else(rule: str, case: FixCase, style: str) -> None:
    faulty, mended = (restyle(one.data(), style) for one in (case.faulty, case.mended))
    assert fixed(faulty, "off") == faulty
    assert fixed(faulty, "safe") == (mended if case.level == "safe" else faulty)
    assert fixed(faulty, "unsafe") == (faulty if case.level == "none" else mended)
    assert fixed(mended, "unsafe") == mended, "what is fixed stays as it is"
    assert (faulty != mended) is (case.level != "none")


@pytest.mark.parametrize(("rule", "case"), CASES, ids=IDS)
def test_the_finding_is_gone_and_no_other_comes(rule: str, case: FixCase) -> None:
    before, after = found(case.faulty), found(case.mended)
    assert rule in {line.split()[0] for line in before}
    if case.level == "none":
        assert after == before
        assert not case.left or after == sorted(case.left)
        return
    assert after == sorted(case.left)
    assert rule not in {line.split()[0] for line in after}
    assert set(after) <= set(before)


@pytest.mark.parametrize(("rule", "case"), CASES, ids=IDS)
def test_a_fix_is_told_as_it_is_made(rule: str, case: FixCase) -> None:
    reported = offered(case.faulty.data())
    assert [(fix.rule, "safe" if fix.safe else "unsafe") for fix in reported] == (
        [] if case.level == "none" else [(rule, case.level)]
    )
    mended = case.mended.data().decode()
    for fix in reported:
        assert not fix.applied
        assert all(text in mended for text in fix.after.split())
        assert offered(case.faulty.data(), "safe")[0].applied is fix.safe
        assert offered(case.faulty.data(), "unsafe")[0].applied


def test_every_fix_has_cases_both_ways_and_a_page() -> None:
    levels = {rule: {one.level for owner, one in CASES if owner == rule} for rule, _ in CASES}
    assert all("none" in found and found & {"safe", "unsafe"} for found in levels.values())
    page = (Path(__file__).parent.parent / "docs" / "fixes.md").read_text()
    assert {rule for rule in all_rules() if f"`{rule}`" in page} == set(levels)


@pytest.mark.parametrize(("rule", "case"), CASES, ids=IDS)
def test_what_was_valid_or_becomes_so_is_valid(rule: str, case: FixCase) -> None:
    if case.level != "none" and case.name != "other-components-stay-safe":
        assert guide_errors(fixed(case.faulty.data(), "unsafe")) == []


# -- several at once ---------------------------------------------------------------------------------------------

SAFE_AND_UNSAFE = {"LIN*": "LIN**n4*1012216002", "CTP*": "CTP****40 *ml"}


def edited(data: bytes, change: dict[str, str]) -> bytes:
    return join([
        next((text for head, text in change.items() if segment.startswith(head)), segment)
        for segment in segments(data)
    ])  # fmt: skip


def test_several_fixes_on_a_line() -> None:
    data = edited(base(), SAFE_AND_UNSAFE)
    assert [fix.rule for fix in offered(data)] == ["NDC07", "NDC06", "QTY01", "QTY02"]
    assert fixed(data, "safe") == edited(base(), {"LIN*": "LIN**N4*1012216002"})
    assert fixed(data, "unsafe") == base()


def test_lines_and_sets_each_with_its_own() -> None:
    parts = segments(base())
    first, last = parts.index("LX*1"), parts.index("LX*2")
    text = "ELFABRIO 80MG IV 4X20MG/10ML SDV NDC 10122-0160-02"
    bare = [part for part in parts[first:last] if not part.startswith(("LIN", "CTP"))]
    bare = [f"SV1*HC:J3590:JZ::::{text}*7440*UN*1***1" if part.startswith("SV1") else part for part in bare]
    second = [part.replace("LX*1", "LX*2").replace("B1001-01", "B1001-02") for part in bare]
    head, tail = parts[:first], parts[last:]
    tail = [part.replace("LX*2", "LX*3").replace("B1001-02", "B1001-03") for part in tail]
    tail = [part.replace("SE*37*", f"SE*{37 + len(bare) * 2 - (last - first)}*") for part in tail]
    data = join([*head, *bare, *second, *tail])
    loop = ["LIN**N4*10122016002", "CTP****40*ML"]
    count = next(part for part in tail if part.startswith("SE*")).split("*")[1]
    tail = [part.replace(f"SE*{count}*", f"SE*{int(count) + 4}*") for part in tail]
    assert fixed(data, "unsafe") == join([*head, *bare, *loop, *second, *loop, *tail])
    assert fixed(data + data, "unsafe") == fixed(data, "unsafe") * 2


def test_a_wrong_count_stays_as_wrong_as_it_was() -> None:
    case = next(case for rule, case in CASES if rule == "NDC02" and case.level == "unsafe")
    wrong, mended = (one.data().replace(b"\nSE*3", b"\nSE*03") for one in (case.faulty, case.mended))
    assert fixed(wrong, "unsafe") == mended
    wrong = case.faulty.data().replace(b"\nSE*", b"\nSE*x")
    assert b"SE*x" in fixed(wrong, "unsafe")


def jw_pair() -> bytes:
    """420 MG given and 80 MG thrown away, on two lines without NDC loops."""
    text = "COSENTYX IV 420MG OF 4X125MG/5ML SDV WASTED 80MG NDC 00078-1168-61"
    parts = segments(base())
    first, last = parts.index("LX*1"), parts.index("LX*2")
    given = [part for part in parts[first:last] if not part.startswith(("LIN", "CTP"))]
    given = [f"SV1*HC:J3590:::::{text}*7440*UN*1***1" if part.startswith("SV1") else part for part in given]
    wasted = [part.replace("J3590::", "J3590:JW:") for part in given]
    wasted = [part.replace("LX*1", "LX*2").replace("B1001-01", "B1001-09") for part in wasted]
    tail = [part.replace("LX*2", "LX*3") for part in parts[last:]]
    return join([*parts[:first], *given, *wasted, *tail])


def test_a_jw_line_and_its_partner_get_their_shares() -> None:
    found = segments(fixed(jw_pair(), "unsafe"))
    assert [part for part in found if part.startswith(("LIN", "CTP"))] == [
        *("LIN**N4*00078116861", "CTP****16.8*ML"),
        *("LIN**N4*00078116861", "CTP****3.2*ML"),
    ]


# -- which of two ------------------------------------------------------------------------------------------------


def fix(rule: str, safe: bool, start: int, end: int) -> Fix:
    return Fix(rule, safe, Location("2410", "LIN", "LIN03", 0, start), "", rule, start, end)


def test_of_fixes_on_the_same_bytes_one_is_made() -> None:
    safe, unsafe = fix("NDC15", True, 10, 20), fix("NDC05", False, 10, 20)
    assert resolved([unsafe, safe]) == resolved([safe, unsafe]) == (safe,)
    same = [fix("NDC05", False, 10, 20), fix("NDC06", False, 12, 15)]
    assert resolved(same[::-1]) == (same[0],)
    assert resolved([fix("A", True, 10, 10), fix("B", True, 10, 10)]) == (fix("A", True, 10, 10),)
    apart = (fix("B", False, 0, 10), fix("A", True, 10, 20))
    assert resolved(list(apart)) == apart


def test_large_claims_are_fixed_without_trials() -> None:
    """A trial costs as much as the claim has lines."""
    parts = segments(edited(base(), SAFE_AND_UNSAFE))
    first, last = parts.index("LX*1"), parts.index("LX*2")
    lines = parts[first:last]
    many = join([*parts[:first], *lines * 1200, *parts[last:]])
    assert {fix.rule for fix in offered(many)} == {"NDC07", "QTY02"}


# -- hostile files -----------------------------------------------------------------------------------------------


def test_a_number_that_holds_a_delimiter_is_not_written() -> None:
    """Where the point separates components 16.8 would be two of them."""
    assert len(offered(jw_pair())) == 2
    pointed = jw_pair().replace(b":", b".")
    assert offered(pointed) == []
    assert fixed(pointed, "unsafe") == pointed


@pytest.mark.parametrize("width", [80, 61])
def test_a_folded_file_is_fixed(width: int) -> None:
    for _, case in CASES:
        flat, mended = (one.data().replace(b"\n", b"") for one in (case.faulty, case.mended))
        folded = b"\n".join(flat[at : at + width] for at in range(0, len(flat), width))
        if case.level != "none":
            assert fixed(folded, "unsafe").replace(b"\n", b"") == mended, case.name


def test_line_ends_in_place_of_terminators() -> None:
    case = next(case for rule, case in CASES if case.name == "liquid-in-the-description-unsafe")
    data = case.faulty.data().replace(b"REF*6R*B1001-01~\n", b"REF*6R*B1001-01\n")
    assert fixed(data, "unsafe") == case.mended.data().replace(b"REF*6R*B1001-01~\n", b"REF*6R*B1001-01\n")


@pytest.mark.parametrize("path", [CLINIC, HOSPITAL, GUIDE_FAULTS], ids=lambda path: path.stem)
def test_demo_files_keep_their_other_segments(path: Path) -> None:
    data = path.read_bytes()
    again = fixed(data, "unsafe")
    reported = offered(data)
    assert fixed(again, "unsafe") == again
    assert not {fix.rule for fix in offered(again)}
    lost = [part for part in data.split(b"~") if part not in again.split(b"~")]
    counts = sum(b"SE*" in part for part in lost)
    assert len(lost) - counts == sum(bool(fix.before) for fix in reported)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 1700), st.integers(0, 60), st.integers(200, 3000))
def test_fixes_after_any_damage(junk: bytes, location: int, cut: int, window: int) -> None:
    data = edited(base(), SAFE_AND_UNSAFE)
    data = data[:location] + junk + data[location + cut :]
    once = fixed(data, "unsafe", window)
    assert fixed(once, "unsafe", window) == once
