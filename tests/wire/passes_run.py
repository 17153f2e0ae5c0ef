"""Compare both forms of the passes; as a program over many texts, in a process that checks its memory."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from x12proc.wire import accelerated
from x12proc.wire.boundaries import code_positions_py, find_boundaries_py
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.segment import MOST_ELEMENTS, Segment, split_plain_py

PIECES = (
    *(b"~", b"*", b"\n", b"\r", b"\r\n", b" ", b"\x0c", b"\0", b"A", b"1", b"~~", b"~\n", b"~\r\n", b"~ \n"),
    *(b"*" * 1100, b"HL", b"CLM", b"ST", b"SE", b"GS", b"GE", b"IEA", b"ISA", b"H", b"CL", b"I", b"clm"),
    *(b"~HL*", b"~CLM*", b"~ST*", b"~SE*", b"~GS*", b"~GE*", b"~IEA*", b"~ISA*", b"~\nCLM*", b"~\x0bHL*"),
    *(b"~HL*1**20*1", b"~HL*2*1*22*0", b"~HL*3*2*23*0", b"~HL*4**2", b"~HL*5***", b"~HL*6*~22*20*1"),
    *(b"~HL*1234567890123456789012345678901234567890**22*1", b"J3590", b"JJ3590", b"J359", b"C9399"),
    *(
        b"j3590",
        b"J 35\r\n90",
        b"J",
        b"3590",
        b"j\t3 5 9 0",
        b"~Clm*",
        b"~CLM *",
        b"~CLM",
        b"~CLM|",
        b"~CLMA1*1",
        b"~HL1*",
    ),
    *(
        b"~hl*1**22*1",
        b"~HL\t~",
        b"~ISA|",
        b"~HL*5~22*20*22",
        b"~CLM" + b"A" * 39,
        b"~NTE*TPO*X12PROC R:",
        b"~\nNTE*TPO*X12PROC ",
        b"~clm \t",
    ),
)
CODES = ((b"J3590",), (b"J3590", b"C9399", b"J9999"), (b"1",), (), tuple(b"%05d" % code for code in range(100)))
CARRIED = ((b"", b""), (b"CLM", b""), (b"HL", b"22"), (b"HL", b"20"), (b"HL", b"23"), (b"HL", b""), (b"ST", b""))


LOOPS = ("", "2010AA", "2410")


class TagLoops:
    """Loops for tests: a segment that begins one gives it its tag's name, and any tag ends a 2410."""

    loop_starts = frozenset(("ST", "HL", "CLM", "1"))
    open_loops = frozenset(("2410",))

    def __init__(self, loop: str) -> None:
        self.loop = loop

    def loop_of(self, elements: tuple[str, ...]) -> str:
        """Return the loop of a segment that begins one, after a 2410 that of no name."""
        return elements[0] if elements[0] in self.loop_starts else ""


def split_arguments(text: bytes, draw: random.Random) -> tuple[Any, ...]:
    """Return arguments of split_ascii, for a text whose bytes are made ASCII."""
    element, terminator = draw.choice(((b"*", b"~"), (b"*", b"\n"), (b"1", b"*"), (b"C", b"L")))
    layout = Delimiters(element, b":", terminator).layout.encode("latin-1")
    loops = TagLoops(draw.choice(LOOPS))
    fixed = (layout, MOST_ELEMENTS, Segment, loops.loop_starts, loops.open_loops, loops.loop, loops.loop_of)
    raw = bytes(byte & 0x7F for byte in text)
    return (raw, draw.choice((0, 7, 2**40)), draw.randrange(9), terminator, element, *fixed)


def split_in_python(*arguments: Any) -> list[Segment]:
    """Split with the specification, by the arguments of split_ascii."""
    raw, offset, index, terminator, element = arguments[:5]
    return split_plain_py(raw, offset, index, Delimiters(element, b":", terminator), TagLoops(arguments[-2]))


def calls(text: bytes, draw: random.Random) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield the name of a pass and arguments for it, for each of the five."""
    opened, level = draw.choice(CARRIED)
    end = draw.randrange(len(text) + 1)
    terminator = draw.choice((b"~", b"~", b"\n", b"\r"))
    carried = (opened, level, draw.random() < 0.5, draw.randrange(3))
    yield "find_boundaries", (text, terminator, b"*", draw.choice(CODES), draw.randrange(3), *carried)
    yield "code_positions", (text, terminator, b"*", draw.choice(CODES))
    yield "count", (text, draw.choice((b"~", b"\n", b"A")), draw.randrange(end + 1), end)
    yield "has_stray_line_ends", (text, terminator)
    yield "split_ascii", split_arguments(text, draw)


def in_python(name: str) -> Callable[..., Any]:
    """The specification of a pass."""
    known: dict[str, Callable[..., Any]] = {
        "find_boundaries": find_boundaries_py,
        "code_positions": code_positions_py,
        "count": accelerated.count_py,
        "has_stray_line_ends": accelerated.has_stray_line_ends_py,
        "split_ascii": split_in_python,
    }
    return known[name]


def compiled(name: str) -> Callable[..., Any]:
    """Return the compiled form of a pass."""
    from x12proc.wire import _native, _split  # noqa: PLC0415 - tests that skip without them import this file as well

    function: Callable[..., Any] = getattr(_split if name == "split_ascii" else _native, name)
    return function


def write_levels(text: bytes, draw: random.Random) -> None:
    """Have patient levels written, from what may be no claims at all."""
    from x12proc.reports.acks import _levels  # noqa: PLC0415 - as above

    claims = text.replace(b"J3590", b"J1100")
    start = max(claims.find(b"CLM*"), 0)
    person = draw.choice((b"", b"NM1*IL*1*DOE*JANE****MI*A1", b"NM1*IL*", claims[:60]))
    arguments = (claims, draw.choice((0, start, len(claims))), b"~", draw.choice((b"*", b"*", b"A")), b":")
    levels, count, lines, _, end = _levels.patient_levels(
        *arguments, draw.random() < 0.5, 2, 1, person, b"", b"A1:20", b"20240401"
    )
    if levels.count(b"~\n") != lines or levels.count(b"TRN*2*") != count or not 0 <= end <= len(claims):
        raise SystemExit(f"patient_levels{arguments!r}"[:2000])


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
    """Compare the compiled passes with their specifications."""
    draw = random.Random(11)
    compared = 0
    for text in texts(draw, [Path(name) for name in sys.argv[1:]]):
        for name, arguments in calls(text, draw):
            if compiled(name)(*arguments) != in_python(name)(*arguments):
                raise SystemExit(f"{name}{arguments!r}"[:2000])
            compared += 1
        write_levels(text, draw)
    sys.stdout.write(f"{compared} answers compared\n")


if __name__ == "__main__":
    main()
