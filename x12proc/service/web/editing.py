"""Changes to a claim's bytes, held against what would break the file around it. Pure: bytes in, bytes out."""

from __future__ import annotations

import re

from x12proc.service.jobs.claim_job import LONGEST_EDITED, ClaimView, FixView, SegmentView, codec_of

REPLACE, INSERT, DELETE = "replace", "insert", "delete"
# Segments that envelopes, loops and claims begin or end with: another one of them would move a border.
_BORDERS = frozenset(("ISA", "IEA", "GS", "GE", "ST", "SE", "BHT", "HL", "CLM", "TA1"))
_TAG = re.compile(r"[A-Z][A-Z0-9]{1,2}")


class EditRejected(ValueError):  # noqa: N818 - nothing failed
    """An edit that can't be made; the text says why and repeats nothing of the claim."""


def edited(view: ClaimView, place: int, kind: str, text: str) -> bytes:
    """The claim's bytes with one segment replaced or deleted, or one put in behind it. Raises NotAllowed."""
    segment = _segment(view, place)
    if kind == DELETE:
        if place == 0:
            raise EditRejected("The CLM segment begins the claim and can't be deleted")
        return _spliced(view.data, segment.start, segment.follower, b"")
    text = text.strip().removesuffix(view.terminator.decode("latin-1")).strip()
    if not text.isprintable() or len(text) > LONGEST_EDITED:
        raise EditRejected(f"A segment is one line of at most {LONGEST_EDITED} characters")
    for picture, separator in view.pictures.items():
        text = text.replace(picture, separator)
    if kind == INSERT:
        _check(view, text, frozenset())
        new = _encoded(text, b"") + view.terminator + view.line_ends
        return _spliced(view.data, segment.follower, segment.follower, new)
    if kind != REPLACE:
        raise EditRejected("A segment can be replaced or deleted, or another put in behind it")
    if not segment.editable:
        raise EditRejected("This segment is too long, or holds line ends, so that it can't be changed here")
    _check(view, text, frozenset(("CLM",)) if place == 0 else frozenset())
    if place == 0 and not text.startswith("CLM" + view.element.decode("latin-1")):
        raise EditRejected("The first segment of a claim is its CLM")
    raw = view.data[segment.start : segment.end]
    return _spliced(view.data, segment.start, segment.end, _encoded(text, raw))


def fixed(view: ClaimView, fix: FixView) -> bytes:
    """The claim's bytes with a proposed fix made."""
    return _spliced(view.data, fix.start, fix.end, fix.new)


def _segment(view: ClaimView, place: int) -> SegmentView:
    if not 0 <= place < len(view.segments):
        raise EditRejected("There is no such segment in the claim")
    return view.segments[place]


def _check(view: ClaimView, text: str, borders: frozenset[str]) -> None:
    """Whether a text is one segment, and none that would move a border."""
    if not text:
        raise EditRejected("The segment is empty; to take it out, delete it")
    terminator = view.terminator.decode("latin-1")
    if terminator in text:
        raise EditRejected(f"{terminator} ends a segment in this file; put further segments in one by one")
    tag, separator, _ = text.partition(view.element.decode("latin-1"))
    if not _TAG.fullmatch(tag) or not separator:
        raise EditRejected("A segment begins with its tag and the element separator, such as LIN*")
    if tag in _BORDERS and tag not in borders:
        raise EditRejected(f"{tag} begins or ends a claim, loop or envelope and can't stand inside a claim")


def _encoded(text: str, old: bytes) -> bytes:
    """A segment's text as bytes: letters beyond ASCII only where it had some, and written as they were."""
    if old.isascii() and not text.isascii():
        raise EditRejected("The text holds a character that X12's character sets don't have")
    try:
        return text.encode(codec_of(old))
    except UnicodeEncodeError:
        raise EditRejected("The text holds a character that can't be written in this file") from None


def _spliced(data: bytes, start: int, end: int, new: bytes) -> bytes:
    return data[:start] + new + data[end:]
