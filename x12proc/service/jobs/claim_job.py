"""The worker's job for one claim: scrub its current bytes in the context of its file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from x12proc.claims.builder import ClaimBuilder
from x12proc.claims.mentions import ClaimReading, read_claim
from x12proc.claims.model import Claim
from x12proc.conformance.overlap import drop_already_reported
from x12proc.engine.document import Document, claim_document
from x12proc.engine.engine import Engine
from x12proc.engine.fixes import Fix
from x12proc.engine.result import ClaimResult
from x12proc.errors import X12SyntaxError
from x12proc.profiles.profiles import Entry
from x12proc.reports.edi.edits import trailing_line_ends
from x12proc.reports.html.view import money
from x12proc.reports.xml_markup import Highlights, claim_highlights, segment_form
from x12proc.runner.files import FileBuffer
from x12proc.runner.pool import GuideChecks
from x12proc.runner.settings import Settings
from x12proc.service.api.scrub_options import ScrubOptions, settings_for
from x12proc.service.jobs.claim_facts import ClaimFacts, claim_facts
from x12proc.service.jobs.claim_index import claim_columns, rules_hit
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.events import ClaimSpan
from x12proc.wire.segment import Segment
from x12proc.wire.window import Buffer

MOST_SEGMENTS = 1500  # of a claim shown at most
LONGEST_EDITED = 2000  # bytes of a segment that can be edited in a browser


class ClaimState(msgspec.Struct, frozen=True):
    """A claim's span (msgpack) in its file, and its bytes if they were edited."""

    span: bytes
    edited: bytes | None


class ClaimJob(msgspec.Struct, frozen=True, kw_only=True):
    """A claim to scrub. ``earlier`` are claims before it in the file that it may duplicate."""

    path: Path
    config: Path | None
    options: ScrubOptions
    state: ClaimState
    earlier: tuple[ClaimState, ...] = ()
    bypasses: tuple[Entry, ...] = ()


class SegmentView(msgspec.Struct, frozen=True):
    """A segment for display.

    ``xml`` is its XML form with faulty elements highlighted; ``start`` and ``end`` are byte offsets in the claim,
    ``next_start`` is that of the next segment. The offsets are meaningless for segments of parent loops.
    """

    xml: str
    text: str
    start: int
    end: int
    next_start: int
    line: int  # the service line that it belongs to, from 1; 0: none
    loop: str
    highlighted: bool
    editable: bool


class FixView(msgspec.Struct, frozen=True):
    """A proposed fix, and the edit of the claim's bytes that applies it."""

    rule: str
    safe: bool
    element: str
    before: str
    after: str
    start: int
    end: int
    new: bytes


class LineView(msgspec.Struct, frozen=True):
    """A service line, and its document if it is a target line."""

    number: str
    procedure: str
    money: str
    document: Document | None


class ClaimView(msgspec.Struct, frozen=True, kw_only=True):
    """The result of scrubbing a claim's current bytes, for display."""

    target: bool  # it has a target line
    rejected: bool
    crashed: bool
    document: Document
    data: bytes  # the claim's bytes
    terminator: bytes
    element: bytes  # the separator
    component: bytes  # the separator of a composite's components
    control_pictures: dict[str, str]  # separators that are control characters, by their Unicode control picture
    line_ends: bytes  # after a segment terminator
    parent_segments: list[SegmentView]  # segments of parent loops that have findings
    segments: list[SegmentView]
    lines: list[LineView]
    fixes: list[FixView]
    rules_hit: list[tuple[str, str]]
    columns: dict[str, Any]  # columns of ClaimRow that lists show
    omitted: int  # segments beyond MOST_SEGMENTS
    facts: ClaimFacts  # in a biller's words


class SplicedBuffer:
    """A buffer in which a range of bytes is replaced."""

    def __init__(self, buffer: Buffer, start: int, end: int, new: bytes) -> None:
        self._buffer, self._start, self._end, self._new = buffer, start, end, new
        self._shift = len(new) - (end - start)

    def __len__(self) -> int:
        """Return the length after the replacement."""
        return len(self._buffer) + self._shift

    def __getitem__(self, piece: slice, /) -> bytes:
        """Return the bytes of a slice with step 1."""
        start, stop, _ = piece.indices(len(self))
        middle = self._start + len(self._new)
        before = self._buffer[start : min(stop, self._start)] if start < self._start else b""
        inside = self._new[max(start - self._start, 0) : max(stop - self._start, 0)]
        after = self._buffer[max(start, middle) - self._shift : stop - self._shift] if stop > middle else b""
        return before + inside + after


def scrub_claim(job: ClaimJob) -> ClaimView | str:
    """Scrub a claim; return its view, or the reason why it can't be parsed. Raises OSError without the file."""
    settings = settings_for(job.config, job.options)
    engine = _engine(settings, job.bypasses)
    with job.path.open("rb", buffering=0) as file:
        buffer = FileBuffer(file)
        try:
            for state in job.earlier:  # the engine keeps their keys, so that a duplicate is found
                reading, _, _ = _open(buffer, state, engine.codes)
                engine.scrub(reading.claim, reading.targets)
            reading, spliced, span = _open(buffer, job.state, engine.codes)
        except X12SyntaxError as error:
            return error.message
        claim, targets = reading.claim, reading.targets
        result = engine.scrub(claim, targets)
        if targets:
            result = _with_guide_errors(result, spliced, span, settings)
        else:
            result = msgspec.structs.replace(result, bypasses=(), crashes=())
        return _view(result, spliced)


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


def _open(buffer: Buffer, state: ClaimState, codes: frozenset[str]) -> tuple[ClaimReading, Buffer, ClaimSpan]:
    span = msgspec.msgpack.decode(state.span, type=ClaimSpan)
    if state.edited is not None:
        buffer = SplicedBuffer(buffer, span.start, span.end, state.edited)
        span = msgspec.structs.replace(span, end=span.start + len(state.edited))
    return read_claim(ClaimBuilder(buffer), span, codes), buffer, span


def _with_guide_errors(result: ClaimResult, buffer: Buffer, span: ClaimSpan, settings: Settings) -> ClaimResult:
    """Return the result with the errors against its implementation guide."""
    checker = GuideChecks("off" if settings.conformance == "off" else "targets").checker(buffer)
    if checker is None:
        return result
    (errors,) = checker.submit([span])()
    remaining = drop_already_reported(result, errors)
    return msgspec.structs.replace(
        result, guide_errors=remaining, refused=settings.guide_errors == "reject" and bool(errors)
    )


# -- the view --------------------------------------------------------------------------------------------


def _view(result: ClaimResult, buffer: Buffer) -> ClaimView:
    claim = result.claim
    document = claim_document(result)
    faults = claim_highlights(document)
    terminator = claim.delimiters.segment
    next_start = claim.segments[1].offset if len(claim.segments) > 1 else claim.end
    return ClaimView(
        target=bool(result.lines),
        rejected=result.rejected,
        crashed=bool(result.crashes),
        document=document,
        data=buffer[claim.start : claim.end],
        terminator=terminator,
        element=claim.delimiters.element,
        component=claim.delimiters.component,
        control_pictures=_control_pictures(claim.delimiters),
        line_ends=trailing_line_ends(buffer, next_start, terminator),
        parent_segments=list(_parent_segments(claim, faults)),
        segments=list(_segments(claim, faults)),
        lines=_lines(result, document),
        fixes=[_fix(fix, claim.start, buffer, terminator) for fix in result.fixes],
        rules_hit=rules_hit(result.all_findings),
        columns=claim_columns(result),
        facts=claim_facts(result),
        omitted=max(len(claim.segments) - MOST_SEGMENTS, 0),
    )


def _lines(result: ClaimResult, document: Document) -> list[LineView]:
    documents = {line.line.lx.index: facts for line, facts in zip(result.lines, document["lines"], strict=True)}
    return [
        LineView(line.number[:20], line.procedure[:20], money(line.charge)[:40], documents.get(line.lx.index))
        for line in result.claim.lines[:MOST_SEGMENTS]
    ]


def _segments(claim: Claim, faults: Highlights) -> Iterator[SegmentView]:
    line = 0
    shown: Sequence[Segment] = claim.segments[:MOST_SEGMENTS]
    next_starts = [segment.offset for segment in claim.segments[1 : len(shown) + 1]]
    next_starts += [claim.end] * (len(shown) - len(next_starts))
    for segment, next_start in zip(shown, next_starts, strict=True):
        line += segment.tag == "LX"
        yield _segment(segment, claim, faults, line, next_start - claim.start)


def _parent_segments(claim: Claim, faults: Highlights) -> Iterator[SegmentView]:
    for party in (*claim.submitter_receiver, *claim.provider, *claim.subscriber, *claim.patient):
        for segment in party.segments:
            if segment.index in faults:
                yield _segment(segment, claim, faults, 0, 0)


def _segment(segment: Segment, claim: Claim, faults: Highlights, line: int, next_start: int) -> SegmentView:
    found = faults.get(segment.index)
    start = segment.offset - claim.start
    small = len(segment.raw) <= LONGEST_EDITED
    text = segment.raw.decode(codec_of(segment.raw)) if small else ""
    for picture, separator in _control_pictures(claim.delimiters).items():
        text = text.replace(separator, picture)
    return SegmentView(
        xml=f"<segments>{segment_form(segment, found, claim.delimiters, None)}</segments>",
        text=text,
        start=start,
        end=start + len(segment.raw),
        next_start=next_start,
        line=line,
        loop=segment.loop,
        highlighted=bool(found),
        editable=next_start > 0 and small and text.isprintable(),
    )


def _control_pictures(delimiters: Delimiters) -> dict[str, str]:
    """Return the delimiters that are control characters, by their Unicode control pictures."""
    used = (delimiters.element, delimiters.component, delimiters.repetition, delimiters.segment)
    return {chr(0x2400 + byte[0]): byte.decode("latin-1") for byte in used if byte and byte[0] < 0x20}


def codec_of(raw: bytes) -> str:
    """Return the codec of a segment's text: UTF-8 where it is valid, else Latin-1."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _fix(fix: Fix, claim_start: int, buffer: Buffer, terminator: bytes) -> FixView:
    ends = trailing_line_ends(buffer, fix.start, terminator) if fix.segments else b""
    new = fix.new + b"".join(segment + terminator + ends for segment in fix.segments)
    return FixView(
        fix.rule,
        fix.safe,
        fix.location.element,
        fix.before,
        fix.after,
        fix.start - claim_start,
        fix.end - claim_start,
        new,
    )
