"""The HCPCS codes of a drug, and messages and fixes about them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from x12proc.claims.model import Location, ServiceLine, location_of
from x12proc.findings import INFO, WARN, Hit, Severity
from x12proc.reference.edition import Reference
from x12proc.reference.model import SpecificCode
from x12proc.reference.ndc import normalize
from x12proc.rules.base import Option
from x12proc.rules.context import Context, per_line
from x12proc.rules.shared.billing_units import format_unit, units_of
from x12proc.rules.shared.corrected_segments import changed_service, procedure_composite
from x12proc.rules.shared.dates import served_on
from x12proc.rules.shared.positions import procedure_element
from x12proc.rules.shared.texts import named_drug
from x12proc.values import excerpt, parse_quantity

_TOKEN = Decimal(2)  # dollars
_BEVACIZUMAB = "bevacizumab"
_MODIFIER_ROUTES = {"JA": "IV", "JB": "SC"}
MOST_CODES_LISTED = 3  # codes that a message names
OPPS_PAYERS = Option(("MA",), "filing indicators (SBR09) of payers that pay hospital outpatient claims under OPPS")


class SpecificCodes(NamedTuple):
    """The codes of one drug on a day."""

    in_force: list[SpecificCode]
    unsure: list[SpecificCode]  # the tables don't know since when
    later: list[SpecificCode]


_NO_CODES = SpecificCodes([], [], [])


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


@per_line
def specific_codes(line: ServiceLine, ctx: Context) -> SpecificCodes:
    """Return the codes of the drug but C codes, by LIN03, else by the name in the text; none for a compound."""
    return _find_specific_codes(line, ctx, opps=False)


@per_line
def opps_codes(line: ServiceLine, ctx: Context) -> SpecificCodes:
    """Return the C codes of the drug, which only hospital outpatient claims bill; see :func:`specific_codes`."""
    return _find_specific_codes(line, ctx, opps=True)


def _find_specific_codes(line: ServiceLine, ctx: Context, *, opps: bool) -> SpecificCodes:
    matched = ctx.narrative(line).matched or ""
    codes = _codes_of_the_drug(normalize(line.ndc), named_drug(line, ctx), matched, ctx.reference)
    if not codes or is_compounded(line, ctx):
        return _NO_CODES
    if matched == _BEVACIZUMAB and is_made_for_the_eye(line, ctx):  # the codes of the name are for the vein
        return _NO_CODES
    day = served_on(line, ctx)
    if day is None:
        return _NO_CODES
    own = SpecificCodes([], [], [])
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


def is_compounded(line: ServiceLine, ctx: Context) -> bool:
    """By the text; bevacizumab for the eye is, unless it is a product licensed for the eye by that day."""
    narrative = ctx.narrative(line)
    for_the_eye = (
        "INTRAVITREAL" in narrative.routes and (narrative.matched or "").partition("-")[0] == _BEVACIZUMAB
    )
    return narrative.compound or (for_the_eye and not is_made_for_the_eye(line, ctx))


def is_made_for_the_eye(line: ServiceLine, ctx: Context) -> bool:
    """Return whether a text names a product that was licensed for injection into the eye by the service date."""
    day, lexicon = served_on(line, ctx), ctx.reference.lexicon()
    names = {name for _, text in ctx.texts(line) for name in lexicon.find(text)}
    return any(
        "INTRAVITREAL" in licence.routes and licence.licensed and (day is None or licence.licensed <= day)
        for name in names
        for licence in (*ctx.reference.licences(name.written), *ctx.reference.licences(name.canonical or ""))
    )


def stated_routes(line: ServiceLine, ctx: Context) -> frozenset[str]:
    """Return the routes that the text names; where it names none, what JA or JB says."""
    stated = ctx.narrative(line).routes
    return frozenset(
        stated or [_MODIFIER_ROUTES[code] for code in line.modifiers_sent if code in _MODIFIER_ROUTES]
    )


def codes_for_route(codes: list[SpecificCode], line: ServiceLine, ctx: Context) -> list[SpecificCode]:
    """Return the codes without those whose text restricts them to another route than the stated one."""
    if not codes:
        return codes
    routes = stated_routes(line, ctx)
    return [code for code in codes if not (code.route and routes and code.route not in routes)]


def is_opps(ctx: Context, rule_id: str, bills: tuple[str, ...]) -> bool:
    """Return whether the claim is a hospital outpatient claim to a payer that pays under OPPS."""
    payers = ctx.option(rule_id, "filing_indicators")
    assert isinstance(payers, tuple)
    return ctx.claim.filing_indicator in payers and ctx.claim.facility_code in bills


def code_location(line: ServiceLine) -> Location:
    """Return SV101-2 or SV202-2."""
    return location_of(line.sv_or_lx, procedure_element(line), 2)


def format_code(line: ServiceLine) -> str:
    """Return the code of a line for a message."""
    return excerpt(line.procedure, 10)


def format_drug(line: ServiceLine, ctx: Context) -> str:
    """Return the drug's name for a message: by LIN03, else by the text."""
    number = normalize(line.ndc)
    product = ctx.reference.product(number) if number else None
    name = (product.name or product.generic) if product else (named_drug(line, ctx) or "").upper()
    return excerpt(name or "The drug", 40)


def _format_dates(code: SpecificCode) -> str:
    until = f" until {code.last}" if code.last else ""
    if code.first is None and code.known_since is not None:
        return f"{code.code} since {code.known_since} at the latest{until}"
    if code.first is None:
        return f"{code.code} (start date unknown)"
    if code.last is not None:
        return f"{code.code} from {code.first} to {code.last}"
    doubt = "" if code.date_confidence == "verified" else " (unconfirmed)"
    return f"{code.code} since {code.first}{doubt}"


def format_codes(codes: Iterable[SpecificCode]) -> str:
    """Return codes with their dates, a few of them."""
    listed = [_format_dates(code) for code in codes]
    more = f"; or {len(listed) - MOST_CODES_LISTED} more" if len(listed) > MOST_CODES_LISTED else ""
    return "; or ".join(listed[:MOST_CODES_LISTED]) + more


def codes_in_force(line: ServiceLine, ctx: Context) -> list[SpecificCode]:
    """Return the codes that the drug should have been billed under, for all that is known."""
    own = specific_codes(line, ctx)
    return codes_for_route(own.in_force, line, ctx) or own.in_force or codes_for_route(own.unsure, line, ctx)


def specific_code_hit(line: ServiceLine, ctx: Context, codes: list[SpecificCode]) -> Hit:
    """That the drug had codes of its own, as sure as the tables are of it."""
    severity = _certainty(specific_codes(line, ctx), codes)
    matched = "name" if codes[0].matched_by == "name" else "NDC"
    drug = f"{format_drug(line, ctx)} (by its {matched})"
    billed = f"the line bills {format_code(line)} on {served_on(line, ctx)}"
    message = f"{drug} has its own code {format_codes(codes)}; {billed}"
    fix = specific_code_fix(line, ctx, codes, unsure=severity == INFO)
    return Hit(code_location(line), message, format_code(line), severity, fix)


def specific_code_fix(line: ServiceLine, ctx: Context, codes: list[SpecificCode], *, unsure: bool = False) -> str:
    """Return what to bill in place of the unclassified code, with the units of the line's dose where they are
    certain."""
    first, check = codes[0], "Bill"
    if unsure and first.first is None:
        check = f"If {first.code} was in force on {served_on(line, ctx)}, bill"
    elif unsure:
        check = f"If the product given has {first.code}, bill"
    if len(codes) > 1:
        units = [f"{one.code}{f' ({unit})' if (unit := format_unit(one.billing_unit)) else ''}" for one in codes]
        return f"Bill the code of the product given: {' or '.join(units[:MOST_CODES_LISTED])}."
    known = units_of(line, ctx, first.billing_unit)
    if known is None:
        unit = format_unit(first.billing_unit)
        return f"{check} {first.code} in its own units{f' ({unit})' if unit else ''}."
    units_element = procedure_element(line) + 3
    composite = procedure_composite(line, code=first.code, description="")
    corrected = changed_service(line, ctx.claim.delimiters, composite, {units_element: known[0]})
    return f"{check} {first.code} x {known[0]} ({known[1]}){f': {corrected}' if corrected else '.'}"


def _certainty(own: SpecificCodes, codes: list[SpecificCode]) -> Severity | None:
    """None, the rule's own severity, where a date is confirmed. A name of which one code came later leaves open
    which product was given, unless the one code followed the other."""
    by_name = codes[0].matched_by == "name"
    if not own.in_force or (by_name and own.later and not _is_followed(codes[0], own.later)):
        return INFO
    return None if any(code.date_confidence == "verified" for code in codes) else WARN


def _is_followed(code: SpecificCode, later: list[SpecificCode]) -> bool:
    """Return whether a code ended the day before another began: then both is one product."""
    return code.last is not None and any(one.first == code.last + timedelta(days=1) for one in later)


def is_token_charge(line: ServiceLine) -> bool:
    """Return whether a line charges no more than a token, as for a drug that cost the provider nothing."""
    charge = parse_quantity(line.charge)
    return charge is not None and charge <= _TOKEN
