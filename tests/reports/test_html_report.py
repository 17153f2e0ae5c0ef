"""The HTML report: one page that a biller can work with, however much was found."""

from __future__ import annotations

import itertools
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree
from msgspec.structs import replace
from support.edi import CLINIC, GUIDE_FAULTS, HOSPITAL, base, restyle
from support.reports import Run, findings, run, run_case
from support.rule_cases import all_cases

from x12proc.engine.document import Document
from x12proc.engine.result import RuleCrash
from x12proc.reports.html import report as html_report
from x12proc.reports.html import view as html_form
from x12proc.values import format_dollars

DEMO = [CLINIC, HOSPITAL, GUIDE_FAULTS]


def page(result: Run) -> etree._Element:
    """The page as a browser reads it."""
    return etree.fromstring(result.html(), etree.HTMLParser(encoding="utf-8"))


def text(node: etree._Element) -> str:
    """A node's text, its white space as a browser shows it."""
    return " ".join(" ".join(node.itertext()).split())


def table(root: etree._Element, heading: str) -> list[list[str]]:
    """The cells of the table after a heading."""
    rows = root.xpath(f"//h2[@id='{heading}']/following-sibling::table[1]/tbody/tr")
    return [[text(cell) for cell in row] for row in rows]


def many(claims: int, edits: tuple[tuple[bytes, bytes], ...] = ()) -> bytes:
    """A file with one claim of the base repeated under ever new numbers; of every second one an edited copy."""
    data = base()
    start, end = data.index(b"CLM*"), data.index(b"\nSE*") + 1
    copies = []
    for number in range(claims):
        claim = data[start:end].replace(b"B1001", b"B%04d" % number)
        for old, new in edits if number % 2 else ():
            claim = claim.replace(old, new)
        copies.append(claim)
    return data[:start] + b"".join(copies) + data[end:]


FAULTY = ((b"CTP****40*ML", b"CTP****0*ML"),)


# -- the page as such ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", DEMO, ids=lambda path: path.stem)
def test_the_page_stands_alone(path: Path) -> None:
    result = run(path.read_bytes())
    root = page(result)
    assert root.get("lang") == "en"
    assert "claims.edi" in (root.findtext("head/title") or "")
    assert root.xpath("//meta[@name='viewport']")
    assert root.xpath("//script | //link | //img | //iframe | //object | //@src | //@style | //@onclick") == []
    style = "".join(root.xpath("//style/text()"))
    assert not re.search(r"url\(|@import|@font-face", style)
    assert "prefers-color-scheme:dark" in style
    assert "@media print" in style


@pytest.mark.parametrize("path", DEMO, ids=lambda path: path.stem)
def test_every_link_leads_somewhere(path: Path) -> None:
    root = page(run(path.read_bytes()))
    ids = root.xpath("//@id")
    assert len(ids) == len(set(ids))
    inside = [link[1:] for link in root.xpath("//a/@href") if link.startswith("#")]
    assert len(inside) > 40
    assert set(inside) <= set(ids)
    assert all(link.startswith(("#", "https://", "http://")) for link in root.xpath("//a/@href"))


def test_headings_go_down_step_by_step() -> None:
    root = page(run(CLINIC.read_bytes()))
    levels = [int(node.tag[1]) for node in root.xpath("//h1 | //h2 | //h3 | //h4 | //h5")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


# -- the claims ------------------------------------------------------------------------------------------------


def test_every_rule_case_is_told_with_its_place_and_its_mark() -> None:
    for _, case in all_cases():
        result = run_case(case)
        root = page(result)
        for document in result.documents:
            reported = findings(document)
            if not reported:
                continue
            article = root.xpath(f"//article[h4 or div/h4='Claim {document['claim_id']}']")[-1]
            assert len(article.xpath(".//div[@class='finding']")) == len(reported), case.name
            marks = " ".join(article.xpath(".//@data-r | .//div[@class='edi']//em/text()"))
            for finding in reported:
                assert finding["rule"] in marks, (case.name, finding["rule"])


@pytest.mark.parametrize("path", [CLINIC, HOSPITAL], ids=lambda path: path.stem)
@pytest.mark.parametrize("style", ["tilde-lf", "tilde", "pipe"])
def test_line_column_and_byte_lead_to_the_element(path: Path, style: str) -> None:
    data = restyle(path.read_bytes(), style)
    lines = data.split(b"\n")
    result = run(data)
    root = page(result)
    seen = 0
    for document in result.documents:
        locations = root.xpath(f"//article[@id='c{document['segment_index']}']//p[@class='at']")
        for finding, location in zip(findings(document), locations, strict=True):
            line, column, byte = map(int, location.xpath("kbd/text()"))
            assert byte == finding["location"]["byte_offset"]
            assert lines[line - 1][column - 1 :] == data[byte:].split(b"\n")[0]
            value = finding["value"]
            if (
                value
                and "-" not in finding["location"]["element"]
                and finding["location"]["element"][-1].isdigit()
            ):
                seen += data[byte:].startswith(value.encode())
    assert seen > 2


def test_the_numbers_beside_the_segments_are_lines_or_in_one_long_line_bytes() -> None:
    data = base().replace(b"CTP****40*ML", b"CTP****0*ML")
    hit = page(run(data)).xpath("//div[@class='hit']/span/text()")
    assert hit == [str(data[: data.index(b"CTP")].count(b"\n") + 1)]
    flat = data.replace(b"\n", b"")
    assert page(run(flat)).xpath("//div[@class='hit']/span/text()") == [str(flat.index(b"CTP"))]


def test_a_segment_that_is_copied_is_the_segment_as_sent() -> None:
    root = page(run(base().replace(b"CTP****40*ML", b"CTP*****ML")))
    code = root.xpath("//div[@class='hit']/code")[0]
    assert "".join(code.itertext()) == "CTP*****ML"
    assert code.xpath("mark/@data-e") == ["CTP04"]


def test_worst_claims_come_first_and_clean_ones_last() -> None:
    result = run(CLINIC.read_bytes())
    root = page(result)
    order = root.xpath("//article/@id | //tr[starts-with(@id, 'c')]/@id")
    assert len(order) == len(set(order)) == 55
    documents = {f"c{document['segment_index']}": document for document in result.documents}

    def weight(anchor: str) -> tuple[int, int, int, Decimal]:
        severities = [finding["severity"] for finding in findings(documents[anchor])]
        charge = Decimal(documents[anchor]["charge"]) if severities else Decimal(0)
        return severities.count("reject"), severities.count("warn"), severities.count("info"), charge

    weights = [weight(anchor) for anchor in order]
    assert weights == sorted(weights, reverse=True)
    assert len(root.xpath("//tr[starts-with(@id, 'c')]")) == sum(not any(weight[:3]) for weight in weights) == 26


def test_guide_errors_are_told() -> None:
    def change(document: Document) -> None:
        location = {"loop": "2400", "segment": "SV1", "element": "SV104", "segment_index": 29, "byte_offset": 0}
        document["guide_errors"] = [
            {"code": "7", "message": "Not in the list", "location": {**location, "after": None}}
        ]

    root = page(run(base(), change=change))
    assert text(root.xpath("//div[@class='finding']")[0]).startswith("7 guide Not in the list SV104 of loop 2400")
    assert root.xpath("//mark[@class='guide']/@data-r") == ["7"]
    assert root.xpath("//h3/text()")[0] == "With remarks: claims 1 to 1 of 1"


def test_a_bypassed_rule_is_told_with_who_decided() -> None:
    def change(document: Document) -> None:
        decided = {"reason": "Agreed by letter", "by": "J. Doe", "until": "2024-12-31", "profile": "uhc"}
        document["bypasses"] = [{"rule": "NDC09", **decided}]

    article = page(run(base(), change=change)).xpath("//article")[0]
    assert "NDC09 bypassed Agreed by letter · decided by J. Doe, until 2024-12-31, profile uhc" in text(article)


def test_a_claim_on_which_a_rule_broke_down_is_shown_as_rejected() -> None:
    result = run(base())
    result.claims[0] = replace(result.claims[0], crashes=(RuleCrash("NDC01", 0, "ValueError"),))
    result.documents[0]["disposition"] = "rejected"
    article = page(result).xpath("//article[@class='is-rejected']")[0]
    assert "A rule broke down on this claim" in text(article)


# -- the tables ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", DEMO, ids=lambda path: path.stem)
def test_the_money_at_the_top_is_what_the_claims_charge(path: Path) -> None:
    result = run(path.read_bytes())
    charges = [(Decimal(d["charge"]), d["disposition"] == "rejected") for d in result.documents]
    tile = text(page(result).xpath("//li[@class='money']")[0])
    at_risk = sum((charge for charge, rejected in charges if rejected), Decimal(0))
    assert tile.startswith(format_dollars(at_risk) + " at risk")
    assert f"of {format_dollars(sum((charge for charge, _ in charges), Decimal(0)))} charged" in tile


def test_charges_that_are_no_amount_are_told() -> None:
    root = page(run(base().replace(b"CLM*B1001*15125", b"CLM*B1001*MUCH")))
    assert "(CLM02) is no amount and is not in the sums: 1." in text(root)
    assert "1 charges are no amount" in text(root)


def test_the_rule_table_counts() -> None:
    faults = ((b"CTP****40*ML", b"CTP****0*ML"), (b"*15125*", b"*15126*"))
    rows = {row[0].split()[0]: row[1:] for row in table(page(run(many(6, faults), profile="uhc")), "found")}
    assert rows["QTY01"] == ["3", "3", "–", "3", "3", "3", "$45,378.00", "–"]
    assert rows["BAL06"][:6] == ["3", "3", "–", "3", "–", "3"]
    alone = {row[0].split()[0]: row[1:] for row in table(page(run(many(6, FAULTY), profile="uhc")), "found")}
    assert alone["QTY01"][-2:] == ["$45,375.00", "$45,375.00 3 claims"]


def test_payers_and_providers_beyond_the_table_are_summed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_form, "PARTIES_SHOWN", 2)
    result = run(CLINIC.read_bytes())
    root = page(result)
    for name in ("payers", "providers"):
        rows = table(root, name)
        assert len(rows) == 3
        assert rows[2][0].startswith("All others (")
        assert sum(int(row[1]) for row in rows) == result.summary.target_claims
        risks = [Decimal(row[5].replace("$", "").replace(",", "")) for row in rows]
        assert sum(risks) == result.summary.charges_at_risk


def test_rules_are_explained_once_and_link_to_their_claims() -> None:
    result = run(CLINIC.read_bytes())
    root = page(result)
    matched = {finding["rule"] for document in result.documents for finding in findings(document)}
    assert {
        node.get("id").removeprefix("rule-") for node in root.xpath("//div[starts-with(@id, 'rule-')]")
    } == matched
    for rule in matched:
        links = root.xpath(f"//div[@id='rule-{rule}']//li/a/@href")
        with_it = [
            f"#c{document['segment_index']}"
            for document in result.documents
            if rule in {finding["rule"] for finding in findings(document)}
        ]
        assert sorted(links) == sorted(with_it)


# -- big results -----------------------------------------------------------------------------------------------


def test_a_long_result_comes_in_pages() -> None:
    root = page(run(many(260, FAULTY)))
    assert root.xpath("//div[@class='paged']")
    sections = root.xpath("//section[contains(@class, 'page')]")
    sizes = [len(section.xpath("article")) for section in sections]
    assert sizes == [50, 50, 30, 0]
    assert [section.get("class") for section in sections] == ["page first", "page", "page", "page"]
    assert len(root.xpath("//section[@id='clean']//tr[@id]")) == 130
    for number, section in enumerate(sections[:3], 1):
        reported = [(text(link), link.get("href")) for link in section.xpath("nav[1]/a")]
        assert (("Next", f"#p{number + 1}") in reported) == (number < 3)
        assert (("Previous", f"#p{number - 1}") in reported) == (number > 1)
        assert f"Printed: page {number} of 3" in text(section)
    assert root.xpath("//span[@id='all']/following-sibling::section") == sections
    assert set(root.xpath("//a[starts-with(@href, '#')]/@href")) <= {f"#{name}" for name in root.xpath("//@id")}


def test_a_short_result_is_shown_whole() -> None:
    root = page(run(CLINIC.read_bytes()))
    assert root.xpath("//div[@class='paged'] | //nav[@class='pager']") == []


def test_a_page_holds_one_group_only() -> None:
    root = page(run(CLINIC.read_bytes()))
    for section in root.xpath("//section[article]"):
        assert len(set(section.xpath("article/@class"))) == 1


def test_the_page_holds_the_worst_claims_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = page(run(CLINIC.read_bytes())).xpath("//article/@id")
    monkeypatch.setattr(html_report, "CLAIMS_SHOWN", 7)
    monkeypatch.setattr(html_report, "ROWS_SHOWN", 3)
    result = run(CLINIC.read_bytes())
    root = page(result)
    assert root.xpath("//article/@id") == whole[:7]
    assert "The page shows the worst 7 of the 29 claims with findings" in text(root)
    assert len(root.xpath("//tr[starts-with(@id, 'c')]")) == 3
    assert "Without findings: 26 claims The first 3 of them" in text(root)
    assert "of 55 target claims rejected" in text(root)
    assert table(root, "found") == table(page(run(CLINIC.read_bytes())), "found")


def test_only_claims_of_the_page_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_report, "CLAIMS_SHOWN", 5)
    monkeypatch.setattr(html_report, "ROWS_SHOWN", 5)
    seen = []
    kept = html_report.HtmlReport.claim

    def watched(self: html_report.HtmlReport, *reported: object) -> None:
        kept(self, *reported)  # type: ignore[arg-type]  # whatever it is called with
        seen.append((len(self._shown), len(self._worst), len(self._rows), len(self._waiting) < 32))

    monkeypatch.setattr(html_report.HtmlReport, "claim", watched)
    run(many(200, FAULTY)).html()
    assert len(seen) == 200
    assert all(shown <= 5 and worst <= 5 and rows <= 5 and batch for shown, worst, rows, batch in seen)


def test_a_rule_links_to_its_worst_claims_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_form, "LINKS_SHOWN", 4)
    box = page(run(many(30, FAULTY))).xpath("//div[@id='rule-QTY01']")[0]
    assert len(box.xpath(".//li")) == 4
    assert "Found on 15 claims" in text(box)
    assert "And 11 more on this page" in text(box)


def test_a_claim_of_very_many_lines_shows_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_form, "LINES_SHOWN", 1)
    result = run(CLINIC.read_bytes())
    root = page(result)
    long = {f"c{document['segment_index']}" for document in result.documents if len(document["lines"]) > 1}
    reported = root.xpath("//article[contains(., 'more target lines')]/@id")
    assert set(reported) == long & set(root.xpath("//article/@id"))
    assert reported


# -- hostile input ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "nasty", [b"<script>alert(1)</script>", b"<!--x12proc:claim-->", b'" onclick="x', b"&lt;b&gt;\0"]
)
@pytest.mark.parametrize(
    "location", [b"ACME COMMERCIAL", b"LAKESIDE", b"ELFABRIO", b"10122016002", b"B1001*", b"DTP*472", b"ACME1"]
)
def test_text_of_a_claim_stays_text(nasty: bytes, location: bytes) -> None:
    tail = b"*" if location.endswith(b"*") else b""
    data = base().replace(b"CTP****40*ML", b"CTP****0*ML").replace(location, nasty + tail)
    root = page(run(data))
    assert root.xpath("//script | //@onclick") == []
    assert len(root.xpath("//article")) == 1
    assert text(root).endswith("segments from 0 at the file's first ISA.")


def test_a_file_without_claims_and_one_that_is_none() -> None:
    for data in (b"", b"no edi", base().replace(b"J3590", b"J1745")):
        root = page(run(data))
        assert root.xpath("//article") == []
        assert "No claim bills one of the codes" in text(root)
        assert "$0.00" in text(root.xpath("//li[@class='money']")[0])


# -- what is above what ---------------------------------------------------------------------------------------


def severities(article: etree._Element) -> list[str]:
    """The severities that an article tells, from above to below."""
    return [
        text(chip).split()[-1] for chip in article.xpath(".//div[@class='finding']/p/a[contains(@class,'chip')]")
    ]


@pytest.mark.parametrize("path", DEMO, ids=lambda path: path.stem)
def test_rejections_stand_above_warnings_and_these_above_remarks(path: Path) -> None:
    order = ["reject", "warn", "info"]
    late = run(path.read_bytes(), as_of=date(2026, 11, 23))  # every claim gets a remark on the whole of it
    mixed = 0
    for article in page(late).xpath("//article"):
        reported = severities(article)
        assert reported == sorted(reported, key=order.index)
        mixed += len(set(reported)) > 1
    assert mixed


def test_a_remark_on_the_whole_claim_stands_below_its_lines_with_its_segments() -> None:
    late = page(run(CLINIC.read_bytes(), as_of=date(2026, 11, 23)))
    (article,) = [one for one in late.xpath("//article") if text(one).startswith("Claim P1004 ")]
    assert severities(article) == ["reject", "warn"]
    assert text(article.xpath(".//h5")[-1]) == "The claim as a whole"
    following = article.xpath(".//h5[last()]/following-sibling::div[@class='edi']")
    assert any("CLM" in text(segments) for segments in following)


def test_the_badge_says_how_many_claims_are_rejected() -> None:
    badge = page(run(many(3, FAULTY))).xpath("//h1/span")[0]
    assert text(badge) == "1 of 3 claims rejected"
    assert text(page(run(base())).xpath("//h1/span")[0]) == "accepted"


def test_likely_answers_are_put_into_words() -> None:
    root = page(run(base().replace(b"CTP****40*ML", b"CTP****0*ML")))
    beside = text(root.xpath("//div[@class='finding']")[0])
    assert "likely denial 16 M119 M53: NDC missing, wrong or not in force; units of service missing" in beside
    explained = text(root.xpath("//div[@id='rule-QTY01']")[0])
    assert "Likely answers: " in explained
    assert "M119 NDC missing, wrong or not in force" in explained
