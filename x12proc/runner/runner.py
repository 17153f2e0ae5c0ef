"""Scrubs one input into its artifacts: outcomes handed to report writers, files published at the end."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import BinaryIO, TypeAlias

import msgspec

from x12proc.conformance.stream import with_guide_errors
from x12proc.engine.fixes import FixLevel
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import RULE_CRASH, Outcome, Summary, TransactionErrors, scrub_buffer
from x12proc.errors import InternalError, X12SyntaxError
from x12proc.findings import GuideError
from x12proc.reports.acks.envelopes import ControlNumbers, InterchangeRejection
from x12proc.reports.edi.annotate import AnnotatedEdi
from x12proc.reports.edi.split import Split
from x12proc.reports.edi.split_check import SplitCheck
from x12proc.reports.writer import ReportWriter, StreamWriter
from x12proc.runner.artifacts import ARTIFACTS, ArtifactKind, WriterContext
from x12proc.runner.files import FileBuffer, Input, OpenInput
from x12proc.runner.log import log_fixes, log_result
from x12proc.runner.parallel import ClaimChunk, ClaimPool, can_be_shared, shared_outcomes
from x12proc.runner.pool import GuideChecks
from x12proc.runner.program import program_document
from x12proc.runner.publishing import Artifact, ArtifactSet, SingleArtifact
from x12proc.runner.recording import InputRecorder
from x12proc.runner.rendering import ClaimRenderers, Hints, RenderedClaim
from x12proc.runner.settings import Settings
from x12proc.runner.streams import scratch_file, write_whole
from x12proc.wire import faults
from x12proc.wire.events import Fault, fault_of, make_fault, unreadable_fault
from x12proc.wire.window import Buffer

INTERNAL_FAULT = faults.INTERNAL_FAULT.code
MOST_FAULTS = 1000  # of a severity, listed one by one; a file with more is broken beyond reading them
_RUNS = count(1)  # numbers of the runs of this process
_NOTHING = "there was nothing to write"
_FAILED = "the file failed, and none of its claims counts as accepted"
_IRREVERSIBLE = "the input holds notes of x12proc already; run x12proc restore on it first"
_UNVERIFIED = "where its claims belong can't be determined"


class Result(msgspec.Struct, frozen=True):
    """The result of one input."""

    name: str
    summary: Summary
    faults: list[Fault]
    artifacts: list[Path]
    withheld: dict[str, str]  # artifacts that were asked for and not written, and why

    @property
    def crashed(self) -> bool:
        """Return whether a rule crashed or a written artifact was wrong: an internal error."""
        return any(fault.code in (RULE_CRASH, INTERNAL_FAULT) for fault in self.faults)

    @property
    def incomplete(self) -> bool:
        """Return whether an artifact is missing for which there was something to write."""
        reasons = self.withheld.values()
        return _UNVERIFIED in reasons or (_IRREVERSIBLE in reasons and not self.artifacts)


def outcomes(
    buffer: Buffer,
    settings: Settings,
    checks: GuideChecks,
    all_claims: bool = False,
    progress: Callable[[int], None] | None = None,
    fix_level: FixLevel = "off",
) -> Iterator[Outcome]:
    """Yield the outcomes of a buffer under the rules and, by its settings, the implementation guide."""
    checker = checks.checker(buffer)
    all_claims = all_claims or (checker is not None and checker.whole)
    runs = checker is None or not checker.whole
    found = scrub_buffer(
        buffer, settings.engine(fix_level), settings.codes, all_claims=all_claims, runs=runs, progress=progress
    )
    return with_guide_errors(found, checker, reject=settings.guide_errors == "reject") if checker else found


ClaimCallback = Callable[[ClaimResult], None]
Destination: TypeAlias = Path | BinaryIO | dict[str, bytes]
Reports = dict[str, tuple[ReportWriter, Artifact]]
Streams = dict[str, tuple[StreamWriter, Artifact]]
_Writers = Sequence[tuple[str, StreamWriter]]  # by the names of their artifacts


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a run, besides the settings of its rules.

    ``destination`` is a folder, a stream for a single artifact, a dictionary that receives the bytes of each
    artifact by its name, or None for no files. ``controls`` continues the numbers of acknowledgements over several
    inputs; ``refuse`` returns whether an interchange is refused for a reason that the file doesn't show, such as a
    control number used before. ``checks`` are shared by the inputs of a run; without them each input is checked in
    this process. ``pool`` shares the claims of a large input among processes. ``fix_level`` is which fixes are
    applied; they are written to the artifact ``fixed``. ``recorder`` records the claims.
    """

    emit: Sequence[str] = ()
    destination: Destination | None = None
    fix_level: FixLevel = "off"
    progress: Callable[[int, int], None] | None = None
    on_claim: ClaimCallback | None = None
    controls: ControlNumbers | None = None
    refuse: InterchangeRejection | None = None
    checks: GuideChecks | None = None
    pool: ClaimPool | None = None
    recorder: InputRecorder | None = None


class FileRun:
    """The run over one input."""

    def __init__(self, source: Input, settings: Settings, options: RunOptions) -> None:
        self._source = source
        self._settings = settings
        self._options = options
        self._kinds = [ARTIFACTS[name] for name in options.emit]
        self._controls = options.controls or ControlNumbers(settings.acknowledgement.control)
        self._checks = options.checks or GuideChecks(settings.conformance)
        self._faults: list[Fault] = []
        self._listed: Counter[str] = Counter()
        self._summary = Summary()
        recorder = options.recorder
        callbacks = (options.on_claim, recorder.claim if recorder is not None else None)
        self._claim_callbacks = [callback for callback in callbacks if callback is not None]
        destination = options.destination
        self._folder = destination / source.folder if isinstance(destination, Path) else None
        self._set: ArtifactSet | None = None
        self._takes_results = True  # of target claims: whoever iterates over them
        self.result: Result | None = None  # set once all claims have been taken

    def run(self) -> Result:
        """Scrub the input.

        Raises OSError when an artifact can't be written; none is left then.
        """
        self._takes_results = bool(self._claim_callbacks)
        for _ in self.claims():
            pass
        assert self.result is not None, "the claims have been taken to their end"
        return self.result

    def claims(self) -> Iterator[ClaimResult]:
        """Yield the target claims while the input is scrubbed. The artifacts appear, and ``result`` is set, after
        the last one; left before that, nothing remains.

        Raises OSError when an artifact can't be written; none is left then.
        """
        started = time.perf_counter()
        with contextlib.ExitStack() as stack:
            opened = self._open(stack)
            if isinstance(opened, X12SyntaxError):
                result = self._unreadable(opened, stack)
            else:
                try:
                    result = yield from self._scrub(opened, stack)
                except InternalError as error:
                    result = self._internal_failure(error)
        log_result(result.summary, result.faults, result.withheld, time.perf_counter() - started)
        self.result = result

    def _open(self, stack: contextlib.ExitStack) -> OpenInput | X12SyntaxError:
        try:
            return stack.enter_context(OpenInput(self._source))
        except X12SyntaxError as error:
            return error
        except OSError as error:
            return faults.UNREADABLE.error(0, reason=error.strerror)

    # -- readable and unreadable inputs ---------------------------------------------------------------------

    def _scrub(self, opened: OpenInput, stack: contextlib.ExitStack) -> Generator[ClaimResult, None, Result]:
        recorder = self._options.recorder
        if recorder is not None:
            recorder.begin()
            stack.callback(recorder.end)
        reports = self._open_reports(opened.buffer, stack)
        streams = self._open_streams(opened.buffer, stack)
        for report, _ in reports.values():
            report.begin({"name": self._source.name, "sha256": opened.sha256, "bytes": opened.size})
        split_check = SplitCheck(opened.buffer)
        by_writer = {stream: name for name, (stream, _) in streams.items()}  # both files of a split have one
        writers = [(name, stream) for stream, name in by_writer.items()]
        writers += [("", split_check)] if any(kind.split for kind in self._kinds) else []
        yield from self._write_all(opened, reports, writers)
        for _, writer in writers:
            writer.end(self._summary)
        withheld = {
            **self._empty(streams),
            **self._unverified(streams, split_check),
            **self._irreversible(streams),
        }
        self._end(reports)
        finished = [artifact for _, artifact in reports.values()]
        finished += [artifact for kind, (_, artifact) in streams.items() if kind not in withheld]
        if recorder is not None and not self._summary.failed:
            recorder.commit(opened.sha256)
        return self._result(finished, withheld)

    def _unreadable(self, error: X12SyntaxError, stack: contextlib.ExitStack) -> Result:
        self._count(unreadable_fault(error))
        reports = self._open_reports(b"", stack)
        for report, _ in reports.values():
            report.begin({"name": self._source.name, "sha256": "", "bytes": 0})
        self._end(reports)
        withheld = {kind.name: _NOTHING for kind in self._kinds if kind.report is None}
        return self._result([artifact for _, artifact in reports.values()], withheld)

    def _internal_failure(self, error: InternalError) -> Result:
        """Return a result without artifacts: what was written is wrong, and nothing counts as accepted."""
        self._count(fault_of(faults.INTERNAL_FAULT, segment_index=0, byte_offset=0, fault=error))
        return Result(self._source.shown_name, self._summary, self._faults, [], {})

    # -- outcomes ------------------------------------------------------------------------------------------

    def _write_all(self, opened: OpenInput, reports: Reports, streams: _Writers) -> Iterator[ClaimResult]:
        """Pass every outcome to all writers; yield the results of target claims, where they are taken."""

        def advance(position: int) -> None:
            if self._options.progress is not None:
                self._options.progress(position, opened.size)

        writers = {name: report for name, (report, _) in reports.items()}
        renderers = ClaimRenderers(self._options.emit, opened.buffer, self._source.name, self._settings)
        for outcome in self._outcomes(opened, writers, advance):
            if isinstance(outcome, ClaimResult):
                renderers.take_hints(_hints(writers))
                rendered = renderers.render(outcome)
            elif isinstance(outcome, RenderedClaim):
                rendered = outcome
            else:
                self._count(outcome)
                for _, stream in streams:
                    stream.handle(outcome)
                continue
            self._write_claim(rendered, writers, streams)
            advance(rendered.claim.span.end)
            if rendered.result is not None:
                yield rendered.result

    def _outcomes(
        self, opened: OpenInput, reports: Mapping[str, ReportWriter], advance: Callable[[int], None]
    ) -> Iterator[Outcome] | Iterator[Outcome | RenderedClaim]:
        all_claims = any(kind.needs_all_claims for kind in self._kinds)
        path, pool, fix_level = self._source.path, self._options.pool, self._options.fix_level
        if not can_be_shared(pool, self._settings, path, opened.size):
            return outcomes(opened.buffer, self._settings, self._checks, all_claims, advance, fix_level=fix_level)
        assert pool is not None
        assert path is not None
        chunk = ClaimChunk(
            run=next(_RUNS),
            path=path,
            name=self._source.name,
            emit=tuple(self._options.emit),
            spans=(),
            fix_level=fix_level,
            all_claims=all_claims,
            results=self._takes_results,
            hints={},
        )
        return shared_outcomes(opened.buffer, self._settings, pool, chunk, lambda: _hints(reports), advance)

    def _write_claim(
        self, rendered: RenderedClaim, reports: Mapping[str, ReportWriter], streams: _Writers
    ) -> None:
        claim, parts = rendered.claim, rendered.parts
        self._summary.count_claim(claim.tally)
        for name, report in reports.items():
            report.claim(claim, parts[name])
        if not reports and claim.tally.applied:
            log_fixes(claim.tally.applied)
        for name, stream in streams:
            stream.claim(claim, parts.get(name))
        if rendered.result is not None:
            for take in self._claim_callbacks:
                take(rendered.result)

    def _count(self, outcome: Outcome) -> None:
        self._summary.count(outcome)
        if isinstance(outcome, Fault):
            self._record_fault(outcome)
        elif isinstance(outcome, TransactionErrors):
            for error in outcome.guide_errors:
                self._record_fault(_guide_fault(error, outcome))

    def _record_fault(self, fault: Fault) -> None:
        """List a fault; errors have room of their own: warnings must not hide what failed the file."""
        self._listed[fault.severity] += 1
        if self._listed[fault.severity] <= MOST_FAULTS:
            self._faults.append(fault)
        elif self._listed[fault.severity] == MOST_FAULTS + 1:
            more = f"More than {MOST_FAULTS} faults; the rest is not listed"
            self._faults.append(msgspec.structs.replace(fault, code="too-many-faults", message=more))

    # -- artifacts -----------------------------------------------------------------------------------------

    def _open_reports(self, buffer: Buffer, stack: contextlib.ExitStack) -> Reports:
        reports: Reports = {}
        for kind in self._kinds:
            if kind.report is not None:
                artifact = self._artifact(kind, stack)
                reports[kind.name] = (kind.report.writer(self._context(buffer, artifact, stack)), artifact)
        return reports

    def _open_streams(self, buffer: Buffer, stack: contextlib.ExitStack) -> Streams:
        artifacts = {kind: self._artifact(kind, stack) for kind in self._kinds if kind.report is None}
        split = Split(buffer, {kind.name: artifact.file for kind, artifact in artifacts.items() if kind.split})
        return {
            kind.name: (
                kind.stream.writer(self._context(buffer, artifact, stack)) if kind.stream else split,
                artifact,
            )
            for kind, artifact in artifacts.items()
        }

    def _context(self, buffer: Buffer, artifact: Artifact, stack: contextlib.ExitStack) -> WriterContext:
        return WriterContext(
            buffer,
            artifact.file.write,
            lambda: _scratch(stack),
            self._settings,
            self._controls,
            self._options.refuse,
        )

    def _empty(self, streams: Streams) -> dict[str, str]:
        """Return the streams for which there was nothing to write."""
        readable = self._summary.interchanges > 0
        return {
            name: _NOTHING
            for name, (_, artifact) in streams.items()
            if not artifact.file.tell() or (ARTIFACTS[name].needs_interchange and not readable)
        }

    def _unverified(self, streams: Streams, check: SplitCheck) -> dict[str, str]:
        """Return the streams that must not be published. Raises InternalError when the check of a split fails."""
        if self._summary.failed:
            return {name: _FAILED for name in streams if ARTIFACTS[name].sendable}
        sides = [(name, stream, art) for name, (stream, art) in streams.items() if isinstance(stream, Split)]
        found = [split.ambiguity or _check_side(name, artifact, check) for name, split, artifact in sides]
        faults = list(dict.fromkeys(fault for fault in found if fault is not None))
        for fault in faults:
            self._count(fault)
        return {name: _UNVERIFIED for name, _, _ in sides if faults}  # one without the other would lose claims

    def _irreversible(self, streams: Streams) -> dict[str, str]:
        """Return the annotated copy of an input that was annotated before, from which restore would not return."""
        found = {
            name: stream.earlier_note for name, (stream, _) in streams.items() if isinstance(stream, AnnotatedEdi)
        }
        withheld = {name: offset for name, offset in found.items() if offset is not None}
        for offset in withheld.values():
            self._count(fault_of(faults.EARLIER_NOTES, segment_index=0, byte_offset=offset))
        return dict.fromkeys(withheld, _IRREVERSIBLE)

    def _artifact(self, kind: ArtifactKind, stack: contextlib.ExitStack) -> Artifact:
        name = self._source.stem + kind.suffix
        if self._set is None and self._folder is not None:
            if self._source.folder != Path():
                self._folder.mkdir(parents=True, exist_ok=True)
            self._set = ArtifactSet(self._folder, self._source.stem)
            stack.callback(self._set.discard)
        if self._set is not None:
            return self._set.open(name)
        artifact = SingleArtifact(Path(tempfile.gettempdir()) / name)
        stack.callback(artifact.discard)
        return artifact

    def _end(self, reports: dict[str, tuple[ReportWriter, Artifact]]) -> None:
        for report, _ in reports.values():
            report.end(self._summary, self._faults, program_document(self._settings))

    def _result(self, finished: list[Artifact], withheld: dict[str, str]) -> Result:
        paths = []
        if self._folder is not None:
            artifact_set = self._set or ArtifactSet(self._folder, self._source.stem)
            # An artifact of an earlier run is not this input's.
            obsolete = [self._source.stem + ARTIFACTS[name].suffix for name in withheld]
            artifact_set.publish(finished, obsolete)
            paths = [artifact.path for artifact in finished]
        elif isinstance(self._options.destination, dict):
            suffixes = {self._source.stem + kind.suffix: kind.name for kind in self._kinds}
            self._options.destination.update(
                {suffixes[artifact.path.name]: _contents(artifact) for artifact in finished}
            )
        else:
            for artifact in finished:
                _copy_to_stream(artifact, self._options.destination)
        return Result(self._source.shown_name, self._summary, self._faults, paths, withheld)


def _contents(artifact: Artifact) -> bytes:
    """Return the bytes of a finished artifact."""
    with artifact.reopen() as file:
        return file.read()


def _copy_to_stream(artifact: Artifact, stream: Destination | None) -> None:
    """Copy a finished artifact to a stream."""
    if stream is None or isinstance(stream, Path | dict):
        return
    artifact.file.flush()
    with artifact.reopen() as file:
        while piece := file.read(1024 * 1024):
            write_whole(stream, piece)
    stream.flush()


def _hints(reports: Mapping[str, ReportWriter]) -> Hints:
    """Return the hints of the writers that have one."""
    found = {name: report.hint() for name, report in reports.items()}
    return {name: hint for name, hint in found.items() if hint is not None}


def _scratch(stack: contextlib.ExitStack) -> BinaryIO:
    """Open an empty file that is deleted when the stack is closed."""
    return stack.enter_context(scratch_file())


def _guide_fault(error: GuideError, outcome: TransactionErrors) -> Fault:
    """Return an error against the guide that belongs to no claim as a fault of the file."""
    return make_fault(
        f"guide-{error.code}",
        f"Loop {error.location.loop}: {error.message}",
        faults.WARN,
        segment_index=error.location.segment_index,
        byte_offset=error.location.byte_offset,
        interchange=outcome.interchange,
        group=outcome.group,
        transaction=outcome.transaction,
    )


def _check_side(name: str, artifact: Artifact, check: SplitCheck) -> Fault | None:
    """Read one file of a split again and check it. Raises InternalError."""
    with artifact.reopen() as file:
        return check.check(name, FileBuffer(file))
