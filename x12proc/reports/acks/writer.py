"""Going through a file's outcomes so that each envelope of it is answered by one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from x12proc.engine.stream import Outcome, Summary, TransactionErrors, UntargetedClaim
from x12proc.reports.acks.codes import EnvelopeStatus
from x12proc.reports.acks.envelopes import Envelopes, InterchangeRejection
from x12proc.reports.writer import TargetClaim
from x12proc.wire.events import (
    ClaimRun,
    Fault,
    Group,
    GroupClosed,
    Interchange,
    InterchangeClosed,
    TransactionClosed,
    TransactionSet,
)


class AckWriter(ABC):
    """A stream writer that is called when sets and groups begin and end, with the status of each.

    An interchange is written when the next one begins or the file ends: damage of its last window is
    reported after its IEA. A refused one leaves nothing here; the TA1 answers it.
    """

    def __init__(self, envelopes: Envelopes, refuse: InterchangeRejection | None) -> None:
        self.envelopes = envelopes
        self.status = EnvelopeStatus(refuse)
        self._group: Group | None = None
        self.interchange: Interchange | None = None

    def handle(self, outcome: Outcome) -> None:
        """An envelope, a claim without a target line or a fault."""
        if isinstance(outcome, UntargetedClaim):
            self.untargeted(outcome)
            return
        if isinstance(outcome, ClaimRun):
            self.run(outcome)
            return
        if isinstance(outcome, Interchange):
            self._end_interchange()
        elif isinstance(outcome, Group | InterchangeClosed):
            self._end_group(None)
        self.status.handle(outcome)
        self._pass_on(outcome)

    def end(self, summary: Summary) -> None:
        """The file has ended."""
        self._end_interchange()

    def _pass_on(self, outcome: Outcome) -> None:
        if isinstance(outcome, Interchange):
            self.interchange = outcome
            self.envelopes.open(outcome)
        elif isinstance(outcome, Group):
            self._group = outcome
            self.envelopes.open_group(outcome)
            self.open_group(outcome)
        elif isinstance(outcome, GroupClosed):
            self._end_group(outcome)
        elif isinstance(outcome, TransactionSet):
            self.open_set(outcome)
        elif isinstance(outcome, TransactionClosed):
            self.close_set(outcome)
        elif isinstance(outcome, Fault):
            self.fault(outcome)
        elif isinstance(outcome, TransactionErrors):
            self.set_errors(outcome)

    def _end_group(self, trailer: GroupClosed | None) -> None:
        if self._group is None:
            return
        self.status.end_group(trailer)
        self.envelopes.close_group(valid=self.close_group(self._group, trailer))
        self._group = None

    def _end_interchange(self) -> None:
        self._end_group(None)
        if self.interchange is not None:
            self.status.end_interchange()
            self.envelopes.close(valid=not self.status.refused["interchange"])
        self.interchange = None

    # -- what an acknowledgement makes of it -----------------------------------------------------------------

    def open_group(self, group: Group) -> None:  # noqa: B027 - not every acknowledgement says something here
        """A group begins."""

    @abstractmethod
    def open_set(self, transaction: TransactionSet) -> None:
        """A set begins."""

    def fault(self, fault: Fault) -> None:  # noqa: B027 - the status is known already
        """A fault of the file."""

    def set_errors(self, outcome: TransactionErrors) -> None:  # noqa: B027 - only a 999 tells faults against the guide
        """Faults of the open set that belong to no claim."""

    @abstractmethod
    def claim(self, claim: TargetClaim, part: Any) -> None:
        """A target claim of the open set; see StreamWriter."""

    @abstractmethod
    def untargeted(self, claim: UntargetedClaim) -> None:
        """A claim of the open set without a target line."""

    def run(self, run: ClaimRun) -> None:  # noqa: B027 - not every acknowledgement answers claims without a fault
        """Claims of the open set in which there is no code."""

    @abstractmethod
    def close_set(self, closed: TransactionClosed) -> None:
        """The set ends."""

    @abstractmethod
    def close_group(self, group: Group, trailer: GroupClosed | None) -> bool:
        """The group ends. Whether what was said of it is to be kept."""
