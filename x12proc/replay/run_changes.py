"""The changes between old and new reports of the same files, by rule and by claim.

The only values of elements here are claim ids (CLM01) and charges (CLM02).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from x12proc.replay.report_changes import Changes, ClaimChange, FindingChange, ReportedProgram
from x12proc.replay.report_difference import finding_line
from x12proc.values import excerpt, format_number, parse_quantity

SCHEMA = "x12proc.upgrade/1"
SHOWN = 5  # findings of a rule, and claims of a disposition, that are listed; the rest is counted
KINDS = ("gained", "lost", "re-graded")


class ComparedFile(msgspec.Struct, frozen=True):
    """An input whose two reports were compared."""

    name: str
    claims: int  # target claims now
    changes: Changes


class RunChanges(msgspec.Struct, frozen=True):
    """All compared files, and why others were not compared."""

    old: tuple[ReportedProgram, ...]  # the programs that made the old reports, each once
    new: ReportedProgram
    files: tuple[ComparedFile, ...]
    not_compared: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Return whether anything changed or could not be compared."""
        return bool(self.not_compared) or any(file.changes for file in self.files)

    def by_rule(self) -> dict[str, list[tuple[str, FindingChange]]]:
        """Return the changed findings by rule, each with its file's name."""
        found: dict[str, list[tuple[str, FindingChange]]] = defaultdict(list)
        for file in self.files:
            for change in file.changes.findings:
                found[change.rule].append((file.name, change))
        return dict(sorted(found.items()))

    def by_verdict(self) -> dict[tuple[str, str], list[tuple[str, ClaimChange]]]:
        """Return the claims by their dispositions before and now, each with its file's name."""
        found: dict[tuple[str, str], list[tuple[str, ClaimChange]]] = defaultdict(list)
        for file in self.files:
            for change in file.changes.claims:
                found[change.was, change.now].append((file.name, change))
        return dict(sorted(found.items()))


def charges(claims: Sequence[ClaimChange]) -> tuple[Decimal, int]:
    """Return the sum of the charges (CLM02), and the count of those that are no number."""
    amounts = [parse_quantity(claim.charge) for claim in claims]
    return sum((amount for amount in amounts if amount is not None), Decimal(0)), amounts.count(None)


# -- for people -------------------------------------------------------------------------------------------------


def run_changes_text(changes: RunChanges) -> str:
    """Format the whole comparison as text, a line a fact."""
    return "".join(f"{line}\n" for line in _lines(changes))


def _lines(changes: RunChanges) -> Iterator[str]:
    claims = sum(file.claims for file in changes.files)
    yield f"files compared: {len(changes.files)}, target claims in them: {claims}"
    for old in changes.old:
        yield f"  old: {_made_by(old)}"
    yield f"  new: {_made_by(changes.new)}"
    for reason in changes.not_compared:
        yield f"not compared: {reason}"
    if not any(file.changes for file in changes.files):
        yield "No finding and no verdict changed."
        return
    yield from _file_lines(changes)
    yield from _verdict_lines(changes)
    yield from _rule_lines(changes)


def _made_by(program: ReportedProgram) -> str:
    return f"x12proc {excerpt(program.version, 20)}, rules of {excerpt(program.rules_edition, 20)}"


def _file_lines(changes: RunChanges) -> Iterator[str]:
    for file in changes.files:
        if file.changes.was != file.changes.now:
            yield f"{file.name} is {file.changes.now}, was {file.changes.was}"
        for fault in file.changes.faults[:SHOWN]:
            yield f"{file.name} {fault.kind} {fault.severity} {fault.code} at segment {fault.segment_index}"
        yield from _more(len(file.changes.faults), "faults of this file")


def _verdict_lines(changes: RunChanges) -> Iterator[str]:
    for (was, now), found in changes.by_verdict().items():
        total, unreadable = charges([claim for _, claim in found])
        also = f" and {unreadable} that can't be read" if unreadable else ""
        yield f"claims that were {was} and are now {now}: {len(found)}, charges {format_number(total)}{also}"
        for name, claim in found[:SHOWN]:
            yield f"  {name}: claim {excerpt(claim.claim_id)}, segment {claim.segment_index}"
        yield from _more(len(found), "claims")


def _rule_lines(changes: RunChanges) -> Iterator[str]:
    for rule, found in changes.by_rule().items():
        yield f"{rule}: " + ", ".join(f"{count} {kind}" for kind, count in _counts(found).items())
        for name, change in found[:SHOWN]:
            yield f"  {name}: {finding_line(change)}"
        yield from _more(len(found), "places")


def _counts(found: Sequence[tuple[str, FindingChange]]) -> dict[str, int]:
    counts: Counter[str] = Counter(change.kind for _, change in found)
    return {kind: counts[kind] for kind in KINDS if counts[kind]}


def _more(count: int, word: str) -> Iterator[str]:
    if count > SHOWN:
        yield f"  ... and {count - SHOWN} more {word}"


# -- for programs -----------------------------------------------------------------------------------------------


def run_changes_document(changes: RunChanges) -> bytes:
    """Format the comparison as JSON (``x12proc.upgrade/1``), with every change."""
    verdicts: list[dict[str, Any]] = []
    for (was, now), found in changes.by_verdict().items():
        total, unreadable = charges([claim for _, claim in found])
        verdicts.append(
            {
                "was": was,
                "now": now,
                "claims": len(found),
                "charges": format_number(total),
                "unreadable_charges": unreadable,
            }
        )
    document = {
        "schema": SCHEMA,
        "old": changes.old,
        "new": changes.new,
        "changed": changes.changed,
        "target_claims": sum(file.claims for file in changes.files),
        "rules": {rule: _counts(found) for rule, found in changes.by_rule().items()},
        "verdicts": verdicts,
        "not_compared": changes.not_compared,
        "files": changes.files,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
