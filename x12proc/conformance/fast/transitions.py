"""Transitions of a walk: from the node of a segment to that of the next one, each derived once.

The order in which nodes are tried, and which are missing on the way, are those of pyx12's walker, its oddities
included: two segments of one tag in one loop are the same to it when it takes back that one is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from x12proc.conformance.fast.tables import Guide, Node

_MOST_KNOWN = 20_000  # transitions that are kept; a file with ever new qualifiers must not grow the memory


class Transition(msgspec.Struct, frozen=True, gc=False):
    """A segment's node, the paths that must have been counted before it, and the loop that is counted with it."""

    node: Node
    needs: tuple[str, ...]  # paths that must have come at least once
    enters: Node | None  # the loop that the segment begins
    allowed: bool  # it and its loop are used in this guide


class _Wanted(msgspec.Struct, frozen=True, gc=False):
    """A required loop or segment that was passed over: it is missing unless ``path`` was counted."""

    path: str
    node: Node  # the segment it shows by


class Transitions:
    """The transitions of one guide."""

    def __init__(self, guide: Guide) -> None:
        self.nodes = {node.path: node for node in guide.nodes}
        self._guide = guide
        self._known: dict[tuple[str, str, str | None], Transition | None] = {}
        self._keys = {node.id: node.key for node in guide.nodes if node.key is not None}
        self._inside: dict[str, frozenset[str]] = {}

    def transition(self, path: str, elements: Sequence[str], component: str) -> Transition | None:
        """Return the transition from the node ``path`` to a segment with these elements; None where the guide has
        no node for it, or where more than its qualifier decides."""
        tag = elements[0]
        value = self._value(tag, elements, component)
        key = (path, tag, value)
        if key in self._known:
            return self._known[key]
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        found = self._known[key] = _Search(self, tag, value).run(path)
        return found

    def inside(self, loop: Node) -> frozenset[str]:
        """Return the paths inside a loop, which are counted from zero when it begins again."""
        if loop.path not in self._inside:
            head = loop.path + "/"
            self._inside[loop.path] = frozenset(path for path in self.nodes if path.startswith(head))
        return self._inside[loop.path]

    def children(self, node: Node) -> Iterator[Node]:
        """Yield the nodes of a loop, in order."""
        for path in node.children or ():
            yield self.nodes[path]

    def _value(self, tag: str, elements: Sequence[str], component: str) -> str | None:
        """Return the qualifier of a segment; None where its tag has none, or it was not sent."""
        key = self._keys.get(tag)
        if key is None:
            return None
        position = 3 if key == "3" else 1
        if position >= len(elements):
            return None
        value, separator, _ = elements[position].partition(component)
        # A composite where one element belongs is nothing that a code could be.
        return None if separator and key != "1-1" else value


class _Search:
    """The search for a segment's node in the order of pyx12: after the current node, then in the loops around
    it."""

    def __init__(self, transitions: Transitions, tag: str, value: str | None) -> None:
        self._transitions = transitions
        self._tag = tag
        self._value = value
        self._wanted: list[_Wanted] = []

    def run(self, path: str) -> Transition | None:
        """Return the transition, or None where there is no node."""
        start = self._transitions.nodes[path]
        after, loop = start.position, self._parent(start)
        while loop is not None:
            for child in self._transitions.children(loop):
                if child.position >= after and (found := self._at(loop, child)):
                    return found
            after, loop = loop.position, self._parent(loop)
        return None

    def _parent(self, node: Node) -> Node | None:
        return self._transitions.nodes[node.parent] if node.parent is not None else None

    def _at(self, loop: Node, child: Node) -> Transition | None:
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
            if not _alike(wanted.node, child) and wanted.node.position != child.position
        ]  # fmt: skip
        return Transition(child, _paths(missing), None, child.usage != "N")

    def _is(self, node: Node) -> bool:
        return node.id == self._tag and (node.key is None or self._value in node.values)

    def _begins(self, loop: Node) -> bool:
        """Return whether the segment begins a loop; if not, and the loop is required, it may be missing."""
        children = list(self._transitions.children(loop))
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

    def _enter(self, loop: Node) -> Transition | None:
        children = list(self._transitions.children(loop))
        if children[0].children is None and self._is(children[0]):
            return Transition(children[0], _paths(self._wanted), loop, loop.usage != "N")
        for child in children:
            if child.children is not None and (found := self._enter(child)):
                return found
        return None


def _alike(one: Node, other: Node) -> bool:
    """Return whether pyx12 takes two nodes for the same: by their ids and those of their loops."""
    return one.id == other.id and one.parent == other.parent


def _paths(wanted: Sequence[_Wanted]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entry.path for entry in wanted))
