"""The compiled pass of x12proc.wire.segment."""

from collections.abc import Callable

from x12proc.wire.segment import Segment

version: str

def split_ascii(
    raw: bytes,
    offset: int,
    index: int,
    terminator: bytes,
    element: bytes,
    layout: bytes,
    most: int,
    make: type[Segment],
    loop_starts: frozenset[str],
    open_loops: frozenset[str],
    loop: str,
    loop_of: Callable[[tuple[str, ...]], str],
    /,
) -> list[Segment]: ...
