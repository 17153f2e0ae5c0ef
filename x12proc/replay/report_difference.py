"""Describe the differences of two JSON reports: findings first, then other facts, a line each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, TypeAlias

import msgspec

from x12proc.replay.report_changes import Changes, FindingChange, Report, compare
from x12proc.values import excerpt

_SHOWN = 20  # findings and facts that are listed; the rest is counted
_LONGEST = 60  # characters of a value
_POSITIONS = ("segment_index", "byte_offset", "byte_range", "input.")  # follow from any edit of the input
_FOLLOWING = ("summary.",)  # follow from findings
_WORDS = {
    "claims claim ": "claim ", ".lines line ": ", line ", ".findings finding ": ", ", "errors error ": "fault ",
    "|.": ", ", "|": "",
}  # fmt: skip
Facts: TypeAlias = dict[str, Any]


def report_differences(old: Any, new: Any) -> list[str]:
    """Describe how two JSON reports differ, in lines for people; empty if they have the same facts.

    Either may be any JSON; what is no report is compared path by path.
    """
    changes = _changes(old, new)
    change_lines = list(_change_lines(changes)) if changes else []
    return [*_cut(change_lines, "findings and claims"), *_cut(_facts(old, new, bool(change_lines)), "facts")]


def _changes(old: Any, new: Any) -> Changes | None:
    try:
        return compare(msgspec.convert(old, Report), msgspec.convert(new, Report))
    except msgspec.ValidationError:
        return None


def _cut(lines: list[str], word: str) -> list[str]:
    more = len(lines) - _SHOWN
    return [*lines[:_SHOWN], f"... and {more} more {word}"] if more > 0 else lines


# -- findings, claims and faults --------------------------------------------------------------------------------


def _change_lines(changes: Changes) -> Iterator[str]:
    if changes.was != changes.now:
        yield f"the file is {changes.now}, was {changes.was}"
    for fault in changes.faults:
        yield f"the file {fault.kind} {fault.severity} {fault.code} at segment {fault.segment_index}"
    for claim in changes.claims:
        yield f"claim {excerpt(claim.claim_id)}: {claim.now}, was {claim.was}"
    for finding in changes.findings:
        yield finding_line(finding)


def finding_line(change: FindingChange) -> str:
    """Describe a change: ``claim P3004, line 1: gained NDC06 reject at LIN03 (segment 877)``."""
    claim_line = f"claim {excerpt(change.claim_id)}" + (f", line {excerpt(change.line)}" if change.line else "")
    element = f"at {change.location.element} (segment {change.location.segment_index})"
    if change.kind == "re-graded":
        return f"{claim_line}: {change.rule} is {change.severity}, was {change.was}, {element}"
    return f"{claim_line}: {change.kind} {change.rule} {change.severity} {element}"


# -- other facts ------------------------------------------------------------------------------------------------


def _facts(old: Any, new: Any, change_lines: bool) -> list[str]:
    before, after = dict(_flat("", old)), dict(_flat("", new))
    absent = object()
    changed = [
        path
        for path in {**before, **after}
        if before.get(path, absent) != after.get(path, absent)
        and not _is_covered(path, before, after)
        and not (change_lines and path.startswith(_FOLLOWING))
    ]
    changed.sort(key=lambda path: any(word in path for word in _POSITIONS))
    return [f"{_readable(path)}: {_show(before, path)} -> {_show(after, path)}" for path in changed]


def _readable(path: str) -> str:
    """Format a path for people: ``claim P3004, line 1, narrative.dose.value``."""
    for separator, instead in _WORDS.items():
        path = path.replace(separator, instead)
    return path


def _is_covered(path: str, before: Facts, after: Facts) -> bool:
    """Return whether another line covers a path: an entry of one side only, a severity or a disposition."""
    if path.endswith("|"):
        return " line " not in path or " finding " in path
    for separator in (" claim ", " line ", " finding ", " error "):
        head, found, tail = path.rpartition(separator)
        if found:
            owner = head + separator + tail.partition("|")[0] + "|"
            if (owner in before) != (owner in after):
                return True
    return path.endswith((".severity", ".disposition"))


def _show(facts: Facts, path: str) -> str:
    return excerpt(msgspec.json.encode(facts[path]).decode(), _LONGEST) if path in facts else "nothing"


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every fact with its path. Claims, lines and findings are named by their ids, not by their index."""
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from _flat(f"{path}.{key}" if path else str(key), entry)
    elif isinstance(value, list):
        names = _names(path.rpartition(".")[2], value)
        for name, entry in zip(names, value, strict=True):
            if name.startswith(" "):
                yield f"{path}{name}|", "there"
                yield from _flat(f"{path}{name}|", entry)
            else:
                yield from _flat(f"{path}[{name}]", entry)
    else:
        yield path, value


def _names(key: str, entries: list[Any]) -> list[str]:
    seen: Counter[str] = Counter()
    names = []
    for number, entry in enumerate(entries):
        name = _name(key, entry) if isinstance(entry, dict) else ""
        seen[name] += 1
        more = f" #{seen[name]}" if seen[name] > 1 else ""
        names.append(f" {name}{more}" if name else str(number))
    return names


def _name(key: str, entry: dict[str, Any]) -> str:
    location = entry.get("location")
    element = location.get("element") if isinstance(location, dict) else None
    names = {
        "claims": ("claim", entry.get("claim_id")),
        "lines": ("line", entry.get("number")),
        "findings": ("finding", f"{entry.get('rule')} {element}"),
        "errors": ("error", f"{entry.get('code')} {entry.get('segment_index')}"),
    }
    word, name = names.get(key, ("", ""))
    return f"{word} {excerpt(str(name), 40)}" if word else ""
