"""Shares the target claims of one file among processes, and puts their results back into file order.

This process scans: that is cheap, and everything that depends on order, on envelopes and on earlier claims stays
in one place. The worker processes open claims, run the rules and check the claims against their guide. What they
can't know is decided here: whether the file held the same claim before. A claim for which that matters is scrubbed
again here, so that the outcomes are those of a run in one process.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from x12proc.claims.builder import ClaimBuilder
from x12proc.claims.mentions import read_claim
from x12proc.claims.model import Claim
from x12proc.conformance.checker import GuideChecker
from x12proc.conformance.chunks import CHECKED_GUIDES, version
from x12proc.conformance.stream import unchecked_fault, with_errors
from x12proc.engine.engine import Engine
from x12proc.engine.fixes import Fix, FixLevel
from x12proc.engine.result import ClaimResult, LineResult, RuleCrash
from x12proc.engine.stream import Outcome, UntargetedClaim, scrub_claim
from x12proc.engine.tally import ClaimTally
from x12proc.findings import Finding, GuideError, HiddenFinding
from x12proc.narrative import Narrative
from x12proc.profiles.profiles import Bypass
from x12proc.reference.coverage import Unchecked
from x12proc.reference.model import Product
from x12proc.reports.writer import TargetClaim
from x12proc.runner.files import FileBuffer
from x12proc.runner.pool import GuideChecks, ProcessPool, init_worker
from x12proc.runner.rendering import ClaimRenderers, Hints, Parts, RenderedClaim
from x12proc.runner.settings import Settings, load_settings
from x12proc.wire.events import ClaimSpan, Fault, MentionCounts
from x12proc.wire.scanner import scan
from x12proc.wire.window import Buffer

SMALLEST = 2_000_000  # bytes; for less the processes would take longer to start than they save
_CLAIMS, _BYTES = 128, 1024 * 1024  # of a chunk, at most
_READ_AHEAD = 4 * _BYTES  # a chunk whose claims are this close together is read in one go
_MOST_PENDING = 4096  # outcomes of a chunk, most of them claims without a target line


class ClaimChunk(msgspec.Struct, frozen=True):
    """Some claims of a file, to be scrubbed and rendered by a worker process.

    ``run`` is the number of the run over the file in the process that reads it, ``name`` that of the input,
    ``emit`` the artifacts of the run, ``results`` whether somebody takes the claims' results, ``hints`` what the
    writers of reports said last.
    """

    run: int
    path: Path
    name: str
    emit: tuple[str, ...]
    spans: tuple[ClaimSpan, ...]
    fix_level: FixLevel
    all_claims: bool
    results: bool
    hints: Hints


class LineFindings(msgspec.Struct, frozen=True):
    """A LineResult without its line, which is the claim's line at an index."""

    index: int
    findings: tuple[Finding, ...]
    narrative: Narrative
    product: Product | None
    fixes: tuple[Fix, ...]
    unchecked: tuple[Unchecked, ...]
    hidden: tuple[HiddenFinding, ...]


class ClaimFindings(msgspec.Struct, frozen=True):
    """A ClaimResult without its claim: to open it again takes half the time of sending its segments."""

    profile: str
    findings: tuple[Finding, ...]
    lines: tuple[LineFindings, ...]
    crashes: tuple[RuleCrash, ...]
    guide_errors: tuple[GuideError, ...]
    bypasses: tuple[Bypass, ...]
    refused: bool
    hidden: tuple[HiddenFinding, ...]


class ScrubbedClaim(msgspec.Struct, frozen=True):
    """A claim as a worker process returns it."""

    tally: ClaimTally
    parts: Parts
    findings: ClaimFindings | None  # where somebody takes the result


class ChunkResult(msgspec.Struct, frozen=True):
    """The outcomes of one claim, and the keys that no earlier claim of the file may have had."""

    outcomes: tuple[Fault | MentionCounts | ScrubbedClaim | UntargetedClaim, ...]
    keys: tuple[Hashable, ...]


class ClaimPool(ProcessPool):
    """The worker processes that share the claims of the files of a run.

    ``options`` are arguments of load_settings, ``now`` is the time of the run. ``jobs`` is the number of
    processes: 0 for one a core, 1 for none.
    """

    def __init__(self, options: Mapping[str, Any], now: datetime, jobs: int) -> None:
        super().__init__(jobs, _init_worker, dict(options), now)


def can_be_shared(pool: ClaimPool | None, settings: Settings, path: Path | None, size: int) -> bool:
    """Return whether the claims of an input can be given to worker processes, and are worth it."""
    if pool is None or pool.jobs == 1:
        return False
    plain = path is not None and path.is_file() and path.suffix.lower() != ".gz"
    return plain and size >= SMALLEST and settings.conformance != "full" and settings.sent_before is None


# -- in this process -------------------------------------------------------------------------------------------

_Pending: TypeAlias = list[Outcome | ClaimSpan]


def shared_outcomes(
    buffer: Buffer,
    settings: Settings,
    pool: ClaimPool,
    chunk: ClaimChunk,
    hints: Callable[[], Hints],
    progress: Callable[[int], None] | None = None,
) -> Iterator[Outcome | RenderedClaim]:
    """Yield the outcomes of a file in file order, its target claims scrubbed and rendered by worker processes.

    ``chunk`` holds what is the same for all of them; its spans and hints are filled in.
    """
    merger = _ResultMerger(buffer, settings, chunk.fix_level)
    pending: _Pending = []
    count = size = 0
    submitted: deque[tuple[_Pending, Future[list[ChunkResult]] | None]] = deque()
    for event in scan(buffer, settings.codes, all_claims=chunk.all_claims, runs=True, progress=progress):
        if isinstance(event, ClaimSpan) and event.has_code:
            pending.append(event)
            count, size = count + 1, size + event.end - event.start
        else:
            pending.append(UntargetedClaim(event) if isinstance(event, ClaimSpan) else event)
        if count >= _CLAIMS or size >= _BYTES or len(pending) >= _MOST_PENDING:
            chunk = msgspec.structs.replace(chunk, hints=hints())
            submitted.append((pending, _submit(pending, pool, chunk)))
            pending, count, size = [], 0, 0
        while len(submitted) > pool.jobs + 1:
            yield from merger.merge(*submitted.popleft())
    submitted.append((pending, _submit(pending, pool, chunk)))
    for rest in submitted:
        yield from merger.merge(*rest)


def _submit(pending: _Pending, pool: ClaimPool, chunk: ClaimChunk) -> Future[list[ChunkResult]] | None:
    spans = tuple(entry for entry in pending if isinstance(entry, ClaimSpan))
    return pool.submit(_scrub_chunk, msgspec.structs.replace(chunk, spans=spans)) if spans else None


class _ResultMerger:
    """Puts the results of chunks into file order, and decides what only the whole file shows."""

    def __init__(self, buffer: Buffer, settings: Settings, fix_level: FixLevel) -> None:
        self._settings = settings
        self._engine = settings.engine(fix_level)
        self._builder = ClaimBuilder(buffer)
        self._checker = GuideChecks(settings.conformance).checker(buffer)
        self._unchecked_guides: set[str] = set()

    def merge(
        self, pending: _Pending, future: Future[list[ChunkResult]] | None
    ) -> Iterator[Outcome | RenderedClaim]:
        """Yield the outcomes of a chunk."""
        results = iter(future.result() if future is not None else ())
        for entry in pending:
            if isinstance(entry, ClaimSpan):
                yield from self._claim(entry, next(results))
            else:
                yield entry

    def _claim(self, span: ClaimSpan, result: ChunkResult) -> Iterator[Outcome | RenderedClaim]:
        if self._engine.add_keys(result.keys):
            for outcome in result.outcomes:
                yield from self._with_own_span(outcome, span)
        else:
            yield from self._scrub_again(span)

    def _with_own_span(
        self, outcome: Fault | MentionCounts | ScrubbedClaim | UntargetedClaim, span: ClaimSpan
    ) -> Iterator[Outcome | RenderedClaim]:
        """Yield an outcome with this process's span: two claims are of one transaction set where that is the same
        object."""
        if isinstance(outcome, ScrubbedClaim):
            yield from self._unchecked_guide(span)
            result = None
            if outcome.findings is not None:
                result = _with_claim(outcome.findings, read_claim(self._builder, span, self._engine.codes).claim)
            yield RenderedClaim(TargetClaim(span, outcome.tally), outcome.parts, result)
        elif isinstance(outcome, UntargetedClaim):
            yield UntargetedClaim(span)
        else:
            yield outcome

    def _scrub_again(self, span: ClaimSpan) -> Iterator[Outcome]:
        for outcome in scrub_claim(self._builder, self._engine, self._settings.codes, span, all_claims=True):
            if isinstance(outcome, ClaimResult):
                yield from self._unchecked_guide(span)
                yield _with_guide_errors([outcome], self._checker, self._settings)[0]
            elif isinstance(outcome, Fault | MentionCounts):
                yield outcome

    def _unchecked_guide(self, span: ClaimSpan) -> Iterator[Fault]:
        guide = version(span)
        if self._checker is not None and guide not in CHECKED_GUIDES and guide not in self._unchecked_guides:
            self._unchecked_guides.add(guide)
            yield unchecked_fault(span)


def _scrubbed(rendered: RenderedClaim, *, results: bool) -> ScrubbedClaim:
    assert rendered.result is not None, "the renderers keep it"
    findings = _without_claim(rendered.result) if results else None
    return ScrubbedClaim(rendered.claim.tally, rendered.parts, findings)


def _without_claim(result: ClaimResult) -> ClaimFindings:
    index = {id(line): index for index, line in enumerate(result.claim.lines)}
    lines = tuple(
        LineFindings(
            index[id(found.line)],
            found.findings,
            found.narrative,
            found.product,
            found.fixes,
            found.unchecked,
            found.hidden,
        )
        for found in result.lines
    )
    return ClaimFindings(
        result.profile,
        result.findings,
        lines,
        result.crashes,
        result.guide_errors,
        result.bypasses,
        result.refused,
        result.hidden,
    )


def _with_claim(found: ClaimFindings, claim: Claim) -> ClaimResult:
    lines = tuple(
        LineResult(
            claim.lines[line.index],
            line.findings,
            line.narrative,
            line.product,
            line.fixes,
            line.unchecked,
            line.hidden,
        )
        for line in found.lines
    )
    return ClaimResult(
        claim,
        found.profile,
        found.findings,
        lines,
        found.crashes,
        found.guide_errors,
        found.bypasses,
        found.refused,
        found.hidden,
    )


def _with_guide_errors(
    results: list[ClaimResult], checker: GuideChecker | None, settings: Settings
) -> list[ClaimResult]:
    if checker is None:
        return results
    errors = checker.submit([result.span for result in results])()
    reject = settings.guide_errors == "reject"
    return [with_errors(result, found, reject=reject) for result, found in zip(results, errors, strict=True)]


# -- in a worker process ---------------------------------------------------------------------------------------


class _Worker:
    """The state of a worker process between chunks."""

    settings: Settings
    engines: dict[FixLevel, Engine]  # by fix level
    source: _Source | None


class _Source:
    """The file of a run, which is open until a chunk of another run comes, and the renderers of its claims."""

    def __init__(self, chunk: ClaimChunk, settings: Settings) -> None:
        self.run = chunk.run
        self._file = chunk.path.open("rb", buffering=0)
        self.buffer = FileBuffer(self._file)
        self._lines_file = chunk.path.open("rb", buffering=0)  # renderers read elsewhere than the claims' builder
        lines = FileBuffer(self._lines_file)
        self.renderers = ClaimRenderers(chunk.emit, lines, chunk.name, settings)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._lines_file.close()


def _init_worker(options: Mapping[str, Any], now: datetime) -> None:
    init_worker()
    _Worker.settings = msgspec.structs.replace(load_settings(**options), now=now)
    _Worker.engines = {}
    _Worker.source = None


def _source_of(chunk: ClaimChunk) -> _Source:
    source = _Worker.source
    if source is None or source.run != chunk.run:
        if source is not None:
            source.close()
        source = _Worker.source = _Source(chunk, _Worker.settings)
    return source


def _scrub_chunk(chunk: ClaimChunk) -> list[ChunkResult]:
    """Scrub the claims of a chunk; return the outcomes of each."""
    settings = _Worker.settings
    if chunk.fix_level not in _Worker.engines:
        _Worker.engines[chunk.fix_level] = settings.engine(chunk.fix_level)
    engine = _Worker.engines[chunk.fix_level]
    source = _source_of(chunk)
    buffer = source.buffer
    start, end = chunk.spans[0].start, chunk.spans[-1].end
    if end - start <= _READ_AHEAD:
        buffer.keep(start, end)
    builder = ClaimBuilder(buffer)
    outcomes, keys = [], []
    for span in chunk.spans:
        engine.reset()  # earlier claims of the file are not known here
        found = tuple(scrub_claim(builder, engine, settings.codes, span, all_claims=chunk.all_claims))
        scrubbed = bool(found) and isinstance(found[-1], ClaimResult)
        outcomes.append(found)
        keys.append(engine.last_keys if scrubbed else ())
    claims = [outcome for found in outcomes for outcome in found if isinstance(outcome, ClaimResult)]
    checked = _with_guide_errors(claims, GuideChecks(settings.conformance).checker(buffer), settings)
    source.renderers.take_hints(chunk.hints)
    finished = source.renderers.finish([source.renderers.render(result) for result in checked])
    rendered = (_scrubbed(claim, results=chunk.results) for claim in finished)
    return [
        ChunkResult(
            tuple(next(rendered) if isinstance(outcome, ClaimResult) else outcome for outcome in found), own_keys
        )
        for found, own_keys in zip(outcomes, keys, strict=True)
    ]
