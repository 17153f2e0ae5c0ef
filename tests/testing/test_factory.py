"""The factory that other people's tests build claims with: valid to an outside judge, counted, repeatable."""

from __future__ import annotations

import doctest
import importlib
from datetime import date
from itertools import product

import pytest
from generated.clean import clean
from generated.variants import varied
from support.pyx12_oracle import guide_errors

import x12proc
from x12proc.testing import (
    Adjudication,
    Adjustment,
    Claim,
    Drug,
    Line,
    Note,
    OtherPayer,
    Paperwork,
    Payer,
    Person,
    Provider,
    Reference,
    Style,
    interchange,
)
from x12proc.wire.events import Fault, GroupClosed, InterchangeClosed, TransactionClosed
from x12proc.wire.scanner import scan

DRUG = Line(
    *("J3590", "14880.50", ("JZ", "TB"), "ELFABRIO 80MG IV 4X20MG/10ML SDV"),
    Drug("10122016002", "40", "ML", reference=Reference("XZ", "RX778812")),
)
GIVING = Line("96365", "245", revenue_code="0260")
CHILD = Person("HARTLEY", "TIM", "", date(2015, 2, 3), "M")
PAID = Adjudication(payer_id="SEHP1", paid="11904.40", adjustments=(Adjustment("CO", "45", "2976.10"),))
RICH = Claim(
    id="RICH",
    lines=(
        Line(
            *("J3590", "14880.50", ("JZ",), "ELFABRIO 80MG IV", Drug("10122016002", "40", "ML")),
            day=(date(2023, 11, 14), date(2023, 11, 14)),
            references=(Reference("G1", "PA1234567"),),
            notes=(Note("ADD", "GIVEN OVER 3 HOURS"), Note("TPO", "REPRICED")),
            paperwork=(Paperwork("OZ", "FX", "INV9"),),
            pointers=(1, 2),
            place_of_service="11",
            adjudications=(PAID,),
        ),
    ),
    frequency="7",
    diagnoses=("E7521", "I10", "Z006"),
    references=(Reference("G1", "PA88120447"), Reference("F8", "123456789012"), Reference("P4", "01234567")),
    notes=(Note("ADD", "SEE LINE"),),
    paperwork=(Paperwork("03", "AA", ""),),
    other_payers=(OtherPayer(paid="11904.40"),),
    rendering=Provider("MARCHETTI", "PAUL", "1376005512", "207RR0500X"),
    referring=Provider("TILLMAN", "JUNE", "1714009978"),
)
HOSPITAL = Claim(
    type="I",
    lines=(DRUG, GIVING, Line("", "18.40", revenue_code="0258")),
    diagnoses=("E7521", "I10"),
    conditions=("30", "17"),
    values=(("80", "3"),),
    notes=(Note("ADD", "ELFABRIO NDC 10122-0160-02 IV 11/14/23 80MG"),),
    referring=Provider("TILLMAN", "JUNE", "1714009978"),
)
STAY = Claim(
    type="I",
    lines=(Line("J3590", "900", (), "ELFABRIO 80MG IV", Drug("10122016002", "40", "ML"), undated=True),),
    facility="11",
    statement=(date(2023, 11, 12), date(2023, 11, 15)),
    other_payers=(OtherPayer(paid="1"),),
)
WHOS = list(product((None, CHILD), "PI", ((), (OtherPayer(paid="5"),))))
# ASCII control characters are left out: pyx12 refuses them, though X12 allows them as delimiters.
STYLES = (Style(), Style(line_end=""), Style("|", ">", "!", "'", "\r\n"), Style(segment="\n", line_end=""))


def judged(data: bytes) -> int:
    """How many claims x12proc finds in a file that an outside validator has nothing against."""
    assert guide_errors(data) == []
    faults = [event for event in scan(data, ()) if isinstance(event, Fault)]
    assert faults == []
    return len(list(x12proc.read(data)))


@pytest.mark.parametrize("style", STYLES, ids=repr)
def test_interchanges_are_valid(style: Style) -> None:
    claims = (Claim(lines=(DRUG,)), Claim(lines=(DRUG, GIVING), patient=CHILD), RICH, HOSPITAL, STAY)
    assert judged(interchange(*claims, style=style)) == 5


def test_dozens_of_varied_claims_are_valid() -> None:
    samples = [varied(clean(seed)) for seed in range(150)]
    assert judged(interchange(*(sample.claim for sample in samples), claims_per_set=7, sets_per_group=3)) == 150


@pytest.mark.parametrize(("patient", "kind", "other"), WHOS)
def test_whoever_is_the_patient_and_whoever_pays(
    patient: Person | None, kind: str, other: tuple[OtherPayer, ...]
) -> None:
    claim = Claim(type=kind, lines=(DRUG,), patient=patient, other_payers=other)  # type: ignore[arg-type]  # P or I
    assert judged(interchange(claim, claim)) == 2
    read = next(x12proc.read(interchange(claim)))
    assert read.dependent is (patient is not None)
    assert read.patient_party is not None
    assert read.patient_party.name == ("HARTLEY, TIM" if patient else "HARTLEY, MARY")


def test_what_goes_in_comes_out() -> None:
    claim = next(x12proc.read(interchange(RICH)))
    line = claim.lines[0]
    assert (claim.id, claim.charge, claim.frequency, claim.facility_code) == ("RICH", "14880.50", "7", "11")
    assert [code.code for code in claim.diagnoses] == ["E7521", "I10", "Z006"]
    assert [(ref.qualifier, ref.value) for ref in claim.references][1] == ("F8", "123456789012")
    assert (line.procedure, line.modifiers, line.description) == ("J3590", ("JZ",), "ELFABRIO 80MG IV")
    assert (line.ndc, line.control, line.pointers) == ("10122016002", "RICH-01", ("1", "2"))
    assert line.drug is not None
    assert (line.drug.quantity, line.drug.unit) == ("40", "ML")
    assert [note.text for note in line.notes] == ["GIVEN OVER 3 HOURS", "REPRICED"]
    assert [paper.control for paper in line.paperwork] == ["INV9"]
    hospital = next(x12proc.read(interchange(HOSPITAL)))
    assert hospital.charge == "15143.90"
    assert [line.revenue_code for line in hospital.lines] == ["0636", "0260", "0258"]
    assert hospital.code("BG", "30") is not None
    assert hospital.statement_period is not None


def test_groups_and_sets_are_as_many_as_asked_for() -> None:
    claims = [Claim(lines=(DRUG,), type="P" if number < 5 else "I") for number in range(9)]
    data = interchange(*claims, control=41, claims_per_set=2, sets_per_group=2)
    assert judged(data) == 9
    events = list(scan(data, ()))
    sets = [event for event in events if isinstance(event, TransactionClosed)]
    groups = [event for event in events if isinstance(event, GroupClosed)]
    closed = next(event for event in events if isinstance(event, InterchangeClosed))
    assert [event.claims for event in sets] == [2, 2, 1, 2, 2]
    assert [event.transactions for event in groups] == [2, 1, 2]
    assert [event.group.control for event in groups] == ["41", "42", "43"]
    assert (closed.groups, closed.interchange.control) == (3, "000000041")
    assert len({event.transaction.control for event in sets}) == 5


def test_shared_loops_are_sent_once() -> None:
    own, childs = Claim(lines=(DRUG,)), Claim(lines=(DRUG,), patient=CHILD)
    data = interchange(own, own, childs, childs)
    assert (data.count(b"NM1*85*"), data.count(b"NM1*IL*"), data.count(b"NM1*QC*")) == (1, 2, 1)
    assert interchange(own, Claim(lines=(DRUG,), payer=Payer(id="OTHER"))).count(b"NM1*IL*") == 2


def test_the_same_claims_give_the_same_bytes() -> None:
    assert interchange(RICH, HOSPITAL) == interchange(RICH, HOSPITAL)
    assert [claim.id for claim in x12proc.read(interchange(STAY, HOSPITAL))] == ["C0001", "C0002"]


@pytest.mark.parametrize("text", ["A*B", "A:B", "A^B", "A~B"])
def test_a_delimiter_in_a_value_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="SV101 holds"):
        interchange(Claim(lines=(Line("J3590", "1", (), text),)))
    assert interchange(Claim(lines=(Line("J3590", "1", (), text),)), style=Style("|", ">", "!", "'"))


def test_an_interchange_needs_a_claim() -> None:
    with pytest.raises(ValueError, match="needs a claim"):
        interchange()


def test_the_documentation_is_true() -> None:
    assert doctest.testmod(importlib.import_module("x12proc.testing")).attempted > 5
    assert doctest.testmod(importlib.import_module("x12proc.testing")).failed == 0
