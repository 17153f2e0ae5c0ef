"""What a note in annotated EDI says: ``X12PROC R:NDC01 NAR04 W:RTE01``.

In an interchange whose component separator is the colon, where a colon would make NTE02 an illegal composite, an
equals sign stands in its place.
"""

from __future__ import annotations

from collections.abc import Iterable

from x12proc.engine.engine import ClaimResult, LineResult
from x12proc.findings import INFO, REJECT, WARN, Finding, Severity
from x12proc.wire.delimiters import Delimiters

LONGEST_NOTE = 80  # NTE02
MARK = "X12PROC"


def line_findings(line: LineResult, scrubbed: ClaimResult) -> tuple[Finding, ...]:
    """The findings told on a line: its own, and the claim's on the first target line."""
    first = line is scrubbed.lines[0]
    return (*scrubbed.findings, *line.findings) if first else line.findings


def annotation_skipped(line: LineResult, scrubbed: ClaimResult) -> bool:
    """Whether a line that has something to tell can't be annotated: it holds an NTE*TPO already, or the
    delimiters of its interchange occur in what would be written."""
    delimiters = scrubbed.claim.delimiters
    text = note_text(line_findings(line, scrubbed), delimiters)
    if not text:
        return False
    marks = delimiters.element + delimiters.segment + delimiters.component + delimiters.repetition
    return "TPO" in [note.code for note in line.line.notes] or not set(text).isdisjoint(marks.decode("latin-1"))


def note_text(findings: Iterable[Finding], delimiters: Delimiters) -> str:
    """``X12PROC R:NDC01 NAR04 W:RTE01``, at most 80 characters with the rest counted; "" for nothing to tell."""
    told = [finding for finding in findings if finding.severity != INFO]
    if not told:
        return ""
    colon = "=" if delimiters.component == b":" else ":"
    tokens = [*_tokens("R" + colon, told, REJECT), *_tokens("W" + colon, told, WARN)]
    text = f"{MARK} {' '.join(tokens)}"
    kept = len(tokens)
    while len(text) > LONGEST_NOTE:
        kept -= 1
        text = f"{MARK} {' '.join(tokens[:kept])} +{len(tokens) - kept}"
    return text


def _tokens(head: str, findings: list[Finding], severity: Severity) -> list[str]:
    ids = sorted({finding.rule for finding in findings if finding.severity == severity})
    return [head + ids[0], *ids[1:]] if ids else []
