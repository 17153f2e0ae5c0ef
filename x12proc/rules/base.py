"""How a rule is written: one decorated function that holds everything there is to say of it.

A rule reads a claim or one of its target lines through a :class:`~x12proc.rules.context.Context` and yields a
hit for each fault. It knows no payer: profiles grade it, switch it and set its options.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

from x12proc.findings import Hit, Severity
from x12proc.rules.sources import SOURCES

if TYPE_CHECKING:
    from x12proc.claims.model import Claim, ServiceLine
    from x12proc.rules.context import Context

OptionValue: TypeAlias = bool | int | str | tuple[str, ...]
LineCheck: TypeAlias = "Callable[[ServiceLine, Context], Iterable[Hit]]"
ClaimCheck: TypeAlias = "Callable[[Claim, Context], Iterable[Hit]]"
Confidence: TypeAlias = Literal["V", "P", "M"]


class Option(msgspec.Struct, frozen=True):
    """A setting that profiles may change: its default, and what it means in one sentence."""

    default: OptionValue
    meaning: str


class Rule(msgspec.Struct, frozen=True):
    """Everything there is to say of a rule but the check itself, which is ``check``."""

    id: str
    name: str
    level: Literal["line", "claim"]
    severity: Severity
    applies: str  # P, I or PI
    biologics_only: bool
    status: str
    second_status: str
    carc: str
    rarc: tuple[str, ...]
    sources: tuple[str, ...]
    confidence: Confidence
    since: str
    where: str
    summary: str
    why: str
    fix: str
    suppressed_by: tuple[str, ...]
    options: Mapping[str, Option]
    drug_alone: bool
    check: Callable[..., Iterable[Hit]]

    @property
    def family(self) -> str:
        """The letters of the id."""
        return self.id.rstrip("0123456789")


_REGISTRY: dict[str, Rule] = {}


class _Texts(msgspec.Struct, frozen=True):
    """The keywords of a rule's decorator, checked when the rule is declared."""

    severity: Severity
    sources: tuple[str, ...]
    confidence: Confidence
    since: str
    where: str
    summary: str
    fix: str
    status: str = ""
    second_status: str = ""
    remittance: tuple[str, ...] = ()
    applies: str = "PI"
    biologics_only: bool = False
    suppressed_by: tuple[str, ...] = ()
    options: Mapping[str, Option] = {}
    drug_alone: bool = False


def line_rule(rule_id: str, name: str, **texts: Any) -> Callable[[LineCheck], LineCheck]:
    """Declare a rule that reads one target line. Keywords as in the fields of a rule.

    ``remittance`` holds the CARC first, then the RARCs. The function's docstring is the rule's *why*. An option
    named ``tell`` switches the rule: where it is false, the engine leaves the rule out. ``drug_alone`` marks a
    rule that mostly needs nothing but the drug to know that it has nothing to say (see :mod:`x12proc.silence`).
    It only makes the rule cheaper; what it finds is the same.
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


def _register(
    rule_id: str,
    name: str,
    level: Literal["line", "claim"],
    texts: dict[str, Any],
    check: Callable[..., Iterable[Hit]],
) -> None:
    facts = msgspec.convert(texts, _Texts)
    why = " ".join((check.__doc__ or "").split())
    unknown = [source for source in facts.sources if source not in SOURCES]
    if rule_id in _REGISTRY or not why or not facts.sources or unknown:
        raise ValueError(f"rule {rule_id}: id taken, no docstring, or no (known) source {unknown}")
    if facts.confidence == "M" and facts.severity == "reject":
        raise ValueError(f"rule {rule_id}: field knowledge alone never rejects")
    _REGISTRY[rule_id] = Rule(
        id=rule_id,
        name=name,
        level=level,
        severity=facts.severity,
        applies=facts.applies,
        biologics_only=facts.biologics_only,
        status=facts.status,
        second_status=facts.second_status,
        carc=facts.remittance[0] if facts.remittance else "",
        rarc=facts.remittance[1:],
        sources=facts.sources,
        confidence=facts.confidence,
        since=facts.since,
        where=facts.where,
        summary=facts.summary,
        why=why,
        fix=facts.fix,
        suppressed_by=facts.suppressed_by,
        options=facts.options,
        drug_alone=facts.drug_alone,
        check=check,
    )


def registered() -> dict[str, Rule]:
    """All declared rules by id, in order of id."""
    return dict(sorted(_REGISTRY.items()))
