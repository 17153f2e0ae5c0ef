"""Mask a file: replace each segment's identifiers and leave every other byte unchanged.

Segments are read in batches of one claim (from a CLM, HL or envelope segment to the next), so that a text can be
cleaned of names that come after it. No more than one batch is held in memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

import msgspec

from x12proc.claims.builder import LARGEST_CLAIM, MOST_SEGMENTS
from x12proc.mask.elements import KEPT, OTHER_TAGS, PAYER, TAGS, is_composite, masking_rule
from x12proc.mask.pseudonyms import Pseudonyms, is_placeholder
from x12proc.mask.text import Known, TextMask
from x12proc.narrative.lexicon import Lexicon
from x12proc.reports.edi.edits import Edit
from x12proc.wire import faults
from x12proc.wire.delimiters import Delimiters, IsaHeader
from x12proc.wire.events import Interchange, InterchangeClosed
from x12proc.wire.scanner import scan
from x12proc.wire.segment import Segment, decode, split_segments
from x12proc.wire.window import WINDOW, Buffer, windows

ODD_VALUE = "value-not-in-form"
ODD_SEGMENT = "not-a-segment"
STRAY_BYTES = "stray-bytes"

_BOUNDARIES = frozenset(("ISA", "GS", "ST", "HL", "CLM", "SE", "GE", "IEA"))
_LEVELS = ("ST", "20", "22", "23", "CLM")  # what is known of a claim, from the file's head to the claim itself
_BOM = b"\xef\xbb\xbf"
_UPPER, _LOWER, _DIGIT = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz", b"0123456789"
_BLANKED = bytes.maketrans(
    _UPPER + _LOWER + _DIGIT + bytes(range(128, 256)),
    b"X" * 26 + b"a" * 26 + b"0" * 10 + b"?" * 128,
)  # fill after an IEA (hexadecimal digits in small letters) stays fill
# Forms of kept values. A value of another form is masked as text, for it may be anything.
_FORMS = {
    "code": re.compile(r"[A-Za-z]{1,3}|(?=.?.?.?[0-9])[A-Za-z0-9][A-Za-z0-9.+-]{0,10}"),
    "number": re.compile(r"-?[0-9]{0,8}(?:\.[0-9]{0,8})?"),
    "ordinal": re.compile(r"[0-9]{0,6}"),
    "form": re.compile(r"[^A-Za-z0-9]|[A-Z0-9]{1,12}"),
    "state": re.compile(r"[A-Za-z]{0,3}"),
    "drug": re.compile(r"[0-9][0-9 *.-]{0,15}"),
}
_LONG_NUMBER = re.compile(r"[0-9]{9}")
_LONGEST_KEPT = 128  # bytes of an element whose pseudonym is cached
_SUSPICIOUS, _VERY_SUSPICIOUS = 1, 2
_LONGEST_FLAG = 3  # a code as short as LEE may well be a code
_LINE_ENDS = re.compile(r"[\r\n]+")
_WORD = re.compile(r"[^\W\d_]{2,}")


class ReviewItem(msgspec.Struct, frozen=True):
    """A location that a person should review before the file is shared. Never its value."""

    reason: str
    segment_index: int
    element: str
    byte_offset: int


class Masker:
    """Turns the identifiers of one file into edits. ``review_items`` grows while the edits are read.

    ``max_review_items`` bounds that list; ``total_review_items`` counts all.
    """

    def __init__(
        self, buffer: Buffer, pseudonyms: Pseudonyms, lexicon: Lexicon, max_review_items: int = 1000
    ) -> None:
        self.review_items: list[ReviewItem] = []
        self.total_review_items = 0
        self._buffer = buffer
        self._pseudonyms = pseudonyms
        self._texts = TextMask(pseudonyms, lexicon)
        self._max_review_items = max_review_items
        # The same names and numbers recur in a file.
        self._replaced = lru_cache(maxsize=65_536)(self._replace)

    def edits(self, window: int = WINDOW) -> Iterator[Edit]:
        """Yield the edits of the whole file, in order.

        Raises X12SyntaxError for an excessively long segment, and at the end for a file without any interchange.
        """
        position = 0
        found = False
        opened: Interchange | None = None
        for event in scan(self._buffer, (), window=window):
            if isinstance(event, Interchange):
                found = True
                if opened is not None:
                    yield from self._mask_interchange(opened, event.header.start, window)
                else:
                    yield from self._blank_outside(position, event.header.start)
                opened = event
            elif isinstance(event, InterchangeClosed) and opened is not None:
                position = min(event.trailer[1] + 1, len(self._buffer))
                yield from self._mask_interchange(opened, position, window)
                opened = None
        if opened is not None:
            yield from self._mask_interchange(opened, len(self._buffer), window)
        else:
            yield from self._blank_outside(position, len(self._buffer))
        if not found:
            raise faults.NO_ISA.error(0)

    # -- ranges ------------------------------------------------------------------------------------------------

    def _blank_outside(self, start: int, end: int) -> Iterator[Edit]:
        """Blank bytes outside of any interchange, whose meaning is unknown."""
        reported = False
        while start < end:
            stop = min(start + WINDOW, end)
            raw = self._buffer[start:stop]
            head = _BOM if raw.startswith(_BOM) else b""
            new = head + raw[len(head) :].translate(_BLANKED)
            if new != raw:
                yield Edit(start, stop, new)
            if raw.strip(b"\r\n\t \x00\x1a") and not reported:
                reported = True
                self._add_review_item(STRAY_BYTES, 0, "", start)
            start = stop

    def _mask_interchange(self, opened: Interchange, end: int, window: int) -> Iterator[Edit]:
        header, delimiters = opened.header, opened.delimiters
        yield from self._mask_isa(header, opened.segment_index)
        known = _Levels()
        batch: list[Segment] = []
        size = 0
        for segment in self._segments(opened, end, window):
            full = size > LARGEST_CLAIM or len(batch) >= MOST_SEGMENTS
            if batch and (segment.tag in _BOUNDARIES or full):
                yield from self._mask_batch(batch, known, delimiters)
                batch, size = [], 0
            batch.append(segment)
            size += len(segment.raw)
        yield from self._mask_batch(batch, known, delimiters)

    def _segments(self, opened: Interchange, end: int, window: int) -> Iterator[Segment]:
        delimiters = opened.delimiters
        for part in windows(self._buffer, opened.header.end, opened.segment_index, delimiters, window):
            raw = self._buffer[part.start : min(part.end, end)]
            yield from split_segments(raw, part.start, part.index, delimiters)
            if part.end >= end:
                return

    def _mask_isa(self, header: IsaHeader, index: int) -> Iterator[Edit]:
        """Mask the ISA, whose last element is a delimiter and ends where the terminator begins."""
        raw = self._buffer[header.start : header.end]
        separator = header.delimiters.element
        parts = raw.split(separator, 16)
        elements = ("ISA", *(decode(part) for part in parts[1:]))
        new = [parts[0]]
        for position, part in enumerate(parts[1:16], 1):
            new.append(
                part if position == 11 else self._mask_isa_element(elements, position, part, index, header.start)
            )
        yield Edit(header.start, header.end, separator.join([*new, *parts[16:]]))

    # -- a claim -----------------------------------------------------------------------------------------------

    def _mask_batch(self, batch: list[Segment], levels: _Levels, delimiters: Delimiters) -> Iterator[Edit]:
        if not batch:
            return
        component = delimiters.component.decode("latin-1")
        known = levels.known(batch, component)
        for segment in batch:
            new = self._mask_segment(segment, delimiters, known)
            if new != segment.raw:
                yield Edit(segment.offset, segment.offset + len(segment.raw), new)

    def _mask_segment(self, segment: Segment, delimiters: Delimiters, known: Known) -> bytes:
        parts = segment.raw.split(delimiters.element)
        elements = _elements(segment)
        head = parts[0]
        plain = elements[0].strip().upper()
        if plain in TAGS:  # a service line is read in small letters and with blanks, too
            elements = (plain, *elements[1:])
        if elements[0] not in TAGS:
            self._add_review_item(ODD_SEGMENT, segment.index, "", segment.offset)
        if elements[0] not in TAGS and elements[0] not in OTHER_TAGS:
            head = _recoded(head, self._other_tag)  # the rest of a text that holds a terminator
        new = [head]
        for position, part in enumerate(parts[1:], 1):
            new.append(
                self._mask_element(elements, position, part, segment, delimiters.component, known)
                if part
                else part
            )
        return delimiters.element.join(new)

    def _other_tag(self, text: str) -> str:
        """Return a pseudonym that is no tag, for a value in the position of a tag."""
        new = self._pseudonyms.name(text)
        while new in TAGS or new in OTHER_TAGS:
            new = self._pseudonyms.name(new)
        return new

    def _mask_element(
        self,
        elements: tuple[str, ...],
        position: int,
        raw: bytes,
        segment: Segment,
        separator: bytes,
        known: Known,
    ) -> bytes:
        """Mask an element, component by component if it can be composite."""
        pieces = raw.split(separator) if is_composite(elements[0], position) else [raw]
        new = []
        for component, piece in enumerate(pieces, 1):
            qualifier = _text(pieces[component - 2]) if component > 1 else ""
            kind = masking_rule(elements, position, component, qualifier)
            element = f"{elements[0][:3]}{position:02d}" + (f"-{component}" if len(pieces) > 1 else "")
            new.append(self._mask_value(kind, piece, element, segment.index, segment.offset, known))
        return separator.join(new)

    def _mask_isa_element(
        self, elements: tuple[str, ...], position: int, raw: bytes, index: int, offset: int
    ) -> bytes:
        kind = masking_rule(elements, position)
        return self._mask_value(kind, raw, f"{elements[0]}{position:02d}", index, offset, Known())

    def _mask_value(self, kind: str, raw: bytes, element: str, index: int, offset: int, known: Known) -> bytes:
        if not raw.strip():
            return raw
        if kind in KEPT:
            suspicion = _suspicion(kind, _text(raw), known)
            if suspicion:
                self._add_review_item(ODD_VALUE, index, element, offset)
            if suspicion < _VERY_SUSPICIOUS:
                return raw
            kind = "text"
        if kind != "text":
            return self._replaced(kind, raw) if len(raw) <= _LONGEST_KEPT else self._replace(kind, raw)

        def cleaned(text: str) -> str:
            new, reasons = self._texts.mask(text, known)
            for reason in reasons:
                self._add_review_item(reason, index, element, offset)
            return new

        return _recoded(raw, cleaned)

    def _replace(self, kind: str, raw: bytes) -> bytes:
        return _recoded(raw, lambda text: self._pseudonyms.of(kind, text))

    def _add_review_item(self, reason: str, index: int, element: str, offset: int) -> None:
        self.total_review_items += 1
        if len(self.review_items) < self._max_review_items:
            self.review_items.append(ReviewItem(reason, index, element, offset))


class _Levels:
    """Names and identifiers known at each level above and in a claim."""

    def __init__(self) -> None:
        self._levels: dict[str, Known] = {}

    def known(self, batch: list[Segment], component: str) -> Known:
        """Return what is known for a batch of segments: of the levels above it and of itself."""
        level = _level(batch[0])
        if level:
            keep = _LEVELS[: _LEVELS.index(level)]
            self._levels = {name: known for name, known in self._levels.items() if name in keep}
        known = Known()
        for above in self._levels.values():
            known.add(above)
        own = _known_in(batch, component)
        if level:
            self._levels[level] = own
        known.add(own)
        return known


def _level(segment: Segment) -> str:
    """Return the level that a segment begins; empty if it begins none."""
    if segment.tag in ("ST", "CLM"):
        return segment.tag
    level = segment.element(3).strip() if segment.tag == "HL" else ""
    return level if level in _LEVELS else ""


def _known_in(batch: list[Segment], component: str) -> Known:
    """Return the names, identifiers, drugs and codes in segments."""
    known = Known()
    for segment in batch:
        elements = _elements(segment)
        tag = elements[0]
        if tag == "NM1" and segment.element(1) != PAYER and segment.element(2) != "2":
            for name in elements[3:6]:
                known.names.update(word.upper() for word in _WORD.findall(name))
        elif tag == "LIN":
            known.kept.update(_alphanumeric(element) for element in elements[3:4])
        elif tag == "HI" or tag in ("SV1", "SV2"):
            for element in elements[1:13]:
                known.kept.update(part.upper() for part in element.split(component)[1:6] if _is_code(part))
        if tag in ("NM1", "REF", "CLM", "SBR", "PWK", "BHT", "PER"):
            _add_identifiers(elements, known)
    return known


def _add_identifiers(elements: tuple[str, ...], known: Known) -> None:
    for position in range(1, min(len(elements), 10)):
        value = elements[position].strip()
        kind = masking_rule(elements, position)
        if kind in ("id", "npi", "tax", "contact") and value and not is_placeholder(value):
            known.identifiers[value] = kind
            known.identifiers.setdefault(value.upper(), kind)
        elif elements[0] == "REF" and position == 2 and kind in KEPT:
            known.kept.add(value.upper())


def _text(raw: bytes) -> str:
    """Decode raw bytes as text, without line ends and surrounding blanks."""
    text = decode(raw)
    return (_LINE_ENDS.sub("", text) if "\n" in text or "\r" in text else text).strip()


def _elements(segment: Segment) -> tuple[str, ...]:
    """Return the elements of a segment without line ends inside them."""
    if b"\n" not in segment.raw and b"\r" not in segment.raw:
        return segment.elements
    return tuple(_LINE_ENDS.sub("", element) for element in segment.elements)


def _alphanumeric(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())


def _suspicion(kind: str, text: str, known: Known) -> int:
    """Return how suspicious a kept value is by its form: _SUSPICIOUS, _VERY_SUSPICIOUS, or 0."""
    form = _FORMS.get(kind)
    if form is None:
        return 0
    if form.fullmatch(text) is None or (kind == "code" and not _is_code(text)):
        return _VERY_SUSPICIOUS
    if kind == "drug" and not 10 <= len(_alphanumeric(text)) <= 12:
        return _SUSPICIOUS  # it may be somebody's number, but the rules read it
    if kind == "code" and (text.upper() in known.names or text in known.identifiers) and len(text) > _LONGEST_FLAG:
        return _VERY_SUSPICIOUS
    return 0


def _is_code(text: str) -> bool:
    """Return whether a text has the form of a code; a name or a long number in its place is none."""
    return _FORMS["code"].fullmatch(text) is not None and not _LONG_NUMBER.search(text)


def _recoded(raw: bytes, change: Callable[[str], str]) -> bytes:
    """Change the text of raw bytes; line ends inside it and its encoding stay."""
    text = decode(raw)
    new = change(_LINE_ENDS.sub("", text))
    for match in _LINE_ENDS.finditer(text):  # each at its old offset: those before it are back already
        new = new[: match.start()] + match[0] + new[match.start() :]
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return new.encode("latin-1", "replace")
    return new.encode("utf-8", "surrogatepass")
