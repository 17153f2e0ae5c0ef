"""Build the dated reference edition: ``build_reference.py SOURCE_DIR [--icd DIR] [-o config/reference]``.

Reads the public tables (CMS ASP crosswalk, HCPCS Level II, FDA Purple Book and the two tables derived from
them), keeps what the rules need and writes ``edition.toml`` and its tables. The same sources always give the
same bytes. Nothing is filled in by guess: what no source says stays empty.

ICD-10-CM comes from CDC's code lists inside wheels of the package simple-icd-10-cm, one version a fiscal year:
``pip download --no-deps -d icd simple-icd-10-cm==1.5.0`` (FY 2026), ``==1.4.0`` (FY 2025). Without ``--icd`` the
diagnosis tables that lie in the output folder stay as they are.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import reference_codes
import reference_dosing

from x12proc.reference import diagnoses
from x12proc.reference import ndc as ndc_spelling
from x12proc.reference.edition import COLUMNS, PRODUCTS, Reference
from x12proc.reference.manifest import EDITION, Manifest, Source, TableInfo, parse_manifest, render_manifest
from x12proc.reference.table import table_bytes
from x12proc.reference.wording import (
    LABELS,
    NAMELESS_CODES,
    canonical_routes,
    hcpcs_generic,
    iso_date,
    merged_container,
    specific_codes,
    split_brands,
    tidy,
    without_salt,
    words,
)

HAND_MADE = Path(__file__).resolve().parents[1] / "config" / "reference" / "sources"
EDITION_DATE = "2026-11-23"

#: key, file pattern, the edition the publisher gives it
SOURCES = (
    ("biologics", "biologics.csv", "compiled 2026-11-23 from the CMS October 2026 crosswalk"),
    ("derived", "biologics_ndc_derived.csv", "FDA Purple Book March 2025 x CMS ASP crosswalk 2025Q4"),
    ("crosswalk", "asp_ndc_hcpcs_crosswalk_*.csv", "CMS ASP NDC-HCPCS crosswalk October-December 2025"),
    ("hcpcs", "hcpcs_level2.csv", "CMS HCPCS Level II, dates of October 2024"),
    ("purple", "purple_book_*.csv", "FDA Purple Book March 2025"),
)

#: For which service dates a table speaks (None: no limit), and what it was made from. A product or code that came
#: after the last day may be missing; nothing was ever taken out for being old.
TABLES: dict[str, tuple[date | None, date | None, tuple[str, ...]]] = {
    "products": (None, date(2026, 12, 31), ("biologics", "derived", "crosswalk", "hcpcs", "purple")),
    "names": (None, date(2026, 12, 31), ("biologics", "crosswalk", "hcpcs", "purple")),
    "codes": (None, date(2026, 9, 30), ("hcpcs", "biologics", "crosswalk")),
    "classes": (None, date(2026, 9, 30), ("hcpcs", "purple", "biologics")),
    "administration": (None, None, ()),
    "biosimilars": (None, date(2025, 3, 31), ("purple",)),
    "dosing": (None, None, ("hcpcs", "purple", "biologics")),
    "packages": (None, date(2025, 3, 31), ("purple", "biologics", "derived")),
}
PRODUCT_FIELDS = tuple(column.name for column in COLUMNS[PRODUCTS])

#: Names that as words of a claim note hardly ever mean the drug.
NOT_NAMES = words(
    "antigen bat biologic compound diluent drug glucose injection iron kit maci n/a placebo plasma serum "
    "solution sterile supplement unknown vaccine vial water"
)

#: What clerks write instead of a name. (name, canonical)
ALIASES = (
    ("acthar", "corticotropin"),
    ("hep lock", "heparin lock"),
    ("heparin lock", "heparin lock"),
    ("heparin lock flush", "heparin lock"),
    ("sod chl", "sodium chloride"),
    ("sod chloride", "sodium chloride"),
    ("nacl", "sodium chloride"),
    ("normal saline", "sodium chloride"),
)

SUFFIX = re.compile(r"(.+)-[a-z]{4}\Z")
PACKAGE = re.compile(r"(\d{4,5}-\d{3,4}-\d{1,2})(?![\d.])(?:\s*\(([^)]*)\))?")

Row = dict[str, str]


def read_rows(path: Path) -> list[Row]:
    """The rows of a CSV file, header as keys, values trimmed; UTF-8 first, then Windows-1252."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    lines = text.splitlines()
    return [{key: (value or "").strip() for key, value in row.items() if key} for row in csv.DictReader(lines)]


def find_source(folder: Path, pattern: str) -> Path:
    """The newest file of that pattern; ends the program when there is none."""
    found = sorted(folder.glob(pattern))
    if not found:
        raise SystemExit(f"{folder}: no file {pattern}")
    return found[-1]


# -- codes and their dates -----------------------------------------------------------------------------


class CodeDates:
    """Since when each HCPCS code can be billed, as far as the HCPCS table knows."""

    def __init__(self, hcpcs: Iterable[Row]) -> None:
        self._added = {row["hcpcs"]: iso_date(row["add_date"]) for row in hcpcs}

    def since(self, codes: Iterable[str]) -> str:
        """The day from which at least one of ``codes`` is in force; empty when unknown for all."""
        return min(filter(None, (self._added.get(code, "") for code in codes)), default="")


def dated(codes: list[str], dates: CodeDates, stated: str = "", stated_source: str = "") -> Row:
    """The three code fields of a product. A date from memory counts as verified only when HCPCS has it too."""
    if not codes:
        return {}
    official = dates.since(codes)
    claimed = stated[:10] if re.match(r"\d{4}-\d{2}-\d{2}", stated) else ""
    verified = official or (claimed if stated_source.startswith("V:") else "")
    since = verified or claimed
    confidence = "verified" if verified else ("unverified" if claimed else "")
    return {"specific_code": ";".join(codes), "specific_from": since, "from_confidence": confidence}


# -- names ---------------------------------------------------------------------------------------------


def is_name(name: str) -> bool:
    """Whether ``name`` may stand in the lexicon: long enough to mean something, short enough to be written."""
    letters = re.sub(r"[^a-z]", "", name.lower())
    parts = name.lower().split()
    plausible = len(letters) >= 4 and len(name) <= 60 and len(parts) <= 7
    garbage = LABELS.match(name.lower()) or re.search(r"mg/ml|[?@]", name, re.IGNORECASE)
    return plausible and not garbage and parts[0] not in NOT_NAMES


class Names:
    """Every way to write a drug, and the one canonical name it stands for."""

    def __init__(self) -> None:
        self._canonical: dict[str, str] = {}
        self._kind: dict[str, str] = {}

    def add(self, name: str, canonical: str, kind: str) -> None:
        """The first source that knows a name decides: add the best source first."""
        key = " ".join(name.lower().split())
        if is_name(key):
            self._canonical.setdefault(key, canonical.lower())
            self._kind.setdefault(key, kind)

    def canonical(self, name: str) -> str:
        return self._canonical.get(" ".join(name.lower().split()), "")

    def is_brand(self, name: str) -> bool:
        return self._kind.get(" ".join(name.lower().split())) == "brand"

    def rows(self) -> Iterator[tuple[str, str, str]]:
        for name in sorted(self._canonical):
            yield name, self._canonical[name], self._kind[name]

    def generics(self) -> list[str]:
        return sorted(name for name, kind in self._kind.items() if kind == "generic")


def most_common(values: Iterable[str]) -> str:
    """The value that occurs most; of several the alphabetically first."""
    counted = Counter(filter(None, values))
    return min(counted, key=lambda value: (-counted[value], value)) if counted else ""


def purple_names(purple: list[Row], names: Names) -> None:
    propers: dict[str, list[str]] = defaultdict(list)
    for row in purple:
        proper = row["proper_name"].lower()
        names.add(proper, proper, "generic")
        for brand in split_brands(row["proprietary_name"]):
            propers[brand].append(proper)
    for brand in sorted(propers):
        names.add(brand, most_common(propers[brand]), "brand")


def biologic_names(biologics: list[Row], names: Names) -> None:
    for row in biologics:
        generic = re.sub(r"\s*\([^)]*implant\)", "", row["generic"].lower())
        known = [names.canonical(brand) for brand in split_brands(row["brand"])]
        canonical = next(filter(None, known), generic)
        names.add(generic, canonical, "generic")
        for brand in split_brands(row["brand"]):
            names.add(brand, canonical, "brand")


def crosswalk_names(crosswalk: list[Row], descriptions: dict[str, str], names: Names) -> None:
    """Names of the crosswalk; a brand gets the drug that the text of its code names."""
    generics: dict[str, list[str]] = defaultdict(list)
    for row in crosswalk:
        if not row["code"].startswith(NAMELESS_CODES):
            generics[tidy(row["Drug Name"])].append(hcpcs_generic(descriptions.get(row["code"], "")))
    for name in sorted(generics):
        bare, generic = without_salt(name), most_common(generics[name])
        same_drug = not generic or bare.split()[0:1] == generic.split()[0:1]
        names.add(name, bare if same_drug else generic, "generic" if same_drug else "brand")
        names.add(bare, bare if same_drug else generic, "generic" if same_drug else "brand")
        if generic:
            names.add(generic, names.canonical(generic) or generic, "generic")


def base_names(names: Names) -> None:
    """Generics without their four-letter suffix, without brackets and without "and", where not yet a name."""
    full_names: dict[str, set[str]] = defaultdict(set)
    for generic in names.generics():
        canonical = names.canonical(generic)
        unbracketed = " ".join(re.sub(r"\([^)]*\)|,", " ", generic).split())
        found = SUFFIX.match(unbracketed)
        base = found.group(1).rstrip(" -") if found else unbracketed
        for short in {base, base.replace(" and ", " "), unbracketed.replace(" and ", " ")} - {generic}:
            full_names[short].add(canonical)
    for short in sorted(full_names):
        owners = full_names[short]
        names.add(short, min(owners) if len(owners) == 1 else short, "suffix-base")


# -- products ------------------------------------------------------------------------------------------


def biologic_container(text: str, package: str) -> str:
    """``SDV/PFS`` is decided by what the package's own remark says, and stays empty otherwise."""
    if "/" in text or ";" in text:
        return "PFS" if "PFS" in package else ("SDV" if "vial" in package else "")
    if text.upper().startswith("MULTI"):
        return "MDV"
    first = text.split(" ", maxsplit=1)[0].upper()
    return first if first in {"SDV", "PFS", "KIT"} else ""


def package_strength(strengths: str, package: str) -> str:
    """The strength of this package when its volume or powder weight singles one out, else the whole list."""
    volume = re.match(r"([\d.]+ mL)", package)
    weight = re.match(r"([\d.]+ mg) powder", package)
    bare = re.sub(r"\s*\([^)]*\)", "", strengths)
    items = [item.strip() for item in bare.split(";")]
    if volume:
        fitting = [item for item in items if item.endswith("/" + volume.group(1))]
    elif weight:
        fitting = [item for item in items if item.startswith(weight.group(1))]
    else:
        fitting = []
    return fitting[0] if len(fitting) == 1 else strengths


def biologic_products(biologics: list[Row], names: Names, dates: CodeDates) -> Iterator[Row]:
    for row in biologics:
        if "repackaged" in row["brand"]:
            continue  # tells of a syringe made from the vial; the vial's own facts come from the other tables
        brand = "/".join(split_brands(row["brand"]))
        codes = specific_codes(row["specific_hcpcs"])
        common = {
            "name": brand,
            "generic": names.canonical(brand.split("/")[0]) or row["generic"].lower(),
            "application": row["fda_application"].split("-")[0],
            "routes": canonical_routes(row["route"]),
            "billing_unit": row["billing_unit"].upper(),
            **dated(codes, dates, row["hcpcs_effective_date"], row["effective_date_source"]),
        }
        packages = row["ndc11_hyphenated_with_pkg(units)"]
        for spelled, remark in PACKAGE.findall(packages):
            yield {
                **common,
                "ndc": ndc_spelling.normalise(spelled) or "",
                "container": biologic_container(row["container"], remark),
                "strength": package_strength(row["strength"], remark),
                "source": "biologics-memory" if "memory" in packages else "biologics",
            }


def derived_products(derived: list[Row], names: Names, dates: CodeDates) -> Iterator[Row]:
    for row in derived:
        name = tidy(row["proprietary_name"])
        proper = row["nonproprietary_name"].lower()
        yield {
            "ndc": row["ndc11"],
            "name": name,
            "generic": names.canonical(name) or proper,
            "application": "BLA" if row["application_no"].startswith("BLA") else "",
            "routes": canonical_routes(row["route"]),
            "container": merged_container(row["presentation"]),
            "strength": row["strength"],
            "source": "derived",
            **dated(specific_codes(row["hcpcs"]), dates),
        }


def crosswalk_products(crosswalk: list[Row], names: Names, dates: CodeDates) -> Iterator[Row]:
    by_ndc: dict[str, list[Row]] = defaultdict(list)
    for row in crosswalk:
        number = ndc_spelling.normalise(row["ndc"]) if "-" in row["ndc"] else None
        if number:
            by_ndc[number].append(row)
    for number, rows in by_ndc.items():
        codes = specific_codes(" ".join(row["code"] for row in rows))
        units = {row["HCPCS dosage"].upper() for row in rows}
        name = tidy(rows[0]["Drug Name"])
        yield {
            "ndc": number,
            "name": name,
            "generic": names.canonical(name),
            "billing_unit": units.pop() if len(units) == 1 else "",
            "source": "crosswalk",
            **dated(codes, dates),
        }


#: Fields that only mean something together: a code's date never comes from another table than the code.
CODE_FIELDS = ("specific_code", "specific_from", "from_confidence")


def merge(best: Row, other: Row) -> Row:
    """``best`` with its gaps filled from ``other``, code and date together."""
    merged = {field: best.get(field) or other.get(field, "") for field in PRODUCT_FIELDS}
    codes = set(best.get("specific_code", "").split(";")) - {""}
    more = codes < set(other.get("specific_code", "").split(";"))  # an NDC may stand under several codes
    owner = other if more else best
    return {**merged, **{field: owner.get(field, "") for field in CODE_FIELDS}}


def combine(*tables: Iterable[Row]) -> dict[str, Row]:
    """One product an NDC; of several tables the earlier decides and the later fills gaps."""
    products: dict[str, Row] = {}
    for table in tables:
        for row in table:
            if re.fullmatch(r"[0-9]{11}", row["ndc"]):
                products[row["ndc"]] = merge(products.get(row["ndc"], row), row)
    return products


# -- the edition ---------------------------------------------------------------------------------------


def prepared(paths: dict[str, Path]) -> dict[str, list[Row]]:
    """The source tables, the crosswalk's columns under names that don't change with the year."""
    tables = {key: read_rows(path) for key, path in paths.items()}
    for row in tables["crosswalk"]:
        row["code"] = next(iter(row.values()))  # the first column's name carries the year
        row["ndc"] = row.get("NDC2") or row.get("NDC") or ""
    return tables


def hand_made(name: str) -> list[Row]:
    """The rows of a table that we keep by hand."""
    return read_rows(HAND_MADE / name)


def all_names(tables: dict[str, list[Row]]) -> Names:
    names = Names()
    for alias, canonical in ALIASES:
        names.add(alias, canonical, "alias")
    purple_names(tables["purple"], names)
    biologic_names(tables["biologics"], names)
    descriptions = {row["hcpcs"]: row["long_description"] for row in tables["hcpcs"]}
    crosswalk_names(tables["crosswalk"], descriptions, names)
    base_names(names)
    return names


def all_rows(tables: dict[str, list[Row]]) -> dict[str, list[list[str]]]:
    """The rows of every table of the edition but the diagnoses."""
    names = all_names(tables)
    biologics, hcpcs, purple = tables["biologics"], tables["hcpcs"], tables["purple"]
    dates = CodeDates(hcpcs)
    products = combine(
        biologic_products(biologics, names, dates),
        derived_products(tables["derived"], names, dates),
        crosswalk_products(tables["crosswalk"], names, dates),
    )
    units = reference_codes.crosswalk_units(tables["crosswalk"])
    codes = reference_codes.code_rows(hcpcs, biologics, products, names, units)
    return {
        "products": [[products[key].get(field, "") for field in PRODUCT_FIELDS] for key in sorted(products)],
        "names": [list(row) for row in names.rows()],
        "codes": codes,
        "classes": reference_codes.class_rows(hcpcs, purple, biologics, codes, names),
        "administration": reference_codes.administration_rows(),
        "biosimilars": reference_codes.biosimilar_rows(purple),
        "dosing": reference_dosing.dosing_rows(hand_made("dosing.csv"), products, codes),
        "packages": reference_dosing.package_rows(hand_made("packages.csv"), purple, products, names),
    }


def diagnosis_tables(icd: Path | None, target: Path) -> dict[int, list[str]]:
    """The billable codes by fiscal year: of the wheels, or those that lie in the target already."""
    if icd is not None:
        return reference_codes.diagnosis_codes(icd)
    kept = sorted(target.glob("diagnoses_*.txt"))
    return {int(path.stem[-4:]): list(diagnoses.unpack(path.name, path.read_bytes())) for path in kept}


def icd_sources(target: Path) -> dict[str, Source]:
    """What the present edition says of the diagnosis tables that stay."""
    path = target / EDITION
    sources = parse_manifest(path.read_bytes()).sources if path.exists() else {}
    return {key: source for key, source in sources.items() if key.startswith("icd10cm")}


def build(sources: Path, target: Path, icd: Path | None = None) -> dict[str, int]:
    """Write the edition into ``target``; gives the number of rows a table."""
    paths = {key: find_source(sources, pattern) for key, pattern, _ in SOURCES}
    tables = prepared(paths)
    years = diagnosis_tables(icd, target)
    target.mkdir(parents=True, exist_ok=True)
    infos: dict[str, TableInfo] = {}
    for key, rows in all_rows(tables).items():
        (target / f"{key}.csv").write_bytes(table_bytes(COLUMNS[f"{key}.csv"], rows))
        first, last, made_of = TABLES[key]
        infos[key] = TableInfo(len(rows), made_of, first, last)
    named = {key: Source(paths[key].name, edition, len(tables[key])) for key, _, edition in SOURCES}
    kept = icd_sources(target)
    for year, codes in years.items():
        (target / diagnoses.table_name(year)).write_bytes(diagnoses.pack(codes))
        source = f"icd10cm_{year}"
        infos[f"diagnoses_{year}"] = TableInfo(len(codes), (source,), date(year - 1, 10, 1), date(year, 9, 30))
        fresh = Source("code list in simple-icd-10-cm", f"CDC ICD-10-CM FY {year}, April release", len(codes))
        named[source] = fresh if icd is not None else kept.get(source, fresh)
    (target / EDITION).write_bytes(render_manifest(Manifest(EDITION_DATE, named, infos)))
    return Reference(lambda name: (target / name).read_bytes()).validate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", type=Path, help="folder with the source tables")
    parser.add_argument("--icd", type=Path, help="folder with wheels of simple-icd-10-cm")
    default = Path(__file__).resolve().parents[1] / "config" / "reference"
    parser.add_argument("-o", "--output", type=Path, default=default, help="folder of the edition")
    arguments = parser.parse_args()
    counts = build(arguments.sources, arguments.output, arguments.icd)
    print(f"{arguments.output}: " + ", ".join(f"{name} {count}" for name, count in counts.items()))


if __name__ == "__main__":
    main()
