"""Rules on codes whose first day the tables don't know, or not for sure: an edition of one's own can hold such."""

from __future__ import annotations

import csv
import re
from datetime import date
from functools import partial

import pytest
from support import rules as rule_run
from support.rule_cases import RULES, load

from x12proc.reference.edition import CODES, COLUMNS, Reference
from x12proc.reference.table import table_bytes
from x12proc.replay import rule_cases
from x12proc.rules import all_rules

IMDELLTRA, CODE = "code-of-last-month-to-medicare-reject", "J9026"  # of 2025-02-04


def _read(dates: str, code: str, name: str) -> bytes:
    """The shipped tables, with one code's dates, confidence, OPPS status and date at the latest replaced."""
    raw = rule_run.reference().raw(name)
    if name != CODES:
        return raw
    (line,) = re.findall(rf"(?m)^{code},.*\n", raw.decode())
    row = next(csv.reader([line]))
    return raw.replace(
        line.encode(), table_bytes(COLUMNS[CODES], [[*row[:6], *dates.split(",")]]).split(b"\n", 1)[1]
    )


def found(fixture: str, case: str, code: str, dates: str) -> list[str]:
    """What a case finds when the tables say that of the code."""
    (wanted,) = (one for one in load(RULES / f"{fixture}.toml") if one.name == case)
    reference = Reference(partial(_read, dates, code))
    assert reference.code(code) is not None
    return rule_cases.findings(wanted, all_rules(), rule_run.profiles(), reference)


@pytest.mark.parametrize(
    ("dates", "finding"),
    [
        (",,,,,", "COD01 info SV101-2"),  # nobody knows
        ("2025-01-01,,,unverified,,", "COD01 warn SV101-2"),  # from memory
        (",,,verified,,2025-02-04", "COD01 reject SV101-2"),  # a CMS table of that day lists it
        (",,,verified,,2025-02-05", "COD01 info SV101-2"),  # one of the day after: it may be older
        (",,2025-02-03,verified,,2024-10-01", None),  # ended the day before
    ],
)
def test_a_code_of_ones_own_is_told_as_surely_as_its_date(dates: str, finding: str | None) -> None:
    reported = [one for one in found("COD01", IMDELLTRA, CODE, dates) if one.startswith("COD01")]
    assert reported == ([finding] if finding else [])


@pytest.mark.parametrize("dates", [",,,,,", "2025-04-01,,,unverified,,", ",,,verified,,2025-04-01"])
def test_a_code_is_out_of_force_only_where_its_days_are_sure(dates: str) -> None:
    assert found("COD11", "code-with-the-newer-unit-reject", "J1299", dates) == []


def test_a_date_at_the_latest_is_told_as_one() -> None:
    reference = Reference(partial(_read, ",,,verified,,2025-02-04", CODE))
    (code, *_) = reference.codes_for("55513007701", None)
    assert (code.first, code.known_since) == (None, date(2025, 2, 4))
