"""Check many claims at once, and return the results in the order of the items."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from x12proc.conformance.batcher import Batcher, ClaimBatcher, TransactionBatcher
from x12proc.conformance.chunks import CHECKED_GUIDES, Batch, BatchResult, CheckItem, GuideErrors, version
from x12proc.findings import GuideError
from x12proc.wire.window import Buffer

MOST_UNATTACHED = 1000  # errors of one set that belong to no claim
PendingResult = Callable[[], BatchResult]
Submit = Callable[[Batch], PendingResult]  # starts the check of a batch; the pending result waits for it


class GuideChecker:
    """The guide check of one file.

    With ``whole`` every claim and the end of every set must be submitted, and all between them is checked;
    without it only the claims that are submitted. ``in_flight`` batches may be pending while more are made.
    """

    def __init__(self, buffer: Buffer, submit: Submit, *, whole: bool = False, in_flight: int = 0) -> None:
        self.whole = whole
        self.in_flight = in_flight
        self._batcher: Batcher = TransactionBatcher(buffer) if whole else ClaimBatcher(buffer)
        self._submit = submit
        self._unattached: list[GuideError] = []

    def submit(self, items: Sequence[CheckItem]) -> Callable[[], Sequence[GuideErrors]]:
        """Start the check of some items. The function returned must be called in the order of submission; it
        returns the errors of each claim, and for each end of a set those that belong to no claim. Items under a
        guide that can't be checked have none."""
        checked = [version(item) in CHECKED_GUIDES for item in items]
        batches = self._batcher.batches([item for item, known in zip(items, checked, strict=True) if known])
        started: list[tuple[bool, PendingResult]] = []
        for batch in batches:
            if len(started) > self.in_flight:  # a set without claims may be long: don't let its batches pile up
                waited = started[-1 - self.in_flight]
                started[-1 - self.in_flight] = waited[0], _completed(waited[1]())
            started.append((batch.ends_transaction, self._submit(batch)))

        def results() -> Sequence[GuideErrors]:
            given = self._in_order(started)
            return [next(given) if is_checked else () for is_checked in checked]

        return results

    def _in_order(self, started: Sequence[tuple[bool, PendingResult]]) -> Iterator[GuideErrors]:
        for ends_transaction, answer in started:  # pragma: no branch - it ends with the last item
            result = answer()
            yield from result.claims
            self._unattached += islice(result.unattached, MOST_UNATTACHED - len(self._unattached))
            if ends_transaction:
                yield tuple(self._unattached)
                self._unattached = []


def _completed(result: BatchResult) -> PendingResult:
    return lambda: result
