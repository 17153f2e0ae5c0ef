"""Describe payer profiles in words: for the terminal, and for the page that billers read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from x12proc.findings import Severity
from x12proc.profiles.profiles import DEFAULT, Entry, Profile, ProfileFile, Selection
from x12proc.rules.base import Rule
from x12proc.rules.describe import format_value, source_link, wrapped
from x12proc.rules.sources import SOURCES, Source

_VERBS = {"reject": "rejects", "warn": "warns", "info": "only informs"}
_KINDS = {"P": "837P", "I": "837I"}
_SPLIT = re.compile(r"\s*,\s*")


class _Change(NamedTuple):
    """An entry, its rule, and the rule's severity before it, ignoring dates."""

    entry: Entry
    rule: Rule
    before: Severity


def _changes(profile: Profile, rules: Mapping[str, Rule]) -> list[tuple[ProfileFile, list[_Change]]]:
    """Return the changes of each profile of the chain, inherited ones first."""
    severities = {rule.id: rule.severity for rule in rules.values()}
    changes_by_file = []
    for file in profile.chain:
        changes = []
        for entry in file.rule:
            changes.append(_Change(entry, rules[entry.id], severities[entry.id]))
            if entry.severity is not None and entry.severity != "shadow":
                severities[entry.id] = entry.severity
        changes_by_file.append((file, changes))
    return changes_by_file


def _effect_text(change: _Change) -> str:
    """Describe an entry: ``rejects (before: warns); ndc_is_enough = false; for services from 2014-01-01``."""
    entry, parts = change.entry, []
    if entry.enabled is not None:
        parts.append("is on" if entry.enabled else "is off")
    if entry.severity == "shadow":
        parts.append("is in shadow: runs for the record only")
    elif entry.severity:
        before = f" (before: {_VERBS[change.before]})" if entry.severity != change.before else ""
        parts.append(_VERBS[entry.severity] + before)
    parts += [f"{name} = {format_value(value)}" for name, value in entry.options.items()]
    days = [f"{word} {day}" for word, day in (("from", entry.first), ("to", entry.last)) if day]
    if days:
        parts.append(f"for services {' '.join(days)}")
    return "; ".join(parts)


def _option_meanings(change: _Change) -> list[str]:
    """Return the meanings of the options that an entry sets."""
    return [f"({name}: {change.rule.options[name].meaning})" for name in change.entry.options]


def _bypass(entry: Entry) -> str:
    return f"Bypass until {entry.until}, decided by {entry.by}: {entry.reason}" if entry.until else ""


def _selection_text(file: ProfileFile) -> str:
    """Describe the claims that a profile is for."""
    selection: Selection = file.selection
    parts = []
    if selection.payer_ids:
        parts.append(f"payer id {', '.join(selection.payer_ids)}")
    if selection.filing_indicators:
        parts.append(f"filing indicator {', '.join(selection.filing_indicators)}")
    if not parts:
        return (
            "claims that no other profile fits"
            if file.name == DEFAULT
            else "nobody by itself: name it (--profile)"
        )
    if selection.claim_types:
        parts.append(" and ".join(_KINDS[kind] for kind in selection.claim_types))
    if selection.facility_types:
        parts.append(f"facility type {', '.join(f'{kind}x' for kind in selection.facility_types)}")
    return ", ".join(parts)


def _sources(rules: Mapping[str, Rule]) -> dict[str, Source]:
    """Return every source that can be cited, by its key."""
    own = {key: source for rule in rules.values() for key, source in zip(rule.sources, rule.cited, strict=True)}
    return {**own, **SOURCES}


def _keys(text: str) -> list[str]:
    return [key for key in _SPLIT.split(text.strip()) if key]


# -- the terminal -----------------------------------------------------------------------------------------------


def profile_text(profile: Profile, rules: Mapping[str, Rule]) -> str:
    """Describe a profile for a terminal: its claims, its changes, its inherited changes, and the reasons."""
    file, known = profile.file, _sources(rules)
    parts = [f"{file.name}  {file.title}"]
    parts += [wrapped(file.about)] if file.about else []
    facts = [("For", _selection_text(file)), ("Extends", file.extends), ("Checked", str(file.checked or ""))]
    parts.append("\n".join(f"{name:11} {text}" for name, text in facts if text))
    inherited = _changes(profile, rules)
    for part, changes in reversed(inherited):
        if changes:
            parts.append("Changes" if part is file else f"Inherited from {part.name}")
            parts += ["\n".join(_lines(change)) for change in changes]
    cited = dict.fromkeys(key for part in profile.chain for key in _cited(part))
    parts.append("\n".join(wrapped(_source_text(key, known)) for key in cited))
    return "\n\n".join(part for part in parts if part)


def _lines(change: _Change) -> Iterator[str]:
    entry = change.entry
    yield f"  {entry.id:6} {_effect_text(change)}"
    source = f" ({entry.source})" if entry.source else ""
    for text in (change.rule.summary, *_option_meanings(change), (entry.why + source).strip(), _bypass(entry)):
        if text:
            yield "\n".join(f"         {line}" for line in wrapped(text).splitlines())


def _cited(file: ProfileFile) -> list[str]:
    return [key for text in (file.source, *(entry.source for entry in file.rule)) for key in _keys(text)]


def _source_text(key: str, known: Mapping[str, Source]) -> str:
    source = known.get(key)
    return f"{key}  {source.title} {source.url}".rstrip() if source else key


# -- the page ---------------------------------------------------------------------------------------------------


def profiles_page(profiles: Sequence[Profile], rules: Mapping[str, Rule]) -> str:
    """Return the page of all profiles, each after the one it extends, with their sources."""
    ordered, known = _in_order(profiles), _sources(rules)
    rows = [f"| [{profile.name}](#{profile.name}) | {_cell(profile.file.title)} |" for profile in ordered]
    cited = sorted({key for profile in ordered for key in _cited(profile.file)})
    listed = [f"- {key}: {source_link(known[key])}" if key in known else f"- {key}" for key in cited]
    parts = ["\n".join(["| Profile | For |", "|---|---|", *rows])]
    parts += [_section(profile, rules) for profile in ordered]
    parts.append("\n".join(["## Sources", "", *listed]))
    return "\n\n".join(parts) + "\n"


def _in_order(profiles: Sequence[Profile]) -> list[Profile]:
    """Sort profiles so that each comes after the one it extends, otherwise by name."""
    return sorted(profiles, key=lambda profile: [file.name for file in profile.chain])


def _section(profile: Profile, rules: Mapping[str, Rule]) -> str:
    file = profile.file
    facts = [f"For: {_selection_text(file)}."]
    facts += [f"Begins with everything in [{file.extends}](#{file.extends})."] if file.extends else []
    facts += [f"Sources: {file.source}."] if file.source else []
    facts += [f"Compared with them on {file.checked}."] if file.source and file.checked else []
    parts = [f"## {file.name}", f"**{file.title}.** {file.about}".strip(), " ".join(facts)]
    _, changes = _changes(profile, rules)[-1]
    if changes:
        head = ["| Rule | What it finds | Here | Why | Source |", "|---|---|---|---|---|"]
        parts.append("\n".join([*head, *map(_row, changes)]))
    return "\n\n".join(parts)


def _row(change: _Change) -> str:
    entry, rule = change.entry, change.rule
    why = " ".join(text for text in (entry.why, *_option_meanings(change), _bypass(entry)) if text)
    cells = (f"[{rule.id}](rules/{rule.id}.md)", rule.summary, _effect_text(change), why, entry.source)
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
