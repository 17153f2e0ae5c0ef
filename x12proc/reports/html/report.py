"""The HTML report: one self-contained page, made from the XML form by XSLT, worst claims first.

Claims are transformed as they come, some at a time, into a scratch file and put in order at the end. The page
holds the worst CLAIMS_SHOWN of them, so that neither it nor the memory to make it grows without end; its totals
count all.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from importlib.resources import files
from typing import BinaryIO, TypeAlias

import msgspec
from lxml import etree

from x12proc.engine.document import Document
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Summary
from x12proc.reports.document import fault_document, summary_document
from x12proc.reports.html.line_index import LineIndex
from x12proc.reports.html.totals import Totals
from x12proc.reports.html.view import (
    ClaimLink,
    ClaimRow,
    links,
    listed,
    money_totals,
    page_claim,
    party_table,
    row,
    rule_tables,
    unchecked_table,
)
from x12proc.reports.writer import Write
from x12proc.reports.xml_markup import element
from x12proc.rules.base import Rule
from x12proc.values import parse_charge
from x12proc.wire.events import Fault

CLAIMS_SHOWN = 4_000  # with findings, worst first: a page that opens within seconds
ROWS_SHOWN = 2_000  # without, in file order
PAGE = 50  # claims that are shown together
_BATCH = 32  # claims that are transformed together ...
_BATCH_SIZE = 512 * 1024  # ... unless they are as many characters before
# Stands in the XSLT's output where claims belong and between them. No text of a claim can spell it: there < is
# written &lt;, and in attributes nothing of a claim is longer than a tag.
_PLACE = b"<!--x12proc:claim-->"
# Worst last: rejected, rejections, warnings, other remarks, charge, earlier in the file
Rank: TypeAlias = tuple[bool, int, int, int, Decimal, int]
# The texts that are read are our own and name nothing outside of them.
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
_GROUPS = ("Rejected", "With warnings", "With remarks")


class _Shown(msgspec.Struct):
    """A claim on the page, and where its HTML lies in the scratch file."""

    listed: ClaimLink
    offset: int = 0
    length: int = 0


class HtmlReport:
    """Write the page.

    ``scratch`` is an empty file that can be read and written, ``rules`` are all that may have findings,
    ``lines`` are those of the input.
    """

    def __init__(self, write: Write, scratch: BinaryIO, rules: Mapping[str, Rule], lines: LineIndex) -> None:
        self._rules = rules
        self._write = write
        self._scratch = scratch
        self._lines = lines
        self._source: Document = {}
        self._totals = Totals()
        self._number = 0
        self._worst: list[Rank] = []  # a heap, the least bad on top
        self._shown: dict[int, _Shown] = {}
        self._rows: list[ClaimRow] = []
        self._clean = 0
        self._batch: list[tuple[int, str]] = []
        self._batch_size = 0

    def begin(self, source: Document) -> None:
        """Keep what the head of the page says."""
        self._source = source

    def claim(self, scrubbed: ClaimResult, document: Document) -> None:
        """Take a claim onto the page when it is one of the worst so far."""
        self._number += 1
        self._totals.count(scrubbed)
        rank = _rank(scrubbed, document, self._number)
        if rank[:4] == (False, 0, 0, 0):
            self._clean += 1
            if len(self._rows) < ROWS_SHOWN:
                self._rows.append(row(document, self._number, self._lines))
        elif self._makes_the_page(rank):
            self._shown[self._number] = _Shown(listed(document, self._number))
            self._put(page_claim(scrubbed, document, self._number, self._lines))

    def end(self, summary: Summary, faults: Sequence[Fault], program: Document) -> None:
        """Write the page, claims in order from worst to slight."""
        self._transform()
        order = sorted(self._worst, reverse=True)
        pages = list(_pages(order))
        frame = [
            element("input", self._source),
            element("errors", [fault_document(fault) for fault in faults]),
            element("summary", summary_document(summary)),
            element("program", program),
            element("money", money_totals(summary)),
            unchecked_table(self._totals.unchecked),
            rule_tables(self._totals.rules, self._found(order), self._rules),
            party_table("payers", self._totals.payers),
            party_table("providers", self._totals.providers),
            self._page_list(pages),
            self._row_list(),
            f"<index>{''.join(links(self._by_id()))}</index>",
        ]
        head, *tails = self._html(f"<report>{''.join(frame)}</report>").split(_PLACE)
        self._write(head)
        for page, tail in zip(pages, tails, strict=True):
            for rank in page:
                self._write(self._fragment(-rank[-1]))
            self._write(tail)

    # -- which claims ------------------------------------------------------------------------------------------

    def _makes_the_page(self, rank: Rank) -> bool:
        if len(self._worst) < CLAIMS_SHOWN:
            heapq.heappush(self._worst, rank)
            return True
        if rank < self._worst[0]:
            return False
        self._shown.pop(-heapq.heapreplace(self._worst, rank)[-1])
        return True

    def _found(self, order: Sequence[Rank]) -> dict[str, list[ClaimLink]]:
        """The claims with findings of each rule, worst first."""
        found: dict[str, list[ClaimLink]] = {}
        for rank in order:
            claim = self._shown[-rank[-1]].listed
            for rule in claim.rules:
                found.setdefault(rule, []).append(claim)
        return found

    def _by_id(self) -> list[ClaimLink]:
        claims = [shown.listed for shown in self._shown.values()]
        claims += [ClaimLink(line.number, line.id, ()) for line in self._rows]
        return sorted(claims, key=lambda claim: (claim.id, claim.number))

    # -- their HTML --------------------------------------------------------------------------------------------

    def _put(self, form: str) -> None:
        self._batch.append((self._number, form))
        self._batch_size += len(form)
        if len(self._batch) >= _BATCH or self._batch_size >= _BATCH_SIZE:
            self._transform()

    def _transform(self) -> None:
        """Put the waiting claims into the scratch file."""
        if not self._batch:
            return
        html = self._html(f"<claims>{''.join(form for _, form in self._batch)}</claims>")
        for (number, _), fragment in zip(self._batch, html.split(_PLACE), strict=False):
            shown = self._shown.get(number)
            if shown is not None:
                shown.offset, shown.length = self._scratch.tell(), len(fragment)
                self._scratch.write(fragment)
        self._batch.clear()
        self._batch_size = 0

    def _fragment(self, number: int) -> bytes:
        shown = self._shown[number]
        self._scratch.seek(shown.offset)
        return self._scratch.read(shown.length)

    def _html(self, form: str) -> bytes:
        return str(self._sheet(etree.fromstring(form, _PARSER))).encode()

    @cached_property
    def _sheet(self) -> etree.XSLT:
        return etree.XSLT(etree.fromstring(files("x12proc.reports.html").joinpath("html.xsl").read_bytes()))

    # -- lists of claims ---------------------------------------------------------------------------------------

    def _page_list(self, pages: Sequence[Sequence[Rank]]) -> str:
        """Return which claims are on which page, and how many on none."""
        parts = []
        first = 1
        for number, page in enumerate(pages, 1):
            ends = [self._shown[-rank[-1]].listed.id for rank in (page[0], page[-1])]
            facts = {
                "number": number, "group": _GROUPS[_group(page[0])], "first": first, "last": first + len(page) - 1,
                "from": ends[0], "to": ends[1],
            }  # fmt: skip
            parts.append(element("page", facts))
            first += len(page)
        faulty = self._number - self._clean
        parts += [element("claims", faulty), element("left_out", faulty - len(self._worst) or None)]
        return f"<pages>{''.join(parts)}</pages>"

    def _row_list(self) -> str:
        parts = [element("row", msgspec.structs.asdict(line)) for line in self._rows]
        parts += [element("claims", self._clean), element("left_out", self._clean - len(self._rows) or None)]
        return f"<clean>{''.join(parts)}</clean>"


def _rank(scrubbed: ClaimResult, document: Document, number: int) -> Rank:
    severities = [finding.severity for finding in scrubbed.all_findings]
    reject, warn = severities.count("reject"), severities.count("warn")
    slight = len(severities) - reject - warn + len(document["guide_errors"]) + len(document["bypasses"])
    charge = parse_charge(scrubbed.claim.charge) or Decimal(0)
    return scrubbed.rejected, reject, warn, slight, charge, -number


def _group(rank: Rank) -> int:
    return 0 if rank[0] else 1 if rank[2] else 2


def _pages(order: Sequence[Rank]) -> Iterator[list[Rank]]:
    """The claims of a group, PAGE by PAGE."""
    page: list[Rank] = []
    for rank in order:
        if page and (len(page) == PAGE or _group(rank) != _group(page[0])):
            yield page
            page = []
        page.append(rank)
    if page:
        yield page
