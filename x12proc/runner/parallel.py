"""The target claims of one file shared among processes, and put back into their order.

This process scans: that is cheap, and everything that hangs on order, on envelopes and on what came before stays
in one place. The others open claims, run the rules, hold them against their guide, and make of each what the
artifacts need. What they can't know (whether the file held the same claim before) is decided here, and a claim for
which it matters is scrubbed again here; so the outcomes are those of a run by itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from x12proc.claims.builder import ClaimBuilder
from x12proc.conformance.checker import GuideChecker
from x12proc.conformance.chunks import CHECKED_GUIDES, version
from x12proc.conformance.stream import unchecked_fault, with_errors
from x12proc.engine.engine import ClaimFindings, ClaimResult, Engine, RemoteClaimResult
from x12proc.engine.fixes import FixLevel, claim_fixes
from x12proc.engine.stream import Outcome, UntargetedClaim, scrub_claim
from x12proc.reports.document import Document, claim_document
from x12proc.reports.edi.annotate import Annotator
from x12proc.runner.files import FileBuffer
from x12proc.runner.pool import GuideChecks, Processes, make_ready
from x12proc.runner.settings import Settings, load_settings
from x12proc.wire.events import ClaimSpan, Fault
from x12proc.wire.scanner import scan
from x12proc.wire.window import Buffer

SMALLEST = 2_000_000  # bytes; for less the processes would take longer to start than they save
_CLAIMS, _BYTES = 128, 1024 * 1024  # of a share, at most
_READ_AHEAD = 4 * _BYTES  # a share whose claims stand this close together is read in one go
_MOST_HELD = 4096  # outcomes of a share, most of them claims that nothing is to be done for


class ClaimChunk(msgspec.Struct, frozen=True):
    """Some claims of a file, and what is made of them besides."""

    path: Path
    spans: tuple[ClaimSpan, ...]
    fixing: FixLevel
    documents: bool
    patient: bool
    notes: bool
    all_claims: bool


class ChunkResult(msgspec.Struct, frozen=True):
    """What a claim came to. ``keys`` say what must not have come before; ``again`` that it has to be scrubbed
    where all of the file is known."""

    faults: tuple[Fault, ...] = ()
    told: RemoteClaimResult | None = None
    passed: bool = False
    keys: tuple[Hashable, ...] = ()
    again: bool = False


class ClaimPool(Processes):
    """The processes that share the claims of the files of a run.

    ``options`` are arguments of load_settings, ``now`` is the time of the run. There are ``jobs`` of them: 0
    stands for one a core, and 1 shares nothing.
    """

    def __init__(self, options: Mapping[str, Any], now: datetime, jobs: int) -> None:
        super().__init__(jobs, _begin, dict(options), now)


def can_be_shared(sharing: ClaimPool | None, settings: Settings, path: Path | None, size: int) -> bool:
    """Whether the claims of an input can be given to other processes, and are worth it."""
    if sharing is None or sharing.jobs == 1:
        return False
    plain = path is not None and path.is_file() and path.suffix.lower() != ".gz"
    return plain and size >= SMALLEST and settings.conformance != "full" and settings.sent_before is None


# -- here ------------------------------------------------------------------------------------------------------

_Held: TypeAlias = list[Outcome | ClaimSpan]


def shared_outcomes(
    buffer: Buffer,
    settings: Settings,
    sharing: ClaimPool,
    share: ClaimChunk,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Outcome]:
    """The outcomes of a file in their order, target claims as ToldClaim wherever another process could scrub them.

    ``share`` says what is to be made of each; its spans are filled in.
    """
    desk = _Desk(buffer, settings)
    held: _Held = []
    count = size = 0
    waiting: deque[tuple[_Held, Future[list[ChunkResult]] | None]] = deque()
    for event in scan(buffer, settings.codes, all_claims=share.all_claims, progress=progress):
        if isinstance(event, ClaimSpan) and event.has_code:
            held.append(event)
            count, size = count + 1, size + event.end - event.start
        else:
            held.append(UntargetedClaim(event) if isinstance(event, ClaimSpan) else event)
        if count >= _CLAIMS or size >= _BYTES or len(held) >= _MOST_HELD:
            waiting.append((held, _submitted(held, sharing, share)))
            held, count, size = [], 0, 0
        while len(waiting) > sharing.jobs + 1:
            yield from desk.told(*waiting.popleft())
    waiting.append((held, _submitted(held, sharing, share)))
    for left in waiting:
        yield from desk.told(*left)


def _submitted(held: _Held, sharing: ClaimPool, share: ClaimChunk) -> Future[list[ChunkResult]] | None:
    spans = tuple(entry for entry in held if isinstance(entry, ClaimSpan))
    return sharing.submit(_work, msgspec.structs.replace(share, spans=spans)) if spans else None


class _Desk:
    """Puts what was found into its order, and decides what only the whole file shows."""

    def __init__(self, buffer: Buffer, settings: Settings) -> None:
        self._settings = settings
        self._engine = settings.engine()
        self._builder = ClaimBuilder(buffer)
        self._checker = GuideChecks(settings.conformance).checker(buffer)
        self._remarked: set[str] = set()

    def told(self, held: _Held, answer: Future[list[ChunkResult]] | None) -> Iterator[Outcome]:
        """The outcomes of a share."""
        found = iter(answer.result() if answer is not None else ())
        for entry in held:
            if isinstance(entry, ClaimSpan):
                yield from self._claim(entry, next(found))
            else:
                yield entry

    def _claim(self, span: ClaimSpan, found: ChunkResult) -> Iterator[Outcome]:
        if found.again or self._engine.has_seen(found.keys):
            yield from self._again(span)
            return
        yield from found.faults
        if found.told is not None:
            yield from self._remarks(span)
            # With our own span: whether two claims are of one set is seen by whether the set is the same object.
            yield msgspec.structs.replace(found.told, span=span)
        elif found.passed:
            yield UntargetedClaim(span)

    def _again(self, span: ClaimSpan) -> Iterator[Outcome]:
        for outcome in scrub_claim(self._builder, self._engine, self._settings.codes, span, all_claims=True):
            if isinstance(outcome, ClaimResult):
                yield from self._remarks(span)
                yield _judged(outcome, self._checker, self._settings)
            elif isinstance(outcome, Fault):
                yield outcome

    def _remarks(self, span: ClaimSpan) -> Iterator[Fault]:
        guide = version(span)
        if self._checker is not None and guide not in CHECKED_GUIDES and guide not in self._remarked:
            self._remarked.add(guide)
            yield unchecked_fault(span)


def _judged(scrubbed: ClaimResult, checker: GuideChecker | None, settings: Settings) -> ClaimResult:
    if checker is None:
        return scrubbed
    (errors,) = checker.submit([scrubbed.span])()
    return with_errors(scrubbed, errors, reject=settings.guide_errors == "reject")


# -- in another process ----------------------------------------------------------------------------------------


class _Worker:
    """What a process keeps between shares."""

    settings: Settings
    engine: Engine


def _begin(options: Mapping[str, Any], now: datetime) -> None:
    make_ready()
    _Worker.settings = msgspec.structs.replace(load_settings(**options), now=now)
    _Worker.engine = _Worker.settings.engine()


def _work(share: ClaimChunk) -> list[ChunkResult]:
    """Scrub the claims of a share."""
    settings, engine = _Worker.settings, _Worker.engine
    with share.path.open("rb", buffering=0) as file:
        buffer = FileBuffer(file)
        start, end = share.spans[0].start, share.spans[-1].end
        if end - start <= _READ_AHEAD:
            buffer.keep(start, end)
        builder, annotator = ClaimBuilder(buffer), Annotator(buffer)
        opened = []
        for span in share.spans:
            engine.forget()  # what came before is not known here
            told = scrub_claim(builder, engine, settings.codes, span, all_claims=share.all_claims)
            opened.append(list(told))
        scrubbed = [claim for outcomes in opened for claim in outcomes if isinstance(claim, ClaimResult)]
        checker = GuideChecks(settings.conformance).checker(buffer)
        if checker is not None:
            errors = checker.submit([claim.span for claim in scrubbed])()
            reject = settings.guide_errors == "reject"
            scrubbed = [
                with_errors(claim, given, reject=reject) for claim, given in zip(scrubbed, errors, strict=True)
            ]
        ready = iter(scrubbed)
        return [_found(outcomes, ready, share, annotator) for outcomes in opened]


def _found(
    outcomes: Sequence[Outcome], judged_claims: Iterator[ClaimResult], share: ClaimChunk, annotator: Annotator
) -> ChunkResult:
    faults = tuple(outcome for outcome in outcomes if isinstance(outcome, Fault))
    if not outcomes or not isinstance(outcomes[-1], ClaimResult):
        return ChunkResult(faults, passed=any(isinstance(outcome, UntargetedClaim) for outcome in outcomes))
    scrubbed = next(judged_claims)
    if scrubbed.crashes:  # an exception is told where it was raised
        return ChunkResult(again=True)
    return ChunkResult(faults, _told(scrubbed, share, annotator), keys=scrubbed.context.asked_for)


def _told(scrubbed: ClaimResult, share: ClaimChunk, annotator: Annotator) -> RemoteClaimResult:
    fixes = claim_fixes(scrubbed, share.fixing)
    applied = sum(fix.applied for fix in fixes)
    document = claim_document(scrubbed, share.fixing, patient=share.patient) if share.documents else None
    notes = tuple((edit.start, edit.new) for edit in annotator.edits(scrubbed)) if share.notes else None
    return RemoteClaimResult(
        span=scrubbed.span,
        charge=scrubbed.charge,
        rejected=scrubbed.rejected,
        line_count=scrubbed.line_count,
        heard=tuple(scrubbed.heard),
        guide_error_count=scrubbed.guide_error_count,
        found=msgspec.msgpack.encode(_what_was_found(scrubbed)),
        fixes=(applied, len(fixes) - applied),
        document=None if document is None else msgspec.json.encode(document),
        notes=notes,
    )


def _what_was_found(scrubbed: ClaimResult) -> ClaimFindings:
    return ClaimFindings(
        scrubbed.profile,
        scrubbed.findings,
        tuple(line.findings for line in scrubbed.lines),
        scrubbed.guide_errors,
        scrubbed.bypasses,
        scrubbed.refused,
    )


class LazyClaimResult:
    """A claim that another process scrubbed, for those who need all of it: opened when first asked for."""

    def __init__(
        self, builder: ClaimBuilder, engine: Engine, fixing: FixLevel, told: RemoteClaimResult, *, patient: bool
    ) -> None:
        self._builder = builder
        self._engine = engine
        self._fixing = fixing
        self._patient = patient
        self._told = told

    @cached_property
    def scrubbed(self) -> ClaimResult:
        """The claim with what was found in it."""
        found = msgspec.msgpack.decode(self._told.found, type=ClaimFindings)
        return self._engine.restore(self._builder.build(self._told.span), found)

    @cached_property
    def document(self) -> Document:
        """The same as reports are written from it."""
        return claim_document(self.scrubbed, self._fixing, patient=self._patient)
