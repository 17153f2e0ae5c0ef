"""Where the next segment stands in a guide, and what must have come before: one step of a walk, worked out once.

The order in which places are tried, and what counts as missing on the way, are those of pyx12's walker, its
oddities included: two segments of one tag in one loop are the same to it when it takes back that one is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from x12proc.conformance.fast.tables import Guide, Node

_MOST_KNOWN = 20_000  # steps that are kept; whoever sends ever new qualifiers makes us forget


class Step(msgspec.Struct, frozen=True, gc=False):
    """A segment's place, what must have been counted before it, and what is counted with it."""

    node: Node
    needs: tuple[str, ...]  # paths that must have come at least once
    enters: Node | None  # the loop that the segment begins
    allowed: bool  # it and its loop are used in this guide


class _Wanted(msgspec.Struct, frozen=True, gc=False):
    """Something that is required and passed over on the way: it is missing unless ``path`` was counted."""

    path: str
    node: Node  # the segment it shows by


class Steps:
    """The steps of one guide."""

    def __init__(self, guide: Guide) -> None:
        self.nodes = {node.path: node for node in guide.nodes}
        self._guide = guide
        self._known: dict[tuple[str, str, str | None], Step | None] = {}
        self._keys = {node.id: node.key for node in guide.nodes if node.key is not None}
        self._inside: dict[str, frozenset[str]] = {}

    def step(self, place: str, elements: Sequence[str], component: str) -> Step | None:
        """From the segment at ``place`` to the one with these elements; None where the guide has no place for it,
        or where it would take more than its qualifier to know."""
        tag = elements[0]
        value = self._value(tag, elements, component)
        key = (place, tag, value)
        if key in self._known:
            return self._known[key]
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        found = self._known[key] = _Search(self, tag, value).run(place)
        return found

    def inside(self, loop: Node) -> frozenset[str]:
        """The paths of all that stands in a loop, which are counted from nought when it begins again."""
        if loop.path not in self._inside:
            head = loop.path + "/"
            self._inside[loop.path] = frozenset(path for path in self.nodes if path.startswith(head))
        return self._inside[loop.path]

    def children(self, node: Node) -> Iterator[Node]:
        """What stands in a loop, in order."""
        for path in node.children or ():
            yield self.nodes[path]

    def _value(self, tag: str, elements: Sequence[str], component: str) -> str | None:
        """The qualifier of a segment; None where its tag has none, or it was not sent."""
        key = self._keys.get(tag)
        if key is None:
            return None
        place = 3 if key == "3" else 1
        if place >= len(elements):
            return None
        value, separator, _ = elements[place].partition(component)
        # A composite where one element belongs is nothing that a code could be.
        return None if separator and key != "1-1" else value


class _Search:
    """Looks for a segment's place as pyx12 does: behind where we are, then in the loops around it."""

    def __init__(self, steps: Steps, tag: str, value: str | None) -> None:
        self._steps = steps
        self._tag = tag
        self._value = value
        self._wanted: list[_Wanted] = []

    def run(self, place: str) -> Step | None:
        """The step, or None where there is no place."""
        start = self._steps.nodes[place]
        behind, loop = start.place, self._parent(start)
        while loop is not None:
            for child in self._steps.children(loop):
                if child.place >= behind and (found := self._at(loop, child)):
                    return found
            behind, loop = loop.place, self._parent(loop)
        return None

    def _parent(self, node: Node) -> Node | None:
        return self._steps.nodes[node.parent] if node.parent is not None else None

    def _at(self, loop: Node, child: Node) -> Step | None:
        if child.children is not None:
            return self._enter(child) if self._begins(child) else None
        if not self._is(child):
            if child.usage == "R":
                self._wanted.append(_Wanted(child.path, child))
            return None
        if loop.parent is not None and self._begins(loop):
            return self._enter(loop)
        missing = [
            wanted for wanted in self._wanted
            if not _alike(wanted.node, child) and wanted.node.place != child.place
        ]  # fmt: skip
        return Step(child, _paths(missing), None, child.usage != "N")

    def _is(self, node: Node) -> bool:
        return node.id == self._tag and (node.key is None or self._value in node.values)

    def _begins(self, loop: Node) -> bool:
        """Whether the segment begins a loop; when not, and the loop is required, it may be missing."""
        children = list(self._steps.children(loop))
        if not children:
            return False
        first = children[0]
        if first.children is not None:
            return any(child.children is not None and self._begins(child) for child in children)
        if self._is(first):
            return True
        if loop.usage == "R":
            self._wanted.append(_Wanted(loop.path, first))
        return False

    def _enter(self, loop: Node) -> Step | None:
        children = list(self._steps.children(loop))
        if children[0].children is None and self._is(children[0]):
            return Step(children[0], _paths(self._wanted), loop, loop.usage != "N")
        for child in children:
            if child.children is not None and (found := self._enter(child)):
                return found
        return None


def _alike(one: Node, other: Node) -> bool:
    """Whether pyx12 takes two nodes for the same: by their ids and those of their loops."""
    return one.id == other.id and one.parent == other.parent


def _paths(wanted: Sequence[_Wanted]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entry.path for entry in wanted))
