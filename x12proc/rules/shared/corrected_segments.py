"""Segments to paste into a claim: its own values, with ``*`` and ``:`` as separators and ``~`` at the end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from x12proc.claims.model import ServiceLine
from x12proc.wire.delimiters import Delimiters
from x12proc.wire.segment import Segment

_LONGEST = 190  # characters; a longer segment is not repeated in a fix
_COMPOSITES = {"SV1": (1, 7), "SV2": (2,), "SVD": (3,), "CTP": (5,), "CLM": (5, 11), "HI": tuple(range(1, 13))}
_MODIFIERS = 4
_MODIFIER = re.compile(r"[A-Z0-9]{2}", re.ASCII)


def segment_text(*elements: str) -> str:
    """Return a segment of these elements, or "" where one of them can't be shown in a segment."""
    kept = list(elements)
    while kept and not kept[-1]:
        kept.pop()
    text = "*".join(kept)
    writable = text.isascii() and text.isprintable() and not any("*" in one or "~" in one for one in kept)
    return f"{text}~" if writable and len(text) <= _LONGEST else ""


def changed_segment(segment: Segment, delimiters: Delimiters, texts: Mapping[int, str]) -> str:
    """Return a segment of the claim with other texts in some of its elements, or "" where it can't be shown."""
    elements = list(segment.elements)
    elements += [""] * (max(texts, default=0) + 1 - len(elements))
    separator = delimiters.component.decode("latin-1")
    for position in _COMPOSITES.get(segment.tag, ()):
        if position < len(elements):
            elements[position] = elements[position].replace(separator, ":")
    for position, text in texts.items():
        elements[position] = text
    return segment_text(*elements)


def procedure_composite(
    line: ServiceLine,
    *,
    code: str | None = None,
    modifiers: Iterable[str] | None = None,
    description: str | None = None,
) -> str:
    """Return the procedure composite of a line, ``HC:J3590:JZ``, with another code, modifiers or description."""
    given = list(line.modifiers if modifiers is None else modifiers)[:_MODIFIERS]
    given += [""] * (_MODIFIERS - len(given))
    text = line.description if description is None else description
    return ":".join([line.qualifier or "HC", line.procedure if code is None else code, *given, text]).rstrip(":")


def with_modifier(line: ServiceLine, added: str, *, without: Iterable[str] = ()) -> str:
    """Return the qualifier, code and modifiers of a line with one more modifier: ``HC:J3590:JZ:JA``."""
    dropped = {added, *without}
    kept = [code for code in line.modifiers_sent if code not in dropped and _MODIFIER.fullmatch(code)]
    return procedure_composite(line, modifiers=[*kept, *([added] if added else [])], description="")


def changed_service(
    line: ServiceLine, delimiters: Delimiters, composite: str, texts: Mapping[int, str] | None = None
) -> str:
    """Return the SV1 or SV2 of a line with another procedure and other texts in some of its elements, or ""."""
    if line.service is None or ":" in line.description:
        return ""
    position = 2 if line.service.tag == "SV2" else 1
    return changed_segment(line.service, delimiters, {position: composite, **(texts or {})})
