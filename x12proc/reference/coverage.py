"""What the tables do not cover: service dates past their last day, and drugs or NDCs that none of them lists."""

from __future__ import annotations

from datetime import date
from typing import Final, Literal, TypeAlias

import msgspec

from x12proc.reference.diagnoses import fiscal_year
from x12proc.reference.edition import Reference

#: What a rule may need of the tables: ``diagnoses`` and ``codes`` for the service date, ``products`` for the NDC,
#: ``drugs`` for the drug, by its NDC or by the name in the text. A rule that needs ``marketing``, which no edition
#: is shipped with, is off without it.
Need: TypeAlias = Literal["diagnoses", "codes", "products", "drugs", "marketing"]
NEEDS: Final[tuple[Need, ...]] = ("diagnoses", "codes", "products", "drugs", "marketing")
#: The ids of the rules that need each kind of table.
RulesByNeed: TypeAlias = tuple[tuple[Need, tuple[str, ...]], ...]
DATED: Final[tuple[Need, ...]] = ("diagnoses", "codes")
_MOST_PERIODS: Final = 4096  # of service, that are remembered


class Unchecked(msgspec.Struct, frozen=True, gc=False):
    """A rule that could not decide on a line, and why: neither a finding nor clean.

    ``needs`` is the table that is missing in words, ``until`` the last day of the one that is installed, None
    where that has no last day; ``how`` is the command that brings a newer one.
    """

    rule: str
    table: Need
    needs: str
    until: date | None
    how: str


class RuleNeeds:
    """The ids of the rules that need each kind of table, and what is missing for a service date, found once."""

    def __init__(self, reference: Reference, needs: RulesByNeed) -> None:
        self._reference = reference
        self._rules = dict(needs)
        self._gaps: dict[tuple[date, date], tuple[Unchecked, ...]] = {}

    def date_gaps(self, days: tuple[date, date]) -> tuple[Unchecked, ...]:
        """Return the rules that can't decide on a period of service, because their tables do not cover it."""
        known = self._gaps.get(days)
        if known is None:
            if len(self._gaps) >= _MOST_PERIODS:
                self._gaps.clear()
            found = [
                _date_gap(self._reference, need, *days, rule)
                for need in DATED
                for rule in self._rules.get(need, ())
            ]
            known = self._gaps[days] = tuple([gap for gap in found if gap is not None])
        return known

    def of(self, need: Need) -> tuple[str, ...]:
        """Return the rules that need a kind of table."""
        return self._rules.get(need, ())


def _date_gap(reference: Reference, need: Need, first: date, last: date, rule: str) -> Unchecked | None:
    if reference.covers(need, first) and reference.covers(need, last):
        return None
    until = reference.manifest().tables[need].last
    if need == "diagnoses":
        year = fiscal_year(last if reference.covers(need, first) else first)
        how = f"x12proc reference import icd10cm_codes_{year}.txt --into DIR"
        return Unchecked(rule, need, f"ICD-10-CM codes of fiscal year {year}", until, how)
    how = "x12proc reference import HCPCS.zip ASP-CROSSWALK.zip --into DIR"
    return Unchecked(rule, need, f"HCPCS codes of {max(first, last)}, with their drugs", until, how)


def unlisted_ndc(reference: Reference, ndc: str, rule: str) -> Unchecked:
    """Return what is missing to decide a rule on an NDC that no table lists."""
    how = "x12proc reference import product.txt package.txt --into DIR"
    until = reference.manifest().tables["products"].last
    return Unchecked(rule, "products", f"a product table with NDC {ndc}", until, how)


def unlisted_drug(reference: Reference, rule: str) -> Unchecked:
    """Return what is missing to decide a rule on a drug that no table names."""
    how = "x12proc reference import product.txt package.txt purplebook.csv --into DIR"
    until = reference.manifest().tables["names"].last
    return Unchecked(rule, "drugs", "a table with this drug, by its NDC or its name", until, how)
