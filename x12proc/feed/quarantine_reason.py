"""The reason for quarantine, and its document ``<name>.reason.json`` beside the input."""

from __future__ import annotations

from typing import Any

import msgspec

from x12proc.feed.filenames import printable
from x12proc.wire.events import Fault

SCHEMA = "x12proc.reason/1"
SUFFIX = ".reason.json"
MAX_FAULTS = 20

INCOMPLETE = "incomplete"
SAME_BYTES = "duplicate-bytes"
SAME_INTERCHANGE = "duplicate-interchange"
CRASHES = "worker-died"
CHANGED = "changed-while-taken"
DUPLICATES = (SAME_BYTES, SAME_INTERCHANGE)
MESSAGES = {
    INCOMPLETE: "The upload never completed: the last interchange has no complete IEA at the end of the file",
    SAME_BYTES: "A file with the same bytes was taken before",
    SAME_INTERCHANGE: "An earlier interchange of the same sender and receiver had the same control number (ISA13)",
    CRASHES: "Several workers died while processing this file; it is not retried",
    CHANGED: "The file changed while it was being taken, and the inbox has another file of the same name",
}


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """A reason for quarantine: code, message, earlier files of a duplicate, and faults."""

    code: str
    message: str
    earlier: tuple[str, ...] = ()  # ids of files in the ledger
    faults: tuple[Fault, ...] = ()


def make_reason(code: str, *earlier: str) -> Reason:
    """Return the reason for a code of MESSAGES, with the ids of earlier files."""
    return Reason(code=code, message=MESSAGES[code], earlier=earlier)


def reason_document(
    file_id: str, feed: str, name: str, sha256: str, claims: int, at: str, reason: Reason
) -> bytes:
    """Return the document reason.json (``x12proc.reason/1``)."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "id": file_id,
        "feed": feed,
        "name": printable(name),
        "sha256": sha256,
        "at": at,
        "code": reason.code,
        "message": reason.message,
        "claims": claims,
        "earlier": reason.earlier,
        "errors": reason.faults[:MAX_FAULTS],
    }
    if reason.code in DUPLICATES:
        document["override"] = f"x12proc ledger override {file_id} --reason TEXT"
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
