"""Edits of a claim's bytes, checked so that the file around the claim stays intact. Pure: bytes in, bytes out."""

from __future__ import annotations

import re

from x12proc.service.jobs.claim_job import LONGEST_EDITED, ClaimView, FixView, SegmentView, codec_of

REPLACE, INSERT, DELETE = "replace", "insert", "delete"
# Segments that begin or end an envelope, loop or claim: another one would change where those begin or end.
_BORDERS = frozenset(("ISA", "IEA", "GS", "GE", "ST", "SE", "BHT", "HL", "CLM", "TA1"))
_TAG = re.compile(r"[A-Z][A-Z0-9]{1,2}")


class EditRejected(ValueError):  # noqa: N818 - a user's mistake, no failure
    """An edit that is not possible; the text gives the reason and repeats nothing of the claim."""


def edit_segment(view: ClaimView, index: int, kind: str, text: str) -> bytes:
    """Return the claim's bytes with one segment replaced or deleted, or one inserted after it. Raises
    EditRejected."""
    segment = find_segment(view, index)
    if kind == DELETE:
        if index == 0:
            raise EditRejected("The CLM segment begins the claim and can't be deleted")
        return _splice(view.data, segment.start, segment.next_start, b"")
    text = text.strip().removesuffix(view.terminator.decode("latin-1")).strip()
    if not text.isprintable() or len(text) > LONGEST_EDITED:
        raise EditRejected(f"A segment is one line of at most {LONGEST_EDITED} characters")
    for picture, separator in view.control_pictures.items():
        text = text.replace(picture, separator)
    if kind == INSERT:
        _check(view, text, frozenset())
        new = _encode(text, b"") + view.terminator + view.line_ends
        return _splice(view.data, segment.next_start, segment.next_start, new)
    if kind != REPLACE:
        raise EditRejected("A segment can be replaced or deleted, or another inserted after it")
    if not segment.editable:
        raise EditRejected("This segment is too long or holds line ends, so it can't be edited here")
    _check(view, text, frozenset(("CLM",)) if index == 0 else frozenset())
    if index == 0 and not text.startswith("CLM" + view.element.decode("latin-1")):
        raise EditRejected("The first segment of a claim is its CLM")
    raw = view.data[segment.start : segment.end]
    return _splice(view.data, segment.start, segment.end, _encode(text, raw))


def apply_fix(view: ClaimView, fix: FixView) -> bytes:
    """Return the claim's bytes with a proposed fix applied."""
    return _splice(view.data, fix.start, fix.end, fix.new)


def find_segment(view: ClaimView, index: int) -> SegmentView:
    """Return a segment of the claim by its index. Raises EditRejected."""
    if not 0 <= index < len(view.segments):
        raise EditRejected("There is no such segment in the claim")
    return view.segments[index]


def _check(view: ClaimView, text: str, borders: frozenset[str]) -> None:
    """Check that a text is one segment, and that its tag is no border other than ``borders``."""
    if not text:
        raise EditRejected("The segment is empty; to remove it, delete it")
    terminator = view.terminator.decode("latin-1")
    if terminator in text:
        raise EditRejected(f"{terminator} ends a segment in this file; insert further segments one by one")
    tag, separator, _ = text.partition(view.element.decode("latin-1"))
    if not _TAG.fullmatch(tag) or not separator:
        raise EditRejected("A segment begins with its tag and the element separator, such as LIN*")
    if tag in _BORDERS and tag not in borders:
        raise EditRejected(f"{tag} begins or ends a claim, loop or envelope and is not allowed inside a claim")


def _encode(text: str, old: bytes) -> bytes:
    """Encode a segment's text with the codec of the old segment; non-ASCII letters only if that had some."""
    if old.isascii() and not text.isascii():
        raise EditRejected("The text has a character that is not in the X12 character sets")
    try:
        return text.encode(codec_of(old))
    except UnicodeEncodeError:
        raise EditRejected("The text has a character that this file's encoding lacks") from None


def _splice(data: bytes, start: int, end: int, new: bytes) -> bytes:
    return data[:start] + new + data[end:]
