"""A report's documents as XML text: the facts of the JSON report, and raw segments with what is wrong marked.

A value that is null in the JSON report has no element here. The text is put together by hand, because a tree
built node by node costs four times as much; whoever writes or transforms it has lxml parse it first, so that
nothing goes out that is not well-formed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

import msgspec

from x12proc.claims.model import Claim
from x12proc.engine.document import LONGEST_VALUE, Document
from x12proc.engine.result import ClaimResult
from x12proc.reports.escape import escaped
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.segment import Segment

GUIDE = "guide"  # the severity under which a guide error is shown
_SINGULAR = {
    "claims": "claim", "lines": "line", "findings": "finding", "below": "finding", "diagnoses": "diagnosis",
    "modifiers": "modifier",
    "notes": "note", "errors": "error", "sources": "source", "rarc": "code", "service_dates": "date",
    "diagnosis_pointers": "pointer", "byte_range": "offset", "routes": "route", "dates": "date",
    "guide_errors": "guide_error", "bypasses": "bypass", "fixes": "fix",
    "unchecked": "rule",
}  # fmt: skip
_MAPPINGS = frozenset(
    ("by_rule", "by_reason", "profile_files", "reference_editions", "rule_files", "rule_packages")
)
_GRAVITY = {"reject": 0, "warn": 1, GUIDE: 2, "info": 3}
LineOf: TypeAlias = Callable[[int], int]  # the line of the file that holds a byte


class Highlight(msgspec.Struct, frozen=True, gc=False):
    """A finding or guide error in a segment; 0 is the segment as a whole, or the element as a whole."""

    rule: str
    severity: str
    name: str  # LIN03, SV101-7
    loop: str
    element: int
    component: int
    missing: bool  # was not sent and belongs after the segment


Highlights: TypeAlias = Mapping[int, list[Highlight]]  # by segment index


# -- facts -----------------------------------------------------------------------------------------------------


def element(name: str, value: object) -> str:
    """A plain value as an element: mappings and lists become children, None becomes nothing."""
    if isinstance(value, str):
        return f"<{name}>{escaped(value)}</{name}>"
    return "" if value is None else f"<{name}>{_inside(name, value)}</{name}>"


def _inside(name: str, value: object) -> str:
    if isinstance(value, dict):
        if name in _MAPPINGS:
            return "".join(
                [f'<entry key="{escaped(key)}">{escaped(str(entry))}</entry>' for key, entry in value.items()]
            )
        return "".join([element(key, entry) for key, entry in value.items()])
    if isinstance(value, list | tuple):
        single = _SINGULAR.get(name, "entry")
        return "".join([element(single, entry) for entry in value])
    return str(value).lower() if isinstance(value, bool) else str(value)


def claim_form(scrubbed: ClaimResult, document: Document, line_of: LineOf | None = None) -> str:
    """A claim's document as a ``claim`` element, with the segments of its loop 2300 and of its target lines.

    ``line_of`` adds to every segment the line of the file on which it begins.
    """
    claim = scrubbed.claim
    highlights = claim_highlights(document)
    shown = {segment.index for line in scrubbed.lines for segment in line.line.segments}
    own = [segment for segment in claim.segments if segment.loop == "2300"]
    shown.update(segment.index for segment in own)
    elsewhere = highlights.keys() - shown
    own += [segment for segment in _all_segments(claim) if segment.index in elsewhere]

    def block(segments: Iterable[Segment]) -> str:
        inside = [
            segment_form(segment, highlights.get(segment.index), claim.delimiters, line_of) for segment in segments
        ]
        return f"<segments>{''.join(inside)}</segments>"

    facts = [element(key, value) for key, value in document.items() if key != "lines"]
    lines = [
        f"<line>{_inside('line', facts)}{block(line.line.segments)}</line>"
        for facts, line in zip(document["lines"], scrubbed.lines, strict=True)
    ]
    return f"<claim>{''.join(facts)}<lines>{''.join(lines)}</lines>{block(own)}</claim>"


def _all_segments(claim: Claim) -> Iterator[Segment]:
    """Every segment that is sent of a claim: its own, and those of its parent loops."""
    for party in (*claim.submitter_receiver, *claim.provider, *claim.subscriber, *claim.patient):
        yield from party.segments
    yield from claim.segments


# -- what is wrong, and where ----------------------------------------------------------------------------------


def claim_highlights(document: Document) -> Highlights:
    """Return the findings and guide errors of a claim by segment index."""
    highlights: dict[int, list[Highlight]] = {}
    for entry in document["guide_errors"]:
        _put(highlights, entry["code"], GUIDE, entry["location"])
    for holder in (document, *document["lines"]):
        for finding in (*holder["findings"], *holder.get("below", ())):
            _put(highlights, finding["rule"], finding["severity"], finding["location"])
    return highlights


def _put(highlights: dict[int, list[Highlight]], rule: str, severity: str, location: Document) -> None:
    name, tag = location["element"], location["segment"]
    number, _, component = name.removeprefix(tag).partition("-")
    exact = name.startswith(tag) and number.isdigit()
    highlight = Highlight(
        rule=rule,
        severity=severity,
        name=name,
        loop=location["loop"],
        element=int(number) if exact else 0,
        component=int(component) if exact and component.isdigit() else 0,
        missing=location["after"] is not None,
    )
    highlights.setdefault(location["segment_index"], []).append(highlight)


def segment_form(
    segment: Segment, highlights: list[Highlight] | None, delimiters: Delimiters, line_of: LineOf | None
) -> str:
    """A segment as a ``segment`` element with what is wrong in ``fault`` elements; after it an ``absent`` element
    for whatever is missing there."""
    line = f' line="{line_of(segment.offset)}"' if line_of else ""
    head = f'<segment index="{segment.index}" offset="{segment.offset}" loop="{segment.loop}"{line}>'
    separator = delimiters.element.decode("latin-1")
    values = segment.elements
    if len(segment.raw) > LONGEST_VALUE:
        values = tuple(_cut(value) for value in values)
    if not highlights:
        rest = escaped(separator.join(("", *values[1:])))
        return f"{head}<tag>{escaped(values[0])}</tag>{rest}</segment>"
    at: dict[int, list[Highlight]] = {}
    for highlight in highlights:
        if not highlight.missing:
            at.setdefault(highlight.element, []).append(highlight)
    between = escaped(separator)
    parts = [f"<tag>{_highlighted(escaped(values[0]), at.pop(0, []))}</tag>"]
    for position, value in enumerate(values[1:], 1):
        parts += (between, _value(value, at.pop(position, []), delimiters))
    # What should come after the last element that was sent.
    parts += [_highlighted("", unsent) for unsent in at.values()]
    gaps = [_gap(highlight) for highlight in highlights if highlight.missing]
    return f"{head}{''.join(parts)}</segment>{''.join(gaps)}"


def _value(text: str, highlights: list[Highlight], delimiters: Delimiters) -> str:
    """An element's text, its components apart where a finding is about one of them."""
    if not any(highlight.component for highlight in highlights):
        return _highlighted(escaped(text), highlights)
    separator = delimiters.component.decode("latin-1")
    parts = text.split(separator)
    at: dict[int, list[Highlight]] = {}
    for highlight in highlights:
        at.setdefault(highlight.component, []).append(highlight)
    whole = at.pop(0, [])
    sent = [_highlighted(escaped(part), at.pop(position, [])) for position, part in enumerate(parts, 1)]
    unsent = [_highlighted("", rest) for rest in at.values()]
    return _highlighted(escaped(separator).join(sent) + "".join(unsent), whole)


def _highlighted(text: str, highlights: list[Highlight]) -> str:
    """XML text inside a ``fault`` when something is wrong with it."""
    if not highlights:
        return text
    rules = escaped(" ".join(dict.fromkeys(highlight.rule for highlight in highlights)))
    severity = min((highlight.severity for highlight in highlights), key=_GRAVITY.__getitem__)
    return f'<fault rules="{rules}" severity="{severity}" element="{escaped(highlights[0].name)}">{text}</fault>'


def _gap(highlight: Highlight) -> str:
    facts = f'rules="{escaped(highlight.rule)}" severity="{highlight.severity}"'
    return f'<absent name="{escaped(highlight.name)}" loop="{escaped(highlight.loop)}" {facts}/>'


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"
