"""Writes one report of some bytes through the core, without files or processes."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec

from support.rule_cases import Case
from support.rules import case_reference, profiles, reference, with_options
from support.streams import target_claim
from x12proc.engine.document import Document, claim_document
from x12proc.engine.engine import Engine
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Summary, scrub_buffer
from x12proc.profiles.profiles import Profiles
from x12proc.reference.edition import Reference
from x12proc.reports.csv_report import CsvClaims, CsvReport
from x12proc.reports.html.line_index import LineIndex
from x12proc.reports.html.report import HtmlClaims, HtmlReport
from x12proc.reports.json_report import JsonClaims, JsonReport
from x12proc.reports.writer import ClaimRenderer, ReportWriter, Write
from x12proc.reports.xml_report import XmlClaims, XmlReport
from x12proc.rules import all_rules
from x12proc.wire.events import Fault

PROGRAM: Document = {
    "version": "0",
    "rules_edition": "2026-11-23",
    "as_of": "2024-04-01",
    "reference_editions": {"products": "2026-11-23"},
    "profile_files": {"default.toml": "0" * 64},
    "rule_files": {},
    "rule_packages": {},
    "conformance": {"mode": "off", "validator": None},
}
_NAME = "claims.edi"
Change = Callable[[Document], None]


class Run(msgspec.Struct, frozen=True):
    """One run over some bytes: the claims, and how reports of it are written."""

    data: bytes
    claims: list[ClaimResult]
    documents: list[Document]
    faults: list[Fault]
    summary: Summary

    def json(self) -> Any:
        """The JSON report, read again."""
        return msgspec.json.decode(self._write(JsonReport, JsonClaims()))

    def xml(self) -> bytes:
        """The XML report."""
        return self._write(XmlReport, XmlClaims())

    def csv(self) -> bytes:
        """The CSV report."""
        return self._write(CsvReport, CsvClaims(_NAME))

    def html(self) -> bytes:
        """The HTML report."""
        claims = HtmlClaims(LineIndex(self.data))
        return self._write(lambda write: HtmlReport(write, io.BytesIO(), all_rules()), claims)

    def _write(self, writer: Callable[[Write], ReportWriter], renderer: ClaimRenderer) -> bytes:
        pieces: list[bytes] = []
        report = writer(pieces.append)
        report.begin({"name": _NAME, "sha256": "0" * 64, "bytes": len(self.data)})
        for claim, document in zip(self.claims, self.documents, strict=True):
            hint = report.hint()
            if hint is not None:
                renderer.take_hint(hint)
            report.claim(target_claim(claim), renderer.render(claim, document))
        report.end(self.summary, self.faults, PROGRAM)
        return b"".join(pieces)


def run(
    data: bytes,
    *,
    profile: str | None = None,
    as_of: date = date(2024, 4, 1),
    codes: tuple[str, ...] = ("J3590",),
    chosen: Profiles | None = None,
    tables: Reference | None = None,
    change: Change | None = None,
) -> Run:
    """Scrub some bytes. ``change`` may alter each claim's document before it is reported."""
    engine = Engine(
        all_rules(), chosen or profiles(), tables or reference(), codes=codes, as_of=as_of, profile=profile
    )
    result = Run(data, [], [], [], Summary())
    for outcome in scrub_buffer(data, engine, codes):
        result.summary.count(outcome)
        if isinstance(outcome, Fault):
            result.faults.append(outcome)
        elif isinstance(outcome, ClaimResult):
            document = claim_document(outcome)
            if change is not None:
                change(document)
            result.claims.append(outcome)
            result.documents.append(document)
    return result


def run_case(case: Case) -> Run:
    """Scrub a rule case the way its fixture says."""
    return run(
        case.data(),
        profile=case.profile,
        as_of=case.as_of,
        codes=case.codes,
        chosen=with_options(case),
        tables=case_reference(case),
    )


def findings(document: Document) -> list[Document]:
    """Every finding of a claim's document, claim first."""
    return [finding for holder in (document, *document["lines"]) for finding in holder["findings"]]
