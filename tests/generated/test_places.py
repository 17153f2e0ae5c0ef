"""What is absent belongs where the finding says: put there, it mends the claim, and the guide allows it there."""

from __future__ import annotations

import pytest
from support.pyx12_oracle import guide_errors

from generated.faults import FAULTS
from generated.faults.base import broken
from generated.sample import Sample
from x12proc.findings import Finding
from x12proc.testing import Style

EACH = 6
# What is put after the segment that the finding names.
REMEDIES = {
    "NDC01": ("LIN**N4*10122016002", "CTP****40*ML"),
    "NDC02": ("LIN**N4*10122016002", "CTP****40*ML"),
    "SYN01": ("CTP****40*ML",),
    "SYN11": ("REF*6R*LINE1",),
    "DAT01": ("DTP*472*D8*20231114",),
    "INS03": ("DTP*472*D8*20231114",),
    "INS05": ("NTE*ADD*REMARKS",),
    "DX01": ("HI*ABK:E7521",),
    "DUP03": ("REF*F8*123456789012",),
    "AUT01": ("REF*G1*PA88120447",),
    "AUT05": ("PWK*OZ*EL***AC*INV123",),
    "TRI01": ("REF*P4*01234567",),
    "TRI04": ("HI*BG:30",),
    "TRI08": ("REF*P4*01234567",),
    "CMP01": ("REF*VY*123456",),
}


def _absent(rule: str) -> list[tuple[Sample, Finding]]:
    """Claims in which the rule finds something absent, each with its first such finding."""
    found = []
    for kind in (kind for kind in FAULTS if kind.rule == rule):
        seed = 1
        for _ in range(EACH):
            sample = broken(kind, seed)._replace(delimiters=Style())
            seed = sample.seed + 1
            findings = [finding for finding in sample.scrubbed().all_findings if finding.rule == rule]
            found += [(sample, finding) for finding in findings[:1] if finding.location.after]
    return found


def _mended(sample: Sample, finding: Finding) -> bytes:
    segments = sample.data().decode("latin-1").split("~\n")[:-1]
    position = finding.location.segment_index
    assert segments[position].startswith(f"{finding.location.after}*")
    segments[position + 1 : position + 1] = REMEDIES[finding.rule]
    end = next(number for number, segment in enumerate(segments) if segment.startswith("SE*"))
    segments[end] = f"SE*{end - 1}*0001"
    return "".join(f"{segment}~\n" for segment in segments).encode("latin-1")


@pytest.mark.parametrize("rule", sorted(REMEDIES))
def test_what_is_absent_fits_where_it_is_missed(rule: str) -> None:
    absent = _absent(rule)
    assert len(absent) >= 3
    for sample, finding in absent:
        assert guide_errors(_mended(sample, finding)) == [], (sample.seed, finding.location)
