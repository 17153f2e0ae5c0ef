"""Reads a file of rules in TOML and declares them like those in Python, with the same checks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec

from x12proc.claims.model import ServiceLine
from x12proc.errors import ConfigError
from x12proc.findings import Hit, Severity
from x12proc.rules.base import (
    ClaimType,
    Confidence,
    LineCheck,
    Option,
    Rule,
    declared,
    line_rule,
    remove_declarations,
)
from x12proc.rules.context import Context
from x12proc.rules.sources import Source
from x12proc.rules.toml_rules.conditions import Condition, Test, compile_condition
from x12proc.rules.toml_rules.facts import FACTS, Fact
from x12proc.typed_toml import decode

_LONGEST_MESSAGE = 300
_SHOWN = 80  # characters of a value in a finding


class SourceTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table ``[[source]]``: who demands the rules that name its key."""

    key: str
    title: str
    url: str = ""


class RuleTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"from_": "from"}):
    """A table ``[[rule]]``. It finds something on each target line for which ``when`` holds.

    ``at`` is the fact whose element the finding names; ``from`` and ``to`` are the first and last service date on
    which the rule holds.
    """

    id: str
    name: str
    severity: Severity
    sources: tuple[str, ...]
    confidence: Confidence
    why: str
    message: str
    fix: str
    at: str
    when: Condition
    from_: date | None = None
    to: date | None = None
    summary: str = ""
    status: str = ""
    remittance: tuple[str, ...] = ()
    claim_types: tuple[ClaimType, ...] = ("P", "I")
    suppressed_by: tuple[str, ...] = ()
    enabled: bool = True  # false: a profile switches it on
    first_version: str = "0.1.0"


class RuleFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole file."""

    rule: tuple[RuleTable, ...] = ()
    source: tuple[SourceTable, ...] = ()


def parse_rules(text: bytes, where: str, module: str) -> dict[str, Rule]:
    """Return the rules of a file by id. ``module`` is a name for it that no other file has.

    Raises ConfigError with the file, the rule, the key and what is allowed.
    """
    file = decode(text, RuleFile, where)
    sources = {table.key: Source(table.title, table.url, key=table.key) for table in file.source}
    remove_declarations(module)
    for table in file.rule:
        try:
            _declare(table, sources, module)
        except ValueError as error:
            named = str(error) if str(error).startswith("rule ") else f"rule {table.id}: {error}"
            raise ConfigError(f"{where}: {named}") from None
    return declared(module)


def _declare(table: RuleTable, sources: dict[str, Source], module: str) -> None:
    fact = FACTS.get(table.at)
    if fact is None:
        raise ValueError(f"at: there is no fact {table.at!r}; there are {', '.join(FACTS)}")
    if not 0 < len(table.message) <= _LONGEST_MESSAGE:
        raise ValueError(f"message: has 1 to {_LONGEST_MESSAGE} characters")
    if table.from_ and table.to and table.to < table.from_:
        raise ValueError("to: is before from")
    check = _check(table, fact, compile_condition(table.when))
    check.__module__, check.__doc__ = module, table.why
    line_rule(
        table.id,
        table.name,
        severity=table.severity,
        sources=tuple(sources.get(key, key) for key in table.sources),
        confidence=table.confidence,
        where=fact.meaning,
        summary=table.summary or table.message,
        fix=table.fix,
        status=table.status,
        remittance=table.remittance,
        claim_types=table.claim_types,
        suppressed_by=table.suppressed_by,
        options={"enabled": Option(table.enabled, "whether the rule is checked")},
        first_version=table.first_version,
    )(check)


def _check(table: RuleTable, fact: Fact, test: Test) -> LineCheck:
    def check(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
        if _is_dated(table, line) and test(line, ctx):
            values = [str(value) for value in fact.values(line, ctx)]
            yield Hit(fact.locate(line, ctx), table.message, ", ".join(values)[:_SHOWN] or None)

    return check


def _is_dated(table: RuleTable, line: ServiceLine) -> bool:
    """Return whether the rule holds on the line's first service date; one that can't be read is in no period."""
    if table.from_ is None and table.to is None:
        return True
    if line.service_days is None:
        return False
    day = line.service_days[0]
    return (table.from_ is None or table.from_ <= day) and (table.to is None or day <= table.to)
