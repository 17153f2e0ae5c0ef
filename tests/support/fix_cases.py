"""Fix fixtures: a faulty claim and what a fix makes of it.

A case is a table of ``fixtures/fixes/<ID>.toml``, in the manner of fixtures/rules::

    [[case]]
    name = "hyphens-safe"              # -safe: --fix applies it; -unsafe: --unsafe-fixes does; -none: nothing does
    base = "P"
    edits = [["replace", "LIN", "..."]]    # what makes the claim faulty
    fixed = [["replace", "LIN", "..."]]    # further edits that give the fixed file, byte for byte
    left = ["NDC05 reject LIN03"]          # every finding of all rules on what comes out
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from support.rule_cases import FIXTURES, Case

FIXES = FIXTURES / "fixes"


class FixCase(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One case of a fix fixture."""

    name: str
    base: str = "P"
    edits: tuple[tuple[str, ...], ...] = ()
    fixed: tuple[tuple[str, ...], ...] = ()
    left: tuple[str, ...] = ()

    @property
    def level(self) -> str:
        """safe, unsafe or none."""
        return self.name.rsplit("-", 1)[1]

    @property
    def faulty(self) -> Case:
        """The claim as it comes."""
        return Case(name=self.name, base=self.base, edits=self.edits)

    @property
    def mended(self) -> Case:
        """The claim as it should become."""
        return Case(name=self.name, base=self.base, edits=self.edits + self.fixed)


def all_fix_cases() -> list[tuple[str, FixCase]]:
    """Every case, with the id of the rule whose finding is mended."""
    return [(path.stem, case) for path in sorted(FIXES.glob("*.toml")) for case in _load(path)]


def _load(path: Path) -> list[FixCase]:
    return [msgspec.convert(case, FixCase) for case in tomllib.loads(path.read_text())["case"]]
