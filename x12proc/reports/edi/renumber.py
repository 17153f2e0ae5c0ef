"""The HL loops of a run of claims under new numbers.

All claims of a run go into the same file, so that its loops keep their order and their parents: only HL01 and HL02
change, by as much as loops before it were left out. Whatever is not as the guides have it is left to the code that
writes claims one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from x12proc.wire.delimiters import Delimiters

_SUBSCRIBER = b"22"
_LEAF, _PARENT = b"0", b"1"  # HL04
_TAG = 3  # bytes of HL and the separator after it


class OpenLoop(msgspec.Struct, frozen=True):
    """A loop that is open at the end of the new text. ``start_from_end`` is how many bytes before the end of the
    old text it begins, ``flag_from_end`` how many before the end of the new one its HL04."""

    start_from_end: int
    number: int
    flag_from_end: int
    flag: bytes
    has_child: bool


class Renumbered(msgspec.Struct, frozen=True):
    """The new text (None: it is the old one), the loops that are open at its end, and the number of the last."""

    text: bytes | None
    open_loops: tuple[OpenLoop, ...]
    last: int


def subscriber_positions(text: bytes, delimiters: Delimiters) -> Iterator[int]:
    """Yield the positions of the HLs of subscribers in the text of a run."""
    for head in _loop_heads(delimiters).finditer(delimiters.segment + text):
        if head[4] == _SUBSCRIBER:
            yield head.end(1) - _TAG - 1


def renumber(
    text: bytes, claims: int, delimiters: Delimiters, provider: bytes, new_provider: int, last: int
) -> Renumbered | None:
    """Renumber the loops of a text that begins with a subscriber's HL and ends with the last of its claims.

    ``provider`` is HL01 of the loop above, ``new_provider`` what it became, ``last`` the number of the last loop
    that was written. None where a loop has no claim below it, names another parent, or has an HL04 that doesn't
    fit: such a run is written claim by claim.
    """
    first, *parts = _loop_heads(delimiters).split(delimiters.segment + text)
    loops = _Loops(parts)
    found = text.count(b"HL" + delimiters.element), text.count(b"CLM" + delimiters.element)
    # An HL of another form, or what looks like an HL or a CLM, is read elsewhere.
    if first or found != (len(loops.numbers), claims) or not loops.are_regular(delimiters, provider):
        return None
    return loops.renumbered(delimiters, new_provider, last)


class _Loops:
    """The loops of a run in their order: heads, HL01, HL02, HL03, HL04, and what follows each HL."""

    def __init__(self, parts: list[bytes]) -> None:
        self.heads, self.numbers, self.parents = parts[0::6], parts[1::6], parts[2::6]
        self.levels, self.flags, self.rests = parts[3::6], parts[4::6], parts[5::6]
        self.subscribers = [at for at, level in enumerate(self.levels) if level == _SUBSCRIBER]

    def are_regular(self, delimiters: Delimiters, provider: bytes) -> bool:
        """Return whether each loop names its parent, has claims below it, and an HL04 that fits."""
        sent = provider.lstrip(b"0")
        if not sent or self.subscribers[:1] != [0]:
            return False
        claim = b"CLM" + delimiters.element
        for at, end in zip(self.subscribers, [*self.subscribers[1:], len(self.levels)], strict=True):
            if self.parents[at].lstrip(b"0") != sent:
                return False
            if end - at == 1:
                # The children of the last one may follow outside of the run.
                fits = self.flags[at] == _LEAF or end == len(self.levels)
                if not fits or claim not in self.rests[at]:
                    return False
            elif not self._has_regular_patients(at, end, claim):
                return False
        return True

    def _has_regular_patients(self, subscriber: int, end: int, claim: bytes) -> bool:
        sent = self.numbers[subscriber].lstrip(b"0")
        patients = range(subscriber + 1, end)
        return (
            bool(sent)
            and self.flags[subscriber] == _PARENT
            and all(self.flags[at] == _LEAF for at in patients)
            and all(self.parents[at].lstrip(b"0") == sent for at in patients)
            and all(claim in self.rests[at] for at in patients)
        )

    def renumbered(self, delimiters: Delimiters, new_provider: int, last: int) -> Renumbered:
        """Return the text under new numbers that follow the last one."""
        numbers = [b"%d" % number for number in range(last + 1, last + 1 + len(self.numbers))]
        parents = [b"%d" % new_provider] * len(numbers)
        if len(self.subscribers) < len(numbers):
            subscriber = b""
            for at, level in enumerate(self.levels):
                if level == _SUBSCRIBER:
                    subscriber = numbers[at]
                else:
                    parents[at] = subscriber
        changed = numbers != self.numbers or parents != self.parents
        element = delimiters.element
        pieces = [
            head + number + element + parent + element + level + element + flag + rest
            for head, number, parent, level, flag, rest in zip(
                self.heads, numbers, parents, self.levels, self.flags, self.rests, strict=True
            )
        ]
        ends = range(len(pieces))[self.subscribers[-1] :]
        open_loops = tuple(
            OpenLoop(
                start_from_end=sum(self._length(later) for later in ends[at - ends[0] :])
                - len(self.heads[at])
                + _TAG,
                number=last + 1 + at,
                flag_from_end=len(self.flags[at] + self.rests[at]) + sum(map(len, pieces[at + 1 :])),
                flag=self.flags[at],
                has_child=at != ends[-1],
            )
            for at in dict.fromkeys((ends[0], ends[-1]))
        )
        text = b"".join(pieces)[len(delimiters.segment) :] if changed else None
        return Renumbered(text, open_loops, last + len(numbers))

    def _length(self, at: int) -> int:
        """Return the length of a loop and its claims as they were sent."""
        fields = (self.numbers[at], self.parents[at], self.levels[at], self.flags[at])
        return len(self.heads[at]) + sum(map(len, fields)) + len(fields) - 1 + len(self.rests[at])


@lru_cache(maxsize=32)
def _loop_heads(delimiters: Delimiters) -> re.Pattern[bytes]:
    """Find HLs of subscribers and patients in the form of the guides: what comes before HL01, and each element."""
    element, terminator = re.escape(delimiters.element), re.escape(delimiters.segment)
    layout = rb"[^0-9A-Za-z" + terminator + element + rb"]*+"
    head = rb"(" + terminator + layout + rb"HL" + element + rb")"
    number = rb"([0-9]{1,12})" + element
    return re.compile(head + number + number + rb"(22|23)" + element + rb"([01])(?=" + terminator + rb")")
