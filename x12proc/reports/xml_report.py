"""The XML report: the facts of the JSON report, and the raw segments of every target line with what is wrong in
them marked. Its schema is ``report.xsd``."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from x12proc.engine.document import Document
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Summary
from x12proc.reports.document import SCHEMA, fault_document, summary_document
from x12proc.reports.writer import ClaimRenderer, TargetClaim, Write
from x12proc.reports.xml_markup import claim_form, element
from x12proc.wire.events import Fault


class _Nobody:
    """Takes what a parser reads, and keeps nothing: so a text is checked without a tree in memory."""

    def close(self) -> None:
        """The text was read to its end."""


# The texts that are read are our own and name nothing outside of them.
_CHECKER = etree.XMLParser(  # type: ignore[call-overload]  # its stubs demand methods that lxml does without
    target=_Nobody(), resolve_entities=False, no_network=True, huge_tree=True
)


class XmlClaims(ClaimRenderer):
    """Renders ``claim`` elements."""

    def render(self, result: ClaimResult, document: Document) -> bytes:
        """Return one ``claim`` element."""
        return _bytes(claim_form(result, document))


class XmlReport:
    """Writes one ``report`` element, a claim at a time."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def begin(self, source: Document) -> None:
        """Open the document."""
        self._write(b'<?xml version="1.0" encoding="UTF-8"?>\n')
        self._write(f'<report schema="{SCHEMA}">\n'.encode() + _bytes(element("input", source)))
        self._write(b"<claims>\n")

    def claim(self, claim: TargetClaim, part: bytes) -> None:
        """Write one ``claim`` element."""
        self._write(part)

    def hint(self) -> None:
        """Return nothing: each claim is written."""

    def end(self, summary: Summary, faults: Sequence[Fault], program: Document) -> None:
        """Close the document."""
        self._write(b"</claims>\n")
        self._write(_bytes(element("errors", [fault_document(fault) for fault in faults])))
        self._write(_bytes(element("summary", summary_document(summary))))
        self._write(_bytes(element("program", program)))
        self._write(b"</report>\n")


def _bytes(text: str) -> bytes:
    """XML text as it is written. Raises XMLSyntaxError, an internal error, for what is not well-formed."""
    etree.fromstring(text, _CHECKER)
    return text.encode() + b"\n"
