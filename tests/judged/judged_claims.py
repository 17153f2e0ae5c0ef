"""Claims whose verdict was written from payers' own texts before any of them was scrubbed.

Each ``*.toml`` file in this folder holds ``[[claim]]`` tables: the segments of one claim, the payer profile, and
a verdict with its source. `run` scrubs a claim and says whether the program agrees.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Final, Literal

import msgspec

import x12proc

FOLDER: Final = Path(__file__).parent
REPOSITORY: Final = FOLDER.parents[1]
#: The share of clean claims that may have a warning which no source supports.
MOST_FALSE_WARNINGS: Final = 0.02

_GUIDES: Final = {"P": "005010X222A1", "I": "005010X223A2"}
_PROVIDER: Final = (
    "HL*1**20*1",
    "NM1*85*2*LAKESIDE INFUSION*****XX*1234567893",
    "N3*12 PIER ROAD",
    "N4*LAKESIDE*{state}*{zip}",
    "REF*EI*201234567",
)
_SUBSCRIBER: Final = (
    "HL*2*1*22*0",
    "SBR*P*18*******{filing}",
    "NM1*IL*1*RIVERS*ALEX****MI*W100200300",
    "N3*4 HILL STREET",
    "N4*LAKESIDE*{state}*{zip}",
    "DMG*D8*19680412*F",
    "NM1*PR*2*{payer}*****PI*{payer_id}",
)
_INTERCHANGE: Final = (
    "ISA*00*          *00*          *ZZ*LAKE01         *ZZ*CLEAR1         *{date}*0800*^*00501*000000001*0*T*:"
)
# A code of each state that begins as its ZIP codes do is not needed: only the form of it is checked.
_ZIP: Final = "100016199"
_MODIFIER: Final = re.compile(r"(SV101|SV202)-[3-6]")
_ATTENDING: Final = "NM1*71*1*MOORE*DANA****XX*1234567893"


class JudgedClaim(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One claim with its verdict, as a table of a TOML file has it."""

    id: str
    form: Literal["P", "I"]
    profile: str
    filing: str
    payer: str
    state: str
    as_of: date
    claim: tuple[str, ...]  # loop 2300
    lines: tuple[tuple[str, ...], ...]  # loops 2400 without LX
    verdict: Literal["clean", "faulty"]
    fault: str = ""
    at: tuple[str, ...] = ()  # elements where a finding on the fault may point
    weight: Literal["", "reject", "warn"] = ""  # how hard the payer reacts to the fault
    source: str
    date: str
    why: str
    needs: str = ""  # set when nobody can see the fault without this; such a claim is not scored
    settled: str = ""  # set when the first verdict was wrong: what it was, and the source that corrects it

    def interchange(self) -> bytes:
        """The claim in a whole 837 interchange."""
        guide, stamp = _GUIDES[self.form], self.as_of.strftime("%Y%m%d")
        attending = [_ATTENDING] if self.form == "I" else []
        lines = [segment for number, line in enumerate(self.lines, 1) for segment in (f"LX*{number}", *line)]
        names = {"state": self.state, "zip": _ZIP, "filing": self.filing}
        names |= {"payer": self.payer, "payer_id": "99999"}
        body = [
            f"ST*837*0001*{guide}",
            f"BHT*0019*00*{self.id[:30]}*{stamp}*0800*CH",
            "NM1*41*2*LAKESIDE INFUSION*****46*LAKE01",
            "PER*IC*BILLING*TE*5555550100",
            "NM1*40*2*CLEARINGHOUSE*****46*CLEAR1",
            *(segment.format(**names) for segment in (*_PROVIDER, *_SUBSCRIBER)),
            *self.claim,
            *attending,
            *lines,
        ]
        segments = [
            _INTERCHANGE.format(date=stamp[2:]),
            f"GS*HC*LAKE01*CLEAR1*{stamp}*0800*1*X*{guide}",
            *body,
            f"SE*{len(body) + 1}*0001",
            "GE*1*1",
            "IEA*1*000000001",
        ]
        return "".join(f"{segment}~\n" for segment in segments).encode()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    claim: tuple[JudgedClaim, ...]


class Outcome(msgspec.Struct, frozen=True):
    """What the program found on a judged claim, and how that compares with the verdict."""

    claim: JudgedClaim
    rejected: bool
    findings: tuple[str, ...]  # "NAR04 reject SV101-7: message"
    elements: tuple[str, ...]  # where each finding of weight points
    guide_errors: int

    @property
    def false_rejection(self) -> bool:
        """Whether a clean claim was rejected."""
        return self.claim.verdict == "clean" and self.rejected

    @property
    def false_warning(self) -> bool:
        """Whether a clean claim was accepted with a warning."""
        return self.claim.verdict == "clean" and not self.rejected and bool(self.elements)

    @property
    def miss(self) -> bool:
        """Whether a fault went unnoticed, or was only warned of where the payer rejects, or was seen elsewhere."""
        if self.claim.verdict == "clean":
            return False
        heavy_enough = self.rejected or self.claim.weight == "warn"
        return not heavy_enough or not any(_points_at(one, self.claim.at) for one in self.elements)

    @property
    def disagreement(self) -> str:
        """How the program disagrees with the judge; empty when it agrees."""
        kinds = ((self.false_rejection, "FALSE REJECTION"), (self.miss, "MISS"))
        serious = next((name for wrong, name in kinds if wrong), "")
        return serious or ("false warning" if self.false_warning else "")


def _first_modifier(element: str) -> str:
    return _MODIFIER.sub(r"\1-3", element)


def _points_at(element: str, wanted: Sequence[str]) -> bool:
    """Whether a finding points where the judge pointed: a missing segment may be named as a whole, a modifier
    for another one of the same line."""
    element = _first_modifier(element)
    return any(element.startswith(one) or one.startswith(element) for one in map(_first_modifier, wanted))


def load() -> tuple[JudgedClaim, ...]:
    """Every judged claim that can be scored; raises msgspec.ValidationError for a table that isn't one."""
    files = [tomllib.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.toml"))]
    return tuple(claim for file in files for claim in msgspec.convert(file, _File).claim if not claim.needs)


def run(claim: JudgedClaim) -> Outcome:
    """Scrub a judged claim under its profile, with its guide checked."""
    results = list(
        x12proc.scrub(claim.interchange(), profile=claim.profile, as_of=claim.as_of, conformance="targets")
    )
    findings = [finding for result in results for finding in result.all_findings]
    weighty = [finding for finding in findings if finding.severity != "info"]
    return Outcome(
        claim,
        any(result.rejected for result in results),
        tuple(f"{one.rule} {one.severity} {one.location.element}: {one.message}" for one in findings),
        tuple(one.location.element or one.location.segment for one in weighty),
        sum(len(result.guide_errors) for result in results),
    )


def score(outcomes: Iterable[Outcome]) -> str:
    """The score in one line."""
    found = list(outcomes)
    clean = sum(one.claim.verdict == "clean" for one in found)
    return (
        f"judged claims: {clean} clean, {len(found) - clean} faulty; "
        f"false rejections {sum(one.false_rejection for one in found)}, misses {sum(one.miss for one in found)}, "
        f"false warnings {sum(one.false_warning for one in found)}"
    )


def described(outcome: Outcome) -> str:
    """The outcome in words: the verdict, what the program found, and the source of the verdict."""
    claim = outcome.claim
    head = f"{outcome.disagreement or 'agrees'}: {claim.id} [{claim.profile}] {claim.verdict} {claim.weight}"
    lines = [f"{head} {list(claim.at)} {claim.fault}", *outcome.findings, f"{claim.source}: {claim.why}"]
    return "\n    ".join(lines)
