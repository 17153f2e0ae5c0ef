"""Clean claims: what a careful biller sends for a biologic that has no code of its own yet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from random import Random
from typing import Any, Literal, NamedTuple

from msgspec.structs import replace

from generated.drugs import Drug, drugs, has_hospital_code, routes_of_brand, sizes
from generated.given import Given, figures, give
from generated.payers import MARKETS, Market
from generated.sample import Sample
from generated.wording import FIELD, Style, Words, tell
from x12proc.testing import (
    Adjudication,
    Adjustment,
    Claim,
    Line,
    Note,
    OtherPayer,
    Paperwork,
    Payer,
    Person,
    Provider,
    Reference,
)
from x12proc.testing import Drug as Loop2410
from x12proc.testing import Style as Delimiters

WASTE_MODIFIERS_SINCE = date(2023, 7, 1)
_WASTE_LINE_SINCE = date(2025, 2, 18)  # Palmetto's page on C9399
_DISEASES = (
    "D595",
    "E7521",
    "E7402",
    "G7000",
    "G7001",
    "J8281",
    "K5000",
    "K5190",
    "L400",
    "M0579",
    "M3210",
    "N1830",
)
_DISEASES_TOO = ("I10", "E119", "E785", "Z7952", "D649", "Z23")
_GIVING = {
    "IV": ("96365", "96413", "96374"),
    "SC": ("96372", "96401"),
    "IM": ("96372",),
    "INTRAVITREAL": ("67028",),
    "INTRAVESICAL": ("51720",),
}
_DELIMITERS = (
    *(Delimiters(), Delimiters(line_end="")),
    Delimiters(component=">", repetition="!"),
    Delimiters("|", ">", "^", "~", "\r\n"),
    Delimiters(segment="\n", line_end=""),
    Delimiters("\x1d", "\x1f", "\x1e", "\x1c"),
)
_NAMES = ("HARTLEY", "OKAFOR", "LINDQVIST", "MORENO", "PATEL", "O'BRIEN", "NAKAMURA", "DELACROIX")
_FIRST_NAMES = ("MARY", "JOHN", "ADA", "LUIS", "RUTH", "ERIK", "MEI", "SAMUEL")
_SEXES: tuple[Literal["F", "M"], ...] = ("F", "M")
_PROVIDERS = (
    Provider("LAKESIDE INFUSION CENTER", npi="1457002313", taxonomy="261QI0500X"),
    Provider("CEDAR VALLEY NEUROLOGY", npi="1457002313"),
    Provider("OKONKWO", "GRACE", npi="1376005512", taxonomy="207RR0500X"),
)
# Payers that want the strength in words whatever there is.
_STRENGTH_ALWAYS = ("medicare-b-wps", "medicaid-wv")
_HOSPITAL = Provider("SAINT BRIDGET MEDICAL CENTER", npi="1405003314", taxonomy="282N00000X")


class Wish(NamedTuple):
    """What a claim should be; None leaves it to chance."""

    type: Literal["P", "I"] | None = None
    profile: str | None = None
    waste: bool | None = None
    route: str | None = None
    since: date | None = None  # the service is not earlier
    counted: bool = False  # the tables tell what a container holds
    style: str = ""  # of the text
    kind: str = ""  # a kind of product that J3590 is not for
    brands: tuple[str, ...] = ()
    after_code: bool = False  # the drug has its own code by then
    hospital_code: bool | None = False  # hospitals have a C code that day
    code: str = ""  # the code billed, where it isn't the right one of the market
    test: Callable[[Given], bool] = bool


ANY = Wish()


def clean(seed: int, wish: Wish = ANY) -> Sample:
    """The clean claim of a seed; with wishes one that is clean but for them."""
    chance = Random(seed)
    market = _market(chance, wish)
    kind = wish.type if wish.type else chance.choice(market.types)
    code = wish.code or market.code
    given = _given(chance, market, wish)
    style, parts, text = _text(chance, given, market, wish)
    claim = _claim(chance, kind, market, given, _drug_lines(chance, kind, market, code, given, parts, text))
    as_of = given.day + timedelta(days=chance.randint(1, 120))
    return Sample(seed, claim, given, style, market, as_of, code, delimiters=chance.choice(_DELIMITERS))


def _market(chance: Random, wish: Wish) -> Market:
    if wish.profile:
        return MARKETS[wish.profile]
    fitting = [market for market in MARKETS.values() if wish.type is None or wish.type in market.types]
    return chance.choice(fitting)


def _given(chance: Random, market: Market, wish: Wish) -> Given:
    fitting = [drug for drug in drugs(wish.kind) if _is_wished(drug, wish)]
    for _ in range(1000):
        waste = chance.random() < 0.25 if wish.waste is None else wish.waste
        given = give(chance.choice(fitting), chance, waste=waste, after_code=wish.after_code)
        if _suits(given, market, wish) and wish.test(given):
            return given
    raise ValueError(f"no drug fulfils {wish}")


def _is_wished(drug: Drug, wish: Wish) -> bool:
    return (not wish.route or wish.route in drug.routes) and (not wish.brands or drug.brand in wish.brands)


def _suits(given: Given, market: Market, wish: Wish) -> bool:
    if (wish.route and given.route != wish.route) or (wish.waste and not given.wasted):
        return False
    if (wish.since and given.day < wish.since) or (wish.counted and not given.number):
        return False
    # To Medicare's outpatient departments the C code would be the right one.
    coded = market.opps and has_hospital_code(given.drug, given.day)
    return wish.hospital_code is None or coded is wish.hospital_code


def _text(chance: Random, given: Given, market: Market, wish: Wish) -> tuple[Style, Words, str]:
    """Medicare's contractors take the strength from the text where a drug has several."""
    sized = market.medicare and sizes(given.drug.brand, given.day) > 1
    return tell(given, chance, sized=sized or market.profile in _STRENGTH_ALWAYS, style=wish.style)


# -- lines ------------------------------------------------------------------------------------------------------


def _drug_lines(
    chance: Random, kind: str, market: Market, code: str, given: Given, parts: Words, text: str
) -> tuple[Line, ...]:
    charge = Decimal(chance.randint(900, 40_000))
    # C9399 covers all that was used, unless the payer wants the waste on a line of its own.
    whole = code == "C9399" and not (market.profile == "medicare-a-palmetto" and given.day >= _WASTE_LINE_SINCE)
    drug = Loop2410(given.drug.ndc, figures(given.used_quantity if whole else given.quantity), given.unit)
    modifiers = _modifiers(chance, market, code, given)
    first = Line(code, figures(charge), modifiers, text, drug, day=_day(chance, given, kind))
    first = replace(first, units=_units(market, given.drug, given.dose))
    if kind == "P":
        first = _with_notes(chance, first, parts)
    lines = (_with_line_references(chance, kind, first),)
    if not given.wasted or whole:
        return lines
    rest = Loop2410(given.drug.ndc, figures(given.wasted_quantity), given.unit)
    # Palmetto wants the discarded amount in words; elsewhere many offices repeat the text of the given line.
    own = f"{parts.brand} {figures(given.wasted)} {given.drug.unit} DISCARDED"
    repeats = "palmetto" not in market.profile and chance.random() < 0.7
    wasted = Line(code, "0", ("JW",), text if repeats else own, rest, day=first.day, notes=first.notes)
    wasted = replace(wasted, units=_units(market, given.drug, given.wasted))
    return (
        *lines,
        replace(wasted, charge=figures((charge * given.wasted / given.dose).quantize(Decimal("0.01")))),
    )


def _units(market: Market, drug: Drug, amount: Decimal) -> str:
    """One unit, or where the payer counts milligrams those of the amount, begun ones whole."""
    milligrams = {"MG": Decimal(1), "MCG": Decimal("0.001"), "G": Decimal(1000)}.get(drug.unit)
    if not market.milligrams or milligrams is None:
        return "1"
    return figures((amount * milligrams).to_integral_value(ROUND_CEILING))


def _day(chance: Random, given: Given, kind: str) -> date | tuple[date, date]:
    ranged = kind == "P" and chance.random() < 0.1
    return (given.day, given.day) if ranged else given.day


def _modifiers(chance: Random, market: Market, code: str, given: Given) -> tuple[str, ...]:
    modifiers = []
    # The eye gets nothing from containers for several doses, where the table names none.
    single = given.drug.container in ("SDV", "PFS") or (given.eye and not given.drug.container)
    asked_for = given.day >= WASTE_MODIFIERS_SINCE and (
        market.medicare or market.waste_told or chance.random() < 0.8
    )
    if asked_for and single and not given.wasted and code != "C9399":
        modifiers.append("JZ")
    if {"IV", "SC"} <= routes_of_brand(given.drug.brand) and (market.medicare or chance.random() < 0.3):
        modifiers.append("JA" if given.route == "IV" else "JB")
    if given.eye:
        modifiers.append(given.eye)
    if chance.random() < 0.1:
        modifiers.append("TB")
    return tuple(modifiers)


def _with_notes(chance: Random, line: Line, parts: Words) -> Line:
    """Some billers repeat the description in a note, or add to it what didn't fit."""
    more = chance.random()
    if more < 0.1:
        return replace(line, notes=(Note("ADD", line.description),))
    if more < 0.2:
        return replace(line, notes=(Note("ADD", f"{parts.brand} NDC {parts.hyphens} {parts.waste}".strip()),))
    return line


def _with_line_references(chance: Random, kind: str, line: Line) -> Line:
    if chance.random() < 0.05 and kind == "P":
        return replace(line, references=(Reference("G1", f"PA{chance.randint(10**6, 10**8)}"),))
    return line


def _other_lines(chance: Random, kind: str, given: Given) -> tuple[Line, ...]:
    giving = chance.choice(_GIVING[given.route])
    side = (given.eye,) if given.eye else ()
    revenue = "0260" if giving.startswith("963") else "0335" if giving.startswith("964") else "0510"
    lines = [Line(giving, str(chance.randint(60, 600)), side, day=given.day, revenue_code=revenue)]
    if chance.random() < 0.3:
        lines.append(Line("99213", "145", ("25",), day=given.day, revenue_code="0510"))
    if chance.random() < 0.2:
        lines.append(Line("85025", "21.5", day=given.day, revenue_code="0305"))
    if chance.random() < 0.1 and kind == "I":
        lines.append(Line("", "18.4", day=given.day, revenue_code="0258"))
    return tuple(lines)


# -- claim ------------------------------------------------------------------------------------------------------


def _claim(chance: Random, kind: Any, market: Market, given: Given, drug_lines: tuple[Line, ...]) -> Claim:
    lines = [*drug_lines, *_other_lines(chance, kind, given)]
    if chance.random() < 0.2:
        lines.reverse()
    claim = Claim(
        type=kind,
        id=f"A{chance.randint(10_000, 99_999_999)}",
        day=given.day,
        lines=tuple(lines),
        payer=chance.choice(market.payers),
        provider=chance.choice(_PROVIDERS) if kind == "P" else _HOSPITAL,
        facility=chance.choice(("11", "11", "11", "49") if kind == "P" else market.facilities),
        diagnoses=_diagnoses(chance),
        references=_references(chance, drug_lines),
        subscriber=_person(chance, "W%09d"),
        notes=_remarks(chance, kind, market, given),
        rendering=chance.choice((None, Provider("MARCHETTI", "PAUL", "1376005512", "207RR0500X"))),
        referring=chance.choice((None, Provider("TILLMAN", "JUNE", "1714009978"))),
    )
    for change in (_with_dependent, _as_replacement, _with_paperwork, _after_another_payer):
        claim = change(chance, claim)
    return claim


def _person(chance: Random, member: str) -> Person:
    born = date(chance.randint(1935, 2005), chance.randint(1, 12), chance.randint(1, 28))
    number = member % chance.randint(0, 999_999_999) if member else ""
    return Person(chance.choice(_NAMES), chance.choice(_FIRST_NAMES), number, born, chance.choice(_SEXES))


def _diagnoses(chance: Random) -> tuple[str, ...]:
    first = chance.choice(_DISEASES)
    return (first, *chance.sample(_DISEASES_TOO, chance.randint(0, 3)))


def _references(chance: Random, drug_lines: tuple[Line, ...]) -> tuple[Reference, ...]:
    on_line = any(reference.qualifier == "G1" for line in drug_lines for reference in line.references)
    if not on_line and chance.random() < 0.5:
        return (Reference("G1", f"PA{chance.randint(10**6, 10**9)}"),)
    return (Reference("EA", f"MR{chance.randint(100, 99999)}"),) if chance.random() < 0.1 else ()


def _remarks(chance: Random, kind: str, market: Market, given: Given) -> tuple[Note, ...]:
    """Hospitals repeat in the billing note what the description says; Medicare prices from it."""
    if kind != "I" or not (market.opps or chance.random() < 0.3):
        return ()
    drug, dose = given.drug, f"{figures(given.dose)}{given.drug.unit}"
    text = f"{drug.brand.upper()} NDC {drug.hyphenated} {given.route} {given.day:%m/%d/%y} {dose} X1"
    assert len(text) <= FIELD
    return (Note("ADD", text),)


def _with_dependent(chance: Random, claim: Claim) -> Claim:
    if chance.random() < 0.15 and claim.payer.filing_indicator not in ("MA", "MB", "MC"):
        return replace(claim, patient=_person(chance, ""))
    return claim


def _as_replacement(chance: Random, claim: Claim) -> Claim:
    if chance.random() < 0.06:
        original = Reference("F8", f"{chance.randint(10**11, 10**12)}")
        return replace(claim, frequency="7", references=(*claim.references, original))
    return claim


def _with_paperwork(chance: Random, claim: Claim) -> Claim:
    if chance.random() < 0.1:
        papers = (Paperwork("OZ", chance.choice(("EL", "FX", "BM")), f"INV{chance.randint(1, 99999)}"),)
        return replace(claim, paperwork=papers)
    return claim


def _after_another_payer(chance: Random, claim: Claim) -> Claim:
    """Another payer has paid first, and has decided line by line."""
    if chance.random() > 0.15:
        return claim
    primary = Payer("STATE EMPLOYEES HEALTH PLAN", "SEHP1", "CI")
    lines = tuple(_decided(line, primary, claim.day) for line in claim.lines)
    paid = sum((Decimal(line.adjudications[0].paid) for line in lines), Decimal(0))
    other = OtherPayer(payer=primary, subscriber=claim.subscriber, paid=figures(paid))
    return replace(claim, lines=lines, other_payers=(other,))


def _decided(line: Line, payer: Payer, day: date) -> Line:
    charge = Decimal(line.charge)
    paid = (charge * Decimal("0.8")).quantize(Decimal("0.01"))
    cut = (Adjustment("CO", "45", figures(charge - paid)),) if charge - paid else ()
    decided = Adjudication(payer_id=payer.id, paid=figures(paid), adjustments=cut, day=day + timedelta(days=20))
    return replace(line, adjudications=(decided,))
