"""pyx12 as a judge: does a file keep to the X12 guides that pyx12 knows?

The tests ask an outside validator, so that x12proc is never its own only witness. pyx12 knows
005010X222A1, 005010X223A2, 005010X214, 005010X231A1 and the control segments.
"""

from __future__ import annotations

import functools
import io
import json
import logging
import re
import warnings
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pyx12.errors
import pyx12.map_if
import pyx12.params
import pyx12.x12n_document

_LOADED = pyx12.map_if.load_map_file


@functools.cache
def _map_file(map_file: str, _charset: str, map_path: str | None) -> Any:
    """One parsed map for all documents: pyx12 counts in its walker, so the maps themselves stay as loaded."""
    return _LOADED(map_file, pyx12.params.params(), map_path)


def _load_map_file(map_file: str, param: Any, map_path: str | None = None) -> Any:
    return _map_file(map_file, str(param.get("charset")), map_path)


def _interchanges(text: str) -> Iterator[str]:
    """Each interchange by itself: pyx12 takes a file's delimiters from its first ISA only."""
    start = 0
    while (head := text.find("ISA", start)) >= 0:
        separator, terminator = text[head + 3 : head + 4], text[head + 105 : head + 106]
        if not terminator:
            yield text[head:]
            return
        trailer = re.compile(re.escape(terminator) + r"\s*IEA" + re.escape(separator))
        found = trailer.search(text, head)
        end = text.find(terminator, found.end()) if found else -1
        start = end + 1 if end >= 0 else len(text)
        yield text[head:start]


def _errors_of(node: dict[str, Any], where: str) -> Iterator[str]:
    for error in node["errors"]:
        value = f" ({error['err_val']})" if error.get("err_val") else ""
        yield f"{where}: {error['err_cde']} {error['err_str']}{value}"


def _segment_errors(segment: dict[str, Any], where: str) -> Iterator[str]:
    location = f"{where} segment {segment['seg_count']} {segment['seg_id']}"
    yield from _errors_of(segment, location)
    for element in segment["elements"]:
        component = f"-{element['subele_pos']}" if element["subele_pos"] else ""
        yield from _errors_of(element, f"{location}{int(element['ele_pos']):02d}{component}")


def _listed(tree: dict[str, Any], number: int) -> Iterator[str]:
    for interchange in tree["interchanges"]:
        yield from _errors_of(interchange, f"interchange {number}")
        for group in interchange["groups"]:
            yield from _errors_of(group, f"interchange {number} GS {group['gs_control_num']}")
            for transaction in group["transactions"]:
                where = f"interchange {number} ST {transaction['trn_set_control_num']}"
                yield from _errors_of(transaction, where)
                for segment in transaction["segments"]:
                    yield from _segment_errors(segment, where)


def _judge(text: str, number: int) -> list[str]:
    tree = io.StringIO()
    try:
        valid = pyx12.x12n_document.x12n_document(
            param=pyx12.params.params(), src_file=io.StringIO(text), fd_997=None, fd_html=None, fd_json=tree
        )
    except (pyx12.errors.EngineError, IndexError) as fault:
        # IndexError: pyx12 4.0 stumbles over a composite with two components too many.
        return [f"interchange {number}: pyx12 gave up: {fault}"]
    found = list(_listed(json.loads(tree.getvalue()), number)) if tree.getvalue() else []
    if not valid and not found:  # faults of ISA, GS and ST elements are counted but not in pyx12's tree
        found.append(f"interchange {number}: pyx12 refuses it without naming a place")
    return found


def guide_errors(data: bytes) -> list[str]:
    """What pyx12 holds against a file, one readable line per error; empty when the file is valid.

    Interchanges are judged one by one, each with its own delimiters. pyx12's loggers, which would
    print element values and so patients' names, are switched off meanwhile.
    """
    logger = logging.getLogger("pyx12")
    was_disabled, was_propagating, handlers = logger.disabled, logger.propagate, logger.handlers[:]
    logger.propagate = False
    logger.handlers = [logging.NullHandler()]
    errors: list[str] = []
    number = 0
    try:
        with mock.patch.object(pyx12.map_if, "load_map_file", _load_map_file), warnings.catch_warnings():
            # pyx12's own deprecation and resource warnings say nothing about the file.
            warnings.simplefilter("ignore")
            for number, text in enumerate(_interchanges(data.decode("latin-1")), 1):
                errors += _judge(text, number)
    finally:
        logger.disabled, logger.propagate, logger.handlers = was_disabled, was_propagating, handlers
    return errors if number else ["no interchange found"]
