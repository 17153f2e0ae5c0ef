"""Accepted and rejected EDI: a partition of the claims, two sound trees, and a program that checks itself."""

from __future__ import annotations

import io
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from unittest import mock

import pytest
from claim_trees import Sets, build, read
from hypothesis import given, settings
from hypothesis import strategies as st
from support.edi import CLINIC, GUIDE_FAULTS, HOSPITAL, STYLES, join, restyle, segments
from support.pyx12_oracle import guide_errors
from support.rule_cases import all_cases
from support.rules import profiles, reference
from support.streams import pass_to

from x12proc.claims.model import Claim, ServiceLine, location_of
from x12proc.engine.engine import Engine
from x12proc.engine.result import ClaimResult, LineResult
from x12proc.engine.stream import Summary, TransactionErrors, scrub_buffer
from x12proc.errors import InternalError
from x12proc.findings import REJECT, Finding
from x12proc.reports.edi import span_copy
from x12proc.reports.edi.split import ACCEPTED, REJECTED, Split
from x12proc.reports.edi.split_check import SplitCheck
from x12proc.rules import all_rules
from x12proc.wire.events import Group, Interchange, TransactionClosed

CODES = ("J3590",)
EVERY_STYLE = sorted(STYLES)


class Deciding(Engine):
    """An engine that rejects the given claims, by CLM01, and finds nothing else."""

    def __init__(self, rejects: Callable[[str], bool]) -> None:
        super().__init__(all_rules(), profiles(), reference(), codes=CODES, as_of=date(2024, 4, 1))
        self._rejects = rejects

    def scrub(self, claim: Claim, targets: tuple[ServiceLine, ...]) -> ClaimResult:
        """Decide without looking."""
        found = (_finding(claim),) if self._rejects(claim.id) else ()
        lines = tuple(LineResult(line, ()) for line in targets)
        return ClaimResult(claim, "default", found, lines)


def _finding(claim: Claim) -> Finding:
    location = location_of(claim.clm, 1)
    return Finding("BAL06", REJECT, "", "", location, None, "", "", "", (), ())


def real_engine() -> Engine:
    return Engine(all_rules(), profiles(), reference(), codes=CODES, as_of=date(2024, 4, 1))


def split(data: bytes, engine: Engine, window: int = 4096) -> dict[str, bytes]:
    """Both files, proven; a test that wants a refusal asks Split itself. The window is that of writing, too."""
    with mock.patch.object(span_copy, "WINDOW", window):
        return _split(data, engine, window)


def _split(data: bytes, engine: Engine, window: int) -> dict[str, bytes]:
    files = {kind: io.BytesIO() for kind in (ACCEPTED, REJECTED)}
    writer, proof, summary = Split(data, files), SplitCheck(data), Summary()
    for outcome in scrub_buffer(data, engine, CODES, all_claims=True, window=window):
        summary.count(outcome)
        pass_to(writer, outcome)
        pass_to(proof, outcome)
    writer.end(summary)
    proof.end(summary)
    written = {kind: file.getvalue() for kind, file in files.items()}
    assert not summary.failed
    assert writer.ambiguity is None
    for kind, text in written.items():
        assert proof.check(kind, text) is None
    return written


def rejecting(ids: Iterable[str]) -> Deciding:
    return Deciding(frozenset(ids).__contains__)


# -- the partition ---------------------------------------------------------------------------------------------

COUNTS = st.integers(0, 2)
SUBSCRIBERS = st.tuples(COUNTS, st.lists(COUNTS, max_size=2))
TREES = st.lists(st.lists(st.lists(SUBSCRIBERS, max_size=3), max_size=3), min_size=1, max_size=3)


@settings(max_examples=150, deadline=None)
@given(
    TREES, st.sets(st.integers(1, 30)), st.sampled_from(EVERY_STYLE), st.integers(2, 3000), st.sampled_from("PI")
)
def test_every_claim_stands_in_exactly_one_of_two_sound_trees(
    tree: Sets, chosen: set[int], style: str, window: int, kind: str
) -> None:
    data = restyle(join(build(tree, kind)), style)
    claims = read(data)
    ids = {f"C{number}" for number in chosen}
    written = split(data, rejecting(ids), window)
    element = data[3:4]
    for side, rejected in ((ACCEPTED, False), (REJECTED, True)):
        expected = [one for one in claims if (one.segments[0].split(element)[1].decode() in ids) is rejected]
        found = read(written[side]) if written[side] else []
        assert found == expected


def test_nothing_is_touched_where_nothing_is_left_out() -> None:
    tree: Sets = [[[(1, []), (2, [1, 1])], [(0, [1])]], [[(1, [])]]]
    for style in EVERY_STYLE:
        data = restyle(join(build(tree)), style)
        assert split(data, rejecting(()))[ACCEPTED] == data
        assert split(data, rejecting(()))[REJECTED] == b""
        assert split(data, Deciding(lambda _: True))[REJECTED] == data


def test_loops_without_claims_are_left_out_and_the_rest_is_numbered_anew() -> None:
    tree: Sets = [[[(1, [1]), (1, []), (0, [])], [(0, [1, 1])]]]
    written = split(join(build(tree)), rejecting(("C1", "C4")))
    trees = {side: [s for s in segments(text) if s.startswith(("HL*", "CLM*"))] for side, text in written.items()}
    assert [part[:14] for part in trees[ACCEPTED]] == [
        *("HL*1**20*1", "HL*2*1*22*1", "HL*3*2*23*0", "CLM*C2*15125**"),
        *("HL*4*1*22*0", "CLM*C3*15125**"),
        *("HL*5**20*1", "HL*6*5*22*1", "HL*7*6*23*0", "CLM*C5*15125**"),
    ]
    assert [part[:14] for part in trees[REJECTED]] == [
        *("HL*1**20*1", "HL*2*1*22*0", "CLM*C1*15125**"),
        *("HL*3**20*1", "HL*4*3*22*1", "HL*5*4*23*0", "CLM*C4*15125**"),
    ]


def test_what_is_too_large_is_copied_in_parts() -> None:
    data = join(build([[[(3, [])]]])).replace(b"GS*HC", b"TA1*" + b"X" * 5000 + b"~\nGS*HC")
    with mock.patch.object(span_copy, "_LARGEST_SPAN", 100):
        assert split(data, rejecting(()), 64)[ACCEPTED] == data


def test_a_head_longer_than_any_is_read_and_split() -> None:
    """An HL of more than half a kilobyte says its level all the same, with line ends inside or not."""
    tree: Sets = [[[(1, [1]), (1, [])]]]
    for filler in ("X" * 2000, "X" * 300 + "\n" + "X" * 1000):
        data = join([f"{part}*{filler}" if part.startswith("HL*") else part for part in build(tree)])
        written = split(data, rejecting(("C1",)))
        assert [written[side].count(b"CLM*") for side in (ACCEPTED, REJECTED)] == [2, 1]


def test_claims_without_a_provider_loop_are_split() -> None:
    parts = build([[[(1, []), (1, [])]]])
    start = next(at for at, part in enumerate(parts) if part.startswith("HL*"))
    end = next(at for at, part in enumerate(parts) if at > start and part.startswith("HL*"))
    rest = [part.replace("HL*2*1*22", "HL*2**22").replace("HL*3*1*22", "HL*3**22") for part in parts[end:]]
    written = split(join(parts[:start] + rest), rejecting(("C1",)))
    assert [written[side].count(b"CLM*") for side in (ACCEPTED, REJECTED)] == [1, 1]


def test_errors_of_no_claim_leave_both_files_as_they_are() -> None:
    """What the guide says of loops without claims is reported elsewhere."""
    data = join(build([[[(1, [1])]]]))
    files = {kind: io.BytesIO() for kind in (ACCEPTED, REJECTED)}
    writer = Split(data, files)
    reported: list[Interchange | Group] = []
    for outcome in scrub_buffer(data, rejecting(()), CODES, all_claims=True):
        if isinstance(outcome, Interchange | Group):
            reported.append(outcome)
        if isinstance(outcome, TransactionClosed):
            interchange, group = reported
            assert isinstance(interchange, Interchange)
            assert isinstance(group, Group)
            writer.handle(TransactionErrors(interchange, group, outcome.transaction, ()))
        pass_to(writer, outcome)
    writer.end(Summary())
    assert files[ACCEPTED].getvalue() == data


def test_sets_groups_and_interchanges_without_claims_are_left_out() -> None:
    one, two = join(build([[[(1, [])]], [[(0, [])]]])), join(build([[[(1, [])]]]))
    both = one + two.replace(b"*C1*", b"*C2*")
    written = split(both, rejecting(("C2",)))
    assert written[REJECTED] == two.replace(b"*C1*", b"*C2*")
    assert written[ACCEPTED] == join(build([[[(1, [])]]]))
    assert split(join(build([[[(0, [])]]])), rejecting(())) == {ACCEPTED: b"", REJECTED: b""}


# -- real dispositions and an outside judge ---------------------------------------------------------------------


@pytest.mark.parametrize("path", [CLINIC, HOSPITAL, GUIDE_FAULTS], ids=lambda path: path.stem)
@pytest.mark.parametrize("style", EVERY_STYLE)
def test_demo_files_are_split_in_every_style(path: Path, style: str) -> None:
    data = path.read_bytes()
    if path == GUIDE_FAULTS:  # its two interchanges have delimiters of their own
        data = data[data.index(b"ISA", 3) :]
    data = restyle(data, style)
    written = split(data, real_engine())
    claims = read(data)
    found = {side: read(text) for side, text in written.items()}
    assert Counter(found[ACCEPTED]) + Counter(found[REJECTED]) == Counter(claims)
    assert min(len(found[ACCEPTED]), len(found[REJECTED])) > 0


@pytest.mark.parametrize("path", [CLINIC, HOSPITAL], ids=lambda path: path.stem)
def test_both_files_are_valid(path: Path) -> None:
    data = path.read_bytes()
    assert guide_errors(data) == []
    for engine in (real_engine(), Deciding(lambda claim: int(claim[-1]) % 2 == 0)):
        for text in split(data, engine).values():
            assert guide_errors(text) == []


@settings(max_examples=12, deadline=None)
@given(TREES, st.sets(st.integers(1, 30)))
def test_both_files_of_any_tree_are_valid(tree: Sets, chosen: set[int]) -> None:
    for text in split(join(build(tree)), rejecting(f"C{number}" for number in chosen)).values():
        assert text == b"" or guide_errors(text) == []


def test_every_rule_case_ends_on_one_side() -> None:
    child_codes = re.compile(rb"(?<=\*2[0-9]\*)[01](?=~)")  # a few cases are careless with HL04
    for rule, case in all_cases():
        data = case.data()
        written = split(data, real_engine())
        assert b"".join(written.values()).count(b"CLM*") == data.count(b"CLM*"), (rule, case.name)
        if written[ACCEPTED] == b"" or written[REJECTED] == b"":
            whole = written[ACCEPTED] + written[REJECTED]
            assert child_codes.sub(b"", whole) == child_codes.sub(b"", data), (rule, case.name)


def test_several_interchanges_keep_their_own_delimiters() -> None:
    data = b"".join(restyle(join(build([[[(2, [])]]])), style) for style in EVERY_STYLE)
    assert split(data, rejecting(("C2",)))[ACCEPTED].count(b"ISA") == len(EVERY_STYLE)


# -- what real files get wrong ----------------------------------------------------------------------------------


TREE = join(build([[[(1, [1]), (1, []), (1, [])], [(1, [])]]]))


@pytest.mark.parametrize(
    ("change", "back"),
    [
        (lambda data: b"\xef\xbb\xbf" + data, None),
        (lambda data: data + b"   \x1a0d0a", None),
        (lambda data: data.rstrip(b"~\n"), lambda text: text + b"\n"),
        (lambda data: data.replace(b"\nSE*", b"\nSE*9"), None),
        (lambda data: data.replace(b"GE*1*", b"GE*7*").replace(b"IEA*1*", b"IEA**"), None),
        (lambda data: data.replace(b"RULEBENCH      ", b"RULEBENCH"), None),
        (lambda data: data.replace(b"HL*1**20*1", b"HL*1**20").replace(b"*23*0~", b"*23~"), None),
        (lambda data: data.replace(b"HL*2*1*", b"HL*2**"), None),
        (lambda data: data.replace(b"HL*2*1*", b"HL*2*01*").replace(b"HL*1*", b"HL*001*"), None),
    ],
    ids=["bom", "fill", "terminator", "se01", "counts", "padding", "hl04", "hl02-empty", "zeros"],
)  # fmt: skip
def test_what_is_wrong_with_the_envelope_is_right_in_both(
    change: Callable[[bytes], bytes], back: Callable[[bytes], bytes] | None
) -> None:
    """The halves of a faulty file are those of the sound one."""
    expected = split(TREE, rejecting(("C1", "C4")))
    faulty = change(TREE)
    assert faulty != TREE
    found = split(faulty, rejecting(("C1", "C4")))
    assert {side: back(text) if back else text for side, text in found.items()} == expected


@pytest.mark.parametrize("width", [80, 61, 128])
def test_a_folded_file(width: int) -> None:
    flat = TREE.replace(b"\n", b"")
    folded = b"\n".join(flat[at : at + width] for at in range(0, len(flat), width))
    expected = split(flat, rejecting(("C1", "C4")))
    found = split(folded, rejecting(("C1", "C4")))
    assert {side: text.replace(b"\n", b"") for side, text in found.items()} == expected


@pytest.mark.parametrize(
    "tag", [b"PRV*BI", b"SBR*", b"CLM*", b"HL*3", b"HL*4", b"HL*6", b"SE*", b"GE*", b"LX*2", b"BHT*"]
)
def test_line_ends_in_place_of_terminators(tag: bytes) -> None:
    data = TREE.replace(b"~\n" + tag, b"\n" + tag)
    assert data != TREE
    for rejected, window in itertools.product((("C1", "C4"), ("C2", "C3"), ("C5",)), (2, 700, 4096)):
        expected = split(TREE, rejecting(rejected))
        found = split(data, rejecting(rejected), window)
        assert {side: text.replace(b"~", b"") for side, text in found.items()} == {
            side: text.replace(b"~", b"") for side, text in expected.items()
        }


@pytest.mark.parametrize("layout", [b"", b"\n", b" \r\n"])
def test_empty_segments_are_kept_and_not_counted(layout: bytes) -> None:
    """Counted or not, as the input has it, both files count without them."""
    data = TREE.replace(b"~\nLX*2", b"~" + layout + b"~\nLX*2").replace(b"~\nHL*3", b"~" + layout + b"~~\nHL*3")
    expected, found = split(TREE, rejecting(("C1", "C4"))), split(data, rejecting(("C1", "C4")))
    for side, text in found.items():
        assert text.count(b"~" + layout + b"~") > 1
        assert text.replace(b"~" + layout + b"~", b"~").replace(b"~" + b"~", b"~") == expected[side]


def test_an_acknowledgement_in_the_envelope_goes_with_both() -> None:
    data = TREE.replace(b"GS*HC", b"TA1*000000001*240329*0915*A*000~\nGS*HC")
    assert all(text.count(b"TA1*") == 1 for text in split(data, rejecting(("C1",))).values())


def test_a_tree_that_contradicts_itself_is_refused() -> None:
    data = TREE.replace(b"HL*6**20*1", b"HL*9**20*1")
    writer = Split(data, {ACCEPTED: io.BytesIO()})
    for outcome in scrub_buffer(data, rejecting(("C5",)), CODES, all_claims=True):
        pass_to(writer, outcome)
    assert writer.ambiguity is not None
    assert writer.ambiguity.code == "hl-parent"
    assert data[writer.ambiguity.byte_offset :].startswith(b"HL*7*6*22")


# -- the proof --------------------------------------------------------------------------------------------------


def _damaged(text: bytes, element: bytes = b"*") -> dict[str, bytes]:
    first = text.index(b"CLM*")
    second = text.index(b"CLM*", first + 1)
    ids = text.replace(b"CLM*C3", b"CLM*C2", 1)
    return {
        "lost": text[:first] + text[second:],
        "doubled": text[:second] + text[first:second] + text[second:],
        "other": ids,
        "count": text.replace(b"\nSE*", b"\nSE*1"),
        "provider": text.replace(b"LAKESIDE", b"SEASIDE"),
        "member": text.replace(b"HARTLEY*MARY", b"HARTLEY*MARK"),
        "control": text.replace(b"*0001~", b"*0002~"),
        "tail": text[:-30],
        "empty": b"",
    }


@pytest.mark.parametrize("name", _damaged(TREE))
def test_the_proof_sees_what_is_wrong_with_a_file(name: str) -> None:
    proof, summary = SplitCheck(TREE), Summary()
    for outcome in scrub_buffer(TREE, rejecting(("C1",)), CODES, all_claims=True):
        summary.count(outcome)
        pass_to(proof, outcome)
    proof.end(summary)
    accepted = split(TREE, rejecting(("C1",)))[ACCEPTED]
    damaged = _damaged(accepted)[name]
    assert damaged != accepted
    with pytest.raises(InternalError):
        proof.check(ACCEPTED, damaged)


def test_a_claim_that_nobody_was_told_of_is_missed() -> None:
    proof, summary = SplitCheck(TREE), Summary()
    for number, outcome in enumerate(scrub_buffer(TREE, rejecting(()), CODES, all_claims=True)):
        summary.count(outcome)
        if number != 4:
            pass_to(proof, outcome)
    with pytest.raises(InternalError, match="5 claims were counted, 4"):
        proof.end(summary)


def refusals(data: bytes, engine: Engine, window: int = 4096) -> list[str]:
    """Why a file can't be split; a file that failed before is no matter here."""
    files = {kind: io.BytesIO() for kind in (ACCEPTED, REJECTED)}
    writer, proof, summary = Split(data, files), SplitCheck(data), Summary()
    for outcome in scrub_buffer(data, engine, CODES, all_claims=True, window=window):
        summary.count(outcome)
        pass_to(writer, outcome)
        pass_to(proof, outcome)
    writer.end(summary)
    proof.end(summary)
    if summary.failed or writer.ambiguity:
        return []
    faults = [proof.check(kind, file.getvalue()) for kind, file in files.items()]
    return [fault.code for fault in faults if fault is not None]


def test_a_line_end_that_would_become_a_terminator_is_refused() -> None:
    """Whether a file is folded shows in its first lines; with a loop between them gone it may not show any more,
    and a line end before what looks like a tag (here a name that ends in LX) is taken for a terminator."""
    width, reported = 200, []
    for padding in range(width):
        flat = TREE.replace(b"\n", b"").replace(b"MARCHETTI*", b"A" * padding + b"LX*")
        folded = b"\n".join(flat[at : at + width] for at in range(0, len(flat), width))
        reported += refusals(folded, rejecting(("C3",)))
    assert set(reported) == {"split-ambiguous"}


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=60), st.integers(0, len(TREE)), st.integers(0, 60), st.integers(200, 3000))
def test_any_damage_is_split_soundly_or_refused(junk: bytes, location: int, cut: int, window: int) -> None:
    data = TREE[:location] + junk + TREE[location + cut :]
    assert set(refusals(data, rejecting(("C2", "C4")), window)) <= {"split-ambiguous"}
