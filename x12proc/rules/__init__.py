"""The rules, a module a family. Importing this package declares them all."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from x12proc.rules.base import Rule, registered

_NOT_FAMILIES = frozenset(("base", "context", "retired", "sources"))


@cache
def all_rules() -> dict[str, Rule]:
    """Every rule by id: each module of this package but the machinery is a family of rules."""
    for module in pkgutil.iter_modules(__path__):
        if module.name not in _NOT_FAMILIES:
            importlib.import_module(f"{__name__}.{module.name}")
    return registered()
