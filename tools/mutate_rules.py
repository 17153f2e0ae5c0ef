"""Break the rules on purpose and see whether their fixtures notice.

    python tools/mutate_rules.py                 every rule: switched off, then broken in small ways
    python tools/mutate_rules.py NDC01 QTY       some rules or families, with every survivor
    python tools/mutate_rules.py --survivors     all of them, with every survivor

A mutant is killed when a case of the rules it belongs to finds something else than it names, or crashes. One that
survives shows a condition that no case holds fast, or one that can't make a difference.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import inspect
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tools")]

from msgspec.structs import replace  # noqa: E402 - the paths above come first
from mutants import Mutant, compiled, defined, mutants, nodes  # noqa: E402
from support.rule_cases import Case, all_cases  # noqa: E402
from support.rules import case_reference, with_options  # noqa: E402

from x12proc.claims.builder import ClaimBuilder  # noqa: E402
from x12proc.claims.mentions import ClaimReading, read_claim  # noqa: E402
from x12proc.engine.engine import Engine  # noqa: E402
from x12proc.errors import RuleError  # noqa: E402
from x12proc.profiles.profiles import Profiles  # noqa: E402
from x12proc.rules import all_rules  # noqa: E402
from x12proc.rules.base import Rule  # noqa: E402
from x12proc.wire.events import ClaimSpan  # noqa: E402
from x12proc.wire.scanner import scan  # noqa: E402

_SECONDS = 5.0  # for one mutant; one that takes longer doesn't end
_PACKAGE = "x12proc.rules"


class Bench(NamedTuple):
    """A case with its claims opened, so that it can be run again and again."""

    case: Case
    claims: tuple[ClaimReading, ...]
    profiles: Profiles

    def found(self, rules: Mapping[str, Rule]) -> list[str]:
        """What these rules find, written as cases name it. Raises RuleCrash."""
        case = self.case
        engine = Engine(
            rules,
            self.profiles,
            case_reference(case),
            codes=case.codes,
            as_of=case.as_of,
            profile=case.profile,
            sent_before=lambda _: case.sent_before,
        )
        found: list[str] = []
        for reading in self.claims:
            scrubbed = engine.scrub(reading.claim, reading.targets)
            for crash in scrubbed.crashes:
                raise RuleError(crash.rule, crash.claim_segment_index, crash.error)
            found += [f"{f.rule} {f.severity} {f.location.element}" for f in scrubbed.all_findings]
        return sorted(found)

    def passes(self, rules: Mapping[str, Rule]) -> bool:
        """Whether exactly the findings that the case names are found."""
        return self.found(rules) == sorted(self.case.expect)


@cache
def benches() -> dict[str, list[Bench]]:
    """The cases of every rule."""
    found: dict[str, list[Bench]] = {}
    for rule_id, case in all_cases():
        data = case.data()
        builder = ClaimBuilder(data)
        codes = frozenset(case.codes)
        spans = [event for event in scan(data, case.codes) if isinstance(event, ClaimSpan)]
        claims = tuple(read_claim(builder, span, codes) for span in spans)
        found.setdefault(rule_id, []).append(Bench(case, claims, with_options(case)))
    return found


@cache
def _alone(rules: tuple[str, ...]) -> list[tuple[Bench, list[str]]]:
    """Every case with what some rules find in it when no other speaks."""
    some = {rule: all_rules()[rule] for rule in rules}
    return [(bench, bench.found(some)) for of_rule in benches().values() for bench in of_rule]


# -- switched off -----------------------------------------------------------------------------------------------


def _silent(*_: object) -> tuple[()]:
    return ()


def is_missed(rule_id: str) -> bool:
    """Whether a case of the rule fails when the rule never speaks."""
    rules = all_rules()
    off = {**rules, rule_id: replace(rules[rule_id], check=_silent)}
    return not all(bench.passes(off) for bench in benches()[rule_id])


# -- what can be broken -----------------------------------------------------------------------------------------


class Target(NamedTuple):
    """A function or a constant of a rule module, and the rules that depend on it."""

    module: ModuleType
    name: str
    definition: ast.stmt
    rules: tuple[str, ...]

    @property
    def title(self) -> str:
        """Where it is."""
        return f"{self.module.__name__.removeprefix(_PACKAGE + '.')}.{self.name}"


@cache
def _modules() -> dict[str, ModuleType]:
    all_rules()
    found = {name: module for name, module in sys.modules.items() if name.startswith(f"{_PACKAGE}.")}
    return {name: found[name] for name in sorted(found) if not name.endswith((".base", ".sources", ".retired"))}


@cache
def _definitions() -> dict[tuple[str, str], ast.stmt]:
    """The functions and the assigned names of the rule modules, by module and name."""
    found: dict[tuple[str, str], ast.stmt] = {}
    for name, module in _modules().items():
        for node in ast.parse(inspect.getsource(module)).body:
            if isinstance(node, ast.FunctionDef):
                found[name, node.name] = node
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                found[name, node.targets[0].id] = node
    return found


@cache
def _used_by(key: tuple[str, str]) -> frozenset[tuple[str, str]]:
    """What a definition names, itself or by way of others."""
    reached: set[tuple[str, str]] = set()
    waiting = [key]
    while waiting:
        module, name = waiting.pop()
        if (module, name) in reached:
            continue
        reached.add((module, name))
        definition = _definitions()[module, name]
        if isinstance(definition, ast.FunctionDef):
            definition = _without_decorators(definition)
        for _, node in nodes(definition):
            if isinstance(node, ast.Name):
                waiting += [found for found in (_home(module, node.id),) if found]
    return frozenset(reached)


def _home(module: str, name: str) -> tuple[str, str] | None:
    """Where a name that a module uses is defined, if in a rule module."""
    if (module, name) in _definitions():
        return module, name
    value = vars(_modules()[module]).get(name)
    home = str(getattr(value, "__module__", ""))
    return (home, name) if (home, name) in _definitions() else None


def _without_decorators(definition: ast.FunctionDef) -> ast.FunctionDef:
    """A rule's function without its declaration; what is remembered between calls stays so."""
    kept = [one for one in definition.decorator_list if "_rule" not in ast.unparse(one)]
    plain = copy.copy(definition)
    plain.decorator_list = kept
    return plain


@cache
def targets() -> list[Target]:
    """Everything that can be broken and that a rule depends on."""
    users: dict[tuple[str, str], list[str]] = {}
    for rule in all_rules().values():
        for key in _used_by((rule.check.__module__, rule.check.__name__)):
            users.setdefault(key, []).append(rule.id)
    found = []
    for (module, name), definition in _definitions().items():
        rules = tuple(sorted(users.get((module, name), ())))
        plain = _without_decorators(definition) if isinstance(definition, ast.FunctionDef) else definition
        if rules:
            found.append(Target(_modules()[module], name, plain, rules))
    return found


# -- broken -----------------------------------------------------------------------------------------------------


class Result(NamedTuple):
    """How many mutants of a target there are, how many its own cases notice, and those that no case notices."""

    target: Target
    made: int
    own: int
    survivors: tuple[Mutant, ...]


def is_noticed(mutant: Mutant, target: Target) -> bool:
    """Whether a case of the target's own rules finds something else than it names."""
    return _is_noticed(mutant, target, _by_own_cases)


def broken(target: Target) -> Result:
    """Run the mutants of a target: against the cases of its own rules, and what survives against all others."""
    made = list(mutants(target.definition))
    left = [mutant for mutant in made if not is_noticed(mutant, target)]
    _alone(target.rules)  # before anything is broken
    survivors = [mutant for mutant in left if not _is_noticed(mutant, target, _by_any_case)]
    return Result(target, len(made), len(made) - len(left), tuple(survivors))


def _is_noticed(mutant: Mutant, target: Target, notices: Callable[[Target, dict[str, Rule]], bool]) -> bool:
    code = compiled(mutant)  # what can't be compiled is a fault of ours
    try:
        new = defined(code, target.module, target.name)
        with _installed(target, new) as rules, _time_limit():
            return notices(target, rules)
    except Exception:
        return True  # crashes are noticed


def _by_own_cases(target: Target, rules: dict[str, Rule]) -> bool:
    return not all(bench.passes(rules) for rule in target.rules for bench in benches()[rule])


def _by_any_case(target: Target, rules: dict[str, Rule]) -> bool:
    """Runs the broken rules alone, which is quick, and all of them where that makes a difference."""
    some = {rule: rules[rule] for rule in target.rules}
    return any(bench.found(some) != found and not bench.passes(rules) for bench, found in _alone(target.rules))


@contextlib.contextmanager
def _installed(target: Target, new: Any) -> Iterator[dict[str, Rule]]:
    """Put the mutant in the place of the original, wherever rules find it, for a while."""
    old = vars(target.module)[target.name]
    rules = {rule.id: replace(rule, check=new) if rule.check is old else rule for rule in all_rules().values()}
    holders = [module for module in _modules().values() if vars(module).get(target.name) is old]
    for module in holders:
        setattr(module, target.name, new)
    _forget()
    try:
        yield rules
    finally:
        for module in holders:
            setattr(module, target.name, old)
        _forget()


def _forget() -> None:
    """Empty what functions remember: a mutant must not answer for the original, nor the other way round."""
    for module in _modules().values():
        for value in vars(module).values():
            if hasattr(value, "cache_clear") and getattr(value, "__module__", "").startswith(_PACKAGE):
                value.cache_clear()


@contextlib.contextmanager
def _time_limit() -> Iterator[None]:
    """Raise in a mutant that doesn't end."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, _SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# -- reported --------------------------------------------------------------------------------------------------


def _wanted(words: Iterable[str]) -> list[Target]:
    """The targets that the rules or families named depend on; all when none are named."""
    chosen = tuple(words)
    fits = [target for target in targets() if not chosen or any(rule.startswith(chosen) for rule in target.rules)]
    return [target for target in fits if not chosen or len(target.rules) <= 3]


def main(arguments: list[str]) -> int:
    """Run what is asked for; 1 when switching a rule off goes unnoticed."""
    words = tuple(word for word in arguments if not word.startswith("-"))
    unnoticed = [
        rule_id for rule_id in all_rules() if rule_id.startswith(words or ("",)) and not is_missed(rule_id)
    ]
    print(f"switched off: {', '.join(unnoticed) or 'every rule is missed'}")
    results = []
    for target in _wanted(words):
        results.append(broken(target))
        _tell(results[-1], in_full=bool(words) or "--survivors" in arguments)
    total = sum(result.made for result in results)
    own = sum(result.own for result in results)
    killed = total - sum(len(result.survivors) for result in results)
    share = f"{own / max(total, 1):.1%} by the rule's own cases, {killed / max(total, 1):.1%} by any"
    print(f"{killed} of {total} mutants killed: {share}")
    return bool(unnoticed)


def _tell(result: Result, *, in_full: bool) -> None:
    target = result.target
    if not (result.survivors or (in_full and result.made)):
        return
    more = f" and {len(target.rules) - 4} more" if len(target.rules) > 4 else ""
    killed = result.made - len(result.survivors)
    print(f"{target.title:50} {killed:4}/{result.made:<4} {', '.join(target.rules[:4])}{more}")
    for mutant in result.survivors if in_full else ():
        print(f"    {mutant.line}: {mutant.what}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
