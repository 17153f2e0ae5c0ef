"""Guide conformance: the same faults as pyx12 finds in the whole file, at the same places."""

from __future__ import annotations

import ast
import logging
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from pyx12.map_index import map_index
from pyx12.map_walker import walk_tree
from support.edi import CLINIC, FIXTURES, GUIDE_FAULTS, HOSPITAL, STYLES, base, join, restyle, segments
from support.guides import edited, one, raw_errors, reduced, run, spans
from support.mutations import mutated, shorten
from support.pyx12_whole import Fault, whole_file

from x12proc.conformance import batcher, pyx12_walk, stream
from x12proc.conformance import check as conformance
from x12proc.conformance.chunks import CHECKED_GUIDES
from x12proc.wire.events import ClaimSpan, SegmentRange
from x12proc.wire.versions import CURRENT
from x12proc.wire.window import count_terminators

PACKAGE = Path(conformance.__file__).parent
# The files of acknowledgements are about envelopes, at which pyx12 stops where they are broken; what replay cases
# expect are answers, or claims that stand in their input as well.
ALL_FILES = sorted(
    path for path in FIXTURES.rglob("*.edi") if path.parent.name not in ("acknowledgements", "expected")
)
SEEDS, AT_ONCE = 520, 26


# -- the same as pyx12 on the whole file -------------------------------------------------------------------------


def locations(data: bytes, claim: ClaimSpan) -> list[range]:
    """The segment indexes of a claim and of its parent loops."""
    own = SegmentRange(claim.start, claim.end, claim.segment_index)
    stretches = (claim.header, claim.provider, claim.subscriber, claim.patient, own)
    found = []
    for at in stretches:
        if at is not None:
            count = count_terminators(data, at.start, at.end, claim.interchange.delimiters)
            found.append(range(at.segment_index, at.segment_index + count))
    return found


def comparable(found: set[Fault], crash: int | None) -> set[Fault]:
    """What must be the same: all up to where pyx12 raised on the whole file, but for two things.

    HL2: pyx12 asks whether HL02 is the number of any loop that it has not closed, we ask whether it is that of a
    loop above (see the tests of HL2). And an LX that has no place in the guide is not counted as well.
    """
    placeless = {index for index, element, code in found if (element, code) == ("LX", "1")}
    return {
        (index, element, code)
        for index, element, code in found
        if (crash is None or index < crash) and code != "HL2" and not (code == "LX" and index in placeless)
    }


def has_lost_its_level(data: bytes) -> bool:
    """Whether an HL has no level: then pyx12 goes on in the claim before it, and we under the last subscriber."""
    loops = [part.split("*") for part in segments(data) if part.partition("*")[0] == "HL"]
    return any(len(loop) < 4 or loop[3] not in ("20", "22", "23") or len(loop[1]) > 9 for loop in loops)


def compare(data: bytes) -> int:
    """Hold ``targets`` and ``full`` against the whole file; how many faults there were in target claims."""
    found, crash = whole_file(data)
    compared = 0
    for claim, errors in zip(spans(data), raw_errors(data), strict=True):
        here = locations(data, claim)
        expected = {fault for fault in found if any(fault[0] in position for position in here)}
        assert comparable(reduced(errors), crash) == comparable(expected, crash)
        compared += len(expected)
    with mock.patch.object(stream, "drop_already_reported", lambda _, errors: errors):
        reported = [error for outcome in run(data, whole=True) for error in getattr(outcome, "guide_errors", ())]
    assert comparable(reduced(reported), crash) == comparable(found, crash)
    return compared


@pytest.mark.parametrize("path", ALL_FILES, ids=lambda path: path.name)
def test_fixtures_have_the_faults_that_pyx12_finds_in_the_whole_file(path: Path) -> None:
    assert (compare(path.read_bytes()) > 0) == (path == GUIDE_FAULTS)


@lru_cache(maxsize=1)
def sound() -> tuple[bytes, ...]:
    """What is mutated: single claims, and sets with several subscribers and dependents."""
    return base("P"), base("I"), shorten(CLINIC.read_bytes(), 1, 8), shorten(HOSPITAL.read_bytes(), 0, 8)


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_mutated_claims_have_the_faults_that_pyx12_finds_in_the_whole_file(first: int) -> None:
    files = [mutated(sound()[seed % 4], seed) for seed in range(first, first + AT_ONCE)]
    comparable_files = [data for data in files if not has_lost_its_level(data)]
    assert len(comparable_files) >= AT_ONCE - 3
    assert sum(compare(data) for data in comparable_files) >= AT_ONCE / 2


def test_enough_mutations_are_compared() -> None:
    files = [mutated(sound()[seed % 4], seed) for seed in range(SEEDS)]
    kept = [data for data in files if not has_lost_its_level(data)]
    assert sum(len(spans(data)) for data in kept) >= 500
    assert len(set(kept)) >= 450


# -- places and messages -----------------------------------------------------------------------------------------


def test_a_fault_names_loop_segment_element_place_and_value() -> None:
    data = edited(base(), ("CTP", "CTP****33*XX"))
    (error,) = one(data)
    assert (error.code, error.value) == ("7", "XX")
    position = error.location
    assert (position.loop, position.segment, position.element, position.after) == ("2410", "CTP", "CTP05-1", None)
    assert data[position.byte_offset :].startswith(b"XX~")
    assert segments(data)[position.segment_index] == "CTP****33*XX"


def test_what_is_missing_stands_behind_the_segment_before_it() -> None:
    data = edited(base(), ("CTP", ""))
    (error,) = one(data)
    position = error.location
    assert (error.code, position.loop, position.element, position.after) == ("3", "2410", "CTP", "LIN")
    assert segments(data)[position.segment_index].startswith("LIN")
    assert data[position.byte_offset :].startswith(b"LIN")


def test_what_is_missing_at_the_end_of_a_claim_is_seen_whatever_comes_behind() -> None:
    """The last segment of the claim is its LIN: an SE, an HL or a CLM is after it."""
    for kind in ("P", "I"):
        parts = segments(base(kind))
        end = next(at for at, part in enumerate(parts) if part.startswith("LIN")) + 1
        alone = parts[:end] + parts[-3:]
        start = next(at for at, part in enumerate(parts) if part.startswith("CLM"))
        again = parts[:end] + parts[start:]
        loop = next(at for at, part in enumerate(parts) if re.match(r"HL\*\d+\*\d+\*22", part))
        other = parts[:end] + [re.sub(r"^HL\*\d+", "HL*3", part) for part in parts[loop:]]
        for files in (alone, again, other):
            errors = raw_errors(join(files))[0]
            assert [(error.code, error.location.element, error.location.after) for error in errors] == [
                ("3", "CTP", "LIN")
            ]


def test_a_fault_above_the_claims_is_told_of_every_claim_under_it() -> None:
    data = shorten(CLINIC.read_bytes(), 1, 8)
    everyone = raw_errors(edited(data, ("BHT", "BHT*0019*99*X*20240329*0915*CH")))
    assert len(everyone) > 3
    assert all(reduced(errors) == {(3, "BHT02", "7")} for errors in everyone)
    subscriber = re.search(rb"HL\*2\*1\*22\*1~\nSBR\*[^~]*", data)
    assert subscriber is not None
    faulty = data.replace(subscriber[0], subscriber[0].replace(b"SBR*", b"SBR*Z"))
    reported = [bool(errors) for errors in raw_errors(faulty)]
    assert reported.count(True) >= 1
    assert reported.count(False) >= 3


def test_faults_under_a_dependent() -> None:
    data = shorten(CLINIC.read_bytes(), 1, 8)
    dependent = next(claim for claim in spans(data) if claim.patient is not None)
    assert dependent.patient is not None
    patient = data[dependent.patient.start : dependent.patient.end]
    claim = data[dependent.start : dependent.end]
    faulty = data.replace(patient, re.sub(rb"(DMG\*D8\*\d+)\*.", rb"\1*X", patient))
    faulty = faulty.replace(claim, re.sub(rb"LIN\*\*N4", b"LIN**XX", claim, count=1))
    found = {where: errors for where, errors in zip(spans(faulty), raw_errors(faulty), strict=True) if errors}
    ((_, errors),) = found.items()
    assert sorted((error.location.loop, error.location.element) for error in errors) == [
        ("2010CA", "DMG03"),
        ("2410", "LIN02"),
    ]


@pytest.mark.parametrize("kind", ["P", "I"])
def test_a_subscriber_may_have_claims_and_dependents(kind: str) -> None:
    """The order of pyx12's institutional map would not allow it."""
    data = shorten((CLINIC if kind == "P" else HOSPITAL).read_bytes(), 1 if kind == "P" else 0, 8)
    parts = segments(data)
    dependent = next(at for at, part in enumerate(parts) if re.match(r"HL\*\d+\*\d+\*23", part))
    start = next(at for at, part in enumerate(parts) if at > dependent and part.startswith("CLM"))
    end = next(at for at, part in enumerate(parts) if at > start and part.startswith(("HL", "CLM", "SE")))
    both = join(parts[:dependent] + parts[start:end] + parts[dependent:])
    assert len(raw_errors(both)) == len(raw_errors(data)) + 1
    assert not any(raw_errors(both))
    assert bool(whole_file(both)[0]) == (kind == "I")


@pytest.mark.parametrize("number", [100, 101, 130])
def test_claims_beyond_a_hundred_under_one_patient(number: int) -> None:
    """Only the last one is a target, and still its number is known."""
    parts = segments(base())
    start = next(at for at, part in enumerate(parts) if part.startswith("CLM"))
    claim = parts[start:-3]
    others = [part.replace("J3590", "J1100") for part in claim] * (number - 1)
    errors = one(join(parts[:start] + others + parts[start:]))
    assert [error.code for error in errors] == ([] if number == 100 else ["4"])


def test_hl_numbers_count_every_loop_of_the_set() -> None:
    data = shorten(CLINIC.read_bytes(), 1, 8)
    wrong = data.replace(b"~\nHL*5*", b"~\nHL*55*").replace(b"~\nHL*6*", b"~\nHL*06*")
    reported = [error for errors in raw_errors(wrong) for error in errors]
    assert {(error.code, error.value) for error in reported if error.location.element == "HL01"} == {("HL1", "55")}


def test_hl02_names_a_loop_above() -> None:
    data = shorten(HOSPITAL.read_bytes(), 0, 8)
    assert not any(raw_errors(data))
    for parent in (b"7", b"99", b"A", b"2"):
        reported = raw_errors(data.replace(b"~\nHL*7*1*22", b"~\nHL*7*" + parent + b"*22"))
        assert {error.code for errors in reported for error in errors} == {"HL2"}


def test_hl02_may_name_a_loop_by_the_number_it_was_sent_with() -> None:
    """One loop numbered wrongly is reported on that loop, not of everything that refers to it."""
    data = base().replace(b"HL*1**20", b"HL*8**20").replace(b"HL*2*1*22", b"HL*2*8*22")
    assert [(error.code, error.location.element) for error in one(data)] == [("HL1", "HL01")]


def test_nothing_is_said_of_claims_under_loops_that_could_not_be_checked() -> None:
    """Where the way to a claim is lost, what would follow from that is no fault of the claim."""
    parts = segments(edited(base(), ("CTP", "CTP****33*XX")))
    start = next(at for at, part in enumerate(parts) if part.startswith("HL"))
    errors = one(join([*parts[:start], *["XX*1"] * 200, *parts[start:]]))
    assert [error.code for error in errors] == ["1"] * pyx12_walk.MOST_ERRORS + ["unchecked"]


def test_a_claim_is_judged_without_the_faults_of_its_neighbours() -> None:
    """After a claim full of strange segments the next one is as sound as it was."""
    parts = segments(base())
    start = next(at for at, part in enumerate(parts) if part.startswith("CLM"))
    strange = [parts[start], "NM1*IL*1*X", "SBR*P", "XX*1", *parts[start + 1 : -3]]
    first, second = raw_errors(join(parts[:start] + strange + parts[start:]))
    assert first
    assert second == ()


# -- layouts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("kind", ["P", "I"])
def test_any_delimiters_and_line_ends(style: str, kind: str) -> None:
    edits = ("CTP", "CTP****33*XX:1"), ("NM1*85", "NM1*85*2*A*****YY*1"), ("REF*6R", "REF*6R")
    plain = edited(base(kind), *edits)
    data = restyle(plain, style)
    assert reduced(one(data)) == reduced(one(plain))
    element, component, _, terminator, _ = STYLES[style]
    valued = [error for error in one(data) if error.value is not None]
    assert len(valued) >= 3
    for error in valued:
        text = data[error.location.byte_offset :].decode().split(terminator)[0].split(element)[0]
        assert error.value in (text, *text.split(component))


# -- what it must not stumble over -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["MÜLLER", "NUÑEZ", "Ø" * 60])
@pytest.mark.parametrize("coding", ["utf-8", "latin-1"])
def test_names_in_any_alphabet_are_no_fault(name: str, coding: str) -> None:
    """Letters are counted, not bytes: sixty are as many as NM103 holds, however they are written."""
    data = re.sub(rb"NM1\*IL\*1\*[^*]*", b"NM1*IL*1*@", base()).replace(b"@", name.encode(coding))
    assert one(data) == ()
    (error,) = one(data.replace(b"NM1*IL*1*", b"NM1*IL*1*" + b"X" * 60))
    assert (error.code, error.location.element) == ("5", "NM103")


_TOO_LONG = "SV1*HC:J3590:JZ::::A:::::::X*8712*UN*1***1"


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        pytest.param(("SV1", _TOO_LONG), {("SV101", "3")}, id="long composite"),
        pytest.param(("DTP*472", "DTP*472*RD8*1-2-3"), {("DTP", "unchecked")}, id="two hyphens"),
        pytest.param(("DTP*472", "DTP"), {("DTP", "8"), ("DTP", "1"), ("DTP", "3")}, id="only a tag"),
        pytest.param(("HI", "\x01\x02"), {("HI", "3")}, id="control characters"),
    ],
)
def test_what_pyx12_stumbles_over(edit: tuple[str, str], expected: set[tuple[str, str]]) -> None:
    errors = one(edited(base(), edit, ("CTP", "CTP****33*XX")))
    found = {(error.location.element, error.code) for error in errors}
    assert ("CTP05-1", "7") in found, "the rest of the claim is checked all the same"
    assert expected <= found


def test_a_claim_at_which_the_walker_stops_is_told_and_others_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    data = shorten(CLINIC.read_bytes(), 1, 8)
    victim = spans(data)[1]
    name = data[victim.start : victim.end].split(b"*")[1].decode()
    walk = walk_tree.walk_errors

    def stumble(self: walk_tree, node: Any, segment: Any, *rest: Any) -> Any:
        if segment.get_seg_id() == "CLM" and segment.get_value("01") == name:
            raise IndexError
        return walk(self, node, segment, *rest)

    monkeypatch.setattr(walk_tree, "walk_errors", stumble)
    monkeypatch.setattr(conformance, "fast_walk", lambda *_: None)  # else pyx12 is not asked of a sound claim
    reported = raw_errors(data)
    assert [len(errors) for errors in reported] == [0, 1] + [0] * (len(reported) - 2)
    assert (reported[1][0].code, reported[1][0].location.segment_index) == ("unchecked", victim.segment_index)


@pytest.mark.parametrize(
    "junk", [b"X" * 5_000_000, b"~" * 1000, b"NTE*ADD*" + b"A:*" * 100_000, b"XX*1~" * 60_000]
)
def test_a_claim_full_of_rubbish_ends_soon(junk: bytes) -> None:
    parts = segments(base())
    end = next(at for at, part in enumerate(parts) if part.startswith("SE"))
    errors = one(join(parts[:end]) + junk + b"~\n" + join(parts[end:]))
    assert len(errors) <= pyx12_walk.MOST_ERRORS + 1
    assert all(len(error.message) < 300 and len(error.location.element) < 20 for error in errors)


def test_after_too_many_faults_a_claim_is_not_checked_further() -> None:
    parts = segments(base())
    end = next(at for at, part in enumerate(parts) if part.startswith("SE"))
    errors = one(join([*parts[:end], *["XX*1"] * 5000, *parts[end:]]))
    assert [error.code for error in errors] == ["1"] * pyx12_walk.MOST_ERRORS + ["unchecked"]


def test_rubbish_behind_the_interchange_and_another_file_behind_that() -> None:
    faulty = edited(base(), ("CTP", "CTP****33*XX"))
    reported = raw_errors(faulty + b"\x00\xffrubbish\n" + faulty)
    assert [[error.code for error in errors] for errors in reported] == [["7"], ["7"]]


@pytest.mark.parametrize("version", [b"005010X222", b"005010X223", b"005010X223A1"])
def test_an_older_edition_is_held_against_what_it_is_read_as(version: bytes) -> None:
    kind, current = ("P", b"005010X222A1") if b"X222" in version else ("I", b"005010X223A2")
    data = base(kind).replace(current, version)
    assert one(data) == ()
    assert [error.code for error in one(edited(data, ("CTP", "CTP****33*XX")))] == ["7"]


def test_guides_are_those_that_pyx12_maps() -> None:
    index = map_index()
    assert {version for version in CURRENT if index.get_filename("00501", version, "HC")} == CHECKED_GUIDES


def test_nothing_is_logged_and_messages_hold_no_values(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "ZQZ"
    data = base()
    for start in ("NM1*IL", "DMG", "N3", "N4", "REF", "DTP", "HI", "SV1", "CTP", "LIN", "SBR", "NM1*PR", "CLM"):
        data = edited(data, (start, start.partition("*")[0] + f"*{secret}" * 12))
    with caplog.at_level(logging.DEBUG):
        outcomes = run(data, whole=True)
    errors = [error for outcome in outcomes for error in getattr(outcome, "guide_errors", ())]
    assert len(errors) > 10
    assert any(error.value and secret in error.value for error in errors)
    assert not any(secret in error.message for error in errors)
    assert not caplog.records
    assert capsys.readouterr() == ("", "")


def test_only_one_module_knows_pyx12() -> None:
    def names(path: Path) -> Iterator[str]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.module or ""

    found = {path.name: {name.split(".")[0] for name in names(path)} for path in PACKAGE.rglob("*.py")}
    assert [name for name, imported in found.items() if "pyx12" in imported] == ["pyx12_walk.py"]


@pytest.mark.parametrize("limit", ["LARGEST_CLAIM", "MOST_SEGMENTS"])
def test_of_a_claim_larger_than_any_is_said_that_it_was_not_judged(limit: str) -> None:
    assert one(base()) == ()
    with mock.patch.object(batcher, limit, 3):
        (error,) = one(base())
    assert (error.code, error.location.segment) == ("unchecked", "CLM")
