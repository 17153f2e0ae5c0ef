"""What holds of any claims and any bytes, tried on ever other ones."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from fuzz_targets import TARGETS
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st
from support.edi import CLINIC, HOSPITAL, STYLES, base

import x12proc
from x12proc.engine.stream import scrub_buffer
from x12proc.runner.settings import load_settings
from x12proc.testing import Claim, Drug, Line, Note, Person, Provider, Reference, Style, interchange

AS_OF = date(2024, 4, 1)
MANY = tries(max_examples=150, deadline=None)
FEW = tries(max_examples=60, deadline=None)

# -- claims, written and read -------------------------------------------------------------------------------------

# Texts without the delimiters of any style; blanks at the ends are the business of other tests.
TEXT = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,/-()%#", min_size=1, max_size=40).map(
    lambda text: text.strip() or "X"
)
CODE = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=12)
AMOUNT = st.decimals(0, 999999, places=2).map(lambda number: f"{number.normalize():f}")
DAY = st.integers(0, 900).map(lambda days: date(2022, 1, 1) + timedelta(days=days))
DRUGS = st.builds(
    Drug,
    ndc=st.text("0123456789", min_size=11, max_size=11),
    quantity=AMOUNT,
    unit=st.sampled_from(["ML", "UN", "GR", "ME", "F2"]),
    reference=st.none() | st.builds(Reference, st.just("XZ"), CODE),
)
LINES = st.builds(
    Line,
    procedure=st.sampled_from(["J3590", "96365", "99213"]),
    charge=AMOUNT,
    modifiers=st.lists(st.sampled_from(["JW", "JZ", "JA", "RT", "Q0"]), max_size=4, unique=True).map(tuple),
    description=st.just("") | TEXT,
    drug=st.none() | DRUGS,
    day=DAY | st.tuples(DAY, DAY).map(lambda days: (min(days), max(days))),
    units=st.integers(1, 99).map(str),
    notes=st.just(()) | TEXT.map(lambda text: (Note("ADD", text),)),
)
CLAIMS = st.builds(
    Claim,
    id=CODE,
    type=st.sampled_from(["P", "I"]),
    lines=st.lists(LINES, min_size=1, max_size=4).map(tuple),
    diagnoses=st.lists(st.sampled_from(["E7521", "D595", "Z006", "C50911"]), min_size=1, max_size=4).map(tuple),
    references=st.just(()) | CODE.map(lambda code: (Reference("G1", code),)),
    provider=st.builds(Provider, name=TEXT, npi=st.text("0123456789", min_size=10, max_size=10)),
    patient=st.none() | st.builds(Person, last=TEXT, first=TEXT, member_id=st.just("")),
)
ANY_STYLE = st.sampled_from([Style(*marks) for marks in STYLES.values()])


@MANY
@given(st.lists(CLAIMS, min_size=1, max_size=5), ANY_STYLE, st.integers(1, 3))
def test_what_is_written_is_read_again(claims: list[Claim], style: Style, per_set: int) -> None:
    data = interchange(*claims, style=style, claims_per_set=per_set)
    assert [facts(claim) for claim in x12proc.read(data)] == [expected(claim) for claim in claims]


def expected(claim: Claim) -> tuple[object, ...]:
    return (
        claim.id,
        claim.type,
        claim.diagnoses,
        claim.patient is not None,
        claim.provider.npi,
        tuple(
            (
                line.procedure,
                line.charge,
                line.modifiers,
                line.description,
                line.units,
                (line.drug.ndc, line.drug.quantity, line.drug.unit) if line.drug else None,
                line.day if isinstance(line.day, tuple) else (line.day, line.day),
                tuple(note.text for note in line.notes),
            )
            for line in claim.lines
        ),
    )


def facts(claim: x12proc.Claim) -> tuple[object, ...]:
    return (
        claim.id,
        claim.type,
        tuple(code.code for code in claim.diagnoses),
        claim.dependent,
        claim.billing_provider.id if claim.billing_provider else None,
        tuple(
            (
                line.procedure,
                line.charge,
                line.modifiers,
                line.description,
                line.units,
                (line.drug.ndc, line.drug.quantity, line.drug.unit) if line.drug else None,
                line.service_days,
                tuple(note.text for note in line.notes),
            )
            for line in claim.lines
        ),
    )


@FEW
@given(
    st.lists(CLAIMS, min_size=2, max_size=6, unique_by=lambda claim: claim.id), st.randoms(use_true_random=False)
)
def test_the_order_of_claims_changes_no_finding(claims: list[Claim], dice: random.Random) -> None:
    shuffled = list(claims)
    dice.shuffle(shuffled)
    assert findings(claims) == findings(shuffled)


def findings(claims: list[Claim]) -> dict[str, list[tuple[str, str, str]]]:
    scrubbed = x12proc.scrub(interchange(*claims), as_of=AS_OF, conformance="off")
    return {
        claim.claim.id: [(found.rule, found.severity, found.message) for found in claim.all_findings]
        for claim in scrubbed
    }


def taken(scrubbing: x12proc.ScrubRun) -> tuple[list[x12proc.ClaimResult], x12proc.X12SyntaxError | None]:
    """The claims of a file, and what it failed with."""
    claims = []
    try:
        for claim in scrubbing:
            claims.append(claim)
    except x12proc.X12SyntaxError as error:
        return claims, error
    return claims, None


# -- any bytes ----------------------------------------------------------------------------------------------------

WHOLE = {"P": CLINIC.read_bytes(), "I": HOSPITAL.read_bytes(), "small": base()}


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A file with a few stretches replaced, doubled, moved or taken out."""
    data = WHOLE[draw(st.sampled_from(sorted(WHOLE)))]
    for _ in range(draw(st.integers(1, 4))):
        location, length = draw(st.integers(0, len(data))), draw(st.integers(0, 400))
        piece = data[location : location + length]
        new = draw(
            st.sampled_from([b"", piece * 2, piece[::-1]]) | st.binary(max_size=20) | st.sampled_from(MARKS)
        )
        data = data[:location] + new + data[location + length :]
    return data


MARKS = [
    b"~",
    b"*",
    b"\n",
    b"\r\n",
    b"ISA*",
    b"~ST*",
    b"~SE*",
    b"~HL*",
    b"~CLM*",
    b"\0",
    b"\xef\xbb\xbf",
    b"J3590",
]


@FEW
@given(damaged())
def test_damage_never_breaks_a_promise(data: bytes) -> None:
    for target in ("wire", "claims", "restore"):
        TARGETS[target](data)


@FEW
@given(damaged() | st.binary(max_size=300))
def test_any_bytes_are_a_result_or_a_declared_error(data: bytes) -> None:
    out = io.BytesIO()
    scrubbing = x12proc.scrub(data, as_of=AS_OF, conformance="off", emit=["json"], output=out)
    claims, failure = taken(scrubbing)
    assert scrubbing.result is not None
    rejected = "rejected" if any(claim.rejected for claim in claims) else "accepted"
    assert scrubbing.result.summary.status == ("failed" if failure else rejected)
    assert failure is None or 0 <= failure.offset <= len(data)
    assert out.getvalue().startswith(b'{"schema":"x12proc.report/1"')
    assert out.getvalue().rstrip().endswith(b"}")


# -- every cut, every count ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["P", "I"])
def test_a_file_cut_anywhere_is_never_accepted(kind: str) -> None:
    """4 KB of either guide, cut at every byte: failed, and never a claim that the whole file doesn't have."""
    data = WHOLE[kind][:4096]
    whole = {claim.claim.id for claim in x12proc.scrub(WHOLE[kind], as_of=AS_OF, conformance="off")}
    settings = load_settings(as_of=AS_OF)
    for cut in range(len(data) + 1):
        outcomes = list(scrub_buffer(data[:cut], settings.engine(), settings.codes))
        assert {reported.claim.id for reported in outcomes if isinstance(reported, x12proc.ClaimResult)} <= whole
        errors = [
            reported
            for reported in outcomes
            if isinstance(reported, x12proc.Fault) and reported.severity == "error"
        ]
        assert errors
        assert all(0 <= error.byte_offset <= cut for error in errors)


def wrong(segment: bytes, element: int) -> Iterator[bytes]:
    """A count or control number in other ways than it should be."""
    parts = segment.split(b"*")
    right = parts[element]
    for text in (b"", b"0", b"1" + right, right + b"X", b"-" + right, b"0" + right, b"9" * 30, right[::-1] + b"7"):
        yield b"*".join([*parts[:element], text, *parts[element + 1 :]])


ENVELOPES = [(b"SE*", 1), (b"SE*", 2), (b"GE*", 1), (b"GE*", 2), (b"IEA*", 1), (b"IEA*", 2), (b"ISA*", 13)]
ENVELOPES += [(b"GS*", 6), (b"ST*", 2)]


@pytest.mark.parametrize(("tag", "element"), ENVELOPES, ids=str)
@pytest.mark.parametrize("kind", ["P", "I"])
def test_a_wrong_count_is_told_and_a_wrong_control_number_fails(kind: str, tag: bytes, element: int) -> None:
    data = base(kind)
    start = data.index(b"\n" + tag) + 1 if tag != b"ISA*" else 0
    end = data.index(b"~", start)
    clean = [claim.claim.id for claim in x12proc.scrub(data, as_of=AS_OF, conformance="off")]
    for segment in wrong(data[start:end], element):
        scrubbing = x12proc.scrub(data[:start] + segment + data[end:], as_of=AS_OF, conformance="off")
        claims, failure = taken(scrubbing)
        assert [claim.claim.id for claim in claims] == clean, "no claim is lost"
        assert scrubbing.result is not None
        same = same_number(segment, data[start:end], element)
        assert scrubbing.result.faults or (same and element == 1), segment
        assert (failure is not None) == (element != 1 and not same), segment


def same_number(one: bytes, other: bytes, element: int) -> bool:
    """Whether only leading zeros differ: no failure, and of a count no fault at all."""
    texts = [segment.split(b"*")[element].strip().lstrip(b"0") for segment in (one, other)]
    return texts[0] == texts[1]
