"""The loops of the two 837 guides, as tables.

A loop begins with a segment: an HL of its level, an NM1 of its qualifier, or a segment that only ever begins
that loop. What begins which loop depends on the loop before it (its *scope*): NM1*82 is 2310B under the claim,
2420A under a line (837P) and 2330D under another payer.
"""

from __future__ import annotations

from typing import ClassVar

from x12proc.wire.versions import INSTITUTIONAL, PROFESSIONAL

# scope -> NM1 qualifier -> loop
NameLoops = dict[str, dict[str, str]]

_PARENTS: NameLoops = {
    "ST": {"41": "1000A", "40": "1000B"},
    "2000A": {"85": "2010AA", "87": "2010AB", "PE": "2010AC"},
    "2000B": {"IL": "2010BA", "PR": "2010BB"},
    "2000C": {"QC": "2010CA"},
}
_PROFESSIONAL: NameLoops = {
    **_PARENTS,
    "2300": {
        "DN": "2310A", "P3": "2310A", "82": "2310B", "77": "2310C", "DQ": "2310D", "PW": "2310E", "45": "2310F",
    },
    "2320": {
        "IL": "2330A", "PR": "2330B", "DN": "2330C", "P3": "2330C", "82": "2330D", "77": "2330E", "DQ": "2330F",
        "85": "2330G",
    },
    "2400": {
        "82": "2420A", "QB": "2420B", "77": "2420C", "DQ": "2420D", "DK": "2420E", "DN": "2420F", "P3": "2420F",
        "PW": "2420G", "45": "2420H",
    },
}  # fmt: skip
_INSTITUTIONAL: NameLoops = {
    **_PARENTS,
    "2300": {"71": "2310A", "72": "2310B", "ZZ": "2310C", "82": "2310D", "77": "2310E", "DN": "2310F"},
    "2320": {
        "IL": "2330A", "PR": "2330B", "71": "2330C", "72": "2330D", "ZZ": "2330E", "77": "2330F", "82": "2330G",
        "DN": "2330H", "85": "2330I",
    },
    "2400": {"72": "2420A", "ZZ": "2420B", "82": "2420C", "DN": "2420D"},
}  # fmt: skip
NAME_LOOPS: dict[str, NameLoops] = {PROFESSIONAL: _PROFESSIONAL, INSTITUTIONAL: _INSTITUTIONAL}

HL_LOOPS = {"20": "2000A", "22": "2000B", "23": "2000C"}

# Segments that begin a loop wherever they are in the scope named: tag -> (scope, loop, scope from there on).
STARTERS: dict[str, tuple[frozenset[str], str, str]] = {
    "ST": (frozenset(("",)), "ST", "ST"),
    "CLM": (frozenset(("", "2000B", "2000C", "2300", "2320", "2400")), "2300", "2300"),
    "SBR": (frozenset(("2300", "2320")), "2320", "2320"),
    "LX": (frozenset(("2300", "2320", "2400")), "2400", "2400"),
    "LIN": (frozenset(("2400",)), "2410", "2400"),
    "SVD": (frozenset(("2400",)), "2430", "2400"),
    "LQ": (frozenset(("2400",)), "2440", "2400"),
}
_STRUCTURAL = frozenset(("NM1", "HL", *STARTERS))
_DRUG_SEGMENTS = frozenset(("CTP", "REF"))


class LoopTracker:
    """Says of one segment after another which loop it belongs to."""

    loop_starts: ClassVar = _STRUCTURAL
    open_loops: ClassVar = frozenset(("2410",))
    __slots__ = ("_names", "loop", "scope")

    def __init__(self, guide: str, scope: str = "") -> None:
        self._names = NAME_LOOPS[guide]
        self.scope = scope
        self.loop = scope

    def loop_of(self, elements: tuple[str, ...]) -> str:
        """The loop of the next segment. An NM1 with a qualifier unknown in its scope opens loop ``<scope>?``."""
        tag = elements[0]
        if tag == "NM1":
            qualifier = elements[1] if len(elements) > 1 else ""
            self.loop = self._names.get(self.scope, {}).get(qualifier) or self.scope + "?"
        elif tag == "HL":
            level = elements[3] if len(elements) > 3 else ""
            self.scope = self.loop = HL_LOOPS.get(level, "2000?")
        elif tag in STARTERS and self.scope in STARTERS[tag][0]:
            _, self.loop, self.scope = STARTERS[tag]
        elif self.loop == "2410" and tag not in _DRUG_SEGMENTS:
            self.loop = "2400"
        return self.loop
