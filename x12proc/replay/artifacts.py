"""Compare an artifact with the expected one byte for byte, except for the program's version and editions."""

from __future__ import annotations

import contextlib
import re

import msgspec

from x12proc.errors import X12SyntaxError
from x12proc.replay.report_difference import report_differences
from x12proc.replay.sequences import sequence_differences
from x12proc.wire.delimiters import looks_like_isa, read_isa

# The facts of the program that made a report, by the ending of the artifact, and their replacements. No JSON text
# can contain the key as it is searched here: its quotes would be escaped.
_PROGRAM_FACTS = {
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
    """Strip the program's version and editions from an artifact. ``name`` is ``report.json`` and so on."""
    ending = _ending(name)
    if ending not in _READABLE:
        return data
    for pattern, instead in (*_PROGRAM_FACTS.get(ending, ()), _IN_ADVICE):
        data = pattern.sub(instead, data)
    return data


def artifact_differences(name: str, expected: bytes, found: bytes) -> list[str]:
    """Describe the differences from the expected artifact in lines for people; empty if there are none."""
    old, new = comparable(name, expected), comparable(name, found)
    if old == new:
        return []
    lines = _COMPARERS.get(_ending(name), _text)(old, new)
    return lines or [f"the same content in other bytes, first at {_first_byte(old, new)}"]


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
    """Compare pages with long lines, one element a line."""
    return sequence_differences(
        _lines(old.replace(b"><", b">\n<")), _lines(new.replace(b"><", b">\n<")), "element", 1
    )


_COMPARERS = {".json": _json, ".edi": _edi, ".xml": _markup, ".html": _markup, ".csv": _text}


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").splitlines()


def _segments(data: bytes) -> list[str]:
    """Split a file into segments, each interchange by its own terminator; without an ISA by ``~``."""
    found: list[str] = []
    offset = 0
    while offset < len(data):
        terminator = b"~"
        if looks_like_isa(data[offset : offset + 4]):
            with contextlib.suppress(X12SyntaxError):
                terminator = read_isa(data[offset : offset + 4096], 0).delimiters.segment
        end = _interchange_end(data, offset, terminator)
        pieces = data[offset:end].decode("latin-1").split(terminator.decode())
        found += [piece.strip("\r\n") for piece in pieces if piece.strip("\r\n")]
        offset = end
    return found


def _interchange_end(data: bytes, offset: int, terminator: bytes) -> int:
    """Return the offset of the next interchange, or of the end of the file."""
    next_isa = re.compile(re.escape(terminator) + rb"[\r\n]*ISA[^A-Za-z0-9]").search(data, offset)
    return next_isa.start() + next_isa.group().index(b"ISA") if next_isa else len(data)


def _first_byte(old: bytes, new: bytes) -> str:
    offset = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    was, now = old[offset : offset + 8], new[offset : offset + 8]
    return f"byte {offset}: expected {was!r}, found {now!r}"
