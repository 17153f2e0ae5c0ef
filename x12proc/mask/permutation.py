"""Permute numbers by a key, one for one, so that only the key leads back.

Two account numbers must stay two, and a repeated one repeated, however short they are: a hash cut to length
would make some of them one. A Feistel network permutes all numbers below a power of two; values beyond the size
asked for are sent through again (cycle walking), as format-preserving encryption does (NIST SP 800-38G).
"""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache

_SMALL = 1024  # below it the whole permutation is drawn at once: a network over a few bits is a weak one
_ROUNDS = 8


def digest(key: bytes, *parts: str | bytes) -> bytes:
    """Compute HMAC-SHA256 of parts, each with its length, so that no two lists of parts are equal."""
    data = b"".join(
        len(part).to_bytes(8, "big") + part
        for part in [part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part for part in parts]
    )
    return hmac.digest(key, data, hashlib.sha256)


def permute(key: bytes, tweak: str, value: int, size: int) -> int:
    """Return another number below ``size`` for ``value``; each key and tweak gives a permutation of all numbers.

    The numbers are put into a secret order, and each becomes the next one: so none stays itself.
    """
    if size <= 1:
        return value
    if size <= _SMALL:
        order = _drawn(key, tweak, size)
        return order[(order.index(value) + 1) % size]
    half = ((size - 1).bit_length() + 1) // 2
    walked = _walk(key, tweak, value, half, size, range(_ROUNDS))
    return _walk(key, tweak, (walked + 1) % size, half, size, range(_ROUNDS - 1, -1, -1))


@lru_cache(maxsize=4096)
def _drawn(key: bytes, tweak: str, size: int) -> tuple[int, ...]:
    return tuple(sorted(range(size), key=lambda number: digest(key, "draw", tweak, str(number))))


def _walk(key: bytes, tweak: str, value: int, half: int, size: int, turns: range) -> int:
    while True:
        value = _feistel(key, tweak, value, half, turns)
        if value < size:
            return value


def _feistel(key: bytes, tweak: str, value: int, half: int, turns: range) -> int:
    """Run the network over twice ``half`` bits; with the rounds in descending order it is inverted."""
    mask = (1 << half) - 1
    left, right = value >> half, value & mask
    if turns.step < 0:
        left, right = right, left
    for turn in turns:
        data = digest(key, "round", tweak, bytes((turn,)), right.to_bytes(half // 8 + 1, "big"))
        left, right = right, left ^ (int.from_bytes(data, "big") & mask)
    if turns.step < 0:
        left, right = right, left
    return left << half | right
