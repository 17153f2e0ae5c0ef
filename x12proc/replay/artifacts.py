"""An artifact against the one that is expected: byte for byte, but for the program's version and editions."""

from __future__ import annotations

import contextlib
import re

import msgspec

from x12proc.errors import X12SyntaxError
from x12proc.replay.report_difference import report_differences
from x12proc.replay.sequences import sequence_differences
from x12proc.wire.delimiters import looks_like_isa, read_isa

# What names the program that made a report, by the ending of the artifact, and what stands in its place instead.
# Of JSON's texts none can hold the key as it is sought here: its quotes would be escaped.
_OURSELVES = {
    ".json": (
        (re.compile(rb',\s*"program":\s*\{.*\}\s*\Z', re.DOTALL), b"}\n"),
        (re.compile(rb'"edition":\s*"[^"]*"'), b'"edition":""'),
    ),
    ".xml": (
        (re.compile(rb"<program>.*?</program>", re.DOTALL), b"<program/>"),
        (re.compile(rb"<edition>[^<]*</edition>"), b"<edition/>"),
    ),
    ".html": ((re.compile(rb"Made by x12proc [^<]*"), b"Made by x12proc"),),
}
_IN_ADVICE = (re.compile(rb"\(edition [0-9A-Za-z.-]{1,40}\)"), b"(edition)")
_READABLE = {".json", ".xml", ".html", ".csv"}


def comparable(name: str, data: bytes) -> bytes:
    """An artifact without what names the program's version and editions. ``name`` is ``report.json`` and so on."""
    ending = _ending(name)
    if ending not in _READABLE:
        return data
    for pattern, instead in (*_OURSELVES.get(ending, ()), _IN_ADVICE):
        data = pattern.sub(instead, data)
    return data


def artifact_differences(name: str, expected: bytes, found: bytes) -> list[str]:
    """How an artifact differs from what is expected, in lines for people; empty when it does not."""
    old, new = comparable(name, expected), comparable(name, found)
    if old == new:
        return []
    told = _TELLERS.get(_ending(name), _text)(old, new)
    return told or [f"the same content in other bytes, first at {_first_byte(old, new)}"]


def _ending(name: str) -> str:
    return name[name.rfind(".") :]


def _json(old: bytes, new: bytes) -> list[str]:
    try:
        return report_differences(msgspec.json.decode(old), msgspec.json.decode(new))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ["what is expected can't be read as JSON; compared line by line:", *_text(old, new)]


def _edi(old: bytes, new: bytes) -> list[str]:
    return sequence_differences(_segments(old), _segments(new), "segment", 0)


def _text(old: bytes, new: bytes) -> list[str]:
    return sequence_differences(_lines(old), _lines(new), "line", 1)


def _markup(old: bytes, new: bytes) -> list[str]:
    """Pages whose lines are long, an element a line."""
    return sequence_differences(
        _lines(old.replace(b"><", b">\n<")), _lines(new.replace(b"><", b">\n<")), "element", 1
    )


_TELLERS = {".json": _json, ".edi": _edi, ".xml": _markup, ".html": _markup, ".csv": _text}


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").splitlines()


def _segments(data: bytes) -> list[str]:
    """The segments of a file, each interchange split by its own terminator; without an ISA by ``~``."""
    found: list[str] = []
    place = 0
    while place < len(data):
        terminator = b"~"
        if looks_like_isa(data[place : place + 4]):
            with contextlib.suppress(X12SyntaxError):
                terminator = read_isa(data[place : place + 4096], 0).delimiters.segment
        end = _interchange_end(data, place, terminator)
        pieces = data[place:end].decode("latin-1").split(terminator.decode())
        found += [piece.strip("\r\n") for piece in pieces if piece.strip("\r\n")]
        place = end
    return found


def _interchange_end(data: bytes, place: int, terminator: bytes) -> int:
    """Where the next interchange begins, or the file ends."""
    next_isa = re.compile(re.escape(terminator) + rb"[\r\n]*ISA[^A-Za-z0-9]").search(data, place)
    return next_isa.start() + next_isa.group().index(b"ISA") if next_isa else len(data)


def _first_byte(old: bytes, new: bytes) -> str:
    place = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    was, now = old[place : place + 8], new[place : place + 8]
    return f"byte {place}: expected {was!r}, found {now!r}"
