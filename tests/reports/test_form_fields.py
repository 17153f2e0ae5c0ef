"""Places of a claim in the words of the paper forms."""

from __future__ import annotations

import re

import pytest
from support.edi import CLINIC, HOSPITAL, base
from support.reports import findings, run, run_case
from support.rule_cases import all_cases

from x12proc.claims.builder import ClaimBuilder
from x12proc.claims.form_fields import _INSTITUTIONAL, _PROFESSIONAL, field_of, form_field
from x12proc.claims.model import Claim, location_of, missing_location
from x12proc.wire.events import ClaimSpan
from x12proc.wire.scanner import scan

FIELD = re.compile(
    r"Box (?:[1-9]|[123][0-9])[a-dA-J]?(?: or Box 24)?(?: shaded)?"
    r"|FL [0-9]{1,2}(?:[ab]|A-Q|a-e|-[0-9]{1,2}| line 23)?"
)


def claim(data: bytes) -> Claim:
    """The first claim of a file."""
    builder = ClaimBuilder(data)
    span = next(event for event in scan(data, (), all_claims=True) if isinstance(event, ClaimSpan))
    return builder.build(span)


@pytest.mark.parametrize(
    ("location", "box", "locator"),
    [
        (("2400", "SV101-2"), "Box 24D", None),
        (("2400", "SV101-5"), "Box 24D", None),
        (("2400", "SV101-7"), "Box 19 or Box 24 shaded", None),
        (("2400", "SV102"), "Box 24F", None),
        (("2400", "SV104"), "Box 24G", None),
        (("2400", "SV107-1"), "Box 24E", None),
        (("2400", "SV201"), None, "FL 42"),
        (("2400", "SV202-3"), None, "FL 44"),
        (("2400", "SV202-7"), None, "FL 80"),
        (("2400", "SV203"), None, "FL 47"),
        (("2400", "SV205"), None, "FL 46"),
        (("2400", "DTP03", "472"), "Box 24A", "FL 45"),
        (("2410", "LIN03"), "Box 24A shaded", "FL 43"),
        (("2410", "CTP05-1"), "Box 24A shaded", "FL 43"),
        (("2410", "REF02", "XZ"), None, None),
        (("2300", "CLM05-1"), "Box 24B", "FL 4"),
        (("2300", "NTE02"), "Box 19", "FL 80"),
        (("2300", "HI01-2", "ABK"), "Box 21", "FL 67"),
        (("2300", "HI02-2", "BE"), None, "FL 39-41"),
        (("2300", "REF02", "G1"), "Box 23", "FL 63"),
        (("2300", "REF02", "F8"), "Box 22", "FL 64"),
        (("2300", "REF02", "D9"), None, None),
        (("2310C", "NM103"), "Box 32", "FL 78-79"),
        (("2010BB", "NM109"), None, "FL 51"),
        (("2300", "K301"), None, None),
        (("ISA", "ISA13"), None, None),
    ],
)
def test_elements_have_their_fields(location: tuple[str, ...], box: str | None, locator: str | None) -> None:
    assert (field_of("P", *location), field_of("I", *location)) == (box, locator)


def test_every_entry_names_a_field_of_its_form() -> None:
    assert [field for field in _PROFESSIONAL.values() if not FIELD.fullmatch(field)] == []
    assert {field[:3] for field in _PROFESSIONAL.values()} == {"Box"}
    assert [field for field in _INSTITUTIONAL.values() if not FIELD.fullmatch(field)] == []
    assert {field[:3] for field in _INSTITUTIONAL.values()} == {"FL "}


def test_a_segment_says_what_it_holds() -> None:
    own = claim(base("I"))
    reported = {
        segment.raw: form_field(own, location_of(segment, 1, 2)) for segment in own.segments if segment.tag == "HI"
    }
    assert {raw[:6]: field for raw, field in reported.items()}[b"HI*ABK"] == "FL 67"
    statement = next(segment for segment in own.segments if segment.raw.startswith(b"DTP*434"))
    assert form_field(own, location_of(statement, 3)) == "FL 6"


@pytest.mark.parametrize(
    ("location", "status", "box", "locator"),
    [
        (("2400", "DTP03"), "A6:187", "Box 24A", "FL 45"),
        (("2410", "LIN03"), "A6:218", "Box 24A shaded", "FL 43"),
        (("2300", "REF02"), "A6:252", "Box 23", "FL 63"),
        (("2300", "REF02"), "A6:464", "Box 22", "FL 64"),
        (("2300", "REF02"), "A6:556", "Box 19", None),
        (("2300", "HI01-2"), "A6:254", "Box 21", "FL 67"),
        (("2300", "HI01-2"), "A6:460", "Box 10d", "FL 18-28"),
        (("2300", "REF02"), "", None, None),
        (("2300", "HI01-2"), "A6:1", None, None),
    ],
)
def test_what_is_missing_has_the_field_of_what_its_status_names(
    location: tuple[str, str], status: str, box: str | None, locator: str | None
) -> None:
    for kind, field in (("P", box), ("I", locator)):
        own = claim(base(kind))
        assert form_field(own, missing_location(own.clm, *location), status) == field


def test_the_insured_is_the_patient_unless_there_is_a_dependent() -> None:
    own = claim(base())
    insured = next(party for party in own.subscriber if party.loop == "2010BA")
    assert not own.dependent
    assert form_field(own, location_of(insured.segments[0], 3)) == "Box 2"
    assert form_field(own, location_of(insured.segments[0], 9)) == "Box 1a"


def test_reports_name_the_field_beside_the_element() -> None:
    result = run(base().replace(b"CTP****40*ML", b"CTP****0*ML"))
    assert result.json()["claims"][0]["lines"][0]["findings"][0]["location"]["form_field"] == "Box 24A shaded"
    assert b"<form_field>Box 24A shaded</form_field>" in result.xml()
    assert b"Box 24A shaded</b>, CTP04 of loop 2410" in result.html()
    header, row, *_ = result.csv().decode().splitlines()
    assert header.split(",")[-3:] == ["form_field", "patient_name", "member_id"]
    assert row.endswith(",Box 24A shaded,,")


def test_most_findings_have_a_field() -> None:
    """What has none has no field on paper: references without a box, adjudications, services of other guides."""
    runs = [run(path.read_bytes()) for path in (CLINIC, HOSPITAL)]
    runs += [run_case(case) for _, case in all_cases()]
    documents = [document for result in runs for document in result.documents]
    locations = [finding["location"] for document in documents for finding in findings(document)]
    bare = [location for location in locations if location["form_field"] is None]
    assert len(locations) > 1000
    assert len(bare) < len(locations) / 10
    assert {location["segment"] for location in bare} <= {
        "REF",
        "PWK",
        "K3",
        "SVD",
        "CLM",
        "DTP",
        "HI",
        "SV2",
        "SV3",
    }
