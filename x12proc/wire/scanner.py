"""One forward pass over a file: its interchanges one after another, and what stands between them.

Whether a code stands in a service line is for the reader of the claim to decide; it may as well stand in a note.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from x12proc.errors import X12SyntaxError
from x12proc.wire.delimiters import looks_like_isa, read_isa
from x12proc.wire.events import Event, Fault
from x12proc.wire.interchange import InterchangeScan
from x12proc.wire.window import FIRST_WINDOW, WINDOW, Buffer

_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
_ISA_REACH = 4096  # enough for any ISA, and to see how lines are laid out
_MOST_UNREADABLE = 10_000
_FILL = re.compile(rb"[0-9a-f\s\x00\x1a~]*\Z")


def scan(
    buffer: Buffer,
    codes: Sequence[str],
    *,
    all_claims: bool = False,
    window: int = WINDOW,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Event]:
    """Tell a file's envelopes, faults and candidate claims in file order.

    ``codes`` are the procedure codes to look for; with ``all_claims`` all claims are told. ``progress`` is
    called with the file offset that has been read. Never raises on input: what can't be read is a Fault.
    """
    position = 0
    index = 0
    found = False
    unreadable = 0  # ISA that could not be read, one after another
    while True:
        start, faults = _next_isa(buffer, position, index, first=not found)
        if not unreadable:  # what follows an ISA that can't be read has been told with it
            yield from faults
        if start is None:
            return
        found = True
        try:
            header = read_isa(buffer[start : start + _ISA_REACH], start)
        except X12SyntaxError as error:
            yield _fault(error, index)
            position = start + 3
            unreadable += 1
            if unreadable == _MOST_UNREADABLE:
                more = f"{_MOST_UNREADABLE} ISA in a row can't be read; the rest of the file was not looked at"
                yield _fault(X12SyntaxError("unreadable-isa", more, start), index)
                return
            continue
        unreadable = 0
        reader = InterchangeScan(buffer, header, index, codes, all_claims, window)
        yield from reader.run(progress)
        position, index = reader.end, reader.end_index


def _fault(error: X12SyntaxError, index: int) -> Fault:
    return Fault(
        code=error.code,
        message=error.message,
        severity="error",
        segment_index=index,
        byte_offset=error.offset,
    )


def _next_isa(buffer: Buffer, position: int, index: int, *, first: bool) -> tuple[int | None, list[Fault]]:
    """The start of the next interchange, and what is to be said of the bytes before it."""
    start, junk = _seek_isa(buffer, position)
    faults: list[Fault] = []

    def tell(code: str, message: str, severity: str, at: int = position) -> None:
        faults.append(Fault(code=code, message=message, severity=severity, segment_index=index, byte_offset=at))

    if junk.lstrip(_BLANK).startswith(_BOM):
        tell("byte-order-mark", "A UTF-8 byte order mark stands before an interchange; it was skipped", "warn")
        junk = junk.lstrip(_BLANK)[len(_BOM) :]
    if first and start is None:
        what = "The file is empty" if not junk.strip(_BLANK) else "No ISA segment was found"
        tell("not-x12", f"{what}: this is not an X12 interchange", "error")
    elif junk.strip(_BLANK) and (start is not None or not _FILL.match(junk)):
        where = "before the first interchange" if first else "after an interchange's IEA"
        tell("stray-bytes", f"Bytes that are not X12 stand {where}", "error")
    elif junk.strip(b"\r\n") and not first:
        tell(
            "fill-after-iea",
            "Fill (blanks, hexadecimal digits, a lone terminator) stands after an IEA; skipped",
            "warn",
        )
    return start, faults


def _seek_isa(buffer: Buffer, position: int) -> tuple[int | None, bytes]:
    """Where the next ISA begins, and the first 64 KiB or so of what stands before it."""
    junk = b""
    total = len(buffer)
    at = position
    reach = FIRST_WINDOW
    while at < total:
        chunk = buffer[at : at + reach]
        reach = min(WINDOW, reach * 4)
        found = _isa_in(chunk)
        if found is not None:
            return at + found, junk or chunk[:found]
        if len(junk) < WINDOW:
            junk += chunk
        at += max(len(chunk) - 3, 1) if at + len(chunk) < total else len(chunk)
    return None, junk


def _isa_in(chunk: bytes) -> int | None:
    found = chunk.find(b"ISA")
    while found >= 0:
        alone = found == 0 or not chunk[found - 1 : found].isalnum()
        if alone and looks_like_isa(chunk[found : found + 4]):
            return found
        found = chunk.find(b"ISA", found + 1)
    return None
