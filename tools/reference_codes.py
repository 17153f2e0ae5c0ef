"""The part of the reference edition about codes: HCPCS dates, classes, administration, biosimilars."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Protocol

from x12proc.reference.classify import AMBIGUOUS_DRUGS, is_oncology_code, text_classes
from x12proc.reference.wording import (
    NAMELESS_CODES,
    bracketed,
    hcpcs_generic,
    split_brands,
    suffixed_drug,
    text_route,
    text_unit,
)

Row = dict[str, str]


class Names(Protocol):
    """What is needed of the builder's names."""

    def canonical(self, name: str) -> str: ...
    def is_brand(self, name: str) -> bool: ...


#: Codes of drugs and of their administration: all J and Q codes, drugs and procedures among the C codes, saline,
#: radiopharmaceuticals and contrast, plasma products, S codes of drugs and home infusion, and G and M codes of
#: administration.
CODES = re.compile(
    r"J....|Q....|C8957|C9...|A421[678]|A9[567]..|P90..|S0[01]..|S50[0-3].|S93..|S9490|S949.|S950.|S95[3-6].|S9810|"
    r"G0012|G006[89]|G0070|G008[89]|G0090|G0138|G0498|M02.."
)

#: Administration codes by route; CPT codes stand here as bare numbers. An empty route: any.
ADMINISTRATION = (
    ("IV", "96365 96366 96367 96368 96374 96375 96376 96409 96411 96413 96415 96416 96417"),
    ("IV", "C8957 G0498 G0068 G0070 G0088 G0090 G0138 S9357 S9359 M0222 M0223 M0224"),
    ("IV", "M0235 M0236 M0237 M0238 M0239 M0245 M0246 M0247 M0248 M0249 M0250"),
    ("IV;SC", "M0240 M0241 M0243 M0244 S9347"),
    ("SC;IM", "96372 96401 96402 90460 90461 90471 90472 G0012 G0008 G0009 G0010"),
    ("SC", "96369 96370 96371 96377 G0069 G0089"),
    ("IM", "M0220 M0221"),
    ("INTRAVITREAL", "67028"),
    ("IT", "96450 96542 62320 62321 62322 62323 62324 62325 62326 62327"),
    ("INTRAVESICAL", "51720"),
    ("INTRALESIONAL", "11900 11901 96405 96406"),
    ("INTRAPERITONEAL", "96446"),
    ("IMPLANT", "11981 11983"),
    ("INHALATION", "94640"),
    ("ORAL", "90473 90474"),
    ("", "96360 96361 96373 96379 96420 96422 96423 96425 96440 96521 96522 96523 96549 99601 99602"),
    ("", "0537T 0538T 0539T 0540T 38225 38226 38227 38228 38241"),
    ("", "S9325 S9326 S9327 S9329 S9330 S9331 S9338 S9345 S9346 S9348 S9379 S9490 S9494 S9497 S9500 S9501 S9502"),
    ("", "S9503 S9504 S9537 S9542 S9558 S9559 S9562 S9563 S9810"),
)


# -- HCPCS ---------------------------------------------------------------------------------------------


def code_rows(
    hcpcs: list[Row],
    biologics: list[Row],
    products: Mapping[str, Row],
    names: Names,
    units: Mapping[str, str],
    listed_since: Mapping[str, str],
    stated_drugs: Mapping[str, str],
) -> list[list[str]]:
    """The table of codes, sorted: dates, unit, route, and the drug of the code."""
    stated = stated_dates(biologics)
    drugs = product_drugs(products)
    rows: dict[str, Row] = {}
    for row in hcpcs:
        code, text = row["code"], row["long"] or row["short"]
        if not CODES.fullmatch(code):
            continue
        added, terminated = row["added"], row["terminated"]
        confidence = "verified" if added or terminated else ""
        if not added and code in stated:
            added, confidence = stated[code]
        known_since = "" if added else listed_since.get(code, "")
        confidence = confidence or ("verified" if known_since else "")
        specific = not re.search(r"not otherwise|unclassified", text.lower()) and not code.startswith(
            NAMELESS_CODES
        )
        rows[code] = {
            "code": code,
            "short": row["short"],
            "drug": (drugs.get(code) or text_drug(text, names) or stated_drugs.get(code, "")) if specific else "",
            "brand": ";".join(text_brands(text, names)),
            "unit": units.get(code) or text_unit(row["long"]),  # a short text may be cut off in its unit
            "route": text_route(text),
            "added": added,
            "effective": row["effective"],
            "terminated": terminated,
            "confidence": confidence,
            "opps": row["opps"],
            "known_since": known_since,
        }
    return [list(rows[code].values()) for code in sorted(rows)]


def stated_dates(biologics: list[Row]) -> dict[str, tuple[str, str]]:
    """First days that biologics.csv states for single codes, and whether their source is a publication."""
    stated = {}
    for row in biologics:
        found = re.match(r"\d{4}-\d{2}-\d{2}", row["hcpcs_effective_date"])
        if found and re.fullmatch(r"[A-Z]\d{4}", row["specific_hcpcs"]):
            confidence = "verified" if row["effective_date_source"].startswith("V:") else "unverified"
            stated[row["specific_hcpcs"]] = (found[0], confidence)
    return stated


def product_drugs(products: Mapping[str, Row]) -> dict[str, str]:
    """For each code the one drug that all products under it are; codes of several drugs are left out."""
    drugs: dict[str, set[str]] = defaultdict(set)
    for row in products.values():
        code = row.get("specific_code", "")
        if code and ";" not in code:
            drugs[code].add(row.get("generic", ""))
    return {code: only.pop() for code, only in drugs.items() if len(only) == 1}


def text_drug(text: str, names: Names) -> str:
    """The drug that a long text begins with, when the lexicon knows it or its suffix tells that it is one."""
    first = text.split(",", maxsplit=1)[0].lower()
    suffixed = suffixed_drug(text)
    known = names.canonical(hcpcs_generic(text)) or names.canonical(first) or names.canonical(suffixed)
    return known or suffixed


def text_brands(text: str, names: Names) -> list[str]:
    """The brands, or makers, in brackets of a long text, that the code is restricted to."""
    inside = bracketed(text)
    if "not therapeutically equivalent" in text.lower():
        return inside
    return [name for name in inside if names.is_brand(name)]


def crosswalk_units(crosswalks: Iterable[Iterable[Row]]) -> dict[str, str]:
    """The dosage of each code in the newest crosswalk that lists it, where that gives one and the same."""
    found: dict[str, str] = {}
    for crosswalk in crosswalks:
        units: dict[str, set[str]] = defaultdict(set)
        for row in crosswalk:
            units[row["code"]].add(row["dosage"].upper())
        for code, only in units.items():
            found.setdefault(code, only.pop() if len(only) == 1 else "")
    return found


# -- classes -------------------------------------------------------------------------------------------


def class_rows(
    hcpcs: list[Row], purple: list[Row], biologics: list[Row], codes: list[list[str]], names: Names
) -> list[list[str]]:
    """Classes of codes and of drugs by canonical name, each with the reason in a word."""
    found: dict[tuple[str, str], str] = {}
    drug_of = {row[0]: row[2] for row in codes}
    for row in hcpcs:
        code = row["code"]
        if code in drug_of and code[0] in "JQCA":
            for kind in text_classes(row["long"]):
                found.setdefault((code, kind), "text")
                if drug_of[code]:
                    found.setdefault((drug_of[code], kind), f"text of {code}")
    for row in purple:
        proper = row["proper_name"].lower()
        for kind in text_classes(proper):
            found.setdefault((names.canonical(proper) or proper, kind), "proper name")
    for key, why in antineoplastics(biologics, drug_of, names):
        found.setdefault((key, "antineoplastic"), why)
    for row in purple:
        proper = row["proper_name"].lower()
        base = re.sub(r"-[a-z]{4}\Z", "", proper)
        if row["bla_type"].startswith("351(k)") and (base, "antineoplastic") in found:
            found.setdefault((names.canonical(proper) or proper, "antineoplastic"), f"biosimilar of {base}")
    return [[key, kind, found[key, kind]] for key, kind in sorted(found)]


def antineoplastics(biologics: list[Row], drug_of: Mapping[str, str], names: Names) -> Iterable[tuple[str, str]]:
    """Codes of the chemotherapy chapter, drugs that have no other code, and what was billed as J9999."""
    elsewhere = {drug for code, drug in drug_of.items() if drug and code[0] == "J" and not is_oncology_code(code)}
    for code, drug in drug_of.items():
        if is_oncology_code(code):
            yield code, "chapter J9"
            if drug and drug not in elsewhere and drug not in AMBIGUOUS_DRUGS:
                yield drug, f"drug of {code}"
    for row in biologics:
        drug = names.canonical(split_brands(row["brand"])[0])
        if drug and row["pre_code_billing(NOC/C-code)"].startswith("J9999"):
            yield drug, "billed as J9999 before its code"


# -- the rest ------------------------------------------------------------------------------------------


def administration_rows() -> list[list[str]]:
    """Administration codes, sorted, with the routes that they stand for."""
    return sorted([code, routes] for routes, codes in ADMINISTRATION for code in codes.split())


def biosimilar_rows(purple: list[Row], new: list[Row], hcpcs: list[Row]) -> list[list[str]]:
    """Biologics with a four-letter suffix, by name, and the pathway of their licence.

    What the Purple Book doesn't list yet comes from the new licences and from the texts of codes for biosimilars.
    """
    brands: dict[str, set[str]] = defaultdict(set)
    kinds: dict[str, set[str]] = defaultdict(set)
    for row in purple:
        proper = row["proper_name"].lower()
        if re.fullmatch(r".+-[a-z]{4}", proper):
            brands[proper].update(split_brands(row["proprietary_name"]))
            kinds[proper].add(row["bla_type"])
    for row in new:
        proper = row["generic"].lower()
        if re.fullmatch(r".+-[a-z]{4}", proper) and proper not in kinds:
            kinds[proper], brands[proper] = {"351(a)"}, set(split_brands(row["brand"]))
    listed = set(kinds)
    for row in hcpcs:
        proper = suffixed_drug(row["long"])
        if proper and proper not in listed and "biosimilar" in row["long"].lower():
            kinds[proper].add("351(k) Biosimilar")
            brands[proper].update(name.title() for name in bracketed(row["long"]))
    return [
        [name, name[:-5], name[-4:], biosimilar_kind(kinds[name]), ";".join(sorted(brands[name]))]
        for name in sorted(kinds)
    ]


def biosimilar_kind(types: set[str]) -> str:
    if "351(k) Interchangeable" in types:
        return "interchangeable"
    return "biosimilar" if "351(k) Biosimilar" in types else "originator"
