"""TA1: one for each interchange of which there is something to say, and none for the others."""

from __future__ import annotations

import pytest
from support.acks import acknowledge, check_counts, lines, rows
from support.edi import base
from support.pyx12_oracle import guide_errors

ASKING = base().replace(b"*0*T*:", b"*1*T*:")


def reported(data: bytes) -> list[str]:
    """TA104 and TA105 of every TA1 of a file, valid by pyx12's control map."""
    written = acknowledge(data)["ta1"]
    if written:
        assert guide_errors(written) == []
        check_counts(written)
    return ["*".join(row[4:]) for row in rows(written, "TA1")]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"", b"", []),
        (b"*0*T*:", b"*1*T*:", ["A*000"]),
        (b"IEA*1*", b"IEA*4*", ["E*021"]),
        (b"IEA*1*240329201", b"IEA*1*0240329201", ["E*001"]),
        (b"IEA*1*240329201", b"IEA*1*1", ["R*001"]),
        (b"IEA*1*240329201~\n", b"", ["R*023"]),
        (b"IEA*1*240329201~\n", b"IEA*1*240329201", ["E*023"]),
        (b"*^*00501*", b"*U*00501*", ["E*016"]),
        (b"RULEBENCH      *", b"RULEBENCH*", ["E*022"]),
        (b"*240329*0915*^", b"*241329*0915*^", ["E*014"]),
        (b"*240329*0915*^", b"*240329*9915*^", ["E*015"]),
        (b"*00501*240329201*", b"*00501*24032920A*", ["R*001"]),
        (b"*ZZ*RULEBENCH ", b"*99*RULEBENCH ", ["E*005"]),
        (b"*ZZ*CEDARCLEAR ", b"*99*CEDARCLEAR ", ["E*007"]),
        (b"MARY", b"MA\0RY", ["R*024"]),
        (b"CLM*", b"clm*", ["R*024"]),
        (b"GS*HC*RULEBENCH*CEDARCLEAR*20240329*0915*201*X*005010X222A1~\n", b"", ["R*024"]),
        (b"ST*837*0001*005010X222A1~\n", b"", ["R*022"]),
        (b"*T*:~\nGS", b"*T**~\nGS", ["R*022"]),
        (b"*T*:~\nGS", b"*T*:A\nGS", ["R*022"]),
        (b"GE*1*201~\n", b"", []),
        (b"SE*37*0001~\n", b"", []),
    ],
)
def test_what_is_said_of_an_interchange(old: bytes, new: bytes, expected: list[str]) -> None:
    data = base().replace(old, new) if old else base()
    assert reported(data) == expected
    # Whatever comes before it is answered by itself.
    assert reported(ASKING + data) == ["A*000", *expected]


def test_an_interchange_without_its_iea_is_answered_when_the_next_begins() -> None:
    assert reported(base().replace(b"IEA*1*240329201~\n", b"") + ASKING) == ["R*022", "A*000"]


def test_what_is_answered_is_named_as_it_was_sent() -> None:
    assert lines(acknowledge(ASKING)["ta1"], "TA1") == ["TA1*240329201*240329*0915*A*000"]


def test_values_that_a_ta1_cannot_hold_are_replaced() -> None:
    data = ASKING.replace(b"*240329*0915*^*00501*240329201*", b"*      *    *^*00501*ABC      *")
    assert lines(acknowledge(data)["ta1"], "TA1")[0] == "TA1*000000000*240401*0000*R*001"


@pytest.mark.parametrize("data", [b"", b"no edi", b"ISA*00*", base()[:50], b"ISA" + 20 * b"*A" + b"~"])
def test_nothing_that_has_no_sender_is_answered(data: bytes) -> None:
    assert acknowledge(data) == {"999": b"", "277ca": b"", "ta1": b""}
