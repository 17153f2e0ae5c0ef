"""Both forms of the passes over the same bytes. As a program: over many, in a process that watches its memory."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from x12proc.wire import accelerated
from x12proc.wire.boundaries import find_boundaries_py

PIECES = (
    *(b"~", b"*", b"\n", b"\r", b"\r\n", b" ", b"\x0c", b"\0", b"A", b"1", b"~~", b"~\n", b"~\r\n", b"~ \n"),
    *(b"HL", b"CLM", b"ST", b"SE", b"GS", b"GE", b"IEA", b"ISA", b"H", b"CL", b"I", b"clm"),
    *(b"~HL*", b"~CLM*", b"~ST*", b"~SE*", b"~GS*", b"~GE*", b"~IEA*", b"~ISA*", b"~\nCLM*", b"~\x0bHL*"),
    *(b"~HL*1**20*1", b"~HL*2*1*22*0", b"~HL*3*2*23*0", b"~HL*4**2", b"~HL*5***", b"~HL*6*~22*20*1"),
    *(b"~HL*1234567890123456789012345678901234567890**22*1", b"J3590", b"JJ3590", b"J359", b"C9399"),
)
CODES = ((b"J3590",), (b"J3590", b"C9399", b"J9999"), (b"1",), (), tuple(b"%05d" % code for code in range(100)))
CARRIED = ((b"", b""), (b"CLM", b""), (b"HL", b"22"), (b"HL", b"20"), (b"HL", b"23"), (b"HL", b""), (b"ST", b""))


def calls(text: bytes, draw: random.Random) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A name of a pass and arguments for it, for each of the three."""
    opened, level = draw.choice(CARRIED)
    end = draw.randrange(len(text) + 1)
    terminator = draw.choice((b"~", b"~", b"\n", b"\r"))
    carried = (opened, level, draw.random() < 0.5, draw.randrange(3))
    yield "find_boundaries", (text, terminator, b"*", draw.choice(CODES), draw.random() < 0.5, *carried)
    yield "count", (text, draw.choice((b"~", b"\n", b"A")), draw.randrange(end + 1), end)
    yield "has_stray_line_ends", (text, terminator)


def in_python(name: str) -> Callable[..., Any]:
    """The specification of a pass."""
    known: dict[str, Callable[..., Any]] = {
        "find_boundaries": find_boundaries_py,
        "count": accelerated.count_py,
        "has_stray_line_ends": accelerated.has_stray_line_ends_py,
    }
    return known[name]


def texts(draw: random.Random, paths: list[Path]) -> Iterator[bytes]:
    """Pieces put together by chance, and stretches of files that begin and end anywhere."""
    for _ in range(6000):
        yield b"".join(draw.choices(PIECES, k=draw.randrange(40)))
    for path in paths:
        data = path.read_bytes()
        for _ in range(40):
            start = draw.randrange(len(data))
            yield data[start : start + draw.choice((1, 63, 64, 65, 400, 16_320, 16_400, 40_000))]
        yield data


def main() -> None:
    """Hold the compiled passes against the others."""
    from x12proc.wire import _native  # noqa: PLC0415 - tests that skip without it import this file as well

    draw = random.Random(11)
    compared = 0
    for text in texts(draw, [Path(name) for name in sys.argv[1:]]):
        for name, arguments in calls(text, draw):
            if getattr(_native, name)(*arguments) != in_python(name)(*arguments):
                raise SystemExit(f"{name}{arguments!r}"[:2000])
            compared += 1
    sys.stdout.write(f"{compared} answers compared\n")


if __name__ == "__main__":
    main()
