"""The corrected file: the submitted file with the edited claims, and SE01 recounted where segments were inserted
or deleted. Every other byte is unchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
from sqlalchemy import select

from x12proc.reports.edi.edits import Edit, EditedCopy, adjust_se_count
from x12proc.runner.files import FileBuffer
from x12proc.service.db.store import INPUT, Store
from x12proc.service.db.tables import ClaimRow
from x12proc.wire.events import ClaimSpan, TransactionClosed
from x12proc.wire.scanner import scan
from x12proc.wire.window import Buffer


class ClaimEdit(msgspec.Struct, frozen=True):
    """The edit of a claim's bytes, and the number of segments that it adds."""

    edit: Edit
    segments_added: int


def write_corrected(data: Path, run_id: str, target: Path) -> int:
    """Write the corrected file of a run to ``target`` and return the number of edited claims."""
    store = Store(data)
    try:
        edited = select(ClaimRow.span, ClaimRow.edited).where(
            ClaimRow.run_id == run_id, ClaimRow.edited.is_not(None)
        )
        with store.reading() as session:
            rows = session.execute(edited.order_by(ClaimRow.ordinal)).all()
        with (store.run_folder(run_id) / INPUT).open("rb", buffering=0) as source, target.open("xb") as file:
            write_edited(FileBuffer(source), [(span, new or b"") for span, new in rows], file.write)
            return len(rows)
    finally:
        store.close()


def write_edited(buffer: Buffer, edited: Sequence[tuple[bytes, bytes]], write: Callable[[bytes], object]) -> None:
    """Write a file with some of its claims replaced: the span of each, as msgpack, and its new bytes."""
    edits = [_edit(msgspec.msgpack.decode(span, type=ClaimSpan), new, buffer) for span, new in edited]
    copy = EditedCopy(buffer, write)
    copy.make(_all_edits(buffer, edits))
    copy.finish()


def _edit(span: ClaimSpan, new: bytes, buffer: Buffer) -> ClaimEdit:
    terminator = span.interchange.delimiters.segment
    old = buffer[span.start : span.end]
    return ClaimEdit(Edit(span.start, span.end, new), new.count(terminator) - old.count(terminator))


def _all_edits(buffer: Buffer, edits: list[ClaimEdit]) -> Iterator[Edit]:
    """Yield the claims' edits and, after those of a transaction set, the edit of its SE01."""
    remaining = iter(edits)
    pending = next(remaining, None)
    for event in scan(buffer, (), all_claims=False) if edits else ():
        if not isinstance(event, TransactionClosed) or event.trailer is None:
            continue
        segments_added = 0
        while pending is not None and pending.edit.start < event.trailer[0]:
            yield pending.edit
            segments_added += pending.segments_added
            pending = next(remaining, None)
        if segments_added:
            yield from adjust_se_count(buffer, event.trailer, segments_added)
    while pending is not None:  # of a transaction set without an SE
        yield pending.edit
        pending = next(remaining, None)
