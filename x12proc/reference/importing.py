"""Import official downloads: a base edition and files in, the tables of a new edition out.

Nothing is changed in place. What the downloads do not contain stays as in the base edition:

- The FDA NDC Directory adds products and fills gaps of known ones; it knows no codes. The days on which its
  packages are marketed become a table of their own, which is not shipped.
- A CMS crosswalk decides the code of each NDC it lists, unless the edition is newer: then it fills gaps. The NOC
  crosswalk only adds products.
- A HCPCS file decides texts and dates of its codes; codes it no longer lists stay, for older claims.
- The Purple Book adds names, suffixes and classes.
- ICD-10-CM codes become the table of their fiscal year.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import IO, Final

import msgspec

from x12proc.reference import diagnoses, official, sheet
from x12proc.reference.classify import is_oncology_code, text_classes
from x12proc.reference.edition import (
    BIOSIMILARS,
    CLASSES,
    CODES,
    COLUMNS,
    MARKETING,
    NAMES,
    PRODUCTS,
    Reference,
    table_file,
)
from x12proc.reference.manifest import EDITION, Manifest, Source, TableInfo, render_manifest
from x12proc.reference.table import table_bytes
from x12proc.reference.wording import (
    NAMELESS_CODES,
    UNSPECIFIC_CODES,
    canonical_routes,
    split_brands,
    suffixed_drug,
    text_route,
    text_unit,
    tidy,
)

_LARGEST_FILE: Final = 256 * 1024 * 1024  # bytes in a ZIP, unpacked; the largest download has a fifth
_LONGEST_STRENGTH: Final = 60  # characters; a list of vitamins is no help
_ADDED, _CONFIDENCE, _KNOWN_SINCE = 6, 9, 11  # columns of codes
_GENERIC, _CODE, _SOURCE = 2, 7, 11  # columns of products; the facts of the code lie between the last two


class Imported(msgspec.Struct, frozen=True):
    """The result of one file: its kind, the number of rows used, and a remark."""

    name: str
    kind: str
    rows: int
    remark: str = ""


class Importer:
    """Reads downloads one after another, then returns the tables of the new edition.

    Every method raises ValueError, with file, row and column, for what can't be read.
    """

    def __init__(self, base: Reference, today: date) -> None:
        self._base = base
        self._today = today
        self._sources: dict[str, Source] = {}
        self._spans: dict[str, date] = {}  # table: the last day that a download covers
        self._changed: dict[str, dict[str, list[str]]] = {}  # table: rows by key
        self._classes: dict[tuple[str, str], str] = {}
        self._years: dict[int, list[str]] = {}
        self._listed: dict[str, tuple[str, str, str, str, str]] = {}  # NDC Directory: facts by product id
        self._marketed: dict[str, tuple[str, str]] = {}  # first and last day by product id
        self._marketing: dict[str, list[str]] = {}  # rows by NDC
        self._unpacked: str | None = None  # a product.txt that waits for its package.txt

    # -- files -----------------------------------------------------------------------------------------

    def add(self, name: str, open_file: Callable[[], IO[bytes]]) -> list[Imported]:
        """Import one file, or all files of a ZIP. ``product.txt`` must come before ``package.txt``."""
        with open_file() as file:
            packed = file.read(4) == b"PK\x03\x04"
        if not packed:
            return [self._add_text(name, open_file)]
        with open_file() as file:
            try:
                with zipfile.ZipFile(file) as archive:
                    return self._add_archive(name, archive)
            except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
                raise ValueError(f"{name}: the ZIP can't be read: {error}") from error

    def _add_archive(self, name: str, archive: zipfile.ZipFile) -> list[Imported]:
        for entry_info in archive.infolist():  # no more than this is unpacked, whatever the archive holds
            if entry_info.file_size > _LARGEST_FILE:
                raise ValueError(f"{name}/{entry_info.filename}: over {_LARGEST_FILE} bytes when unpacked")
        if sheet.is_workbook(archive):
            records = official.hcpcs_rows(name, sheet.sheet_rows(name, archive))
            return [Imported(name, official.HCPCS_XLSX, self._add_hcpcs(name, records))]
        entries = [entry for entry in archive.namelist() if entry.lower().endswith((".csv", ".txt"))]
        if not entries:
            raise ValueError(f"{name}: the ZIP holds no .csv or .txt file")
        done = []
        for entry in sorted(entries, key=lambda entry: "package" in entry.lower()):

            def open_entry(entry: str = entry) -> IO[bytes]:
                try:
                    return archive.open(entry)
                except ValueError as error:  # such as an offset before the start of the file
                    raise zipfile.BadZipFile(str(error)) from error

            done.append(self._add_text(f"{name}/{entry}", open_entry, inside=True))
        return done

    def _add_text(self, name: str, open_file: Callable[[], IO[bytes]], *, inside: bool = False) -> Imported:
        with open_file() as file:
            kind = official.kind_of(name, file)
        if kind in official.OTHERS or (kind is None and inside):
            return Imported(name, kind or "unknown", 0, f"left out: {official.OTHERS.get(kind or '', 'not ours')}")
        if kind is None:
            known = ", ".join(_TAKERS)
            raise ValueError(f"{name}: its content is none of the downloads that can be imported: {known}")
        with open_file() as file:
            rows, remark = _TAKERS[kind](self, name, file)
        return Imported(name, kind, rows, remark)

    # -- products --------------------------------------------------------------------------------------

    def _take_products(self, name: str, lines: Iterable[bytes]) -> tuple[int, str]:
        canonical = self._base.lexicon().canonical
        for record in official.directory_products(name, lines):
            value = record.values
            brand, proper = value["PROPRIETARYNAME"], value["NONPROPRIETARYNAME"]
            full = f"{brand} {value['PROPRIETARYNAMESUFFIX']}".strip()
            strength = official.directory_strength(value["ACTIVE_NUMERATOR_STRENGTH"], value["ACTIVE_INGRED_UNIT"])
            self._marketed[value["PRODUCTID"]] = official.marketing_dates(record)
            self._listed[value["PRODUCTID"]] = (
                brand if canonical(full) == canonical(brand) else full,
                canonical(full) or canonical(brand) or canonical(proper) or proper.lower(),
                official.application_kind(value["APPLICATIONNUMBER"], value["MARKETINGCATEGORYNAME"]),
                canonical_routes(value["ROUTENAME"]),
                strength if len(strength) <= _LONGEST_STRENGTH else "",
            )
        self._unpacked = name
        return len(self._listed), ""

    def _take_packages(self, name: str, lines: Iterable[bytes]) -> tuple[int, str]:
        if not self._listed:
            raise ValueError(f"{name}: name its product.txt before it, in the same import")
        products = self._rows(PRODUCTS)
        coded = {ndc[:9]: row[_CODE:_SOURCE] for ndc, row in products.items() if row[_CODE]}
        count = 0
        for record, ndc in official.directory_packages(name, lines):
            facts = self._listed.get(record.values["PRODUCTID"])
            if facts is None:
                product = record.values["PRODUCTID"]
                raise ValueError(
                    f"{name}, row {record.number}, column PRODUCTID: {product[:60]!r} isn't in product.txt; "
                    f"both files must be of the same day"
                )
            brand, generic, application, routes, strength = facts
            container = official.package_container(record.values["PACKAGEDESCRIPTION"])
            code = coded.get(ndc[:9], ("", "", "", ""))  # another package of the product has the same code
            row = [ndc, brand, generic, application, routes, container, strength, *code, "ndc-directory"]
            known = products.get(ndc)
            products[ndc] = _filled(known, row) if known else row
            self._add_marketing(ndc, record)
            count += 1
        self._listed, self._marketed, self._unpacked = {}, {}, None
        self._source("ndc_directory", name, f"FDA NDC Directory, imported {self._today}", count)
        return count, ""

    def _add_marketing(self, ndc: str, record: official.Record) -> None:
        """Take the dates of a package, or else of its product; a package that is listed twice is marketed as long
        as either."""
        first, last = official.marketing_dates(record)
        product_first, product_last = self._marketed[record.values["PRODUCTID"]]
        first, last = first or product_first, last or product_last
        listed = self._marketing.setdefault(ndc, [ndc, first, last])
        listed[1:] = [min(listed[1], first), max(listed[2], last) if listed[2] and last else ""]

    def _take_crosswalk(self, name: str, lines: Iterable[bytes]) -> tuple[int, str]:
        table = official.crosswalk(name, lines)
        products, codes = self._rows(PRODUCTS), self._rows(CODES)
        so_far = self._base.manifest().tables["products"].last
        older = table.last is not None and so_far is not None and table.last < so_far
        by_ndc: dict[str, list[official.Assignment]] = {}
        for item in table.assignments:
            by_ndc.setdefault(item.ndc, []).append(item)
        for ndc, items in by_ndc.items():
            own = sorted({item.code for item in items if re.match(r"[A-Z]", item.code)} - UNSPECIFIC_CODES)
            new = self._assigned(ndc, items, own, codes)
            known = products.get(ndc)
            products[ndc] = new if known is None else (_filled if older else _reassigned)(known, new)
            for item in items:
                if item.code in own:
                    unknown = [item.code, item.short, new[_GENERIC], "", item.unit, *[""] * 7]
                    _seen(codes.setdefault(item.code, unknown), table.last)
        noc = not any(item.code for item in table.assignments)
        self._source("noc" if noc else "crosswalk", name, table.title, len(table.assignments))
        if table.last and not noc:
            self._spans[PRODUCTS] = table.last
        remarks = [f"{table.without_ndc} rows carry no NDC and were left out"] if table.without_ndc else []
        remarks += [f"older than the products, which go to {so_far}: it only fills gaps"] if older else []
        return len(table.assignments), "; ".join(remarks)

    def _assigned(
        self, ndc: str, items: Sequence[official.Assignment], own: Sequence[str], codes: dict[str, list[str]]
    ) -> list[str]:
        name = tidy(items[0].name)
        generic = self._base.lexicon().canonical(name) or ""
        units = {item.unit for item in items}
        unit = units.pop() if len(units) == 1 and own else ""
        dates = [(codes[code][6], codes[code][9]) for code in own if code in codes and codes[code][6]]
        since, confidence = min(dates, default=("", ""))
        return [ndc, name, generic, "", "", "", "", ";".join(own), since, confidence, unit, "crosswalk"]

    # -- codes -----------------------------------------------------------------------------------------

    def _take_hcpcs(self, name: str, lines: Iterable[bytes]) -> tuple[int, str]:
        return self._add_hcpcs(name, official.hcpcs_text(name, lines)), ""

    def _add_hcpcs(self, name: str, records: Iterable[official.HcpcsRecord]) -> int:
        codes = self._rows(CODES)
        count, newest = 0, ""
        for record in records:
            if record.code[0] not in "JQC" and record.code not in codes:
                continue
            known = codes.get(record.code) or [record.code, *[""] * 11]
            confidence = "verified" if record.added or record.terminated else known[9]
            codes[record.code] = [
                record.code,
                record.short or known[1],
                known[2] or self._named_by(record),
                known[3],
                known[4] or text_unit(record.long),
                known[5] or text_route(record.long),
                record.added or known[6],
                record.effective or known[7],
                record.terminated or ("" if record.added else known[8]),
                confidence,
                known[10],
                "" if record.added or known[_ADDED] else known[_KNOWN_SINCE],
            ]
            self._classify(record.code, record.long, f"HCPCS text in {name}")
            newest = max(newest, record.added, record.effective)
            count += 1
        if count == 0:
            raise ValueError(f"{name}: it holds no code")
        self._source("hcpcs", name, f"CMS HCPCS Level II, newest date {newest or 'none'}", count)
        if newest:
            self._spans[CODES] = _quarter_end(date.fromisoformat(newest))
        return count

    def _named_by(self, record: official.HcpcsRecord) -> str:
        """Return the drug that a long text begins with, if the lexicon has it or it has a biologic's suffix."""
        body = re.sub(r"^injection,?\s+", "", record.long.lower())
        if "not otherwise" in body or record.code.startswith(NAMELESS_CODES):
            return ""
        suffixed = suffixed_drug(record.long)
        known = self._base.lexicon().canonical(re.split(r",|\s\(", body, maxsplit=1)[0])
        return known or self._base.lexicon().canonical(suffixed) or suffixed

    def _classify(self, key: str, text: str, why: str) -> None:
        kinds = text_classes(text) + (["antineoplastic"] if is_oncology_code(key) else [])
        for kind in kinds:
            self._classes.setdefault((key, kind), why)

    # -- names and diagnoses ---------------------------------------------------------------------------

    def _take_purple(self, name: str, lines: Iterable[bytes]) -> tuple[int, str]:
        licences = official.purple_book(name, lines)
        if not licences:
            raise ValueError(f"{name}: it holds no product")
        names, suffixed = self._rows(NAMES), self._rows(BIOSIMILARS)
        for licence in licences:
            proper = " ".join(licence.proper.lower().split())
            if not proper:
                continue
            names.setdefault(proper, [proper, proper, "generic"])
            brands = split_brands(licence.brand)
            for brand in brands:
                names.setdefault(brand.lower(), [brand.lower(), names[proper][1], "brand"])
            self._classify(names[proper][1], proper, "proper name")
            if re.fullmatch(r".+-[a-z]{4}", proper):
                known = suffixed.setdefault(proper, [proper, proper[:-5], proper[-4:], "", ""])
                known[3] = _pathway(licence.kind) or known[3] or "originator"
                known[4] = ";".join(sorted({*filter(None, known[4].split(";")), *brands}))
        self._source("purple", name, f"FDA Purple Book, imported {self._today}", len(licences))
        self._spans[BIOSIMILARS] = self._today
        return len(licences), ""

    def _take_icd(self, name: str, lines: Iterable[bytes]) -> tuple[int, str]:
        year = official.icd_year(name.rpartition("/")[2])
        codes = self._years[year] = official.icd_codes(name, lines)
        self._source(f"icd10cm_{year}", name, f"ICD-10-CM FY {year}", len(codes))
        return len(codes), f"fiscal year {year}"

    # -- the new edition -------------------------------------------------------------------------------

    def tables(self) -> dict[str, bytes]:
        """Return all files of the new edition by name, read back and validated."""
        if self._unpacked is not None:
            raise ValueError(f"{self._unpacked}: name its package.txt too, in the same import")
        if self._classes:
            classes = {f"{row[0]}\0{row[1]}": row for row in self._base.rows(CLASSES)}
            for (key, kind), why in self._classes.items():
                classes.setdefault(f"{key}\0{kind}", [key, kind, why])
            self._changed[CLASSES] = classes
        files: dict[str, bytes] = {}
        infos: dict[str, TableInfo] = {}
        old = self._base.manifest()
        for key, info in old.tables.items():
            name = table_file(key)
            rows = self._changed.pop(name, None)
            if rows is None:
                files[name], infos[key] = self._base.raw(name), info
            else:
                files[name] = table_bytes(COLUMNS[name], (rows[one] for one in sorted(rows)))
                infos[key] = self._info(name, info, len(rows))
            del rows
        if self._marketing:
            files[MARKETING], infos["marketing"] = self._marketing_table()
        if self._years:
            files[diagnoses.TABLE], infos["diagnoses"] = self._diagnoses()
        manifest = Manifest(self._today.isoformat(), {**old.sources, **self._sources}, infos)
        files[EDITION] = render_manifest(manifest)
        Reference(files.__getitem__).validate()
        return files

    def _marketing_table(self) -> tuple[bytes, TableInfo]:
        """Merge the packages of the directory with those that it no longer lists, for older claims."""
        earlier = self._base.rows(MARKETING) if self._base.has("marketing") else ()
        rows = {**{row[0]: row for row in earlier}, **self._marketing}
        table = table_bytes(COLUMNS[MARKETING], (rows[ndc] for ndc in sorted(rows)))
        return table, TableInfo(len(rows), ("ndc_directory",), None, self._today)

    def _diagnoses(self) -> tuple[bytes, TableInfo]:
        """Merge the codes of the imported fiscal years with those of the base edition."""
        codes = {**diagnoses.by_year(self._base.raw(diagnoses.TABLE)), **self._years}
        table = diagnoses.pack(codes)
        sources = tuple(f"icd10cm_{year}" for year in sorted(codes))
        return table, diagnosis_info(table, sources)

    def _info(self, name: str, info: TableInfo, rows: int) -> TableInfo:
        span = self._spans.get(name)
        last = max(info.last, span) if info.last and span else info.last
        fresh = [key for key in _FEEDS.get(name, ()) if key in self._sources and key not in info.sources]
        return TableInfo(rows, (*info.sources, *fresh), info.first, last)

    def _source(self, key: str, name: str, edition: str, rows: int) -> None:
        self._sources[key] = Source(name.rpartition("/")[2], edition, rows)

    def _rows(self, table: str) -> dict[str, list[str]]:
        """Return the rows of a table by their first column, for changes."""
        if table not in self._changed:
            self._changed[table] = {row[0]: row for row in self._base.rows(table)}
        return self._changed[table]


#: The sources of each table.
_FEEDS: Final = {
    PRODUCTS: ("ndc_directory", "crosswalk", "noc"),
    CODES: ("hcpcs", "crosswalk"),
    NAMES: ("purple",),
    BIOSIMILARS: ("purple",),
    CLASSES: ("hcpcs", "purple"),
}

#: The method for each kind of download; it returns the rows used and a remark.
_TAKERS: Final[dict[str, Callable[[Importer, str, Iterable[bytes]], tuple[int, str]]]] = {
    official.PRODUCT: Importer._take_products,
    official.PACKAGE: Importer._take_packages,
    official.ASP: Importer._take_crosswalk,
    official.NOC: Importer._take_crosswalk,
    official.HCPCS_TEXT: Importer._take_hcpcs,
    official.PURPLE: Importer._take_purple,
    official.ICD: Importer._take_icd,
}


def diagnosis_info(table: bytes, sources: tuple[str, ...]) -> TableInfo:
    """Return the manifest's entry for a table of diagnoses."""
    years = diagnoses.years(table)
    rows = sum(1 for _ in diagnoses.unpack(table))
    return TableInfo(rows, sources, date(years[0] - 1, 10, 1), date(years[-1], 9, 30))


def _filled(known: Sequence[str], row: Sequence[str]) -> list[str]:
    """Fill the gaps of a known product; its code and date stay."""
    return [old or new for old, new in zip(known, row, strict=True)]


def _reassigned(known: Sequence[str], new: Sequence[str]) -> list[str]:
    """Replace the codes of a known product by those of a newer crosswalk; the rest stays."""
    row = _filled(known, new)
    if new[_CODE] and known[_CODE] != new[_CODE]:
        row[_CODE:_SOURCE] = new[_CODE:_SOURCE]
    return row


def _seen(code: list[str], last: date | None) -> None:
    """Note the first day of a crosswalk's quarter for a listed code whose first day is unknown."""
    if last is not None and not code[_ADDED]:
        first = date(last.year, max(last.month - 2, 1), 1).isoformat()
        code[_KNOWN_SINCE] = min(filter(None, (code[_KNOWN_SINCE], first)))
        code[_CONFIDENCE] = code[_CONFIDENCE] or "verified"


def _pathway(kind: str) -> str:
    if "interchangeable" in kind.lower():
        return "interchangeable"
    return "biosimilar" if "351(k)" in kind else ("originator" if kind else "")


def _quarter_end(day: date) -> date:
    """Return the last day of the quarter: HCPCS changes by the quarter."""
    month = (day.month - 1) // 3 * 3 + 3
    return date(day.year, month, 30 if month in (6, 9) else 31)
