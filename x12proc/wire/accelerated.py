"""The passes over every byte of a file: compiled where there was a compiler, else in Python.

_native.c does what the functions here and in boundaries.py specify, _split.c what split_plain_py in segment.py
does, no more and with the same results; hatch_build.py compiles them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from x12proc.version import __version__
from x12proc.wire.boundaries import code_positions_py, find_boundaries_py


def count_py(text: bytes, byte: bytes, start: int, end: int, /) -> int:
    """Count the occurrences of a byte between two positions."""
    return text.count(byte, start, end)


def has_stray_line_ends_py(chunk: bytes, terminator: bytes, /) -> bool:
    """Return whether a chunk has line ends anywhere but right after a terminator."""
    if terminator in (b"\r", b"\n"):
        # The other line-end byte may follow the terminator; alone it would be data, which X12 never has.
        other = b"\n" if terminator == b"\r" else b"\r"
        return chunk.count(other) != chunk.count(terminator + other)
    feeds = chunk.count(b"\n") if b"\n" in chunk else 0
    if b"\r" not in chunk:
        return feeds != 0 and feeds != chunk.count(terminator + b"\n")
    if chunk.count(b"\r") == feeds:
        return feeds != chunk.count(terminator + b"\r\n")
    return True  # mixed: fold_line_ends looks at each of them


count, has_stray_line_ends = count_py, has_stray_line_ends_py
find_boundaries, code_positions = find_boundaries_py, code_positions_py
# Nothing was compiled where the package was installed, or another state of the source, which lacks one of the
# names.
with suppress(ImportError, AttributeError):
    from x12proc.wire import _native

    if _native.version == __version__:
        count, has_stray_line_ends, find_boundaries, code_positions = (
            _native.count,
            _native.has_stray_line_ends,
            _native.find_boundaries,
            _native.code_positions,
        )

split_ascii: Callable[..., Any] | None = None
with suppress(ImportError, AttributeError):  # as above
    from x12proc.wire import _split

    if _split.version == __version__:
        split_ascii = _split.split_ascii
