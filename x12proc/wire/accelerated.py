"""The passes over every byte of a file: compiled where there was a compiler, else in Python with the same answers.

_native.c does what the functions here and in stops.py say, and no more; hatch_build.py at the top compiles it.
"""

from __future__ import annotations

from contextlib import suppress

from x12proc.version import __version__
from x12proc.wire.boundaries import stops_in_python


def count_in_python(text: bytes, byte: bytes, start: int, end: int, /) -> int:
    """How often a byte occurs between two places."""
    return text.count(byte, start, end)


def is_ragged_in_python(chunk: bytes, terminator: bytes, /) -> bool:
    """Whether line ends stand anywhere but right after a terminator."""
    if terminator in (b"\r", b"\n"):
        # The other line-end byte may follow the terminator; alone it would be data, which X12 never has.
        other = b"\n" if terminator == b"\r" else b"\r"
        return chunk.count(other) != chunk.count(terminator + other)
    feeds = chunk.count(b"\n") if b"\n" in chunk else 0
    if b"\r" not in chunk:
        return feeds != 0 and feeds != chunk.count(terminator + b"\n")
    if chunk.count(b"\r") == feeds:
        return feeds != chunk.count(terminator + b"\r\n")
    return True  # mixed: tidy looks closer


count, is_ragged, stops = count_in_python, is_ragged_in_python, stops_in_python
with suppress(ImportError):  # there was no compiler where the package was installed
    from x12proc.wire import _native

    if _native.version == __version__:
        count, is_ragged, stops = _native.count, _native.is_ragged, _native.stops
