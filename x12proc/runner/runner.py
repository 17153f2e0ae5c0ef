"""Scrubs one input into its artifacts: outcomes handed to report writers, files published at the end."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from x12proc.claims.builder import ClaimBuilder
from x12proc.conformance.stream import with_guide_errors
from x12proc.engine.engine import ClaimResult, RemoteClaimResult
from x12proc.engine.fixes import FixLevel, claim_fixes
from x12proc.engine.stream import RULE_CRASH, Outcome, Summary, TransactionErrors, scrub_buffer
from x12proc.errors import InternalError, X12SyntaxError
from x12proc.findings import GuideError
from x12proc.reports.acks.envelopes import ControlNumbers, Refuse
from x12proc.reports.document import Document, claim_document
from x12proc.reports.edi.split import Split
from x12proc.reports.edi.split_check import SplitCheck
from x12proc.reports.html.line_index import Lines
from x12proc.reports.writer import AcceptsRemoteResult, ReportWriter, StreamWriter
from x12proc.runner.artifacts import (
    ARTIFACTS,
    EVERY_CLAIM,
    MAKERS,
    REPORTS,
    SIDES,
    STREAMS,
    TO_BE_SENT,
    WITHOUT_INTERCHANGE,
    StreamParts,
    html_report,
)
from x12proc.runner.files import Artifact, FileBuffer, Input, OpenInput
from x12proc.runner.log import log_fixes, log_result
from x12proc.runner.parallel import ClaimChunk, ClaimPool, LazyClaimResult, can_be_shared, shared_outcomes
from x12proc.runner.pool import GuideChecks
from x12proc.runner.settings import RULES_EDITION, Settings
from x12proc.version import __version__
from x12proc.wire import faults
from x12proc.wire.events import Fault, fault_of, make_fault, unreadable_fault
from x12proc.wire.window import Buffer

INTERNAL_FAULT = faults.INTERNAL_FAULT.code
MOST_FAULTS = 1000  # told one by one; a file with more is broken beyond reading them
_NOTHING = "there was nothing to write"
_FAILED = "the file failed, and none of its claims counts as accepted"
_UNSURE = "where its claims belong can't be told for sure"


class Result(msgspec.Struct, frozen=True):
    """What became of one input."""

    name: str
    summary: Summary
    faults: list[Fault]
    artifacts: list[Path]
    withheld: dict[str, str]  # artifacts that were asked for and not written, and why

    @property
    def crashed(self) -> bool:
        """Whether a rule crashed or the program contradicted itself: an internal fault."""
        return any(fault.code in (RULE_CRASH, INTERNAL_FAULT) for fault in self.faults)

    @property
    def incomplete(self) -> bool:
        """Whether an artifact could not be made for which there was something to write."""
        return _UNSURE in self.withheld.values()


def outcomes(
    buffer: Buffer,
    settings: Settings,
    checks: GuideChecks,
    all_claims: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Outcome]:
    """What a buffer's claims come to under the rules and, as the settings have it, the implementation guide."""
    checker = checks.checker(buffer)
    all_claims = all_claims or (checker is not None and checker.whole)
    told = scrub_buffer(buffer, settings.engine(), settings.codes, all_claims=all_claims, progress=progress)
    return with_guide_errors(told, checker, reject=settings.guide_errors == "reject") if checker else told


Watcher = Callable[[ClaimResult], None]
Streams = dict[str, tuple[StreamWriter, Artifact]]


class FileRun:
    """The run over one input. ``target`` is a folder, a stream for a single artifact, or None for no files.

    ``controls`` numbers the acknowledgements of several inputs on; ``refuse`` is asked of every interchange
    whether it is refused for a reason that the file doesn't show, such as a control number that came before.
    ``checks`` are shared by the inputs of a run; without them each input is checked in this process.
    ``fixing`` says which fixes are applied; they are written where the artifacts hold ``fixed``. ``sharing`` are
    processes that share the claims of an input that is worth it.
    """

    def __init__(
        self,
        source: Input,
        settings: Settings,
        emit: Sequence[str],
        target: Path | BinaryIO | None,
        *,
        progress: Callable[[int, int], None] | None = None,
        on_claim: Watcher | None = None,
        controls: ControlNumbers | None = None,
        refuse: Refuse | None = None,
        checks: GuideChecks | None = None,
        fixing: FixLevel = "off",
        sharing: ClaimPool | None = None,
    ) -> None:
        self._source = source
        self._settings = settings
        self._emit = emit
        self._target = target
        self._progress = progress
        self._on_claim = on_claim
        self._controls = controls or ControlNumbers(settings.acknowledgement.control)
        self._refuse = refuse
        self._checks = checks or GuideChecks(settings.conformance)
        self._fixing = fixing
        self._sharing = sharing
        self._faults: list[Fault] = []
        self._summary = Summary()
        self._lines = Lines(b"")  # of the input, once it is open
        self._wanted = True  # somebody takes the claims
        self.result: Result | None = None  # what became of the input, once all its claims have been taken

    def run(self) -> Result:
        """Scrub the input.

        Raises OSError when an artifact can't be written; none is left then.
        """
        self._wanted = False
        for _ in self.claims():
            pass
        assert self.result is not None, "the claims have been taken to their end"
        return self.result

    def claims(self) -> Iterator[ClaimResult]:
        """The target claims while the input is scrubbed. The artifacts appear, and ``result`` is set, when the
        last one has been taken; left before that, nothing remains.

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
                except InternalError as fault:
                    result = self._contradicted(fault)
        log_result(result.summary, result.faults, result.withheld, time.perf_counter() - started)
        self.result = result

    def _open(self, stack: contextlib.ExitStack) -> OpenInput | X12SyntaxError:
        try:
            return stack.enter_context(OpenInput(self._source))
        except X12SyntaxError as error:
            return error
        except OSError as error:
            return faults.UNREADABLE.error(0, reason=error.strerror)

    # -- the two ways through ------------------------------------------------------------------------------

    def _scrub(self, opened: OpenInput, stack: contextlib.ExitStack) -> Generator[ClaimResult, None, Result]:
        self._lines = Lines(opened.buffer)
        reports = self._open_reports(stack)
        streams = self._open_streams(opened, stack)
        for report, _ in reports.values():
            report.begin({"name": self._source.name, "sha256": opened.sha256, "bytes": opened.size})
        proof = SplitCheck(opened.buffer)
        told = list(dict.fromkeys(stream for stream, _ in streams.values()))
        told += [] if SIDES.isdisjoint(streams) else [proof]
        yield from self._tell(opened, [report for report, _ in reports.values()], told)
        for stream in told:
            stream.end(self._summary)
        withheld = {**self._empty(streams), **self._unproven(streams, proof)}
        self._end(reports)
        finished = [artifact for _, artifact in reports.values()]
        finished += [artifact for kind, (_, artifact) in streams.items() if kind not in withheld]
        return self._result(finished, withheld)

    def _unreadable(self, error: X12SyntaxError, stack: contextlib.ExitStack) -> Result:
        self._take(unreadable_fault(error))
        reports = self._open_reports(stack)
        for report, _ in reports.values():
            report.begin({"name": self._source.name, "sha256": "", "bytes": 0})
        self._end(reports)
        withheld = {kind: _NOTHING for kind in self._emit if kind in STREAMS}
        return self._result([artifact for _, artifact in reports.values()], withheld)

    def _contradicted(self, fault: InternalError) -> Result:
        """We wrote something else than we meant to: nothing is published, and nothing counts as accepted."""
        self._take(fault_of(faults.INTERNAL_FAULT, segment_index=0, byte_offset=0, fault=fault))
        return Result(self._source.name, self._summary, self._faults, [], {})

    # -- the core's outcomes -------------------------------------------------------------------------------

    def _tell(
        self, opened: OpenInput, reports: Sequence[ReportWriter], streams: Sequence[StreamWriter]
    ) -> Iterator[ClaimResult]:
        """Hand every outcome to all who write of it, and the target claims on."""

        def advance(position: int) -> None:
            if self._progress is not None:
                self._progress(position, opened.size)

        settings, builder = self._settings, ClaimBuilder(opened.buffer)
        again = partial(LazyClaimResult, builder, settings.engine(), self._fixing, patient=settings.patient)
        for outcome in self._outcomes(opened, advance):
            self._take(outcome)
            if isinstance(outcome, RemoteClaimResult):
                yield from self._pass_on(outcome, again(outcome), reports, streams)
                advance(outcome.span.end)
                continue
            if isinstance(outcome, ClaimResult):
                self._report(outcome, reports)
                advance(outcome.claim.end)
            for stream in streams:
                stream.take(outcome)
            if isinstance(outcome, ClaimResult):
                yield outcome

    def _outcomes(self, opened: OpenInput, advance: Callable[[int], None]) -> Iterator[Outcome]:
        all_claims = not EVERY_CLAIM.isdisjoint(self._emit)
        path = self._source.path
        if not can_be_shared(self._sharing, self._settings, path, opened.size):
            return outcomes(opened.buffer, self._settings, self._checks, all_claims, advance)
        assert self._sharing is not None
        assert path is not None
        emit = self._emit
        share = ClaimChunk(
            path=path,
            spans=(),
            fixing=self._fixing,
            documents="json" in emit,
            patient=self._settings.patient,
            notes="annotated" in emit,
            all_claims=all_claims,
        )
        return shared_outcomes(opened.buffer, self._settings, self._sharing, share, advance)

    def _pass_on(
        self,
        told: RemoteClaimResult,
        again: LazyClaimResult,
        reports: Sequence[ReportWriter],
        streams: Sequence[StreamWriter],
    ) -> Iterator[ClaimResult]:
        """Hand on what another process found in a claim. It is opened again only for those who need all of it."""
        self._count_fixes(*told.fixes)
        for report in reports:
            if not (isinstance(report, AcceptsRemoteResult) and report.told(told)):
                report.claim(again.scrubbed, again.document)
        for stream in streams:
            if not (isinstance(stream, AcceptsRemoteResult) and stream.told(told)):
                stream.take(again.scrubbed)
        if told.fixes[0] and not reports:
            log_fixes(claim_fixes(again.scrubbed, self._fixing))
        if self._on_claim is not None:
            self._on_claim(again.scrubbed)
        if self._wanted:
            yield again.scrubbed

    def _count_fixes(self, applied: int, offered: int) -> None:
        self._summary.fixes["applied"] += applied
        self._summary.fixes["offered"] += offered

    def _report(self, scrubbed: ClaimResult, reports: Sequence[ReportWriter]) -> None:
        fixes = claim_fixes(scrubbed, self._fixing)
        applied = sum(fix.applied for fix in fixes)
        self._count_fixes(applied, len(fixes) - applied)
        if applied and not reports:
            log_fixes(fixes)
        if reports:
            document = claim_document(scrubbed, self._fixing, patient=self._settings.patient)
            for report in reports:
                report.claim(scrubbed, document)
        if self._on_claim is not None:
            self._on_claim(scrubbed)

    def _take(self, outcome: Outcome) -> None:
        self._summary.count(outcome)
        if isinstance(outcome, Fault):
            self._note(outcome)
        elif isinstance(outcome, TransactionErrors):
            for error in outcome.guide_errors:
                self._note(_guide_fault(error, outcome))

    def _note(self, fault: Fault) -> None:
        if len(self._faults) < MOST_FAULTS:
            self._faults.append(fault)
        elif len(self._faults) == MOST_FAULTS:
            more = f"More than {MOST_FAULTS} faults; the rest is not listed"
            self._faults.append(msgspec.structs.replace(fault, code="too-many-faults", message=more))

    # -- artifacts -----------------------------------------------------------------------------------------

    def _open_reports(self, stack: contextlib.ExitStack) -> dict[str, tuple[ReportWriter, Artifact]]:
        writers: dict[str, tuple[ReportWriter, Artifact]] = {}
        for kind in self._emit:
            if kind not in STREAMS:
                artifact = self._artifact(kind, stack)
                writers[kind] = (self._report_writer(kind, artifact.file, stack), artifact)
        return writers

    def _open_streams(self, opened: OpenInput, stack: contextlib.ExitStack) -> Streams:
        artifacts = {kind: self._artifact(kind, stack) for kind in self._emit if kind in STREAMS}
        split = Split(opened.buffer, {kind: side.file for kind, side in artifacts.items() if kind in SIDES})
        writers: Streams = {}
        for kind, artifact in artifacts.items():
            parts = StreamParts(
                opened,
                artifact.file.write,
                self._settings,
                self._controls,
                self._refuse,
                self._fixing,
                scratch=lambda: _scratch(stack),
            )
            writers[kind] = (split if kind in SIDES else MAKERS[kind](parts), artifact)
        return writers

    def _empty(self, streams: Streams) -> dict[str, str]:
        """The streams for which there was nothing to write."""
        readable = set(streams) if self._summary.interchanges else WITHOUT_INTERCHANGE
        return {
            kind: _NOTHING
            for kind, (_, artifact) in streams.items()
            if kind not in readable or not artifact.file.tell()
        }

    def _unproven(self, streams: Streams, proof: SplitCheck) -> dict[str, str]:
        """The streams that must not be published. Raises InternalFault when the proof of a split fails."""
        sides = [(kind, stream, art) for kind, (stream, art) in streams.items() if isinstance(stream, Split)]
        if self._summary.failed:
            return {kind: _FAILED for kind in streams if kind in TO_BE_SENT}
        faults = [split.contradiction or _proven(kind, artifact, proof) for kind, split, artifact in sides]
        doubts = list(dict.fromkeys(fault for fault in faults if fault is not None))
        for fault in doubts:
            self._take(fault)
        return {kind: _UNSURE for kind, _, _ in sides if doubts}  # one without the other would lose claims

    def _report_writer(self, kind: str, file: BinaryIO, stack: contextlib.ExitStack) -> ReportWriter:
        if kind == "html":
            return html_report(file.write, _scratch(stack), self._settings.rules, self._lines)
        return REPORTS[kind](file.write)

    def _artifact(self, kind: str, stack: contextlib.ExitStack) -> Artifact:
        folder = self._target if isinstance(self._target, Path) else Path(tempfile.gettempdir())
        artifact = Artifact(folder / (self._source.stem + ARTIFACTS[kind]))
        stack.callback(artifact.discard)
        return artifact

    def _end(self, reports: dict[str, tuple[ReportWriter, Artifact]]) -> None:
        for report, _ in reports.values():
            report.end(self._summary, self._faults, program_document(self._settings))

    def _result(self, finished: list[Artifact], withheld: dict[str, str]) -> Result:
        if isinstance(self._target, Path):
            for kind in withheld:  # what an earlier run left there is not this input's any more
                (self._target / (self._source.stem + ARTIFACTS[kind])).unlink(missing_ok=True)
            for artifact in finished:
                artifact.publish()
            paths = [artifact.path for artifact in finished]
        else:
            for artifact in finished:
                self._pour(artifact)
            paths = []
        return Result(self._source.name, self._summary, self._faults, paths, withheld)

    def _pour(self, artifact: Artifact) -> None:
        """Copy a finished artifact to the stream."""
        if self._target is None or isinstance(self._target, Path):
            return
        artifact.file.flush()
        with artifact.reopen() as file:
            while piece := file.read(1024 * 1024):
                self._target.write(piece)
        self._target.flush()


def _scratch(stack: contextlib.ExitStack) -> BinaryIO:
    """An empty file that is gone when the stack is closed."""
    file = tempfile.TemporaryFile(prefix="x12proc-")  # noqa: SIM115 - closed with the stack
    return cast(BinaryIO, stack.enter_context(file))


def _guide_fault(error: GuideError, outcome: TransactionErrors) -> Fault:
    """A fault against the guide that hangs on no claim, among the file's own."""
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


def _proven(kind: str, artifact: Artifact, proof: SplitCheck) -> Fault | None:
    """Read one side of a split again. Raises InternalFault."""
    with artifact.reopen() as file:
        return proof.check(kind, FileBuffer(file))


def program_document(settings: Settings) -> Document:
    """Which program, rules, profiles, reference tables and guide checks made a report."""
    checked = settings.conformance != "off"
    return {
        "version": __version__,
        "rules_edition": RULES_EDITION,
        "as_of": settings.as_of.isoformat(),
        "reference_editions": settings.reference.editions(),
        "profile_files": settings.profile_hashes,
        "rule_files": settings.own_rules.files,
        "rule_packages": settings.own_rules.packages,
        "conformance": {
            "mode": settings.conformance,
            "validator": f"pyx12 {metadata.version('pyx12')}" if checked else None,
        },
    }
