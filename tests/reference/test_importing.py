"""Official downloads into an edition; and downloads that are broken."""

from __future__ import annotations

import io
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from support.downloads import (
    HCPCS_COLUMNS,
    crosswalk,
    hcpcs_line,
    hcpcs_txt,
    noc_crosswalk,
    package_txt,
    product_txt,
    purple_csv,
    workbook,
    zipped,
)

from x12proc.reference import official
from x12proc.reference.differences import differences
from x12proc.reference.edition import Reference
from x12proc.reference.importing import Imported, Importer

FOLDER = Path(__file__).parents[2] / "config" / "reference"
TODAY = date(2027, 1, 15)

ZYXOMAB = {
    "PRODUCTID": "99998-123_aa",
    "PRODUCTNDC": "99998-123",
    "PROPRIETARYNAME": "Zyxomab®",
    "NONPROPRIETARYNAME": "zyxomab-abcd",
    "ROUTENAME": "INTRAVENOUS; SUBCUTANEOUS",
    "MARKETINGCATEGORYNAME": "BLA",
    "APPLICATIONNUMBER": "BLA761999",
    "ACTIVE_NUMERATOR_STRENGTH": "100",
    "ACTIVE_INGRED_UNIT": "mg/mL",
}
ZYXOMAB_VIAL = {
    "PRODUCTID": "99998-123_aa",
    "PRODUCTNDC": "99998-123",
    "NDCPACKAGECODE": "99998-123-01",
    "PACKAGEDESCRIPTION": "1 VIAL, SINGLE-DOSE in 1 CARTON (99998-123-01)  / 10 mL in 1 VIAL, SINGLE-DOSE",
}


@pytest.fixture(scope="module")
def base() -> Reference:
    return Reference(lambda name: (FOLDER / name).read_bytes())


def take(base: Reference, files: dict[str, bytes]) -> tuple[Reference, list[Imported]]:
    importer = Importer(base, TODAY)
    done = [item for name, data in files.items() for item in importer.add(name, partial(io.BytesIO, data))]
    return Reference(importer.tables().__getitem__), done


def refused(base: Reference, files: dict[str, bytes], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        take(base, files)


# -- FDA NDC Directory ---------------------------------------------------------------------------------


def test_the_ndc_directory_adds_products(base: Reference) -> None:
    new, done = take(base, {"product.txt": product_txt(ZYXOMAB), "package.txt": package_txt(ZYXOMAB_VIAL)})
    product = new.product("99998012301")
    assert product is not None
    assert (product.name, product.generic, product.application) == ("Zyxomab®", "zyxomab-abcd", "BLA")
    assert (product.routes, product.container, product.strength) == (("IV", "SC"), "SDV", "100 mg/mL")
    assert (product.specific_code, product.edition) == ("", "2027-01-15")
    assert [(item.kind, item.rows) for item in done] == [("ndc-product", 1), ("ndc-package", 1)]
    assert new.editions()["ndc_directory"] == "FDA NDC Directory, imported 2027-01-15"


def test_the_ndc_directory_leaves_codes_alone_and_lends_them_to_new_packages(base: Reference) -> None:
    product = {**ZYXOMAB, "PROPRIETARYNAME": "Ultomiris", "NONPROPRIETARYNAME": "ravulizumab-cwvz"}
    known = {**ZYXOMAB_VIAL, "NDCPACKAGECODE": "25682-025-01"}
    fresh = {**ZYXOMAB_VIAL, "NDCPACKAGECODE": "25682-025-77"}
    new, _ = take(base, {"product.txt": product_txt(product), "package.txt": package_txt(known, fresh)})
    old_row, new_row = base.product("25682002501"), new.product("25682002501")
    assert old_row is not None
    assert new_row is not None
    assert (new_row.strength, new_row.specific_code) == (old_row.strength, "J1303")
    package = new.product("25682002577")
    assert package is not None
    assert (package.ndc, package.specific_code, package.specific_from) == ("25682002577", "J1303", "2019-10-01")


@pytest.mark.parametrize(
    ("description", "container"),
    [
        ("1 VIAL in 1 CARTON (0002-0800-01)  > 10 mL in 1 VIAL", ""),  # single or multi, nobody says
        ("1 VIAL, MULTI-DOSE in 1 CAN (0002-1200-30)  > 30 mL in 1 VIAL, MULTI-DOSE", "MDV"),
        ("10 VIAL, SINGLE-USE in 1 CARTON (0002-1200-30)  / 1 mL in 1 VIAL, SINGLE-USE", "SDV"),
        ("2 SYRINGE, GLASS in 1 CARTON", "PFS"),
        ("1 KIT in 1 KIT *  1 mL in 1 SYRINGE *  1 VIAL, SINGLE-DOSE", "KIT"),
        ("1 VIAL, SINGLE-DOSE in 1 BOX / 1 SYRINGE in 1 BOX", ""),
    ],
)
def test_containers_of_both_nesting_separators(description: str, container: str) -> None:
    assert official.package_container(description) == container


@pytest.mark.parametrize(
    ("number", "category", "kind"),
    [
        ("BLA125166", "BLA", "BLA"),
        ("ANDA040", "ANDA", "ANDA"),
        ("", "NDA AUTHORIZED GENERIC", "NDA"),
        ("M017", "OTC", ""),
    ],
)
def test_kinds_of_application(number: str, category: str, kind: str) -> None:
    assert official.application_kind(number, category) == kind


def test_broken_directories_say_where(base: Reference) -> None:
    products, packages = product_txt(ZYXOMAB), package_txt(ZYXOMAB_VIAL)
    refused(base, {"product.txt": products}, r"product.txt: name its package.txt too")
    refused(base, {"package.txt": packages}, r"package.txt: name its product.txt before it")
    stranger = package_txt(ZYXOMAB_VIAL, {**ZYXOMAB_VIAL, "PRODUCTID": "other"})
    refused(
        base, {"product.txt": products, "package.txt": stranger}, r"package.txt, row 3, column PRODUCTID: 'other'"
    )
    bad = package_txt({**ZYXOMAB_VIAL, "NDCPACKAGECODE": "9999812301"})
    refused(
        base,
        {"product.txt": products, "package.txt": bad},
        r"package.txt, row 2, column NDCPACKAGECODE: found '99",
    )
    cut = products[:-60]
    refused(
        base, {"product.txt": cut, "package.txt": packages}, r"product.txt, row 2, column [A-Z_]+: found '\d+ val"
    )
    headless = products.replace(b"ROUTENAME", b"WAY")
    refused(
        base,
        {"product.txt": headless, "package.txt": packages},
        r"product.txt: the header has no column ROUTENAME",
    )


# -- CMS -----------------------------------------------------------------------------------------------

ULTOMIRIS_ROW = "J1303,Inj ravulizumab,Alexion,25682-0025-01,Ultomiris,10 MG,3,1,30,30"


OLDER = "; older than the products, which go to 2026-12-31: it only fills gaps"


@pytest.mark.parametrize(("year", "ndc"), [(2025, "NDC2"), (2026, "NDC"), (2031, "NDC")])
def test_a_crosswalk_of_any_year(base: Reference, year: int, ndc: str) -> None:
    rows = [
        ULTOMIRIS_ROW,
        "J9999,Chemo,X,99998-0123-01,Novumab,1 MG,1,1,1,1",
        "J0129,Abatacept,X,ALT-1,Orencia,10 MG,1,1,1,1",
    ]
    new, done = take(base, {"asp.csv": crosswalk(*rows, year=year, ndc=ndc)})
    assert [(item.kind, item.rows, item.remark) for item in done] == [
        ("asp-crosswalk", 2, "1 rows carry no NDC and were left out" + OLDER * (year < 2027))
    ]
    assert [code.code for code in new.codes_for("25682002501", None)] == ["J1303", "C9052"]
    novumab = new.product("99998012301")
    assert novumab is not None
    assert (novumab.name, novumab.specific_code) == ("Novumab", "")  # J9999 is no code of its own
    assert new.editions()["crosswalk"].startswith(f"January {year} ASP NDC")
    assert new.covers("products", date(max(year, 2026), 3, 31))


def test_an_older_crosswalk_only_fills_gaps(base: Reference) -> None:
    rows = ["J9987,Inj,X,25682-0025-01,Ultomiris,2 MG,3,1,30,30", "J9987,Inj,X,99998-0123-01,Novumab,2 MG,1,1,1,1"]
    new, done = take(base, {"asp.csv": crosswalk(*rows, year=2020)})
    assert done[0].remark == "older than the products, which go to 2026-12-31: it only fills gaps"
    codes = [product.specific_code for product in map(new.product, ("25682002501", "99998012301")) if product]
    assert codes == ["J1303", "J9987"]


@pytest.mark.parametrize("until", ["through March 41, 2027", "through soon"])
def test_a_crosswalk_without_a_readable_date_and_with_empty_rows(until: str) -> None:
    row = "J9987,Inj,X,99998-0123-01,Novumab,2 MG,1,1,1,1"
    data = crosswalk("", row, "").replace(b"through March 31, 2027", until.encode())
    found = official.crosswalk("asp.csv", io.BytesIO(data))
    assert found.last is None
    assert [entry.code for entry in found.assignments] == ["J9987"]


def test_a_text_without_lines_has_no_codes() -> None:
    assert list(official.hcpcs_text("h.txt", [b"\r\n", b"\x1a"])) == []


def test_a_new_code_is_in_force_since_its_crosswalk_at_the_latest(base: Reference) -> None:
    new, _ = take(base, {"asp.csv": crosswalk("J9987,Inj zyxomab,X,25682-0025-01,Ultomiris,2 MG,3,1,30,30")})
    product = new.product("25682002501")
    assert product is not None
    assert (product.specific_code, product.specific_from, product.billing_unit) == ("J9987", None, "2 MG")
    code = new.codes_for("25682002501", None)[0]
    assert (code.code, code.first, code.billing_unit) == ("J9987", None, "2 MG")
    assert (code.known_since, code.date_confidence) == (date(2027, 1, 1), "verified")
    days = (date(2026, 12, 31), date(2027, 1, 1), date(2028, 1, 1))
    assert [code.in_force(day) for day in days] == [None, True, True]


def test_the_oldest_crosswalk_says_since_when_a_code_is_known_until_hcpcs_does(base: Reference) -> None:
    row = "J9987,Inj zyxomab,X,25682-0025-01,Ultomiris,2 MG,3,1,30,30"
    newer, _ = take(base, {"asp.csv": crosswalk(row)})
    older, _ = take(
        newer, {"asp.csv": crosswalk(row).replace(b"through March 31, 2027", b"through June 30, 2026")}
    )
    known = older.code("J9987")
    assert known is not None
    assert known.known_since == date(2026, 4, 1)
    text = hcpcs_txt(
        hcpcs_line("J9987", "3", "Injection, zyxomab, 2 mg", "Inj zyxomab", ("20260401", "20260401", ""))
    )
    dated, _ = take(older, {"HCPC2027_ANWEB.txt": text})
    known = dated.code("J9987")
    assert known is not None
    assert (known.added, known.known_since) == (date(2026, 4, 1), None)


def test_crosswalks_in_one_zip_are_kept_apart(base: Reference) -> None:
    wrong = "J0001,Wrong,X,25682-0025-01,Ultomiris,1 MG,1,1,1,1"
    names = {"Jan AWP.csv": "AWP", "Jan OPPS.csv": "OPPS", "Jan PrEP.csv": "PrEP"}
    files = {name: crosswalk(wrong, title=title) for name, title in names.items()}
    files |= {"Jan ASP.csv": crosswalk(ULTOMIRIS_ROW), "readme.txt": b"see website\n"}
    new, done = take(base, {"january.zip": zipped(files)})
    assert sorted((item.kind, item.rows) for item in done) == [
        *(("asp-crosswalk", 1), ("awp-crosswalk", 0), ("opps-crosswalk", 0), ("prep-crosswalk", 0), ("unknown", 0))
    ]
    assert all(item.remark.startswith("left out") for item in done if not item.rows)
    product = new.product("25682002501")
    assert product is not None
    assert product.specific_code == "J1303"


def test_the_noc_crosswalk_adds_products_without_code(base: Reference) -> None:
    row = '"Vasopressin (Long Grove)",Long Grove,99998-8552-03,Vasopressin,1 UNIT,100,10,20,200'
    new, done = take(base, {"noc.csv": noc_crosswalk(row)})
    product = new.product("99998855203")
    assert done[0].kind == "noc-crosswalk"
    assert product is not None
    assert (product.name, product.specific_code) == ("Vasopressin", "")
    assert new.covers("products", date(2027, 1, 1)) is False  # it says nothing of codes


def test_broken_crosswalks_say_where(base: Reference) -> None:
    refused(
        base,
        {"a.csv": crosswalk("J13,x,x,25682-0025-01,x,1 MG,1,1,1,1")},
        r"a.csv, row 7, column _2027_CODE: found 'J13'",
    )
    refused(base, {"a.csv": crosswalk("J1303,x", empty=0)}, r"a.csv, row 7, column LABELER NAME: found '2 values'")
    refused(base, {"a.zip": b"PK\x03\x04garbage"}, r"a.zip: the ZIP can't be read")
    refused(base, {"a.zip": zipped({"a.pdf": b""})}, r"a.zip: the ZIP holds no .csv or .txt")


ZYX_LONG = hcpcs_line(
    "J9987", "3", "Injection, ravulizumab-cwvz, intravenous, for a", "Inj rav", ("20270101", "20270101", "")
)
HCPCS = hcpcs_txt(
    hcpcs_line("JZ", "7", "Zero drug amount discarded", "Zero waste", ("20230101", "20230101", "")),
    hcpcs_line("JZ", "8", "from a single-dose container"),
    ZYX_LONG,
    hcpcs_line("J9987", "4", "very long text, 20 mg"),
    hcpcs_line("J1300", "3", "Injection, eculizumab, 10 mg", "Ecu", ("20080101", "20250401", "20250331")),
    hcpcs_line("E0100", "3", "Cane", "Cane", ("19820101", "19820101", "")),
)


def check_hcpcs(new: Reference) -> None:
    fresh, ended = new.code("J9987"), new.code("J1300")
    assert fresh is not None
    assert (fresh.added, fresh.terminated, fresh.date_confidence) == (date(2027, 1, 1), None, "verified")
    assert (fresh.billing_unit, fresh.route, fresh.drug) == ("20 MG", "IV", "ravulizumab-cwvz")
    assert ended is not None
    assert (ended.terminated, ended.date_confidence) == (date(2025, 3, 31), "verified")
    assert new.code("E0100") is None
    kept = new.code("C9052")
    assert kept is not None
    assert new.covers("codes", date(2027, 3, 31))
    assert not new.covers("codes", date(2027, 4, 1))
    assert [code.code for code in new.codes_for(None, "ultomiris")][:1] == ["J1303"]


def test_the_hcpcs_text_file(base: Reference) -> None:
    new, done = take(base, {"HCPC2027_JAN.txt": HCPCS})
    assert [(item.kind, item.rows) for item in done] == [("hcpcs-text", 2)]
    check_hcpcs(new)


@pytest.mark.parametrize("jan_2027", ["20270101", "46388"])
def test_the_hcpcs_workbook(base: Reference, jan_2027: str) -> None:
    rows = [
        HCPCS_COLUMNS,
        [
            "J9987",
            "00100",
            "3",
            "Injection, ravulizumab-cwvz, intravenous, 20 mg",
            "Inj rav",
            "",
            jan_2027,
            jan_2027,
        ],
        [
            "J1300",
            "00100",
            "3",
            "Injection, eculizumab, 10 mg",
            "Ecu",
            "",
            "20080101",
            "20250401",
            "20250331",
            "D",
        ],
        ["JZ", "00100", "7", "Zero drug amount discarded"],
        ["E0100", "00100", "3", "Cane", "Cane", "", "19820101", "19820101"],
    ]
    new, done = take(base, {"hcpcs.xlsx": workbook(rows)})
    assert [(item.kind, item.rows) for item in done] == [("hcpcs-xlsx", 2)]
    check_hcpcs(new)


def test_a_long_text_goes_on_in_the_next_row_of_a_workbook(base: Reference) -> None:
    rows = [
        HCPCS_COLUMNS,
        ["J9987", "00100", "3", "Injection, ravulizumab-cwvz, intravenous,", "Inj rav", "", "20270101"],
        ["J9987", "00200", "4", "20 mg"],
    ]
    new, _ = take(base, {"hcpcs.xlsx": workbook(rows)})
    fresh = new.code("J9987")
    assert fresh is not None
    assert (fresh.drug, fresh.route, fresh.billing_unit) == ("ravulizumab-cwvz", "IV", "20 MG")


def test_hcpcs_without_dates_moves_no_span_and_a_nameless_code_has_no_drug(base: Reference) -> None:
    undated = hcpcs_txt(hcpcs_line("J9988", "3", "Injection, drug not otherwise classified, 1 mg", "Noc"))
    new, done = take(base, {"HCPC.txt": undated})
    nameless = new.code("J9988")
    assert nameless is not None
    assert (nameless.drug, nameless.added) == ("", None)
    assert done[0].rows == 1
    last = date(2027, 3, 31)
    assert new.covers("codes", last) == base.covers("codes", last)


def test_two_files_change_one_table(base: Reference) -> None:
    later = hcpcs_txt(hcpcs_line("J9989", "3", "Injection, eculizumab-aeeb, 2 mg", "Ecu", ("20270401", "", "")))
    new, _ = take(base, {"HCPC2027_JAN.txt": HCPCS, "HCPC2027_APR.txt": later})
    assert new.code("J9987") is not None
    assert new.code("J9989") is not None


def test_broken_hcpcs_files_say_where(base: Reference) -> None:
    dated = hcpcs_txt(ZYX_LONG, hcpcs_line("J9988", "3", "x", "x", ("20271301", "", "")))
    refused(base, {"h.txt": dated}, r"h.txt, row 2, column add date: found '20271301'")
    refused(base, {"h.txt": hcpcs_txt(*[ZYX_LONG] * 60, "J99")}, r"h.txt, row 61, column record id: found 'J99'")
    refused(base, {"h.txt": hcpcs_txt(hcpcs_line("E0100", "3", "Cane"))}, r"h.txt: it holds no code")
    sheet = workbook([HCPCS_COLUMNS, ["J9987-22", "1", "3", "x", "x"]])
    refused(base, {"h.xlsx": sheet}, r"h.xlsx, row 2, column HCPC: found 'J9987-22'")
    space = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    far = b"<worksheet " + space + b'><row><c r="XFE1"/></row></worksheet>'
    refused(
        base,
        {"h.xlsx": zipped({"xl/workbook.xml": b"", "xl/worksheets/sheet1.xml": far})},
        r"a cell is at 'XFE1'",
    )
    sheet = workbook([HCPCS_COLUMNS, ["J9987", "1", "3", "x", "x", "", "2027-01-01"]])
    refused(base, {"h.xlsx": sheet}, r"h.xlsx, row 2, column ADD DT: found '2027-01-01'")
    refused(base, {"h.xlsx": workbook([["A", "B"], ["J9987", "1"]])}, r"h.xlsx: no header row")
    refused(base, {"h.xlsx": zipped({"xl/workbook.xml": b"<w/>"})}, r"h.xlsx: .*sheet")
    broken = zipped({"xl/workbook.xml": b"", "xl/worksheets/sheet1.xml": b"<worksheet><row"})
    refused(base, {"h.xlsx": broken}, r"h.xlsx: the sheet can't be read")


# -- Purple Book and ICD-10-CM -------------------------------------------------------------------------


def test_the_purple_book(base: Reference) -> None:
    row = ",Alexion,761108,Qwertyx,eculizumab-qwer,351(k) Biosimilar,300MG,Injection,IV,Vial,Rx,Licensed,1/1/2027"
    vaccine = ',Them,125999,Vaxxle,"Some Vaccine, Live",351(a),1ML,Injection,IM,Vial,Rx,Licensed,1/1/2027'
    new, done = take(base, {"purple.csv": purple_csv(row, vaccine)})
    assert [(item.kind, item.rows) for item in done] == [("purple-book", 2)]
    assert new.lexicon().canonical("qwertyx") == "eculizumab-qwer"
    assert new.lexicon().canonical("onlythismonth") is None
    found = {item.name: item for item in new.biosimilars("eculizumab")}
    assert (found["eculizumab-qwer"].kind, found["eculizumab-qwer"].brands) == ("biosimilar", ("Qwertyx",))
    assert "eculizumab-aeeb" in found
    assert new.classes(None, "Vaxxle") == {"vaccine"}
    assert new.classes(None, "Herceptin") == {"antineoplastic"}
    refused(
        base, {"p.csv": purple_csv(row.replace("761108", "?"))}, r"p.csv, row 7, column BLA Number: found '\?'"
    )
    refused(base, {"p.csv": purple_csv()}, r"p.csv: it holds no product")
    refused(base, {"p.csv": purple_csv("x" * 200_000)}, r"p.csv, row \d+: field larger than field limit")


def test_the_purple_book_tells_pathways_and_a_licence_without_a_name_is_passed_over(base: Reference) -> None:
    row = (
        ",Them,761109,Zwertyx,eculizumab-zwer,351(k) Interchangeable,300MG,Injection,IV,Vial,Rx,Licensed,1/1/2027"
    )
    nameless = ",Them,761110,Nonamex,,351(a),1MG,Injection,IV,Vial,Rx,Licensed,1/1/2027"
    new, _ = take(base, {"purple.csv": purple_csv(row, nameless)})
    kinds = {item.name: item.kind for item in new.biosimilars("eculizumab")}
    assert kinds["eculizumab-zwer"] == "interchangeable"
    assert new.lexicon().canonical("nonamex") is None


def test_diagnoses_of_another_year(base: Reference) -> None:
    text = b"A000    Cholera due to X\r\n\r\nG35A    Relapsing-remitting\r\nG35D    Other\r\n"
    new, done = take(base, {"icd10cm_codes_2027.txt": text})
    assert [(item.kind, item.rows, item.remark) for item in done] == [("icd10cm-codes", 3, "fiscal year 2027")]
    assert new.diagnosis("G35.A", date(2026, 10, 1)) is True
    assert new.diagnosis("G35", date(2027, 9, 30)) is False
    assert new.diagnosis("D595", date(2026, 9, 30)) is True
    assert new.covers("diagnoses", date(2027, 9, 30))
    refused(base, {"codes.txt": text}, r"codes.txt: the name must hold the fiscal year")
    refused(base, {"icd10cm_codes_2027.txt": text + b"G35    MS\r\n"}, r"it lists categories too")
    late = text * 30 + b"not a code\r\n"
    refused(
        base, {"icd10cm_codes_2027.txt": late}, r"icd10cm_codes_2027.txt, row 121, column code: found 'not a code'"
    )


def test_the_order_file_is_recognised_and_left_out(base: Reference) -> None:
    _, done = take(base, {"icd10cm_order_2027.txt": b"00001 A00     0 Cholera    Cholera\n"})
    assert (done[0].rows, done[0].remark[:8]) == (0, "left out")


# -- all of them ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"\n", b"hello\n", b"ISA*00*~", b"\x00" * 100, b"a,b,c\n1,2,3\n"])
def test_what_is_none_of_the_downloads_is_refused(base: Reference, data: bytes) -> None:
    refused(base, {"x.txt": data}, r"x.txt: its content is none of the downloads")


def test_an_import_changes_only_what_it_speaks_of(base: Reference) -> None:
    new, _ = take(base, {"asp.csv": crosswalk("J9987,Inj,X,25682-0025-01,Ultomiris,2 MG,3,1,30,30")})
    changed = {table: [change.key for change in changes] for table, changes in differences(base, new) if changes}
    assert changed == {"products": ["25682002501"], "codes": ["J9987"]}
    assert take(base, {"asp.csv": crosswalk(ULTOMIRIS_ROW)})[0].raw("products.csv") == base.raw("products.csv")


def test_the_same_files_give_the_same_bytes(base: Reference) -> None:
    files = {"product.txt": product_txt(ZYXOMAB), "package.txt": package_txt(ZYXOMAB_VIAL), "h.txt": HCPCS}
    first, second = take(base, files)[0], take(base, files)[0]
    for name in ("products.csv", "codes.csv", "classes.csv", "edition.toml"):
        assert first.raw(name) == second.raw(name)


def test_an_import_onto_an_import(base: Reference) -> None:
    first, _ = take(base, {"h.txt": HCPCS})
    second, _ = take(first, {"asp.csv": crosswalk("J9987,Inj,X,25682-0025-01,Ultomiris,20 MG,3,1,30,30")})
    code = second.codes_for("25682002501", None)[0]
    assert (code.code, code.first, code.date_confidence) == ("J9987", date(2027, 1, 1), "verified")
    product = second.product("25682002501")
    assert product is not None
    assert (product.specific_from, product.from_confidence) == ("2027-01-01", "verified")
