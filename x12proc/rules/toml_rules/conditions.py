"""Conditions of rules in TOML: a closed language over facts, checked when the file is loaded.

A condition reads facts and nothing else; its work is bounded by its own size times the lines of the claim.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, TypeAlias

import msgspec

from x12proc.claims.model import ServiceLine
from x12proc.rules.context import Context
from x12proc.rules.toml_rules.facts import FACTS, Fact, Value
from x12proc.rules.toml_rules.patterns import LONGEST_PATTERN, matches

DEEPEST, MOST_PARTS = 10, 500  # levels and parts of one condition
Written: TypeAlias = Any  # text, number or date of a TOML file; msgspec has no union of texts and dates
Test: TypeAlias = Callable[[ServiceLine, Context], bool]
_TESTS = ("equals", "one_of", "matches", "from", "to", "sent")


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from", "not_": "not"}):
    """One condition: ``all``, ``any``, ``not``, ``other_line``, or a ``fact`` with its tests.

    A fact with several values passes if one of them passes all tests. ``equals`` and ``one_of`` compare texts in
    any case; ``matches`` is a pattern; ``from`` and ``to`` include their ends; ``sent`` is whether it has a value.
    """

    all: tuple[Condition, ...] | None = None
    any: tuple[Condition, ...] | None = None
    not_: Condition | None = None
    other_line: Condition | None = None  # of the claim, whatever it bills
    fact: str | None = None
    equals: Written | None = None
    one_of: tuple[Written, ...] | None = None
    matches: str | None = None
    from_: Written | None = None
    to: Written | None = None
    sent: bool | None = None


def compile_condition(condition: Condition, where: str = "when") -> Test:
    """Return what decides a condition. Raises ValueError, which names the part and what is allowed."""
    if sum(1 for _ in _parts(condition)) > MOST_PARTS:
        raise ValueError(f"{where}: has more than {MOST_PARTS} parts")
    return _compile(condition, where, 1)


def _parts(condition: Condition) -> Iterator[Condition]:
    waiting = [condition]
    while waiting:
        one = waiting.pop()
        yield one
        waiting += [*(one.all or ()), *(one.any or ())]
        waiting += [part for part in (one.not_, one.other_line) if part is not None]


def _compile(condition: Condition, where: str, depth: int) -> Test:
    if depth > DEEPEST:
        raise ValueError(f"{where}: is more than {DEEPEST} levels deep")
    kind = _kind(condition, where)
    if kind == "fact":
        return _compile_fact(condition, where)
    if used := [name for name in _TESTS if _part(condition, name) is not None]:
        raise ValueError(f"{where}: {', '.join(used)} need a fact beside them")
    if kind in ("all", "any"):
        parts = condition.all if kind == "all" else condition.any
        if not parts:
            raise ValueError(f"{where}.{kind}: is empty")
        tests = [_compile(part, f"{where}.{kind}[{number}]", depth + 1) for number, part in enumerate(parts, 1)]
        return partial(_all_of if kind == "all" else _any_of, tests)
    inner = condition.not_ or condition.other_line
    assert inner is not None, "it is the one kind that was given"
    test = _compile(inner, f"{where}.{kind}", depth + 1)
    return partial(_none_of if kind == "not" else _on_other_line, test)


def _kind(condition: Condition, where: str) -> str:
    """Return which of the five kinds a condition is. Raises ValueError for none or several."""
    kinds = [name for name in ("all", "any", "not", "other_line", "fact") if _part(condition, name) is not None]
    if len(kinds) != 1:
        found = " and ".join(kinds) or "none"
        raise ValueError(f"{where}: has {found} of all, any, not, other_line, fact; give one")
    return kinds[0]


def _part(condition: Condition, name: str) -> object:
    return getattr(condition, f"{name}_" if name in ("not", "from") else name)


def _all_of(tests: list[Test], line: ServiceLine, ctx: Context) -> bool:
    return all(test(line, ctx) for test in tests)


def _any_of(tests: list[Test], line: ServiceLine, ctx: Context) -> bool:
    return any(test(line, ctx) for test in tests)


def _none_of(test: Test, line: ServiceLine, ctx: Context) -> bool:
    return not test(line, ctx)


def _on_other_line(test: Test, line: ServiceLine, ctx: Context) -> bool:
    return any(test(other, ctx) for other in ctx.claim.lines if other is not line)


# -- facts ---------------------------------------------------------------------------------------------------


def _compile_fact(condition: Condition, where: str) -> Test:
    name = condition.fact or ""
    fact = FACTS.get(name)
    if fact is None:
        raise ValueError(f"{where}.fact: there is no fact {name!r}; there are {', '.join(FACTS)}")
    checks = list(_checks(condition, fact, f"{where} ({name})"))
    if condition.sent is not None and checks:
        raise ValueError(f"{where} ({name}): sent goes with no other test")
    if condition.sent is not None:
        return partial(_is_sent, fact, condition.sent)
    if not checks:
        raise ValueError(f"{where} ({name}): has no test; there are {', '.join(_TESTS)}")
    return partial(_has_value, fact, checks)


def _is_sent(fact: Fact, wanted: bool, line: ServiceLine, ctx: Context) -> bool:
    return bool(fact.values(line, ctx)) == wanted


def _has_value(fact: Fact, checks: list[Callable[[Value], bool]], line: ServiceLine, ctx: Context) -> bool:
    return any(all(check(value) for check in checks) for value in fact.values(line, ctx))


def _checks(condition: Condition, fact: Fact, where: str) -> Iterator[Callable[[Value], bool]]:
    wanted = condition.one_of if condition.equals is None else (*(condition.one_of or ()), condition.equals)
    if condition.equals is not None and condition.one_of is not None:
        raise ValueError(f"{where}: equals and one_of are the same test; give one")
    if wanted is not None:
        yield _one_of([_value(each, fact, where) for each in wanted], fact)
    if condition.matches is not None:
        yield _pattern(condition.matches, fact, where)
    if condition.from_ is not None or condition.to is not None:
        if fact.kind == "text":
            raise ValueError(f"{where}: from and to are for numbers and dates; this fact is text")
        low = None if condition.from_ is None else _value(condition.from_, fact, where)
        high = None if condition.to is None else _value(condition.to, fact, where)
        yield partial(_is_between, low, high)


def _pattern(pattern: str, fact: Fact, where: str) -> Callable[[Value], bool]:
    if fact.kind != "text":
        raise ValueError(f"{where}: matches is for texts; this fact is a {fact.kind}")
    if not 0 < len(pattern) <= LONGEST_PATTERN:
        raise ValueError(f"{where}: a pattern has 1 to {LONGEST_PATTERN} characters")
    return lambda value: matches(pattern, str(value))


def _one_of(wanted: Sequence[Value], fact: Fact) -> Callable[[Value], bool]:
    if fact.kind != "text":
        return frozenset(wanted).__contains__
    return partial(_is_one_of, frozenset(str(each).strip().upper() for each in wanted))


def _is_one_of(wanted: frozenset[str], value: Value) -> bool:
    return str(value).strip().upper() in wanted


def _is_between(low: Value | None, high: Value | None, value: Value) -> bool:
    above = low is None or value >= low  # type: ignore[operator]  # of one kind, which _value checks
    return above and (high is None or value <= high)  # type: ignore[operator]  # as above


def _value(written: Written, fact: Fact, where: str) -> Value:
    """Return a value of the file in the kind of its fact. Raises ValueError."""
    if fact.kind == "text" and isinstance(written, str):
        return written
    if fact.kind == "number" and isinstance(written, int | float) and not isinstance(written, bool):
        number = Decimal(str(written))  # TOML has no decimals: 0.1 is written as it was read
        if number.is_finite():
            return number
    if fact.kind == "date" and isinstance(written, date) and not isinstance(written, datetime):
        return written
    example = {"text": '"text"', "number": "12.5", "date": "2026-01-31"}[fact.kind]
    raise ValueError(f"{where}: {written!r} is no {fact.kind}; write it like {example}")
