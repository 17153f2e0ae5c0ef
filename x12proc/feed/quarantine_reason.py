"""``<name>.reason.json``: why an input is in quarantine, for whoever finds it there."""

from __future__ import annotations

from typing import Any

import msgspec

from x12proc.feed.filenames import shown
from x12proc.wire.events import Fault

SCHEMA = "x12proc.reason/1"
ENDING = ".reason.json"
MOST_FAULTS = 20

INCOMPLETE = "incomplete"
SAME_BYTES = "duplicate-bytes"
SAME_INTERCHANGE = "duplicate-interchange"
CRASHES = "worker-died"
CHANGED = "changed-while-taken"
DUPLICATES = (SAME_BYTES, SAME_INTERCHANGE)
MESSAGES = {
    INCOMPLETE: "The upload never completed: the last interchange has no whole IEA at the file's end",
    SAME_BYTES: "The same bytes were taken before",
    SAME_INTERCHANGE: "An interchange of the same sender and receiver had the same control number (ISA13)",
    CRASHES: "Several workers died over this file; it was not tried again",
    CHANGED: "The file was changed while it was taken, and another one of its name lies in the inbox",
}


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """A reason: a code, the same in words, and the earlier file when there is one."""

    code: str
    message: str
    earlier: tuple[str, ...] = ()  # ids of files in the ledger
    faults: tuple[Fault, ...] = ()


def because(code: str, *earlier: str) -> Reason:
    """One of the reasons that have nothing to do with what is in the file."""
    return Reason(code=code, message=MESSAGES[code], earlier=earlier)


def reason_document(
    file_id: str, feed: str, name: str, sha256: str, claims: int, at: str, reason: Reason
) -> bytes:
    """The JSON document."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "id": file_id,
        "feed": feed,
        "name": shown(name),
        "sha256": sha256,
        "at": at,
        "code": reason.code,
        "message": reason.message,
        "claims": claims,
        "earlier": reason.earlier,
        "errors": reason.faults[:MOST_FAULTS],
    }
    if reason.code in DUPLICATES:
        document["override"] = f"x12proc ledger override {file_id} --reason TEXT"
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
