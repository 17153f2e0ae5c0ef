"""The quick walk through a guide: says of a piece of a file that nothing is wrong with it, or says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from x12proc.claims.builder import MOST_SEGMENTS
from x12proc.conformance.chunks import CLAIM, PROVIDER, TRAILER, Chunk
from x12proc.conformance.fast.shapes import Shape
from x12proc.conformance.fast.steps import Step, Steps
from x12proc.conformance.fast.tables import Guide, Node, load_guide
from x12proc.conformance.state import WalkState, hl_number
from x12proc.wire.accelerated import has_stray_line_ends
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.segment import Segment, split_segments

_MOST_SHAPES = 4096
CLOSING = ("SE", "1", "1")  # what ends a set, as something to be seen behind a piece


class FastGuide:
    """One guide, and what has been worked out of it so far."""

    def __init__(self, guide: Guide) -> None:
        self.guide = guide
        self.steps = Steps(guide)
        self._shapes: dict[tuple[str, Delimiters], Shape] = {}

    def shape(self, node: Node, delimiters: Delimiters) -> Shape:
        """What a segment must look like at a node."""
        key = (node.path, delimiters)
        known = self._shapes.get(key)
        if known is None:
            if len(self._shapes) >= _MOST_SHAPES:
                self._shapes.clear()
            known = self._shapes[key] = Shape(node, delimiters, self.guide.codes)
        return known


@lru_cache(maxsize=4)
def sound_guide(version: str) -> FastGuide:
    """One of the checked guides."""
    return FastGuide(load_guide(version))


class _Doubt(Exception):  # noqa: N818 - no fault: somebody else is asked
    """Something may be wrong."""


def walk_soundly(guide: FastGuide, delimiters: Delimiters, parent: WalkState, piece: Chunk) -> WalkState | None:
    """Where a piece leads that begins where its parent ended; None unless all of it is sound for certain."""
    if not piece.raw or not piece.raw.isascii():
        return None
    try:
        return _Walk(guide, delimiters, parent, piece).run()
    except _Doubt:
        return None


class _Walk:
    """One piece."""

    def __init__(self, guide: FastGuide, delimiters: Delimiters, parent: WalkState, piece: Chunk) -> None:
        self._guide = guide
        self._delimiters = delimiters
        self._separator = delimiters.element.decode("latin-1")
        self._component = delimiters.component.decode("latin-1")
        self._piece = piece
        self._place = parent.place
        self._counts = dict(parent.counts)
        self._parents = parent.parents
        self._lines = 0

    def run(self) -> WalkState:
        """Take the segments in order. Raises _Doubt."""
        piece = self._piece
        if piece.level == CLAIM:
            self._counts.update(dict.fromkeys(self._guide.guide.claim_loops, piece.number - 1))
        texts, last = _texts(piece, self._delimiters)
        if len(texts) >= MOST_SEGMENTS:
            raise _Doubt
        separator = self._separator
        for number, text in enumerate(texts):
            self._take(text, text.split(separator), number)
        self._end()
        loop = self._guide.steps.nodes[self._place].loop
        behind = Segment(last.tag, last.elements, last.index, last.offset, last.raw, loop)
        return WalkState(piece.level, self._place, self._counts, behind, self._parents, claimed=piece.claimed)

    def _take(self, text: str, elements: Sequence[str], number: int) -> None:
        """One segment, the so manyth of the piece."""
        step = self._guide.steps.step(self._place, elements, self._component)
        # None knows no place; what ends with a separator, or holds nothing, is told by pyx12.
        if step is None or not step.allowed or not elements[-1] or len(elements) < 2:
            raise _Doubt
        node, level = step.node, self._piece.level
        # What is missing before an SE belongs to what came before, and was told there.
        if step.needs and (number or level != TRAILER):
            self._check_needs(step)
        self._count(step)
        if not number and PROVIDER <= level < CLAIM:
            self._check_hierarchy(elements)
        elif node.id == "LX":
            self._check_line(elements)
        if not self._guide.shape(node, self._delimiters).holds(text, elements):
            raise _Doubt
        self._place = node.path

    def _check_needs(self, step: Step) -> None:
        for path in step.needs:
            if not self._counts.get(path):
                raise _Doubt

    def _count(self, step: Step) -> None:
        counts, counted = self._counts, step.node
        if step.enters is not None:
            inside = self._guide.steps.inside(step.enters)
            for path in inside.intersection(counts):
                del counts[path]
            counts[counted.path] = 1
            counted = step.enters
        count = counts[counted.path] = counts.get(counted.path, 0) + 1
        if counted.most is not None and count > counted.most:
            raise _Doubt

    def _check_line(self, elements: Sequence[str]) -> None:
        if self._piece.level == CLAIM and self._guide.guide.counts_lines:
            self._lines += 1
            if elements[1] != str(self._lines):
                raise _Doubt

    def _check_hierarchy(self, elements: Sequence[str]) -> None:
        number, counted = hl_number(elements[1]), self._piece.number
        if number != counted:
            raise _Doubt
        if len(elements) > 2 and elements[2] and hl_number(elements[2]) not in self._parents:
            raise _Doubt
        self._parents = self._parents.union((counted,))

    def _end(self) -> None:
        """Whether something is missing before what comes behind the piece."""
        if not self._piece.follower:
            return
        behind = split_segments(self._piece.follower, 0, 0, self._delimiters)
        inside = bool(behind) and behind[0].tag in ("CLM", "HL")
        if not inside or not self._sees(behind[0].elements):
            self._sees(CLOSING)

    def _sees(self, elements: Sequence[str]) -> bool:
        step = self._guide.steps.step(self._place, elements, self._component)
        if step is None:
            return False
        self._check_needs(step)
        return True


def _texts(piece: Chunk, delimiters: Delimiters) -> tuple[list[str], Segment]:
    """The segments of a piece as texts without their terminators, and the last one with its place. Raises _Doubt
    where there is none.

    Only the last one is needed with its place, and a text is had far more cheaply than a segment.
    """
    raw = piece.raw
    if has_stray_line_ends(raw, delimiters.segment):
        segments = split_segments(raw, piece.offset, piece.segment_index, delimiters)
        if not segments:
            raise _Doubt
        separator = delimiters.element.decode("latin-1")
        return [separator.join(segment.elements) for segment in segments], segments[-1]
    pieces = raw.decode("ascii").split(delimiters.segment.decode("latin-1"))
    layout = _layout(delimiters)
    texts = [text for part in pieces if (text := part.lstrip(layout))]
    if not texts:
        raise _Doubt
    return texts, _last(piece, pieces, texts[-1], delimiters)


def _last(piece: Chunk, pieces: list[str], text: str, delimiters: Delimiters) -> Segment:
    """The last segment, which some line ends may follow."""
    number = max(number for number, part in enumerate(pieces) if part.endswith(text))
    end = sum(map(len, pieces[: number + 1])) + number
    start = end - len(text)
    elements = tuple(text.split(delimiters.element.decode("latin-1")))
    return Segment(elements[0], elements, piece.segment_index + number, piece.offset + start, piece.raw[start:end])


@lru_cache(maxsize=32)
def _layout(delimiters: Delimiters) -> str:
    return delimiters.layout
