"""The words for what was given, in the forms that payers ask for and billing systems write."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from generated.given import Given, figures

FIELD = 80  # characters of SV101-7, SV202-7 and NTE02
_ROUTES = {
    "IV": ("IV", "IV INFUSION", "INTRAVENOUS", "IVPB", "I.V.", "IV INF", "INTRAVENOUSLY", "VIA IV"),
    "SC": ("SC", "SUBQ", "SUBCUT", "SUB-Q", "SQ", "SUBCUTANEOUS", "SC INJ", "S.C.", "SUB Q"),
    "IM": ("IM", "INTRAMUSCULAR", "IM INJ"),
    "INTRAVITREAL": ("INTRAVITREAL", "IVT"),
    "INTRAVESICAL": ("INTRAVESICAL", "BLADDER INSTILL"),
}
_PLAIN_ROUTES = {
    "IV": "IV",
    "SC": "SUBCUT",
    "IM": "IM",
    "INTRAVITREAL": "INTRAVITREAL",
    "INTRAVESICAL": "INTRAVESICAL",
}
_EYES = {"RT": ("OD", "RIGHT EYE", "RT EYE"), "LT": ("OS", "LEFT EYE", "LT EYE"), "": ("",)}
_CONTAINERS = {"SDV": ("SDV", "SINGLE DOSE VIAL", "SINGLE-USE VIAL"), "PFS": ("PFS", "SYRINGE")}
_WASTED = ("WASTED", "WASTE", "DISCARDED", "DISC")
_NO_WASTE = ("", "", "NO WASTE", "WASTE 0", "NONE DISC")
# What people write after it, rightly or not: none of it changes what was given.
_TAILS = (
    "Q4W", "EVERY 2 WEEKS", "FIRST DOSE", "DOSE 2", "OVER 60 MIN", "IN 250ML NS", "IN 100 ML D5W", "LOT A1B2345",
    "PER MD ORDER", "WT 70KG", "NEW DRUG NO HCPCS CODE", "BLA 761234", "FDA APPROVED 2023", "BIOLOGIC",
    "SOLN", "LOADING DOSE", "Q 14 DAYS", "JZ", "1 DOSE", "SEE PA", "ONCE", "MAINTENANCE", "OFFICE",
)  # fmt: skip


class Words(NamedTuple):
    """The parts that a style puts together; one that can't be written is empty."""

    brand: str
    generic: str
    dose: str  # 450MG
    spaced: str  # 450 MG
    comma: str  # 1,100 MG, for a thousand and more
    grams: str  # 0.3 GM, for a hundred milligrams and more
    route: str
    plain_route: str  # that reads as one wherever it is, which SC does not
    size: str  # what a container holds: 300MG/15ML, 20MG
    counted: str  # 3X300MG/15ML
    vials: str  # 3 VIALS X 300MG
    at_size: str  # 3 VIALS @ 300MG
    numbered: str  # (3) 300MG VIALS
    per_vial: str  # 3 VIALS 300MG/VIAL
    strength: str  # 20MG/ML, of a liquid
    volume: str  # 33 ML, of a liquid
    container: str  # SDV, PFS
    ndc: str
    hyphens: str
    day: str  # 11/14/23
    waste: str  # WASTED 5MG, NO WASTE
    tail: str


class Style(NamedTuple):
    """A way to write it, and the parts it can't do without.

    ``sized`` ones tell the strength, ``counted`` ones how many containers of what size.
    """

    name: str
    write: Callable[[Words], str]
    needs: tuple[str, ...] = ()
    sized: bool = False
    counted: bool = False


STYLES = (
    Style("wps", lambda w: f"{w.brand} {w.dose} {w.route}, STRENGTH {w.size}", sized=True),
    Style("wps-generic", lambda w: f"{w.brand} ({w.generic}) {w.spaced} {w.route}"),
    Style("palmetto", lambda w: f"{w.brand} {w.spaced} {w.route} NDC {w.hyphens}"),
    Style("cgs", lambda w: f"{w.brand} NDC {w.ndc} {w.spaced} {w.route}"),
    Style("ngs", lambda w: f"{w.brand} NDC {w.hyphens} {w.route} {w.day} {w.dose} X1"),
    Style(
        "pharmacy", lambda w: f"{w.generic} {w.dose} {w.route} {w.counted} {w.container}", ("counted",), True, True
    ),
    Style(
        "counted", lambda w: f"{w.brand} {w.dose} {w.route} {w.counted} {w.container}", ("counted",), True, True
    ),
    Style("vials", lambda w: f"{w.brand} {w.spaced} {w.route} {w.vials}", ("vials",), True, True),
    Style("bracketed", lambda w: f"{w.brand} {w.dose} {w.route} ({w.counted})", ("counted",), True, True),
    Style("at", lambda w: f"{w.brand} {w.route} {w.spaced} {w.at_size}", ("at_size",), True, True),
    Style("number", lambda w: f"{w.brand} {w.route} {w.dose} {w.numbered}", ("numbered",), True, True),
    Style("per-vial", lambda w: f"{w.brand} {w.dose} {w.route} {w.per_vial}", ("per_vial",), True, True),
    Style("size-first", lambda w: f"{w.brand} {w.size} {w.container} {w.route} TOTAL {w.dose}", sized=True),
    Style("concentration", lambda w: f"{w.brand} {w.spaced} {w.route} ({w.strength})", ("strength",), True),
    Style("route-last", lambda w: f"{w.brand} {w.spaced} {w.container} {w.route}"),
    Style("labeled", lambda w: f"DRUG {w.brand}, DOSE {w.spaced}, ROUTE {w.route}"),
    Style("given", lambda w: f"{w.brand} {w.spaced} GIVEN {w.route}"),
    Style("amount-given", lambda w: f"{w.brand} {w.route} AMT GIVEN {w.spaced}"),
    Style("total", lambda w: f"{w.brand} TOTAL DOSE {w.spaced} {w.route}"),
    Style("mixed-case", lambda w: f"{w.brand.title()} {w.dose.lower()} {w.route}"),
    Style("comma", lambda w: f"{w.brand} {w.comma} {w.route}", ("comma",)),
    Style("grams", lambda w: f"{w.brand} {w.grams} {w.route}", ("grams",)),
    Style("volume", lambda w: f"{w.brand} {w.dose} ({w.volume}) {w.plain_route}", ("volume",)),
    Style("in-volume", lambda w: f"{w.brand} {w.spaced} {w.volume} {w.container} {w.route}", ("volume",)),
    Style("semicolons", lambda w: f"{w.brand}; {w.spaced}; {w.plain_route}; NDC {w.ndc}"),
    Style("slashes", lambda w: f"{w.brand} / {w.spaced} / {w.plain_route}"),
    Style("unclassified", lambda w: f"UNCLASSIFIED BIOLOGIC {w.brand} {w.dose} {w.route}"),
    Style("ndc-first", lambda w: f"NDC {w.hyphens} {w.brand} {w.dose} {w.route}"),
    Style("n4", lambda w: f"{w.brand} {w.dose} {w.route} N4{w.ndc}"),
    Style("generic-only", lambda w: f"{w.generic} {w.spaced} {w.route}"),
)


def words(given: Given, chance: Random) -> Words:
    """The parts in which an administration can be written."""
    drug, unit, number = given.drug, given.drug.unit, given.number
    one = f"{figures(drug.size)}{unit}"
    size = one + (f"/{figures(drug.volume)}ML" if drug.volume is not None else "")
    strength = f"{figures(drug.size / drug.volume)}{unit}/ML" if drug.volume else ""
    several = number > 1 and drug.container == "SDV"
    wasted = ("", *(f"{word} {figures(given.wasted)}{unit}" for word in _WASTED))
    waste = chance.choice(wasted if given.wasted else _NO_WASTE)
    return Words(
        brand=drug.brand.upper(),
        generic=drug.generic.upper(),
        dose=f"{figures(given.dose)}{unit}",
        spaced=f"{figures(given.dose)} {unit}",
        comma=f"{given.dose:,f} {unit}" if given.dose >= 1000 else "",
        grams=f"{figures(given.dose / 1000)} GM" if unit == "MG" and given.dose >= 100 else "",
        route=f"{chance.choice(_ROUTES[given.route])} {chance.choice(_EYES[given.eye])}".strip(),
        plain_route=_PLAIN_ROUTES[given.route],
        size=size,
        counted=f"{number}X{size}" if number else "",
        vials=f"{number} VIALS X {one}" if several else "",
        at_size=f"{number} VIALS @ {one}" if several else "",
        numbered=f"({number}) {one} VIALS" if several else "",
        per_vial=f"{number} VIALS {one}/VIAL" if several else "",
        strength=strength if len(strength) <= len("16.66MG/ML") else "",
        volume=f"{figures(given.quantity)} ML" if drug.volume and not given.wasted else "",
        container=chance.choice(_CONTAINERS.get(drug.container, ("",))),
        ndc=drug.ndc,
        hyphens=drug.hyphenated,
        day=given.day.strftime("%m/%d/%y"),
        waste=waste,
        tail=chance.choice(_TAILS) if chance.random() < 0.4 else "",
    )


def tell(given: Given, chance: Random, *, sized: bool, style: str = "") -> tuple[Style, Words, str]:
    """A style, its parts, and the text; with ``sized`` one that tells the strength, with ``style`` that one."""
    parts = words(given, chance)
    fitting = [one for one in STYLES if _fits(one, parts) and (one.sized or not sized)]
    chosen = next((one for one in fitting if one.name == style), None) or chance.choice(fitting)
    return chosen, parts, _write(chosen, parts)


def _plain(style: Style, parts: Words) -> str:
    return " ".join(style.write(parts).split())


def _fits(style: Style, parts: Words) -> bool:
    return all(getattr(parts, name) for name in style.needs) and len(_plain(style, parts)) <= FIELD


def _write(style: Style, parts: Words) -> str:
    """The text, with waste and the rest after it where there is room."""
    text = _plain(style, parts)
    for more in (parts.waste, parts.tail):
        longer = f"{text} {more}".strip()
        text = longer if len(longer) <= FIELD else text
    return text
