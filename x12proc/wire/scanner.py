"""One forward pass over a file: its interchanges one after another, and the bytes between them.

The claims it yields are candidates: a code may be in a service line or in a note, which only their reader can see.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from x12proc.errors import X12SyntaxError
from x12proc.wire import faults
from x12proc.wire.boundaries import CLAIMS, RUNS, WITH_CODE
from x12proc.wire.delimiters import looks_like_isa, read_isa
from x12proc.wire.events import Event, fault_of, unreadable_fault
from x12proc.wire.faults import FaultKind
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
    runs: bool = False,
    window: int = WINDOW,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Event]:
    """Yield a file's envelopes, faults and candidate claims in file order.

    ``codes`` are the procedure codes to look for; with ``all_claims`` every claim is a candidate, and with
    ``runs`` those without a code may come together, as a ClaimRun. ``progress`` is called with the file offset
    that has been read. Never raises on input: bytes that can't be read are a Fault.
    """
    reported = (RUNS if runs else CLAIMS) if all_claims else WITH_CODE
    position = 0
    index = 0
    found = False
    unreadable = 0  # ISA that could not be read, one after another
    while True:
        start, kinds = _next_isa(buffer, position, first=not found)
        if not unreadable:  # the fault of an ISA that can't be read covers what follows it
            for kind in kinds:
                yield fault_of(kind, segment_index=index, byte_offset=position)
        if start is None:
            return
        found = True
        try:
            header = read_isa(buffer[start : start + _ISA_REACH], start)
        except X12SyntaxError as error:
            yield unreadable_fault(error, segment_index=index)
            position = start + 3
            unreadable += 1
            if unreadable == _MOST_UNREADABLE:
                more = faults.UNREADABLE_ISA.error(start, most=_MOST_UNREADABLE)
                yield unreadable_fault(more, segment_index=index)
                return
            continue
        unreadable = 0
        interchange = InterchangeScan(buffer, header, index, codes, reported, window)
        yield from interchange.run(progress)
        position, index = interchange.end, interchange.end_index


def _next_isa(buffer: Buffer, position: int, *, first: bool) -> tuple[int | None, list[FaultKind]]:
    """Return the start of the next interchange, None at the end, and the faults of the bytes before it."""
    start, junk = _seek_isa(buffer, position)
    found: list[FaultKind] = []
    if junk.lstrip(_BLANK).startswith(_BOM):
        found.append(faults.BYTE_ORDER_MARK)
        junk = junk.lstrip(_BLANK)[len(_BOM) :]
    if first and start is None:
        found.append(faults.NO_ISA if junk.strip(_BLANK) else faults.EMPTY_FILE)
    elif junk.strip(_BLANK) and (start is not None or not _FILL.match(junk)):
        found.append(faults.STRAY_BYTES_BEFORE if first else faults.STRAY_BYTES_AFTER)
    elif junk.strip(b"\r\n") and not first:
        found.append(faults.FILL_AFTER_IEA)
    return start, found


def _seek_isa(buffer: Buffer, position: int) -> tuple[int | None, bytes]:
    """Return the start of the next ISA, and the bytes before it: a window of them or so."""
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
