"""Add guide errors to the outcomes of a file, in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from msgspec.structs import replace

from x12proc.conformance.checker import GuideChecker
from x12proc.conformance.chunks import CHECKED_GUIDES, CheckItem, GuideErrors, TransactionEnd, version
from x12proc.conformance.overlap import drop_already_reported
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Outcome, TransactionErrors, UntargetedClaim
from x12proc.wire import faults
from x12proc.wire.events import ClaimSpan, Fault, Group, Interchange, TransactionClosed, fault_of

BATCH_CLAIMS = 64  # checked at once: enough that loops which claims share weigh little
MOST_BYTES = 1024 * 1024  # of the claims that wait
MOST_HELD = 4096  # outcomes that wait, most of them claims that are not checked

_Held: TypeAlias = list[tuple[Outcome, CheckItem | None]]  # outcomes, and the item of each that is checked
_Results: TypeAlias = Callable[[], Sequence[GuideErrors]]


def with_guide_errors(
    outcomes: Iterable[Outcome], checker: GuideChecker, *, reject: bool = False
) -> Iterator[Outcome]:
    """Yield the same outcomes, claims with their ``guide_errors``; with ``reject`` a claim that has any is
    refused.

    A checker of whole sets needs the outcomes of every claim; errors that belong to none become TransactionErrors.
    A guide that can't be checked is reported once (a Fault of severity ``warn``).
    """
    queue = _PendingQueue(checker, reject)
    for outcome in outcomes:
        yield from queue.take(outcome)
    yield from queue.rest()


class _PendingQueue:
    """The outcomes that wait: first those being collected, then those whose results are pending."""

    def __init__(self, checker: GuideChecker, reject: bool) -> None:
        self._checker = checker
        self._reject = reject
        self._interchange: Interchange | None = None
        self._group: Group | None = None
        self._remarked: set[str] = set()
        self._held: _Held = []
        self._items: list[CheckItem] = []
        self._bytes = 0
        self._pending: deque[tuple[_Held, _Results]] = deque()

    def take(self, outcome: Outcome) -> Iterator[Outcome]:
        """Keep an outcome where it must wait, and yield those that are ready."""
        if isinstance(outcome, Interchange):
            self._interchange = outcome
        elif isinstance(outcome, Group):
            self._group = outcome
        item = self._item(outcome)
        if item is None and not self._held and not self._pending:
            yield outcome
            return
        if item is not None:
            self._held += [(remark, None) for remark in self._remarks(item)]
            self._items.append(item)
        self._held.append((outcome, item))
        if isinstance(item, ClaimSpan):
            self._bytes += item.end - item.start
        if len(self._items) >= BATCH_CLAIMS or self._bytes >= MOST_BYTES or len(self._held) >= MOST_HELD:
            yield from self._ask(self._checker.in_flight)

    def rest(self) -> Iterator[Outcome]:
        """Yield all that still wait."""
        yield from self._ask(0)

    def _item(self, outcome: Outcome) -> CheckItem | None:
        """Return the item to check of an outcome, None where there is none."""
        if isinstance(outcome, ClaimResult):
            return outcome.claim.span
        if isinstance(outcome, UntargetedClaim) and self._checker.whole:
            return outcome.span
        if (
            isinstance(outcome, TransactionClosed)
            and self._checker.whole
            and outcome.transaction.guide is not None
        ):
            assert self._interchange is not None
            assert self._group is not None
            return TransactionEnd(self._interchange, self._group, outcome.transaction, outcome.trailer)
        return None

    def _remarks(self, item: CheckItem) -> Iterator[Fault]:
        guide = version(item)
        if guide not in CHECKED_GUIDES and guide not in self._remarked:
            self._remarked.add(guide)
            yield unchecked_fault(item)

    def _ask(self, in_flight: int) -> Iterator[Outcome]:
        """Submit the collected items, and yield earlier outcomes until ``in_flight`` batches are pending."""
        if self._held:
            self._pending.append((self._held, self._checker.submit(self._items)))
            self._held, self._items, self._bytes = [], [], 0
        while len(self._pending) > in_flight:
            held, results = self._pending.popleft()
            given = iter(results())
            for outcome, item in held:
                if item is None:
                    yield outcome
                else:
                    yield from self._with_errors(outcome, item, next(given))

    def _with_errors(self, outcome: Outcome, item: CheckItem, errors: GuideErrors) -> Iterator[Outcome]:
        refused = self._reject and bool(errors)
        if isinstance(outcome, ClaimResult):
            yield with_errors(outcome, errors, reject=self._reject)
        elif isinstance(outcome, UntargetedClaim):
            yield replace(outcome, guide_errors=errors, refused=refused)
        else:
            if errors:
                yield TransactionErrors(item.interchange, item.group, item.transaction, errors)
            yield outcome


def with_errors(scrubbed: ClaimResult, errors: GuideErrors, *, reject: bool) -> ClaimResult:
    """Return a claim with its guide errors, without those that its findings report."""
    return replace(scrubbed, guide_errors=drop_already_reported(scrubbed, errors), refused=reject and bool(errors))


def unchecked_fault(item: CheckItem) -> Fault:
    """Return the fault that a guide can't be checked."""
    return fault_of(
        faults.GUIDE_UNCHECKED,
        segment_index=item.transaction.segment_index,
        byte_offset=item.transaction.start,
        interchange=item.interchange,
        group=item.group,
        transaction=item.transaction,
        version=version(item),
    )
