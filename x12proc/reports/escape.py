"""Text of a claim for places that can't hold every character: control characters are shown as their pictures."""

from __future__ import annotations

import re

# What XML 1.0 has no way to write, and DEL.
_FORBIDDEN = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff"
_CONTROLS = re.compile(f"[{_FORBIDDEN}]")
_SPECIAL = re.compile(f'[&<>"\r{_FORBIDDEN}]')
_LAYOUT = re.compile("[\t\r\n\x85\u2028\u2029]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}


def clean(text: str) -> str:
    """Text that XML and a terminal can hold."""
    return _CONTROLS.sub(_pictured, text)


def one_line(text: str) -> str:
    """Text that :func:`clean` gives, with tabs and line ends shown as their pictures as well."""
    return _LAYOUT.sub(_pictured, clean(text))


def escaped(text: str) -> str:
    """Return text as it is written between tags, or between quotes, of XML."""
    return _SPECIAL.sub(_escape, text) if _SPECIAL.search(text) else text


def _escape(match: re.Match[str]) -> str:
    return _ENTITIES.get(match.group()) or _pictured(match)


def _pictured(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return {0x7F: "\u2421", 0x85: "\u2424", 0x2028: "\u2424", 0x2029: "\u2424"}.get(code, "\ufffd")
