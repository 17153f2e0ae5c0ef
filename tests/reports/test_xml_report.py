"""The XML report: valid by its schema, and the same facts as the JSON report."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from support.edi import CLINIC, GUIDE_FAULTS, HOSPITAL, STYLES, base, restyle
from support.reports import Run, findings, run, run_case
from support.rule_cases import all_cases

from x12proc.engine.document import Document
from x12proc.reports.escape import clean, escaped
from x12proc.reports.xml_markup import element

FOLDER = Path(__file__).parent.parent.parent / "x12proc" / "reports"
SCHEMA = etree.XMLSchema(etree.parse(FOLDER / "report.xsd"))
DEMO = [CLINIC, HOSPITAL, GUIDE_FAULTS]


def tree(result: Run) -> etree._Element:
    """The XML report, valid by its schema."""
    root = etree.fromstring(result.xml())
    SCHEMA.assertValid(root)
    return root


def same(value: Any, node: etree._Element) -> Iterator[str]:
    """How a JSON value and an XML element differ, as paths."""
    children = [child for child in node if child.tag != "segments"]
    name = str(node.tag)
    if isinstance(value, dict):
        keys = [child.get("key", child.tag) for child in children]
        facts = {key: entry for key, entry in value.items() if entry is not None}
        if keys != list(facts):
            yield f"{name}: {keys} for {list(facts)}"
        for child, entry in zip(children, facts.values(), strict=False):
            yield from same(entry, child)
    elif isinstance(value, list):
        if len(children) != len(value):
            yield f"{name}: {len(children)} for {len(value)}"
        for child, entry in zip(children, value, strict=False):
            yield from same(entry, child)
    else:
        text = str(value).lower() if isinstance(value, bool) else clean(str(value))
        if (node.text or "") != text or children:
            yield f"{name}: {node.text!r} for {text!r}"


def differences(result: Run) -> list[str]:
    """All differences between the two reports of a run."""
    document = result.json()
    root = tree(result)
    assert root.get("schema") == document.pop("schema")
    return list(same(document, root))


@pytest.mark.parametrize("path", DEMO, ids=lambda path: path.stem)
@pytest.mark.parametrize("style", STYLES)
def test_demo_says_the_same_in_json_and_xml(path: Path, style: str) -> None:
    data = path.read_bytes() if path == GUIDE_FAULTS else restyle(path.read_bytes(), style)
    assert differences(run(data)) == []


def test_every_rule_case_says_the_same_in_json_and_xml() -> None:
    for _, case in all_cases():
        assert differences(run_case(case)) == [], case.name


def test_every_finding_is_marked_at_its_segment() -> None:
    for _, case in all_cases():
        result = run_case(case)
        for claim, document in zip(tree(result).iterfind("claims/claim"), result.documents, strict=True):
            for finding in findings(document):
                assert marked(claim, finding), (case.name, finding["rule"])


def marked(claim: etree._Element, finding: Document) -> bool:
    """Whether the finding's rule is on a highlight in its segment, or in the gap after it."""
    location = finding["location"]
    segments = claim.xpath(f".//segments/segment[@index={location['segment_index']}]")
    marks = [mark for segment in segments for mark in segment.iterfind(".//fault")]
    if location["after"] is not None:
        marks = [mark for segment in segments for mark in segment.xpath("following-sibling::absent")]
    return any(finding["rule"] in mark.get("rules").split() for mark in marks)


@pytest.mark.parametrize("path", [CLINIC, HOSPITAL], ids=lambda path: path.stem)
@pytest.mark.parametrize("style", ["tilde-lf", "pipe", "control"])
def test_segments_are_told_as_they_were_sent(path: Path, style: str) -> None:
    data = restyle(path.read_bytes(), style)
    terminator = STYLES[style][3].encode()
    segments = tree(run(data)).findall(".//segments/segment")
    assert len(segments) > 150
    for segment in segments:
        start = int(segment.get("offset", ""))
        sent = data[start : data.index(terminator, start)].decode()
        assert "".join(segment.itertext()) == clean(sent)
        assert data.count(terminator, 0, start) == int(segment.get("index", ""))


def test_the_faulty_component_is_marked_and_no_more() -> None:
    root = tree(run(base().replace(b"80MG IV 4X20MG/10ML SDV", b"2MG/ML IV")))
    marks = {(mark.get("rules"), mark.get("element"), mark.text) for mark in root.iterfind(".//fault")}
    assert len(marks) == 1
    assert ("NAR05", "SV101-7", "ELFABRIO (PEGUNIGALSIDASE ALFA-IWXJ) 2MG/ML IV") in marks


def test_guide_errors_are_told_and_marked() -> None:
    def change(document: Document) -> None:
        location = {"loop": "2400", "segment": "SV1", "element": "SV104", "segment_index": 29, "byte_offset": 0}
        document["guide_errors"] = [
            {"code": "7", "message": "No code of the list", "location": {**location, "after": None}}
        ]

    result = run(base(), change=change)
    assert differences(result) == []
    mark = tree(result).find(".//line//fault")
    assert mark is not None
    assert (mark.get("rules"), mark.get("severity"), mark.text) == ("7", "guide", "1")


# -- hostile input ---------------------------------------------------------------------------------------------

NASTY = {
    "markup": b"<b>&amp;]]><!--x12proc:claim--><?pi?>",
    "nul": b"A\0B",
    "controls": bytes(range(1, 32)).replace(b"\n", b"").replace(b"\r", b""),
    "del": b"A\x7f\x80\x9fB",
    "noncharacters": "\ufffe\uffff\ufdd0".encode(),
    "surrogates": b"\xed\xa0\x80\xed\xb0\x80",
    "astral": "\U0001f489".encode(),
    "quotes": b"\"'<",
}


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize(
    "location", [b"ACME COMMERCIAL", b"LAKESIDE", b"ELFABRIO", b"10122016002", b"B1001*", b"B1001-01"]
)
def test_any_text_gives_valid_xml(name: str, location: bytes) -> None:
    tail = b"*" if location.endswith(b"*") else b""
    result = run(base().replace(location, NASTY[name] + tail))
    assert result.documents
    assert differences(result) == []


def test_an_element_of_ten_megabytes_is_cut() -> None:
    result = run(base().replace(b"ELFABRIO", b"&" * 10_000_000))
    assert differences(result) == []
    assert len(result.xml()) < 100_000


def test_a_tag_of_a_megabyte_is_cut() -> None:
    result = run(base().replace(b"DTP*472*D8*20231114", b"<" * 1_000_000 + b"*1", 1))
    assert differences(result) == []
    assert len(result.xml()) < 100_000


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60), st.integers(700, 1400), st.integers(0, 60))
def test_any_damage_gives_valid_xml(junk: bytes, location: int, cut: int) -> None:
    data = base().replace(b"CTP****40*ML", b"CTP****0*ML")
    assert differences(run(data[:location] + junk + data[location + cut :])) == []


@pytest.mark.parametrize("kind", ["P", "I"])
def test_shuffled_segments_give_valid_xml(kind: str) -> None:
    chance = random.Random(837)
    data = base(kind)
    start, end = data.index(b"CLM*"), data.index(b"\nSE*")
    claim = data[start:end].split(b"\n")
    for _ in range(60):
        shuffled = chance.sample(claim, len(claim))
        assert differences(run(data[:start] + b"\n".join(shuffled) + data[end:])) == []


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_comes_back_as_it_is_shown(text: str) -> None:
    assert (etree.fromstring(element("text", text)).text or "") == clean(text)
    assert etree.fromstring(f'<a b="{escaped(text)}"/>').get("b") == clean(text).replace("\n", " ").replace(
        "\t", " "
    )


def test_null_has_no_element_and_an_empty_text_has_one() -> None:
    root = etree.fromstring(element("claim", {"a": None, "b": "", "c": [], "d": False, "e": 0}))
    assert [(child.tag, child.text) for child in root] == [("b", None), ("c", None), ("d", "false"), ("e", "0")]
