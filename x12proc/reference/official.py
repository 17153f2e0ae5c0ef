"""Read the official downloads as the agencies publish them: lines of bytes in, records out.

Every reader streams, decodes UTF-8 and else Windows-1252, finds its header row by content, and raises
ValueError with file, row and column for what it can't read.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Final, NamedTuple

from x12proc.reference import diagnoses
from x12proc.reference import ndc as ndc_spelling
from x12proc.reference.table import malformed
from x12proc.reference.wording import iso_date

# -- kinds ---------------------------------------------------------------------------------------------

PRODUCT: Final = "ndc-product"
PACKAGE: Final = "ndc-package"
ASP: Final = "asp-crosswalk"
NOC: Final = "noc-crosswalk"
HCPCS_TEXT: Final = "hcpcs-text"
HCPCS_XLSX: Final = "hcpcs-xlsx"
PURPLE: Final = "purple-book"
ICD: Final = "icd10cm-codes"
#: Recognized, and skipped: they hold nothing that an edition needs.
OTHERS: Final = {
    "awp-crosswalk": "prices by AWP, not an assignment of NDC to code under the ASP",
    "opps-crosswalk": "the hospital outpatient crosswalk; kept apart from the ASP crosswalk",
    "prep-crosswalk": "drugs of HIV prevention alone; kept apart from the ASP crosswalk",
    "noc-pricing": "payment limits, no NDC",
    "icd10cm-order": "the order file; import icd10cm_codes_YYYY.txt",
}

_HEAD_LINES: Final = 60
_FIXED = re.compile(r"[A-Z0-9]{2}[A-Z0-9 ]{3}[0-9]{5}[3478]")
_CODE_COLUMN = re.compile(r"_?20[0-9]{2}[_ ]CODE\Z", re.IGNORECASE)
_OTHER_CROSSWALK = re.compile(r"\b(awp|opps|prep)\b", re.IGNORECASE)
_ICD_LINE = re.compile(r"([A-Z][0-9A-Z]{2,6})\s+\S")


def decoded(lines: Iterable[bytes]) -> Iterator[str]:
    """Decode the lines as text, without a byte order mark."""
    for number, line in enumerate(lines):
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            text = line.decode("cp1252", "replace")
        yield text.removeprefix("\ufeff") if number == 0 else text


def kind_of(name: str, lines: Iterable[bytes]) -> str | None:
    """Return the kind of a text file by its first lines, or None; the name decides between untitled crosswalks."""
    head = list(decoded(islice(lines, _HEAD_LINES)))
    for number, line in enumerate(head):
        kind = _kind_by_header(line) or (_crosswalk_kind(name, head[:number]) if _is_crosswalk(line) else None)
        if kind:
            return kind
    filled = [line for line in head if line.strip()]
    if filled and all(_FIXED.match(line) for line in filled):
        return HCPCS_TEXT
    if filled and all(_ICD_LINE.match(line) for line in filled):
        return ICD
    return "icd10cm-order" if filled and all(re.match(r"[0-9]{5} [A-Z]", line) for line in filled) else None


def _kind_by_header(line: str) -> str | None:
    for start, kind in (
        ("PRODUCTID\tPRODUCTNDC\tPRODUCTTYPENAME", PRODUCT),
        ("PRODUCTID\tPRODUCTNDC\tNDCPACKAGECODE", PACKAGE),
        ("N/R/U,", PURPLE),
        ("Drug Generic Name,LABELER NAME,NDC or ALTERNATE ID", NOC),
        ("Drug Generic Name (Trade Name),", "noc-pricing"),
    ):
        if line.startswith(start):
            return kind
    return None


def _is_crosswalk(line: str) -> bool:
    cells = line.split(",")
    return _CODE_COLUMN.match(cells[0].strip()) is not None and any(
        cell.strip() in ("NDC2", "NDC") for cell in cells
    )


def _crosswalk_kind(name: str, before: Sequence[str]) -> str:
    """Return the kind of a crosswalk by its title, or by the file's name if it has none."""
    title = next((line for line in before if line.strip(", \r\n")), "")
    other = _OTHER_CROSSWALK.search(title) or (
        None if re.search(r"\bASP\b", title) else _OTHER_CROSSWALK.search(name.replace("_", " "))
    )
    return f"{other[1].lower()}-crosswalk" if other else ASP


# -- tables with a header ------------------------------------------------------------------------------


class Record(NamedTuple):
    """A row of a download: its number in the file (1 is the first line) and its values by column."""

    number: int
    values: dict[str, str]


def _records(
    name: str, rows: Iterator[tuple[int, list[str]]], starts: re.Pattern[str], needed: Sequence[str]
) -> Iterator[Record]:
    """Yield the rows below the header row, which is the first whose first cell matches ``starts``."""
    header = next((row for _, row in rows if row and starts.match(row[0].strip())), None)
    if header is None:
        raise ValueError(f"{name}: no header row; its columns are {', '.join(needed)}")
    columns = [cell.strip() for cell in header]
    while columns and not columns[-1]:
        columns.pop()  # published with hundreds of empty columns
    missing = [column for column in needed if column not in columns]
    if missing:
        raise ValueError(f"{name}: the header has no column {', '.join(missing)}")
    for number, row in rows:
        if any(map(str.strip, row)):
            if len(row) < len(columns):
                raise malformed(name, number, columns[len(row)], f"{len(row)} values", f"{len(columns)} values")
            yield Record(number, dict(zip(columns, map(str.strip, row), strict=False)))


def _numbered(name: str, lines: Iterable[bytes], delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    if delimiter == "\t":  # never quoted: a quotation mark there is an inch or part of a name
        yield from ((number, line.rstrip("\r\n").split("\t")) for number, line in enumerate(decoded(lines), 1))
        return
    reader = csv.reader(decoded(lines))
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise ValueError(f"{name}, row {reader.line_num}: {error}") from error


# -- FDA NDC Directory ---------------------------------------------------------------------------------

_PRODUCT_COLUMNS: Final = (
    *("PRODUCTID", "PRODUCTNDC", "PROPRIETARYNAME", "PROPRIETARYNAMESUFFIX", "NONPROPRIETARYNAME", "ROUTENAME"),
    *("MARKETINGCATEGORYNAME", "APPLICATIONNUMBER", "ACTIVE_NUMERATOR_STRENGTH", "ACTIVE_INGRED_UNIT"),
)


def directory_products(name: str, lines: Iterable[bytes]) -> Iterator[Record]:
    """Yield the rows of ``product.txt``."""
    return _records(name, _numbered(name, lines, "\t"), re.compile("PRODUCTID"), _PRODUCT_COLUMNS)


def directory_packages(name: str, lines: Iterable[bytes]) -> Iterator[tuple[Record, str]]:
    """Yield the rows of ``package.txt``, each with its NDC of 11 digits."""
    needed = ("PRODUCTID", "NDCPACKAGECODE", "PACKAGEDESCRIPTION")
    for record in _records(name, _numbered(name, lines, "\t"), re.compile("PRODUCTID"), needed):
        yield record, _ndc11(name, record, "NDCPACKAGECODE")


def marketing_dates(record: Record) -> tuple[str, str]:
    """Return the first and last day of marketing of a row of either file as ISO dates, empty where it has none."""
    first, last = (record.values.get(column, "") for column in ("STARTMARKETINGDATE", "ENDMARKETINGDATE"))
    return _directory_date(first), _directory_date(last)


def _directory_date(text: str) -> str:
    try:
        return datetime.strptime(text, "%Y%m%d").date().isoformat() if len(text) == 8 else ""  # noqa: DTZ007 - a day
    except ValueError:
        return ""


def _ndc11(name: str, record: Record, column: str) -> str:
    number = ndc_spelling.normalize(record.values[column])
    if number is None:
        raise malformed(name, record.number, column, record.values[column], "a hyphenated NDC")
    return number


_CONTAINERS: Final = (
    ("KIT", re.compile(r"\bKIT\b")),
    ("SDV", re.compile(r"VIAL, SINGLE-(?:DOSE|USE)")),
    ("MDV", re.compile(r"VIAL, MULTI-DOSE")),
    ("PFS", re.compile(r"\bSYRINGE\b")),
)


def package_container(description: str) -> str:
    """Return the container of a package description, at any depth of its nesting; empty if it names several."""
    text = description.upper()
    found = [kind for kind, pattern in _CONTAINERS if pattern.search(text)]
    return found[0] if len(found) == 1 or found[:1] == ["KIT"] else ""


def application_kind(number: str, category: str) -> str:
    """Return BLA, NDA or ANDA by the application number, else by the marketing category; else empty."""
    found = re.match(r"(?:BLA|NDA|ANDA)", number) or re.match(r"(?:BLA|NDA|ANDA)\b", category)
    return found[0] if found else ""


def directory_strength(numbers: str, units: str) -> str:
    """Join numbers and units: ``70; 5600`` and ``mg/1; [iU]/1`` give ``70 mg; 5600 [iU]``."""
    pairs = zip(numbers.split(";"), units.split(";"), strict=False)
    return "; ".join(
        f"{number.strip()} {unit.strip().removesuffix('/1')}" for number, unit in pairs if number.strip()
    )


# -- CMS crosswalks ------------------------------------------------------------------------------------


class Assignment(NamedTuple):
    """An NDC under a code, as CMS assigns it for a quarter; ``code`` is empty in the NOC crosswalk."""

    ndc: str
    code: str
    name: str
    unit: str
    short: str


class Crosswalk(NamedTuple):
    """A crosswalk's title, the last day it is for, its assignments, and how many rows carry no NDC."""

    title: str
    last: date | None
    assignments: list[Assignment]
    without_ndc: int


_MONTH_DAY = re.compile(r"through ([A-Z][a-z]+ [0-9]{1,2}, [0-9]{4})")


def crosswalk(name: str, lines: Iterable[bytes]) -> Crosswalk:
    """Read the ASP crosswalk or the NOC crosswalk of any quarter."""
    rows = list(_numbered(name, lines))
    noc = any(row and row[0].strip() == "Drug Generic Name" for _, row in rows[:_HEAD_LINES])
    starts = re.compile("Drug Generic Name") if noc else _CODE_COLUMN
    preamble = [cell.strip() for _, row in rows[:_HEAD_LINES] for cell in row if cell.strip()]
    dates = next((found[1] for found in map(_MONTH_DAY.search, preamble) if found), "")
    assignments, without = [], 0
    for record in _records(name, iter(rows), starts, ("LABELER NAME", "Drug Name", "PKG SIZE", "BILLUNITS")):
        assignment = _assignment(name, record, noc=noc)
        if assignment is None:
            without += 1
        else:
            assignments.append(assignment)
    return Crosswalk(preamble[0] if preamble else name, _long_date(dates), assignments, without)


def _assignment(name: str, record: Record, *, noc: bool) -> Assignment | None:
    values = record.values
    code = "" if noc else next(iter(values.values()))
    if not noc and re.fullmatch(r"[0-9A-Z]{5}", code) is None:
        raise malformed(name, record.number, next(iter(values)), code, "a code of five letters or digits")
    spelled = values.get("NDC or ALTERNATE ID") or values.get("NDC2") or values.get("NDC") or ""
    number = ndc_spelling.normalize(spelled) if "-" in spelled else None
    unit = values.get("HCPCS dosage") or values.get("Dosage") or ""
    if number is None:
        return None
    return Assignment(number, code, values["Drug Name"], unit.upper(), values.get("Short Description", ""))


def _long_date(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%B %d, %Y").date()  # noqa: DTZ007 - a calendar day, not a moment
    except ValueError:
        return None


# -- CMS HCPCS -----------------------------------------------------------------------------------------


class HcpcsRecord(NamedTuple):
    """A code of the HCPCS file; dates are ISO, empty where the file has none."""

    code: str
    long: str
    short: str
    added: str
    effective: str
    terminated: str


_FIXED_DATES: Final = (("add date", 268, 276), ("effective date", 276, 284), ("termination date", 284, 292))


def hcpcs_text(name: str, lines: Iterable[bytes]) -> Iterator[HcpcsRecord]:
    """Read codes of the fixed-width file: record 3 begins a code, 4 continues its text; modifiers are skipped."""
    found: HcpcsRecord | None = None
    for number, raw in enumerate(decoded(lines), 1):
        line = raw.rstrip("\r\n\x1a")
        kind = line[10:11]
        if not line.strip() or kind in ("7", "8"):
            continue
        if kind == "4" and found is not None and line[:5] == found.code:
            found = found._replace(long=f"{found.long} {line[11:91].strip()}".strip())
        elif kind == "3" and re.fullmatch(r"[A-Z][0-9]{4}", line[:5]):
            if found is not None:
                yield found
            dates = [_compact(name, number, column, line[start:end]) for column, start, end in _FIXED_DATES]
            found = HcpcsRecord(line[:5], line[11:91].strip(), line[91:119].strip(), *dates)
        else:
            raise malformed(name, number, "record id", line[:11], "a code, five digits, and 3, 4, 7 or 8")
    if found is not None:
        yield found


def _compact(name: str, number: int, column: str, text: str) -> str:
    """Convert a date like 20191001 to ISO; blank is empty."""
    day = text.strip()
    if not day:
        return ""
    try:
        return date.fromisoformat(iso_date(day)).isoformat()
    except ValueError:
        raise malformed(name, number, column, day, "a date such as 20191001") from None


_XLSX_COLUMNS: Final = (
    *("HCPC", "RECID", "LONG DESCRIPTION", "SHORT DESCRIPTION"),
    *("ADD DT", "ACT EFF DT", "TERM DT"),
)
_XLSX_WIDTH: Final = 64  # more than any edition has; rows of a sheet leave out empty cells at their end
_FIRST_DAY: Final = date(1899, 12, 30)  # day 0 of a workbook's calendar


def hcpcs_rows(name: str, rows: Iterator[tuple[int, list[str]]]) -> Iterator[HcpcsRecord]:
    """Read the codes of the XLSX edition from the cells of its sheet."""
    codes: dict[str, HcpcsRecord] = {}
    wide = ((number, row + [""] * (_XLSX_WIDTH - len(row))) for number, row in rows)
    for record in _records(name, wide, re.compile("HCPC"), _XLSX_COLUMNS):
        code, recid, long, short, *days = (record.values[column] for column in _XLSX_COLUMNS)
        if recid == "4" and code in codes:
            codes[code] = codes[code]._replace(long=f"{codes[code].long} {long}".strip())
        elif re.fullmatch(r"[A-Z][0-9]{4}", code):
            dates = [_cell_date(name, record.number, *pair) for pair in zip(_XLSX_COLUMNS[4:], days, strict=True)]
            codes[code] = HcpcsRecord(code, long, short, *dates)
        elif re.fullmatch(r"[0-9A-Z]{2}", code) is None:
            raise malformed(name, record.number, "HCPC", code, "a code, or a modifier of two characters")
    return iter(codes.values())


def _cell_date(name: str, number: int, column: str, text: str) -> str:
    """Convert a date of a sheet, written 20191001 or as the workbook's count of days."""
    if re.fullmatch(r"[0-9]{5}", text):
        return (_FIRST_DAY + timedelta(days=int(text))).isoformat()
    return _compact(name, number, column, text)


# -- FDA Purple Book -----------------------------------------------------------------------------------


class Licence(NamedTuple):
    """A licensed biologic of the Purple Book."""

    brand: str
    proper: str
    kind: str  # 351(a), 351(k) Biosimilar, 351(k) Interchangeable


def purple_book(name: str, lines: Iterable[bytes]) -> list[Licence]:
    """Read the products of the last table in the file, the whole list; the first holds the month's changes."""
    rows = list(_numbered(name, lines))
    last = max((index for index, (_, row) in enumerate(rows) if row and row[0].strip() == "N/R/U"), default=0)
    needed = ("BLA Number", "Proprietary Name", "Proper Name")
    found = []
    for record in _records(name, iter(rows[last:]), re.compile("N/R/U"), needed):
        values = record.values
        if not re.fullmatch(r"[0-9]{4,7}", values["BLA Number"].removeprefix("BLA")):
            raise malformed(name, record.number, "BLA Number", values["BLA Number"], "a licence number")
        kind = next((values[key] for key in ("BLA Type", "License Type") if values.get(key)), "")
        found.append(Licence(values["Proprietary Name"], values["Proper Name"], kind))
    return found


# -- CDC ICD-10-CM -------------------------------------------------------------------------------------


def icd_codes(name: str, lines: Iterable[bytes]) -> list[str]:
    """Read the codes of ``icd10cm_codes_YYYY.txt``; all of them are billable."""
    codes = []
    for number, line in enumerate(decoded(lines), 1):
        found = _ICD_LINE.match(line)
        if found is None and line.strip():
            raise malformed(name, number, "code", line.strip(), "an ICD-10-CM code and its title")
        if found is not None:
            codes.append(found[1])
    if diagnoses.leaves(codes) != sorted(set(codes)):
        raise ValueError(
            f"{name}: it lists categories too; import icd10cm_codes_YYYY.txt, which lists what can be billed"
        )
    return codes


def icd_year(name: str) -> int:
    """Return the fiscal year in a file's name; the content does not state it."""
    found = re.search(r"20[0-9]{2}", name)
    if found is None:
        raise ValueError(f"{name}: the name must hold the fiscal year, as icd10cm_codes_2027.txt does")
    return int(found[0])
