"""Where a claim names a procedure code, and service lines that are written off the guide's form.

Sound claims are read as they are. Where a code is in a place that the plain reading doesn't explain, the claim is
read again as a person would: tags, qualifiers and codes in any case and with blanks, a service without its LX, a
second service in one LX, a service after the loops below it. What is still no service line then is a stray code.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, TypeAlias

import msgspec

from x12proc.claims.builder import ClaimBuilder
from x12proc.claims.loops import LoopTracker
from x12proc.claims.model import Claim, Oddity, ServiceLine, StrayCode
from x12proc.wire.events import ClaimSpan, MentionCounts
from x12proc.wire.segment import Segment

MentionClass: TypeAlias = Literal["target_lines", "notes", "other_payer", "identifiers", "other", "unexplained"]
_NOTES = frozenset(("NTE", "K3", "PWK", "MSG", "FRM"))
_IDENTIFIERS = frozenset(
    ("REF", "NM1", "N2", "N3", "N4", "PER", "PRV", "DMG", "SBR", "PAT", "CN1", "LIN", "CTP", "PS1", "OI", "DTP")
)
_OTHER_PAYER = re.compile(r"23[23]0|2430|2440")
_OTHER_QUALIFIERS = frozenset(("ER", "HP", "IV", "WK"))  # of SV101-1 and SV202-1, beside HC
_SERVICE = {"P": "SV1", "I": "SV2"}
_TAGS = frozenset(
    (
        *(
            "CLM",
            "DTP",
            "PWK",
            "CN1",
            "AMT",
            "REF",
            "K3",
            "NTE",
            "CR1",
            "CR2",
            "CR3",
            "CRC",
            "HI",
            "HCP",
            "NM1",
            "PRV",
        ),
        *(
            "N2",
            "N3",
            "N4",
            "PER",
            "SBR",
            "CAS",
            "OI",
            "MIA",
            "MOA",
            "DMG",
            "PAT",
            "LX",
            "SV1",
            "SV2",
            "SV5",
            "PS1",
        ),
        *("QTY", "MEA", "LIN", "CTP", "SVD", "LQ", "FRM", "TOO", "CR7", "HSD"),
    )
)
_QUALIFIER, _CODE, _DESCRIPTION = 0, 1, 6  # components of SV101 and SV202


class ClaimReading(msgspec.Struct, frozen=True):
    """A claim as read, its target lines, and where it names a code."""

    claim: Claim
    targets: tuple[ServiceLine, ...]
    counts: MentionCounts | None  # None: each code is that of a target line


def target_lines(claim: Claim, codes: frozenset[str]) -> tuple[ServiceLine, ...]:
    """Return the lines of a claim that bill one of the codes under qualifier HC (SV101-1, SV202-1)."""
    return tuple([line for line in claim.lines if line.procedure.upper() in codes and line.qualifier == "HC"])


def read_claim(builder: ClaimBuilder, span: ClaimSpan, codes: frozenset[str]) -> ClaimReading:
    """Read a claim so that every code in it is explained, as far as it can be.

    Raises X12SyntaxError as :meth:`ClaimBuilder.build` does.
    """
    claim = builder.build(span)
    offsets = builder.code_offsets(span, _encoded(codes))
    targets = target_lines(claim, codes)
    if _is_plain(claim, targets, codes, offsets):
        return ClaimReading(claim, targets, None)
    classes = [_class_of(claim, targets, offset) for offset in offsets]
    if "unexplained" in classes or not all(_is_on_form(claim, line, codes) for line in targets):
        claim = _reread(builder, claim, codes)
        targets = target_lines(claim, codes)
        classes = [_class_of(claim, targets, offset) for offset in offsets]
    stray = [
        _stray_code(claim, offset)
        for offset, found in zip(offsets, classes, strict=True)
        if found == "unexplained" or (found == "other" and _is_service(claim, offset))
    ]
    counts = Counter[str](classes)
    return ClaimReading(
        msgspec.structs.replace(claim, stray_codes=tuple(stray)) if stray else claim,
        targets,
        MentionCounts(**counts),
    )


@lru_cache(maxsize=64)  # asked for with every claim
def _encoded(codes: frozenset[str]) -> tuple[bytes, ...]:
    return tuple([code.encode() for code in codes])


def _is_plain(claim: Claim, targets: tuple[ServiceLine, ...], codes: frozenset[str], offsets: list[int]) -> bool:
    """Return whether each code is that of a target line on the guide's form: by far the most frequent case."""
    if len(offsets) != len(targets):
        return False
    for line, offset in zip(targets, offsets, strict=True):
        service = line.service
        assert service is not None, "a target line has a procedure code"
        if not service.offset <= offset < service.offset + len(service.raw) or not _is_on_form(claim, line, codes):
            return False
    return True


def _is_on_form(claim: Claim, line: ServiceLine, codes: frozenset[str]) -> bool:
    service = line.service
    return service is not None and line.procedure in codes and service.tag == _SERVICE[claim.type]


# -- classes ----------------------------------------------------------------------------------------------------


def _segment_at(claim: Claim, offset: int) -> Segment:
    position = bisect_right(claim.segments, offset, key=lambda segment: segment.offset) - 1
    return claim.segments[max(position, 0)]


def _element_at(segment: Segment, offset: int, component: bytes) -> tuple[int, int]:
    """Return in which element and which component of it an offset is; both count from 0."""
    before = segment.raw[: offset - segment.offset]
    separator = segment.raw[len(segment.tag) : len(segment.tag) + 1]
    element = before.count(separator) if separator else 0
    return element, before[before.rfind(separator) + 1 :].count(component) if separator else 0


def _class_of(claim: Claim, targets: tuple[ServiceLine, ...], offset: int) -> MentionClass:
    segment = _segment_at(claim, offset)
    if segment.tag in ("SV1", "SV2"):
        return _class_in_service(claim, targets, segment, offset)
    if segment.tag == "SV5":
        repeats = any(segment in line.segments for line in targets)
        return "other" if repeats else "unexplained"
    if segment.tag == "HCP" or _OTHER_PAYER.match(segment.loop):
        return "other_payer" if segment.tag in _TAGS else "unexplained"
    if segment.tag in _NOTES:
        return "notes"
    if segment.tag == "CLM":
        element, _ = _element_at(segment, offset, claim.delimiters.component)
        return "identifiers" if element == 1 else "unexplained"
    if segment.tag == "HI":
        return "other"
    return "identifiers" if segment.tag in _IDENTIFIERS else "unexplained"


def _class_in_service(
    claim: Claim, targets: tuple[ServiceLine, ...], segment: Segment, offset: int
) -> MentionClass:
    element, component = _element_at(segment, offset, claim.delimiters.component)
    if element != (2 if segment.tag == "SV2" else 1):
        return "unexplained"
    if component >= _DESCRIPTION:
        return "notes"
    if component != _CODE:
        return "unexplained"
    if any(line.service is not None and line.service.offset == segment.offset for line in targets):
        return "target_lines"
    qualifier = segment.element(element).partition(claim.delimiters.component.decode("latin-1"))[0]
    return "other" if qualifier.strip().upper() in _OTHER_QUALIFIERS else "unexplained"


def _is_service(claim: Claim, offset: int) -> bool:
    return _segment_at(claim, offset).tag in ("SV1", "SV2")


def _stray_code(claim: Claim, offset: int) -> StrayCode:
    segment = _segment_at(claim, offset)
    element, component = _element_at(segment, offset, claim.delimiters.component)
    return StrayCode(segment, element, component + 1 if component else None)


# -- reading again ----------------------------------------------------------------------------------------------


def _reread(builder: ClaimBuilder, claim: Claim, codes: frozenset[str]) -> Claim:
    """Return the claim with the lines that a person would read in it; the claim itself where none is added."""
    reader = _LineReader(claim)
    segments = tuple(reader.segments())
    read = builder.claim_of(claim.span, segments, [start for start, _ in reader.starts])
    lines = [
        _normalized(line, oddities, codes) for line, (_, oddities) in zip(read.lines, reader.starts, strict=True)
    ]
    read = msgspec.structs.replace(read, lines=tuple(lines))
    return read if any(line.oddities for line in target_lines(read, codes)) else claim


class _LineReader:
    """Goes through the segments of a claim once and finds where its lines begin."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim
        self._loops = LoopTracker(claim.span.transaction.guide or claim.guide, "2300")
        self._has_service = False
        #: For each line the index of its first segment, and what is off its form; filled by segments().
        self.starts: list[tuple[int, list[Oddity]]] = []

    def segments(self) -> Iterator[Segment]:
        """Yield the segments with their tags in capitals, and the loops that they are in then."""
        for index, sent in enumerate(self._claim.segments):
            segment = _with_plain_tag(sent)
            kinds: list[str] = []
            if segment.tag == "LX":
                self._begin_line(index)
            elif segment.tag in ("SV1", "SV2"):
                kinds += self._begin_service(index, segment)
            if segment is not sent and segment.tag in ("LX", "SV1", "SV2"):
                kinds.append("tag")
            loop = self._loops.loop_of(segment.elements) if index else segment.loop
            segment = segment if loop == segment.loop else msgspec.structs.replace(segment, loop=loop)
            if kinds:
                self.starts[-1][1].extend(Oddity(kind, segment, 0) for kind in kinds)
            yield segment

    def _begin_line(self, index: int) -> None:
        self.starts.append((index, []))
        self._has_service = False

    def _begin_service(self, index: int, segment: Segment) -> Iterator[str]:
        """Yield what is off the form where a service begins; begin a line, or loop 2400 again, where needed."""
        if self._loops.scope != "2400" or self._has_service:
            yield "second-service" if self._loops.scope == "2400" else "no-lx"
            self._begin_line(index)
            self._loops.loop_of(("LX",))
        elif self._loops.loop != "2400":
            yield "after-loop"
            self._loops.loop_of(("LX",))
        if segment.tag != _SERVICE[self._claim.type]:
            yield "other-guide"
        self._has_service = True


def _with_plain_tag(segment: Segment) -> Segment:
    """Return the segment with its tag in capitals and without blanks, where that is a tag of the guides."""
    if segment.tag in _TAGS:
        return segment
    tag = segment.tag.strip().upper()
    if tag not in _TAGS or not segment.tag.strip().isascii():
        return segment
    # The offsets of elements are counted from the tag: blanks after it count as if they came before it.
    blanks = len(segment.tag.rstrip()) - len(segment.tag)
    raw = segment.raw if not blanks else segment.raw[: len(tag)] + segment.raw[len(segment.tag) :]
    return msgspec.structs.replace(
        segment, tag=tag, elements=(tag, *segment.elements[1:]), offset=segment.offset - blanks, raw=raw
    )


def _normalized(line: ServiceLine, oddities: list[Oddity], codes: frozenset[str]) -> ServiceLine:
    """Return a line with qualifier and code in capitals and without blanks, where that is one of the codes."""
    qualifier, code = line.qualifier.strip().upper(), "".join(line.procedure.split()).upper()
    service = line.service
    found = list(oddities)
    if service is not None and qualifier == "HC" and code in codes:
        element = 2 if service.tag == "SV2" else 1
        if qualifier != line.qualifier:
            found.append(Oddity("qualifier", service, element, _QUALIFIER + 1))
        if code != line.procedure:
            found.append(Oddity("code", service, element, _CODE + 1))
        line = msgspec.structs.replace(line, qualifier=qualifier, procedure=code)
    number = line.number if line.lx.tag == "LX" else ""
    return msgspec.structs.replace(line, number=number, oddities=tuple(found))
