"""What is remembered to save time is bounded, and forgetting it changes nothing that is found."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date, timedelta

import pytest
from msgspec.structs import replace
from support.edi import CLINIC, HOSPITAL, base
from support.rules import profiles, reference

import x12proc
from x12proc.engine import engine as engine_module
from x12proc.engine.engine import Engine
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import scrub_buffer
from x12proc.rules import all_rules
from x12proc.rules.context import Context

AS_OF = date(2024, 4, 1)


def found(data: bytes, codes: tuple[str, ...] = ("J3590", "J3490")) -> list[tuple[str, list[str]]]:
    engine = Engine(all_rules(), profiles(), reference(), codes=codes, as_of=AS_OF)
    outcomes = [out for out in scrub_buffer(data, engine, codes) if isinstance(out, ClaimResult)]
    return [(out.claim.id, sorted(finding.rule for finding in out.all_findings)) for out in outcomes]


def test_plans_that_are_forgotten_are_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    days = [(date(2023, 12, 25) + timedelta(days)).strftime("%Y%m%d").encode() for days in range(12)]
    many = b"\n".join(
        base().replace(b"20231114", day).replace(b"J3590", b"J3490", location % 2)
        for location, day in enumerate(days)
    )
    data = many + b"\n" + CLINIC.read_bytes() + b"\n" + HOSPITAL.read_bytes()
    before = found(data)
    monkeypatch.setattr(engine_module, "MOST_PLANS", 1)
    assert found(data) == before
    assert sum(len(rules) for _, rules in before) > 50


def test_ever_new_facilities_choose_as_before_and_are_forgotten() -> None:
    (claim,) = x12proc.read(base())
    chooser = profiles()
    first = chooser.choose(claim)
    for number in range(4200):
        assert chooser.choose(replace(claim, facility_code=f"{number:04}")).name == first.name
    assert len(chooser._chosen) < 4200
    assert chooser.choose(claim) is first


def test_a_claim_that_asks_twice_whether_it_was_seen_is_no_earlier_one() -> None:
    (claim,) = x12proc.read(base())
    seen: set[Hashable] = set()

    def seen_before(key: Hashable) -> bool:
        known = key in seen
        seen.add(key)
        return known

    def asking() -> Context:
        return Context(claim, (), as_of=AS_OF, reference=reference(), options={}, seen_before=seen_before)

    first, later = asking(), asking()
    assert [first.seen_before(key) for key in ("one", "other", "one", "other")] == [False] * 4
    assert [later.seen_before(key) for key in ("other", "new", "other", "new")] == [True, False, True, False]
