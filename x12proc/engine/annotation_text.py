"""Writes the text of a note in annotated EDI: ``X12PROC R:NDC01 NAR04 W:RTE01``.

In an interchange whose component separator is the colon, where a colon would make NTE02 an illegal composite, an
equals sign takes its place.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from x12proc.findings import INFO, REJECT, WARN, Finding, Severity
from x12proc.wire.delimiters import Delimiters

if TYPE_CHECKING:
    from x12proc.engine.result import ClaimResult, LineResult

LONGEST_NOTE = 80  # NTE02
NOTE_PREFIX = "X12PROC"


def line_findings(line: LineResult, result: ClaimResult) -> tuple[Finding, ...]:
    """Return the findings annotated on a line: its own, and on the first target line those of the claim."""
    first = line is result.lines[0]
    return (*result.findings, *line.findings) if first else line.findings


def annotation_skipped(line: LineResult, result: ClaimResult) -> bool:
    """Return whether a line with findings can't be annotated: it holds an NTE*TPO already, or the delimiters of
    its interchange occur in the text of the note."""
    delimiters = result.claim.delimiters
    text = note_text(line_findings(line, result), delimiters)
    return bool(text) and cannot_hold(line, text, delimiters)


def cannot_hold(line: LineResult, text: str, delimiters: Delimiters) -> bool:
    """Return whether a line can't be annotated with a text; see :func:`annotation_skipped`."""
    separators = delimiters.element + delimiters.segment + delimiters.component + delimiters.repetition
    holds_note = "TPO" in [note.code for note in line.line.notes]
    return holds_note or not set(text).isdisjoint(separators.decode("latin-1"))


def note_text(findings: Iterable[Finding], delimiters: Delimiters) -> str:
    """Return ``X12PROC R:NDC01 NAR04 W:RTE01``, at most 80 characters, the rest counted; "" without findings."""
    annotated = [finding for finding in findings if finding.severity != INFO]
    if not annotated:
        return ""
    colon = "=" if delimiters.component == b":" else ":"
    tokens = [*_tokens("R" + colon, annotated, REJECT), *_tokens("W" + colon, annotated, WARN)]
    text = f"{NOTE_PREFIX} {' '.join(tokens)}"
    kept = len(tokens)
    while len(text) > LONGEST_NOTE:
        kept -= 1
        text = f"{NOTE_PREFIX} {' '.join(tokens[:kept])} +{len(tokens) - kept}"
    return text


def _tokens(head: str, findings: list[Finding], severity: Severity) -> list[str]:
    ids = sorted({finding.rule for finding in findings if finding.severity == severity})
    return [head + ids[0], *ids[1:]] if ids else []
