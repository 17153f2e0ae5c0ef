"""Common parts of all acknowledgements: segments and clean text, envelopes that answer envelopes, and segments
put aside until what comes before them is known."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, BinaryIO, Literal, TypeAlias

import msgspec

from x12proc.reports.writer import Write
from x12proc.wire.events import Group, Interchange, field

UNKNOWN = "UNKNOWN"  # the value of a required element for which the input has nothing
HIGHEST_CONTROL = 999_999_999
QUALIFIERS = frozenset(("01", "14", "20", "27", "28", "29", "30", "33", "ZZ"))  # ISA05 and ISA07 in HIPAA guides
_ELEMENT, _COMPONENT, _REPETITION, _TERMINATOR = "*", ":", "^", "~\n"
_TAKEN = _ELEMENT + _COMPONENT + _REPETITION + _TERMINATOR
_BLANKED = dict.fromkeys((*range(32), 127, *map(ord, _TAKEN)), " ")
_IN_MEMORY = 256 * 1024  # bytes
_PIECE = 1024 * 1024

# Asked of every interchange: why it is refused from outside (an interchange note code, TA105), or None.
InterchangeRejection: TypeAlias = Callable[[Interchange], "str | None"]


class AckSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of acknowledgements: the table ``[acknowledgement]`` of the configuration file.

    Without ``source_name`` and ``source_id`` the answer names the receiver of the 837 (loop 1000B).
    """

    scope: Literal["all", "rejected"] = "all"  # which claims the 277CA lists
    control: Annotated[int, msgspec.Meta(ge=0, le=HIGHEST_CONTROL)] = 0  # the first ISA13; 0: from the input's
    source_entity: Literal["AY", "PR"] = "AY"  # who answers: a clearinghouse or the payer
    source_name: str = ""
    source_id: str = ""
    accepted_status: Annotated[str, msgspec.Meta(pattern="^A[0-2]:[0-9]{1,3}(:[A-Z0-9]{2,3})?$")] = "A1:20"


# -- text --------------------------------------------------------------------------------------------------------


def segment(*elements: str) -> bytes:
    """A segment: elements without those that are empty at its end, and the terminator."""
    return (_ELEMENT.join(elements).rstrip(_ELEMENT) + _TERMINATOR).encode("ascii")


def composite(*components: str) -> str:
    """An element made of components without those that are empty at its end."""
    return _COMPONENT.join(components).rstrip(_COMPONENT)


def clean(value: str, most: int, filler: str = "", least: int = 1) -> str:
    """A value of the input as it can be sent in an answer.

    Letters lose their accents, other characters beyond ASCII become ``?``; delimiters and control characters
    become blanks. Cut to ``most`` characters. Where fewer than ``least`` are left, ``filler``.
    """
    if value.isascii() and value.isalnum() and least <= len(value) <= most:
        return value  # as most are
    if not value.isascii():
        value = value[: 4 * most]
        parts = unicodedata.normalize("NFKD", value)
        value = "".join(c if c.isascii() else "?" for c in parts if not unicodedata.combining(c))
    text = value[: 4 * most].translate(_BLANKED).strip()[:most].rstrip()
    return text if len(text) >= least else filler


def digits(value: str, most: int) -> str:
    """A number as sent when it fits an N0 element of this length, else ``0``."""
    text = value.strip()
    return text if text.isascii() and text.isdigit() and len(text) <= most else "0"


# -- control numbers ---------------------------------------------------------------------------------------------


class ControlNumbers:
    """Gives each interchange that is written its ISA13.

    Without a ``first`` one it is the last eight digits of the ISA13 that is answered and a digit for the kind of
    answer, so that the same input gives the same numbers and no two kinds share one. Else the numbers count on
    from ``first``.
    """

    def __init__(self, first: int = 0) -> None:
        self._next = first

    def next_number(self, answered: str, kind: int) -> str:
        """The ISA13 of an answer to the interchange with the control number ``answered``."""
        if not self._next:
            return f"{int(digits(answered, 9)) % 100_000_000:08d}{kind}"
        number = self._next
        self._next = number % HIGHEST_CONTROL + 1
        return f"{number:09d}"


# -- texts put aside ---------------------------------------------------------------------------------------------


class Spool:
    """Segments put aside until it is known what comes before them, or whether they are reported at all.

    What doesn't fit into a little memory goes to ``scratch``, an empty file that can be read and written.
    """

    def __init__(self, scratch: BinaryIO) -> None:
        self._scratch = scratch
        self._spilled = 0
        self._pending = bytearray()
        self.segments = 0

    def write(self, *segments: bytes) -> None:
        """Put segments aside."""
        for piece in segments:
            self._pending += piece
        self.segments += len(segments)
        if len(self._pending) > _IN_MEMORY:
            self._spill()

    def copy_to(self, write: Write) -> None:
        """Write all that was put aside, and forget it."""
        if self._spilled:
            self._scratch.seek(0)
            while piece := self._scratch.read(_PIECE):
                write(piece)
        write(bytes(self._pending))
        self.truncate((0, 0))

    def move_to(self, other: Spool) -> None:
        """Put all aside in another spool."""
        segments = self.segments
        self.copy_to(other.append)
        other.segments += segments

    def append(self, data: bytes, segments: int = 0) -> None:
        """Put bytes aside: so many segments, or 0 where they are counted elsewhere."""
        self._pending += data
        self.segments += segments
        if len(self._pending) > _IN_MEMORY:
            self._spill()

    def position(self) -> tuple[int, int]:
        """This position, to :meth:`truncate` back to."""
        return self._spilled + len(self._pending), self.segments

    def truncate(self, position: tuple[int, int]) -> None:
        """Forget what was put aside since a mark."""
        size, self.segments = position
        if size >= self._spilled:
            del self._pending[size - self._spilled :]
            return
        self._pending.clear()
        self._spilled = size
        self._scratch.seek(size)
        self._scratch.truncate()

    def _spill(self) -> None:
        self._scratch.seek(self._spilled)
        self._scratch.write(self._pending)
        self._spilled += len(self._pending)
        self._pending.clear()


# -- envelopes ---------------------------------------------------------------------------------------------------


def day(now: datetime) -> str:
    """CCYYMMDD."""
    return now.strftime("%Y%m%d")


def minute(now: datetime) -> str:
    """HHMM."""
    return now.strftime("%H%M")


def interchange_header(source: tuple[str, ...], control: str, now: datetime) -> bytes:
    """The ISA that answers one whose fields are ``source``: its sender is the receiver now.

    A qualifier that the guides don't know becomes ZZ, mutually defined. ISA15 that is neither P nor T becomes T,
    so that no answer is taken for a real one by mistake.
    """
    usage = field(source, 15)
    return segment(
        "ISA", "00", 10 * " ", "00", 10 * " ",
        *_partner(source, 7), *_partner(source, 5),
        day(now)[2:], minute(now), _REPETITION, "00501", control, "0", usage if usage in ("P", "T") else "T",
        _COMPONENT,
    )  # fmt: skip


def interchange_trailer(groups: int, control: str) -> bytes:
    """The IEA."""
    return segment("IEA", str(groups), control)


def _partner(source: tuple[str, ...], position: int) -> tuple[str, str]:
    """A qualifier and the identifier after it, padded."""
    qualifier = field(source, position)
    return qualifier if qualifier in QUALIFIERS else "ZZ", f"{clean(field(source, position + 1), 15, UNKNOWN):<15}"


class Envelopes:
    """The envelopes of an artifact: one interchange for each that is answered, and in it one group for each.

    ``kind`` is GS01 and ``guide`` GS08 of the answer; ``digit`` tells its control numbers from those of other
    kinds. Sets are put into :attr:`spool`; nothing is written before it is known that the interchange is accepted.
    """

    def __init__(
        self,
        write: Write,
        scratch: BinaryIO,
        controls: ControlNumbers,
        now: datetime,
        *,
        kind: str,
        guide: str,
        digit: int,
    ) -> None:
        self.spool = Spool(scratch)
        self.control = ""
        self._write = write
        self._controls = controls
        self._now = now
        self._kind = kind
        self._guide = guide
        self._digit = digit
        self._source: tuple[str, ...] = ()
        self._groups = 0
        self._sets = 0
        self._group_position = (0, 0)

    def open(self, source: Interchange) -> None:
        """An interchange to be answered."""
        self._source = source.header.fields
        self._groups = 0
        self.control = self._controls.next_number(source.control, self._digit)

    def open_group(self, source: Group) -> None:
        """A group to be answered."""
        self._group_position = self.spool.position()
        self._sets = 0
        self._groups += 1
        self.spool.write(
            segment(
                "GS", self._kind,
                clean(field(source.fields, 3), 15, UNKNOWN, least=2),
                clean(field(source.fields, 2), 15, UNKNOWN, least=2),
                day(self._now), minute(self._now), str(self._groups), "X", self._guide,
            )
        )  # fmt: skip

    def next_set(self) -> str:
        """The ST02 of a further set in this group."""
        self._sets += 1
        return f"{self._sets:04d}"

    @property
    def group(self) -> int:
        """The ordinal of the group within the interchange."""
        return self._groups

    def close_group(self, *, valid: bool = True) -> None:
        """The group is answered. One without a set, or that is not valid, leaves nothing."""
        if valid and self._sets:
            self.spool.write(segment("GE", str(self._sets), str(self._groups)))
        else:
            self.spool.truncate(self._group_position)
            self._groups -= 1

    def close(self, *, valid: bool) -> None:
        """The interchange is answered. One without a group, or that is not valid, leaves nothing."""
        if valid and self._groups:
            self._write(interchange_header(self._source, self.control, self._now))
            self.spool.copy_to(self._write)
            self._write(interchange_trailer(self._groups, self.control))
        self.spool.truncate((0, 0))
