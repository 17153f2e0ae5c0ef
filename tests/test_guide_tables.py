"""The tables of the guides and the fast walk through them, compared with pyx12, from which they are made."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from typing import Any

import build_guides
import pytest
from pyx12.map_walker import walk_tree
from support.edi import FIXTURES, base
from support.guide_agreement import batches, differs, disagreements

from x12proc.conformance.check import check
from x12proc.conformance.chunks import CHECKED_GUIDES
from x12proc.conformance.fast import walk as sound
from x12proc.conformance.fast.patterns import SegmentPattern
from x12proc.conformance.fast.tables import Guide, Node, Part, file_name, load_guide
from x12proc.conformance.pyx12_walk import _Counter, _guide, _Pyx12Segment
from x12proc.wire.delimiters import Delimiters

GUIDES = sorted(CHECKED_GUIDES)
STAR = Delimiters(b"*", b":", b"^", b"~")
FILES = sorted(FIXTURES.rglob("*.edi"))
TEXTS = ("A", "AB C", "X ", "", " ", "12", "A" * 35, "A" * 61, "A" * 300, "a^b`{|}", "caf\t", "~", "A:B", ":", "-")
NUMBERS = ("0", "-1", "1.5", "12345678901234567890", ".5", "1.", "-", "1-2", "007", "1e5", "-.5", "99999999.99")
DATES = ("20240101", "20240229", "20230229", "20231301", "17991231", "18000101", "240101", "2024010", "20240431",
         "20240101-20240131", "20240131-20240101", "20240101-", "202401012359", "20240101-20240231")  # fmt: skip
TIMES = ("1200", "2400", "2359", "1260", "120000", "12006", "12000099", "120061", "1")


@pytest.mark.parametrize("version", GUIDES)
def test_the_tables_are_what_pyx12_has(version: str) -> None:
    path = Path(sound.__file__).parent / file_name(version)
    assert path.read_bytes() == build_guides.text(build_guides.table(version)), "python tools/build_guides.py"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FIXTURES)))
def test_every_fixture_comes_out_as_with_pyx12(path: Path) -> None:
    assert not differs(path.read_bytes())


@pytest.mark.parametrize("part", range(8))
def test_files_with_faults_come_out_as_with_pyx12(part: int) -> None:
    """`make compare-guides` takes ten thousand."""
    assert disagreements(range(part * 100, part * 100 + 100)) == []


def test_most_of_what_is_sound_is_known_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick walk is of no use where it leaves all to pyx12."""
    fast = sound.fast_walk
    found: list[bool] = []

    def watched(*arguments: Any) -> Any:
        state = fast(*arguments)
        found.append(state is not None)
        return state

    monkeypatch.setattr("x12proc.conformance.check.fast_walk", watched)
    for name in ("demo/clinic-837p.edi", "demo/hospital-837i.edi"):
        for batch in batches((FIXTURES / name).read_bytes()):
            assert check(batch).claims
    assert sum(found) > 0.95 * len(found) > 100


def test_another_pyx12_is_asked_of_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("its maps may say something else")

    monkeypatch.setattr("x12proc.conformance.check.fast_walk", never)
    monkeypatch.setattr("x12proc.conformance.check._are_of_this_pyx12", lambda source: False)
    for batch in batches(base()):
        assert check(batch).claims == ((),)


# -- segment by segment ----------------------------------------------------------------------------------------


@cache
def table(version: str) -> Guide:
    return load_guide(version)


def a_value(part: Part, choose: random.Random) -> str:
    """Something for an element: often what it wants, sometimes nearly."""
    if part.usage == "N" or choose.random() < 0.15:
        return choose.choice(("", "", "", choose.choice(TEXTS)))
    if (part.codes or part.external) and choose.random() < 0.8:
        known = (*part.codes, *(table(GUIDES[0]).codes.get(part.external or "", ())))
        return choose.choice(known) if known else "1"
    pool: dict[str, tuple[str, ...]] = {"R": NUMBERS, "N": NUMBERS, "D": DATES, "T": TIMES}
    if part.number == "1251":
        return choose.choice((*DATES, *TIMES, "1"))
    if choose.random() < 0.5 and part.type in ("AN", "ID"):
        return "B" * choose.choice((part.least, part.most, part.most + 1, max(part.least - 1, 0)))
    return choose.choice(pool.get(part.type[0], TEXTS))


def a_segment(node: Node, choose: random.Random) -> list[str]:
    """A segment for a node, right or nearly so."""
    elements = [node.id]
    for element in node.elements:
        if element.part is not None:
            elements.append(a_value(element.part, choose))
        elif element.usage == "N" or choose.random() < 0.1:
            elements.append(choose.choice(("", "", ":", "::::::::", "X")))
        else:
            parts = [a_value(part, choose) for part in element.parts]
            elements.append(":".join(parts[: choose.randrange(1, len(parts) + 2)]))
    kept = elements[: choose.randrange(2, len(elements) + 1)] if choose.random() < 0.5 else elements
    while choose.random() < 0.9 and len(kept) > 1 and not kept[-1].strip(":"):
        kept.pop()
    return kept if choose.random() < 0.95 else [*kept, "X"]


def errors_of(node: Any, text: str) -> list[Any] | None:
    """What pyx12 finds in a segment; None where it stumbles."""
    try:
        found: list[Any] = node.is_valid_errors(_Pyx12Segment(text, "\0", "*", ":"))[1]
    except Exception:
        return None
    return found


@pytest.mark.parametrize("version", GUIDES)
def test_no_segment_is_sound_that_pyx12_finds_fault_with(version: str) -> None:
    """Every segment of a guide, with values around the borders of what each element allows."""
    choose = random.Random(version)
    taken = right = 0
    for node in table(version).nodes:
        if node.children is not None:
            continue
        pattern = SegmentPattern(node, STAR, table(version).codes)
        for _ in range(60):
            elements = a_segment(node, choose)
            text = "*".join(elements)
            errors = errors_of(_guide(version).nodes[node.path], text)
            right += errors == []
            if pattern.matches(text, elements):
                taken += 1
                assert errors == [], (node.path, text, [error.err_str for error in errors or ()])
    assert taken > 0.4 * right > 300


# -- step by step ----------------------------------------------------------------------------------------------


def pyx12_step(
    version: str, location: str, counts: dict[str, int], text: str
) -> tuple[str | None, bool, dict[str, int]]:
    """Where pyx12 goes with a segment, whether it finds fault on the way, and what it has counted then."""
    guide, walker = _guide(version), walk_tree()
    walker.counter = counter = _Counter(counts)
    found, _, _, errors = walker.walk_errors(
        guide.nodes[location], _Pyx12Segment(text, "\0", "*", ":"), 0, 0, None
    )
    paths = {id(node): path for path, node in guide.nodes.items()}
    return (None if found is None else paths[id(found)]), bool(errors), counter.counts


@pytest.mark.parametrize("version", GUIDES)
def test_every_step_leads_where_pyx12_goes(version: str) -> None:
    """From places all over the guide, with any counts, to segments of every kind."""
    choose = random.Random(version)
    guide = sound.FastGuide(load_guide(version))
    segments = [node for node in guide.guide.nodes if node.children is None]
    paths = [node.path for node in guide.guide.nodes]
    quiet = 0
    for _ in range(4000):
        start = choose.choice(segments)
        target = nearby(start, choose, segments)
        many = choose.choice((0, 1, 1, 2, 30))
        counts = {path: choose.choice((1, 1, 1, 1, many)) for path in choose.sample(paths, len(paths) - many)}
        value = choose.choice((*target.values[:3], "ZZ", ""))
        elements = [target.id, "1", "2", value] if target.key == "3" else [target.id, value, "2"]
        location, faults, counted = pyx12_step(version, start.path, counts, "*".join(elements))
        taken = one_step(guide, start.path, counts, elements)
        if taken is not None:
            quiet += 1
            assert (location, faults) == (taken[0], False), (start.path, elements)
            assert counted == taken[1], (start.path, elements)
    assert quiet > 300


def nearby(start: Node, choose: random.Random, segments: list[Node]) -> Node:
    """A segment, more often than not one after another in the order of the guide."""
    location = segments.index(start)
    return choose.choice(segments[location : location + 12] if choose.random() < 0.8 else segments)


def one_step(
    guide: sound.FastGuide, location: str, counts: dict[str, int], elements: list[str]
) -> tuple[str, dict[str, int]] | None:
    """Where the quick walk goes, and what it has counted then; None where it is in doubt."""
    transition = guide.transitions.transition(location, elements, ":")
    if transition is None or not transition.allowed or any(not counts.get(path) for path in transition.needs):
        return None
    walk = object.__new__(sound._Walk)
    walk._guide, walk._counts = guide, dict(counts)
    try:
        walk._count(transition)
    except sound._Uncertain:
        return None
    return transition.node.path, walk._counts
