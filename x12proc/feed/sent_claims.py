"""Look up claims of earlier files of a feed, and collect the accepted claims of the current file."""

from __future__ import annotations

from x12proc.claims.model import Claim
from x12proc.engine.result import ClaimResult
from x12proc.feed.ledger import FileRow, Ledger
from x12proc.record.database import DatabaseUnavailable
from x12proc.rules.dup import sent_key


class SentClaims:
    """The claims of one input file. ``accepted`` are the hashes of the claims that count as sent."""

    def __init__(self, ledger: Ledger, row: FileRow) -> None:
        self.accepted: list[str] = []
        self._ledger = ledger
        self._row = row
        self._error: DatabaseUnavailable | None = None

    def sent_before(self, claim: Claim) -> bool:
        """Return whether the claim was accepted in an earlier file of the feed.

        An error of the ledger is kept for :meth:`raise_ledger_error`, since it is no error of the calling rule.
        """
        key = self._ledger.claim_hash(sent_key(claim))
        try:
            return bool(self._ledger.find_earlier(self._row.feed, "claim", [key], None, self._row.id))
        except DatabaseUnavailable as error:
            self._error = error
            return False

    def record(self, result: ClaimResult) -> None:
        """Add the hash of an accepted claim; a rejected claim was not sent and may be sent again."""
        if not result.rejected:
            self.accepted.append(self._ledger.claim_hash(sent_key(result.claim)))

    def raise_ledger_error(self) -> None:
        """Raise the DatabaseUnavailable of a lookup that failed."""
        if self._error is not None:
            raise self._error
