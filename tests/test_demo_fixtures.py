"""The demo files are what fixtures/demo/README.md says: valid where they mean to be, counted, balanced."""

from __future__ import annotations

import logging
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from support.pyx12_oracle import guide_errors

DEMO = Path(__file__).resolve().parents[1] / "fixtures" / "demo"
CLINIC = "clinic-837p.edi"
HOSPITAL = "hospital-837i.edi"
GUIDE_FAULTS = "guide-faults-837.edi"

CLEAN, NO_TARGET = "clean", "no target line"


def _segments(name: str) -> list[list[str]]:
    """A deliberately simple reader, independent of x12proc: split, and nothing else."""
    segments: list[list[str]] = []
    element = component = ""
    for raw in (DEMO / name).read_bytes().decode("ascii").split("~"):
        segment = raw.strip("\r\n")
        if segment.startswith("ISA"):
            element, component = segment[3], segment[-1]
        if segment:
            segments.append([value.replace(component, ":") for value in segment.split(element)])
    return segments


def _claims(name: str) -> dict[str, list[list[str]]]:
    """The segments of each claim, CLM to the next HL or CLM or the end of the transaction set."""
    claims: dict[str, list[list[str]]] = {}
    current: list[list[str]] | None = None
    for segment in _segments(name):
        if segment[0] == "CLM":
            assert segment[1] not in claims
            current = claims[segment[1]] = []
        elif segment[0] in {"HL", "SE"}:
            current = None
        if current is not None:
            current.append(segment)
    return claims


def _procedure(segment: list[str]) -> str:
    """The procedure composite of a service line, empty for any other segment."""
    return segment[{"SV1": 1, "SV2": 2}[segment[0]]] if segment[0] in {"SV1", "SV2"} else ""


def _target_lines(segments: list[list[str]]) -> int:
    return sum(_procedure(segment).split(":")[:2] == ["HC", "J3590"] for segment in segments)


def _table() -> dict[str, str]:
    """Claim id to the last column of the README's tables."""
    rows = re.findall(r"^\| ([A-Z][\w-]+) \|.*\| ([^|]+) \|$", (DEMO / "README.md").read_text("utf-8"), re.M)
    return dict(rows)


@pytest.mark.parametrize("name", [CLINIC, HOSPITAL])
def test_pyx12_finds_nothing_against_the_demo_files(name: str) -> None:
    assert guide_errors((DEMO / name).read_bytes()) == []


def test_guide_faults_are_those_intended() -> None:
    found = guide_errors((DEMO / GUIDE_FAULTS).read_bytes())
    location = re.compile(r"^interchange (\d) .* segment \d+ ([^:]+): (\w+) .*$")
    locations = [location.sub(r"\1 \2 \3", error) for error in found]
    assert locations == [
        "1 CTP05-1 7",  # G7002: unit EA
        "1 CTP 8",  # G7003: CTP04 missing, as a pair with CTP05 ...
        "1 CTP04 1",  # ... and as a required element
        "1 REF 1",  # G7004: REF*G1 inside 2410
        "1 LIN 4",  # G7005: a second 2410
        "1 SV101-7 5",  # G7006: more than 80 characters
        "1 CTP 3",  # G7007: LIN without CTP
        "2 REF 1",  # G8002: REF*G1 on an institutional line
        "2 NTE 1",  # G8002: NTE*ADD on an institutional line
        "2 LIN02 7",  # G8003: UP
        "2 CTP05-1 7",  # G8004: MG
    ]


@pytest.mark.parametrize(
    ("name", "segments", "claims", "target_claims", "target_lines"),
    [
        pytest.param(CLINIC, 1665, 59, 55, 61, id="clinic"),
        pytest.param(HOSPITAL, 928, 29, 26, 28, id="hospital"),
        pytest.param(GUIDE_FAULTS, 349, 12, 11, 11, id="guide-faults"),
    ],
)
def test_counts(name: str, segments: int, claims: int, target_claims: int, target_lines: int) -> None:
    by_claim = {claim: _target_lines(body) for claim, body in _claims(name).items()}
    assert len(_segments(name)) == segments
    assert len(by_claim) == claims
    assert sum(count > 0 for count in by_claim.values()) == target_claims
    assert sum(by_claim.values()) == target_lines


def test_readme_lists_every_claim_once_and_tells_targets_from_others() -> None:
    table = _table()
    claims = {claim: body for name in (CLINIC, HOSPITAL, GUIDE_FAULTS) for claim, body in _claims(name).items()}
    assert table.keys() == claims.keys()
    untouched = {claim for claim, body in claims.items() if not _target_lines(body)}
    assert {claim for claim, intended in table.items() if intended == NO_TARGET} == untouched


def test_mentions_of_j3590_that_are_no_service_line() -> None:
    claims = _claims(CLINIC) | _claims(HOSPITAL)
    has_code = {
        claim: {segment[0] for segment in body if "J3590" in "*".join(segment) and not _procedure(segment)}
        for claim, body in claims.items()
    }
    assert {claim: sorted(where) for claim, where in has_code.items() if where} == {
        "P2005": ["NTE"],
        "J3590-77": ["CLM", "REF"],  # the line control numbers follow the account number
        "P4009": ["SVD"],
        "P4010": ["SVD"],
        "H5016": ["NTE"],
        "H5017": ["SVD"],
    }


@pytest.mark.parametrize("name", [CLINIC, HOSPITAL, GUIDE_FAULTS])
def test_charges_balance_except_where_meant(name: str) -> None:
    out_of_balance = set()
    for claim, body in _claims(name).items():
        charges = [Decimal(s[2] if s[0] == "SV1" else s[3]) for s in body if s[0] in {"SV1", "SV2"}]
        assert all(charge > 0 for charge in charges)
        if sum(charges) != Decimal(body[0][2]):
            out_of_balance.add(claim)
    assert out_of_balance == ({"H5020"} if name == HOSPITAL else set())


@pytest.mark.parametrize("name", [CLINIC, HOSPITAL])
def test_adjudicated_lines_balance(name: str) -> None:
    for claim, body in _claims(name).items():
        charge = paid = Decimal(0)
        for segment in body:
            if segment[0] in {"SV1", "SV2"}:
                charge = Decimal(segment[2] if segment[0] == "SV1" else segment[3])
            elif segment[0] == "SVD":
                charge, paid = charge - Decimal(segment[2]), paid + Decimal(segment[2])
            elif segment[0] == "CAS":
                charge -= Decimal(segment[3])
                if segment[1] == "PR":
                    assert charge == 0, claim
        assert [Decimal(s[2]) for s in body if s[:2] == ["AMT", "D"]] == ([paid] if paid else [])


@pytest.mark.parametrize("name", [CLINIC, HOSPITAL])
def test_line_control_numbers_are_there_and_unique(name: str) -> None:
    for body in _claims(name).values():
        controls = [segment[2] for segment in body if segment[:2] == ["REF", "6R"]]
        assert len(controls) == len(set(controls)) == sum(segment[0] == "LX" for segment in body)


@pytest.mark.parametrize("name", [CLINIC, HOSPITAL, GUIDE_FAULTS])
def test_npis_pass_their_check_digit(name: str) -> None:
    npis = {segment[9] for segment in _segments(name) if segment[0] == "NM1" and segment[8:9] == ["XX"]}
    assert npis
    for npi in npis:
        digits = [int(digit) for digit in "80840" + npi]
        doubled = [digit if index % 2 == 0 else digit * 2 for index, digit in enumerate(reversed(digits))]
        assert sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0, npi


def test_clean_claims_send_whole_ndcs() -> None:
    table, claims = _table(), _claims(CLINIC) | _claims(HOSPITAL)
    clean = [claim for claim, intended in table.items() if intended == CLEAN and claim in claims]
    assert len(clean) >= 30
    for claim in clean:
        drugs = [segment for segment in claims[claim] if segment[0] == "LIN"]
        assert all(re.fullmatch(r"\d{11}", drug[3]) and drug[2] == "N4" for drug in drugs)
        assert len(drugs) >= _target_lines(claims[claim])


def test_layouts() -> None:
    clinic, hospital = (DEMO / CLINIC).read_bytes(), (DEMO / HOSPITAL).read_bytes()
    assert clinic.count(b"~\n") == clinic.count(b"~") == clinic.count(b"\n")
    assert b"\n" not in hospital
    faults = (DEMO / GUIDE_FAULTS).read_bytes()
    assert faults.count(b"~\r\n") == faults.count(b"~") == faults.count(b"\n")
    assert Counter(line[3:4] for line in faults.splitlines() if line.startswith(b"ISA")) == {b"|": 1, b"*": 1}


def test_the_judge_answers_alike_each_time_and_keeps_names_to_itself(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    faults, clean = (DEMO / GUIDE_FAULTS).read_bytes(), (DEMO / CLINIC).read_bytes()
    with caplog.at_level(logging.DEBUG):
        first = guide_errors(faults)
        assert guide_errors(clean) == []
        assert guide_errors(faults) == first
    assert not caplog.records
    assert capsys.readouterr() == ("", "")


def test_the_judge_sees_every_interchange_and_wrong_counts() -> None:
    clinic, hospital = (DEMO / CLINIC).read_bytes(), (DEMO / HOSPITAL).read_bytes()
    assert guide_errors(hospital + clinic) == []
    wrong = re.sub(rb"SE\*\d+\*0001", b"SE*7*0001", hospital)
    assert guide_errors(clinic + wrong)[0].startswith("interchange 2 ST 0001")
    assert guide_errors(clinic.replace(b"IEA*1*", b"IEA*2*")) != []
    assert guide_errors(clinic[: len(clinic) // 2]) != []
    assert guide_errors(b"no claims here") == ["no interchange found"]
