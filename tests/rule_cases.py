"""Rule fixtures: a base claim, and cases that edit it and name the exact findings of all rules.

A case is a table of ``fixtures/rules/<ID>.toml``::

    [[case]]
    name = "no-2410-loop-reject"       # ends in -reject, -warn, -info or -valid
    base = "P"                         # base-P.edi or base-I.edi
    profile = "medicare-b"             # optional; "default" otherwise
    as_of = 2024-04-01                 # optional
    codes = ["J3590"]                  # optional
    options = { COD02 = { tell = true } }   # optional: options of rules, on top of the profile's
    edits = [["delete", "LIN"], ["replace", "SV1", "SV1*HC:..."], ["after", "DTP*472", "REF*..."], ["before", ..]]
    expect = ["NDC01 reject LIN03"]    # rule, severity, element of every finding

A selector is the beginning of a segment and picks the first that fits; ``"LIN#2"`` picks the second. SE01 is
recounted. An edit ``["copy", "CLM"]`` repeats the whole claim behind itself (for duplicates in a file).
"""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

FIXTURES = Path(__file__).parent.parent / "fixtures"
RULES = FIXTURES / "rules"
AS_OF = date(2024, 4, 1)


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One case of a rule fixture."""

    name: str
    base: str = "P"
    profile: str = "default"
    as_of: date = AS_OF
    codes: tuple[str, ...] = ("J3590",)
    options: dict[str, dict[str, Any]] = {}
    edits: tuple[tuple[str, ...], ...] = ()
    expect: tuple[str, ...] = ()

    def data(self) -> bytes:
        """The edited interchange."""
        text = (RULES / f"base-{self.base}.edi").read_text()
        segments = [segment.strip() for segment in text.split("~") if segment.strip()]
        for edit in self.edits:
            _apply(segments, edit)
        start = next(place for place, segment in enumerate(segments) if segment.startswith("ST*"))
        end = next(place for place, segment in enumerate(segments) if segment.startswith("SE*"))
        control = segments[end].split("*")[2]
        segments[end] = f"SE*{end - start + 1}*{control}"
        return "".join(f"{segment}~\n" for segment in segments).encode()


def _apply(segments: list[str], edit: tuple[str, ...]) -> None:
    action, selector, *new = edit
    place = _find(segments, selector)
    if action == "delete":
        del segments[place]
    elif action == "replace":
        segments[place : place + 1] = new
    elif action == "after":
        segments[place + 1 : place + 1] = new
    elif action == "before":
        segments[place:place] = new
    elif action == "copy":
        end = next(i for i in range(place, len(segments)) if segments[i].startswith("SE*"))
        segments[end:end] = segments[place:end]
    else:
        raise ValueError(f"unknown edit {action!r}")


def _find(segments: list[str], selector: str) -> int:
    beginning, _, number = selector.partition("#")
    fitting = [
        place
        for place, segment in enumerate(segments)
        if segment == beginning or segment.startswith(beginning if "*" in beginning else beginning + "*")
    ]
    wanted = int(number or 1) - 1
    if wanted >= len(fitting):
        raise ValueError(f"no segment {selector!r}")
    return fitting[wanted]


def load(path: Path) -> list[Case]:
    """The cases of one fixture file."""
    content: dict[str, Any] = tomllib.loads(path.read_text())
    return [msgspec.convert(case, Case) for case in content["case"]]


def all_cases() -> list[tuple[str, Case]]:
    """Every case of every rule, with the rule's id."""
    return [(path.stem, case) for path in sorted(RULES.glob("*.toml")) for case in load(path)]
