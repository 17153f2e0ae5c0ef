"""Turn the numbers and dates of claims into keys, which nobody can turn back without the key file."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date

KEY_BYTES = 16  # of an HMAC-SHA256, which are enough for any number of claims
SHORTEST_PREFIX, LONGEST_PREFIX = 15, 20  # characters of CLM01 that payers are known to keep
NONE = b""  # the key of what was not sent


class RecordKeys:
    """HMAC-SHA256 of the values that identify a claim, under the secret of a key file, cut to 16 bytes.

    Each method has a domain of its own: the same text as claim number and as payer id gives different keys. Texts
    are taken as they were sent, in the claim or in the payer's answer; blanks around them and upper and lower case
    make no difference. The key of "" is empty.
    """

    def __init__(self, secret: bytes) -> None:
        self._base = hmac.new(secret, digestmod=hashlib.sha256)

    @property
    def check(self) -> bytes:
        """A value by which a database knows its key file again."""
        return self._hashed("check", "x12proc record")

    def claim(self, number: str) -> bytes:
        """Return the key of a claim's number: CLM01, in answers CLP01, or TRN02 of loop 2200D."""
        return self._key("claim", number)

    def prefix(self, cut: str) -> bytes:
        """Return the key of the first 15 to 20 characters of a claim's number; empty for any other length."""
        return self._key("prefix", cut) if SHORTEST_PREFIX <= len(cut.strip()) <= LONGEST_PREFIX else NONE

    def prefixes(self, number: str) -> list[bytes]:
        """Return the keys of all cuts of a claim's number (CLM01) that are shorter than the number itself."""
        text = number.strip()
        return [
            self.prefix(text[:length]) for length in range(SHORTEST_PREFIX, min(len(text), LONGEST_PREFIX + 1))
        ]

    def payer(self, payer_id: str) -> bytes:
        """Return the key of a payer's id: 2010BB NM109."""
        return self._key("payer", payer_id)

    def provider(self, npi: str) -> bytes:
        """Return the key of a billing provider's NPI: 2010AA NM109."""
        return self._key("provider", npi)

    def line(self, control: str) -> bytes:
        """Return the key of a line item control number: REF*6R of loop 2400 or 2110."""
        return self._key("line", control)

    def number(self, line_number: str) -> bytes:
        """Return the key of a line's number, LX01, without zeros in front."""
        return self._key("number", line_number.strip().lstrip("0"))

    def reference(self, number: str) -> bytes:
        """Return the key of the payer's claim control number: REF*F8 of a claim, CLP07 of an answer."""
        return self._key("reference", number)

    def control(self, number: str) -> bytes:
        """Return the key of a control number (ISA13, GS06, ST02), without zeros in front."""
        return self._key("control", number.strip().lstrip("0"))

    def day(self, day: date | None) -> bytes:
        """Return the key of a service date."""
        return self._key("day", day.isoformat()) if day is not None else NONE

    def file(self, name: str) -> bytes:
        """Return the key of a file, by the SHA-256 of its bytes in hex and the feed that took it."""
        return self._key("file", name)

    def _key(self, domain: str, text: str) -> bytes:
        text = text.strip().upper()
        return self._hashed(domain, text) if text else NONE

    def _hashed(self, domain: str, text: str) -> bytes:
        keyed = self._base.copy()
        keyed.update(domain.encode() + b"\0" + text.encode("utf-8", "surrogateescape"))
        return keyed.digest()[:KEY_BYTES]
