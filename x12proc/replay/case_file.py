"""Folder cases: the options of ``case.toml`` for the run over ``input.edi``, and the date of that run.

A case is a folder::

    refused-units/
        input.edi
        case.toml          # optional
        expected/
            report.json    # artifacts under the names that --emit gives them, without the input's own
            annotated.edi
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

import msgspec

from x12proc.engine.fixes import FixLevel
from x12proc.errors import ConfigError
from x12proc.profiles.profiles import Entry, Profiles, check_entry
from x12proc.replay.rule_cases import AS_OF
from x12proc.reports.acks.envelopes import HIGHEST_CONTROL
from x12proc.rules.base import Rule
from x12proc.typed_toml import decode
from x12proc.wire.delimiters import isa_fields

_BOM = b"\xef\xbb\xbf"
_ISA_HEAD = 1024  # bytes; ISA09 is well before


class CaseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``case.toml``: the options of ``scrub`` of the run, each by default as in the configuration.

    Without ``emit`` the artifacts in ``expected/`` are made. ``options`` are options of rules, on top of the
    profile of each claim.
    """

    config: str = ""  # a configuration for this case alone, relative to its folder
    profile: str | None = None
    codes: tuple[str, ...] | None = None
    as_of: date | None = None
    conformance: Literal["off", "targets", "full"] | None = None
    emit: tuple[str, ...] = ()
    fix: FixLevel = "off"
    options: dict[str, dict[str, Any]] = {}
    ack_scope: Literal["all", "rejected"] | None = None
    ack_control: Annotated[int, msgspec.Meta(ge=1, le=HIGHEST_CONTROL)] | None = None


def parse_case(text: bytes, where: str) -> CaseFile:
    """Parse a ``case.toml``. Raises ConfigError, which begins with ``where`` and names the key."""
    return decode(text, CaseFile, where)


def case_day(case: CaseFile, data: bytes) -> date:
    """Return the date of the run over ``data``: ``as_of``, else the day in ISA09, else that of rule fixtures.

    Never the actual day of the run: the expected artifacts would change overnight.
    """
    return case.as_of or _isa_date(data) or AS_OF


def _isa_date(data: bytes) -> date | None:
    """Return the date of the first interchange (ISA09, YYMMDD); None if there is none."""
    fields = isa_fields(data[:_ISA_HEAD].removeprefix(_BOM).lstrip())
    if fields is None or fields[0] != "ISA":
        return None
    text = fields[9]
    try:
        return date.fromisoformat(f"20{text[:2]}-{text[2:4]}-{text[4:6]}") if len(text) == 6 else None
    except ValueError:
        return None


def with_options(
    profiles: Profiles, options: Mapping[str, Mapping[str, Any]], rules: Mapping[str, Rule], where: str
) -> Profiles:
    """Return the profiles, each with these options on top. Raises ConfigError, which begins with ``where``."""
    if not options:
        return profiles
    entries = tuple(Entry(id=rule, options=dict(named)) for rule, named in options.items())
    for entry in entries:
        check_entry(entry, where, rules)
    return profiles.with_entries(entries)


def check_artifacts(kinds: tuple[str, ...], known: Mapping[str, object], where: str) -> None:
    """Check the artifacts in ``emit``. Raises ConfigError for one that can't be written."""
    unknown = [kind for kind in kinds if kind not in known]
    if unknown:
        raise ConfigError(f"{where}: emit: {', '.join(unknown)} can't be written; allowed are {', '.join(known)}")
