"""What a worker does with one claim: scrubs it as it stands after edits, in its place in its file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from x12proc.claims.builder import ClaimBuilder
from x12proc.claims.model import Claim
from x12proc.conformance.overlap import drop_already_reported
from x12proc.engine.engine import ClaimResult, Engine
from x12proc.engine.fixes import Fix, claim_fixes
from x12proc.engine.stream import other_separator
from x12proc.errors import X12SyntaxError
from x12proc.profiles.profiles import Entry
from x12proc.reports.document import Document, claim_document
from x12proc.reports.edi.edits import line_ends_before
from x12proc.reports.html.view import money
from x12proc.reports.xml_markup import Marks, claim_marks, segment_form
from x12proc.runner.files import FileBuffer
from x12proc.runner.pool import GuideChecks
from x12proc.runner.settings import Settings
from x12proc.service.api.scrub_options import ScrubOptions, answer_settings
from x12proc.service.jobs.claim_index import cents, heard, served
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.events import ClaimSpan
from x12proc.wire.segment import Segment
from x12proc.wire.window import Buffer

MOST_SEGMENTS = 1500  # of a claim that are shown
LONGEST_EDITED = 2000  # bytes of a segment that can be changed in a browser


class ClaimState(msgspec.Struct, frozen=True):
    """A claim's place in its file, and its bytes where they are not those of the file any more."""

    span: bytes
    edited: bytes | None


class ClaimJob(msgspec.Struct, frozen=True, kw_only=True):
    """One claim to be scrubbed. ``earlier`` are claims before it that it may repeat."""

    path: Path
    config: Path | None
    question: ScrubOptions
    state: ClaimState
    earlier: tuple[ClaimState, ...] = ()
    bypasses: tuple[Entry, ...] = ()


class SegmentView(msgspec.Struct, frozen=True):
    """A segment as it is shown: ``form`` is XML with what is wrong marked; ``start`` and ``end`` its bytes within
    the claim; ``follower`` the byte at which the next one begins. Of the loops above the claim these mean
    nothing."""

    form: str
    text: str
    start: int
    end: int
    follower: int
    line: int  # which service line it belongs to, from 1; 0: none
    loop: str
    marked: bool
    editable: bool


class FixView(msgspec.Struct, frozen=True):
    """A proposed fix: what it is, and the edit of the claim's bytes that makes it."""

    rule: str
    safe: bool
    element: str
    before: str
    after: str
    start: int
    end: int
    new: bytes


class LineView(msgspec.Struct, frozen=True):
    """A service line's facts, and its document where it is a target line."""

    number: str
    procedure: str
    money: str
    document: Document | None


class ClaimView(msgspec.Struct, frozen=True, kw_only=True):
    """A claim as it stands."""

    target: bool  # whether it still bills one of the codes
    rejected: bool
    crashed: bool
    document: Document
    data: bytes  # the claim's bytes
    terminator: bytes
    element: bytes  # the separator
    pictures: dict[str, str]  # separators that can't be typed, by the picture that stands for each
    line_ends: bytes  # what stands behind a terminator
    above: list[SegmentView]  # of the loops it hangs under, those in which something is wrong
    segments: list[SegmentView]
    lines: list[LineView]
    fixes: list[FixView]
    heard: list[tuple[str, str]]
    facts: dict[str, Any]  # what lists show of it
    more: int  # segments that are not shown


class SplicedBuffer:
    """A buffer in which some bytes are others."""

    def __init__(self, buffer: Buffer, start: int, end: int, new: bytes) -> None:
        self._buffer, self._start, self._end, self._new = buffer, start, end, new
        self._shift = len(new) - (end - start)

    def __len__(self) -> int:
        """The length with the edit made."""
        return len(self._buffer) + self._shift

    def __getitem__(self, piece: slice, /) -> bytes:
        """The bytes of a slice with step 1."""
        start, stop, _ = piece.indices(len(self))
        middle = self._start + len(self._new)
        before = self._buffer[start : min(stop, self._start)] if start < self._start else b""
        inside = self._new[max(start - self._start, 0) : max(stop - self._start, 0)]
        behind = self._buffer[max(start, middle) - self._shift : stop - self._shift] if stop > middle else b""
        return before + inside + behind


def scrub_claim(job: ClaimJob) -> ClaimView | str:
    """Scrub a claim; a text says why it can't be opened. Raises OSError when its file is gone."""
    settings = answer_settings(job.config, job.question)
    engine = _engine(settings, job.bypasses)
    with job.path.open("rb", buffering=0) as file:
        buffer = FileBuffer(file)
        try:
            for state in job.earlier:  # what they hold is remembered, so that a repetition is found
                claim, _, _ = _open(buffer, state)
                engine.scrub(claim, engine.targets(claim))
            claim, spliced, span = _open(buffer, job.state)
        except X12SyntaxError as error:
            return error.message
        targets = engine.targets(claim)
        scrubbed = engine.scrub(claim, targets)
        if targets:
            scrubbed = _judged(scrubbed, spliced, span, settings)
        else:
            scrubbed = msgspec.structs.replace(scrubbed, findings=(), bypasses=(), crashes=())
        unread = not targets and other_separator(claim, settings.codes) is not None
        return _view(scrubbed, spliced, unread=unread)


def _engine(settings: Settings, bypasses: tuple[Entry, ...]) -> Engine:
    profiles = settings.profiles.with_entries(bypasses) if bypasses else settings.profiles
    return Engine(
        settings.rules,
        profiles,
        settings.reference,
        codes=settings.codes,
        as_of=settings.as_of,
        profile=settings.profile,
    )


def _open(buffer: Buffer, state: ClaimState) -> tuple[Claim, Buffer, ClaimSpan]:
    span = msgspec.msgpack.decode(state.span, type=ClaimSpan)
    if state.edited is not None:
        buffer = SplicedBuffer(buffer, span.start, span.end, state.edited)
        span = msgspec.structs.replace(span, end=span.start + len(state.edited))
    return ClaimBuilder(buffer).build(span), buffer, span


def _judged(scrubbed: ClaimResult, buffer: Buffer, span: ClaimSpan, settings: Settings) -> ClaimResult:
    """With what the implementation guide holds against it."""
    checker = GuideChecks("off" if settings.conformance == "off" else "targets").checker(buffer)
    if checker is None:
        return scrubbed
    (errors,) = checker.submit([span])()
    told = drop_already_reported(scrubbed, errors)
    return msgspec.structs.replace(
        scrubbed, guide_errors=told, refused=settings.guide_errors == "reject" and bool(errors)
    )


# -- as it is shown --------------------------------------------------------------------------------------------


def _view(scrubbed: ClaimResult, buffer: Buffer, *, unread: bool) -> ClaimView:
    claim = scrubbed.claim
    document = claim_document(scrubbed)
    marks = claim_marks(document)
    terminator = claim.delimiters.segment
    at = claim.start
    follower = claim.segments[1].offset if len(claim.segments) > 1 else claim.end
    return ClaimView(
        target=bool(scrubbed.lines),
        rejected=scrubbed.rejected or unread,
        crashed=bool(scrubbed.crashes) or unread,
        document=document,
        data=buffer[claim.start : claim.end],
        terminator=terminator,
        element=claim.delimiters.element,
        pictures=_pictures(claim.delimiters),
        line_ends=line_ends_before(buffer, follower, terminator),
        above=list(_above(claim, marks)),
        segments=list(_segments(claim, marks)),
        lines=_lines(scrubbed, document),
        fixes=[_fix(fix, at, buffer, terminator) for fix in claim_fixes(scrubbed, "off")],
        heard=heard(scrubbed.all_findings),
        facts={
            "claim_number": claim.id,
            "profile": scrubbed.profile,
            "charge": claim.charge,
            "cents": cents(claim.charge),
            "service_date": served(scrubbed),
        },
        more=max(len(claim.segments) - MOST_SEGMENTS, 0),
    )


def _lines(scrubbed: ClaimResult, document: Document) -> list[LineView]:
    told = {line.line.lx.index: facts for line, facts in zip(scrubbed.lines, document["lines"], strict=True)}
    return [
        LineView(line.number[:20], line.procedure[:20], money(line.charge)[:40], told.get(line.lx.index))
        for line in scrubbed.claim.lines[:MOST_SEGMENTS]
    ]


def _segments(claim: Claim, marks: Marks) -> Iterator[SegmentView]:
    line = 0
    shown: Sequence[Segment] = claim.segments[:MOST_SEGMENTS]
    followers = [segment.offset for segment in claim.segments[1 : len(shown) + 1]]
    followers += [claim.end] * (len(shown) - len(followers))
    for segment, follower in zip(shown, followers, strict=True):
        line += segment.tag == "LX"
        yield _segment(segment, claim, marks, line, follower - claim.start)


def _above(claim: Claim, marks: Marks) -> Iterator[SegmentView]:
    for party in (*claim.header, *claim.provider, *claim.subscriber, *claim.patient):
        for segment in party.segments:
            if segment.index in marks:
                yield _segment(segment, claim, marks, 0, 0)


def _segment(segment: Segment, claim: Claim, marks: Marks, line: int, follower: int) -> SegmentView:
    found = marks.get(segment.index)
    start = segment.offset - claim.start
    small = len(segment.raw) <= LONGEST_EDITED
    text = segment.raw.decode(codec_of(segment.raw)) if small else ""
    for picture, separator in _pictures(claim.delimiters).items():
        text = text.replace(separator, picture)
    return SegmentView(
        form=f"<segments>{segment_form(segment, found, claim.delimiters, None)}</segments>",
        text=text,
        start=start,
        end=start + len(segment.raw),
        follower=follower,
        line=line,
        loop=segment.loop,
        marked=bool(found),
        editable=follower > 0 and small and text.isprintable(),
    )


def _pictures(delimiters: Delimiters) -> dict[str, str]:
    """The delimiters that are control characters, by their pictures, as pages show them."""
    used = (delimiters.element, delimiters.component, delimiters.repetition, delimiters.segment)
    return {chr(0x2400 + mark[0]): mark.decode("latin-1") for mark in used if mark and mark[0] < 0x20}


def codec_of(raw: bytes) -> str:
    """How the text of a segment is written: UTF-8 where it can be that, else Latin-1."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _fix(fix: Fix, at: int, buffer: Buffer, terminator: bytes) -> FixView:
    ends = line_ends_before(buffer, fix.start, terminator) if fix.segments else b""
    new = fix.new + b"".join(segment + terminator + ends for segment in fix.segments)
    place = fix.location.element
    return FixView(fix.rule, fix.safe, place, fix.before, fix.after, fix.start - at, fix.end - at, new)
