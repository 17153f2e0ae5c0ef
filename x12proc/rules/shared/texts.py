"""The texts of a line: their locations and excerpts, and the drug that they name."""

from __future__ import annotations

import re

from x12proc.claims.model import Location, ServiceLine, location_of, missing_location
from x12proc.reference.ndc import normalize
from x12proc.rules.context import Context
from x12proc.values import excerpt

FIELD_LENGTH = 80  # characters of SV101-7, SV202-7, NTE02 and K301
_ROUTE_MODIFIERS = ("JA", "JB")
_LONGEST = 2000  # characters of a text that are searched
_DENIAL = re.compile(
    r"\b(?:NOT|NON|NO|NEVER)[ -]{1,2}(?:(?:A|BEEN|BOUGHT|PURCHASED|ACQUIRED|UNDER|FROM|VIA|AT|IN)[ ]){0,3}\Z",
    re.IGNORECASE,
)


def description_location(line: ServiceLine) -> Location:
    """Return the location of the description, sent or missing: SV101-7 or SV202-7."""
    if line.service is None:  # pragma: no cover - a target line bills a code, so it has SV1 or SV2
        return missing_location(line.lx, "2400", "SV101-7")
    return location_of(line.service, 1 if line.service.tag == "SV1" else 2, 7)


def text_location(line: ServiceLine, ctx: Context) -> Location:
    """Return where the words of a line begin: its description, or the first note that is in for it."""
    texts = ctx.texts(line)
    return texts[0][0].location if texts else description_location(line)


def text_excerpt(line: ServiceLine, ctx: Context) -> str | None:
    """Return the first text of a line as a finding's value."""
    texts = ctx.texts(line)
    return excerpt(texts[0][1]) if texts else None


def named_drug(line: ServiceLine, ctx: Context) -> str | None:
    """Return the drug's name as the text has it, if it is a known one."""
    narrative = ctx.narrative(line)
    return narrative.drug_name if narrative.matched else None


def kinds_of_drug(line: ServiceLine, ctx: Context) -> frozenset[str]:
    """Return what kinds of product the drug is of (vaccine, cell-therapy and so on), by LIN03, else by its
    name."""
    return ctx.reference.classes(normalize(line.ndc), named_drug(line, ctx))


def route_modifiers(line: ServiceLine) -> list[str]:
    """Return JA (intravenous) and JB (subcutaneous), those that the line has."""
    return [code for code in _ROUTE_MODIFIERS if code in line.modifiers_sent]


def undenied_match(pattern: re.Pattern[str], text: str) -> str:
    """Return the first words of a text that the pattern finds and that no NOT or NO precedes; else empty."""
    searched = text[:_LONGEST]
    matches = pattern.finditer(searched)
    return next((one[0] for one in matches if not _DENIAL.search(searched[: one.start()])), "")
