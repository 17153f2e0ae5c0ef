"""Claims opened from the demo files and from edited base claims: every element where the guide has it."""

from __future__ import annotations

from datetime import date

import pytest
from support.edi import CLINIC, HOSPITAL, STYLES, base, restyle

import x12proc
from x12proc.claims import builder
from x12proc.claims.model import Claim, location_of, missing_location
from x12proc.claims.summary import SummaryReader
from x12proc.errors import X12SyntaxError
from x12proc.wire.events import ClaimSpan
from x12proc.wire.scanner import scan
from x12proc.wire.segment import Segment


def by_id(path: object) -> dict[str, Claim]:
    return {claim.id: claim for claim in x12proc.read(path)}  # type: ignore[arg-type]  # a Path


CLINIC_CLAIMS = by_id(CLINIC)
HOSPITAL_CLAIMS = by_id(HOSPITAL)


def test_all_claims_are_read() -> None:
    assert len(CLINIC_CLAIMS) == 59
    assert len(HOSPITAL_CLAIMS) == 29


def test_a_professional_claim_in_full() -> None:
    claim = CLINIC_CLAIMS["P1001"]
    assert (claim.type, claim.guide, claim.charge) == ("P", "005010X222A1", "10445")
    assert (claim.facility_code, claim.facility_qualifier, claim.frequency) == ("11", "B", "1")
    assert claim.filing_indicator == "MB"
    assert claim.payer is not None
    assert claim.payer.id == "01182"
    assert claim.billing_provider is not None
    assert claim.billing_provider.id == "1457002313"
    assert [code.code for code in claim.diagnoses] == ["M456", "Z79899"]
    assert [party.loop for party in claim.parties] == ["2310A", "2310B"]
    assert [party.loop for party in claim.submitter_receiver] == ["1000A", "1000B"]
    line = claim.lines[0]
    assert (line.number, line.qualifier, line.procedure, line.units, line.unit) == ("1", "HC", "J3590", "1", "UN")
    assert line.description.startswith("COSENTYX")
    assert line.pointers == ("1",)
    assert line.control == "P1001-01"
    assert line.service_period is not None
    assert line.service_period.first == date(2024, 2, 6)
    assert line.drug is not None
    assert (line.drug.qualifier, line.drug.ndc, line.drug.quantity, line.drug.unit) == (
        "N4", "00078116861", "16.8", "ML",
    )  # fmt: skip
    assert claim.lines[1].modifiers == ("JW",)


def test_an_institutional_claim_in_full() -> None:
    claim = HOSPITAL_CLAIMS["H5001"]
    assert (claim.type, claim.facility_code, claim.facility_qualifier) == ("I", "13", "A")
    line = claim.lines[0]
    assert (line.revenue_code, line.procedure, line.charge, line.units) == ("0636", "J3590", "8100", "1")
    assert line.modifiers_sent == ("JZ",)
    assert claim.statement_period is not None
    assert claim.statement_period.first == claim.statement_period.last == date(2023, 12, 13)
    assert {code.qualifier for code in claim.health_codes} >= {"ABK", "APR"}
    assert [code.code for code in claim.diagnoses] == ["E771"]
    assert claim.pointed_diagnoses(line) == claim.diagnoses
    assert claim.reference("G1") is not None
    assert claim.notes[0].code == "ADD"


def test_every_kind_of_health_code_is_read() -> None:
    kinds = {code.qualifier for claim in HOSPITAL_CLAIMS.values() for code in claim.health_codes}
    assert kinds >= {"ABK", "ABF", "APR", "ABJ", "BBR", "BBQ", "BE", "BG", "BH"}
    assert any(claim.code("BG", "30") for claim in HOSPITAL_CLAIMS.values())


@pytest.mark.parametrize("name", ["P1017", "P3001", "P4004"])
def test_the_patient_may_be_a_dependent(name: str) -> None:
    claim = CLINIC_CLAIMS[name]
    assert claim.dependent
    assert claim.patient_party is not None
    assert claim.patient_party.loop == "2010CA"
    assert claim.subscriber[0].loop == "2010BA"
    assert claim.payer is not None


def test_a_subscriber_after_a_dependent_is_no_dependent() -> None:
    assert not CLINIC_CLAIMS["P1018"].dependent
    assert CLINIC_CLAIMS["P1018"].patient_party is not None
    assert CLINIC_CLAIMS["P1018"].patient_party.loop == "2010BA"


@pytest.mark.parametrize("claims", [CLINIC_CLAIMS, HOSPITAL_CLAIMS], ids=["P", "I"])
def test_what_other_payers_said_is_not_the_claims_own(claims: dict[str, Claim]) -> None:
    secondary = [claim for claim in claims.values() if any(s.loop == "2430" for s in claim.segments)]
    assert secondary
    for claim in secondary:
        loops = {segment.loop for segment in claim.segments}
        assert {"2320", "2330A", "2330B"} <= loops
        assert claim.payer is not None
        assert claim.payer.segments[0].loop == "2010BB"
        for line in claim.lines:
            adjudicated = [segment for segment in line.segments if segment.loop == "2430"]
            assert all(segment.tag in ("SVD", "CAS", "DTP", "AMT") for segment in adjudicated)
            assert all(period.segment.loop == "2400" for period in line.dates)
        assert all(period.segment.loop == "2300" for period in claim.dates)


def test_every_segment_knows_where_it_stands() -> None:
    data = CLINIC.read_bytes()
    for claim in CLINIC_CLAIMS.values():
        assert claim.segments[0].tag == "CLM"
        for segment in claim.segments:
            assert data[segment.offset : segment.offset + len(segment.raw)] == segment.raw
            assert data[: segment.offset].count(b"~") == segment.index
            for position, element in enumerate(segment.elements):
                offset = segment.element_offset(position)
                assert data[offset : offset + len(element)].decode() == element


@pytest.mark.parametrize("style", STYLES)
def test_the_style_of_the_file_changes_no_value(style: str) -> None:
    def values(claim: Claim) -> tuple[object, ...]:
        lines = [(line.procedure, line.modifiers, line.description, line.ndc, line.charge) for line in claim.lines]
        return claim.id, claim.charge, [code.code for code in claim.diagnoses], lines

    for path in (CLINIC, HOSPITAL):
        plain = [values(claim) for claim in x12proc.read(path)]
        assert [values(claim) for claim in x12proc.read(restyle(path.read_bytes(), style))] == plain


def test_loops_of_an_odd_claim() -> None:
    data = base().replace(
        b"LX*2~", b"NM1*ZZ*2*ODD~\nREF*0B*1~\nNM1*82*1*LINE*DOC~\nPRV*PE*PXC*X~\nSVD*A*1*HC:J3590~\nLX*2~"
    )
    claim = next(x12proc.read(data))
    loops = [(segment.tag, segment.loop) for segment in claim.lines[0].segments]
    assert loops[-5:] == [("NM1", "2400?"), ("REF", "2400?"), ("NM1", "2420A"), ("PRV", "2420A"), ("SVD", "2430")]
    assert len(claim.lines) == 2
    assert claim.lines[0].references[0].value == "B1001-01"


def test_two_drug_loops_on_one_line_are_both_kept() -> None:
    data = base().replace(b"CTP****40*ML~", b"CTP****40*ML~\nREF*XZ*77~\nLIN**N4*00078116861~\nCTP****1*UN~")
    line = next(x12proc.read(data)).lines[0]
    assert [drug.ndc for drug in line.drugs] == ["10122016002", "00078116861"]
    assert [len(drug.segments) for drug in line.drugs] == [3, 2]


def test_gaps_between_modifiers_are_kept() -> None:
    line = next(x12proc.read(base().replace(b"HC:J3590:JZ::::", b"HC:J3590::JZ:::"))).lines[0]
    assert line.modifiers == ("", "JZ")
    assert line.modifiers_sent == ("JZ",)


def test_a_line_without_sv1_is_still_a_line() -> None:
    data = base().replace(b"SV1*HC:96365*245*UN*1***1~\n", b"")
    line = next(x12proc.read(data)).lines[1]
    assert line.service is None
    assert (line.procedure, line.charge, line.units) == ("", "", "")
    assert line.sv_or_lx is line.lx


def test_places_are_named_as_the_guides_name_them() -> None:
    segment = Segment("SV1", ("SV1", "HC:J3590", "5"), 7, 100, b"SV1*HC:J3590*5", "2400")
    assert location_of(segment, 1, 7).element == "SV101-7"
    assert location_of(segment, 2).byte_offset == 113
    assert location_of(segment, 9).byte_offset == 100 + len(segment.raw)
    gap = missing_location(segment, "2410", "LIN03")
    assert (gap.segment, gap.element, gap.after, gap.segment_index) == ("LIN", "LIN03", "SV1", 7)
    assert missing_location(segment, "2410", "CTP05-1").segment == "CTP"


def test_a_claim_beyond_measure_is_refused_with_its_place() -> None:
    flood = b"REF*EA*1~\n" * 120_000
    data = base().replace(b"REF*G1*PA88120447~\n", flood)
    with pytest.raises(x12proc.X12SyntaxError, match="over 100000 segments"):
        list(x12proc.scrub(data))


def only_span(data: bytes) -> ClaimSpan:
    (span,) = (event for event in scan(data, ("J3590",)) if isinstance(event, ClaimSpan))
    return span


@pytest.mark.parametrize(("limit", "value"), [("LARGEST_CLAIM", 400), ("MOST_SEGMENTS", 12)])
def test_a_claim_larger_than_any_is_not_opened(limit: str, value: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = base()
    monkeypatch.setattr(builder, limit, value)
    with pytest.raises(X12SyntaxError, match=f"A claim of over {value}") as raised:
        builder.ClaimBuilder(data).build(only_span(data))
    assert (raised.value.code, raised.value.offset) == ("claim-too-large", data.index(b"CLM*"))


@pytest.mark.parametrize("text", ["2024O401", "20240230", "２０２４０４０１", "2024040", "202404011", ""])
def test_what_is_no_day_is_none(text: str) -> None:
    assert builder.parse_date(text) is None


def test_the_trace_of_a_claim_is_its_own_and_not_another_payers() -> None:
    """REF*D9 after the claim's own segments belongs to the loops there."""
    data = base().replace(b"LX*1~", b"NM1*PR*2*OTHER*****PI*X~\nREF*D9*THEIRS~\nLX*1~")
    assert SummaryReader(data).head(only_span(data)).trace == ""
    own = data.replace(b"HI*", b"REF*D9*OURS~\nHI*")
    assert SummaryReader(own).head(only_span(own)).trace == "OURS"
