"""Single faults: for each rule one or more ways to break a clean claim, and what must then be found."""

from __future__ import annotations

from generated.faults import claims, coding, lines, modifiers, ndc, quantity, syntax, words
from generated.faults.base import FAULTS, FaultKind

__all__ = ["FAULTS", "FaultKind", "claims", "coding", "lines", "modifiers", "ndc", "quantity", "syntax", "words"]
