"""The quick walk through a guide: says of a piece of a file that nothing is wrong with it, or says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from x12proc.claims.builder import MOST_SEGMENTS
from x12proc.guide.shapes import Shape
from x12proc.guide.stand import Stand, hl_number
from x12proc.guide.steps import Step, Steps
from x12proc.guide.tables import Guide, Node, load_guide
from x12proc.judge.pieces import CLAIM, PROVIDER, TRAILER, Piece
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.segment import Segment, split_segments

_MOST_SHAPES = 4096
CLOSING = ("SE", "1", "1")  # what ends a set, as something to be seen behind a piece


class SoundGuide:
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
def sound_guide(version: str) -> SoundGuide:
    """One of the checked guides."""
    return SoundGuide(load_guide(version))


class _Doubt(Exception):  # noqa: N818 - no fault: somebody else is asked
    """Something may be wrong."""


def walk_soundly(guide: SoundGuide, delimiters: Delimiters, parent: Stand, piece: Piece) -> Stand | None:
    """Where a piece leads that begins where its parent ended; None unless all of it is sound for certain."""
    if not piece.raw or not piece.raw.isascii():
        return None
    try:
        return _Walk(guide, delimiters, parent, piece).run()
    except _Doubt:
        return None


class _Walk:
    """One piece."""

    def __init__(self, guide: SoundGuide, delimiters: Delimiters, parent: Stand, piece: Piece) -> None:
        self._guide = guide
        self._delimiters = delimiters
        self._separator = delimiters.element.decode("latin-1")
        self._component = delimiters.component.decode("latin-1")
        self._piece = piece
        self._place = parent.place
        self._counts = dict(parent.counts)
        self._parents = parent.parents
        self._lines = 0

    def run(self) -> Stand:
        """Take the segments in order. Raises _Doubt."""
        piece = self._piece
        if piece.level == CLAIM:
            self._counts.update(dict.fromkeys(self._guide.guide.claim_loops, piece.number - 1))
        segments = split_segments(piece.raw, piece.offset, piece.segment_index, self._delimiters)
        if not segments or len(segments) >= MOST_SEGMENTS:
            raise _Doubt
        for segment in segments:
            self._take(segment.elements, first=segment is segments[0])
        last = segments[-1]
        self._end()
        loop = self._guide.steps.nodes[self._place].loop
        behind = Segment(last.tag, last.elements, last.index, last.offset, last.raw, loop)
        return Stand(piece.level, self._place, self._counts, behind, self._parents, claimed=piece.claimed)

    def _take(self, elements: Sequence[str], *, first: bool) -> None:
        step = self._step(elements)
        if not elements[-1] or len(elements) < 2:  # nothing in it, or a separator at its end
            raise _Doubt
        # What is missing before an SE belongs to what came before, and was told there.
        if not (first and self._piece.level == TRAILER):
            self._check_needs(step)
        self._count(step)
        if first and PROVIDER <= self._piece.level < CLAIM:
            self._check_hierarchy(elements)
        elif elements[0] == "LX" and self._piece.level == CLAIM and self._guide.guide.counts_lines:
            self._lines += 1
            if elements[1] != str(self._lines):
                raise _Doubt
        shape = self._guide.shape(step.node, self._delimiters)
        if not shape.holds(self._separator.join(elements), elements):
            raise _Doubt
        self._place = step.node.path

    def _step(self, elements: Sequence[str]) -> Step:
        step = self._guide.steps.step(self._place, elements, self._component)
        if step is None or not step.allowed:
            raise _Doubt
        return step

    def _check_needs(self, step: Step) -> None:
        for path in step.needs:
            if not self._counts.get(path):
                raise _Doubt

    def _count(self, step: Step) -> None:
        counts, counted = self._counts, step.node
        if step.enters is not None:
            inside = self._guide.steps.inside(step.enters)
            for path in [path for path in counts if path in inside]:
                del counts[path]
            counts[step.node.path] = 1
            counted = step.enters
        counts[counted.path] = counts.get(counted.path, 0) + 1
        if counted.most is not None and counts[counted.path] > counted.most:
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
