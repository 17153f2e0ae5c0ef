"""Which code: a drug's own one, another unclassified one, or two at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from x12proc.claims.model import Location, ServiceLine, at
from x12proc.findings import INFO, REJECT, WARN, Hit, Severity
from x12proc.reference.edition import Reference
from x12proc.reference.model import SpecificCode
from x12proc.reference.ndc import normalise
from x12proc.rules.base import Option, line_rule
from x12proc.rules.context import Context
from x12proc.rules.modifier import procedure_element
from x12proc.rules.narrative import spoken, text_place, text_shown
from x12proc.values import shorten

_UNCLASSIFIED = frozenset(("J3490", "J3590"))
_UNDER_OPPS = frozenset(("J3490", "J3590", "J9999"))  # what C9399 stands in for
_OPPS_BILLS = ("12", "13", "14")  # CLM05-1: inpatient Part B, outpatient, non-patient
_OUTPATIENT = "13"
_MEDICARE = Option(("MA",), "filing indicators (SBR09) of payers that pay hospital outpatient claims under OPPS")
_TELL = Option(False, "whether the rule speaks at all")
_COMPOUND_CODE_SINCE = date(2016, 1, 1)  # J7999
_MODIFIER_ROUTES = {"JA": "IV", "JB": "SC"}
_BIOSIMILAR_CODE = re.compile(r"Q5[0-9]{3}")
_SUFFIXED = re.compile(r"(.+)-([a-z]{4})")
_NO_CODE = re.compile(
    r"\b(?:NO|NOT|WITHOUT|LACKS)\b(?:\s+(?:A|ANY|YET|SPECIFIC|ASSIGNED|UNIQUE|PERMANENT|PRODUCT|DRUG|OTHER|EXISTING|"
    r"HCPCS|CPT|J|Q|C))*[\s-]+CODES?\b|\bUNASSIGNED\b",
    re.IGNORECASE,
)
_DIVIDED = "Bevacizumab for the eye is divided into syringes by a pharmacy"
_LONGEST = 2000  # characters of a text that are searched
_MOST_SHOWN = 4  # codes that a message names


# -- what is known of the drug ----------------------------------------------------------------------------------


class _OwnCodes(NamedTuple):
    """The codes that stand for one drug, as they stood on a day."""

    in_force: list[SpecificCode]
    unsure: list[SpecificCode]  # the tables don't know since when
    later: list[SpecificCode]


_NO_CODES = _OwnCodes([], [], [])


def _served_on(line: ServiceLine, ctx: Context) -> date | None:
    """The first day of a line; where a line of a hospital claim has no date, that of the statement."""
    if line.served:
        return line.served[0]
    return ctx.claim.statement.first if ctx.claim.statement else None


def _drug_name(line: ServiceLine, ctx: Context) -> str | None:
    """The drug's name as the text has it, if it is a known one."""
    said = ctx.narrative(line)
    return said.drug_name if said.matched else None


@lru_cache(maxsize=4096)  # the same few drugs come again and again
def _codes_of_the_drug(
    ndc: str | None, name: str | None, matched: str, reference: Reference
) -> list[SpecificCode]:
    """By LIN03, else by the name in the text, which the tables know as ``matched``: where that is a brand, without
    the codes of other brands."""
    codes = reference.codes_for(ndc, name)
    if name is None or not codes or codes[0].matched_by != "name":
        return list(codes)
    products = reference.products_named(matched)
    brand = {
        code for product in products if product.name.lower() == name for code in product.specific_code.split(";")
    }
    others = (
        {code for product in products for code in product.specific_code.split(";")} - brand if brand else set()
    )
    return [code for code in codes if code.code not in others]


def _own_codes(line: ServiceLine, ctx: Context, *, opps: bool = False) -> _OwnCodes:
    """The codes of the drug's own, by LIN03, else by the name in the text; with ``opps`` the C codes, which only
    hospital outpatient claims know, and without it all others. A compound is not the product that the codes
    stand for."""
    known, key = _asked(ctx), (line.end, opps)
    if key not in known:
        known[key] = _find_own_codes(line, ctx, opps)
    return known[key]


@lru_cache(maxsize=1)
def _asked(ctx: Context) -> dict[tuple[int, bool], _OwnCodes]:
    """The own codes found for the claim at hand, by where a line ends; six rules ask."""
    return {}


def _find_own_codes(line: ServiceLine, ctx: Context, opps: bool) -> _OwnCodes:
    said = ctx.narrative(line)
    matched = said.matched or ""
    codes = _codes_of_the_drug(normalise(line.ndc), said.drug_name if matched else None, matched, ctx.reference)
    if not codes or _is_compounded(line, ctx):
        return _NO_CODES
    day = _served_on(line, ctx)
    if day is None:
        return _NO_CODES
    own = _OwnCodes([], [], [])
    for code in codes:
        if code.code.startswith("C") is not opps or code.code == line.procedure.upper():
            continue
        held = code.in_force(day)
        if held:
            own.in_force.append(code)
        elif held is None:
            own.unsure.append(code)
        elif code.first is not None and code.first > day:
            own.later.append(code)
    return own


def _is_compounded(line: ServiceLine, ctx: Context) -> bool:
    """By the text; bevacizumab for the eye always is."""
    said = ctx.narrative(line)
    for_the_eye = "INTRAVITREAL" in said.routes and (said.matched or "").partition("-")[0] == "bevacizumab"
    return said.compound or for_the_eye


def _classes(line: ServiceLine, ctx: Context) -> frozenset[str]:
    return ctx.reference.classes(normalise(line.ndc), _drug_name(line, ctx))


def _stated_routes(line: ServiceLine, ctx: Context) -> frozenset[str]:
    """The routes that the text names; where it names none, what JA or JB says."""
    said = ctx.narrative(line).routes
    return frozenset(said or [_MODIFIER_ROUTES[code] for code in line.given_modifiers if code in _MODIFIER_ROUTES])


def _fitting(codes: list[SpecificCode], line: ServiceLine, ctx: Context) -> list[SpecificCode]:
    """The codes without those whose text restricts them to another route than the stated one."""
    if not codes:
        return codes
    routes = _stated_routes(line, ctx)
    return [code for code in codes if not (code.route and routes and code.route not in routes)]


def _is_unclassified(line: ServiceLine) -> bool:
    return line.procedure.upper() in _UNCLASSIFIED


def _is_opps(ctx: Context, rule_id: str, bills: tuple[str, ...]) -> bool:
    """Whether the claim is a hospital outpatient claim to a payer that pays under OPPS."""
    payers = ctx.option(rule_id, "filing_indicators")
    assert isinstance(payers, tuple)
    return ctx.claim.filing_indicator in payers and ctx.claim.facility_code in bills


# -- how it is told ---------------------------------------------------------------------------------------------


def _place(line: ServiceLine) -> Location:
    """SV101-2 or SV202-2."""
    return at(line.head, procedure_element(line), 2)


def _billed(line: ServiceLine) -> str:
    return shorten(line.procedure, 10)


def _drug_shown(line: ServiceLine, ctx: Context) -> str:
    number = normalise(line.ndc)
    product = ctx.reference.product(number) if number else None
    name = (product.name or product.generic) if product else (_drug_name(line, ctx) or "").upper()
    return shorten(name or "The drug", 40)


def _code_shown(code: SpecificCode) -> str:
    unit = f" ({shorten(code.billing_unit, 30)} a unit)" if code.billing_unit else ""
    if code.first is None:
        return f"{code.code}{unit}, since when is not known here"
    until = f" until {code.last}" if code.last else ""
    doubt = "" if code.date_confidence == "verified" else " (date not confirmed)"
    return f"{code.code}{unit}, in force since {code.first}{until}{doubt}"


def _codes_shown(codes: Iterable[SpecificCode]) -> str:
    listed = [_code_shown(code) for code in codes]
    more = f"; or {len(listed) - _MOST_SHOWN} more" if len(listed) > _MOST_SHOWN else ""
    return "; or ".join(listed[:_MOST_SHOWN]) + more


# -- the drug's own code ----------------------------------------------------------------------------------------


def _codes_due(line: ServiceLine, ctx: Context) -> list[SpecificCode]:
    """The codes that the drug should have been billed under, for all that is known."""
    own = _own_codes(line, ctx)
    return _fitting(own.in_force, line, ctx) or own.in_force or _fitting(own.unsure, line, ctx)


def _own_code_hit(line: ServiceLine, ctx: Context, codes: list[SpecificCode]) -> Hit:
    """That the drug had codes of its own, as sure as the tables are of it."""
    severity = _certainty(_own_codes(line, ctx), codes)
    shown, day = _codes_shown(codes), _served_on(line, ctx)
    told_by = "its name" if codes[0].matched_by == "name" else "its NDC"
    message = f"{_drug_shown(line, ctx)} (by {told_by}) has a code of its own: {shown}. The line is of {day}"
    unsure = severity == INFO
    advice = f"Find out whether the drug had a code of its own on {day}" if unsure else "Bill"
    fix = f"{advice}{':' if unsure else ''} {shown} (edition {codes[0].edition})."
    return Hit(_place(line), message, _billed(line), severity, fix)


def _certainty(own: _OwnCodes, codes: list[SpecificCode]) -> Severity | None:
    """None, the rule's own severity, where a date is confirmed. A name of which one code came later leaves open
    which product was given, unless the one code followed the other."""
    by_name = codes[0].matched_by == "name"
    if not own.in_force or (by_name and own.later and not _is_followed(codes[0], own.later)):
        return INFO
    return None if any(code.date_confidence == "verified" for code in codes) else WARN


def _is_followed(code: SpecificCode, later: list[SpecificCode]) -> bool:
    """Whether a code ended the day before another began: then both stand for one product."""
    return code.last is not None and any(one.first == code.last + timedelta(days=1) for one in later)


@line_rule(
    "COD01",
    "specific-code-exists",
    severity=WARN,
    sources=("XWK", "FCSO", "FCSOA", "NOV", "X12C", "SEED"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    status="A7:454",
    second_status="A7:218",
    remittance=("189", "N657"),
    where="SV101-2, SV202-2; 2410 LIN03, the text and DTP*472",
    suppressed_by=("COD08", "COD09", "DAT02"),
    summary="The drug had a code of its own on the service date.",
    fix="Bill the drug's own code in its own units, e.g. HC:J2329 with 1 unit for each milligram given.",
)
def specific_code_exists(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """An unclassified code is for drugs that have none of their own. Medicare contractors reject or return a line
    whose drug had one on the service date; other payers deny it or price it wrongly. Where the tables don't know
    for sure since when a code holds, the rule speaks more softly."""
    codes = _codes_due(line, ctx)
    if codes:
        yield _own_code_hit(line, ctx, codes)


@line_rule(
    "COD02",
    "specific-code-came-later",
    severity=INFO,
    sources=("XWK",),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    where="SV101-2, SV202-2; 2410 LIN03, the text and DTP*472",
    suppressed_by=("COD01", "COD03", "COD08", "COD09"),
    options={"tell": _TELL},
    summary="The drug has a code of its own by now, but had none on the service date.",
    fix="Leave the unclassified code. Bill the drug's own code for service dates from its first day on.",
)
def specific_code_came_later(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The unclassified code was right on that day. Whoever corrects or resends the claim later should not put the
    new code on it, and later doses need it."""
    later = _own_codes(line, ctx).later
    if later:
        message = f"{_drug_shown(line, ctx)} has a code of its own only from later on: {_codes_shown(later)}"
        yield Hit(_place(line), message, _billed(line))


@line_rule(
    "COD03",
    "opps-code-exists",
    severity=WARN,
    sources=("ANW", "VIS"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    applies="I",
    status="A7:454",
    remittance=("189",),
    where="2400 SV202-2; CLM05-1, SBR09, DTP*472",
    suppressed_by=("DAT02",),
    options={"filing_indicators": _MEDICARE},
    summary="A hospital outpatient claim bills an unclassified code for a drug that had a C code that day.",
    fix="Bill the C code in its own units; it holds for hospital outpatient claims until the drug gets a J code.",
)
def opps_code_exists(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """New drugs often get a temporary C code for hospital outpatient claims a quarter or two before their J code.
    Medicare pays the drug apart under the C code and refuses or packages the unclassified one."""
    codes = _fitting(_own_codes(line, ctx, opps=True).in_force, line, ctx)
    if codes and _is_opps(ctx, "COD03", _OPPS_BILLS) and not _own_codes(line, ctx).in_force:
        shown = _codes_shown(codes)
        message = f"{_drug_shown(line, ctx)} had a code for hospital outpatient claims: {shown}"
        fix = f"Bill {shown} (edition {codes[0].edition})."
        sure = None if codes[0].date_confidence == "verified" else WARN
        yield Hit(_place(line), message, _billed(line), sure, fix)


@line_rule(
    "COD04",
    "unclassified-under-opps",
    severity=WARN,
    sources=("NGS", "PALO", "FCSOA", "VIS"),
    confidence="V",
    since="0.1.0",
    applies="I",
    status="A7:454",
    remittance=("189",),
    where="2400 SV202-2; CLM05-1, SBR09",
    suppressed_by=("COD01", "COD03", "COD07", "COD08"),
    options={"filing_indicators": _MEDICARE},
    summary="A Medicare hospital outpatient claim bills a new drug under an unclassified J code instead of C9399.",
    fix="Bill a drug without a code of its own as C9399 with 1 unit, and put name, NDC, dose, route and date into "
    "the remarks (NTE*ADD).",
)
def unclassified_under_opps(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Under Medicare's outpatient payment system the unclassified J codes are packaged: nothing is paid for the
    drug. C9399 is the code under which a newly approved drug is priced by itself."""
    if line.procedure.upper() in _UNDER_OPPS and _is_opps(ctx, "COD04", (_OUTPATIENT,)):
        message = f"{_billed(line)} on an outpatient claim (bill type 13x) to Medicare is packaged, not paid"
        yield Hit(_place(line), message, _billed(line))


@line_rule(
    "COD09",
    "own-code-is-for-another-route",
    severity=INFO,
    sources=("FCSOA", "BB"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    where="SV101-2, SV202-2; the text, JA and JB",
    summary="The drug has a code of its own, but for another route than the one stated.",
    fix="Keep the unclassified code if the route is right; if the drug was given by the code's route, correct the "
    "route and bill that code.",
)
def own_code_is_for_another_route(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Some codes say in their text that they are for one route only. The same drug given another way has no code
    of its own, and the unclassified code can be right."""
    codes = _own_codes(line, ctx).in_force
    if codes and not _fitting(codes, line, ctx):
        bound = ", ".join(f"{code.code} is for {code.route}" for code in codes[:_MOST_SHOWN])
        stated = ", ".join(sorted(_stated_routes(line, ctx)))
        message = f"{_drug_shown(line, ctx)}: {bound}; the route stated is {stated}"
        yield Hit(_place(line), shorten(message, 200), _billed(line))


# -- another unclassified code ----------------------------------------------------------------------------------


@line_rule(
    "COD05",
    "chemical-drug-billed-as-biologic",
    severity=WARN,
    sources=("PALB", "FCSO"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    biologics_only=True,
    status="A7:454",
    remittance=("189",),
    where="SV101-2, SV202-2; 2410 LIN03",
    suppressed_by=("COD01", "COD03", "COD04", "COD06", "COD07", "COD12"),
    summary="The product is licensed as a drug (NDA or ANDA), not as a biologic.",
    fix="Bill an unclassified drug as J3490: HC:J3490. J3590 is for products with a biologics licence (BLA).",
)
def chemical_drug_billed_as_biologic(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """J3590 is for biologics, J3490 for all other unclassified drugs. Payers deny the line when code and product
    don't agree."""
    number = normalise(line.ndc)
    product = ctx.reference.product(number) if number else None
    if product is not None and product.application in ("NDA", "ANDA"):
        message = f"NDC {number} is {_drug_shown(line, ctx)}, approved as a drug ({product.application})"
        yield Hit(_place(line), message, _billed(line))


@line_rule(
    "COD06",
    "antineoplastic-under-general-code",
    severity=WARN,
    sources=("PALB", "NOV", "FCSO", "SEED"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    status="A7:454",
    remittance=("189",),
    where="SV101-2, SV202-2; 2410 LIN03, the text",
    suppressed_by=("COD01", "COD03", "COD04", "COD07", "COD08"),
    summary="A cancer drug is billed under the general unclassified code.",
    fix="Bill a cancer drug without a code of its own as J9999: HC:J9999.",
)
def antineoplastic_under_general_code(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Cancer drugs have an unclassified code of their own, J9999. Under J3590 or J3490 contractors deny the line
    and ask for the right one."""
    if _is_unclassified(line) and "antineoplastic" in _classes(line, ctx):
        message = f"{_drug_shown(line, ctx)} is a cancer drug: its unclassified code is J9999, not {_billed(line)}"
        yield Hit(_place(line), message, _billed(line))


@line_rule(
    "COD07",
    "compounded-drug-under-general-code",
    severity=WARN,
    sources=("NORBEV", "FCSO", "CGS"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    status="A7:454",
    remittance=("189",),
    where="SV101-2, SV202-2; the text",
    summary="A compounded or repackaged drug is billed under the general unclassified code.",
    fix="Bill a compounded drug as J7999 (through an implanted pump J7799 with modifier KD): HC:J7999.",
)
def compounded_drug_under_general_code(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """What a pharmacy mixes or divides is no longer the licensed product; since 2016 it has a code of its own,
    J7999. Bevacizumab for the eye is such a case: one Medicare contractor has refused J3590 for it ever since."""
    if not _is_unclassified(line) or not _is_compounded(line, ctx):
        return
    day = _served_on(line, ctx)
    if day is None or day >= _COMPOUND_CODE_SINCE:
        said = ctx.narrative(line).compound
        what = "The text says that the drug is compounded or repackaged" if said else _DIVIDED
        yield Hit(_place(line), f"{what}: its code is J7999, not {_billed(line)}", _billed(line))


@line_rule(
    "COD12",
    "better-unclassified-code",
    severity=INFO,
    sources=("FCSO", "NOV", "MBC"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    where="SV101-2, SV202-2; 2410 LIN03, the text",
    suppressed_by=("COD01", "COD03", "COD06", "COD07", "COD08", "NDC17"),
    summary="Products of this kind have an unclassified code of their own.",
    fix="Bill the unclassified code of the product's kind: a vaccine 90749, immune globulin J1599 (IV) or 90399, "
    "a clotting factor J7199, a radiopharmaceutical A9699.",
)
def better_unclassified_code(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Vaccines, immune globulins, clotting factors and radiopharmaceuticals are priced and covered by other rules
    than drugs. Under the general code they end up with the wrong department."""
    if not _is_unclassified(line):
        return
    for kind in sorted(_classes(line, ctx)):
        better = _better_code(kind, _stated_routes(line, ctx))
        if better:
            kind_shown = kind.replace("-", " ")
            message = f"{_drug_shown(line, ctx)} is of the kind {kind_shown}: its unclassified code is {better}"
            fix = f"Bill {better} instead of {_billed(line)}, unless the payer's manual says otherwise."
            yield Hit(_place(line), message, _billed(line), fix=fix)
            return


def _better_code(kind: str, routes: frozenset[str]) -> str:
    codes = {
        "vaccine": "90749",
        "immune-globulin": "J1599" if "IV" in routes else "90399",
        "clotting-factor": "J7199",
        "radiopharmaceutical": "A9699",
    }
    return codes.get(kind, "")


# -- contradictions ---------------------------------------------------------------------------------------------


@line_rule(
    "COD08",
    "biosimilar-mismatch",
    severity=WARN,
    sources=("XWK", "AAO"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    status="A7:454",
    second_status="A7:217",
    remittance=("189",),
    where="SV101-2, SV202-2; 2410 LIN03, the text",
    suppressed_by=("COD09", "DAT02"),
    summary="The biosimilar has a Q code of its own, or its four-letter suffix is not that of the NDC's product.",
    fix="Each biosimilar has its own code and its own suffix: compare name, NDC and code with the package, e.g. "
    "TOCILIZUMAB-BAVI (Tofidence) is Q5133.",
)
def biosimilar_mismatch(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Biosimilars of one drug differ in price, and the suffix is all that tells their names apart. Payers deny a
    line whose name, NDC and code don't mean the same product."""
    mismatch = _suffix_mismatch(line, ctx)
    if mismatch:
        fix = "Compare the name's suffix and the NDC with the package used, and correct the one that is wrong."
        yield Hit(text_place(line, ctx), mismatch, text_shown(line, ctx), fix=fix)
        return
    codes = _codes_due(line, ctx)
    if codes and all(_BIOSIMILAR_CODE.fullmatch(code.code) for code in codes):
        yield _own_code_hit(line, ctx, codes)


def _suffix_mismatch(line: ServiceLine, ctx: Context) -> str:
    """Where the text names another product of the same drug than the NDC, in words; else empty.

    That is another suffix, or the brand of a product without one. A brand counts by the name that it stands for; a
    plain name without suffix is no fault.
    """
    said, number = ctx.narrative(line), normalise(line.ndc)
    product = ctx.reference.product(number) if number else None
    written = (said.drug_name or "").lower()
    named = said.matched or written
    if product is None or not named:
        return ""
    (base, suffix), (told_base, told_suffix) = _base_and_suffix(product.generic), _base_and_suffix(named)
    if told_base != base or told_suffix == suffix:
        return ""
    is_other_brand = not written.startswith(base) and written != product.name.lower()
    if not told_suffix and not is_other_brand:
        return ""
    shown = written.upper() if is_other_brand else named
    return f"The text says {shorten(shown, 40)}, but NDC {number} is {shorten(product.generic, 40)}"


def _base_and_suffix(generic: str) -> tuple[str, str]:
    parts = _SUFFIXED.fullmatch(generic)
    return (parts[1], parts[2]) if parts else (generic, "")


@line_rule(
    "COD10",
    "drug-billed-under-two-codes",
    severity=WARN,
    sources=("MEM", "X12C"),
    confidence="P",
    since="0.1.0",
    drug_alone=True,
    status="A8:454",
    remittance=("18",),
    where="2400 SV101-2, SV202-2 of the lines",
    suppressed_by=("COD09",),
    summary="The same drug is billed for the same day under the unclassified code and under its own.",
    fix="Keep the line with the drug's own code and take the unclassified one out; discarded drug goes on a line "
    "with the drug's own code and JW.",
)
def drug_billed_under_two_codes(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Two codes for one dose ask for the money twice. Payers deny one of the lines as a duplicate, or stop the
    claim."""
    own = _own_codes(line, ctx)
    codes = (*own.in_force, *own.unsure)
    served = line.served if codes else None
    if served is None or len(ctx.claim.lines) < 2:
        return
    for code in codes:
        number = _lines_by_code(ctx).get((code.code, served[0]))
        if number is not None:
            billed = f"is billed as {_billed(line)} here and as {code.code} on line {shorten(number, 10)}"
            message = f"{_drug_shown(line, ctx)} {billed}, for the same day"
            yield Hit(_place(line), message, _billed(line))
            return


@lru_cache(maxsize=1)
def _lines_by_code(ctx: Context) -> dict[tuple[str, date], str]:
    """The number of the first line of each code and day. Kept for the claim at hand, which asks once a line."""
    found: dict[tuple[str, date], str] = {}
    for line in ctx.claim.lines:
        if line.served is not None:
            found.setdefault((line.procedure.upper(), line.served[0]), line.number)
    return found


@line_rule(
    "COD11",
    "code-not-in-force",
    severity=REJECT,
    sources=("ANW", "X12C", "PYX"),
    confidence="V",
    since="0.1.0",
    status="A7:507",
    remittance=("181", "M84"),
    where="SV101-2, SV202-2; DTP*472",
    summary="The code billed was not in force on the service date.",
    fix="Correct the service date, or bill the code that was in force on it.",
)
def code_not_in_force(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """HCPCS codes hold from one day to another. A code outside its days is no code, and every payer denies it."""
    day, known = _served_on(line, ctx), ctx.reference.code(line.procedure)
    if day is None or known is None or known.in_force(day) is not False or known.date_confidence != "verified":
        return
    began = known.added is not None and day < known.added
    dated = f"is in force from {known.added} on" if began else f"ended on {known.terminated}"
    yield Hit(_place(line), f"{_billed(line)} {dated}; the line is of {day}", _billed(line))


@line_rule(
    "COD13",
    "lack-of-own-code-not-said",
    severity=INFO,
    sources=("SEED",),
    confidence="P",
    since="0.1.0",
    drug_alone=True,
    where="SV101-7, SV202-7, NTE02",
    suppressed_by=("COD01", "COD03", "COD07", "COD08", "NAR01"),
    options={"tell": _TELL},
    summary="The text doesn't say that the drug has no code of its own.",
    fix="Where the plan asks for it, add a note such as NTE*ADD*NO SPECIFIC HCPCS CODE ON DATE OF SERVICE.",
)
def lack_of_own_code_not_said(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Some plans, Medicare Advantage above all, like to read why an unclassified code was chosen. Nobody else asks
    for it."""
    if not any(_NO_CODE.search(text[:_LONGEST]) for _, text in spoken(line, ctx)):
        yield Hit(
            text_place(line, ctx), "No text says that the drug has no code of its own", text_shown(line, ctx)
        )
