"""The ISA segment: the one place that says which bytes separate everything after it (X12.5, ISA)."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from x12proc.wire import faults

ISA_ELEMENTS = 16
ISA_LENGTH = 105  # bytes of a padded ISA up to and with ISA16
_ISA_WIDTHS = (3, 2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)
_BLANK_PADDED = frozenset((2, 4, 6, 8))  # ISA02, ISA04, ISA06, ISA08
_SEARCH = 512  # no ISA, however broken, is longer than this
_BLANKS = b"\r\n"


class Delimiters(msgspec.Struct, frozen=True):
    """The separators of one interchange, each a single byte; ``repetition`` is empty when ISA11 gives none.

    ``wrapped`` says that line ends are at a fixed column and mean nothing.
    """

    element: bytes
    component: bytes
    segment: bytes
    repetition: bytes = b""
    wrapped: bool = False

    @property
    def layout(self) -> str:
        """Return the characters without meaning before a segment's tag: all but letters, digits and delimiters."""
        return _layout(self.element + self.segment)


class IsaHeader(msgspec.Struct, frozen=True):
    """An ISA as read: ``fields[n]`` is element ISA``n`` (``fields[0]`` the tag), trimmed of its padding.

    ``start`` is the byte of the I, ``end`` the byte of the segment terminator.
    """

    fields: tuple[str, ...]
    delimiters: Delimiters
    start: int
    end: int
    padded: bool
    repetition_unset: bool  # a 5010 interchange whose ISA11 still holds the 4010 letter

    @property
    def control(self) -> str:
        """ISA13, the interchange control number."""
        return self.fields[13]


def looks_like_isa(buffer: bytes) -> bool:
    """Return whether these bytes could begin an interchange: ``ISA`` and a byte that can separate elements."""
    return buffer[:3] == b"ISA" and len(buffer) > 3 and _can_separate(buffer[3:4])


def isa_fields(buffer: bytes) -> tuple[str, ...] | None:
    """The tag and ISA01 to ISA16 at the head of ``buffer``, trimmed, whatever delimiters they name.

    None when there are not sixteen elements.
    """
    parts = buffer[:_SEARCH].translate(None, _BLANKS).split(buffer[3:4] or b"*", ISA_ELEMENTS)
    if len(parts) <= ISA_ELEMENTS:
        return None
    return (
        *(part.decode("latin-1").strip() for part in parts[:ISA_ELEMENTS]),
        parts[ISA_ELEMENTS][:1].decode("latin-1"),
    )


def read_isa(buffer: bytes, start: int) -> IsaHeader:
    """Read the ISA at the head of ``buffer``, whose first byte is byte ``start`` of the file.

    A padded ISA has its fields at fixed places; one whose padding was lost is read by its separators.
    Raises X12SyntaxError when there are not sixteen elements or two delimiters are the same byte.
    """
    head = buffer[:_SEARCH]
    element = head[3:4]
    parts = head.split(element, ISA_ELEMENTS)
    if len(parts) <= ISA_ELEMENTS or len(parts[ISA_ELEMENTS]) < 2:
        raise faults.TRUNCATED_ISA.error(start)
    removed = 0
    if any(byte in part for part in parts[:ISA_ELEMENTS] for byte in (b"\r", b"\n")):
        joined = head.translate(None, _BLANKS)
        parts = joined.split(element, ISA_ELEMENTS)
        removed = _wrapped_bytes(head, element)
    tail = parts[ISA_ELEMENTS]
    length = sum(len(part) for part in parts[:ISA_ELEMENTS]) + ISA_ELEMENTS + 1
    repetition, unset = _repetition(parts[11], parts[12], taken=element + tail[:2])
    delimiters = Delimiters(element, tail[:1], tail[1:2], repetition, _is_wrapped(buffer, tail[1:2]))
    _check(delimiters, start)
    fields = (*(part.decode("latin-1").strip() for part in parts[:ISA_ELEMENTS]), tail[:1].decode("latin-1"))
    padded = length == ISA_LENGTH and all(
        len(part) == width for part, width in zip(parts[:ISA_ELEMENTS], _ISA_WIDTHS, strict=False)
    )
    return IsaHeader(fields, delimiters, start, start + length + removed, padded, unset)


def padded_isa(header: IsaHeader) -> bytes | None:
    """The ISA without its terminator, its blanks put back where they were lost; None when other fields than
    those that are padded with blanks have a wrong length."""
    fields = [text.ljust(_ISA_WIDTHS[index]) if index in _BLANK_PADDED else text
              for index, text in enumerate(header.fields)]  # fmt: skip
    if any(len(text) != width for text, width in zip(fields, _ISA_WIDTHS, strict=True)):
        return None
    return header.delimiters.element.join(text.encode("latin-1") for text in fields)


def _wrapped_bytes(head: bytes, element: bytes) -> int:
    """Return how many line-end bytes lie between the I of ISA and ISA16 in a wrapped header."""
    seen = 0
    removed = 0
    for position in range(len(head)):  # pragma: no branch - all sixteen separators are there
        byte = head[position : position + 1]
        if byte in (b"\r", b"\n"):
            removed += 1
        elif seen == ISA_ELEMENTS:
            break
        elif byte == element:
            seen += 1
    return removed


def _is_wrapped(buffer: bytes, terminator: bytes) -> bool:
    """Return whether the first lines are all of one length, and not because segments happen to end there."""
    if terminator in (b"\r", b"\n"):
        return False
    lines = buffer.split(b"\n")[:4]
    lengths = {len(line) for line in lines[:-1]}
    whole = all(line.rstrip(b"\r").endswith(terminator) for line in lines[:-1])
    return len(lines) == 4 and len(lengths) == 1 and not whole


def _repetition(isa11: bytes, isa12: bytes, taken: bytes) -> tuple[bytes, bool]:
    """The repetition separator, and whether a version that has one left it unset.

    The 837 repeats no element, so one that is another delimiter as well does no harm and counts as unset.
    """
    separator = isa11.strip()
    if len(separator) == 1 and _can_separate(separator) and separator not in taken:
        return separator, False
    return b"", isa12.strip() >= b"00402"


@lru_cache(maxsize=16)  # asked for with every claim
def _layout(delimiters: bytes) -> str:
    taken = delimiters.decode("latin-1")
    return "".join(chr(code) for code in range(256) if not _in_tag(chr(code)) and chr(code) not in taken)


def _in_tag(letter: str) -> bool:
    return letter.isascii() and letter.isalnum()


def _can_separate(byte: bytes) -> bool:
    return len(byte) == 1 and not byte.isalnum() and byte not in (b" ", b"\0") and byte[0] < 0x80


def _check(delimiters: Delimiters, start: int) -> None:
    named = {
        "element separator": delimiters.element,
        "component separator (ISA16)": delimiters.component,
        "segment terminator": delimiters.segment,
        "repetition separator (ISA11)": delimiters.repetition,
    }
    taken: dict[bytes, str] = {}
    for name, byte in named.items():
        if not byte and name.startswith("repetition"):
            continue
        if not _can_separate(byte) or (byte in (b"\r", b"\n") and byte != delimiters.segment):
            raise faults.BAD_DELIMITER.error(start, name=name, byte=byte)
        if byte in taken:
            raise faults.DELIMITER_CLASH.error(start, name=name, other=taken[byte], byte=byte)
        taken[byte] = name
