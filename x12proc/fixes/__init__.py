"""Mends what can be mended without asking anybody: certain changes, and likely ones that are kept apart."""

from x12proc.fixes.model import Fix, Fixing
from x12proc.fixes.plan import FixPlanner

__all__ = ["Fix", "FixPlanner", "Fixing"]
