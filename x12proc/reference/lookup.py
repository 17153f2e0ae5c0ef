"""Look up what a user typed: an NDC in any spelling or as printed on a form, a code, or a name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from difflib import get_close_matches
from typing import Final, Literal, TypeAlias

import msgspec

from x12proc.reference import ndc as ndc_spelling
from x12proc.reference.dosing import Answer, Dose, billing_units, ndc_quantity
from x12proc.reference.edition import COLUMNS, NAMES, PRODUCTS, Reference
from x12proc.reference.model import HcpcsCode, Product, SpecificCode
from x12proc.reference.wording import UNSPECIFIC_CODES, text_unit

Kind: TypeAlias = Literal["ndc", "ten digits", "code", "name"]
MOST_NAMES: Final = 12  # drugs returned for one text
_NEAR: Final = 5  # names that are suggested
_LONGEST: Final = 100  # characters of a text
_SHORTEST_PART: Final = 4  # letters of a part of a name
_HYPHENS: Final = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
_CODES_OF_ROW: Final = [column.name for column in COLUMNS[PRODUCTS]].index("specific_code") - 1  # after the NDC
_CODE: Final = re.compile(r"[A-Z][0-9]{4}")
# The shaded part of box 24A, and FL 43: N4, NDC, unit, quantity, with or without blanks and hyphens.
_ON_PAPER: Final = re.compile(
    r"(?P<ndc>(?:N4)?[\s:]*[0-9][0-9 -]*[0-9])\s*(?P<unit>F2|GR|ME|ML|UN)\s*(?P<quantity>[0-9]*\.?[0-9]+)",
    re.IGNORECASE,
)
_ALMOST_NDC: Final = re.compile(r"(?:NDC|N4|[#:\s])*[0-9][0-9\s-]{2,}", re.IGNORECASE)


class Printed(msgspec.Struct, frozen=True):
    """The unit and quantity printed after an NDC."""

    unit: str
    quantity: str


class Query(msgspec.Struct, frozen=True):
    """The text that was typed and its kind. ``value`` is the NDC, the ten digits, the code, or the name."""

    kind: Kind
    value: str
    printed: Printed | None = None


class Hit(msgspec.Struct, frozen=True):
    """One drug found: its packages, and its codes of now and the past, best match first."""

    drug: str
    packages: tuple[Product, ...]
    codes: tuple[SpecificCode, ...]
    classes: frozenset[str]
    ndc: str | None = None  # the 11 digits that were looked up
    listed: HcpcsCode | None = None  # the code that was looked up


class Coded(msgspec.Struct, frozen=True):
    """A code on a day: whether it is in force (None: unknown by its dates), and the units of the dose."""

    code: SpecificCode
    in_force: bool | None
    units: Answer


def read_query(text: str) -> Query:
    """Read what was typed. Raises ValueError for digits that are no NDC and for an empty text."""
    typed = " ".join(text.translate(_HYPHENS).split())[:_LONGEST]
    if not typed:
        raise ValueError("nothing to look up: give an NDC, a HCPCS code, or a drug's name")
    paper = _ON_PAPER.fullmatch(typed)
    number, printed = (paper["ndc"], Printed(paper["unit"].upper(), paper["quantity"])) if paper else (typed, None)
    spelled = ndc_spelling.normalize(number)
    if spelled is not None:
        return Query("ndc", spelled, printed)
    if _CODE.fullmatch(typed.upper()):
        return Query("code", typed.upper())
    if not _ALMOST_NDC.fullmatch(number):
        return Query("name", typed)
    digits = re.sub(r"(?i)N4|[^0-9]", "", number)
    if len(digits) == 10 and "-" not in number:
        return Query("ten digits", digits, printed)
    raise ValueError(f"{typed!r} is no NDC: it has 10 or 11 digits, hyphenated 5-4-2, 4-4-2, 5-3-2 or 5-4-1")


# -- finding ---------------------------------------------------------------------------------------------------


def find(reference: Reference, query: Query) -> tuple[Hit, ...]:
    """Find the drugs that a query means; none if no table has it. Raises ValueError."""
    if query.kind == "ndc":
        return (_of_ndc(reference, query.value),)
    if query.kind == "ten digits":
        return tuple(_of_ndc(reference, ndc) for ndc in reference.candidates_known(query.value))
    if query.kind == "code":
        return tuple(_of_code(reference, query.value))
    return tuple(_of_name(reference, drug, query.value) for drug in _drugs_named(reference, query.value))


def _of_ndc(reference: Reference, ndc: str) -> Hit:
    product = reference.product(ndc)
    return Hit(
        drug=product.generic if product else "",
        packages=(product,) if product else (),
        codes=reference.codes_for(ndc, None),
        classes=reference.classes(ndc, None),
        ndc=ndc,
    )


def _of_code(reference: Reference, code: str) -> Iterator[Hit]:
    """Yield the drugs of a code; the code alone if no package of it is listed."""
    listed = reference.code(code)
    packages = list(_products_coded(reference, code))
    for drug in dict.fromkeys(product.generic for product in packages):
        own = tuple(product for product in packages if product.generic == drug)
        codes = _asked_first(code, _codes_of(reference, own, drug))
        yield Hit(drug, own, codes, reference.code_classes(code), listed=listed)
    if not packages and listed is not None:
        named = reference.products_named(listed.drug) if listed.drug else ()
        codes = reference.codes_for(None, listed.drug) if listed.drug else ()
        if code not in {known.code for known in codes} and code not in UNSPECIFIC_CODES:
            codes = (_itself(reference, listed), *codes)
        yield Hit(listed.drug, named, _asked_first(code, codes), reference.code_classes(code), listed=listed)


def _itself(reference: Reference, listed: HcpcsCode) -> SpecificCode:
    """Make a specific code of a code that belongs to no known drug, from its own row."""
    return SpecificCode(
        code=listed.code,
        first=listed.added,
        last=listed.terminated,
        date_confidence=listed.date_confidence,
        billing_unit=listed.billing_unit,
        route=listed.route,
        matched_by="asked",
        edition=reference.editions()["edition"],
    )


def _asked_first(code: str, codes: Iterable[SpecificCode]) -> tuple[SpecificCode, ...]:
    return tuple(sorted(codes, key=lambda known: known.code != code))


def _products_coded(reference: Reference, code: str) -> Iterator[Product]:
    for ndc, *facts in reference.rows(PRODUCTS):
        product = reference.product(ndc) if code in facts[_CODES_OF_ROW].split(";") else None
        if product is not None:
            yield product


def _of_name(reference: Reference, drug: str, typed: str) -> Hit:
    """Return a drug by name; a brand has only its own packages."""
    packages = reference.products_named(drug)
    wanted = typed.casefold()
    own = tuple(product for product in packages if product.name.casefold() == wanted) or packages
    name = typed if own != packages else drug
    codes = _codes_of(reference, own, name)
    return Hit(drug, own, codes, reference.classes(None, drug))


def _codes_of(reference: Reference, packages: Iterable[Product], name: str) -> tuple[SpecificCode, ...]:
    """Return the codes of some packages and of the name, without duplicates."""
    codes: dict[str, SpecificCode] = {}
    for code in reference.codes_for(None, name):
        codes.setdefault(code.code, code)
    for product in packages:
        for code in reference.codes_for(product.ndc, None):
            codes.setdefault(code.code, code)
    return tuple(codes.values())


def _drugs_named(reference: Reference, typed: str) -> list[str]:
    """Return the canonical names for a text: its own and its biosimilars', else the names that contain it."""
    exact = reference.lexicon().canonical(typed)
    if exact is not None:
        related = [similar.name for similar in reference.biosimilars(exact)]
        return list(dict.fromkeys((exact, *related)))[:MOST_NAMES]
    wanted = typed.casefold()
    if len(wanted) < _SHORTEST_PART:
        return []
    rows = ((name, canonical) for name, canonical, *_ in reference.rows(NAMES))
    return list(dict.fromkeys(canonical for name, canonical in rows if wanted in name))[:MOST_NAMES]


def near_names(reference: Reference, typed: str) -> list[str]:
    """Suggest names that are spelled nearly like a text, nearest first, each with its canonical name."""
    names = {row[0]: row[1] for row in reference.rows(NAMES)}
    near = get_close_matches(typed.casefold(), names, n=_NEAR, cutoff=0.7)
    return [name if names[name] == name else f"{name} ({names[name]})" for name in near]


# -- computing -------------------------------------------------------------------------------------------------


def coded(reference: Reference, hit: Hit, dose: Dose | None, on: date | None) -> list[Coded]:
    """Return the codes of a hit on a day: those in force first, then the unknown, then the others."""
    coded_hits = []
    for code in hit.codes:
        units = billing_units(dose, unit_of(reference, code), hit.packages) if dose else Answer("", "units", "")
        coded_hits.append(Coded(code, code.in_force(on) if on else None, units))
    rank = {True: 0, None: 1, False: 2}
    return sorted(coded_hits, key=lambda one: rank[one.in_force]) if on else coded_hits


def unit_of(reference: Reference, code: SpecificCode) -> str:
    """Return the amount of one unit of a code, from its own column or the end of its text; empty if unknown."""
    listed = reference.code(code.code)
    return code.billing_unit or (text_unit(listed.short) if listed else "")


def quantities(hit: Hit, dose: Dose) -> list[tuple[Product, Answer]]:
    """Compute the NDC quantity of a dose for each package of a hit."""
    return [(product, ndc_quantity(dose, product)) for product in hit.packages]
