"""pyx12's walk through a chunk of a file, which reports all of its errors.

The only importer of pyx12. Its document reader is left aside: it takes one file at a time, stops at the first
oddity and logs what it finds with names and birth dates. Its two working parts are driven here instead, segment by
segment: the walker, which finds a segment's node in the map and counts, and the check of a segment's elements.

Before each chunk the walker is reset to the state at the end of the chunk's parent, so that a claim is checked as
if it followed its own loops, whatever precedes it in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from pyx12.map_if import load_map_file
from pyx12.map_index import map_index
from pyx12.map_walker import walk_tree
from pyx12.nodeCounter import NodeCounter
from pyx12.params import ParamsBase
from pyx12.path import X12Path
from pyx12.segment import Segment as Pyx12Segment

from x12proc.claims.builder import MOST_SEGMENTS
from x12proc.claims.model import location_of, missing_location
from x12proc.conformance.chunks import CLAIM, PROVIDER, TRAILER, Chunk
from x12proc.conformance.fast.walk import CLOSING
from x12proc.conformance.state import WalkState, hl_number
from x12proc.findings import GuideError
from x12proc.values import excerpt
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.segment import Segment, split_segments

MOST_ERRORS = 100  # of one chunk; one with more is no 837
UNCHECKED = "unchecked"
_MOST_KEPT, _LONGEST_KEPT = 4096, 200  # segments known to be sound, and the characters of one
_MOST_SENT = 100  # elements of a segment; no map knows half as many, and pyx12 keeps each of a million apart
CONTROL_VERSION = "00501"
ENVELOPE = ("/ISA_LOOP", "/ISA_LOOP/ISA", "/ISA_LOOP/GS_LOOP", "/ISA_LOOP/GS_LOOP/GS")
CLAIM_LOOP = "2300"
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_PIECE = 64 * 1024  # characters replaced at a time
# The scanner reports these for every set, checked or not: another guide, a wrong count.
_REPORTED_BY_SCAN = frozenset(("ST03", "SE01"))
_REFERENCE = re.compile(r"([0-9]{2})(?:-([0-9]+))?")
_NAMELESS = frozenset(("ISA_LOOP", "GS_LOOP", "ST_LOOP", "HEADER", "DETAIL", "FOOTER"))

Node: TypeAlias = Any  # a node of a pyx12 map: its classes are not part of pyx12's interface


# -- pyx12's parts, made ready ------------------------------------------------------------------------------------


class _Guide:
    """A guide's map, its nodes by path, and the segments that are known to be sound."""

    def __init__(self, version: str) -> None:
        name = map_index().get_filename(CONTROL_VERSION, version, "HC")
        assert name is not None, version
        root = load_map_file(name, ParamsBase())
        self.nodes: dict[str, Node] = {_name(node.x12path): node for node in root.loop_segment_iterator()}
        # pyx12 counts LX where a map goes by this name, so in the professional one only.
        self.counts_lines = root.id == "837"
        self.claim_loops = [name for name, node in self.nodes.items() if node.id == CLAIM_LOOP]
        self._sound: set[tuple[int, str, str]] = set()

    def element_errors(self, node: Node, sent: _Pyx12Segment, separators: str, text: str) -> list[Any]:
        """Return pyx12's errors in the elements of a segment at a node of the map, given its separators and its
        text. Claims repeat one another: the last few thousand sound segments are not checked again."""
        key = (id(node), separators, text)
        if key in self._sound:
            return []
        errors: list[Any] = node.is_valid_errors(sent)[1]
        if not errors and len(text) <= _LONGEST_KEPT:
            if len(self._sound) >= _MOST_KEPT:
                self._sound.clear()
            self._sound.add(key)
        return errors


@lru_cache(maxsize=4)
def _guide(version: str) -> _Guide:
    return _Guide(version)


_names: dict[int, tuple[X12Path, str]] = {}  # by identity; the path is kept so that its identity stays its own


def _name(path: str | X12Path) -> str:
    """Return the text of a node's path. There are as many paths as nodes in the maps, and they live as long."""
    if isinstance(path, str):
        return path
    known = _names.get(id(path))
    if known is None:
        known = _names[id(path)] = (path, path.format())
    return known[1]


class _Counter(NodeCounter):
    """pyx12's counter of segments and loops, keyed by text: its own formats a path at every call, which is half
    of the cost of a walk."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = dict(counts)

    def reset_to_node(self, xpath: str | X12Path) -> None:
        head = _name(xpath) + "/"
        for name in [name for name in self.counts if name.startswith(head)]:
            del self.counts[name]

    def increment(self, xpath: str | X12Path) -> None:
        name = _name(xpath)
        self.counts[name] = self.counts.get(name, 0) + 1

    def get_count(self, xpath: str | X12Path) -> int:
        return self.counts.get(_name(xpath), 0)


class _Pyx12Segment(Pyx12Segment):
    """A segment as pyx12 reads it, which parses each reference to an element once."""

    def _parse_refdes(self, ref_des: str) -> tuple[int | None, int | None]:
        return _positions(ref_des) or super()._parse_refdes(ref_des)


@lru_cache(maxsize=1024)
def _positions(ref_des: str) -> tuple[int, int | None] | None:
    found = _REFERENCE.fullmatch(ref_des)
    if found is None:
        return None
    return int(found[1]) - 1, int(found[2]) - 1 if found[2] else None


# -- a chunk ------------------------------------------------------------------------------------------------------


def walk_with_pyx12(version: str, delimiters: Delimiters, parent: WalkState, chunk: Chunk) -> WalkState:
    """Walk a chunk from the end of its parent; the state returned has all errors."""
    return _Walk(_guide(version), delimiters, parent, chunk).run()


class _Walk:
    """The walk through one chunk, from the end of its parent."""

    def __init__(self, guide: _Guide, delimiters: Delimiters, parent: WalkState, chunk: Chunk) -> None:
        self._guide = guide
        self._delimiters = delimiters
        self._separator = delimiters.element.decode("latin-1")
        self._component = delimiters.component.decode("latin-1")
        self._parent = parent
        self._chunk = chunk
        self._node = guide.nodes[parent.path]
        self._last = parent.last
        self._lines = 0
        self._parents = parent.parents
        self._walker = walk_tree()
        self._walker.counter = self._counter = _Counter(parent.counts)
        self._state = WalkState(
            chunk.level, parent.path, self._counter.counts, parent.last, parent.parents, has_claim=chunk.has_claim
        )

    def run(self) -> WalkState:
        """Take the chunk's segments in order, then look for what is missing after the last one."""
        chunk = self._chunk
        if not chunk.raw:
            self._stop(_nothing(chunk), "there is too much of it")
            return self._state
        if chunk.level == CLAIM:
            self._counter.counts.update(dict.fromkeys(self._guide.claim_loops, chunk.number - 1))
        for segment in split_segments(chunk.raw, chunk.offset, chunk.segment_index, self._delimiters):
            if not self._take(segment):
                break
        else:
            self._end()
        state = self._state
        state.path, state.last, state.parents = _name(self._node.x12path), self._last, self._parents
        return state

    def _take(self, segment: Segment) -> bool:
        """Take one segment. False where the walk ends here."""
        first = segment.index == self._chunk.segment_index
        text = self._text(segment.elements)
        sent = self._sent(text)
        try:
            found, _, _, errors = self._walker.walk_errors(self._node, sent, 0, 0, None)
        except Exception as error:  # whatever pyx12 fails on, the claim is reported
            self._stop(_in_loop(segment, self._node), f"pyx12 stops at it ({type(error).__name__})")
            return False
        node = self._node if found is None else found
        here = _in_loop(segment, node)
        self._report_walk(errors, here, first)
        self._report_counts(here, first, located=found is not None)
        if found is not None:
            self._report_elements(found, sent, text, here)
            self._node, self._last = found, here
        return self._may_go_on(here)

    def _text(self, elements: tuple[str, ...]) -> str:
        """Return a segment as text for pyx12. Names may hold letters that it doesn't know: each becomes one it
        does."""
        text = self._separator.join([self._cut(element) for element in elements[:_MOST_SENT]])
        return text if text.isascii() else _in_ascii(text)

    def _cut(self, element: str) -> str:
        """Return an element without the components after _MOST_SENT."""
        if len(element) <= _MOST_SENT:
            return element
        parts = element.split(self._component, _MOST_SENT)
        return self._component.join(parts[:_MOST_SENT]) if len(parts) > _MOST_SENT else element

    def _sent(self, text: str) -> _Pyx12Segment:
        return _Pyx12Segment(text, "\0", self._separator, self._component)

    def _may_go_on(self, here: Segment) -> bool:
        if len(self._state.errors) < MOST_ERRORS and here.index - self._chunk.segment_index < MOST_SEGMENTS:
            return True
        self._stop(here, "too much is wrong with it, or there is too much of it")
        return False

    def _stop(self, here: Segment, why: str) -> None:
        self._state.add_error(GuideError(UNCHECKED, f"Not checked from here on: {why}", location_of(here)))
        self._state.stopped = True

    # -- errors --------------------------------------------------------------------------------------------------

    def _report_walk(self, errors: Iterable[Any], here: Segment, first: bool) -> None:
        """Report the errors of the walker: missing, unexpected or repeated segments and loops."""
        for error in errors:
            if error.err_cde != "3":
                value = excerpt(here.element(1)) or None if error.err_cde == "1" else None
                self._state.add_error(
                    GuideError(error.err_cde, _walk_message(error, here.tag), location_of(here), value)
                )
            elif self._last is not None and not (first and self._chunk.level == TRAILER):
                # What is missing before the first segment of the chunk has a node belongs to the loop above.
                above = self._last is self._parent.last
                (self._parent if above else self._state).add_error(_missing(error, self._last))

    def _report_counts(self, here: Segment, first: bool, *, located: bool) -> None:
        """Report the errors of pyx12's reader: numbers out of step, separators at the end of a segment."""
        add_error = self._state.add_error
        if not any(here.elements[1:]):
            add_error(GuideError("8", f"{here.tag} holds no element", location_of(here)))
        if len(here.elements) > 1 and not here.elements[-1]:
            add_error(GuideError("SEG1", "Separators are at the end of the segment", location_of(here)))
        if first and PROVIDER <= self._chunk.level < CLAIM:
            self._report_hierarchy(here)
        elif here.tag == "LX" and self._chunk.level == CLAIM:
            self._lines += 1
            if located and self._guide.counts_lines and here.element(1) != str(self._lines):
                message = f"LX01 should be {self._lines}: it counts the lines of the claim"
                add_error(GuideError("LX", message, location_of(here, 1), excerpt(here.element(1)) or None))

    def _report_hierarchy(self, here: Segment) -> None:
        number, parent = here.element(1), here.element(2)
        counted = self._chunk.number
        if hl_number(number) != counted:
            message = f"HL01 should be {counted}: it counts the HL segments of the set"
            self._state.add_error(GuideError("HL1", message, location_of(here, 1), excerpt(number) or None))
        if parent and hl_number(parent) not in self._parents:
            message = "HL02 is not the number of an HL of an HL above this one"
            self._state.add_error(GuideError("HL2", message, location_of(here, 2), excerpt(parent)))
        known = (path for path in (counted, hl_number(number)) if path is not None)
        self._parents = self._parents.union(known)

    def _report_elements(self, node: Node, sent: _Pyx12Segment, text: str, here: Segment) -> None:
        """Report the errors in a segment's elements. pyx12 4.0 raises on a composite that is too long; where it
        does, those are reported and shortened first."""
        try:
            errors = self._guide.element_errors(node, sent, self._separator + self._component, text)
        except Exception:
            for position, most in _shorten(node, sent):
                message = f"{here.tag}{position:02d} has more than {most} components"
                self._state.add_error(
                    GuideError("3", message, location_of(here, position), excerpt(here.element(position)))
                )
            errors = self._retry(node, sent, here)
        for error in errors:
            reported = self._element_error(error, here)
            if reported.location.element not in _REPORTED_BY_SCAN:
                self._state.add_error(reported)

    def _retry(self, node: Node, sent: _Pyx12Segment, here: Segment) -> list[Any]:
        try:
            errors: list[Any] = node.is_valid_errors(sent)[1]
        except Exception as error:
            message = f"This segment was not checked: pyx12 stops at it ({type(error).__name__})"
            self._state.add_error(GuideError(UNCHECKED, message, location_of(here)))
            return []
        return errors

    def _element_error(self, error: Any, here: Segment) -> GuideError:
        position, component = _element(error)
        value = here.element(position)
        if component is not None:
            parts = value.split(self._component, _MOST_SENT)
            value = parts[component - 1] if component <= len(parts) else ""
        location = location_of(here, position, component)
        code = _code(error)
        return GuideError(
            code, f"{location.element} {_element_message(error, code, value)}", location, excerpt(value) or None
        )

    def _end(self) -> None:
        """Pass the walker the segment after the chunk, so that it finds what is missing at the chunk's end."""
        if not self._chunk.next_head or self._last is None:
            return
        following = split_segments(self._chunk.next_head, 0, 0, self._delimiters)
        # Whatever else follows ends the set: the scanner has reported that its SE is missing.
        inside = bool(following) and following[0].tag in ("CLM", "HL")
        if not inside or not self._finds_node(following[0].elements, self._last):
            self._finds_node(CLOSING, self._last)

    def _finds_node(self, elements: tuple[str, ...], last: Segment) -> bool:
        """Return whether the walker finds a node for a segment after the chunk; report what is missing before
        it."""
        self._walker.counter = _Counter(self._counter.counts)
        try:
            found, _, _, errors = self._walker.walk_errors(
                self._node, self._sent(self._text(elements)), 0, 0, None
            )
        except Exception:  # that segment is not in this chunk
            return False
        for error in errors:
            if error.err_cde == "3":
                self._state.add_error(_missing(error, last))
        return found is not None


def _in_ascii(text: str) -> str:
    """Return a text with a letter for each character outside of ASCII. Each takes memory until all are replaced,
    many times its own, so that a long text is replaced piece by piece."""
    pieces = range(0, len(text), _PIECE)
    return "".join([_NOT_ASCII.sub("A", text[at : at + _PIECE]) for at in pieces])


def _in_loop(segment: Segment, node: Node) -> Segment:
    tag = excerpt(segment.tag, 10)
    return Segment(tag, segment.elements, segment.index, segment.offset, segment.raw, loop_name(node))


def _nothing(chunk: Chunk) -> Segment:
    tag = "CLM" if chunk.level == CLAIM else "HL" if chunk.level else "ST"
    return Segment(tag, (tag,), chunk.segment_index, chunk.offset, b"")


def loop_name(node: Node) -> str:
    """Return the loop of a node, as reports name it."""
    while node is not None and not node.is_loop():
        node = node.parent
    return "ST" if node is None or node.id in _NAMELESS else str(node.id)


def _missing(error: Any, last: Segment) -> GuideError:
    node = error.map_node
    loop = loop_name(node)
    if error.err_str.startswith("Mandatory loop"):
        message = f"Loop {loop} ({node.parent.name}) is missing: it begins with {node.id}"
    else:
        message = f"{node.id} ({node.name}) is missing"
    return GuideError("3", message, missing_location(last, loop, node.id))


def _walk_message(error: Any, tag: str) -> str:
    node = error.map_node
    if error.err_cde == "4":
        return f"Loop {node.id} is sent more than {_times(node)} here"
    if error.err_cde == "5":
        return f"{tag} ({node.name}) is sent more than {_times(node)} here"
    if error.err_cde == "2":
        return f"{tag} is not used here"
    return f"{tag} is not expected here: the guide has no such segment in this place"


def _times(node: Node) -> str:
    most = node.get_max_repeat()
    return "once" if most == 1 else f"{most} times"


def _element(error: Any) -> tuple[int, int | None]:
    """Return the positions of the element and component that an error is in."""
    node = error.map_node
    if node is None:  # an error of the segment; the reference is a number or a name like SV101
        return int(str(error.refdes)[-2:]), None
    if node.parent.is_composite():
        return node.parent.seq, node.seq
    return node.seq, None


def _code(error: Any) -> str:
    """Return the code of IK403. What a guide leaves out has one of its own there: pyx12 calls an element that is
    not used an exclusion (10), and a composite too long (5)."""
    not_used = "5" if error.map_node is None else "10"
    return "I10" if error.err_cde == not_used else str(error.err_cde)


def _element_message(error: Any, code: str, value: str) -> str:
    """Describe the error of an element, without its value."""
    node = error.map_node
    if node is None:
        return _segment_message(error, code)
    name = f"({node.name})"
    texts = {
        "1": f"{name} is missing",
        "4": f"{name} is shorter than the {node.min_len} characters required",
        "5": f"{name} is longer than the {node.max_len} characters allowed",
        "6": f"{name} holds a character that is not allowed here",
        "7": f"{name} is none of the codes that the guide allows here",
        "8": f"{name} is no date of its format",
        "9": f"{name} is no time of its format",
        "I10": f"{name} is not used here",
    }
    if code == "6" and error.err_str.endswith("is an invalid composite"):
        return f"{name} holds a component separator"
    if code == "6" and value[-1:] == " ":
        return f"{name} has blanks at its end"
    return texts.get(code, name)


def _segment_message(error: Any, code: str) -> str:
    if code == "1":
        return "is missing"
    if code == "I10":
        return "is not used here"
    if code == "3":
        return "is one element too many"
    # The syntax notes of the standard, e.g. "If any of CTP04 or CTP05 is present, then all are required".
    return str(error.err_str).partition(": ")[2]


def _shorten(node: Node, sent: _Pyx12Segment) -> Iterator[tuple[int, int]]:
    """Shorten the composites that have more components than the map knows; yield the position and length of
    each."""
    for position, (child, data) in enumerate(zip(node.children, sent.elements, strict=False), 1):
        most = child.get_child_count() if child.is_composite() else 0
        if most and len(data) > most:
            del data.elements[most:]
            yield position, most
