"""Guide errors among the outcomes of a file: in order, at the right claim, reported once, and what they reject."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from support.edi import CLINIC, GUIDE_FAULTS, base, join, segments
from support.guides import CODES, claims, edited, one, raw_errors, run, spans
from support.mutations import shorten
from support.rule_cases import all_cases

from x12proc.conformance import stream
from x12proc.conformance.chunks import CHECKED_GUIDES, version
from x12proc.conformance.overlap import drop_already_reported, same_faults
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Outcome, Summary, TransactionErrors, UntargetedClaim
from x12proc.findings import GuideError
from x12proc.rules import all_rules
from x12proc.wire.events import Fault
from x12proc.wire.versions import CURRENT

# -- batches -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_batches_of_any_size_give_the_same(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    data = GUIDE_FAULTS.read_bytes() + CLINIC.read_bytes().replace(b"*SV1*", b"*SV9*", 3)
    for whole in (False, True):
        usual = told_texts(run(data, whole=whole))
        with monkeypatch.context() as patched:
            patched.setattr(stream, "BATCH_CLAIMS", size)
            assert told_texts(run(data, whole=whole)) == usual


def test_little_is_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """By bytes and by outcomes, too; the order is that of the file."""
    data = CLINIC.read_bytes()
    usual = told_texts(run(data, whole=True))
    monkeypatch.setattr(stream, "MOST_BYTES", 1000)
    assert told_texts(run(data, whole=True)) == usual
    monkeypatch.setattr(stream, "MOST_HELD", 2)
    assert told_texts(run(data, whole=True)) == usual


def told_texts(outcomes: list[Outcome]) -> list[str]:
    """Everything reported, in order, without what can't be compared."""
    return [
        f"{outcome.claim.id} {outcome.guide_errors} {outcome.rejected}"
        if isinstance(outcome, ClaimResult)
        else repr(outcome)
        for outcome in outcomes
    ]


# -- whole files -------------------------------------------------------------------------------------------------


def without_claims() -> bytes:
    parts = [part for part in segments(base()) if not part.startswith(("SE", "GE", "IEA"))]
    start = next(at for at, part in enumerate(parts) if part.startswith("CLM"))
    rest = ["SE*20*0001", "GE*1*1", "IEA*1*000000001"]
    return join([*parts[:start], *rest])


def test_full_tells_sets_without_claims() -> None:
    data = without_claims().replace(b"NM1*PR", b"NM1*PX")
    outcomes = run(data, whole=True)
    (loose,) = [outcome for outcome in outcomes if isinstance(outcome, TransactionErrors)]
    assert ("2010BB", "NM1", "3") in {
        (error.location.loop, error.location.element, error.code) for error in loose.guide_errors
    }
    kinds = [type(outcome).__name__ for outcome in outcomes]
    assert kinds.index("TransactionErrors") == kinds.index("TransactionClosed") - 1
    assert not any(isinstance(outcome, TransactionErrors) for outcome in run(data))


def test_full_tells_a_set_that_ends_behind_its_header() -> None:
    parts = segments(base())
    end = next(at for at, part in enumerate(parts) if part.startswith("HL"))
    data = join(parts[:end] + parts[-3:])
    (loose,) = [outcome for outcome in run(data, whole=True) if isinstance(outcome, TransactionErrors)]
    assert [error.code for error in loose.guide_errors] == ["3"]


def test_full_tells_claims_without_a_target_line() -> None:
    data = edited(base(), ("CTP", "CTP****33*XX")).replace(b"J3590", b"J1100")
    assert not [outcome for outcome in run(data) if isinstance(outcome, UntargetedClaim | ClaimResult)]
    (passed,) = [outcome for outcome in run(data, whole=True) if isinstance(outcome, UntargetedClaim)]
    assert [error.code for error in passed.guide_errors] == ["7"]
    assert not passed.rejected


def test_a_fault_of_a_loop_with_claims_is_not_told_of_the_set_as_well() -> None:
    data = edited(shorten(CLINIC.read_bytes(), 1, 8), ("NM1*85", "NM1*85*7*X*****XX*1003000001"))
    assert not [outcome for outcome in run(data, whole=True) if isinstance(outcome, TransactionErrors)]


def test_a_long_set_without_claims_is_cut_into_several_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = segments(without_claims())
    start = next(at for at, part in enumerate(parts) if part.startswith("HL*2"))
    loops = [part.replace("HL*2*", f"HL*{number}*") for number in range(2, 60) for part in parts[start:-3]]
    data = join(parts[:start] + loops + parts[-3:]).replace(b"NM1*PR", b"NM1*PX")

    def loose() -> tuple[GuideError, ...]:
        (outcome,) = [outcome for outcome in run(data, whole=True) if isinstance(outcome, TransactionErrors)]
        return outcome.guide_errors

    usual = loose()
    assert len(usual) >= 58
    monkeypatch.setattr("x12proc.conformance.batcher.BATCH_BYTES", 300)
    assert loose() == usual


@pytest.mark.parametrize("guide", sorted(CURRENT - CHECKED_GUIDES))
def test_a_guide_without_a_map_is_said_once(guide: str) -> None:
    kind = "P" if "X222" in guide else "I"
    mapped = "005010X222A1" if kind == "P" else "005010X223A2"
    other = edited(base(kind), ("CTP", "CTP****33*XX")).replace(mapped.encode(), guide.encode())
    for whole in (False, True):
        outcomes = run(other + other + base(), whole=whole)
        (remark,) = [outcome for outcome in outcomes if isinstance(outcome, Fault)]
        assert (remark.code, remark.severity, remark.segment_index) == ("guide-unchecked", "warn", 2)
        assert guide in remark.message
        found = [outcome for outcome in outcomes if isinstance(outcome, ClaimResult)]
        assert [claim.guide_errors for claim in found] == [(), (), ()]
    assert not [outcome for outcome in run(base()) if isinstance(outcome, Fault)]


# -- reported once, and what rejects ------------------------------------------------------------------------------


def test_our_finding_stays_and_the_guide_error_goes() -> None:
    (scrubbed,) = claims(edited(base(), ("CTP", "CTP****33*XX")))
    assert "QTY02" in {finding.rule for finding in scrubbed.all_findings}
    assert scrubbed.guide_errors == ()


def test_the_guide_error_is_heard_when_the_rule_is_silent() -> None:
    data = edited(base(), ("CTP", "CTP****33*XX"))
    (scrubbed,) = claims(data)
    assert drop_already_reported(scrubbed, one(data)) == ()
    assert drop_already_reported(only(scrubbed, "BAL06"), one(data)) == one(data)


def test_every_overlap_happens() -> None:
    """No entry of the table is there for nothing: each rule replaces a guide error in the rules' own fixtures."""
    silencing: set[str] = set()
    files = [case.data() for rule, case in all_cases() if rule in same_faults() and case.codes == CODES]
    files.append(edited(base(), ("LIN", "LIN**N4*10122016002 ")))
    for data in files:
        if version(spans(data)[0]) not in CHECKED_GUIDES:
            continue
        for scrubbed, errors in zip(claims(data), raw_errors(data), strict=True):
            silencing |= {
                rule for rule in same_faults() if drop_already_reported(only(scrubbed, rule), errors) != errors
            }
    assert silencing == set(same_faults())


def only(scrubbed: ClaimResult, *rules: str) -> ClaimResult:
    """The claim with the findings of some rules and no others."""
    return replace(
        scrubbed,
        findings=tuple(finding for finding in scrubbed.findings if finding.rule in rules),
        lines=tuple(
            replace(line, findings=tuple(finding for finding in line.findings if finding.rule in rules))
            for line in scrubbed.lines
        ),
    )


def test_overlaps_name_rules() -> None:
    assert set(same_faults()) <= set(all_rules())


def test_guide_errors_reject_only_when_they_are_to() -> None:
    data = edited(base(), ("NM1*85", "NM1*85*7*CLINIC*****XX*1003000001"))
    for reject in (False, True):
        (scrubbed,) = claims(data, reject=reject)
        assert [error.location.element for error in scrubbed.guide_errors] == ["NM102"]
        assert scrubbed.rejected == reject
        summary = Summary()
        for outcome in run(data, reject=reject):
            summary.count(outcome)
        assert (summary.guide_errors, summary.rejected_claims) == (1, int(reject))


def test_a_fault_that_a_finding_tells_rejects_as_well() -> None:
    """BAL04 only warns of the amount; against the guide it is a fault all the same."""
    data = edited(base("I"), ("SV2*0636", "SV2*0636*HC:J3590:JZ::::TEXT*X*UN*1"))
    (scrubbed,) = claims(data, reject=True)
    assert scrubbed.guide_errors == ()
    assert scrubbed.refused


def test_claims_without_a_target_line_can_be_rejected_by_the_guide() -> None:
    data = edited(base(), ("CTP", "CTP****33*XX")).replace(b"J3590", b"J1100")
    (passed,) = [outcome for outcome in run(data, whole=True, reject=True) if isinstance(outcome, UntargetedClaim)]
    assert passed.rejected
    summary = Summary()
    for outcome in run(data, whole=True, reject=True):
        summary.count(outcome)
    assert (summary.rejected_claims, summary.target_claims, summary.status) == (1, 0, "rejected")
