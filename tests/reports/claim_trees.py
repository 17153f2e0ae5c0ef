"""Interchanges with claim trees of any shape, made from the base fixtures, and a plain reader to look at them."""

from __future__ import annotations

from typing import NamedTuple

from support.edi import base, segments

# A tree: sets, each of providers, each of subscribers: (claims of his own, claims of each dependent).
Subscriber = tuple[int, list[int]]
Sets = list[list[list[Subscriber]]]
_DEPENDENT = ("PAT*19", "NM1*QC*1*HARTLEY*TIM", "N3*111 OAK ST", "N4*GLENDALE*CA*91203", "DMG*D8*20100101*M")


class _Set:
    """A transaction set that grows."""

    def __init__(self, head: list[str], claim: list[str], claims: int) -> None:
        self.body = head
        self.claims = claims
        self._claim = claim
        self._loops = 0

    def add(self, parent: str, level: str, child: bool, rest: list[str]) -> str:
        """Add an HL loop with a text that no other loop has; give its number."""
        self._loops += 1
        marked = [f"{part} {len(self.body)}" if part.startswith("N3*") else part for part in rest]
        self.body += [f"HL*{self._loops}*{parent}*{level}*{int(child)}", *marked]
        return str(self._loops)

    def bill(self, count: int) -> None:
        """Add claims."""
        for _ in range(count):
            self.claims += 1
            head = self._claim[0].split("*", 2)[2]
            self.body += [f"CLM*C{self.claims}*{head}", *self._claim[1:]]


def build(sets: Sets, kind: str = "P") -> list[str]:
    """One interchange as segments; claims are numbered C1, C2, ... in file order."""
    parts = segments(base(kind))
    locations = [location for location, part in enumerate(parts) if part.startswith(("HL*", "CLM*", "SE*"))]
    head, provider, subscriber = (
        parts[2 : locations[0]],
        parts[locations[0] : locations[1]],
        parts[locations[1] : locations[2]],
    )
    claim = parts[locations[2] : locations[3]]
    out = parts[:2]
    claims = 0
    for number, providers in enumerate(sets, 1):
        tree = _Set([part.replace("ST*837*0001", f"ST*837*{number:04d}") for part in head], claim, claims)
        for subscribers in providers:
            top = tree.add("", "20", bool(subscribers), provider[1:])
            for own, dependents in subscribers:
                middle = tree.add(top, "22", bool(dependents), subscriber[1:])
                tree.bill(own)
                for of_dependent in dependents:
                    tree.add(middle, "23", False, list(_DEPENDENT))
                    tree.bill(of_dependent)
        claims = tree.claims
        out += [*tree.body, f"SE*{len(tree.body) + 1}*{number:04d}"]
    return [*out, f"GE*{len(sets)}*{parts[1].split('*')[6]}", parts[-1]]


class ReadClaim(NamedTuple):
    """A claim's segments, and those of each of its parent loops, without their HL."""

    segments: tuple[bytes, ...]
    above: tuple[tuple[bytes, ...], ...]


class _Loop(NamedTuple):
    number: bytes  # HL01
    level: bytes  # HL03
    child_code: bytes  # HL04
    children: list[bytes]
    segments: list[bytes]


def read(data: bytes) -> list[ReadClaim]:
    """Every claim of a file whose first ISA tells the delimiters of all. Checks counts and trees on the way."""
    element, terminator = data[3:4], data[105:106]
    claims: list[tuple[list[bytes], list[_Loop]]] = []
    counts = {b"SE": 0, b"GE": 0, b"IEA": 0}
    loops: list[_Loop] = []
    above: list[_Loop] = []
    here: list[bytes] = []
    for segment in filter(None, (raw.lstrip(b"\r\n") for raw in data.split(terminator))):
        fields = segment.split(element)
        tag = fields[0]
        counts[b"SE"] += 1
        if tag in (b"ISA", b"GS", b"ST"):
            opened = {b"ISA": b"IEA", b"GS": b"GE", b"ST": b"SE"}[tag]
            outer = {b"GS": b"IEA", b"ST": b"GE"}.get(tag)
            counts[opened] = int(tag == b"ST")
            if outer:
                counts[outer] += 1
            loops, above, here = [], [], []
        elif tag in counts:
            assert int(fields[1]) == counts[tag], tag
            assert all(loop.child_code == (b"1" if loop.children else b"0") for loop in loops)
        elif tag == b"HL":
            above = [loop for loop in above if loop.level < fields[3]]
            here = []
            loop = _Loop(fields[1], fields[3], fields[4], [], here)
            assert loop.number == str(len(loops) + 1).encode()
            assert fields[2] == (above[-1].number if above else b"")
            if above:
                above[-1].children.append(loop.number)
            loops.append(loop)
            above.append(loop)
        elif tag == b"CLM":
            here = [segment]
            claims.append((here, above))
        else:
            here.append(segment)
    return [ReadClaim(tuple(own), tuple(tuple(loop.segments) for loop in hung)) for own, hung in claims]
