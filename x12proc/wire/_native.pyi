"""The compiled passes of x12proc.wire.fast, with the arguments of their Python."""

from x12proc.wire.stops import Stop

version: str

def stops(
    text: bytes,
    terminator: bytes,
    element: bytes,
    codes: tuple[bytes, ...],
    every_claim: bool,
    opened: bytes,
    level: bytes,
    hit: bool,
    number: int,
    /,
) -> list[Stop]: ...
def count(text: bytes, byte: bytes, start: int, end: int, /) -> int: ...
def is_ragged(chunk: bytes, terminator: bytes, /) -> bool: ...
