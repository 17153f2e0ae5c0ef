"""Build the dated reference edition: ``build_reference.py [--take FOLDER] [-o config/reference]``.

Reads the source tables in ``config/reference/sources``, which ``sources.toml`` names, keeps what the rules need,
and writes ``edition.toml`` and its tables. The same sources always give the same bytes. Nothing is filled in by
guess: what no source says stays empty. ``--take`` first takes downloads into the source tables, as
``tools/reference_sources.py`` does.
"""

from __future__ import annotations

import argparse
import lzma
import re
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import reference_codes
import reference_dosing
import reference_new
import reference_packages
from reference_sources import SOURCES, read_rows, take

from x12proc.reference import diagnoses
from x12proc.reference import ndc as ndc_spelling
from x12proc.reference.edition import COLUMNS, PRODUCTS, Reference
from x12proc.reference.importing import diagnosis_info
from x12proc.reference.manifest import EDITION, Manifest, Source, TableInfo, render_manifest
from x12proc.reference.table import table_bytes
from x12proc.reference.wording import (
    LABELS,
    NAMELESS_CODES,
    canonical_routes,
    hcpcs_generic,
    merged_container,
    specific_codes,
    split_brands,
    tidy,
    without_salt,
    words,
)

#: What each table is made of.
TABLES: dict[str, tuple[str, ...]] = {
    "products": (
        "biologics",
        "new_biologics",
        "derived",
        "crosswalk_2026q4",
        "crosswalk_2025q4",
        "hcpcs",
        "purple",
    ),
    "names": (
        "aliases",
        "biologics",
        "new_biologics",
        "ended_noc",
        "crosswalk_2026q4",
        "crosswalk_2025q4",
        "hcpcs",
        "purple",
    ),
    "codes": ("hcpcs", "biologics", "crosswalk_2026q4", "crosswalk_2025q4"),
    "classes": ("hcpcs", "purple", "biologics", "new_biologics"),
    "administration": (),
    "biosimilars": ("purple", "new_biologics", "hcpcs"),
    "dosing": ("dosing", "hcpcs", "crosswalk_2026q4", "crosswalk_2025q4", "purple", "biologics"),
    "maximum_doses": ("maximum_doses",),
    "packages": ("packages", "purple", "biologics", "new_biologics", "derived"),
    "licences": ("purple", "new_biologics"),
    "modifiers": ("modifiers",),
    "places": ("places",),
}
PRODUCT_FIELDS = tuple(column.name for column in COLUMNS[PRODUCTS])

#: Names that as words of a claim note hardly ever mean the drug.
NOT_NAMES = words(
    "antigen bat biologic compound diluent drug glucose injection iron kit maci n/a placebo plasma serum "
    "solution sterile supplement unknown vaccine vial water"
)

SUFFIX = re.compile(r"(.+)-[a-z]{4}\Z")
CONCENTRATION = re.compile(r"(\d+) (mg|mcg|units)/1 mL")
PACKAGE = re.compile(r"(\d{4,5}-\d{3,4}-\d{1,2})(?![\d.])(?:\s*\(([^)]*)\))?")

Row = dict[str, str]


# -- codes and their dates -----------------------------------------------------------------------------


class CodeDates:
    """Since when each HCPCS code can be billed, as far as the HCPCS table knows."""

    def __init__(self, hcpcs: Iterable[Row]) -> None:
        self._added = {row["code"]: row["added"] for row in hcpcs}

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
    """Every way to write a drug, and the one canonical name of it."""

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
            generics[tidy(row["name"])].append(hcpcs_generic(descriptions.get(row["code"], "")))
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
    """The strength of this package when its volume or powder weight singles one out, else the whole list.

    A lone concentration tells by the volume, too: 2.3 mL of 150 mg/mL are 345 mg/2.3 mL.
    """
    volume = re.match(r"([\d.]+ mL)", package)
    weight = re.match(r"([\d.]+ mg) powder", package)
    bare = re.sub(r"\s*\([^)]*\)", "", strengths)
    items = [item.strip().replace("/mL", "/1 mL") for item in bare.split(";")]
    lone = CONCENTRATION.fullmatch(items[0]) if len(items) == 1 else None
    if volume and lone:
        held = (Decimal(lone[1]) * Decimal(volume[1].split()[0])).normalize()
        return f"{held:f} {lone[2]}/{volume[1]}"
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
                "ndc": ndc_spelling.normalize(spelled) or "",
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
        if row["ndc"]:
            by_ndc[row["ndc"]].append(row)
    for number, rows in by_ndc.items():
        codes = specific_codes(" ".join(row["code"] for row in rows))
        units = {row["dosage"].upper() for row in rows}
        name = tidy(rows[0]["name"])
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


class Plan(NamedTuple):
    """What ``sources.toml`` says."""

    edition: str
    covers: dict[str, date]
    sources: dict[str, dict[str, str]]


def read_plan(folder: Path) -> Plan:
    """Read ``sources.toml`` in the folder of the source tables."""
    read = tomllib.loads((folder / "sources.toml").read_text("utf-8"))
    return Plan(read["edition"], read["covers"], read["sources"])


def read_sources(folder: Path, plan: Plan) -> dict[str, list[Row]]:
    """The rows of every source table but the diagnoses."""
    return {
        key: read_rows(folder / entry["file"])
        for key, entry in plan.sources.items()
        if not key.startswith("icd10cm_")
    }


def read_diagnoses(folder: Path, plan: Plan) -> dict[int, list[str]]:
    """The codes that can be billed, by fiscal year."""
    named = {int(key[-4:]): entry["file"] for key, entry in plan.sources.items() if key.startswith("icd10cm_")}
    return {
        year: lzma.decompress((folder / file).read_bytes()).decode("ascii").split() for year, file in named.items()
    }


def crosswalks(tables: dict[str, list[Row]]) -> list[list[Row]]:
    """The crosswalks of all quarters, the newest first."""
    return [tables[key] for key in sorted(tables, reverse=True) if key.startswith("crosswalk_")]


def all_names(tables: dict[str, list[Row]]) -> Names:
    names = Names()
    for row in tables.get("aliases", []):  # first: they tell which drug a word means that others leave open
        names.add(row["name"], row["canonical"], "alias")
    purple_names(tables["purple"], names)
    biologic_names(tables["biologics"], names)
    reference_new.add_names(tables["new_biologics"], names)
    descriptions = {row["code"]: row["long"] for row in tables["hcpcs"]}
    reference_new.add_brands(tables["ended_noc"], descriptions, names)
    for crosswalk in reversed(crosswalks(tables)):
        crosswalk_names(crosswalk, descriptions, names)
    base_names(names)
    return names


def all_rows(tables: dict[str, list[Row]]) -> dict[str, list[list[str]]]:
    """The rows of every table of the edition but the diagnoses."""
    names = all_names(tables)
    biologics, hcpcs, purple, new = (tables[key] for key in ("biologics", "hcpcs", "purple", "new_biologics"))
    dates = CodeDates(hcpcs)
    products = combine(
        biologic_products(biologics, names, dates),
        new_products(new, names, dates),
        derived_products(tables["derived"], names, dates),
        *(crosswalk_products(crosswalk, names, dates) for crosswalk in crosswalks(tables)),
    )
    listed = [row for crosswalk in crosswalks(tables) for row in crosswalk]
    licences = reference_new.licence_rows(purple, new, names)
    products = reference_packages.sharpened(products, listed, purple, tables["packages"], licences)
    units = reference_codes.crosswalk_units(crosswalks(tables))
    drugs = reference_new.code_drugs(new, tables["ended_noc"], names)
    codes = reference_codes.code_rows(hcpcs, biologics, products, names, units, listed_since(tables), drugs)
    packages = reference_dosing.package_rows(tables["packages"], purple, products, licences, names)
    return {
        "products": [[products[key].get(field, "") for field in PRODUCT_FIELDS] for key in sorted(products)],
        "names": [list(row) for row in names.rows()],
        "codes": codes,
        "classes": reference_codes.class_rows(
            hcpcs, [*purple, *reference_new.as_purple(new)], biologics, codes, names
        ),
        "administration": reference_codes.administration_rows(),
        "biosimilars": reference_codes.biosimilar_rows(purple, new, hcpcs),
        "dosing": reference_dosing.dosing_rows(tables["dosing"], products, codes, packages),
        "maximum_doses": sorted(list(row.values()) for row in tables["maximum_doses"]),
        "packages": packages,
        "licences": licences,
        "modifiers": [list(row.values()) for row in sorted(tables["modifiers"], key=lambda row: row["modifier"])],
        "places": [list(row.values()) for row in sorted(tables["places"], key=lambda row: row["pos"])],
    }


def new_products(new: list[Row], names: Names, dates: CodeDates) -> Iterator[Row]:
    """The packages of newly licensed biologics."""
    for row in new:
        codes = specific_codes(row["hcpcs"])
        for package in reference_new.packages(row, names):
            yield {**package, **dated(codes, dates)}


def listed_since(tables: dict[str, list[Row]]) -> dict[str, str]:
    """For each code the first day of the oldest quarter whose crosswalk lists it."""
    since: dict[str, str] = {}
    for key in sorted(key for key in tables if key.startswith("crosswalk_")):
        year, quarter = int(key[-6:-2]), int(key[-1])
        for row in tables[key]:
            since.setdefault(row["code"], date(year, quarter * 3 - 2, 1).isoformat())
    return since


def build(sources: Path, target: Path) -> dict[str, int]:
    """Write the edition into ``target``; gives the number of rows a table."""
    plan = read_plan(sources)
    tables, years = read_sources(sources, plan), read_diagnoses(sources, plan)
    target.mkdir(parents=True, exist_ok=True)
    infos: dict[str, TableInfo] = {}
    for key, rows in all_rows(tables).items():
        (target / f"{key}.csv").write_bytes(table_bytes(COLUMNS[f"{key}.csv"], rows))
        made_of = tuple(source for source in TABLES[key] if source in plan.sources)
        infos[key] = TableInfo(len(rows), made_of, None, plan.covers.get(key))
    packed = diagnoses.pack(years)
    (target / diagnoses.TABLE).write_bytes(packed)
    infos["diagnoses"] = diagnosis_info(packed, tuple(f"icd10cm_{year}" for year in sorted(years)))
    counts = {key: len(rows) for key, rows in tables.items()} | {
        f"icd10cm_{year}": len(years[year]) for year in years
    }
    named = {key: Source(entry["file"], entry["edition"], counts[key]) for key, entry in plan.sources.items()}
    (target / EDITION).write_bytes(render_manifest(Manifest(plan.edition, named, infos)))
    return Reference(lambda name: (target / name).read_bytes()).validate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--take", type=Path, metavar="FOLDER", help="first take the downloads in this folder")
    parser.add_argument("--sources", type=Path, default=SOURCES, help="folder of the source tables")
    parser.add_argument("-o", "--output", type=Path, default=SOURCES.parent, help="folder of the edition")
    arguments = parser.parse_args()
    if arguments.take:
        take(arguments.take, arguments.sources)
    counts = build(arguments.sources, arguments.output)
    print(f"{arguments.output}: " + ", ".join(f"{name} {count}" for name, count in counts.items()))


if __name__ == "__main__":
    main()
