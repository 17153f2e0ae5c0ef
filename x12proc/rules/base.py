"""The declaration of a rule: one decorated function with everything about it.

A rule reads a claim or one of its target lines through a :class:`~x12proc.rules.context.Context` and yields a
hit for each fault. It knows no payer: profiles set its severity and options, and switch it on or off.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec

from x12proc.findings import REJECT, Hit, Severity
from x12proc.reference.coverage import Need
from x12proc.rules import retired
from x12proc.rules.sources import SOURCES, Source

if TYPE_CHECKING:
    from x12proc.claims.model import Claim, ServiceLine
    from x12proc.rules.context import Context

OptionValue: TypeAlias = bool | int | str | tuple[str, ...]
LineCheck: TypeAlias = "Callable[[ServiceLine, Context], Iterable[Hit]]"
ClaimCheck: TypeAlias = "Callable[[Claim, Context], Iterable[Hit]]"
Confidence: TypeAlias = Literal["verified", "proposed", "field"]
ClaimType: TypeAlias = Literal["P", "I"]  # 837P, 837I
GuideErrorPatterns: TypeAlias = tuple[tuple[str, str], ...]  # a pattern of the element, and the codes there
Fixer: TypeAlias = Literal[
    "", "drug-loop", "eleven-digits", "known-ndc", "ndc-digits", "ndc-from-text", "qualifier", "unit", "unit-basis"
]  # in x12proc.engine.fixes


class Option(msgspec.Struct, frozen=True):
    """A setting that profiles may change: its default, and what it means in one sentence."""

    default: OptionValue
    meaning: str


class Rule(msgspec.Struct, frozen=True):
    """A declared rule. ``check`` is the decorated function, ``why`` its docstring."""

    id: str
    name: str
    level: Literal["line", "claim"]
    severity: Severity
    claim_types: tuple[ClaimType, ...]
    biologics_only: bool  # the rule runs on lines that bill J3590 only
    status: str
    second_status: str
    carc: str
    rarc: tuple[str, ...]
    sources: tuple[str, ...]  # keys
    cited: tuple[Source, ...]  # and their sources
    confidence: Confidence
    where: str
    summary: str
    why: str
    fix: str
    suppressed_by: tuple[str, ...]
    options: Mapping[str, Option]
    drug_only: bool
    needs: tuple[Need, ...]  # the tables without whose rows it can't decide
    without_targets: bool  # the rule runs on claims without a target line as well
    same_as_guide: GuideErrorPatterns  # guide errors that report the same fault, and give way to the finding
    ack_999: tuple[str, str] | None  # IK304 of the segment, and IK403 where the finding names an element
    fixer: Fixer
    first_version: str  # of x12proc, or of the custom rules, that had the rule
    check: Callable[..., Iterable[Hit]]

    @property
    def family(self) -> str:
        """The prefix of the id."""
        return self.id.rstrip("0123456789")


BUILTIN_PACKAGE: Final = "x12proc.rules"
FIRST_VERSION: Final = "0.1.0"
BIOLOGIC_CODES: Final = frozenset(("J3590",))
ID_PATTERN: Final = r"[A-Z]{2,8}[0-9]{2,3}"
_FAMILY_MODULE = re.compile(r"[a-z]{2,3}")
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+")
_SOURCE_KEY = re.compile(r"[A-Z0-9]{2,12}")
_STATUS = re.compile(r"[A-Z][0-9]:[0-9]{1,4}")

# Declared rules by the module of the check, so that one configuration does not see the rules of another.
_DECLARED: dict[str, dict[str, Rule]] = {}


class RuleDeclaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keywords of a rule's decorator, checked when the rule is declared."""

    severity: Severity
    sources: tuple[str | Source, ...]
    confidence: Confidence
    where: str
    summary: str
    fix: str
    status: str = ""
    second_status: str = ""
    remittance: tuple[str, ...] = ()
    claim_types: tuple[ClaimType, ...] = ("P", "I")
    biologics_only: bool = False
    suppressed_by: tuple[str, ...] = ()
    options: Mapping[str, Option] = {}
    drug_only: bool = False
    needs: tuple[Need, ...] = ()
    without_targets: bool = False
    same_as_guide: GuideErrorPatterns = ()
    ack_999: tuple[str, str] | None = None
    fixer: Fixer = ""
    first_version: str = FIRST_VERSION


def line_rule(rule_id: str, name: str, **texts: Any) -> Callable[[LineCheck], LineCheck]:
    """Declare a rule that reads one target line. Keywords as in the fields of a rule.

    ``sources`` are keys of known sources, or :class:`Source` values of your own. ``remittance`` holds the CARC
    first, then the RARCs. The function's docstring is the rule's *why*. An option named ``enabled`` switches the
    rule: where it is false, the engine leaves the rule out. ``drug_only`` is for a rule that mostly needs nothing
    but the drug to know that it finds nothing (see :mod:`x12proc.engine.rule_memo`); that makes the rule cheaper,
    and changes nothing of what it finds. ``needs`` are the tables whose gaps are reported as unchecked under the
    rule's id (see :mod:`x12proc.reference.coverage`). ``without_targets`` is for a rule of claims that
    runs on those without a target line as well. Raises ValueError with the faults of the declaration.
    """

    def register(check: LineCheck) -> LineCheck:
        _register(rule_id, name, "line", texts, check)
        return check

    return register


def claim_rule(rule_id: str, name: str, **texts: Any) -> Callable[[ClaimCheck], ClaimCheck]:
    """Declare a rule that reads a whole target claim; see :func:`line_rule`."""

    def register(check: ClaimCheck) -> ClaimCheck:
        _register(rule_id, name, "claim", texts, check)
        return check

    return register


@cache
def families() -> tuple[str, ...]:
    """Return the modules and folders of x12proc.rules that hold rules: those whose name is a family's prefix.

    A prefix has two or three letters, and the name of no other module in this package is that short.
    """
    package = find_spec(BUILTIN_PACKAGE)
    locations = package.submodule_search_locations if package else None
    names = (module.name for module in pkgutil.iter_modules(locations))
    return tuple(sorted(name for name in names if _FAMILY_MODULE.fullmatch(name)))


@cache
def builtin_families() -> frozenset[str]:
    """Return the prefixes of x12proc's ids, retired ones included.

    Ids of custom rules have other prefixes, so that no id has two meanings; no prefix here will ever begin with X.
    """
    listed = (rule_id.rstrip("0123456789") for rule_id in retired.NOT_CHECKS)
    return frozenset((*(name.upper() for name in families()), *listed))


def declared(module: str) -> dict[str, Rule]:
    """Return the rules that a module and those below it have declared, by id and in order of id."""
    rules: dict[str, Rule] = {}
    for name, found in _DECLARED.items():
        if name == module or name.startswith(f"{module}."):
            rules.update(found)
    return dict(sorted(rules.items()))


def remove_declarations(module: str) -> None:
    """Remove the declarations of a module that is about to be loaded again."""
    _DECLARED.pop(module, None)


def _register(
    rule_id: str,
    name: str,
    level: Literal["line", "claim"],
    texts: dict[str, Any],
    check: Callable[..., Iterable[Hit]],
) -> None:
    module = getattr(check, "__module__", "")
    try:
        facts = msgspec.convert(texts, RuleDeclaration)
    except msgspec.ValidationError as error:
        raise ValueError(f"rule {rule_id}: {error}") from None
    why = " ".join((check.__doc__ or "").split())
    problems = [
        *_id_problems(rule_id, name, module),
        *_text_problems(facts, why),
        *_builtin_problems(facts, module),
    ]
    if problems:
        raise ValueError(f"rule {rule_id}: {'; '.join(problems)}")
    _DECLARED.setdefault(module, {})[rule_id] = Rule(
        id=rule_id,
        name=name,
        level=level,
        severity=facts.severity,
        claim_types=facts.claim_types,
        biologics_only=facts.biologics_only,
        status=facts.status,
        second_status=facts.second_status,
        carc=facts.remittance[0] if facts.remittance else "",
        rarc=facts.remittance[1:],
        sources=tuple(source if isinstance(source, str) else source.key for source in facts.sources),
        cited=tuple(SOURCES[source] if isinstance(source, str) else source for source in facts.sources),
        confidence=facts.confidence,
        where=facts.where,
        summary=facts.summary,
        why=why,
        fix=facts.fix,
        suppressed_by=facts.suppressed_by,
        options=facts.options,
        drug_only=facts.drug_only,
        needs=facts.needs,
        without_targets=facts.without_targets,
        same_as_guide=facts.same_as_guide,
        ack_999=facts.ack_999,
        fixer=facts.fixer,
        first_version=facts.first_version,
        check=check,
    )


def _id_problems(rule_id: str, name: str, module: str) -> Iterator[str]:
    family = rule_id.rstrip("0123456789")
    builtin = _is_builtin(module)
    if not re.fullmatch(ID_PATTERN, rule_id):
        yield "an id is two to eight capital letters and two or three digits"
    elif builtin and family.lower() != module.split(".")[2]:
        yield f"{family} is not the family of {module}"
    elif not builtin and family in builtin_families():
        yield f"ids with {family} are x12proc's; use other letters"
    if rule_id in _DECLARED.get(module, {}):
        yield "the id is taken by another rule of this file"
    if not _NAME.fullmatch(name):
        yield f"its name {name!r} is not small words joined by hyphens"


def _text_problems(facts: RuleDeclaration, why: str) -> Iterator[str]:
    if not why and __doc__ is not None:  # python -OO removes docstrings
        yield "the function has no docstring, which says why the rule is there"
    if not facts.sources:
        yield "it names no source; without a source there is no rule"
    for source in facts.sources:
        yield from _source_problems(source)
    for text in ("where", "summary", "fix", "first_version"):
        if not getattr(facts, text).strip():
            yield f"{text} is empty"
    for status in (facts.status, facts.second_status):
        if status and not _STATUS.fullmatch(status):
            yield f"status {status!r} is not category:code, e.g. A7:218"
    if facts.severity == REJECT and facts.confidence == "field":
        yield "field knowledge alone (confidence field) never rejects"
    if facts.severity == REJECT and not facts.status:
        yield "what rejects needs a claim status"


def _builtin_problems(facts: RuleDeclaration, module: str) -> Iterator[str]:
    if not facts.claim_types:
        yield "claim_types is empty"
    if _is_builtin(module):
        return
    for name in ("same_as_guide", "ack_999", "fixer"):
        if getattr(facts, name):
            yield f"{name} is for rules of x12proc only"


def _is_builtin(module: str) -> bool:
    return module.startswith(f"{BUILTIN_PACKAGE}.")


def _source_problems(source: str | Source) -> Iterator[str]:
    if isinstance(source, str):
        if source not in SOURCES:
            yield f"there is no source {source!r}; name your own as Source(title, url, key=...)"
    elif not _SOURCE_KEY.fullmatch(source.key) or not source.title.strip():
        yield "a source of your own has a title and a key of 2 to 12 capital letters and digits"
    elif source.key in SOURCES:
        yield f"the key {source.key!r} is taken by a source of x12proc"
