"""Fixes: what they change, that their findings go, and that nothing else changes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from edi import CLINIC, GUIDE_FAULTS, HOSPITAL, STYLES, base, join, restyle, segments
from fix_run import FixCase, fix_cases, fixed
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from pyx12_judge import guide_errors
from rule_cases import all_cases
from rule_run import reference

from x12proc.engine import Engine, ScrubbedClaim
from x12proc.findings import Hit
from x12proc.fixes import Fix, Fixing
from x12proc.fixes.plan import accepted
from x12proc.fixes.trial import LEAST_TRIALS, MOST_SEGMENTS, Trial
from x12proc.reports.edits import shifted_count
from x12proc.rules import all_rules
from x12proc.wire.edits import Edit

CASES = fix_cases()
NAMES = [case.name for case in CASES]
TEXT_ONLY = next(case for case in CASES if case.name == "text-only")
MODES: tuple[Fixing, ...] = ("off", "safe", "all")


def told(fixes: list[Fix]) -> list[tuple[str, str, str, str]]:
    return [(fix.rule, "safe" if fix.safe else "unsafe", fix.before, fix.after) for fix in fixes]


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_case_gets_exactly_the_fixes_it_names(case: FixCase) -> None:
    source = case.data()
    result = fixed(source, "all", case)
    assert told(result.fixes) == list(case.fixes)
    came = Counter(segments(result.data)) - Counter(segments(source))
    assert sorted(part for part in came if not part.startswith("SE*")) == sorted(case.segments)
    assert fixed(result.data, "all", case).findings == sorted(case.expect)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_only_certain_fixes_are_made_unless_likely_ones_are_asked_for(case: FixCase) -> None:
    source = case.data()
    for mode in MODES:
        result = fixed(source, mode, case)
        assert told(result.fixes) == list(case.fixes), "they are offered whether they are made or not"
        for fix in result.fixes:
            assert fix.applied is (mode == "all" or (mode == "safe" and fix.safe))
            assert bool(fix.remark) is not fix.applied
        assert (result.data == source) is not any(fix.applied for fix in result.fixes)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_nothing_but_the_edits_is_changed(case: FixCase) -> None:
    source = case.data()
    result = fixed(source, "all", case)
    wanted, position = b"", 0
    for edit in sorted((edit for fix in result.fixes for edit in fix.edits), key=lambda edit: edit.start):
        wanted += source[position : edit.start] + edit.new
        position = edit.end
    wanted += source[position:]
    added = sum(fix.added for fix in result.fixes)
    assert added == result.data.count(b"~") - source.count(b"~")
    recounted = re.sub(
        rb"SE\*(\d+)\*", lambda match: b"SE*" + shifted_count(match[1], added) + b"*", wanted, count=1
    )
    assert result.data == recounted


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_every_style_is_fixed_alike(case: FixCase, style: str) -> None:
    flat = fixed(case.data(), "all", case)
    styled = fixed(restyle(case.data(), style), "all", case)
    assert styled.data == restyle(flat.data, style)
    assert [fix.rule for fix in styled.fixes] == [fix.rule for fix in flat.fixes]


@pytest.mark.parametrize("mode", ["safe", "all"])
def test_rule_fixtures_do_no_worse_when_fixed_and_are_fixed_once(mode: Fixing) -> None:
    """The findings of the fixes are gone; a rejection that comes was covered by the finding that went."""
    made: Counter[str] = Counter()
    for _, case in all_cases():
        source = case.data()
        result = fixed(source, mode, case)
        again = fixed(result.data, mode, case)
        applied = [fix for fix in result.fixes if fix.applied]
        assert again.data == result.data, case.name
        assert not any(fix.applied for fix in again.fixes), case.name
        made.update(fix.rule for fix in applied)
        gone = Counter(finding.split()[0] for finding in result.findings)
        gone.subtract(finding.split()[0] for finding in again.findings)
        for rule, count in Counter(fix.rule for fix in applied).items():
            assert gone[rule] == count, case.name
        mended = {fix.rule for fix in applied}
        for finding in Counter(again.findings) - Counter(result.findings):
            rule, severity, _ = finding.split()
            assert severity != "reject" or mended.intersection(all_rules()[rule].suppressed_by), case.name
        if applied and not guide_errors(source):
            assert guide_errors(result.data) == [], case.name
    assert made["NDC05"] > 5
    assert (made["NDC02"] > 2) is (made["NDC06"] > 2) is (mode == "all")


@pytest.mark.parametrize("path", [CLINIC, HOSPITAL, GUIDE_FAULTS], ids=lambda path: path.stem)
def test_fixed_demo_is_as_valid_as_its_source(path) -> None:  # type: ignore[no-untyped-def]  # by parametrize
    source = path.read_bytes()
    result = fixed(source)
    assert len(guide_errors(result.data)) <= len(guide_errors(source))
    for window in (300, 1000, 1_000_000):
        assert fixed(source, window=window).data == result.data


@pytest.mark.parametrize(
    ("said", "counted"), [("0036", "0038"), ("099", "0101"), ("7", "9"), ("X", "X"), ("", "")]
)
def test_se01_rises_by_what_was_put_in_and_keeps_its_zeros(said: str, counted: str) -> None:
    data = re.sub(rb"SE\*\d+\*", f"SE*{said}*".encode(), TEXT_ONLY.data())
    assert f"SE*{counted}*0001~".encode() in fixed(data).data


def test_a_new_loop_stands_behind_the_lines_own_segments() -> None:
    parts = segments(fixed(TEXT_ONLY.data()).data)
    place = parts.index("LIN**N4*10122016002")
    assert parts[place - 1].startswith("REF*6R*")
    assert parts[place + 1] == "CTP****40*ML"
    providers = next(case for case in CASES if case.name == "text-only-before-the-line-providers")
    parts = segments(fixed(providers.data()).data)
    place = parts.index("LIN**N4*10122016002")
    assert parts[place - 1].startswith("NTE*ADD*")
    assert parts[place + 2].startswith("NM1*82*")


def test_several_lines_of_a_dependents_claim_are_each_fixed() -> None:
    data = CLINIC.read_bytes()
    hyphenated = re.sub(rb"LIN\*\*N4\*(\d{5})(\d{4})(\d\d)~", rb"LIN**N4*\1-\2-\3~", data)
    result = fixed(hyphenated)
    assert len({fix.location.byte_offset for fix in result.fixes}) == len(result.fixes) > 40
    assert fixed(result.data).findings == fixed(fixed(data).data).findings
    assert data.count(b"PAT*") > 0, "the demo has claims of dependents"


@pytest.mark.parametrize("width", [80, 61])
def test_a_folded_file_is_left_alone_and_says_so(width: int) -> None:
    flat = join(segments(base().replace(b"10122016002", b"10122-0160-02")), "~", "")
    folded = b"\n".join(flat[at : at + width] for at in range(0, len(flat), width))
    result = fixed(folded)
    assert result.data == folded
    assert [(fix.rule, fix.applied) for fix in result.fixes] == [("NDC05", False)]
    assert "line ends" in result.fixes[0].remark


def test_a_claim_with_a_line_end_inside_a_segment_is_left_alone() -> None:
    data = base().replace(b"10122016002", b"10122-0160-02").replace(b"CTP****40", b"CTP**\n**40")
    result = fixed(data)
    assert result.data == data
    assert [fix.applied for fix in result.fixes] == [False]


def test_a_file_that_breaks_off_gets_nothing_put_in_behind_its_last_bytes() -> None:
    data = TEXT_ONLY.data()
    for end in range(data.index(b"REF*6R"), data.index(b"SE*")):
        result = fixed(data[:end])
        if not data[:end].rstrip(b"\n").endswith(b"~"):
            assert result.data == data[:end]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 1300), st.integers(0, 40), st.integers(200, 3000))
def test_any_damage_is_survived_and_fixed_the_same_twice(junk: bytes, place: int, cut: int, window: int) -> None:
    data = base().replace(b"10122016002", b"10122-0160-02").replace(b"40*ML", b"40 *ml")
    data = data[:place] + junk + data[place + cut :]
    once = fixed(data, window=window).data
    assert fixed(once, window=window).data == once


def test_two_target_lines_are_fixed_each_at_its_place() -> None:
    first = "SV1*HC:J3590:JZ::::ELFABRIO 80MG IV 4X20MG/10ML SDV NDC 10122-0160-02*14880*UN*1***1"
    parts = segments(TEXT_ONLY.data())
    place = next(number for number, part in enumerate(parts) if part.startswith("LX*2"))
    parts[place + 1 : place + 2] = [first.replace("80MG IV 4X", "60MG IV 3X")]
    result = fixed(join(parts))
    assert told(result.fixes) == [
        ("NDC02", "unsafe", "", "LIN**N4*10122016002 CTP****40*ML"),
        ("NDC02", "unsafe", "", "LIN**N4*10122016002 CTP****30*ML"),
    ]
    assert [fix.line for fix in result.fixes] == [0, 1]
    written = segments(result.data)
    assert written.index("CTP****40*ML") < written.index("LX*2") < written.index("CTP****30*ML")
    assert written[-3] == f"SE*{int(parts[-3].split('*')[1]) + 4}*0001"


def test_a_claim_on_which_a_rule_crashed_gets_no_fixes(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = all_rules()["NAR01"]

    def crash(*_: object) -> Iterator[Hit]:
        raise ZeroDivisionError

    rules = {**all_rules(), "NAR01": replace(rule, check=crash)}
    monkeypatch.setattr("fix_run.all_rules", lambda: rules)
    data = base().replace(b"10122016002", b"10122-0160-02")
    assert fixed(data).data == data
    assert fixed(data).fixes == []


def test_of_two_fixes_of_one_element_the_first_proposed_is_taken() -> None:
    source = base().replace(b"10122016002", b"10122-0160-02")
    whole = fixed(source).fixes[0]
    start = whole.start
    other = replace(whole, after="1012216002", edits=(Edit(start, start + 13, b"10122016002"),), rule="NDC05")

    class Willing(Trial):
        def __init__(self) -> None:
            pass

        def mends(self, fixes: Sequence[Fix], others: Sequence[Fix]) -> bool:
            return True

    for proposed in ([whole, other], [other, whole]):
        assert accepted(proposed, [], Willing()) == proposed[:1]
    assert accepted([whole], [other], Willing()) == []


def test_a_fix_that_would_bring_a_rejection_is_not_offered() -> None:
    """Ten digits that one product has, but the text names another drug: NDC11 would reject the line."""
    data = base().replace(b"10122016002", b"1012218002")
    assert reference().candidates_known("1012218002") == ("10122018002",)
    assert fixed(data).fixes == []


@pytest.mark.parametrize("ndc", ["10122-0160-02", "1012216002", "1012218002"])
def test_a_claim_of_very_many_lines_is_planned_in_a_few_trials(ndc: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = segments(base().replace(b"10122016002", ndc.encode()))
    start, end = (next(n for n, part in enumerate(parts) if part.startswith(f"LX*{number}")) for number in (1, 2))
    data = join([*parts[:start], *(parts[start:end] * 400), *parts[end:]])
    tried: list[object] = []
    scrub = Engine.try_out

    def counted(*args: Any, **named: Any) -> ScrubbedClaim:
        tried.append(args)
        return scrub(*args, **named)

    monkeypatch.setattr(Engine, "try_out", counted)
    result = fixed(data)
    assert len(tried) <= 1 + max(MOST_SEGMENTS // (400 * 6), LEAST_TRIALS) + 8
    assert len(result.fixes) == (0 if ndc == "1012218002" else 400)
