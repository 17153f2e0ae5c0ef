"""The catalog of artifacts: name, suffix and writer of each, and what it needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.util import find_spec
from typing import BinaryIO

import msgspec

from x12proc.engine.fixes import FixLevel
from x12proc.errors import ConfigError
from x12proc.reports.acks.ack_277ca import AcknowledgedClaims, ClaimAcknowledgement
from x12proc.reports.acks.ack_999 import ImplementationAcknowledgement, ImplementationErrors
from x12proc.reports.acks.envelopes import ControlNumbers, InterchangeRejection
from x12proc.reports.acks.ta1 import InterchangeAcknowledgement
from x12proc.reports.csv_report import CsvClaims, CsvReport
from x12proc.reports.edi.annotate import AnnotatedClaims, AnnotatedEdi
from x12proc.reports.edi.fixed import FixedClaims, FixedEdi
from x12proc.reports.edi.split import ACCEPTED, REJECTED
from x12proc.reports.html.line_index import LineIndex
from x12proc.reports.json_report import JsonClaims, JsonReport
from x12proc.reports.writer import ClaimRenderer, ReportWriter, StreamWriter, Write
from x12proc.runner.settings import Settings
from x12proc.wire.window import Buffer


class WriterContext(msgspec.Struct, frozen=True):
    """The arguments of a writer: the input, where to write, and what the run shares among its writers."""

    buffer: Buffer
    write: Write
    scratch: Callable[[], BinaryIO]  # opens an empty file that is deleted when the run ends
    settings: Settings
    controls: ControlNumbers
    refuse: InterchangeRejection | None


class RendererContext(msgspec.Struct, frozen=True):
    """The arguments of a renderer: the input, its name, and the time of the run."""

    buffer: Buffer
    name: str
    now: datetime


class ReportKind(msgspec.Struct, frozen=True):
    """A report of target claims: what makes its writer, and what renders claims for it."""

    writer: Callable[[WriterContext], ReportWriter]
    renderer: Callable[[RendererContext], ClaimRenderer]


class StreamKind(msgspec.Struct, frozen=True):
    """An artifact of all outcomes: what makes its writer, and what renders target claims for it, if it needs more
    of them than where they are."""

    writer: Callable[[WriterContext], StreamWriter]
    renderer: Callable[[RendererContext], ClaimRenderer] | None = None


def _xml(context: WriterContext) -> ReportWriter:
    from x12proc.reports.xml_report import XmlReport  # noqa: PLC0415 - lxml takes a while to load

    return XmlReport(context.write)


def _xml_claims(context: RendererContext) -> ClaimRenderer:
    from x12proc.reports.xml_report import XmlClaims  # noqa: PLC0415 - as above

    return XmlClaims()


def _html(context: WriterContext) -> ReportWriter:
    from x12proc.reports.html.report import HtmlReport  # noqa: PLC0415 - as above

    return HtmlReport(context.write, context.scratch(), context.settings.rules)


def _html_claims(context: RendererContext) -> ClaimRenderer:
    from x12proc.reports.html.report import HtmlClaims  # noqa: PLC0415 - as above

    return HtmlClaims(LineIndex(context.buffer))


def _parquet(context: WriterContext) -> ReportWriter:
    from x12proc.reports.parquet_report import ParquetReport  # noqa: PLC0415 - an optional extra

    return ParquetReport(context.write)


def _parquet_claims(context: RendererContext) -> ClaimRenderer:
    from x12proc.reports.parquet_report import ParquetClaims  # noqa: PLC0415 - as above

    return ParquetClaims(context.name)


def _ack_999(context: WriterContext) -> StreamWriter:
    return ImplementationAcknowledgement(
        context.buffer,
        context.write,
        context.scratch(),
        context.controls,
        context.settings.now,
        refuse=context.refuse,
    )


def _ack_277ca(context: WriterContext) -> StreamWriter:
    return ClaimAcknowledgement(
        context.buffer,
        context.write,
        (context.scratch(), context.scratch(), context.scratch()),
        context.controls,
        context.settings.now,
        settings=context.settings.acknowledgement,
        refuse=context.refuse,
    )


def _ta1(context: WriterContext) -> StreamWriter:
    return InterchangeAcknowledgement(
        context.buffer, context.write, context.controls, context.settings.now, refuse=context.refuse
    )


class ArtifactKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of artifact. It is written from the target claims (``report``), from the whole stream of outcomes
    (``stream``), or as one of the two files of a split (neither)."""

    name: str
    suffix: str
    report: ReportKind | None = None
    stream: StreamKind | None = None
    needs_all_claims: bool = False  # claims without a target line as well
    needs_interchange: bool = True  # empty where no interchange can be read
    sendable: bool = False  # for a payer, and so never written of a failed file

    @property
    def split(self) -> bool:
        """Return whether it is one of the two files of a split."""
        return self.report is None and self.stream is None


FIXED, PARQUET = "fixed", "parquet"
_KINDS = (
    ArtifactKind(
        name="json",
        suffix=".report.json",
        report=ReportKind(lambda context: JsonReport(context.write), lambda _: JsonClaims()),
    ),
    ArtifactKind(
        name="csv",
        suffix=".report.csv",
        report=ReportKind(lambda context: CsvReport(context.write), lambda context: CsvClaims(context.name)),
    ),
    ArtifactKind(name="xml", suffix=".report.xml", report=ReportKind(_xml, _xml_claims)),
    ArtifactKind(name="html", suffix=".report.html", report=ReportKind(_html, _html_claims)),
    ArtifactKind(name=PARQUET, suffix=".report.parquet", report=ReportKind(_parquet, _parquet_claims)),
    ArtifactKind(
        name="annotated",
        suffix=".annotated.edi",
        stream=StreamKind(
            lambda context: AnnotatedEdi(context.buffer, context.write),
            lambda context: AnnotatedClaims(context.buffer),
        ),
    ),
    ArtifactKind(
        name=FIXED,
        suffix=".fixed.edi",
        stream=StreamKind(
            lambda context: FixedEdi(context.buffer, context.write), lambda context: FixedClaims(context.buffer)
        ),
        sendable=True,
    ),
    ArtifactKind(name=ACCEPTED, suffix=".accepted.edi", needs_all_claims=True, sendable=True),
    ArtifactKind(name=REJECTED, suffix=".rejected.edi", needs_all_claims=True, sendable=True),
    ArtifactKind(name="999", suffix=".999.edi", stream=StreamKind(_ack_999, lambda _: ImplementationErrors())),
    ArtifactKind(
        name="277ca",
        suffix=".277ca.edi",
        stream=StreamKind(_ack_277ca, lambda context: AcknowledgedClaims(context.now)),
        needs_all_claims=True,
    ),
    ArtifactKind(name="ta1", suffix=".ta1.edi", stream=StreamKind(_ta1), needs_interchange=False),
)
ARTIFACTS = {kind.name: kind for kind in _KINDS}
EMITTED = tuple(name for name in ARTIFACTS if name != FIXED)  # by --emit; the fixed file is written by --fix


def check_artifacts(emit: Sequence[str], fix_level: FixLevel) -> tuple[str, ...]:
    """Return the artifacts to write: those of ``emit`` and, where fixes are applied, the fixed file.

    Raises ConfigError for one that doesn't exist, for Parquet without its extra, and for the fixed file where no
    fixes are applied.
    """
    unknown = [kind for kind in emit if kind not in EMITTED and (kind != FIXED or fix_level == "off")]
    if unknown:
        more = f"; {FIXED} goes with --fix" if FIXED in unknown else ""
        raise ConfigError(f"--emit: {', '.join(unknown)} can't be written; there are {', '.join(EMITTED)}{more}")
    if PARQUET in emit and find_spec("pyarrow") is None:
        raise ConfigError("--emit parquet needs an extra: pip install 'x12proc[parquet]'")
    return tuple(emit) if fix_level == "off" else tuple(dict.fromkeys((*emit, FIXED)))
