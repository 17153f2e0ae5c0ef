"""The HTML report: one self-contained page, made from the XML form by XSLT, worst claims first.

Claims are transformed as they come, some at a time, into a scratch file and put in order at the end. The page
holds the worst CLAIMS_SHOWN of them, so that neither it nor the memory to make it grows without end; its totals
count all.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
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
from x12proc.reports.writer import ClaimRenderer, TargetClaim, Write
from x12proc.reports.xml_markup import element
from x12proc.rules.base import Rule
from x12proc.values import parse_charge
from x12proc.wire.events import Fault

CLAIMS_SHOWN = 4_000  # with findings, worst first: a page that opens within seconds
ROWS_SHOWN = 2_000  # without, in file order
PAGE = 50  # claims that are shown together
_BATCH = 32  # claims that are transformed together ...
_BATCH_SIZE = 512 * 1024  # ... unless they are as many characters before
# In the XSLT's output where claims belong and between them. No text of a claim can spell it: there < is
# written &lt;, and in attributes nothing of a claim is longer than a tag.
_SEPARATOR = b"<!--x12proc:claim-->"
_DOCTYPE = b"<!DOCTYPE html>\n"  # in which the XSLT's output begins, of a page as of claims
# Worst last: rejected, rejections, warnings, other remarks, charge, earlier in the file
Rank: TypeAlias = tuple[bool, int, int, int, Decimal, int]
# The texts that are read are our own and name nothing outside of them.
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
_GROUPS = ("Rejected", "With warnings", "With remarks")


class PageClaim(msgspec.Struct, frozen=True):
    """A claim as the page needs it."""

    rank: Rank
    link: ClaimLink
    row: ClaimRow | None = None  # of a claim without findings
    form: str = ""  # of a claim that may be shown with its findings: in XML form,
    html: bytes = b""  # or transformed


class _Shown(msgspec.Struct):
    """A claim on the page, and where its HTML lies in the scratch file."""

    link: ClaimLink
    offset: int = 0
    length: int = 0


class PageHint(msgspec.Struct, frozen=True):
    """What is full on the page: claims of a lower rank than ``floor`` are not shown with their findings, and with
    ``rows_full`` no further claims without any."""

    floor: Rank | None = None
    rows_full: bool = False


class HtmlClaims(ClaimRenderer):
    """Renders claims for the page; ``lines`` are those of the input."""

    def __init__(self, lines: LineIndex) -> None:
        self._lines = lines
        self._hint = PageHint()

    def render(self, result: ClaimResult, document: Document) -> PageClaim:
        """Return a claim in XML form, or as a row where nothing was found; neither where the page is full."""
        number = document["segment_index"]
        rank, link = _rank(result, document), listed(document, number)
        if rank[:4] == (False, 0, 0, 0):
            clean = None if self._hint.rows_full else row(document, number, self._lines)
            return PageClaim(rank, link, row=clean)
        floor = self._hint.floor
        shown = floor is None or rank > floor
        return PageClaim(rank, link, form=page_claim(result, document, number, self._lines) if shown else "")

    def take_hint(self, hint: PageHint) -> None:
        """Take what is full on the page."""
        self._hint = hint

    def finish(self, parts: list[PageClaim]) -> list[PageClaim]:
        """Transform their forms."""
        html = iter(fragments([part.form for part in parts if part.form]))
        return [msgspec.structs.replace(part, form="", html=next(html)) if part.form else part for part in parts]


class HtmlReport:
    """Writes the page.

    ``scratch`` is an empty file that can be read and written, ``rules`` are all that may have findings.
    """

    def __init__(self, write: Write, scratch: BinaryIO, rules: Mapping[str, Rule]) -> None:
        self._rules = rules
        self._write = write
        self._scratch = scratch
        self._source: Document = {}
        self._totals = Totals()
        self._faulty = 0
        self._worst: list[Rank] = []  # a heap, the least bad on top
        self._shown: dict[int, _Shown] = {}
        self._rows: list[ClaimRow] = []
        self._clean = 0
        self._waiting: list[PageClaim] = []
        self._waiting_size = 0

    def begin(self, source: Document) -> None:
        """Keep what the head of the page says."""
        self._source = source

    def claim(self, claim: TargetClaim, part: PageClaim) -> None:
        """Take a claim onto the page when it is one of the worst so far."""
        self._totals.count(claim.tally)
        if part.rank[:4] == (False, 0, 0, 0):
            self._clean += 1
            if part.row is not None and len(self._rows) < ROWS_SHOWN:
                self._rows.append(part.row)
            return
        self._faulty += 1
        if self._makes_the_page(part.rank):
            self._shown[part.link.number] = _Shown(part.link)
            self._put(part)

    def hint(self) -> PageHint:
        """Return what is full."""
        floor = self._worst[0] if len(self._worst) >= CLAIMS_SHOWN else None
        return PageHint(floor, len(self._rows) >= ROWS_SHOWN)

    def end(self, summary: Summary, faults: Sequence[Fault], program: Document) -> None:
        """Write the page, claims in order from worst to slight."""
        self._flush()
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
        head, *tails = _html(f"<report>{''.join(frame)}</report>").split(_SEPARATOR)
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
        del self._shown[-heapq.heapreplace(self._worst, rank)[-1]]
        return True

    def _found(self, order: Sequence[Rank]) -> dict[str, list[ClaimLink]]:
        """The claims with findings of each rule, worst first."""
        found: dict[str, list[ClaimLink]] = {}
        for rank in order:
            claim = self._shown[-rank[-1]].link
            for rule in claim.rules:
                found.setdefault(rule, []).append(claim)
        return found

    def _by_id(self) -> list[ClaimLink]:
        claims = [shown.link for shown in self._shown.values()]
        claims += [ClaimLink(line.number, line.id, ()) for line in self._rows]
        return sorted(claims, key=lambda claim: (claim.id, claim.number))

    # -- their HTML --------------------------------------------------------------------------------------------

    def _put(self, part: PageClaim) -> None:
        self._waiting.append(part)
        self._waiting_size += len(part.form) + len(part.html)
        if len(self._waiting) >= _BATCH or self._waiting_size >= _BATCH_SIZE:
            self._flush()

    def _flush(self) -> None:
        """Put the waiting claims into the scratch file, transformed."""
        html = iter(fragments([part.form for part in self._waiting if part.form]))
        for part in self._waiting:
            fragment = next(html) if part.form else part.html
            shown = self._shown.get(part.link.number)
            if shown is not None:
                shown.offset, shown.length = self._scratch.tell(), len(fragment)
                self._scratch.write(fragment)
        self._waiting.clear()
        self._waiting_size = 0

    def _fragment(self, number: int) -> bytes:
        shown = self._shown[number]
        self._scratch.seek(shown.offset)
        return self._scratch.read(shown.length)

    # -- lists of claims ---------------------------------------------------------------------------------------

    def _page_list(self, pages: Sequence[Sequence[Rank]]) -> str:
        """Return which claims are on which page, and how many on none."""
        parts = []
        first = 1
        for number, page in enumerate(pages, 1):
            ends = [self._shown[-rank[-1]].link.id for rank in (page[0], page[-1])]
            facts = {
                "number": number, "group": _GROUPS[_group(page[0])], "first": first, "last": first + len(page) - 1,
                "from": ends[0], "to": ends[1],
            }  # fmt: skip
            parts.append(element("page", facts))
            first += len(page)
        left_out = self._faulty - len(self._worst)
        parts += [element("claims", self._faulty), element("left_out", left_out or None)]
        return f"<pages>{''.join(parts)}</pages>"

    def _row_list(self) -> str:
        parts = [element("row", msgspec.structs.asdict(line)) for line in self._rows]
        parts += [element("claims", self._clean), element("left_out", self._clean - len(self._rows) or None)]
        return f"<clean>{''.join(parts)}</clean>"


def fragments(forms: Sequence[str]) -> Iterator[bytes]:
    """Yield the HTML of claims in XML form, which are transformed some at a time."""
    batch: list[str] = []
    size = 0
    for form in forms:
        if batch and (len(batch) >= _BATCH or size >= _BATCH_SIZE):
            yield from _transformed(batch)
            batch, size = [], 0
        batch.append(form)
        size += len(form)
    if batch:
        yield from _transformed(batch)


def _transformed(forms: Sequence[str]) -> list[bytes]:
    html = _html(f"<claims>{''.join(forms)}</claims>").removeprefix(_DOCTYPE)
    return html.split(_SEPARATOR)[: len(forms)]


def _html(form: str) -> bytes:
    return str(_sheet()(etree.fromstring(form, _PARSER))).encode()


@cache
def _sheet() -> etree.XSLT:
    return etree.XSLT(etree.fromstring(files("x12proc.reports.html").joinpath("html.xsl").read_bytes()))


def _rank(scrubbed: ClaimResult, document: Document) -> Rank:
    severities = [finding.severity for finding in scrubbed.all_findings]
    reject, warn = severities.count("reject"), severities.count("warn")
    slight = len(severities) - reject - warn + len(document["guide_errors"]) + len(document["bypasses"])
    charge = parse_charge(scrubbed.claim.charge) or Decimal(0)
    return scrubbed.rejected, reject, warn, slight, charge, -document["segment_index"]


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
