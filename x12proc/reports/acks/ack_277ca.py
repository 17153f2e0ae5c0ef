"""277CA (005010X214): what became of every claim, with totals for each billing provider and for the submitter.

It reports rejections, never warnings: X12 has none here. The totals of a level come before its claims,
so that claims are put aside in scratch files until their provider and their set have ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import BinaryIO

import msgspec

from x12proc.claims.summary import ClaimSummary, SummaryReader
from x12proc.engine.document import Document
from x12proc.engine.result import ClaimResult, LineResult
from x12proc.engine.stream import UntargetedClaim
from x12proc.reports.acks.claim_elements import (
    NO_DETAILS,
    Totals,
    bill_type,
    charge,
    is_institutional,
    name_elements,
    person_or_organization,
    rejection,
    rejection_statuses,
    service_date,
    units,
)
from x12proc.reports.acks.envelopes import (
    UNKNOWN,
    AckSettings,
    ControlNumbers,
    Envelopes,
    InterchangeRejection,
    Spool,
    clean,
    composite,
    day,
    minute,
    segment,
)
from x12proc.reports.acks.patient_levels import patient_levels
from x12proc.reports.acks.writer import AckWriter
from x12proc.reports.writer import ClaimRenderer, TargetClaim, Write
from x12proc.values import format_number
from x12proc.wire.events import (
    ClaimRun,
    ClaimSpan,
    Fault,
    Group,
    GroupClosed,
    SegmentRange,
    TransactionClosed,
    TransactionSet,
    field,
)
from x12proc.wire.runs import claims_of
from x12proc.wire.window import Buffer

GUIDE = "005010X214"
_DIGIT = 3
MOST_STATUSES = 15  # of one claim: five STC of three
_IN_ONE_STC = 3
_ACCEPT = "WQ"  # STC03
_RECEIVED = "A1:19"  # the entity acknowledges receipt of claim/encounter; its code comes after it
# The status of a rejected claim with a syntax error.
SYNTAX = "A3:684"  # rejected, syntax error noted for this claim; see the 999
_PROCEDURES = frozenset(("AD", "ER", "HC", "HP", "IV", "NU", "WK"))  # SVC01-1
_PRESCRIPTION = "XZ"


class ClaimStatuses(msgspec.Struct, frozen=True):
    """The claim statuses that reject a target claim, each once, and the segments of its rejected lines."""

    statuses: tuple[str, ...]
    lines: tuple[bytes, ...]


class AcknowledgedClaims(ClaimRenderer):
    """Renders the statuses of claims; ``now`` is the time of the answer."""

    def __init__(self, now: datetime) -> None:
        self._today = day(now)

    def render(self, result: ClaimResult, document: Document) -> ClaimStatuses:
        """Return what rejects a claim."""
        statuses = rejection_statuses(result.all_findings)
        if result.refused:
            statuses.append(SYNTAX)
        lines: list[bytes] = []
        for line in result.lines:
            rejections = rejection_statuses(line.findings)
            if rejections:
                lines += _line(line, rejections, self._today)
        return ClaimStatuses(tuple(statuses[:MOST_STATUSES]), tuple(lines))


def _line(scrubbed: LineResult, statuses: Sequence[str], today: str) -> list[bytes]:
    """A rejected line. STC02 is filled because pyx12 demands it, where the guide leaves it open."""
    line = scrubbed.line
    modifiers = [clean(modifier, 2) for modifier in line.modifiers_sent if len(modifier) == 2][:4]
    segments = [
        segment(
            "SVC",
            composite(
                line.qualifier if line.qualifier in _PROCEDURES else "HC",
                clean(line.procedure, 48, UNKNOWN),
                *modifiers,
            ),
            format_number(charge(line.charge)),
            "",
            clean(line.revenue_code, 48),
            "",
            "",
            units(line.units),
        ),
        rejection(statuses[:_IN_ONE_STC], today, ""),
        segment("REF", "FJ", clean(line.control, 50) or clean(line.number, 50, UNKNOWN)),
    ]
    reference = line.drug.ref if line.drug else None
    prescription = reference.element(2) if reference and reference.element(1) == _PRESCRIPTION else ""
    if number := clean(prescription, 50):
        segments.append(segment("REF", _PRESCRIPTION, number))
    period = line.service_period
    if period is not None and period.first is not None:
        last = period.last or period.first
        segments.append(service_date(f"{period.first:%Y%m%d}", f"{last:%Y%m%d}"))
    return segments


class _Provider(msgspec.Struct):
    """A billing provider whose claims are being answered."""

    start: int  # of its HL in the file, or -1 where the claims have none
    hl: int
    name: bytes
    totals: Totals


class _Batch(msgspec.Struct):
    """The set that is being answered. The counter is that of HL01: 1 is the source, 2 the receiver."""

    trace: str  # BHT03 of the 837
    source: bytes  # NM1*AY
    receiver: bytes  # NM1*41
    totals: Totals
    hl: int = 2
    provider: _Provider | None = None


class ClaimAcknowledgement(AckWriter):
    """Writes the 277CA of a file (a stream writer).

    ``scratch`` are three empty files that can be read and written.
    """

    def __init__(
        self,
        buffer: Buffer,
        write: Write,
        scratch: tuple[BinaryIO, BinaryIO, BinaryIO],
        controls: ControlNumbers,
        now: datetime,
        *,
        settings: AckSettings,
        refuse: InterchangeRejection | None = None,
    ) -> None:
        envelopes = Envelopes(write, scratch[0], controls, now, kind="HN", guide=GUIDE, digit=_DIGIT)
        super().__init__(envelopes, refuse)
        self._buffer = buffer
        self._heads = SummaryReader(buffer)
        self._now = now
        self._today = day(now)
        self._settings = settings
        self._received = f"{_RECEIVED}:{settings.source_entity}"
        self._of_batch = Spool(scratch[1])
        self._of_provider = Spool(scratch[2])
        self._batch: _Batch | None = None
        self._fault_at = -1  # the offset of the last fault; a claim's own faults come right before it

    # -- envelopes -------------------------------------------------------------------------------------------

    def open_set(self, transaction: TransactionSet) -> None:
        """Begin anew; the set's header is read with its first claim."""
        self._batch = None
        self._of_batch.truncate((0, 0))
        self._of_provider.truncate((0, 0))

    def close_set(self, closed: TransactionClosed) -> None:
        """Write the answer to a set. One that the 999 rejects is not answered: nothing in it is accepted."""
        batch, self._batch = self._batch, None
        if batch is None or self.status.refused["set"]:
            return
        self._end_provider(batch)
        control = self.envelopes.next_set()
        trace = f"{self.envelopes.control}-{self.envelopes.group}-{control}"
        head = [
            segment("ST", "277", control, GUIDE),
            segment("BHT", "0085", "08", trace, self._today, minute(self._now), "TH"),
            segment("HL", "1", "", "20", "1"),
            batch.source,
            segment("TRN", "1", trace),
            segment("DTP", "050", "D8", self._today),
            segment("DTP", "009", "D8", self._today),
            segment("HL", "2", "1", "21", "1"),
            batch.receiver,
            segment("TRN", "2", batch.trace),
            segment("STC", self._received, self._today, _ACCEPT, batch.totals.amount),
            *batch.totals.segments("90", "AA"),
        ]
        count = len(head) + self._of_batch.segments + 1
        spool = self.envelopes.spool
        spool.write(*head)
        self._of_batch.move_to(spool)
        spool.write(segment("SE", str(count), control))

    def close_group(self, group: Group, trailer: GroupClosed | None) -> bool:
        """A refused group is not answered, nor are its sets."""
        return not self.status.refused["group"]

    def _end_provider(self, batch: _Batch) -> None:
        provider, batch.provider = batch.provider, None
        if provider is None:
            return
        self._of_batch.write(
            segment("HL", str(provider.hl), "2", "19", "1"),
            provider.name,
            segment("TRN", "1", batch.trace),
            segment("STC", self._received, "", _ACCEPT, provider.totals.amount),
            *provider.totals.segments("QA", "QC"),
        )
        self._of_provider.move_to(self._of_batch)
        batch.totals.add(provider.totals)

    # -- claims ----------------------------------------------------------------------------------------------

    def fault(self, fault: Fault) -> None:
        """Keep the place of a fault: the claim it lies in is not accepted."""
        if fault.severity == "error":
            self._fault_at = fault.byte_offset

    def claim(self, claim: TargetClaim, part: ClaimStatuses) -> None:
        """Write the patient level of a target claim."""
        span, statuses = claim.span, part.statuses
        if not statuses and (claim.rejected or self._is_faulty(span)):
            statuses = (NO_DETAILS,)
        self._answer(span, statuses)
        self._of_provider.write(*part.lines)

    def untargeted(self, claim: UntargetedClaim) -> None:
        """Write the patient level of a claim without a target line."""
        rejected = self._is_faulty(claim.span) or claim.refused
        self._answer(claim.span, (SYNTAX,) if rejected else ())

    def _is_faulty(self, span: ClaimSpan) -> bool:
        return span.start <= self._fault_at < span.end

    def run(self, run: ClaimRun) -> None:
        """Write the patient levels of claims that are accepted: those it can't read together one by one."""
        if self._settings.scope == "rejected":
            return
        claims = claims_of(run, self._buffer)
        if patient_levels is None or run.start <= self._fault_at < run.end:
            for span in claims:
                self.untargeted(UntargetedClaim(span))
            return
        text = self._buffer[run.start : run.end]
        written, position = self._levels(run, text, 0, run.subscriber, run.patient)
        while position < len(text):
            unread = next(islice(claims, written, None))
            self.untargeted(UntargetedClaim(unread))
            position = unread.end - run.start
            written, position = self._levels(run, text, position, unread.subscriber, unread.patient)

    def _levels(
        self,
        run: ClaimRun,
        text: bytes,
        position: int,
        subscriber: SegmentRange | None,
        patient: SegmentRange | None,
    ) -> tuple[int, int]:
        """Write the levels of a run from a position on; return how many, and where it can't go on."""
        assert patient_levels is not None
        delimiters = run.interchange.delimiters
        provider = self._provider(run)
        assert self._batch is not None
        levels, claims, segments, cents, position = patient_levels(
            text,
            position,
            delimiters.segment,
            delimiters.element,
            delimiters.component,
            is_institutional(run),
            self._batch.hl,
            provider.hl,
            self._heads.first_segment(subscriber, delimiters, "NM1", "IL"),
            self._heads.first_segment(patient, delimiters, "NM1", "QC"),
            self._settings.accepted_status.encode(),
            self._today.encode(),
        )
        self._batch.hl += claims
        self._of_provider.append(levels, segments)
        provider.totals.accepted += claims
        provider.totals.accepted_amount += Decimal(cents).scaleb(-2)
        return claims, position

    def _answer(self, span: ClaimSpan, statuses: Sequence[str]) -> None:
        if not statuses and self._settings.scope == "rejected":
            return
        head = self._heads.head(span)
        amount = charge(head.charge)
        provider = self._provider(span)
        provider.totals.count(amount, rejected=bool(statuses))
        assert self._batch is not None
        self._batch.hl += 1
        write = self._of_provider.write
        write(segment("HL", str(self._batch.hl), str(provider.hl), "PT"), self._patient(span))
        write(*self._claim(head, format_number(amount), statuses, institutional=is_institutional(span)))

    def _claim(
        self, head: ClaimSummary, amount: str, statuses: Sequence[str], *, institutional: bool
    ) -> list[bytes]:
        segments = [segment("TRN", "2", clean(head.id, 50, UNKNOWN))]
        if not statuses:
            segments.append(segment("STC", self._settings.accepted_status, self._today, _ACCEPT, amount))
        for first in range(0, len(statuses), _IN_ONE_STC):
            segments.append(rejection(statuses[first : first + _IN_ONE_STC], self._today, amount))
        if trace := clean(head.trace, 50):
            segments.append(segment("REF", "D9", trace))
        if institutional and (bill := bill_type(head)):
            segments.append(segment("REF", "BLT", bill))
        segments.append(service_date(head.first_day or self._today, head.last_day or self._today))
        return segments

    # -- parties ---------------------------------------------------------------------------------------------

    def _provider(self, span: ClaimSpan | ClaimRun) -> _Provider:
        """The provider level that a claim goes under; a new one where the claims of another HL begin."""
        batch = self._batch
        if batch is None:
            batch = self._batch = self._open_batch(span)
        start = span.provider.start if span.provider else -1
        if batch.provider is None or batch.provider.start != start:
            self._end_provider(batch)
            batch.hl += 1
            batch.provider = _Provider(start, batch.hl, self._billing_provider(span), Totals())
        return batch.provider

    def _open_batch(self, span: ClaimSpan | ClaimRun) -> _Batch:
        header, delimiters = span.header, span.interchange.delimiters
        bht = self._heads.first(header, delimiters, "BHT")
        submitter = self._heads.first(header, delimiters, "NM1", "41")
        receiver = self._heads.first(header, delimiters, "NM1", "40")
        settings = self._settings
        source = segment(
            "NM1", settings.source_entity, "2",
            clean(settings.source_name or field(receiver, 3), 60, UNKNOWN), "", "", "", "",
            "46" if settings.source_entity == "AY" else "PI",
            clean(settings.source_id or field(receiver, 9), 80, UNKNOWN, least=2),
        )  # fmt: skip
        return _Batch(
            trace=clean(field(bht, 3), 50, UNKNOWN),
            source=source,
            receiver=person_or_organization("41", submitter, "46", field(submitter, 9), suffix=False),
            totals=Totals(),
        )

    def _billing_provider(self, span: ClaimSpan | ClaimRun) -> bytes:
        """NM1*85: by NPI, else by tax number."""
        delimiters = span.interchange.delimiters
        name = self._heads.first(span.provider, delimiters, "NM1", "85")
        qualifier, identifier = field(name, 8), field(name, 9)
        if qualifier != "XX" or not identifier:
            tax = self._heads.first(span.provider, delimiters, "REF", "EI")
            tax = tax or self._heads.first(span.provider, delimiters, "REF", "SY")
            qualifier, identifier = "FI", field(tax, 2)
        return person_or_organization("85", name, qualifier, identifier)

    def _patient(self, span: ClaimSpan) -> bytes:
        """NM1*QC: the patient, with the subscriber's member number where the patient has none."""
        delimiters = span.interchange.delimiters
        subscriber = self._heads.first(span.subscriber, delimiters, "NM1", "IL")
        patient = self._heads.first(span.patient, delimiters, "NM1", "QC") or subscriber
        numbered = patient if field(patient, 9) else subscriber
        qualifier = field(numbered, 8)
        return segment(
            "NM1", "QC", "1",
            *name_elements(patient),
            qualifier if qualifier in ("II", "MI") else "MI",
            clean(field(numbered, 9), 80, UNKNOWN, least=2),
        )  # fmt: skip
