"""Fixtures as bytes, and the same files in other styles."""

from __future__ import annotations

from pathlib import Path

from x12proc.replay.rule_cases import builtin_base

FIXTURES = Path(__file__).parents[2] / "fixtures"
CLINIC = FIXTURES / "demo" / "clinic-837p.edi"
HOSPITAL = FIXTURES / "demo" / "hospital-837i.edi"
GUIDE_FAULTS = FIXTURES / "demo" / "guide-faults-837.edi"

# element, component, repetition, terminator, line end
STYLES = {
    "tilde": ("*", ":", "^", "~", ""),
    "tilde-lf": ("*", ":", "^", "~", "\n"),
    "tilde-crlf": ("*", ":", "^", "~", "\r\n"),
    "pipe": ("|", ">", "!", "'", ""),
    "newline": ("*", ":", "^", "\n", ""),
    "control": ("\x1d", "\x1f", "\x1e", "\x1c", "\n"),
    "carriage": ("*", "<", "^", "\r", "\n"),
}


def base(kind: str = "P") -> bytes:
    """A clean one-claim file with one J3590 line."""
    return builtin_base(kind)


def segments(data: bytes) -> list[str]:
    """The segments of a file in the style of the fixtures (`~` with or without line ends)."""
    return [part.strip("\r\n") for part in data.decode().split("~") if part.strip("\r\n")]


def join(parts: list[str], terminator: str = "~", line_end: str = "\n") -> bytes:
    """Segments as a file."""
    return "".join(part + terminator + line_end for part in parts).encode()


def restyle(data: bytes, style: str) -> bytes:
    """The same interchange with other delimiters and line ends."""
    element, component, repetition, terminator, line_end = STYLES[style]
    parts = []
    for segment in segments(data):
        if segment.startswith("ISA"):
            fields = segment.split("*")
            fields[11], fields[16] = repetition, component
            parts.append(element.join(fields))
        else:
            parts.append(segment.replace(":", component).replace("*", element))
    return join(parts, terminator, line_end)
