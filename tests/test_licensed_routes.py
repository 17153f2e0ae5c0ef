"""The routes of a product that the tables list without any: those of its licence on the service date."""

from __future__ import annotations

import re
from datetime import date

import pytest
from support.rules import CONFIG, profiles

from x12proc.reference.edition import Reference
from x12proc.replay import rule_cases
from x12proc.replay.rule_cases import Case
from x12proc.rules import all_rules

NDC = "65219067001"  # Bomyntra, licensed as a biosimilar of a drug for the skin alone
IMAAVY = "57894080101"


def without_routes(name: str) -> bytes:
    """The tables of the edition; Imaavy and Bomyntra have no routes."""
    raw = (CONFIG / "reference" / name).read_bytes()
    if name != "products.csv":
        return raw
    row = rf"(?m)^((?:{NDC}|{IMAAVY}),[^,\n]*,[^,\n]*,BLA,)(?:IV|SC),".encode()
    edited, count = re.subn(row, rb"\1,", raw)
    assert count == 2
    return edited


def found(text: str, ndc: str, day: str) -> set[str]:
    edits = (
        ("replace", "SV1", f"SV1*HC:J3590:JZ::::{text}*14880*UN*1***1"),
        ("replace", "LIN", f"LIN**N4*{ndc}"),
        ("replace", "DTP*472#1", f"DTP*472*D8*{day}"),
        ("replace", "DTP*472#2", f"DTP*472*D8*{day}"),
    )
    case = Case(name="a", as_of=date(2025, 9, 1), edits=edits)
    reported = rule_cases.findings(case, all_rules(), profiles(), Reference(without_routes))
    return {line.split()[0] for line in reported}


@pytest.mark.parametrize(
    ("text", "ndc", "day", "reported"),
    [
        ("IMAAVY 1200MG SC", IMAAVY, "20250610", True),
        ("IMAAVY 1200MG IV", IMAAVY, "20250610", False),
        ("IMAAVY 1200MG SC", IMAAVY, "20250110", False),  # before its licence
        ("BOMYNTRA 120MG IV", NDC, "20250610", False),  # the tables know no licence of the brand
    ],
)
def test_the_license_has_routes(text: str, ndc: str, day: str, *, reported: bool) -> None:
    assert ("RTE02" in found(text, ndc, day)) is reported
