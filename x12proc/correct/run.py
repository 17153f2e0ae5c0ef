"""Write the corrected claims of one file: choose them, copy them with their loops, renew what has to be new."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import IO, BinaryIO

import msgspec

from x12proc.claims.builder import ClaimBuilder
from x12proc.claims.model import Claim
from x12proc.correct import orders as reasons
from x12proc.correct.orders import Frequency, Order, Orders
from x12proc.correct.renewal import Renewal, new_control
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Summary, UntargetedClaim, scrub_buffer
from x12proc.errors import InternalError, X12SyntaxError
from x12proc.findings import Finding, gravest_first
from x12proc.reports.edi.edits import apply
from x12proc.reports.edi.split import ACCEPTED, Split
from x12proc.runner.files import FileBuffer
from x12proc.runner.settings import Settings
from x12proc.runner.streams import copy_pieces, scratch_file
from x12proc.wire.events import ClaimSpan, Event, Fault, MentionCounts, OwnNote
from x12proc.wire.scanner import scan
from x12proc.wire.window import Buffer

_HEAD = 4096  # bytes in which CLM01 ends
_LINE_ENDS = b"\r\n"


class CorrectedClaim(msgspec.Struct, frozen=True):
    """A claim that was written, and what the rules still find on it: that needs a person."""

    order: Order
    findings: tuple[Finding, ...]
    rejected: bool


class Correction(msgspec.Struct, frozen=True):
    """What was written and what was not."""

    written: tuple[CorrectedClaim, ...]
    skipped: tuple[reasons.NotWritten, ...]


def correct(
    buffer: Buffer,
    orders: Orders,
    output: BinaryIO,
    written: IO[bytes],
    settings: Settings,
    *,
    frequency: Frequency = reasons.REPLACEMENT,
    control: int = 0,
) -> Correction:
    """Write the claims that are ordered to ``output``, an empty file, and check it as read from ``written``.

    ``control`` is the first new control number; 0 makes them from what is written. Nothing is written where no
    claim is ordered. Raises X12SyntaxError for an input that can't be read to its end or whose loops are in doubt.
    """
    chosen = _choose(buffer, orders)
    if not chosen:
        return Correction((), tuple(orders.skipped))
    with contextlib.closing(scratch_file()) as file:
        _copy(buffer, chosen, file)
        copied = FileBuffer(file)
        renewal = Renewal(
            copied,
            frequency,
            lambda claim: orders.of(claim.id.strip()).payer_number,
            _control_numbers(chosen, control),
            settings.now,
        )
        copy_pieces(apply(copied, renewal.edits()), output)
        if renewal.claims != len(chosen):
            raise InternalError("the corrected file does not hold each claim once")
    output.flush()
    return Correction(tuple(_checked(FileBuffer(written), orders, settings, frequency)), tuple(orders.skipped))


def _choose(buffer: Buffer, orders: Orders) -> dict[int, Order]:
    """Return the orders by where their claims begin; orders that fit no claim or several are taken out."""
    builder = ClaimBuilder(buffer)
    found: dict[int, Order] = {}
    times: Counter[str] = Counter()
    others: set[str] = set()
    for event in _sound_events(buffer):
        if not isinstance(event, ClaimSpan):
            continue
        number = _number(buffer, event)
        if number not in orders.numbers:
            continue
        claim = builder.build(event)
        if not orders.is_for(claim):
            others.add(number)
            continue
        times[number] += 1
        found[event.start] = orders.of(number)
        if _has_delimiter(found[event.start].payer_number, claim):
            orders.skip(number, reasons.NO_NUMBER)
    for number in orders.numbers:
        if times[number] > 1:
            orders.skip(number, reasons.SEVERAL_CLAIMS)
        elif not times[number]:
            orders.skip(number, reasons.OTHER_PROVIDER if number in others else reasons.NOT_IN_FILE)
    return {start: order for start, order in found.items() if order.number in orders.numbers}


def _number(buffer: Buffer, span: ClaimSpan) -> str:
    """Return CLM01 without opening the claim."""
    delimiters = span.interchange.delimiters
    head = buffer[span.start : min(span.end, span.start + _HEAD)].partition(delimiters.segment)[0]
    fields = head.translate(None, _LINE_ENDS).split(delimiters.element, 2)
    return fields[1].decode("utf-8", "replace").strip() if len(fields) > 1 else ""


def _has_delimiter(text: str, claim: Claim) -> bool:
    delimiters = claim.delimiters
    used = (delimiters.element, delimiters.component, delimiters.segment, delimiters.repetition)
    return any(one and one in text.encode("ascii") for one in used)


def _copy(buffer: Buffer, chosen: dict[int, Order], file: BinaryIO) -> None:
    """Write whole interchanges with the chosen claims and the loops above them, and no others."""
    split = Split(buffer, {ACCEPTED: file})
    for event in _sound_events(buffer):
        if isinstance(event, ClaimSpan):
            split.handle(UntargetedClaim(event, refused=event.start not in chosen))
        elif not isinstance(event, MentionCounts | OwnNote):
            split.handle(event)
    split.end(Summary())
    if split.ambiguity is not None:
        fault = split.ambiguity
        raise X12SyntaxError(fault.code, fault.message, fault.byte_offset)
    file.flush()


def _sound_events(buffer: Buffer) -> Iterator[Event]:
    """Yield the events of a file. Raises X12SyntaxError at the fault that makes it fail."""
    for event in scan(buffer, (), all_claims=True):
        if isinstance(event, Fault) and event.severity == "error":
            raise X12SyntaxError(event.code, event.message, event.byte_offset)
        yield event


def _control_numbers(chosen: dict[int, Order], first: int) -> Callable[[str], str]:
    """Return what gives the new control numbers: counted on from a first one, or made from the orders."""
    if first:
        numbers = iter(range(first, first + 1_000_000))
        return lambda _: f"{next(numbers):09d}"
    seed = "\0".join(f"{order.number}\0{order.payer_number}" for order in chosen.values()).encode()
    return lambda control: new_control(control, seed)


def _checked(buffer: Buffer, orders: Orders, settings: Settings, frequency: Frequency) -> Iterator[CorrectedClaim]:
    """Scrub what was written; yield each claim with its findings. Raises InternalError if it is not as ordered."""
    numbers = orders.numbers
    for outcome in scrub_buffer(buffer, settings.engine(), settings.codes, all_claims=True):
        if isinstance(outcome, Fault) and outcome.severity == "error":
            raise InternalError(f"the corrected file has the fault {outcome.code}")
        if isinstance(outcome, ClaimResult):
            if outcome.claim.frequency != frequency:
                raise InternalError("a claim of the corrected file is no correction")
            order = orders.of(outcome.claim.id.strip())
            findings = tuple(one for one in gravest_first(outcome.all_findings) if one.severity != "info")
            yield CorrectedClaim(order, findings, outcome.rejected)
            numbers -= {order.number}
    for number in sorted(numbers):  # they bill none of the codes: no rule looks at them
        yield CorrectedClaim(orders.of(number), (), False)
