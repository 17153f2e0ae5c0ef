"""The engine: a crashing rule, hits and grades, one fault reported once."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import msgspec
import pytest
from support.edi import CLINIC, GUIDE_FAULTS, HOSPITAL, base
from support.rules import profiles, reference

import x12proc
from x12proc.claims.model import ServiceLine
from x12proc.engine.engine import Engine
from x12proc.engine.stream import RULE_CRASH, Summary, scrub_buffer
from x12proc.findings import INFO, REJECT, WARN, Hit, weaker
from x12proc.rules import all_rules
from x12proc.rules.base import Rule, line_rule
from x12proc.rules.context import Context
from x12proc.wire.events import Fault

if TYPE_CHECKING:
    from _typeshed import TraceFunction

RULES = all_rules()
FAULTY = base().replace(b"CTP****40*ML", b"CTP****0*ML")


def crashing(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    raise KeyError(line.description)
    yield  # makes this a generator, as rules are


def engine(rules: dict[str, Rule]) -> Engine:
    return Engine(rules, profiles(), reference(), codes=("J3590",), as_of=date(2024, 4, 1))


def broken(rule_id: str) -> dict[str, Rule]:
    """The rules with one of them crashing."""

    return {**RULES, rule_id: msgspec.structs.replace(RULES[rule_id], check=crashing)}


def test_a_crash_is_never_an_acceptance_and_the_rest_is_told() -> None:
    summary = Summary()
    outcomes = list(scrub_buffer(FAULTY + b"\n" + base(), engine(broken("RTE01")), ("J3590",)))
    for outcome in outcomes:
        summary.count(outcome)
    faults = [outcome for outcome in outcomes if isinstance(outcome, Fault)]
    assert [fault.code for fault in faults] == [RULE_CRASH, RULE_CRASH]
    assert "RTE01" in faults[0].message
    assert "ELFABRIO" not in faults[0].message, "an error's own text could quote a claim"
    assert summary.status == "failed"
    assert summary.rejected_claims == 2
    assert summary.by_rule == {"QTY01": 1, "DUP02": 1}


def test_the_api_raises_on_a_crash() -> None:
    scrubbed = engine(broken("RTE01"))
    claim = next(x12proc.read(base()))
    result = scrubbed.scrub(claim, scrubbed.targets(claim))
    assert result.rejected
    (crash,) = result.crashes
    assert (crash.rule, crash.claim_segment_index, crash.error) == ("RTE01", claim.clm.index, "KeyError")
    assert str(crash).startswith("rule RTE01 crashed with KeyError at test_engine.py, line ")


def test_severities_are_ordered() -> None:
    assert weaker(REJECT, WARN) == WARN
    assert weaker(INFO, REJECT) == INFO
    assert weaker(WARN, WARN) == WARN


@pytest.mark.parametrize(
    "texts",
    [
        {"sources": ()},
        {"sources": ("NOBODY",)},
        {"confidence": "field"},
        {"where": " "},
        {"fix": ""},
    ],
)
def test_a_rule_that_is_not_told_in_full_is_refused(texts: dict[str, object]) -> None:
    facts = {
        "severity": "reject", "sources": ("PAL",), "confidence": "verified", "where": "SV1",
        "summary": "Wrong.", "fix": "Mend it.", **texts,
    }  # fmt: skip

    def check(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
        """Why."""
        yield from ()

    with pytest.raises(ValueError, match="rule ZZZ01"):
        line_rule("ZZZ01", "never-declared", **facts)(check)
    assert "ZZZ01" not in all_rules()


def test_only_hc_lines_are_targets() -> None:
    (other,) = x12proc.scrub(base().replace(b"SV1*HC:J3590", b"SV1*ZZ:J3590"))
    assert other.lines == ()
    assert [finding.rule for finding in other.findings] == ["SYN13"]
    (small,) = x12proc.scrub(base().replace(b"J3590", b"j3590"))
    assert [finding.rule for finding in small.lines[0].findings] == ["SYN12"]


def test_summary_counts_what_it_is_told() -> None:
    summary = Summary()
    for outcome in scrub_buffer(FAULTY, engine(RULES), ("J3590",)):
        summary.count(outcome)
    assert (summary.claims, summary.target_claims, summary.target_lines, summary.rejected_claims) == (1, 1, 1, 1)
    assert summary.findings == {"reject": 1, "warn": 0, "info": 0}
    assert summary.status == "rejected"


def drug_lines(count: int) -> bytes:
    """A claim of many drug lines, every other one of discarded drug."""
    whole = base()
    start, end = whole.index(b"LX*1"), whole.index(b"LX*2")
    line = whole[start:end].partition(b"~")[2]
    lines = [
        b"LX*%d~" % number + (line.replace(b"J3590:JZ", b"J3590:JW") if number % 2 else line)
        for number in range(1, count + 1)
    ]
    return whole[:start] + b"".join(lines) + whole[end:]


def steps_of_rules(data: bytes) -> int:
    """How many lines of code run in the rules for a claim."""
    scrubber = engine(RULES)
    claim = next(x12proc.read(data))
    steps = 0

    def trace(frame: FrameType, event: str, arg: object) -> TraceFunction | None:
        nonlocal steps
        steps += event == "line"
        return trace if "rules" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        scrubber.scrub(claim, scrubber.targets(claim))
    finally:
        sys.settrace(before)
    return steps


def test_a_claim_of_many_drug_lines_costs_as_much_as_many_claims_of_one() -> None:
    few, many = drug_lines(50), drug_lines(400)
    scrubber = engine(RULES)
    assert len(scrubber.targets(next(x12proc.read(many)))) == 400
    steps_of_rules(few)  # tables are loaded
    assert steps_of_rules(many) < 10 * steps_of_rules(few)


@pytest.mark.parametrize("path", [CLINIC, HOSPITAL, GUIDE_FAULTS], ids=lambda path: path.stem)
def test_a_result_is_a_plain_value(path: Path, tmp_path: Path) -> None:
    """Pickled, or encoded by msgspec, it is the same; its dict is the claim's object of the JSON report."""
    run = x12proc.scrub(path, as_of=date(2024, 4, 1), emit=["json"], output=tmp_path, fix="safe")
    results = list(run)
    assert any(result.fixes for result in results) == (path == CLINIC)
    for result in results:
        assert pickle.loads(pickle.dumps(result)) == result
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(result), type=x12proc.ClaimResult) == result
    (report,) = tmp_path.glob("*.report.json")
    written = msgspec.json.decode(report.read_bytes())["claims"]
    assert [msgspec.json.decode(msgspec.json.encode(result.to_dict())) for result in results] == written
