"""The rules, a module or folder a family, and what a rule is written with.

A rule of your own imports from here and nowhere else: docs/own-rules.md.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from x12proc.claims.model import Claim, Location, ServiceLine, location_of, missing_location
from x12proc.findings import INFO, REJECT, WARN, Hit, Severity
from x12proc.rules.base import BUILTIN_PACKAGE, Option, Rule, claim_rule, declared, families, line_rule
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
    "claim_rule",
    "line_rule",
    "location_of",
    "missing_location",
]


@cache
def all_rules() -> dict[str, Rule]:
    """Import every family of this package, and return its rules by id."""
    for family in families():
        folder = importlib.import_module(f"{BUILTIN_PACKAGE}.{family}")
        for module in pkgutil.iter_modules(getattr(folder, "__path__", ())):
            importlib.import_module(f"{folder.__name__}.{module.name}")
    return declared(BUILTIN_PACKAGE)
