"""The rules, a module a family, and what a rule is written with.

A rule of your own imports from here and nowhere else: docs/own-rules.md.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from x12proc.claims.model import Claim, Location, ServiceLine, at, missing
from x12proc.findings import INFO, REJECT, WARN, Hit, Severity
from x12proc.rules.base import OURS, Option, Rule, claim_rule, declared, line_rule
from x12proc.rules.context import Context
from x12proc.rules.sources import Source

__all__ = [
    "INFO",
    "REJECT",
    "WARN",
    "Claim",
    "Context",
    "Hit",
    "Location",
    "Option",
    "Rule",
    "ServiceLine",
    "Severity",
    "Source",
    "all_rules",
    "at",
    "claim_rule",
    "line_rule",
    "missing",
]
_NOT_FAMILIES = frozenset(
    (
        "base",
        "billing_units",
        "context",
        "denial_words",
        "drug_code",
        "drug_loop",
        "paste",
        "retired",
        "said",
        "sources",
        "waste_pair",
    )
)


@cache
def all_rules() -> dict[str, Rule]:
    """Every rule of ours by id: each module of this package but the machinery is a family of rules."""
    for module in pkgutil.iter_modules(__path__):
        if module.name not in _NOT_FAMILIES:
            importlib.import_module(f"{__name__}.{module.name}")
    return declared(OURS)
