"""The artifacts of a run: their names, and what writes those that are made of the whole stream of outcomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO

import msgspec

from x12proc.engine.fixes import FixLevel
from x12proc.errors import ConfigError
from x12proc.reports.acks.ack_277ca import ClaimAcknowledgement
from x12proc.reports.acks.ack_999 import ImplementationAcknowledgement
from x12proc.reports.acks.envelopes import ControlNumbers, Refuse
from x12proc.reports.acks.ta1 import InterchangeAcknowledgement
from x12proc.reports.csv_report import CsvReport
from x12proc.reports.edi.annotate import AnnotatedEdi
from x12proc.reports.edi.fixed import FixedEdi
from x12proc.reports.edi.split import ACCEPTED, REJECTED
from x12proc.reports.html.line_index import Lines
from x12proc.reports.json_report import JsonReport
from x12proc.reports.writer import ReportWriter, StreamWriter, Write
from x12proc.rules.base import Rule
from x12proc.runner.files import OpenInput
from x12proc.runner.settings import Settings

FIXED = "fixed"
ARTIFACTS = {
    "json": ".report.json",
    "csv": ".report.csv",
    "xml": ".report.xml",
    "html": ".report.html",
    "annotated": ".annotated.edi",
    FIXED: ".fixed.edi",
    "accepted": ".accepted.edi",
    "rejected": ".rejected.edi",
    "999": ".999.edi",
    "277ca": ".277ca.edi",
    "ta1": ".ta1.edi",
}
EMITTED = tuple(kind for kind in ARTIFACTS if kind != FIXED)  # by --emit; the fixed file is written by --fix
# Of those written from the whole stream of outcomes: these need claims without target lines as well, and these
# have something to say even where no interchange can be read.
SIDES = frozenset((ACCEPTED, REJECTED))
EVERY_CLAIM = frozenset(("277ca", *SIDES))
TO_BE_SENT = frozenset((FIXED, *SIDES))  # which a failed file has none of
WITHOUT_INTERCHANGE = frozenset(("ta1",))


class StreamParts(msgspec.Struct, frozen=True):
    """What the writers of streams are made of: the input, where to write, and the rim's means."""

    opened: OpenInput
    write: Write
    settings: Settings
    controls: ControlNumbers
    refuse: Refuse | None
    fixing: FixLevel
    scratch: Callable[[], BinaryIO]  # an empty file that is gone when the run ends


def _annotated(parts: StreamParts) -> StreamWriter:
    return AnnotatedEdi(parts.opened.buffer, parts.write)


def _fixed(parts: StreamParts) -> StreamWriter:
    return FixedEdi(parts.opened.buffer, parts.write)


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


MAKERS: dict[str, Callable[[StreamParts], StreamWriter]] = {
    "annotated": _annotated,
    "fixed": _fixed,
    "999": _ack_999,
    "277ca": _ack_277ca,
    "ta1": _ta1,
}
STREAMS = frozenset((*MAKERS, *SIDES))


# -- reports --------------------------------------------------------------------------------------------------


def _xml(write: Write) -> ReportWriter:
    from x12proc.reports.xml_report import XmlReport  # noqa: PLC0415 - lxml takes a while to load

    return XmlReport(write)


def html_report(write: Write, scratch: BinaryIO, rules: Mapping[str, Rule], lines: Lines) -> ReportWriter:
    """The writer of the HTML page; ``scratch`` is an empty file for the claims that it is to show."""
    from x12proc.reports.html.report import HtmlReport  # noqa: PLC0415 - lxml takes a while to load

    return HtmlReport(write, scratch, rules, lines)


REPORTS: dict[str, Callable[[Write], ReportWriter]] = {"json": JsonReport, "csv": CsvReport, "xml": _xml}


# -- what is asked for ----------------------------------------------------------------------------------------


def check_artifacts(emit: Sequence[str], fixing: FixLevel) -> tuple[str, ...]:
    """The artifacts to be made: those of ``emit`` and, when something is to be fixed, the fixed file.

    Raises ConfigError for one that doesn't exist, and for the fixed file where nothing is to be fixed.
    """
    unknown = [kind for kind in emit if kind not in EMITTED and (kind != FIXED or fixing == "off")]
    if unknown:
        more = f"; {FIXED} goes with --fix" if FIXED in unknown else ""
        raise ConfigError(f"--emit: {', '.join(unknown)} can't be written; there are {', '.join(EMITTED)}{more}")
    return tuple(emit) if fixing == "off" else tuple(dict.fromkeys((*emit, FIXED)))
