"""Small files in the layouts of the official downloads."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable

PRODUCT_HEADER = [
    *("PRODUCTID", "PRODUCTNDC", "PRODUCTTYPENAME", "PROPRIETARYNAME", "PROPRIETARYNAMESUFFIX"),
    *("NONPROPRIETARYNAME", "DOSAGEFORMNAME", "ROUTENAME", "STARTMARKETINGDATE", "ENDMARKETINGDATE"),
    *("MARKETINGCATEGORYNAME", "APPLICATIONNUMBER", "LABELERNAME", "SUBSTANCENAME", "ACTIVE_NUMERATOR_STRENGTH"),
    *(
        "ACTIVE_INGRED_UNIT",
        "PHARM_CLASSES",
        "DEASCHEDULE",
        "NDC_EXCLUDE_FLAG",
        "LISTING_RECORD_CERTIFIED_THROUGH",
    ),
]
PACKAGE_HEADER = [
    *("PRODUCTID", "PRODUCTNDC", "NDCPACKAGECODE", "PACKAGEDESCRIPTION", "STARTMARKETINGDATE", "ENDMARKETINGDATE"),
    *("NDC_EXCLUDE_FLAG", "SAMPLE_PACKAGE"),
]
CROSSWALK_TAIL = "Drug Name,HCPCS dosage,PKG SIZE,PKG QTY,BILLUNITS,BILLUNITSPKG"
NOC_HEADER = (
    "Drug Generic Name,LABELER NAME,NDC or ALTERNATE ID,Drug Name,Dosage,PKG SIZE,PKG QTY,BILLUNITS,BILLUNITSPKG"
)


def product_txt(*products: dict[str, str]) -> bytes:
    rows = [[product.get(column, "") for column in PRODUCT_HEADER] for product in products]
    return tabbed([PRODUCT_HEADER, *rows])


def package_txt(*packages: dict[str, str]) -> bytes:
    rows = [[package.get(column, "") for column in PACKAGE_HEADER] for package in packages]
    return tabbed([PACKAGE_HEADER, *rows])


def tabbed(rows: Iterable[list[str]]) -> bytes:
    return "".join("\t".join(row) + "\r\n" for row in rows).encode("cp1252")


def crosswalk(*rows: str, title: str = "ASP", year: int = 2027, ndc: str = "NDC", empty: int = 300) -> bytes:
    """A crosswalk as published: preamble, header, hundreds of empty columns."""
    pad = "," * empty
    lines = [
        f"January {year} {title} NDC - HCPCS Crosswalk for Medicare Part B Drugs{pad}",
        f'"     Effective January 1, {year} through March 31, {year}"{pad}',
        pad,
        f'"The ASP crosswalks help the public, on\ntwo lines"{pad}',
        f"_{year}_CODE,Short Description,LABELER NAME,{ndc},{CROSSWALK_TAIL}{pad}",
        *(row + pad for row in rows),
    ]
    return "\r\n".join(lines).encode()


def noc_crosswalk(*rows: str) -> bytes:
    lines = [
        "January 2027 ASP NOC NDC - HCPCS Crosswalk for Medicare Part B Drugs,,,,,,,,",
        '"January 1, 2027 through March 31, 2027",,,,,,,,',
        NOC_HEADER,
        *rows,
    ]
    return "\n".join(lines).encode()


def hcpcs_line(
    code: str, kind: str, text: str, short: str = "", dates: tuple[str, str, str] = ("", "", "")
) -> str:
    line = f"{code:5}{'00100':5}{kind}{text:80}{short:28}"
    return f"{line:268}{dates[0]:8}{dates[1]:8}{dates[2]:8}N"


def hcpcs_txt(*lines: str) -> bytes:
    return ("\r\n".join(lines) + "\r\n").encode()


HCPCS_COLUMNS = [
    "HCPC",
    "SEQNUM",
    "RECID",
    "LONG DESCRIPTION",
    "SHORT DESCRIPTION",
    "PRICE1",
    "ADD DT",
    "ACT EFF DT",
]
HCPCS_COLUMNS += ["TERM DT", "ACTION CD"]


def workbook(rows: list[list[str]]) -> bytes:
    """An XLSX: texts of the first row shared, other texts inline, digits as numbers, empty cells left out."""
    sheet = []
    for number, row in enumerate(rows, 1):
        cells = [cell(chr(65 + location), number, location, value) for location, value in enumerate(row) if value]
        sheet.append(f'<row r="{number}">{"".join(cells)}</row>')
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    sheet_xml = f"<worksheet {space}><sheetData>{''.join(sheet)}</sheetData></worksheet>"
    strings = "".join(f"<si><t>{value}</t></si>" for value in rows[0])
    return zipped(
        {
            "xl/workbook.xml": f"<workbook {space}/>".encode(),
            "xl/sharedStrings.xml": f"<sst {space}>{strings}</sst>".encode(),
            "xl/worksheets/sheet1.xml": sheet_xml.encode(),
        }
    )


def cell(letter: str, number: int, location: int, value: str) -> str:
    if number == 1:
        return f'<c r="{letter}1" t="s"><v>{location}</v></c>'
    if value.isdigit():
        return f'<c r="{letter}{number}"><v>{value}</v></c>'
    return f'<c r="{letter}{number}" t="inlineStr"><is><t>{value}</t></is></c>'


PURPLE_HEADER = (
    "N/R/U,Applicant,BLA Number,Proprietary Name,Proper Name,BLA Type,Strength,Dosage Form,"
    "Route of Administration,Product Presentation,Marketing Status,Licensure,Approval Date"
)


def purple_csv(*rows: str) -> bytes:
    lines = [
        "Purple Book Database Extract,,,,,,,,,,,,",
        PURPLE_HEADER,
        "N,Somebody,999999,Onlythismonth,onlythismonthmab-xxxx,351(a),1MG,Injection,IV,Vial,Rx,Licensed,1/1/2027",
        ",,,,,,,,,,,,",
        "Purple Book Products,,,,,,,,,,,,",
        PURPLE_HEADER,
        *rows,
    ]
    return "\r\n".join(lines).encode("utf-8-sig")


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()
