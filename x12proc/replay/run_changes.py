"""Old reports and new ones of the same files: what an upgrade changes, by rule and by claim.

Nothing here holds an element's value but ids and charges: places, rule ids, claim ids (CLM01).
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
SHOWN = 5  # places of a rule, and claims of a verdict, that are told; the rest is counted
KINDS = ("gained", "lost", "re-graded")


class ComparedFile(msgspec.Struct, frozen=True):
    """An input whose two reports were compared."""

    name: str
    claims: int  # target claims now
    changes: Changes


class Upgrade(msgspec.Struct, frozen=True):
    """All that was compared, and why other files were not."""

    old: tuple[ReportedProgram, ...]  # the programs that made the old reports, each once
    new: ReportedProgram
    files: tuple[ComparedFile, ...]
    not_compared: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether anything is otherwise, or could not be compared."""
        return bool(self.not_compared) or any(file.changes for file in self.files)

    def by_rule(self) -> dict[str, list[tuple[str, FindingChange]]]:
        """Changed findings by rule, each with its file's name."""
        found: dict[str, list[tuple[str, FindingChange]]] = defaultdict(list)
        for file in self.files:
            for change in file.changes.findings:
                found[change.rule].append((file.name, change))
        return dict(sorted(found.items()))

    def by_verdict(self) -> dict[tuple[str, str], list[tuple[str, ClaimChange]]]:
        """Claims that are judged otherwise, by their verdicts before and now, each with its file's name."""
        found: dict[tuple[str, str], list[tuple[str, ClaimChange]]] = defaultdict(list)
        for file in self.files:
            for change in file.changes.claims:
                found[change.was, change.now].append((file.name, change))
        return dict(sorted(found.items()))


def charges(claims: Sequence[ClaimChange]) -> tuple[Decimal, int]:
    """The sum of the charges (CLM02), and how many could not be read as a number."""
    amounts = [parse_quantity(claim.charge) for claim in claims]
    return sum((amount for amount in amounts if amount is not None), Decimal(0)), amounts.count(None)


# -- for people -------------------------------------------------------------------------------------------------


def upgrade_text(upgrade: Upgrade) -> str:
    """The whole comparison, a line a fact."""
    return "".join(f"{line}\n" for line in _lines(upgrade))


def _lines(upgrade: Upgrade) -> Iterator[str]:
    claims = sum(file.claims for file in upgrade.files)
    yield f"files compared: {len(upgrade.files)}, target claims in them: {claims}"
    for old in upgrade.old:
        yield f"  old: {_made_by(old)}"
    yield f"  new: {_made_by(upgrade.new)}"
    for reason in upgrade.not_compared:
        yield f"not compared: {reason}"
    if not any(file.changes for file in upgrade.files):
        yield "No finding and no verdict changed."
        return
    yield from _file_lines(upgrade)
    yield from _verdict_lines(upgrade)
    yield from _rule_lines(upgrade)


def _made_by(program: ReportedProgram) -> str:
    return f"x12proc {excerpt(program.version, 20)}, rules of {excerpt(program.rules_edition, 20)}"


def _file_lines(upgrade: Upgrade) -> Iterator[str]:
    for file in upgrade.files:
        if file.changes.was != file.changes.now:
            yield f"{file.name} is {file.changes.now}, was {file.changes.was}"
        for fault in file.changes.faults[:SHOWN]:
            yield f"{file.name} {fault.kind} {fault.severity} {fault.code} at segment {fault.segment_index}"
        yield from _more(len(file.changes.faults), "faults of this file")


def _verdict_lines(upgrade: Upgrade) -> Iterator[str]:
    for (was, now), found in upgrade.by_verdict().items():
        total, unreadable = charges([claim for _, claim in found])
        also = f" and {unreadable} that can't be read" if unreadable else ""
        yield f"claims that were {was} and are now {now}: {len(found)}, charges {format_number(total)}{also}"
        for name, claim in found[:SHOWN]:
            yield f"  {name}: claim {excerpt(claim.claim_id)}, segment {claim.segment_index}"
        yield from _more(len(found), "claims")


def _rule_lines(upgrade: Upgrade) -> Iterator[str]:
    for rule, found in upgrade.by_rule().items():
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


def upgrade_document(upgrade: Upgrade) -> bytes:
    """The comparison as JSON (``x12proc.upgrade/1``), with every change."""
    verdicts: list[dict[str, Any]] = []
    for (was, now), found in upgrade.by_verdict().items():
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
        "old": upgrade.old,
        "new": upgrade.new,
        "changed": upgrade.changed,
        "target_claims": sum(file.claims for file in upgrade.files),
        "rules": {rule: _counts(found) for rule, found in upgrade.by_rule().items()},
        "verdicts": verdicts,
        "not_compared": upgrade.not_compared,
        "files": upgrade.files,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
