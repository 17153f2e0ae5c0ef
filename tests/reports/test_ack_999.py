"""999: which code for which fault, at which place, and E, A, R and P set right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from importlib import import_module
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
import pyx12
from lxml import etree
from support.acks import acknowledge, check_counts, engine, lines, rows
from support.edi import base, join, segments
from support.pyx12_oracle import guide_errors

from x12proc.claims.model import Location
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Outcome, TransactionErrors, UntargetedClaim, scrub_buffer
from x12proc.findings import GuideError
from x12proc.reports.acks import ack_999
from x12proc.reports.acks.envelopes import Spool
from x12proc.wire import faults
from x12proc.wire.dictionary import element_number, is_known
from x12proc.wire.events import Group, Interchange, TransactionClosed


def edited(*changes: tuple[str, str], kind: str = "P") -> bytes:
    """The base file with segments replaced by their beginning; an empty text removes one."""
    parts = []
    for segment in segments(base(kind)):
        new = next((text for head, text in changes if segment.startswith(head)), segment)
        parts += new.split("~") if new else []
    return join(parts)


def recounted(data: bytes) -> bytes:
    """The same with a right SE01."""
    parts = segments(data)
    start = next(location for location, part in enumerate(parts) if part.startswith("ST*"))
    end = next(location for location, part in enumerate(parts) if part.startswith("SE*"))
    parts[end] = f"SE*{end - start + 1}*0001"
    return join(parts)


def ack(data: bytes) -> bytes:
    """The 999 of a file, valid by pyx12."""
    written = acknowledge(data)["999"]
    assert guide_errors(written) == []
    check_counts(written)
    return written


# -- envelopes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "ik5", "ak9"),
    [
        (("SE*", "SE*37*0001"), "IK5*A", "AK9*A*1*1*1"),
        (("SE*", "SE*99*0001"), "IK5*E*4", "AK9*E*1*1*1"),
        (("SE*", "SE**0001"), "IK5*E*4", "AK9*E*1*1*1"),
        (("SE*", "SE*37*1"), "IK5*E*3", "AK9*E*1*1*1"),
        (("SE*", "SE*37*0002"), "IK5*R*3", "AK9*R*1*1*0"),
        (("SE*", ""), "IK5*R*2", "AK9*R*1*1*0"),
        (("GE*", "GE*2*201"), "IK5*A", "AK9*E*2*1*1*5"),
        (("GE*", "GE**201"), "IK5*A", "AK9*E*1*1*1*5"),
        (("GE*", "GE*1*0201"), "IK5*A", "AK9*E*1*1*1*4"),
        (("GE*", "GE*1*202"), None, "AK9*R*1*1*0*4"),
        (("GE*", ""), None, "AK9*R*1*1*0*3"),
        (("ST*", "ST*837*0001*005010X223A2"), "IK5*E*19", "AK9*E*1*1*1"),
        (("ST*", "ST*837*0001*004010X098A1"), "IK5*R*I6", "AK9*R*1*1*0"),
        (("ST*", "ST*835*0001*005010X221A1"), "IK5*R*1", "AK9*R*1*1*0"),
        (("ST*", "ST*999*0001*005010X231A1"), "IK5*R*1*6", "AK9*R*1*1*0"),
        (("GS*", "GS*HC*A*B*20240329*0915*201*X*004010X098A1"), None, "AK9*R*1*1*0*2"),
        (("GS*", "GS*HP*A*B*20240329*0915*201*X*005010X221A1"), None, "AK9*R*1*1*0*1"),
    ],
)
def test_a_fault_of_an_envelope_has_its_code(change: tuple[str, str], ik5: str | None, ak9: str) -> None:
    written = ack(edited(change))
    assert lines(written, "IK5") == ([ik5] if ik5 else [])
    assert lines(written, "AK9") == [ak9]


def test_some_sets_accepted_and_some_not_is_p() -> None:
    parts = segments(base())
    start, end = parts.index("ST*837*0001*005010X222A1"), parts.index("SE*37*0001")
    second = [part.replace("*0001", "*0002") for part in parts[start:end]]
    data = join([*parts[: end + 1], *second, "GE*2*201", *parts[end + 2 :]])
    assert lines(ack(data), "IK5", "AK9") == ["IK5*A", "IK5*R*2", "AK9*P*2*2*1"]


@pytest.mark.parametrize("kind", ["FA", "XX", ""])
def test_what_a_999_cannot_answer_it_leaves_alone(kind: str) -> None:
    data = base().replace(b"GS*HC*", f"GS*{kind}*".encode())
    written = acknowledge(data)
    assert written["999"] == b""
    assert lines(written["ta1"], "TA1") == ([] if kind == "FA" else ["TA1*240329201*240329*0915*E*024"])


def test_control_numbers_are_repeated_or_made_lawful() -> None:
    written = ack(base().replace(b"*201*X", b"*20A*X").replace(b"GE*1*201", b"GE*1*20A").replace(b"*0001", b"*7"))
    assert rows(written, "AK1")[0][2] == "0"
    assert rows(written, "AK2")[0][2] == "0007"
    assert lines(written, "IK5", "AK9") == ["IK5*E*7", "AK9*E*1*1*1*6"]


# -- segments --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "changes", "expected"),
    [
        ("P", [("CTP*", "")], ["IK3*CTP*32*2410*3", "CTX*CLM01:B1001"]),
        ("P", [("CTP*", "CTP***5*40*ML")], ["IK3*CTP*32*2410*8", "CTX*CLM01:B1001", "IK4*3*212*I10*5"]),
        (
            "P",
            [("CTP*", "CTP****40*ML~LIN**N4*10122016002~CTP****40*ML")],
            ["IK3*LIN*33*2410*4", "CTX*CLM01:B1001"],
        ),
        ("P", [("CTP*", "CTP****40*ML~REF*G1*X1")], ["IK3*REF*33*2410*8", "CTX*CLM01:B1001", "IK4*1*128*I6*G1"]),
        ("P", [("CTP*", "CTP****40*ML~REF*XZ*1~REF*XZ*2")], ["IK3*REF*34*2410*5", "CTX*CLM01:B1001"]),
        (
            "P",
            [("LIN*", "NTE*ADD*A~NTE*ADD*B~LIN**N4*10122016002")],
            ["IK3*NTE*32*2400*5", "CTX*CLM01:B1001"],
        ),
        ("I", [("LIN*", "K3*X~LIN**N4*10122018002")], ["IK3*K3*34*2400*2", "CTX*CLM01:B2001"]),
        ("I", [("LIN*", "REF*G1*X~LIN**N4*10122018002")], ["IK3*REF*34*2400*2", "CTX*CLM01:B2001"]),
        ("P", [("LIN*", ""), ("CTP*", "CTP****40*ML")], ["IK3*CTP*31*2400*7", "CTX*CLM01:B1001"]),
    ],
)
def test_a_rule_about_the_guide_has_its_code(
    kind: str, changes: list[tuple[str, str]], expected: list[str]
) -> None:
    written = ack(recounted(edited(*changes, kind=kind)))
    assert lines(written, "IK3", "CTX", "IK4")[: len(expected)] == expected
    of_guide = any("*I" in line for line in expected)
    assert lines(written, "IK5") == ["IK5*E*I5" if of_guide else "IK5*E*5"]


def test_positions_count_from_st_and_texts_are_copied_whole() -> None:
    text = "ELFABRIO 80MG IV 4X20MG/10ML SDV " + "A" * 70 + " END"
    data = edited(("SV1*HC:J3590", f"SV1*HC:J3590:JZ::::{text}*14880*UN*1***1"))
    parts = segments(data)
    location = next(number for number, part in enumerate(parts) if text in part) - parts.index(
        "ST*837*0001*005010X222A1"
    )
    written = ack(data)
    assert lines(written, "IK3", "IK4") == [f"IK3*SV1*{location + 1}*2400*8", f"IK4*1:7*352*5*{text[:99].strip()}"]


def test_warnings_of_business_rules_say_nothing_here() -> None:
    data = base().replace(b" IV ", b" ").replace(b"CTP****40*ML", b"CTP****0*ML")
    assert lines(ack(data), "IK3", "IK5") == ["IK5*A"]


def test_a_component_separator_of_its_own() -> None:
    written = ack(base().replace(b"SV1*HC:J3590:JZ::::", b"SV1*HC>J3590>JZ>>>>"))
    assert lines(written, "IK3", "CTX", "IK5") == ["IK3*SV1*28*2400*8", "CTX*CLM01:B1001", "IK5*E*5"]
    assert rows(written, "IK4")[0][1:4] == ["1:1", "235", "7"]


def test_such_a_separator_is_never_told_of_the_next_claim() -> None:
    parts = segments(base())
    claim = parts[22 : parts.index("SE*37*0001")]
    odd = [part.replace("B1001", "ODD").replace("HC:J3590:JZ::::", "HC>J3590>JZ>>>>") for part in claim]
    long = [part.replace("B1001", "LONG").replace("80MG IV", "80MG IV " + "X" * 80) for part in claim]
    data = join([*parts[:22], *odd, *odd, *long, *parts[22 + len(claim) :]])
    outcomes = scrub_buffer(data, engine(), ("J3590",))
    written = acknowledge(data, outcomes=outcomes)["999"]
    assert lines(written, "IK3", "CTX") == [
        "IK3*SV1*28*2400*8",
        "CTX*CLM01:ODD",
        "IK3*SV1*44*2400*8",
        "CTX*CLM01:ODD",
        "IK3*SV1*60*2400*8",
        "CTX*CLM01:LONG",
    ]


# -- errors of the guide's validator ---------------------------------------------------------------------------


def with_errors(data: bytes, errors: list[GuideError]) -> Iterator[Outcome]:
    """The outcomes of a file with guide errors on every claim."""
    for outcome in scrub_buffer(data, engine(), ("J3590",), all_claims=True):
        if isinstance(outcome, ClaimResult | UntargetedClaim):
            yield msgspec.structs.replace(outcome, guide_errors=tuple(errors))
        else:
            yield outcome


def location(loop: str, segment: str, element: str, index: int, after: str | None = None) -> Location:
    return Location(loop, segment, element, index, 0, after)


ERRORS = [
    GuideError("1", "unknown", location("2300", "REF", "REF", 24)),
    GuideError("1", "unknown", location("2300", "ZZZ", "ZZZ", 24)),  # IK301 can't name it
    GuideError("7", "code", location("2410", "CTP", "CTP05-1", 33), "EA"),
    GuideError("1", "missing", location("2410", "CTP", "CTP04", 33)),
    GuideError("8", "pair", location("2410", "CTP", "CTP", 33)),
    GuideError("I6", "code", location("2010BA", "NM1", "NM108", 15), "*~:^\x01é"),
    GuideError("3", "missing", location("2310B", "PRV", "PRV", 27, "NM1")),
    GuideError("HL1", "step", location("2000B", "HL", "HL01", 13), "9"),
    GuideError("SEG1", "trailing", location("2400", "LX", "LX", 28)),
    GuideError("unchecked", "gave up", location("2400", "SV1", "SV1", 29)),
]


@pytest.mark.parametrize("code", [b"J3590", b"J1745"], ids=["target", "passed"])
def test_guide_errors_are_told_with_their_places(code: bytes) -> None:
    data = base().replace(b"J3590", code)
    written = acknowledge(data, outcomes=with_errors(data, ERRORS))["999"]
    assert guide_errors(written) == []
    check_counts(written)
    assert lines(written, "IK3", "IK4", "IK5") == [
        "IK3*HL*12*2000*8",
        "IK4*1*628*7*9",
        "IK3*NM1*14*2010*8",
        "IK4*8*66*I6*e",
        "IK3*REF*23*2300*1",
        "IK3*PRV*27*2310*3",
        "IK3*LX*27*2400*8",
        "IK3*CTP*32*2410*8",
        "IK4*4*380*1",
        "IK4*5:1*355*7*EA",
        "IK5*E*5",
    ]
    assert len(rows(written, "CTX")) == len(rows(written, "IK3")) - 2, "HL and NM1 stand above the claim"


def test_errors_of_the_implementation_alone_are_i5() -> None:
    errors = [GuideError("I10", "not used", location("2410", "CTP", "CTP03", 33), "5")]
    assert lines(acknowledge(base(), outcomes=with_errors(base(), errors))["999"], "IK5", "AK9") == [
        "IK5*E*I5",
        "AK9*E*1*1*1",
    ]


def test_what_is_wrong_above_claims_is_told_once() -> None:
    parts = segments(base())
    start = next(at for at, part in enumerate(parts) if part.startswith("CLM"))
    data = join(parts[:start] + parts[start:-3] * 3 + parts[-3:])
    above = [GuideError("7", "code", location("ST", "BHT", "BHT02", 3), "99")]
    written = acknowledge(data, outcomes=with_errors(data, above))["999"]
    assert lines(written, "IK3", "CTX") == ["IK3*BHT*2**8"]


def test_errors_that_hang_on_no_claim_are_told() -> None:
    errors = (GuideError("7", "code", location("2010BB", "NM1", "NM101", 19), "PX"),)

    def outcomes() -> Iterator[Outcome]:
        for outcome in scrub_buffer(base(), engine(), ("J3590",), all_claims=True):
            if isinstance(outcome, Interchange):
                interchange = outcome
            elif isinstance(outcome, Group):
                group = outcome
            elif isinstance(outcome, TransactionClosed):
                yield TransactionErrors(interchange, group, outcome.transaction, errors)
            yield outcome

    assert lines(acknowledge(base(), outcomes=outcomes())["999"], "IK3", "IK4", "IK5") == [
        "IK3*NM1*18*2010*8",
        "IK4*1*98*7*PX",
        "IK5*E*5",
    ]


def test_the_same_segment_is_not_told_twice() -> None:
    data = edited(("CTP*", "CTP***5*40*ML"))
    errors = [GuideError("I10", "not used", location("2410", "CTP", "CTP03", 33), "5")]
    assert len(rows(acknowledge(data, outcomes=with_errors(data, errors))["999"], "IK4")) == 1


def test_hostile_claims_get_a_bounded_answer() -> None:
    many = [GuideError("7", "code", location("2400", "SV1", f"SV1{element:02d}", index), "X" * 200)
            for index in range(29, 29 + 3 * ack_999.MOST_OF_A_CLAIM) for element in range(1, 22)]  # fmt: skip
    far = [GuideError("3", "far", location("2400", "LX", "LX", 5_000_000))]
    written = acknowledge(base(), outcomes=with_errors(base(), many + far))["999"]
    assert len(rows(written, "IK3")) == ack_999.MOST_OF_A_CLAIM
    assert len(rows(written, "IK4")) == ack_999.MOST_OF_A_CLAIM * ack_999.MAX_ELEMENTS_REPORTED
    assert lines(written, "IK5") == ["IK5*E*5"]
    assert guide_errors(written) == []
    only_far = acknowledge(base(), outcomes=with_errors(base(), far))["999"]
    assert lines(only_far, "IK3", "IK5") == ["IK5*E*5"], "six digits hold no such position"


def test_a_set_with_endless_errors_gets_a_bounded_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ack_999, "MAX_SEGMENTS_REPORTED", 5)
    parts = segments(base())
    start, end = (
        next(n for n, p in enumerate(parts) if p.startswith("CLM*")),
        next(n for n, p in enumerate(parts) if p.startswith("SE*")),
    )
    data = join([*parts[:end], *(9 * parts[start:end]), *parts[end:]])
    errors = [GuideError("2", "unexpected", location("2400", "LX", "LX", 500))]  # within or after every claim
    written = acknowledge(data, outcomes=with_errors(data, errors))["999"]
    assert len(rows(written, "IK3")) == 5
    assert lines(written, "IK5") == ["IK5*E*4*5"]


# -- the tables ------------------------------------------------------------------------------------------------


def test_element_numbers_are_those_of_pyx12() -> None:
    folder = Path(str(pyx12.__file__)).parent / "map"
    seen = 0
    for name in ("837.5010.X222.A1.xml", "837Q3.I.5010.X223.A1.xml"):
        for segment in etree.parse(folder / name).getroot().iter("segment"):
            tag = str(segment.get("xid"))
            if tag in ("ISA", "GS", "GE", "IEA", "TA1"):
                continue
            assert is_known(tag)
            for element in segment.findall("element"):
                assert element_number(tag, int(str(element.findtext("seq")))) == element.findtext("data_ele")
                seen += 1
            for composite in segment.findall("composite"):
                number = int(str(composite.findtext("seq")))
                assert element_number(tag, number) == "", "a composite has no number"
                for part in composite.findall("element"):
                    found = element_number(tag, number, int(str(part.findtext("seq"))))
                    assert found == part.findtext("data_ele")
                    seen += 1
    assert seen > 3000
    assert element_number("SV1", 99) == element_number("XYZ", 1) == element_number("SV1", 1, 99) == ""


def test_codes_are_those_of_pyx12s_map() -> None:
    folder = Path(str(pyx12.__file__)).parent / "map"
    codes: dict[str, set[str]] = {}
    for element in etree.parse(folder / "999.5010X231.A1.xml").getroot().iter("element"):
        codes.setdefault(str(element.get("xid")), set()).update(
            str(code.text) for code in element.iterfind("valid_codes/code")
        )
    verdict = import_module("x12proc.reports.acks.codes")
    assert set(ack_999.SEGMENT_CODES) == codes["IK304"]
    assert set(ack_999.ELEMENT_CODES) == codes["IK403"] - {"11"}
    assert codes["AK101"] == verdict.ANSWERED_GROUPS
    answers = [kind.ack for kind in faults.KINDS if kind.ack is not None]
    lists = {"interchange": codes["TA105"], "group": codes["AK905"], "set": codes["IK502"]}
    assert all(answer.code in lists[answer.level] for answer in answers)
    assert all({of_segment, of_element} <= codes["IK304"] | codes["IK403"] | {""}
               for of_segment, of_element in ack_999.rule_codes().values())  # fmt: skip


# -- spools ----------------------------------------------------------------------------------------------------


def test_a_spool_gives_back_what_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("x12proc.reports.acks.envelopes._IN_MEMORY", 10)
    spool, other = Spool(BytesIO()), Spool(BytesIO())
    pieces = [b"A" * size for size in (3, 12, 1, 1, 40, 2)]
    marks = []
    for piece in pieces:
        marks.append(spool.position())
        spool.write(piece)
    sizes = [later[0] - earlier[0] for earlier, later in pairwise([*marks, spool.position()])]
    assert sizes == [len(piece) for piece in pieces]
    for number in (5, 4, 2):
        spool.truncate(marks[number])
        assert spool.position() == marks[number]
        spool.write(b"B" * 7)
    spool.move_to(other)
    assert (spool.position(), other.segments) == ((0, 0), 3)
    other.write(b"C")
    written = bytearray()
    other.copy_to(written.extend)
    assert bytes(written) == b"A" * 15 + b"B" * 7 + b"C"
    assert other.position() == (0, 0)


def test_dates_are_those_passed_in() -> None:
    isa = rows(ack(base()), "ISA")[0]
    assert datetime.strptime(isa[9] + isa[10], "%y%m%d%H%M").year == 2024  # noqa: DTZ007 - an envelope has no zone


def test_endless_errors_above_claims_get_a_bounded_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ack_999, "MAX_SEGMENTS_REPORTED", 2)
    parts = segments(base())
    start = next(at for at, part in enumerate(parts) if part.startswith("CLM"))
    data = join(parts[:start] + parts[start:-3] * 4 + parts[-3:])
    above = [GuideError("7", "code", location("ST", "BHT", f"BHT{n:02}", n), "99") for n in range(1, 9)]
    assert len(rows(acknowledge(data, outcomes=with_errors(data, above))["999"], "IK3")) == 2
