"""Which claims of an 835 count as denied."""

from __future__ import annotations

import contextlib
from random import Random

import pytest
from support.remittances import answer, remittance

from x12proc.correct.orders import AnsweredClaim
from x12proc.correct.remittance import answered_claims
from x12proc.errors import X12SyntaxError
from x12proc.wire.window import WINDOW


def one(**changes: object) -> AnsweredClaim:
    (found,) = answered_claims(remittance(answer("A1", **changes)))  # type: ignore[arg-type]  # those of answer
    return found


def test_a_denied_claim_has_its_numbers_and_codes() -> None:
    found = one(adjustments=("CAS*CO*45*100**16*400",), services=("SVC*HC:J3590*500*0", "LQ*HE*M123"))
    assert found == AnsweredClaim("A1", "ICN77", "1457002313", True, False, ("CO-45", "CO-16", "M123"))


@pytest.mark.parametrize(
    ("changes", "denied"),
    [
        ({}, True),
        ({"status": "4"}, True),
        ({"adjustments": (), "services": ("SVC*HC:J3590*500*0", "CAS*OA*252*500")}, True),
        ({"adjustments": ("CAS*PI*16*500",)}, True),
        ({"adjustments": ("CAS*PR*1*500",)}, False),
        ({"adjustments": ("CAS*CO*45*500",)}, False),
        ({"adjustments": ("CAS*CO*18*500",)}, False),
        ({"adjustments": ("CAS*CO*16*400",), "paid": "100"}, False),
        ({"adjustments": ("CAS*CO*16*400",)}, False),  # does not add up
        ({"adjustments": ("CAS*CO*16*500.00",), "paid": "0.00"}, True),
        ({"charge": "none"}, False),
    ],
)
def test_what_counts_as_denied(changes: dict[str, object], denied: bool) -> None:
    assert one(**changes).denied is denied


@pytest.mark.parametrize("more", [("MOA***MA130",), ("MIA*0****MA130",), ("LQ*HE*N211",)])
def test_what_the_payer_could_not_process(more: tuple[str, ...]) -> None:
    assert one(more=more).unprocessable
    assert not one(more=("MOA***MA01",)).unprocessable


def test_reversals_are_left_out_and_other_sets_are_passed_over() -> None:
    data = remittance(answer("A1", status="22", charge="-500", adjustments=("CAS*CO*16*-500",)), answer("A2"))
    other = remittance(answer("A3")).replace(b"ST*835*", b"ST*277*")
    assert [claim.number for claim in answered_claims(other + data)] == ["A2"]


def test_windows_and_delimiters_make_no_difference() -> None:
    claims = [answer(f"A{number}", f"ICN{number}") for number in range(WINDOW // 60)]
    data = remittance(*claims)
    assert len(data) > WINDOW
    found = list(answered_claims(data))
    assert [claim.number for claim in found] == [claim[0].split("*")[1] for claim in claims]
    assert all(claim.denied for claim in found)
    other = remittance(*claims, terminator="~").replace(b"*", b"|").replace(b"~", b"'")
    assert list(answered_claims(other)) == found
    assert list(answered_claims(b"\xef\xbb\xbf" + data.rstrip(b"~\n"))) == found


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "no-835"),
        (b"hello", "no-isa"),
        (remittance(answer("A1"))[:-40], "no-iea"),
        (remittance(answer("A1")) + b"rest", "no-isa"),
        (remittance(answer("A1")).replace(b"ST*835*", b"ST*277*"), "no-835"),
        (remittance(answer("A1"))[:150] + b"x" * (2 * WINDOW), "segment-too-long"),
        (b"ISA*00*", "truncated-isa"),
    ],
)
def test_what_is_no_whole_835_is_an_error(data: bytes, code: str) -> None:
    with pytest.raises(X12SyntaxError) as caught:
        list(answered_claims(data))
    assert caught.value.code == code


@pytest.mark.parametrize("seed", range(60))
def test_damaged_bytes_give_claims_or_a_named_error(seed: int) -> None:
    chance = Random(seed)
    data = bytearray(remittance(*(answer(f"A{number}") for number in range(5))))
    for _ in range(20):
        position = chance.randrange(len(data))
        data[position : position + chance.randrange(3)] = chance.choice(
            (b"~", b"*", b"ISA*", b"\xff", b"9" * 50, b"")
        )
    with contextlib.suppress(X12SyntaxError):
        assert len(list(answered_claims(bytes(data)))) < 30
