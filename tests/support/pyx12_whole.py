"""What pyx12 finds in a whole file, fault by fault with the segment it is about: the measure of our conformance.

pyx12's own document reader runs from the first ISA to the last IEA; only the places where it notes a fault are
listened to. A segment that is missing is noted when a later one finds its place in the map, so it is put after
the last one before that which had a place.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import Any
from unittest import mock

import pyx12.map_if
import pyx12.params
import pyx12.x12file
import pyx12.x12n_document

from support.pyx12_oracle import _interchanges, _load_map_file

Fault = tuple[int, str, str]  # segment index, segment or element, code


class _Listener:
    """Notes faults in place of pyx12's tree of errors and its log."""

    def __init__(self) -> None:
        self.found: set[Fault] = set()
        self.base = 0
        self.line = self.placed = 0
        self._parse = pyx12.x12file.X12Reader._parse_segment

    def walked(self, errh: Any, errors: list[Any]) -> None:
        for error in errors:
            if error.err_cde == "3":
                self.found.add((self.base + self.placed - 1, error.map_node.id, "3"))
            else:
                self.found.add((self.base + self.line - 1, self.tag, error.err_cde))

    def checked(self, node: Any, segment: Any, errh: Any) -> bool:
        self.placed = self.line
        valid, errors = node.is_valid_errors(segment)
        for error in errors:
            # An element that is not used has a code of its own in IK403; pyx12 gives it one that means otherwise.
            code = "I10" if error.err_cde == ("5" if error.map_node is None else "10") else error.err_cde
            if error.map_node is None:
                location = f"{int(str(error.refdes)[-2:]):02d}"
            elif error.map_node.parent.is_composite():
                location = f"{error.map_node.parent.seq:02d}-{error.map_node.seq}"
            else:
                location = f"{error.map_node.seq:02d}"
            self.found.add((self.base + self.line - 1, segment.get_seg_id() + location, code))
        return bool(valid)

    def parse(self, reader: Any, segment: Any) -> None:
        self._parse(reader, segment)
        self.line, self.tag = reader.cur_line, segment.get_seg_id()
        for kind, code, *_ in reader.pop_errors():
            if kind == "seg":
                location = {"HL1": "HL01", "HL2": "HL02", "LX": "LX01"}.get(code, self.tag)
                self.found.add((self.base + self.line - 1, location, code))


def _bound(parse: Any) -> Any:
    """As a method of the reader: a bound method put into a class would not be handed the reader."""

    def method(reader: Any, segment: Any) -> None:
        parse(reader, segment)

    return method


def whole_file(data: bytes) -> tuple[set[Fault], int | None]:
    """All faults, and the index of the segment at which pyx12 raised, if it did."""
    listener = _Listener()
    patches = (
        mock.patch.object(pyx12.map_if, "load_map_file", _load_map_file),
        mock.patch.object(pyx12.x12n_document, "apply_walk_errors", listener.walked),
        mock.patch.object(pyx12.x12n_document, "apply_segment_errors", listener.checked),
        mock.patch.object(pyx12.x12file.X12Reader, "_parse_segment", _bound(listener.parse)),
    )
    with contextlib.ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        for patch in patches:
            stack.enter_context(patch)
        for text in _interchanges(data.decode("latin-1")):
            try:
                pyx12.x12n_document.x12n_document(pyx12.params.params(), io.StringIO(text), None, None)
            except Exception:
                return listener.found, listener.base + listener.line - 1
            listener.base += text.count(text[105])
    return listener.found, None
