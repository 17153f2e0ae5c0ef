"""Which claims of an input earlier files of its feed held, and which of its own later files are held against."""

from __future__ import annotations

from x12proc.claims.model import Claim
from x12proc.engine.result import ClaimResult
from x12proc.feed.ledger import FileRow, Ledger, LedgerUnavailable
from x12proc.rules.duplicate import sent_key


class SentClaims:
    """The claims of one input on their way. ``accepted`` are the keys of those that count as sent."""

    def __init__(self, ledger: Ledger, row: FileRow) -> None:
        self.accepted: list[str] = []
        self._ledger = ledger
        self._row = row
        self._trouble: LedgerUnavailable | None = None

    def sent_before(self, claim: Claim) -> bool:
        """Whether an earlier file of the feed held the claim. Trouble with the ledger is kept for :meth:`check`:
        it is no fault of the rule that asks."""
        key = self._ledger.claim_key(sent_key(claim))
        try:
            return bool(self._ledger.seen(self._row.feed, "claim", [key], None, self._row.id))
        except LedgerUnavailable as trouble:
            self._trouble = trouble
            return False

    def note(self, scrubbed: ClaimResult) -> None:
        """A claim has been scrubbed; a rejected one was not sent and may come again."""
        if not scrubbed.rejected:
            self.accepted.append(self._ledger.claim_key(sent_key(scrubbed.claim)))

    def check(self) -> None:
        """Raises LedgerUnavailable when a question could not be answered."""
        if self._trouble is not None:
            raise self._trouble
