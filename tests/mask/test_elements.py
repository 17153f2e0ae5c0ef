"""The table of elements: nothing of the guides is forgotten, and what is kept has a reason."""

from __future__ import annotations

import pytest
from support.guide_segments import MAPS, Canaries, composite_places, segments_of
from support.masks import masked

from x12proc.mask.elements import KEPT, REPLACED, TAGS, is_composite, is_listed, masking_rule

HEAD = (
    "ISA*00*          *00*          *ZZ*SENDERCANARY   *ZZ*RECEIVER       *240329*0915*^*00501*240329201*0*T*:~\n"
    "GS*HC*SENDERCANARY*RECEIVER*20240329*0915*201*X*{guide}~\nST*837*0001*{guide}~\n"
    "BHT*0019*00*BATCHCANARY*20240329*0915*CH~\nHL*1**20*1~\n"
)
CLAIM = "CLM*CLAIMCANARY7*100***11:B:1*Y*A*Y*Y~\n"


@pytest.mark.parametrize("guide", MAPS)
def test_every_used_element_of_the_guide_is_in_the_table(guide: str) -> None:
    forgotten = [
        element[:3]
        for elements in segments_of(guide)
        for element in elements
        if not is_listed(element.tag, element.position, element.component)
    ]
    assert forgotten == []


@pytest.mark.parametrize("guide", MAPS)
def test_what_is_composite_in_the_guide_is_composite_in_the_table(guide: str) -> None:
    used = {(e.tag, e.position) for elements in segments_of(guide) for e in elements if e.component > 1}
    assert used == {location for location in used if is_composite(*location)}
    assert composite_places()


def test_every_treatment_is_kept_with_a_reason_or_replaced() -> None:
    kinds = {
        masking_rule((tag,), position, component)
        for tag in TAGS
        for position in range(1, 26)
        for component in range(1, 10)
    }
    assert kinds <= {*KEPT, *REPLACED}
    assert all(len(reason) > 10 for reason in KEPT.values())
    assert kinds >= {"text", "id", "date", "birth", "zip", "contact", "payer", "drug"}


@pytest.mark.parametrize("guide", MAPS)
@pytest.mark.parametrize("secret", ["one key of many", "another one of them"])
def test_no_canary_survives(guide: str, secret: str) -> None:
    canaries = Canaries()
    body = "".join(segment + "~\n" for segment in canaries.segments(guide))
    data = (HEAD.format(guide=guide) + CLAIM + body + "SE*9*0001~\nGE*1*201~\nIEA*1*240329201~\n").encode()
    out = masked(data, secret=secret).decode()
    assert len(canaries.values) > 200
    assert [location for canary, location in canaries.values.items() if canary in out] == []
    assert [word for word in ("CANARY", "RECEIVER", "240329") if word in out] == []
    assert [len(line) for line in out.splitlines()] == [len(line) for line in data.decode().splitlines()]


@pytest.mark.parametrize("guide", MAPS)
def test_kept_elements_stay(guide: str) -> None:
    canaries = Canaries()
    segments = canaries.segments(guide)
    data = (HEAD.format(guide=guide) + CLAIM + "".join(s + "~\n" for s in segments) + "SE*9*0001~\n").encode()
    out = masked(data).decode().splitlines()[6:]
    changed = [
        (new.split("*")[0], position)
        for old, new in zip(segments, out, strict=False)
        for position, (one, other) in enumerate(zip(old.split("*"), new.rstrip("~").split("*"), strict=True))
        if one != other and ":" not in one and masking_rule(tuple(old.split("*")), position) in KEPT
    ]
    assert changed == []


def test_a_payer_is_kept_and_a_person_who_pays_is_not() -> None:
    assert masking_rule(("NM1", "PR", "2"), 3) == "payer"
    assert masking_rule(("NM1", "PR", "1"), 3) == "name"
    assert masking_rule(("NM1", "IL", "1"), 3) == "name"
    assert masking_rule(("NM1", "85", "2", "X", "", "", "", "", "XX"), 9) == "npi"


@pytest.mark.parametrize(
    ("qualifier", "kind"),
    [("EI", "tax"), ("SY", "tax"), ("G1", "id"), ("EA", "id"), ("F8", "id"), ("??", "id"), ("P4", "code")],
)
def test_a_reference_is_replaced_unless_its_qualifier_is_known_to_be_harmless(qualifier: str, kind: str) -> None:
    assert masking_rule(("REF", qualifier), 2) == kind


def test_what_no_table_names_is_replaced() -> None:
    assert masking_rule(("LIN",), 9) == "id"
    assert masking_rule(("ZZZ",), 1) == "id"
    assert masking_rule(("NTE",), 5) == "text"
