"""The compiled passes of x12proc.wire.accelerated, with the arguments of their Python."""

from x12proc.wire.boundaries import Boundary

version: str

def find_boundaries(
    text: bytes,
    terminator: bytes,
    element: bytes,
    codes: tuple[bytes, ...],
    reported: int,
    opened: bytes,
    level: bytes,
    has_code: bool,
    number: int,
    /,
) -> tuple[list[Boundary], int, int, int]: ...
def code_positions(text: bytes, terminator: bytes, element: bytes, codes: tuple[bytes, ...], /) -> list[int]: ...
def count(text: bytes, byte: bytes, start: int, end: int, /) -> int: ...
def has_stray_line_ends(chunk: bytes, terminator: bytes, /) -> bool: ...
