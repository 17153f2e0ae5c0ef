"""The demo files against their own table: every claim's fault, and nothing else."""

from __future__ import annotations

import re
from datetime import date

import pytest
from support.edi import CLINIC, FIXTURES, GUIDE_FAULTS, HOSPITAL

import x12proc
from x12proc.rules import all_rules
from x12proc.runner.settings import load_profiles

AS_OF = date(2024, 4, 1)
TABLE = re.compile(r"^\| ([A-Z0-9-]+) \| [^|]+ \| .+ \| ([^|]+) \|$", re.MULTILINE)


def intended() -> dict[str, set[str]]:
    """The rules each claim was built to break, as far as they exist by now."""
    known = set(all_rules())
    rows = TABLE.findall((FIXTURES / "demo" / "README.md").read_text())
    return {
        claim: set(re.findall(r"[A-Z]{2,3}[0-9]{2}", text.split("(")[0])) & known
        for claim, text in rows
        if "no target line" not in text
    }


@pytest.mark.parametrize("path", [CLINIC, HOSPITAL, GUIDE_FAULTS], ids=lambda path: path.stem)
def test_every_claim_brings_its_fault_and_nothing_else(path) -> None:  # type: ignore[no-untyped-def]  # a Path
    table = intended()
    scrubbed = list(x12proc.scrub(path, as_of=AS_OF, conformance="off"))
    matched = {entry.claim.id: {finding.rule for finding in entry.all_findings} for entry in scrubbed}
    assert matched == {claim: table[claim] for claim in matched}


def test_every_target_claim_of_the_table_is_found() -> None:
    found = {
        entry.claim.id
        for path in (CLINIC, HOSPITAL, GUIDE_FAULTS)
        for entry in x12proc.scrub(path, as_of=AS_OF, conformance="off")
    }
    assert found == set(intended())


def test_profiles_are_chosen_by_payer() -> None:
    chosen = {
        entry.claim.filing_indicator: entry.profile
        for entry in x12proc.scrub(CLINIC, as_of=AS_OF, conformance="off")
    }
    assert chosen["MB"].startswith("medicare-b-")
    assert chosen["MC"] == "medicaid"
    assert chosen["CH"] == "tricare"


def test_clean_claims_stay_clean_under_every_profile() -> None:
    clean = {claim for claim, rules in intended().items() if not rules}
    profiles, _ = load_profiles()
    assert len(profiles.names()) > 6
    for profile in profiles.names():
        for path in (CLINIC, HOSPITAL):
            for entry in x12proc.scrub(path, as_of=AS_OF, profile=profile, conformance="off"):
                if entry.claim.id in clean:
                    assert not entry.rejected, (profile, entry.claim.id)


def test_j3590_elsewhere_is_no_line() -> None:
    """Notes, control numbers and adjudicated lines of other payers (2430) hold the code as well."""
    data = CLINIC.read_bytes()
    lines = sum(len(entry.lines) for entry in x12proc.scrub(CLINIC, as_of=AS_OF, conformance="off"))
    assert data.count(b"J3590") > lines
    assert lines == len(re.findall(rb"SV1\*HC:J3590", data))
