"""The HTML report: one self-contained page, made from the XML form by XSLT, worst claims first.

Claims are transformed one at a time into a scratch file and put in order at the end, so that a large result
costs no more memory than a small one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from typing import BinaryIO

from lxml import etree

from x12proc.engine import ScrubbedClaim
from x12proc.reports.document import Document
from x12proc.reports.writer import Write
from x12proc.reports.xml_report import claim_element, element, end_elements
from x12proc.rules.base import Rule
from x12proc.scrub import Summary
from x12proc.wire.events import Fault

_PLACE = b"<!--claims-->"


class HtmlReport:
    """Writes the page; ``scratch`` is an empty file that can be read and written, ``rules`` are all that may be
    heard."""

    def __init__(self, write: Write, scratch: BinaryIO, rules: Mapping[str, Rule]) -> None:
        self._rules = rules
        self._write = write
        self._scratch = scratch
        self._source: Document = {}
        self._order: list[tuple[int, int, int, int, int]] = []  # rank (2), number, offset, length

    def begin(self, source: Document) -> None:
        """Keep what the head of the page says."""
        self._source = source

    def claim(self, scrubbed: ScrubbedClaim, document: Document) -> None:
        """Transform a claim and remember where it was put."""
        fragment = str(self._sheet(claim_element(scrubbed, document))).encode()
        severities = [finding.severity for finding in scrubbed.all_findings]
        offset = self._scratch.tell()
        self._scratch.write(fragment)
        self._order.append(
            (-severities.count("reject"), -severities.count("warn"), len(self._order), offset, len(fragment))
        )

    def end(self, summary: Summary, faults: Sequence[Fault], program: Document) -> None:
        """Write the page, claims in order from worst to clean."""
        root = etree.Element("report")
        root.append(element("input", self._source))
        root.extend(end_elements(summary, faults, program))
        root.append(_rules_found(summary, self._rules))
        head, _, tail = str(self._sheet(root)).encode().partition(_PLACE)
        self._write(head)
        for _, _, _, offset, length in sorted(self._order):
            self._scratch.seek(offset)
            self._write(self._scratch.read(length))
        self._write(tail)

    @cached_property
    def _sheet(self) -> etree.XSLT:
        return etree.XSLT(etree.fromstring(files("x12proc.reports").joinpath("html.xsl").read_bytes()))


def _rules_found(summary: Summary, rules: Mapping[str, Rule]) -> etree._Element:
    """What the page says of each rule that was heard: name, meaning, reason, fix and sources."""
    root = etree.Element("rules")
    for rule_id, count in sorted(summary.by_rule.items(), key=lambda entry: (-entry[1], entry[0])):
        rule = rules[rule_id]
        root.append(
            element(
                "rule",
                {
                    "id": rule.id, "count": count, "name": rule.name, "summary": rule.summary, "why": rule.why,
                    "fix": rule.fix,
                },
            )
        )  # fmt: skip
        for source in rule.cited:
            etree.SubElement(root[-1], "source", url=source.url).text = source.title
    return root
