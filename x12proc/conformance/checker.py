"""Asks a validator about many claims at once, and gives its answers back in the order of the questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from x12proc.conformance.batcher import Batcher, ClaimBatcher, TransactionBatcher
from x12proc.conformance.chunks import CHECKED_GUIDES, Batch, BatchResult, GuideErrors, Item, version
from x12proc.findings import GuideError
from x12proc.wire.window import Buffer

MOST_LOOSE = 1000  # faults of one set that hang on no claim
Answer = Callable[[], BatchResult]
Submit = Callable[[Batch], Answer]  # starts on a batch; the answer waits for the verdict


class GuideChecker:
    """The judge of one file.

    With ``whole`` it must be asked about every claim and the end of every set, and judges all that lies between;
    without it only the claims it is asked about. ``in_flight`` batches may be waiting for their verdict while more
    are cut.
    """

    def __init__(self, buffer: Buffer, submit: Submit, *, whole: bool = False, in_flight: int = 0) -> None:
        self.whole = whole
        self.in_flight = in_flight
        self._cutter: Batcher = TransactionBatcher(buffer) if whole else ClaimBatcher(buffer)
        self._submit = submit
        self._loose: list[GuideError] = []

    def ask(self, items: Sequence[Item]) -> Callable[[], Sequence[GuideErrors]]:
        """Start on some items. What is returned must be called in the order of asking, and gives for each claim
        its faults, for each end of a set those that hang on no claim of it. What is under a guide that can't be
        checked has none."""
        checked = [version(item) in CHECKED_GUIDES for item in items]
        batches = self._cutter.cut([item for item, is_checked in zip(items, checked, strict=True) if is_checked])
        started: list[tuple[bool, Answer]] = []
        for batch in batches:
            if len(started) > self.in_flight:  # a set without claims may be long: don't let its batches pile up
                waited = started[-1 - self.in_flight]
                started[-1 - self.in_flight] = waited[0], _given(waited[1]())
            started.append((batch.closes, self._submit(batch)))

        def answers() -> Sequence[GuideErrors]:
            given = self._in_order(started)
            return [next(given) if is_checked else () for is_checked in checked]

        return answers

    def _in_order(self, started: Sequence[tuple[bool, Answer]]) -> Iterator[GuideErrors]:
        for closes, answer in started:  # pragma: no branch - no more is asked for than was started
            verdict = answer()
            yield from verdict.claims
            self._loose += islice(verdict.loose, MOST_LOOSE - len(self._loose))
            if closes:
                yield tuple(self._loose)
                self._loose = []


def _given(verdict: BatchResult) -> Answer:
    return lambda: verdict
