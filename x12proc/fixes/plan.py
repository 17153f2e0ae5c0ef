"""Which fixes a claim gets: proposals in a fixed order, each tried on the claim before it is offered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from x12proc.engine import Engine, ScrubbedClaim
from x12proc.fixes.model import Fix, Fixing
from x12proc.fixes.proposals import from_the_text, respellings, trims
from x12proc.fixes.trial import Trial
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.edits import line_ends_before
from x12proc.wire.tidy import is_ragged
from x12proc.wire.window import Buffer

_SPELT = frozenset(("NDC01", "NDC02", "NDC05", "NDC06", "NDC07", "QTY02"))
_RAGGED = "line ends stand inside segments of this claim, or in place of terminators; change it by hand"
_NEEDS = {True: "--fix makes this change", False: "likely, not certain: --unsafe-fixes makes this change"}


class FixPlanner:
    """Plans the fixes of the claims of one buffer; ``engine`` has the settings of the one that scrubs it."""

    def __init__(self, buffer: Buffer, engine: Engine, fixing: Fixing) -> None:
        self._buffer = buffer
        self._engine = engine
        self._fixing = fixing
        self._asked: ScrubbedClaim | None = None  # every artefact asks for the same claim
        self._answer: tuple[Fix, ...] = ()

    def plan(self, scrubbed: ScrubbedClaim) -> tuple[Fix, ...]:
        """The fixes of a claim, certain ones first, each in file order. None for one on which a rule crashed."""
        if scrubbed is not self._asked:
            self._asked, self._answer = scrubbed, self._planned(scrubbed)
        return self._answer

    def _planned(self, scrubbed: ScrubbedClaim) -> tuple[Fix, ...]:
        if scrubbed.crashes or not _may_be_mended(scrubbed):
            return ()
        claim = scrubbed.claim
        raw = self._buffer[claim.start : claim.end]
        if claim.delimiters.folded or is_ragged(raw, claim.delimiters):
            return tuple(replace(fix, edits=(), remark=_RAGGED) for fix in respellings(scrubbed))
        trial = Trial(scrubbed, raw, self._engine)
        proposed = [*respellings(scrubbed), *from_the_text(scrubbed, trial.scrubbed)]
        proposed += [fix for fix in trims(scrubbed) if not _overlaps(fix, proposed)]
        whole = [fix for fix in proposed if self._stands_behind_terminator(fix, claim.delimiters)]
        whole = [self._laid_out(fix, claim.delimiters) for fix in whole]
        chosen: list[Fix] = []
        for safe in (True, False):
            chosen += accepted([fix for fix in whole if fix.safe is safe], chosen, trial)
        return tuple(self._decided(fix) for fix in chosen)

    def _stands_behind_terminator(self, fix: Fix, delimiters: Delimiters) -> bool:
        """Whether what is put in follows a whole segment: the last one of a file that breaks off is none."""
        layout = b"\r\n\t ".replace(delimiters.segment, b"")
        places = [edit.start for edit in fix.edits if edit.start == edit.end]
        pieces = [self._buffer[max(place - 64, 0) : place] for place in places]
        return all(piece.rstrip(layout).endswith(delimiters.segment) for piece in pieces)

    def _laid_out(self, fix: Fix, delimiters: Delimiters) -> Fix:
        """The fix with each segment that it puts in on a line of its own, where the file has lines."""
        terminator = delimiters.segment
        edits = list(fix.edits)
        for number, edit in enumerate(edits):
            if edit.start == edit.end:
                ends = line_ends_before(self._buffer, edit.start).removeprefix(terminator)
                edits[number] = replace(edit, new=edit.new.replace(terminator, terminator + ends))
        return replace(fix, edits=tuple(edits))

    def _decided(self, fix: Fix) -> Fix:
        made = self._fixing == "all" or (self._fixing == "safe" and fix.safe)
        return replace(fix, applied=made, remark="" if made else _NEEDS[fix.safe])


def accepted(proposed: Iterable[Fix], before: Sequence[Fix], trial: Trial) -> list[Fix]:
    """The proposals that do their work: all at once if they can, else one after another, in file order, until
    none is left that does.

    Of two that change the same bytes the first proposed is taken.
    """
    waiting = sorted(proposed, key=lambda fix: fix.start)
    together: list[Fix] = []
    end = -1
    for fix in waiting:
        if fix.start > end and not _overlaps(fix, before):
            together.append(fix)
            end = fix.edits[-1].end
    if not together or trial.mends(together, before):
        return together
    taken: list[Fix] = []
    progress = True
    while progress and not trial.exhausted:
        progress = False
        for fix in waiting:
            others = [*before, *taken]
            if not _overlaps(fix, others) and trial.mends([fix], others):
                taken.append(fix)
                waiting.remove(fix)
                progress = True
                break
    return sorted(taken, key=lambda fix: fix.start)


def _may_be_mended(scrubbed: ScrubbedClaim) -> bool:
    """A cheap look: most claims have nothing that could be mended."""
    found = scrubbed.all_findings
    return any(finding.rule in _SPELT for finding in found) or next(trims(scrubbed), None) is not None


def _overlaps(fix: Fix, others: Iterable[Fix]) -> bool:
    taken = [edit for other in others for edit in other.edits]
    return any(
        edit.start == one.start or (edit.start < one.end and one.start < edit.end)
        for edit in fix.edits
        for one in taken
    )
