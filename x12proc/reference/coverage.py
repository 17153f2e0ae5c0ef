"""What the tables do not cover: service dates past their last day, and drugs or NDCs that none of them lists."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Final, Literal, TypeAlias

import msgspec

from x12proc.reference.diagnoses import fiscal_year
from x12proc.reference.edition import Reference

#: What a rule may need of the tables: ``diagnoses`` and ``codes`` for the service date, ``products`` for the NDC,
#: ``drugs`` for the drug, by its NDC or by the name in the text.
Need: TypeAlias = Literal["diagnoses", "codes", "products", "drugs"]
NEEDS: Final[tuple[Need, ...]] = ("diagnoses", "codes", "products", "drugs")
#: The ids of the rules that need each kind of table.
RulesByNeed: TypeAlias = tuple[tuple[Need, tuple[str, ...]], ...]
DATED: Final = ("diagnoses", "codes")


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


@lru_cache(maxsize=4096)  # a file has few service dates
def date_gaps(reference: Reference, needs: RulesByNeed, first: date, last: date) -> tuple[Unchecked, ...]:
    """Return the rules that can't decide on a period of service, because their tables do not cover it."""
    found = [
        _date_gap(reference, need, first, last, rule) for need, rules in needs if need in DATED for rule in rules
    ]
    return tuple([gap for gap in found if gap is not None])


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
