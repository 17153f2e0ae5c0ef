"""The XML report: the facts of the JSON report, and the raw segments of every target line with what is wrong
in them marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lxml import etree

from x12proc.engine import ScrubbedClaim
from x12proc.findings import Finding
from x12proc.reports.document import LONGEST_VALUE, SCHEMA, Document, fault_document, summary_document
from x12proc.reports.note import line_findings
from x12proc.reports.writer import Write
from x12proc.scrub import Summary
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.events import Fault
from x12proc.wire.segment import Segment

_SINGULAR = {
    "claims": "claim", "lines": "line", "findings": "finding", "diagnoses": "diagnosis", "modifiers": "modifier",
    "notes": "note", "errors": "error", "sources": "source", "rarc": "code", "service_dates": "date",
    "diagnosis_pointers": "pointer", "byte_range": "offset", "routes": "route", "dates": "date",
    "guide_errors": "guide_error", "bypasses": "bypass",
}  # fmt: skip
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_MAPPINGS = frozenset(("by_rule", "profile_files", "reference_editions", "rule_files", "rule_packages"))


class XmlReport:
    """Writes one ``report`` element, a claim at a time."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def begin(self, source: Document) -> None:
        """Open the document."""
        self._write(b'<?xml version="1.0" encoding="UTF-8"?>\n')
        self._write(f'<report schema="{SCHEMA}">\n'.encode() + _bytes(element("input", source)))
        self._write(b"<claims>\n")

    def claim(self, scrubbed: ScrubbedClaim, document: Document) -> None:
        """One ``claim`` element."""
        self._write(_bytes(claim_element(scrubbed, document)))

    def end(self, summary: Summary, faults: Sequence[Fault], program: Document) -> None:
        """Close the document."""
        self._write(b"</claims>\n")
        for part in end_elements(summary, faults, program):
            self._write(_bytes(part))
        self._write(b"</report>\n")


def claim_element(scrubbed: ScrubbedClaim, document: Document) -> etree._Element:
    """A claim's document as XML, with its raw segments."""
    claim = scrubbed.claim
    root = element("claim", document)
    own = [segment for segment in claim.segments if segment.loop == "2300"]
    on_first = scrubbed.lines[0].line.segments if scrubbed.lines else ()
    shown = {segment.index for segment in (*own, *on_first)}
    elsewhere = [f for f in scrubbed.findings if f.location.segment_index not in shown]
    others = [s for s in claim.segments if s.index in {f.location.segment_index for f in elsewhere}]
    root.append(_segments([*own, *others], scrubbed.findings, claim.delimiters))
    for line, place in zip(scrubbed.lines, root.iterfind("lines/line"), strict=True):
        found = line_findings(line, scrubbed)
        place.append(_segments(line.line.segments, found, claim.delimiters))
    return root


def end_elements(summary: Summary, faults: Sequence[Fault], program: Document) -> list[etree._Element]:
    """What stands behind the claims: errors, summary, program."""
    return [
        element("errors", [fault_document(fault) for fault in faults]),
        element("summary", summary_document(summary)),
        element("program", program),
    ]


def element(name: str, value: object) -> etree._Element:
    """A plain value as an element: mappings and lists become children, None an empty element."""
    node = etree.Element(name)
    if isinstance(value, dict):
        for key, entry in value.items():
            if name in _MAPPINGS:
                child = element("entry", entry)
                child.set("key", clean(str(key)))
            else:
                child = element(key, entry)
            node.append(child)
    elif isinstance(value, list | tuple):
        for entry in value:
            node.append(element(_SINGULAR.get(name, "entry"), entry))
    elif isinstance(value, bool):
        node.text = "true" if value else "false"
    elif value is not None:
        node.text = clean(str(value))
    return node


def clean(text: str) -> str:
    """Text that XML can hold: control characters are shown as their pictures."""
    return _CONTROLS.sub(lambda match: _picture(ord(match.group())), text)


def _picture(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


def _segments(segments: Iterable[Segment], findings: Sequence[Finding], delimiters: Delimiters) -> etree._Element:
    root = etree.Element("segments")
    for segment in segments:
        here = [finding for finding in findings if finding.location.segment_index == segment.index]
        root.append(_segment(segment, here, delimiters))
        for finding in here:
            if finding.location.after is not None:
                gap = etree.SubElement(root, "absent", name=finding.location.element, loop=finding.location.loop)
                gap.set("rules", finding.rule)
                gap.set("severity", finding.severity)
    return root


def _segment(segment: Segment, findings: list[Finding], delimiters: Delimiters) -> etree._Element:
    node = etree.Element("segment", index=str(segment.index), offset=str(segment.offset), loop=segment.loop)
    node.set("tag", clean(segment.tag[:10]))
    whole = [f for f in findings if f.location.after is None and f.location.element == segment.tag]
    _mark(node, whole)
    separator = delimiters.element.decode("latin-1")
    last = max([len(segment.elements) - 1, *(_position(f, segment.tag) for f in findings)])
    for position in range(1, last + 1):
        child = etree.SubElement(node, "element", position=str(position), separator=separator)
        here = [finding for finding in findings if _position(finding, segment.tag) == position]
        _fill(child, segment.element(position), here, delimiters)
    return node


def _fill(node: etree._Element, text: str, findings: list[Finding], delimiters: Delimiters) -> None:
    """Put an element's text in, with its components apart where a finding is about one of them."""
    if len(text) > LONGEST_VALUE or not any(_component(finding) for finding in findings):
        node.text = clean(text[:LONGEST_VALUE] + ("…" if len(text) > LONGEST_VALUE else ""))
        _mark(node, findings)
        return
    separator = delimiters.component.decode("latin-1")
    parts = text.split(separator)
    parts += [""] * (max(map(_component, findings)) - len(parts))
    for position, part in enumerate(parts, 1):
        child = etree.SubElement(node, "component", position=str(position), separator=separator)
        child.text = clean(part)
        _mark(child, [finding for finding in findings if _component(finding) == position])
    _mark(node, [finding for finding in findings if not _component(finding)])


def _component(finding: Finding) -> int:
    """Which component of its element a finding is about; 0 for the element as a whole."""
    number = finding.location.element.partition("-")[2]
    return int(number) if number.isdigit() else 0


def _mark(node: etree._Element, findings: list[Finding]) -> None:
    if findings:
        node.set("rules", " ".join(dict.fromkeys(finding.rule for finding in findings)))
        node.set("severity", min((finding.severity for finding in findings), key=_GRAVITY.__getitem__))


_GRAVITY = {"reject": 0, "warn": 1, "info": 2}


def _position(finding: Finding, tag: str) -> int:
    """Which element of a segment a finding is about; 0 for the segment as a whole or another one."""
    location = finding.location
    name = location.element.split("-", maxsplit=1)[0]
    if location.after is not None or not name.startswith(tag) or not name[len(tag) :].isdigit():
        return 0
    return int(name[len(tag) :])


def _bytes(node: etree._Element) -> bytes:
    return etree.tostring(node, encoding="UTF-8", xml_declaration=False) + b"\n"
