"""The corrected file: the file that was sent, with the edited claims in it and SE01 counted anew where segments
were put in or taken out. Every other byte stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
from sqlalchemy import select

from x12proc.reports.edi.edits import Edit, EditedCopy, recount
from x12proc.runner.files import FileBuffer
from x12proc.service.db.store import INPUT, Store
from x12proc.service.db.tables import ClaimRow
from x12proc.wire.events import ClaimSpan, TransactionClosed
from x12proc.wire.scanner import scan
from x12proc.wire.window import Buffer


class ClaimEdit(msgspec.Struct, frozen=True):
    """A claim's new bytes, and by how many segments it has grown."""

    edit: Edit
    grown: int


def write_corrected(data: Path, run_id: str, target: Path) -> int:
    """Write the corrected file of a run to ``target``; how many claims differ from what was sent."""
    store = Store(data)
    try:
        with (store.run_folder(run_id) / INPUT).open("rb", buffering=0) as source, target.open("xb") as file:
            buffer = FileBuffer(source)
            edits = _edits(store, run_id, buffer)
            copy = EditedCopy(buffer, file.write)
            copy.make(_all_edits(buffer, edits))
            copy.finish()
            return len(edits)
    finally:
        store.close()


def _edits(store: Store, run_id: str, buffer: Buffer) -> list[ClaimEdit]:
    """The edits of a run, in file order."""
    changed = select(ClaimRow.span, ClaimRow.edited).where(ClaimRow.run_id == run_id, ClaimRow.edited.is_not(None))
    with store.reading() as session:
        rows = session.execute(changed.order_by(ClaimRow.place)).all()
    return [_edit(msgspec.msgpack.decode(span, type=ClaimSpan), new or b"", buffer) for span, new in rows]


def _edit(span: ClaimSpan, new: bytes, buffer: Buffer) -> ClaimEdit:
    terminator = span.interchange.delimiters.segment
    old = buffer[span.start : span.end]
    return ClaimEdit(Edit(span.start, span.end, new), new.count(terminator) - old.count(terminator))


def _all_edits(buffer: Buffer, edits: list[ClaimEdit]) -> Iterator[Edit]:
    """The claims' edits and, behind those of a set, the one of its SE01."""
    waiting = iter(edits)
    following = next(waiting, None)
    for event in scan(buffer, (), all_claims=False) if edits else ():
        if not isinstance(event, TransactionClosed) or event.trailer is None:
            continue
        grown = 0
        while following is not None and following.edit.start < event.trailer[0]:
            yield following.edit
            grown += following.grown
            following = next(waiting, None)
        if grown:
            yield from recount(buffer, event.trailer, grown)
    while following is not None:  # of a set without an SE
        yield following.edit
        following = next(waiting, None)
