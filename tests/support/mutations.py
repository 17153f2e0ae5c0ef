"""Files with a fault put in at random, but the same one for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable

from support.edi import join, segments

_ENVELOPE = frozenset(("ISA", "GS", "ST", "SE", "GE", "IEA"))
_WRONG = ("ZZ", "XX", "", "1", "A" * 90, "99999999", "20261399", "-", "J3590", "0.5", "A B ")


def _pick(parts: list[str], choose: random.Random) -> int:
    return choose.choice([at for at, part in enumerate(parts) if part.partition("*")[0] not in _ENVELOPE])


def _drop(parts: list[str], choose: random.Random) -> None:
    del parts[_pick(parts, choose)]


def _duplicate(parts: list[str], choose: random.Random) -> None:
    at = _pick(parts, choose)
    parts[at:at] = [parts[at]] * choose.choice((1, 1, 2, 11))


def _swap(parts: list[str], choose: random.Random) -> None:
    at, other = _pick(parts, choose), _pick(parts, choose)
    if choose.random() < 0.7:
        other = min(at + 1, len(parts) - 4)
    parts[at], parts[other] = parts[other], parts[at]


def _move(parts: list[str], choose: random.Random) -> None:
    part = parts.pop(_pick(parts, choose))
    parts.insert(_pick(parts, choose), part)


def _retag(parts: list[str], choose: random.Random) -> None:
    at = _pick(parts, choose)
    tag, star, rest = parts[at].partition("*")
    parts[at] = choose.choice(("REF", "NTE", "NM1", "XXX", "DTP", tag.lower())) + star + rest


def _element(parts: list[str], choose: random.Random) -> None:
    at = _pick(parts, choose)
    elements = parts[at].split("*")
    location = choose.randrange(1, len(elements) + 1)
    elements[location : location + 1] = [choose.choice(_WRONG)]
    parts[at] = "*".join(elements)


def _component(parts: list[str], choose: random.Random) -> None:
    at = choose.choice([at for at, part in enumerate(parts) if ":" in part and not part.startswith("ISA")])
    elements = parts[at].split("*")
    location = choose.choice([location for location, text in enumerate(elements) if ":" in text])
    components = elements[location].split(":")
    components[choose.randrange(len(components))] = choose.choice(_WRONG)
    elements[location] = ":".join(components) + choose.choice(("", "", "", ":X", ":::::::::::::::::X"))
    parts[at] = "*".join(elements)


def _qualifier(parts: list[str], choose: random.Random) -> None:
    at = _pick(parts, choose)
    elements = parts[at].split("*")
    elements[1:2] = [choose.choice(("G1", "ZZ", "472", "85", "IL", "6R", "20", "TPO", "D8", ""))]
    parts[at] = "*".join(elements)


def _cut_short(parts: list[str], choose: random.Random) -> None:
    at = _pick(parts, choose)
    elements = parts[at].split("*")
    parts[at] = "*".join(elements[: choose.randrange(1, len(elements) + 1)]) + choose.choice(("", "", "*"))


def _lengthen(parts: list[str], choose: random.Random) -> None:
    at = _pick(parts, choose)
    parts[at] += choose.choice(("X" * 100, "*X", "*" * 30 + "X", "7", " "))


WAYS: tuple[Callable[[list[str], random.Random], None], ...] = (
    _drop, _duplicate, _swap, _move, _retag, _element, _element, _component, _qualifier, _cut_short, _lengthen,
)  # fmt: skip


def mutated(data: bytes, seed: int, faults: int = 1) -> bytes:
    """A file (in the style of the fixtures) with one or more faults; SE01 is left as it was."""
    choose = random.Random(seed)
    parts = segments(data)
    for _ in range(faults):
        choose.choice(WAYS)(parts, choose)
    return join(parts)


def shorten(data: bytes, number: int, loops: int) -> bytes:
    """One set of a file, with so many of its first HL loops and their claims."""
    parts = segments(data)
    starts = [at for at, part in enumerate(parts) if part.startswith("ST*")]
    ends = [at for at, part in enumerate(parts) if part.startswith("SE*")]
    body = parts[starts[number] : ends[number]]
    heads = [at for at, part in enumerate(body) if part.startswith("HL*")]
    if loops < len(heads):
        body = body[: heads[loops]]
    trailer = f"SE*{len(body) + 1}*{body[0].split('*')[2]}"
    return join([*parts[:2], *body, trailer, "GE*1*" + parts[1].split("*")[6], "IEA*1*" + parts[0].split("*")[13]])
