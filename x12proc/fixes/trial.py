"""A claim scrubbed again as if a change had been made: what went, and what came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from x12proc.claims.builder import with_bytes
from x12proc.engine import Engine, ScrubbedClaim
from x12proc.errors import X12SyntaxError
from x12proc.findings import INFO, REJECT, Finding
from x12proc.fixes.model import Fix
from x12proc.wire.edits import Edit, apply

MOST_SEGMENTS = 20_000  # scrubbed again for the sake of one claim
LEAST_TRIALS = 3
_Told = tuple[int | None, str, str, str]


class Trial:
    """Tries changes on one claim, of which ``raw`` are the bytes.

    A claim of very many segments is tried less often, so that none costs more than some dozens of others.
    """

    def __init__(self, scrubbed: ScrubbedClaim, raw: bytes, engine: Engine) -> None:
        self._left = max(MOST_SEGMENTS // len(scrubbed.claim.segments), LEAST_TRIALS)
        self._scrubbed = scrubbed
        self._raw = raw
        self._engine = engine
        self._before = _told(scrubbed)

    @property
    def exhausted(self) -> bool:
        """Whether nothing more will be tried."""
        return self._left == 0

    def scrubbed(self, edits: Sequence[Edit]) -> ScrubbedClaim | None:
        """The claim with these edits made; None when its target lines are not the same any more, or it was
        tried often enough."""
        if self.exhausted:
            return None
        self._left -= 1
        start = self._scrubbed.claim.start
        moved = [
            replace(edit, start=edit.start - start, end=edit.end - start)
            for edit in sorted(edits, key=lambda edit: edit.start)
        ]
        try:
            claim = with_bytes(self._scrubbed.claim, b"".join(apply(self._raw, moved)))
        except X12SyntaxError:  # it became too large
            return None
        targets = self._engine.targets(claim)
        if len(targets) != len(self._scrubbed.lines):
            return None
        return self._engine.try_out(claim, targets, self._scrubbed.context.known_before)

    def mends(self, fixes: Sequence[Fix], others: Sequence[Fix]) -> bool:
        """Whether, with other fixes already made, these take their findings away and do no harm.

        Harm is a new rejection, and for a likely fix a new warning too: it would be a sign that the guess is
        wrong. A certain fix may bring to light what its own finding had covered.
        """
        made = [*others, *fixes]
        after = self.scrubbed([edit for one in made for edit in one.edits])
        if after is None or after.crashes:
            return False
        told = _told(after)
        mended = Counter(_place(fix) for fix in made)
        before, left = _by_place(self._before), _by_place(told)
        if any(left[place] > before[place] - mended[place] for place in map(_place, fixes)):
            return False
        return not any(self._harm(fixes, rule, severity) for _, rule, severity, _ in told - self._before)

    def _harm(self, fixes: Sequence[Fix], rule: str, severity: str) -> bool:
        """Whether a new finding speaks against the fixes."""
        if not all(fix.safe for fix in fixes):
            return severity != INFO
        covered_by = self._engine.rules[rule].suppressed_by
        return severity == REJECT and not any(fix.rule in covered_by for fix in fixes)


def _told(scrubbed: ScrubbedClaim) -> Counter[_Told]:
    told = Counter(_key(None, finding) for finding in scrubbed.findings)
    for number, line in enumerate(scrubbed.lines):
        told.update(_key(number, finding) for finding in line.findings)
    return told


def _key(line: int | None, finding: Finding) -> _Told:
    return line, finding.rule, finding.severity, finding.location.element


def _place(fix: Fix) -> tuple[int | None, str, str]:
    return fix.line, fix.rule, fix.location.element


def _by_place(told: Counter[_Told]) -> Counter[tuple[int | None, str, str]]:
    """How often a rule is heard at a place, however gravely."""
    places: Counter[tuple[int | None, str, str]] = Counter()
    for (line, rule, _, element), count in told.items():
        places[line, rule, element] += count
    return places
