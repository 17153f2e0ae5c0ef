"""The fast walk through a guide: finds a chunk of a file sound, or leaves it to pyx12."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from x12proc.claims.builder import MOST_SEGMENTS
from x12proc.conformance.chunks import CLAIM, PROVIDER, TRAILER, Chunk
from x12proc.conformance.fast.patterns import SegmentPattern
from x12proc.conformance.fast.tables import Guide, Node, load_guide
from x12proc.conformance.fast.transitions import Transition, Transitions
from x12proc.conformance.state import WalkState, hl_number
from x12proc.wire.accelerated import has_stray_line_ends
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.segment import Segment, split_segments

_MOST_PATTERNS = 4096
CLOSING = ("SE", "1", "1")  # the end of a set, as the segment after a chunk


class FastGuide:
    """One guide, with the patterns and transitions that were derived from it so far."""

    def __init__(self, guide: Guide) -> None:
        self.guide = guide
        self.transitions = Transitions(guide)
        self._patterns: dict[tuple[str, Delimiters], SegmentPattern] = {}

    def pattern(self, node: Node, delimiters: Delimiters) -> SegmentPattern:
        """Return the pattern of a segment at a node."""
        key = (node.path, delimiters)
        known = self._patterns.get(key)
        if known is None:
            if len(self._patterns) >= _MOST_PATTERNS:
                self._patterns.clear()
            known = self._patterns[key] = SegmentPattern(node, delimiters, self.guide.codes)
        return known


@lru_cache(maxsize=4)
def fast_guide(version: str) -> FastGuide:
    """Return one of the checked guides."""
    return FastGuide(load_guide(version))


class _Uncertain(Exception):  # noqa: N818 - no error: pyx12 decides
    """Something may be wrong."""


def fast_walk(guide: FastGuide, delimiters: Delimiters, parent: WalkState, chunk: Chunk) -> WalkState | None:
    """Walk a chunk from the end of its parent; None unless all of it is certainly sound."""
    if not chunk.raw or not chunk.raw.isascii():
        return None
    try:
        return _Walk(guide, delimiters, parent, chunk).run()
    except _Uncertain:
        return None


class _Walk:
    """The walk through one chunk."""

    def __init__(self, guide: FastGuide, delimiters: Delimiters, parent: WalkState, chunk: Chunk) -> None:
        self._guide = guide
        self._delimiters = delimiters
        self._separator = delimiters.element.decode("latin-1")
        self._component = delimiters.component.decode("latin-1")
        self._chunk = chunk
        self._path = parent.path
        self._counts = dict(parent.counts)
        self._parents = parent.parents
        self._lines = 0

    def run(self) -> WalkState:
        """Take the segments in order. Raises _Uncertain."""
        chunk = self._chunk
        if chunk.level == CLAIM:
            self._counts.update(dict.fromkeys(self._guide.guide.claim_loops, chunk.number - 1))
        texts, last = _texts(chunk, self._delimiters)
        if len(texts) >= MOST_SEGMENTS:
            raise _Uncertain
        separator = self._separator
        for number, text in enumerate(texts):
            self._take(text, text.split(separator), number)
        self._end()
        loop = self._guide.transitions.nodes[self._path].loop
        following = Segment(last.tag, last.elements, last.index, last.offset, last.raw, loop)
        return WalkState(
            chunk.level, self._path, self._counts, following, self._parents, has_claim=chunk.has_claim
        )

    def _take(self, text: str, elements: Sequence[str], number: int) -> None:
        """Take segment ``number`` of the chunk, from 0."""
        transition = self._guide.transitions.transition(self._path, elements, self._component)
        # pyx12 reports a segment without a node, one that ends with a separator, and one without elements.
        if transition is None or not transition.allowed or not elements[-1] or len(elements) < 2:
            raise _Uncertain
        node, level = transition.node, self._chunk.level
        # A segment missing before an SE belongs to the chunk before, and was reported there.
        if transition.needs and (number or level != TRAILER):
            self._check_needs(transition)
        self._count(transition)
        if not number and PROVIDER <= level < CLAIM:
            self._check_hierarchy(elements)
        elif node.id == "LX":
            self._check_line(elements)
        if not self._guide.pattern(node, self._delimiters).matches(text, elements):
            raise _Uncertain
        self._path = node.path

    def _check_needs(self, transition: Transition) -> None:
        for path in transition.needs:
            if not self._counts.get(path):
                raise _Uncertain

    def _count(self, transition: Transition) -> None:
        counts, counted = self._counts, transition.node
        if transition.enters is not None:
            inside = self._guide.transitions.inside(transition.enters)
            for path in inside.intersection(counts):
                del counts[path]
            counts[counted.path] = 1
            counted = transition.enters
        count = counts[counted.path] = counts.get(counted.path, 0) + 1
        if counted.most is not None and count > counted.most:
            raise _Uncertain

    def _check_line(self, elements: Sequence[str]) -> None:
        if self._chunk.level == CLAIM and self._guide.guide.counts_lines:
            self._lines += 1
            if elements[1] != str(self._lines):
                raise _Uncertain

    def _check_hierarchy(self, elements: Sequence[str]) -> None:
        number, counted = hl_number(elements[1]), self._chunk.number
        if number != counted:
            raise _Uncertain
        if len(elements) > 2 and elements[2] and hl_number(elements[2]) not in self._parents:
            raise _Uncertain
        self._parents = self._parents.union((counted,))

    def _end(self) -> None:
        """Check that nothing is missing between the chunk and the segment after it."""
        if not self._chunk.next_head:
            return
        following = split_segments(self._chunk.next_head, 0, 0, self._delimiters)
        inside = bool(following) and following[0].tag in ("CLM", "HL")
        if not inside or not self._finds_node(following[0].elements):
            self._finds_node(CLOSING)

    def _finds_node(self, elements: Sequence[str]) -> bool:
        transition = self._guide.transitions.transition(self._path, elements, self._component)
        if transition is None:
            return False
        self._check_needs(transition)
        return True


def _texts(chunk: Chunk, delimiters: Delimiters) -> tuple[list[str], Segment]:
    """Return the segments of a chunk as texts without their terminators, and the last one as a Segment. Raises
    _Uncertain where there is none.

    Only the last one is needed with its offset, and a text is far cheaper than a Segment.
    """
    raw = chunk.raw
    if has_stray_line_ends(raw, delimiters.segment):
        segments = split_segments(raw, chunk.offset, chunk.segment_index, delimiters)
        if not segments:
            raise _Uncertain
        separator = delimiters.element.decode("latin-1")
        return [separator.join(segment.elements) for segment in segments], segments[-1]
    chunks = raw.decode("ascii").split(delimiters.segment.decode("latin-1"))
    layout = _layout(delimiters)
    texts = [text for part in chunks if (text := part.lstrip(layout))]
    if not texts:
        raise _Uncertain
    return texts, _last(chunk, chunks, texts[-1], delimiters)


def _last(chunk: Chunk, chunks: list[str], text: str, delimiters: Delimiters) -> Segment:
    """Return the last segment, which line ends may follow."""
    number = max(number for number, part in enumerate(chunks) if part.endswith(text))
    end = sum(map(len, chunks[: number + 1])) + number
    start = end - len(text)
    elements = tuple(text.split(delimiters.element.decode("latin-1")))
    return Segment(elements[0], elements, chunk.segment_index + number, chunk.offset + start, chunk.raw[start:end])


@lru_cache(maxsize=32)
def _layout(delimiters: Delimiters) -> str:
    return delimiters.layout
