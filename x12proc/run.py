"""Scrubs one input into its artefacts: outcomes handed to report writers, files published at the end."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import msgspec
import structlog

from x12proc.engine import ScrubbedClaim
from x12proc.errors import X12SyntaxError
from x12proc.files import Artefact, Input, OpenInput
from x12proc.fixes import Fix, FixPlanner
from x12proc.reports.ack_277ca import ClaimAcknowledgement
from x12proc.reports.ack_999 import ImplementationAcknowledgement
from x12proc.reports.acknowledgement import ControlNumbers, Refuse
from x12proc.reports.annotate import AnnotatedEdi
from x12proc.reports.csv_report import CsvReport
from x12proc.reports.document import Document, claim_document
from x12proc.reports.fixed import FixedEdi
from x12proc.reports.html_report import HtmlReport
from x12proc.reports.json_report import JsonReport
from x12proc.reports.lines import Lines
from x12proc.reports.ta1 import InterchangeAcknowledgement
from x12proc.reports.writer import ReportWriter, StreamWriter, Write
from x12proc.reports.xml_report import XmlReport
from x12proc.scrub import RULE_CRASH, Outcome, Summary, scrub_buffer
from x12proc.settings import RULES_EDITION, Settings
from x12proc.version import __version__
from x12proc.wire.events import Fault

FIXED = "fixed"
ARTEFACTS = {
    "json": ".report.json",
    "csv": ".report.csv",
    "xml": ".report.xml",
    "html": ".report.html",
    "annotated": ".annotated.edi",
    FIXED: ".fixed.edi",
    "999": ".999.edi",
    "277ca": ".277ca.edi",
    "ta1": ".ta1.edi",
}
# Of those written from the whole stream of outcomes: these need claims without target lines as well, and these
# have something to say even where no interchange can be read.
EVERY_CLAIM = frozenset(("277ca",))
_WITHOUT_INTERCHANGE = frozenset(("ta1",))
MOST_FAULTS = 1000  # told one by one; a file with more is broken beyond reading them
_LOG = structlog.get_logger("x12proc")


class Result(msgspec.Struct, frozen=True):
    """What became of one input."""

    name: str
    summary: Summary
    faults: list[Fault]
    artefacts: list[Path]
    withheld: list[str]  # artefacts for which there was nothing to write

    @property
    def crashed(self) -> bool:
        """Whether a rule crashed: an internal fault."""
        return any(fault.code == RULE_CRASH for fault in self.faults)


Watcher = Callable[[ScrubbedClaim, Sequence[Fix]], None]


class StreamParts(msgspec.Struct, frozen=True):
    """What the writers of streams are made of: the input, where to write, and the rim's means."""

    opened: OpenInput
    write: Write
    settings: Settings
    planner: FixPlanner
    controls: ControlNumbers
    refuse: Refuse | None
    scratch: Callable[[], BinaryIO]  # an empty file that is gone when the run ends


def _annotated(parts: StreamParts) -> StreamWriter:
    return AnnotatedEdi(parts.opened.buffer, parts.write)


def _fixed(parts: StreamParts) -> StreamWriter:
    return FixedEdi(parts.opened.buffer, parts.write, parts.planner)


def _ack_999(parts: StreamParts) -> StreamWriter:
    return ImplementationAcknowledgement(
        parts.opened.buffer,
        parts.write,
        parts.scratch(),
        parts.controls,
        parts.settings.now,
        refuse=parts.refuse,
    )


def _ack_277ca(parts: StreamParts) -> StreamWriter:
    return ClaimAcknowledgement(
        parts.opened.buffer,
        parts.write,
        (parts.scratch(), parts.scratch(), parts.scratch()),
        parts.controls,
        parts.settings.now,
        settings=parts.settings.acknowledgement,
        refuse=parts.refuse,
    )


def _ta1(parts: StreamParts) -> StreamWriter:
    return InterchangeAcknowledgement(
        parts.opened.buffer, parts.write, parts.controls, parts.settings.now, refuse=parts.refuse
    )


_MAKERS: dict[str, Callable[[StreamParts], StreamWriter]] = {
    "annotated": _annotated,
    FIXED: _fixed,
    "999": _ack_999,
    "277ca": _ack_277ca,
    "ta1": _ta1,
}
STREAMS = frozenset(_MAKERS)


class InputRun:
    """The run over one input. ``target`` is a folder, a stream for a single artefact, or None for no files.

    ``controls`` numbers the acknowledgements of several inputs on; ``refuse`` is asked of every interchange
    whether it is refused for a reason that the file doesn't show, such as a control number that came before.
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
    ) -> None:
        self._source = source
        self._settings = settings
        self._emit = emit
        self._target = target
        self._progress = progress
        self._on_claim = on_claim
        self._controls = controls or ControlNumbers(settings.acknowledgement.control)
        self._refuse = refuse
        self._faults: list[Fault] = []
        self._summary = Summary()
        self._lines = Lines(b"")  # of the input, once it is open

    def run(self) -> Result:
        """Scrub the input.

        Raises OSError when an artefact can't be written; none is left then.
        """
        started = time.perf_counter()
        with contextlib.ExitStack() as stack:
            try:
                opened = stack.enter_context(OpenInput(self._source))
            except X12SyntaxError as error:
                result = self._unreadable(error, stack)
            except OSError as error:
                unreadable = X12SyntaxError("unreadable", f"The file can't be read: {error.strerror}", 0)
                result = self._unreadable(unreadable, stack)
            else:
                result = self._scrub(opened, stack)
        self._log(result, time.perf_counter() - started)
        return result

    # -- the two ways through ------------------------------------------------------------------------------

    def _scrub(self, opened: OpenInput, stack: contextlib.ExitStack) -> Result:
        self._lines = Lines(opened.buffer)
        reports = self._open_reports(stack)
        planner = FixPlanner(opened.buffer, self._settings.engine(), self._settings.fixing)
        streams = self._open_streams(opened, planner, stack)
        source = {"name": self._source.name, "sha256": opened.sha256, "bytes": opened.size}
        for report, _ in reports.values():
            report.begin(source)
        told = [stream for stream, _ in streams.values()]
        self._tell(opened, planner, [report for report, _ in reports.values()], told)
        for stream, _ in streams.values():
            stream.end(self._summary)
        self._end(reports)
        finished = [artefact for _, artefact in reports.values()]
        withheld = []
        for kind, (_, artefact) in streams.items():
            readable = self._summary.interchanges or kind in _WITHOUT_INTERCHANGE
            if readable and artefact.file.tell():
                finished.append(artefact)
            else:
                withheld.append(kind)
        return self._result(finished, withheld)

    def _unreadable(self, error: X12SyntaxError, stack: contextlib.ExitStack) -> Result:
        fault = Fault(
            code=error.code, message=error.message, severity="error", segment_index=0, byte_offset=error.offset
        )
        self._take(fault)
        reports = self._open_reports(stack)
        for report, _ in reports.values():
            report.begin({"name": self._source.name, "sha256": "", "bytes": 0})
        self._end(reports)
        withheld = [kind for kind in self._emit if kind in STREAMS]
        return self._result([artefact for _, artefact in reports.values()], withheld)

    # -- the core's outcomes -------------------------------------------------------------------------------

    def _tell(
        self,
        opened: OpenInput,
        planner: FixPlanner,
        reports: Sequence[ReportWriter],
        streams: Sequence[StreamWriter],
    ) -> None:
        """Hand every outcome to all who write of it."""

        def advance(position: int) -> None:
            if self._progress is not None:
                self._progress(position, opened.size)

        every_claim = not EVERY_CLAIM.isdisjoint(self._emit)
        engine, codes = self._settings.engine(), self._settings.codes
        for outcome in scrub_buffer(opened.buffer, engine, codes, every_claim=every_claim, progress=advance):
            self._take(outcome)
            if isinstance(outcome, ScrubbedClaim):
                self._report(outcome, planner.plan(outcome), reports)
                advance(outcome.claim.end)
            for stream in streams:
                stream.take(outcome)

    def _report(self, scrubbed: ScrubbedClaim, fixes: Sequence[Fix], reports: Sequence[ReportWriter]) -> None:
        for fix in fixes:
            self._summary.fixes["applied" if fix.applied else "offered"] += 1
        if reports:
            document = claim_document(scrubbed, fixes)
            for report in reports:
                report.claim(scrubbed, document)
        if self._on_claim is not None:
            self._on_claim(scrubbed, fixes)
        if not reports:
            _log_fixes(fixes)

    def _take(self, outcome: Outcome) -> None:
        self._summary.count(outcome)
        if not isinstance(outcome, Fault):
            return
        if len(self._faults) < MOST_FAULTS:
            self._faults.append(outcome)
        elif len(self._faults) == MOST_FAULTS:
            more = f"More than {MOST_FAULTS} faults; the rest is not listed"
            self._faults.append(msgspec.structs.replace(outcome, code="too-many-faults", message=more))

    # -- artefacts -----------------------------------------------------------------------------------------

    def _open_reports(self, stack: contextlib.ExitStack) -> dict[str, tuple[ReportWriter, Artefact]]:
        writers: dict[str, tuple[ReportWriter, Artefact]] = {}
        for kind in self._emit:
            if kind not in STREAMS:
                artefact = self._artefact(kind, stack)
                writers[kind] = (self._report_writer(kind, artefact.file, stack), artefact)
        return writers

    def _open_streams(
        self, opened: OpenInput, planner: FixPlanner, stack: contextlib.ExitStack
    ) -> dict[str, tuple[StreamWriter, Artefact]]:
        writers: dict[str, tuple[StreamWriter, Artefact]] = {}
        for kind in self._emit:
            if kind in STREAMS:
                artefact = self._artefact(kind, stack)
                parts = StreamParts(
                    opened,
                    artefact.file.write,
                    self._settings,
                    planner,
                    self._controls,
                    self._refuse,
                    scratch=lambda: _scratch(stack),
                )
                writers[kind] = (_MAKERS[kind](parts), artefact)
        return writers

    def _report_writer(self, kind: str, file: BinaryIO, stack: contextlib.ExitStack) -> ReportWriter:
        if kind == "html":
            return HtmlReport(file.write, _scratch(stack), self._settings.rules, self._lines)
        plain: dict[str, type[JsonReport | CsvReport | XmlReport]]
        plain = {"json": JsonReport, "csv": CsvReport, "xml": XmlReport}
        return plain[kind](file.write)

    def _artefact(self, kind: str, stack: contextlib.ExitStack) -> Artefact:
        folder = self._target if isinstance(self._target, Path) else Path(tempfile.gettempdir())
        artefact = Artefact(folder / (self._source.stem + ARTEFACTS[kind]))
        stack.callback(artefact.discard)
        return artefact

    def _end(self, reports: dict[str, tuple[ReportWriter, Artefact]]) -> None:
        for report, _ in reports.values():
            report.end(self._summary, self._faults, program_document(self._settings))

    def _result(self, finished: list[Artefact], withheld: list[str]) -> Result:
        if isinstance(self._target, Path):
            for artefact in finished:
                artefact.publish()
            paths = [artefact.path for artefact in finished]
        else:
            for artefact in finished:
                self._pour(artefact)
            paths = []
        return Result(self._source.name, self._summary, self._faults, paths, withheld)

    def _pour(self, artefact: Artefact) -> None:
        """Copy a finished artefact to the stream."""
        if self._target is None or isinstance(self._target, Path):
            return
        artefact.file.flush()
        with artefact.reopen() as file:
            while piece := file.read(1024 * 1024):
                self._target.write(piece)
        self._target.flush()

    def _log(self, result: Result, seconds: float) -> None:
        """Counts, positions and ids; never the name of a file or the value of an element."""
        for fault in result.faults[:20]:
            _LOG.warning(
                "file_fault",
                code=fault.code,
                severity=fault.severity,
                segment_index=fault.segment_index,
                byte_offset=fault.byte_offset,
            )
        summary = result.summary
        _LOG.info(
            "file_scrubbed",
            status=summary.status,
            claims=summary.claims,
            target_claims=summary.target_claims,
            target_lines=summary.target_lines,
            rejected_claims=summary.rejected_claims,
            **{f"{severity}_findings": count for severity, count in summary.findings.items()},
            faults=len(result.faults),
            fixes_made=summary.fixes["applied"],
            fixes_offered=summary.fixes["offered"],
            seconds=round(seconds, 3),
        )


def _log_fixes(fixes: Sequence[Fix]) -> None:
    """Where no report is written, the log has a line for each change: rule and place, never what was changed."""
    for fix in fixes:
        if fix.applied:
            place = fix.location
            _LOG.info("fixed", rule=fix.rule, segment_index=place.segment_index, byte_offset=place.byte_offset)


def _scratch(stack: contextlib.ExitStack) -> BinaryIO:
    """An empty file that is gone when the stack is closed."""
    file = tempfile.TemporaryFile(prefix="x12proc-")  # noqa: SIM115 - closed with the stack
    return cast(BinaryIO, stack.enter_context(file))


def program_document(settings: Settings) -> Document:
    """Which program, rules, profiles and reference tables made a report."""
    return {
        "version": __version__,
        "rules_edition": RULES_EDITION,
        "as_of": settings.as_of.isoformat(),
        "reference_editions": settings.reference.editions(),
        "profile_files": settings.profile_hashes,
        "rule_files": settings.own_rules.files,
        "rule_packages": settings.own_rules.packages,
    }
