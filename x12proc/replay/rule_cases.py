"""Rule fixtures: a base claim, and cases that edit it and name the exact findings of all rules.

A case is a table of a TOML file, by custom one file a rule::

    [[case]]
    name = "no-2410-loop-reject"       # by custom it ends in -reject, -warn, -info or -valid
    base = "P"                         # the clean claim to edit: P, I, or a file of your own
    profile = "medicare-b"             # optional; "default" otherwise
    as_of = 2024-04-01                 # optional: today's date
    codes = ["J3590"]                  # optional
    options = { COD02 = { enabled = true } }   # optional: options of rules, on top of the profile's
    tables = { marketing = [["10122016002", "2023-05-09", ""]] }   # optional: tables that the edition may lack
    edits = [["delete", "LIN"], ["replace", "SV1", "SV1*HC:..."], ["after", "DTP*472", "REF*..."], ["before", ..]]
    expect = ["NDC01 reject LIN03"]    # rule, severity, element of every finding, of all rules

A selector is the beginning of a segment and picks the first that matches; ``"LIN#2"`` picks the second. SE01 is
recounted. An edit ``["copy", "CLM"]`` repeats the whole claim after itself (for duplicates in a file). A base is
one transaction set with ``*`` ``:`` ``^`` ``~`` as delimiters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from importlib.resources import files
from typing import Any, TypeAlias

import msgspec
from msgspec.structs import replace

from x12proc.engine.engine import Engine
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import RULE_CRASH, scrub_buffer
from x12proc.errors import ConfigError, RuleError
from x12proc.profiles.profiles import DEFAULT, Entry, Profiles, check_entry
from x12proc.reference.edition import Reference
from x12proc.rules.base import Rule
from x12proc.typed_toml import decode
from x12proc.wire.events import Fault

AS_OF = date(2024, 4, 1)
ReadBase: TypeAlias = Callable[[str], bytes]


def builtin_base(name: str) -> bytes:
    """Return a built-in clean claim: ``P``, an 837P, or ``I``, an 837I. Raises ConfigError for another name."""
    if name not in ("P", "I"):
        raise ConfigError(f"base {name!r}: there are P and I; hand in a reader for files of your own")
    return files("x12proc.replay").joinpath(f"base-{name}.edi").read_bytes()


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One case of a rule fixture."""

    name: str
    base: str = "P"
    profile: str = DEFAULT
    as_of: date = AS_OF
    codes: tuple[str, ...] = ("J3590",)
    options: dict[str, dict[str, Any]] = {}
    tables: dict[str, tuple[tuple[str, ...], ...]] = {}
    edits: tuple[tuple[str, ...], ...] = ()
    expect: tuple[str, ...] = ()
    sent_before: bool = False  # an earlier file held every claim of this one

    def data(self, read: ReadBase = builtin_base) -> bytes:
        """Return the edited interchange. Raises ConfigError for an edit that does not apply to the base."""
        text = read(self.base).decode()
        segments = [segment.strip() for segment in text.split("~") if segment.strip()]
        try:
            for edit in self.edits:
                _apply(segments, edit)
            _recount(segments)
        except ValueError as error:
            raise ConfigError(f"case {self.name}: {error}") from None
        return "".join(f"{segment}~\n" for segment in segments).encode()


class _CaseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    case: tuple[Case, ...]


def parse_cases(text: bytes, where: str) -> list[Case]:
    """Parse the cases of one fixture file. Raises ConfigError, which begins with ``where``."""
    return list(decode(text, _CaseFile, where).case)


def with_options(case: Case, profiles: Profiles, rules: Mapping[str, Rule]) -> Profiles:
    """Return the profiles for a case, its own with the options that the case sets. Raises ConfigError."""
    if not case.options:
        return profiles
    chain = profiles.get(case.profile).chain
    entries = tuple(Entry(id=rule, options=options) for rule, options in case.options.items())
    for entry in entries:
        check_entry(entry, f"case {case.name}", rules)
    changed = replace(chain[-1], rule=chain[-1].rule + entries)
    parts = (*profiles.get(DEFAULT).chain, *chain[:-1], changed)
    return Profiles({file.name: file for file in parts}, rules)


def with_tables(case: Case, reference: Reference) -> Reference:
    """Return the reference edition for a case, with the tables that the case brings. Raises ConfigError."""
    if not case.tables:
        return reference
    try:
        return reference.with_tables(case.tables)
    except ValueError as error:
        raise ConfigError(f"case {case.name}: tables: {error}") from None


def findings(
    case: Case, rules: Mapping[str, Rule], profiles: Profiles, reference: Reference, read: ReadBase = builtin_base
) -> list[str]:
    """Return ``RULE severity ELEMENT`` of every finding of every target claim of a case, sorted.

    Raises ConfigError for an invalid case, and the exception of a rule that crashes.
    """
    profiles = with_options(case, profiles, rules)
    engine = Engine(
        rules,
        profiles,
        with_tables(case, reference),
        codes=case.codes,
        as_of=case.as_of,
        profile=case.profile,
        sent_before=lambda _: case.sent_before,
    )
    found: list[str] = []
    for outcome in scrub_buffer(case.data(read), engine, case.codes):
        if isinstance(outcome, ClaimResult):
            for crash in outcome.crashes:
                raise RuleError(crash.rule, crash.claim_segment_index, crash.error)
            found += [f"{f.rule} {f.severity} {f.location.element}" for f in outcome.all_findings]
        elif isinstance(outcome, Fault) and outcome.severity == "error" and outcome.code != RULE_CRASH:
            raise ConfigError(f"case {case.name}: the edited claim can't be read: {outcome.message}")
    return sorted(found)


def differences(
    case: Case, rules: Mapping[str, Rule], profiles: Profiles, reference: Reference, read: ReadBase = builtin_base
) -> list[str]:
    """List findings that are missing and findings that are not expected; empty if all are as expected."""
    found = Counter(findings(case, rules, profiles, reference, read))
    wanted = Counter(case.expect)
    missing = [f"not found: {line}" for line in sorted((wanted - found).elements())]
    return missing + [f"not expected: {line}" for line in sorted((found - wanted).elements())]


# -- editing ----------------------------------------------------------------------------------------------------


def _apply(segments: list[str], edit: tuple[str, ...]) -> None:
    if len(edit) < 2:
        raise ValueError(f"an edit has an action and a selector: {list(edit)}")
    action, selector, *new = edit
    index = _find(segments, selector)
    if action == "delete":
        del segments[index]
    elif action == "replace":
        segments[index : index + 1] = new
    elif action == "after":
        segments[index + 1 : index + 1] = new
    elif action == "before":
        segments[index:index] = new
    elif action == "copy":
        end = next(i for i in range(index, len(segments)) if segments[i].startswith("SE*"))
        segments[end:end] = segments[index:end]
    else:
        raise ValueError(f"unknown edit {action!r}; there are delete, replace, after, before and copy")


def _find(segments: list[str], selector: str) -> int:
    beginning, _, number = selector.partition("#")
    fitting = [
        index
        for index, segment in enumerate(segments)
        if segment == beginning or segment.startswith(beginning if "*" in beginning else beginning + "*")
    ]
    wanted = (int(number) if number.isdigit() else 1) - 1
    if not 0 <= wanted < len(fitting):
        raise ValueError(f"no segment {selector!r}")
    return fitting[wanted]


def _recount(segments: list[str]) -> None:
    start, end = _find(segments, "ST*"), _find(segments, "SE*")
    segments[end] = f"SE*{end - start + 1}*{segments[end].split('*')[-1]}"
