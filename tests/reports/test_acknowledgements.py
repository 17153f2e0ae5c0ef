"""999, 277CA and TA1 as a whole: valid, balanced, repeatable, and never an acceptance that does not stand."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.acks import KINDS, NOW, acknowledge, check_counts, check_totals, claims, lines, rows
from support.edi import CLINIC, FIXTURES, GUIDE_FAULTS, HOSPITAL, STYLES, base, join, restyle, segments
from support.pyx12_oracle import guide_errors
from support.rule_cases import all_cases
from support.rules import case_reference, profiles, reference, with_options

from x12proc.claims.model import ServiceLine
from x12proc.engine.engine import Engine
from x12proc.engine.stream import scrub_buffer
from x12proc.findings import Hit
from x12proc.reports.acks.envelopes import AckSettings
from x12proc.rules import all_rules
from x12proc.rules.context import Context
from x12proc.wire import faults

ROOT = Path(__file__).parent.parent.parent
ENVELOPES = FIXTURES / "acknowledgements" / "envelopes.edi"
FILES = [CLINIC, HOSPITAL, GUIDE_FAULTS, ENVELOPES]
FAULTY = base().replace(b"CTP****40*ML", b"CTP****0*ML")
sys.path.insert(0, str(ROOT / "tools"))


def check(written: dict[str, bytes]) -> None:
    """Everything that was written is valid and balances."""
    for kind in KINDS:
        data = written[kind]
        if data:
            assert guide_errors(data) == [], kind
            check_counts(data)
    check_totals(written["277ca"])


# -- whole files -----------------------------------------------------------------------------------------------


def test_kept_acknowledgements_are_what_is_written_byte_for_byte() -> None:
    remake = import_module("remake_acknowledgements")
    assert remake.fresh() == remake.kept(), "run 'python tools/remake_acknowledgements.py' if this is meant"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_valid_and_balanced(path: Path) -> None:
    check(acknowledge(path.read_bytes()))


@pytest.mark.parametrize("path", [CLINIC, HOSPITAL], ids=lambda path: path.stem)
@pytest.mark.parametrize("style", STYLES)
def test_answers_have_delimiters_of_their_own(path: Path, style: str) -> None:
    assert acknowledge(restyle(path.read_bytes(), style)) == acknowledge(path.read_bytes())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_window_size_changes_nothing(path: Path) -> None:
    data = path.read_bytes()
    whole = acknowledge(data, window=len(data) + 1)
    assert all(acknowledge(data, window=size) == whole for size in (2, 97, 1009))


@pytest.mark.parametrize("width", [80, 61])
def test_a_folded_file_is_answered_like_a_straight_one(width: int) -> None:
    flat = join(segments(CLINIC.read_bytes()), "~", "")
    folded = b"\n".join(flat[at : at + width] for at in range(0, len(flat), width))
    assert acknowledge(folded)["277ca"] == acknowledge(CLINIC.read_bytes())["277ca"]


@pytest.mark.parametrize("path", [CLINIC, HOSPITAL, GUIDE_FAULTS], ids=lambda path: path.stem)
def test_every_claim_is_accounted_for(path: Path) -> None:
    data = path.read_bytes()
    sent = re.findall(rb"(?:^|[~\n])CLM[*|]([^*|]+)", data)
    assert list(claims(acknowledge(data)["277ca"])) == [claim.decode() for claim in sent]


def test_acknowledgements_of_every_rule_case_are_valid_and_balance() -> None:
    together: dict[str, bytes] = dict.fromkeys(KINDS, b"")
    for _, case in all_cases():
        data = case.data()
        engine = Engine(
            all_rules(),
            with_options(case),
            case_reference(case),
            codes=case.codes,
            as_of=case.as_of,
            profile=case.profile,
        )
        written = acknowledge(data, outcomes=scrub_buffer(data, engine, case.codes, all_claims=True))
        rejected = {entry.split()[1] for entry in case.expect} >= {"reject"}
        assert ("*U*" in "".join(lines(written["277ca"], "STC"))) == rejected, case.name
        for kind in KINDS:
            together[kind] += written[kind]
    check(together)


# -- what is never accepted ------------------------------------------------------------------------------------


def accepted(data: bytes) -> list[str]:
    """The claims that a 277CA accepts."""
    return [name for name, parts in claims(acknowledge(data)["277ca"]).items() if "*WQ*" in parts[1]]


def test_a_sound_file_is_accepted() -> None:
    assert accepted(base()) == ["B1001"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"SE*37*0001~\n", b""),
        (b"SE*37*0001", b"SE*37*0002"),
        (b"GE*1*201~\n", b""),
        (b"GE*1*201", b"GE*1*202"),
        (b"IEA*1*240329201~\n", b""),
        (b"IEA*1*240329201", b"IEA*1*240329202"),
        (b"MARY", b"MA\0RY"),
        (b"CLM*", b"clm*"),
        (b"CLM*", b"SE*9*0001~\nCLM*"),
        (b"ST*837*0001*005010X222A1~\n", b""),
        (b"GS*HC*", b"GS*HR*"),
        (b"005010X222A1", b"004010X098A1"),
        (b"SV1*HC:J3590:JZ::::", b"SV1*HC>J3590>JZ>>>>"),
    ],
)
def test_nothing_that_does_not_stand_is_accepted(old: bytes, new: bytes) -> None:
    broken = base().replace(old, new)
    assert broken != base()
    written = acknowledge(broken)
    assert accepted(broken) == []
    assert any("*R*" in line for line in lines(written["ta1"], "TA1")) or any(
        re.match(r"(IK5|AK9)\*[REP]", line) for line in lines(written["999"], "IK5", "AK9")
    )
    check(written)
    # A sound interchange beside it is answered all the same.
    assert accepted(base().replace(b"B1001", b"SOUND") + broken) == ["SOUND"]


def test_a_group_of_another_code_is_accepted_with_its_error() -> None:
    other = base().replace(b"GS*HC*", b"GS*HP*")
    written = acknowledge(other)
    assert accepted(other) == ["B1001"]
    assert [line[:5] for line in lines(written["999"], "AK9")] == ["AK9*E"]
    check(written)


def test_truncation_anywhere_accepts_nothing() -> None:
    data = base()
    for cut in range(1, len(data.rstrip(b"~\n")) - 1, 7):
        assert accepted(data[:cut]) == [], cut


def test_an_interchange_may_be_refused_from_outside() -> None:
    data = base() + base().replace(b"240329201", b"240329777")
    written = acknowledge(data, refuse=lambda seen: "025" if seen.control == "240329777" else None)
    assert lines(written["ta1"], "TA1") == ["TA1*240329777*240329*0915*R*025"]
    assert [row[13] for row in rows(written["999"], "ISA")] == ["403292012"]
    assert [row[13] for row in rows(written["277ca"], "ISA")] == ["403292013"]
    check(written)


def test_a_crashed_rule_is_no_acceptance() -> None:
    rules = all_rules()
    broken = msgspec.structs.replace(rules["RTE01"], check=_crash)
    engine = Engine({**rules, "RTE01": broken}, profiles(), reference(), codes=("J3590",), as_of=NOW.date())
    written = acknowledge(base(), outcomes=scrub_buffer(base(), engine, ("J3590",), all_claims=True))
    assert claims(written["277ca"])["B1001"][1] == "STC*A3:0*20240401*U*15125"
    assert lines(written["999"], "IK5") == ["IK5*A"]
    check(written)


def _crash(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    raise KeyError(line.number)
    yield  # makes this a generator, as rules are


# -- envelopes and control numbers -----------------------------------------------------------------------------


def test_sender_and_receiver_change_places() -> None:
    data = base().replace(b"*ZZ*RULEBENCH      *ZZ*CEDARCLEAR     ", b"*30*990000101      *27*CEDARCLEAR     ")
    data = data.replace(b"GS*HC*RULEBENCH*CEDARCLEAR", b"GS*HC*SENDERAPP*RECEIVERAPP").replace(
        b"*0*T*:", b"*1*P*:"
    )
    for kind, version in (("999", "005010X231A1"), ("277ca", "005010X214")):
        (isa,), (gs,) = rows(acknowledge(data)[kind], "ISA"), rows(acknowledge(data)[kind], "GS")
        assert [part.strip() for part in isa[5:9]] == ["27", "CEDARCLEAR", "30", "990000101"]
        assert isa[9:13] == ["240401", "0000", "^", "00501"]
        assert isa[14:] == ["0", "P", ":"]
        assert gs[2:4] == ["RECEIVERAPP", "SENDERAPP"]
        assert gs[8] == version
    assert lines(acknowledge(data)["ta1"], "TA1") == ["TA1*240329201*240329*0915*A*000"]


def test_usage_that_is_neither_production_nor_test_is_answered_as_a_test() -> None:
    isa = rows(acknowledge(base().replace(b"*0*T*:", b"*0*I*:"))["999"], "ISA")[0]
    assert isa[15] == "T"


def test_control_numbers_come_from_the_input_and_differ_by_kind() -> None:
    written = acknowledge(base().replace(b"*0*T*:", b"*1*T*:"))
    assert [rows(written[kind], "ISA")[0][13] for kind in KINDS] == ["403292012", "403292013", "403292011"]


def test_control_numbers_count_on_from_a_given_one() -> None:
    data = (base() + base()).replace(b"*0*T*:", b"*1*T*:")
    written = acknowledge(data, first=999_999_998)
    numbers = [row[13] for kind in KINDS for row in rows(written[kind], "ISA")]
    assert sorted(numbers) == ["000000001", "000000002", "000000003", "000000004", "999999998", "999999999"]
    check(written)


def test_one_interchange_an_interchange_and_one_group_a_group() -> None:
    written = acknowledge(ENVELOPES.read_bytes())
    assert len(rows(written["999"], "ISA")) == 5, "seven, of which two are refused"
    assert [row[2] for row in rows(written["999"], "AK1")] == ["1", "2", "1", "1", "1", "2", "3", "4", "1"]
    assert len(rows(written["999"], "GS")) == len(rows(written["999"], "ST")) == 9


# -- every fault of a file has its answer, or a reason why not -------------------------------------------------


def test_every_fault_kind_is_answered_or_says_why_not() -> None:
    assert all((kind.ack is None) == bool(kind.no_ack) for kind in faults.KINDS)
    kinds = [kind for kind in faults.KINDS if kind.ack is not None]
    answers = {(kind.code, kind.severity, kind.ack.level): kind.ack for kind in kinds if kind.ack is not None}
    assert all(answers[kind.code, kind.severity, kind.ack.level] == kind.ack for kind in kinds if kind.ack)


def test_no_fault_code_is_written_outside_of_the_catalog() -> None:
    codes = {kind.code for kind in faults.KINDS}
    package = ROOT / "x12proc"
    sources = [path for part in ("wire", "claims", "engine", "runner", "conformance", "reports/edi")
               for path in (package / part).rglob("*.py")]  # fmt: skip
    written = {
        (path.relative_to(package).as_posix(), text)
        for path in sources if path.name != "faults.py"
        for text in re.findall(r'"([a-zA-Z0-9]+(?:-[a-z0-9]+)*)"', path.read_text())
    }  # fmt: skip
    assert not {entry for entry in written if entry[1] in codes}


# -- hostile input ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        b"JOS\xc3\x89",
        b"JOS\xc9",
        b"O'BRIEN^SMITH",
        b"A\x01B\x7fC",
        b"M\xc3\xbcLLER \xe2\x84\xa2",
        b" ",
        b"",
        b"X" * 300,
    ],
)
def test_names_become_clean_text_within_the_guide(name: bytes) -> None:
    data = base().replace(b"*HARTLEY*MARY*", b"*" + name + b"*" + name + b"*")
    data = data.replace(b"LAKESIDE INFUSION CENTER", name).replace(b"RULE BENCH BILLING", name)
    written = acknowledge(data.replace(b"*W440192003", b"*" + name).replace(b"*RB001", b"*" + name))
    check(written)
    assert list(claims(written["277ca"])) == ["B1001"]


def test_accents_are_taken_off_and_delimiters_of_ours_blanked() -> None:
    data = restyle(base(), "pipe").replace(b"|HARTLEY|MARY|", "|MÜLLER*X~Y|JOSÉ:É|".encode())
    data = data.replace(b"CLM|B1001|", b"CLM|B*1^00:1~|")
    written = acknowledge(data)
    assert rows(written["277ca"], "NM1")[-1][3:5] == ["MULLER X Y", "JOSE E"]
    assert list(claims(written["277ca"])) == ["B 1 00 1"]


@pytest.mark.parametrize("charge", [b"", b"ABC", b"1E5", b"9" * 30, b"1.005", b"-15.5", b"00100.50", b"-0"])
def test_a_charge_that_is_none_counts_as_nothing_and_all_agrees(charge: bytes) -> None:
    data = base().replace(b"*15125*", b"*" + charge + b"*")
    data += base("I").replace(b"*8100*", b"*" + charge + b"*").replace(b"CTP****3", b"CTP****0")
    written = acknowledge(data)
    check(written)
    amount = {b"-15.5": "-15.5", b"00100.50": "100.5"}.get(charge, "0")
    assert claims(written["277ca"])["B1001"][1].split("*")[4] == amount


@settings(max_examples=80, deadline=None)
@given(
    st.binary(max_size=40)
    | st.sampled_from([b"*", b"~", b"HL*9**20*1~", b"GS*", b"GS*X~", b"ST*~", b"SE*1~", b"GE~", b"ISA*"]),
    st.integers(0, 1300),
    st.integers(0, 40),
    st.integers(200, 3000),
)
def test_any_damage_is_answered_in_valid_x12(junk: bytes, location: int, cut: int, window: int) -> None:
    data = FAULTY + base()
    data = data[:location] + junk + data[location + cut :]
    check(acknowledge(data, window=window))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 15),
    st.sampled_from(["", "A", "1", "é", "X" * 60, "\x01"]),
    st.sampled_from(["ISA", "GS", "ST", "BHT"]),
)
def test_any_header_value_is_answered_in_valid_x12(location: int, value: str, tag: str) -> None:
    parts = []
    for segment in segments(base()):
        fields = segment.split("*")
        if fields[0] == tag and 0 < location < len(fields):
            fields[location] = value.ljust(len(fields[location])) if tag == "ISA" else value
        parts.append("*".join(fields))
    check(acknowledge("".join(part + "~\n" for part in parts).encode("latin-1")))


# -- the scope of a 277CA --------------------------------------------------------------------------------------


def test_only_rejected_claims_are_listed_when_asked() -> None:
    everything = acknowledge(CLINIC.read_bytes())["277ca"]
    narrowed = acknowledge(CLINIC.read_bytes(), settings=AckSettings(scope="rejected"))["277ca"]
    rejected = [name for name, parts in claims(everything).items() if "*U*" in parts[1]]
    assert list(claims(narrowed)) == rejected
    assert guide_errors(narrowed) == []
    check_counts(narrowed)
    check_totals(narrowed)
    assert acknowledge(base(), settings=AckSettings(scope="rejected"))["277ca"] == b""
