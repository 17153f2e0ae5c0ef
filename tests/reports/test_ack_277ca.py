"""277CA: what is at each level, for a claim accepted and a claim rejected, of both types."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
import pytest
from support.acks import acknowledge, check_counts, check_totals, claims, engine, lines, rows
from support.edi import CLINIC, base, join, segments
from support.pyx12_oracle import guide_errors

from x12proc.claims.model import Location
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Outcome, UntargetedClaim, scrub_buffer
from x12proc.findings import GuideError
from x12proc.reports.acks.envelopes import AckSettings
from x12proc.rules import all_rules

FAULTY = base().replace(b"CTP****40*ML", b"CTP****0*ML")
FAULTY_I = base("I").replace(b"CTP****3*UN", b"CTP****0*UN")


def ack(data: bytes, settings: AckSettings | None = None) -> bytes:
    """The 277CA of a file, valid by pyx12 and in its sums."""
    written = acknowledge(data, settings=settings)["277ca"]
    assert guide_errors(written) == []
    check_counts(written)
    check_totals(written)
    return written


# -- levels ----------------------------------------------------------------------------------------------------


def test_a_professional_claim_with_a_rejected_line_from_head_to_foot() -> None:
    data = FAULTY.replace(b"REF*G1*", b"REF*D9*CH20261123001~\nREF*G1*").replace(b"*W440192003", b"*W123")
    assert lines(ack(data))[2:-2] == [
        "ST*277*0001*005010X214",
        "BHT*0085*08*403292013-1-0001*20240401*0000*TH",
        "HL*1**20*1",
        "NM1*AY*2*CEDAR CLEARINGHOUSE*****46*CEDAR01",
        "TRN*1*403292013-1-0001",
        "DTP*050*D8*20240401",
        "DTP*009*D8*20240401",
        "HL*2*1*21*1",
        "NM1*41*2*RULE BENCH BILLING*****46*RB001",
        "TRN*2*RB1",
        "STC*A1:19:AY*20240401*WQ*15125",
        "QTY*AA*1",
        "AMT*YY*15125",
        "HL*3*2*19*1",
        "NM1*85*2*LAKESIDE INFUSION CENTER*****XX*1457002313",
        "TRN*1*RB1",
        "STC*A1:19:AY**WQ*15125",
        "QTY*QC*1",
        "AMT*YY*15125",
        "HL*4*3*PT",
        "NM1*QC*1*HARTLEY*MARY****MI*W123",
        "TRN*2*B1001",
        "STC*A6:724*20240401*U*15125",
        "REF*D9*CH20261123001",
        "DTP*472*D8*20231114",
        "SVC*HC:J3590:JZ*14880*****1",
        "STC*A6:724*20240401*U",
        "REF*FJ*B1001-01",
        "DTP*472*D8*20231114",
        "SE*30*0001",
    ]


def test_an_institutional_claim_names_bill_type_revenue_code_and_statement_days() -> None:
    data = FAULTY_I.replace(b"20231213-20231213", b"20231210-20231213")
    shown = claims(ack(data))["B2001"]
    assert shown[1:4] == ["STC*A6:724*20240401*U*8712", "REF*BLT*131", "DTP*472*RD8*20231210-20231213"]
    assert shown[4:] == [
        "SVC*HC:J3590:JZ*8100**0636***1",
        "STC*A6:724*20240401*U",
        "REF*FJ*B2001-01",
        "DTP*472*D8*20231213",
    ]


def test_an_accepted_claim_has_no_lines() -> None:
    assert claims(ack(base()))["B1001"] == ["TRN*2*B1001", "STC*A1:20*20240401*WQ*15125", "DTP*472*D8*20231114"]


def test_claims_without_a_target_line_are_answered_too() -> None:
    assert claims(ack(base().replace(b"J3590", b"J1745")))["B1001"][1] == "STC*A1:20*20240401*WQ*15125"


def test_a_provider_level_for_each_billing_provider_with_claims() -> None:
    written = ack(CLINIC.read_bytes())
    levels = [row for row in rows(written, "HL") if row[3] == "19"]
    names = [row[3] for row in rows(written, "NM1") if row[1] == "85"]
    assert len(levels) == len(names) == 4
    assert names == [
        "LAKESIDE INFUSION CENTER",
        "WESTVIEW RETINA SURGEONS",
        "SIERRA NEUROLOGY ASSOCIATES",
        "PELLETIER",
    ]
    person = next(row for row in rows(written, "NM1") if row[3] == "PELLETIER")
    assert person[2:6] == ["1", "PELLETIER", "ANDREA", "M"]
    assert next(row[2] for row in rows(written, "TRN") if row[1] == "2") == "LBS240329P1"


def test_a_dependent_is_named_with_the_subscribers_member_number() -> None:
    sent: dict[str, tuple[str, str]] = {}  # CLM01 to the patient's name and the subscriber's number
    name = member = ""
    dependents = 0
    for fields in (part.split("*") for part in segments(CLINIC.read_bytes())):
        if fields[:2] == ["NM1", "IL"]:
            name, member = fields[3], fields[9]
        elif fields[:2] == ["NM1", "QC"]:
            name = fields[3]
            dependents += 1
        elif fields[0] == "CLM":
            sent[fields[1]] = (name, member)
    assert dependents >= 5
    written = rows(ack(CLINIC.read_bytes()))
    patients = [row for row in written if row[:2] == ["NM1", "QC"]]
    shown = dict(zip(claims(ack(CLINIC.read_bytes())), ((row[3], row[9]) for row in patients), strict=True))
    assert shown == sent


# -- statuses --------------------------------------------------------------------------------------------------


def test_second_codes_stand_in_stc10_and_further_ones_behind() -> None:
    data = base().replace(b"CTP****40*ML~", b"CTP****40*ML~\nREF*G1*X~")
    status = claims(ack(data))["B1001"][1].split("*")
    assert status[1] == "A7:745"
    assert status[3:5] == ["U", "15125"]
    assert status[5:10] == [""] * 5
    assert status[10] == "A7:219"


def test_many_codes_go_into_further_stc_and_a_line_has_one() -> None:
    codes = [f"A7:{number}" for number in (21, 217, 218, 219, 453, 454, 476)]
    data = FAULTY

    def outcomes() -> Iterator[Outcome]:
        for outcome in scrub_buffer(data, engine(), ("J3590",), all_claims=True):
            if isinstance(outcome, ClaimResult):
                line = outcome.lines[0]
                found = tuple(msgspec.structs.replace(line.findings[0], status=code) for code in codes)
                yield msgspec.structs.replace(
                    outcome, lines=(msgspec.structs.replace(line, findings=found + found),)
                )
            else:
                yield outcome

    written = acknowledge(data, outcomes=outcomes())["277ca"]
    assert guide_errors(written) == []
    shown = [row for row in rows(written, "STC") if not row[1].startswith("A1")]
    assert [[row[1], *row[10:]] for row in shown] == [codes[:3], codes[3:6], codes[6:], codes[:3]]
    check_totals(written)


def test_warnings_are_never_told() -> None:
    assert claims(ack(base().replace(b" IV ", b" ")))["B1001"][1].startswith("STC*A1:20")


def test_every_rule_that_can_reject_has_a_category_of_rejection() -> None:
    for rule in all_rules().values():
        for code in (rule.status, rule.second_status):
            assert code == "" or re.fullmatch(r"A[3678]:[0-9]+", code), rule.id


def test_a_rule_without_a_code_rejects_without_details() -> None:
    def outcomes() -> Iterator[Outcome]:
        for outcome in scrub_buffer(FAULTY, engine(), ("J3590",), all_claims=True):
            if isinstance(outcome, ClaimResult):
                line = outcome.lines[0]
                bare = tuple(msgspec.structs.replace(finding, status="") for finding in line.findings)
                yield msgspec.structs.replace(outcome, lines=(msgspec.structs.replace(line, findings=bare),))
            else:
                yield outcome

    written = acknowledge(FAULTY, outcomes=outcomes())["277ca"]
    assert claims(written)["B1001"][1] == "STC*A3:0*20240401*U*15125"
    assert guide_errors(written) == []


@pytest.mark.parametrize("code", [b"J3590", b"J1745"], ids=["target", "passed"])
def test_guide_errors_reject_only_when_they_are_to(code: bytes) -> None:
    data = base().replace(b"J3590", code)
    error = GuideError("7", "code", Location("2300", "CLM", "CLM05-1", 22, 0), "99")

    def outcomes(refused: bool) -> Iterator[Outcome]:
        for outcome in scrub_buffer(data, engine(), ("J3590",), all_claims=True):
            if isinstance(outcome, ClaimResult | UntargetedClaim):
                yield msgspec.structs.replace(outcome, guide_errors=(error,), refused=refused)
            else:
                yield outcome

    reported = acknowledge(data, outcomes=outcomes(refused=False))["277ca"]
    assert claims(reported)["B1001"][1] == "STC*A1:20*20240401*WQ*15125"
    rejected = acknowledge(data, outcomes=outcomes(refused=True))["277ca"]
    assert claims(rejected)["B1001"][1] == "STC*A3:684*20240401*U*15125"
    check_totals(rejected)
    assert guide_errors(rejected) == []


# -- what is missing or odd ------------------------------------------------------------------------------------


def without(*heads: str, kind: str = "P", data: bytes = FAULTY) -> bytes:
    """A base file without the segments that begin so."""
    return join([part for part in segments(data if kind == "P" else FAULTY_I) if not part.startswith(heads)])


def test_a_line_without_control_number_is_named_by_its_lx() -> None:
    assert "REF*FJ*1" in claims(ack(without("REF*6R")))["B1001"]


def test_a_prescription_number_is_repeated() -> None:
    data = FAULTY.replace(b"CTP****0*ML~", b"CTP****0*ML~\nREF*XZ*RX771~")
    assert "REF*XZ*RX771" in claims(ack(data))["B1001"]


def test_the_days_of_a_claim_are_those_of_all_its_lines() -> None:
    data = base().replace(b"DTP*472*D8*20231114", b"DTP*472*RD8*20231101-20231130", 1)
    assert claims(ack(data))["B1001"][-1] == "DTP*472*RD8*20231101-20231130"


@pytest.mark.parametrize("kind", ["P", "I"])
def test_a_claim_without_a_day_takes_that_of_the_answer(kind: str) -> None:
    shown = claims(ack(without("DTP*", kind=kind)))
    assert [part for part in next(iter(shown.values())) if part.startswith("DTP*")] == ["DTP*472*D8*20240401"]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("NM1*40", "NM1*AY*2*UNKNOWN*****46*UNKNOWN"),
        ("NM1*41", "NM1*41*2*UNKNOWN*****46*UNKNOWN"),
        ("NM1*85", "NM1*85*2*UNKNOWN*****FI*990000101"),
        ("NM1*IL", "NM1*QC*1*UNKNOWN*****MI*UNKNOWN"),
        ("BHT", "TRN*2*UNKNOWN"),
        ("HL*", "NM1*85*2*UNKNOWN*****FI*UNKNOWN"),
    ],
)
def test_what_is_not_there_is_told_as_unknown(head: str, expected: str) -> None:
    assert expected in lines(ack(without(head)))


def test_a_provider_without_an_npi_is_named_by_tax_number() -> None:
    data = FAULTY.replace(b"*****XX*1457002313", b"")
    assert "NM1*85*2*LAKESIDE INFUSION CENTER*****FI*990000101" in lines(ack(data))
    sole = data.replace(b"REF*EI*990000101", b"REF*SY*123456789")
    assert "NM1*85*2*LAKESIDE INFUSION CENTER*****FI*123456789" in lines(ack(sole))


def test_a_set_without_claims_is_not_answered() -> None:
    assert acknowledge(without("CLM*"))["277ca"] == b""


# -- settings --------------------------------------------------------------------------------------------------


def test_a_payer_answers_with_its_own_name_and_status() -> None:
    settings = AckSettings(
        source_entity="PR", source_name="ACME HEALTH", source_id="ACME1", accepted_status="A2:20"
    )
    written = ack(base(), settings)
    assert "NM1*PR*2*ACME HEALTH*****PI*ACME1" in lines(written)
    assert {row[1] for row in rows(written, "STC")} == {"A1:19:PR", "A2:20"}
