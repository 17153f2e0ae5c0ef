"""RTE01 to RTE07: the route of administration."""

from __future__ import annotations

import re
from collections.abc import Iterator

from x12proc.claims.model import ServiceLine, location_of
from x12proc.findings import REJECT, WARN, Hit
from x12proc.rules.base import Option, line_rule
from x12proc.rules.context import Context, per_claim
from x12proc.rules.shared.administration_codes import CODES_BY_ROUTE
from x12proc.rules.shared.dates import served_on
from x12proc.rules.shared.listed_product import (
    format_product,
    licences_of,
    lin03,
    lin03_excerpt,
    listed_product,
    routes_of_brand,
)
from x12proc.rules.shared.texts import route_modifiers, text_excerpt, text_location
from x12proc.rules.shared.waste_lines import is_waste_line
from x12proc.values import excerpt

_WORDS_OF_IV = re.compile(r"\bI\.?\s?V|\bINTRAVEN", re.IGNORECASE)
_UNINJECTED = frozenset(("ORAL", "TOPICAL", "INHALATION"))
_BY_MODIFIER = {"JA": "IV", "JB": "SC"}
_DRUG_CODE = re.compile(r"[JQC][0-9]{4}")
_ALL_ROUTES = ""
_MOST_BESIDE = 500  # lines of a kind beside the drug; among more nobody can tell what belongs to what
_ANY_NEW_PRODUCT = "C9399"  # hospital outpatient claims: drugs and biologicals of every kind and form
_OF_EVERY_FORM = frozenset((_ANY_NEW_PRODUCT, "J3590"))  # North Carolina names J3590 for Vyjuvek, a gel
_SELF = re.compile(
    r"\b(?:NOT|NO|NON|NEVER|CANNOT|CAN'?T|UNABLE TO|INSTEAD OF)[\s-]+(?:BE[\s-]+)?SELF\b"
    r"|\b(SELF[\s-]*(?:ADMIN\w*|INJECT\w*|INJ|GIVEN)|AUTO[\s-]?INJECTORS?|PENS?)\b(?![\s-]*(?:G|V|VK)\b)",
    re.IGNORECASE,
)


@line_rule(
    "RTE01",
    "route-missing",
    severity=WARN,
    sources=("WPS", "NGS", "AAO", "ION", "SEED"),
    confidence="verified",
    drug_only=True,
    where="SV101-7, SV202-7, NTE02",
    status="A6:223",
    remittance=("16", "M123"),
    suppressed_by=("NAR02", "NDC03"),
    options={"codes": Option((), "codes that need the route; on others it is only a warning. None: all codes")},
    summary="Neither the text nor a modifier shows how the drug was given.",
    fix="Add the route after the dose: IV, SC, IM, INTRAVITREAL and so on, for example BRIUMVI 450MG IV.",
)
def route_missing(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Several Medicare contractors want the route of an unclassified drug, because price and coverage depend
    on it. Without it the line may come back. Discarded drug (JW) has no route."""
    if (
        ctx.has_text(line)
        and not is_waste_line(line)
        and ctx.narrative(line).route is None
        and not route_modifiers(line)
    ):
        message = "The text has no route, and the line has neither JA nor JB"
        codes = ctx.option("RTE01", "codes")
        assert isinstance(codes, tuple)
        demanded = not codes or line.procedure.upper() in codes
        yield Hit(text_location(line, ctx), message, text_excerpt(line, ctx), None if demanded else WARN)


@line_rule(
    "RTE03",
    "route-contradicts-modifier",
    severity=REJECT,
    sources=("JAJB", "PHJ"),
    confidence="verified",
    drug_only=True,
    where="SV101-3 to SV101-6, SV202-3 to SV202-6; SV101-7, SV202-7, NTE02",
    status="A8:453",
    second_status="A8:223",
    remittance=("4",),
    summary="Modifier JA or JB contradicts the route in the text.",
    fix="Use JA for intravenous and JB for subcutaneous. Correct the modifier or the text; a drug given another "
    "way has neither.",
)
def route_contradicts_modifier(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """JA and JB code the route. If the words differ, procedure code and modifier don't agree, and payers deny
    the line."""
    modifiers = route_modifiers(line)
    if len(modifiers) != 1 or line.service is None:
        return
    modifier, stated = modifiers[0], ctx.narrative(line).routes
    contradicts = (stated and "IV" not in stated) if modifier == "JA" else set(stated) == {"IV"}
    if contradicts:
        position = [code.upper() for code in line.modifiers].index(modifier) + 3
        meaning = "intravenous" if modifier == "JA" else "subcutaneous"
        message = f"Modifier {modifier} means {meaning}, but the text says {', '.join(stated)}"
        yield Hit(location_of(line.service, 1 if line.service.tag == "SV1" else 2, position), message, modifier)


@line_rule(
    "RTE06",
    "two-routes-in-text",
    severity=WARN,
    sources=("PAL",),
    confidence="proposed",
    drug_only=True,
    where="SV101-7, SV202-7, NTE02",
    status="A7:223",
    remittance=("16", "M123"),
    suppressed_by=("NAR02",),
    summary="The text of one line has two routes.",
    fix="Keep the route that was used. Bill a drug given in two ways on two lines, each with its own dose and "
    "NDC quantity.",
)
def two_routes_in_text(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """One line is one administration. A text such as IV/SC, often copied from the label, leaves open what was
    done, and contradicting information may get the line rejected."""
    routes = ctx.narrative(line).routes
    if len(routes) > 1:
        yield Hit(
            text_location(line, ctx), f"The text names {len(routes)} routes: {', '.join(routes)}", "/".join(routes)
        )


# -- the route --------------------------------------------------------------------------------------------------


def _routes_of_drug(line: ServiceLine, ctx: Context) -> frozenset[str]:
    """Return the routes of the product of LIN03, else of all that the name in the text may mean, else of their
    licences; empty when unknown."""
    product = listed_product(line, ctx)
    if product is not None:
        return frozenset(product.routes) or _licensed_routes(line, product.name or product.generic, ctx)
    narrative = ctx.narrative(line)
    if line.drug is not None or narrative.matched is None or narrative.compound:
        return frozenset()
    named = ctx.reference.products_named(narrative.matched)
    if named and all(one.routes for one in named):
        return frozenset(route for one in named for route in one.routes)
    return _licensed_routes(line, narrative.drug_name or narrative.matched, ctx)


def _licensed_routes(line: ServiceLine, name: str, ctx: Context) -> frozenset[str]:
    """Return the routes of the licences of a brand, or of all brands of a drug, on the service date; empty when
    one isn't known. A brand that has no licence of its own here may be another form of the drug."""
    day = served_on(line, ctx)
    held = [one for one in licences_of(name, ctx) if day is None or one.licensed is None or one.licensed <= day]
    return (
        frozenset(route for one in held for route in one.routes)
        if all(one.routes for one in held)
        else frozenset()
    )


def _routes_stated(line: ServiceLine, ctx: Context) -> tuple[str, ...]:
    """Return the routes that the text names; the mere word INFUSION, which is read as IV, may mean SC as well."""
    routes = ctx.narrative(line).routes
    if routes == ("IV",) and not any(_WORDS_OF_IV.search(text) for _, text in ctx.texts(line)):
        return ()
    return routes


@line_rule(
    "RTE02",
    "route-not-of-this-product",
    severity=WARN,
    sources=("X12C",),
    confidence="proposed",
    drug_only=True,
    where="SV101-7, SV202-7, NTE02; 2410 LIN03",
    status="A7:223",
    remittance=("188",),
    suppressed_by=("NDC11", "RTE07"),
    summary="The text has a route by which the product is not given.",
    fix="Compare route and NDC with the record. Send the NDC of the form used, or correct the route.",
)
def route_not_of_this_product(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Payers cover a drug as labeled. A route outside the label means a wrong word, the NDC of another form,
    or a use that is not covered. Where the brand has a form for that route, the finding points at the NDC."""
    known, stated = _routes_of_drug(line, ctx), _routes_stated(line, ctx)
    if not known or not stated or known.intersection(stated):
        return
    product = listed_product(line, ctx)
    name = format_product(product) if product else excerpt(ctx.narrative(line).drug_name or "", 40)
    words, given = f"The text says {', '.join(stated)}", " or ".join(sorted(known))
    if product and routes_of_brand(product, ctx).intersection(stated):
        message = f"{words}, but NDC {lin03_excerpt(line)} is a package of {name} given {given}"
        yield Hit(lin03(line), message, lin03_excerpt(line))
        return
    yield Hit(text_location(line, ctx), f"{words}, but {name} is given {given}", text_excerpt(line, ctx))


def _administrations(line: ServiceLine, ctx: Context) -> list[ServiceLine]:
    """Return the lines of that day that bill giving a drug; none when another drug might be what was given."""
    giving, drugs = _lines_beside(ctx)
    if len(giving) > _MOST_BESIDE or len(drugs) > _MOST_BESIDE or any(_same_day(line, other) for other in drugs):
        return []
    return [other for other in giving if _same_day(line, other)]


@per_claim
def _lines_beside(ctx: Context) -> tuple[list[ServiceLine], list[ServiceLine]]:
    """Return the lines besides the target lines that bill giving a drug, and those that bill a drug."""
    targets = {target.end for target in ctx.targets}
    codes = ctx.reference.administration(_ALL_ROUTES)
    giving, drugs = [], []
    for line in ctx.claim.lines:
        if line.end in targets:
            continue
        code = line.procedure.upper()
        if _DRUG_CODE.fullmatch(code):
            drugs.append(line)
        elif code in codes:
            giving.append(line)
    return giving, drugs


def _same_day(one: ServiceLine, other: ServiceLine) -> bool:
    first, second = one.service_days, other.service_days
    return first is not None and second is not None and first[0] <= second[1] and second[0] <= first[1]


@line_rule(
    "RTE04",
    "route-contradicts-administration-code",
    severity=WARN,
    sources=("MEM",),
    confidence="field",
    where="SV101-7, SV202-7, NTE02; SV101-2, SV202-2 of the other lines",
    status="A8:223",
    suppressed_by=("RTE02", "RTE03", "RTE06", "RTE07"),
    summary="None of the administration codes of that day fits the route of the drug.",
    fix="Correct the route or the administration code. IV infusion is 96365 or 96413, IV push 96374 or 96409, SC "
    "and IM 96372 or 96401, intravitreal 67028, intravesical 51720.",
)
def route_contradicts_administration_code(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The procedure that gave the drug is paid by its route. Payers compare the two lines; if their routes
    differ, one is wrong."""
    given = _administrations(line, ctx)
    if not given:
        return
    stated = _routes_stated(line, ctx) or tuple(
        [_BY_MODIFIER[code] for code in line.modifiers_sent if code in _BY_MODIFIER]
    )
    routes = [ctx.reference.administration_routes(other.procedure) for other in given]
    if not stated or [known for known in routes if not known or known.intersection(stated)]:
        return
    codes = ", ".join(
        f"{other.procedure.upper()} ({' or '.join(sorted(known))})"
        for other, known in zip(given, routes, strict=True)
    )
    message = f"The drug line says {', '.join(stated)}, but the administration is billed as {excerpt(codes)}"
    wanted = CODES_BY_ROUTE.get(stated[0])
    fix = f"Compare with the record. If {stated[0]} is right, bill {wanted}. If not, correct the route."
    yield Hit(text_location(line, ctx), message, text_excerpt(line, ctx), fix=fix if wanted else None)


@line_rule(
    "RTE05",
    "self-administered",
    severity=WARN,
    sources=("JAJB", "SEED", "AAO"),
    confidence="verified",
    drug_only=True,
    where="SV101-7, SV202-7, NTE02",
    remittance=("96",),
    summary="The text says that the drug is self-administered, or names a pen or an autoinjector.",
    fix="If staff gave the drug, say so and name the form used: vial or syringe, not pen. Otherwise bill the "
    "pharmacy benefit.",
)
def self_administered(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The medical benefit covers drugs that staff inject. Drugs that patients usually give themselves are on
    exclusion lists and are denied as not covered."""
    for spot, text in ctx.texts(line):
        found = next((match[1] for match in _SELF.finditer(text[:2000]) if match[1]), None)
        if found:
            message = (
                f"The text says {excerpt(found.upper(), 30)}, which means a drug that patients give themselves"
            )
            yield Hit(spot.location, message, excerpt(text))
            return


@line_rule(
    "RTE07",
    "not-injected",
    severity=WARN,
    sources=("SEED", "NCVYJ"),
    confidence="proposed",
    drug_only=True,
    where="SV101-7, SV202-7, NTE02; 2410 LIN03",
    status="A7:454",
    remittance=("16", "M51"),
    suppressed_by=("NDC11",),
    summary="The drug is put on the skin, swallowed or inhaled, but billed under a code for injections.",
    fix="Bill the code of the drug's form (J7699 inhaled, J8499 oral, J8999 oral for cancer), or ask the payer "
    "about a topical product. If it was injected, correct the route.",
)
def not_injected(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """J3490 and J9999 are for injected or infused drugs. Payers deny other forms under them, or pay them under
    another benefit. J3590 is for biologics of every form: a state bills a gel under it."""
    if line.procedure.upper() in _OF_EVERY_FORM:
        return
    stated = ctx.narrative(line).routes
    product = listed_product(line, ctx)
    known = product.routes if product else ()
    if stated and _UNINJECTED.issuperset(stated):
        message = f"The route in the text is {', '.join(stated)}"
    elif not stated and known and _UNINJECTED.issuperset(known) and product is not None:
        message = f"{format_product(product)} is given {' or '.join(known)}"
    else:
        return
    yield Hit(
        text_location(line, ctx),
        f"{message}, but most payers take {excerpt(line.procedure, 10)} for injections only",
        None,
    )
