"""Adds what the implementation guide holds against claims to the outcomes of a file, which stay in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from msgspec.structs import replace

from x12proc.conformance.checker import GuideChecker
from x12proc.conformance.chunks import CHECKED_GUIDES, GuideErrors, Item, TransactionEnd, version
from x12proc.conformance.overlap import told_once
from x12proc.engine.engine import ClaimResult
from x12proc.engine.stream import Outcome, TransactionErrors, UntargetedClaim
from x12proc.wire import faults
from x12proc.wire.events import ClaimSpan, Fault, Group, Interchange, TransactionClosed, fault_of

BATCH_CLAIMS = 64  # asked about at once: enough that loops which claims share weigh little
MOST_BYTES = 1024 * 1024  # of the claims held back
MOST_HELD = 4096  # outcomes held back, most of them claims that nothing is asked about

_Held: TypeAlias = list[tuple[Outcome, Item | None]]  # outcomes, and what is asked about them
_Answers: TypeAlias = Callable[[], Sequence[GuideErrors]]


def with_guide_errors(
    outcomes: Iterable[Outcome], judge: GuideChecker, *, reject: bool = False
) -> Iterator[Outcome]:
    """The same outcomes, claims with their ``guide_errors``; with ``reject`` a claim that has any is refused.

    For a judge of whole sets the outcomes must hold every claim; faults that hang on none are told as SetErrors.
    A guide that can't be checked is remarked once (a Fault of severity ``warn``).
    """
    bench = _Bench(judge, reject)
    for outcome in outcomes:
        yield from bench.take(outcome)
    yield from bench.rest()


class _Bench:
    """The outcomes that wait: first those being collected, then those whose answer is awaited."""

    def __init__(self, judge: GuideChecker, reject: bool) -> None:
        self._judge = judge
        self._reject = reject
        self._interchange: Interchange | None = None
        self._group: Group | None = None
        self._remarked: set[str] = set()
        self._held: _Held = []
        self._items: list[Item] = []
        self._bytes = 0
        self._asked: deque[tuple[_Held, _Answers]] = deque()

    def take(self, outcome: Outcome) -> Iterator[Outcome]:
        """Hold an outcome back if need be, and give out what is ready."""
        if isinstance(outcome, Interchange):
            self._interchange = outcome
        elif isinstance(outcome, Group):
            self._group = outcome
        item = self._item(outcome)
        if item is None and not self._held and not self._asked:
            yield outcome
            return
        if item is not None:
            self._held += [(remark, None) for remark in self._remarks(item)]
            self._items.append(item)
        self._held.append((outcome, item))
        if isinstance(item, ClaimSpan):
            self._bytes += item.end - item.start
        if len(self._items) >= BATCH_CLAIMS or self._bytes >= MOST_BYTES or len(self._held) >= MOST_HELD:
            yield from self._ask(self._judge.in_flight)

    def rest(self) -> Iterator[Outcome]:
        """Everything that is still held."""
        yield from self._ask(0)

    def _item(self, outcome: Outcome) -> Item | None:
        """What is to be judged of an outcome."""
        if isinstance(outcome, ClaimResult):
            return outcome.claim.span
        if isinstance(outcome, UntargetedClaim) and self._judge.whole:
            return outcome.span
        if isinstance(outcome, TransactionClosed) and self._judge.whole and outcome.transaction.guide is not None:
            assert self._interchange is not None
            assert self._group is not None
            return TransactionEnd(self._interchange, self._group, outcome.transaction, outcome.trailer)
        return None

    def _remarks(self, item: Item) -> Iterator[Fault]:
        guide = version(item)
        if guide not in CHECKED_GUIDES and guide not in self._remarked:
            self._remarked.add(guide)
            yield unchecked(item)

    def _ask(self, in_flight: int) -> Iterator[Outcome]:
        """Ask about what is held, and give out what has been asked about earlier, but for so many questions."""
        if self._held:
            self._asked.append((self._held, self._judge.ask(self._items)))
            self._held, self._items, self._bytes = [], [], 0
        while len(self._asked) > in_flight:
            held, answers = self._asked.popleft()
            given = iter(answers())
            for outcome, item in held:
                if item is None:
                    yield outcome
                else:
                    yield from self._judged(outcome, item, next(given))

    def _judged(self, outcome: Outcome, item: Item, errors: GuideErrors) -> Iterator[Outcome]:
        refused = self._reject and bool(errors)
        if isinstance(outcome, ClaimResult):
            yield judged(outcome, errors, reject=self._reject)
        elif isinstance(outcome, UntargetedClaim):
            yield replace(outcome, guide_errors=errors, refused=refused)
        else:
            if errors:
                yield TransactionErrors(item.interchange, item.group, item.transaction, errors)
            yield outcome


def judged(scrubbed: ClaimResult, errors: GuideErrors, *, reject: bool) -> ClaimResult:
    """A claim with what its guide holds against it, each fault told once."""
    return replace(scrubbed, guide_errors=told_once(scrubbed, errors), refused=reject and bool(errors))


def unchecked(item: Item) -> Fault:
    """The remark that a guide can't be checked."""
    return fault_of(
        faults.GUIDE_UNCHECKED,
        segment_index=item.transaction.segment_index,
        byte_offset=item.transaction.start,
        interchange=item.interchange,
        group=item.group,
        transaction=item.transaction,
        version=version(item),
    )
