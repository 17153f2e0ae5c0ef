"""What the tables have on the product: is it the drug of the text, a biologic, and given by one of its routes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from x12proc.claims.model import Location, ServiceLine, at
from x12proc.findings import INFO, REJECT, WARN, Hit, Severity
from x12proc.reference.model import Licence, Product
from x12proc.reference.ndc import normalize
from x12proc.rules.administration import CODES_BY_ROUTE
from x12proc.rules.base import line_rule
from x12proc.rules.context import Context
from x12proc.rules.drug_code import served_on
from x12proc.rules.narrative import line_texts, text_place, text_shown
from x12proc.rules.paste import procedure, service
from x12proc.rules.trial_drug import is_under_study
from x12proc.values import excerpt

_NDC_FAULTS = ("NDC04", "NDC05", "NDC06", "NDC07", "NDC08", "NDC15")
_SUFFIXED = re.compile(r"(.+)-[a-z]{4}")
_WORDS_OF_IV = re.compile(r"\bI\.?\s?V|\bINTRAVEN", re.IGNORECASE)
_UNINJECTED = frozenset(("ORAL", "TOPICAL", "INHALATION"))
_BY_MODIFIER = {"JA": "IV", "JB": "SC"}
_DRUG_CODE = re.compile(r"[JQC][0-9]{4}")
_ALL_ROUTES = ""
_MOST_BESIDE = 500  # lines of a kind beside the drug; among more nobody can tell what belongs to what
_ANY_NEW_PRODUCT = "C9399"  # hospital outpatient claims: drugs and biologicals of every kind and form
_OF_EVERY_FORM = frozenset((_ANY_NEW_PRODUCT, "J3590"))  # North Carolina names J3590 for Vyjuvek, a gel
_OWN_UNCLASSIFIED = {
    "vaccine": ("90749",),
    "immune-globulin": ("J1599", "90399"),
    "clotting-factor": ("J7199",),
    "radiopharmaceutical": ("A9699",),
}
_SELF = re.compile(
    r"\b(?:NOT|NO|NON|NEVER|CANNOT|CAN'?T|UNABLE TO|INSTEAD OF)[\s-]+(?:BE[\s-]+)?SELF\b"
    r"|\b(SELF[\s-]*(?:ADMIN\w*|INJECT\w*|INJ|GIVEN)|AUTO[\s-]?INJECTORS?|PENS?)\b(?![\s-]*(?:G|V|VK)\b)",
    re.IGNORECASE,
)


@lru_cache(maxsize=1)
def _asked(ctx: Context) -> dict[int, Product | None]:
    """The products of the lines of the claim at hand, by where a line ends; many rules ask for them."""
    return {}


def listed_product(line: ServiceLine, ctx: Context) -> Product | None:
    """The product of LIN03, if the tables have it. A part of a compound says nothing of the whole."""
    known = _asked(ctx)
    if line.end not in known:
        known[line.end] = _listed(line, ctx)
    return known[line.end]


def _listed(line: ServiceLine, ctx: Context) -> Product | None:
    drug = line.drug
    if drug is None or len(line.drugs) > 1 or drug.ref is not None or ctx.narrative(line).compound:
        return None
    number = normalize(drug.ndc)
    return ctx.reference.product(number) if number else None


def product_shown(product: Product) -> str:
    """Brand and generic name for a message: ``Ultomiris (ravulizumab-cwvz)``."""
    name, generic = product.name or product.generic, product.generic
    return excerpt(name if name.lower() == generic or not generic else f"{name} ({generic})", 80)


def _lin03(line: ServiceLine) -> Location:
    return at(line.drug.lin, 3) if line.drug else at(line.head)


def _number(line: ServiceLine) -> str:
    return excerpt(line.ndc, 20)


# -- the NDC ----------------------------------------------------------------------------------------------------


@line_rule(
    "NDC09",
    "ndc-unknown",
    severity=INFO,
    sources=("STN2", "XWK", "X12C"),
    confidence="V",
    since="0.1.0",
    drug_only=True,
    where="2410 LIN03",
    status="A7:218",
    remittance=("16", "M119"),
    suppressed_by=_NDC_FAULTS,
    summary="The product of the NDC (its first nine digits) is not in the reference tables.",
    fix="Compare the NDC with the package, digit by digit. If it is right, leave it.",
)
def ndc_unknown(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Clearinghouses and Medicaid refuse NDCs that are not in their drug file. The tables shipped here list
    biologics and the drugs that Medicare prices, so this rule asks only for a second look. With FDA's whole
    NDC directory imported, a profile may make it graver."""
    number = normalize(line.ndc)
    if number is None or ctx.reference.product(number) is not None or is_under_study(line, ctx):
        return
    message = f"LIN03 is {_number(line)}; the tables have no product {number[:5]}-{number[5:9]}"
    yield Hit(_lin03(line), message, _number(line))


def _base(name: str) -> str:
    """A drug's name without the four letters that distinguish biosimilars (rule COD08 reads those)."""
    found = _SUFFIXED.fullmatch(name)
    return found[1] if found else name


def _names_said(line: ServiceLine, ctx: Context) -> set[str]:
    """Every drug that the texts of a line name, without suffix."""
    found = [ctx.reference.lexicon().find(text[:2000]) for _, text in line_texts(line, ctx)]
    return {_base(name.canonical) for names in found for name in names if name.canonical}


def _share_a_code(said: str, product: Product, ctx: Context) -> bool:
    """Whether a HCPCS code covers both names: then they are two spellings of one drug."""
    own = set(product.specific_code.split(";")) - {""}
    return any(own.intersection(other.specific_code.split(";")) for other in ctx.reference.products_named(said))


def _other_drug(line: ServiceLine, product: Product, ctx: Context) -> Severity | None:
    """How sure it is that the text names another drug than the product; None where it may be the same."""
    said, lexicon = ctx.narrative(line).matched, ctx.reference.lexicon()
    generic = lexicon.canonical(product.generic)
    if said is None or generic is None:
        return None
    own = {_base(product.generic), _base(generic), _base(lexicon.canonical(product.name) or generic)}
    if _base(said) in own or own & _names_said(line, ctx) or _share_a_code(said, product, ctx):
        return None
    related = {name.split()[0].partition("-")[0] for name in own if name}
    return WARN if said.split()[0].partition("-")[0] in related else REJECT


@line_rule(
    "NDC11",
    "ndc-of-another-drug",
    severity=REJECT,
    sources=("PAL",),
    confidence="P",
    since="0.1.0",
    drug_only=True,
    where="2410 LIN03; SV101-7, SV202-7, NTE02",
    status="A8:217",
    second_status="A8:218",
    remittance=("16", "M123", "M119"),
    suppressed_by=_NDC_FAULTS,
    summary="The NDC belongs to another drug than the text names.",
    fix="Find the drug that was given on the package or in the drug log. Correct the NDC in LIN03 or the name in "
    "the text.",
)
def ndc_of_another_drug(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Only name and NDC show which drug an unclassified line is for. If they differ, the payer can't price it;
    Medicare rejects conflicting information. Related drugs, such as an antibody with and without an enzyme,
    get a warning. Names with a common HCPCS code count as one."""
    product = listed_product(line, ctx)
    if product is None:
        return
    severity = _other_drug(line, product, ctx)
    if severity is None:
        return
    said = ctx.narrative(line)
    named, canonical = excerpt((said.drug_name or "").upper(), 40), excerpt(said.matched or "", 40)
    shown = named if named.lower() == canonical.lower() else f"{named} ({canonical})"
    message = f"The text names {shown}, but NDC {_number(line)} is {product_shown(product)}"
    yield Hit(_lin03(line), message, _number(line), severity)


@line_rule(
    "NDC17",
    "ndc-of-a-vaccine-plasma-product-or-tracer",
    severity=WARN,
    sources=("FCSO", "NOV"),
    confidence="V",
    since="0.1.0",
    drug_only=True,
    where="2410 LIN03",
    status="A7:454",
    remittance=("189",),
    suppressed_by=("COD01", "COD03", "NDC11"),
    summary="The NDC is that of a vaccine, an immune globulin, a clotting factor or a radiopharmaceutical.",
    fix="Bill the unclassified code of the kind: vaccine 90749, immune globulin J1599 (IV) or 90399, clotting "
    "factor J7199, radiopharmaceutical A9699.",
)
def ndc_of_another_kind_of_product(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """These products have their own prices, coverage and unclassified codes. Under the code for other drugs,
    payers answer that a more specific code exists."""
    product = listed_product(line, ctx)
    if product is None or line.procedure.upper() == _ANY_NEW_PRODUCT:
        return
    for kind in sorted(ctx.reference.classes(normalize(line.ndc), None)):
        codes = _OWN_UNCLASSIFIED.get(kind)
        if codes and line.procedure.upper() not in codes:
            article = "an" if kind[0] in "aeiou" else "a"
            named = f"NDC {_number(line)} is {product_shown(product)}, {article} {kind.replace('-', ' ')}"
            message = f"{named}: its unclassified code is {' or '.join(codes)}, not {excerpt(line.procedure, 10)}"
            corrected = service(line, ctx.claim.delimiters, procedure(line, code=codes[0]))
            fix = f"Send {corrected}" if corrected and len(codes) == 1 else None
            yield Hit(_lin03(line), message, _number(line), fix=fix)
            return


# -- the route --------------------------------------------------------------------------------------------------


def _routes_of_drug(line: ServiceLine, ctx: Context) -> frozenset[str]:
    """The routes of the product of LIN03, else of all that the name in the text may mean, else of their licences;
    empty when unknown."""
    product = listed_product(line, ctx)
    if product is not None:
        return frozenset(product.routes) or _licensed_routes(line, product.name or product.generic, ctx)
    said = ctx.narrative(line)
    if line.drug is not None or said.matched is None or said.compound:
        return frozenset()
    named = ctx.reference.products_named(said.matched)
    if named and all(one.routes for one in named):
        return frozenset(route for one in named for route in one.routes)
    return _licensed_routes(line, said.drug_name or said.matched, ctx)


def _licensed_routes(line: ServiceLine, name: str, ctx: Context) -> frozenset[str]:
    """The routes of the licences of a brand, or of all brands of a drug, on the service date; empty when one isn't
    known. A brand that has no licence of its own here may be another form of the drug."""
    day = served_on(line, ctx)
    held = [one for one in _licences(name, ctx) if day is None or one.licensed is None or one.licensed <= day]
    return (
        frozenset(route for one in held for route in one.routes)
        if all(one.routes for one in held)
        else frozenset()
    )


def _licences(name: str, ctx: Context) -> tuple[Licence, ...]:
    """The licences of exactly this brand, or of all brands of exactly this drug."""
    found = ctx.reference.licences(name)
    return found if any(name.lower() in (one.name, one.generic) for one in found) else ()


def routes_of_brand(product: Product, ctx: Context) -> frozenset[str]:
    """The routes of all packages of a brand: a vial for the vein and a syringe for the skin are one drug."""
    brand = [one for one in ctx.reference.products_named(product.generic) if one.name == product.name]
    licences = _licences(product.name or product.generic, ctx)
    known = [one.routes for one in (product, *brand)] + [one.routes for one in licences]
    return frozenset(route for routes in known for route in routes)


def _routes_said(line: ServiceLine, ctx: Context) -> tuple[str, ...]:
    """The routes that the text names; the mere word INFUSION, which is read as IV, may mean SC as well."""
    routes = ctx.narrative(line).routes
    if routes == ("IV",) and not any(_WORDS_OF_IV.search(text) for _, text in line_texts(line, ctx)):
        return ()
    return routes


@line_rule(
    "RTE02",
    "route-not-of-this-product",
    severity=WARN,
    sources=("X12C",),
    confidence="P",
    since="0.1.0",
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
    known, said = _routes_of_drug(line, ctx), _routes_said(line, ctx)
    if not known or not said or known.intersection(said):
        return
    product = listed_product(line, ctx)
    name = product_shown(product) if product else excerpt(ctx.narrative(line).drug_name or "", 40)
    told, given = f"The text says {', '.join(said)}", " or ".join(sorted(known))
    if product and routes_of_brand(product, ctx).intersection(said):
        message = f"{told}, but NDC {_number(line)} is a package of {name} given {given}"
        yield Hit(_lin03(line), message, _number(line))
        return
    yield Hit(text_place(line, ctx), f"{told}, but {name} is given {given}", text_shown(line, ctx))


def _administrations(line: ServiceLine, ctx: Context) -> list[ServiceLine]:
    """The lines of that day that bill giving a drug; none when another drug might be what was given."""
    giving, drugs = _lines_beside(ctx)
    if len(giving) > _MOST_BESIDE or len(drugs) > _MOST_BESIDE or any(_same_day(line, other) for other in drugs):
        return []
    return [other for other in giving if _same_day(line, other)]


@lru_cache(maxsize=1)
def _lines_beside(ctx: Context) -> tuple[list[ServiceLine], list[ServiceLine]]:
    """The lines besides the target lines that bill giving a drug, and those that bill a drug. Kept for the claim
    at hand, which asks once a line."""
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
    first, second = one.served, other.served
    return first is not None and second is not None and first[0] <= second[1] and second[0] <= first[1]


@line_rule(
    "RTE04",
    "route-contradicts-administration-code",
    severity=WARN,
    sources=("MEM",),
    confidence="M",
    since="0.1.0",
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
    stated = _routes_said(line, ctx) or tuple(
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
    yield Hit(text_place(line, ctx), message, text_shown(line, ctx), fix=fix if wanted else None)


@line_rule(
    "RTE05",
    "self-administered",
    severity=WARN,
    sources=("JAJB", "SEED", "AAO"),
    confidence="V",
    since="0.1.0",
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
    for spot, text in line_texts(line, ctx):
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
    confidence="P",
    since="0.1.0",
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
    said = ctx.narrative(line).routes
    product = listed_product(line, ctx)
    known = product.routes if product else ()
    if said and _UNINJECTED.issuperset(said):
        message = f"The route in the text is {', '.join(said)}"
    elif not said and known and _UNINJECTED.issuperset(known) and product is not None:
        message = f"{product_shown(product)} is given {' or '.join(known)}"
    else:
        return
    yield Hit(
        text_place(line, ctx),
        f"{message}, but most payers take {excerpt(line.procedure, 10)} for injections only",
        None,
    )
